"""The inbox folder: which files are ready, and a private copy of each to seal and read."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from agent.domain.display import printable
from agent.domain.errors import AgentError, CollectorError
from agent.domain.evidence import EvidenceClass, RawEvidence
from collectors.reading import open_regular
from collectors.side_file import MAX_BYTES as MAX_SIDE_BYTES
from collectors.side_file import SUFFIX as SIDE_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from io import BufferedReader

PROCESSED = ".traites"
_PARTIAL_SUFFIXES = ("~", ".part", ".partial", ".tmp", ".crdownload", ".filepart", ".download", ".opdownload")
_PARTIAL_PREFIXES = (".", "~$", "~")
_WORK_SUFFIX = ".work"
_STALE_WORK = timedelta(days=1)
_CHUNK = 1024 * 1024
_MOST_ENTRIES = 10_000
_LONGEST_NAME = 200
NOT_PUT_AWAY = (
    "Il est scellé, mais il n'a pas pu être retiré d'ici : retirez-le, ou donnez au compte de l'agent le droit "
    "d'écrire dans ce dossier."
)
_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".html": "text/html",
    ".htm": "text/html",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".log": "text/plain",
    ".mla": "application/vnd.mla",
    ".nessus": "application/xml",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".toml": "application/toml",
    ".txt": "text/plain",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
    ".zip": "application/zip",
}


def media_type(name: str) -> str:
    """Return the media type that a file's name suggests."""
    return _MEDIA_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


@dataclass(frozen=True, slots=True)
class _Look:
    """What tells a file from another, and from itself after a change."""

    device: int
    inode: int
    size: int
    changed_ns: int

    @classmethod
    def at(cls, status: os.stat_result) -> _Look:
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCopy:
    """A private copy (0600) of one file as it was at `look`; `name` is the file's own, made safe."""

    source: Path
    path: Path
    name: str
    sha256: str
    bytes: int
    look: _Look

    def evidence(self, *, collector: str, received_at: datetime) -> RawEvidence:
        """Return the copy as evidence not yet classified."""
        return RawEvidence(
            collector=collector,
            name=self.name,
            media_type=media_type(self.name),
            evidence_class=EvidenceClass.DOCUMENT,
            received_at=received_at,
            open=self._open,
        )

    def wipe(self) -> None:
        """Remove the copy; a copy already gone is fine."""
        self.path.unlink(missing_ok=True)

    def _open(self) -> BufferedReader:
        return self.path.open("rb")


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxItem:
    """One file ready to be received, with its side file when it has one."""

    report: WorkCopy
    side: WorkCopy | None = None

    @property
    def name(self) -> str:
        """Return the report's name, safe to show."""
        return self.report.name

    def payloads(self, *, received_at: datetime, collector: str = "inbox") -> tuple[RawEvidence, ...]:
        """Return the evidence to seal together: the report, then its side file."""
        copies = (self.report, self.side) if self.side else (self.report,)
        return tuple(copy.evidence(collector=collector, received_at=received_at) for copy in copies)

    @property
    def key(self) -> str:
        """Return what tells these files, as they were copied, from any other."""
        return _key([copy.look for copy in (self.report, self.side) if copy is not None])

    @property
    def is_still_there(self) -> bool:
        """Return whether the files stand in the inbox as they were copied."""
        return _key_at(self.report.source, self.side.source if self.side else None) == self.key

    def wipe(self) -> None:
        """Remove the work copies."""
        for copy in (self.report, self.side):
            if copy is not None:
                copy.wipe()


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxProblem:
    """
    A file that is not taken; `what` says why in French.

    `waiting` tells that it only needs time (still being written): nothing to alert about.
    `kept` is the key of a file that was sealed before and could not be put away.
    """

    name: str
    what: str
    waiting: bool = False
    kept: str | None = None


