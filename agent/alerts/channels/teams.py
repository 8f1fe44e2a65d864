"""
Microsoft Teams, through a Workflows webhook that posts an Adaptive Card.

The card is discreet: counts, objectives, dates and commands; no account, host, finding or
file. An accepted card (202) has been taken by the flow; Teams does not say when it is shown.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field

from agent.alerts.interface import Channel, ChannelSettings
from agent.alerts.texts import SEVERITIES
from agent.domain.alert import Severity
from agent.domain.display import printable
from agent.domain.errors import AgentError, ConfigurationError, DeliveryError, RateLimitedError
from agent.domain.secret import Secret
from agent.http import HttpOptions, HttpSession, Timeouts
from agent.texts.words import day

if TYPE_CHECKING:
    from agent.alerts.interface import ChannelContext, OutgoingItem, OutgoingMessage

# Teams takes 28 KB; what it adds on the way, and the older limit of 21 KB, leave this much.
BUDGET_BYTES = 20_000
_LONGEST_TEXT = 1000
_MOST_NAMES = 10
_MOST_ANSWER_BYTES = 64 * 1024
_COLOURS = {Severity.CRITICAL: "attention", Severity.WARNING: "warning", Severity.INFO: "default"}
_FLOW_GONE = (400, 401, 403, 404, 410)
_TOO_LARGE = 413


class TeamsSettings(ChannelSettings):
    """The webhook's address, which is a secret: it holds the signature."""

    url: Secret = Field(description="Adresse du flux Workflows (référence à un secret : elle contient la signature).")
    allowed_hosts: tuple[str, ...] = Field(
        default=("logic.azure.com", "api.powerplatform.com"),
        min_length=1,
        description="Domaines où l'adresse du flux peut se trouver.",
    )
    ca_file: Path | None = Field(default=None, description="Autorité (PEM) en plus de celles du système.")
    timeout_seconds: float = Field(default=30, gt=0, le=300, description="Attente maximale de Teams, en secondes.")


class TeamsChannel(Channel[TeamsSettings]):
    """One card a message, in the channel or chat of the flow."""

    name: ClassVar[str] = "teams"
    title: ClassVar[str] = "Microsoft Teams (flux Workflows)"
    settings_type: ClassVar[type[ChannelSettings]] = TeamsSettings

    def __init__(self, channel_id: str, settings: TeamsSettings, context: ChannelContext) -> None:
        super().__init__(channel_id, settings, context)
        _require_expected(settings.url, settings.allowed_hosts)

    def send(self, message: OutgoingMessage) -> tuple[str, ...]:
        address = self.settings.url.reveal()
        options = self.context.http or HttpOptions()
        if self.settings.ca_file is not None:
            options = replace(options, ca_file=self.settings.ca_file)
        seconds = self.settings.timeout_seconds
        limits = Timeouts(connect_seconds=min(seconds, 10), read_seconds=seconds, total_seconds=2 * seconds)
        try:
            with HttpSession(address, options, clock=self.context.clock) as session:
                answer = session.request(
                    "POST",
                    address,
                    headers={"Content-Type": "application/json; charset=utf-8"},
                    data=compose_card(message),
                    max_bytes=_MOST_ANSWER_BYTES,
                    timeouts=limits,
                    accept_status=(*_FLOW_GONE, _TOO_LARGE),
                )
        except RateLimitedError as error:
            raise DeliveryError(
                f"Teams demande d'attendre : {error.message}", retry_after_seconds=error.retry_after_seconds
            ) from error
        except AgentError as error:
            raise DeliveryError(f"Teams n'a pas pris le message : {error.message}", hint=error.hint) from error
        if answer.status in _FLOW_GONE:
            raise DeliveryError(
                f"Le flux Teams refuse le message (HTTP {answer.status}).",
                hint="Le flux a pu être supprimé, désactivé ou perdre son propriétaire : vérifiez-le dans Workflows, "
                "donnez-lui deux propriétaires, et remplacez le secret si son adresse a changé.",
            )
        if answer.status == _TOO_LARGE:
            raise DeliveryError("Teams refuse le message : il est trop grand.")
        return ()


def _require_expected(url: Secret, allowed_hosts: tuple[str, ...]) -> None:
    """Raise ConfigurationError, without quoting `url`, unless it is https and on an allowed host."""
    try:
        parts = urlsplit(url.reveal())
        scheme, host = parts.scheme, (parts.hostname or "").lower()
    except ValueError:
        scheme = host = ""
    if scheme != "https" or not host:
        raise ConfigurationError("L'adresse du flux Teams n'est pas une adresse https.")
    if not any(host == allowed or host.endswith(f".{allowed}") for allowed in map(str.lower, allowed_hosts)):
        raise ConfigurationError(
            "L'adresse du flux Teams n'est pas dans un domaine admis (allowed_hosts).",
            hint="Les connecteurs Office 365 (webhook.office.com) sont retirés : créez un flux Workflows.",
        )


def compose_card(message: OutgoingMessage) -> bytes:
    """
    Return the JSON body for the flow: one Adaptive Card 1.4, at most `BUDGET_BYTES`.

    Items that do not fit are counted (« … et N autres »). Texts are runs, which Teams shows
    as they are: nothing in them is read as Markdown.
    """
    head = [
        _text(message.subject, weight="bolder", size="medium"),
        _text(message.summary),
        *([_text(message.note, isSubtle=True)] if message.note else []),
    ]
    foot = [_text(f"Carénage, pour {message.sender}. L'état complet : carenage status", isSubtle=True, size="small")]
    blocks = [_item(item) for item in message.items]
    room = BUDGET_BYTES - len(_envelope([*head, _text(_others(len(blocks)), weight="bolder"), *foot], message.summary))
    shown = 0
    for block in blocks:
        room -= len(_encoded(block)) + len(", ")
        if room < 0:
            break
        shown += 1
    left = len(blocks) - shown
    more = [_text(_others(left), weight="bolder")] if left else []
    return _envelope([*head, *blocks[:shown], *more, *foot], message.summary)


def _others(count: int) -> str:
    return f"… et {count} autres : carenage alerts list" if count > 1 else "… et 1 autre : carenage alerts list"


def _item(item: OutgoingItem) -> dict[str, Any]:
    lines = [
        _text(
            f"{SEVERITIES[item.severity]} – {item.title}",
            weight="bolder",
            color="default" if item.outdated else _COLOURS[item.severity],
        )
    ]
    if item.establishments:
        names = ", ".join(item.establishments[:_MOST_NAMES])
        more = len(item.establishments) - _MOST_NAMES
        lines.append(_text(f"Établissements : {names}" + (f" et {more} de plus" if more > 0 else "")))
    if item.due_on:
        lines.append(_text(f"Dernier jour sûr : {day(item.due_on)}"))
    lines.append(_text("La situation a changé depuis." if item.outdated else f"À faire : {item.action}"))
    return {"type": "Container", "separator": True, "items": lines}


def _text(text: str, **style: Any) -> dict[str, Any]:
    return {
        "type": "RichTextBlock",
        "inlines": [{"type": "TextRun", "text": printable(text, longest=_LONGEST_TEXT), **style}],
    }


def _envelope(body: list[dict[str, Any]], fallback: str) -> bytes:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "lang": "fr",
        "fallbackText": printable(fallback, longest=_LONGEST_TEXT),
        "msteams": {"width": "Full"},
        "body": body,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return _encoded({"type": "message", "attachments": [attachment]})


def _encoded(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
