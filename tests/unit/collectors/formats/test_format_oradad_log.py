from __future__ import annotations

import io
from typing import Any

import pytest

from agent.domain.exposure import Reading
from collectors.formats.interface import Limits, Source
from collectors.formats.oradad_log import OradadLogReader
from tests.assets.reports.make_oradad_log import RED, RESET, line, log


def read(text: str) -> Reading:
    data = text.encode("latin-1")
    assert OradadLogReader().sniff(data, "x")
    return OradadLogReader().read(Source(stream=io.BytesIO(data), name="oradad.log", size=len(data)), Limits())


def summary(text: str) -> dict[str, Any]:
    return read(text).summary


def test_whole_log_is_a_complete_collection() -> None:
    reading = read(log())

    assert reading.complete
    assert reading.problems == ()
    assert reading.summary["collection"] == "complete"
    assert reading.summary["forest"] == "chu.exemple.fr"
    assert reading.summary["objects"] == 1000
    assert reading.audit is not None
    assert (reading.audit.started_at, reading.audit.ended_at) == ("2026-09-01T08:00:00", "2026-09-01T08:01:05")


PARTIAL = line(2, f"[!] {RED}An error has occurred during capture.{RESET} The dump may be partial. Check log.", 66)
FAILED = line(2, f"[!] {RED}An error has occurred during capture.{RESET} Try to solve problem and try again.", 60)


@pytest.mark.parametrize(
    ("text", "collection", "reason"),
    [
        pytest.param(log(skipped=["labo.chu.exemple.fr"]), "partial", "DOMAIN_SKIPPED", id="domain-skipped-in-silence"),
        pytest.param(log(after_end=[PARTIAL]), "partial", "MAY_BE_PARTIAL", id="announced-after-the-end"),
        pytest.param(log(extra=[FAILED]), "failed", "CAPTURE_FAILED", id="capture-failed"),
        pytest.param(log(extra=[line(1, "[!] Disk full")]), "partial", "ERROR_LINES", id="critical-line"),
        pytest.param(log(extra=[line(3, "[!] Unable to find files")]), "partial", "SYSVOL_UNREADABLE", id="sysvol"),
        pytest.param(log(extra=[line(4, "Dumping 'a/b/c'")]), "partial", "REQUEST_UNFINISHED", id="request-hangs"),
        pytest.param(log(domains=()), "failed", "NO_REQUEST", id="nothing-collected"),
        pytest.param(log().split("\r\n", 1)[1], "failed", "NOT_STARTED", id="beginning-missing"),
    ],
)
def test_collection_that_is_not_whole_says_why(text: str, collection: str, reason: str) -> None:
    found = summary(text)

    assert found["collection"] == collection
    assert reason in found["reasons"]


def test_skipped_domain_is_named() -> None:
    assert summary(log(skipped=["labo.chu.exemple.fr"]))["domains_skipped"] == ["labo.chu.exemple.fr"]


def test_warnings_alone_change_nothing() -> None:
    assert summary(log(extra=[line(3, "[!] A field was truncated")]))["collection"] == "complete"


def test_log_without_its_end_is_an_incomplete_reading() -> None:
    reading = read(log(ended=False))

    assert not reading.complete
    assert reading.audit is not None
    assert reading.audit.ended_at is None
    assert reading.summary["collection"] == "failed"


def test_log_cut_anywhere_is_never_complete() -> None:
    text = log()

    for cut in range(120, text.index("End.") - 1, 53):
        assert summary(text[:cut])["collection"] == "failed"


def test_lines_of_another_shape_are_counted_not_believed() -> None:
    reading = read(log(extra=["n'importe quoi\r\n", "\0\0\0\r\n", "x" * 200_000 + "\r\n"]))

    assert reading.summary["collection"] == "complete"
    assert {problem.what for problem in reading.problems} == {
        "Cette ligne n'a pas la forme du journal : elle est ignorée."
    }


@pytest.mark.parametrize("head", [b"", b"2026/09/01\t4\n", b"\0" * 50, "été\n".encode()])
def test_other_text_is_no_log(head: bytes) -> None:
    assert not OradadLogReader().sniff(head, "oradad.log")
