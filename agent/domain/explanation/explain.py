"""
Explain a verdict of the assessment.

Nothing is judged here a second time. The verdict is the assessment's; each test's figures come from the rule that
judges it; what a reading would change is asked of `evaluate` with that reading pinned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from agent.domain.decided import pins
from agent.domain.declaration import Declaration, FactKind
from agent.domain.display import printable
from agent.domain.errors import UsageError
from agent.domain.explanation import steps
from agent.domain.explanation.audited import Reasoning
from agent.domain.explanation.declared import DeclaredReasoning
from agent.domain.explanation.ground import Ground
from agent.domain.explanation.parts import CANDIDATE, DIRECTORY, ESTABLISHMENT, SURFACE, day_of, entry_of
from agent.domain.live import OpenQuestion
from agent.domain.programme import Objective, Programme, RuleName, Subject
from agent.domain.scenario import Scenario
from agent.domain.wording import nearest

Json = Mapping[str, Any]

_ANY_FACTS = "facts"
# What a cadence never looks at: a run counts on its day, whatever it found.
_CADENCES = frozenset({RuleName.CADENCE, RuleName.TWO_MONTH_INTERVAL})
_FOUND = frozenset({"score", "findings"})
_BEARS_ON = {Subject.DIRECTORIES: {"ads_audit", _ANY_FACTS}, Subject.SURFACES: {"exposure_audit", _ANY_FACTS}}


def _bears_on(question: OpenQuestion, objective: Objective) -> bool:
    """Return whether what a person has yet to settle may change an audited objective."""
    is_apart = objective.rule in _CADENCES and set(question.fields) <= _FOUND
    return question.kind in _BEARS_ON[objective.subject] and not is_apart


def explain(
    programme: Programme,
    document: Json,
    scenario: Scenario,
    objective: str,
    subject: str | None = None,
    *,
    questions: Sequence[OpenQuestion] = (),
    declarations: Sequence[Declaration] = (),
    kinds: Mapping[str, FactKind] | None = None,
) -> steps.Explanation:
    """
    Return why `objective` stands as it does, for the candidate or for one directory, surface or establishment.

    `document` is the assessment (contract JSON), with the objectives that people declare when it has them; `scenario`
    the one behind it, undecided facts at their worst; `questions` what a person must settle, `declarations` those in
    force (of `kinds`). Raises UsageError for an objective or a subject that the assessment does not hold.
    """
    every = {**document["objectives"], **document.get("prerequisites", {})}
    objective = known(objective, every, what="L'objectif", listed=f"Objectifs suivis sous {programme.id}")
    audited = next((one for one in programme.objectives if one.id == objective), None)
    judged = every[objective]
    about = _subject(judged, objective, subject, audited)
    pinned = {pin.reading: pin for pin in pins(declarations, programme.id)}
    through: steps.Topic | None = None
    facts: tuple[steps.OpenFact, ...] = ()
    if audited is not None:
        facts = tuple(
            steps.OpenFact(evidence=one.evidence, fields=one.fields, command=one.command)
            for one in questions
            if _bears_on(one, audited)
        )
        ground = Ground.of(scenario, audited)
        reasoning = Reasoning.of(programme, ground, document, facts=facts, pins=pinned)
        through, sources = reasoning.deciding_unit(about), audited.sources
        found = tuple(reasoning.told(about, through))
    else:
        declared = next(one for one in (*programme.declared, *programme.prerequisites) if one.id == objective)
        sources = declared.sources
        of_declared = DeclaredReasoning(
            programme=programme,
            objective=declared,
            document=document,
            judged=judged,
            scenario=scenario,
            declarations=declarations,
            kinds=kinds or {},
            pins=pinned,
        )
        through = of_declared.deciding_unit(about)
        found = tuple(of_declared.told(about, through))
    entry = entry_of(judged, about)
    return steps.Explanation(
        programme=programme.id,
        programme_version=programme.version,
        programme_dated=programme.dated,
        programme_label=programme.label,
        objective=objective,
        objective_label=programme.label_of(objective),
        subject=about,
        as_of=date.fromisoformat(document["as_of"]),
        verdict=entry["verdict"],
        reasons=tuple(entry["reasons"]),
        contested=tuple(entry["contested"]),
        next_due=day_of(entry["next_due"]),
        numbers=entry["numbers"],
        assumes_worst=bool(facts),
        steps=found,
        through=through,
        sources=sources,
    )


def known(name: str, names: Iterable[str], *, what: str, listed: str) -> str:
    """Return which of `names` is meant, whatever its case; raises UsageError with the nearest one and the list."""
    by_fold = {one.casefold(): one for one in names}
    if name.casefold() in by_fold:
        return by_fold[name.casefold()]
    near = nearest(name, by_fold.values())
    meant = f" Vouliez-vous dire « {near} » ?" if near else ""
    raise UsageError(
        f"{what} « {printable(name, longest=60)} » est inconnu.{meant}",
        hint=f"{listed} : {', '.join(by_fold.values()) or 'aucun'}.",
    )


def _subject(judged: Json, objective: str, name: str | None, audited: Objective | None) -> steps.Topic:
    if name is None:
        return steps.Topic(kind=CANDIDATE, id=None)
    units = judged["units"] if audited is not None else {}
    found = known(
        name,
        [*units, *(one for one in judged["establishments"] if one not in units)],
        what=f"Pour {objective}, l'élément",
        listed="Annuaires, surfaces et établissements de cet objectif",
    )
    if found not in units or audited is None:
        return steps.Topic(kind=ESTABLISHMENT, id=found)
    return steps.Topic(kind=DIRECTORY if audited.subject is Subject.DIRECTORIES else SURFACE, id=found)
