"""What the vault's journal says: its lines, what is wrong with it, and what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from agent.domain.evidence import EvidenceClass

NO_PREVIOUS = "0" * 64
"""`prev` of the first line."""


class EntryType(StrEnum):
    """What a journal line records (contract/vault.md)."""

    CREATION = "creation"
    DEPOSIT = "deposit"
    CHECK = "check"
    DESTRUCTION = "destruction"
    ANCHOR = "anchor"
    KEY = "key"
    RECOVERY = "recovery"
    CLOCK = "clock"
    DELIVERY = "delivery"
    ACCESS = "access"
    DECISION = "decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """
    One line of the journal.

    `h` is the SHA-256 (hex) of the canonical line without `h`, `prev` that of the line before;
    `at` is aware UTC to the millisecond; `fields` holds what the type adds (`id`, `bag`, `bytes`…).
    """

    seq: int
    at: datetime
    agent: str
    entity: str
    type: EntryType
    h: str
    prev: str
    fields: Mapping[str, object] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """Return the field `name` when it is text, None otherwise."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else None

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the field `name` when it is a list of text, () otherwise."""
        value = self.fields.get(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            return ()
        return tuple(value)


class Problem(NamedTuple):
    """Something wrong in the vault: `where` is a path inside it (`:line` for the journal), `what` a French sentence."""

    where: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDeposit:
    """A bag built and verified that waits for a person to accept the journal's damage."""

    id: str
    evidence_class: EvidenceClass
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """
    What a verification found.

    `problems` is empty when `ok`; `accepted` is damage that a person has accepted, in writing, in the journal.
    `unanchored_entries` counts the lines that rest on this machine only.
    """

    ok: bool
    deposits: int
    journal_entries: int
    problems: tuple[Problem, ...]
    unanchored_entries: int
    held: int
    anchored_until: datetime | None = None
    accepted: tuple[Problem, ...] = ()
