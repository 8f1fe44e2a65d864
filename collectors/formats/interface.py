"""The port every reader of one file format implements, and what bounds it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from agent.domain.exposure import Problem

if TYPE_CHECKING:
    from typing import BinaryIO

    from agent.domain.exposure import Reading

KIB = 1024
MIB = 1024 * KIB
HEAD_BYTES = 64 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    What one reading may cost.

    `seconds` of wall clock and `memory_bytes` bound the worker process, `result_bytes` its
    answer; `rows`, `field_characters`, `depth` (nested elements) and `problems` bound what
    a reader keeps.
    """

    seconds: float = 120
    memory_bytes: int = 2048 * MIB
    result_bytes: int = 128 * MIB
    rows: int = 200_000
    field_characters: int = 4096
    depth: int = 64
    problems: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file to read: a seekable stream at its start, its real `name`, its `size` in bytes."""

    stream: BinaryIO
    name: str
    size: int


class ProblemLog:
    """Collects the problems of one reading, the first `limit` of them word for word."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: list[Problem] = []
        self._dropped = 0

    def add(self, where: str, what: str) -> None:
        """Note that `what` (French) is wrong at `where`."""
        if len(self._kept) < self._limit:
            self._kept.append(Problem(where=where, what=what))
        else:
            self._dropped += 1

    def all(self) -> tuple[Problem, ...]:
        """Return the problems, with one more line for those that were too many."""
        if not self._dropped:
            return tuple(self._kept)
        return (*self._kept, Problem(where="fichier", what=f"… et {self._dropped} autres problèmes du même genre."))


class Reader(ABC):
    """
    One file format.

    A module of this folder holds one subclass, whose `format` is the module's name (`sealed`
    holds those of what our own collectors seal). `version` grows when the same bytes give
    other facts. `kind` is the contract's. Readers are asked in the order of `rank` (0 a
    signature, 1 a likeness, 2 the last resort). A file of more than `max_bytes` is
    recognised but not read.
    """

    format: ClassVar[str]
    version: ClassVar[int]
    kind: ClassVar[str]
    title: ClassVar[str]
    rank: ClassVar[int] = 0
    max_bytes: ClassVar[int] = 512 * MIB

    @abstractmethod
    def sniff(self, head: bytes, name: str) -> bool:
        """Tell from the first 64 KiB whether the file is of this format; never from its name alone."""

    @abstractmethod
    def read(self, source: Source, limits: Limits) -> Reading:
        """
        Return what the file says; whatever is damaged becomes a problem and `complete=False`.

        Runs in the worker process: a bug or an exhausted limit costs this reading only.
        """


def clip(text: str | None, limits: Limits) -> str | None:
    """Return `text` stripped and cut to the longest field allowed, None when blank."""
    if text is None:
        return None
    return text.strip()[: limits.field_characters] or None


def decoded_head(head: bytes) -> str:
    """Return the beginning of a text file as text, by its byte order mark, else as UTF-8 or Latin-1."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, errors="replace")
    if head[:4] in {b"<\0?\0", b"\0<\0?"}:
        return head.decode("utf-16-le" if head[0] else "utf-16-be", errors="replace")
    try:
        return head.decode("utf-8", errors="strict")
    except UnicodeDecodeError as error:
        cut_at_the_end = error.start >= len(head) - 3
        return head.decode("utf-8" if cut_at_the_end else "latin-1", errors="replace")
