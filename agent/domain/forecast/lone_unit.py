"""One unit alone before the rules: what they would say of it on a day, with audits that are only planned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from itertools import product

from agent.domain.assessment import evaluate
from agent.domain.candidate import Candidate, CandidateType, Establishment
from agent.domain.deadlines import add_days
from agent.domain.forecast.obligation import PlannedAudit
from agent.domain.programme import Objective, ReadingValue, RuleName, Settings, Subject
from agent.domain.rules.report_availability import Report
from agent.domain.scenario import AdsAudit, Directory, ExposureAudit, ExposureTool, Scenario, Surface
from agent.domain.verdict import Entry, Verdict

UNIT = "unit"

ReadingPins = Mapping[str, tuple[ReadingValue, ...]]

# The value of a reading that asks less whatever the audits; the other readings are compared.
_ASKS_LESS: dict[str, ReadingValue] = {
    "mean_cmp": "le",
    "gap_cmp": "le",
    "lost_report": "counted",
    "cvss9": "gt",
    "high_recurrence": "ignored",
    "o2b_coverage": "flex",
}
_ALONE = Candidate(type=CandidateType.PRIVE, establishments=(Establishment(id=UNIT, activity=Fraction(1)),))
_BEST_SCORE = 5


@dataclass(frozen=True, slots=True)
class LoneUnit:
    """
    One unit of one objective, in a scenario that holds nothing else (`scenario`; the unit's id is `UNIT` in it).

    `starts_on` and `ends_on` bound the days on which its audits count; reports still to be downloaded are taken
    as downloaded, for they are an obligation of their own. Audits to come are supposed: each counts from its day on.
    `doomed` is what the rules will say of a unit that is lost at the end, whatever is done, though not yet today.
    """

    objective: Objective
    scenario: Scenario
    starts_on: date
    ends_on: date
    doomed: Entry | None = None
    _answers: dict[object, Entry | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def as_of(self) -> date:
        """The day from which the unit's audits are planned: today, or its own start."""
        return max(self.scenario.as_of, self.starts_on)

    @property
    def is_rhythm(self) -> bool:
        """Whether the objective asks for audits at a rhythm, not for a level that the last ones reach."""
        return self.objective.rule in {RuleName.CADENCE, RuleName.TWO_MONTH_INTERVAL}

    @property
    def judged_on(self) -> date:
        """The day that tells what is missing: after the supposed audits for a level, unless they leave it too late."""
        if self.is_rhythm or not self.upcoming or self.loses_a_reading(self.upcoming[-1]):
            return self.as_of
        return self.upcoming[-1]

    @property
    def declaration(self) -> date:
        """The planned declaration."""
        return self.scenario.phase.declaration

    @property
    def lead_days(self) -> int:
        """How long the report of an audit takes to arrive."""
        settings = self.scenario.settings
        return settings.lead_days_ads if self.is_directory else settings.lead_days_industrial

    @property
    def is_directory(self) -> bool:
        """Whether the unit is a directory."""
        return self.objective.subject is Subject.DIRECTORIES

    @property
    def key(self) -> str:
        """What tells apart the cases to which the rules answer alike."""
        scenario = self.scenario
        parts = (self.objective.id, scenario.directories, scenario.surfaces, scenario.ads_audits)
        return repr((*parts, scenario.exposure_audits, self.starts_on, self.ends_on))

    @property
    def audited_days(self) -> tuple[date, ...]:
        """The days of the audits that this objective counts, those supposed too, from the unit's start, in order."""
        audits = self.scenario.ads_audits if self.is_directory else self.scenario.exposure_audits
        days = (audit.day for audit in audits if audit.tool in self.objective.tools)
        return tuple(day for day in days if self.starts_on <= day <= self.ends_on)

    @property
    def upcoming(self) -> tuple[date, ...]:
        """The days of the audits that are supposed."""
        return tuple(day for day in self.audited_days if day > self.as_of)

    def due(self, on: date, planned: Sequence[PlannedAudit]) -> date | None:
        """Return by when the rules want the next audit, seen from a day."""
        entry = self.ask(on, planned)
        return None if entry is None else entry.next_due

    def seen_on(self, planned: Sequence[PlannedAudit], until: date) -> date:
        """Return the day of the last audit before `until`, from today on: planned, or supposed and come in time."""
        on = max(self.as_of, *(audit.day for audit in planned)) if planned else self.as_of
        for day in self.upcoming:
            if on < day < until:
                due = self.due(on, planned)
                if due is None or due < day:
                    break
                on = day
        return on

    def ask(
        self,
        on: date,
        planned: Sequence[PlannedAudit] = (),
        *,
        reading: ReadingPins | None = None,
        mean_days: int | None = None,
    ) -> Entry | None:
        """
        Return what the rules say of the unit on a day, `planned` audits run clean; None when it is no unit.

        `reading` pins readings; `mean_days` replaces the mean's limit, to see what it alone asks. What was asked once
        is remembered.
        """
        question = (on, tuple(planned), tuple((reading or {}).items()), mean_days)
        if question not in self._answers:
            self._answers[question] = self._ask(on, planned, reading or {}, mean_days)
        return self._answers[question]

    def _ask(
        self, on: date, planned: Sequence[PlannedAudit], reading: ReadingPins, mean_days: int | None
    ) -> Entry | None:
        scenario = self.scenario
        settings = scenario.settings if mean_days is None else replace(scenario.settings, mean_days=mean_days)
        asked = replace(
            scenario,
            as_of=on,
            settings=settings,
            readings={**scenario.readings, **reading},
            **self._with(planned),  # type: ignore[arg-type]
        )
        programme = replace(scenario.programme, objectives=(self.objective,))
        return evaluate(programme, asked).objectives[self.objective.id].units.get(UNIT)

    def is_lost(self, on: date, planned: Sequence[PlannedAudit] = (), *, reading: ReadingPins | None = None) -> bool:
        """Return whether nothing done from `on` repairs the unit, under `reading` or under every one."""
        entry = self.ask(on, planned, reading=reading)
        return entry is not None and entry.verdict is Verdict.NOT_MET

    def strict(self) -> Iterator[ReadingPins]:
        """Yield the readings among which is the one that asks the most."""
        return self._readings(lambda name, values: values[:1] if name in _ASKS_LESS else values)

    def lenient(self) -> Iterator[ReadingPins]:
        """Yield the readings among which is the one that asks the least."""
        return self._readings(lambda name, values: (_ASKS_LESS[name],) if _ASKS_LESS.get(name) in values else values)

    def loses_a_reading(self, on: date, planned: Sequence[PlannedAudit] = ()) -> bool:
        """Return whether nothing done from `on` repairs the unit under at least one reading."""
        entry = self.ask(on, planned)
        if entry is None or not entry.contested:  # all readings agree
            return self.is_lost(on, planned)
        return any(self.is_lost(on, planned, reading=reading) for reading in self.strict())

    def last_permissive_due(self, on: date, planned: Sequence[PlannedAudit] = ()) -> tuple[date | None, bool]:
        """
        Return the last day to act under the readings that ask the least, and whether they ask anything at all.

        When one of them asks nothing before the end, that is the last day. None when all of them are lost.
        """
        entries = [self.ask(on, planned, reading=reading) for reading in self.lenient()]
        days = [entry.next_due for entry in entries if entry is not None and entry.verdict is not Verdict.NOT_MET]
        if not days:
            return None, True
        if None in days:
            return max(on, self.last_useful_day), False
        return max(day for day in days if day is not None), True

    @property
    def last_useful_day(self) -> date:
        """The last day of an audit that counts; for a level, its report has to arrive in time."""
        return self.ends_on if self.is_rhythm else min(self.ends_on, add_days(self.declaration, -self.lead_days))

    def too_late(self) -> Entry | None:
        """Return what the rules will say of a level kept today, lost at the end, that no report in time can repair."""
        if self.is_rhythm or self.as_of <= self.last_useful_day or self.is_lost(self.as_of):
            return None
        return self.ask(self.declaration) if self.is_lost(self.declaration) else None

    def last_day_not_lost(self) -> date | None:
        """Return the last day, up to today, on which the unit could still be repaired; None when it never could."""
        return self._last_day_without(self.is_lost, until=self.as_of)

    def last_day_all_kept(self) -> date | None:
        """Return the last day, up to today, on which every reading could still be satisfied; None without one."""
        return self._last_day_without(self.loses_a_reading, until=self.as_of)

    def last_day_before_all_lost(self) -> date | None:
        """Return the last day, to come or past, on which one reading at least can be repaired if nothing is done."""
        return self._last_day_without(self.is_lost, until=self.last_useful_day)

    def _last_day_without(self, fails: Callable[[date], bool], *, until: date) -> date | None:
        first, last = min(self.starts_on, self.as_of), max(self.as_of, until)
        if fails(first):
            return None
        while first < last:  # what is lost stays lost
            middle = add_days(first, ((last - first).days + 1) // 2)
            if fails(middle):
                last = add_days(middle, -1)
            else:
                first = middle
        return first

    def _readings(
        self, chosen: Callable[[str, tuple[ReadingValue, ...]], tuple[ReadingValue, ...]]
    ) -> Iterator[ReadingPins]:
        admissible = self.scenario.admissible(self.objective)
        kept = {name: chosen(name, values) for name, values in admissible.items()}
        for one in product(*kept.values()):
            yield {name: (value,) for name, value in zip(kept, one, strict=True)}

    def _with(self, planned: Sequence[PlannedAudit]) -> dict[str, object]:
        if not planned:
            return {}
        if self.is_directory:
            clean = (
                clean_run(rank, one, frozenset({UNIT}), self.scenario.settings) for rank, one in enumerate(planned)
            )
            runs = [*self.scenario.ads_audits, *clean]
            return {"ads_audits": tuple(sorted(runs, key=lambda run: run.day))}
        audits = [*self.scenario.exposure_audits, *(clean_audit(rank, one) for rank, one in enumerate(planned))]
        return {"exposure_audits": tuple(sorted(audits, key=lambda audit: audit.day))}


def clean_run(rank: int, planned: PlannedAudit, directories: frozenset[str], settings: Settings) -> AdsAudit:
    """Return a planned run of some directories, at the best score, its report downloaded."""
    return AdsAudit(
        id=f"planned-{rank}",
        day=planned.day,
        directories=directories,
        score=max(_BEST_SCORE, settings.min_score),
        tool="ADS",
        report_available=planned.day,
        downloaded=True,
    )


def clean_audit(rank: int, planned: PlannedAudit) -> ExposureAudit:
    """Return a planned audit of everything exposed, without any finding."""
    tool = ExposureTool(planned.tool) if planned.tool else ExposureTool.SILENE
    return ExposureAudit(id=f"planned-{rank}", day=planned.day, tool=tool, covers=None, findings=())


def lone_directory(scenario: Scenario, objective: Objective, directory: Directory, *, phase_start: date) -> LoneUnit:
    """Return the case of one directory, with those that it replaced or that replace it."""
    related = _lineage(scenario.directories, directory)
    named = {one.id: UNIT if one is directory else f"other-{rank}" for rank, one in enumerate(related)}
    opened = min(one.in_service or phase_start for one in related if one is directory or one.id in directory.replaces)
    return LoneUnit(
        objective=objective,
        scenario=replace(
            scenario,
            candidate=_ALONE,
            surfaces=(),
            exposure_audits=(),
            directories=tuple(
                replace(
                    one,
                    id=named[one.id],
                    establishments=(UNIT,),
                    replaces=tuple(named[name] for name in one.replaces if name in named),
                )
                for one in related
            ),
            ads_audits=tuple(
                replace(
                    as_downloaded(run, scenario),
                    id=f"run-{rank}",
                    directories=frozenset(named[name] for name in run.directories if name in named),
                    score={named[name]: mark for name in named if (mark := run.score_of(name)) is not None},
                )
                for rank, run in enumerate(run for run in scenario.ads_audits if run.directories & named.keys())
            ),
        ),
        starts_on=max(phase_start, opened),
        ends_on=min(directory.retired or date.max, scenario.phase.declaration),
    )


def as_downloaded(run: AdsAudit, scenario: Scenario) -> AdsAudit:
    """Return the run, its report taken as downloaded unless it is gone already."""
    report, seen_on = Report(available_on=run.report_available, downloaded=run.downloaded), scenario.as_of
    return replace(run, downloaded=not report.is_gone(min(seen_on, scenario.phase.declaration), scenario.settings))


def lone_surface(scenario: Scenario, objective: Objective, surface: Surface, *, phase_start: date) -> LoneUnit:
    """Return the case of one exposed element."""
    case = LoneUnit(
        objective=objective,
        scenario=replace(
            scenario,
            candidate=_ALONE,
            directories=(),
            ads_audits=(),
            surfaces=(replace(surface, id=UNIT, establishments=(UNIT,)),),
            exposure_audits=tuple(
                replace(
                    audit,
                    id=f"audit-{rank}",
                    covers=None,
                    findings=tuple(
                        replace(finding, surface=None)
                        for finding in audit.findings
                        if finding.surface in {None, surface.id}
                    ),
                )
                for rank, audit in enumerate(
                    audit for audit in scenario.exposure_audits if audit.covers_surface(surface.id)
                )
            ),
        ),
        starts_on=max(phase_start, surface.exposed_from or phase_start),
        ends_on=scenario.phase.declaration,
    )
    return replace(case, doomed=case.too_late())


def _lineage(directories: Sequence[Directory], directory: Directory) -> list[Directory]:
    """Return the directories linked to `directory` by a replacement, near or far, in their order."""
    linked, grown = {directory.id}, True
    while grown:
        found = {
            name
            for one in directories
            if one.id in linked or linked & set(one.replaces)
            for name in (one.id, *one.replaces)
        }
        grown, linked = not found <= linked, linked | found
    return [one for one in directories if one.id in linked]
