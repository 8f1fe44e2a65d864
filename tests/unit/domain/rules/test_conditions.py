from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from agent.domain.declaration import Declaration
from agent.domain.programme import Condition
from agent.domain.programme import Test as ConditionTest
from agent.domain.rules import conditions
from agent.domain.rules.outcome import Outcome, Reason, State
from tests.unit.domain.declared_cases import DECLARATION, TODAY, asks, case, objective, said

IS, FILLED, WITHIN, AT_LEAST = ConditionTest.IS, ConditionTest.FILLED, ConditionTest.WITHIN, ConditionTest.AT_LEAST
ONE_OF, INCLUDES, COVERS = ConditionTest.ONE_OF, ConditionTest.INCLUDES, ConditionTest.COVERS_PERIMETER
UNTIL, YOUNGER, EVIDENCE = (
    ConditionTest.UNTIL_MONTHS_AFTER,
    ConditionTest.YOUNGER_THAN_MONTHS,
    ConditionTest.EVIDENCE,
)
PHASE = ["phase_start", "declaration"]


def outcome(condition: Condition, *declared: Declaration, **parts: Any) -> Outcome:
    return conditions.judge(case(*declared, of=objective(condition), **parts)).outcome


def rows(*asked: Condition, declared: Declaration | None = None, **parts: Any) -> dict[str, Any]:
    found = [declared] if declared else []
    numbers = conditions.judge(case(*found, of=objective(*asked), **parts)).numbers
    return {row["field"]: row for row in numbers["conditions"]}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("test", "value", "said_value", "holds"),
    [
        pytest.param(IS, True, True, True, id="is what is asked"),
        pytest.param(IS, True, False, False, id="is something else"),
        pytest.param(IS, 2023, 2023, True, id="is the figure asked"),
        pytest.param(FILLED, True, Decimal(0), True, id="filled by any figure: no threshold"),
        pytest.param(FILLED, True, False, True, id="filled by a no"),
        pytest.param(AT_LEAST, 43, 43, True, id="as many as asked"),
        pytest.param(AT_LEAST, 43, 42, False, id="one fewer than asked"),
        pytest.param(AT_LEAST, 2, ("a", "b"), True, id="a list as long as asked"),
        pytest.param(AT_LEAST, 2, ("a",), False, id="a list too short"),
        pytest.param(AT_LEAST, 2, "many", False, id="a text is no figure"),
        pytest.param(ONE_OF, ["crrc", "grades"], "grades", True, id="one of the values admitted"),
        pytest.param(ONE_OF, ["crrc", "grades"], "other", False, id="none of the values admitted"),
        pytest.param(ONE_OF, ["101", "355"], ("999", "355"), True, id="one of several values is admitted"),
        pytest.param(INCLUDES, ["a", "b"], ("c", "b", "a"), True, id="includes all that is asked"),
        pytest.param(INCLUDES, ["a", "b"], ("a",), False, id="includes a part of what is asked"),
        pytest.param(INCLUDES, ["a"], "a", False, id="a text includes nothing"),
        pytest.param(COVERS, True, ("E2", "E1"), True, id="covers every establishment"),
        pytest.param(COVERS, True, ("E1",), False, id="leaves an establishment out"),
        pytest.param(FILLED, True, date(2026, 5, 1), True, id="filled by a day that has come"),
        pytest.param(WITHIN, PHASE, date(2026, 3, 1), True, id="on the window's first day"),
        pytest.param(WITHIN, PHASE, date(2026, 2, 28), False, id="the day before the window"),
        pytest.param(WITHIN, ["2026-01-01", "2026-09-01"], TODAY, True, id="on the window's last day, in ISO form"),
        pytest.param(WITHIN, [date(2026, 1, 1), "declaration"], TODAY, True, id="a bound written as a day"),
    ],
)
def test_a_condition_holds_when_what_was_declared_passes_its_test(
    test: ConditionTest, value: object, said_value: Any, holds: bool
) -> None:
    found = outcome(asks("field", test, value), said(field=said_value))

    assert (found.state is State.SATISFIED) is holds
    assert bool(found.reasons) is not holds


