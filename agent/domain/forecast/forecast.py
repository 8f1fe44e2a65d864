"""The forecast of a scenario: every dated obligation until the declaration, and the calendars that meet them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from agent.domain.assessment import Assessment, evaluate
from agent.domain.deadlines import add_days, days_between
from agent.domain.forecast.audit_calendar import INDUSTRIAL, Plan, plan
from agent.domain.forecast.audits import AuditObligations, named, report_downloads
from agent.domain.forecast.declared import Declared, declared_obligations
from agent.domain.forecast.lone_unit import (
    LoneUnit,
    as_downloaded,
    clean_audit,
    clean_run,
    lone_directory,
    lone_surface,
)
from agent.domain.forecast.obligation import (
    DEPOSIT_MARGIN_DAYS,
    PIECES_MARGIN_DAYS,
    AuditCalendar,
    Leeway,
    Obligation,
    PlannedAudit,
    What,
    Why,
)
from agent.domain.forecast.working_days import WorkingDays
from agent.domain.programme import Objective, Programme, Subject
from agent.domain.rules.outcome import Reason
from agent.domain.scenario import AdsAudit, ExposureAudit, Scenario
from agent.domain.verdict import Verdict

EVERYTHING = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """
    What lies ahead of one programme on `as_of`.

    `lost` names the objectives and prerequisites that the candidate can no longer meet; `obligations` come the most
    urgent first.
    """

    programme: Programme
    as_of: date
    phase_start: date
    declaration: date
    last_day: date
    lost: tuple[str, ...]
    obligations: tuple[Obligation, ...]
    calendars: tuple[AuditCalendar, ...]


def forecast(
    programme: Programme,
    scenario: Scenario,
    *,
    holidays: Collection[date],
    supposed: Collection[str] = (),
    declared: Declared | None = None,
    undecided: Collection[tuple[str, str]] = (),
) -> Forecast:
    """
    Return what `scenario` still asks, from its day to its planned declaration.

    `holidays` are the public holidays of those years. Audits dated after `as_of` are left out, except those whose ids
    are `supposed`: each is taken as run on its day, and planning goes on around them. `declared` is what the other
    objectives are judged on; without it they are left out. `undecided` names the objectives and their units (`*`: the
    candidate) that a fact still to be settled may save: `scenario` holds it at its worst, and loses none of them.
    """
    working = WorkingDays(frozenset(holidays))
    planned = scenario.phase.declaration
    # Past the last day of the programme nothing counts: all is planned until that day.
    until = min(planned, scenario.last_day)
    scenario = replace(_without_future(scenario, supposed), phase=replace(scenario.phase, declaration=until))
    over = scenario.as_of > scenario.last_day
    undecided = frozenset() if over else undecided
    today = evaluate(programme, scenario)
    at_best = _whatever_is_done(scenario, today)
    units = _Units.of(scenario, today, at_best)
    obligations, calendars = units.planned(working)
    judged = {**at_best.objectives, **(declared.judged(scenario) if declared is not None else {})}
    found = [
        *obligations,
        *_awaited(scenario, today, working),
        *report_downloads(scenario, working),
        *(declared_obligations(scenario, declared, working) if declared is not None else ()),
        *declaration_obligations(scenario, planned, _last_audit(calendars), working),
    ]
    return Forecast(
        programme=programme,
        as_of=scenario.as_of,
        phase_start=today.phase_start,
        declaration=planned,
        last_day=scenario.last_day,
        lost=tuple(
            name
            for name, one in judged.items()
            if one.candidate.verdict is Verdict.NOT_MET and (name, EVERYTHING) not in undecided
        ),
        obligations=tuple(sorted(_settled_first(found, undecided, scenario, working), key=lambda one: one.urgency)),
        calendars=tuple(calendars),
    )


def _settled_first(
    found: Sequence[Obligation], undecided: Collection[tuple[str, str]], scenario: Scenario, working: WorkingDays
) -> Iterator[Obligation]:
    """Yield the obligations, a decision in the place of what is lost only as long as nobody takes it."""
    for one in found:
        if one.what is What.DECISION and scenario.as_of > scenario.last_day:
            yield replace(one, recommended_on=None, standing=Leeway.LOST)
        elif one.lost and (one.objective, one.unit) in undecided:
            yield Obligation(
                objective=one.objective,
                unit=one.unit,
                what=What.DECISION,
                why="NEEDS_DECISION",
                recommended_on=working.on_or_after(scenario.as_of),
                last_prudent_on=scenario.phase.declaration,
                last_permissive_on=scenario.phase.declaration,
                sources=one.sources,
                standing=Leeway.OVERDUE if scenario.phase.declaration < scenario.as_of else Leeway.OPEN,
                values={"reasons": one.values.get("reasons", [])},
            )
        else:
            yield one


def _awaited(scenario: Scenario, today: Assessment, working: WorkingDays) -> Iterator[Obligation]:
    """Yield a decision for each establishment that has nothing to audit and no authority's decision that says so."""
    for objective in scenario.programme.objectives:
        judged = today.objectives[objective.id]
        elements = scenario.directories if objective.subject is Subject.DIRECTORIES else scenario.surfaces
        owners = [scenario.candidate.owners(one.establishments) for one in elements]
        if frozenset() in owners:  # the candidate's own elements are audited for everybody
            continue
        audited = {name for of_one in owners if of_one is not None for name in of_one}
        for name, entry in judged.establishments.items():
            if Reason.NEEDS_DECISION in entry.reasons and name not in audited:
                yield Obligation(
                    objective=objective.id,
                    unit=name,
                    what=What.DECISION,
                    why=Reason.NEEDS_DECISION,
                    recommended_on=working.on_or_after(scenario.as_of),
                    last_prudent_on=scenario.phase.declaration,
                    last_permissive_on=scenario.phase.declaration,
                    sources=objective.sources,
                    values={"undeclared": objective.subject.value},
                )


