"""The journal on disk: reading it back without trusting it, and adding to it."""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.domain.errors import IntegrityError
from agent.domain.journal import NO_PREVIOUS, EntryType, JournalEntry, Problem
from agent.vault import files, lines, notes
from agent.vault.keys import Memory
from agent.vault.merkle import Frontier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from agent.vault.keys import Keys

logger = logging.getLogger(__name__)

JOURNAL, CHECKPOINTS = "journal", "checkpoints"
SEGMENT_LINES = 10_000
RECENT_LINES = 256
"""How many of the newest lines are checked, one by one with their checkpoints, at each opening."""

_SEGMENT = re.compile(r"(\d{6})\.jsonl\Z", re.ASCII)
_NOTE = re.compile(r"(\d{8,})\.note\Z", re.ASCII)
_BESIDE_A_NOTE = re.compile(r"\d{8,}\.note\.[a-z.]+\Z", re.ASCII)
_ALWAYS_READ = tuple(
    f'"type":"{kind.value}"'.encode() for kind in (EntryType.CREATION, EntryType.KEY, EntryType.DECISION)
)


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line as it stands: `where` it is, its bytes without the newline; `torn` when the newline is missing."""

    where: str
    segment: int
    raw: bytes
    torn: bool = False


@dataclass(slots=True)
class Reading:
    """
    What a walk over the journal and its checkpoints found.

    `size` lines are whole; `torn` is the unfinished one at the end; `unsealed` tells that the newest line
    has no checkpoint. `entries` are those after the lines that the caller already knew.
    """

    frontier: Frontier = field(default_factory=Frontier)
    entries: list[JournalEntry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    accepted: list[Problem] = field(default_factory=list)
    last_seq: int = 0
    last_h: str = NO_PREVIOUS
    last_at: datetime | None = None
    key: notes.VerifierKey | None = None
    origin: str = ""
    recipients: tuple[str, ...] = ()
    former_recipients: tuple[str, ...] = ()
    recipients_since: int = 0
    segment: int = 1
    segment_lines: int = 0
    torn: RawLine | None = None
    unsealed: bool = False
    known_root: bytes | None = None

    @property
    def size(self) -> int:
        return self.frontier.size


class Journal:
    """
    `journal/` and `checkpoints/` under `root`.

    `read` takes the state in; `append` needs it, the keys, and the vault's lock held by the caller.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.state = Reading()
        self._signature: tuple[str, int] = ("", -1)

    def lines(self) -> Iterator[RawLine | Problem]:
        """Yield the lines in order, and a problem for whatever is not one."""
        expected = 1
        segments = self._segments()
        for number, path in segments:
            where = f"{JOURNAL}/{path.name}"
            if number != expected:
                yield Problem(where=f"{JOURNAL}/{expected:06d}.jsonl", what="segment du journal manquant")
            expected = number + 1
            try:
                yield from self._segment_lines(path, number, where)
            except IntegrityError as error:
                yield Problem(where=where, what=error.message)

    def read(self, *, known_lines: int = 0, thorough: bool = False) -> Reading:
        """
        Walk the journal and keep what it says.

        The newest lines are checked in full, all of them when `thorough`; the older ones are covered by the
        root that the newest checkpoint signs. Never raises on what the files hold.
        """
        self._signature = self._look()
        first_checked = 1 if thorough else max(1, self._count() - RECENT_LINES + 1)
        walk = _Walk(self._root, known_lines=known_lines, first_checked=first_checked)
        for line in self.lines():
            walk.take(line)
        walk.finish(self._checkpoint_names(), thorough=thorough)
        self.state = walk.reading
        return walk.reading

    def has_changed(self) -> bool:
        """Return whether another process wrote since `read` or `append`."""
        return self._look() != self._signature

    def append(
        self,
        type: EntryType,  # noqa: A002 - the field's name in the format
        fields: Mapping[str, object],
        *,
        at: datetime,
        agent: str,
        entity: str,
        keys: Keys,
    ) -> JournalEntry:
        """
        Write one line, durably: the commit point; then its checkpoint, which may wait.

        Raises OSError with the journal as it was.
        """
        state = self.state
        if state.unsealed:
            self.write_checkpoint(keys)
        segment, is_new_segment = state.segment, False
        if state.segment_lines >= SEGMENT_LINES or (state.last_at is not None and at.year > state.last_at.year):
            segment, is_new_segment = (segment + 1, True) if state.segment_lines else (segment, False)
        raw, entry = lines.make(
            seq=state.last_seq + 1, prev=state.last_h, at=at, agent=agent, entity=entity, type=type, fields=fields
        )
        recipients = entry.texts("recipients") or state.recipients
        keys.remember(Memory(seq=entry.seq, h=entry.h, committed=False, origin=state.origin, recipients=recipients))
        files.append_synced(self._root / JOURNAL / f"{segment:06d}.jsonl", raw + b"\n")
        state.segment, state.segment_lines = segment, (0 if is_new_segment else state.segment_lines) + 1
        state.frontier.append(raw)
        state.last_seq, state.last_h, state.last_at = entry.seq, entry.h, entry.at
        state.unsealed = True
        note_entry(state, entry)
        self._signature = self._look()
        try:
            self.write_checkpoint(keys)
        except OSError as error:
            logger.warning("checkpoint %d postponed: %s", entry.seq, error.strerror)
        return entry

    def write_checkpoint(self, keys: Keys) -> None:
        """Sign the present head. Raises OSError."""
        state = self.state
        key = notes.VerifierKey(state.origin, keys.public)
        checkpoint = notes.Checkpoint(state.origin, state.size, state.frontier.root())
        path = self._root / CHECKPOINTS / f"{state.last_seq:08d}.note"
        files.replace(path, notes.sign(checkpoint, key, keys.sign))
        state.unsealed = False
        keys.remember(
            Memory(seq=state.last_seq, h=state.last_h, committed=True, origin=state.origin, recipients=state.recipients)
        )

    def set_torn_line_aside(self, quarantine: Path) -> str:
        """Move the unfinished last line to `quarantine`; return the name it got there."""
        torn = self.state.torn
        if torn is None:
            raise ValueError("no torn line")
        path = self._root / JOURNAL / f"{torn.segment:06d}.jsonl"
        name = f"journal-{self.state.last_seq + 1:08d}-{lines.sha256(torn.raw)[:8]}.torn"
        if not (quarantine / name).exists():
            files.write_new(quarantine / name, torn.raw)
            files.fsync_folder(quarantine)
        files.cut(path, path.stat().st_size - len(torn.raw))
        self.state.torn = None
        self._signature = self._look()
        return name

    def finish_torn_line(self) -> None:
        """Give the damaged last line its newline back, so that what follows is a line of its own."""
        torn = self.state.torn
        if torn is not None:
            files.append_synced(self._root / JOURNAL / f"{torn.segment:06d}.jsonl", b"\n")

    def rebase(self, memory: Memory | None, public_key: bytes) -> None:
        """Let the state continue after damage: past every number ever used, under `public_key`."""
        state = self.state
        newest = max(self._checkpoint_names(), default=0)
        state.last_seq = max(state.last_seq, newest, memory.seq if memory else 0)
        state.origin = state.origin or (memory.origin if memory else "") or "carenage/vault"
        state.key = notes.VerifierKey(state.origin, public_key)
        state.recipients = (memory.recipients if memory else ()) or state.recipients
        state.unsealed = False

    def checkpoints_digest(self, before: int) -> str:
        """Return the SHA-256 of the list of checkpoints older than the line `before`, as they stand."""
        return _checkpoints_digest(self._root, before)

    def _segments(self) -> list[tuple[int, Path]]:
        folder = self._root / JOURNAL
        return [(int(match[1]), folder / name) for name in _names(folder) if (match := _SEGMENT.match(name))]

    def _segment_lines(self, path: Path, number: int, where: str) -> Iterator[RawLine | Problem]:
        with files.open_regular(path) as descriptor, os.fdopen(os.dup(descriptor), "rb") as stream:
            for ordinal, raw in enumerate(_bounded_lines(stream), start=1):
                torn = not raw.endswith(b"\n")
                yield RawLine(f"{where}:{ordinal}", number, raw if torn else raw[:-1], torn=torn)

    def _count(self) -> int:
        total = 0
        for _, path in self._segments():
            try:
                with files.open_regular(path) as descriptor:
                    while chunk := os.read(descriptor, files.CHUNK):
                        total += chunk.count(b"\n")
            except (IntegrityError, OSError):
                continue
        return total

    def _look(self) -> tuple[str, int]:
        segments = self._segments()
        if not segments:
            return "", 0
        path = segments[-1][1]
        return path.name, path.lstat().st_size

    def _checkpoint_names(self) -> dict[int, str]:
        names = _names(self._root / CHECKPOINTS)
        return {int(match[1]): name for name in names if (match := _NOTE.match(name))}

    def foreign_files(self) -> Iterator[Problem]:
        """Yield what stands among the segments and checkpoints and is neither."""
        for folder, known in ((JOURNAL, (_SEGMENT,)), (CHECKPOINTS, (_NOTE, _BESIDE_A_NOTE))):
            for name in _names(self._root / folder):
                if not any(pattern.match(name) for pattern in known) and not files.is_leftover(name):
                    yield Problem(where=f"{folder}/{name}", what="fichier étranger au coffre")


