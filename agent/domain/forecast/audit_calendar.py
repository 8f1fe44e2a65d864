"""
A calendar of the audits that remain: evenly spread over what is left of the phase, on working days only.

Nothing is trusted to arithmetic: a calendar stands when the rules, asked about each unit with clean audits on these
days, are satisfied under every reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from agent.domain.deadlines import add_days, days_between
from agent.domain.forecast.lone_unit import LoneUnit
from agent.domain.forecast.obligation import PlannedAudit
from agent.domain.forecast.working_days import WorkingDays
from agent.domain.programme import RuleName
from agent.domain.rules.outcome import Reason
from agent.domain.scenario import ExposureTool
from agent.domain.verdict import Verdict

AIM_DAYS, NEAR_AIM_DAYS = 55, 57
"""The interval aimed at, five days under the limit of the mean; two days more are still near enough."""
APART_MIN, APART_MAX = 45, 59
"""
How many days separate the last two industrial audits: far enough to count for the rhythm, near enough for the one
before to stand for the last, if that one shows a critical vulnerability and a further audit is run.
"""

_MOST_MORE = 12
INDUSTRIAL = ExposureTool.INDUSTRIAL.value


@dataclass(frozen=True, slots=True)
class Plan:
    """Days proposed for some cases, and whether the rules are satisfied with them."""

    audits: tuple[PlannedAudit, ...]
    verified: bool


def plan(cases: Sequence[LoneUnit], working: WorkingDays) -> Plan:
    """
    Return one calendar for `cases`: the objectives of one directory, or of exposed elements audited together.

    Cases that are lost, or that no audit settles, are left aside; without any other, nothing is proposed.
    """
    open_cases = [case for case in cases if _is_open(case)]
    if not open_cases:
        return Plan((), verified=False)
    best: Plan | None = None
    for tail in _tails(open_cases, working):
        found = _with_tail(open_cases, tail, working)
        if found.verified:
            return found
        best = best or found
    return best or Plan((), verified=False)


def satisfies(cases: Sequence[LoneUnit], audits: Sequence[PlannedAudit]) -> bool:
    """Return whether clean audits on these days satisfy the rules at the declaration, as far as they still can."""
    return all(_satisfied(case, audits) for case in cases)


def fewest(case: LoneUnit) -> int | None:
    """Return how many audits the rhythm leaves at least, None where the rules give no such figure."""
    entry = case.ask(max(case.as_of, *case.upcoming[-1:]) if case.upcoming else case.as_of)
    figure = None if entry is None else entry.numbers.get("remaining_audits_min")
    return figure if isinstance(figure, int) else None


def needed(case: LoneUnit) -> int:
    """Return how many clean audits an objective of level still asks for."""
    entry = case.ask(case.judged_on)
    figure = None if entry is None else entry.numbers.get("audits_needed")
    return figure if isinstance(figure, int) else 0


def _is_open(case: LoneUnit) -> bool:
    entry = case.ask(case.as_of)
    if entry is None or case.doomed is not None or Reason.NEEDS_DECISION in entry.reasons:
        return False
    return entry.verdict in {Verdict.MET, Verdict.AT_RISK}


def _satisfied(case: LoneUnit, audits: Sequence[PlannedAudit]) -> bool:
    end = case.ask(case.declaration, audits)
    if end is None or end.verdict in {Verdict.MET, Verdict.NOT_APPLICABLE}:
        return True
    if end.verdict is Verdict.NOT_MET:
        return False
    # Some readings fail at the end: no calendar is to blame when those were lost from the start.
    return all(
        case.is_lost(case.as_of, reading=reading) or not case.is_lost(case.declaration, audits, reading=reading)
        for reading in (*case.strict(), *case.lenient())
    )


def _tails(cases: Sequence[LoneUnit], working: WorkingDays) -> Iterator[tuple[PlannedAudit, ...]]:
    """Yield the last audits of a calendar, the preferred first: industrial ones for exposed elements, else none."""
    levels = [case for case in cases if case.objective.rule is RuleName.EXPOSURE_LEVEL]
    if not levels or satisfies(levels, ()):
        yield ()
        return
    first = max(_first_day(case) for case in levels)
    last = min(case.last_useful_day for case in levels)
    opens = max((opening for case in levels if (opening := _window_opens(case))), default=first)
    wanted = [*_single(levels, first, last, opens, working), *_pairs(first, last, opens, working)]
    for days in wanted:
        tail = tuple(PlannedAudit(day=day, tool=INDUSTRIAL) for day in days)
        if satisfies(levels, tail):
            yield tail


def _window_opens(case: LoneUnit) -> date | None:
    entry = case.ask(case.as_of)
    opens = None if entry is None else entry.numbers.get("last_audit_window_opens")
    return opens if isinstance(opens, date) else None


def _single(levels: Sequence[LoneUnit], first: date, last: date, opens: date, working: WorkingDays) -> list[list[date]]:
    """Return the one audit that may be enough: in the window, well after the one before it or as late as can be."""
    if max(map(needed, levels)) > 1:
        return []
    before = [days[-1] for case in levels if needed(case) and (days := case.audited_days)]
    if not before:
        return []
    low = max(first, opens, add_days(max(before), APART_MIN))
    day = working.within(low, low, min(last, add_days(min(before), APART_MAX))) or working.on_or_before(last)
    return [] if day is None or day < first else [[day]]


def _pairs(first: date, last: date, opens: date, working: WorkingDays) -> Iterator[list[date]]:
    """
    Yield pairs of last audits: both in the window, then the last one only, then closer, then a single audit.

    With both in it, a critical vulnerability in the last is made good by one more audit, up to the declaration.
    """
    soonest, latest = working.on_or_after(first), working.on_or_before(last)
    if soonest is None or latest is None:
        return
    in_window = working.on_or_after(max(first, opens))
    after_it = None if in_window is None else working.on_or_after(add_days(in_window, APART_MIN))
    if in_window is not None and after_it is not None and after_it <= last:
        yield [in_window, after_it]
    middle = add_days(latest, -(APART_MIN + APART_MAX) // 2)
    before = working.within(middle, max(first, add_days(latest, -APART_MAX)), add_days(latest, -APART_MIN))
    if before is not None:
        yield [before, latest]
    if first <= soonest < latest:
        yield [soonest, latest]
    yield from ([day] for day in (in_window, latest) if day is not None and first <= day <= last)


def _with_tail(cases: Sequence[LoneUnit], tail: tuple[PlannedAudit, ...], working: WorkingDays) -> Plan:
    """Return the fewest evenly spread audits that, followed by `tail`, satisfy all cases and keep each rhythm."""
    rhythms = [case for case in cases if case.is_rhythm]
    runs = max((needed(case) for case in cases if case.objective.rule is RuleName.SCORE), default=0)
    at_least = max(runs, 0)
    if any(case.due(case.seen_on((), date.max), ()) is not None for case in rhythms):
        at_least = max(at_least, *(_aimed(case) - len(tail) for case in rhythms))
    best: Plan | None = None
    for count in range(at_least, at_least + _MOST_MORE):
        spread = _spread(cases, count, tail, working)
        if spread is None:
            break
        audits = (*spread, *tail)
        if not satisfies(cases, audits):
            continue
        kept = _kept_in_time(rhythms, audits)
        if kept:
            return Plan(audits, verified=True)
        best = best or Plan(audits, verified=True)
    return best or Plan(tail, verified=False)


def _aimed(case: LoneUnit) -> int:
    """Return how many audits bring the mean over the whole phase near the aim."""
    days = days_between(case.starts_on, case.ends_on)
    return -(-days // NEAR_AIM_DAYS) - 1 - len(case.audited_days)


def _spread(
    cases: Sequence[LoneUnit], count: int, tail: tuple[PlannedAudit, ...], working: WorkingDays
) -> tuple[PlannedAudit, ...] | None:
    """
    Return `count` working days evenly spread from the last audit to the tail, around the audits supposed.

    None when they do not fit.
    """
    rhythms = [case for case in cases if case.is_rhythm] or list(cases)
    previous = min(
        max((day for day in case.audited_days if day <= case.as_of), default=case.starts_on) for case in rhythms
    )
    first = max(_first_day(case) for case in cases)
    end = tail[0].day if tail else min(case.ends_on for case in cases)
    last = add_days(end, -1) if tail else min(add_days(end, -1), *(case.last_useful_day for case in cases))
    dues = [due for case in rhythms if (due := case.due(case.seen_on((), date.max), ())) is not None]
    supposed = frozenset[date].intersection(*(frozenset(case.upcoming) for case in rhythms))
    found: list[PlannedAudit] = []
    for start, stop, shared in _shared_out(count, [previous, *(day for day in sorted(supposed) if day < end), end]):
        previous, latest = start, min(last, add_days(stop, -1))
        for left in range(shared, 0, -1):
            low = max(first, add_days(previous, 1))
            high = min(latest, *dues) if dues and not found and min(dues) >= low else latest
            wanted = add_days(previous, days_between(previous, stop) // (left + 1))
            day = working.within(wanted, low, high) or working.within(low, low, latest)
            if day is None:
                return None
            found.append(PlannedAudit(day=day))
            previous = day
    return tuple(found)


def _shared_out(count: int, days: Sequence[date]) -> list[tuple[date, date, int]]:
    """Return the intervals between `days`, each with its share of `count` audits: the next where they are scarcest."""
    spans = list(pairwise(days))
    shares = [0] * len(spans)
    for _ in range(count):
        apart = [days_between(*span) / (share + 1) for span, share in zip(spans, shares, strict=True)]
        shares[apart.index(max(apart))] += 1
    return [(start, stop, share) for (start, stop), share in zip(spans, shares, strict=True)]


def _kept_in_time(rhythms: Sequence[LoneUnit], audits: Sequence[PlannedAudit]) -> bool:
    """Return whether each audit comes by the prudent due date that those before it leave; an overdue one is late."""
    for case in rhythms:
        for day in sorted({*(audit.day for audit in audits), *case.upcoming}):
            before = [audit for audit in audits if audit.day < day]
            seen_on = case.seen_on(before, day)
            due = case.due(seen_on, before)
            if due is not None and seen_on <= due < day:
                return False
    return True


def _first_day(case: LoneUnit) -> date:
    day = case.as_of
    return add_days(day, 1) if day in case.audited_days else day
