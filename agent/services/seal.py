"""Seal a file as it is, without reading it."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol

from agent.domain.errors import UsageError
from agent.domain.evidence import AS_IS, EvidenceClass, RawEvidence, SealedEvidence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path


class Sealer(Protocol):
    """The vault, as far as sealing goes."""

    def seal(
        self, payloads: Sequence[RawEvidence], *, evidence_class: EvidenceClass | None = None
    ) -> SealedEvidence: ...


def seal_file(vault: Sealer, path: Path, *, now: datetime) -> SealedEvidence:
    """
    Seal `path` as a document.

    Raises UsageError when it is not a regular file, VaultError or HeldError from the vault.
    """
    if path.is_symlink() or not path.is_file():
        raise UsageError(f"« {path.name} » n'est pas un fichier ordinaire.", hint="Donnez le fichier lui-même.")

    def open_again() -> BinaryIO:
        return path.open("rb")

    raw = RawEvidence(
        collector=AS_IS,
        name=path.name,
        media_type="application/octet-stream",
        evidence_class=EvidenceClass.DOCUMENT,
        received_at=now,
        open=open_again,
    )
    return vault.seal([raw], evidence_class=EvidenceClass.DOCUMENT)
