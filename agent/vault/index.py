"""
The index: a projection of the journal and of what deposits hold, that queries read.

It may be deleted. Facts and decisions stand under the digest of the bag that holds them and show
once the journal knows that bag: they can be written before the commit and survive a crash just after it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from agent.domain.errors import VaultError
from agent.domain.evidence import AS_IS, EvidenceClass
from agent.domain.journal import EntryType
from agent.vault import bag, files
from agent.vault.lines import canonical, time_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlite_utils import Database

    from agent.domain.journal import JournalEntry

INDEX = "index.sqlite"
BUSY_SECONDS = 30
WAL_PAGES = 100
SHORT_DIGEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedDeposit:
    """
    A deposit as the index knows it.

    `received_at` is the journal's time, and `facts_on`, `collector`, `subject` are None, for a deposit
    whose content the index has not seen (rebuilt without the private key). `path` is inside the vault; `tag`,
    the keyed digest of the first payload, tells that two deposits hold the same bytes.
    """

    id: str
    evidence_class: EvidenceClass
    journal_seq: int
    committed_at: datetime
    received_at: datetime
    facts_on: date | None
    bytes: int
    stored_bytes: int
    path: str
    bag: str
    collector: str | None
    subject: str | None
    replaces: str | None
    reason: str | None
    person: str | None
    tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentFact:
    """A fact of the reading in force of an evidence item; `text` is the JSON of the fact as sealed."""

    evidence_id: str
    kind: str
    text: str
    reader: str
    reader_version: int
    journal_seq: int
    deposit_id: str

    @property
    def data(self) -> Mapping[str, Any]:
        """The fact as sealed, `kind` included, decoded for whoever asks: a table of spending is large."""
        document: dict[str, Any] = json.loads(self.text)
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedDecision:
    """A decision as sealed, oldest first in answers; which one supersedes which is the reader's matter."""

    id: str
    kind: str
    evidence_id: str | None
    person: str
    reason: str | None
    values: Mapping[str, Any]
    record: Mapping[str, Any]
    journal_seq: int
    decided_at: datetime


class Described(Protocol):
    """A payload as far as the index shows it."""

    @property
    def received_at(self) -> datetime: ...
    @property
    def facts_on(self) -> date | None: ...
    @property
    def collector(self) -> str: ...
    @property
    def subject(self) -> str | None: ...


