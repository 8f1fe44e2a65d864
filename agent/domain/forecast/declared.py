"""The dated obligations of declared objectives and prerequisites, drawn from what the rules say of declarations."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from agent.domain.deadlines import add_days, add_months, days_between
from agent.domain.declaration import Declaration, FactKind
from agent.domain.declared import judge_declared
from agent.domain.forecast.obligation import PIECES_MARGIN_DAYS, Leeway, Obligation, What, Why
from agent.domain.forecast.working_days import WorkingDays
from agent.domain.programme import Condition, DeclaredObjective, Test
from agent.domain.rules.outcome import Reason
from agent.domain.scenario import Scenario
from agent.domain.verdict import Entry, ObjectiveAssessment, Verdict

PLAN_AHEAD_DAYS = 60
"""How long before its last day what has to be held on a day should be planned at the latest."""

CHOICE = "choice"
"""The rule of an objective by which people choose others."""

PLANNED = "planned"
"""The kind of fact by which people say what they plan, judged by no rule."""

_DECLARATIONS_CLOSE = "declarations_close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What people declared (in force, oldest first), and the kinds of facts that they may declare."""

    declarations: Sequence[Declaration] = ()
    kinds: Mapping[str, FactKind]

    def judged(self, scenario: Scenario) -> dict[str, ObjectiveAssessment]:
        """Return what the rules say on the scenario's day, of the objectives, then of the prerequisites, by id."""
        found = judge_declared(scenario.programme, scenario, self.declarations, self.kinds)
        return {**found.objectives, **found.prerequisites}

    def planned_for(self, objective: str, unit: str) -> list[date]:
        """Return the days on which people plan something for a unit of an objective, the latest said first."""
        said = [one.values for one in reversed(self.declarations) if one.fact == PLANNED]
        return [
            on
            for values in said
            if values.get("objective") == objective and values.get("unit", unit) == unit
            if isinstance(on := values.get("planned_on"), date)
        ]

    def without_plans(self, today: date) -> Declared:
        """Return what was declared that speaks of no day to come."""
        done = [one for one in self.declarations if not any(_is_after(value, today) for value in one.values.values())]
        return replace(self, declarations=done)


