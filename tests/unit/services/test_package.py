"""What the dossier takes from the vault: the lists in force, the audits of the phase, and what waits for a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from agent.domain.admissible import KnownFact
from agent.domain.declaration import Declaration
from agent.domain.evidence import EvidenceClass
from agent.domain.facts import AdsAuditFact, AssetFact, AssetListFact, ExposureAuditFact, Fact, OradadCollectionFact
from agent.domain.live import OpenQuestion
from agent.services.assess import Assessed
from agent.services.package import DossierSubject, asked_of, in_effect, lists_in_force, reports, runs_of
from agent.vault.index import IndexedDeposit
from config.programme_files import load_programme

SUBJECT = DossierSubject(
    entity="ght",
    candidate="GHT",
    programme=load_programme("D1BIS_2026"),
    directories=(("chu", "CHU", ()),),
    elements=(),
    establishments_of={},
)


def deposit(number: int, collector: str, subject: str | None = None) -> IndexedDeposit:
    return IndexedDeposit(
        id=str(number),
        evidence_class=EvidenceClass.INVENTORY,
        journal_seq=number,
        committed_at=datetime(2026, 6, 1, tzinfo=UTC),
        received_at=datetime(2026, 6, 1, tzinfo=UTC),
        facts_on=None,
        bytes=1,
        stored_bytes=1,
        path="",
        bag="",
        collector=collector,
        subject=subject,
        replaces=None,
        reason=None,
        person=None,
    )


def in_force(*given: tuple[str, str | None, str, bool]) -> list[str]:
    """Return the lists in force, each named by its only asset; given as collector, subject, day and completeness."""
    known = []
    deposits = {}
    for number, (collector, subject, day, complete) in enumerate(given, start=1):
        deposits[str(number)] = deposit(number, collector, subject)
        name = f"{collector}-{number}"
        fact = AssetListFact(
            source="declared", taken_on=day, assets=(AssetFact(name=name, asset_kind="domain"),), complete=complete
        )
        known.append(KnownFact(evidence=str(number), fact=fact))
    return sorted(asset.name for found in lists_in_force(known, deposits) for asset in found.assets)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            [("a", None, "2026-06-01", True), ("a", None, "2026-06-08", True)], ["a-2"], id="the-latest-replaces"
        ),
        pytest.param(
            [("a", None, "2026-06-08", True), ("b", None, "2026-06-01", True)], ["a-1", "b-2"], id="another-collector"
        ),
        pytest.param(
            [("a", "chu", "2026-06-08", True), ("a", "ch", "2026-06-01", True)], ["a-1", "a-2"], id="another-subject"
        ),
        pytest.param(
            [("a", None, "2026-06-01", True), ("a", None, "2026-06-08", False)], ["a-1", "a-2"], id="incomplete-adds"
        ),
        pytest.param(
            [("a", None, "2026-06-01", False), ("a", None, "2026-06-08", True)], ["a-2"], id="incomplete-superseded"
        ),
        pytest.param(
            [("a", None, "2026-06-08", True), ("a", None, "2026-06-08", True)], ["a-2"], id="same-day-last-deposit"
        ),
    ],
)
def test_each_source_has_its_latest_complete_list(
    given: list[tuple[str, str | None, str, bool]], expected: list[str]
) -> None:
    assert in_force(*given) == expected


ADS = AdsAuditFact(directory="chu", date="2026-06-01", score=3)
EXPOSURE = ExposureAuditFact(
    vendor="tenable", vendor_id="1", name="www", tool="INDUSTRIAL", date="2026-06-01", surfaces=("www",)
)


def taken(fact: Fact | None, *questions: OpenQuestion) -> list[tuple[str, str | None, str | None]]:
    """Return the evidence, day and command of each report kept on 1 July, in a phase begun on 4 May."""
    assessed = Assessed(programme="D1BIS_2026", document={"phase_start": "2026-05-04"}, questions=questions)
    known = [] if fact is None else [KnownFact(evidence="7", fact=fact)]
    return [
        (report.evidence, report.audited_on, report.to_settle)
        for report in reports(known, SUBJECT, assessed, as_of=date(2026, 7, 1))
    ]


@pytest.mark.parametrize(
    ("day", "is_kept"),
    [
        pytest.param("2026-05-03", False, id="before-the-phase"),
        pytest.param("2026-05-04", True, id="first-day"),
        pytest.param("2026-07-01", True, id="today"),
        pytest.param("2026-07-02", False, id="after-the-day-judged"),
    ],
)
@pytest.mark.parametrize("fact", [pytest.param(ADS, id="ads"), pytest.param(EXPOSURE, id="exposure")])
def test_an_audit_out_of_the_phase_is_no_piece(fact: Fact, day: str, is_kept: bool) -> None:
    assert isinstance(fact, AdsAuditFact | ExposureAuditFact)

    assert bool(taken(replace(fact, date=day))) is is_kept


def question(kind: str) -> OpenQuestion:
    return OpenQuestion(evidence="7", kind=kind, fields=("x",), command="carenage inbox confirm 7 --x")


@pytest.mark.parametrize(
    "fact",
    [
        pytest.param(replace(ADS, directory=None), id="directory-unknown"),
        pytest.param(replace(ADS, date=None), id="undated"),
        pytest.param(replace(EXPOSURE, tool=None), id="tool-unknown"),
    ],
)
def test_a_report_left_open_is_kept_with_the_command_that_settles_it(fact: Fact) -> None:
    (found,) = taken(fact, question(fact.kind))

    assert found[0] == "7"
    assert found[2] == "carenage inbox confirm 7 --x"


def test_a_sealed_audit_that_was_never_read_is_named() -> None:
    assert taken(None, question("exposure_audit")) == [("7", None, "carenage inbox confirm 7 --x")]


def entry(verdict: str) -> dict[str, str]:
    return {"verdict": verdict}


def objective(candidate: str, **units: str) -> dict[str, object]:
    """Return an objective's assessment as far as asking for pieces goes."""
    return {"candidate": entry(candidate), "units": {unit: entry(said) for unit, said in units.items()}}


