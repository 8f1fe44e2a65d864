from __future__ import annotations

from datetime import date

import pytest

from agent.domain.programme import Test as ConditionTest
from agent.domain.rules import exercise
from agent.domain.rules.outcome import Reason, State
from tests.unit.domain.declared_cases import asks, case, objective, said

EXERCISE = objective(
    asks("held_on", ConditionTest.WITHIN, ["2025-01-01", "declaration"], group="exercise"),
    asks("directions_involved", ConditionTest.IS, group="exercise", shared=True),
    asks("single_si", ConditionTest.IS, group="exercise", shared=True),
    asks("proof", ConditionTest.EVIDENCE, group="exercise"),
    rule="exercise",
)
UNITS = frozenset({"E1", "E2", "E3"})
HELD = date(2026, 6, 1)


def test_an_exercise_of_one_unit_needs_neither_a_single_si_nor_other_directions() -> None:
    found = exercise.judge(case(said("fact", "E1", held_on=HELD, evidence=["proof"]), of=EXERCISE, units=UNITS))

    assert found.outcome.state is State.SATISFIED


@pytest.mark.parametrize(
    ("directions_involved", "single_si", "covers"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
@pytest.mark.parametrize("subjects", [("E1", "E2"), ()], ids=["named units", "everybody"])
def test_a_shared_exercise_covers_its_units_iff_directions_took_part_and_the_si_is_single(
    subjects: tuple[str, ...], directions_involved: bool, single_si: bool, covers: bool
) -> None:
    shared = said(
        "fact",
        *subjects,
        held_on=HELD,
        directions_involved=directions_involved,
        single_si=single_si,
        evidence=["proof"],
    )

    found = exercise.judge(case(shared, of=EXERCISE, units=UNITS)).outcome

    assert (found.state is State.SATISFIED) is covers
    assert found.reasons == (frozenset() if covers else {Reason.SHARED_WITHOUT_SINGLE_SI})


def test_a_shared_exercise_that_does_not_say_is_not_covered_by_silence() -> None:
    found = exercise.judge(case(said(held_on=HELD, evidence=["proof"]), of=EXERCISE, units=UNITS)).outcome

    assert found.reasons == {Reason.SHARED_WITHOUT_SINGLE_SI}


def test_one_of_several_exercises_is_enough() -> None:
    shared = said(held_on=HELD, evidence=["proof"])
    own = said("fact", "E1", held_on=date(2026, 5, 1), evidence=["proof"])

    assert exercise.judge(case(own, shared, of=EXERCISE, units=UNITS)).outcome.state is State.SATISFIED


def test_an_exercise_to_come_is_planned_and_not_held() -> None:
    found = exercise.judge(case(said("fact", "E1", held_on=date(2026, 12, 1)), of=EXERCISE, units=UNITS)).outcome

    assert found.state is State.RECOVERABLE
    assert found.reasons == {Reason.PLANNED}
