"""What became of a declaration that people asked for, and what they should know of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import TYPE_CHECKING

from agent.domain.decided import NO_DIRECTORY, NO_EXPOSURE, RERATING, pin_subject, reading_text
from agent.domain.declaration import Bearer, FieldType
from agent.domain.programme import Origin, Subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.domain.declaration import Declaration, FactKind
    from agent.domain.declaration_request import Draft, Known
    from agent.domain.programme import DeclaredObjective, Objective, Piece, Programme

_OCCASION = {FieldType.DAY, FieldType.TEXTS, FieldType.CHOICE, FieldType.CHOICES}


class Warn(StrEnum):
    """What a person should know of a sound declaration: it has no effect yet, or is weak."""

    NO_EVIDENCE = "no_evidence"
    REFUSED_FILE = "refused_file"
    HAS_UNITS = "has_units"
    NOT_JUSTIFIED = "not_justified"
    NOT_IN_REPORT = "not_in_report"
    LATER_AUDITS_ONLY = "later_audits_only"
    BEYOND_TEXTS = "beyond_texts"
    OVERWRITES = "overwrites"
    SAID_BEFORE = "said_before"


def warnings(draft: Draft, known: Known) -> list[Warn]:
    """Return what should be known of a draft that holds together."""
    found = []
    if not draft.files and not draft.kept and _is_evidence_asked(draft.kind, known.programmes):
        found.append(Warn.NO_EVIDENCE)
    if any(piece.is_refused(name) for piece, name in _pieces_given(draft, known.programmes)):
        found.append(Warn.REFUSED_FILE)
    served = {NO_DIRECTORY: Subject.DIRECTORIES, NO_EXPOSURE: Subject.SURFACES}.get(draft.kind.id)
    if served is not None and known.served.get(served, frozenset()) & {*draft.subjects}:
        found.append(Warn.HAS_UNITS)
    if draft.kind.id == RERATING:
        found += [Warn.NOT_JUSTIFIED] if draft.values.get("justified") is not True else []
        found += [Warn.NOT_IN_REPORT] if draft.values.get("in_report") is not True else []
        found += [Warn.LATER_AUDITS_ONLY] if not draft.values.get("audits") else []
    if draft.kind.bearer is Bearer.READING and not _is_admitted(draft, known.programmes):
        found.append(Warn.BEYOND_TEXTS)
    return found


def _is_evidence_asked(kind: FactKind, programmes: Iterable[Programme]) -> bool:
    """Return whether a piece of a programme comes from this fact, or the fact is a decision, which is proved."""
    if kind.bearer in (Bearer.FINDING, Bearer.READING):
        return True
    return any(piece.needed and piece.origin is Origin.DECLARATION for piece in _pieces_of(kind, programmes))


def _pieces_given(draft: Draft, programmes: Iterable[Programme]) -> list[tuple[Piece, str]]:
    """Return the pieces that the files of a draft are to be, each with the name of the file."""
    return [
        (piece, PurePath(path).name)
        for piece in _pieces_of(draft.kind, programmes)
        for path in draft.files.get(piece.slot or "", ())
    ]


def _pieces_of(kind: FactKind, programmes: Iterable[Programme]) -> list[Piece]:
    return [
        piece
        for one in programmes
        for objective in (*one.declared, *one.prerequisites)
        for piece in objective.pieces
        if piece.fact == kind.id
    ]


def _is_admitted(draft: Draft, programmes: Iterable[Programme]) -> bool:
    """Return whether a pinned value is one that its programme's own texts support, for every objective."""
    said = {pin_subject(one.id, name): values for one in programmes for name, values in _admitted(one).items()}
    return all(draft.values.get("value") in said.get(subject, ()) for subject in draft.subjects)


def _admitted(programme: Programme) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    objectives: list[Objective | DeclaredObjective] = [*programme.objectives, *programme.declared]
    for objective in (*objectives, *programme.prerequisites):
        for name, values in objective.readings.items():
            found.setdefault(name, []).extend(map(reading_text, values))
    return found


def repeated(one: Declaration, others: Iterable[Declaration], kind: FactKind) -> list[Declaration]:
    """Return the `others` that tell of the occasion that `one` does: a fact of the same days, choices and subjects."""
    telling = [item.name for item in kind.fields if item.type in _OCCASION or item.names is not None]
    return [
        other
        for other in others
        if kind.several and FieldType.DAY in {item.type for item in kind.fields} and other.id != one.id
        if (other.fact, {*other.subjects}) == (one.fact, {*one.subjects})
        if all(one.values.get(name) == other.values.get(name) for name in telling)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """
    What became of one request: the declaration, and the ids of those that it supersedes or contradicts.

    `is_new` False: nothing was sealed (`declaration` was in force already, or a person corrected or withdrew it
    since: `corrected_by`). A trial has an empty id. `overwritten` are those that a file says otherwise of, that
    somebody may have declared by hand since; `repeats` the ids of those that tell of the same occasion.
    """

    declaration: Declaration
    supersedes: tuple[str, ...] = ()
    contradicts: tuple[str, ...] = ()
    is_new: bool = True
    corrected_by: str | None = None
    warnings: tuple[Warn, ...] = ()
    overwritten: tuple[Declaration, ...] = ()
    repeats: tuple[str, ...] = ()
    place: str = ""
