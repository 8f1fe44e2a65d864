"""Reads a file dropped by other people, in a worker process with limits (collectors/reading_worker.py)."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from io import BufferedReader, FileIO
from typing import IO, TYPE_CHECKING, Any

from agent.domain.display import printable
from agent.domain.errors import UnrecognisedError, UsageError
from agent.domain.exposure import AuditHead, Problem, Reading, summarise
from agent.domain.handover import SideValues
from collectors import side_file
from collectors.formats.interface import Limits
from collectors.reading_codec import from_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from agent.domain.evidence import RawEvidence

logger = logging.getLogger(__name__)

# A file beyond this size that could not be read is not worth the minutes that its digest takes.
_HASHED_BYTES = 2 * 1024**3
_CHUNK = 64 * 1024
_STDERR_BYTES = 64 * 1024
# Windows would turn line ends without O_BINARY, and has no FIFO to wait for nor link to refuse.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
# What the Tenable collector seals beside a run's report.
_RUN_DESCRIPTION = "scan.json"
_EXCEPTION_NAME = re.compile(r"^([A-Za-z_][\w.]*)(?::|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReading:
    """A reading and the identity of the bytes it was made from; `sha256` is None for a file too large to be read."""

    reading: Reading
    sha256: str | None
    bytes: int


def open_regular(path: Path, *, follow: bool) -> BufferedReader:
    """
    Open a regular file, without ever waiting for a FIFO or a device.

    `follow` tells whether a symbolic link at the end of `path` may be followed. Raises
    UsageError, in French, for anything that is not a readable regular file.
    """
    try:
        if not follow and path.is_symlink():
            raise UsageError(f"« {printable(path.name)} » est un lien symbolique : il n'est pas suivi.")
        descriptor = os.open(path, _OPEN_FLAGS | (0 if follow else getattr(os, "O_NOFOLLOW", 0)))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"« {printable(path.name)} » ne peut pas être ouvert : {_reason(error)}.",
            hint="Vérifiez le chemin, et les droits du compte qui lance la commande.",
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UsageError(
            f"« {printable(path.name or str(path))} » n'est pas un fichier ordinaire : rien n'est lu.",
            hint="Donnez le fichier lui-même, pas un dossier, un tube ou un périphérique.",
        )
    return os.fdopen(descriptor, "rb")


def _reason(error: OSError | ValueError) -> str:
    reasons = {
        errno.ENOENT: "il n'existe pas",
        errno.EACCES: "l'accès est refusé",
        errno.EPERM: "l'accès est refusé",
        errno.EISDIR: "c'est un dossier",
        errno.ELOOP: "c'est un lien symbolique",
        errno.ENAMETOOLONG: "le nom est trop long",
    }
    code = error.errno if isinstance(error, OSError) else None
    return reasons.get(code or 0, "il n'est pas lisible" if code is None else os.strerror(code))


def read_file(path: Path, *, limits: Limits | None = None, name: str | None = None) -> FileReading:
    """
    Recognise the file at `path` by its content and read it in a worker process.

    `name` is the file's real name when `path` is a work copy. A worker that dies, takes too
    long or says too much gives an incomplete reading. Raises UnrecognisedError (with the
    formats tried) and UsageError for what is not a readable file.
    """
    limits = limits or Limits()
    name = name or path.name
    with open_regular(path, follow=True) as stream:
        before = os.fstat(stream.fileno())
        reading = _Worker(stream, name, limits).run()
        digest = _sha256(stream) if reading.complete or before.st_size <= _HASHED_BYTES else None
        after = os.fstat(stream.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        reading = _with_problem(reading, "Le fichier a changé pendant sa lecture : relisez-le.")
    return FileReading(reading=reading, sha256=digest, bytes=after.st_size)


def _sha256(stream: BufferedReader) -> str:
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").hexdigest()


def _with_problem(reading: Reading, what: str) -> Reading:
    return replace(reading, complete=False, problems=(*reading.problems, Problem(where="fichier", what=what)))


def _judged(reading: Reading) -> Reading:
    """Return `reading` with the summary that every exposure report owes, also one of which nothing was kept."""
    if reading.kind != "exposure_report" or reading.summary:
        return reading
    return replace(reading, summary=summarise(reading.observations, audit=reading.audit, complete=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositReading:
    """What the payloads of one deposit say together, and what its side file states."""

    reading: Reading
    side: SideValues = field(default_factory=SideValues)


def recognise(payloads: Sequence[RawEvidence]) -> tuple[str | None, SideValues]:
    """Return the contract's kind of the first payload (None when no reader takes it), and what the side file states."""
    side, _ = _side(payloads)
    with _seekable(payloads[0]) as stream:
        return _Worker(stream, payloads[0].name, Limits()).recognise(), side


