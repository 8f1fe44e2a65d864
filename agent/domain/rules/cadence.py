"""The 2026 cadence: a first audit early enough, no hole, and a mean interval within the limit (D1.O1.A, D1.O2.A)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from agent.domain.deadlines import add_days, add_months, earliest
from agent.domain.programme import Settings
from agent.domain.rules.outcome import NOT_APPLICABLE, Outcome, Reading, Reason, lost, recoverable, satisfied
from agent.domain.rules.timeline import Timeline, mean_between_after_repair, mean_edges_after_repair

PRUDENT: Reading = {
    "mean_mode": "edges",
    "mean_cmp": "lt",
    "gap_cmp": "lt",
    "ads_gap": "apply",
    "first_audit": "start_plus_60d",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAudit:
    """When the first audit is due: `months` after the start, and never after `by` (the phase's own start only)."""

    by: date | None
    months: int

    def last_day(self, timeline: Timeline, settings: Settings, reading: Reading) -> date:
        """Return the last admissible day of the first audit under a reading."""
        after_days = add_days(timeline.start, settings.mean_days)
        wanted = reading["first_audit"]
        if wanted == "absolute":
            return after_days if timeline.own_start or self.by is None else self.by
        last = add_months(timeline.start, self.months) if wanted == "start_plus_2m" else after_days
        return last if timeline.own_start or self.by is None else min(last, self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What the cadence compares under one reading: `largest_gap` None without a maximum, `mean` None with one audit."""

    last_first: date
    largest_gap: int | None
    with_edges: bool
    mean: Fraction | None
    mean_holds: bool


def measures(timeline: Timeline, first_audit: FirstAudit, settings: Settings, reading: Reading) -> Measures:
    """Return the figures that `cadence` judges on, for those who explain it."""
    mean = _mean(timeline, reading)
    return Measures(
        last_first=first_audit.last_day(timeline, settings, reading),
        largest_gap=_largest_gap(settings, reading),
        with_edges=_with_edges(reading),
        mean=mean,
        mean_holds=_within(mean, settings, reading),
    )


def cadence(timeline: Timeline, first_audit: FirstAudit, settings: Settings, reading: Reading) -> Outcome:
    """Return what the cadence says of one unit; the tests stop at the first one that is broken."""
    last_first = first_audit.last_day(timeline, settings, reading)
    if is_out_of_view(timeline, last_first):
        return NOT_APPLICABLE
    if not timeline.runs:
        return _without_audit(timeline, last_first)
    if timeline.runs[0].day > last_first:
        return lost(Reason.FIRST_AUDIT_LATE)
    largest = _largest_gap(settings, reading)
    if largest is not None and any(days > largest for days in timeline.intervals()):
        return lost(Reason.GAP_EXCEEDED)
    if largest is not None and timeline.open_gap() > largest:
        return lost(Reason.OPEN_GAP_EXCEEDED)
    due = next_due(timeline, settings, reading)
    if not _within(_mean(timeline, reading), settings, reading):
        repaired = _mean_after_repair(timeline, reading)
        if repaired is not None and _within(repaired, settings, reading):
            return recoverable(Reason.MEAN_EXCEEDED, next_due=due)
        return lost(Reason.MEAN_EXCEEDED)
    return satisfied(due, as_of=timeline.as_of, warn_days=settings.warn_days)


def is_out_of_view(timeline: Timeline, last_first: date) -> bool:
    """Return whether a unit starts after the photo, or was retired unaudited before its first audit was due."""
    if timeline.own_start and timeline.start > timeline.seen_on:
        return True
    retired = timeline.retired
    return not timeline.runs and retired is not None and retired <= min(timeline.as_of, last_first)


def next_due(timeline: Timeline, settings: Settings, reading: Reading) -> date | None:
    """Return the day by which a unit already audited has to be audited again, None when the phase ends before."""
    count, strictly = len(timeline.runs), reading["mean_cmp"] == "lt"
    largest = _largest_gap(settings, reading)
    by_gap = None if largest is None else add_days(timeline.runs[-1].day, largest)
    by_mean: date | None = None
    if _with_edges(reading):
        by_mean = add_days(timeline.start, settings.mean_days * (count + 1) - strictly)
    elif by_gap is not None and by_gap < timeline.horizon:
        # The mean between audits binds only once another audit has to be run.
        by_mean = add_days(timeline.runs[0].day, settings.mean_days * count - strictly)
    return earliest([day for day in (by_gap, by_mean) if day is not None and day < timeline.horizon])


def remaining_audits(timeline: Timeline, settings: Settings) -> int:
    """Return how many audits the phase still needs when each is run on the prudent due date."""
    runs = [run.day for run in timeline.runs]
    largest = settings.gap_days - 1
    most = max(0, (timeline.horizon - timeline.start).days)
    needed = 0
    while needed < most:
        if runs:
            by_mean = add_days(timeline.start, settings.mean_days * (len(runs) + 1) - 1)
            due = min(add_days(runs[-1], largest), by_mean)
        else:
            due = add_days(timeline.start, settings.mean_days)
        if due >= timeline.horizon:
            break
        runs.append(due)
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


def _largest_gap(settings: Settings, reading: Reading) -> int | None:
    if reading.get("ads_gap") == "phase_mean_only":
        return None
    return settings.gap_days - (reading["gap_cmp"] == "lt")


def _with_edges(reading: Reading) -> bool:
    return reading["mean_mode"] == "edges" or reading.get("ads_gap") == "phase_mean_only"


def _mean(timeline: Timeline, reading: Reading) -> Fraction | None:
    return timeline.mean_edges() if _with_edges(reading) else timeline.mean_between()


def _mean_after_repair(timeline: Timeline, reading: Reading) -> Fraction | None:
    return mean_edges_after_repair(timeline) if _with_edges(reading) else mean_between_after_repair(timeline)


def _within(mean: Fraction | None, settings: Settings, reading: Reading) -> bool:
    if mean is None:
        return True
    return mean < settings.mean_days if reading["mean_cmp"] == "lt" else mean <= settings.mean_days
