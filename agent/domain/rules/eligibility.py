"""Whether an establishment may apply: one branch of the text holds whole, or the authority said so (D1bis)."""

from __future__ import annotations

from dataclasses import replace

from agent.domain.programme import Test
from agent.domain.rules import conditions
from agent.domain.rules.case import Case, Judgement
from agent.domain.rules.outcome import Reason, lost


def judge(case: Case) -> Judgement:
    """
    Return what was declared of an establishment; known to be outside every branch, nothing repairs it.

    A named day that has come (the validation of the application) settles it, whatever was declared.
    """
    judgement = conditions.judge(case)
    branches = {one.group for one in case.objective.conditions if one.test is not Test.REACHED}
    contradicted = {check.condition.group for check in judgement.checks if check.met is False}
    if judgement.outcome.state.holds or contradicted != branches:
        return judgement
    return replace(judgement, outcome=lost(Reason.NOT_ELIGIBLE))
