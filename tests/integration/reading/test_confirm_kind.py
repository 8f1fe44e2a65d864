"""What a person may say of a file's kind, and take back."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.domain.errors import UsageError
from agent.domain.facts import AdsAuditFact, DocumentFact
from agent.domain.handover import SideValues
from agent.services.confirm import confirm
from agent.services.fact_codec import from_json
from agent.services.receive import Reception
from agent.vault.vault import Vault
from tests.integration.reading.test_read_again import NESSUS, reception, register, vault

__all__ = ["reception", "vault"]  # the fixtures of this room


def say(vault: Vault, evidence: str, kind: str) -> None:
    confirm(
        vault,
        evidence,
        SideValues(kind=kind),
        settled={},
        person="rssi",
        reason=None,
        zone=ZoneInfo("Europe/Paris"),
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
