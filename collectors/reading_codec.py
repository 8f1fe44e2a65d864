"""A Reading as JSON (contract/report-reading.md) and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from agent.domain.exposure import AuditHead, Observation, Problem, Reading, Score


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


def from_json(document: object) -> Reading:
    """
    Return the Reading that `to_json` wrote, every type checked: the worker that wrote it is not trusted.

    Raises ValueError for anything else.
    """
    from pydantic import TypeAdapter

    reading: Reading = TypeAdapter(Reading).validate_python(document)
    return reading
