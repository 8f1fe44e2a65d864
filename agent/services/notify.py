"""Tell people what changed: alerts are stored first, then sent as one message per channel, until it is taken."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from agent.alerts import texts
from agent.domain.alert import GRAVEST_FIRST, Change, Observation, changes, refused_recipients, standing
from agent.domain.errors import AgentError, DeliveryRefusedLoginError, UsageError
from agent.domain.retry import LONGEST_PAUSE, is_due, next_attempt_at
from agent.texts.words import moment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime, tzinfo

    from agent.alerts.interface import Channel, OutgoingMessage
    from agent.clock import Clock
    from agent.domain.alert import Alert
    from agent.state.outbox import Pending
    from agent.state.store import StateStore

logger = logging.getLogger(__name__)

_ATTEMPTS_BEFORE_ANOTHER_CHANNEL = 3
_MOST_SHOWN = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of one message on one channel; `alerts` counts what it tells, `message` is for people."""

    channel: str
    delivered: bool
    alerts: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What one pass told: new alerts, attempted deliveries, and how many rows of the outbox still wait."""

    raised: tuple[Alert, ...]
    deliveries: tuple[Delivery, ...]
    pending: int


class Notifier:
    """
    The alerts of one agent, from what is observed to what is delivered.

    `sender` names the candidate in the messages, `zone` is its civil time. `unavailable` are the
    configured channels that could not be built, and why: what they should send waits for them.
    """

    def __init__(
        self,
        store: StateStore,
        channels: Sequence[Channel[Any]],
        clock: Clock,
        *,
        sender: str,
        names: texts.Names | None = None,
        zone: tzinfo = UTC,
        unavailable: Mapping[str, str] | None = None,
    ) -> None:
        self._store = store
        self._outbox = store.outbox
        self._channels = {channel.channel_id: channel for channel in channels}
        self._clock = clock
        self._sender = sender
        self._names = names or texts.Names()
        self._zone = zone
        self._unavailable = dict(unavailable or {})

    def notify(self, observations: Iterable[Observation]) -> Notification:
        """Store what changed, then deliver whatever waits and is due."""
        raised = self.observe(observations)
        deliveries = self.deliver()
        return Notification(raised=tuple(raised), deliveries=tuple(deliveries), pending=len(self._outbox.pending()))

    def observe(self, observations: Iterable[Observation]) -> list[Alert]:
        """
        Store an alert for each condition that changed since it was last seen; return them, gravest first.

        Name each source once, with all its conditions; leave out a source that could not be read.
        """
        now = self._clock.now()
        stored: list[Alert] = []
        for observation in observations:
            source = observation.source
            found = changes(self._outbox.standing(source), observation.conditions)
            alerts = [texts.compose(transition, source=source, names=self._names) for transition in found]
            stored += self._outbox.keep(source, standing(observation.conditions), alerts, now, route=self._route)
        for alert in stored:
            logger.info("alert raised", extra={"alert": alert.kind.value, "severity": alert.severity.value})
        return sorted(stored, key=lambda alert: GRAVEST_FIRST.index(alert.severity))

    def deliver(self, *, force: bool = False) -> list[Delivery]:
        """
        Send to each channel, as one message, everything it has not taken, when part of it is due.

        `force` also sends what waits for its next attempt. A failure stays pending.
        """
        now = self._clock.now()
        self._reroute(now)
        deliveries = self._send_due(now, force=force)
        # What the sending itself had to tell, of recipients refused, leaves in this very pass.
        deliveries += self._send_due(now)
        deliveries += [
            Delivery(channel=channel_id, delivered=False, alerts=len(waiting), message=why)
            for channel_id, why in self._unavailable.items()
            if (waiting := self._outbox.pending(channel_id))
        ]
        # What has just failed once too often leaves by another channel in this very pass.
        for channel_id in self._redirect(now):
            waiting = [item for item in self._outbox.pending(channel_id) if item.instead_of]
            deliveries.append(self._send_all(self._channels[channel_id], waiting, now))
        return deliveries

    def overview(self, *, everything: bool = False) -> list[dict[str, Any]]:
        """Return the alerts that stand or wait (`everything`: all of them), newest first, as JSON values."""
        waiting: dict[str, list[Pending]] = {}
        for item in self._outbox.pending():
            waiting.setdefault(item.stored.id, []).append(item)
        return [
            {
                **stored.alert.as_json(),
                "raised_at": stored.raised_at.isoformat(),
                "resolved_at": stored.resolved_at.isoformat() if stored.resolved_at else None,
                "pending": [
                    {
                        "channel": item.channel,
                        "attempts": item.attempts,
                        "next_attempt_at": item.next_attempt_at.isoformat() if item.next_attempt_at else None,
                        "last_error": self._unavailable.get(item.channel, item.last_error),
                    }
                    for item in waiting.get(stored.id, [])
                ],
            }
            for stored in self._outbox.alerts(limit=_MOST_SHOWN)
            if everything or stored.resolved_at is None or stored.id in waiting
        ]

    def test(self, channel_ids: Collection[str] = (), *, force: bool = False) -> list[Delivery]:
        """
        Send a test message on each channel (those named, or all); `force` tries a blocked account again.

        Raises UsageError for an unknown channel.
        """
        known = [*self._channels, *self._unavailable]
        unknown = sorted(set(channel_ids) - set(known))
        if unknown:
            raise UsageError(
                f"Canal inconnu : {', '.join(unknown)}.",
                hint=f"Canaux configurés : {', '.join(known) or 'aucun'}.",
            )
        now = self._clock.now()
        results = [
            Delivery(channel=channel_id, delivered=False, alerts=0, message=why)
            for channel_id, why in self._unavailable.items()
            if not channel_ids or channel_id in channel_ids
        ]
        for channel in self._channels.values():
            if channel_ids and channel.channel_id not in channel_ids:
                continue
            if force and channel.account is not None:
                self._store.unblock(channel.account)
            message = texts.test_message(
                channel_id=channel.channel_id, sender=self._sender, sent_at=now.astimezone(self._zone)
            )
            error = self._send(channel, message, now)
            results.append(
                Delivery(
                    channel=channel.channel_id,
                    delivered=error is None,
                    alerts=0,
                    message="Message d'essai remis." if error is None else _explained(error),
                )
            )
        return results

    def _send_due(self, now: datetime, *, force: bool = False) -> list[Delivery]:
        deliveries = []
        for channel in self._channels.values():
            waiting = self._outbox.pending(channel.channel_id)
            if waiting and (force or any(is_due(item.next_attempt_at, now) for item in waiting)):
                deliveries.append(self._send_all(channel, waiting, now))
        return deliveries

    def _route(self, alert: Alert) -> list[str]:
        wanted = [
            channel.channel_id
            for channel in self._channels.values()
            if GRAVEST_FIRST.index(alert.severity) <= GRAVEST_FIRST.index(channel.settings.minimum)
        ]
        return [*wanted, *self._unavailable]

    def _reroute(self, now: datetime) -> None:
        """Queue what stands but had no channel, and what waited for a channel that is no longer configured."""
        for stored in self._outbox.unrouted():
            self._outbox.queue(stored.id, self._route(stored.alert), now)
        configured = {*self._channels, *self._unavailable}
        for item in self._outbox.pending():
            if item.channel not in configured:
                self._outbox.queue(item.stored.id, configured, now)
                self._outbox.drop(item.channel, [item.stored.id])

    def _redirect(self, now: datetime) -> list[str]:
        """Queue on the other channels what failed too often on one; return those that have something new to send."""
        before = self._outbox.pending()
        for item in before:
            failing = item.attempts >= _ATTEMPTS_BEFORE_ANOTHER_CHANNEL or item.channel in self._unavailable
            if failing:
                others = [channel_id for channel_id in self._channels if channel_id != item.channel]
                self._outbox.queue(item.stored.id, others, now, instead_of=item.channel)
        known = {(item.stored.id, item.channel) for item in before}
        after = self._outbox.pending()
        return sorted({item.channel for item in after if (item.stored.id, item.channel) not in known})

    def _send_all(self, channel: Channel[Any], waiting: Sequence[Pending], now: datetime) -> Delivery:
        entries = [
            texts.Entry(
                alert=item.stored.alert,
                raised_at=item.stored.raised_at,
                outdated=item.stored.resolved_at is not None and item.stored.alert.change is not Change.RESOLVED,
            )
            for item in waiting
        ]
        stand_ins = sorted({item.instead_of for item in waiting if item.instead_of})
        message = texts.digest(
            entries,
            sender=self._sender,
            sent_at=now.astimezone(self._zone),
            names=self._names,
            note=texts.instead_of(stand_ins[0]) if stand_ins else None,
        )
        ids = [item.stored.id for item in waiting]
        error = self._send(channel, message, now)
        if error is None:
            self._outbox.mark_delivered(channel.channel_id, ids, now)
            logger.info("alerts delivered", extra={"channel": channel.channel_id, "alerts": len(ids)})
            return Delivery(channel=channel.channel_id, delivered=True, alerts=len(ids), message="Message remis.")
        asked = getattr(error, "retry_after_seconds", None)
        earliest = now + min(timedelta(seconds=asked), LONGEST_PAUSE) if asked else now
        self._outbox.mark_failed(
            channel.channel_id,
            {item.stored.id: max(next_attempt_at(item.attempts + 1, now) or now, earliest) for item in waiting},
            error.message,
        )
        logger.warning("alerts not delivered", extra={"channel": channel.channel_id, "code": error.code})
        return Delivery(channel=channel.channel_id, delivered=False, alerts=len(ids), message=_explained(error))

    def _send(self, channel: Channel[Any], message: OutgoingMessage, now: datetime) -> AgentError | None:
        """Send one message; return why it was not taken, after blocking the account when a login was refused."""
        account, secret = channel.account, channel.secret
        fingerprint = self._store.fingerprint(secret) if account and secret else ""
        holder = f"channel:{channel.channel_id}"
        if account:
            self._store.settle_blocks(holder, account, fingerprint)
        if account and (block := self._store.is_blocked(account, fingerprint)):
            return DeliveryRefusedLoginError(
                f"Le canal « {channel.channel_id} » attend : son compte a été refusé le {moment(block.since)}.",
                hint="Corrigez le secret à sa source, ou essayez à nouveau : carenage alerts test --force.",
            )
        try:
            refused = channel.send(message)
        except AgentError as error:
            if account and isinstance(error, DeliveryRefusedLoginError):
                self._store.block(account, fingerprint, now, error.message, holder=holder)
            return error
        self.observe([Observation(source=holder, conditions=(refused_recipients(channel.channel_id, refused),))])
        return None


def _explained(error: AgentError) -> str:
    return f"{error.message} {error.hint}" if error.hint else error.message