def asked(programme: str = "D1BIS_2026", **objectives: dict[str, object]) -> dict[str, dict[str | None, str]]:
    named = {name.replace("_", "."): one for name, one in objectives.items()}
    return asked_of({"scenario_id": "ght", "objectives": named}, load_programme(programme))


def test_what_does_not_apply_is_asked_of_nobody() -> None:
    assert asked(D1_O1_A=objective("not_applicable", chu="not_applicable")) == {}


def test_a_unit_to_which_an_objective_does_not_apply_is_not_asked() -> None:
    assert asked(D1_O1_A=objective("met", chu="met", ch="not_applicable")) == {"D1.O1.A": {"chu": "met"}}


def test_an_audited_objective_without_any_unit_asks_for_the_audits_that_nobody_described() -> None:
    assert asked(D1_O1_A=objective("at_risk")) == {"D1.O1.A": {}}


def test_an_objective_of_the_candidate_asks_the_candidate() -> None:
    assert asked(D1_O6_A=objective("at_risk", ght="at_risk")) == {"D1.O6.A": {None: "at_risk"}}


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        pytest.param("met", ["chu"], id="the-share-is-reached"),
        pytest.param("at_risk", ["chu", "ch"], id="the-share-is-not-reached"),
    ],
)
def test_where_a_share_of_the_activity_is_enough_only_those_that_reach_it_are_asked(
    candidate: str, expected: list[str]
) -> None:
    document = {
        "scenario_id": "ght",
        "objectives": {},
        "prerequisites": {"PS2.2": objective(candidate, chu="met", ch="at_risk")},
    }

    assert [*asked_of(document, load_programme("D1_2024"))["PS2.2"]] == expected


ORADAD = OradadCollectionFact(directory="chu", date="2026-06-01", forest=None, complete=None)


@pytest.mark.parametrize(
    ("fact", "days"),
    [
        pytest.param(ORADAD, ["2026-06-01"], id="of-the-phase"),
        pytest.param(replace(ORADAD, complete=False), [], id="partial"),
        pytest.param(replace(ORADAD, directory=None), [], id="of-nobody-knows-what"),
        pytest.param(replace(ORADAD, date="2026-05-03"), [], id="before-the-phase"),
        pytest.param(replace(ORADAD, date="2026-07-02"), [], id="after-the-day-judged"),
    ],
)
def test_a_collection_of_the_phase_is_a_run_that_waits_for_its_report(
    fact: OradadCollectionFact, days: list[str]
) -> None:
    found = runs_of([KnownFact(evidence="7", fact=fact)], "2026-05-04", "2026-07-01")

    assert [run.on.isoformat() for run in found] == days


@pytest.mark.parametrize(
    ("fact", "subjects", "kept"),
    [
        pytest.param("no_ad", ("ch-a",), [], id="it-has-a-directory"),
        pytest.param("no_ad", ("ch-b",), [("ch-b",)], id="it-has-none"),
        pytest.param("no_ad", ("ch-a", "ch-b"), [("ch-b",)], id="one-of-two-has-none"),
        pytest.param("no_exposure", ("ch-b",), [], id="it-has-a-surface"),
        pytest.param("no_exposure", ("ch-a",), [("ch-a",)], id="it-has-no-surface"),
        pytest.param("governance", (), [()], id="another-fact"),
    ],
)
def test_a_decision_that_what_is_configured_contradicts_is_no_piece(
    fact: str, subjects: tuple[str, ...], kept: list[tuple[str, ...]]
) -> None:
    subject = replace(
        SUBJECT, directories=(("ad-a", "AD de A", ("ch-a",)),), establishments_of={"internet-b": ("ch-b",)}
    )
    said = Declaration(
        id="40", fact=fact, subjects=subjects, values={}, person="A. Durand", on=date(2026, 8, 15), evidence={}
    )

    assert [one.subjects for one in in_effect([said], subject)] == kept
