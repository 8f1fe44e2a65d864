"""The steps of an objective A: the audits of one unit on a line, its first audit, its mean, its reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import cast

from agent.domain.deadlines import days_between
from agent.domain.explanation import steps
from agent.domain.explanation.ground import Ground
from agent.domain.programme import RuleName, Subject
from agent.domain.rules import cadence, two_month_interval
from agent.domain.rules.report_availability import last_download_day
from agent.domain.rules.timeline import AS_OF, DECLARATION, RETIRED, Timeline
from agent.domain.units.unit import Unit


def regularity_steps(ground: Ground, unit: Unit) -> Iterator[steps.Step]:
    """Yield how regularly one unit was audited; every test stands under each reading that changes its figure."""
    everything = cast("Timeline", unit.material(ground.counting(lost=True)))
    proved = cast("Timeline", unit.material(ground.counting(lost=False)))
    ways = cast("dict[bool | None, Timeline]", ground.ways(unit))
    gone = {run.id for run in everything.runs} - {run.id for run in proved.runs}
    is_2024 = ground.objective.rule is RuleName.TWO_MONTH_INTERVAL
    gap_tests = _interval_tests if is_2024 else _gap_tests
    yield steps.Timeline(
        start=everything.start,
        end=everything.open_end,
        audits=tuple(ground.audit(unit, run.id, lost=run.id in gone) for run in everything.runs),
        intervals=_intervals(everything),
        tests=tuple(test for way, timeline in ways.items() for test in gap_tests(ground, timeline, way)),
        sources=ground.cited("interval", "tolerance", "gap"),
    )
    if not is_2024 or not everything.runs:
        by_way = [tuple(_first_tests(ground, timeline, way)) for way, timeline in ways.items()]
        alike = {tuple(replace(test, counts_lost=None) for test in tests) for tests in by_way}
        yield steps.FirstAudit(
            on=everything.runs[0].day if everything.runs else None,
            tests=alike.pop() if len(alike) == 1 else tuple(test for tests in by_way for test in tests),
            sources=ground.cited("first_audit", "interval"),
        )
    mean_tests = _tolerance_tests if is_2024 else _mean_tests
    means = tuple(dict.fromkeys(test for way, line in ways.items() for test in mean_tests(ground, line, way)))
    if everything.runs and means:
        sources = ground.cited("tolerance") if is_2024 else ground.cited("mean")
        yield steps.Mean(tests=means, any_holds=is_2024, sources=sources)
    if ground.objective.subject is Subject.DIRECTORIES:
        yield from _reports(ground, everything, gone)


def _days(timeline: Timeline) -> list[date]:
    return [timeline.start, *(run.day for run in timeline.runs), timeline.open_end]


def _intervals(timeline: Timeline) -> tuple[steps.Interval, ...]:
    """Return the intervals of a unit, from its start to the open end."""
    end = RETIRED if timeline.is_retired else DECLARATION if timeline.final else AS_OF
    names = [steps.START, *(run.id for run in timeline.runs), end]
    return tuple(
        steps.Interval(since=since, until=until, days=days_between(earlier, later))
        for (since, until), (earlier, later) in zip(pairwise(names), pairwise(_days(timeline)), strict=True)
    )


def _gap_tests(ground: Ground, timeline: Timeline, counts_lost: bool | None) -> Iterator[steps.GapTest]:
    seen: set[int | None] = set()
    for reading in ground.varying("ads_gap", "gap_cmp"):
        largest = cadence.measures(timeline, ground.frame.first_audit, ground.scenario.settings, reading).largest_gap
        if largest in seen:
            continue
        seen.add(largest)
        judged = _intervals(timeline)[1:]  # the first interval has its own test
        over = () if largest is None else tuple(one for one in judged if one.days > largest)
        yield steps.GapTest(
            reading=reading["ads_gap"] if largest is None else reading["gap_cmp"],
            days=largest,
            months=None,
            counts_lost=counts_lost,
            longest_days=max((one.days for one in judged), default=0),
            over=over,
            holds=not over,
        )


def _interval_tests(ground: Ground, timeline: Timeline, counts_lost: bool | None) -> Iterator[steps.GapTest]:
    settings, months = ground.scenario.settings, ground.objective.interval_months
    in_days = {"tolerance": settings.gap_days, "each_60d": settings.mean_days}
    judged = _intervals(timeline)
    for reading in ground.varying("d1_interval"):
        value = str(reading["d1_interval"])
        over = tuple(
            one
            for one, (earlier, later) in zip(judged, pairwise(_days(timeline)), strict=True)
            if later > two_month_interval.last_day_after(earlier, months, settings, reading)
        )
        yield steps.GapTest(
            reading=value,
            days=in_days.get(value),
            months=None if value in in_days else months,
            counts_lost=counts_lost,
            longest_days=max(one.days for one in judged),
            over=over,
            holds=not over,
        )


def _first_tests(ground: Ground, timeline: Timeline, counts_lost: bool | None) -> Iterator[steps.FirstAuditTest]:
    settings = ground.scenario.settings
    first = timeline.runs[0].day if timeline.runs else None
    name = "d1_interval" if ground.objective.rule is RuleName.TWO_MONTH_INTERVAL else "first_audit"
    for reading in ground.varying(name):
        if name == "d1_interval":
            months = ground.objective.interval_months
            last_day = two_month_interval.last_day_after(timeline.start, months, settings, reading)
        else:
            last_day = cadence.measures(timeline, ground.frame.first_audit, settings, reading).last_first
        pending = first is None and timeline.as_of <= last_day and not timeline.final
        yield steps.FirstAuditTest(
            reading=reading[name],
            last_day=last_day,
            counts_lost=counts_lost,
            holds=None if pending else first is not None and first <= last_day,
        )


def _mean_tests(ground: Ground, timeline: Timeline, counts_lost: bool | None) -> Iterator[steps.MeanTest]:
    settings = ground.scenario.settings
    for reading in ground.varying("mean_mode", "ads_gap", "mean_cmp"):
        measured = cadence.measures(timeline, ground.frame.first_audit, settings, reading)
        mode = "edges" if measured.with_edges else "between"
        yield _mean_test(
            timeline,
            mode,
            measured.mean,
            limit_days=settings.mean_days,
            strictly=reading["mean_cmp"] == "lt",
            counts_lost=counts_lost,
            holds=measured.mean_holds,
        )


def _tolerance_tests(ground: Ground, timeline: Timeline, counts_lost: bool | None) -> Iterator[steps.MeanTest]:
    settings = ground.scenario.settings
    intervals = {test.reading: test.holds for test in _interval_tests(ground, timeline, counts_lost)}
    if "tolerance" not in intervals or intervals.get("strict_2months"):
        return  # intervals that hold to the letter are tolerated whatever their mean
    for mode, mean in (("edges", timeline.mean_edges()), ("between", timeline.mean_between())):
        yield _mean_test(
            timeline,
            mode,
            mean,
            limit_days=settings.mean_days,
            strictly=False,
            counts_lost=counts_lost,
            holds=two_month_interval.tolerates(mean, settings),
        )


def _mean_test(
    timeline: Timeline,
    mode: str,
    mean: Fraction | None,
    *,
    limit_days: int,
    strictly: bool,
    counts_lost: bool | None,
    holds: bool,
) -> steps.MeanTest:
    count = len(timeline.runs) + 1 if mode == "edges" else max(len(timeline.runs) - 1, 0)
    return steps.MeanTest(
        mode=mode,
        elapsed_days=0 if mean is None else int(mean * count),
        intervals=count,
        days=mean,
        limit_days=limit_days,
        strictly=strictly,
        counts_lost=counts_lost,
        holds=holds,
    )


def _reports(ground: Ground, timeline: Timeline, gone: set[str]) -> Iterator[steps.Reports]:
    settings = ground.scenario.settings
    counted = {run.id for run in timeline.runs}
    waiting = [audit for audit in ground.scenario.ads_audits if audit.id in counted and not audit.downloaded]
    if waiting:
        yield steps.Reports(
            months=settings.report_months,
            reports=tuple(
                steps.Report(
                    audit=audit.id,
                    available_on=audit.report_available,
                    last_download_on=last_download_day(audit.report_available, settings),
                    lost=audit.id in gone,
                )
                for audit in waiting
            ),
            sources=ground.cited("reports"),
        )