def test_nothing_declared_can_still_be_declared_up_to_the_declaration_included() -> None:
    asked = asks("field", IS)

    assert outcome(asked) == Outcome(State.RECOVERABLE, frozenset({Reason.NOT_DECLARED}), DECLARATION)
    assert outcome(asked, as_of=DECLARATION).state is State.RECOVERABLE
    assert outcome(asked, as_of=date(2027, 3, 2)) == Outcome(State.LOST, frozenset({Reason.NOT_DECLARED}))


def test_nothing_declared_is_lost_after_the_day_that_the_objective_names() -> None:
    asked = objective(asks("held_on", WITHIN, ["2026-01-01", "2026-06-30"]), parameters={"until": "2026-06-30"})

    before = conditions.judge(case(of=asked, as_of=date(2026, 6, 30))).outcome
    after = conditions.judge(case(of=asked, as_of=date(2026, 7, 1))).outcome

    assert before.next_due == date(2026, 6, 30)
    assert after.state is State.LOST


@pytest.mark.parametrize("value", [None, "", ()], ids=["nothing", "empty text", "empty list"])
@pytest.mark.parametrize("test", [IS, FILLED, COVERS, WITHIN], ids=str)
def test_a_field_left_empty_is_unknown_and_never_broken(test: ConditionTest, value: Any) -> None:
    asked = asks("field", test, PHASE if test is WITHIN else True)
    declared = said() if value is None else said(field=value)

    assert outcome(asked, declared).reasons == {Reason.NOT_DECLARED}
    assert rows(asked, declared=declared)["field"]["met"] is None


def test_a_day_to_come_within_the_window_is_planned_and_not_done() -> None:
    found = outcome(asks("held_on", WITHIN, PHASE), said(held_on=date(2026, 12, 1)))

    assert found == Outcome(State.RECOVERABLE, frozenset({Reason.PLANNED}), date(2026, 12, 1))


def test_a_day_to_come_after_the_window_is_outside_of_it() -> None:
    found = outcome(asks("held_on", WITHIN, PHASE), said(held_on=date(2027, 3, 2)))

    assert found.reasons == {Reason.OUTSIDE_WINDOW}


def test_a_day_outside_a_window_that_is_over_is_lost() -> None:
    asked = asks("held_on", WITHIN, ["2026-01-01", "2026-08-31"])

    assert outcome(asked, said(held_on=date(2025, 6, 1))).state is State.LOST
    assert outcome(asked, said(held_on=date(2025, 6, 1)), as_of=date(2026, 8, 31)).state is State.RECOVERABLE


def test_a_proof_does_not_lack_before_what_it_proves() -> None:
    asked = (asks("held_on", WITHIN, PHASE), asks("proof", EVIDENCE))
    planned, held = said(held_on=date(2026, 12, 1)), said(held_on=date(2026, 8, 1))

    assert conditions.judge(case(planned, of=objective(*asked))).outcome.reasons == {Reason.PLANNED}
    assert conditions.judge(case(held, of=objective(*asked))).outcome.reasons == {Reason.PROOF_MISSING}


def test_what_a_dated_declaration_says_proves_nothing_before_its_day() -> None:
    asked = objective(asks("filled", IS), asks("other", IS), parameters={"dated_by": "filled_on"})
    declared = said(filled=True, other=False, filled_on=date(2026, 10, 1))

    found = conditions.judge(case(declared, of=asked)).outcome
    later = conditions.judge(case(declared, of=asked, as_of=date(2026, 10, 1))).outcome

    assert found.reasons == {Reason.PLANNED, Reason.CONDITION_NOT_MET}
    assert later.reasons == {Reason.CONDITION_NOT_MET}


@pytest.mark.parametrize(
    ("as_of", "state"),
    [
        pytest.param(TODAY, State.RECOVERABLE, id="planned after it"),
        pytest.param(date(2027, 3, 20), State.LOST, id="done after it"),
    ],
)
def test_what_a_declaration_dated_after_the_planned_one_says_comes_too_late(as_of: date, state: State) -> None:
    asked = objective(asks("filled", IS), asks("other", IS), parameters={"dated_by": "filled_on"})
    declared = said(filled=True, other=True, filled_on=date(2027, 3, 15))

    found = conditions.judge(case(declared, of=asked, as_of=as_of)).outcome

    assert (found.state, found.reasons) == (state, frozenset({Reason.OUTSIDE_WINDOW}))


