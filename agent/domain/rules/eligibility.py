"""Whether an establishment may apply: one branch of the text holds whole (D1bis eligibility)."""

from __future__ import annotations

from dataclasses import replace

from agent.domain.rules import conditions
from agent.domain.rules.case import Case, Judgement
from agent.domain.rules.outcome import Reason, lost


def judge(case: Case) -> Judgement:
    """Return what was declared of an establishment; known to be outside every branch, nothing repairs it."""
    judgement = conditions.judge(case)
    outcome = judgement.outcome
    if Reason.CONDITION_NOT_MET not in outcome.reasons:
        return judgement
    return replace(judgement, outcome=lost(*(outcome.reasons - {Reason.CONDITION_NOT_MET}), Reason.NOT_ELIGIBLE))