class Index:
    """`index.sqlite` of a vault, or a private copy in memory when the vault cannot be written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, root: Path) -> Index:
        """Open or make the index for writing; one that SQLite cannot read is made anew."""
        path = root / INDEX
        try:
            return cls(_writable(path))
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and not _is_damage(error):
                raise _unusable(error) from error
            for name in (INDEX, f"{INDEX}-wal", f"{INDEX}-shm"):
                files.remove(root / name)
            return cls(_writable(path))

    @classmethod
    def open_copy(cls, root: Path) -> Index:
        """Copy the index of a vault that is only read into memory; an unreadable one counts as absent."""
        path = root / INDEX
        wal = root / f"{INDEX}-wal"
        has_wal = wal.is_file() and wal.stat().st_size > 0
        for mode in ("mode=ro", "mode=ro&immutable=1") if has_wal else ("mode=ro&immutable=1",):
            memory = _in_memory()
            try:
                with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)) as source:
                    source.backup(memory)
                return cls(_migrated(memory))
            except sqlite3.DatabaseError:
                memory.close()
        return cls(_migrated(_in_memory()))

    def close(self) -> None:
        """Release the file."""
        self._database.conn.close()

    def deposits(self, evidence_class: EvidenceClass | None = None) -> list[IndexedDeposit]:
        """Return the deposits not destroyed, oldest first."""
        where, values = ("AND class = ?", [evidence_class.value]) if evidence_class else ("", [])
        return [_deposit(row) for row in self._rows(f"{_DEPOSITS} {where} ORDER BY seq", values)]

    def deposit(self, deposit_id: str) -> IndexedDeposit | None:
        """Return one deposit, None when it is unknown or destroyed."""
        rows = self._rows(f"{_DEPOSITS} AND id = ?", [deposit_id])
        return _deposit(rows[0]) if rows else None

    def facts(self, kind: str | None = None) -> list[CurrentFact]:
        """
        Return the facts in force: those of one reading per evidence.

        Of one reader's readings the highest version wins, then the latest; among readers the latest reading wins,
        but one that no reader made (version 0) supersedes none.
        """
        where, values = ("AND f.kind = ?", [kind]) if kind else ("", [])
        rows = self._rows(f"{_FACTS} {where} ORDER BY d.seq, f.position", values)
        return [
            CurrentFact(
                evidence_id=row["evidence_id"],
                kind=row["kind"],
                text=row["data"],
                reader=row["reader"],
                reader_version=row["reader_version"],
                journal_seq=row["seq"],
                deposit_id=row["id"],
            )
            for row in rows
        ]

    def decisions(self, kind: str | None = None) -> list[SealedDecision]:
        """Return every decision, oldest first."""
        where, values = ("AND x.kind = ?", [kind]) if kind else ("", [])
        return [_decision(row) for row in self._rows(f"{_DECISIONS} {where} ORDER BY d.seq", values)]

    def unknown(self) -> int:
        """Return how many facts and decision deposits exist whose content the index has not seen."""
        return int(self._rows(_UNKNOWN)[0]["n"])

    def unread(self) -> list[str]:
        """
        Return the ids of the evidence that no reading names, oldest first: held, adopted, or cut short before it.

        What a person sealed as it is, without reading it, is left aside. While `unknown` is not 0, some of these
        may have been read.
        """
        return [row["id"] for row in self._rows(_UNREAD, {"as_is": AS_IS})]

    def held_as(self, held_id: str) -> IndexedDeposit | None:
        """Return the deposit that was held under `held_id` before it was committed, None when there is not one."""
        rows = self._rows(f"{_DEPOSITS} AND substr(bag, 1, {SHORT_DIGEST}) = ?", [held_id])
        return _deposit(rows[0]) if len(rows) == 1 else None

    def counts(self) -> dict[str, int]:
        """Return how many deposits, current facts, and unseen facts and decision deposits there are."""
        return {"deposits": len(self.deposits()), "facts": len(self.facts()), "unknown": self.unknown()}

    def find_payload(self, tag: str, *, since: int) -> tuple[IndexedDeposit, int] | None:
        """Return the newest deposit made after the line `since` that holds a payload of this tag, and its number."""
        rows = self._rows(
            "SELECT deposit_id, number FROM payloads JOIN deposits ON deposits.id = deposit_id "
            "WHERE tag = ? AND destroyed = 0 AND seq >= ? ORDER BY seq DESC, number LIMIT 1",
            [tag, since],
        )
        known = self.deposit(rows[0]["deposit_id"]) if rows else None
        return (known, rows[0]["number"]) if known else None

    def find_payloads(self, tag: str) -> list[IndexedDeposit]:
        """Return every deposit that holds a payload of this tag, newest first."""
        where = "AND id IN (SELECT deposit_id FROM payloads WHERE tag = ?)"
        return [_deposit(row) for row in self._rows(f"{_DEPOSITS} {where} ORDER BY seq DESC", [tag])]

    def position(self) -> tuple[int, bytes]:
        """Return how many journal lines are in the index, and the root of the journal's tree at that size."""
        rows = self._rows("SELECT lines, root FROM position")
        return (rows[0]["lines"], rows[0]["root"]) if rows else (0, b"")

    def bags(self) -> dict[str, IndexedDeposit]:
        """Return the deposits not destroyed by id."""
        return {deposit.id: deposit for deposit in self.deposits()}

    def is_destroyed(self, deposit_id: str) -> bool:
        """Return whether the journal says that this deposit was destroyed."""
        return bool(self._rows("SELECT 1 FROM deposits WHERE id = ? AND destroyed = 1", [deposit_id]))

    def is_alike(self, bag_digest: str, other_digest: str) -> bool:
        """Return whether the contents of two bags are known to come from one source, on one subject and day."""
        rows = self._rows(
            "SELECT facts_on, collector, subject FROM contents WHERE bag IN (?, ?)", [bag_digest, other_digest]
        )
        return len(rows) > 1 and rows[0] == rows[1]

    def note_content(self, bag_digest: str, payloads: Sequence[Described]) -> None:
        """Keep what the index shows of a bag's content, but no name."""
        first = payloads[0]
        days = [payload.facts_on for payload in payloads if payload.facts_on]
        self._put(
            "contents",
            {
                "bag": bag_digest,
                "received_at": time_text(first.received_at),
                "facts_on": days[0].isoformat() if days else None,
                "collector": first.collector,
                "subject": first.subject,
            },
        )

    def note_facts(self, bag_digest: str, record: Mapping[str, Any]) -> None:
        """Keep the facts that a bag of class `facts` holds; raise ValueError when `record` is not of that shape."""
        evidence, reader, version, facts = (record.get(n) for n in ("evidence", "reader", "reader_version", "facts"))
        if not isinstance(evidence, str) or not isinstance(reader, str) or type(version) is not int:
            raise ValueError("a facts record names its evidence, reader and reader_version")
        if not isinstance(facts, list) or not all(
            isinstance(f, dict) and isinstance(f.get("kind"), str) for f in facts
        ):
            raise ValueError("every fact has a kind")
        with self._database.atomic():
            self._put(
                "readings",
                {"bag": bag_digest, "evidence_id": evidence, "reader": reader, "reader_version": version},
            )
            self._database.execute("DELETE FROM facts WHERE bag = ?", [bag_digest])
            self._database.table("facts").insert_all(
                {"bag": bag_digest, "position": position, "kind": fact["kind"], "data": canonical(fact).decode()}
                for position, fact in enumerate(facts)
            )

    def note_decision(self, bag_digest: str, record: Mapping[str, Any]) -> None:
        """Keep the decision that a bag holds; raise ValueError when `record` is not of that shape."""
        kind, evidence, values = record.get("decision"), record.get("evidence"), record.get("values", {})
        is_well_formed = isinstance(kind, str) and isinstance(evidence, str | None) and isinstance(values, dict)
        if not is_well_formed:
            raise ValueError("a decision names its kind, its evidence or none, and its values")
        self._put(
            "decisions",
            {"bag": bag_digest, "kind": kind, "evidence_id": evidence, "record": canonical(record).decode()},
        )

    def take(self, entries: Iterable[JournalEntry], paths: Mapping[str, Path], *, lines: int, root: bytes) -> None:
        """Bring the index up to `lines` journal lines, whose tree has the root `root`. `paths` locate bags by id."""
        with self._database.atomic():
            for entry in entries:
                if entry.type is EntryType.DEPOSIT:
                    self._take_deposit(entry, paths)
                elif entry.type is EntryType.DESTRUCTION:
                    self._database.execute("UPDATE deposits SET destroyed = 1 WHERE id = ?", [entry.text("id")])
            self._database.execute("DELETE FROM position")
            self._database.table("position").insert({"lines": lines, "root": root})

    def forget_deposits(self) -> None:
        """Empty what derives from the journal; what was read inside bags stays, under their digests."""
        with self._database.atomic():
            for table in ("deposits", "payloads", "position"):
                self._database.table(table).delete_where()

    def forget_everything(self) -> None:
        """Empty the index."""
        self.forget_deposits()
        with self._database.atomic():
            for table in ("contents", "readings", "facts", "decisions"):
                self._database.table(table).delete_where()

    def _take_deposit(self, entry: JournalEntry, paths: Mapping[str, Path]) -> None:
        try:
            fields = bag.BagFields.from_json(entry.fields)
        except (KeyError, TypeError, ValueError):
            return
        deposit_id, digest = entry.text("id"), entry.text("bag")
        if deposit_id is None or digest is None:
            return
        path = paths.get(deposit_id)
        self._put(
            "deposits",
            {
                "id": deposit_id,
                "seq": entry.seq,
                "class": fields.evidence_class.value,
                "t": time_text(entry.at),
                "bytes": fields.bytes,
                "stored_bytes": bag.stored_bytes(path) if path else 0,
                "path": f"{bag.DEPOSITS}/{path.parent.parent.name}/{path.parent.name}/{path.name}" if path else "",
                "bag": digest,
                "replaces": fields.replaces,
                "reason": fields.reason,
                "person": fields.person,
                "destroyed": 0,
            },
        )
        self._database.table("payloads").insert_all(
            (
                {"deposit_id": deposit_id, "number": number, "tag": tag}
                for number, tag in enumerate(fields.tags, start=1)
            ),
            replace=True,
        )

    def _put(self, table: str, row: dict[str, Any]) -> None:
        self._database.table(table).insert(row, replace=True)

    def _rows(self, sql: str, values: Sequence[object] | dict[str, object] = ()) -> list[dict[str, Any]]:
        with index_errors():
            return list(self._database.query(sql, values))