@pytest.mark.parametrize(
    ("asked", "evidence", "missing"),
    [
        pytest.param(True, ("proof",), False, id="in its place"),
        pytest.param(True, ("other",), True, id="in another place"),
        pytest.param(["proof", "other"], ("other",), False, id="in one of the places admitted"),
        pytest.param(["proof", "other"], (), True, id="in none of them"),
    ],
)
def test_the_evidence_must_be_sealed(asked: object, evidence: tuple[str, ...], missing: bool) -> None:
    found = outcome(asks("proof", EVIDENCE, asked), said(evidence=evidence))

    assert (Reason.PROOF_MISSING in found.reasons) is missing


@pytest.mark.parametrize(
    ("audited_on", "state", "reason"),
    [
        pytest.param(date(2024, 3, 14), State.SATISFIED, None, id="two years old on the next day"),
        pytest.param(date(2024, 3, 13), State.LOST, Reason.OUTSIDE_WINDOW, id="two years old on the day"),
        pytest.param(date(2026, 3, 14), State.LOST, Reason.OUTSIDE_WINDOW, id="after the day"),
    ],
)
def test_a_day_is_less_than_so_many_months_old_on_a_named_day(
    audited_on: date, state: State, reason: Reason | None
) -> None:
    asked = asks("audited_on", YOUNGER, {"months": 24, "on": "application"})
    days = {"declaration": DECLARATION, "application": date(2026, 3, 13)}

    found = outcome(asked, said(audited_on=audited_on), days=days)

    assert (found.state, found.reasons) == (state, frozenset({reason} if reason else ()))


@pytest.mark.parametrize(
    ("milestone_on", "reading", "holds"),
    [
        pytest.param(date(2027, 7, 30), "order_published", True, id="on the last day"),
        pytest.param(date(2027, 7, 31), "order_published", False, id="a day too late"),
        pytest.param(date(2027, 9, 13), "applications_close", True, id="from a later day, under another reading"),
    ],
)
def test_a_milestone_is_planned_at_most_so_many_months_after_the_day_that_a_reading_names(
    milestone_on: date, reading: str, holds: bool
) -> None:
    asked = asks("milestone_on", UNTIL, {"months": 18, "reading": "convergence_from"})
    days = {
        "declaration": DECLARATION,
        "order_published": date(2026, 1, 30),
        "applications_close": date(2026, 3, 13),
    }

    found = outcome(asked, said(milestone_on=milestone_on), days=days, reading={"convergence_from": reading})

    assert found.reasons == (frozenset() if holds else {Reason.MILESTONE_TOO_LATE})


BY_PAPER, BY_CERTIFICATE = asks("paper", IS, group="paper"), asks("certificate", IS, group="certificate")


def test_one_whole_group_is_enough() -> None:
    always = asks("signed", IS)

    def found(**values: Any) -> State:
        return conditions.judge(case(said(**values), of=objective(always, BY_PAPER, BY_CERTIFICATE))).outcome.state

    assert found(signed=True, certificate=True) is State.SATISFIED
    assert found(signed=True, paper=True, certificate=False) is State.SATISFIED
    assert found(certificate=True) is State.RECOVERABLE
    assert found(signed=True) is State.RECOVERABLE


def test_the_group_that_nobody_contradicted_gives_the_reasons() -> None:
    asked = objective(BY_PAPER, BY_CERTIFICATE)

    assert conditions.judge(case(said(paper=False), of=asked)).outcome.reasons == {Reason.NOT_DECLARED}


def test_the_group_that_people_began_gives_the_reasons() -> None:
    begun = (asks("plan", IS, group="plan"), asks("limit", AT_LEAST, 3, group="plan"))
    other = (asks("done", IS, group="done"), asks("description", EVIDENCE, group="done"))

    found = conditions.judge(case(said(plan=True, limit=2), of=objective(*other, *begun))).outcome

    assert found.reasons == {Reason.CONDITION_NOT_MET}


