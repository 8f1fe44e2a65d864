"""The candidate and its parts: who decides, the share, the readings, what awaits a decision."""

from __future__ import annotations

from typing import Any

import pytest

from agent.domain.errors import UsageError
from agent.domain.explanation import steps
from agent.domain.live import OpenQuestion
from agent.domain.programme import Source
from tests.unit.domain.evaluation_cases import BIS, ads_case, case, directory, exposure_case, pin, runs, surface
from tests.unit.domain.explanation.explanation_cases import every, explained, ght, pinned, the

O1A, O1B, O2A, O2B = "D1.O1.A", "D1.O1.B", "D1.O2.A", "D1.O2.B"
CRITICAL = {"id": "f9", "cvss": 9.8}


def of_two(first: list[int], second: list[int], *, as_of: int, shares: tuple[int, int] = (66, 34)) -> dict[str, Any]:
    """A GHT of E1 (support) with AD1 and E2 with AD2, audited on the given days; an odd day scores 1."""
    audits = [
        {**run, "score": 2 if day % 2 == 0 else 1}
        for name, days in (("AD1", first), ("AD2", second))
        for day, run in zip(days, runs(days, on=(name,)), strict=True)
    ]
    return case(
        as_of=as_of,
        candidate=ght(*shares),
        ads=[directory("AD1"), directory("AD2", establishments=["E2"])],
        ads_audits=audits,
    )


def test_the_one_unit_that_decides_explains_the_candidate() -> None:
    explanation = explained(of_two([50, 104, 158], [50], as_of=170), O1A)

    assert explanation.through == steps.Topic(kind="directory", id="AD2")
    assert [audit.id for audit in the(steps.Timeline, explanation).audits] == ["A2-1"]


def test_the_parts_stand_gravest_first_and_say_which_decide() -> None:
    (parts,) = every(steps.Parts, explained(of_two([50, 104, 158], [50], as_of=170), O1A))

    assert [(part.id, part.decides) for part in parts.parts] == [("E2", True), ("E1", False)]
    assert parts.every


def test_several_units_that_decide_are_listed_and_none_is_told() -> None:
    explanation = explained(of_two([], [], as_of=10), O1A)

    assert explanation.through is None
    assert every(steps.Timeline, explanation) == []
    assert [part.id for parts in every(steps.Parts, explanation) for part in parts.parts] == ["E1", "E2", "AD1", "AD2"]


def test_the_share_is_exact_and_counts_who_holds() -> None:
    share = the(steps.Share, explained(of_two([50, 104], [50, 104], as_of=110), O1B))

    assert {share.activity, share.whole, share.percent} == {100}
    assert (share.counted, share.minimum, share.support_holds, share.holds) == (2, 2, True, True)


@pytest.mark.parametrize(
    ("shares", "holds"),
    [
        pytest.param((33, 33, 34), True, id="66-exactly"),
        pytest.param((32.999, 33, 34), False, id="just-below-66"),
    ],
)
def test_the_share_is_compared_without_rounding(shares: tuple[float, ...], *, holds: bool) -> None:
    scenario = case(
        as_of=110,
        candidate=ght(*shares),
        ads=[directory(f"AD{rank}", establishments=[f"E{rank}"]) for rank in (1, 2, 3)],
        ads_audits=[*runs([50, 104], on=("AD1",)), *runs([50, 104], on=("AD2",))],
    )
    share = the(steps.Share, explained(scenario, O1B))

    assert {one.establishment: one.counted for one in share.establishments} == {"E1": True, "E2": True, "E3": False}
    assert (share.percent >= 66, share.share_holds) == (holds, holds)


def test_a_support_that_fails_is_told_apart_from_the_share() -> None:
    scenario = of_two([51, 105], [50, 104], as_of=110, shares=(20, 80))
    share = the(steps.Share, explained(scenario, O1B))

    assert (share.share_holds, share.support_holds, share.holds) == (True, False, False)
    assert "SUPPORT_NOT_MET" in share.missing


def test_the_share_is_under_a_reading_where_the_texts_also_ask_for_everything() -> None:
    scenario = exposure_case(
        [(300, []), (340, [])],
        as_of=350,
        candidate=ght(70, 30),
        surfaces=[surface("X1"), surface("X2", establishments=["E2"])],
    )

    assert the(steps.Share, explained(scenario, O2B)).under == "o2b_coverage"


def test_a_contested_reading_says_what_each_answer_gives_and_how_to_settle_it() -> None:
    (reading,) = the(steps.Readings, explained(ads_case([61, 115, 170], as_of=180), O1A, "AD1")).readings

    assert reading.name == "first_audit"
    assert [(one.value, one.verdict) for one in reading.results] == [
        ("start_plus_60d", "not_met"),
        ("start_plus_2m", "met"),
        ("absolute", "met"),
    ]
    assert Source(document="D1bis", question="Q/R 3.1") in reading.sources
    assert reading.settled is None
    assert "pinned_reading --programme D1BIS_2026 --reading first_audit" in str(reading.command)


