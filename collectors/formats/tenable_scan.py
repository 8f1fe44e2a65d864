"""
What Tenable says of one run (`scan.json`, sealed beside its report): when, on what, how it ended.

Reads both of the vendor's shapes: the scan details (`info`, `hosts`) and the history details.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from agent.domain.errors import ReadingError
from agent.domain.exposure import AuditHead, Problem, Reading, summarise, verdict_inputs

FORMAT = "tenable_scan"
READER_VERSION = 1
COMPLETED = frozenset({"completed", "imported"})

_MAX_BYTES = 32 * 1024 * 1024
_MAX_ITEMS = 200_000
_MAX_CHARACTERS = 4096
_CRITICAL = frozenset({"4"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHead:
    """The head of one run; `completed` only when the platform says that it ran to its end."""

    audit: AuditHead
    status: str | None
    completed: bool
    problems: tuple[Problem, ...] = ()


def read(document: bytes) -> RunHead:
    """
    Return what `scan.json` says.

    Raises ReadingError when it is not a JSON object. A field of another type than
    announced is a problem, and as good as absent.
    """
    if len(document) > _MAX_BYTES:
        raise ReadingError("La description du passage Tenable dépasse 32 Mio.")
    try:
        whole = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise ReadingError("La description du passage Tenable n'est pas du JSON lisible.") from error
    if not isinstance(whole, dict):
        raise ReadingError("La description du passage Tenable n'est pas un objet JSON.")
    fields = _Fields(whole["info"] if isinstance(whole.get("info"), dict) else whole)
    status = fields.text("status")
    audit = AuditHead(
        started_at=fields.instant("scan_start"),
        ended_at=fields.instant("scan_end"),
        scope=tuple(item for item in re.split(r"[\s,;]+", fields.text("targets") or "") if item)[:_MAX_ITEMS],
        hosts_seen=_hosts(whole.get("hosts")),
        name=fields.text("name"),
        vendor_id=fields.text("uuid"),
    )
    problems = list(fields.problems)
    completed = status is not None and status.lower() in COMPLETED
    if not completed:
        problems.append(
            Problem(
                where="scan.json",
                what=f"Tenable dit ce passage « {status or 'sans état'} » : il n'est pas allé au bout.",
            )
        )
    return RunHead(audit=audit, status=status, completed=completed, problems=tuple(problems))


def with_head(reading: Reading, head: RunHead) -> Reading:
    """
    Return `reading`, a run's report, as dated, scoped and judged by the platform's own `head`.

    Where the platform is silent, what the report says stays; hosts seen by either count.
    """
    audit = _merged(reading.audit or AuditHead(), head.audit)
    complete = reading.complete and head.completed
    rejected = _reasons(reading) & {"SCORE_OUT_OF_RANGE"}
    return replace(
        reading,
        audit=audit,
        complete=complete,
        problems=(*reading.problems, *head.problems),
        summary=reading.summary
        | {
            "verdict_inputs": verdict_inputs(
                reading.observations,
                audit=audit,
                complete=reading.complete,
                completed=head.completed,
                rejected_scores=len(rejected),
                top_labels=_CRITICAL,
            )
        },
    )


def without_report(head: RunHead) -> Reading:
    """Return the reading of a run of which the platform has no report: an audit that proves nothing."""
    return Reading(
        format=FORMAT,
        kind="exposure_report",
        reader_version=READER_VERSION,
        tool="Tenable Vulnerability Management",
        complete=False,
        problems=(*head.problems, Problem(where="scan.nessus", what="La plateforme n'a pas de rapport de ce passage.")),
        audit=head.audit,
        summary=summarise((), audit=head.audit, complete=False, completed=False),
    )


class _Fields:
    """Fields of one JSON object, taken only in the type they should have."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values
        self.problems: list[Problem] = []

    def text(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self._wrong(name)
            return None
        limit = _MAX_CHARACTERS if name != "targets" else None
        return value.strip()[:limit] or None

    def instant(self, name: str) -> str | None:
        """Return seconds since 1970 as ISO 8601 text in UTC."""
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            with suppress(ValueError, OverflowError, OSError):
                return datetime.fromtimestamp(value, UTC).isoformat().replace("+00:00", "Z")
        self._wrong(name)
        return None

    def _wrong(self, name: str) -> None:
        self.problems.append(Problem(where=f"scan.json / {name}", what="La valeur n'a pas la forme attendue."))


def _hosts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        return ()
    names = (value.get("hostname") for value in values[:_MAX_ITEMS] if isinstance(value, dict))
    return tuple(dict.fromkeys(name[:_MAX_CHARACTERS] for name in names if isinstance(name, str) and name))


def _merged(report: AuditHead, platform: AuditHead) -> AuditHead:
    return AuditHead(
        started_at=platform.started_at or report.started_at,
        ended_at=platform.ended_at or report.ended_at,
        scope=platform.scope or report.scope,
        hosts_seen=tuple(dict.fromkeys((*report.hosts_seen, *platform.hosts_seen))),
        name=platform.name or report.name,
        vendor_id=platform.vendor_id or report.vendor_id,
    )


def _reasons(reading: Reading) -> set[object]:
    verdicts = reading.summary.get("verdict_inputs")
    if not isinstance(verdicts, dict):
        return set()
    return {reason for verdict in verdicts.values() for reason in verdict["reasons"]}
