from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from agent.domain.exposure import AuditHead, Observation, Problem, Reading, Score, summarise
from agent.domain.facts import (
    AdsAuditFact,
    AssetListFact,
    DirectoryFact,
    DocumentFact,
    ExposureAuditFact,
    Fact,
    OradadCollectionFact,
    SpendingFact,
)
from agent.domain.handover import SideValues
from agent.services.fact_codec import from_json, to_json
from agent.services.read import awaiting, facts_from

PARIS = ZoneInfo("Europe/Paris")
RECEIVED = date(2026, 9, 10)
HEAD = AuditHead(
    started_at="2026-09-01T20:00:00Z", ended_at="2026-09-01T22:30:00Z", scope=("chu.fr",), hosts_seen=("www.chu.fr",)
)


def row(number: int, value: float | None, *, version: str = "3.1", **others: object) -> Observation:
    scores = () if value is None else (Score(version=version, kind="base", value=value),)
    return replace(
        Observation(id=f"f{number}", native_id=str(number), title="t", asset="www.chu.fr", scores=scores),
        **others,  # type: ignore[arg-type]
    )


def report(*rows: Observation, audit: AuditHead | None = HEAD, complete: bool = True, rejected: int = 0) -> Reading:
    return Reading(
        format="nessus",
        kind="exposure_report",
        reader_version=1,
        complete=complete,
        audit=audit,
        observations=rows,
        summary=summarise(
            rows,
            audit=audit,
            complete=complete,
            completed=True,
            rejected_scores=rejected,
            top_labels=frozenset({"4"}),
        ),
    )


def document(kind: str = "document", **summary: object) -> Reading:
    return Reading(format=kind, kind=kind, reader_version=1, summary=summary)


def fact_of(reading: Reading, **stated: object) -> Fact:
    (fact,) = facts_from(reading, side=SideValues(**stated), received_on=RECEIVED, zone=PARIS)  # type: ignore[arg-type]
    return fact


def exposure(reading: Reading, **stated: object) -> ExposureAuditFact:
    fact = fact_of(reading, **stated)
    assert isinstance(fact, ExposureAuditFact)
    return fact


def test_ads_report_is_only_what_the_person_states() -> None:
    fact = fact_of(document("ads_report"), directory="chu", date=date(2026, 9, 1), score=2)

    assert fact == AdsAuditFact(directory="chu", date="2026-09-01", score=2)


def test_ads_report_without_a_word_leaves_everything_open() -> None:
    fact = fact_of(document("ads_report"))

    assert fact.undecided == ("directory", "date", "score")


def test_audit_day_is_the_hospital_s_civil_day() -> None:
    assert exposure(report(), tool="INDUSTRIAL").date == "2026-09-02"


def test_audit_that_ends_after_its_report_arrived_has_no_day() -> None:
    later = replace(HEAD, ended_at="2027-01-01T00:00:00Z", started_at=None)

    assert "date" in exposure(report(audit=later), tool="INDUSTRIAL").undecided


def test_tool_is_never_guessed() -> None:
    assert exposure(report()).tool is None
    assert exposure(report()).undecided == ("tool",)
    assert exposure(report(), tool="INDUSTRIAL").undecided == ()


def test_findings_that_may_weigh_are_kept() -> None:
    rows = (
        row(1, 9.8),
        row(2, 7.0),
        row(3, 6.9),
        row(4, None, native_severity="4"),
        row(5, 9.9, state="fixed"),
        row(6, 7.5, version="2.0"),
    )

    fact = exposure(report(*rows), tool="INDUSTRIAL")

    assert [(finding.id, finding.cvss) for finding in fact.findings] == [
        ("f1", 9.8),
        ("f2", 7.0),
        ("f4", None),
        ("f6", 7.5),
    ]
    assert fact.undecided == ("findings",)


def test_accepted_critical_finding_awaits_a_person() -> None:
    fact = exposure(report(row(1, 9.8, state="ignored")), tool="INDUSTRIAL")

    assert fact.findings[0].cvss is None
    assert fact.findings[0].scores == {"v3": 9.8}
    assert "findings" in fact.undecided


@pytest.mark.parametrize(
    "reading",
    [
        pytest.param(report(complete=False), id="cut-report"),
        pytest.param(report(row(1, None), rejected=1), id="score-off-the-scale"),
    ],
)
def test_report_that_cannot_tell_may_hide_a_critical(reading: Reading) -> None:
    fact = exposure(reading, tool="INDUSTRIAL")

    assert [finding.cvss for finding in fact.findings] == [None]
    assert "findings" in fact.undecided


def test_report_without_scope_covers_nothing_until_a_person_says() -> None:
    fact = exposure(report(row(1, 2.0), audit=AuditHead(ended_at="2026-09-01T08:00:00Z")), tool="INDUSTRIAL")

    assert fact.undecided == ("surfaces",)


def test_silene_document_counts_for_its_day_without_findings() -> None:
    fact = exposure(document(), kind="exposure_report", tool="SILENE", date=date(2026, 9, 1), surfaces=("extranet",))

    assert (fact.vendor, fact.tool, fact.date, fact.findings, fact.undecided) == (
        "silene",
        "SILENE",
        "2026-09-01",
        (),
        (),
    )


