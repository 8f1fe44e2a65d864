"""
Explain a verdict of the assessment.

Nothing is judged here a second time. The verdict is the assessment's; each test's figures come from the rule that
judges it; what a reading would change is asked of `evaluate` with that reading pinned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any

from agent.domain.decided import pins
from agent.domain.declaration import Declaration
from agent.domain.display import printable
from agent.domain.errors import UsageError
from agent.domain.explanation import steps
from agent.domain.explanation.audited import Reasoning, phase_start_of
from agent.domain.explanation.ground import Ground
from agent.domain.explanation.parts import CANDIDATE, DIRECTORY, ESTABLISHMENT, SURFACE, day_of, entry_of, parts_step
from agent.domain.explanation.readings import reading_step
from agent.domain.live import OpenQuestion
from agent.domain.programme import DeclaredObjective, Objective, Programme, Subject
from agent.domain.scenario import Scenario

Json = Mapping[str, Any]

_ANY_FACTS = "facts"
_BEARS_ON = {Subject.DIRECTORIES: {"ads_audit", _ANY_FACTS}, Subject.SURFACES: {"exposure_audit", _ANY_FACTS}}


def explain(
    programme: Programme,
    document: Json,
    scenario: Scenario | None,
    objective: str,
    subject: str | None = None,
    *,
    questions: Sequence[OpenQuestion] = (),
    declarations: Sequence[Declaration] = (),
) -> steps.Explanation:
    """
    Return why `objective` stands as it does, for the candidate or for one directory, surface or establishment.

    `document` is the assessment (contract JSON); `scenario` the one behind it, undecided facts at their worst (None
    for a programme without audits); `questions` what a person must settle, `declarations` those in force.
    Raises UsageError for an objective or a subject that the assessment does not hold.
    """
    objective = known(
        objective, document["objectives"], what="L'objectif", listed=f"Objectifs suivis sous {programme.id}"
    )
    audited = next((one for one in programme.objectives if one.id == objective), None)
    declared = next((one for one in (*programme.declared, *programme.prerequisites) if one.id == objective), None)
    judged = document["objectives"][objective]
    about = _subject(judged, objective, subject, audited)
    entry = entry_of(judged, about)
    found: tuple[steps.Step, ...] = ()
    through, assumes_worst = None, False
    if audited is not None and scenario is not None:
        facts = tuple(
            steps.OpenFact(evidence=one.evidence, fields=one.fields, command=one.command)
            for one in questions
            if one.kind in _BEARS_ON[audited.subject]
        )
        reasoning = Reasoning.of(
            programme,
            Ground.of(scenario, audited, phase_start_of(document)),
            document,
            facts=facts,
            pins={pin.reading: pin for pin in pins(declarations, programme.id)},
        )
        through, assumes_worst = reasoning.deciding_unit(about), bool(facts)
        found = tuple(reasoning.told(about, through))
    elif declared is not None:
        found = tuple(_of_declared(programme, declared, judged, about, declarations))
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
        assumes_worst=assumes_worst,
        steps=found,
        through=through,
        sources=audited.sources if audited is not None else declared.sources if declared is not None else (),
    )


def known(name: str, names: Iterable[str], *, what: str, listed: str) -> str:
    """Return which of `names` is meant, whatever its case; raises UsageError with the nearest one and the list."""
    by_fold = {one.casefold(): one for one in names}
    if name.casefold() in by_fold:
        return by_fold[name.casefold()]
    near = get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.5)
    meant = f" Vouliez-vous dire « {by_fold[near[0]]} » ?" if near else ""
    raise UsageError(
        f"{what} « {printable(name, longest=60)} » est inconnu.{meant}",
        hint=f"{listed} : {', '.join(by_fold.values()) or 'aucun'}.",
    )


def _subject(judged: Json, objective: str, name: str | None, audited: Objective | None) -> steps.Subject:
    if name is None:
        return steps.Subject(kind=CANDIDATE, id=None)
    units = judged["units"]
    found = known(
        name,
        [*units, *(one for one in judged["establishments"] if one not in units)],
        what=f"Pour {objective}, l'élément",
        listed="Annuaires, surfaces et établissements de cet objectif",
    )
    if found not in units or audited is None:
        return steps.Subject(kind=ESTABLISHMENT, id=found)
    return steps.Subject(kind=DIRECTORY if audited.subject is Subject.DIRECTORIES else SURFACE, id=found)


def _of_declared(
    programme: Programme,
    objective: DeclaredObjective,
    judged: Json,
    about: steps.Subject,
    declarations: Sequence[Declaration],
) -> Iterator[steps.Step]:
    entry = entry_of(judged, about)
    establishments = judged["establishments"]
    if about.kind == CANDIDATE and len(establishments) > 1:
        yield parts_step(ESTABLISHMENT, establishments, every=objective.share_percent is None)
    checks = entry["numbers"].get("conditions", ())
    if checks:
        facts = {objective.fact, *(one.fact for one in objective.conditions if one.fact is not None)}
        used = (one.id for one in declarations if one.fact in facts and _is_about(one, about))
        yield steps.Conditions(
            fact=objective.fact,
            conditions=tuple(
                steps.ConditionResult(
                    label=check["label"],
                    field=check["field"],
                    holds=check["met"],
                    value=check["value"],
                    group=check["group"],
                    advice=check["advice"],
                )
                for check in checks
            ),
            declarations=tuple(used),
            sources=objective.sources,
        )
    if entry["next_due"]:
        yield steps.Remaining(audits=None, next_due=day_of(entry["next_due"]))
    settled = {pin.reading: pin for pin in pins(declarations, programme.id) if pin.reading in objective.readings}
    names = [*entry["contested"], *settled]
    if names:
        yield steps.Readings(
            readings=tuple(
                reading_step(programme, name, (), is_pinned=name in settled, pin=settled.get(name)) for name in names
            )
        )


def _is_about(one: Declaration, about: steps.Subject) -> bool:
    return about.id is None or not one.subjects or about.id in one.subjects
