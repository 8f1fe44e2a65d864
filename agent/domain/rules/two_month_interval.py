"""The 2024 cadence: an audit every two months, to the letter or with a tolerance (D1.O1.A, D1.O2.A of D1_2024)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise

from agent.domain.answers import Admissible, Answers, ask
from agent.domain.deadlines import add_days, add_months, days_between
from agent.domain.programme import Settings
from agent.domain.rules.cadence import first_due, is_out_of_view
from agent.domain.rules.outcome import NOT_APPLICABLE, Outcome, Reading, Reason, lost, recoverable, satisfied
from agent.domain.rules.timeline import Timeline, mean_between_after_repair, mean_edges_after_repair

_TO_THE_LETTER: Reading = {"d1_interval": "strict_2months"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoMonthInterval:
    """The interval that an objective asks, `months` long, under every reading it admits."""

    months: int
    settings: Settings
    admissible: Admissible

    def judge(self, timeline: Timeline) -> Answers[Outcome]:
        """Return what the interval says of one unit."""
        to_the_letter = _every_interval_within(timeline, self.months, self.settings, _TO_THE_LETTER)
        return ask(
            self.admissible,
            ("d1_interval",),
            lambda reading: self._under(timeline, reading, to_the_letter=to_the_letter),
        )

    def _under(self, timeline: Timeline, reading: Reading, *, to_the_letter: bool) -> Outcome:
        months, settings = self.months, self.settings
        last_first = last_day_after(timeline.start, months, settings, reading)
        if is_out_of_view(timeline, last_first):
            return NOT_APPLICABLE
        if not timeline.runs:
            if timeline.final or timeline.as_of > last_first:
                return lost(Reason.NO_AUDIT)
            return recoverable(Reason.NO_AUDIT, next_due=first_due(timeline, last_first))
        if reading["d1_interval"] == "tolerance":
            return _with_tolerance(timeline, months, settings, to_the_letter=to_the_letter)
        strictly = reading["d1_interval"] == "strict_2months"
        if not (to_the_letter if strictly else _every_interval_within(timeline, months, settings, reading)):
            return lost(Reason.INTERVAL_OVER_2_MONTHS)
        due = last_day_after(timeline.runs[-1].day, months, settings, reading)
        return _satisfied_until(due, timeline, settings)


def last_day_after(day: date, months: int, settings: Settings, reading: Reading) -> date:
    """Return the last admissible day of the audit that follows `day` (the start or an audit)."""
    match reading["d1_interval"]:
        case "tolerance":
            return add_days(day, settings.gap_days)
        case "each_60d":
            return add_days(day, settings.mean_days)
        case _:
            return add_months(day, months)


def tolerates(mean: Fraction | None, settings: Settings) -> bool:
    """Return whether the tolerance admits a mean interval; there is none with too few audits."""
    return mean is not None and mean <= settings.mean_days


def _every_interval_within(timeline: Timeline, months: int, settings: Settings, reading: Reading) -> bool:
    days = [timeline.start, *(run.day for run in timeline.runs), timeline.open_end]
    return all(later <= last_day_after(earlier, months, settings, reading) for earlier, later in pairwise(days))


def _with_tolerance(timeline: Timeline, months: int, settings: Settings, *, to_the_letter: bool) -> Outcome:
    count, first, last = len(timeline.runs), timeline.runs[0].day, timeline.runs[-1].day
    by_mean = max(
        add_months(last, months),
        add_days(timeline.start, settings.mean_days * (count + 1)),
        add_days(first, settings.mean_days * count),
    )
    due = min(add_days(last, settings.gap_days), by_mean)
    if to_the_letter:
        return _satisfied_until(due, timeline, settings)
    if max(days_between(timeline.start, first), timeline.longest_interval, timeline.open_gap()) > settings.gap_days:
        return lost(Reason.GAP_EXCEEDED)
    if any(tolerates(mean, settings) for mean in (timeline.mean_edges(), timeline.mean_between())):
        return _satisfied_until(due, timeline, settings)
    repaired = (mean_edges_after_repair(timeline), mean_between_after_repair(timeline))
    if any(tolerates(mean, settings) for mean in repaired):
        return recoverable(Reason.MEAN_EXCEEDED, next_due=due if due < timeline.horizon else None)
    return lost(Reason.MEAN_EXCEEDED)


def _satisfied_until(due: date, timeline: Timeline, settings: Settings) -> Outcome:
    within = due if due < timeline.horizon else None
    return satisfied(within, as_of=timeline.as_of, warn_days=settings.warn_days)
