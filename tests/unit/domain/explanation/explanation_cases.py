"""Short ways to have a scenario, or declared facts, explained."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar

from agent.domain.assessment import evaluate
from agent.domain.declaration import Declaration, current
from agent.domain.declared import judge_declared
from agent.domain.explanation.explain import explain
from agent.domain.explanation.steps import Explanation, Step
from agent.domain.live import OpenQuestion
from agent.domain.scenario import parse_scenario
from config.fact_kinds import fact_kinds
from config.programme_files import find_programme

Json = dict[str, Any]
StepT = TypeVar("StepT", bound=Step)


def explained(
    scenario: Json,
    objective: str,
    subject: str | None = None,
    *,
    questions: Sequence[OpenQuestion] = (),
    declared: Sequence[Declaration] = (),
) -> Explanation:
    """Why an objective of a scenario stands as it does: an audited one, or one that people `declared`."""
    parsed = parse_scenario(scenario, find_programme)
    kinds = fact_kinds()
    in_force = current(declared, kinds)
    document: Json = evaluate(parsed.programme, parsed).as_json()
    if objective not in document["objectives"]:
        judged = judge_declared(parsed.programme, parsed, in_force, kinds)
        document["objectives"] |= {name: one.as_json() for name, one in judged.objectives.items()}
        document["prerequisites"] = {name: one.as_json() for name, one in judged.prerequisites.items()}
    return explain(
        parsed.programme,
        document,
        parsed,
        objective,
        subject,
        questions=questions,
        declarations=in_force,
        kinds=kinds,
    )


def the(kind: type[StepT], explanation: Explanation) -> StepT:
    """The one step of a kind."""
    (found,) = every(kind, explanation)
    return found


def every(kind: type[StepT], explanation: Explanation) -> list[StepT]:
    return [step for step in explanation.steps if isinstance(step, kind)]


def ght(*activities: float, support: int = 1) -> Json:
    """A GHT of establishments E1, E2…, with their activities."""
    return {
        "type": "GHT",
        "establishments": [
            {"id": f"E{rank}", "activity": activity, "support": rank == support}
            for rank, activity in enumerate(activities, start=1)
        ],
    }


def pinned(programme: str, reading: str, value: str) -> Declaration:
    """A reading that a person settled on an answer of the ANS."""
    return Declaration(
        id="d1",
        fact="pinned_reading",
        subjects=(f"{programme}/{reading}",),
        values={"value": value, "answer": "ANS, courriel du 3 mai 2026"},
        person="C. Martin",
        on=date(2026, 5, 4),
    )
