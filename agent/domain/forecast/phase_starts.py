"""Phase starts compared before the authority's validation: fewer audits against a wider spending window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from agent.domain.assessment import evaluate
from agent.domain.deadlines import add_days, days_between, earliest
from agent.domain.programme import Programme, RuleName
from agent.domain.scenario import Scenario
from agent.domain.verdict import Verdict

Json = dict[str, object]

_RHYTHMS = {RuleName.CADENCE, RuleName.TWO_MONTH_INTERVAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStart:
    """
    What a phase start would mean.

    `first_audit_by` is the prudent last day of the first audits, `audits_at_least` the fewest audits of one unit over
    the whole phase (None where the rules give no such figure), `spending_days` the days on which spending counts when
    the window opens with the phase. `lost` names the objectives already lost with that start.
    """

    start: date
    planned: bool
    first_audit_by: date | None
    days_left: int | None
    audits_at_least: int | None
    phase_days: int
    spending_days: int
    lost: tuple[str, ...]

    def as_json(self) -> Json:
        """Return the start for machines."""
        return {
            "start": self.start.isoformat(),
            "planned": self.planned,
            "first_audit_by": self.first_audit_by.isoformat() if self.first_audit_by else None,
            "days_left": self.days_left,
            "audits_at_least": self.audits_at_least,
            "phase_days": self.phase_days,
            "spending_days": self.spending_days,
            "lost": list(self.lost),
        }


def is_settled(scenario: Scenario) -> bool:
    """Return whether the start was validated: a cadence once broken is not repaired by moving it."""
    validated = scenario.phase.validated_on
    return validated is not None and validated <= scenario.as_of


def phase_starts(programme: Programme, scenario: Scenario) -> tuple[PhaseStart, ...]:
    """Return the starts worth comparing, soonest first: the bounds, the planned one, where the audits get fewer."""
    opens_on, closes_on = programme.window.bounds(scenario.phase.validated_on)
    planned = scenario.phase_start
    days = [add_days(opens_on, count) for count in range(days_between(opens_on, closes_on) + 1)]
    fewest = [_audits_at_least(programme, scenario, day) for day in days]
    kept = {opens_on, closes_on, planned}
    kept.update(day for day, before, now in zip(days[1:], fewest, fewest[1:], strict=False) if now != before)
    return tuple(
        _start(programme, scenario, day, planned=day == planned, audits=audits)
        for day, audits in zip(days, fewest, strict=True)
        if day in kept
    )


def _start(programme: Programme, scenario: Scenario, start: date, *, planned: bool, audits: int | None) -> PhaseStart:
    moved = _from(scenario, start)
    asked = evaluate(programme, moved).objectives
    first = _first_audit_by(programme, scenario, start)
    phase_days = days_between(start, scenario.phase.declaration)
    return PhaseStart(
        start=start,
        planned=planned,
        first_audit_by=first,
        days_left=None if first is None else days_between(scenario.as_of, first),
        audits_at_least=audits,
        phase_days=phase_days,
        spending_days=phase_days + 1,
        lost=tuple(name for name, one in asked.items() if one.candidate.verdict is Verdict.NOT_MET),
    )


def _audits_at_least(programme: Programme, scenario: Scenario, start: date) -> int | None:
    """Return the fewest audits of one unit over a phase that starts on a day, none having been run yet."""
    figures = [entry.get("remaining_audits_min") for entry, _ in _fresh(programme, scenario, start, as_of=start)]
    return max((figure for figure in figures if isinstance(figure, int)), default=None)


def _first_audit_by(programme: Programme, scenario: Scenario, start: date) -> date | None:
    eve = add_days(start, -1)
    return earliest([due for _, due in _fresh(programme, scenario, start, as_of=eve)])


def _fresh(
    programme: Programme, scenario: Scenario, start: date, *, as_of: date
) -> Iterator[tuple[dict[str, object], date | None]]:
    """Yield the figures and the due date of each unit that every phase has, before any audit."""
    rhythms = tuple(one for one in programme.objectives if one.rule in _RHYTHMS)
    empty = replace(
        _from(scenario, start),
        as_of=as_of,
        ads_audits=(),
        exposure_audits=(),
        directories=tuple(one for one in scenario.directories if one.in_service is None)[:1],
        surfaces=tuple(one for one in scenario.surfaces if one.exposed_from is None)[:1],
    )
    for objective in evaluate(replace(programme, objectives=rhythms), empty).objectives.values():
        for entry in objective.units.values():
            yield dict(entry.numbers), entry.next_due


def _from(scenario: Scenario, start: date) -> Scenario:
    return replace(scenario, phase=replace(scenario.phase, start=start))
