"""The evidence vault: what services call. Its format is final from version 1; LISEZMOI.txt tells it to strangers."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sqlite3
import sys
import tempfile
import threading
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.domain.errors import (
    AgentError,
    BusyError,
    HeldError,
    IntegrityError,
    UsageError,
    VaultError,
    WrongUserError,
)
from agent.domain.evidence import EvidenceClass, RawEvidence, SealedEvidence
from agent.domain.journal import EntryType, HeldDeposit, JournalEntry, Problem
from agent.vault import age, bag, building, contents, files, layout, lines, notes, verification
from agent.vault.index import SHORT_DIGEST, Index, index_errors
from agent.vault.journal import CHECKPOINTS, JOURNAL, Journal
from agent.vault.keys import Keys, Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import BinaryIO, Self

    from agent.clock import Clock
    from agent.domain.journal import VerifyReport
    from agent.domain.secret import Secret
    from agent.vault.building import BuiltBag
    from agent.vault.index import IndexedDeposit
    from agent.vault.journal import Reading
    from agent.vault.layout import DepositFolders

logger = logging.getLogger(__name__)

LOCK_SECONDS = 120
FACTS_NAME, DECISION_NAME, JSON = "facts.json", "decision.json", "application/json"
_SET_BY_SEALING = {EntryType.CREATION, EntryType.DEPOSIT, EntryType.KEY, EntryType.CLOCK, EntryType.DESTRUCTION}


class Vault:
    """
    One vault, opened by `create` or `open`.

    Without `keys_dir`, or opened by a user who does not own it, the vault is only read: writing raises.
    `alarms` says what opening found wrong; `commits_held` tells that the journal or a checkpoint is damaged,
    so that `seal` builds, verifies and holds deposits (it raises HeldError) until `accept_damage`.

    Wherever an `identity` is asked for, it is an age identity file (with its `passphrase` when it is
    protected) or what `age.read_identity` returned.
    """

    def __init__(self, root: Path, keys_dir: Path | None, agent: str, entity: str, clock: Clock) -> None:
        from filelock import FileLock

        self.root = root
        self._alarms: tuple[Problem, ...] = ()
        self._agent, self._entity, self._clock = agent, entity, clock
        self._journal = Journal(root)
        self._damage: tuple[Problem, ...] = ()
        self._is_stale = True
        self._threads = threading.RLock()
        self._lock = FileLock(root / layout.LOCK, timeout=LOCK_SECONDS, mode=files.PRIVATE_FILE)
        self._keys: Keys | None = None
        self._index: Index | None = None
        self._refusal: AgentError | None = _refusal(root, keys_dir)
        if self._refusal is None and keys_dir is not None:
            try:
                self._open_for_writing(keys_dir)
            except OSError as error:
                if not files.is_read_only(error):
                    raise
                self._refusal = files.explain(error, root)
        if self._refusal is not None:
            self._open_for_reading()

    @classmethod
    def create(
        cls, root: Path, *, recipients: Sequence[str], keys_dir: Path, agent: str, entity: str, clock: Clock
    ) -> Vault:
        """
        Make an empty vault for `recipients` (at least two age public keys) and open it.

        Raises ConfigurationError when `root` is taken or a recipient is wrong, VaultError when the disk refuses.
        """
        checked = age.check_recipients(recipients)
        root = root.absolute()
        with files.storage_errors(root):
            layout.check_is_free(root)
            for name in (JOURNAL, CHECKPOINTS, bag.DEPOSITS, layout.TMP, layout.QUARANTINE):
                files.make_folders(root / name)
            keys = Keys(keys_dir.absolute())
            key = notes.VerifierKey(f"carenage/{_origin_part(entity)}/{secrets.token_hex(8)}", keys.public)
            layout.write_public_files(root, key, checked)
            journal = Journal(root)
            journal.state.origin, journal.state.key = key.name, key
            journal.append(
                EntryType.CREATION,
                {"key": str(key), "recipients": list(checked)},
                at=_milliseconds(clock.now()),
                agent=agent,
                entity=entity,
                keys=keys,
            )
            keys.settle()
            files.replace(root / layout.DECLARATION, f"{layout.FORMAT}\n".encode())
        return cls(root, keys_dir.absolute(), agent, entity, clock)

    @classmethod
    def open(cls, root: Path, keys_dir: Path | None, agent: str, entity: str, clock: Clock) -> Vault:
        """
        Open the vault at `root`, repairing what an interruption left (contract/vault.md, "Start").

        `keys_dir` None opens a copy for reading. Raises ConfigurationError, BusyError, VaultError.
        """
        root = root.absolute()
        with files.storage_errors(root):
            try:
                layout.check_is_vault(root)
                return cls(root, keys_dir.absolute() if keys_dir else None, agent, entity, clock)
            except PermissionError as error:
                raise wrong_user(root) or error from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the index."""
        if self._index is not None:
            self._index.close()

    @property
    def index(self) -> Index:
        """What deposits, facts and decisions there are."""
        if self._index is None:
            raise VaultError("Le coffre n'est pas ouvert.")
        return self._index

    @property
    def is_writable(self) -> bool:
        """Whether this process may add to the vault."""
        return self._refusal is None

    def alarms(self) -> tuple[str, ...]:
        """Return the damage known since opening, in French, without reading every byte again."""
        return tuple(f"{problem.where} : {problem.what}" for problem in self._alarms)

    def content_tag(self, plain_sha256: str) -> str | None:
        """Return the `tag` that deposits of these bytes have in the index, None where the vault is only read."""
        return self._keys.tag(plain_sha256) if self._keys is not None else None

    @property
    def commits_held(self) -> bool:
        """Whether deposits are built but not committed, until a person accepts the damage."""
        return bool(self._damage)

    @property
    def recipients(self) -> tuple[str, ...]:
        """The age recipients in force, as the journal has them."""
        return self._journal.state.recipients

    @property
    def verifier_key(self) -> str:
        """The public key that signs checkpoints, in its note form."""
        return str(self._journal.state.key or "")

    def seal(
        self,
        payloads: Sequence[RawEvidence],
        *,
        evidence_class: EvidenceClass | None = None,
        replaces: str | None = None,
        reason: str | None = None,
        person: str | None = None,
    ) -> SealedEvidence:
        """
        Seal `payloads` as one deposit and return once it is durable and journaled.

        `evidence_class` defaults to the first payload's; `replaces` is the id of a deposit that this one corrects.
        Raises HeldError when commits are held (the bag is kept, see `held`), CollectorError when a payload cannot
        be read, VaultError, WrongUserError.
        """
        if not payloads:
            raise UsageError("Il n'y a rien à sceller : un dépôt contient au moins une pièce.")
        labels = building.Labels(
            evidence_class=evidence_class or payloads[0].evidence_class, replaces=replaces, reason=reason, person=person
        )
        return self._seal(payloads, labels, None)

    def seal_facts(self, record: Mapping[str, Any]) -> SealedEvidence:
        """
        Seal what a reader understood and put it in the index.

        `record` is `{"evidence": id, "reader": str, "reader_version": int, "facts": [{"kind": str, …}, …]}`,
        canonical JSON. Raises as `seal`, and ValueError for another shape.
        """
        raw = self._record(record, EvidenceClass.FACTS, FACTS_NAME, str(record.get("reader")))
        return self._seal([raw], building.Labels(evidence_class=EvidenceClass.FACTS), record)

    def seal_decision(self, record: Mapping[str, Any], person: str) -> SealedEvidence:
        """
        Seal what `person` decided and put it in the index.

        `record` is `{"decision": kind, "evidence": id or None, "reason": …, "values": {…}}`; `person` is added
        to it. Raises as `seal`, and ValueError for another shape.
        """
        record = {**record, "person": person}
        raw = self._record(record, EvidenceClass.DECISION, DECISION_NAME, "decision")
        return self._seal([raw], building.Labels(evidence_class=EvidenceClass.DECISION, person=person), record)

    def append(self, type: EntryType | str, **fields: object) -> JournalEntry:  # noqa: A002 - the format's name
        """
        Journal an event that is not a deposit: check, anchor, recovery, delivery, access, decision.

        `fields` are JSON values; no plain digest and no name in clear. Raises IntegrityError when commits are held.
        """
        kind = EntryType(type)
        if kind in _SET_BY_SEALING:
            raise ValueError(f"{kind} lines have their own method")
        with self._writing():
            return self._write(kind, fields)

    def destroy(self, deposit_id: str, *, reason: str, person: str) -> JournalEntry:
        """Journal the destruction of a deposit, then remove its bag; its line and digests stay."""
        with self._writing():
            deposit = self._known(deposit_id)
            entry = self._write(EntryType.DESTRUCTION, {"id": deposit.id, "reason": reason, "person": person})
            self._remove_bag(self.root / deposit.path)
            return entry

    def change_recipients(self, recipients: Sequence[str], *, reason: str, person: str) -> JournalEntry:
        """Encrypt deposits to `recipients` from now on, journaled as `key`. Raises ConfigurationError."""
        checked = age.check_recipients(recipients)
        with self._writing():
            entry = self._write(EntryType.KEY, {"recipients": list(checked), "reason": reason, "person": person})
            self._write_public_files()
            return entry

    def held(self) -> tuple[HeldDeposit, ...]:
        """Return the deposits that wait for `accept_damage`, oldest first."""
        found = []
        for path in self._held_folders():
            with contextlib.suppress(IntegrityError):
                fields = bag.read_fields(path)
                held_id = path.name.removeprefix(layout.HELD_PREFIX)
                found.append(HeldDeposit(id=held_id, evidence_class=fields.evidence_class, bytes=fields.bytes))
        return tuple(found)

    def accept_damage(self, *, reason: str, person: str) -> tuple[IndexedDeposit, ...]:
        """
        Journal that `person` accepts the damage, as it stands, and commit the held deposits, which are returned.

        Nothing damaged is repaired: `verify` goes on listing it as accepted. Raises UsageError when nothing is held.
        """
        keys = self._writable_keys()
        with files.storage_errors(self.root), self._exclusive():
            if not self._damage:
                raise UsageError("Le journal et les points de contrôle sont intacts : il n'y a rien à accepter.")
            for name in (JOURNAL, CHECKPOINTS):
                files.make_folders(self.root / name)
            self._journal.finish_torn_line()
            state = self._journal.read(thorough=True)
            self._journal.rebase(keys.recall(), keys.public)
            fields = {
                "reason": reason,
                "person": person,
                "problems": len({*state.problems, *self._damage}),
                "checkpoints": self._journal.checkpoints_digest(state.last_seq + 1),
                "key": str(state.key),
                "recipients": list(state.recipients),
            }
            self._damage = ()
            self._append(EntryType.DECISION, fields, self._moment())
            keys.settle()
            self.index.forget_deposits()
            logger.warning("damage accepted by %s", person)
            return tuple(self._known(deposit_id) for deposit_id in self._start())

    def is_intact(self, deposit_id: str) -> bool:
        """
        Return whether the vault holds this deposit with every byte as the journal has it; never raises on damage.

        A deposit that was held is known by the id it had then too, once committed.
        """
        deposit = self.index.deposit(deposit_id) or self.index.held_as(deposit_id)
        if deposit is None:
            return False
        with self._reading_lock():
            found = bag.problems(self.root / deposit.path, deposit_id, expected=deposit.bag, payloads=True)
            return next(found, None) is None

    def verify(self, all: bool = False) -> VerifyReport:  # noqa: A002 - the command's own word
        """
        Check the journal, every checkpoint and every bag; with `all` every payload, else the newest and some others.

        Never raises on what the files hold. Damage to the journal or a checkpoint holds commits from now on.
        """
        with self._reading_lock():
            report, damage = verification.verify(
                self.root,
                own_key=self._keys.public if self._keys else None,
                doubts=self._doubts if self._keys else None,
                held=len(self._held_folders()),
                every_payload=all,
                day=self._clock.now().toordinal(),
            )
            self._alarms = report.problems
            if damage and self._keys is not None and not self._damage:
                self._hold(damage)
            return report

    def reindex(self, identity: Path | age.Identity | None = None, passphrase: Secret | None = None) -> dict[str, int]:
        """
        Rebuild the index from the journal and the bags; return `{"deposits", "facts", "unknown"}`.

        With `identity` facts, decisions and what is known of each deposit come back from inside the bags; without,
        `unknown` counts the deposits of facts and decisions that nobody could read. Raises IdentityError.
        """
        with files.storage_errors(self.root), self._reading_lock():
            key = _identity(identity, passphrase) if identity is not None else None
            self.index.forget_everything()
            state = self._journal.read(known_lines=0)
            self._take(state, layout.scan(self.root))
            if key is not None:
                self._read_bags(key)
                self._note_access(None, "reindex")
            return self.index.counts()

    def export(
        self, deposit_id: str, identity: Path | age.Identity, to_dir: Path, passphrase: Secret | None = None
    ) -> list[dict[str, str | int]]:
        """
        Decrypt the files of a deposit into `to_dir` under safe names, verified, replacing nothing.

        Returns `[{"name", "sha256", "bytes"}]`. Raises UsageError, IdentityError, IntegrityError, VaultError.
        """
        key = _identity(identity, passphrase)
        path, described = self._described(deposit_id, key)
        with files.storage_errors(to_dir):
            files.make_folders(to_dir.absolute())
            names = contents.safe_names([item.name for item in described])
            for item, name in zip(described, names, strict=True):
                contents.restore(path, item, to_dir / name, key)
        self._note_access(deposit_id, "export")
        return [
            {"name": name, "sha256": item.sha256, "bytes": item.bytes}
            for item, name in zip(described, names, strict=True)
        ]

    @contextlib.contextmanager
    def open_payloads(
        self,
        deposit_id: str,
        identity: Path | age.Identity,
        work_dir: Path | None = None,
        passphrase: Secret | None = None,
    ) -> Iterator[tuple[RawEvidence, ...]]:
        """
        Give the payloads of a deposit as they were collected, from private copies wiped on exit.

        The copies stand under `work_dir` (the system's temporary folder by default). Raises as `export`.
        """
        key = _identity(identity, passphrase)
        path, described = self._described(deposit_id, key)
        with tempfile.TemporaryDirectory(prefix="carenage-", dir=work_dir) as folder:
            copies = [Path(folder) / f"{number:04d}" for number in range(1, len(described) + 1)]
            with files.storage_errors(Path(folder)):
                for item, copy in zip(described, copies, strict=True):
                    contents.restore(path, item, copy, key)
            self._note_access(deposit_id, "read")
            yield tuple(
                RawEvidence(
                    collector=item.collector,
                    name=item.name,
                    media_type=item.media_type,
                    evidence_class=item.evidence_class,
                    received_at=item.received_at,
                    open=_opener(copy),
                    facts_on=item.facts_on,
                    subject=item.subject,
                )
                for item, copy in zip(described, copies, strict=True)
            )

    # Sealing

    def _record(
        self, record: Mapping[str, Any], evidence_class: EvidenceClass, name: str, collector: str
    ) -> RawEvidence:
        content = lines.canonical(record)
        return RawEvidence(
            collector=collector,
            name=name,
            media_type=JSON,
            evidence_class=evidence_class,
            received_at=self._clock.now(),
            open=lambda: BytesIO(content),
        )

    def _seal(
        self,
        payloads: Sequence[RawEvidence],
        labels: building.Labels,
        record: Mapping[str, Any] | None,
    ) -> SealedEvidence:
        keys = self._writable_keys()
        with files.storage_errors(self.root), index_errors():
            building.check_space(self.root, payloads)
            with building.bench(self.root, self._exclusive) as bench:
                builder = building.Builder(
                    root=self.root,
                    recipients=self._trusted_recipients(),
                    since=self._journal.state.recipients_since,
                    index=self.index,
                    tag=keys.tag,
                )
                built = builder.build(bench / "bag", payloads, labels, self._clock.now().date())
                with self._exclusive():
                    self._note_content(built, payloads, record)
                    if self._damage:
                        raise self._held_back(built)
                    entry = self._commit(built.path, built.digest, built.fields)
        logger.info("evidence sealed: %s", entry.text("id"))
        return SealedEvidence(
            id=str(entry.text("id")),
            evidence_class=labels.evidence_class,
            journal_seq=entry.seq,
            sha256=built.payloads[0].sha256,
            bytes=built.fields.bytes,
            stored_bytes=sum(item.stored_bytes for item in built.payloads),
            received_at=payloads[0].received_at,
            facts_on=next((item.facts_on for item in payloads if item.facts_on), None),
            deduplicated=built.deduplicated,
        )

    def _note_content(self, built: BuiltBag, payloads: Sequence[RawEvidence], record: Mapping[str, Any] | None) -> None:
        self.index.note_content(built.digest, payloads)
        if record is None:
            return
        if built.fields.evidence_class is EvidenceClass.FACTS:
            self.index.note_facts(built.digest, record)
        else:
            self.index.note_decision(built.digest, record)

    def _commit(self, path: Path, digest: str, fields: bag.BagFields) -> JournalEntry:
        """Rename the bag `path` into place and journal it: the commit point. On failure it is back at `path`."""
        at = self._moment()
        deposit_id = f"{self._journal.state.last_seq + 1:08d}-{digest[:SHORT_DIGEST]}"
        target = self.root / bag.DEPOSITS / f"{at.year:04d}" / f"{at.month:02d}" / deposit_id
        files.move(path, target)
        try:
            return self._write_deposit(target, digest, fields, at)
        except (OSError, AgentError):
            if not self._journal.has_changed():
                files.move(target, path)
            raise

    def _held_back(self, built: BuiltBag) -> HeldError:
        held_id = self._held_already(built)
        if held_id is None:
            held_id = built.digest[:SHORT_DIGEST]
            files.move(built.path, self.root / layout.TMP / f"{layout.HELD_PREFIX}{held_id}")
        return HeldError(
            "Le journal du coffre est endommagé : le dépôt est construit, chiffré, vérifié et gardé en attente. "
            "Il comptera quand une personne aura accepté le dommage.",
            held_id=held_id,
            hint="Examinez « carenage vault verify », puis acceptez le dommage avec un motif.",
        )

    def _held_already(self, built: BuiltBag) -> str | None:
        """Return the id under which the same evidence is held and sound; what people decide counts each time."""
        if built.fields.evidence_class in {EvidenceClass.FACTS, EvidenceClass.DECISION}:
            return None
        for path in self._held_folders():
            with contextlib.suppress(IntegrityError):
                if bag.read_fields(path) != built.fields or not self.index.is_alike(bag.digest(path), built.digest):
                    continue
                if not any(bag.problems(path, path.name, expected=None, payloads=True)):
                    return path.name.removeprefix(layout.HELD_PREFIX)
        return None

    def _commit_held(self, path: Path) -> str | None:
        found = list(bag.problems(path, path.name, expected=None, payloads=True))
        if found:
            self._quarantine(path, found[0])
            return None
        return self._commit(path, bag.digest(path), bag.read_fields(path)).text("id")

    def _held_folders(self) -> list[Path]:
        try:
            found = [path for path in (self.root / layout.TMP).iterdir() if path.name.startswith(layout.HELD_PREFIX)]
            return sorted(found, key=lambda path: (path.lstat().st_mtime_ns, path.name))
        except OSError:
            return []

    def _trusted_recipients(self) -> tuple[str, ...]:
        """Return who may read what is sealed now: the journal's word, or this agent's memory of it."""
        recipients = self._journal.state.recipients
        if self._damage:
            memory = self._writable_keys().recall()
            recipients = memory.recipients if memory and memory.recipients else recipients
        return age.check_recipients(recipients)

    # Writing the journal

    def _write_deposit(self, path: Path, digest: str, fields: bag.BagFields, at: datetime) -> JournalEntry:
        line = {"id": path.name, "bag": digest, **fields.as_json()}
        return self._write(EntryType.DEPOSIT, line, at=at, bags={path.name: path})

    def _write(
        self,
        kind: EntryType,
        fields: Mapping[str, object],
        *,
        at: datetime | None = None,
        bags: Mapping[str, Path] | None = None,
    ) -> JournalEntry:
        """Append a line, then bring the index up to it; `bags` locate the deposit that the line is about."""
        at = at or self._moment()
        entry = self._append(kind, fields, at)
        state = self._journal.state
        try:
            self.index.take([entry], bags or {}, lines=state.size, root=state.frontier.root())
        except sqlite3.Error as error:
            self._is_stale = True
            logger.warning("index left behind: %s", error)
        return entry

    def _append(self, kind: EntryType, fields: Mapping[str, object], at: datetime) -> JournalEntry:
        keys = self._writable_keys()
        if self._damage:
            raise IntegrityError(
                "Le journal du coffre est endommagé : rien n'y est ajouté tant qu'une personne n'a pas accepté "
                "le dommage.",
                hint="Examinez « carenage vault verify », puis acceptez le dommage avec un motif.",
            )
        try:
            return self._journal.append(kind, fields, at=at, agent=self._agent, entity=self._entity, keys=keys)
        except OSError:
            self._is_stale = True
            raise
        except ValueError as error:
            raise UsageError("Ce texte ne peut pas être inscrit au journal : il est trop long.") from error

    def _moment(self) -> datetime:
        """Return the time to journal; journal first that the clock went back when it did."""
        now = _milliseconds(self._clock.now())
        last = self._journal.state.last_at
        if last is not None and now < last:
            reason = f"l'horloge de la machine a reculé : la ligne précédente est datée du {lines.time_text(last)}"
            self._append(EntryType.CLOCK, {"reason": reason}, now)
        return now

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        self._writable_keys()
        with files.storage_errors(self.root), self._exclusive():
            yield

    def _writable_keys(self) -> Keys:
        if self._refusal is not None:
            raise self._refusal
        if self._keys is None:
            raise VaultError("Le coffre n'est pas ouvert en écriture.")
        return self._keys

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Hold the vault's lock, with the journal's state up to date."""
        from filelock import Timeout

        with self._threads, index_errors():
            try:
                self._lock.acquire()
            except Timeout as error:
                raise BusyError(
                    f"Le coffre {self.root} est occupé par un autre processus depuis plus de {LOCK_SECONDS} s.",
                    hint="Attendez la fin de l'autre commande carenage, puis relancez celle-ci.",
                ) from error
            try:
                if self._is_stale or self._journal.has_changed():
                    self._start()
                yield
            finally:
                self._lock.release()

    @contextlib.contextmanager
    def _reading_lock(self) -> Iterator[None]:
        """Hold the lock when the vault is writable, so that no deposit is seen half committed."""
        with self._exclusive() if self.is_writable else contextlib.nullcontext():
            yield

    # Starting

    def _open_for_writing(self, keys_dir: Path) -> None:
        for name in (JOURNAL, CHECKPOINTS, bag.DEPOSITS, layout.TMP, layout.QUARANTINE):
            files.make_folders(self.root / name)
        with self._exclusive_without_start():
            self._keys = Keys(keys_dir)
            self._index = Index.open(self.root)
        with self._exclusive():
            building.clean(self.root)
            for folder in (self.root, self.root / CHECKPOINTS):
                files.sweep(folder)

    @contextlib.contextmanager
    def _exclusive_without_start(self) -> Iterator[None]:
        self._is_stale = False
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._threads)
            stack.enter_context(self._lock)
            yield
        self._is_stale = True

    def _open_for_reading(self) -> None:
        self._index = Index.open_copy(self.root)
        state = self._read_journal()
        found = layout.scan(self.root)
        self._take(state, found)
        self._alarms = (*state.problems, *self._missing(found))

    def _start(self) -> list[str]:
        """
        Take the journal in and repair what an interruption left; the lock is held.

        Returns the ids of the held deposits that could be committed, since nothing stands against it any more.
        """
        committed: list[str | None] = []
        keys = self._writable_keys()
        self._is_stale = False
        memory = keys.recall()
        state = self._read_journal(thorough=memory is not None and bool(memory.suspended))
        damage = (*state.problems, *self._doubts(state))
        found = layout.scan(self.root)
        if damage:
            self._hold(damage)
            if self.index.position() == (0, b""):
                self.index.take(state.entries, found.bags, lines=0, root=b"")
        else:
            self._damage = ()
            if memory is not None:
                keys.resume(memory)
            recovered = self._journal.set_torn_line_aside(self.root / layout.QUARANTINE) if state.torn else None
            if state.unsealed:
                self._journal.write_checkpoint(keys)
            self._take(state, found)
            if recovered:
                self._write(EntryType.RECOVERY, {"reason": f"ligne interrompue mise de côté : {recovered}"})
            self._announce_key()
            self._settle_recipients()
            self._sort_out(found)
            committed = [self._commit_held(path) for path in self._held_folders()]
        self._alarms = (*self._damage, *self._missing(layout.scan(self.root) if committed else found))
        for alarm in self._alarms:
            logger.error("vault damage: %s: %s", alarm.where, alarm.what)
        return [deposit_id for deposit_id in committed if deposit_id is not None]

    def _read_journal(self, *, thorough: bool = False) -> Reading:
        """Read what the index does not have yet, or everything when the index is of another journal."""
        known_lines, known_root = self.index.position()
        state = self._journal.read(known_lines=known_lines, thorough=thorough)
        if known_lines and state.known_root != known_root and not state.problems:
            self.index.forget_deposits()
            state = self._journal.read(known_lines=0, thorough=thorough)
        return state

    def _take(self, state: Reading, found: DepositFolders) -> None:
        if state.entries or self.index.position()[0] != state.size:
            self.index.take(state.entries, found.bags, lines=state.size, root=state.frontier.root())

    def _doubts(self, state: Reading) -> Iterator[Problem]:
        """Yield how the journal differs from what this agent remembers and knows of its own key."""
        keys = self._writable_keys()
        memory = keys.recall()
        if not state.size:
            yield Problem(where=JOURNAL, what="le journal est vide ou absent")
            return
        is_ours = memory is not None and (memory.seq, memory.h) == (state.last_seq, state.last_h)
        if state.unsealed and not (is_ours and memory is not None and not memory.committed):
            yield Problem(
                where=f"{CHECKPOINTS}/{state.last_seq:08d}.note",
                what="le point de contrôle de la dernière ligne manque",
            )
        if memory is not None:
            yield from _memory_doubts(memory, state)
        if not keys.is_new and state.key is not None and state.key.public != keys.public:
            yield Problem(where=JOURNAL, what="la clé de signature en vigueur au journal n'est pas celle de cet agent")

    def _hold(self, damage: Sequence[Problem]) -> None:
        keys = self._writable_keys()
        self._damage = tuple(damage)
        keys.suspend(keys.recall(), tuple(f"{problem.where}\t{problem.what}" for problem in damage))

    def _announce_key(self) -> None:
        """Journal the signing key when it is a new one."""
        keys, state = self._writable_keys(), self._journal.state
        if not keys.is_new:
            return
        if state.key is None or state.key.public != keys.public:
            key = notes.VerifierKey(state.origin, keys.public)
            reason = "la clé de signature précédente n'est plus disponible ; une nouvelle la remplace"
            self._write(EntryType.KEY, {"key": str(key), "reason": reason})
            self._write_public_files()
        keys.settle()

    def _settle_recipients(self) -> None:
        """Finish a change of recipients that was interrupted after its journal line."""
        state = self._journal.state
        if layout.read_recipients(self.root) in {state.former_recipients, None} and state.former_recipients:
            self._write_public_files()

    def _write_public_files(self) -> None:
        state = self._journal.state
        if state.key is not None:
            layout.write_public_files(self.root, state.key, state.recipients)

    def _sort_out(self, found: DepositFolders) -> None:
        """Adopt the sound bags that the journal does not know, set the others aside, finish destructions."""
        known = self.index.bags()
        for deposit_id, path in found.bags.items():
            if deposit_id in known:
                continue
            if self.index.is_destroyed(deposit_id):
                self._remove_bag(path)
                continue
            problem = next(bag.problems(path, path.name, expected=None, payloads=True), None)
            try:
                digest, fields = bag.digest(path), bag.read_fields(path)
            except IntegrityError as error:
                problem = problem or Problem(where=path.name, what=error.message)
            if problem is not None:
                self._quarantine(path, problem)
                continue
            self._write_deposit(path, digest, fields, self._moment())
            self._write(EntryType.RECOVERY, {"id": deposit_id, "reason": "dépôt interrompu, vérifié puis adopté"})
        for path in found.strange:
            if path.name not in known:
                self._quarantine(path, Problem(where=path.name, what="n'est pas un dépôt"))

    def _missing(self, found: DepositFolders) -> list[Problem]:
        return [
            Problem(where=deposit.path or deposit.id, what="dépôt inscrit au journal mais absent")
            for deposit in self.index.deposits()
            if deposit.id not in found.bags
        ]

    def _quarantine(self, path: Path, problem: Problem) -> None:
        name = path.name
        if os.path.lexists(self.root / layout.QUARANTINE / name):
            name = f"{name}.{secrets.token_hex(4)}"
        files.move(path, self.root / layout.QUARANTINE / name)
        logger.error("%s set aside: %s", path.name, problem.what)
        self._write(EntryType.RECOVERY, {"reason": f"mis en quarantaine : {name} ({problem.what})"})

    def _remove_bag(self, path: Path) -> None:
        """Take a bag out of the deposits at once, then erase it."""
        if path.is_dir():
            aside = self.root / layout.TMP / f"destroyed-{secrets.token_hex(8)}"
            files.move(path, aside)
            files.remove(aside)

    # Reading

    def _known(self, deposit_id: str) -> IndexedDeposit:
        deposit = self.index.deposit(deposit_id)
        if deposit is None:
            raise UsageError(
                f"Le coffre n'a pas de dépôt {deposit_id}.", hint="« carenage evidence list » donne les identifiants."
            )
        return deposit

    def _described(self, deposit_id: str, identity: age.Identity) -> tuple[Path, tuple[contents.SealedPayload, ...]]:
        deposit = self._known(deposit_id)
        path = self.root / deposit.path
        if not deposit.path or not path.is_dir() or path.is_symlink():
            raise IntegrityError(f"Le dépôt {deposit_id} est inscrit au journal mais son dossier est absent.")
        with files.storage_errors(self.root):
            return path, contents.read(path, identity)

    def _read_bags(self, identity: age.Identity) -> None:
        """Put in the index what every bag says of itself; a damaged one stays unknown."""
        for deposit in self.index.deposits():
            try:
                path, described = self._described(deposit.id, identity)
                self.index.note_content(deposit.bag, described)
                if deposit.evidence_class is EvidenceClass.FACTS:
                    self.index.note_facts(deposit.bag, contents.read_record(path, described[0], identity))
                elif deposit.evidence_class is EvidenceClass.DECISION:
                    self.index.note_decision(deposit.bag, contents.read_record(path, described[0], identity))
            except (IntegrityError, ValueError, IndexError) as error:
                logger.warning("content of %s stays unknown: %s", deposit.id, error)

    def _note_access(self, deposit_id: str | None, reason: str) -> None:
        """Journal a use of the private key where the vault can be written."""
        if not self.is_writable or self._damage:
            return
        with self._writing():
            self._write(EntryType.ACCESS, {"id": deposit_id, "reason": reason})


def _memory_doubts(memory: Memory, state: Reading) -> Iterator[Problem]:
    if memory.seq > state.last_seq + (0 if memory.committed else 1):
        yield Problem(
            where=JOURNAL,
            what=f"le journal s'arrête à la ligne {state.last_seq}, l'agent en avait écrit {memory.seq}",
        )
    elif memory.seq == state.last_seq and memory.h != state.last_h:
        yield Problem(where=JOURNAL, what="la dernière ligne n'est pas celle que l'agent avait écrite")


def _refusal(root: Path, keys_dir: Path | None) -> AgentError | None:
    """Return why this process may not write, None when it may."""
    if keys_dir is None:
        return VaultError(
            f"Le coffre {root} est ouvert en lecture seule.",
            hint="Lancez la commande sur la machine de l'agent pour y écrire.",
        )
    return wrong_user(root)


def wrong_user(root: Path) -> WrongUserError | None:
    """Return the error for a user who does not own the vault, None for its owner."""
    if sys.platform == "win32":
        return None
    owner = root.stat().st_uid
    if owner == os.geteuid():
        return None
    import pwd

    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = f"'#{owner}'"
    return WrongUserError(
        f"Le coffre {root} appartient à l'utilisateur {name} : lui seul peut y écrire.",
        hint=f"Relancez avec : sudo -u {name} carenage …",
    )


def _identity(identity: Path | age.Identity, passphrase: Secret | None) -> age.Identity:
    return identity if isinstance(identity, age.Identity) else age.read_identity(identity, passphrase)


def _opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def _milliseconds(moment: datetime) -> datetime:
    return lines.parse_time(lines.time_text(moment))


def _origin_part(entity: str) -> str:
    return "".join(character if character.isascii() and character.isalnum() else "-" for character in entity) or "vault"