def scan(
    folder: Path, *, work_dir: Path, now: datetime, settle_seconds: int, kept: Collection[str] = ()
) -> Iterator[InboxItem | InboxProblem]:
    """
    Yield each file of `folder` that has been still for `settle_seconds`, oldest first, and what cannot be taken.

    `kept` are the keys of files that were sealed but stayed: they are named, not taken again. The caller
    wipes each item's copies. Links, pipes and devices are named, never opened.
    Raises CollectorError when the folder itself cannot be listed.
    """
    entries = _entries(folder)
    if len(entries) > _MOST_ENTRIES:
        yield InboxProblem(name=str(folder), what=f"Plus de {_MOST_ENTRIES} fichiers : les premiers sont pris.")
    names = {name for name, _ in entries}
    for name, status in entries[:_MOST_ENTRIES]:
        path = folder / name
        if name.endswith(SIDE_SUFFIX) and name != SIDE_SUFFIX:
            if name.removesuffix(SIDE_SUFFIX) not in names and not _is_fresh(status, now, settle_seconds):
                yield InboxProblem(name=safe_name(name), what="Ce fichier compagnon n'a pas de rapport à côté de lui.")
            continue
        if not stat.S_ISREG(status.st_mode):
            yield InboxProblem(name=safe_name(name), what=_nature(status.st_mode))
            continue
        side = folder / (name + SIDE_SUFFIX) if name + SIDE_SUFFIX in names else None
        if _is_fresh(status, now, settle_seconds) or (side is not None and _is_fresh_path(side, now, settle_seconds)):
            yield InboxProblem(name=safe_name(name), what="Le fichier vient de changer : il attend.", waiting=True)
            continue
        if kept and (key := _key_at(path, side)) in kept:
            yield InboxProblem(name=safe_name(name), what=NOT_PUT_AWAY, kept=key)
            continue
        try:
            yield take(path, work_dir=work_dir, side=side)
        except AgentError as error:
            yield InboxProblem(name=safe_name(name), what=error.message)


def take(path: Path, *, work_dir: Path, side: Path | None = None, follow: bool = False) -> InboxItem:
    """
    Copy `path` and its side file into `work_dir`, hashing on the way.

    Raises UsageError for what is not a regular file, CollectorError when a file changes
    while it is copied or the disk is full.
    """
    report = _copy(path, work_dir, follow=follow, most_bytes=None)
    try:
        beside = _copy(side, work_dir, follow=False, most_bytes=MAX_SIDE_BYTES + 1) if side is not None else None
    except AgentError:
        report.wipe()
        raise
    if beside is not None and beside.name != report.name + SIDE_SUFFIX:
        beside = WorkCopy(
            source=beside.source,
            path=beside.path,
            name=report.name + SIDE_SUFFIX,
            sha256=beside.sha256,
            bytes=beside.bytes,
            look=beside.look,
        )
    return InboxItem(report=report, side=beside)


def side_path(path: Path) -> Path | None:
    """Return the side file that stands beside `path`, None without one."""
    if not path.name:
        return None
    beside = path.with_name(path.name + SIDE_SUFFIX)
    return beside if beside.is_file() and not beside.is_symlink() else None


def mark_processed(item: InboxItem, evidence_id: str) -> bool:
    """
    Move a received file and its side file to `.traites/<evidence id>/`.

    A file that changed since it was copied stays where it is and False is returned: the
    next pass takes the new one.
    """
    folder = item.report.source.parent / PROCESSED / evidence_id
    moved = True
    for copy in (item.report, item.side):
        if copy is None:
            continue
        try:
            if _Look.at(copy.source.lstat()) != copy.look:
                moved = False
                continue
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            copy.source.replace(folder / copy.source.name)
        except OSError:
            moved = False
    return moved


def erase_processed(folder: Path, *, now: datetime, keep_days: int, is_safe: Callable[[str], bool]) -> tuple[str, ...]:
    """
    Erase processed files `keep_days` after they were moved, when `is_safe(evidence_id)` says the deposit verifies.

    Returns the evidence ids whose files are gone.
    """
    root = folder / PROCESSED
    if not root.is_dir() or root.is_symlink():
        return ()
    erased = []
    for kept in sorted(root.iterdir()):
        if kept.is_symlink() or not kept.is_dir():
            continue
        moved_at = datetime.fromtimestamp(kept.stat().st_mtime, UTC)
        if now - moved_at >= timedelta(days=keep_days) and is_safe(kept.name):
            shutil.rmtree(kept, ignore_errors=True)
            erased.append(kept.name)
    return tuple(erased)


