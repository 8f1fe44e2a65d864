"""The vault's bad days: full, read-only, damaged; what is collected is kept, and people are told."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from agent.domain.errors import ExitCode
from tests.e2e.conftest import ADS_REPORT, Installation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTLED = 'kind = "ads_report"\ndirectory = "ad-chu"\ndate = 2026-06-01\nscore = 3\n'
DECLARED = '[[collectors]]\nid = "liste"\nkind = "declared"\npath = "noms.txt"'


@pytest.fixture
def filled(installation: Installation) -> Installation:
    """An installation with a deposit and its facts, and a list still to collect."""
    installation.drop("ads.html", ADS_REPORT, SETTLED)
    assert installation.type("run").code == ExitCode.OK
    installation.configure(DECLARED)
    (installation.folder / "noms.txt").write_text("www.exemple.fr\n", encoding="utf-8")
    installation.clock.advance(minutes=15)
    return installation


def remount(path: Path, options: str) -> None:
    """Change the options of a mount."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(path)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path, root: None) -> Iterator[Installation]:
    """An installation whose vault has a disk of two mebibytes."""
    made = Installation(tmp_path / "carenage")
    made.folder.mkdir()
    made.vault.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(made.vault)], check=True)
    try:
        made.install()
        yield made
    finally:
        subprocess.run(["umount", "-l", str(made.vault)], check=True)


def test_a_full_disk_keeps_the_file_in_the_inbox_and_takes_it_once_there_is_room(small_disk: Installation) -> None:
    big = os.urandom(3 * 1024**2)
    path = small_disk.drop("gros.bin", big)

    full = small_disk.type("run", "--json")
    remount(small_disk.vault, "size=64m")
    small_disk.clock.advance(minutes=15)
    room = small_disk.type("run", "--json")

    (job,) = full.json["jobs"]
    assert (full.code, job["outcome"]) == (ExitCode.INCOMPLETE, "failed")
    assert "gros.bin" in job["message"]
    assert "place" in job["message"]
    assert "→" in job["message"]
    assert [len(done["evidence"]) for done in room.json["jobs"]] == [1]
    assert not path.exists()
    assert small_disk.type("vault", "verify", "--all").code == ExitCode.OK


def test_a_read_only_vault_is_said_told_and_loses_nothing(small_disk: Installation) -> None:
    small_disk.type("run")
    path = small_disk.drop("ads.html", ADS_REPORT, SETTLED)
    before = len(small_disk.messages())
    remount(small_disk.vault, "ro")
    try:
        first = small_disk.type("run", "--json")
        small_disk.clock.advance(minutes=15)
        second = small_disk.type("run", "--json")
        check = small_disk.type("check")
    finally:
        remount(small_disk.vault, "rw")
    told = small_disk.messages()[before:]
    small_disk.clock.advance(minutes=15)
    after = small_disk.type("run", "--json")

    assert first.code == second.code == ExitCode.INCOMPLETE
    assert "lecture seule" in first.json["jobs"][0]["message"]
    assert len(told) == 1
    assert (check.code, after.code) == (1, ExitCode.OK)
    assert [len(job["evidence"]) for job in after.json["jobs"]] == [1]
    assert len(small_disk.messages()) == before + 2
    assert not path.exists()


def damage_newest_payload(installation: Installation) -> None:
    """Change a byte of the first deposit."""
    path = min((installation.vault / "deposits").rglob("*.age"))
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def test_an_old_bag_that_is_gone_alarms_and_collection_goes_on(filled: Installation) -> None:
    bag = min(path for path in (filled.vault / "deposits").rglob("00000002-*") if path.is_dir())
    shutil.rmtree(bag)

    first = filled.type("run", "--json")
    filled.clock.advance(minutes=15)
    second = filled.type("run", "--json")

    assert {job["job"]: job["outcome"] for job in first.json["jobs"]} == {"inbox": "done", "declared": "done"}
    assert first.code == second.code == ExitCode.INTEGRITY
    assert bag.name in " ".join(first.json["problems"])
    assert "integrity" in [alert["kind"] for alert in first.json["alerts"]]
    assert second.json["alerts"] == []
    assert filled.type("check").code == 2


