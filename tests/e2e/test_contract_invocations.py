"""contract/cli.md: the forms, keys and exit codes that other people's scripts rely on, one row at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from agent.cli.main import LATER
from agent.domain.errors import ExitCode
from tests.assets.reports.make_mla import archive_v1
from tests.e2e.conftest import ADS_REPORT, NESSUS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Installation


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "externe.nessus"
    path.write_bytes(NESSUS)
    return path


@pytest.fixture
def sealed(installation: Installation, report: Path) -> str:
    """The id of an exposure report that is in the vault."""
    done = installation.type("inbox", "add", str(report), "--tool", "INDUSTRIAL", "--json")
    assert done.code in (ExitCode.OK, ExitCode.INCOMPLETE), done
    return str(done.json["evidence_id"])


def test_init_leaves_an_installation_that_the_next_commands_work_with(installation: Installation) -> None:
    for words in (("config", "check"), ("run",), ("status",), ("plan",), ("vault", "verify")):
        done = installation.run(*words, "--json")
        assert done.code in (ExitCode.OK, ExitCode.OBJECTIVE_NOT_MET), (words, done)
        assert isinstance(done.json, (dict, list))


def test_config_check(untouched: Installation) -> None:
    done = untouched.type("config", "check", "--json")

    assert (done.code, done.json["ok"], done.json["problems"]) == (ExitCode.OK, True, [])


def test_evaluate(untouched: Installation, tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.json"
    scenario.write_text(
        json.dumps(
            {
                "id": "x",
                "programme": "D1BIS_2026",
                "as_of": "2026-09-01",
                "candidate": {
                    "type": "PRIVE",
                    "establishments": [{"id": "c", "activity": "1", "support": False, "esms": False}],
                },
                "phase": {"start": "2026-03-02"},
                "ads": [],
                "surfaces": [],
                "ads_audits": [],
                "exposure_audits": [],
            }
        )
    )

    done = untouched.type("evaluate", str(scenario), "--json")

    assert done.code in (ExitCode.OK, ExitCode.OBJECTIVE_NOT_MET), done
    assert {"programme", "as_of", "objectives"} <= set(done.json)


def test_inbox_read_registers_nothing(untouched: Installation, report: Path) -> None:
    done = untouched.type("inbox", "read", str(report), "--json")

    assert done.code in (ExitCode.OK, ExitCode.INCOMPLETE)
    assert {"format", "kind", "audit", "summary"} <= set(done.json)
    assert untouched.type("evidence", "list", "--json").json == []


def test_inbox_add_asks_for_what_is_missing(installation: Installation, tmp_path: Path) -> None:
    path = tmp_path / "ads.html"
    path.write_bytes(ADS_REPORT)

    done = installation.type("inbox", "add", str(path), "--directory", "ad-chu", "--json")

    assert done.code == ExitCode.OK
    assert {"evidence_id", "kind", "facts", "awaiting"} <= set(done.json)
    assert done.json["kind"] == "ads_report"
    assert {"score", "date"} <= {item["field"] for item in done.json["awaiting"]}


def test_inbox_add_takes_what_a_person_states(installation: Installation, tmp_path: Path) -> None:
    path = tmp_path / "ads.html"
    path.write_bytes(ADS_REPORT)

    done = installation.type(
        *("inbox", "add", str(path), "--kind", "ads_report", "--directory", "ad-chu"),
        *("--date", "2026-06-01", "--score", "3", "--json"),
    )

    assert (done.code, done.json["awaiting"]) == (ExitCode.OK, [])
    assert done.json["facts"][0]["score"] == 3


def test_evidence_add_then_list(installation: Installation, report: Path) -> None:
    added = installation.type("evidence", "add", str(report), "--json")
    again = installation.type("evidence", "add", str(report), "--json")
    listed = installation.type("evidence", "list", "--json")

    assert {"id", "sha256", "bytes", "stored_bytes", "journal_seq", "deduplicated"} <= set(added.json)
    assert (added.json["deduplicated"], again.json["deduplicated"]) == (False, True)
    assert {"id", "class", "received_at", "facts_on", "bytes", "journal_seq"} <= set(listed.json[0])
    assert added.code == again.code == listed.code == ExitCode.OK


def test_evidence_read(installation: Installation, sealed: str) -> None:
    done = installation.type("evidence", "read", sealed, "--identity", str(installation.key), "--json")
    stale = installation.type("evidence", "read", "--stale", "--identity", str(installation.key), "--json")

    assert done.code == ExitCode.OK
    assert {"id", "reader", "reader_version", "facts"} <= set(done.json[0])
    assert (stale.code, stale.json) == (ExitCode.OK, [])


def test_evidence_export(installation: Installation, sealed: str, tmp_path: Path) -> None:
    done = installation.type(
        "evidence", "export", sealed, "--identity", str(installation.key), "--to", str(tmp_path / "out"), "--json"
    )

    assert done.code == ExitCode.OK
    (file,) = done.json["files"]
    assert set(file) == {"name", "sha256", "bytes"}
    assert (tmp_path / "out" / file["name"]).read_bytes() == NESSUS


def test_evidence_export_from_a_copy_of_the_vault(installation: Installation, sealed: str, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(installation.vault, tmp_path / "copie")

    done = installation.type(
        *("evidence", "export", sealed, "--identity", str(installation.key), "--vault", str(tmp_path / "copie")),
        *("--to", str(tmp_path / "out"), "--json"),
    )

    assert done.code == ExitCode.OK, done
    assert (tmp_path / "out" / "externe.nessus").is_file()


@pytest.mark.parametrize("words", [(), ("--all",)], ids=["quick", "all"])
def test_vault_verify(installation: Installation, sealed: str, words: tuple[str, ...]) -> None:
    done = installation.type("vault", "verify", *words, "--json")

    assert done.code == ExitCode.OK
    assert set(done.json) == {
        "ok", "deposits", "journal_entries", "problems", "anchored_until", "unanchored_entries", "held",
    }  # fmt: skip
    assert (done.json["ok"], done.json["deposits"], done.json["held"]) == (True, 2, 0)


def test_vault_reindex(installation: Installation, sealed: str) -> None:
    without = installation.type("vault", "reindex", "--json")
    with_key = installation.type("vault", "reindex", "--identity", str(installation.key), "--json")

    assert without.json == {"deposits": 2, "facts": 0, "unknown": 1}
    assert (with_key.json["deposits"], with_key.json["unknown"]) == (2, 0)
    assert with_key.json["facts"] > 0


def test_inbox_confirm_seals_a_decision(installation: Installation, tmp_path: Path) -> None:
    path = tmp_path / "ads.html"
    path.write_bytes(ADS_REPORT)
    added = installation.type("inbox", "add", str(path), "--directory", "ad-chu", "--date", "2026-06-01", "--json").json

    done = installation.type("inbox", "confirm", added["evidence_id"], "--score", "3", "--json")

    assert done.code == ExitCode.OK, done
    classes = {row["id"]: row["class"] for row in installation.type("evidence", "list", "--json").json}
    assert classes[done.json["id"]] == "decision"


@pytest.mark.parametrize("subject", [(), ("--subject", "liste")], ids=["all", "one"])
def test_collect(installation: Installation, subject: tuple[str, ...]) -> None:
    installation.configure('[[collectors]]\nid = "liste"\nkind = "declared"\npath = "noms.txt"')
    (installation.folder / "noms.txt").write_text("www.exemple.fr\n", encoding="utf-8")

    planned = installation.type("collect", "declared", *subject, "--dry-run", "--json")
    done = installation.type("collect", "declared", *subject, "--json")

    assert planned.code == ExitCode.OK
    assert done.code == ExitCode.OK, done
    assert [(job["job"], job["outcome"]) for job in done.json["jobs"]] == [("declared", "done")]


def test_plan(untouched: Installation) -> None:
    done = untouched.type("plan", "--json")

    assert done.code == ExitCode.OK
    assert all({"job", "subject", "due_at", "why", "last_safe_on"} <= set(row) for row in done.json)
    assert done.json


def test_run(installation: Installation) -> None:
    done = installation.type("run", "--json")
    only = installation.type("run", "--only", "inbox", "--json")

    assert done.code == only.code == ExitCode.OK
    assert {"run_id", "started_at", "ended_at", "jobs", "alerts"} <= set(done.json)
    assert [set(job) >= {"job", "subject", "outcome", "message"} for job in only.json["jobs"]] == [True]


def test_status(untouched: Installation) -> None:
    done = untouched.type("status", "--json")

    assert done.code in (ExitCode.OK, ExitCode.OBJECTIVE_NOT_MET)
    assert {"as_of", "sentence", "assessment", "next"} <= set(done.json)
    every = {"D1.O1.A", "D1.O1.B", "D1.O2.A", "D1.O2.B", "D1.O3", "D1.O4", "D1.O5", "D1.O6.A", "D1.O6.B"}
    assert set(done.json["assessment"]["objectives"]) == every
    assert done.json["assessment"]["programme_version"]


def test_check_is_one_line(installation: Installation) -> None:
    installation.type("run")

    done = installation.type("check")

    assert done.out.startswith("CARENAGE ")
    assert done.out.count("\n") == 1
    assert "|" in done.out
    assert done.code in (0, 1, 2)


def test_dossier_build(installation: Installation, sealed: str, tmp_path: Path) -> None:
    without = installation.type("dossier", "build", "--to", str(tmp_path / "a"), "--json")
    with_key = installation.type(
        "dossier", "build", "--to", str(tmp_path / "b"), "--identity", str(installation.key), "--json"
    )

    for done in (without, with_key):
        assert done.code == ExitCode.OK, done
        assert set(done.json) == {"path", "complete", "missing", "sha256"}
        assert all(set(item) == {"objective", "piece", "sealed"} for item in done.json["missing"])
    assert any(item["sealed"] for item in without.json["missing"])
    assert not any(item["sealed"] for item in with_key.json["missing"])


def test_alerts_test(installation: Installation) -> None:
    done = installation.type("alerts", "test", "--json")

    assert done.code == ExitCode.OK
    assert [(row["channel"], row["delivered"]) for row in done.json] == [("dossier", True)]
    assert all("message" in row for row in done.json)


LATER_ROWS = (
    ("directory", "audit", "--source", "oradad:DIR", "--json"),
    ("oradad", "inspect", "FILE", "--json"),
    ("inventory", "list", "--json"),
    ("inventory", "check", "--json"),
    *((name, "--json") for name in LATER),
)


@pytest.mark.parametrize("words", LATER_ROWS, ids=" ".join)
def test_what_a_later_version_brings_says_so(untouched: Installation, words: tuple[str, ...]) -> None:
    done = untouched.type(*words)

    assert done.code == ExitCode.USAGE
    assert done.json["error"]["code"] == "NOT_AVAILABLE"
    assert "pas encore disponible" in done.json["error"]["message"]
    assert done.json["error"]["hint"]


FAULTY = (
    (("status", "--json", "--inconnu"), 2),
    (("nimporte", "--json"), 2),
    (("evaluate", "/nulle/part.json", "--json"), 2),
    (("evidence", "export", "absent", "--to", "x", "--json"), 2),
    (("evidence", "add", "/nulle/part", "--json"), 2),
    (("inbox", "add", "/nulle/part", "--json"), 2),
    (("inbox", "read", "/nulle/part", "--json"), 2),
    (("inbox", "confirm", "absent", "--score", "3", "--json"), 2),
    (("collect", "rien", "--json"), 2),
    (("run", "--only", "rien", "--json"), 2),
    (("plan", "--as-of", "hier", "--json"), 2),
    (("vault", "verify", "--vault", "/nulle/part", "--json"), 2),
    (("dossier", "build", "--json"), 2),
    (("--config", "/nulle/part.toml", "run", "--json"), 78),
    (("--config", "/nulle/part.toml", "status", "--json"), 78),
    (("--config", "/nulle/part.toml", "evidence", "list", "--json"), 78),
)


@pytest.mark.parametrize(("words", "code"), FAULTY, ids=[" ".join(words) for words, _ in FAULTY])
def test_an_error_is_one_json_document_in_french(untouched: Installation, words: tuple[str, ...], code: int) -> None:
    done = untouched.type(*words)

    assert done.code == code, done
    assert set(done.json["error"]) >= {"code", "message", "hint"}
    assert done.json["error"]["hint"]


def test_the_same_holds_for_the_installed_command(untouched: Installation) -> None:
    done = untouched.run("collect", "rien", "--json")

    assert done.code == ExitCode.USAGE
    assert done.json["error"]["code"] == "USAGE"
    assert "inbox" in done.json["error"]["hint"]


def test_a_file_of_no_known_format_is_sealed_and_the_formats_tried_are_named(
    installation: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "inconnu.bin"
    path.write_bytes(b"\0\1\2\3")

    done = installation.type("inbox", "add", str(path), "--json")

    assert done.code == ExitCode.USAGE
    assert done.json["tried"]
    assert installation.type("evidence", "list", "--json").json[0]["id"] == done.json["evidence_id"]


def test_an_oradad_archive_is_recognised(installation: Installation, tmp_path: Path) -> None:
    path = tmp_path / "chu.exemple.fr_20260901-060500.mla"
    path.write_bytes(archive_v1())

    done = installation.type("inbox", "add", str(path), "--json")

    assert done.json["kind"] == "oradad_archive"
