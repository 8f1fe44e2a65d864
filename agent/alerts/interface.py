"""The port every alert channel implements, and what it is given to send."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from agent.domain.alert import GRAVEST_FIRST, Severity

if TYPE_CHECKING:
    from datetime import date, datetime

    from agent.clock import Clock
    from agent.domain.alert import Change
    from agent.domain.secret import Secret
    from agent.http import HttpOptions


class ChannelSettings(BaseModel):
    """Base of every channel's settings; unknown keys are refused, secrets arrive resolved."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    minimum: Severity = Field(
        default=Severity.INFO, description="Gravité à partir de laquelle ce canal reçoit une alerte."
    )


SettingsT = TypeVar("SettingsT", bound=ChannelSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelContext:
    """What a channel may use of the house: the clock, and how to reach the network (proxy, trust)."""

    clock: Clock
    http: HttpOptions | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingItem:
    """
    One point of a message, for one or several establishments (their names).

    `title` and `action` are discreet; `body` may name accounts, hosts and files, and is for mail only.
    `outdated` tells that the situation has moved on since.
    """

    severity: Severity
    change: Change
    title: str
    body: str
    action: str
    establishments: tuple[str, ...]
    due_on: date | None
    raised_at: datetime
    outdated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """
    One message for one channel, gravest item first.

    `id` is the same each time the same content is sent; `summary` says what it means for the
    objective and the last safe day; `sender` names whose agent speaks; times are in the
    candidate's zone.
    """

    id: str
    subject: str
    summary: str
    items: tuple[OutgoingItem, ...]
    sent_at: datetime
    sender: str
    note: str | None = None
    is_test: bool = False

    @property
    def severity(self) -> Severity:
        """Return the gravest severity of the items."""
        return min((item.severity for item in self.items), key=GRAVEST_FIRST.index, default=Severity.INFO)


class Channel(ABC, Generic[SettingsT]):
    """
    One way to reach people.

    A module of agent/alerts/channels holds exactly one subclass, whose `name` is the
    module's name and the `kind` of the configuration.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    settings_type: ClassVar[type[ChannelSettings]]

    def __init__(self, channel_id: str, settings: SettingsT, context: ChannelContext) -> None:
        self.channel_id = channel_id
        self.settings = settings
        self.context = context

    @property
    def account(self) -> str | None:
        """Return what a refused login blocks (`user@service`), None without credentials."""
        return None

    @property
    def secret(self) -> Secret | None:
        """Return the account's secret, whose change lifts the block."""
        return None

    @abstractmethod
    def send(self, message: OutgoingMessage) -> tuple[str, ...]:
        """
        Send one message; return once the other side has taken it, with the addresses it refused among several.

        Raises DeliveryError (DeliveryRefusedLoginError when our credentials were refused);
        nothing was taken then.
        """
