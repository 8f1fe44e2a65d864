"""Durable file operations: whatever returns from here survives a power cut."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import sys
from typing import TYPE_CHECKING

from agent.domain.errors import IntegrityError, VaultError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
CHUNK = 1024 * 1024

_BINARY = getattr(os, "O_BINARY", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_LINKS_REFUSED = {errno.EMLINK, errno.EXDEV, errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
_LEFTOVER = re.compile(r"\..+\.[0-9a-f]{8}\Z")
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


def fsync_folder(path: Path) -> None:
    """Make the names in `path` durable; Windows offers no such call and orders renames itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def create(path: Path) -> int:
    """Open a new private file for writing; it must not exist."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, PRIVATE_FILE)


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte of `data`."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def write_new(path: Path, data: bytes) -> None:
    """Create `path` with `data`, synced; its name becomes durable with the folder's own sync."""
    descriptor = create(path)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: Path, data: bytes) -> None:
    """Give `path` the content `data` at once: readers see the old file or the new one."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        write_new(aside, data)
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)


def sweep(folder: Path) -> None:
    """Remove what an interrupted `replace` left in `folder`."""
    for path in folder.iterdir():
        if is_leftover(path.name):
            path.unlink(missing_ok=True)


def is_leftover(name: str) -> bool:
    """Return whether `name` is that of a file that `replace` was writing."""
    return _LEFTOVER.match(name) is not None


def append_synced(path: Path, data: bytes) -> None:
    """
    Append `data` in one write and sync it; on failure the file gets its former length back.

    The file is made, with its name synced, when it does not exist.
    """
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _BINARY, PRIVATE_FILE)
    try:
        length = os.fstat(descriptor).st_size
        try:
            if is_new:
                fsync_folder(path.parent)
            _write_whole(descriptor, data)
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, length)
            with contextlib.suppress(OSError):
                os.fsync(descriptor)
            raise
    finally:
        os.close(descriptor)


def _write_whole(descriptor: int, data: bytes) -> None:
    """Write `data` in one call; a short write means that the disk is full."""
    if os.write(descriptor, data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def cut(path: Path, length: int) -> None:
    """Shorten `path` to `length` bytes, synced."""
    descriptor = os.open(path, os.O_WRONLY | _BINARY)
    try:
        os.ftruncate(descriptor, length)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(path: Path) -> None:
    """Make `path` and its missing parents, private, syncing the parent of each new one."""
    if path.is_dir():
        return
    make_folders(path.parent)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=PRIVATE_FOLDER)
    fsync_folder(path.parent)


def move(source: Path, target: Path) -> None:
    """Rename `source` to `target` on the same file system, durably on both sides."""
    make_folders(target.parent)
    os.rename(source, target)  # noqa: PTH104 - must fail, never replace, when `target` is a folder with content
    fsync_folder(target.parent)
    fsync_folder(source.parent)


def remove(path: Path) -> None:
    """Remove a file or a folder with all it holds; a link goes, not what it names."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def link_or_copy(source: Path, target: Path) -> None:
    """Make `target` a hard link to `source`, or a synced copy where links are refused."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _LINKS_REFUSED:
            raise
    else:
        return
    descriptor = create(target)
    try:
        with open_regular(source) as stream:
            while chunk := os.read(stream, CHUNK):
                write_all(descriptor, chunk)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def open_regular(path: Path) -> Iterator[int]:
    """Open a regular file for reading, never through a link nor a pipe; IntegrityError for anything else."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise IntegrityError("n'est pas un fichier ordinaire")
        descriptor = os.open(path, os.O_RDONLY | _BINARY | _NO_FOLLOW)
    except FileNotFoundError as error:
        raise IntegrityError("fichier manquant") from error
    except OSError as error:
        raise IntegrityError(f"fichier illisible ({error.strerror})") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_small(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of at most `limit` bytes; raise IntegrityError otherwise."""
    parts: list[bytes] = []
    total = 0
    with open_regular(path) as descriptor:
        try:
            while chunk := os.read(descriptor, CHUNK):
                total += len(chunk)
                if total > limit:
                    raise IntegrityError(f"fichier anormalement gros (plus de {limit} octets)")
                parts.append(chunk)
        except OSError as error:
            raise IntegrityError(f"fichier illisible ({error.strerror})") from error
    return b"".join(parts)


@contextlib.contextmanager
def storage_errors(root: Path) -> Iterator[None]:
    """Turn what the file system refuses into a VaultError that says what to do."""
    try:
        yield
    except OSError as error:
        raise explain(error, root) from error


def is_read_only(error: OSError) -> bool:
    """Return whether `error` says that nothing may be written there."""
    return error.errno in _READ_ONLY


def explain(error: OSError, root: Path) -> VaultError:
    """Return the VaultError for what the file system answered about `root`."""
    nothing_lost = "Rien n'a été perdu : ce qui était déjà scellé est intact, le dépôt en cours n'est pas compté."
    if error.errno in _FULL:
        return VaultError(
            f"Plus assez de place pour écrire dans {root}. {nothing_lost}",
            hint="Libérez de l'espace sur ce volume ou agrandissez-le, puis relancez la commande.",
        )
    if is_read_only(error):
        return VaultError(
            f"{root} n'est pas accessible en écriture ({error.strerror}). {nothing_lost}",
            hint="Vérifiez les droits du dossier et que le volume n'est pas monté en lecture seule.",
        )
    return VaultError(
        f"Le disque a signalé une erreur sur {root} ({error.strerror or error}). {nothing_lost}",
        hint="Vérifiez l'état du disque (journal du système), puis relancez la commande.",
    )