def sweep(work_dir: Path, *, now: datetime) -> None:
    """Remove the work copies that a killed pass left behind more than a day ago."""
    for left in work_dir.glob(f"*{_WORK_SUFFIX}"):
        if now - datetime.fromtimestamp(left.lstat().st_mtime, UTC) > _STALE_WORK:
            left.unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """Return a file's name as text that can be shown and kept: no control character, no separator, bounded."""
    return printable(name.replace("/", "·").replace("\\", "·"), longest=_LONGEST_NAME)


def _entries(folder: Path) -> list[tuple[str, os.stat_result]]:
    """Return the names that may be reports or side files, and what stands there, oldest first."""
    found = []
    try:
        with os.scandir(folder) as listing:
            for entry in listing:
                name = entry.name
                if _is_partial(name):
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if not stat.S_ISDIR(status.st_mode):
                    found.append((name, status))
    except OSError as error:
        raise CollectorError(
            f"Le dossier de dépôt « {folder} » ne peut pas être lu : {error.strerror}.",
            hint="Vérifiez qu'il existe et que le compte du service y a accès, ou corrigez [inbox] path.",
        ) from error
    return sorted(found, key=lambda item: (item[1].st_mtime_ns, item[0]))


def _key(looks: Iterable[_Look]) -> str:
    return "+".join(f"{look.device}:{look.inode}:{look.size}:{look.changed_ns}" for look in looks)


def _key_at(path: Path, side: Path | None) -> str | None:
    try:
        return _key(_Look.at(each.lstat()) for each in (path, side) if each is not None)
    except OSError:
        return None


def _is_partial(name: str) -> bool:
    """Return whether a tool gave the file this name until it is whole; none begins with two dots."""
    hidden = name.startswith(_PARTIAL_PREFIXES) and not name.startswith("..")
    return hidden or name.lower().endswith(_PARTIAL_SUFFIXES)


def _is_fresh(status: os.stat_result, now: datetime, settle_seconds: int) -> bool:
    """Return whether the file may still be growing; one dated in the future is judged by when it appeared here."""
    written = status.st_mtime if status.st_mtime <= now.timestamp() else status.st_ctime
    return now.timestamp() - written < settle_seconds


def _is_fresh_path(path: Path, now: datetime, settle_seconds: int) -> bool:
    try:
        return _is_fresh(path.lstat(), now, settle_seconds)
    except OSError:
        return True


def _nature(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "C'est un lien symbolique : il n'est pas suivi. Déposez le fichier lui-même."
    return "Ce n'est pas un fichier ordinaire : il n'est pas ouvert."


def _copy(source: Path, work_dir: Path, *, follow: bool, most_bytes: int | None) -> WorkCopy:
    """Copy a file into `work_dir` under a name of ours; refuse one that changes meanwhile."""
    with open_regular(source, follow=follow) as stream:
        before = os.fstat(stream.fileno())
        size = before.st_size if most_bytes is None else min(before.st_size, most_bytes)
        if shutil.disk_usage(work_dir).free < size + _CHUNK:
            raise CollectorError(
                f"« {safe_name(source.name)} » ne tient pas sur le disque de travail : il manque de la place."
            )
        target = work_dir / (secrets.token_hex(16) + _WORK_SUFFIX)
        try:
            digest, copied = _pour(stream, target, most_bytes)
            unchanged = _Look.at(os.fstat(stream.fileno())) == _Look.at(before) and copied == size
        except OSError as error:
            target.unlink(missing_ok=True)
            raise CollectorError(f"« {safe_name(source.name)} » ne peut pas être copié : {error.strerror}.") from error
    if not unchanged:
        target.unlink(missing_ok=True)
        raise CollectorError(f"« {safe_name(source.name)} » change pendant sa copie : il sera repris plus tard.")
    return WorkCopy(
        source=source,
        path=target,
        name=safe_name(source.name),
        sha256=digest,
        bytes=copied,
        look=_Look.at(before),
    )


def _pour(stream: BufferedReader, target: Path, most_bytes: int | None) -> tuple[str, int]:
    """Copy `stream` into the new private file `target`; return its SHA-256 and size."""
    digest = hashlib.sha256()
    copied = 0
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(target, flags, 0o600), "wb") as copy:
        while chunk := stream.read(_CHUNK if most_bytes is None else min(_CHUNK, most_bytes - copied)):
            digest.update(chunk)
            copy.write(chunk)
            copied += len(chunk)
    return digest.hexdigest(), copied
