"""The units of an objective: each directory or exposed element, its life, its audits, and the rule that judges it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from agent.domain.deadlines import days_between
from agent.domain.programme import Objective, RuleName, Subject
from agent.domain.rules import exposure_level, score
from agent.domain.rules.cadence import FirstAudit, cadence, is_out_of_view, remaining_audits
from agent.domain.rules.exposure_level import Demands, Exposure, ExposureRun, Vulnerability
from agent.domain.rules.outcome import NEEDS_DECISION, NOT_APPLICABLE, Outcome, Reading
from agent.domain.rules.report_availability import Report, with_reports
from agent.domain.rules.score import ScoredRun
from agent.domain.rules.timeline import Run, Timeline
from agent.domain.rules.two_month_interval import last_day_after, two_month_interval
from agent.domain.scenario import AdsAudit, Directory, DirectoryKind, ExposureTool, Scenario, Surface, SurfaceKind

Numbers = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What all units of an objective share: the scenario, the objective, and the phase's start within its window."""

    scenario: Scenario
    objective: Objective
    start: date

    def phase_end(self, reading: Reading) -> date:
        """Return when the phase ends under a reading: the declaration, or the control operations."""
        control = self.scenario.phase.control
        if control is not None and reading.get("d1_phase_end") == "control":
            return control
        return self.scenario.phase.declaration

    @property
    def final(self) -> bool:
        """Whether the declaration's day has come."""
        return self.scenario.as_of >= self.scenario.phase.declaration

    def judge(self, timeline: Timeline, reading: Reading) -> Outcome:
        """Return what the objective's cadence says of a timeline."""
        settings = self.scenario.settings
        if self.objective.rule is RuleName.TWO_MONTH_INTERVAL:
            return two_month_interval(timeline, self.objective.interval_months, settings, reading)
        return cadence(timeline, self._first_audit, settings, reading)

    def is_out_of_view(self, timeline: Timeline, reading: Reading) -> bool:
        """Return whether the objective does not look at a timeline at all."""
        settings = self.scenario.settings
        if self.objective.rule is RuleName.TWO_MONTH_INTERVAL:
            last_first = last_day_after(timeline.start, self.objective.interval_months, settings, reading)
        else:
            last_first = self._first_audit.last_day(timeline, settings, reading)
        return is_out_of_view(timeline, last_first)

    @property
    def _first_audit(self) -> FirstAudit:
        return FirstAudit(by=self.objective.first_audit_by, months=self.objective.interval_months)

    def cadence_numbers(self, timeline: Timeline) -> Numbers:
        """Return the figures of a unit of an objective A."""
        runs, gap, between = timeline.runs, timeline.largest_gap(), timeline.mean_between()
        planned = self.objective.rule is RuleName.CADENCE and not self.final and not timeline.is_retired
        return {
            "count": len(runs),
            "first_interval_days": days_between(timeline.start, runs[0].day) if runs else None,
            "max_gap_days": None if gap is None else gap.days,
            "max_gap_from": None if gap is None else gap.since,
            "max_gap_to": None if gap is None else gap.until,
            "mean_between": None if between is None else shown(between),
            "mean_edges": shown(timeline.mean_edges()) if timeline.open_end >= timeline.start else None,
            "latest_audit": runs[-1].id if runs else None,
            "latest_age_days": days_between(runs[-1].day, timeline.seen_on) if runs else None,
            "remaining_audits_min": remaining_audits(timeline, self.scenario.settings) if planned else None,
        }


class Unit(ABC):
    """One directory or exposed element under one objective; without `owners` it belongs to the candidate itself."""

    def __init__(self, unit_id: str, owners: frozenset[str], frame: Frame) -> None:
        self.id = unit_id
        self.owners = owners
        self.frame = frame

    @abstractmethod
    def outcome(self, reading: Reading) -> Outcome | None:
        """Return what the rule says under a reading, None when it is not a unit then."""

    @abstractmethod
    def numbers(self, reading: Reading) -> Numbers:
        """Return the figures of the unit; `reading` is the first admissible one."""


def shown(exact: Fraction) -> float:
    """Return an exact figure as it is displayed, with two decimals."""
    return float(round(exact, 2))


def units_of(scenario: Scenario, objective: Objective, start: date) -> list[Unit]:
    """Return the units of an objective, in the order of their ids."""
    frame = Frame(scenario=scenario, objective=objective, start=start)
    if objective.subject is Subject.DIRECTORIES:
        return list(_directory_units(frame))
    return list(_surface_units(frame))


# Directories


