"""Directories as units: lineages, ADS runs, scores and reports (D1.O1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from agent.domain.programme import RuleName
from agent.domain.rules import score
from agent.domain.rules.outcome import NEEDS_DECISION, NOT_APPLICABLE, Outcome, Reading
from agent.domain.rules.report_availability import Notice, Report, notice_of, with_notice
from agent.domain.rules.score import ScoredRun, Scores
from agent.domain.rules.timeline import Run, Timeline
from agent.domain.scenario import AdsAudit, Directory, DirectoryKind, Scenario
from agent.domain.units.unit import Frame, Numbers, Unit, latest, next_free_day


@dataclass(frozen=True, slots=True)
class _Lineages:
    """Which directories took over from which, and the ADS runs on each."""

    by_id: Mapping[str, Directory]
    replaced: frozenset[str]
    runs: Mapping[str, tuple[AdsAudit, ...]]

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


def directory_units(frame: Frame) -> Iterable[Unit]:
    """Yield the directories that the objective looks at."""
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


@dataclass(frozen=True, slots=True)
class _Life:
    """A directory's life with all its runs, with those that can still be proved, and what its reports ask for."""

    everything: Timeline
    proved: Timeline
    notice: Notice


class _DirectoryCadence(_DirectoryUnit):
    def __init__(self, directory: Directory, owners: frozenset[str], frame: Frame, lineages: _Lineages) -> None:
        super().__init__(directory, owners, frame, lineages)
        self._lives: dict[tuple[bool, date], _Life] = {}

    def outcome(self, reading: Reading) -> Outcome | None:
        life, timeline = self._life(reading), self.material(reading)
        if not self.is_unit(reading, timeline.seen_on):
            return None
        if self.is_exempt or self.frame.is_out_of_view(timeline, reading):
            return NOT_APPLICABLE
        judged = NEEDS_DECISION if self.awaits_decision else self.frame.judge(timeline, reading)
        return with_notice(judged, life.notice)

    def material(self, reading: Reading) -> Timeline:
        life = self._life(reading)
        return life.everything if reading["lost_report"] == "counted" else life.proved

    def numbers(self, reading: Reading) -> Numbers:
        return self.frame.cadence_numbers(self._life(reading).everything)

    def _life(self, reading: Reading) -> _Life:
        key = (reading["migration"] == "chain", self.frame.phase_end(reading))
        if key not in self._lives:
            self._lives[key] = self._live(*key)
        return self._lives[key]

    def _live(self, chained: bool, phase_end: date) -> _Life:
        scenario = self.frame.scenario
        seen_on = min(scenario.as_of, phase_end)
        members = self.lineages.members(self.directory) if chained else [self.directory]
        start = max(self.frame.start, min(member.in_service or self.frame.start for member in members))
        last = min(seen_on, self.directory.retired or seen_on)
        counted = {
            audit.id
            for member in members
            for audit in self.lineages.runs[member.id]
            if start <= audit.day <= min(last, member.retired or last)
        }
        audits = [audit for audit in scenario.ads_audits if audit.id in counted]
        everything = Timeline(
            start=start,
            own_start=start > self.frame.start,
            as_of=scenario.as_of,
            phase_end=phase_end,
            retired=self._retired,
            runs=tuple(_run(audit) for audit in audits),
        )
        proved = [audit for audit in audits if not _report(audit).is_gone(seen_on, scenario.settings)]
        # A predecessor answers for its own reports until it has left.
        answers_for = {one.id for one in self.lineages.members(self.directory, gone_by=seen_on)}
        return _Life(
            everything,
            replace(everything, runs=tuple(_run(audit) for audit in proved)),
            notice_of(
                [_report(audit) for audit in audits if not chained or audit.directories & answers_for],
                seen_on=seen_on,
                final=everything.final,
                settings=scenario.settings,
            ),
        )


class _DirectoryScore(_DirectoryUnit):
    def outcome(self, reading: Reading) -> Outcome | None:
        scenario = self.frame.scenario
        if not self.is_unit(reading, self._seen_on):
            return None
        if self.is_exempt or not self._in_service_at_declaration:
            return NOT_APPLICABLE
        if self.awaits_decision:
            return NEEDS_DECISION
        scores = self.material(reading)
        return score.score(
            scores.runs,
            first_day=scores.first_day,
            as_of=scenario.as_of,
            declaration=scenario.phase.declaration,
            settings=scenario.settings,
        )

    def material(self, reading: Reading) -> Scores:
        runs = tuple(_scored(audit, self.id) for audit in self._audits(reading))
        return Scores(runs=runs, first_day=self._first_day)

    def numbers(self, reading: Reading) -> Numbers:
        del reading
        settings, final = self.frame.scenario.settings, self.frame.final
        runs = [_scored(audit, self.id) for audit in self._all_audits]
        achievable = score.earliest_achievable(runs, first_day=self._first_day, settings=settings)
        return {
            **latest(runs, self._seen_on),
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
        return next_free_day(max(as_of, self._start), [audit.day for audit in self._all_audits])

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
