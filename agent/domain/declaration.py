"""
What people declare: facts that no machine can collect, each with its author, its day and its evidence.

A declaration is a sealed decision (kind `declare`). A correction is a new record; what it replaces stays
in the vault and is only left out of the current view.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

DECLARE = "declare"
"""The kind of decision under which a declaration is sealed."""

Value = bool | int | Decimal | str | date | tuple[str, ...]


class FieldType(StrEnum):
    """How a field of a declaration is written and checked."""

    YES_NO = "yes_no"
    DAY = "day"
    WHOLE = "whole"
    DECIMAL = "decimal"
    TEXT = "text"
    CHOICE = "choice"
    CHOICES = "choices"
    TEXTS = "texts"


class Names(StrEnum):
    """What the texts of a field are ids of."""

    ESTABLISHMENT = "establishment"
    SURFACE = "surface"
    AUDIT = "audit"
    OBJECTIVE = "objective"
    UNIT = "unit"


class Bearer(StrEnum):
    """What a declaration is about; one about establishments may also be said once for the whole candidate."""

    CANDIDATE = "candidate"
    ESTABLISHMENT = "establishment"
    DIRECTORY = "directory"
    FINDING = "finding"
    READING = "reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """
    One field of a kind of fact; `label` is French, `choices` the admissible values of a choice.

    `past`: a day of what has happened, never one to come. `most`: the highest number; `part_of`: the field whose
    number this one is a part of. `names`: its texts are ids that must exist. `under`: what stands before the choices
    in the ids that the programme gives them, which people may type too (`O4.E`, `POC.P3.O4.E`).
    """

    name: str
    type: FieldType
    label: str
    required: bool = False
    choices: tuple[str, ...] = ()
    past: bool = False
    most: int | None = None
    part_of: str | None = None
    names: Names | None = None
    under: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSlot:
    """One place for evidence files in a kind of fact (`--file SLOT=FILE`); `label` is French."""

    name: str
    label: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FactKind:
    """
    A kind of fact that can be declared (config/facts.toml).

    `several`: more than one record may hold at once for one subject (exercises, actions); otherwise the
    last one about a subject supersedes the earlier ones. `dated_by`: the field of the day that a record is about as a
    whole. `programmes` limits it, empty: all of them.
    """

    id: str
    label: str
    bearer: Bearer
    fields: tuple[Field, ...]
    slots: tuple[EvidenceSlot, ...] = ()
    several: bool = False
    dated_by: str | None = None
    programmes: tuple[str, ...] = ()

    def field(self, name: str) -> Field | None:
        """Return a field by its name, None without one."""
        return next((one for one in self.fields if one.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """
    One declared fact: `id` is the deposit's, `subjects` the ids it is about (empty: the whole candidate).

    `evidence` gives, for each slot, the ids of the sealed files; `on` is the civil day it was recorded.
    `replaces` names the record it corrects; `withdrawn` makes it a mere removal of that record.
    """

    id: str
    fact: str
    subjects: tuple[str, ...]
    values: Mapping[str, Value]
    person: str
    on: date
    evidence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reason: str | None = None
    replaces: str | None = None
    withdrawn: bool = False


def current(
    declarations: Sequence[Declaration], kinds: Mapping[str, FactKind], *, on: date | None = None
) -> list[Declaration]:
    """
    Return the declarations in force, oldest first (`declarations` come oldest first).

    A replaced or withdrawn record is left out. Of a fact that holds once, the last record about a subject
    wins; an earlier record keeps the subjects that no later one names, and none once a later one is about everybody.
    Those about a day after `on` come first, and yield to the others: they were not true yet.
    """

    def is_to_come(one: Declaration) -> bool:
        day = one.values.get(kinds[one.fact].dated_by or "")
        return on is not None and isinstance(day, date) and day > on

    gone = {one.replaces for one in declarations if one.replaces is not None}
    standing = [one for one in declarations if one.id not in gone and not one.withdrawn and one.fact in kinds]
    kept: list[Declaration] = []
    seen: set[tuple[str, str]] = set()
    newest_first = list(reversed(standing))
    for one in sorted(newest_first, key=is_to_come):
        if kinds[one.fact].several:
            kept.append(one)
            continue
        named = one.subjects or ("",)
        free = tuple(subject for subject in named if not seen & {(one.fact, subject), (one.fact, "")})
        seen.update((one.fact, subject) for subject in free)
        if free:
            kept.append(replace(one, subjects=tuple(subject for subject in free if subject)))
    return list(reversed(kept))


def bearing_on(declarations: Iterable[Declaration], fact: str, subject: str | None) -> list[Declaration]:
    """Return the declarations of a fact about `subject` (None: the candidate), those about everybody included."""
    return [one for one in declarations if one.fact == fact and (not one.subjects or subject in one.subjects)]


_TELLING_APART = {FieldType.DAY, FieldType.TEXTS}
_COMPARED = {FieldType.YES_NO, FieldType.WHOLE, FieldType.DECIMAL}


def at_odds(one: Declaration, others: Iterable[Declaration], kinds: Mapping[str, FactKind]) -> list[Declaration]:
    """
    Return the `others` that say otherwise of the same thing: a figure, a yes or a no.

    The same thing: a fact about some of the same subjects; on the same days, and of the same list, when several
    such facts may hold.
    """
    kind = kinds[one.fact]
    telling_apart = [item.name for item in kind.fields if item.type in _TELLING_APART and kind.several]
    compared = [item.name for item in kind.fields if item.type in _COMPARED]

    def differs(other: Declaration, name: str) -> bool:
        return name in one.values and name in other.values and one.values[name] != other.values[name]

    return [
        other
        for other in others
        if other.id != one.id and other.fact == one.fact
        if not one.subjects or not other.subjects or {*one.subjects} & {*other.subjects}
        if all(one.values.get(name) == other.values.get(name) for name in telling_apart)
        if any(differs(other, name) for name in compared)
    ]


def to_record(one: Declaration) -> dict[str, object]:
    """Return the `values` of the sealed decision that holds a declaration (JSON: days and decimals as text)."""
    return {
        "fact": one.fact,
        "subjects": list(one.subjects),
        "fields": {name: to_json(value) for name, value in one.values.items()},
        "evidence": {slot: list(ids) for slot, ids in one.evidence.items()},
        "replaces": one.replaces,
        "withdrawn": one.withdrawn,
    }


def from_record(
    record: Mapping[str, object],
    kinds: Mapping[str, FactKind],
    *,
    id: str,  # noqa: A002 - the deposit's id, as everywhere
    person: str,
    on: date,
    reason: str | None,
) -> Declaration | None:
    """Return the declaration that sealed `values` hold; None for a kind or a shape that this release does not know."""
    kind = kinds.get(str(record.get("fact")))
    fields, evidence = record.get("fields"), record.get("evidence")
    if kind is None or not isinstance(fields, Mapping) or not isinstance(evidence, Mapping):
        return None
    try:
        values = {
            name: _from_json(field_of.type, value)
            for name, value in fields.items()
            if (field_of := kind.field(name)) is not None
        }
        subjects = _texts(record.get("subjects"))
        files = {str(slot): _texts(ids) for slot, ids in evidence.items()}
    except (TypeError, ValueError, ArithmeticError):
        return None
    replaces = record.get("replaces")
    return Declaration(
        id=id,
        fact=kind.id,
        subjects=subjects,
        values=values,
        person=person,
        on=on,
        evidence=files,
        reason=reason,
        replaces=replaces if isinstance(replaces, str) else None,
        withdrawn=record.get("withdrawn") is True,
    )


def to_json(value: Value | None) -> object:
    """Return a declared value as JSON holds it: days and decimals as text, None for none."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _from_json(kind: FieldType, value: object) -> Value:
    match kind:
        case FieldType.YES_NO if isinstance(value, bool):
            return value
        case FieldType.WHOLE if isinstance(value, int) and not isinstance(value, bool):
            return value
        case FieldType.DAY if isinstance(value, str):
            return date.fromisoformat(value)
        case FieldType.DECIMAL if isinstance(value, str):
            return Decimal(value)
        case FieldType.TEXT | FieldType.CHOICE if isinstance(value, str):
            return value
        case FieldType.CHOICES | FieldType.TEXTS:
            return _texts(value)
    raise TypeError(f"{value!r} is not a {kind}")


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{value!r} is not a list of texts")
    return tuple(value)
