from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from agent.domain.programme import Test as ConditionTest
from agent.domain.rules import eligibility
from agent.domain.rules.case import Judgement
from agent.domain.rules.outcome import Reason, State
from tests.unit.domain.declared_cases import DECLARATION, TODAY, asks, case, objective, said

TWO_BRANCHES = objective(
    asks("eligible_before", ConditionTest.IS, value=False, group="new"),
    asks("category", ConditionTest.ONE_OF, ["1101"], group="new"),
    asks("eligible_before", ConditionTest.IS, group="again"),
    asks("did_nothing", ConditionTest.IS, group="again"),
)


def test_one_branch_that_holds_is_enough() -> None:
    new = said(eligible_before=False, category="1101")
    again = said(eligible_before=True, did_nothing=True)

    assert eligibility.judge(case(new, of=TWO_BRANCHES)).outcome.state is State.SATISFIED
    assert eligibility.judge(case(again, of=TWO_BRANCHES)).outcome.state is State.SATISFIED


def test_outside_every_branch_nothing_repairs_it() -> None:
    found = eligibility.judge(case(said(eligible_before=False, category="9999"), of=TWO_BRANCHES)).outcome

    assert found.state is State.LOST
    assert found.reasons == {Reason.NOT_ELIGIBLE}


def test_as_long_as_one_branch_may_hold_it_is_open() -> None:
    found = eligibility.judge(case(said(eligible_before=True), of=TWO_BRANCHES)).outcome

    assert found.state is State.RECOVERABLE
    assert found.reasons == {Reason.NOT_DECLARED}


def test_what_was_said_of_one_branch_does_not_close_the_other() -> None:
    found = eligibility.judge(case(said(category="9999"), of=TWO_BRANCHES)).outcome

    assert found.state is State.RECOVERABLE


VALIDATED = replace(
    TWO_BRANCHES,
    conditions=(*TWO_BRANCHES.conditions, asks("validation", ConditionTest.REACHED, group="validated")),
)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="nothing declared"),
        pytest.param({"eligible_before": True}, id="not said whole"),
        pytest.param({"eligible_before": False, "category": "9999"}, id="outside every branch"),
    ],
)
def test_the_validation_of_the_application_settles_it_from_its_day(values: dict[str, Any]) -> None:
    declared = [said(**values)] if values else []
    unset = eligibility.judge(case(*declared, of=VALIDATED))

    def on(validated: date) -> Judgement:
        days = {"declaration": DECLARATION, "validation": validated}
        return eligibility.judge(case(*declared, of=VALIDATED, days=days))

    assert on(TODAY).outcome.state is State.SATISFIED
    assert on(TODAY).way == "validated"
    assert on(TODAY + timedelta(days=1)).outcome.reasons == unset.outcome.reasons
    assert unset.outcome == eligibility.judge(case(*declared, of=TWO_BRANCHES)).outcome
    assert unset.missing == eligibility.judge(case(*declared, of=TWO_BRANCHES)).missing
