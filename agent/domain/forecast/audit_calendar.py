"""
A calendar of the audits that remain, on working days only: the fewest that the rules accept, evenly spread.

Days are proposed by arithmetic and kept by the rules alone: a calendar stands when, asked about each unit with clean
audits on these days, they are satisfied under every reading that is not lost already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise, product

from agent.domain.deadlines import add_days, days_between
from agent.domain.forecast.lone_unit import LoneUnit, ReadingPins
from agent.domain.forecast.obligation import PlannedAudit
from agent.domain.forecast.working_days import WorkingDays
from agent.domain.programme import RuleName
from agent.domain.scenario import ExposureTool
from agent.domain.verdict import Verdict

MARGIN_DAYS = 5
"""How long before the prudent due date an audit is proposed: the interval aimed at is 55 days for a limit of 60."""
NEAR_AIM_DAYS = 57
"""Two days more than the interval aimed at are still near enough to spare an audit."""
APART_MIN, APART_MAX = 45, 59
"""
How many days separate the last two industrial audits: far enough to count for the rhythm, near enough for the one
before to stand for the last, if that one shows a critical vulnerability and a further audit is run.
"""
_BEFORE_THE_END = (14, 21, 28, 35, 42, 49, 56, 7)
"""How many days before the last useful one the last industrial audit is tried, the preferred first."""
_WEEK = 7
"""Audits that catch up a mean are not proposed closer than this, while there is room."""
_MOST_MORE = 5
INDUSTRIAL = ExposureTool.INDUSTRIAL.value


@dataclass(frozen=True, slots=True)
class Plan:
    """
    Days proposed for some cases, and whether the rules are satisfied with them.

    `at_least` is the fewest audits that the rhythm leaves, None where the rules give no such figure.
    """

    audits: tuple[PlannedAudit, ...]
    verified: bool
    at_least: int | None = None


def plan(cases: Sequence[LoneUnit], working: WorkingDays) -> Plan:
    """
    Return one calendar for `cases`: the objectives of one directory, or of exposed elements audited together.

    Cases that are lost, or that no audit settles, are left aside; without any other, nothing is proposed.
    """
    open_cases = [_Open(case) for case in cases if _is_open(case)]
    if not open_cases:
        return Plan((), verified=False)
    audits, verified = _Search(open_cases, working).best()
    figures = [figure for one in open_cases if (figure := _fewest(one.case)) is not None]
    if verified and audits:  # the figure counts audits run on their last days: a catch-up may need fewer
        figures = [min(figure, len(audits)) for figure in figures]
    return Plan(audits, verified=verified, at_least=max(figures, default=None) if verified or not audits else None)


def satisfies(case: LoneUnit, audits: Sequence[PlannedAudit]) -> bool:
    """Return whether clean audits on these days satisfy the rules at the declaration, as far as they still can."""
    return _Open(case).satisfied(audits)


def needed(case: LoneUnit) -> int:
    """Return how many clean audits an objective of level still asks for."""
    entry = case.ask(case.judged_on)
    figure = None if entry is None else entry.numbers.get("audits_needed")
    return figure if isinstance(figure, int) else 0


def _fewest(case: LoneUnit) -> int | None:
    entry = case.ask(max(case.as_of, *case.upcoming[-1:]) if case.upcoming else case.as_of)
    figure = None if entry is None else entry.numbers.get("remaining_audits_min")
    return figure if isinstance(figure, int) else None


def _is_open(case: LoneUnit) -> bool:
    entry = case.ask(case.as_of)
    if entry is None or case.doomed is not None or "NEEDS_DECISION" in entry.reasons:
        return False
    return entry.verdict in {Verdict.MET, Verdict.AT_RISK}


@dataclass(frozen=True)
class _Open:
    """A case that audits can still satisfy, under the readings that are not lost."""

    case: LoneUnit

    @cached_property
    def needed(self) -> int:
        return needed(self.case)

    @cached_property
    def first_day(self) -> date:
        """The first day of an audit: one a day, no more."""
        day = self.case.as_of
        return add_days(day, 1) if day in self.case.audited_days else day

    @cached_property
    def last_day(self) -> date:
        """The last day of an audit that this case still asks for."""
        return self.case.last_useful_day if self.needed else self.case.ends_on

    @cached_property
    def readings(self) -> tuple[ReadingPins, ...]:
        case = self.case
        entry = case.ask(case.as_of)
        readings = (*case.strict(), *case.lenient())
        if entry is None or not entry.contested:
            return readings
        return tuple(one for one in readings if not case.is_lost(case.as_of, reading=one))

    def satisfied(self, audits: Sequence[PlannedAudit]) -> bool:
        end = self.case.ask(self.case.declaration, audits)
        if end is None or end.verdict in {Verdict.MET, Verdict.NOT_APPLICABLE}:
            return True
        if end.verdict is Verdict.NOT_MET:
            return False
        return not any(self.case.is_lost(self.case.declaration, audits, reading=one) for one in self.readings)


@dataclass(frozen=True)
class _Search:
    """The search of a calendar for open cases."""

    cases: Sequence[_Open]
    working: WorkingDays

    @cached_property
    def rhythms(self) -> list[LoneUnit]:
        return [one.case for one in self.cases if one.case.is_rhythm]

    @cached_property
    def levels(self) -> list[_Open]:
        return [one for one in self.cases if one.case.objective.rule is RuleName.EXPOSURE_LEVEL]

    @cached_property
    def first_day(self) -> date:
        return max(one.first_day for one in self.cases)

    def best(self) -> tuple[tuple[PlannedAudit, ...], bool]:
        """
        Return the fewest audits that satisfy every case and keep each rhythm in time, and whether they do.

        Of as many audits, those whose last industrial ones are apart, then those with the most margin before their due
        dates; those that only satisfy the rules at the end come last. When none does, the first ones tried.
        """
        choices = [tails for tails in self._tails() if tails] or [[()]]
        nearest: tuple[PlannedAudit, ...] | None = None
        late: tuple[PlannedAudit, ...] | None = None
        for total, tails in product(self._totals(), choices):
            kept: dict[int, tuple[PlannedAudit, ...]] = {}
            for tail in tails:
                spread = self._spread(total - len(tail), tail) if len(tail) <= total else None
                audits = None if spread is None else (*spread, *tail)
                if audits is None:
                    continue
                if not all(one.satisfied(audits) for one in self.cases):
                    nearest = nearest or audits
                    continue
                margin = _margin(self.rhythms, audits)
                if margin is None:
                    late = late or audits
                    continue
                kept.setdefault(margin, audits)
                if margin >= MARGIN_DAYS:
                    break
            if kept:
                return kept[max(kept)], True
        return (late, True) if late is not None else (nearest or (), False)

    def _totals(self) -> Iterator[int]:
        """Yield how many audits are tried: what brings the mean near the aim, then more, then fewer."""
        runs = max((one.needed for one in self.cases if one.case.objective.rule is RuleName.SCORE), default=0)
        aimed = runs
        if any(case.due(case.seen_on((), date.max), ()) is not None for case in self.rhythms):
            aimed = max(aimed, *map(_aimed, self.rhythms))
        yield from range(aimed, aimed + _MOST_MORE)
        yield from range(aimed - 1, runs - 1, -1)

    def _tails(self) -> Iterator[list[tuple[PlannedAudit, ...]]]:
        """
        Yield the last audits that a calendar may have: industrial ones for exposed elements, else none.

        First those well apart from each other, or from the one before a single one; then the others.
        """
        if all(one.satisfied(()) for one in self.levels):
            yield [()]
            return
        first = max(one.first_day for one in self.levels)
        last = min(one.case.last_useful_day for one in self.levels)
        opens = max(first, *(day for one in self.levels if (day := _window_opens(one.case)) is not None), date.min)
        apart = (*self._one_apart(first, last, opens), *_two_apart(first, last, opens, self.working))
        for choices in (apart, _closer(first, last, opens, self.working)):
            tails = [tuple(PlannedAudit(day=day, tool=INDUSTRIAL) for day in days) for days in dict.fromkeys(choices)]
            yield [tail for tail in tails if all(one.satisfied(tail) for one in self.levels)]

    def _one_apart(self, first: date, last: date, opens: date) -> Iterator[tuple[date, ...]]:
        """Yield the one audit that may be enough: well after the one before it, or before the last one supposed."""
        missing = [one for one in self.levels if one.needed]
        before = [days[-1] for one in missing if (days := one.case.audited_days)]
        if not before or any(one.needed > 1 for one in missing):
            return
        low = max(first, opens, add_days(max(before), APART_MIN))
        day = self.working.within(low, low, min(last, add_days(min(before), APART_MAX)))
        if day is not None:
            yield (day,)
        if min(before) > first:
            day = _well_before(min(before), first, self.working)
            if day is not None:
                yield (day,)

    def _spread(self, count: int, tail: tuple[PlannedAudit, ...]) -> tuple[PlannedAudit, ...] | None:
        """
        Return `count` working days from today to the tail, around the audits supposed; None when they do not fit.

        Evenly spread, unless a due date comes sooner; what is overdue is caught up first.
        """
        cases = self.rhythms or [one.case for one in self.cases]
        previous = min(
            max((day for day in case.audited_days if day <= case.as_of), default=case.starts_on) for case in cases
        )
        end = tail[0].day if tail else min(case.ends_on for case in cases)
        last = min(add_days(end, -1) if tail else end, *(one.last_day for one in self.cases))
        supposed = frozenset[date].intersection(*(frozenset(case.upcoming) for case in self.rhythms or cases))
        found: list[PlannedAudit] = []
        for start, stop, shared in _shared_out(count, [previous, *(day for day in sorted(supposed) if day < end), end]):
            previous, latest = start, min(last, add_days(stop, -1) if stop < end else last)
            for left in range(shared, 0, -1):
                day = self._next(previous, stop, latest, left, found)
                if day is None:
                    return None
                found.append(PlannedAudit(day=day))
                previous = day
        return tuple(found)

    def _next(self, previous: date, stop: date, latest: date, left: int, before: Sequence[PlannedAudit]) -> date | None:
        """Return the day of the next audit after `previous`, when `left` of them are to be run before `stop`."""
        low = max(self.first_day, add_days(previous, 1))
        wanted = add_days(previous, days_between(previous, stop) // (left + 1))
        dues = [due for case in self.rhythms if (due := case.due(case.seen_on(before, stop), before)) is not None]
        if dues and min(dues) < low:
            wanted = add_days(previous, min(_WEEK, days_between(previous, latest) // left)) if before else low
        elif dues and min(dues) <= latest:
            wanted = min(wanted, add_days(min(dues), -MARGIN_DAYS))
            return self.working.within(wanted, low, min(dues)) or self.working.within(low, low, latest)
        return self.working.within(wanted, low, latest)


def _window_opens(case: LoneUnit) -> date | None:
    entry = case.ask(case.as_of)
    opens = None if entry is None else entry.numbers.get("last_audit_window_opens")
    return opens if isinstance(opens, date) else None


def _two_apart(first: date, last: date, opens: date, working: WorkingDays) -> Iterator[tuple[date, ...]]:
    """Yield pairs of audits: a critical vulnerability in the last one is then made good by one more audit."""
    for days in _BEFORE_THE_END:
        ending = working.within(add_days(last, -days), opens, last)
        before = None if ending is None else _well_before(ending, first, working)
        if ending is not None and before is not None:
            yield before, ending
    ending = working.within(opens, opens, last)
    before = None if ending is None else working.on_or_after(max(first, add_days(ending, -APART_MAX)))
    if ending is not None and before is not None and days_between(before, ending) >= APART_MIN:
        yield before, ending


def _well_before(day: date, first: date, working: WorkingDays) -> date | None:
    nearest, farthest = add_days(day, -APART_MIN), add_days(day, -APART_MAX)
    return working.within(add_days(day, -(APART_MIN + APART_MAX) // 2), max(first, farthest), nearest)


def _closer(first: date, last: date, opens: date, working: WorkingDays) -> Iterator[tuple[date, ...]]:
    """Yield a single audit, then, when days are few, two as close as they must be, with a margin at the end first."""
    two_weeks_left = add_days(last, -_BEFORE_THE_END[0])
    singles = (working.within(wanted, opens, last) for wanted in (opens, two_weeks_left, last))
    yield from ((day,) for day in singles if day is not None)
    soonest, latest = working.within(first, first, last), working.within(last, first, last)
    if soonest is None or latest is None or days_between(soonest, two_weeks_left) > APART_MAX:
        return
    half = add_days(soonest, days_between(soonest, last) // 2)
    for wanted in (max(half, two_weeks_left), half, add_days(soonest, _WEEK), add_days(soonest, 1), last):
        ending = working.within(wanted, max(opens, add_days(soonest, 1)), last)
        if ending is not None:
            yield soonest, ending
    before = working.within(latest, first, add_days(latest, -1))
    if before is not None:
        yield before, latest


def _aimed(case: LoneUnit) -> int:
    """Return how many audits bring the mean over the whole phase near the aim."""
    days = days_between(case.starts_on, case.ends_on)
    return max(0, -(-days // NEAR_AIM_DAYS) - 1 - len(case.audited_days))


def _shared_out(count: int, days: Sequence[date]) -> list[tuple[date, date, int]]:
    """Return the intervals between `days`, each with its share of `count` audits: the next where they are scarcest."""
    spans = list(pairwise(days))
    shares = [0] * len(spans)
    for _ in range(count):
        apart = [days_between(*span) / (share + 1) for span, share in zip(spans, shares, strict=True)]
        shares[apart.index(max(apart))] += 1
    return [(start, stop, share) for (start, stop), share in zip(spans, shares, strict=True)]


def _margin(rhythms: Sequence[LoneUnit], audits: Sequence[PlannedAudit]) -> int | None:
    """
    Return how many days before their prudent due dates the audits come, at most `MARGIN_DAYS`.

    None when one of them comes after the date that those before it leave; one overdue from the start is late anyway.
    """
    margin = MARGIN_DAYS
    for case in rhythms:
        for day in sorted({*(audit.day for audit in audits), *case.upcoming}):
            before = [audit for audit in audits if audit.day < day]
            seen_on = case.seen_on(before, day)
            due = case.due(seen_on, before)
            if due is not None and seen_on <= due:
                margin = min(margin, days_between(day, due))
    return margin if margin >= 0 else None
