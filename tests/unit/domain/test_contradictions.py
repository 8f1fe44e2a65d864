"""Declarations in force that do not say the same thing of the same thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from agent.domain.declaration import Declaration, at_odds
from config.fact_kinds import fact_kinds
from tests.unit.domain.declared_cases import said

HELD = date(2026, 3, 14)
FILLED = said("osis", budget_share_filled=True, priority_measures_filled=43)
SHARED = said("crisis_exercise", "E1", "E2", held_on=HELD, single_si=True)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(FILLED, said("osis", "E2", budget_share_filled=False), True, id="everybody, and one otherwise"),
        pytest.param(FILLED, said("osis", "E2", budget_share_filled=True), False, id="the same again"),
        pytest.param(FILLED, said("osis", "E2", filled_on=HELD), False, id="something else of it"),
        pytest.param(SHARED, said("crisis_exercise", "E1", held_on=HELD, single_si=False), True, id="one exercise"),
        pytest.param(
            SHARED, said("crisis_exercise", "E1", held_on=date(2026, 3, 15), single_si=False), False, id="two exercises"
        ),
        pytest.param(SHARED, said("crisis_exercise", "E3", held_on=HELD, single_si=False), False, id="elsewhere"),
        pytest.param(FILLED, said("digital_budget", year=43), False, id="another fact"),
        pytest.param(
            said("rerating", "V1", cvss=Decimal(5), audits=("1",)),
            said("rerating", "V1", cvss=Decimal(6), audits=("2",)),
            False,
            id="one finding in two audits",
        ),
    ],
)
def test_those_that_say_otherwise_of_the_same_thing_are_found_from_either_side(
    one: Declaration, other: Declaration, expected: bool
) -> None:
    kinds = fact_kinds()

    assert [found.id for found in at_odds(other, [one, other], kinds)] == ([one.id] if expected else [])
    assert [found.id for found in at_odds(one, [one, other], kinds)] == ([other.id] if expected else [])


def test_a_declaration_does_not_contradict_itself() -> None:
    assert at_odds(FILLED, [replace(FILLED)], fact_kinds()) == []
