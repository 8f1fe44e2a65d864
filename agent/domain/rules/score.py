"""The last two ADS scores of a directory are at least the minimum (D1.O1.B)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from agent.domain.deadlines import add_days
from agent.domain.programme import Settings
from agent.domain.rules.outcome import Outcome, Reason, lost, recoverable, satisfied

NEEDED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRun:
    """One ADS run of one directory; `score` None when the run gives it none."""

    id: str
    day: date
    score: int | float | None

    def reaches(self, settings: Settings) -> bool:
        """Return whether the score is at least the minimum."""
        return self.score is not None and self.score >= settings.min_score


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The runs of one directory that count, oldest first, and the first day on which another is possible."""

    runs: tuple[ScoredRun, ...]
    first_day: date


def score(runs: Sequence[ScoredRun], *, first_day: date, as_of: date, declaration: date, settings: Settings) -> Outcome:
    """
    Return what the last two scores say of one directory; `runs` are those that count, oldest first.

    `first_day` is the first day on which another run is possible.
    """
    needed = audits_needed(runs, settings)
    if not needed:
        return satisfied(None, as_of=as_of, warn_days=settings.warn_days)
    reasons = [Reason.NOT_ENOUGH_AUDITS] if len(runs) < NEEDED else []
    if not all(run.reaches(settings) for run in runs[-NEEDED:]):
        reasons.append(Reason.SCORE_BELOW_2)
    last_day = add_days(declaration, -settings.lead_days_ads)
    if as_of >= declaration or add_days(first_day, needed - 1) > last_day:
        return lost(*reasons)
    return recoverable(*reasons, next_due=add_days(last_day, -(needed - 1)))


def audits_needed(runs: Sequence[ScoredRun], settings: Settings) -> int:
    """Return how many further successive runs at the minimum or above are needed: 0, 1 or 2."""
    for needed in range(NEEDED):
        kept = runs[-(NEEDED - needed) :]
        if len(kept) == NEEDED - needed and all(run.reaches(settings) for run in kept):
            return needed
    return NEEDED


def earliest_achievable(runs: Sequence[ScoredRun], *, first_day: date, settings: Settings) -> date | None:
    """Return the first day on which the objective can be reached, None when it is."""
    needed = audits_needed(runs, settings)
    return add_days(first_day, needed - 1 + settings.lead_days_ads) if needed else None