def read_deposit(payloads: Sequence[RawEvidence], *, limits: Limits | None = None) -> DepositReading:
    """
    Read the payloads of one deposit: the first is the report, a side file or a platform's words may go with it.

    What no reader takes is an incomplete reading of format `unknown`, whose `summary.tried`
    names the formats. Raises CollectorError or UsageError when a payload cannot be opened.
    """
    limits = limits or Limits()
    side, faults = _side(payloads)
    try:
        with _seekable(payloads[0]) as stream:
            reading = _Worker(stream, payloads[0].name, limits).run()
    except UnrecognisedError as error:
        reading = Reading(
            format="unknown",
            kind="document",
            reader_version=0,
            complete=False,
            problems=(Problem(where="fichier", what=error.message),),
            summary={"tried": list(error.tried)},
        )
    for other in payloads[1:]:
        if other.name == _RUN_DESCRIPTION and reading.kind == "exposure_report":
            reading = _with_run(reading, other, limits)
    return DepositReading(reading=replace(reading, problems=(*reading.problems, *faults)), side=side)


def _side(payloads: Sequence[RawEvidence]) -> tuple[SideValues, tuple[Problem, ...]]:
    """Return what the side file among `payloads` states, and its faults."""
    for payload in payloads[1:]:
        if payload.name == payloads[0].name + side_file.SUFFIX:
            with payload.open() as opened:
                return side_file.parse(opened.read(side_file.MAX_BYTES + 1))
    return SideValues(), ()


def _with_run(report: Reading, payload: RawEvidence, limits: Limits) -> Reading:
    """Return `report` with the head that the platform's description of the run gives it."""
    from collectors.formats.tenable_scan import FORMAT, RunHead, with_head

    with _seekable(payload) as stream:
        described = _Worker(stream, payload.name, limits, force=FORMAT).run()
    head = RunHead(
        audit=described.audit or AuditHead(),
        status=str(described.summary.get("status")),
        completed=described.summary.get("completed") is True,
        problems=tuple(problem for problem in described.problems if problem.where != "scan.nessus"),
    )
    return with_head(report, head)


@contextmanager
def _seekable(payload: RawEvidence) -> Iterator[BufferedReader]:
    """Give a payload as a real file that a child process can take as its standard input."""
    with payload.open() as opened:
        if isinstance(opened, BufferedReader) and isinstance(opened.raw, FileIO):
            yield opened
            return
        with tempfile.TemporaryFile(prefix="carenage-") as copy:
            shutil.copyfileobj(opened, copy, _CHUNK)
            copy.flush()
            copy.seek(0)
            # The child needs the descriptor alone; a second view of it for reading keeps the types honest.
            with open(copy.fileno(), "rb", closefd=False) as view:
                yield view


