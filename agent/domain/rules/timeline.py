"""The life of one unit seen by a cadence rule, and the figures that describe it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from operator import sub

from agent.domain.deadlines import days_between, earliest

AS_OF, DECLARATION, RETIRED = "AS_OF", "DECLARATION", "RETIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One audit of one unit."""

    id: str
    day: date


@dataclass(frozen=True, slots=True)
class Gap:
    """Days between two audits, or between the last one and the open end."""

    days: int
    since: str
    until: str


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """
    The audits of one unit from `start` (the phase's, or its own later one: `own_start`), oldest first.

    Only audits that count are in `runs`: from the start to `seen_on`, while the unit lived.
    `retired` is never after `as_of`: a planned retirement may yet slip.
    Its figures are worked out once: every reading looks at the same ones.
    """

    start: date
    own_start: bool
    as_of: date
    phase_end: date
    retired: date | None
    runs: tuple[Run, ...]

    @cached_property
    def seen_on(self) -> date:
        """The day the photo is taken: today, but never after the phase."""
        return min(self.as_of, self.phase_end)

    @property
    def final(self) -> bool:
        """Whether the phase is over: nothing is repaired any more."""
        return self.as_of >= self.phase_end

    @property
    def is_retired(self) -> bool:
        """Whether the unit had left service on the day of the photo."""
        return self.retired is not None and self.retired <= self.seen_on

    @cached_property
    def open_end(self) -> date:
        """Where the last interval ends: the photo, or the retirement before it."""
        return min(self.seen_on, self.retired) if self.retired is not None else self.seen_on

    @cached_property
    def horizon(self) -> date:
        """The day until which the cadence has to be kept: the phase's end, or the retirement."""
        return earliest([self.phase_end, self.retired]) or self.phase_end

    @cached_property
    def repair_days(self) -> int:
        """How many audits can still be run, one a day from today to the horizon; a day already audited is excluded."""
        if self.final or self.as_of > self.horizon:
            return 0
        return days_between(self.as_of, self.horizon) + 1 - (bool(self.runs) and self.runs[-1].day == self.as_of)

    def mean_between(self) -> Fraction | None:
        """Return the mean interval between audits in days, None with fewer than two."""
        if len(self.runs) <= 1:
            return None
        return Fraction(days_between(self.runs[0].day, self.runs[-1].day), len(self.runs) - 1)

    def mean_edges(self) -> Fraction:
        """Return the mean interval in days, from the start to the open end (negative before the start)."""
        return Fraction(days_between(self.start, self.open_end), len(self.runs) + 1)

    @cached_property
    def intervals(self) -> list[int]:
        """The days between consecutive audits."""
        days = [run.day.toordinal() for run in self.runs]
        return list(map(sub, days[1:], days))

    @cached_property
    def longest_interval(self) -> int:
        """The largest of the intervals between audits, 0 without any."""
        return max(self.intervals, default=0)

    def open_gap(self) -> int:
        """Return the days from the last audit to the open end; there is at least one audit."""
        return days_between(self.runs[-1].day, self.open_end)

    def largest_gap(self) -> Gap | None:
        """Return the largest gap after the first audit, the earliest of equals; None without audit."""
        if not self.runs:
            return None
        if self.intervals and self.longest_interval >= self.open_gap():
            rank = self.intervals.index(self.longest_interval)
            return Gap(self.longest_interval, self.runs[rank].id, self.runs[rank + 1].id)
        end = RETIRED if self.is_retired else DECLARATION if self.final else AS_OF
        return Gap(self.open_gap(), self.runs[-1].id, end)


def mean_between_after_repair(timeline: Timeline) -> Fraction | None:
    """Return the lowest mean between audits that further audits can bring, None when they bring none."""
    total = len(timeline.runs) + timeline.repair_days
    if not timeline.runs or not timeline.repair_days or total <= 1:
        return None
    return Fraction(days_between(timeline.runs[0].day, timeline.horizon), total - 1)


def mean_edges_after_repair(timeline: Timeline) -> Fraction | None:
    """Return the lowest mean with the edges that further audits can bring, None when none can be run."""
    if not timeline.repair_days:
        return None
    return Fraction(days_between(timeline.start, timeline.horizon), len(timeline.runs) + timeline.repair_days + 1)
