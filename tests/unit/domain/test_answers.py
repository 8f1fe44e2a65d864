"""Answers under readings: each distinct sub-question once, and the same answer as the whole product would give."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.answers import Answers, always, ask, listed, together
from agent.domain.rules.cadence import Cadence, FirstAudit
from agent.domain.rules.outcome import Reading
from agent.domain.scenario import parse_scenario
from agent.domain.units.surfaces import surface_units
from agent.domain.units.unit import Frame, Unit
from config.programme_files import find_programme
from tests.unit.domain.evaluation_cases import BIS, case, exposures, surface

ADMISSIBLE = {"first": ("a", "b", "c"), "second": (True, False), "third": ("only",)}


def every_reading() -> list[Reading]:
    return [dict(zip(ADMISSIBLE, values, strict=True)) for values in product(*ADMISSIBLE.values())]


def test_a_question_is_asked_once_for_each_value_of_the_readings_it_names() -> None:
    asked: list[Reading] = []
    ask(ADMISSIBLE, ("first", "third"), lambda reading: asked.append(dict(reading)))
    assert asked == [{"first": value, "third": "only"} for value in "abc"]


def test_a_reading_that_the_objective_does_not_admit_is_left_out() -> None:
    assert ask(ADMISSIBLE, ("first", "unheard_of"), lambda reading: reading["first"]).contested == ("first",)


@pytest.mark.parametrize(
    ("names", "question", "contested"),
    [
        pytest.param(("first", "second"), lambda _: "same", (), id="none-matters"),
        pytest.param(("first", "second"), lambda reading: reading["second"], ("second",), id="one-of-two"),
        pytest.param(("first", "second"), lambda reading: reading["first"] == "b", ("first",), id="two-values-alike"),
        pytest.param(("third",), lambda reading: reading["third"], (), id="one-value-only"),
        pytest.param(
            ("first", "second"),
            lambda reading: reading["second"] and reading["first"] == "a",
            ("first", "second"),
            id="each-matters-beside-the-other",
        ),
    ],
)
def test_only_the_readings_that_change_an_answer_are_kept(
    names: Iterable[str], question: Any, contested: tuple[str, ...]
) -> None:
    assert ask(ADMISSIBLE, names, question).contested == contested


def test_what_follows_is_asked_once_for_each_distinct_answer() -> None:
    asked: list[object] = []
    answers = ask(ADMISSIBLE, ("first", "second"), lambda reading: reading["first"] == "b")
    answers.map(asked.append)
    assert asked == [False, True]


def test_answers_given_in_the_order_of_the_product_are_found_again() -> None:
    answers = listed([("first", ("a", "b", "c")), ("second", (True, False))], range(6))
    assert [answers.under(reading) for reading in every_reading()] == list(range(6))


def test_no_questions_together_have_one_empty_answer() -> None:
    assert together([]) == always(())


def test_an_answer_that_no_reading_leads_to_is_forgotten() -> None:
    by_first = ask(ADMISSIBLE, ("first",), lambda reading: reading["first"] == "a")
    again = by_first.then(
        lambda is_a: ask(ADMISSIBLE, ("first",), lambda reading: (is_a, reading["first"] == "a")),
    )
    assert set(again.distinct) == {(True, True), (False, False)}


TABLES = st.fixed_dictionaries({"names": st.sets(st.sampled_from(list(ADMISSIBLE))), "seed": st.integers(0, 10_000)})


def drawn(table: dict[str, Any], *salt: int) -> Answers[int]:
    return ask(ADMISSIBLE, table["names"], lambda reading: answer(table, reading, *salt))


def answer(table: dict[str, Any], reading: Reading, *salt: int) -> int:
    return (
        hash((table["seed"], *salt, *(list(ADMISSIBLE[name]).index(reading[name]) for name in sorted(table["names"]))))
        % 3
    )


@given(TABLES, TABLES, TABLES)
@settings(max_examples=200, deadline=None)
def test_putting_answers_together_is_answering_under_each_reading(
    one: dict[str, Any], other: dict[str, Any], further: dict[str, Any]
) -> None:
    side_by_side = together([drawn(one), drawn(other)])
    asked_further = drawn(one).then(lambda found: drawn(further, found))
    for reading in every_reading():
        assert side_by_side.under(reading) == (answer(one, reading), answer(other, reading))
        assert asked_further.under(reading) == answer(further, reading, answer(one, reading))
    for answers in (side_by_side, asked_further):
        assert set(answers.distinct) == {answers.under(reading) for reading in every_reading()}


def test_readings_that_come_to_the_same_limits_are_one_question() -> None:
    programme = find_programme(BIS)
    assert programme is not None
    readings = programme.objective("D1.O1.A").readings
    limits = Cadence.of(FirstAudit(by=date(2026, 7, 7), months=2), programme.settings, readings).limits
    assert len(limits.ranks) == 16
    assert len(limits.distinct) == 10


def exposed(objective: str, *surfaces: dict[str, Any], audits: list[dict[str, Any]]) -> list[Unit]:
    scenario = parse_scenario(case(as_of=200, surfaces=list(surfaces), exposure_audits=audits), find_programme)
    one = scenario.programme.objective(objective)
    return list(surface_units(Frame(scenario=scenario, objective=one)))


@pytest.mark.parametrize("objective", ["D1.O2.A", "D1.O2.B"])
def test_elements_audited_alike_are_judged_once(objective: str) -> None:
    first, second = exposed(objective, surface("X1"), surface("X2"), audits=exposures([(50, []), (100, [])]))
    assert first.judgement is second.judgement


@pytest.mark.parametrize(
    ("objective", "apart", "audits"),
    [
        pytest.param("D1.O2.A", {"exposed_from": "2026-04-01"}, exposures([(50, [])]), id="another-start"),
        pytest.param("D1.O2.A", {}, [{**exposures([(50, [])])[0], "covers": ["X1"]}], id="another-audit"),
        pytest.param(
            "D1.O2.B", {}, exposures([(50, [{"id": "V", "cvss": 9.8, "surface": "X1"}])]), id="a-finding-of-its-own"
        ),
    ],
)
def test_elements_that_differ_are_judged_apart(
    objective: str, apart: dict[str, Any], audits: list[dict[str, Any]]
) -> None:
    first, second = exposed(objective, surface("X1"), surface("X2", **apart), audits=audits)
    assert first.judgement is not second.judgement
