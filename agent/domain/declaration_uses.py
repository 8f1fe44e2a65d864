"""The objectives that look at what people declare: which, where each stands, and what it lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.domain.decided import AUTHORITY, NO_EXPOSURE, RERATING
from agent.domain.declaration import Bearer
from agent.domain.programme import RuleName, Subject
from agent.domain.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from agent.domain.declaration import Declaration, FactKind, Value
    from agent.domain.programme import Objective, Programme

Json = dict[str, Any]
_DONE = {Verdict.MET, Verdict.NOT_APPLICABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """An objective that looks at a fact."""

    programme: str
    objective: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """
    Where an objective that looks at a declaration stands: `verdict` None when it is not assessed.

    `missing` are the labels of what it lacks, `remaining` the establishments, besides its own, still to reach it.
    """

    use: Use
    verdict: str | None = None
    missing: tuple[str, ...] = ()
    remaining: tuple[str, ...] = ()

    def as_json(self) -> Json:
        """Return it as scripts read it."""
        return {
            "programme": self.use.programme,
            "objective": self.use.objective,
            "label": self.use.label,
            "verdict": self.verdict,
            "missing": list(self.missing),
            "remaining": list(self.remaining),
        }


def consequences(
    one: Declaration, kind: FactKind, programmes: Iterable[Programme], documents: Mapping[str, Json]
) -> list[Consequence]:
    """Return what follows from a declaration; `documents` are the assessments (contract JSON) by programme."""
    is_asked_of_each = kind.bearer is Bearer.ESTABLISHMENT and one.fact not in AUTHORITY
    return [
        _consequence(use, documents.get(use.programme, {}), one.subjects, is_asked_of_each=is_asked_of_each)
        for use in uses(kind, one.subjects, one.values, programmes)
    ]


def _consequence(use: Use, document: Json, subjects: Sequence[str], *, is_asked_of_each: bool) -> Consequence:
    judged = {**document.get("prerequisites", {}), **document.get("objectives", {})}.get(use.objective)
    if judged is None:
        return Consequence(use=use)
    units = [entry for unit, entry in judged["units"].items() if not subjects or unit in subjects]
    lacking = [label for entry in (judged["candidate"], *units) for label in entry["numbers"].get("missing", ())]
    return Consequence(
        use=use,
        verdict=judged["candidate"]["verdict"],
        missing=tuple(dict.fromkeys(lacking)),
        remaining=tuple(
            unit
            for unit, entry in judged["establishments"].items()
            if is_asked_of_each and subjects and entry["verdict"] not in _DONE and unit not in subjects
        ),
    )


def uses(
    kind: FactKind, subjects: Sequence[str], values: Mapping[str, Value], programmes: Iterable[Programme]
) -> list[Use]:
    """Return the objectives and prerequisites that look at a fact, follow a pinned reading or are planned."""
    found: list[Use] = []
    for programme in programmes:
        if kind.programmes and programme.id not in kind.programmes:
            continue
        readings = {subject.partition("/")[2] for subject in subjects if subject.startswith(f"{programme.id}/")}
        concerned = [one for one in programme.objectives if _is_audited(one, kind.id) or readings & {*one.readings}]
        declared = [
            one
            for one in (*programme.prerequisites, *programme.declared)
            if kind.id in {one.fact, *(condition.fact for condition in one.conditions), *_texts(one.parameters)}
            or readings & {*one.readings}
        ]
        planned = values.get("objective") if kind.bearer is Bearer.CANDIDATE else None
        ids = {one.id: one.label for one in concerned} | {one.id: one.label for one in declared}
        if planned in programme.order:
            ids[str(planned)] = programme.label_of(str(planned))
        found.extend(Use(programme=programme.id, objective=one, label=label) for one, label in sorted(ids.items()))
    return found


def _is_audited(objective: Objective, fact: str) -> bool:
    """Return whether a decision of this kind bears on an audited objective."""
    if fact == RERATING:
        return objective.rule is RuleName.EXPOSURE_LEVEL
    return fact in AUTHORITY and objective.subject is (Subject.SURFACES if fact == NO_EXPOSURE else Subject.DIRECTORIES)


def _texts(parameters: Mapping[str, object]) -> Iterator[str]:
    """Yield the texts among a rule's parameters: it may name further kinds of fact there."""
    for value in parameters.values():
        yield from (item for item in (value if isinstance(value, list | tuple) else [value]) if isinstance(item, str))