_DEPOSITS = """
SELECT deposits.*, contents.received_at, contents.facts_on, contents.collector, contents.subject, payloads.tag
FROM deposits LEFT JOIN contents USING (bag)
LEFT JOIN payloads ON payloads.deposit_id = deposits.id AND payloads.number = 1 WHERE destroyed = 0
"""
_FACTS = """
WITH by_reader AS (
    SELECT bag, evidence_id, reader, reader_version, seq, id, row_number() OVER (
        PARTITION BY evidence_id, reader ORDER BY reader_version DESC, seq DESC) AS place
    FROM readings JOIN deposits USING (bag) WHERE destroyed = 0
), in_force AS (
    SELECT *, row_number() OVER (PARTITION BY evidence_id ORDER BY reader_version > 0 DESC, seq DESC) AS rank
    FROM by_reader WHERE place = 1
)
SELECT f.*, d.* FROM facts f JOIN in_force d USING (bag) WHERE d.rank = 1
"""
_DECISIONS = """
SELECT x.*, d.id, d.seq, d.t, d.person AS by FROM decisions x JOIN deposits d USING (bag) WHERE d.destroyed = 0
"""
_UNKNOWN = """
SELECT count(*) AS n FROM deposits d WHERE d.destroyed = 0 AND (
    (d.class = 'facts' AND d.bag NOT IN (SELECT bag FROM readings))
    OR (d.class = 'decision' AND d.bag NOT IN (SELECT bag FROM decisions)))
"""
_UNREAD = """
SELECT d.id FROM deposits d LEFT JOIN contents c USING (bag)
WHERE d.destroyed = 0 AND d.class NOT IN ('facts', 'decision', 'receipt', 'anchor')
AND NOT (d.class = 'document' AND c.collector IS :as_is)
AND d.id NOT IN (SELECT evidence_id FROM readings JOIN deposits USING (bag) WHERE destroyed = 0)
ORDER BY d.seq
"""


