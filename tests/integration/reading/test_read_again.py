"""Reading again what was sealed: nothing stated at the time is lost, nothing is rewritten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.domain.errors import UsageError
from agent.domain.handover import SideValues
from agent.services.read_again import read_again
from agent.services.receive import Reception
from agent.vault import age
from agent.vault.vault import Vault
from collectors.formats.nessus import NessusReader
from collectors.inbox import take
from collectors.reading import read_deposit, recognise
from tests.assets.reports.make_nessus import SAMPLE
from tests.fakes.clock import FakeClock

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
NESSUS = SAMPLE.encode()
ADS = b"<html><title>Rapport ADS</title><p>vuln1_spn_priv vuln2_dont_expire</p></html>"
ADS_STATED = SideValues(kind="ads_report", directory="chu", date=date(2026, 9, 1), score=2)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    private, public = age.generate_identity()
    (tmp_path / "open.key").write_text(private.reveal())
    recipients = [public, age.generate_identity()[1]]
    keys, clock = tmp_path / "keys", FakeClock(NOW)
    with Vault.create(
        tmp_path / "vault", recipients=recipients, keys_dir=keys, agent="a", entity="chu", clock=clock
    ) as made:
        yield made


@pytest.fixture
def reception(vault: Vault) -> Reception:
    return Reception(vault=vault, read=read_deposit, recognise=recognise, zone=ZoneInfo("Europe/Paris"))


def register(tmp_path: Path, reception: Reception, data: bytes, stated: SideValues) -> str:
    path = tmp_path / "rapport"
    path.write_bytes(data)
    (tmp_path / "work").mkdir(exist_ok=True)
    item = take(path, work_dir=tmp_path / "work")
    try:
        return reception.register(item.payloads(received_at=NOW), stated=stated).evidence_id
    finally:
        item.wipe()


def again(
    tmp_path: Path, vault: Vault, reception: Reception, *ids: str, stale: bool = False, **versions: int
) -> list[str]:
    found = read_again(
        vault,
        reception,
        ids,
        stale=stale,
        versions=versions,
        identity=age.read_identity(tmp_path / "open.key"),
        work_dir=tmp_path / "work",
        record=True,
    )
    return [str(item["id"]) for item in found]


@pytest.mark.parametrize(
    ("data", "stated"),
    [
        pytest.param(ADS, ADS_STATED, id="ads-report"),
        pytest.param(b"%PDF-1.4 rapport", ADS_STATED, id="document-stated-as-ads-report"),
        pytest.param(
            b"%PDF-1.4 audit",
            SideValues(
                kind="exposure_report", tool="INDUSTRIAL", date=date(2026, 9, 2), surfaces=("www",), discovers=True
            ),
            id="document-stated-as-exposure-report",
        ),
        pytest.param(NESSUS, SideValues(tool="INDUSTRIAL", discovers=True), id="nessus"),
    ],
)
def test_what_was_stated_when_it_came_in_is_stated_again(
    tmp_path: Path, vault: Vault, reception: Reception, data: bytes, stated: SideValues
) -> None:
    evidence = register(tmp_path, reception, data, stated)
    before = [item.data for item in vault.index.facts()]

    again(tmp_path, vault, reception, evidence)

    assert [item.data for item in vault.index.facts()] == before
    assert len(vault.index.deposits()) == 3


def test_stale_takes_what_an_older_reader_read_and_nothing_else(
    tmp_path: Path, vault: Vault, reception: Reception
) -> None:
    evidence = register(tmp_path, reception, NESSUS, SideValues(tool="INDUSTRIAL"))

    assert again(tmp_path, vault, reception, stale=True, nessus=NessusReader.version) == []
    assert again(tmp_path, vault, reception, stale=True, nessus=NessusReader.version + 1) == [evidence]


def test_an_unknown_evidence_is_refused(tmp_path: Path, vault: Vault, reception: Reception) -> None:
    with pytest.raises(UsageError):
        again(tmp_path, vault, reception, "00000099-00000000")