def note_entry(state: Reading, entry: JournalEntry) -> None:
    """Take in what an entry says of the signing key and the recipients."""
    if entry.type in {EntryType.CREATION, EntryType.KEY} or is_acceptance(entry):
        if (text := entry.text("key")) is not None:
            state.key = notes.VerifierKey.parse(text)
            state.origin = state.key.name
        if recipients := entry.texts("recipients"):
            state.former_recipients, state.recipients = state.recipients, recipients
            state.recipients_since = entry.seq


def is_acceptance(entry: JournalEntry) -> bool:
    """Return whether `entry` is a person's acceptance of damage found before it."""
    return entry.type is EntryType.DECISION and entry.text("checkpoints") is not None


class _Walk:
    """Reads lines one after the other; see `Journal.read`."""

    def __init__(self, root: Path, *, known_lines: int, first_checked: int) -> None:
        self.reading = Reading()
        self._root = root
        self._known_lines = known_lines
        self._first_checked = first_checked
        self._previous: bytes | None = None
        self._wrong_roots: list[int] = []
        self._checkpoint_problems: list[Problem] = []
        self._seqs: set[int] = set()
        self._accepted_before = 0

    def take(self, line: RawLine | Problem) -> None:
        reading = self.reading
        if isinstance(line, Problem):
            reading.problems.append(line)
            return
        if reading.torn is not None:
            reading.problems.append(Problem(where=reading.torn.where, what="la ligne est coupée"))
            reading.torn = None
        if line.torn:
            reading.torn = line
            self._move_to(line.segment, count=False)
            return
        self._seal_previous()
        reading.frontier.append(line.raw)
        if reading.size == self._known_lines:
            reading.known_root = reading.frontier.root()
        entry = self._entry(line)
        self._move_to(line.segment, count=True)
        if entry is not None and entry.type is EntryType.DECISION and is_acceptance(entry):
            self._accept(entry)
        self._previous = line.raw

    def finish(self, notes_by_seq: Mapping[int, str], *, thorough: bool) -> None:
        """Check the newest checkpoint, and those that no line explains."""
        reading = self.reading
        if self._previous is not None and not reading.last_seq:
            reading.last_h = lines.declared_hash(self._previous)
        newest = max(notes_by_seq, default=0)
        if reading.size and newest < reading.last_seq:
            reading.unsealed = True
        else:
            self._seal_previous()
        if newest > reading.last_seq:
            reading.problems.append(
                Problem(
                    where=f"{CHECKPOINTS}/{notes_by_seq[newest]}",
                    what="un point de contrôle signé atteste de lignes que le journal n'a plus",
                )
            )
        if thorough:
            for seq in sorted(set(notes_by_seq) - self._seqs):
                problem = Problem(where=f"{CHECKPOINTS}/{notes_by_seq[seq]}", what="aucune ligne n'a ce numéro")
                if seq < self._accepted_before:
                    reading.accepted.append(problem)
                elif seq <= reading.last_seq:
                    self._checkpoint_problems.append(problem)
        self._flush_checkpoints(reading.problems)

    def _entry(self, line: RawLine) -> JournalEntry | None:
        """Parse `line` when it must be, check it, and move the state on to it."""
        reading = self.reading
        is_checked = reading.size >= self._first_checked
        if not is_checked and reading.size <= self._known_lines and not any(s in line.raw for s in _ALWAYS_READ):
            reading.last_seq += 1
            return None
        try:
            entry = lines.parse(line.raw)
            if is_checked:
                self._check_chain(entry, line)
            note_entry(reading, entry)
        except IntegrityError as error:
            reading.problems.append(Problem(where=line.where, what=error.message))
            reading.last_seq += 1
            reading.last_h = lines.declared_hash(line.raw)
            return None
        reading.last_seq, reading.last_h, reading.last_at = entry.seq, entry.h, entry.at
        if reading.size > self._known_lines:
            reading.entries.append(entry)
        return entry

    def _check_chain(self, entry: JournalEntry, line: RawLine) -> None:
        reading = self.reading
        previous = NO_PREVIOUS if self._previous is None else lines.declared_hash(self._previous)
        if is_acceptance(entry):
            if entry.seq <= reading.last_seq:
                reading.problems.append(Problem(where=line.where, what="le numéro de la ligne recule"))
        elif entry.prev != previous:
            reading.problems.append(
                Problem(where=line.where, what="la ligne ne suit pas celle qui la précède : l'une des deux a changé")
            )
        elif entry.seq != reading.last_seq + 1:
            reading.problems.append(Problem(where=line.where, what="le numéro de la ligne ne suit pas le précédent"))
        if reading.size == 1 and entry.type is not EntryType.CREATION and not is_acceptance(entry):
            reading.problems.append(
                Problem(where=line.where, what="le journal ne commence pas par la création du coffre")
            )

    def _move_to(self, segment: int, *, count: bool) -> None:
        reading = self.reading
        if segment != reading.segment:
            reading.segment, reading.segment_lines = segment, 0
        reading.segment_lines += int(count)

    def _seal_previous(self) -> None:
        """Check the checkpoint of the line read last, now that it is known not to be the newest."""
        reading = self.reading
        seq = reading.last_seq
        if not reading.size or reading.size < self._first_checked or seq in self._seqs:
            return
        self._seqs.add(seq)
        name = f"{CHECKPOINTS}/{seq:08d}.note"
        try:
            checkpoint = notes.read(files.read_small(self._root / name, notes.MAX_NOTE_BYTES), reading.key)
        except IntegrityError as error:
            self._checkpoint_problems.append(Problem(where=name, what=error.message))
            return
        if (checkpoint.origin, checkpoint.size) != (reading.origin, reading.size):
            self._checkpoint_problems.append(
                Problem(where=name, what="le point de contrôle n'est pas celui de cette ligne")
            )
        elif checkpoint.root != reading.frontier.root():
            self._wrong_roots.append(seq)

    def _accept(self, entry: JournalEntry) -> None:
        """Move what was found before an acceptance to the accepted damage, if the checkpoints did not change since."""
        reading = self.reading
        reading.accepted.extend(reading.problems)
        reading.problems.clear()
        found: list[Problem] = []
        self._flush_checkpoints(found)
        if entry.text("checkpoints") == _checkpoints_digest(self._root, entry.seq):
            reading.accepted.extend(found)
            self._accepted_before = entry.seq
        else:
            reading.problems.extend(found)

    def _flush_checkpoints(self, target: list[Problem]) -> None:
        target.extend(self._checkpoint_problems)
        self._checkpoint_problems.clear()
        if self._wrong_roots:
            others = len(self._wrong_roots) - 1
            more = f" (ni {'les ' + str(others) + ' suivants' if others > 1 else 'le suivant'})" if others else ""
            target.append(
                Problem(
                    where=f"{CHECKPOINTS}/{self._wrong_roots[0]:08d}.note",
                    what=f"le journal n'est plus celui que ce point de contrôle a signé{more}",
                )
            )
            self._wrong_roots.clear()


def _checkpoints_digest(root: Path, before: int) -> str:
    folder = root / CHECKPOINTS
    listed = []
    for name in _names(folder):
        match = _NOTE.match(name)
        if match and int(match[1]) < before:
            try:
                digest = lines.sha256(files.read_small(folder / name, notes.MAX_NOTE_BYTES))
            except IntegrityError as error:
                digest = error.message
            listed.append(f"{digest}  {name}\n")
    return lines.sha256("".join(listed).encode())


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _bounded_lines(stream: object) -> Iterator[bytes]:
    """Yield lines with their newline, each cut at a little over the limit: longer ones are damage anyway."""
    limit = lines.MAX_LINE_BYTES + 2
    while raw := stream.readline(limit):  # type: ignore[attr-defined]
        rest = raw
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(limit)  # type: ignore[attr-defined]
        yield raw if raw.endswith(b"\n") or not rest else raw + b"\n"
