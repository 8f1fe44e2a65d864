"""A file on its way through the house: copied, sealed in a real vault, read by the worker, turned into facts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyrage
import pytest

from agent.domain.errors import UsageError
from agent.domain.evidence import EvidenceClass
from agent.domain.facts import AdsAuditFact, DocumentFact, ExposureAuditFact
from agent.domain.handover import SideValues
from agent.services.confirm import confirm
from agent.services.fact_codec import from_json
from agent.services.receive import Received, Reception
from agent.vault.vault import Vault
from collectors.formats.nessus import NessusReader
from collectors.inbox import side_path, take
from collectors.reading import read_deposit, recognise
from tests.assets.reports.make_mla import archive_v1
from tests.assets.reports.make_nessus import SAMPLE
from tests.assets.reports.make_oradad_log import log
from tests.fakes.clock import FakeClock

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    recipients = [str(pyrage.x25519.Identity.generate().to_public()) for _ in range(2)]
    with Vault.create(
        tmp_path / "vault",
        recipients=recipients,
        keys_dir=tmp_path / "keys",
        agent="a",
        entity="chu",
        clock=FakeClock(NOW),
    ) as made:
        yield made


@pytest.fixture
def reception(vault: Vault) -> Reception:
    return Reception(
        vault=vault,
        read=read_deposit,
        recognise=recognise,
        zone=PARIS,
        directories=("chu",),
        surfaces=("extranet",),
    )


def drop(folder: Path, reception: Reception, name: str, data: bytes, side: str = "", **stated: object) -> Received:
    path = folder / name
    path.write_bytes(data)
    if side:
        (folder / f"{name}.toml").write_text(side, encoding="utf-8")
    work = folder / "work"
    work.mkdir(exist_ok=True)
    item = take(path, work_dir=work, side=side_path(path))
    try:
        return reception.register(
            item.payloads(received_at=NOW),
            stated=SideValues(**stated),  # type: ignore[arg-type]
        )
    finally:
        item.wipe()
        assert list(work.iterdir()) == []


def sealed_classes(vault: Vault) -> list[EvidenceClass]:
    return [item.evidence_class for item in vault.index.deposits()]


def test_report_is_sealed_then_read_then_its_facts_are_sealed(
    tmp_path: Path, vault: Vault, reception: Reception
) -> None:
    received = drop(tmp_path, reception, "externe.nessus", SAMPLE.encode(), tool="INDUSTRIAL")

    assert sealed_classes(vault) == [EvidenceClass.EXPOSURE, EvidenceClass.FACTS]
    (current,) = vault.index.facts()
    assert current.evidence_id == received.evidence_id
    assert (current.reader, current.reader_version) == ("nessus", NessusReader.version)
    fact = from_json(current.data)
    assert isinstance(fact, ExposureAuditFact)
    assert fact.date == "2026-09-01"
    assert [item.field for item in received.awaiting] == ["findings"]


def test_answer_has_the_shape_that_scripts_rely_on(tmp_path: Path, reception: Reception) -> None:
    answer = drop(tmp_path, reception, "externe.nessus", SAMPLE.encode()).as_json()

    assert {"evidence_id", "kind", "facts", "awaiting"} <= set(answer)
    assert answer["kind"] == "exposure_report"
    assert answer["facts"][0]["kind"] == "exposure_audit"
    assert answer["awaiting"][0] == {
        "field": "tool",
        "message": "Le rapport ne dit pas s'il vient d'un outil industriel ou de SILENE.",
        "command": f"carenage inbox confirm {answer['evidence_id']} --tool INDUSTRIAL|SILENE|CYBERSURVEILLANCE",
    }


def test_side_file_settles_an_ads_report_and_is_sealed_with_it(
    tmp_path: Path, vault: Vault, reception: Reception
) -> None:
    side = 'kind = "ads_report"\ndirectory = "chu"\ndate = 2026-09-01\nscore = 2\nby = "A. Durand"\n'

    received = drop(tmp_path, reception, "rapport.pdf", b"%PDF-1.7\n...\n%%EOF\n", side)

    assert received.facts == (AdsAuditFact(directory="chu", date="2026-09-01", score=2),)
    assert received.awaiting == ()
    assert sealed_classes(vault)[0] is EvidenceClass.ADS_REPORT
    assert vault.index.deposits()[0].bytes == len(b"%PDF-1.7\n...\n%%EOF\n") + len(side)


def test_unknown_directory_and_day_to_come_are_asked_for(tmp_path: Path, reception: Reception) -> None:
    side = 'kind = "ads_report"\ndirectory = "ailleurs"\ndate = 2027-01-01\nscore = 2\n'

    received = drop(tmp_path, reception, "rapport.pdf", b"%PDF-1.7\n...\n%%EOF\n", side)

    assert [item.field for item in received.awaiting] == ["directory", "date"]
    assert len(received.problems) == 2


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("chu.exemple.fr_20260901-060500.mla", archive_v1(), EvidenceClass.ORADAD),
        ("oradad.log", log().encode("latin-1"), EvidenceClass.ORADAD),
        ("domaines.csv", b"Domaine\nchu.fr\n", EvidenceClass.INVENTORY),
        ("photo.png", b"\x89PNG\r\n\x1a\n....IEND\xaeB`\x82", EvidenceClass.DOCUMENT),
        ("inconnu.bin", b"\0\1\2\3", EvidenceClass.DOCUMENT),
        ("vide.pdf", b"", EvidenceClass.DOCUMENT),
    ],
)
def test_whatever_is_dropped_is_sealed_under_its_class(  # noqa: PLR0917
    tmp_path: Path, vault: Vault, reception: Reception, name: str, data: bytes, expected: EvidenceClass
) -> None:
    drop(tmp_path, reception, name, data)

    assert sealed_classes(vault) == [expected, EvidenceClass.FACTS]


def test_file_that_nobody_reads_awaits_a_person(tmp_path: Path, reception: Reception) -> None:
    received = drop(tmp_path, reception, "inconnu.bin", b"\0\1\2\3")

    assert not received.complete
    assert "nessus" in received.tried
    assert received.facts == (DocumentFact(),)
    assert [item.field for item in received.awaiting] == ["kind"]


def test_document_that_a_person_names_gets_the_facts_of_its_kind(
    tmp_path: Path, vault: Vault, reception: Reception
) -> None:
    received = drop(tmp_path, reception, "rapport.pdf", b"%PDF-1.7\n...\n%%EOF\n")

    confirm(
        vault,
        received.evidence_id,
        SideValues(kind="ads_report", directory="chu", date=date(2026, 9, 1), score=3),
        settled={},
        person="A. Durand",
        reason=None,
        zone=PARIS,
    )

    (current,) = vault.index.facts()
    assert from_json(current.data) == AdsAuditFact(directory="chu", date="2026-09-01", score=3)
    (decision,) = vault.index.decisions()
    assert (decision.person, decision.evidence_id) == ("A. Durand", received.evidence_id)
    assert decision.values == {"kind": "ads_report", "directory": "chu", "date": "2026-09-01", "score": 3}


@pytest.mark.parametrize(
    ("evidence_id", "stated"),
    [
        pytest.param("00000099-abcdef01", SideValues(score=2), id="unknown-evidence"),
        pytest.param(None, SideValues(), id="nothing-stated"),
        pytest.param(None, SideValues(date=date(2027, 1, 1)), id="day-to-come"),
    ],
)
def test_decision_that_means_nothing_is_refused(
    tmp_path: Path, vault: Vault, reception: Reception, evidence_id: str | None, stated: SideValues
) -> None:
    received = drop(tmp_path, reception, "rapport.pdf", b"%PDF-1.7\n...\n%%EOF\n")

    with pytest.raises(UsageError):
        confirm(
            vault,
            evidence_id or received.evidence_id,
            stated,
            settled={},
            person="A. Durand",
            reason=None,
            zone=PARIS,
        )

    assert vault.index.decisions() == []
