from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from importlib import import_module, resources
from typing import Any

import pytest

from agent.domain.declared import APPLICATION, PHASE_START, VALIDATION
from agent.domain.errors import ConfigurationError
from agent.domain.programme import READINGS, Condition, DeclaredObjective, Objective, Piece, Programme
from agent.domain.programme import Test as ConditionTest
from agent.domain.rules.case import DECLARATION
from config.fact_kinds import fact_kinds
from config.programme_files import find_programme, load_programme, programme_from, programme_ids

EVIDENCE, WITHIN, REACHED = ConditionTest.EVIDENCE, ConditionTest.WITHIN, ConditionTest.REACHED
DAYS = {APPLICATION, PHASE_START, VALIDATION, DECLARATION}
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


def faults(programme: Programme) -> list[str]:
    """What a programme names that does not exist: it would fail on the day of the evaluation."""
    return [
        fault
        for one in (*programme.declared, *programme.prerequisites)
        for fault in (
            *_rule_faults(one),
            *(fault for condition in one.conditions for fault in _condition_faults(programme, one, condition)),
            *_piece_faults(one),
        )
    ] + [fault for piece in programme.pieces for fault in _named(piece)]


def _rule_faults(one: DeclaredObjective) -> Iterator[str]:
    try:
        rule = import_module(f"agent.domain.rules.{one.rule}")
    except ModuleNotFoundError:
        yield f"rule {one.rule}"
    else:
        if not callable(getattr(rule, "judge", None)):
            yield f"rule {one.rule}"
    groups = {condition.group for condition in one.conditions} - {None}
    yield from (f"group {group}" for group in groups if all(is_advice for is_advice in _advice_of(one, group)))


def _advice_of(one: DeclaredObjective, group: str | None) -> list[bool]:
    return [condition.advice for condition in one.conditions if condition.group == group]


def _condition_faults(programme: Programme, one: DeclaredObjective, condition: Condition) -> Iterator[str]:
    if condition.test is ConditionTest.REACHED:
        if condition.field not in DAYS | set(programme.days):
            yield f"day {condition.field}"
        return
    kind = fact_kinds().get(condition.fact or one.fact)
    if kind is None or (kind.programmes and programme.id not in kind.programmes):
        yield f"fact {condition.fact or one.fact}"
        return
    for day in _days_of(programme, one, condition):
        if not isinstance(day, date) and day not in DAYS | set(programme.days) and not _is_iso(str(day)):
            yield f"day {day}"
    if condition.test is ConditionTest.EVIDENCE:
        slots = condition.value if isinstance(condition.value, list) else [condition.field]
        yield from (f"slot {slot}" for slot in slots if slot not in {known.name for known in kind.slots})
        return
    field = kind.field(condition.field)
    if field is None:
        yield f"field {condition.field}"
    elif field.choices and isinstance(condition.value, list):
        yield from (f"choice {choice}" for choice in condition.value if choice not in field.choices)


def _days_of(programme: Programme, one: DeclaredObjective, condition: Condition) -> list[Any]:
    value: Any = condition.value
    if condition.test is ConditionTest.WITHIN:
        return list(value)
    if condition.test is ConditionTest.YOUNGER_THAN_MONTHS:
        return [value["on"]]
    if condition.test is ConditionTest.UNTIL_MONTHS_AFTER:
        return list(one.readings[value["reading"]])
    return []


