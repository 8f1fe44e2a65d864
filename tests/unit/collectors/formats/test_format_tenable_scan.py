from __future__ import annotations

import json

import pytest

from agent.domain.errors import ReadingError
from agent.domain.exposure import AuditHead, Problem, Reading, summarise
from collectors.formats.tenable_scan import RunHead, read, with_head, without_report

INFO = {
    "name": "Audit externe",
    "uuid": "run-1",
    "status": "completed",
    "targets": "www.chu.example, 192.0.2.0/24\nvpn.chu.example",
    "scan_start": 1772481600,
    "scan_end": 1772493000,
}
HEAD = AuditHead(
    started_at="2026-03-02T20:00:00Z",
    ended_at="2026-03-02T23:10:00Z",
    scope=("www.chu.example", "192.0.2.0/24", "vpn.chu.example"),
    name="Audit externe",
    vendor_id="run-1",
)


def document(**changes: object) -> bytes:
    return json.dumps({"info": {**INFO, **changes}}).encode()


@pytest.mark.parametrize("whole", [{"info": INFO}, INFO], ids=["scan details", "history details"])
def test_both_shapes_of_the_vendor_are_read(whole: dict[str, object]) -> None:
    assert read(json.dumps(whole).encode()) == RunHead(audit=HEAD, status="completed", completed=True)


def test_hosts_are_those_the_platform_lists() -> None:
    whole = {"info": INFO, "hosts": [{"hostname": "vpn.chu.example"}, {"hostname": None}, 3, {"hostname": "192.0.2.7"}]}

    assert read(json.dumps(whole).encode()).audit.hosts_seen == ("vpn.chu.example", "192.0.2.7")


@pytest.mark.parametrize("status", ["aborted", "canceled", "running", "paused", "stopped", "something new", "", None])
def test_only_a_run_said_completed_is_complete(status: str | None) -> None:
    head = read(document(status=status))

    assert not head.completed
    assert head.problems


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scan_end", "yesterday"),
        ("scan_end", True),
        ("scan_end", -1),
        ("scan_end", 10**30),
        ("name", ["x"]),
        ("targets", {"a": 1}),
    ],
)
def test_a_field_of_another_type_is_a_problem_and_as_good_as_absent(field: str, value: object) -> None:
    head = read(document(**{field: value}))

    assert head.problems == (Problem(where=f"scan.json / {field}", what="La valeur n'a pas la forme attendue."),)
    assert {"scan_end": head.audit.ended_at, "name": head.audit.name, "targets": head.audit.scope or None}[
        field
    ] is None


@pytest.mark.parametrize(
    "damaged", [b"", b"[]", b'{"info": ', b"\xff", b"[" * 100_000], ids=["empty", "list", "cut", "no text", "deep"]
)
def test_a_damaged_description_is_told(damaged: bytes) -> None:
    with pytest.raises(ReadingError):
        read(damaged)


def reading(**changes: object) -> Reading:
    audit = AuditHead(ended_at="2026-03-02T23:09:00Z", scope=("old",), hosts_seen=("192.0.2.7",), name="r")
    values: dict[str, object] = {
        "format": "nessus",
        "kind": "exposure_report",
        "reader_version": 1,
        "audit": audit,
        "summary": summarise((), audit=audit, completed=True),
    }
    return Reading(**{**values, **changes})  # type: ignore[arg-type]


def verdicts(of: Reading) -> set[str]:
    inputs = of.summary["verdict_inputs"]
    assert isinstance(inputs, dict)
    return {verdict["verdict"] for verdict in inputs.values()}


def test_the_platform_dates_and_scopes_the_report() -> None:
    merged = with_head(reading(), read(document(name=None)))

    assert merged.audit == AuditHead(
        started_at=HEAD.started_at,
        ended_at=HEAD.ended_at,
        scope=HEAD.scope,
        hosts_seen=("192.0.2.7",),
        name="r",
        vendor_id="run-1",
    )
    assert merged.complete
    assert verdicts(merged) == {"clean"}


def test_a_report_of_a_run_that_did_not_complete_is_no_clean_audit() -> None:
    merged = with_head(reading(), read(document(status="aborted")))

    assert not merged.complete
    assert verdicts(merged) == {"cannot_tell"}


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param({"complete": False}, id="incomplete"),
        pytest.param({"summary": summarise((), audit=HEAD, completed=True, rejected_scores=2)}, id="score-rejected"),
    ],
)
def test_a_completed_run_does_not_mend_a_damaged_report(damaged: dict[str, object]) -> None:
    assert verdicts(with_head(reading(**damaged), read(document()))) == {"cannot_tell"}


def test_a_run_without_report_proves_nothing() -> None:
    alone = without_report(read(document()))

    assert not alone.complete
    assert verdicts(alone) == {"cannot_tell"}
    assert alone.audit == HEAD
