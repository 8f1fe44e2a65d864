"""What a rule of declared facts is asked, and what it answers: one signature for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from agent.domain.declaration import Declaration
from agent.domain.programme import DeclaredObjective
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
class Judgement:
    """What a rule says of a unit; `numbers` are JSON-ready: `declared` (how many), `conditions` (each as it stands)."""

    outcome: Outcome
    numbers: Mapping[str, object]
