"""Unknown stays unknown until a person settles it or the key is there, and then it is known for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.domain.errors import ExitCode
from tests.e2e.conftest import ADS_REPORT, NESSUS

if TYPE_CHECKING:
    from tests.e2e.conftest import Installation


def ads(directory: str, day: str, score: int | None) -> str:
    """Return the side file of an ADS report."""
    said = f'kind = "ads_report"\ndirectory = "{directory}"\ndate = {day}\n'
    return said if score is None else f"{said}score = {score}\n"


@pytest.fixture
def waiting(installation: Installation) -> Installation:
    """Every report of every directory is in; one says no score."""
    for number, (directory, day) in enumerate(
        [("ad-chu", "2026-05-10"), ("ad-chu", "2026-06-10"), ("ad-sud", "2026-05-11")]
    ):
        installation.drop(f"{number}.html", ADS_REPORT + b"\n" * number, ads(directory, day, 3))
    installation.drop("sans-score.html", ADS_REPORT + b"\n" * 9, ads("ad-sud", "2026-06-11", None))
    assert installation.type("run").code == ExitCode.OK
    return installation


def status(installation: Installation) -> Any:
    """Return what `status` says."""
    return installation.type("status", "--json").json


def test_a_report_without_score_leaves_the_level_open_and_names_the_command(waiting: Installation) -> None:
    found = status(waiting)

    level = found["assessment"]["objectives"]["D1.O1.B"]["establishments"]["ch-sud"]
    assert level["verdict"] == "at_risk"
    assert "NEEDS_DECISION" in level["reasons"]
    (question,) = found["questions"]
    assert question["fields"] == ["score"]
    assert question["command"].startswith(f"carenage inbox confirm {question['evidence']}")
    assert "--score" in question["command"]
    cadence = found["assessment"]["objectives"]["D1.O1.A"]["establishments"]["ch-sud"]
    assert "NEEDS_DECISION" not in cadence["reasons"]


def test_a_confirmation_settles_it_for_good(waiting: Installation) -> None:
    (question,) = status(waiting)["questions"]

    confirmed = waiting.type("inbox", "confirm", question["evidence"], "--score", "3", "--json")
    found = status(waiting)

    assert confirmed.code == ExitCode.OK
    assert found["questions"] == []
    level = found["assessment"]["objectives"]["D1.O1.B"]["establishments"]["ch-sud"]
    assert level["verdict"] == "met"
    assert "NEEDS_DECISION" not in level["reasons"]
    assert waiting.type("run", "--json").json["alerts"] != []
    assert waiting.type("run", "--json").json["alerts"] == []


def test_the_awaiting_document_is_told_once(waiting: Installation) -> None:
    waiting.clock.advance(days=1)
    waiting.type("run")

    assert len([title for title in waiting.titles() if "attente d'une décision" in title]) == 1


def test_an_index_rebuilt_without_the_key_leaves_every_verdict_open(waiting: Installation) -> None:
    (question,) = status(waiting)["questions"]
    waiting.type("inbox", "confirm", question["evidence"], "--score", "3")
    before = status(waiting)

    counts = waiting.type("vault", "reindex", "--json").json
    without = status(waiting)
    waiting.type("vault", "reindex", "--identity", str(waiting.key))
    after = status(waiting)

    assert counts["unknown"] == 5
    verdicts = {entry["candidate"]["verdict"] for entry in without["assessment"]["objectives"].values()}
    assert verdicts == {"at_risk"}
    assert without["questions"][0]["command"].startswith("carenage vault reindex --identity")
    assert after["assessment"] == before["assessment"]
    assert after["questions"] == before["questions"] == []


def test_an_audit_sealed_but_never_read_is_a_question_until_it_is_read(waiting: Installation) -> None:
    """As an interruption between the two deposits leaves it: the newest facts never came to be."""
    from agent.domain.evidence import EvidenceClass, RawEvidence
    from agent.vault.vault import Vault

    (question,) = status(waiting)["questions"]
    waiting.type("inbox", "confirm", question["evidence"], "--score", "3")
    path = waiting.folder / "externe.nessus"
    path.write_bytes(NESSUS)
    with Vault.open(waiting.vault, waiting.state / "keys", "test", "ght", waiting.clock) as vault:
        sealed = vault.seal(
            [
                RawEvidence(
                    collector="inbox",
                    name="externe.nessus",
                    media_type="application/xml",
                    evidence_class=EvidenceClass.EXPOSURE,
                    received_at=waiting.clock.now(),
                    open=lambda: path.open("rb"),
                )
            ],
            evidence_class=EvidenceClass.EXPOSURE,
        )

    (asked,) = status(waiting)["questions"]
    waiting.type("evidence", "read", "--stale", "--identity", str(waiting.key))
    left = {item["evidence"]: item["fields"] for item in status(waiting)["questions"]}

    assert asked["command"] == f"carenage evidence read {sealed.id} --identity CLÉ"
    assert left[sealed.id] != ["facts"]
