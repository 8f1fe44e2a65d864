"""What a source gave (RawEvidence) and what the vault acknowledged (SealedEvidence)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from typing import BinaryIO

# The collector of what a person sealed as it is, so that nobody waits for it to be read.
AS_IS = "as-is"


class EvidenceClass(StrEnum):
    """The coarse class that the journal shows in clear (contract/vault.md)."""

    DIRECTORY = "directory"
    ORADAD = "oradad"
    ADS_REPORT = "ads_report"
    EXPOSURE = "exposure"
    INVENTORY = "inventory"
    DOCUMENT = "document"
    FACTS = "facts"
    DECISION = "decision"
    RECEIPT = "receipt"
    ANCHOR = "anchor"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEvidence:
    """
    What a source returned, exactly, as a stream that can be opened again.

    `collector` is the id of the configured collector (or `inbox`, `cli`, AS_IS), `name` the
    real file name, `facts_on` the day the facts are about when the source says it,
    `subject` the slug of the directory, surface or establishment concerned.
    """

    collector: str
    name: str
    media_type: str
    evidence_class: EvidenceClass
    received_at: datetime
    open: Callable[[], BinaryIO]
    facts_on: date | None = None
    subject: str | None = None

    def __post_init__(self) -> None:
        if self.received_at.tzinfo is None:
            raise ValueError("received_at must be timezone-aware")


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEvidence:
    """
    A deposit the vault has committed.

    `id` is `<seq, 8 digits>-<8 hex>`, `sha256` the plain digest of the first payload,
    `bytes` the plain size of all payloads, `stored_bytes` what they take in the vault.
    """

    id: str
    evidence_class: EvidenceClass
    journal_seq: int
    sha256: str
    bytes: int
    stored_bytes: int
    received_at: datetime
    facts_on: date | None
    deduplicated: bool
