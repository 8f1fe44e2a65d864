"""Whether an establishment may apply: one branch of the text holds whole (D1bis eligibility)."""

from __future__ import annotations

from dataclasses import replace

from agent.domain.rules import conditions
from agent.domain.rules.case import Case, Judgement
from agent.domain.rules.outcome import Reason, lost


def judge(case: Case) -> Judgement:
    """Return what was declared of an establishment; known to be outside every branch, nothing repairs it."""
    judgement = conditions.judge(case)
    branches = {condition.group for condition in case.objective.conditions}
    if {check.condition.group for check in judgement.checks if check.met is False} != branches:
        return judgement
    return replace(judgement, outcome=lost(Reason.NOT_ELIGIBLE))
