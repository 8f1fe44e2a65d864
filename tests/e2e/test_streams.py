"""Output that cannot be written, signals, and the clear copies of a command that was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.domain.errors import ExitCode
from agent.state.workspace import Workspace
from tests.e2e.conftest import Installation

COMMAND = str(Path(sys.executable).with_name("carenage"))


def test_an_answer_that_cannot_be_written_is_no_bug_of_ours(untouched: Installation) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [COMMAND, "--config", str(untouched.config), "status", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == ExitCode.INCOMPLETE
    assert "Traceback" not in done.stderr
    assert "défaut" not in done.stderr


def test_a_reader_that_goes_away_is_no_error(untouched: Installation) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [COMMAND, "--config", str(untouched.config), "config", "example"],
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(write)

    assert (done.returncode in (ExitCode.OK, ExitCode.INCOMPLETE), done.stderr) == (True, "")


def test_a_mistyped_check_is_unknown_to_the_supervision(untouched: Installation) -> None:
    done = untouched.run("check", "--zz")

    assert (done.code, done.out.startswith("CARENAGE UNKNOWN - ")) == (3, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: signal.Signals(number).name)
def test_a_terminated_command_wipes_its_clear_copies_and_still_answers(
    installation: Installation, tmp_path: Path, number: signal.Signals
) -> None:
    big = tmp_path / "big.txt"
    with big.open("wb") as stream:
        stream.truncate(3_000_000_000)
    process = subprocess.Popen(
        [COMMAND, "--config", str(installation.config), "inbox", "add", str(big), "--json"],
        stdout=subprocess.PIPE,
        text=True,
    )
    work = installation.state / "work"
    deadline = time.monotonic() + 20
    while not list(work.glob("*/*.work")) and time.monotonic() < deadline:
        time.sleep(0.02)

    process.send_signal(number)
    out, _ = process.communicate(timeout=30)

    assert json.loads(out)["error"]["code"] == "INTERRUPTED"
    assert list(work.rglob("*.work")) == []


def test_the_clear_copies_of_a_killed_process_are_wiped_by_the_next_one(tmp_path: Path) -> None:
    code = "import sys, time; from pathlib import Path; from agent.state.workspace import Workspace\n"
    code += "w = Workspace(Path(sys.argv[1])); (w.path / 'secret').write_text('x'); print(w.path, flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    left = Path(process.stdout.readline().strip())
    other = Workspace(tmp_path)
    assert (left / "secret").exists()

    process.kill()
    process.communicate()
    Workspace(tmp_path).close()

    assert not left.exists()
    assert other.path.exists()
    other.close()
