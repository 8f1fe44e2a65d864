"""Verify the vault, and remember what was found until a whole control finds it no more."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from agent.domain.errors import AgentError
from agent.domain.journal import EntryType

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from agent.domain.journal import HeldDeposit, VerifyReport
    from agent.state.store import StateStore
    from agent.vault.vault import Vault

logger = logging.getLogger(__name__)

_FOUND = "vault_problems"
_CONTROLLED_ON = "vault_controlled_on"


class WatchedVault:
    """What is known of the vault's damage: what opening it shows, and what the last control found."""

    def __init__(self, vault: Vault, state: StateStore) -> None:
        self._vault = vault
        self._state = state

    def alarms(self) -> tuple[str, ...]:
        """Return the damage, in French."""
        return tuple(dict.fromkeys((*self._vault.alarms(), *self._found())))

    @property
    def recipients(self) -> tuple[str, ...]:
        """Return the keys that deposits are sealed for."""
        return self._vault.recipients

    def held(self) -> Sequence[HeldDeposit]:
        """Return the deposits that wait for a person."""
        return self._vault.held()

    def verify(self, *, everything: bool) -> VerifyReport:
        """
        Control the vault; journal the control and remember its problems, where this user owns the vault.

        A control of some payloads only adds to what is known; one of `everything` replaces it.
        """
        report = self._vault.verify(everything)
        if self._vault.is_writable:
            found = [f"{problem.where} : {problem.what}" for problem in report.problems]
            kept = found if everything else list(dict.fromkeys((*self._found(), *found)))
            self._state.set_meta(_FOUND, json.dumps(kept, ensure_ascii=False))
            with suppress(AgentError):  # a damaged journal takes no line; the report says so
                self._vault.append(EntryType.CHECK, reason="damaged" if found else "intact")
        return report

    def control_daily(self, day: date) -> None:
        """
        Control the newest payloads and some of the others, once a day: over time, all of them.

        Not while a person has to accept the journal's damage: it is told already, in other words.
        """
        if self._vault.commits_held:
            return
        if self._state.meta(_CONTROLLED_ON) != day.isoformat():
            self.verify(everything=False)
            self._state.set_meta(_CONTROLLED_ON, day.isoformat())

    def _found(self) -> list[str]:
        return [str(item) for item in json.loads(self._state.meta(_FOUND) or "[]")]
