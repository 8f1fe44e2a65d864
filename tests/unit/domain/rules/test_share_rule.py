"""Precision 23: the aggregation by share of activity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.domain.evaluation_cases import case, day, directory, entry, exposures, pin, runs, surface

GOOD, REPAIRABLE, FAILED = "good", "repairable", "failed"


def score_case(
    members: Mapping[str, tuple[str, Any]], *, kind: str = "GHT", support: str | None = "A", **parts: Any
) -> Any:
    """One directory for each member, judged one day before the declaration: both runs good, one missing, or none."""
    audits = []
    for name, (state, _) in members.items():
        kept = {GOOD: [300, 310], REPAIRABLE: [310], FAILED: [310, 364]}[state]
        made = runs(kept, on=[f"AD_{name}"])
        if state == FAILED:
            made[-1]["score"] = 1
        audits += made
    return case(
        as_of=364,
        candidate={
            "type": kind,
            "establishments": [
                {"id": name, "activity": activity, **({"support": True} if name == support else {})}
                for name, (_, activity) in members.items()
            ],
        },
        **{
            "ads": [directory(f"AD_{name}", establishments=[name]) for name in members],
            "ads_audits": audits,
            **parts,
        },
    )


@pytest.mark.parametrize(
    ("members", "verdict", "codes"),
    [
        pytest.param({"A": (GOOD, 40), "B": (GOOD, 26), "C": (FAILED, 34)}, "met", [], id="66-exactly"),
        pytest.param(
            {"A": (GOOD, 40), "B": (GOOD, "25.99"), "C": (FAILED, "34.01")},
            "not_met",
            ["SCORE_BELOW_2", "SHARE_BELOW_THRESHOLD"],
            id="just-below",
        ),
        pytest.param(
            {"A": (GOOD, 90), "B": (FAILED, 10)},
            "not_met",
            ["SCORE_BELOW_2", "TOO_FEW_ESTABLISHMENTS"],
            id="one-is-too-few",
        ),
        pytest.param(
            {"A": (FAILED, 10), "B": (GOOD, 50), "C": (GOOD, 40)},
            "not_met",
            ["SCORE_BELOW_2", "SUPPORT_NOT_MET"],
            id="support-missing",
        ),
        pytest.param(
            {"A": (GOOD, 40), "B": (REPAIRABLE, 26), "C": (FAILED, 34)},
            "at_risk",
            ["NOT_ENOUGH_AUDITS", "SCORE_BELOW_2", "SHARE_BELOW_THRESHOLD", "TOO_FEW_ESTABLISHMENTS"],
            id="recoverable-carries-the-codes-too",
        ),
        pytest.param({"A": (GOOD, 1)}, "met", [], id="alone"),
        pytest.param(
            {"A": (FAILED, 1)},
            "not_met",
            ["SCORE_BELOW_2", "SHARE_BELOW_THRESHOLD", "SUPPORT_NOT_MET"],
            id="alone-and-failing",
        ),
    ],
)
def test_a_ght_needs_its_support_two_members_and_the_share(
    members: dict[str, tuple[str, Any]], verdict: str, codes: list[str]
) -> None:
    found = entry(score_case(members), "D1.O1.B")

    assert (found["verdict"], found["reasons"]) == (verdict, codes)


def test_outside_a_ght_no_support_is_asked_for() -> None:
    members = {"A": (FAILED, 10), "B": (GOOD, 50), "C": (GOOD, 40)}

    assert entry(score_case(members, kind="PRIVE"), "D1.O1.B")["verdict"] == "met"
    assert entry(score_case({"A": (FAILED, 1)}, kind="PRIVE"), "D1.O1.B")["reasons"] == [
        "SCORE_BELOW_2",
        "SHARE_BELOW_THRESHOLD",
    ]


def test_a_support_that_is_not_flagged_imposes_nothing() -> None:
    members = {"A": (FAILED, 10), "B": (GOOD, 50), "C": (GOOD, 40)}

    assert entry(score_case(members, support=None), "D1.O1.B")["verdict"] == "met"


def test_a_support_that_does_not_apply_imposes_nothing() -> None:
    scenario = score_case({"A": (FAILED, 10), "B": (GOOD, 50), "C": (GOOD, 40)})
    scenario["ads"][0] |= {"kind": "entra_only", "decision": "exempt"}

    found = entry(scenario, "D1.O1.B")

    assert (found["verdict"], found["numbers"]["activity_share_covered"]) == ("met", 100.0)


def test_what_does_not_apply_leaves_both_sides_of_the_share() -> None:
    scenario = score_case({"A": (GOOD, 40), "B": (GOOD, 20), "C": (FAILED, 30), "D": (FAILED, 1000)})
    scenario["ads"][3]["retired"] = day(365)

    assert entry(scenario, "D1.O1.B")["numbers"]["activity_share_covered"] == 66.67
    assert entry(scenario, "D1.O1.B")["verdict"] == "met"


def test_the_support_may_be_left_out_of_the_count_and_of_the_numerator_only() -> None:
    members = {"A": (GOOD, 30), "B": (GOOD, 50), "C": (FAILED, 20)}
    scenario = score_case(members, config=pin(support_counts=False))

    assert entry(score_case(members), "D1.O1.B")["verdict"] == "met"
    assert entry(scenario, "D1.O1.B")["reasons"] == ["SCORE_BELOW_2", "SHARE_BELOW_THRESHOLD", "TOO_FEW_ESTABLISHMENTS"]
    both = score_case(members, config=pin(support_counts=[True, False]))
    assert entry(both, "D1.O1.B")["contested"] == ["support_counts"]


def test_threshold_and_number_of_members_are_settings() -> None:
    members = {"A": (GOOD, 40), "B": (FAILED, 60)}
    config = {"min_establishments": 1, "share_threshold": 40}

    assert entry(score_case(members, config=config), "D1.O1.B")["verdict"] == "met"
    assert entry(score_case(members, config={**config, "share_threshold": 40.01}), "D1.O1.B")["verdict"] == "not_met"


def test_the_candidates_own_directory_is_required_beside_the_share() -> None:
    members = {"A": (GOOD, 40), "B": (GOOD, 30), "C": (FAILED, 30)}
    scenario = score_case(members)
    scenario["ads"].append(directory("OWN", establishments=[]))

    found = entry(scenario, "D1.O1.B")

    assert (found["verdict"], found["next_due"]) == ("at_risk", day(364))
    assert found["reasons"] == ["NOT_ENOUGH_AUDITS", "SCORE_BELOW_2"]
    scenario["ads_audits"] += runs([364], on=["OWN"], score=1)
    assert entry(scenario, "D1.O1.B")["verdict"] == "not_met"


def test_nothing_applicable_leaves_the_candidates_own() -> None:
    scenario = score_case({"A": (GOOD, 1)})
    scenario["ads"][0]["retired"] = day(365)

    assert entry(scenario, "D1.O1.B")["verdict"] == "not_applicable"
    scenario["ads"].append(directory("OWN", establishments=[]))
    assert entry(scenario, "D1.O1.B")["reasons"] == ["NOT_ENOUGH_AUDITS"]


def exposed(first: str, last: str) -> Any:
    """A GHT of 70/30; the audits of A are clean, B's last one has a critical, on the days given."""
    audits = []
    for name, days, found in (("A", first, []), ("B", last, [{"id": "V", "cvss": 9.9}])):
        made = exposures([(int(count), []) for count in days.split()], prefix=name)
        audits += [audit | {"covers": [f"X_{name}"]} for audit in made]
        made[-1]["findings"] = found
        audits[-1]["findings"] = found
    return case(
        as_of=355,
        candidate={
            "type": "PUBLIC_HORS_GHT",
            "establishments": [{"id": "A", "activity": 70}, {"id": "B", "activity": 30}],
        },
        surfaces=[surface("X_A", establishments=["A"]), surface("X_B", establishments=["B"])],
        exposure_audits=audits,
        config={"min_establishments": 1},
    )


