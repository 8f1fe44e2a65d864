"""
The shape of state.sqlite, as numbered steps that only go forward.

A released step never changes; a new shape is a new step. Every row carries `agent` and
`entity`; instants are ISO text in UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlite_utils.migrations import Migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

MIGRATIONS = Migrations("carenage-state")
LATEST = "0004_blocks_by_secret"

_OWNER = "agent TEXT NOT NULL, entity TEXT NOT NULL"


@MIGRATIONS(name="0001_runs")
def runs(database: Database) -> None:
    """Create the runs (one row a key), every attempt, the passes and the collectors' cursors."""
    run_columns = """
        job TEXT NOT NULL, subject TEXT NOT NULL, period TEXT NOT NULL, run_id TEXT NOT NULL,
        started_at TEXT NOT NULL, ended_at TEXT NOT NULL, outcome TEXT NOT NULL,
        message TEXT NOT NULL, attempt INTEGER NOT NULL"""
    database.execute(
        f"CREATE TABLE runs ({_OWNER}, {run_columns}, PRIMARY KEY (agent, entity, job, subject, period)) STRICT"
    )
    database.execute(
        f"CREATE TABLE attempts ({_OWNER}, {run_columns},"
        " PRIMARY KEY (agent, entity, job, subject, period, attempt, run_id)) STRICT"
    )
    database.execute("CREATE INDEX attempts_by_end ON attempts (agent, entity, job, subject, ended_at)")
    database.execute(
        f"CREATE TABLE passes ({_OWNER}, run_id TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT,"
        " exit_code INTEGER, summary TEXT, PRIMARY KEY (agent, entity, run_id)) STRICT"
    )
    database.execute(
        f"CREATE TABLE cursors ({_OWNER}, collector TEXT NOT NULL, value TEXT NOT NULL, at TEXT NOT NULL,"
        " PRIMARY KEY (agent, entity, collector)) STRICT"
    )


@MIGRATIONS(name="0002_accounts_and_assessments")
def accounts_and_assessments(database: Database) -> None:
    """Create the blocked accounts, the last assessments and the loose values."""
    database.execute(
        f"CREATE TABLE blocks ({_OWNER}, account TEXT NOT NULL, secret_fingerprint TEXT NOT NULL,"
        " since TEXT NOT NULL, why TEXT NOT NULL, PRIMARY KEY (agent, entity, account)) STRICT"
    )
    database.execute(
        f"CREATE TABLE assessments ({_OWNER}, programme TEXT NOT NULL, at TEXT NOT NULL, document TEXT NOT NULL,"
        " PRIMARY KEY (agent, entity, programme)) STRICT"
    )
    database.execute(
        f"CREATE TABLE meta ({_OWNER}, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (agent, entity, key)) STRICT"
    )


@MIGRATIONS(name="0003_alerts")
def alerts(database: Database) -> None:
    """Create what stands open, the alerts, and the outbox (one row per alert and channel)."""
    database.execute(
        f"CREATE TABLE standing ({_OWNER}, subject TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL,"
        " facets TEXT NOT NULL, since TEXT NOT NULL, PRIMARY KEY (agent, entity, subject)) STRICT"
    )
    database.execute(
        f"CREATE TABLE alerts ({_OWNER}, alert_id TEXT NOT NULL, key TEXT NOT NULL, subject TEXT NOT NULL,"
        " raised_at TEXT NOT NULL, resolved_at TEXT, document TEXT NOT NULL,"
        " PRIMARY KEY (agent, entity, alert_id)) STRICT"
    )
    database.execute("CREATE UNIQUE INDEX alerts_standing ON alerts (agent, entity, key) WHERE resolved_at IS NULL")
    database.execute(
        f"CREATE TABLE outbox ({_OWNER}, alert_id TEXT NOT NULL, channel TEXT NOT NULL, queued_at TEXT NOT NULL,"
        " attempts INTEGER NOT NULL, next_attempt_at TEXT, last_error TEXT, delivered_at TEXT, instead_of TEXT,"
        " PRIMARY KEY (agent, entity, alert_id, channel)) STRICT"
    )
    database.execute("CREATE INDEX outbox_pending ON outbox (agent, entity, channel) WHERE delivered_at IS NULL")


@MIGRATIONS(name=LATEST)
def blocks_by_secret(database: Database) -> None:
    """Make the blocks anew: one row per account, secret and holder; accounts are named otherwise than before."""
    database.execute("DROP TABLE blocks")
    database.execute(
        f"CREATE TABLE blocks ({_OWNER}, account TEXT NOT NULL, secret_fingerprint TEXT NOT NULL,"
        " holder TEXT NOT NULL, since TEXT NOT NULL, why TEXT NOT NULL,"
        " PRIMARY KEY (agent, entity, account, secret_fingerprint, holder)) STRICT"
    )
