from __future__ import annotations

import tomllib
from importlib import resources
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


def shipped() -> dict[str, Any]:
    file = resources.files("config").joinpath("programmes", "d1_2024.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def test_a_reading_that_the_rules_do_not_know_is_a_bug() -> None:
    document = shipped()
    document["objectives"][0]["readings"]["d1_interval"] = ["each_moon"]

    with pytest.raises(ValueError, match="d1_interval"):
        programme_from(document)


def test_a_date_written_as_a_text_is_a_bug() -> None:
    with pytest.raises(TypeError, match="not a day"):
        programme_from({**shipped(), "dated": "2024-03-18"})
