from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

import pytest

from agent.domain.errors import ConfigurationError
from agent.domain.programme import READINGS, DeclaredObjective, Objective
from agent.domain.programme import Test as ConditionTest
from config.fact_kinds import fact_kinds
from config.programme_files import find_programme, load_programme, programme_from, programme_ids

AUDITED = ("D1.O1.A", "D1.O1.B", "D1.O2.A", "D1.O2.B")
DOMAIN_1 = ("D1.O1.A", "D1.O1.B", "D1.O2.A", "D1.O2.B", "D1.O3", "D1.O4", "D1.O5", "D1.O6.A", "D1.O6.B")
PARCOURS_3 = (
    "POC.P3.O1.1", "POC.P3.O2.1", "POC.P3.O2.2", "POC.P3.O2.3", "POC.P3.O3.1", "POC.P3.O3.2", "POC.P3.O4",
    *(f"POC.P3.O4.{letter}" for letter in "ABCDEFGH"),
)  # fmt: skip


def test_the_three_calls_ship_with_the_product() -> None:
    assert programme_ids() == ("D1BIS_2026", "D1_2024", "P3_2026")


@pytest.mark.parametrize(
    ("programme_id", "objectives", "prerequisites"),
    [
        ("D1BIS_2026", DOMAIN_1, ["ELIGIBILITE"]),
        ("D1_2024", DOMAIN_1, ["PS2.1", "PS2.2"]),
        ("P3_2026", PARCOURS_3, []),
    ],
)
def test_each_call_holds_all_of_its_objectives(
    programme_id: str, objectives: tuple[str, ...], prerequisites: list[str]
) -> None:
    programme = load_programme(programme_id)

    assert programme.order == objectives
    assert [one.id for one in programme.prerequisites] == prerequisites
    assert [one.id for one in programme.objectives] == [one for one in AUDITED if one in objectives]


@pytest.mark.parametrize("programme_id", programme_ids())
def test_each_objective_says_where_it_is_written_and_what_to_hand_over(programme_id: str) -> None:
    programme = load_programme(programme_id)

    assert programme.id == programme_id
    objectives: list[Objective | DeclaredObjective] = [*programme.objectives, *programme.declared]
    for objective in objectives:
        assert objective.label
        assert objective.sources
        assert objective.pieces
        assert set(objective.readings) <= set(programme.reading_notes)


@pytest.mark.parametrize("programme_id", programme_ids())
def test_a_condition_looks_at_a_field_a_place_for_evidence_or_a_choice_that_can_be_declared(programme_id: str) -> None:
    programme, kinds = load_programme(programme_id), fact_kinds()

    for objective in (*programme.declared, *programme.prerequisites):
        for condition in objective.conditions:
            if condition.test is ConditionTest.REACHED:
                continue
            kind = kinds[condition.fact or objective.fact]
            assert not kind.programmes or programme_id in kind.programmes
            if condition.test is ConditionTest.EVIDENCE:
                slots = condition.value if isinstance(condition.value, list) else [condition.field]
                assert set(slots) <= {slot.name for slot in kind.slots}, condition
                continue
            field = kind.field(condition.field)
            assert field is not None, condition
            if field.choices and isinstance(condition.value, list):
                assert set(condition.value) <= set(field.choices), condition


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
