"""A crisis exercise held in the window, one for several units only when they share one SI (D1.O3)."""

from __future__ import annotations

from agent.domain.rules.case import Case, Judgement
from agent.domain.rules.conditions import judge_with
from agent.domain.rules.outcome import Reason


def judge(case: Case) -> Judgement:
    """
    Return what the exercises declared about a unit say; the best one counts.

    An exercise about several units covers them iff their directions took part and their SI is single
    (declared, never computed). An exemption is a group of conditions of its own: a decision and its RETEX.
    """
    return judge_with(
        case, {one.field: Reason.SHARED_WITHOUT_SINGLE_SI for one in case.objective.conditions if one.shared}
    )
