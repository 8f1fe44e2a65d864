"""The declarations that the vault holds, as typed values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from agent.domain.declaration import DECLARE, current, from_record, to_record
from agent.domain.declaration_request import find_kind
from agent.domain.errors import UsageError
from agent.domain.fault import FaultError
from agent.texts.faults import sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from agent.domain.declaration import Declaration, FactKind
    from agent.domain.declaration_outcome import Recorded
    from agent.domain.declaration_uses import Use
    from agent.domain.programme import Programme
    from agent.vault.index import SealedDecision

Json = dict[str, Any]


class DecisionIndex(Protocol):
    """The vault's index, as far as declarations go."""

    def decisions(self, kind: str | None = None) -> Sequence[SealedDecision]: ...


def every_declaration(index: DecisionIndex, kinds: Mapping[str, FactKind], zone: ZoneInfo) -> list[Declaration]:
    """Return every declaration ever recorded, oldest first; those of a later release are left aside."""
    found = (
        from_record(
            item.values,
            kinds,
            id=item.id,
            person=item.person,
            on=item.decided_at.astimezone(zone).date(),
            reason=item.reason,
        )
        for item in index.decisions(DECLARE)
    )
    return [one for one in found if one is not None]


def declarations_in_force(index: DecisionIndex, kinds: Mapping[str, FactKind], zone: ZoneInfo) -> list[Declaration]:
    """Return the declarations that nothing has corrected since, oldest first."""
    return current(every_declaration(index, kinds, zone), kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A declaration of the history, with whether it is in force and what corrected or withdrew it."""

    declaration: Declaration
    is_in_force: bool
    later: Declaration | None

    def as_json(self, kind: FactKind) -> Json:
        """Return what `declare list` shows of it."""
        return {
            **declaration_json(self.declaration, kind),
            "in_force": self.is_in_force,
            "corrected_by": self.later.id if self.later is not None else None,
            "withdrawn": self.declaration.withdrawn,
        }


def listed(
    index: DecisionIndex, kinds: Mapping[str, FactKind], zone: ZoneInfo, *, everything: bool = False
) -> list[Listed]:
    """Return the declarations in force, with the subjects that they keep, or `everything` that was ever declared."""
    history = every_declaration(index, kinds, zone)
    in_force = {one.id: one for one in current(history, kinds)}
    later = {one.replaces: one for one in history if one.replaces is not None}
    return [
        Listed(declaration=in_force.get(one.id, one), is_in_force=one.id in in_force, later=later.get(one.id))
        for one in history
        if everything or one.id in in_force
    ]


def kinds_asked(
    word: str | None, kinds: Mapping[str, FactKind], programmes: Iterable[Programme], *, everything: bool = False
) -> list[FactKind]:
    """Return the kind of that name, or those of the programmes (`everything`: of any); raises UsageError."""
    if word is not None:
        try:
            return [find_kind(word, kinds)]
        except FaultError as error:
            raise UsageError(sentence(error.fault), hint="Tous les types : carenage declare kinds --all.") from error
    followed = {one.id for one in programmes}
    return [one for one in kinds.values() if everything or not one.programmes or followed & {*one.programmes}]


def declaration_json(one: Declaration, kind: FactKind) -> Json:
    """Return a declaration as scripts read it."""
    record = to_record(one)
    return {
        "id": one.id or None,
        "kind": one.fact,
        "label": kind.label,
        "subjects": record["subjects"],
        "fields": record["fields"],
        "evidence": record["evidence"],
        "person": one.person,
        "on": one.on.isoformat(),
        "reason": one.reason,
        "replaces": one.replaces,
    }


def recorded_json(one: Recorded, kind: FactKind) -> Json:
    """Return what became of a request, as scripts read it."""
    return {
        **declaration_json(one.declaration, kind),
        "recorded": one.is_new,
        "place": one.place or None,
        "corrected_by": one.corrected_by,
        "supersedes": list(one.supersedes),
        "contradicts": list(one.contradicts),
        "warnings": [code.value for code in one.warnings],
    }


def kind_json(kind: FactKind, used: Sequence[Use]) -> Json:
    """Return a kind of fact as scripts read it; `used` are the objectives that look at it."""
    return {
        "id": kind.id,
        "label": kind.label,
        "about": kind.bearer.value,
        "several": kind.several,
        "programmes": list(kind.programmes),
        "objectives": [f"{use.programme} {use.objective}" for use in used],
        "fields": [
            {
                "name": field.name,
                "type": field.type.value,
                "label": field.label,
                "required": field.required,
                "choices": list(field.choices),
            }
            for field in kind.fields
        ],
        "files": [{"name": slot.name, "label": slot.label, "required": slot.required} for slot in kind.slots],
    }


def withdrawn_json(one: Declaration, again: Sequence[str]) -> Json:
    """Return a withdrawal as scripts read it; `again` are the ids of the records in force again."""
    return {
        "id": one.id,
        "withdraws": one.replaces,
        "kind": one.fact,
        "person": one.person,
        "reason": one.reason,
        "in_force_again": list(again),
    }
