"""What a person may say of a file's kind, and take back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.domain.errors import UsageError
from agent.domain.facts import AdsAuditFact, DocumentFact, ExposureAuditFact
from agent.domain.handover import SideValues
from agent.services.confirm import confirm
from agent.services.fact_codec import from_json
from agent.services.receive import Reception
from agent.vault.vault import Vault
from tests.integration.reading.test_read_again import ADS, NESSUS, reception, register, vault

__all__ = ["reception", "vault"]  # the fixtures of this room

PARIS = ZoneInfo("Europe/Paris")


def say(vault: Vault, evidence: str, kind: str) -> None:
    confirm(
        vault,
        evidence,
        SideValues(kind=kind),
        settled={},
        person="rssi",
        reason=None,
        zone=PARIS,
    )


def facts(vault: Vault) -> list[object]:
    return [from_json(item.data) for item in vault.index.facts()]


def test_an_empty_file_is_never_an_audit(tmp_path: Path, vault: Vault, reception: Reception) -> None:
    evidence = register(tmp_path, reception, b"", SideValues())

    with pytest.raises(UsageError, match="illisible"):
        say(vault, evidence, "exposure_report")
    say(vault, evidence, "document")

    assert facts(vault) == [DocumentFact(undecided=())]


def test_a_kind_said_by_mistake_is_taken_back(tmp_path: Path, vault: Vault, reception: Reception) -> None:
    evidence = register(tmp_path, reception, b"%PDF-1.4 rapport", SideValues())

    say(vault, evidence, "ads_report")
    assert isinstance(facts(vault)[0], AdsAuditFact)
    say(vault, evidence, "document")

    assert facts(vault) == [DocumentFact(undecided=())]


def test_what_the_content_shows_for_certain_is_not_renamed(tmp_path: Path, vault: Vault, reception: Reception) -> None:
    evidence = register(tmp_path, reception, NESSUS, SideValues())

    with pytest.raises(UsageError, match="reconnue par son contenu"):
        say(vault, evidence, "ads_report")


@pytest.mark.parametrize("stated", [SideValues(score=3), SideValues(directory="chu")], ids=["score", "directory"])
def test_a_field_that_the_evidence_does_not_have_is_not_confirmed(
    tmp_path: Path, vault: Vault, reception: Reception, stated: SideValues
) -> None:
    evidence = register(tmp_path, reception, NESSUS, SideValues())

    with pytest.raises(UsageError, match="pas de champ"):
        confirm(vault, evidence, stated, settled={}, person="rssi", reason=None, zone=PARIS)


def test_a_deposit_of_facts_is_not_confirmed(tmp_path: Path, vault: Vault, reception: Reception) -> None:
    register(tmp_path, reception, NESSUS, SideValues())
    facts_id = vault.index.deposits()[-1].id

    with pytest.raises(UsageError, match="aucun fait"):
        confirm(vault, facts_id, SideValues(score=3), settled={}, person="rssi", reason=None, zone=PARIS)


@pytest.mark.parametrize("day", [date(26, 11, 1), date(2027, 1, 1)], ids=["absurd", "to-come"])
def test_an_impossible_day_is_asked_for_again(tmp_path: Path, vault: Vault, reception: Reception, day: date) -> None:
    evidence = register(tmp_path, reception, ADS, SideValues(kind="ads_report", directory="chu", date=day, score=2))

    (fact,) = facts(vault)
    assert isinstance(fact, AdsAuditFact)
    assert (fact.date, fact.undecided) == (None, ("date",))
    with pytest.raises(UsageError, match="pas possible"):
        confirm(vault, evidence, SideValues(date=day), settled={}, person="rssi", reason=None, zone=PARIS)


def test_a_report_of_a_broken_clock_is_undated(tmp_path: Path, vault: Vault, reception: Reception) -> None:
    register(tmp_path, reception, NESSUS.replace(b"2026", b"1601"), SideValues(tool="INDUSTRIAL"))

    (fact,) = facts(vault)
    assert isinstance(fact, ExposureAuditFact)
    assert fact.date is None
    assert "date" in fact.undecided
