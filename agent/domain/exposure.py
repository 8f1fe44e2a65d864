"""What an exposure report says, row by row (contract/report-reading.md)."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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


FAMILY = {"2.0": "v2", "3.0": "v3", "3.1": "v3", "4.0": "v4", None: "unspecified"}
# The deciding score is taken from the first family that has one.
PREFERENCE = ("v4", "v3", "unspecified", "v2")
TOP_LABELS = frozenset({"critical", "critique", "rouge", "urgent"})
FIXED_STATES = frozenset({"fixed", "closed", "resolved", "mitigated", "patched"})
DISMISSED_STATES = frozenset(
    {"ignored", "accepted", "risk_accepted", "false_positive", "not_affected", "snoozed", "suppressed"}
)
CRITICAL_LIMIT = Decimal(9)
READINGS = ("ge", "gt")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?|[+-]?[.,][0-9]+")


class ScoreOutOfRangeError(ValueError):
    """A source states a CVSS value that is not a number from 0 to 10."""


def cvss_score(
    text: str, *, version: str | None, kind: str | None, vector: str | None = None, stated_by: str | None = None
) -> Score:
    """
    Return the score a source wrote as `text` (ASCII digits, decimal point or comma).

    Raises ScoreOutOfRangeError for anything but a number from 0 to 10: never rescaled.
    """
    written = text.strip()
    if not _NUMBER.fullmatch(written):
        raise ScoreOutOfRangeError(text)
    value = float(written.replace(",", ".")) + 0.0  # the addition turns a negative zero into zero
    if not 0 <= value <= 10:  # noqa: PLR2004 - the CVSS scale
        raise ScoreOutOfRangeError(text)
    return Score(version=version, kind=kind, value=value, vector=vector, stated_by=stated_by)


def v3_version(vector: str | None) -> str:
    """Return the CVSS version that a v3 `vector` announces, 3.0 when it says nothing."""
    return "3.1" if vector and vector.upper().startswith("CVSS:3.1/") else "3.0"


def base_scores(observation: Observation) -> dict[str, float]:
    """Return the highest base score of each family; a score of no stated kind counts as base."""
    found: dict[str, float] = {}
    for score in observation.scores:
        if score.kind in {"base", None}:
            family = FAMILY.get(score.version, "unspecified")
            found[family] = max(score.value, found.get(family, 0.0))
    return found


def deciding_score(observation: Observation) -> tuple[str, float] | None:
    """Return (family, value) of the score that decides: v4, else v3, else unnamed, v2 only if nothing else."""
    scores = base_scores(observation)
    return next(((family, scores[family]) for family in PREFERENCE if family in scores), None)


def has_top_label(observation: Observation, top_labels: frozenset[str] = frozenset()) -> bool:
    """Return whether the source calls the row critical, or by one of its own `top_labels` (lower case)."""
    label = (observation.native_severity or "").strip().lower()
    return label in TOP_LABELS or label in top_labels


def _state(observation: Observation) -> str:
    return (observation.state or "").strip().lower().replace(" ", "_").replace("-", "_")


def _row_reasons(observation: Observation, reading: str, top_labels: frozenset[str]) -> Iterator[str]:
    """Yield the reason codes one row adds under `reading` of « CVSS > 9 »."""
    if _state(observation) in FIXED_STATES:
        return
    critical = False
    decided = deciding_score(observation)
    if decided is None:
        if has_top_label(observation, top_labels):
            yield "TOP_LABEL_WITHOUT_SCORE"
        if any(_is_critical(score.value, reading) for score in observation.scores):
            yield "NO_BASE_SCORE"
        return
    family, value = decided
    critical = _is_critical(value, reading)
    if critical:
        dismissed = _state(observation) in DISMISSED_STATES or observation.accepted_by is not None
        yield "CRITICAL_DISMISSED" if dismissed else "CRITICAL_SCORE"
        if family in {"v2", "unspecified"}:
            yield "ONLY_V2_SCORE" if family == "v2" else "VERSION_NOT_NAMED"
    if any(_is_critical(other, reading) != critical for other in base_scores(observation).values()):
        yield "VERSIONS_STRADDLE_9"


def _is_critical(value: float, reading: str) -> bool:
    exact = Decimal(str(value))
    return exact > CRITICAL_LIMIT or (reading == "ge" and exact == CRITICAL_LIMIT)


# With one of these and no critical score, nobody can say that the report is clean.
_DOUBTS = frozenset(
    {
        "TOP_LABEL_WITHOUT_SCORE",
        "NO_BASE_SCORE",
        "CRITICAL_DISMISSED",
        "SCORE_OUT_OF_RANGE",
        "READING_INCOMPLETE",
        "AUDIT_NOT_COMPLETED",
        "EMPTY_SCOPE",
    }
)


def verdict_inputs(
    observations: Sequence[Observation],
    *,
    audit: AuditHead | None,
    complete: bool,
    completed: bool | None,
    rejected_scores: int,
    top_labels: frozenset[str] = frozenset(),
) -> dict[str, object]:
    """
    Return what the report allows to say under each reading of « CVSS > 9 ».

    The shape is `{"ge": {"verdict", "reasons"}, "gt": …}`; `completed` is whether the audit
    itself ran to its end, None when the file does not say (enough unless it holds no finding).
    """
    whole: set[str] = set()
    if not complete:
        whole.add("READING_INCOMPLETE")
    if rejected_scores:
        whole.add("SCORE_OUT_OF_RANGE")
    if completed is False or (completed is None and not observations):
        whole.add("AUDIT_NOT_COMPLETED")
    if not observations and (audit is None or not (audit.scope or audit.hosts_seen)):
        whole.add("EMPTY_SCOPE")
    result: dict[str, object] = {}
    for reading in READINGS:
        reasons = whole | {
            code for observation in observations for code in _row_reasons(observation, reading, top_labels)
        }
        verdict = "critical" if "CRITICAL_SCORE" in reasons else "cannot_tell" if reasons & _DOUBTS else "clean"
        result[reading] = {"verdict": verdict, "reasons": sorted(reasons)}
    return result


def summarise(
    observations: Sequence[Observation],
    *,
    audit: AuditHead | None,
    complete: bool = True,
    completed: bool | None = None,
    rejected_scores: int = 0,
    top_labels: frozenset[str] = frozenset(),
) -> dict[str, object]:
    """
    Return the `summary` of an exposure report (contract/report-reading.md), counted over its rows.

    `rejected_scores` is how many values outside 0 to 10 were left out, `top_labels` the
    source's own names (lower case) for its highest severity.
    """
    by_row = [base_scores(observation) for observation in observations]
    families = [family for family in ("v2", "v3", "v4", "unspecified") if any(family in row for row in by_row)]
    values = {family: [row[family] for row in by_row if family in row] for family in families}
    return {
        "observations": len(observations),
        "native_severities": dict(
            sorted(Counter(row.native_severity for row in observations if row.native_severity is not None).items())
        ),
        "max_cvss": {family: max(values[family]) for family in families},
        "cvss_above_9": {family: sum(_is_critical(value, "gt") for value in values[family]) for family in families},
        "cvss_equal_9_0": {
            family: sum(Decimal(str(value)) == CRITICAL_LIMIT for value in values[family]) for family in families
        },
        "top_label_without_cvss": sum(not row.scores and has_top_label(row, top_labels) for row in observations),
        "distinct_cves": len({cve.upper() for row in observations for cve in row.cves}),
        "distinct_assets": len({row.asset.lower() for row in observations}),
        "top_labels": sorted(top_labels),
        "verdict_inputs": verdict_inputs(
            observations,
            audit=audit,
            complete=complete,
            completed=completed,
            rejected_scores=rejected_scores,
            top_labels=top_labels,
        ),
    }
