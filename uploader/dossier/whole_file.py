"""A file that stands under its name only when it is whole, whoever else writes in its folder."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from agent.domain.errors import UsageError, VaultError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# A new file, never one that a link planted there names; on Windows the folder's own rights make it private.
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_PRIVATE = 0o600


def write_whole(path: Path, write: Callable[[BinaryIO], object], *, replace: bool = False) -> str:
    """
    Let `write` fill a private file that then gets its name, durably; return its SHA-256.

    Raises UsageError when something has that name and is not to be replaced, VaultError when it cannot be written;
    nothing is left behind then.
    """
    if not replace:
        _refuse_existing(path)
    partial = path.with_name(f".{secrets.token_hex(8)}.partial")
    with writing(path):
        descriptor = os.open(partial, _NEW, _PRIVATE)
        try:
            with os.fdopen(descriptor, "w+b") as stream:
                write(stream)
                stream.flush()
                os.fsync(stream.fileno())
                stream.seek(0)
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if not replace:
                _refuse_existing(path)
            partial.replace(path)
            _sync_folder(path.parent)
        finally:
            with suppress(OSError):
                partial.unlink()
    return digest


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into a VaultError that says what to do."""
    try:
        yield
    except OSError as error:
        raise VaultError(
            f"« {path} » n'a pas pu être écrit ({error.strerror}).",
            hint="Vérifiez le dossier, les droits et la place, et fermez le fichier s'il est ouvert ; puis relancez.",
        ) from error


def _refuse_existing(path: Path) -> None:
    if os.path.lexists(path):
        raise UsageError(
            f"« {path} » existe déjà.", hint="Donnez un autre endroit avec --to, ou déplacez ce qui s'y trouve."
        )


def _sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable; Windows offers no such call and orders renames itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