def test_readings_that_change_nothing_are_named_apart() -> None:
    step = the(steps.Readings, explained(ads_case([61, 115, 170], as_of=180), O1A, "AD1"))

    assert "mean_mode" in step.indifferent
    assert "first_audit" not in step.indifferent


def test_a_reading_that_a_person_pinned_says_who_when_and_on_which_answer() -> None:
    scenario = ads_case([61, 115, 170], as_of=180, config=pin(first_audit="absolute"))
    declared = [pinned(BIS, "first_audit", "absolute")]
    (reading,) = the(steps.Readings, explained(scenario, O1A, "AD1", declared=declared)).readings

    assert reading.settled == steps.Settled(person="C. Martin", on=declared[0].on, answer="ANS, courriel du 3 mai 2026")
    assert {one.value: (one.verdict, one.retained) for one in reading.results} == {
        "absolute": ("met", True),
        "start_plus_60d": ("not_met", False),
        "start_plus_2m": ("met", False),
    }


def test_a_reading_that_the_configuration_pinned_has_no_name_to_it() -> None:
    scenario = ads_case([61, 115, 170], as_of=180, config=pin(first_audit="absolute"))
    (reading,) = the(steps.Readings, explained(scenario, O1A, "AD1")).readings

    assert (reading.settled, reading.command) == (steps.Settled(), None)


def test_an_establishment_without_directory_awaits_the_authority() -> None:
    scenario = case(as_of=60, candidate=ght(60, 40), ads=[directory("AD1")], ads_audits=runs([50]))
    explanation = explained(scenario, O1A, "E2")

    (awaited,) = the(steps.Decisions, explanation).awaited
    assert (awaited.fact, awaited.subject) == ("no_ad", "E2")
    assert awaited.command.startswith("carenage declare no_ad --establishment E2")
    assert explanation.reasons == ("NEEDS_DECISION",)


def test_a_directory_in_the_cloud_only_awaits_its_exemption() -> None:
    scenario = ads_case([], as_of=10, ads=[directory(kind="entra_only")])
    (awaited,) = the(steps.Decisions, explained(scenario, O1A, "AD1")).awaited

    assert (awaited.fact, awaited.subject) == ("entra_exempt", "AD1")


def test_undecided_facts_of_the_objective_are_named_and_those_of_others_are_not() -> None:
    questions = [
        OpenQuestion(evidence="e1", kind="ads_audit", fields=("date",), command="carenage inbox confirm e1"),
        OpenQuestion(evidence="e2", kind="exposure_audit", fields=("tool",), command="carenage inbox confirm e2"),
    ]
    explanation = explained(ads_case([50], as_of=60), O1A, questions=questions)

    assert explanation.assumes_worst
    assert [fact.evidence for fact in the(steps.Decisions, explanation).facts] == ["e1"]


@pytest.mark.parametrize(("objective", "is_assumed"), [(O1A, False), (O1B, True)])
def test_a_score_to_confirm_bears_on_the_level_and_not_on_the_cadence(objective: str, is_assumed: bool) -> None:
    question = OpenQuestion(evidence="e1", kind="ads_audit", fields=("score",), command="carenage inbox confirm e1")

    assert explained(ads_case([50], as_of=60), objective, questions=[question]).assumes_worst is is_assumed


def test_an_establishment_is_explained_through_its_own_units() -> None:
    explanation = explained(of_two([50, 104], [50], as_of=110), O1A, "E1")

    assert explanation.subject == steps.Topic(kind="establishment", id="E1")
    assert explanation.through == steps.Topic(kind="directory", id="AD1")


def test_a_planned_declaration_too_late_is_an_issue_of_the_phase() -> None:
    phase = {"start": "2026-03-01", "declaration": "2027-04-15"}
    window = the(steps.PhaseWindow, explained(ads_case([50], as_of=60, phase=phase), O1A, "AD1"))

    assert window.issues == ("DECLARATION_TOO_LATE",)


@pytest.mark.parametrize(
    ("objective", "subject", "said"),
    [
        pytest.param("D1.O1.Z", None, "Vouliez-vous dire « D1.O1.", id="objective"),
        pytest.param(O1A, "AD2", "Vouliez-vous dire « AD1 » ?", id="unit"),
        pytest.param(O2A, "AD1", "inconnu", id="unit-of-another-objective"),
    ],
)
def test_what_is_unknown_is_refused_with_the_nearest_and_the_list(
    objective: str, subject: str | None, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        explained(ads_case([50], as_of=60), objective, subject)

    assert said in caught.value.message
    assert "E1" in str(caught.value.hint) or "D1.O1.A" in str(caught.value.hint)


def test_the_case_of_a_name_does_not_matter() -> None:
    explanation = explained(ads_case([50], as_of=60), "d1.o1.a", "ad1")

    assert (explanation.objective, explanation.subject.id) == (O1A, "AD1")


def test_the_explanation_names_the_version_of_the_programme_that_judged() -> None:
    explanation = explained(ads_case([50], as_of=60), O1A)

    assert (explanation.programme, explanation.programme_version) == (BIS, "1.0")