def test_the_way_that_people_began_and_lost_still_gives_its_reasons() -> None:
    audit = asks("audited_on", YOUNGER, {"months": 24, "on": "phase_start"}, group="audit")
    too_old = said(audited_on=date(2023, 1, 1))

    found = conditions.judge(case(too_old, of=objective(BY_CERTIFICATE, audit)))

    assert found.outcome.reasons == {Reason.NOT_DECLARED, Reason.OUTSIDE_WINDOW}
    assert (found.outcome.state, found.way) == (State.RECOVERABLE, "certificate")


def test_a_way_that_people_said_they_do_not_take_leaves_the_other() -> None:
    other = (asks("report", IS, group="other"), asks("proof", EVIDENCE, group="other"))

    found = conditions.judge(case(said(paper=False), of=objective(BY_PAPER, *other))).outcome

    assert found.reasons == {Reason.NOT_DECLARED, Reason.PROOF_MISSING}


@pytest.mark.parametrize(
    ("values", "way", "missing"),
    [
        pytest.param({}, "paper", ["signed", "paper", "proof"], id="nothing declared: the first way, whole"),
        pytest.param({"signed": True, "certificate": False}, "paper", ["paper", "proof"], id="not what was denied"),
        pytest.param({"signed": True, "paper": True}, "paper", ["proof"], id="what was begun"),
        pytest.param({"certificate": True}, "certificate", ["signed"], id="what is asked of every way"),
        pytest.param({"signed": True, "certificate": True, "paper": False}, "certificate", [], id="one way is enough"),
    ],
)
def test_what_is_missing_is_told_of_the_way_that_counts(
    values: dict[str, Any], way: str, missing: Sequence[str]
) -> None:
    whole = (asks("signed", IS), BY_PAPER, asks("proof", EVIDENCE, group="paper"), BY_CERTIFICATE)
    asked = objective(*whole, asks("yearly", IS, advice=True))

    found = conditions.judge(case(*([said(**values)] if values else []), of=asked))

    assert (found.way, list(found.missing)) == (way, missing)
    assert (found.numbers["way"], found.numbers["missing"]) == (way, missing)


def test_without_groups_there_is_one_way_that_bears_no_name() -> None:
    found = conditions.judge(case(said(signed=False), of=objective(asks("signed", IS), asks("yearly", IS))))

    assert (found.way, found.missing) == (None, ("signed", "yearly"))


def test_a_group_may_look_at_a_fact_of_its_own() -> None:
    asked = objective(BY_PAPER, asks("granted", IS, group="exemption", fact="exemption"))

    assert conditions.judge(case(said("exemption", granted=True), of=asked)).outcome.state is State.SATISFIED
    assert conditions.judge(case(said(paper=True), of=asked)).outcome.state is State.SATISFIED


def test_the_best_of_several_declarations_counts() -> None:
    asked = objective(asks("held_on", WITHIN, PHASE))
    declared = [said(held_on=day) for day in (date(2026, 2, 1), date(2026, 8, 1), date(2026, 12, 1))]

    found = conditions.judge(case(*declared, of=asked))

    assert found.outcome.state is State.SATISFIED
    assert found.numbers["declared"] == 3


def test_an_advice_is_said_and_blocks_nothing() -> None:
    advised = asks("yearly", IS, advice=True)
    declared = said(signed=True, yearly=False)

    assert conditions.judge(case(declared, of=objective(asks("signed", IS), advised))).outcome.state is State.SATISFIED
    assert rows(asks("signed", IS), advised, declared=declared)["yearly"] == {
        "field": "yearly",
        "label": "yearly",
        "met": False,
        "value": False,
        "advice": True,
        "group": None,
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (date(2026, 8, 1), "2026-08-01"),
        (Decimal("12.50"), "12.50"),
        (("a", "b"), ["a", "b"]),
        (43, 43),
        (None, None),
    ],
    ids=["day", "decimal", "list", "whole", "nothing"],
)
def test_what_was_declared_is_shown_as_json_holds_it(value: Any, shown: object) -> None:
    declared = said() if value is None else said(field=value)

    assert rows(asks("field", FILLED), declared=declared)["field"]["value"] == shown


def test_the_rows_keep_the_order_of_the_conditions() -> None:
    asked = (BY_PAPER, asks("signed", IS), BY_CERTIFICATE)

    assert list(rows(*asked)) == ["paper", "signed", "certificate"]
