"""A Reading as JSON (contract/report-reading.md) and back."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from agent.domain.exposure import AuditHead, Observation, Problem, Reading, Score

if TYPE_CHECKING:
    from collections.abc import Mapping


def to_json(reading: Reading) -> dict[str, Any]:
    """Return the JSON-ready shape of `reading`."""
    return {
        "format": reading.format,
        "reader_version": reading.reader_version,
        "tool": reading.tool,
        "tool_version": reading.tool_version,
        "kind": reading.kind,
        "complete": reading.complete,
        "problems": [_plain(problem) for problem in reading.problems],
        "audit": None if reading.audit is None else _plain(reading.audit),
        "observations": [
            {**_plain(row), "scores": [_plain(score) for score in row.scores]} for row in reading.observations
        ],
        "summary": reading.summary,
    }


def _plain(value: AuditHead | Observation | Problem | Score) -> dict[str, Any]:
    items = ((item.name, getattr(value, item.name)) for item in fields(value))
    return {name: list(content) if isinstance(content, tuple) else content for name, content in items}


def from_json(document: Mapping[str, Any]) -> Reading:
    """
    Return the Reading that `to_json` wrote.

    Raises KeyError, TypeError or ValueError for anything else.
    """
    audit = document["audit"]
    return Reading(
        format=document["format"],
        kind=document["kind"],
        reader_version=document["reader_version"],
        tool=document["tool"],
        tool_version=document["tool_version"],
        complete=document["complete"],
        problems=tuple(Problem(**problem) for problem in document["problems"]),
        audit=None if audit is None else AuditHead(**_tuples(audit, "scope", "hosts_seen")),
        observations=tuple(_observation(row) for row in document["observations"]),
        summary=dict(document["summary"]),
    )


def _observation(row: Mapping[str, Any]) -> Observation:
    values = _tuples(row, "cves")
    values["scores"] = tuple(Score(**score) for score in row["scores"])
    return Observation(**values)


def _tuples(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {**values, **{name: tuple(values[name]) for name in names}}
