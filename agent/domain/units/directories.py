"""Directories as units: lineages, ADS runs, scores and reports (D1.O1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from agent.domain.answers import Answers, always, ask
from agent.domain.programme import RuleName, Settings
from agent.domain.rules import score
from agent.domain.rules.outcome import NEEDS_DECISION, NOT_APPLICABLE, Outcome, Reading, State
from agent.domain.rules.report_availability import Notice, Report, notice_of, with_notice
from agent.domain.rules.score import ScoredRun, Scores
from agent.domain.rules.timeline import Run, Timeline
from agent.domain.scenario import AdsAudit, Directory, DirectoryKind, Scenario
from agent.domain.units.unit import Frame, Numbers, Unit, UnitJudgement, latest, next_free_day


@dataclass(frozen=True, slots=True)
class _Lineages:
    """Which directories took over from which, and the ADS runs on each."""

    by_id: Mapping[str, Directory]
    replaced: frozenset[str]
    audits: Sequence[AdsAudit]
    places: Mapping[str, Sequence[int]]
    """Where the audits of each directory are."""

    @classmethod
    def of(cls, scenario: Scenario, tools: Iterable[str]) -> _Lineages:
        places: dict[str, list[int]] = {directory.id: [] for directory in scenario.directories}
        for place, audit in enumerate(scenario.ads_audits):
            if audit.tool in tools:
                for name in audit.directories:
                    places[name].append(place)
        return cls(
            by_id={directory.id: directory for directory in scenario.directories},
            replaced=frozenset(name for directory in scenario.directories for name in directory.replaces),
            audits=scenario.ads_audits,
            places=places,
        )

    def runs_on(self, members: Iterable[Directory], start: date, last: date) -> list[AdsAudit]:
        """Return the audits of any of the members from `start` to `last`, within that member's life; oldest first."""
        counted = {
            place
            for member in members
            for place in self.places[member.id]
            if start <= self.audits[place].day <= min(last, member.retired or last)
        }
        return [self.audits[place] for place in sorted(counted)]

    def is_linked(self, directory: Directory) -> bool:
        """Return whether a directory took over from another, or another from it."""
        return bool(directory.replaces) or directory.id in self.replaced

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
    under = _DirectoryScore if frame.objective.rule is RuleName.SCORE else _DirectoryCadence
    for directory in frame.scenario.directories:
        owners = frame.scenario.candidate.owners(directory.establishments)
        if owners is None:
            continue
        judged = under(directory, frame, lineages)
        outcomes = judged.outcomes()
        if outcomes != always(None):
            yield Unit(directory.id, owners, UnitJudgement(outcomes, judged.numbers(), judged.material))


class _DirectoryUnit:
    def __init__(self, directory: Directory, frame: Frame, lineages: _Lineages) -> None:
        self.directory = directory
        self.frame = frame
        self.lineages = lineages

    def is_chained(self, reading: Reading) -> bool:
        """Return whether the directory is one with those it replaces, or that replace it."""
        return reading["migration"] == "chain" and self.lineages.is_linked(self.directory)

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
    def __init__(self, directory: Directory, frame: Frame, lineages: _Lineages) -> None:
        super().__init__(directory, frame, lineages)
        self._lives: dict[tuple[bool, date], _Life] = {}

    def outcomes(self) -> Answers[Outcome | None]:
        lives = ask(self.frame.admissible, ("migration", "d1_phase_end"), self._seen)
        return lives.then(self._outcomes_of)

    def material(self, reading: Reading) -> Timeline:
        life = self._life(self._seen(reading))
        return life.everything if _counts_lost(reading) else life.proved

    def numbers(self) -> Numbers:
        return self.frame.cadence_numbers(self._life(self._seen(self.frame.prudent)).everything)

    def _seen(self, reading: Reading) -> tuple[bool, date]:
        return self.is_chained(reading), self.frame.phase_end(reading)

    def _outcomes_of(self, seen: tuple[bool, date]) -> Answers[Outcome | None]:
        chained, phase_end = seen
        if chained and self.lineages.has_left(self.directory, min(self.frame.scenario.as_of, phase_end)):
            return always(None)
        if self.is_exempt:
            return always(NOT_APPLICABLE)
        life = self._life(seen)
        return self._judged(life).map(lambda outcome: self._told(outcome, life.notice))

    def _judged(self, life: _Life) -> Answers[Outcome]:
        rhythm = self.frame.rhythm
        if life.proved is life.everything:
            return rhythm.judge(life.everything)
        counted = ask(self.frame.admissible, ("lost_report",), _counts_lost)
        return counted.then(lambda is_counted: rhythm.judge(life.everything if is_counted else life.proved))

    def _told(self, outcome: Outcome, notice: Notice) -> Outcome:
        if outcome.state is State.NOT_APPLICABLE:
            return outcome
        return with_notice(NEEDS_DECISION if self.awaits_decision else outcome, notice)

    def _life(self, seen: tuple[bool, date]) -> _Life:
        if seen not in self._lives:
            chained, phase_end = seen
            self._lives[seen] = self._live(phase_end, chained=chained)
        return self._lives[seen]

    def _live(self, phase_end: date, *, chained: bool) -> _Life:
        scenario = self.frame.scenario
        seen_on = min(scenario.as_of, phase_end)
        members = self.lineages.members(self.directory) if chained else [self.directory]
        start = max(self.frame.start, min(member.in_service or self.frame.start for member in members))
        audits = self.lineages.runs_on(members, start, min(seen_on, self.directory.retired or seen_on))
        everything = Timeline(
            start=start,
            own_start=start > self.frame.start,
            as_of=scenario.as_of,
            phase_end=phase_end,
            retired=self._retired,
            runs=tuple([Run(id=audit.id, day=audit.day) for audit in audits]),
        )
        proved = tuple(
            [
                run
                for audit, run in zip(audits, everything.runs, strict=True)
                if not _is_gone(audit, seen_on, scenario.settings)
            ]
        )
        # A predecessor answers for its own reports until it has left.
        answers_for = {one.id for one in self.lineages.members(self.directory, gone_by=seen_on)}
        return _Life(
            everything,
            everything if len(proved) == len(audits) else replace(everything, runs=proved),
            notice_of(
                [
                    _report(audit)
                    for audit in audits
                    if not audit.downloaded and (not chained or audit.directories & answers_for)
                ],
                seen_on=seen_on,
                final=everything.final,
                settings=scenario.settings,
            ),
        )

    @property
    def _retired(self) -> date | None:
        """The day the directory left service; a retirement still to come is ignored."""
        retired = self.directory.retired
        return retired if retired is not None and retired <= self.frame.scenario.as_of else None


