"""The generic rule of declared facts: every condition holds, of several groups one whole (D1.O4, D1.O6.B, P3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import cast

from agent.domain.deadlines import add_months
from agent.domain.declaration import Declaration, Value
from agent.domain.programme import Condition, Test
from agent.domain.rules.case import DECLARATION, Case, Check, Judgement
from agent.domain.rules.outcome import Outcome, Reason, State, recoverable, worst

HOLDS = Outcome(State.SATISFIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One way to reach the objective: the checks of what is always asked and of one group."""

    checks: tuple[Check, ...]
    group: str | None = None

    @property
    def asked(self) -> list[Check]:
        return [check for check in self.checks if not check.condition.advice]

    @property
    def outcome(self) -> Outcome:
        return worst(check.outcome for check in self.asked)

    @property
    def is_begun(self) -> bool:
        """Whether something was said for it: a condition holds, or a day was given that does not do."""
        own = [check for check in self.asked if check.condition.group == self.group]
        return any(check.met or (check.is_contradicted and isinstance(check.value, date)) for check in own)

    @property
    def rank(self) -> tuple[State, bool, int, int]:
        """
        Return the order of preference: the best state, a way begun, the least contradicted, the least lacking.

        Of ways that nobody began none lacks less: the first, which is the ordinary one, stays before the others.
        """
        contradicted = sum(check.is_contradicted for check in self.asked)
        lacking = sum(not check.met for check in self.asked) if self.is_begun else 0
        return self.outcome.state, not self.is_begun, contradicted, lacking


def judge(case: Case) -> Judgement:
    """
    Return what the objective's conditions say; of several groups the best one counts.

    Where nobody began that one, the reasons of those that people began are told too.
    """
    return judge_with(case, {})


def judge_with(case: Case, reasons: Mapping[str, Reason]) -> Judgement:
    """Return what the conditions say; `reasons` gives some fields a reason of their own when they do not hold."""
    groups = dict.fromkeys(one.group for one in case.objective.conditions if one.group is not None)
    ways = {group: _way(case, group, reasons) for group in groups or (None,)}
    best = min(ways.values(), key=lambda way: way.rank)
    outcome = best.outcome
    if not outcome.state.holds and not best.is_begun:
        begun = (way.outcome.reasons for way in ways.values() if way.is_begun)
        outcome = replace(outcome, reasons=outcome.reasons.union(*begun))
    shown = [check for check in best.checks if check.condition.group is None]
    shown += [check for way in ways.values() for check in way.checks if check.condition.group is not None]
    order = {id(condition): rank for rank, condition in enumerate(case.objective.conditions)}
    shown.sort(key=lambda check: order[id(check.condition)])
    return Judgement(
        outcome=outcome,
        declared=len(case.declarations),
        checks=tuple(shown),
        way=best.group,
        missing=tuple(check.condition.label for check in best.asked if not check.met),
    )


def _way(case: Case, group: str | None, reasons: Mapping[str, Reason]) -> _Way:
    by_fact: dict[str, list[Condition]] = {}
    checks: list[Check] = []
    for condition in case.objective.conditions:
        if condition.group in (None, group) and condition.test is Test.REACHED:
            checks.append(_reached(case, condition))
        elif condition.group in (None, group):
            by_fact.setdefault(condition.fact or case.objective.fact, []).append(condition)
    for fact, conditions in by_fact.items():
        found = [_checks(case, conditions, one, reasons) for one in reversed(case.about(fact))]
        tried = [_Way(checks=tuple(one), group=group) for one in found]
        checks += min(tried, key=lambda way: way.rank).checks if tried else _undeclared(case, conditions)
    return _Way(checks=tuple(checks), group=group)


def _undeclared(case: Case, conditions: Sequence[Condition]) -> list[Check]:
    until = case.day(case.objective.parameters.get("until", DECLARATION))
    nothing = case.unmet(Reason.NOT_DECLARED, until=until)
    return [Check(condition=condition, outcome=nothing, met=None) for condition in conditions]