def test_industrial_document_may_hide_a_critical() -> None:
    fact = exposure(document(), kind="exposure_report", tool="INDUSTRIAL", date=date(2026, 9, 1))

    assert fact.undecided == ("surfaces", "findings")


def test_one_run_keeps_its_identity_in_another_export() -> None:
    first = exposure(report(row(1, 9.8)))
    again = exposure(report(row(1, 9.8), row(2, 3.0)))

    assert first.vendor_id is not None
    assert first.vendor_id == again.vendor_id
    assert exposure(report(audit=replace(HEAD, vendor_id="8f1b"))).vendor_id == "8f1b"


def test_content_wins_over_a_stated_kind_when_it_is_signed() -> None:
    assert isinstance(fact_of(report(), kind="ads_report"), ExposureAuditFact)
    assert isinstance(fact_of(document(), kind="ads_report"), AdsAuditFact)


@pytest.mark.parametrize(
    ("collection", "complete", "undecided"),
    [("complete", True, ()), ("partial", False, ("complete",)), ("failed", False, ("complete",))],
)
def test_oradad_log_says_whether_the_collection_is_whole(
    collection: str, complete: bool, undecided: tuple[str, ...]
) -> None:
    log = replace(
        document("oradad_log", collection=collection, forest="chu.fr"),
        audit=AuditHead(started_at="2026-09-01T23:30:00"),
    )

    fact = fact_of(log, directory="chu")

    assert fact == OradadCollectionFact(
        directory="chu", date="2026-09-01", forest="chu.fr", complete=complete, undecided=undecided
    )


def test_archive_alone_cannot_tell_whether_it_is_whole() -> None:
    fact = fact_of(document("oradad_archive", forest="chu.fr"), directory="chu", date=date(2026, 9, 1))

    assert isinstance(fact, OradadCollectionFact)
    assert fact.complete is None
    assert fact.undecided == ()


def test_asset_list_keeps_each_asset() -> None:
    asset = {"name": "chu.fr", "asset_kind": "domain", "establishment": None, "owner": None, "public": True}

    fact = fact_of(document("asset_list", assets=[asset]), date=date(2026, 9, 1))

    assert isinstance(fact, AssetListFact)
    assert [(item.name, item.public) for item in fact.assets] == [("chu.fr", True)]


def test_directory_snapshot_becomes_a_fact_of_its_directory() -> None:
    reading = document("directory", taken_at="2026-09-01T08:00:00+00:00", snapshot={"url": "ldaps://dc"})

    assert fact_of(reading, directory="chu") == DirectoryFact(
        directory="chu", taken_at="2026-09-01T08:00:00+00:00", snapshot={"url": "ldaps://dc"}
    )


@pytest.mark.parametrize(("stated", "undecided"), [({}, ("kind",)), ({"kind": "document"}, ())])
def test_document_awaits_its_kind(stated: dict[str, object], undecided: tuple[str, ...]) -> None:
    assert fact_of(document(), **stated) == DocumentFact(undecided=undecided)


def test_what_is_awaited_comes_with_its_command() -> None:
    (item,) = awaiting("00000001-abcdef01", [fact_of(document("ads_report"), directory="a", date=RECEIVED)])

    assert item.field == "score"
    assert item.command == "carenage inbox confirm 00000001-abcdef01 --score N"


@pytest.mark.parametrize(
    "fact",
    [
        fact_of(document("ads_report"), score=2),
        fact_of(report(row(1, 9.8), row(2, None, native_severity="4"))),
        fact_of(replace(document("oradad_log"), problems=(Problem(where="a", what="b"),))),
        fact_of(document()),
    ],
    ids=lambda fact: fact.kind,
)
def test_fact_survives_its_way_through_json(fact: Fact) -> None:
    assert from_json(to_json(fact)) == fact


@pytest.mark.parametrize("stored", [{"kind": "later_kind"}, {}, {"kind": "ads_audit"}, {"kind": 3}])
def test_fact_of_another_release_is_left_aside(stored: dict[str, object]) -> None:
    assert from_json(stored) is None


def test_line_of_spending_is_sealed_as_its_reader_wrote_it_and_read_as_days_and_amounts() -> None:
    line = {"where": "ligne 2", "amount": "1234.50", "order_on": "2026-04-01", "other_funding": "0.00"}
    row = {"where": "ligne 3", "label": "Avoir", "faults": ["le montant est négatif."]}
    reading = document("spending_table", table="depenses.csv", amounts="TTC", lines=[line], faulty=[row])
    (fact,) = facts_from(reading, side=SideValues(), received_on=RECEIVED, zone=PARIS)
    sealed = to_json(fact)

    assert isinstance(fact, SpendingFact)
    assert (fact.lines[0].amount, fact.lines[0].order_on) == (Decimal("1234.50"), date(2026, 4, 1))
    assert sealed["lines"][0].items() >= line.items()
    assert sealed["faulty"] == [row]
    assert from_json(sealed) == fact