@dataclass(frozen=True, slots=True)
class _Units:
    """The cases of every unit, by unit: those of its objectives."""

    directories: Mapping[str, tuple[LoneUnit, ...]]
    surfaces: Mapping[str, tuple[LoneUnit, ...]]

    @classmethod
    def of(cls, scenario: Scenario, today: Assessment, at_best: Assessment) -> _Units:
        directories: dict[str, list[LoneUnit]] = {}
        surfaces: dict[str, list[LoneUnit]] = {}
        for objective in today.programme.objectives:
            for unit, entry in today.objectives[objective.id].units.items():
                case = _lone(scenario, objective, unit, today.phase_start)
                best = at_best.objectives[objective.id].units.get(unit, entry)
                if best.verdict is Verdict.NOT_MET is not entry.verdict:
                    case = replace(case, doomed=best)
                into = directories if objective.subject is Subject.DIRECTORIES else surfaces
                into.setdefault(unit, []).append(case)
        return cls(
            {unit: tuple(cases) for unit, cases in directories.items()},
            {unit: tuple(cases) for unit, cases in surfaces.items()},
        )

    def planned(self, working: WorkingDays) -> tuple[list[Obligation], list[AuditCalendar]]:
        """Return the obligations of every unit and the calendars proposed to meet them."""
        obligations: list[Obligation] = []
        calendars: list[AuditCalendar] = []
        for what, by_unit in ((What.ADS_AUDIT, self.directories), (What.EXPOSURE_AUDIT, self.surfaces)):
            by_state: dict[str, list[str]] = {}
            for unit, cases in by_unit.items():
                by_state.setdefault("".join(case.key for case in cases), []).append(unit)
            groups = list(by_state.values())
            plans = _plans([by_unit[units[0]] for units in groups], working, together=what is What.EXPOSURE_AUDIT)
            for units, proposed in zip(groups, plans, strict=True):
                for case in by_unit[units[0]]:
                    asked = list(AuditObligations(case, proposed, working).all())
                    obligations.extend(named(one, unit) for unit in units for one in asked)
            calendars.extend(_calendars(what, groups, plans))
        return obligations, calendars


def _lone(scenario: Scenario, objective: Objective, unit: str, phase_start: date) -> LoneUnit:
    if objective.subject is Subject.DIRECTORIES:
        directory = next(one for one in scenario.directories if one.id == unit)
        return lone_directory(scenario, objective, directory, phase_start=phase_start)
    surface = next(one for one in scenario.surfaces if one.id == unit)
    return lone_surface(scenario, objective, surface, phase_start=phase_start)


def _plans(groups: Sequence[Sequence[LoneUnit]], working: WorkingDays, *, together: bool) -> list[Plan]:
    """
    Return a plan for each group; `together`, one for all when it satisfies all (one audit covers everything).

    Units that are planned from another day, for they appear later, have a plan of their own.
    """
    starts = [max(case.as_of for case in cases) for cases in groups]
    common: dict[date, Plan] = {}
    for start in set(starts) if together else ():
        cases = [case for day, group in zip(starts, groups, strict=True) if day == start for case in group]
        common[start] = plan(cases, working)
    return [
        common[start] if start in common and common[start].verified else plan(cases, working)
        for start, cases in zip(starts, groups, strict=True)
    ]


