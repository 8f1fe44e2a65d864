"""Objectives that people declare: conditions, share, choice, readings."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from agent.domain.explanation import steps
from tests.unit.domain.declared_cases import P3, PHASES, said
from tests.unit.domain.evaluation_cases import BIS, OLD, pin
from tests.unit.domain.explanation.explanation_cases import every, explained, ght, the


def scenario(programme: str = BIS, as_of: str = "2026-09-01", **parts: Any) -> dict[str, Any]:
    return {
        "id": "ght",
        "programme": programme,
        "candidate": ght(92, 8),
        "phase": PHASES[programme],
        "as_of": as_of,
        **parts,
    }


def test_a_condition_holds_lacks_or_is_unknown() -> None:
    exercise = said("crisis_exercise", "E1", held_on=date(2026, 3, 14))
    step = the(steps.Conditions, explained(scenario(), "D1.O3", "E1", declared=[exercise]))

    holds = {one.field: one.holds for one in step.conditions}
    assert (holds["held_on"], holds["proof"], holds["decided_on"]) == (True, False, None)
    assert (step.fact, step.declarations) == ("crisis_exercise", (exercise.id,))
    assert step.sources


def test_the_candidate_is_explained_by_its_establishments() -> None:
    parts = the(steps.Parts, explained(scenario(), "D1.O4"))

    assert [part.id for part in parts.parts] == ["E1", "E2"]
    assert parts.every


def test_a_prerequisite_shows_the_share_of_its_own_threshold() -> None:
    validated = said("security_policy_2024", "E1", sunes_validated=True)
    explanation = explained(scenario(OLD, as_of="2024-09-01"), "PS2.1", declared=[validated])
    share = the(steps.Share, explanation)

    assert share.threshold == 90
    assert share.percent == 92
    assert (share.minimum, share.holds) == (None, True)


def test_a_contested_reading_of_a_declared_objective_says_what_each_answer_gives() -> None:
    slow = said(
        "convergence_trajectory",
        establishments=("E1", "E2"),
        modalities=True,
        planning=True,
        named_lead=True,
        pooled_teams=True,
        provisional_budget=True,
        validated_by_dsi=True,
        milestone_on=date(2027, 9, 1),
        milestone="forêt unique",
        committee_on=date(2026, 6, 1),
        committee_validated=True,
        evidence=["trajectory"],
    )
    (reading,) = the(steps.Readings, explained(scenario(), "D1.O6.B", declared=[slow])).readings

    assert reading.name == "convergence_from"
    assert [(one.value, one.verdict) for one in reading.results] == [
        ("order_published", "at_risk"),
        ("applications_close", "met"),
        ("declarations_close", "met"),
    ]


def test_a_pinned_reading_of_a_declared_objective_is_retained() -> None:
    (reading,) = the(
        steps.Readings, explained(scenario(config=pin(convergence_from="declarations_close")), "D1.O6.B")
    ).readings

    assert [one.value for one in reading.results if one.retained] == ["declarations_close"]


def test_a_choice_shows_the_objectives_that_it_engages() -> None:
    choice = said("p3_choice", chosen=("A", "B", "C"), agreed_with="CRRC")
    explanation = explained(scenario(P3), "POC.P3.O4", declared=[choice])
    engaged = [parts for parts in every(steps.Parts, explanation) if parts.parts[0].kind == "objective"]

    assert [part.id for part in engaged[0].parts] == ["POC.P3.O4.A", "POC.P3.O4.B", "POC.P3.O4.C"]


@pytest.mark.parametrize(
    ("programme", "objective"),
    [(BIS, "D1.O3"), (P3, "POC.P3.O2.1"), (P3, "POC.P3.O4.E"), (P3, "POC.P3.O4.G")],
)
def test_the_only_establishment_of_a_candidate_shows_its_conditions(programme: str, objective: str) -> None:
    choice = said("p3_choice", chosen=("E", "F", "G"), agreed_with="CRRC")
    alone = scenario(programme, candidate={"type": "PRIVE", "establishments": [{"id": "E1", "activity": 10}]})
    explanation = explained(alone, objective, declared=[choice])

    step = the(steps.Conditions, explanation)
    assert (explanation.through, bool(step.conditions)) == (steps.Topic(kind="establishment", id="E1"), True)
    assert step.command.startswith(f"carenage declare {step.fact}")