def test_the_coverage_of_the_exposed_surface_is_contested() -> None:
    found = entry(exposed("310 350", "310 350"), "D1.O2.B")

    assert (found["verdict"], found["contested"]) == ("at_risk", ["o2b_coverage"])


def test_a_satisfied_share_takes_its_due_date_and_reasons_from_the_satisfied_ones() -> None:
    scenario = exposed("280 300", "310 350")
    scenario["config"] |= pin(o2b_coverage="flex")

    found = entry(scenario, "D1.O2.B")

    assert (found["verdict"], found["reasons"], found["next_due"]) == ("at_risk", ["DUE_SOON"], day(365))
    assert found["numbers"]["establishments_covered"] == ["A"]
    assert found["numbers"]["activity_share_covered"] == 70.0


def test_full_coverage_asks_for_every_establishment() -> None:
    scenario = exposed("310 350", "310 350")
    scenario["config"] |= pin(o2b_coverage="full")

    found = entry(scenario, "D1.O2.B")

    assert (found["verdict"], found["reasons"]) == ("at_risk", ["CRITICAL_IN_LAST"])


@pytest.mark.parametrize(
    ("states", "verdict", "codes"),
    [
        pytest.param((GOOD, GOOD, GOOD), "met", [], id="all of them are every share"),
        pytest.param((GOOD, GOOD, REPAIRABLE), "at_risk", ["NOT_ENOUGH_AUDITS", "SHARE_BELOW_THRESHOLD"], id="some"),
        pytest.param((GOOD, GOOD, FAILED), "at_risk", ["SCORE_BELOW_2", "SHARE_BELOW_THRESHOLD"], id="one is lost"),
        pytest.param(
            (FAILED, FAILED, FAILED),
            "not_met",
            ["SCORE_BELOW_2", "SUPPORT_NOT_MET", "TOO_FEW_ESTABLISHMENTS"],
            id="all are lost",
        ),
    ],
)
def test_a_share_of_no_activity_at_all_is_never_reached_by_a_part_of_the_establishments(
    states: tuple[str, str, str], verdict: str, codes: list[str]
) -> None:
    found = entry(score_case({name: (state, 0) for name, state in zip("ABC", states, strict=True)}), "D1.O1.B")

    assert (found["verdict"], found["reasons"]) == (verdict, codes)
    assert found["numbers"]["activity_share_covered"] == 0.0


def test_nobody_at_the_target_is_no_share_even_without_activity_or_a_minimum_of_establishments() -> None:
    members = {"A": (REPAIRABLE, 0), "B": (REPAIRABLE, 0)}
    found = entry(score_case(members, kind="PRIVE", support=None, config={"min_establishments": 0}), "D1.O1.B")

    assert found["verdict"] == "at_risk"
