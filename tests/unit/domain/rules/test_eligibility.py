from __future__ import annotations

from agent.domain.programme import Test as ConditionTest
from agent.domain.rules import eligibility
from agent.domain.rules.outcome import Reason, State
from tests.unit.domain.declared_cases import asks, case, objective, said

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