@contextlib.contextmanager
def index_errors() -> Iterator[None]:
    """Turn what SQLite refuses inside the block into VaultError."""
    try:
        yield
    except sqlite3.Error as error:
        raise VaultError(
            f"L'index du coffre ne peut pas être lu ou écrit ({error}). Rien n'a été perdu, "
            "le dépôt en cours n'est pas compté.",
            hint="Vérifiez la place et les droits ; au besoin supprimez index.sqlite, il sera reconstruit.",
        ) from error


def _deposit(row: Mapping[str, Any]) -> IndexedDeposit:
    committed_at = datetime.fromisoformat(row["t"])
    return IndexedDeposit(
        id=row["id"],
        evidence_class=EvidenceClass(row["class"]),
        journal_seq=row["seq"],
        committed_at=committed_at,
        received_at=datetime.fromisoformat(row["received_at"]).astimezone(UTC) if row["received_at"] else committed_at,
        facts_on=date.fromisoformat(row["facts_on"]) if row["facts_on"] else None,
        bytes=row["bytes"],
        stored_bytes=row["stored_bytes"],
        path=row["path"],
        bag=row["bag"],
        collector=row["collector"],
        subject=row["subject"],
        replaces=row["replaces"],
        reason=row["reason"],
        person=row["person"],
        tag=row["tag"],
    )


def _decision(row: Mapping[str, Any]) -> SealedDecision:
    record = json.loads(row["record"])
    reason = record.get("reason")
    return SealedDecision(
        id=row["id"],
        kind=row["kind"],
        evidence_id=row["evidence_id"],
        person=str(record.get("person") or row["by"] or ""),
        reason=str(reason) if reason is not None else None,
        values=record.get("values", {}),
        record=record,
        journal_seq=row["seq"],
        decided_at=datetime.fromisoformat(row["t"]),
    )


def _in_memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", check_same_thread=False)


def _writable(path: Path) -> Database:
    if not path.exists():
        os.close(files.create(path))
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        return _migrated(connection)
    except sqlite3.Error:
        connection.close()
        raise


def _migrated(connection: sqlite3.Connection) -> Database:
    from sqlite_utils import Database

    from agent.vault.migrations import MIGRATIONS

    database = Database(connection)
    MIGRATIONS.apply(database)
    return database


def _is_damage(error: sqlite3.Error) -> bool:
    return any(word in str(error) for word in ("malformed", "not a database", "no such column", "no such table"))


def _unusable(error: sqlite3.Error) -> VaultError:
    return VaultError(
        f"L'index du coffre ne peut pas être ouvert ({error}).",
        hint="Vérifiez la place et les droits ; au besoin supprimez index.sqlite, il sera reconstruit.",
    )
