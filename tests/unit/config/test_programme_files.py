from __future__ import annotations

from typing import Any

import pytest

from agent.domain.errors import ConfigurationError
from agent.domain.programme import READINGS
from config.programme_files import find_programme, load_programme, programme_from, programme_ids


def test_the_two_calls_ship_with_the_product() -> None:
    assert programme_ids() == ("D1BIS_2026", "D1_2024")


@pytest.mark.parametrize("programme_id", programme_ids())
def test_each_objective_says_where_it_is_written_and_what_to_hand_over(programme_id: str) -> None:
    programme = load_programme(programme_id)

    assert programme.id == programme_id
    assert [objective.id for objective in programme.objectives] == ["D1.O1.A", "D1.O1.B", "D1.O2.A", "D1.O2.B"]
    for objective in programme.objectives:
        assert objective.label
        assert objective.sources
        assert objective.pieces
        assert set(objective.readings) <= set(programme.reading_notes)


@pytest.mark.parametrize("programme_id", programme_ids())
def test_the_first_admissible_value_is_the_prudent_one(programme_id: str) -> None:
    for objective in load_programme(programme_id).objectives:
        for name, values in objective.readings.items():
            assert values == READINGS[name][: len(values)]


def test_an_unknown_programme_is_refused_with_those_that_are_known() -> None:
    assert find_programme("P3") is None
    with pytest.raises(ConfigurationError) as caught:
        load_programme("../secret")
    assert "D1BIS_2026" in (caught.value.hint or "")


def test_an_objective_is_found_by_its_id() -> None:
    programme = load_programme("D1BIS_2026")

    assert str(programme.objective("D1.O2.B").sources[0]) == "D1bis, Q/R 3.14"
    with pytest.raises(KeyError):
        programme.objective("D1.O9")


def document(**changes: Any) -> dict[str, Any]:
    return {
        "id": "X",
        "version": "1",
        "dated": load_programme("D1_2024").dated,
        "label": "x",
        "phase": {},
        "objectives": [],
        **changes,
    }


def test_a_file_that_does_not_hold_together_is_a_bug() -> None:
    with pytest.raises(KeyError):
        programme_from(document())
