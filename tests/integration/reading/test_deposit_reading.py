"""Deposits of our own collectors, read by the same worker as dropped files."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

from agent.domain.evidence import EvidenceClass, RawEvidence
from agent.domain.handover import SideValues
from collectors.reading import read_deposit, recognise
from tests.assets.reports.make_nessus import SAMPLE

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
RUN: dict[str, Any] = {
    "info": {
        "name": "Audit mensuel",
        "uuid": "run-1",
        "status": "completed",
        "scan_start": 1788249600,
        "scan_end": 1788253200,
        "targets": "extranet.exemple.fr,portail.exemple.fr",
    }
}


def payload(name: str, data: bytes) -> RawEvidence:
    return RawEvidence(
        collector="t",
        name=name,
        media_type="application/octet-stream",
        evidence_class=EvidenceClass.EXPOSURE,
        received_at=NOW,
        open=lambda: io.BytesIO(data),
    )


def test_platform_s_description_heads_the_report_beside_it() -> None:
    found = read_deposit([payload("scan.nessus", SAMPLE.encode()), payload("scan.json", json.dumps(RUN).encode())])

    audit = found.reading.audit
    assert audit is not None
    assert (audit.vendor_id, audit.ended_at) == ("run-1", "2026-09-01T09:00:00Z")
    assert audit.scope == ("extranet.exemple.fr", "portail.exemple.fr")
    assert len(found.reading.observations) == 5
    assert found.reading.complete


def test_run_that_the_platform_stopped_is_incomplete() -> None:
    stopped = {"info": {**RUN["info"], "status": "canceled"}}

    found = read_deposit([payload("scan.nessus", SAMPLE.encode()), payload("scan.json", json.dumps(stopped).encode())])

    assert not found.reading.complete


def test_broken_description_leaves_the_report_incomplete() -> None:
    found = read_deposit([payload("scan.nessus", SAMPLE.encode()), payload("scan.json", b"")])

    assert not found.reading.complete
    assert len(found.reading.observations) == 5


def test_run_without_a_report_proves_nothing() -> None:
    found = read_deposit([payload("scan.json", json.dumps(RUN).encode())])

    assert found.reading.kind == "exposure_report"
    assert not found.reading.complete


def test_kind_is_recognised_before_sealing() -> None:
    side = payload("x.toml", b"score = 2\n")

    assert recognise([payload("x", SAMPLE.encode())]) == ("exposure_report", SideValues())
    assert recognise([payload("x", b"\0\1\2"), side]) == (None, SideValues(score=2))


def test_side_file_speaks_for_a_file_that_no_reader_takes() -> None:
    found = read_deposit([payload("x.zed", b"\0\1\2"), payload("x.zed.toml", b'kind = "ads_report"\n')])

    assert found.side == SideValues(kind="ads_report")
    assert found.reading.format == "unknown"
    assert "nessus" in str(found.reading.summary["tried"])
