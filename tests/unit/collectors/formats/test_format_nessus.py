from __future__ import annotations

import io
from typing import Any

import pytest

from agent.domain.exposure import Reading
from collectors.formats.interface import Limits, Source
from collectors.formats.nessus import NessusReader
from tests.assets.reports.make_nessus import SAMPLE, document, host, item, score


def read(text: str | bytes, limits: Limits | None = None) -> Reading:
    data = text.encode() if isinstance(text, str) else text
    return NessusReader().read(Source(stream=io.BytesIO(data), name="x", size=len(data)), limits or Limits())


def verdict(reading: Reading, under: str = "ge") -> str:
    summary: dict[str, Any] = reading.summary
    return str(summary["verdict_inputs"][under]["verdict"])


def test_whole_report_is_read_row_by_row() -> None:
    reading = read(SAMPLE)

    assert reading.complete
    assert reading.problems == ()
    assert (reading.tool, reading.tool_version) == ("Nessus", "10.8.3")
    assert [row.native_id for row in reading.observations] == ["90001", "90002", "90003", "19506", "90004"]
    assert [row.native_severity for row in reading.observations] == ["4", "3", "4", "0", "2"]


def test_every_score_keeps_its_version_kind_and_vector() -> None:
    first = read(SAMPLE).observations[0]

    assert [(one.version, one.kind, one.value) for one in first.scores] == [
        ("2.0", "base", 10.0),
        ("3.1", "base", 9.8),
        ("3.1", "temporal", 8.8),
    ]
    assert first.scores[1].vector == "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    assert first.cves == ("CVE-2026-0001", "CVE-2026-0002")


def test_head_of_the_audit_comes_from_targets_and_host_times() -> None:
    audit = read(SAMPLE).audit

    assert audit is not None
    assert audit.scope == ("extranet.exemple.fr", "vpn.exemple.fr")
    assert audit.hosts_seen == ("extranet.exemple.fr", "203.0.113.10", "vpn.exemple.fr")
    assert (audit.started_at, audit.ended_at) == ("2026-09-01T08:00:00", "2026-09-01T09:30:00")
    assert (audit.name, audit.vendor_id) == ("Audit externe été", "8f1b")


def test_epoch_stamp_gives_an_instant_in_utc() -> None:
    stamps = '<tag name="HOST_START_TIMESTAMP">1788249600</tag><tag name="HOST_END_TIMESTAMP">1788253200</tag>'

    audit = read(document(host("a.fr", "", extra=stamps))).audit

    assert audit is not None
    assert (audit.started_at, audit.ended_at) == ("2026-09-01T08:00:00Z", "2026-09-01T09:00:00Z")


def test_same_finding_keeps_its_identity_in_the_next_audit() -> None:
    later = read(document(host("EXTRANET.exemple.fr", item("90001", "4"), start=None)))

    assert later.observations[0].id == read(SAMPLE).observations[0].id
    assert read(SAMPLE).observations[0].id != read(SAMPLE).observations[2].id


def test_host_without_an_end_time_means_an_unfinished_audit() -> None:
    reading = read(document(host("a.fr", item("1", "0"), end=None)))

    assert reading.audit is not None
    assert reading.audit.ended_at is None
    assert verdict(reading) == "cannot_tell"
    assert reading.problems[0].where == "hôte a.fr"


@pytest.mark.parametrize("value", ["98", "-3", "NaN", "9.8.1"])
def test_score_off_the_scale_is_a_problem_and_the_row_stays(value: str) -> None:
    reading = read(document(host("a.fr", item("1", "2", score("cvss3_base_score", value)))))

    assert len(reading.observations) == 1
    assert reading.observations[0].scores == ()
    assert reading.problems[0].where == "ligne 1"
    assert verdict(reading) == "cannot_tell"


@pytest.mark.parametrize("values", [("5.0", "9.8"), ("9.8", "5.0")], ids=["low-first", "high-first"])
def test_score_stated_twice_is_kept_twice_and_the_highest_decides(values: tuple[str, str]) -> None:
    reading = read(document(host("a.fr", item("1", "2", "".join(score("cvss3_base_score", one) for one in values)))))

    assert [one.value for one in reading.observations[0].scores] == [float(one) for one in values]
    assert verdict(reading) == "critical"
    assert [problem.where for problem in reading.problems] == ["ligne 1"]


def test_each_of_two_scores_keeps_its_own_vector() -> None:
    vectors = ("CVSS:3.0/AV:L", "CVSS:3.1/AV:N")
    fields = score("cvss3_base_score", "5.0", vectors[0]) + score("cvss3_base_score", "6.0", vectors[1])

    scores = read(document(host("a.fr", item("1", "2", fields)))).observations[0].scores

    assert [(one.version, one.vector) for one in scores] == [("3.0", vectors[0]), ("3.1", vectors[1])]


