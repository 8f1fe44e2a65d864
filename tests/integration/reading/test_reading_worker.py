"""The worker process for real: `collectors.reading.read_file` over files on disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.domain.errors import UnrecognisedError, UsageError
from collectors.formats.interface import Limits
from collectors.formats.nessus import NessusReader
from collectors.reading import read_file
from tests.assets.reports.make_nessus import SAMPLE, document, host, item

SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "reports"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")


def put(folder: Path, data: bytes | str, name: str = "rapport.xml") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def carenage(*arguments: str | Path) -> tuple[int, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "agent", *map(str, arguments)], capture_output=True, timeout=120, check=False
    )
    return done.returncode, json.loads(done.stdout)


def test_report_is_read_with_its_digest(tmp_path: Path) -> None:
    read = read_file(put(tmp_path, SAMPLE))

    assert read.reading.format == "nessus"
    assert len(read.reading.observations) == 5
    assert read.bytes == len(SAMPLE.encode())
    assert read.sha256 is not None


@pytest.mark.parametrize("cut", [1, 30, 60, 400, 900, 1500])
def test_cut_report_ends_with_incomplete_or_unrecognised(tmp_path: Path, cut: int) -> None:
    code, printed = carenage("inbox", "read", put(tmp_path, SAMPLE.encode()[:cut]), "--json")

    assert code in {2, 4}
    if code == 4:
        assert printed["complete"] is False
        assert printed["problems"]


def test_billion_laughs_is_refused_at_once(tmp_path: Path) -> None:
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    text = document("&a11;", prologue=f"<!DOCTYPE NessusClientData_v2 [{entities}]>")

    code, printed = carenage("inbox", "read", put(tmp_path, text), "--json")

    assert code == 4
    assert printed["format"] == "nessus"


def test_file_of_zero_bytes_is_unrecognised_with_the_formats_tried(tmp_path: Path) -> None:
    with pytest.raises(UnrecognisedError, match="vide") as caught:
        read_file(put(tmp_path, b""))

    assert "nessus" in caught.value.tried


def test_sparse_file_of_ten_gib_ends_quickly(tmp_path: Path) -> None:
    path = put(tmp_path, b"<NessusClientData_v2>")
    os.truncate(path, 10 * 1024**3)

    read = read_file(path)

    assert not read.reading.complete
    assert "pèse" in read.reading.problems[0].what
    assert read.sha256 is None


def test_report_too_large_to_be_read_still_says_that_it_cannot_tell(tmp_path: Path) -> None:
    path = put(tmp_path, b"<NessusClientData_v2>")
    os.truncate(path, NessusReader.max_bytes + 1)

    summary: dict[str, Any] = read_file(path).reading.summary

    assert set(summary) == set(read_file(put(tmp_path, SAMPLE, "lu.xml")).reading.summary)
    assert [summary["verdict_inputs"][under]["verdict"] for under in ("ge", "gt")] == ["cannot_tell"] * 2
    assert "READING_INCOMPLETE" in summary["verdict_inputs"]["gt"]["reasons"]


def test_report_whose_reading_was_given_up_still_says_that_it_cannot_tell(tmp_path: Path) -> None:
    summary: dict[str, Any] = read_file(put(tmp_path, SAMPLE), limits=Limits(result_bytes=1000)).reading.summary

    assert summary["verdict_inputs"]["ge"]["verdict"] == "cannot_tell"


def test_sparse_zeroes_are_unrecognised(tmp_path: Path) -> None:
    path = put(tmp_path, b"")
    os.truncate(path, 10 * 1024**3)

    with pytest.raises(UnrecognisedError):
        read_file(path)


def test_worker_over_its_time_is_an_incomplete_reading(tmp_path: Path) -> None:
    read = read_file(put(tmp_path, document(host("a.fr", item("1", "0") * 20_000))), limits=Limits(seconds=0.01))

    assert not read.reading.complete
    assert "abandonnée" in read.reading.problems[0].what


def test_worker_that_says_too_much_is_an_incomplete_reading(tmp_path: Path) -> None:
    read = read_file(put(tmp_path, SAMPLE), limits=Limits(result_bytes=1000))

    assert read.reading.format == "nessus"
    assert not read.reading.complete


@POSIX
def test_worker_over_its_memory_is_an_incomplete_reading(tmp_path: Path) -> None:
    text = document(host("a.fr", item("1", "0", "<description>" + "x" * 100_000_000 + "</description>")))

    read = read_file(put(tmp_path, text), limits=Limits(memory_bytes=120 * 1024**2))

    assert not read.reading.complete
    assert read.reading.format == "nessus"


@POSIX
@pytest.mark.parametrize("kind", ["fifo", "folder", "missing", "device"])
def test_what_is_not_a_regular_file_is_refused_without_waiting(tmp_path: Path, kind: str) -> None:
    path = Path("/dev/zero") if kind == "device" else tmp_path / "x"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()

    with pytest.raises(UsageError):
        read_file(path)


@POSIX
def test_worker_inherits_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that is taken over finds nothing of ours; `LD_DEBUG` would make any child that inherits it speak."""
    monkeypatch.setenv("PYTHONVERBOSE", "1")
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "absent"))

    from collectors.reading import _environment

    assert set(_environment()) <= {"PYTHONSAFEPATH", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "SYSTEMROOT"}
    assert read_file(put(tmp_path, SAMPLE)).reading.complete


@POSIX
def test_strange_names_are_no_obstacle(tmp_path: Path) -> None:
    for name in ("été à l'hôpital.nessus", "a\nb.nessus", "-rf.nessus", "..nessus", os.fsdecode(b"\xff\xfe.nessus")):
        assert read_file(put(tmp_path, SAMPLE, name)).reading.complete


@pytest.mark.skipif(not SHARED.is_dir(), reason="other people's samples are not beside the project")
def test_real_nessus_report_has_seven_rows() -> None:
    code, printed = carenage("inbox", "read", SHARED / "nessus" / "nessus_many_vuln.xml", "--json")

    assert code == 0
    assert printed["summary"]["observations"] == 7  # type: ignore[index]
    assert printed["audit"]["scope"] == ["preprod.boardvantage.net"]  # type: ignore[index]


@pytest.mark.skipif(not SHARED.is_dir(), reason="other people's samples are not beside the project")
def test_real_web_scan_has_both_score_families() -> None:
    read = read_file(SHARED / "nessus-was" / "nessus_was_one_vuln.xml")

    assert read.reading.summary["max_cvss"] == {"v2": 7.5, "v3": 7.1}
