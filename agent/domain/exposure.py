"""What an exposure report says, row by row (contract/report-reading.md)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One score the source states; `value` is CVSS, 0 to 10."""

    version: str | None  # "2.0" | "3.0" | "3.1" | "4.0"
    kind: str | None  # "base" | "temporal" | "environmental"
    value: float
    vector: str | None = None
    stated_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One finding row of the source, nothing merged."""

    id: str
    native_id: str
    title: str
    asset: str
    port: int | None = None
    protocol: str | None = None
    native_severity: str | None = None
    scores: tuple[Score, ...] = ()
    cves: tuple[str, ...] = ()
    state: str | None = None
    first_seen: str | None = None
    last_seen: str | None = None
    accepted_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHead:
    """When and on what the audit ran; times are ISO 8601 text as normalised to UTC, None when the file does not say."""

    started_at: str | None = None
    ended_at: str | None = None
    scope: tuple[str, ...] = ()
    hosts_seen: tuple[str, ...] = ()
    name: str | None = None
    vendor_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in a file that could not be read as it should; `what` is French."""

    where: str
    what: str


def finding_id(vendor: str, native_id: str, asset: str, port: int | None, protocol: str | None) -> str:
    """Return the identity of a finding, stable across audits (DESIGN, Identity)."""
    parts = (vendor, native_id, asset.lower(), "" if port is None else str(port), (protocol or "").lower())
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """
    What a reader understood of one file; the shape of `inbox read --json`.

    `kind` is one of exposure_report, ads_report, oradad_archive, oradad_tree, oradad_log,
    oradaz_archive, asset_list, document. `summary` is JSON-ready.
    """

    format: str
    kind: str
    reader_version: int
    tool: str | None = None
    tool_version: str | None = None
    complete: bool = True
    problems: tuple[Problem, ...] = ()
    audit: AuditHead | None = None
    observations: tuple[Observation, ...] = ()
    summary: dict[str, object] = field(default_factory=dict)
