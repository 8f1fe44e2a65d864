"""What a rule of declared facts is asked, and what it answers: one signature for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from agent.domain.declaration import Declaration, Value, to_json
from agent.domain.programme import Condition, DeclaredObjective
from agent.domain.rules.outcome import Outcome, Reading, Reason, lost, recoverable

DECLARATION = "declaration"
"""The named day of the planned declaration; with `phase_start` and `application` it joins `Programme.days`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    One unit of an objective under one reading: what was declared about it (oldest first), and the days that count.

    `units` are the ids of all the objective's units (empty: the candidate alone), `perimeter` the establishments
    that count. `days` name the days that conditions speak of. `others`: the candidate's outcome on the other
    objectives, for a rule that counts them.
    """

    objective: DeclaredObjective
    declarations: tuple[Declaration, ...]
    units: frozenset[str]
    perimeter: frozenset[str]
    days: Mapping[str, date]
    as_of: date
    reading: Reading = field(default_factory=dict)
    others: Mapping[str, Outcome] = field(default_factory=dict)

    def day(self, written: object) -> date:
        """Return the day that a programme's file names, or writes in ISO form; raises ValueError for neither."""
        if isinstance(written, date):
            return written
        return self.days.get(str(written)) or date.fromisoformat(str(written))

    def about(self, fact: str) -> list[Declaration]:
        """Return what was declared of a kind of fact, oldest first."""
        return [one for one in self.declarations if one.fact == fact]

    def is_shared(self, one: Declaration) -> bool:
        """Return whether a declaration is about several units at once."""
        return len(self.units if not one.subjects else self.units.intersection(one.subjects)) > 1

    def unmet(self, reason: Reason, *, until: date | None = None) -> Outcome:
        """Return what lacks: it can be repaired until the declaration, or an earlier `until`, then it is lost."""
        last_day = min(until or date.max, self.days[DECLARATION])
        return recoverable(reason, next_due=last_day) if self.as_of <= last_day else lost(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One condition against one declaration (None: nothing declared); `met` None: nobody can tell yet."""

    condition: Condition
    outcome: Outcome
    met: bool | None
    value: Value | None = None

    @property
    def is_contradicted(self) -> bool:
        """Whether what was declared says otherwise; a file that lacks says nothing."""
        return self.met is False and self.value is not None

    def as_json(self) -> dict[str, object]:
        """Return the check as it is shown."""
        return {
            "field": self.condition.field,
            "label": self.condition.label,
            "met": self.met,
            "value": to_json(self.value),
            "advice": self.condition.advice,
            "group": self.condition.group,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """
    What a rule says of a unit.

    `checks` are those of every way to reach the objective, as the programme lists them; `way` names the group that
    counts (None: there is one way only) and `missing` the conditions of that way, or of all of them, that keep it
    from being reached. `more` are the figures of the rule itself, JSON-ready.
    """

    outcome: Outcome
    declared: int = 0
    checks: tuple[Check, ...] = ()
    way: str | None = None
    missing: tuple[str, ...] = ()
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def numbers(self) -> dict[str, object]:
        """The figures as they are shown."""
        return {
            "declared": self.declared,
            "way": self.way,
            "missing": list(self.missing),
            "conditions": [check.as_json() for check in self.checks],
            **self.more,
        }