def _checks(
    case: Case, conditions: Sequence[Condition], one: Declaration, reasons: Mapping[str, Reason]
) -> list[Check]:
    found = []
    for condition in conditions:
        if not condition.shared or case.is_shared(one):
            check = _EVERY_TEST[condition.test](case, condition, one)
            reason = reasons.get(condition.field)
            if check.met is not True and reason is not None:
                check = replace(check, outcome=replace(check.outcome, reasons=frozenset({reason})))
            found.append(check)
    return _as_planned(case, found, one)


def _as_planned(case: Case, checks: list[Check], one: Declaration) -> list[Check]:
    """
    Return the checks of what is yet to come: its proof cannot be there, and does not lack.

    A declaration dated as a whole (parameter `dated_by`) after the photo proves nothing yet, and one dated after
    the declaration nothing at all.
    """
    dated = one.values.get(str(case.objective.parameters.get("dated_by")))
    if isinstance(dated, date) and dated > case.days[DECLARATION]:
        too_late = case.unmet(Reason.OUTSIDE_WINDOW)
        return [replace(check, outcome=too_late, met=False) if check.met else check for check in checks]
    days = [check.value for check in checks if Reason.PLANNED in check.outcome.reasons]
    is_to_come = isinstance(dated, date) and dated > case.as_of
    planned = [day for day in (*days, *([dated] if is_to_come else [])) if isinstance(day, date)]
    if not planned:
        return checks
    waiting = recoverable(Reason.PLANNED, next_due=min(planned))
    return [
        replace(check, outcome=waiting, met=None)
        if (is_to_come and check.met) or (check.met is False and check.condition.test is Test.EVIDENCE)
        else check
        for check in checks
    ]


def _check(case: Case, condition: Condition, value: Value | None, *, holds: bool, reason: Reason) -> Check:
    """Return the check of a field that was declared or not; what was not declared is unknown, never broken."""
    if value is None or value in ("", ()):
        return Check(condition=condition, outcome=case.unmet(Reason.NOT_DECLARED), met=None)
    return Check(condition=condition, outcome=HOLDS if holds else case.unmet(reason), met=holds, value=value)


def _plain(case: Case, condition: Condition, one: Declaration) -> Check:
    value = one.values.get(condition.field)
    holds = value is not None and _PLAIN_TESTS[condition.test](value, condition.value)
    return _check(case, condition, value, holds=holds, reason=Reason.CONDITION_NOT_MET)


def _at_least(value: Value, least: object) -> bool:
    """Return whether a number, or how many there are, reaches `least`."""
    count = len(value) if isinstance(value, tuple) else value
    return isinstance(count, int | Decimal) and count >= Decimal(str(least))


def _one_of(value: Value, admitted: object) -> bool:
    known = cast("Sequence[object]", admitted)
    return any(item in known for item in (value if isinstance(value, tuple) else (value,)))


def _includes(value: Value, needed: object) -> bool:
    return isinstance(value, tuple) and set(cast("Sequence[str]", needed)) <= set(value)


def _filled(case: Case, condition: Condition, one: Declaration) -> Check:
    value = one.values.get(condition.field)
    if isinstance(value, date):
        return _dated(case, condition, value, date.min, case.days[DECLARATION])
    return _check(case, condition, value, holds=True, reason=Reason.CONDITION_NOT_MET)


def _within(case: Case, condition: Condition, one: Declaration) -> Check:
    first, last = (case.day(bound) for bound in cast("Sequence[object]", condition.value))
    return _dated(case, condition, one.values.get(condition.field), first, last)


