"""What the agent remembers of its own work: runs, passes, blocked accounts, cursors, alerts."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from agent.domain.errors import AgentError
from agent.state.database import StateDatabase, as_instant, as_text, open_sqlite, opening
from agent.state.identity import keep_agent_id, read_agent_id
from agent.state.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from agent.domain.secret import Secret
    from agent.state.database import Row

ANY_AGENT = ""
LAST_SEEN_CLOCK = "last_seen_clock"

_REFUSED = "La source a refusé ce compte."
_INTERRUPTED = (
    "La dernière tentative de connexion a été interrompue avant sa réponse : par prudence, elle compte comme un refus."
)
_ONE_BLOCK = (
    "agent = :agent AND entity = :entity AND account = :account"
    " AND secret_fingerprint = :secret_fingerprint AND holder = :holder"
)


class RunOutcome(StrEnum):
    """How one job ended; `partial` got something and is tried again like a failure."""

    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One attempt of a job on a subject for a period; `subject` is empty when the job has none."""

    run_id: str
    job: str
    subject: str
    period: str
    started_at: datetime
    ended_at: datetime
    outcome: RunOutcome
    message: str = ""
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass; `ended_at` None while it runs, or when it was cut short."""

    run_id: str
    started_at: datetime
    ended_at: datetime | None
    exit_code: int | None
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """An account that no job may use until its secret changes; `why` is for people."""

    account: str
    since: datetime
    why: str


class StateStore:
    """
    The agent's own database. Losing it loses no evidence: due work is worked out again.

    `set_aside` is where a damaged database was put when this one was started anew, else None.
    Every method raises BusyError or StateError when the file cannot be used.
    """

    def __init__(self, database: StateDatabase, *, set_aside: Path | None = None) -> None:
        self._database = database
        self.set_aside = set_aside
        self.outbox = Outbox(database)

    @classmethod
    def open(cls, path: Path, *, entity: str = "candidate", agent: str | None = None, wait_seconds: float = 5) -> Self:
        """
        Open the database at `path`, created or migrated when needed.

        `agent` defaults to the identifier kept since the first use, in the database and beside it, so that
        a lost database makes no new agent. One that another process holds is waited for during `wait_seconds`.
        """
        with opening(path, wait_seconds=wait_seconds):
            sqlite, aside = open_sqlite(path, wait_seconds=wait_seconds)
            if agent is None:
                shared = cls(StateDatabase(sqlite, agent=ANY_AGENT, entity=ANY_AGENT))
                try:
                    agent = shared._settled_agent(path.parent)
                except AgentError:
                    shared.close()
                    raise
        return cls(StateDatabase(sqlite, agent=agent, entity=entity), set_aside=aside)

    def _settled_agent(self, folder: Path) -> str:
        """Return the agent's identifier, kept in both places from now on."""
        beside = read_agent_id(folder)
        agent = self.meta("agent_id")
        if agent is None:
            agent = beside or str(uuid.uuid4())
            self.set_meta("agent_id", agent)
        if beside != agent:
            keep_agent_id(folder, agent)
        return agent

    @property
    def agent(self) -> str:
        """Return the identifier of this agent."""
        return self._database.agent

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def record_run(self, run: RunRecord) -> None:
        """Keep one attempt, and make it the state of its (job, subject, period)."""
        row: Row = {
            "run_id": run.run_id,
            "job": run.job,
            "subject": run.subject,
            "period": run.period,
            "started_at": as_text(run.started_at),
            "ended_at": as_text(run.ended_at),
            "outcome": run.outcome.value,
            "message": run.message,
            "attempt": run.attempt,
        }
        with self._database.transaction():
            self._database.upsert("runs", ("job", "subject", "period"), row)
            self._database.insert("attempts", row)

    def run_of(self, job: str, subject: str, period: str) -> RunRecord | None:
        """Return the last attempt of one key, None when it never ran."""
        row = self._database.row(
            "SELECT * FROM runs WHERE agent = :agent AND entity = :entity"
            " AND job = :job AND subject = :subject AND period = :period",
            job=job,
            subject=subject,
            period=period,
        )
        return _run(row) if row else None

    def history(self, job: str, subject: str = "", *, limit: int = 100) -> list[RunRecord]:
        """Return the last attempts of a job on a subject, the last made first whatever the clock said."""
        rows = self._database.rows(
            "SELECT * FROM attempts WHERE agent = :agent AND entity = :entity AND job = :job AND subject = :subject"
            " ORDER BY rowid DESC LIMIT :limit",
            job=job,
            subject=subject,
            limit=limit,
        )
        return [_run(row) for row in rows]

    def last_success(self, job: str, subject: str = "") -> RunRecord | None:
        """Return the last attempt that was done, None when there is none."""
        row = self._database.row(
            "SELECT * FROM attempts WHERE agent = :agent AND entity = :entity AND job = :job AND subject = :subject"
            " AND outcome = 'done' ORDER BY rowid DESC LIMIT 1",
            job=job,
            subject=subject,
        )
        return _run(row) if row else None

    def failures_since_success(self, job: str, subject: str = "") -> int:
        """Return how many attempts failed, or stayed partial, since the last one that was done."""
        row = self._database.row(
            "SELECT count(*) AS failures FROM attempts WHERE agent = :agent AND entity = :entity AND job = :job"
            " AND subject = :subject AND outcome IN ('failed', 'partial') AND rowid > coalesce((SELECT max(rowid)"
            " FROM attempts WHERE agent = :agent AND entity = :entity AND job = :job AND subject = :subject"
            " AND outcome = 'done'), 0)",
            job=job,
            subject=subject,
        )
        return int(row["failures"]) if row else 0

    def start_pass(self, run_id: str, started_at: datetime) -> None:
        """Keep that a pass began."""
        self._database.upsert("passes", ("run_id",), {"run_id": run_id, "started_at": as_text(started_at)})

    def finish_pass(self, run_id: str, ended_at: datetime, *, exit_code: int, summary: str = "") -> None:
        """Keep how a pass ended."""
        self._database.write(
            "UPDATE passes SET ended_at = :ended_at, exit_code = :exit_code, summary = :summary"
            " WHERE agent = :agent AND entity = :entity AND run_id = :run_id",
            run_id=run_id,
            ended_at=as_text(ended_at),
            exit_code=int(exit_code),
            summary=summary,
        )

    def last_pass(self, *, finished: bool = False) -> Pass | None:
        """Return the pass begun last (the last one that ended, when `finished`)."""
        row = self._database.row(
            "SELECT * FROM passes WHERE agent = :agent AND entity = :entity"
            " AND (ended_at IS NOT NULL OR NOT :finished) ORDER BY started_at DESC, rowid DESC LIMIT 1",
            finished=finished,
        )
        if row is None:
            return None
        return Pass(
            run_id=row["run_id"],
            started_at=as_instant(row["started_at"]),
            ended_at=as_instant(row["ended_at"]) if row["ended_at"] else None,
            exit_code=row["exit_code"],
            summary=row["summary"] or "",
        )

    def fingerprint(self, secret: Secret) -> str:
        """
        Return what tells one secret of an account from the next without giving it away.

        Slow on purpose (scrypt) and salted for this database: a stolen file does not give the secret quickly.
        """
        salt = self.meta("fingerprint_salt")
        if salt is None:
            salt = secrets.token_hex(16)
            self.set_meta("fingerprint_salt", salt)
        return hashlib.scrypt(secret.reveal().encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=1, dklen=16).hex()

    def block(self, account: str, secret_fingerprint: str, since: datetime, why: str, *, holder: str) -> None:
        """
        Keep every job off `account` with this secret; the first refusal is the one dated.

        `holder` is the collector or channel that was refused: it alone can say that its secret has changed.
        """
        with self._database.transaction():
            self.begin_login(account, secret_fingerprint, since, holder=holder)
            self._database.write(
                f"UPDATE blocks SET why = :why WHERE {_ONE_BLOCK}",  # noqa: S608 - constants
                account=account,
                secret_fingerprint=secret_fingerprint,
                holder=holder,
                why=why or _REFUSED,
            )

    def begin_login(self, account: str, secret_fingerprint: str, since: datetime, *, holder: str) -> None:
        """Write down, before a secret is sent, that it will be: unless `end_login` follows, it counts as refused."""
        self._database.insert(
            "blocks",
            {
                "account": account,
                "secret_fingerprint": secret_fingerprint,
                "holder": holder,
                "since": as_text(since),
                "why": "",
            },
        )

    def end_login(self, account: str, secret_fingerprint: str, *, holder: str) -> None:
        """Take back what `begin_login` wrote; a refusal stays."""
        self._database.write(
            f"DELETE FROM blocks WHERE {_ONE_BLOCK} AND why = ''",  # noqa: S608 - constants
            account=account,
            secret_fingerprint=secret_fingerprint,
            holder=holder,
        )

    def is_blocked(self, account: str, secret_fingerprint: str) -> Block | None:
        """Return why `account` is blocked with this secret, whoever was refused; another secret is free."""
        row = self._database.row(
            "SELECT * FROM blocks WHERE agent = :agent AND entity = :entity AND account = :account"
            " AND secret_fingerprint = :secret_fingerprint ORDER BY since LIMIT 1",
            account=account,
            secret_fingerprint=secret_fingerprint,
        )
        return _block(row) if row else None

    def settle_blocks(self, holder: str, account: str, secret_fingerprint: str) -> None:
        """Forget what was refused to `holder` with another account or secret: it uses them no more."""
        self._database.write(
            "DELETE FROM blocks WHERE agent = :agent AND entity = :entity AND holder = :holder"
            " AND NOT (account = :account AND secret_fingerprint = :secret_fingerprint)",
            holder=holder,
            account=account,
            secret_fingerprint=secret_fingerprint,
        )

    def forget_blocks(self, *, except_of: Collection[str]) -> None:
        """Forget what was refused to holders that are no longer configured."""
        for row in self._database.rows("SELECT DISTINCT holder FROM blocks WHERE agent = :agent AND entity = :entity"):
            if row["holder"] not in except_of:
                self._database.write(
                    "DELETE FROM blocks WHERE agent = :agent AND entity = :entity AND holder = :holder",
                    holder=row["holder"],
                )

    def unblock(self, account: str) -> None:
        """Let jobs use `account` again, whatever its secret (a person forced it)."""
        self._database.write(
            "DELETE FROM blocks WHERE agent = :agent AND entity = :entity AND account = :account", account=account
        )

    def blocks(self) -> list[Block]:
        """Return every blocked account once, oldest first."""
        rows = self._database.rows("SELECT * FROM blocks WHERE agent = :agent AND entity = :entity ORDER BY since")
        first: dict[str, Block] = {}
        for row in rows:
            first.setdefault(row["account"], _block(row))
        return list(first.values())

    def cursor(self, collector: str) -> str | None:
        """Return the opaque text that the collector's last success left."""
        row = self._database.row(
            "SELECT value FROM cursors WHERE agent = :agent AND entity = :entity AND collector = :collector",
            collector=collector,
        )
        return str(row["value"]) if row else None

    def set_cursor(self, collector: str, value: str, at: datetime) -> None:
        """Keep where the collector goes on from."""
        self._database.upsert("cursors", ("collector",), {"collector": collector, "value": value, "at": as_text(at)})

    def meta(self, key: str) -> str | None:
        """Return one loose value."""
        row = self._database.row(
            "SELECT value FROM meta WHERE agent = :agent AND entity = :entity AND key = :key", key=key
        )
        return str(row["value"]) if row else None

    def set_meta(self, key: str, value: str) -> None:
        """Keep one loose value."""
        self._database.upsert("meta", ("key",), {"key": key, "value": value})

    def see_clock(self, now: datetime) -> datetime | None:
        """
        Remember the latest instant seen; return it when `now` is before it (the clock went back).

        The latest instant is kept, so the answer lasts until the clock has caught up.
        """
        text = self.meta(LAST_SEEN_CLOCK)
        latest = as_instant(text) if text else None
        if latest is not None and now < latest:
            return latest
        self.set_meta(LAST_SEEN_CLOCK, as_text(now))
        return None


def _block(row: Row) -> Block:
    return Block(account=row["account"], since=as_instant(row["since"]), why=row["why"] or _INTERRUPTED)


def _run(row: Row) -> RunRecord:
    return RunRecord(
        run_id=row["run_id"],
        job=row["job"],
        subject=row["subject"],
        period=row["period"],
        started_at=as_instant(row["started_at"]),
        ended_at=as_instant(row["ended_at"]),
        outcome=RunOutcome(row["outcome"]),
        message=row["message"],
        attempt=row["attempt"],
    )
