"""Accounts: what keeps a refused login from being tried again, by whichever job, pass or command."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agent.domain.errors import AgentError, AuthenticationError, ProxyAuthenticationError
from agent.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from agent.clock import Clock
    from agent.state.store import Block, StateStore
    from collectors.interface import Collector

PROXY = "proxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One account as one collector uses it, with the fingerprint of its secret; nothing is blocked without account."""

    state: StateStore
    holder: str
    account: str | None
    fingerprint: str
    now: datetime

    def blocked(self) -> Block | None:
        """Return why this account may not be tried with this secret."""
        if self.account is None:
            return None
        self.state.settle_blocks(self.holder, self.account, self.fingerprint)
        return self.state.is_blocked(self.account, self.fingerprint)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """
        Send the secret inside this block only.

        The attempt is written down first and taken back once answered: should the process die in between, or the
        refusal not be writable, the account stays blocked.
        """
        if self.account is None:
            yield
            return
        self.state.begin_login(self.account, self.fingerprint, self.now, holder=self.holder)
        try:
            yield
        except AgentError as error:
            if not self.refused(error):
                self.state.end_login(self.account, self.fingerprint, holder=self.holder)
            raise
        self.state.end_login(self.account, self.fingerprint, holder=self.holder)

    def refused(self, error: AgentError) -> bool:
        """Block the account when `error` says that the source refused it; return whether it does."""
        # The proxy blocks its own account (ProxyAccount): this one was never judged.
        if not isinstance(error, AuthenticationError) or isinstance(error, ProxyAuthenticationError):
            return False
        if self.account is not None:
            self.state.block(self.account, self.fingerprint, self.now, error.message, holder=self.holder)
        return True


def login_of(collector: Collector[Any], state: StateStore, now: datetime) -> Login:
    """Return the account of a collector, with every secret of its settings: a change of any is a change."""
    settings = collector.settings
    values = [getattr(settings, name) for name in sorted(type(settings).model_fields)]
    secret = Secret("\x00".join(value.reveal() for value in values if isinstance(value, Secret)))
    account = collector.account
    return Login(
        state=state,
        holder=f"collector:{collector.collector_id}",
        account=account,
        fingerprint=state.fingerprint(secret) if account is not None else "",
        now=now,
    )


class ProxyAccount:
    """The account of the proxy, for `agent.http`: blocked by itself, whatever host was asked for through it."""

    def __init__(self, state: Callable[[], StateStore], clock: Clock, *, account: str, password: Secret | None) -> None:
        self.account = account
        self._state = state
        self._clock = clock
        self._password = password

    @cached_property
    def _fingerprint(self) -> str:
        return self._state().fingerprint(self._password or Secret(""))

    def require_free(self) -> None:
        """Raise ProxyAuthenticationError when the proxy has refused this account with this password."""
        self._state().settle_blocks(PROXY, self.account, self._fingerprint)
        if self._state().is_blocked(self.account, self._fingerprint):
            raise ProxyAuthenticationError(
                f"Le proxy a refusé le compte « {self.account} » : il n'est plus essayé.",
                hint="Corrigez le mot de passe du proxy à sa source ; ou, compte vérifié : "
                "carenage collect TÂCHE --force, ou carenage alerts test --force.",
            )

    def refused(self, error: ProxyAuthenticationError) -> None:
        """Block the account."""
        self._state().block(self.account, self._fingerprint, self._clock.now(), error.message, holder=PROXY)

    def free(self) -> None:
        """Let the account be tried again (a person forced it)."""
        self._state().unblock(self.account)
