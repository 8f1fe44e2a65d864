"""Seal a file as it is, without reading it."""

from __future__ import annotations

import hashlib
from io import BufferedReader
from typing import TYPE_CHECKING, Protocol

from agent.domain.display import printable
from agent.domain.errors import VaultError
from agent.domain.evidence import AS_IS, EvidenceClass, RawEvidence, SealedEvidence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path


class Sealer(Protocol):
    """The vault, as far as sealing goes."""

    def seal(
        self, payloads: Sequence[RawEvidence], *, evidence_class: EvidenceClass | None = None
    ) -> SealedEvidence: ...


def seal_file(
    vault: Sealer,
    path: Path,
    *,
    now: datetime,
    open_file: Callable[[Path], BufferedReader],
    sha256: str | None = None,
) -> SealedEvidence:
    """
    Seal `path` as a document, as `open_file` gives it.

    Raises UsageError when it is not a regular file, VaultError when its digest is not `sha256` (nothing is sealed
    then), VaultError or HeldError from the vault.
    """

    def open_again() -> BufferedReader:
        stream = open_file(path)
        return stream if sha256 is None else _Checked(stream, path.name, sha256)

    raw = RawEvidence(
        collector=AS_IS,
        name=path.name,
        media_type="application/octet-stream",
        evidence_class=EvidenceClass.DOCUMENT,
        received_at=now,
        open=open_again,
    )
    return vault.seal([raw], evidence_class=EvidenceClass.DOCUMENT)


class _Checked(BufferedReader):
    """A file that fails at its end unless its bytes are those of a digest."""

    def __init__(self, stream: BufferedReader, name: str, sha256: str) -> None:
        super().__init__(stream.detach())
        self._label, self._expected, self._found = printable(name), sha256, hashlib.sha256()

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes; raise VaultError at the end of another file than the one expected."""
        chunk = super().read(size)
        self._found.update(chunk)
        if not chunk and self._found.hexdigest() != self._expected:
            raise VaultError(
                f"« {self._label} » a changé depuis qu'il a été contrôlé : rien n'en a été gardé.",
                hint="Attendez que le fichier soit entièrement écrit, puis relancez la même commande.",
            )
        return chunk