@dataclass(frozen=True, slots=True)
class _Lineages:
    """Which directories took over from which, and the ADS runs on each."""

    by_id: Mapping[str, Directory]
    replaced: frozenset[str]
    runs: Mapping[str, tuple[AdsAudit, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, scenario: Scenario, tools: Iterable[str]) -> _Lineages:
        runs: dict[str, list[AdsAudit]] = {directory.id: [] for directory in scenario.directories}
        for audit in scenario.ads_audits:
            if audit.tool in tools:
                for name in audit.directories:
                    runs[name].append(audit)
        return cls(
            by_id={directory.id: directory for directory in scenario.directories},
            replaced=frozenset(name for directory in scenario.directories for name in directory.replaces),
            runs={name: tuple(audits) for name, audits in runs.items()},
        )

    def has_left(self, directory: Directory, seen_on: date) -> bool:
        """Return whether a replaced directory is no unit any more: it was retired."""
        return directory.id in self.replaced and directory.retired is not None and directory.retired <= seen_on

    def members(self, directory: Directory, *, gone_by: date | None = None) -> list[Directory]:
        """Return a directory and those before it; with `gone_by`, only through those that had left by then."""
        found = {directory.id: directory}
        waiting = [directory]
        while waiting:
            for name in waiting.pop().replaces:
                earlier = self.by_id[name]
                if name not in found and (gone_by is None or self.has_left(earlier, gone_by)):
                    found[name] = earlier
                    waiting.append(earlier)
        return list(found.values())


def _directory_units(frame: Frame) -> Iterable[Unit]:
    lineages = _Lineages.of(frame.scenario, frame.objective.tools)
    unit = _DirectoryScore if frame.objective.rule is RuleName.SCORE else _DirectoryCadence
    for directory in frame.scenario.directories:
        owners = frame.scenario.candidate.owners(directory.establishments)
        if owners is not None:
            yield unit(directory, owners, frame, lineages)


class _DirectoryUnit(Unit):
    def __init__(self, directory: Directory, owners: frozenset[str], frame: Frame, lineages: _Lineages) -> None:
        super().__init__(directory.id, owners, frame)
        self.directory = directory
        self.lineages = lineages

    @property
    def _retired(self) -> date | None:
        """The day the directory left service; a retirement still to come is ignored."""
        retired = self.directory.retired
        return retired if retired is not None and retired <= self.frame.scenario.as_of else None

    def is_unit(self, reading: Reading, seen_on: date) -> bool:
        return reading["migration"] != "chain" or not self.lineages.has_left(self.directory, seen_on)

    @property
    def is_exempt(self) -> bool:
        return self.directory.kind is DirectoryKind.ENTRA_ONLY and self.directory.exempt

    @property
    def awaits_decision(self) -> bool:
        return self.directory.kind is DirectoryKind.ENTRA_ONLY and not self.directory.exempt


class _DirectoryCadence(_DirectoryUnit):
    def __init__(self, directory: Directory, owners: frozenset[str], frame: Frame, lineages: _Lineages) -> None:
        super().__init__(directory, owners, frame, lineages)
        self._lives: dict[tuple[bool, date], tuple[Timeline, tuple[AdsAudit, ...]]] = {}
        self._timelines: dict[tuple[bool, date], Timeline] = {}

    def outcome(self, reading: Reading) -> Outcome | None:
        phase_end = self.frame.phase_end(reading)
        seen_on = min(self.frame.scenario.as_of, phase_end)
        if not self.is_unit(reading, seen_on):
            return None
        timeline = self._timeline(reading, phase_end)
        if self.is_exempt or self.frame.is_out_of_view(timeline, reading):
            return NOT_APPLICABLE
        judged = NEEDS_DECISION if self.awaits_decision else self.frame.judge(timeline, reading)
        return with_reports(
            judged,
            self._reports(reading, timeline),
            seen_on=seen_on,
            final=timeline.final,
            settings=self.frame.scenario.settings,
        )

    def numbers(self, reading: Reading) -> Numbers:
        timeline, _ = self._life(reading, self.frame.phase_end(reading))
        return self.frame.cadence_numbers(timeline)

    def _timeline(self, reading: Reading, phase_end: date) -> Timeline:
        """Return the life of the unit with the audits that count under a reading."""
        timeline, audits = self._life(reading, phase_end)
        if reading["lost_report"] == "counted":
            return timeline
        key = (reading["migration"] == "chain", phase_end)
        if key not in self._timelines:
            settings = self.frame.scenario.settings
            kept = tuple(_run(audit) for audit in audits if not _report(audit).is_gone(timeline.seen_on, settings))
            self._timelines[key] = Timeline(
                start=timeline.start,
                own_start=timeline.own_start,
                as_of=timeline.as_of,
                phase_end=timeline.phase_end,
                retired=timeline.retired,
                runs=kept,
            )
        return self._timelines[key]

    def _life(self, reading: Reading, phase_end: date) -> tuple[Timeline, tuple[AdsAudit, ...]]:
        chained = reading["migration"] == "chain"
        key = (chained, phase_end)
        if key not in self._lives:
            members = self.lineages.members(self.directory) if chained else [self.directory]
            starts = [member.in_service for member in members]
            start = max([self.frame.start, *([] if None in starts else [min(day for day in starts if day)])])
            seen_on = min(self.frame.scenario.as_of, phase_end)
            audits = {
                audit.id
                for member in members
                for audit in self.lineages.runs[member.id]
                if start <= audit.day <= min(seen_on, member.retired or seen_on)
            }
            ordered = tuple(audit for audit in self.frame.scenario.ads_audits if audit.id in audits)
            timeline = Timeline(
                start=start,
                own_start=start > self.frame.start,
                as_of=self.frame.scenario.as_of,
                phase_end=phase_end,
                retired=self._retired,
                runs=tuple(_run(audit) for audit in ordered),
            )
            self._lives[key] = timeline, ordered
        return self._lives[key]

    def _reports(self, reading: Reading, timeline: Timeline) -> list[Report]:
        """Return the reports the unit answers for: its own runs', and those of the predecessors that have left."""
        _, audits = self._life(reading, timeline.phase_end)
        if reading["migration"] != "chain":
            return [_report(audit) for audit in audits]
        heirs_of = {member.id for member in self.lineages.members(self.directory, gone_by=timeline.seen_on)}
        return [_report(audit) for audit in audits if audit.directories & heirs_of]


class _DirectoryScore(_DirectoryUnit):
    def outcome(self, reading: Reading) -> Outcome | None:
        scenario = self.frame.scenario
        if not self.is_unit(reading, self._seen_on):
            return None
        if self.is_exempt or not self._in_service_at_declaration:
            return NOT_APPLICABLE
        if self.awaits_decision:
            return NEEDS_DECISION
        return score.score(
            [_scored(audit, self.id) for audit in self._audits(reading)],
            first_day=self._first_day,
            as_of=scenario.as_of,
            declaration=scenario.phase.declaration,
            settings=scenario.settings,
        )

    def numbers(self, reading: Reading) -> Numbers:
        del reading
        settings, final = self.frame.scenario.settings, self.frame.final
        runs = [_scored(audit, self.id) for audit in self._all_audits]
        achievable = score.earliest_achievable(runs, first_day=self._first_day, settings=settings)
        return {
            **_latest(runs, self._seen_on),
            "last_two_scores": [run.score for run in runs[-score.NEEDED :]],
            "audits_needed": None if final else score.audits_needed(runs, settings),
            "earliest_achievable": None if final else achievable,
        }

    @property
    def _seen_on(self) -> date:
        return min(self.frame.scenario.as_of, self.frame.scenario.phase.declaration)

    @property
    def _start(self) -> date:
        return max(self.frame.start, self.directory.in_service or self.frame.start)

    @property
    def _first_day(self) -> date:
        as_of = self.frame.scenario.as_of
        return _next_free_day(max(as_of, self._start), [audit.day for audit in self._all_audits])

    @property
    def _in_service_at_declaration(self) -> bool:
        declaration = self.frame.scenario.phase.declaration
        opened = self.directory.in_service is None or self.directory.in_service <= declaration
        return opened and (self.directory.retired is None or self.directory.retired > declaration)

    @property
    def _all_audits(self) -> list[AdsAudit]:
        last = min(self._seen_on, self.directory.retired or self._seen_on)
        return [audit for audit in self.lineages.runs[self.id] if self._start <= audit.day <= last]

    def _audits(self, reading: Reading) -> list[AdsAudit]:
        if reading["lost_report"] == "counted":
            return self._all_audits
        settings = self.frame.scenario.settings
        return [audit for audit in self._all_audits if not _report(audit).is_gone(self._seen_on, settings)]


def _run(audit: AdsAudit) -> Run:
    return Run(id=audit.id, day=audit.day)


def _report(audit: AdsAudit) -> Report:
    return Report(available_on=audit.report_available, downloaded=audit.downloaded)


def _scored(audit: AdsAudit, directory: str) -> ScoredRun:
    return ScoredRun(id=audit.id, day=audit.day, score=audit.score_of(directory))


# Exposed elements


def _surface_units(frame: Frame) -> Iterable[Unit]:
    unit = _SurfaceExposure if frame.objective.rule is RuleName.EXPOSURE_LEVEL else _SurfaceCadence
    for surface in frame.scenario.surfaces:
        owners = frame.scenario.candidate.owners(surface.establishments)
        if owners is not None and surface.kind is not SurfaceKind.VENDOR_SAAS:
            yield unit(surface, owners, frame)


class _SurfaceUnit(Unit):
    def __init__(self, surface: Surface, owners: frozenset[str], frame: Frame) -> None:
        super().__init__(surface.id, owners, frame)
        self.surface = surface
        self.start = max(frame.start, surface.exposed_from or frame.start)


class _SurfaceCadence(_SurfaceUnit):
    def __init__(self, surface: Surface, owners: frozenset[str], frame: Frame) -> None:
        super().__init__(surface, owners, frame)
        self._timelines: dict[date, Timeline] = {}

    def outcome(self, reading: Reading) -> Outcome | None:
        return self.frame.judge(self._timeline(self.frame.phase_end(reading)), reading)

    def numbers(self, reading: Reading) -> Numbers:
        return self.frame.cadence_numbers(self._timeline(self.frame.phase_end(reading)))

    def _timeline(self, phase_end: date) -> Timeline:
        if phase_end not in self._timelines:
            scenario = self.frame.scenario
            seen_on = min(scenario.as_of, phase_end)
            self._timelines[phase_end] = Timeline(
                start=self.start,
                own_start=self.start > self.frame.start,
                as_of=scenario.as_of,
                phase_end=phase_end,
                retired=None,
                runs=tuple(
                    Run(id=audit.id, day=audit.day)
                    for audit in scenario.exposure_audits
                    if audit.tool in self.frame.objective.tools
                    and audit.covers_surface(self.id)
                    and self.start <= audit.day <= seen_on
                ),
            )
        return self._timelines[phase_end]


class _SurfaceExposure(_SurfaceUnit):
    def __init__(self, surface: Surface, owners: frozenset[str], frame: Frame) -> None:
        super().__init__(surface, owners, frame)
        scenario, objective = frame.scenario, frame.objective
        declaration = scenario.phase.declaration
        seen_on = min(scenario.as_of, declaration)
        runs = tuple(
            ExposureRun(
                id=audit.id,
                day=audit.day,
                industrial=audit.tool in objective.tools,
                found=tuple(
                    Vulnerability(id=finding.id, cvss=finding.severity.cvss, label=finding.severity.label)
                    for finding in audit.findings
                    if finding.surface in {None, self.id}
                ),
            )
            for audit in scenario.exposure_audits
            if audit.tool is not ExposureTool.CYBERSURVEILLANCE
            and audit.covers_surface(self.id)
            and self.start <= audit.day <= seen_on
        )
        self.exposure = Exposure(
            runs=runs,
            start=self.start,
            as_of=scenario.as_of,
            seen_on=seen_on,
            declaration=declaration,
            demands=Demands(
                last_audit_ages=objective.last_audit_ages,
                antepenultimate=objective.antepenultimate,
                high_recurrence=objective.high_recurrence,
            ),
            settings=scenario.settings,
        )

    def outcome(self, reading: Reading) -> Outcome | None:
        if self.start > self.exposure.declaration:
            return NOT_APPLICABLE
        return exposure_level.exposure_level(self.exposure, reading)

    def numbers(self, reading: Reading) -> Numbers:
        del reading
        exposure, final = self.exposure, self.frame.final
        runs = [run for run in exposure.runs if run.industrial]
        last_two = runs[-exposure_level.NEEDED :]
        return {
            **_latest(runs, exposure.seen_on),
            "critical_last_two": sum(run.criticals("ge") for run in last_two),
            "critical_last_two_gt9": sum(run.criticals("gt") for run in last_two),
            "high_last_two": sum(one.is_high("ge") for run in last_two for one in run.found),
            "audits_needed": None if final else exposure_level.audits_needed(exposure, exposure_level.PRUDENT),
            "earliest_achievable": None if final else exposure_level.earliest_achievable(exposure),
            "last_audit_window_opens": None if final else exposure.window_opens,
        }


def _latest(runs: list[ScoredRun] | list[ExposureRun], seen_on: date) -> Numbers:
    return {
        "count": len(runs),
        "latest_audit": runs[-1].id if runs else None,
        "latest_age_days": days_between(runs[-1].day, seen_on) if runs else None,
        "last_two": [run.id for run in runs[-2:]],
    }


def _next_free_day(day: date, audited: Iterable[date]) -> date:
    return date.fromordinal(day.toordinal() + 1) if day in set(audited) else day
