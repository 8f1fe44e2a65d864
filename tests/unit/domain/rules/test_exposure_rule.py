"""Precisions 20 to 22: the level of exposure."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.domain.evaluation_cases import (
    OLD,
    case,
    day,
    exposure_case,
    exposures,
    pin,
    surface,
    unit,
)

CRITICAL = {"id": "V1", "cvss": 9.8}
HIGH = {"id": "V2", "cvss": 7.5}


def level(audits: list[tuple[int, list[Any]]], *, as_of: int, **parts: Any) -> dict[str, Any]:
    return unit(exposure_case(audits, as_of=as_of, **parts), "D1.O2.B", "X1")


# 20 ─ the photo, what is still needed, and when


def test_two_clean_audits_are_satisfied_today_even_if_the_last_will_be_too_old() -> None:
    found = level([(50, []), (100, [])], as_of=110)

    assert (found["verdict"], found["reasons"], found["next_due"]) == ("met", [], day(365))
    assert found["numbers"]["audits_needed"] == 1


def test_the_last_audit_of_the_phase_comes_due_soon() -> None:
    found = level([(250, []), (300, [])], as_of=355)

    assert (found["verdict"], found["reasons"]) == ("at_risk", ["DUE_SOON"])


@pytest.mark.parametrize(("last", "needed"), [(305, 1), (306, 0)])
def test_the_last_audit_is_young_enough_from_59_days_before_the_declaration(last: int, needed: int) -> None:
    found = level([(300, []), (last, [])], as_of=310)

    assert found["numbers"]["audits_needed"] == needed
    assert found["numbers"]["last_audit_window_opens"] == day(306)


@pytest.mark.parametrize(("as_of", "reasons"), [(159, []), (160, ["LAST_AUDIT_TOO_OLD"])])
def test_the_last_audit_is_under_sixty_days_old_on_the_photo(as_of: int, reasons: list[str]) -> None:
    assert level([(50, []), (100, [])], as_of=as_of)["reasons"] == reasons


def test_an_old_single_audit_is_not_called_too_old() -> None:
    assert level([(50, [])], as_of=200)["reasons"] == ["NOT_ENOUGH_AUDITS"]


def test_without_audit_two_are_needed_in_the_window() -> None:
    found = level([], as_of=100)

    assert (found["verdict"], found["reasons"], found["next_due"]) == ("at_risk", ["NOT_ENOUGH_AUDITS"], day(364))
    assert (found["numbers"]["audits_needed"], found["numbers"]["earliest_achievable"]) == (2, day(306))


def test_after_a_critical_in_the_last_audit_two_more_are_needed() -> None:
    found = level([(50, []), (100, [CRITICAL])], as_of=110)

    assert (found["reasons"], found["next_due"]) == (["CRITICAL_IN_LAST"], day(364))
    assert found["numbers"]["audits_needed"] == 2


def test_one_audit_is_enough_when_the_antepenultimate_rule_still_allows_it_on_the_last_day() -> None:
    found = level([(305, []), (330, [CRITICAL])], as_of=340)

    assert (found["next_due"], found["numbers"]["audits_needed"]) == (day(365), 1)


def test_one_audit_may_be_enough_although_it_could_not_wait_for_the_last_day() -> None:
    """Day 300 + 60 = 360: today fits, the declaration does not."""
    found = level([(300, []), (330, [CRITICAL])], as_of=340)

    assert (found["next_due"], found["numbers"]["audits_needed"]) == (day(364), 1)


@pytest.mark.parametrize(
    ("days", "reasons"),
    [
        pytest.param((100, 130, 160), [], id="within-sixty-days"),
        pytest.param((99, 130, 160), ["CRITICAL_IN_PENULTIMATE"], id="sixty-one-days"),
    ],
)
def test_the_antepenultimate_audit_rescues_a_critical_penultimate_one(
    days: tuple[int, int, int], reasons: list[str]
) -> None:
    found = level([(days[0], []), (days[1], [CRITICAL]), (days[2], [])], as_of=165)

    assert found["reasons"] == reasons


def test_a_critical_antepenultimate_audit_rescues_nothing() -> None:
    found = level([(100, [CRITICAL]), (110, [CRITICAL]), (120, [])], as_of=125)

    assert (found["reasons"], found["numbers"]["audits_needed"]) == (["CRITICAL_IN_PENULTIMATE"], 1)


def test_the_rule_never_rescues_a_critical_last_audit() -> None:
    found = level([(100, []), (110, [CRITICAL]), (120, [CRITICAL])], as_of=125)

    assert found["reasons"] == ["CRITICAL_IN_LAST"]


def test_the_first_success_waits_for_the_window_and_the_report() -> None:
    found = level([(50, []), (100, [])], as_of=110, config={"lead_days_industrial": 5})

    assert (found["next_due"], found["numbers"]["earliest_achievable"]) == (day(360), day(311))


@pytest.mark.parametrize(
    ("as_of", "lead", "verdict"),
    [(364, 0, "at_risk"), (365, 0, "not_met"), (360, 5, "not_met"), (359, 5, "at_risk")],
)
def test_it_is_lost_when_the_audits_needed_no_longer_fit(as_of: int, lead: int, verdict: str) -> None:
    assert level([], as_of=as_of, config={"lead_days_industrial": lead})["verdict"] == verdict


def test_it_is_lost_when_reports_come_after_the_window() -> None:
    assert level([(50, [])], as_of=100, config={"lead_days_industrial": 61})["verdict"] == "not_met"


def test_with_an_industrial_audit_today_the_next_one_is_tomorrow() -> None:
    assert level([(310, [])], as_of=310)["numbers"]["earliest_achievable"] == day(311)


def test_in_2024_neither_age_nor_antepenultimate_nor_recurrence_matters() -> None:
    old_age = level([(50, []), (60, [])], as_of=361, programme=OLD)
    rescue = level([(50, []), (60, [CRITICAL]), (70, [])], as_of=80, programme=OLD)
    recurrence = level([(50, [HIGH]), (60, [HIGH])], as_of=80, programme=OLD)

    assert old_age["verdict"] == "met"
    assert (rescue["reasons"], rescue["next_due"]) == (["CRITICAL_IN_PENULTIMATE"], day(361, OLD))
    assert recurrence["verdict"] == "met"
    assert rescue["numbers"]["last_audit_window_opens"] is None
    assert rescue["numbers"]["earliest_achievable"] == day(80, OLD)


def test_in_2024_a_critical_in_the_last_needs_two_audits() -> None:
    found = level([(50, []), (60, [CRITICAL])], as_of=80, programme=OLD)

    assert (found["next_due"], found["numbers"]["audits_needed"]) == (day(360, OLD), 2)


# 21 ─ what is critical, what is high


@pytest.mark.parametrize(
    ("finding", "verdict", "contested"),
    [
        pytest.param({"cvss": 9.1}, "not_met", [], id="above-nine"),
        pytest.param({"cvss": 9}, "at_risk", ["cvss9"], id="nine"),
        pytest.param({"cvss": 8.9}, "met", [], id="below-nine"),
        pytest.param({"label": "Critique"}, "not_met", [], id="critique"),
        pytest.param({"label": " ROUGE "}, "not_met", [], id="rouge"),
        pytest.param({"label": "critical"}, "not_met", [], id="critical"),
        pytest.param({"label": "orange"}, "met", [], id="orange"),
        pytest.param({}, "met", [], id="no-level"),
        pytest.param({"cvss": 5, "label": "critique"}, "met", [], id="the-score-wins-over-the-label"),
    ],
)
def test_a_finding_is_critical_by_its_score_or_failing_that_by_its_label(
    finding: dict[str, Any], verdict: str, contested: list[str]
) -> None:
    found = level([(330, []), (350, [{"id": "V", **finding}])], as_of=365)

    assert (found["verdict"], found["contested"]) == (verdict, contested)


@pytest.mark.parametrize(
    ("original", "rerated", "criticals"),
    [
        pytest.param(9.8, {"cvss": 6, "justified": True, "in_report": True}, 0, id="proved-and-reported"),
        pytest.param(9.8, {"cvss": 6, "justified": False, "in_report": True}, 1, id="not-proved"),
        pytest.param(9.8, {"cvss": 6, "justified": True, "in_report": False}, 1, id="not-reported"),
        pytest.param(5, {"cvss": 9.5, "justified": True, "in_report": True}, 1, id="upwards"),
        pytest.param(9.8, {"justified": True, "in_report": True}, 1, id="no-new-score"),
    ],
)
def test_a_rerating_holds_when_it_is_proved_and_reported(
    original: float, rerated: dict[str, Any], criticals: int
) -> None:
    found = level([(350, [{"id": "V", "cvss": original, "rerated": rerated}])], as_of=360)

    assert found["numbers"]["critical_last_two"] == criticals


def test_a_finding_of_another_surface_does_not_concern_this_one() -> None:
    surfaces = [surface(), surface("X2")]
    found = level([(350, [{**CRITICAL, "surface": "X2"}])], as_of=360, surfaces=surfaces)

    assert found["numbers"]["critical_last_two"] == 0


@pytest.mark.parametrize(
    ("first", "second", "reasons"),
    [
        pytest.param(HIGH, HIGH, ["HIGH_NOT_FIXED"], id="the-same"),
        pytest.param(HIGH, {"id": "V3", "cvss": 7.5}, [], id="another"),
        pytest.param({"id": "V2", "cvss": 6.9}, HIGH, [], id="not-high-before"),
        pytest.param(HIGH, {"id": "V2", "cvss": 6.9}, [], id="not-high-any-more"),
    ],
)
def test_a_high_finding_seen_in_both_last_audits_is_not_fixed(
    first: dict[str, Any], second: dict[str, Any], reasons: list[str]
) -> None:
    found = level([(310, [first]), (350, [second])], as_of=360)

    assert found["reasons"] == reasons
    assert found["contested"] == (["high_recurrence"] if reasons else [])
    assert found["verdict"] == ("at_risk" if reasons else "met")


def test_the_high_findings_are_compared_over_the_pair_that_the_antepenultimate_rule_keeps() -> None:
    kept = level([(310, [HIGH]), (330, [CRITICAL]), (350, [HIGH])], as_of=360)
    skipped = level([(310, []), (330, [CRITICAL, HIGH]), (350, [HIGH])], as_of=360)

    assert kept["reasons"] == ["HIGH_NOT_FIXED"]
    assert skipped["reasons"] == []


def test_exactly_nine_is_high_where_it_is_not_critical_but_never_in_the_figures() -> None:
    nine = {"id": "V9", "cvss": 9}
    found = level([(310, [nine]), (350, [nine])], as_of=360, config=pin(cvss9="gt"))

    assert found["reasons"] == ["HIGH_NOT_FIXED"]
    assert found["numbers"]["critical_last_two"] == 2
    assert found["numbers"]["critical_last_two_gt9"] == 0
    assert found["numbers"]["high_last_two"] == 0


# 22 ─ SILENE in the sequence


def mixed(industrial: list[tuple[int, list[Any]]], silene: list[tuple[int, list[Any]]], as_of: int) -> dict[str, Any]:
    return case(
        as_of=as_of,
        surfaces=[surface()],
        exposure_audits=[*exposures(industrial), *exposures(silene, tool="SILENE", prefix="S")],
        config=pin(silene_in_sequence="blocking"),
    )


def test_silene_in_the_last_two_blocks_under_that_reading_only() -> None:
    scenario = mixed([(310, []), (330, [])], [(340, [])], 345)

    found = unit(scenario, "D1.O2.B", "X1")
    ignored = unit({**scenario, "config": {}}, "D1.O2.B", "X1")

    assert (found["reasons"], found["next_due"]) == (["SILENE_IN_LAST_TWO"], day(364))
    assert ignored["verdict"] == "met"
    assert found["numbers"]["last_two"] == ["X-1", "X-2"]


def test_the_antepenultimate_audit_has_to_be_industrial() -> None:
    rescued = mixed([(330, [CRITICAL]), (345, []), (310, [])], [(300, [])], 350)
    silene = mixed([(330, [CRITICAL]), (345, [])], [(310, [])], 350)

    assert unit(rescued, "D1.O2.B", "X1")["reasons"] == []
    assert unit(silene, "D1.O2.B", "X1")["reasons"] == ["CRITICAL_IN_PENULTIMATE"]


def test_a_critical_of_silene_blocks_too_under_that_reading() -> None:
    found = unit(mixed([(310, [])], [(340, [CRITICAL])], 345), "D1.O2.B", "X1")

    assert found["reasons"] == ["CRITICAL_IN_LAST", "SILENE_IN_LAST_TWO"]


def test_one_industrial_audit_more_is_enough_after_silene_and_a_clean_one() -> None:
    found = unit(mixed([(340, [])], [(310, [])], 345), "D1.O2.B", "X1")

    assert (found["reasons"], found["next_due"]) == (["SILENE_IN_LAST_TWO"], day(365))
