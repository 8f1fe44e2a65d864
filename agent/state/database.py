"""state.sqlite opened, migrated, and its failures said in our own errors."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlite_utils import Database as SqliteDatabase

from agent.domain.errors import BusyError, StateError
from agent.state.migrations import LATEST, MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Row = dict[str, Any]
_MOST_SET_ASIDE = 1000
_DAMAGE = ("SQLITE_NOTADB", "SQLITE_CORRUPT")


class StateDatabase:
    """
    One connection whose rows all belong to one agent and one entity.

    Reads and writes name `:agent` and `:entity` in their SQL. No sqlite3 error leaves it:
    BusyError when another process holds the file too long, StateError otherwise.
    """

    def __init__(self, sqlite: SqliteDatabase, *, agent: str, entity: str) -> None:
        self._sqlite = sqlite
        self._owner = {"agent": agent, "entity": entity}

    @property
    def agent(self) -> str:
        """Return the agent that every row names."""
        return self._owner["agent"]

    @property
    def entity(self) -> str:
        """Return the entity that every row names."""
        return self._owner["entity"]

    def rows(self, sql: str, **values: Any) -> list[Row]:
        """Return every row that `sql` selects."""
        with _translated():
            return list(self._sqlite.query(sql, {**self._owner, **values}))

    def row(self, sql: str, **values: Any) -> Row | None:
        """Return the first row that `sql` selects, None when there is none."""
        return next(iter(self.rows(sql, **values)), None)

    def write(self, sql: str, **values: Any) -> int:
        """Run one statement that changes rows; return how many it changed."""
        with _translated():
            return int(self._sqlite.execute(sql, {**self._owner, **values}).rowcount)

    def upsert(self, table: str, key: tuple[str, ...], row: Row) -> None:
        """Insert `row`, or replace the one with the same owner and `key` columns."""
        with _translated():
            self._sqlite.table(table).upsert({**self._owner, **row}, pk=("agent", "entity", *key))

    def insert(self, table: str, row: Row) -> None:
        """Insert `row`; a row with the same key already there is kept and `row` dropped."""
        with _translated():
            self._sqlite.table(table).insert({**self._owner, **row}, ignore=True)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all the writes inside, or none."""
        with _translated(), self._sqlite.atomic():
            yield

    def close(self) -> None:
        """Close the file."""
        with _translated():
            self._sqlite.close()


@contextmanager
def opening(path: Path, *, wait_seconds: float) -> Iterator[None]:
    """
    Let one process at a time open the database at `path`: none sets aside what another has just made.

    Raises BusyError after `wait_seconds`, StateError when the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_name(f"{path.name}.lock"), timeout=wait_seconds, mode=0o600)
        lock.acquire()
    except Timeout as error:
        raise _busy() from error
    except OSError as error:
        raise _unusable(error) from error
    try:
        yield
    finally:
        lock.release()


def open_sqlite(path: Path, *, wait_seconds: float = 5) -> tuple[SqliteDatabase, Path | None]:
    """
    Open and migrate the database at `path`, created private to its owner when missing.

    Another process that holds it is waited for, at each call, during `wait_seconds`.

    A damaged file is set aside next to it, and its new path returned as second value.
    Raises BusyError, or StateError when the file cannot be opened or is newer than this version.
    """
    try:
        return _open(path, wait_seconds), None
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            raise _translation(error) from error
    except OSError as error:
        raise _unusable(error) from error
    aside = _set_aside(path)
    with _translated():
        return _open(path, wait_seconds), aside


def as_text(instant: datetime) -> str:
    """Return the instant as the database keeps it: ISO, UTC, sortable as text."""
    if instant.tzinfo is None:
        raise ValueError("an instant must be timezone-aware")
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def as_instant(text: str) -> datetime:
    """Return the instant that `as_text` wrote."""
    return datetime.fromisoformat(text)


def _open(path: Path, wait_seconds: float) -> SqliteDatabase:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    os.close(descriptor)
    if sys.platform != "win32":
        path.chmod(0o600)
    connection = sqlite3.connect(path, timeout=wait_seconds)
    try:
        sqlite = SqliteDatabase(connection, execute_plugins=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _require_sound(connection)
        _require_known_shape(sqlite)
        MIGRATIONS.apply(sqlite)
    except BaseException:
        connection.close()
        raise
    return sqlite


def _require_sound(connection: sqlite3.Connection) -> None:
    answer = [text for (text,) in connection.execute("PRAGMA quick_check")]
    if answer != ["ok"]:
        raise _DamagedError(answer[0])


def _require_known_shape(sqlite: SqliteDatabase) -> None:
    if any(migration.name > LATEST for migration in MIGRATIONS.applied(sqlite)):
        raise StateError(
            "La base d'état a été écrite par une version plus récente de Carénage.",
            hint="Réinstallez la version la plus récente ; la base n'a pas été modifiée.",
        )


class _DamagedError(sqlite3.DatabaseError):
    sqlite_errorname = "SQLITE_CORRUPT"


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith(_DAMAGE)


def _set_aside(path: Path) -> Path:
    for number in range(1, _MOST_SET_ASIDE):
        aside = path.with_name(f"{path.name}.damaged-{number}")
        if aside.exists():
            continue
        try:
            path.replace(aside)
            for suffix in ("-wal", "-shm"):
                companion = path.with_name(path.name + suffix)
                if companion.exists():
                    companion.replace(aside.with_name(aside.name + suffix))
        except OSError as error:
            raise _unusable(error) from error
        return aside
    raise StateError(
        "La base d'état est endommagée et ne peut plus être mise de côté : trop de bases endommagées l'ont été.",
        hint=f"Vérifiez le disque, puis supprimez les fichiers {path.name}.damaged-*.",
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _translation(error) from error


def _translation(error: sqlite3.Error) -> BusyError | StateError:
    if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return _busy()
    return _unusable(error)


def _busy() -> BusyError:
    return BusyError(
        "La base d'état est occupée par un autre processus.",
        hint="Attendez la fin de la passe en cours, puis relancez.",
    )


def _unusable(error: Exception) -> StateError:
    return StateError(
        f"La base d'état ne peut pas être lue ou écrite ({error}). Aucune preuve n'est concernée.",
        hint="Vérifiez l'espace disque et les droits du dossier d'état, puis relancez « carenage run ».",
    )
