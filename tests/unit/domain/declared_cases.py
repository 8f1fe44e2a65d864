"""Short ways to declare facts and to have them judged, by a rule alone or by a shipped programme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import count
from typing import Any

from agent.domain.declaration import Declaration, Value, current
from agent.domain.declared import DeclaredAssessment, judge_declared
from agent.domain.programme import Condition, DeclaredObjective, Level
from agent.domain.programme import Test as ConditionTest
from agent.domain.rules.case import Case
from agent.domain.scenario import parse_scenario
from config.fact_kinds import fact_kinds
from config.programme_files import find_programme

Json = dict[str, Any]

START, DECLARATION = date(2026, 3, 1), date(2027, 3, 1)
TODAY = date(2026, 9, 1)
BIS, OLD, P3 = "D1BIS_2026", "D1_2024", "P3_2026"

_ids = count(1)


def said(fact: str = "fact", *subjects: str, evidence: Any = (), **values: Value) -> Declaration:
    """A declaration of `values`, with one sealed file in each slot of `evidence`."""
    return Declaration(
        id=f"d{next(_ids):06}",
        fact=fact,
        subjects=subjects,
        values=values,
        person="Camille Martin",
        on=TODAY,
        evidence={slot: (f"file-{slot}",) for slot in evidence},
    )


def asks(field: str, test: ConditionTest, value: object = True, **parts: Any) -> Condition:
    """A condition of the same label as its field."""
    return Condition(field=field, test=test, value=value, label=field, **parts)


def objective(*conditions: Condition, rule: str = "conditions", **parts: Any) -> DeclaredObjective:
    """An objective on the fact `fact` that asks `conditions`."""
    return DeclaredObjective(
        id="O", label="O", rule=rule, level=Level.CANDIDATE, fact="fact", sources=(), pieces=(),
        conditions=conditions, **parts,
    )  # fmt: skip


def case(*declared: Declaration, of: DeclaredObjective, as_of: date = TODAY, **parts: Any) -> Case:
    """The objective's case on a day, with what was declared."""
    return Case(
        **{
            "objective": of,
            "declarations": declared,
            "units": frozenset(),
            "perimeter": frozenset({"E1", "E2"}),
            "days": {"phase_start": START, "declaration": DECLARATION},
            "as_of": as_of,
            **parts,
        }
    )


def establishments(*activities: int, support: bool = True, **parts: Any) -> list[Json]:
    """E1, E2…, the first one the support."""
    return [
        {"id": f"E{rank}", "activity": activity, "support": support and rank == 1, **parts}
        for rank, activity in enumerate(activities, start=1)
    ]


PHASES: Mapping[str, Json] = {
    BIS: {"start": "2026-03-01", "declaration": "2027-03-01"},
    OLD: {"start": "2024-04-01", "declaration": "2025-03-28"},
    P3: {"start": "2026-03-31", "declaration": "2027-06-30"},
}


def judged(
    *declared: Declaration,
    programme: str = BIS,
    as_of: date = TODAY,
    type: str = "GHT",  # noqa: A002 - the contract's word
    of: Sequence[Json] | None = None,
    phase: Mapping[str, str] | None = None,
    config: Mapping[str, object] | None = None,
) -> DeclaredAssessment:
    """What a shipped programme says of the declarations, for a GHT of two establishments unless told otherwise."""
    scenario = parse_scenario(
        {
            "id": "candidat",
            "programme": programme,
            "candidate": {"type": type, "establishments": list(of or establishments(60, 40))},
            "phase": {**PHASES[programme], **(phase or {})},
            "as_of": as_of.isoformat(),
            "config": dict(config or {}),
        },
        find_programme,
    )
    kinds = fact_kinds()
    in_force = current(declared, kinds, on=min(as_of, scenario.phase.declaration))
    return judge_declared(scenario.programme, scenario, in_force, kinds)