class _DirectoryScore(_DirectoryUnit):
    def outcomes(self) -> Answers[Outcome | None]:
        return ask(self.frame.admissible, ("migration",), self.is_chained).then(self._outcomes_of)

    def _outcomes_of(self, chained: bool) -> Answers[Outcome | None]:
        if chained and self.lineages.has_left(self.directory, self._seen_on):
            return always(None)
        if self.is_exempt or not self._in_service_at_declaration:
            return always(NOT_APPLICABLE)
        if self.awaits_decision:
            return always(NEEDS_DECISION)
        if len(self._proved) == len(self._everything):
            return always(self._score(self._everything))
        return ask(self.frame.admissible, ("lost_report",), lambda reading: self._score(self._runs(reading)))

    def material(self, reading: Reading) -> Scores:
        return Scores(runs=tuple(self._runs(reading)), first_day=self._first_day)

    def _runs(self, reading: Reading) -> Sequence[ScoredRun]:
        return self._everything if _counts_lost(reading) else self._proved

    def numbers(self) -> Numbers:
        settings, final = self.frame.scenario.settings, self.frame.final
        runs = self._everything
        achievable = score.earliest_achievable(runs, first_day=self._first_day, settings=settings)
        return {
            **latest(runs, self._seen_on),
            "last_two_scores": [run.score for run in runs[-score.NEEDED :]],
            "audits_needed": None if final else score.audits_needed(runs, settings),
            "earliest_achievable": None if final else achievable,
        }

    def _score(self, runs: Sequence[ScoredRun]) -> Outcome:
        scenario = self.frame.scenario
        return score.score(
            runs,
            first_day=self._first_day,
            as_of=scenario.as_of,
            declaration=scenario.phase.declaration,
            settings=scenario.settings,
        )

    @property
    def _seen_on(self) -> date:
        return min(self.frame.scenario.as_of, self.frame.scenario.phase.declaration)

    @property
    def _start(self) -> date:
        return max(self.frame.start, self.directory.in_service or self.frame.start)

    @cached_property
    def _first_day(self) -> date:
        as_of = self.frame.scenario.as_of
        return next_free_day(max(as_of, self._start), [run.day for run in self._everything[-1:]])

    @property
    def _in_service_at_declaration(self) -> bool:
        declaration = self.frame.scenario.phase.declaration
        opened = self.directory.in_service is None or self.directory.in_service <= declaration
        return opened and (self.directory.retired is None or self.directory.retired > declaration)

    @cached_property
    def _audits(self) -> list[AdsAudit]:
        return self.lineages.runs_on([self.directory], self._start, self._seen_on)

    @cached_property
    def _everything(self) -> list[ScoredRun]:
        return [_scored(audit, self.directory.id) for audit in self._audits]

    @cached_property
    def _proved(self) -> list[ScoredRun]:
        settings, seen_on = self.frame.scenario.settings, self._seen_on
        return [
            run
            for run, audit in zip(self._everything, self._audits, strict=True)
            if not _is_gone(audit, seen_on, settings)
        ]


def _counts_lost(reading: Reading) -> bool:
    return reading["lost_report"] == "counted"


def _report(audit: AdsAudit) -> Report:
    return Report(available_on=audit.report_available, downloaded=audit.downloaded)


def _is_gone(audit: AdsAudit, seen_on: date, settings: Settings) -> bool:
    return not audit.downloaded and _report(audit).is_gone(seen_on, settings)


def _scored(audit: AdsAudit, directory: str) -> ScoredRun:
    return ScoredRun(id=audit.id, day=audit.day, score=audit.score_of(directory))