def test_two_scores_share_no_vector() -> None:
    fields = score("cvss3_base_score", "5.0", "CVSS:3.1/AV:N") + score("cvss3_base_score", "6.0")

    scores = read(document(host("a.fr", item("1", "2", fields)))).observations[0].scores

    assert [one.vector for one in scores] == [None, None]


SEVERITIES = pytest.mark.parametrize("severity", ["5", "x", "-1", "", "٤"])


@SEVERITIES
def test_row_of_unknown_severity_without_score_is_not_clean(severity: str) -> None:
    reading = read(document(host("a.fr", item("1", severity))))

    assert not reading.complete
    assert (verdict(reading, "ge"), verdict(reading, "gt")) == ("cannot_tell", "cannot_tell")
    assert [problem.where for problem in reading.problems] == ["ligne 1"]
    assert reading.audit is not None
    assert reading.audit.ended_at is not None


@SEVERITIES
def test_score_decides_for_a_row_of_unknown_severity(severity: str) -> None:
    reading = read(document(host("a.fr", item("1", severity, score("cvss3_base_score", "5.0")))))

    assert reading.complete
    assert verdict(reading) == "clean"
    assert [problem.where for problem in reading.problems] == ["ligne 1"]


def test_temporal_score_alone_does_not_decide_for_a_row_of_unknown_severity() -> None:
    reading = read(document(host("a.fr", item("1", "5", score("cvss3_temporal_score", "5.0")))))

    assert verdict(reading) == "cannot_tell"


def test_report_without_host_is_not_clean() -> None:
    assert verdict(read(document(""))) == "cannot_tell"


@pytest.mark.parametrize("cut", range(1, len(SAMPLE.encode()), 97))
def test_cut_report_keeps_what_was_read_and_is_incomplete(cut: int) -> None:
    reading = read(SAMPLE.encode()[:cut])

    assert not reading.complete
    assert reading.problems
    assert verdict(reading) in {"critical", "cannot_tell"}


def test_critical_row_before_the_cut_is_kept() -> None:
    data = SAMPLE.encode()

    reading = read(data[: data.index(b"90002")])

    assert len(reading.observations) == 1
    assert verdict(reading) == "critical"


@pytest.mark.parametrize(
    "prologue",
    [
        pytest.param('<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;">]>', id="entities"),
        pytest.param('<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd">', id="external-dtd"),
        pytest.param('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>', id="external-entity"),
        pytest.param('<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p">%p;]>', id="parameter-entity"),
    ],
)
def test_document_type_is_refused_and_recognised(prologue: str) -> None:
    text = document("", prologue=prologue)

    assert NessusReader().sniff(text.encode(), "x")
    reading = read(text)
    assert not reading.complete
    assert "DTD" in reading.problems[0].what


def test_deep_nesting_stops_the_reading() -> None:
    reading = read("<NessusClientData_v2>" + "<a>" * 5000)

    assert not reading.complete
    assert "imbrique" in reading.problems[0].what


def test_more_rows_than_allowed_is_incomplete() -> None:
    reading = read(document(host("a.fr", item("1", "0") * 5)), Limits(rows=3))

    assert len(reading.observations) == 3
    assert not reading.complete


def test_huge_fields_are_cut() -> None:
    reading = read(document(host("a.fr", item("1", "0", name="x" * 100_000))))

    assert len(reading.observations[0].title) == Limits().field_characters


@pytest.mark.parametrize("codec", ["utf-16", "iso-8859-1", "utf-8-sig"])
def test_other_encodings_are_read(codec: str) -> None:
    label = codec.replace("-sig", "")
    data = document(host("a.fr", item("1", "0", name="Faille é")), prologue=f'<?xml version="1.0" encoding="{label}"?>')

    assert NessusReader().sniff(data.encode(codec), "x")
    assert read(data.encode(codec)).observations[0].title == "Faille é"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(SAMPLE.replace("Faille", "Fa\0ille").encode(), id="nul-bytes"),
        pytest.param(SAMPLE.encode().replace(b"Faille", b"Fa\xffille"), id="broken-utf-8"),
        pytest.param(SAMPLE.replace("?>", 'encoding="klingon"?>', 1).encode(), id="unknown-encoding"),
    ],
)
def test_unreadable_bytes_end_the_reading_in_french(data: bytes) -> None:
    reading = read(data)

    assert not reading.complete
    assert reading.problems[0].what.startswith("Le ")


@pytest.mark.parametrize(
    "head", [b"", b"<", b"\0" * 100, b"<html>", b"NessusClientData_v2", b"<a><NessusClientData_v2>"]
)
def test_other_content_is_not_a_nessus_report(head: bytes) -> None:
    assert not NessusReader().sniff(head, "rapport.nessus")
