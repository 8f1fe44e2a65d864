"""A channel that keeps what it is sent, and can be told to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from agent.alerts.interface import Channel, ChannelContext, ChannelSettings
from agent.domain.alert import Severity

if TYPE_CHECKING:
    from agent.alerts.interface import OutgoingMessage
    from agent.clock import Clock
    from agent.domain.errors import AgentError
    from agent.domain.secret import Secret


class FakeChannel(Channel[ChannelSettings]):
    """`failure` is raised instead of taking a message; `sent` lists those taken, `attempts` counts the calls, `refused` is whom it cannot reach."""

    name: ClassVar[str] = "fake"
    title: ClassVar[str] = "Canal factice"
    settings_type: ClassVar[type[ChannelSettings]] = ChannelSettings

    def __init__(
        self, channel_id: str, clock: Clock, *, minimum: Severity = Severity.INFO, password: Secret | None = None
    ) -> None:
        super().__init__(channel_id, ChannelSettings(minimum=minimum), ChannelContext(clock=clock))
        self.sent: list[OutgoingMessage] = []
        self.attempts = 0
        self.failure: AgentError | None = None
        self.refused: tuple[str, ...] = ()
        self.password = password

    @property
    def account(self) -> str | None:
        return "svc@fake" if self.password else None

    @property
    def secret(self) -> Secret | None:
        return self.password

    def send(self, message: OutgoingMessage) -> tuple[str, ...]:
        self.attempts += 1
        if self.failure is not None:
            raise self.failure
        self.sent.append(message)
        return self.refused