def declared_obligations(scenario: Scenario, declared: Declared, working: WorkingDays) -> Iterator[Obligation]:
    """Yield what the declared objectives and the prerequisites still ask of people, or can no longer be given."""
    judged = declared.judged(scenario)
    days = _LastDays(scenario, declared)
    for objective in (*scenario.programme.declared, *scenario.programme.prerequisites):
        if judged[objective.id].candidate.verdict in {Verdict.AT_RISK, Verdict.NOT_MET}:
            for unit, entry in judged[objective.id].units.items():
                asked = _Asked(objective, unit, entry, declared.planned_for(objective.id, unit))
                if entry.verdict is Verdict.NOT_MET:
                    yield asked.fact(days.passed(objective.id, unit), None, Leeway.LOST)
                elif entry.verdict is Verdict.AT_RISK:
                    yield from asked.all(scenario, days.coming(objective.id, unit, entry), working)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one unit of an objective still asks, by a last day."""

    objective: DeclaredObjective
    unit: str
    entry: Entry
    planned: Sequence[date]

    def all(self, scenario: Scenario, last: date, working: WorkingDays) -> Iterator[Obligation]:
        """Yield the days to hold and the milestones among what is missing, then its declaration."""
        today = scenario.as_of
        for condition in self._missing:
            if condition.test is Test.UNTIL_MONTHS_AFTER:
                yield from _milestone(self.objective, condition, scenario)
            elif _is_day_to_hold(condition):
                yield self._event(condition, today, last, working)
        planned_on = self.entry.next_due if Reason.PLANNED in self.entry.reasons else None
        wanted = max(add_days(last, -PIECES_MARGIN_DAYS), planned_on or date.min)
        if self.objective.rule == CHOICE and Reason.NOT_DECLARED in self.entry.reasons:
            wanted = today  # what is chosen has then to be done
        yield self.fact(last, working.within(wanted, today, last))

    def fact(self, last: date | None, recommended_on: date | None, standing: Leeway = Leeway.OPEN) -> Obligation:
        """Return the obligation to declare what is missing."""
        missing = self._missing
        return Obligation(
            objective=self.objective.id,
            unit=self.unit,
            what=What.DECLARED_FACT,
            why=self.entry.reasons[0] if self.entry.reasons else Why.BEFORE_DECLARATION,
            recommended_on=recommended_on,
            last_prudent_on=last,
            last_permissive_on=last,
            sources=self.objective.sources,
            standing=standing,
            values={
                "fact": next((one.fact for one in missing if one.fact is not None), self.objective.fact),
                "missing": [one.label for one in missing],
                "reasons": list(map(str, self.entry.reasons)),
            },
        )

    def _event(self, condition: Condition, today: date, last: date, working: WorkingDays) -> Obligation:
        plan_by, said = add_days(last, -PLAN_AHEAD_DAYS), self._planned(condition)
        days = [*([said] if said is not None else []), *self.planned]
        planned = next((day for day in days if today <= day <= last), None)  # on another day it would not count
        return Obligation(
            objective=self.objective.id,
            unit=self.unit,
            what=What.EVENT,
            why=Why.DAY_TO_HOLD,
            recommended_on=planned or working.within(plan_by, today, last),
            last_prudent_on=last,
            last_permissive_on=last,
            sources=self.objective.sources,
            values={"label": condition.label, "planned": planned, "plan_by": plan_by if plan_by > today else None},
        )

    @property
    def _missing(self) -> list[Condition]:
        """Return the conditions that keep the unit from its objective; where nothing is declared, of the first way."""
        asked = [one for one in self.objective.conditions if not one.advice]
        numbers: Mapping[str, Any] = self.entry.numbers
        if numbers["declared"]:
            return [one for one in asked if one.label in numbers["missing"]]
        first = next((one.group for one in asked if one.group is not None), None)
        return [one for one in asked if one.group in {None, first}]

    def _planned(self, condition: Condition) -> date | None:
        checks: Any = self.entry.numbers["conditions"]
        value = next((one["value"] for one in checks if one["label"] == condition.label), None)
        return date.fromisoformat(value) if isinstance(value, str) else None


def _milestone(objective: DeclaredObjective, condition: Condition, scenario: Scenario) -> Iterator[Obligation]:
    """Yield the days that run from a date which the texts leave open, the soonest and the latest of them."""
    days = {**scenario.programme.days, _DECLARATIONS_CLOSE: scenario.last_day}
    value = condition.value
    if not isinstance(value, Mapping):
        return
    reading = str(value["reading"])
    admissible = scenario.admissible(objective).get(reading, ())
    last_days = sorted(add_months(days[str(name)], int(value["months"])) for name in admissible if name in days)
    if last_days:
        yield Obligation(
            objective=objective.id,
            unit="*",
            what=What.MILESTONE,
            why=Why.MONTHS_AFTER,
            recommended_on=None,
            last_prudent_on=last_days[0],
            last_permissive_on=last_days[-1],
            sources=objective.sources,
            standing=_standing(scenario.as_of, last_days[0], last_days[-1]),
            values={"label": condition.label, "months": value["months"], "reading": reading},
        )


def _standing(today: date, prudent: date, permissive: date) -> Leeway:
    """Return how a day stands that the readings put at `prudent` or later, up to `permissive`."""
    if today > permissive:
        return Leeway.LOST
    return Leeway.CONTESTED if today > prudent else Leeway.OPEN


class _LastDays:
    """The last day on which each unit can still be put right, or could: asked of the rules, day by day."""

    def __init__(self, scenario: Scenario, declared: Declared) -> None:
        self.scenario = scenario
        self.declared = declared
        self._on: dict[date, dict[str, ObjectiveAssessment]] = {}
        self._without_plans: dict[str, ObjectiveAssessment] | None = None

    def coming(self, objective: str, unit: str, entry: Entry) -> date:
        """Return the last day to act; what is planned is still to be held, on its day or any other one admitted."""
        end = min(self.scenario.phase.declaration, self.scenario.last_day)
        if Reason.PLANNED in entry.reasons:
            if self._without_plans is None:
                self._without_plans = self.declared.without_plans(self.scenario.as_of).judged(self.scenario)
            entry = self._without_plans[objective].units[unit]
        return min(end, entry.next_due or end)

    def passed(self, objective: str, unit: str) -> date | None:
        """Return the last day on which a lost unit was not; None when it never could be put right."""

        def is_lost(day: date) -> bool:
            if day not in self._on:
                self._on[day] = self.declared.judged(replace(self.scenario, as_of=day))
            return self._on[day][objective].units[unit].verdict is Verdict.NOT_MET

        first = min(self.scenario.programme.window.opens_on, self.scenario.as_of)
        past = range(days_between(first, self.scenario.as_of))
        kept = bisect_left(past, x=True, key=lambda count: is_lost(add_days(first, count)))
        return add_days(first, kept - 1) if kept else None


def _is_day_to_hold(condition: Condition) -> bool:
    """Return whether a condition is a day that people set; the day of another fact (an attack) is not theirs."""
    is_day = condition.test is Test.WITHIN or (condition.test is Test.FILLED and condition.field.endswith("_on"))
    return is_day and condition.fact is None


def _is_after(value: object, today: date) -> bool:
    return isinstance(value, date) and value > today
