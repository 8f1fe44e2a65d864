"""The dated obligations of declared objectives, drawn from their entries in the assessment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from agent.domain.deadlines import add_days, add_months
from agent.domain.forecast.obligation import PIECES_MARGIN_DAYS, Obligation, Standing, What, Why
from agent.domain.forecast.working_days import WorkingDays
from agent.domain.programme import Condition, DeclaredObjective, Programme, Test
from agent.domain.scenario import Scenario

PLAN_AHEAD_DAYS = 60
"""How long before the declaration what has to be held on a day should be planned at the latest."""

_DECLARATIONS_CLOSE = "declarations_close"
_HELD_VERDICT, _OPEN_VERDICT, _LOST_VERDICT = "met", "at_risk", "not_met"


def declared_obligations(
    programme: Programme, scenario: Scenario, assessment: Mapping[str, Any], working: WorkingDays
) -> Iterator[Obligation]:
    """
    Yield what the declared objectives of `assessment` (the contract's output) still ask of people.

    An objective that the assessment does not hold is left out: silence is never an obligation.
    """
    for objective in programme.declared:
        found = assessment["objectives"].get(objective.id)
        for unit, entry in found["units"].items() if found is not None else ():
            yield from _of_unit(objective, unit, entry, scenario, working)
        if found is not None and found["candidate"]["verdict"] != "not_applicable":
            for one in _milestones(programme, objective, scenario):
                if not (one.lost and found["candidate"]["verdict"] == _HELD_VERDICT):
                    yield one


def _of_unit(
    objective: DeclaredObjective, unit: str, entry: Mapping[str, Any], scenario: Scenario, working: WorkingDays
) -> Iterator[Obligation]:
    if entry["verdict"] not in {_OPEN_VERDICT, _LOST_VERDICT}:
        return
    today, end = scenario.as_of, min(scenario.phase.declaration, scenario.last_day)
    lost = entry["verdict"] == _LOST_VERDICT
    due = date.fromisoformat(entry["next_due"]) if entry["next_due"] else end
    main = _main_conditions(objective)
    missing = [one for one in main if not one.advice and not _holds(one, entry)]
    for condition in () if lost else missing:
        if _is_day(condition):
            planned = _value(condition, entry)
            wanted = min(add_days(end, -PLAN_AHEAD_DAYS), due)
            yield Obligation(
                objective=objective.id,
                unit=unit,
                what=What.EVENT,
                why=Why.DAY_TO_HOLD,
                recommended_on=_not_past(planned, today) or working.within(wanted, today, end),
                last_prudent_on=end,
                last_permissive_on=end,
                sources=objective.sources,
                values={"label": condition.label, "planned": planned, "plan_by": add_days(end, -PLAN_AHEAD_DAYS)},
            )
    yield Obligation(
        objective=objective.id,
        unit=unit,
        what=What.DECLARED_FACT,
        why=entry["reasons"][0] if entry["reasons"] else Why.BEFORE_DECLARATION,
        recommended_on=None if lost else working.within(add_days(end, -PIECES_MARGIN_DAYS), today, end),
        last_prudent_on=end,
        last_permissive_on=end,
        sources=objective.sources,
        standing=Standing.LOST if lost else Standing.OPEN,
        values={"fact": objective.fact, "missing": [one.label for one in missing], "reasons": list(entry["reasons"])},
    )


def _milestones(programme: Programme, objective: DeclaredObjective, scenario: Scenario) -> Iterator[Obligation]:
    """Yield the days that run from a date which the texts leave open, the soonest and the latest of them."""
    days = {**programme.days, _DECLARATIONS_CLOSE: scenario.last_day}
    for condition in _main_conditions(objective):
        value = condition.value
        if condition.test is not Test.UNTIL_MONTHS_AFTER or not isinstance(value, Mapping):
            continue
        reading = str(value["reading"])
        admissible = scenario.readings.get(reading, objective.readings.get(reading, ()))
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


def _standing(today: date, prudent: date, permissive: date) -> Standing:
    """Return how a day stands that the readings put at `prudent` or later, up to `permissive`."""
    if today > permissive:
        return Standing.LOST
    return Standing.CONTESTED if today > prudent else Standing.OPEN


def _main_conditions(objective: DeclaredObjective) -> list[Condition]:
    """Return the conditions of the ordinary way to reach the objective: the first group, and those of no group."""
    first = next((one.group for one in objective.conditions if one.group is not None), None)
    return [one for one in objective.conditions if one.group in {None, first}]


def _is_day(condition: Condition) -> bool:
    return condition.test is Test.WITHIN or (condition.test is Test.FILLED and condition.field.endswith("_on"))


def _check(condition: Condition, entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    checks = entry["numbers"].get("conditions", ())
    return next((one for one in checks if (one["field"], one["group"]) == (condition.field, condition.group)), None)


def _holds(condition: Condition, entry: Mapping[str, Any]) -> bool:
    check = _check(condition, entry)
    # A condition that the rule left out (an exercise of one establishment alone) lacks nothing.
    return check is None or check["met"] is True


def _value(condition: Condition, entry: Mapping[str, Any]) -> date | None:
    check = _check(condition, entry)
    try:
        return date.fromisoformat(check["value"]) if check is not None and isinstance(check["value"], str) else None
    except ValueError:
        return None


def _not_past(day: date | None, today: date) -> date | None:
    return day if day is not None and day >= today else None
