"""A configuration that does not hold: every fault is named, people are told, nothing else is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.domain.errors import ExitCode
from tests.e2e.conftest import Installation

if TYPE_CHECKING:
    from pathlib import Path

SEVERAL_FAULTS = """
[[directories]]
id = "ad-perdu"
name = "Forêt perdue"
establishments = ["inconnu"]
kind = "onprem"
couleur = "bleu"

[[collectors]]
id = "annuaire"
kind = "ldap"
urls = ["ldap://dc1.exemple.fr"]
"""
BROKEN = (
    ("toml", "= oups ="),
    ("unknown key", "[candidat]\nid = 1"),
    ("undeclared establishment", SEVERAL_FAULTS),
    ("unknown kind", '[[collectors]]\nid = "x"\nkind = "nessie"'),
    ("literal secret", '[[channels]]\nid = "t"\nkind = "teams"\nurl = "https://flux.exemple/?sig=MARQUEUR"'),
)


@pytest.fixture
def working(tmp_path: Path) -> Installation:
    """An installation that has made a pass."""
    made = Installation(tmp_path / "carenage")
    made.folder.mkdir()
    made.install()
    assert made.type("run").code == ExitCode.OK
    return made


def test_every_fault_is_named_at_once(installation: Installation) -> None:
    installation.configure(SEVERAL_FAULTS)

    done = installation.type("config", "check", "--json")

    paths = " ".join(problem["path"] for problem in done.json["problems"])
    messages = " ".join(problem["message"] for problem in done.json["problems"])
    assert (done.code, done.json["ok"]) == (ExitCode.CONFIGURATION, False)
    assert "directories[2].couleur" in paths
    assert "directories[2].establishments" in paths
    assert "collectors[0]" in paths
    assert "inconnu" in messages


@pytest.mark.parametrize("fault", [text for _, text in BROKEN], ids=[name for name, _ in BROKEN])
def test_a_pass_refuses_tells_people_and_does_not_repeat_itself(working: Installation, fault: str) -> None:
    before = len(working.messages())
    working.configure(fault)
    working.clock.advance(minutes=15)

    first = working.type("run", "--json")
    second = working.type("run", "--json")

    assert (first.code, second.code) == (ExitCode.CONFIGURATION, ExitCode.CONFIGURATION)
    assert first.json["error"]["code"] == "CONFIGURATION"
    assert first.json["error"]["hint"]
    (told,) = working.messages()[before:]
    assert any("onfiguration" in item["title"] for item in told["items"])
    assert b"MARQUEUR" not in b"".join(
        content for name, content in working.everything().items() if name != "carenage.toml"
    )
    assert "MARQUEUR" not in first.out + first.err


def test_the_repair_is_told_too(working: Installation) -> None:
    good = working.config.read_text(encoding="utf-8")
    working.configure("= oups =")
    working.clock.advance(minutes=15)
    working.type("run")
    working.config.write_text(good, encoding="utf-8")
    working.clock.advance(minutes=15)

    done = working.type("run", "--json")

    assert done.code == ExitCode.OK
    assert [(alert["kind"], alert["change"]) for alert in done.json["alerts"]] == [("configuration", "resolved")]


def test_a_configuration_that_is_gone_is_told_as_well(working: Installation) -> None:
    working.config.unlink()

    done = working.type("run", "--json")

    assert done.code == ExitCode.CONFIGURATION
    assert "carenage init" in done.json["error"]["hint"]


def test_a_secret_that_is_missing_costs_its_own_source_only(installation: Installation) -> None:
    (installation.folder / "noms.txt").write_text("www.exemple.fr\n", encoding="utf-8")
    installation.configure(
        """
[[collectors]]
id = "tenable"
kind = "tenable"
tool = "INDUSTRIAL"
access_key = {file = "secrets/absent"}
secret_key = {file = "secrets/absent"}

[[collectors]]
id = "liste"
kind = "declared"
path = "noms.txt"
"""
    )
    installation.drop("piece.txt", "une pièce".encode())

    done = installation.type("run", "--json")

    outcomes = {job["job"]: job["outcome"] for job in done.json["jobs"]}
    assert outcomes == {"inbox": "done", "tenable": "failed", "declared": "done"}
    assert done.code == ExitCode.CONFIGURATION
    assert "absent" in next(job["message"] for job in done.json["jobs"] if job["job"] == "tenable")


def test_doctor_says_what_is_wrong_source_by_source(installation: Installation) -> None:
    (installation.folder / "noms.txt").write_text("www.exemple.fr\n", encoding="utf-8")
    installation.configure(
        '[[collectors]]\nid = "liste"\nkind = "declared"\npath = "noms.txt"\n'
        '[[collectors]]\nid = "perdue"\nkind = "declared"\npath = "absente.txt"'
    )

    done = installation.type("doctor", "--json")

    told = {row["what"]: row["ok"] for row in done.json}
    assert done.code == ExitCode.INCOMPLETE
    assert [ok for what, ok in told.items() if "liste" in what and "noms" in what] == [True]
    assert [ok for what, ok in told.items() if "absente" in what] == [False]
    assert installation.type("evidence", "list", "--json").json == []


def test_a_log_that_cannot_be_written_costs_the_log_only(installation: Installation) -> None:
    (installation.folder / "occupé").write_text("un fichier", encoding="utf-8")
    installation.configure('[log]\npath = "occupé/journal.log"')

    done = installation.type("run")

    assert done.code == ExitCode.OK
    assert "[log] path" in done.err
