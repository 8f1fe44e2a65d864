"""What a dossier holds, as values: the checklist, and the files that were opened for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agent.domain.pieces import Status
from agent.texts import pieces as texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from agent.domain.facts import AssetFact, DirectoryFact
    from agent.domain.pieces import Checklist


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedDirectory:
    """A configured directory and what LDAP last said of it."""

    id: str
    name: str
    establishments: tuple[str, ...]
    fact: DirectoryFact | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierContent:
    """
    Everything that the builder writes.

    `assessment` is the evaluation contract's output, `reasons` says its codes in words, `names` its slugs.
    `files` are the decrypted files of each evidence item; none without the private key.
    """

    entity: str
    candidate: str
    programme: str
    as_of: date
    built_at: str
    assessment: dict[str, object]
    checklist: Checklist
    directories: tuple[DescribedDirectory, ...] = ()
    assets: tuple[AssetFact, ...] = ()
    files: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPiece:
    """
    A piece that the dossier lacks: `sealed` means it is in the vault and waits for the private key.

    One that `stands` needs nothing else.
    """

    objective: str
    piece: str
    sealed: bool = False
    stands: bool = False


def missing_pieces(content: DossierContent) -> list[MissingPiece]:
    """Return what the checklist misses, and what stands in it but could not be opened, in the checklist's order."""
    missing = []
    for state in content.checklist.states:
        sealed = any(evidence not in content.files for evidence in state.evidence)
        if state.is_missing or (sealed and state.status is Status.PRESENT):
            # What is there but proves nothing would not prove more once opened.
            is_sealed = sealed and state.status in {Status.PRESENT, Status.TO_SETTLE}
            text = texts.situation(state, content.names)
            missing.append(
                MissingPiece(
                    objective=state.objective, piece=text, sealed=is_sealed, stands=state.status is Status.PRESENT
                )
            )
    if content.checklist.unread:
        text = texts.unread(content.checklist.unread)
        missing.append(MissingPiece(objective=content.checklist.programme, piece=text))
    return missing
