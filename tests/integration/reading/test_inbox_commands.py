"""`carenage inbox …` as scripts call it: exit codes, and one JSON document on stdout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage
import pytest

from tests.assets.reports.make_nessus import SAMPLE

Run = Callable[..., tuple[int, Any]]
PDF = b"%PDF-1.7\n...\n%%EOF\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an installation with one directory and one surface."""
    folder = tmp_path_factory.mktemp("house")
    recipients = [str(pyrage.x25519.Identity.generate().to_public()) for _ in range(2)]
    made = subprocess.run(
        [sys.executable, "-m", "agent", "init", "--non-interactive", "--config", "c.toml", "--vault", "vault"]
        + [part for recipient in recipients for part in ("--recipient", recipient)],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    with (folder / "c.toml").open("a", encoding="utf-8") as config:
        config.write('\n[[directories]]\nid = "chu"\nname = "Forêt"\nkind = "onprem"\nestablishments = []\n')
        config.write(
            '\n[[surfaces]]\nid = "extranet"\nname = "Extranet"\nestablishments = []\nnames = ["extranet.exemple.fr"]\n'
        )
    return folder


@pytest.fixture
def run(house: Path) -> Run:
    def call(*arguments: str | Path) -> tuple[int, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "agent", "--config", house / "c.toml", *arguments, "--json"],
            capture_output=True,
            timeout=120,
            check=False,
        )
        return done.returncode, json.loads(done.stdout)

    return call


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_add_asks_for_what_is_missing(run: Run, tmp_path: Path) -> None:
    code, answer = run("inbox", "add", put(tmp_path, "r.pdf", PDF), "--kind", "ads_report", "--directory", "chu")

    assert code == 0
    assert answer["kind"] == "ads_report"
    assert answer["facts"][0]["directory"] == "chu"
    assert [item["field"] for item in answer["awaiting"]] == ["date", "score"]


def test_confirm_settles_what_was_asked(run: Run, tmp_path: Path) -> None:
    _, added = run("inbox", "add", put(tmp_path, "r.pdf", PDF + b"2"), "--kind", "ads_report")
    code, decided = run(
        *("inbox", "confirm", added["evidence_id"], "--directory", "chu", "--date", "2026-06-01", "--score", "2"),
        *("--person", "A. Durand", "--reason", "lu dans le rapport"),
    )

    assert code == 0
    assert decided["values"] == {"directory": "chu", "date": "2026-06-01", "score": 2.0}
    _, questions = run("inbox", "list")
    assert added["evidence_id"] not in [item["evidence"] for item in questions]


def test_cut_report_is_sealed_and_says_that_it_is_incomplete(run: Run, tmp_path: Path) -> None:
    code, answer = run("inbox", "add", put(tmp_path, "r.nessus", SAMPLE.encode()[:1500]))

    assert code == 4
    assert answer["complete"] is False
    assert "complete" in [item["field"] for item in answer["awaiting"]]


def test_unknown_file_is_sealed_and_names_the_formats_tried(run: Run, tmp_path: Path) -> None:
    code, answer = run("inbox", "add", put(tmp_path, "r.bin", b"\0\1\2"))

    assert code == 2
    assert "nessus" in answer["tried"]
    _, deposits = run("evidence", "list")
    assert answer["evidence_id"] in [item["id"] for item in deposits]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--directory", "ailleurs"), id="unknown-directory"),
        pytest.param(("--surface", "ailleurs"), id="unknown-surface"),
        pytest.param(("--score", "7"), id="score-off-the-scale"),
        pytest.param(("--date", "09/31/2026"), id="other-date-order"),
        pytest.param(("--kind", "autre"), id="unknown-kind"),
    ],
)
def test_wrong_words_seal_nothing(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    _, before = run("evidence", "list")

    code, answer = run("inbox", "add", put(tmp_path, "r.pdf", PDF + b"3"), *arguments)

    assert code == 2
    assert answer["error"]["message"]
    assert run("evidence", "list")[1] == before


@pytest.mark.parametrize("path", [".", "/", "absent.pdf"])
def test_what_is_no_file_is_refused(run: Run, path: str) -> None:
    code, answer = run("inbox", "add", path)

    assert code == 2
    assert answer["error"]["code"] == "USAGE"


def test_pass_takes_what_was_dropped_with_its_side_file(run: Run, house: Path) -> None:
    dropped = house / "inbox"
    put(dropped, "ads.pdf", PDF + b"4")
    put(dropped, "ads.pdf.toml", b'kind = "ads_report"\ndirectory = "chu"\ndate = 2026-06-02\nscore = 3\n')
    put(dropped, "encore.part", b"x")
    for path in dropped.iterdir():
        os.utime(path, (time.time() - 3600, time.time() - 3600))

    code, answer = run("run", "--only", "inbox")

    assert code in {0, 4}
    (evidence_id,) = answer["jobs"][0]["evidence"]
    assert [path.name for path in dropped.iterdir() if path.is_file()] == ["encore.part"]
    _, shown = run("evidence", "show", evidence_id)
    assert (shown["class"], shown["facts"][0]["score"]) == ("ads_report", 3)


def test_text_for_a_person_never_carries_control_characters(tmp_path: Path) -> None:
    path = put(tmp_path, "r.csv", "Domaine\n\x1b[31mrouge\nbon.fr\n".replace("\x1b", "\u009b").encode())

    done = subprocess.run(
        [sys.executable, "-m", "agent", "inbox", "read", path], capture_output=True, check=False, encoding="utf-8"
    )

    assert "\u009b" not in done.stdout
    assert "ligne 2" in done.stdout