def _is_iso(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _piece_faults(one: DeclaredObjective) -> Iterator[str]:
    return (fault for piece in one.pieces for fault in _named(piece))


def _named(piece: Piece) -> Iterator[str]:
    if piece.fact is None:
        return
    kind = fact_kinds().get(piece.fact)
    if kind is None:
        yield f"fact {piece.fact}"
        return
    if piece.slot is not None and piece.slot not in {slot.name for slot in kind.slots}:
        yield f"slot {piece.slot}"
    fields = [*piece.when, *piece.unless, *([piece.dated_by] if piece.dated_by else [])]
    yield from (f"field {field}" for field in fields if kind.field(field) is None)


@pytest.mark.parametrize("programme_id", programme_ids())
def test_a_call_names_only_what_exists(programme_id: str) -> None:
    assert faults(load_programme(programme_id)) == []


@pytest.mark.parametrize(
    ("place", "written", "fault"),
    [
        pytest.param("objective", {"rule": "timeline"}, "rule timeline", id="a module that judges nothing"),
        pytest.param("objective", {"rule": "nessie"}, "rule nessie", id="a rule"),
        pytest.param("objective", {"fact": "nessie"}, "fact nessie", id="a fact"),
        pytest.param("condition", {"field": "nessie"}, "field nessie", id="a field"),
        pytest.param("condition", {"fact": "nessie"}, "fact nessie", id="a fact of its own"),
        pytest.param("condition", {"group": "g", "advice": True}, "group g", id="a way that asks nothing"),
        pytest.param("condition", {"test": EVIDENCE, "field": "nessie"}, "slot nessie", id="a place for evidence"),
        pytest.param("condition", {"test": WITHIN, "value": ["declaration", "nessie"]}, "day nessie", id="a day"),
        pytest.param("condition", {"test": REACHED, "field": "nessie"}, "day nessie", id="a day to reach"),
        pytest.param("piece", {"fact": "nessie"}, "fact nessie", id="a piece's fact"),
        pytest.param("piece", {"fact": "osis", "slot": "nessie"}, "slot nessie", id="a piece's place"),
        pytest.param("piece", {"fact": "osis", "when": {"nessie": True}}, "field nessie", id="a piece's field"),
    ],
)
def test_what_does_not_exist_is_found(place: str, written: dict[str, Any], fault: str) -> None:
    programme = load_programme("D1BIS_2026")
    [one] = [one for one in programme.declared if one.id == "D1.O4"]
    if place == "condition":
        one = replace(one, conditions=(replace(one.conditions[0], **written), *one.conditions[1:]))
    elif place == "piece":
        one = replace(one, pieces=(replace(one.pieces[0], **written),))
    else:
        one = replace(one, **written)

    assert fault in faults(replace(programme, declared=(one,)))


@pytest.mark.parametrize("programme_id", programme_ids())
def test_the_first_admissible_value_is_the_prudent_one(programme_id: str) -> None:
    for objective in load_programme(programme_id).objectives:
        for name, values in objective.readings.items():
            assert values == READINGS[name][: len(values)]


def _cited(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict) and "document" in node:
        yield node
    elif isinstance(node, dict | list):
        for inner in node.values() if isinstance(node, dict) else node:
            yield from _cited(inner)


@pytest.mark.parametrize(
    ("programme_id", "own"), [("D1BIS_2026", "D1bis"), ("D1_2024", "D1 (2024)"), ("P3_2026", "Parcours 3")]
)
def test_what_a_call_takes_from_the_text_of_another_is_marked_as_inferred(programme_id: str, own: str) -> None:
    text = resources.files("config").joinpath(f"programmes/{programme_id.lower()}.toml").read_text(encoding="utf-8")
    cited = list(_cited(tomllib.loads(text)))

    assert own in {one["document"] for one in cited}
    assert [one for one in cited if one["document"] != own and not one.get("inferred")] == []


def test_the_tolerance_of_the_call_of_2024_is_inferred() -> None:
    sources = load_programme("D1_2024").reading_notes["d1_interval"].sources

    assert [str(one) for one in sources if one.inferred] == ["D1bis, Q/R 3.1", "D1bis, Q/R 3.9"]
    assert "D1 (2024), kit, D1.O2.A" in map(str, sources)


def test_what_dates_a_whole_record_is_a_day_that_has_come() -> None:
    dated = {one.id: one.field(one.dated_by) for one in fact_kinds().values() if one.dated_by is not None}

    assert dated
    assert [name for name, field in dated.items() if field is None or not field.past] == []


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
