"""Look at what somebody has prepared for the deposit: containers that are there, sensitive reports that lie outside."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.domain.errors import UsageError
from agent.domain.programme import Channel

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from agent.domain.pieces import Checklist
    from agent.vault.vault import Vault

ZED = ".zed"
MOST_FILES = 20_000
MOST_BYTES = 2 * 1024**3
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A file that goes into the container and lies beside it: its path in the folder, and the piece it is."""

    path: str
    objective: str
    label: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A folder prepared for the deposit; `containers` and `unread` (too large, not readable) are paths in it."""

    containers: tuple[str, ...]
    outside: tuple[Outside, ...]
    unread: tuple[str, ...]
    is_needed: bool

    @property
    def ready(self) -> bool:
        """Return whether the container is there, or not needed, and every file is where it goes."""
        return bool(self.containers or not self.is_needed) and not self.outside and not self.unread


def examine_prepared(folder: Path, listed: Checklist, vault: Vault) -> Prepared:
    """
    Return what `folder` holds of the pieces that go into a ZED container.

    A file is known by its bytes, whatever its name; what is inside a container is encrypted, and not looked at.
    Raises UsageError on a copy of the vault, which cannot tell, and for a folder of too many files.
    """
    sensitive = [state for state in listed.states if state.piece.channel is Channel.ZED]
    inside = {evidence: state for state in reversed(sensitive) for evidence in state.evidence}
    containers, unread, outside = [], [], []
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        digest = _digest(path)
        if digest is None:
            unread.append(name)
        elif path.suffix.lower() == ZED:
            containers.append(name)
        elif evidence := _sealed_as(_tag(vault, digest), inside, vault):
            state = inside[evidence]
            outside.append(Outside(path=name, objective=state.objective, label=state.piece.label, evidence=evidence))
    return Prepared(
        containers=tuple(containers),
        outside=tuple(outside),
        unread=tuple(unread),
        is_needed=bool(sensitive),
    )


def _sealed_as(tag: str, known: Container[str], vault: Vault) -> str | None:
    """Return which deposit of these bytes is one of `known`; the same file may have been sealed several times."""
    return next((one.id for one in vault.index.find_payloads(tag) if one.id in known), None)


def _tag(vault: Vault, digest: str) -> str:
    tag = vault.content_tag(digest)
    if tag is None:
        raise UsageError(
            "Une copie du coffre ne permet pas de reconnaître un fichier.",
            hint="Lancez cette vérification sur le serveur de Carénage, sans --vault.",
        )
    return tag


def _files(folder: Path) -> Iterator[Path]:
    count = 0
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            count += 1
            if count > MOST_FILES:
                raise UsageError(
                    f"« {folder} » contient plus de {MOST_FILES} fichiers.",
                    hint="Donnez le dossier préparé pour le dépôt, et rien d'autre.",
                )
            yield Path(parent, name)


def _digest(path: Path) -> str | None:
    """Return the SHA-256 of a plain file, None for what is not one, is empty or too large, or cannot be read."""
    digest = hashlib.sha256()
    try:
        status = path.stat(follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode) or not 0 < status.st_size <= MOST_BYTES:
            return None
        with path.open("rb") as stream:
            while block := stream.read(_CHUNK):
                digest.update(block)
    except OSError:
        return None
    return digest.hexdigest()