def test_a_damaged_payload_is_found_by_a_verification_and_collection_goes_on(filled: Installation) -> None:
    damage_newest_payload(filled)

    verified = filled.type("vault", "verify", "--all", "--json")
    done = filled.type("run", "--json")

    assert (verified.code, verified.json["ok"]) == (ExitCode.INTEGRITY, False)
    assert verified.json["problems"][0].keys() == {"where", "what"}
    assert {job["job"]: job["outcome"] for job in done.json["jobs"]} == {"inbox": "done", "declared": "done"}


def test_a_changed_journal_line_holds_commits_until_a_person_accepts(filled: Installation) -> None:
    journal = filled.vault / "journal" / "000001.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b"ads_report", b"ads_repert")
    journal.write_bytes(b"".join(lines))
    filled.drop("autre.html", ADS_REPORT + b"\n", SETTLED)

    held = filled.type("run", "--json")
    filled.clock.advance(minutes=40)
    again = filled.type("run", "--json")
    verified = filled.type("vault", "verify", "--json")
    accepted = filled.type("vault", "accept-damage", "--reason", "Disque remplacé", "--person", "RSSI", "--json")
    filled.clock.advance(days=1)
    after = filled.type("run", "--json")

    assert held.code == again.code == ExitCode.INTEGRITY
    assert {"integrity", "held"} <= {alert["kind"] for alert in held.json["alerts"]}
    assert [alert["kind"] for alert in again.json["alerts"] if alert["kind"] in {"integrity", "held"}] == []
    assert (verified.code, verified.json["held"]) == (ExitCode.INTEGRITY, 2)
    assert "accept-damage" in " ".join(alert["action"] for alert in held.json["alerts"])
    assert accepted.code == ExitCode.OK
    assert len(accepted.json) == 2
    assert after.code in (ExitCode.OK, ExitCode.INTEGRITY), after
    assert filled.type("vault", "verify", "--json").json["held"] == 0


def test_what_was_held_counts_once_read_again(filled: Installation) -> None:
    """A held deposit is unknown; accepted, its evidence is there and its facts are read with the key."""
    journal = filled.vault / "journal" / "000001.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"ads_report", b"ads_repert", 1))
    filled.drop("sud.html", ADS_REPORT + b"\n", SETTLED.replace("ad-chu", "ad-sud"))
    filled.type("run")
    filled.type("vault", "accept-damage", "--reason", "Disque remplacé", "--person", "RSSI")

    open_questions = filled.type("status", "--json").json["questions"]
    read = filled.type("evidence", "read", "--stale", "--identity", str(filled.key), "--json")
    facts = [fact for item in read.json for fact in item["facts"]]

    assert open_questions
    assert ("ad-sud", 3) in {(fact.get("directory"), fact.get("score")) for fact in facts}
    assert filled.type("status", "--json").json["questions"] == []


def test_a_vault_that_is_gone_is_said_and_told(filled: Installation) -> None:
    before = len(filled.messages())
    filled.vault.rename(filled.folder / "ailleurs")

    done = filled.type("run", "--json")

    assert done.code == ExitCode.CONFIGURATION
    assert done.json["error"]["hint"]
    assert len(filled.messages()) == before + 1


def test_a_lost_database_loses_no_evidence(filled: Installation) -> None:
    for path in filled.state.glob("state.sqlite*"):
        path.write_bytes(b"ceci n'est pas une base")

    done = filled.type("run", "--json")

    assert done.code == ExitCode.OK
    assert "state" in {alert["kind"] for alert in done.json["alerts"]}
    assert filled.type("vault", "verify", "--all").code == ExitCode.OK


def test_a_lost_index_is_rebuilt_and_leaves_verdicts_open(filled: Installation) -> None:
    for path in filled.vault.glob("index.sqlite*"):
        path.unlink()

    done = filled.type("run", "--json")

    assert done.code == ExitCode.OK
    assert "awaiting" in {alert["kind"] for alert in done.json["alerts"]}
    assert filled.type("status", "--json").json["questions"][0]["command"].startswith("carenage vault reindex")