def _without_future(scenario: Scenario, supposed: Collection[str]) -> Scenario:
    """Return the scenario without the audits after its day that nobody supposed."""
    seen_on, last = scenario.as_of, scenario.phase.declaration

    def counts(audit: AdsAudit | ExposureAudit) -> bool:
        return audit.day <= (last if audit.id in supposed else seen_on)

    return replace(
        scenario,
        ads_audits=tuple(filter(counts, scenario.ads_audits)),
        exposure_audits=tuple(filter(counts, scenario.exposure_audits)),
    )


def _whatever_is_done(scenario: Scenario, today: Assessment) -> Assessment:
    """
    Return what the rules say after the audits supposed, a clean audit of everything run on every other day.

    What they then say is lost is lost whatever is done; without supposed audits, they say what they say today.
    """
    taken = {*(run.day for run in scenario.ads_audits), *(audit.day for audit in scenario.exposure_audits)}
    until = min(max(taken, default=scenario.as_of), scenario.last_day)
    if until <= scenario.as_of:
        return today
    days = [add_days(scenario.as_of, count) for count in range(days_between(scenario.as_of, until))]
    free = [PlannedAudit(day=day, tool=INDUSTRIAL) for day in days if day not in taken]
    directories = frozenset(one.id for one in scenario.directories)
    runs = [as_downloaded(run, scenario) for run in scenario.ads_audits]
    runs += [clean_run(rank, one, directories, scenario.settings) for rank, one in enumerate(free)]
    audits = [*scenario.exposure_audits, *(clean_audit(rank, one) for rank, one in enumerate(free))]
    return evaluate(
        scenario.programme,
        replace(
            scenario,
            as_of=until,
            ads_audits=tuple(sorted(runs, key=lambda run: run.day)),
            exposure_audits=tuple(sorted(audits, key=lambda audit: audit.day)),
        ),
    )


def _calendars(what: What, groups: Sequence[Sequence[str]], plans: Sequence[Plan]) -> Iterator[AuditCalendar]:
    merged: dict[Plan, list[Sequence[str]]] = {}
    for units, proposed in zip(groups, plans, strict=True):
        merged.setdefault(proposed, []).append(units)
    for proposed, alike in merged.items():
        yield AuditCalendar(
            what=what,
            units=tuple(sorted(unit for units in alike for unit in units)),
            audits=proposed.audits,
            at_least=proposed.at_least,
            verified=proposed.verified,
        )


def _last_audit(calendars: Sequence[AuditCalendar]) -> date:
    return max((audit.day for one in calendars for audit in one.audits), default=date.min)


def declaration_obligations(
    scenario: Scenario, planned: date, audited: date, working: WorkingDays
) -> Iterator[Obligation]:
    """
    Yield the declaration itself, `planned` by people, and the day by which its pieces have to be there.

    `audited` is the day of the last audit proposed, before which nothing is deposited.
    """
    today, last = scenario.as_of, scenario.last_day
    too_late, over, texts = planned > last, today > last, scenario.programme.last_day is not None
    sources = scenario.programme.phase_sources
    standing = Leeway.LOST if over else Leeway.OVERDUE if too_late or planned < today else Leeway.OPEN
    wanted = min(planned, add_days(last, -DEPOSIT_MARGIN_DAYS)) if texts else planned
    deposit = working.on_or_before(max(wanted, min(audited, planned)))
    if deposit is None or deposit < today:
        deposit = working.within(min(planned, last), today, last)
    yield Obligation(
        objective=EVERYTHING,
        unit=EVERYTHING,
        what=What.DECLARATION,
        why=Reason.DECLARATION_TOO_LATE
        if too_late and not over
        else Why.LAST_DAY
        if texts
        else Why.PLANNED_DECLARATION,
        recommended_on=None if over else deposit,
        last_prudent_on=last,
        last_permissive_on=last,
        sources=sources if texts else (),
        standing=standing,
        values={"planned": planned, "day_off": not working.holds(planned)},
    )
    margin = min(add_days(last, -PIECES_MARGIN_DAYS), planned)
    if over or planned < today:
        return
    yield Obligation(
        objective=EVERYTHING,
        unit=EVERYTHING,
        what=What.PIECES,
        why=Why.BEFORE_DECLARATION,
        recommended_on=working.on_or_after(today) if margin < today else working.within(margin, today, margin),
        last_prudent_on=margin,
        last_permissive_on=min(planned, last),
        standing=Leeway.OVERDUE if margin < today else Leeway.OPEN,
    )