class _Worker:
    """One run of the worker process over one open file."""

    def __init__(self, stream: BufferedReader, name: str, limits: Limits, *, force: str | None = None) -> None:
        self._stream = stream
        self._name = name
        self._limits = limits
        self._force = force
        self._answer = bytearray()
        self._errors = bytearray()
        self._flooded = False
        self._timed_out = False

    def recognise(self) -> str | None:
        """Return the kind of the reader that takes the file, None when none does or the worker died."""
        self._converse(only_recognise=True)
        steps = self._steps()
        return str(steps[0]["kind"]) if steps and "kind" in steps[0] else None

    def run(self) -> Reading:
        """Return what the worker understood; raises UnrecognisedError when no reader takes the file."""
        self._converse()
        steps = self._steps()
        first = steps[0] if steps else {}
        if "tried" in first:
            empty = os.fstat(self._stream.fileno()).st_size == 0
            raise UnrecognisedError(
                f"« {printable(self._name)} » est vide (0 octet)."
                if empty
                else f"« {printable(self._name)} » n'est d'aucun format connu.",
                tried=[*first["tried"], *(f"{name} (ne se charge pas)" for name in first["failed"])],
                hint="Vérifiez le fichier à sa source ; un rapport se dépose tel que l'outil l'a produit.",
            )
        if len(steps) > 1:
            try:
                return _judged(from_json(steps[1]["reading"]))
            except (KeyError, TypeError, ValueError):
                logger.warning("reading worker answered something else than a reading")
        return _judged(
            Reading(
                format=str(first.get("recognised", "unknown")),
                kind=str(first.get("kind", "document")),
                reader_version=int(first.get("reader_version", 0)),
                complete=False,
                problems=(Problem(where="fichier", what=self._failure()),),
            )
        )

    def _converse(self, *, only_recognise: bool = False) -> None:
        request = json.dumps(
            {
                "name": self._name,
                "limits": asdict(self._limits),
                "format": self._force,
                "only_recognise": only_recognise,
            }
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "collectors.reading_worker", request],
            stdin=self._stream,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            bufsize=0,
            close_fds=True,
        )
        with process:
            threads = [
                threading.Thread(target=self._drain, args=(process, process.stdout, self._answer), daemon=True),
                threading.Thread(target=self._drain, args=(process, process.stderr, self._errors), daemon=True),
            ]
            for thread in threads:
                thread.start()
            try:
                process.wait(self._limits.seconds)
            except subprocess.TimeoutExpired:
                self._timed_out = True
            finally:
                process.kill()
                process.wait()
            for thread in threads:
                thread.join()

    def _drain(self, process: subprocess.Popen[bytes], pipe: IO[bytes] | None, sink: bytearray) -> None:
        """Keep what the worker says, up to its limit; beyond it, end the worker (answer) or forget (errors)."""
        while pipe is not None and (chunk := pipe.read(_CHUNK)):
            limit = self._limits.result_bytes if sink is self._answer else _STDERR_BYTES
            if len(sink) + len(chunk) <= limit:
                sink += chunk
            elif sink is self._answer:
                self._flooded = True
                process.kill()

    def _steps(self) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = []
        for line in bytes(self._answer).splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            try:
                step = json.loads(line)
            except (ValueError, RecursionError):
                break
            if not isinstance(step, dict):
                break
            steps.append(step)
        return steps

    def _failure(self) -> str:
        if self._timed_out:
            return f"La lecture n'a pas abouti en {self._limits.seconds:g} secondes : elle est abandonnée."
        if self._flooded:
            return "Le contenu lu dépasse la taille permise : la lecture est abandonnée."
        lines = bytes(self._errors).decode("utf-8", errors="replace").strip().splitlines()
        named = _EXCEPTION_NAME.match(lines[-1]) if lines else None
        logger.warning("reading worker died", extra={"error_type": named[1] if named else None})
        return "La lecture s'est arrêtée brutalement : rien n'a pu être retenu du contenu."


def _environment() -> dict[str, str]:
    """Return the little that Python needs; nothing of ours is inherited."""
    environment = {"PYTHONSAFEPATH": "1", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    if sys.platform == "win32":
        import ctypes

        folder = ctypes.create_unicode_buffer(260)
        ctypes.windll.kernel32.GetWindowsDirectoryW(folder, len(folder))
        environment["SYSTEMROOT"] = folder.value
    return environment