def _younger(case: Case, condition: Condition, one: Declaration) -> Check:
    """Return the check of a day that is less than `months` old on the day `on`."""
    asked = cast("Mapping[str, object]", condition.value)
    on = case.day(asked["on"])
    value = one.values.get(condition.field)
    if isinstance(value, date) and value <= case.as_of and add_months(value, cast("int", asked["months"])) <= on:
        too_old = case.unmet(Reason.OUTSIDE_WINDOW, until=on)
        return Check(condition=condition, outcome=too_old, met=False, value=value)
    return _dated(case, condition, value, date.min, on)


def _dated(case: Case, condition: Condition, value: Value | None, first: date, last: date) -> Check:
    """Return the check of a day in a window; a day of the window that is yet to come is planned, not done."""
    if not isinstance(value, date):
        return _check(case, condition, None, holds=False, reason=Reason.NOT_DECLARED)
    if not first <= value <= last:
        outside = case.unmet(Reason.OUTSIDE_WINDOW, until=last)
        return Check(condition=condition, outcome=outside, met=False, value=value)
    if value > case.as_of:
        planned = recoverable(Reason.PLANNED, next_due=value)
        return Check(condition=condition, outcome=planned, met=None, value=value)
    return Check(condition=condition, outcome=HOLDS, met=True, value=value)


def _reached(case: Case, condition: Condition, _one: Declaration | None = None) -> Check:
    """Return the check of a named day that has come; one that nobody set is unknown."""
    named = case.days.get(condition.field)
    return _dated(case, condition, named, date.min, named or date.max)


def _until_months_after(case: Case, condition: Condition, one: Declaration) -> Check:
    """Return the check of a day, to come or not, at most `months` after the day that a reading names."""
    asked = cast("Mapping[str, object]", condition.value)
    start = case.day(case.reading[str(asked["reading"])])
    last = add_months(start, cast("int", asked["months"]))
    value = one.values.get(condition.field)
    holds = isinstance(value, date) and value <= last
    return _check(case, condition, value, holds=holds, reason=Reason.MILESTONE_TOO_LATE)


def _covers_perimeter(case: Case, condition: Condition, one: Declaration) -> Check:
    value = one.values.get(condition.field)
    holds = isinstance(value, tuple) and case.perimeter <= set(value)
    return _check(case, condition, value, holds=holds, reason=Reason.CONDITION_NOT_MET)


def _evidence(case: Case, condition: Condition, one: Declaration) -> Check:
    """Return the check of a sealed file in the field's slot, or in one of those that the value lists."""
    slots = condition.value if isinstance(condition.value, list) else [condition.field]
    sealed = tuple(file for slot in slots for file in one.evidence.get(slot, ()))
    if sealed:
        return Check(condition=condition, outcome=HOLDS, met=True, value=sealed)
    return Check(condition=condition, outcome=case.unmet(Reason.PROOF_MISSING), met=False)


_PLAIN_TESTS: Mapping[Test, Callable[[Value, object], bool]] = {
    Test.IS: lambda value, wanted: value == wanted,
    Test.AT_LEAST: _at_least,
    Test.ONE_OF: _one_of,
    Test.INCLUDES: _includes,
}
_EVERY_TEST: Mapping[Test, Callable[[Case, Condition, Declaration], Check]] = {
    **dict.fromkeys(_PLAIN_TESTS, _plain),
    Test.FILLED: _filled,
    Test.WITHIN: _within,
    Test.YOUNGER_THAN_MONTHS: _younger,
    Test.UNTIL_MONTHS_AFTER: _until_months_after,
    Test.COVERS_PERIMETER: _covers_perimeter,
    Test.EVIDENCE: _evidence,
    Test.REACHED: _reached,
}


def broken_day(case: Case, one: Declaration, field: str) -> Condition | None:
    """Return the first condition that the day `field` of a declaration does not fulfil (as it stands), None without."""
    for condition in case.objective.conditions:
        is_about = condition.field == field and (condition.fact or case.objective.fact) == one.fact
        if is_about and not condition.advice and _EVERY_TEST[condition.test](case, condition, one).met is not True:
            return condition
    return None
