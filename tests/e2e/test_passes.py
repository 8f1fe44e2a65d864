"""What a pass does and says over days: silence, one message per change, exit codes, rivals, clocks, the service."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from agent.domain.errors import ExitCode
from tests.e2e.conftest import ADS_REPORT, NESSUS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Installation

MISSING_LIST = '[[collectors]]\nid = "liste"\nkind = "declared"\npath = "absente.txt"'


def test_a_pass_without_anything_due_says_nothing(installation: Installation) -> None:
    installation.run("run")

    done = installation.run("run")

    assert (done.code, done.out, done.err) == (ExitCode.OK, "", "")


def test_a_state_is_told_once_over_many_passes(installation: Installation) -> None:
    for _ in range(3):
        installation.type("run")
        installation.clock.advance(hours=1)

    assert len(installation.messages()) == 1


def test_a_failing_source_is_told_once_then_once_when_it_is_back(installation: Installation) -> None:
    installation.configure(MISSING_LIST)
    codes = []
    for _ in range(5):
        codes.append(installation.type("run").code)
        installation.clock.advance(days=1)
    said = [title for title in installation.titles() if "ollecte" in title]
    (installation.folder / "absente.txt").write_text("www.exemple.fr\n", encoding="utf-8")

    back = installation.type("run")

    assert codes == [ExitCode.INCOMPLETE] * 5
    assert back.code == ExitCode.OK
    assert len(said) == 1
    assert len([title for title in installation.titles() if "ollecte" in title]) == 2


def test_a_single_job_does_not_make_the_others_failures_news_again(installation: Installation) -> None:
    installation.configure(MISSING_LIST)
    for _ in range(2):
        installation.type("run")
        installation.clock.advance(days=1)
    before = len(installation.messages())

    installation.type("collect", "inbox")
    installation.type("run")

    assert len(installation.messages()) == before


def test_a_failed_source_retires_nothing(installation: Installation) -> None:
    listed = installation.folder / "absente.txt"
    listed.write_text("www.exemple.fr\nvpn.exemple.fr\n", encoding="utf-8")
    installation.configure(MISSING_LIST)
    installation.type("run")
    before = installation.type("evidence", "list", "--json").json
    listed.write_text("", encoding="utf-8")
    installation.clock.advance(days=8)

    done = installation.type("run", "--json")

    assert done.code == ExitCode.INCOMPLETE
    assert [job["outcome"] for job in done.json["jobs"] if job["job"] == "declared"] == ["failed"]
    assert installation.type("evidence", "list", "--json").json == before


def test_run_never_answers_that_an_objective_is_lost(make_installation: Callable[..., Installation]) -> None:
    """A phase begun long ago without any audit: nothing can be met any more."""
    installation = make_installation()
    text = installation.config.read_text(encoding="utf-8")
    installation.config.write_text(text.replace("as_of = 2026-06-15", "as_of = 2027-03-30"), encoding="utf-8")

    run, status, check = (installation.type(word) for word in ("run", "status", "check"))

    assert run.code == ExitCode.OK
    assert status.code == ExitCode.OBJECTIVE_NOT_MET
    assert "NON ATTEINT" in status.out
    assert (check.code, check.out.split()[1]) == (2, "CRITICAL")


def test_status_answers_zero_while_nothing_is_lost(installation: Installation) -> None:
    done = installation.type("status")

    assert done.code == ExitCode.OK
    assert "rien n'est perdu" in done.out.splitlines()[0]


def test_as_of_is_for_demonstrations(make_installation: Callable[..., Installation]) -> None:
    real = make_installation(demo=False)

    refused = real.type("run", "--as-of", "2026-10-01", "--json")
    simulated = real.type("status", "--as-of", "2026-10-01", "--json")

    assert refused.code == ExitCode.USAGE
    assert "status --as-of" in refused.json["error"]["hint"]
    assert simulated.json["as_of"] == "2026-10-01"
    assert real.type("run").code == ExitCode.OK


# Supervision


def test_check_without_any_pass_is_unknown(installation: Installation) -> None:
    done = installation.type("check")

    assert done.code == 3
    assert done.out.startswith("CARENAGE UNKNOWN - ")


def test_check_becomes_unknown_when_passes_stop(installation: Installation) -> None:
    installation.type("run")
    fresh = installation.type("check")
    installation.clock.advance(hours=3)

    stale = installation.type("check")
    patient = installation.type("check", "--period", "120")

    assert (fresh.code, stale.code, patient.code) == (1, 3, 1)
    assert "aucune passe depuis" in stale.out


def test_check_of_a_broken_configuration_is_unknown(installation: Installation) -> None:
    installation.config.write_text("version = ", encoding="utf-8")

    assert installation.type("check").code == 3


@pytest.mark.usefixtures("root")
def test_the_supervisions_account_reads_the_one_line_and_nothing_else(installation: Installation) -> None:
    installation.run("run")
    for folder in (installation.folder, *installation.folder.parents[:3]):
        folder.chmod(0o711)

    line, database, keys = (
        subprocess.run(["cat", str(installation.state / name)], user=65534, capture_output=True, check=False).returncode
        for name in ("beacon.json", "state.sqlite", "keys/signing.pem")
    )

    assert (line, database) == (0, 1)
    assert keys == 1
    assert installation.run("--config", "/nulle/part", "check", "--state", str(installation.state)).code == 1


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("words", [("run",), ("collect", "inbox"), ("evidence", "add", "carenage.toml")], ids=" ".join)
def test_somebody_else_than_the_owner_is_told_what_to_type(installation: Installation, words: tuple[str, ...]) -> None:
    installation.drop("piece.txt", "une pièce".encode())
    for path in (installation.vault, *installation.vault.rglob("*")):
        os.chown(path, 65534, 65534)

    done = installation.run(*words, "--json")

    assert done.code == ExitCode.CONFIGURATION, done
    assert done.json["error"]["code"] == "WRONG_USER"
    assert "sudo -u nobody carenage" in done.json["error"]["hint"]
    assert (installation.inbox / "piece.txt").exists()
    assert {path.stat().st_uid for path in installation.vault.rglob("*")} == {65534}


# Rivals


def test_two_agents_started_at_once_do_the_work_once(installation: Installation) -> None:
    for number in range(3):
        installation.drop(f"piece-{number}.txt", f"pièce {number}".encode())

    with ThreadPoolExecutor() as pool:
        answers = [job.result() for job in [pool.submit(installation.run, "run", "--json") for _ in range(2)]]

    codes = sorted(answer.code for answer in answers)
    assert codes in ([0, 75], [4, 75], [0, 0]), answers
    sealed = installation.type("evidence", "list", "--json").json
    assert len([row for row in sealed if row["class"] == "document"]) == 3
    assert installation.type("vault", "verify", "--all").code == ExitCode.OK
    assert len(installation.messages()) == 1


def test_a_second_pass_says_that_one_is_under_way(installation: Installation) -> None:
    with FileLock(installation.state / "pass.lock"):
        run = installation.run("run", "--json")
        collect = installation.run("collect", "inbox", "--json")

    for done in (run, collect):
        assert done.code == ExitCode.BUSY
        assert "en cours" in done.json["error"]["message"]


def test_a_file_can_be_handed_over_during_a_pass(installation: Installation) -> None:
    path = installation.folder / "externe.nessus"
    path.write_bytes(NESSUS)
    with FileLock(installation.state / "pass.lock"):
        done = installation.run("inbox", "add", str(path), "--tool", "INDUSTRIAL", "--json")

    assert done.code in (ExitCode.OK, ExitCode.INCOMPLETE), done
    assert done.json["evidence_id"]


# The clock


def test_a_clock_set_back_a_day_is_told_and_the_work_goes_on(installation: Installation) -> None:
    installation.configure('[[collectors]]\nid = "liste"\nkind = "declared"\npath = "noms.txt"')
    (installation.folder / "noms.txt").write_text("www.exemple.fr\n", encoding="utf-8")
    assert installation.run("run").code == ExitCode.OK
    sealed = installation.type("evidence", "list", "--json").json

    back = installation.run("run", "--json", before=("faketime", "-f", "-1d"))
    again = installation.run("run", "--json", before=("faketime", "-f", "-1d"))
    forth = installation.run("run", "--json")

    assert [alert["kind"] for alert in back.json["alerts"]] == ["clock"]
    assert again.json["alerts"] == []
    assert [(alert["kind"], alert["change"]) for alert in forth.json["alerts"]] == [("clock", "resolved")]
    assert (back.code, forth.code) == (ExitCode.OK, ExitCode.OK)
    assert installation.type("vault", "verify", "--all").code == ExitCode.OK
    kept = [row["id"] for row in installation.type("evidence", "list", "--json").json]
    assert {row["id"] for row in sealed} <= set(kept)


def test_a_file_dropped_before_the_clock_was_set_back_waits_and_is_taken(installation: Installation) -> None:
    installation.type("run")
    installation.drop("piece.txt", "une pièce".encode())
    installation.clock.advance(days=-1)
    installation.type("run")
    installation.clock.advance(days=1, minutes=1)

    done = installation.type("run", "--json")

    assert [len(job["evidence"]) for job in done.json["jobs"]] == [1]


# The service


def test_the_service_ticks_and_stops_when_asked(installation: Installation) -> None:
    installation.drop("ads.html", ADS_REPORT)
    service = subprocess.Popen(
        installation.command("serve", "--every", "1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        _wait_for((installation.state / "beacon.json").exists)
        service.send_signal(signal.SIGTERM)
        out, err = service.communicate(timeout=5)
    finally:
        service.kill()
        service.communicate()

    assert (service.returncode, out) == (0, b""), err
    assert len(installation.type("evidence", "list", "--json").json) == 2


def test_the_service_does_not_start_on_a_broken_configuration_and_tells_people(installation: Installation) -> None:
    installation.type("run")
    installation.configure("[candidat]\nid = 1")

    done = installation.run("serve")

    assert done.code == ExitCode.CONFIGURATION
    assert "candidat" in done.err
    assert any("onfiguration" in title for title in installation.titles())


def _wait_for(happened: Callable[[], bool], *, within: timedelta = timedelta(seconds=20)) -> None:
    deadline = time.monotonic() + within.total_seconds()
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files as Linux shows them")
def test_the_log_is_opened_once_however_many_passes_one_process_makes(installation: Installation) -> None:
    installation.configure('[log]\npath = "journal.log"\nlevel = "DEBUG"')
    opened = []
    for _ in range(4):
        installation.type("run")
        installation.clock.advance(hours=1)
        opened.append(len(list(Path("/proc/self/fd").iterdir())))

    assert len(set(opened[1:])) == 1
    assert "run_id" in (installation.folder / "journal.log").read_text(encoding="utf-8")


def test_a_pass_that_sealed_something_leaves_the_status_ready(installation: Installation) -> None:
    installation.drop("note.txt", b"une note")
    installation.type("run")

    assert (installation.state / "status.json").exists()
    assert installation.type("status", "--json").json["questions"]


def test_evidence_is_listed_from_a_copy_of_the_vault(installation: Installation, tmp_path: Path) -> None:
    installation.drop("note.txt", b"une note")
    installation.type("run")
    shutil.copytree(installation.vault, tmp_path / "copy")

    found = installation.type("evidence", "list", "--vault", str(tmp_path / "copy"), "--json")

    assert (found.code, [row["class"] for row in found.json]) == (0, ["document", "facts"])
