"""Alerts stored before they are sent, and the outbox: one row per alert and channel until it is delivered."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.alert import Alert, Change, Standing
from agent.state.database import as_instant, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from agent.state.database import Row, StateDatabase


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlert:
    """An alert as kept; `resolved_at` is when its subject left the state it tells."""

    id: str
    alert: Alert
    raised_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An alert that one channel has not delivered; `instead_of` names the channel that keeps failing."""

    stored: StoredAlert
    channel: str
    attempts: int
    next_attempt_at: datetime | None
    last_error: str | None
    instead_of: str | None


class Outbox:
    """The alerts and their deliveries, in state.sqlite."""

    def __init__(self, database: StateDatabase) -> None:
        self._database = database

    def standing(self, source: str) -> dict[str, Standing]:
        """Return what stands, by subject, as `source` left it."""
        rows = self._database.rows(
            "SELECT * FROM standing WHERE agent = :agent AND entity = :entity AND source = :source", source=source
        )
        return {row["subject"]: Standing(row["state"], frozenset(json.loads(row["facets"]))) for row in rows}

    def keep(
        self,
        source: str,
        standing: Mapping[str, Standing],
        alerts: Iterable[Alert],
        at: datetime,
        *,
        route: Callable[[Alert], Iterable[str]],
    ) -> list[Alert]:
        """
        Keep what stands for `source`, the `alerts` that tell how it got there, and their outbox rows: all or none.

        `route` gives the channels of an alert; a resolution goes to those that were told of
        what it resolves. An alert that another process stored meanwhile is not stored again: it and the
        state it tells stand already. Returns those stored.
        """
        instant = as_text(at)
        with self._database.transaction():
            before = self.standing(source)
            told = {subject for subject, state in standing.items() if before.get(subject) == state}
            stored = [alert for alert in alerts if self._raise(alert, instant, route, told=alert.subject in told)]
            self._replace_standing(source, standing, instant)
        return stored

    def unrouted(self) -> list[StoredAlert]:
        """Return the alerts that stand but were never queued, since no channel wanted them."""
        rows = self._database.rows(
            "SELECT * FROM alerts WHERE agent = :agent AND entity = :entity"
            " AND resolved_at IS NULL AND NOT EXISTS"
            " (SELECT 1 FROM outbox WHERE outbox.alert_id = alerts.alert_id) ORDER BY raised_at, rowid"
        )
        return [_stored(row) for row in rows]

    def queue(self, alert_id: str, channels: Iterable[str], at: datetime, *, instead_of: str | None = None) -> None:
        """Queue one alert on each of `channels`; one that has it already keeps its row."""
        with self._database.transaction():
            for channel in channels:
                self._database.insert(
                    "outbox",
                    {
                        "alert_id": alert_id,
                        "channel": channel,
                        "queued_at": as_text(at),
                        "attempts": 0,
                        "instead_of": instead_of,
                    },
                )

    def pending(self, channel: str | None = None) -> list[Pending]:
        """Return what `channel` (every channel, when None) has not delivered, oldest first."""
        rows = self._database.rows(
            "SELECT outbox.*, alerts.document, alerts.raised_at, alerts.resolved_at FROM outbox"
            " JOIN alerts USING (agent, entity, alert_id) WHERE agent = :agent AND entity = :entity"
            " AND delivered_at IS NULL AND (:channel IS NULL OR channel = :channel)"
            " ORDER BY alerts.raised_at, alerts.rowid, channel",
            channel=channel,
        )
        return [_pending(row) for row in rows]

    def mark_delivered(self, channel: str, alert_ids: Iterable[str], at: datetime) -> None:
        """Keep that `channel` took these alerts."""
        with self._database.transaction():
            for alert_id in alert_ids:
                self._database.write(
                    "UPDATE outbox SET delivered_at = :at, last_error = NULL WHERE agent = :agent AND entity = :entity"
                    " AND alert_id = :id AND channel = :channel",
                    at=as_text(at),
                    id=alert_id,
                    channel=channel,
                )

    def mark_failed(self, channel: str, next_attempts: Mapping[str, datetime | None], error: str) -> None:
        """Keep that `channel` failed, and when each alert id of `next_attempts` is tried again."""
        with self._database.transaction():
            for alert_id, next_attempt_at in next_attempts.items():
                self._database.write(
                    "UPDATE outbox SET attempts = attempts + 1, next_attempt_at = :next_attempt_at, last_error = :error"
                    " WHERE agent = :agent AND entity = :entity"
                    " AND alert_id = :id AND channel = :channel",
                    next_attempt_at=as_text(next_attempt_at) if next_attempt_at else None,
                    error=error,
                    id=alert_id,
                    channel=channel,
                )

    def drop(self, channel: str, alert_ids: Iterable[str]) -> None:
        """Forget undelivered rows of a channel that is no longer configured."""
        with self._database.transaction():
            for alert_id in alert_ids:
                self._database.write(
                    "DELETE FROM outbox WHERE agent = :agent AND entity = :entity"
                    " AND alert_id = :id AND channel = :channel"
                    " AND delivered_at IS NULL",
                    id=alert_id,
                    channel=channel,
                )

    def alerts(self, *, limit: int = 100, standing_only: bool = False) -> list[StoredAlert]:
        """Return the alerts kept, newest first."""
        rows = self._database.rows(
            "SELECT * FROM alerts WHERE agent = :agent AND entity = :entity"
            " AND (resolved_at IS NULL OR NOT :standing_only)"
            " ORDER BY raised_at DESC, rowid DESC LIMIT :limit",
            standing_only=standing_only,
            limit=limit,
        )
        return [_stored(row) for row in rows]

    def _replace_standing(self, source: str, standing: Mapping[str, Standing], instant: str) -> None:
        before = self.standing(source)
        for subject in before.keys() - standing.keys():
            self._database.write(
                "DELETE FROM standing WHERE agent = :agent AND entity = :entity AND subject = :subject", subject=subject
            )
            self._close(subject, instant)
        for subject, state in standing.items():
            if before.get(subject) == state:
                continue
            self._database.upsert(
                "standing",
                ("subject",),
                {
                    "subject": subject,
                    "source": source,
                    "state": state.state,
                    "facets": json.dumps(sorted(state.facets)),
                    "since": instant,
                },
            )

    def _close(self, subject: str, instant: str) -> None:
        self._database.write(
            "UPDATE alerts SET resolved_at = :at WHERE agent = :agent AND entity = :entity"
            " AND subject = :subject AND resolved_at IS NULL",
            at=instant,
            subject=subject,
        )

    def _raise(self, alert: Alert, instant: str, route: Callable[[Alert], Iterable[str]], *, told: bool) -> bool:
        if told and self._database.row(
            "SELECT 1 AS found FROM alerts WHERE agent = :agent AND entity = :entity"
            " AND key = :key AND resolved_at IS NULL",
            key=alert.key,
        ):
            return False
        resolution = alert.change is Change.RESOLVED
        channels = self._told(alert.subject) if resolution else route(alert)
        self._close(alert.subject, instant)
        alert_id = str(uuid.uuid4())
        self._database.insert(
            "alerts",
            {
                "alert_id": alert_id,
                "key": alert.key,
                "subject": alert.subject,
                "raised_at": instant,
                "resolved_at": instant if resolution else None,
                "document": json.dumps(alert.as_json(), ensure_ascii=False),
            },
        )
        self.queue(alert_id, channels, as_instant(instant))
        return True

    def _told(self, subject: str) -> list[str]:
        rows = self._database.rows(
            "SELECT DISTINCT channel FROM outbox JOIN alerts USING (agent, entity, alert_id) WHERE agent = :agent"
            " AND entity = :entity AND subject = :subject AND resolved_at IS NULL ORDER BY channel",
            subject=subject,
        )
        return [row["channel"] for row in rows]


def _stored(row: Row) -> StoredAlert:
    return StoredAlert(
        id=row["alert_id"],
        alert=Alert.from_json(json.loads(row["document"])),
        raised_at=as_instant(row["raised_at"]),
        resolved_at=as_instant(row["resolved_at"]) if row["resolved_at"] else None,
    )


def _pending(row: Row) -> Pending:
    return Pending(
        stored=_stored(row),
        channel=row["channel"],
        attempts=row["attempts"],
        next_attempt_at=as_instant(row["next_attempt_at"]) if row["next_attempt_at"] else None,
        last_error=row["last_error"],
        instead_of=row["instead_of"],
    )
