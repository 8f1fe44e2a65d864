"""Explain: one verdict of the assessments, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.display import printable
from agent.domain.errors import UsageError
from agent.domain.explanation.explain import explain, known
from agent.domain.scenario import parse_scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.domain.declaration import FactKind
    from agent.domain.explanation.steps import Explanation
    from agent.domain.programme import Programme
    from agent.services.assess import Assessed


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """An explanation, with the establishments' names by id and what is wrong with the vault."""

    explanation: Explanation
    names: Mapping[str, str]
    alarms: tuple[str, ...] = ()


def explanation_of(
    assessed: Sequence[Assessed],
    objective: str,
    subject: str | None,
    *,
    programme: str | None,
    programmes: Callable[[str], Programme | None],
    kinds: Mapping[str, FactKind],
) -> Explanation:
    """
    Return why an objective stands as it does, under the programme that has it.

    Raises UsageError for a programme, an objective or a subject that is unknown, and for an objective of several
    configured programmes when none is named.
    """
    one = _chosen(assessed, objective, programme)
    judging = programmes(one.programme)
    if judging is None:
        raise UsageError(f"Le programme « {printable(one.programme)} » est inconnu.")
    return explain(
        judging,
        one.document,
        parse_scenario(one.scenario, programmes),
        objective,
        subject,
        questions=one.questions,
        declarations=one.declarations,
        kinds=kinds,
    )


def _chosen(assessed: Sequence[Assessed], objective: str, programme: str | None) -> Assessed:
    by_id = {one.programme: one for one in assessed}
    if programme is not None:
        return by_id[known(programme, by_id, what="Le programme", listed="Programmes suivis")]
    wanted = objective.casefold()
    holding = [one for one in assessed if wanted in {name.casefold() for name in _objectives(one)}]
    if len(holding) > 1:
        listed = ", ".join(one.programme for one in holding)
        raise UsageError(
            f"Plusieurs programmes ont l'objectif {printable(objective, longest=60)} : {listed}.",
            hint=f"Précisez lequel : --programme {holding[0].programme}.",
        )
    if not holding:
        every = [name for one in assessed for name in _objectives(one)]
        known(objective, every, what="L'objectif", listed="Objectifs suivis")
    return holding[0]


def _objectives(one: Assessed) -> list[str]:
    return [*one.document["objectives"], *one.document.get("prerequisites", {})]
