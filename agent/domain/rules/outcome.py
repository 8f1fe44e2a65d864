"""What a rule says of one thing (a unit, an establishment, the candidate) under one reading of the texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum
from functools import cache

from agent.domain.deadlines import days_between, earliest
from agent.domain.programme import ReadingValue

Reading = Mapping[str, ReadingValue]
"""One value for each reading that bears on an objective."""


class State(IntEnum):
    """How a thing stands, best first; a worst-of is the maximum."""

    NOT_APPLICABLE = 0
    SATISFIED = 1
    DUE_SOON = 2
    RECOVERABLE = 3
    LOST = 4

    @property
    def holds(self) -> bool:
        """Whether the objective is reached on the day of the evaluation."""
        return self in {State.SATISFIED, State.DUE_SOON}


class Reason(StrEnum):
    """Why: the codes of audits and of aggregation, then those of declared facts."""

    NO_AUDIT = "NO_AUDIT"
    FIRST_AUDIT_LATE = "FIRST_AUDIT_LATE"
    GAP_EXCEEDED = "GAP_EXCEEDED"
    OPEN_GAP_EXCEEDED = "OPEN_GAP_EXCEEDED"
    MEAN_EXCEEDED = "MEAN_EXCEEDED"
    INTERVAL_OVER_2_MONTHS = "INTERVAL_OVER_2_MONTHS"
    DUE_SOON = "DUE_SOON"
    OVERDUE = "OVERDUE"
    REPORT_DOWNLOAD_SOON = "REPORT_DOWNLOAD_SOON"
    REPORT_NOT_DOWNLOADED = "REPORT_NOT_DOWNLOADED"
    REPORT_LOST = "REPORT_LOST"
    NOT_ENOUGH_AUDITS = "NOT_ENOUGH_AUDITS"
    SCORE_BELOW_2 = "SCORE_BELOW_2"
    CRITICAL_IN_LAST = "CRITICAL_IN_LAST"
    CRITICAL_IN_PENULTIMATE = "CRITICAL_IN_PENULTIMATE"
    HIGH_NOT_FIXED = "HIGH_NOT_FIXED"
    LAST_AUDIT_TOO_OLD = "LAST_AUDIT_TOO_OLD"
    SILENE_IN_LAST_TWO = "SILENE_IN_LAST_TWO"
    SHARE_BELOW_THRESHOLD = "SHARE_BELOW_THRESHOLD"
    TOO_FEW_ESTABLISHMENTS = "TOO_FEW_ESTABLISHMENTS"
    SUPPORT_NOT_MET = "SUPPORT_NOT_MET"
    NEEDS_DECISION = "NEEDS_DECISION"
    DECLARATION_TOO_LATE = "DECLARATION_TOO_LATE"
    NOT_DECLARED = "NOT_DECLARED"
    CONDITION_NOT_MET = "CONDITION_NOT_MET"
    OUTSIDE_WINDOW = "OUTSIDE_WINDOW"
    PROOF_MISSING = "PROOF_MISSING"
    PLANNED = "PLANNED"
    SHARED_WITHOUT_SINGLE_SI = "SHARED_WITHOUT_SINGLE_SI"
    MILESTONE_TOO_LATE = "MILESTONE_TOO_LATE"
    CHOICE_INVALID = "CHOICE_INVALID"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A state, the reasons for it, and the next day on which something is due (None once lost)."""

    state: State
    reasons: frozenset[Reason] = frozenset()
    next_due: date | None = None


NOT_APPLICABLE = Outcome(State.NOT_APPLICABLE)
NEEDS_DECISION = Outcome(State.RECOVERABLE, frozenset({Reason.NEEDS_DECISION}))


def satisfied(next_due: date | None, *, as_of: date, warn_days: int) -> Outcome:
    """Return a satisfied outcome, due soon when `next_due` is at most `warn_days` away or past."""
    if next_due is None or days_between(as_of, next_due) > warn_days:
        return Outcome(State.SATISFIED, next_due=next_due)
    reason = Reason.OVERDUE if next_due < as_of else Reason.DUE_SOON
    return Outcome(State.DUE_SOON, frozenset({reason}), next_due)


def recoverable(*reasons: Reason, next_due: date | None) -> Outcome:
    """Return an outcome that something done from now on can repair."""
    return Outcome(State.RECOVERABLE, frozenset(reasons), next_due)


@cache
def lost(*reasons: Reason) -> Outcome:
    """Return an outcome that nothing can repair any more."""
    return Outcome(State.LOST, frozenset(reasons))


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the worst state of those that apply, with the reasons of all and the first of their due dates."""
    gathered = [outcome for outcome in outcomes if outcome.state is not State.NOT_APPLICABLE]
    state = max((outcome.state for outcome in gathered), default=State.NOT_APPLICABLE)
    return Outcome(
        state,
        frozenset().union(*(outcome.reasons for outcome in gathered)),
        None if state is State.LOST else earliest([outcome.next_due for outcome in gathered]),
    )


def by_declaration(outcome: Outcome, *, declaration: date, last_day: date, as_of: date) -> Outcome:
    """Return an outcome as a declaration planned after the programme's last day leaves it."""
    if declaration <= last_day:
        return outcome
    at_best = State.RECOVERABLE if as_of <= last_day else State.LOST
    state = max(outcome.state, at_best) if outcome.state is not State.NOT_APPLICABLE else outcome.state
    reasons = outcome.reasons | {Reason.DECLARATION_TOO_LATE}
    return Outcome(state, reasons, None if state is State.LOST else outcome.next_due)
