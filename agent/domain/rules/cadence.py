"""The 2026 cadence: a first audit early enough, no hole, and a mean interval within the limit (D1.O1.A, D1.O2.A)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache, partial
from typing import NamedTuple

from agent.domain.answers import Admissible, Answers, always, ask
from agent.domain.deadlines import add_days, add_months, earliest
from agent.domain.programme import Settings
from agent.domain.rules.outcome import NOT_APPLICABLE, Outcome, Reading, Reason, State, lost, recoverable, satisfied
from agent.domain.rules.timeline import Timeline, mean_between_after_repair, mean_edges_after_repair

_LIMITING = ("ads_gap", "gap_cmp", "mean_cmp", "mean_mode")


class Mean(NamedTuple):
    """Which mean interval is limited, with the edges or between audits, and whether strictly."""

    with_edges: bool
    strictly: bool


class Limits(NamedTuple):
    """What the readings make of the limits: the largest gap in days (None: none), and the mean."""

    largest_gap: int | None
    mean: Mean

    @classmethod
    def under(cls, reading: Reading, settings: Settings) -> Limits:
        """Return the limits under a reading."""
        strictly = reading["mean_cmp"] == "lt"
        if reading.get("ads_gap") == "phase_mean_only":
            return cls(None, Mean(with_edges=True, strictly=strictly))
        largest_gap = settings.gap_days - (reading["gap_cmp"] == "lt")
        return cls(largest_gap, Mean(with_edges=reading["mean_mode"] == "edges", strictly=strictly))


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAudit:
    """When the first audit is due: `months` after the start, and never after `by` (the phase's own start only)."""

    by: date | None
    months: int

    def last_day(self, start: date, settings: Settings, reading: Reading, *, own_start: bool) -> date:
        """Return the last admissible day of the first audit of what starts on `start`, under a reading."""
        after_days = add_days(start, settings.mean_days)
        wanted = reading["first_audit"]
        if wanted == "absolute":
            return after_days if own_start or self.by is None else self.by
        last = add_months(start, self.months) if wanted == "start_plus_2m" else after_days
        return last if own_start or self.by is None else min(last, self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What the cadence compares under one reading: `largest_gap` None without a maximum, `mean` None with one audit."""

    last_first: date
    largest_gap: int | None
    with_edges: bool
    mean: Fraction | None
    mean_holds: bool


def measures(timeline: Timeline, first_audit: FirstAudit, settings: Settings, reading: Reading) -> Measures:
    """Return the figures that the cadence judges on, for those who explain it."""
    limits = Limits.under(reading, settings)
    return Measures(
        last_first=first_audit.last_day(timeline.start, settings, reading, own_start=timeline.own_start),
        largest_gap=limits.largest_gap,
        with_edges=limits.mean.with_edges,
        mean=timeline.mean_edges() if limits.mean.with_edges else timeline.mean_between(),
        mean_holds=_mean_state(timeline, settings, limits.mean) is State.SATISFIED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """The cadence that an objective asks, under every reading it admits; `first_days` by start, and whether its own."""

    settings: Settings
    limits: Answers[Limits]
    first_days: Callable[[date, bool], Answers[date]]

    @classmethod
    def of(cls, first_audit: FirstAudit, settings: Settings, admissible: Admissible) -> Cadence:
        """Return the cadence; readings that come to the same limits are one question, and units that start together."""

        @cache
        def first_days(start: date, own_start: bool) -> Answers[date]:
            return ask(
                admissible,
                ("first_audit",),
                lambda reading: first_audit.last_day(start, settings, reading, own_start=own_start),
            )

        limits = ask(admissible, _LIMITING, lambda reading: Limits.under(reading, settings))
        return cls(settings=settings, limits=limits, first_days=first_days)

    def judge(self, timeline: Timeline) -> Answers[Outcome]:
        """Return what the cadence says of one unit; the tests stop at the first one that is broken."""
        first = self.first_days(timeline.start, timeline.own_start).map(partial(_first_broken, timeline))
        return first.then(lambda broken: always(broken) if broken else self._kept(timeline))

    def _kept(self, timeline: Timeline) -> Answers[Outcome]:
        """Return what the gaps and the means make of a unit whose first audit came in time."""
        means = {
            mean: _mean_state(timeline, self.settings, mean) for mean in {one.mean for one in self.limits.distinct}
        }
        found = self.limits.map(lambda limits: self._standing(timeline, limits, means[limits.mean]))
        return found.map(lambda standing: self._told(timeline, *standing))

    def _standing(self, timeline: Timeline, limits: Limits, mean: State) -> tuple[State, Reason | None, date | None]:
        """Return a state, the broken test behind it, and the next due date; `mean` is how the limited mean stands."""
        broken = _broken_gap(timeline, limits.largest_gap)
        if broken is not None:
            return State.LOST, broken, None
        due = next_due(timeline, self.settings, limits)
        return mean, None if mean is State.SATISFIED else Reason.MEAN_EXCEEDED, due

    def _told(self, timeline: Timeline, state: State, broken: Reason | None, due: date | None) -> Outcome:
        if broken is None:
            return satisfied(due, as_of=timeline.as_of, warn_days=self.settings.warn_days)
        return lost(broken) if state is State.LOST else recoverable(broken, next_due=due)


def _first_broken(timeline: Timeline, last_first: date) -> Outcome | None:
    """Return what the first audit settles alone, None when it came in time."""
    if is_out_of_view(timeline, last_first):
        return NOT_APPLICABLE
    if not timeline.runs:
        return _without_audit(timeline, last_first)
    return lost(Reason.FIRST_AUDIT_LATE) if timeline.runs[0].day > last_first else None


def is_out_of_view(timeline: Timeline, last_first: date) -> bool:
    """Return whether a unit starts after the photo, or was retired unaudited before its first audit was due."""
    if timeline.own_start and timeline.start > timeline.seen_on:
        return True
    retired = timeline.retired
    return not timeline.runs and retired is not None and retired <= min(timeline.as_of, last_first)


def next_due(timeline: Timeline, settings: Settings, limits: Limits) -> date | None:
    """Return the day by which a unit already audited has to be audited again, None when the phase ends before."""
    count, largest = len(timeline.runs), limits.largest_gap
    by_gap = None if largest is None else add_days(timeline.runs[-1].day, largest)
    by_mean: date | None = None
    if limits.mean.with_edges:
        by_mean = add_days(timeline.start, settings.mean_days * (count + 1) - limits.mean.strictly)
    elif by_gap is not None and by_gap < timeline.horizon:
        # The mean between audits binds only once another audit has to be run.
        by_mean = add_days(timeline.runs[0].day, settings.mean_days * count - limits.mean.strictly)
    return earliest([day for day in (by_gap, by_mean) if day is not None and day < timeline.horizon])


def remaining_audits(timeline: Timeline, settings: Settings) -> int:
    """Return how many audits the phase still needs when each is run on the prudent due date."""
    count, start, horizon = len(timeline.runs), timeline.start.toordinal(), timeline.horizon.toordinal()
    due = timeline.runs[-1].day.toordinal() if timeline.runs else start
    needed, most = 0, max(0, horizon - start)
    while needed < most:
        by_mean = start + settings.mean_days * (count + needed + 1) - 1
        due = min(due + settings.gap_days - 1, by_mean) if count + needed else start + settings.mean_days
        if due >= horizon:
            break
        needed += 1
    return needed


def _without_audit(timeline: Timeline, last_first: date) -> Outcome:
    if timeline.final:
        return lost(Reason.NO_AUDIT)
    if timeline.as_of > last_first:
        return lost(Reason.FIRST_AUDIT_LATE)
    return recoverable(Reason.NO_AUDIT, next_due=first_due(timeline, last_first))


def first_due(timeline: Timeline, last_first: date) -> date:
    """Return when the first audit is due: its last admissible day, within the phase once that has started."""
    if timeline.as_of < timeline.start:
        return last_first
    return min(last_first, timeline.horizon)


def _broken_gap(timeline: Timeline, largest: int | None) -> Reason | None:
    if largest is None:
        return None
    if timeline.longest_interval > largest:
        return Reason.GAP_EXCEEDED
    return Reason.OPEN_GAP_EXCEEDED if timeline.open_gap() > largest else None


def _mean_state(timeline: Timeline, settings: Settings, mean: Mean) -> State:
    """Return whether a mean interval is kept, can be kept with further audits, or is lost."""
    found = timeline.mean_edges() if mean.with_edges else timeline.mean_between()
    if found is None or _within(found, settings, mean):
        return State.SATISFIED
    repaired = mean_edges_after_repair(timeline) if mean.with_edges else mean_between_after_repair(timeline)
    return State.RECOVERABLE if repaired is not None and _within(repaired, settings, mean) else State.LOST


def _within(found: Fraction, settings: Settings, mean: Mean) -> bool:
    return found < settings.mean_days if mean.strictly else found <= settings.mean_days
