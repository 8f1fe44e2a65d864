"""Forecast: what lies ahead of each programme, as things stand or with audits that people suppose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.domain.assessment import evaluate
from agent.domain.errors import UsageError
from agent.domain.forecast.declared import Declared
from agent.domain.forecast.forecast import Forecast, forecast
from agent.domain.forecast.phase_starts import PhaseStart, is_settled, phase_starts
from agent.domain.forecast.share_plan import SharePlan, share_plans
from agent.domain.forecast.what_if import Fault, Supposition, parse_suppositions, suppose
from agent.domain.outlook import next_audits
from agent.texts.forecast import FORMS, refusal, source
from agent.texts.words import day

if TYPE_CHECKING:
    from datetime import date

    from agent.domain.declaration import FactKind
    from agent.domain.outlook import NextAudit
    from agent.domain.scenario import Scenario
    from agent.services.assess import Assessed

Json = dict[str, object]
Parse = Callable[[Json], "Scenario"]
Holidays = Callable[[Iterable[int]], frozenset["date"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedVerdict:
    """The verdict of an objective at the declaration if nothing more is done, without and with what is supposed."""

    objective: str
    before: str
    after: str

    def as_json(self) -> Json:
        """Return the comparison for machines."""
        return {"objective": self.objective, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastReport:
    """What `forecast` shows of one programme; `compared` is empty when nothing is supposed."""

    forecast: Forecast
    shares: tuple[SharePlan, ...]
    compared: tuple[ComparedVerdict, ...]

    def rows(self) -> list[Json]:
        """Return the obligations in the contract's shape (contract/cli.md), each with its programme."""
        programme = self.forecast.programme.id
        return [{**one.as_json(), "source": source(one), "programme": programme} for one in self.forecast.obligations]

    def as_json(self) -> Json:
        """Return everything that the forecast holds."""
        found = self.forecast
        return {
            "programme": found.programme.id,
            "as_of": found.as_of.isoformat(),
            "declaration": found.declaration.isoformat(),
            "lost": list(found.lost),
            "obligations": self.rows(),
            "calendars": [one.as_json() for one in found.calendars],
            "shares": [one.as_json() for one in self.shares],
            "verdicts": [one.as_json() for one in self.compared],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStartReport:
    """The phase starts of one programme, compared; `settled`: one was validated, nothing is left to choose."""

    programme: str
    label: str
    as_of: date
    settled: bool
    starts: tuple[PhaseStart, ...]

    def as_json(self) -> Json:
        """Return the comparison for machines."""
        return {
            "programme": self.programme,
            "as_of": self.as_of.isoformat(),
            "settled": self.settled,
            "starts": [one.as_json() for one in self.starts],
        }


def report_forecasts(
    assessed: Sequence[Assessed],
    *,
    parse: Parse,
    kinds: Mapping[str, FactKind],
    holidays: Holidays,
    supposed: Sequence[str] = (),
    declaration: date | None = None,
    only: str | None = None,
) -> list[ForecastReport]:
    """
    Return the forecast of each programme, with `supposed` audits (`--with`) and another planned `declaration`.

    `kinds` are the facts that people may declare; `only` names a programme, the one that is shown. What is supposed
    applies to the programmes where it fits, and is refused when it fits none.

    Raises UsageError for a supposition that cannot be understood, a declaration that is not after the day asked, or
    a programme that is not followed.
    """
    chosen = _chosen(assessed, only)
    moved = _moved(chosen, parse, declaration)
    read = [_suppositions(one, parse, supposed, moved.get(one.programme)) for one in chosen]
    refused = [text for text in dict.fromkeys(supposed) if all(text in faults for _, faults in read)]
    if refused:
        closest = (min((faults[text] for _, faults in read), key=len) for text in refused)
        raise UsageError(refusal([fault for faults in closest for fault in faults]), hint=FORMS)
    return [
        _report(
            one,
            parse=parse,
            kinds=kinds,
            holidays=holidays,
            suppositions=found,
            declaration=moved.get(one.programme),
        )
        for one, (found, _) in zip(chosen, read, strict=True)
    ]


def audits_ahead(assessed: Sequence[Assessed], *, parse: Parse, holidays: Holidays) -> list[NextAudit]:
    """Return the next audit of every unit, under each programme, on the days that its forecast recommends."""
    found: list[NextAudit] = []
    for one in assessed:
        scenario = parse(one.scenario)
        days_off = holidays(range(scenario.as_of.year, max(scenario.last_day, scenario.as_of).year + 1))
        ahead = forecast(scenario.programme, scenario, holidays=days_off, undecided=_undecided(one))
        reasons = one.document.get("objectives", {})
        found += (
            replace(audit, reasons=tuple(reasons[audit.objective]["units"][audit.subject]["reasons"]))
            for audit in next_audits(ahead.obligations, today=scenario.as_of)
        )
    return found


def report_phase_starts(
    assessed: Sequence[Assessed], *, parse: Parse, declaration: date | None = None, only: str | None = None
) -> list[PhaseStartReport]:
    """
    Return the phase starts of each programme (`only` one) that lets candidates choose one among several days.

    Raises UsageError for a declaration that is not after the day asked, or a programme that is not followed.
    """
    found = []
    chosen = _chosen(assessed, only)
    moved = _moved(chosen, parse, declaration)
    for one in chosen:
        changed, _ = suppose(one.scenario, (), declaration=moved.get(one.programme))
        scenario = parse(changed)
        opens_on, closes_on = scenario.programme.window.bounds(scenario.phase.validated_on)
        if opens_on < closes_on and scenario.programme.objectives:
            found.append(
                PhaseStartReport(
                    programme=scenario.programme.id,
                    label=scenario.programme.label,
                    as_of=scenario.as_of,
                    settled=is_settled(scenario),
                    starts=phase_starts(scenario.programme, scenario),
                )
            )
    return found


def _chosen(assessed: Sequence[Assessed], only: str | None) -> list[Assessed]:
    found = [one for one in assessed if only in {None, one.programme}]
    if only is not None and not found:
        followed = ", ".join(one.programme for one in assessed) or "aucun"
        raise UsageError(f"Le programme « {only} » n'est pas suivi.", hint=f"Programmes suivis : {followed}.")
    return found


def _moved(chosen: Sequence[Assessed], parse: Parse, declaration: date | None) -> dict[str, date]:
    """
    Return the planned declaration by programme: of those whose days admit it, else of those that are not over.

    One that comes after a last day is told where no programme admits it, never applied in silence.
    """
    if declaration is None:
        return {}
    scenarios = [parse(one.scenario) for one in chosen]
    for one in scenarios:
        _check_is_to_come(declaration, one.as_of)
    running = [one for one in scenarios if one.programme.last_day is None or one.as_of <= one.last_day] or scenarios
    admitting = [one for one in running if one.programme.last_day is None or declaration <= one.last_day]
    return {one.programme.id: declaration for one in admitting or running}


def _suppositions(
    assessed: Assessed, parse: Parse, supposed: Sequence[str], declaration: date | None
) -> tuple[list[Supposition], dict[str, tuple[Fault, ...]]]:
    """Return what is supposed that fits a programme, and the faults of the rest by what was written."""
    scenario = parse(assessed.scenario)
    found: list[Supposition] = []
    refused: dict[str, tuple[Fault, ...]] = {}
    for text in supposed:
        parsed, faults = parse_suppositions(
            [text],
            directories=[one.id for one in scenario.directories],
            surfaces=[one.id for one in scenario.surfaces],
            as_of=scenario.as_of,
            last_day=min(declaration or scenario.phase.declaration, scenario.last_day)
            if scenario.programme.last_day is not None
            else declaration or scenario.phase.declaration,
        )
        found += parsed
        if faults:
            refused[text] = faults
    return found, refused


def _report(
    assessed: Assessed,
    *,
    parse: Parse,
    kinds: Mapping[str, FactKind],
    holidays: Holidays,
    suppositions: Sequence[Supposition],
    declaration: date | None,
) -> ForecastReport:
    before = parse(assessed.scenario)
    changed, ids = suppose(assessed.scenario, suppositions, declaration=declaration)
    after = parse(changed)
    programme = after.programme
    days_off = holidays(range(after.as_of.year, max(after.last_day, after.phase.declaration, after.as_of).year + 1))
    declared = Declared(declarations=assessed.declarations, kinds=kinds)
    return ForecastReport(
        forecast=forecast(
            programme, after, holidays=days_off, supposed=ids, declared=declared, undecided=_undecided(assessed)
        ),
        shares=share_plans(programme, after),
        compared=_compared(before, after, ids, declared) if suppositions or declaration else (),
    )


def _undecided(assessed: Assessed) -> frozenset[tuple[str, str]]:
    """Return the objectives and units whose verdict a fact still to be settled may change."""
    document = assessed.document
    return frozenset(
        (name, unit)
        for name, one in {**document.get("objectives", {}), **document.get("prerequisites", {})}.items()
        for unit, entry in (("*", one["candidate"]), *one["units"].items())
        if "NEEDS_DECISION" in entry["reasons"]
    )


def _check_is_to_come(declaration: date | None, today: date) -> None:
    if declaration is not None and declaration <= today:
        raise UsageError(
            f"Une déclaration le {day(declaration)} ne peut pas être prévue : ce jour n'est pas à venir.",
            hint="Donnez un jour postérieur : --declaration AAAA-MM-JJ.",
        )


def _compared(
    before: Scenario, after: Scenario, supposed: frozenset[str], declared: Declared
) -> tuple[ComparedVerdict, ...]:
    """Return how every objective ends, audits dated after today counted only where they are supposed."""
    today = before.as_of
    kept = replace(
        after,
        as_of=max(today, after.phase.declaration),
        ads_audits=tuple(one for one in after.ads_audits if one.day <= today or one.id in supposed),
        exposure_audits=tuple(one for one in after.exposure_audits if one.day <= today or one.id in supposed),
    )
    without = replace(
        before,
        as_of=max(today, before.phase.declaration),
        ads_audits=tuple(one for one in before.ads_audits if one.day <= today),
        exposure_audits=tuple(one for one in before.exposure_audits if one.day <= today),
    )
    old, new = ({**evaluate(one.programme, one).objectives, **declared.judged(one)} for one in (without, kept))
    return tuple(
        ComparedVerdict(
            objective=name, before=old[name].candidate.verdict.value, after=new[name].candidate.verdict.value
        )
        for name in old
    )
