from __future__ import annotations

import io
import json
from typing import Any

import pytest

from agent.domain.exposure import Reading
from collectors.formats.interface import Limits, Reader, Source
from collectors.formats.sealed import AdDnsZonesReader, DirectorySnapshotReader, TenableScanReader
from collectors.reading_codec import from_json, to_json

SNAPSHOT = {
    "format": "directory-snapshot",
    "version": 1,
    "taken_at": "2026-11-22T08:30:00+00:00",
    "url": "ldaps://dc1.corp.example",
    "root_dse": {"defaultNamingContext": ["DC=corp,DC=example"], "rootDomainNamingContext": ["DC=corp,DC=example"]},
    "objects": {},
    "incomplete": [],
}
RUN = {"info": {"name": "Audit", "status": "running", "scan_start": 1788249600, "targets": "a.fr"}}


def read(reader: Reader, document: Any) -> Reading:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return reader.read(Source(stream=io.BytesIO(data), name="x", size=len(data)), Limits())


def test_snapshot_travels_whole_as_json() -> None:
    assert DirectorySnapshotReader().sniff(json.dumps(SNAPSHOT).encode(), "x")

    reading = read(DirectorySnapshotReader(), SNAPSHOT)

    assert reading.kind == "directory"
    assert reading.summary["taken_at"] == "2026-11-22T08:30:00+00:00"
    assert from_json(json.loads(json.dumps(to_json(reading)))) == reading
    snapshot: Any = reading.summary["snapshot"]
    assert snapshot["url"] == "ldaps://dc1.corp.example"
    assert snapshot["forest"]["root_domain"] == "corp.example"


def test_snapshot_with_a_gap_is_incomplete() -> None:
    gap = {"what": "trusts", "why": "accès refusé"}

    reading = read(DirectorySnapshotReader(), {**SNAPSHOT, "incomplete": [gap]})

    assert not reading.complete
    assert "trusts" in [problem.where for problem in reading.problems]


def test_run_still_going_proves_nothing() -> None:
    assert TenableScanReader().sniff(json.dumps(RUN).encode(), "x")

    reading = read(TenableScanReader(), RUN)

    assert not reading.complete
    assert reading.summary["completed"] is False
    assert reading.audit is not None
    assert reading.audit.scope == ("a.fr",)


@pytest.mark.parametrize("reader", [DirectorySnapshotReader(), AdDnsZonesReader(), TenableScanReader()])
@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\0", b"[" * 50_000], ids=["empty", "cut", "list", "nul", "deep"])
def test_damaged_document_is_an_incomplete_reading(reader: Reader, data: bytes) -> None:
    reading = read(reader, data)

    assert not reading.complete
    assert reading.problems
