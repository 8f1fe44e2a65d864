"""The checklist: what each objective asks for, and what makes it stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from agent.domain.declaration import Declaration
from agent.domain.pieces import (
    AuditReport,
    CollectionRun,
    Description,
    Entries,
    Holdings,
    PieceState,
    Status,
    Why,
    checklist,
)
from agent.domain.programme import Origin
from config.fact_kinds import fact_kinds
from config.programme_files import load_programme

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.domain.declaration import Value

ADS, EXPOSURE = Origin.ADS_REPORTS, Origin.EXPOSURE_REPORTS
PHASE_START, DECLARATION = date(2026, 4, 1), date(2027, 3, 1)
SEVERAL = frozenset(kind.id for kind in fact_kinds().values() if kind.several)
Asked = dict[str | None, str]


def ads(day: str | None, directory: str = "chu", **changes: Any) -> AuditReport:
    return AuditReport(
        evidence=f"ads-{directory}-{day}",
        origin=ADS,
        tool="ADS",
        subjects=(directory,),
        audited_on=day,
        score=3,
        **changes,
    )


def exposure(day: str, tool: str | None = "INDUSTRIAL", surfaces: tuple[str, ...] = ("www",)) -> AuditReport:
    return AuditReport(
        evidence=f"{tool}-{day}", origin=EXPOSURE, tool=tool, subjects=surfaces, audited_on=day, name="audit"
    )


def declared(
    fact: str,
    values: Mapping[str, Value] | None = None,
    *,
    subjects: tuple[str, ...] = (),
    evidence: Mapping[str, tuple[str, ...]] | None = None,
    number: int = 40,
) -> Declaration:
    return Declaration(
        id=str(number),
        fact=fact,
        subjects=subjects,
        values=values or {},
        person="A. Durand",
        on=date(2026, 8, 15),
        evidence=evidence or {},
    )


def states(
    asked: Mapping[str, Asked],
    *,
    programme: str = "D1BIS_2026",
    declarations: Sequence[Declaration] = (),
    as_of: date = date(2026, 9, 1),
    whole: bool = False,
    **held: Any,
) -> list[PieceState]:
    """Return the checklist's states; those of the programme as a whole only when asked (`whole`)."""
    text = load_programme(programme)
    days = {**text.days, "phase_start": PHASE_START, "declaration": DECLARATION, "application": date(2024, 4, 19)}
    holdings = Holdings(
        as_of=as_of,
        asked=asked,
        days=days,
        perimeter=frozenset({"chu", "ch"}),
        several=SEVERAL,
        declarations=declarations,
        **{"candidate_type": "GHT", **held},
    )
    return [state for state in checklist(text, holdings).states if whole or state.objective != programme]


def told(found: Sequence[PieceState], piece: str | None = None) -> list[tuple[Status, Why, tuple[str, ...]]]:
    return [(one.status, one.why, one.subjects) for one in found if piece is None or one.piece.id == piece]


# What the vault holds of directories and surfaces


def test_every_directory_is_described() -> None:
    descriptions = (
        Description(directory="chu", taken_on="2026-08-30", complete=True),
        Description(directory="ch", taken_on="2026-08-30", complete=False),
    )

    found = states({"D1.O1.A": {"chu": "met", "ch": "met", "hl": "met"}}, descriptions=descriptions)

    assert told(found, "description-ad") == [
        (Status.PRESENT, Why.HELD, ("chu",)),
        (Status.MISSING, Why.COLLECTED_IN_PART, ("ch",)),
        (Status.MISSING, Why.NO_COLLECTOR, ("hl",)),
    ]


def test_a_directory_that_a_collector_describes_only_waits_for_its_collection() -> None:
    found = states({"D1.O1.A": {"chu": "met", "ch": "met"}}, collected=frozenset({"chu"}))

    assert [one.why for one in found if one.piece.id == "description-ad"] == [Why.NOT_COLLECTED, Why.NO_COLLECTOR]


@pytest.mark.parametrize(
    ("objective", "piece", "least"),
    [
        pytest.param("D1.O1.A", "rapports-ads", 1, id="O1.A"),
        pytest.param("D1.O1.B", "rapports-ads", 2, id="O1.B-last-two"),
        pytest.param("D1.O2.A", "rapports-exposition", 1, id="O2.A"),
        pytest.param("D1.O2.B", "rapports-industriels", 2, id="O2.B-last-two"),
    ],
)
@pytest.mark.parametrize("count", [0, 1, 2])
def test_each_unit_has_the_reports_that_the_objective_looks_at(
    objective: str, piece: str, least: int, count: int
) -> None:
    make = ads if piece == "rapports-ads" else exposure
    unit = "chu" if piece == "rapports-ads" else "www"
    reports = tuple(make(f"2026-05-{number + 1:02}") for number in range(count))

    found = [one for one in states({objective: {unit: "met"}}, reports=reports) if one.piece.id == piece]

    assert [one.why for one in found if one.is_missing] == ([Why.TOO_FEW_REPORTS] if count < least else [])
    assert sum(one.status is Status.PRESENT for one in found) == count


def test_two_files_of_one_run_count_once() -> None:
    html = ads("2026-07-01")

    found = states({"D1.O1.B": {"chu": "met"}}, reports=(html, replace(html, evidence="pdf")))

    assert found[0].values == {"count": 1, "least": 2, "tools": ("ADS",)}


@pytest.mark.parametrize(
    ("changes", "status", "why"),
    [
        pytest.param(
            {"to_settle": "carenage inbox confirm 7 --score N"}, Status.TO_SETTLE, Why.AWAITS_A_PERSON, id="unsettled"
        ),
        pytest.param({"damage": "empreinte différente"}, Status.INVALID, Why.DAMAGED, id="damaged"),
    ],
)
def test_a_report_that_proves_nothing_is_named_and_does_not_count(
    changes: dict[str, str], status: Status, why: Why
) -> None:
    found = states({"D1.O1.B": {"chu": "met"}}, reports=(ads("2026-07-01", **changes), ads("2026-08-01")))

    assert told(found) == [
        (Status.MISSING, Why.TOO_FEW_REPORTS, ("chu",)),
        (status, why, ("chu",)),
        (Status.PRESENT, Why.REPORT, ("chu",)),
    ]
    assert found[1].todo == changes.get("to_settle")


@pytest.mark.parametrize(
    ("as_of", "status", "why"),
    [
        pytest.param(date(2026, 9, 14), Status.MISSING, Why.NO_REPORT, id="the-service-keeps-it"),
        pytest.param(date(2026, 9, 15), Status.LOST, Why.REPORT_GONE, id="six-months-later"),
    ],
)
def test_a_run_without_its_report_is_fetched_in_time_or_named_as_lost(as_of: date, status: Status, why: Why) -> None:
    runs = (CollectionRun(directory="chu", on=date(2026, 3, 14)),)

    found = states({"D1.O1.A": {"chu": "met"}}, runs=runs, as_of=as_of)

    assert (status, why, ("chu",)) in told(found, "rapports-ads")


def test_a_lost_report_is_named_and_asks_nobody_for_anything() -> None:
    found = states({"D1.O1.A": {"chu": "met"}}, runs=(CollectionRun(directory="chu", on=date(2025, 3, 14)),))

    assert [one.is_missing for one in found if one.status is Status.LOST] == [False]


@pytest.mark.parametrize(
    ("reported", "waits"),
    [
        pytest.param("2026-05-01", False, id="dated-as-the-run"),
        pytest.param("2026-05-09", False, id="dated-later"),
        pytest.param("2026-04-30", True, id="of-an-earlier-run"),
        pytest.param("2026-07-01", True, id="of-the-next-run"),
    ],
)
def test_a_report_belongs_to_the_last_run_before_it(reported: str, waits: bool) -> None:
    runs = (CollectionRun(directory="chu", on=date(2026, 5, 1)), CollectionRun(directory="chu", on=date(2026, 7, 1)))

    found = states({"D1.O1.A": {"chu": "met"}}, runs=runs, reports=(ads(reported),))

    assert ("2026-05-01" in [one.dated_on for one in found if one.why is Why.NO_REPORT]) is waits


def test_a_silene_report_is_a_piece_of_the_cadence_and_not_of_the_level() -> None:
    asked: dict[str, Asked] = {"D1.O2.A": {"www": "met"}, "D1.O2.B": {"www": "met"}}

    found = states(asked, reports=(exposure("2026-07-01", "SILENE"), exposure("2026-08-01")))

    assert [one.objective for one in found if one.evidence == ("SILENE-2026-07-01",)] == ["D1.O2.A"]


def test_an_audit_of_an_unknown_tool_concerns_every_objective_until_a_person_says() -> None:
    asked: dict[str, Asked] = {"D1.O2.A": {"www": "met"}, "D1.O2.B": {"www": "met"}}
    unknown = replace(exposure("2026-07-01", None), to_settle="carenage inbox confirm 7 --tool X")

    found = states(asked, reports=(unknown,))

    assert [one.objective for one in found if one.status is Status.TO_SETTLE] == ["D1.O2.A", "D1.O2.B"]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param(Entries(configured=2), (Status.PRESENT, Why.HELD), id="configured"),
        pytest.param(Entries(read=2), (Status.PRESENT, Why.HELD), id="read"),
        pytest.param(Entries(configured=2, read=1, in_part=True), (Status.PRESENT, Why.HELD), id="configured-and-part"),
        pytest.param(Entries(read=2, in_part=True), (Status.MISSING, Why.LIST_IN_PART), id="only-a-part"),
        pytest.param(Entries(), (Status.MISSING, Why.NO_ENTRY), id="nothing"),
        pytest.param(Entries(in_part=True), (Status.MISSING, Why.NO_ENTRY), id="nothing-of-this-kind"),
    ],
)
def test_a_list_stands_on_what_is_configured_and_on_whole_lists_of_its_kind(
    entries: Entries, expected: tuple[Status, Why]
) -> None:
    (found,) = told(states({"D1.O2.A": {"www": "met"}}, domains=entries), "domaines-exposes")

    assert found == (*expected, ())


def test_a_list_says_nothing_of_another_kind() -> None:
    (found,) = told(states({"D1.O2.A": {"www": "met"}}, domains=Entries(configured=3)), "adresses-publiques")

    assert found == (Status.MISSING, Why.NO_ENTRY, ())


def test_nothing_to_audit_is_a_piece_that_is_missing() -> None:
    assert [one.why for one in states({"D1.O1.B": {}})] == [Why.NOTHING_TO_AUDIT]


def test_an_objective_that_asks_nobody_asks_for_nothing() -> None:
    assert states({}) == []


# What people declare


EXERCISE = declared("crisis_exercise", {"held_on": date(2026, 6, 3)}, subjects=("chu",), evidence={"proof": ("41",)})


def test_a_declared_exercise_with_its_proof_is_a_piece_dated_as_it_was_held() -> None:
    (found,) = states({"D1.O3": {"chu": "met"}}, declarations=[EXERCISE])

    assert (found.status, found.evidence, found.dated_on) == (Status.PRESENT, ("41",), "2026-06-03")


def test_the_exercise_of_another_establishment_proves_nothing_here() -> None:
    assert told(states({"D1.O3": {"ch": "at_risk"}}, declarations=[EXERCISE])) == [
        (Status.MISSING, Why.NOT_DECLARED, ("ch",))
    ]


def test_a_declaration_without_its_file_is_missing_and_names_the_declaration_to_complete() -> None:
    (found,) = states({"D1.O3": {"chu": "at_risk"}}, declarations=[replace(EXERCISE, evidence={})])

    assert (found.status, found.why, found.values["declaration"]) == (Status.MISSING, Why.NO_FILE, "40")


@pytest.mark.parametrize(
    ("held_on", "status"),
    [
        pytest.param(date(2024, 12, 31), Status.INVALID, id="the-day-before-the-window"),
        pytest.param(date(2025, 1, 1), Status.PRESENT, id="first-day"),
        pytest.param(date(2026, 9, 1), Status.PRESENT, id="today"),
        pytest.param(date(2026, 9, 2), Status.INVALID, id="planned-tomorrow"),
    ],
)
def test_a_piece_out_of_its_window_is_not_what_is_asked(held_on: date, status: Status) -> None:
    exercise = replace(EXERCISE, values={"held_on": held_on})

    (found,) = states({"D1.O3": {"chu": "at_risk"}}, declarations=[exercise])

    assert found.status is status
    assert ("condition" in found.values) is (status is Status.INVALID)


def test_of_two_exercises_the_one_that_stands_is_the_piece() -> None:
    late = replace(EXERCISE, id="50", values={"held_on": date(2024, 1, 1)}, evidence={"proof": ("51",)})

    (found,) = states({"D1.O3": {"chu": "met"}}, declarations=[EXERCISE, late])

    assert found.evidence == ("41",)


@pytest.mark.parametrize(
    ("held", "why"),
    [
        pytest.param({"damaged": {"41": "empreinte différente"}}, Why.DAMAGED, id="damaged"),
        pytest.param({"destroyed": frozenset({"41"})}, Why.DESTROYED, id="no-longer-in-the-vault"),
    ],
)
def test_evidence_that_cannot_be_given_back_proves_nothing(held: dict[str, Any], why: Why) -> None:
    (found,) = states({"D1.O3": {"chu": "met"}}, declarations=[EXERCISE], **held)

    assert (found.status, found.why) == (Status.INVALID, why)


def test_an_invoice_is_no_proof_of_an_exercise() -> None:
    names = {"41": ("Facture_exercice.pdf",)}

    (found,) = states({"D1.O3": {"chu": "met"}}, declarations=[EXERCISE], file_names=names)

    assert (found.status, found.why, found.values["file"]) == (
        Status.INVALID,
        Why.WRONG_FILE,
        "Facture_exercice.pdf",
    )


def test_an_exemption_replaces_the_exercise_and_asks_for_the_authoritys_decision() -> None:
    exempted = declared(
        "exercise_exemption", {"attacked_on": date(2026, 5, 2)}, subjects=("chu",), evidence={"retex": ("60",)}
    )

    found = states({"D1.O3": {"chu": "met"}}, declarations=[exempted])

    assert {one.piece.id: (one.status, one.why) for one in found} == {
        "exercice-crise": (Status.NOT_NEEDED, Why.ALTERNATIVE),
        "dispense-exercice": (Status.PRESENT, Why.HELD),
        "decision-dispense": (Status.MISSING, Why.NO_FILE),
    }


@pytest.mark.parametrize(
    ("evidence", "present"),
    [
        pytest.param({}, [], id="none"),
        pytest.param({"minutes": ("70",)}, ["programme-informative"], id="one"),
        pytest.param(
            {"materials": ("70",), "minutes": ("71",)}, ["supports-informative", "programme-informative"], id="two"
        ),
    ],
)
def test_alternatives_count_once(evidence: dict[str, tuple[str, ...]], present: list[str]) -> None:
    action = declared("informative_awareness", {"held_on": date(2026, 6, 3)}, evidence=evidence)

    found = states({"POC.P3.O3.1": {"chu": "met"}}, programme="P3_2026", declarations=[action])

    assert [one.piece.id for one in found if one.status is Status.PRESENT] == present
    assert sum(one.is_missing for one in found) == (0 if present else 1)


def test_missing_alternatives_are_named_together() -> None:
    found = [one for one in states({"POC.P3.O2.1": {"chu": "at_risk"}}, programme="P3_2026") if one.is_missing]

    assert [one.piece.id for one in found] == ["pssi"]
    assert found[0].values["or"] == ("Document de présentation de la PSSI (date, signataire, périmètre)",)


@pytest.mark.parametrize(
    ("written_on", "status"),
    [
        pytest.param(date(2026, 3, 31), Status.INVALID, id="before-the-phase"),
        pytest.param(PHASE_START, Status.PRESENT, id="first-day"),
    ],
)
def test_the_security_policy_is_dated_in_the_phase(written_on: date, status: Status) -> None:
    policy = declared("pssi", {"written_on": written_on}, evidence={"pssi": ("80",)})

    found = states({"POC.P3.O2.1": {"chu": "met"}}, programme="P3_2026", declarations=[policy])

    assert next(one.status for one in found if one.piece.id == "pssi") is status


@pytest.mark.parametrize(
    ("audited_on", "status"),
    [
        pytest.param(date(2022, 4, 19), Status.INVALID, id="two-years-to-the-day"),
        pytest.param(date(2022, 4, 20), Status.PRESENT, id="a-day-less"),
    ],
)
def test_the_cybersurveillance_attestation_is_less_than_two_years_old_at_the_application(
    audited_on: date, status: Status
) -> None:
    attested = declared("cybersurveillance_2024", {"audited_on": audited_on}, evidence={"attestation": ("81",)})

    (found,) = states({"PS2.2": {"chu": "met"}}, programme="D1_2024", declarations=[attested])

    assert found.status is status


def test_a_prerequisite_validated_by_sun_es_asks_for_no_piece() -> None:
    validated = declared("security_policy_2024", {"sunes_validated": True})

    found = states({"PS2.1": {"chu": "met"}}, programme="D1_2024", declarations=[validated])

    assert {one.why for one in found} == {Why.WITHOUT}
    assert not any(one.is_missing for one in found)


@pytest.mark.parametrize(
    ("converged", "asked"),
    [
        pytest.param(False, ["trajectoire-convergence"], id="trajectory"),
        pytest.param(True, ["annuaire-converge"], id="already-converged"),
    ],
)
def test_a_converged_directory_is_described_instead_of_a_trajectory(converged: bool, asked: list[str]) -> None:
    said = declared("convergence_trajectory", {"already_converged": converged})

    found = states({"D1.O6.B": {None: "at_risk"}}, declarations=[said])

    assert [one.piece.id for one in found if one.is_missing] == asked


@pytest.mark.parametrize(
    ("verdict", "said", "status"),
    [
        pytest.param("met", True, Status.PRESENT, id="entered"),
        pytest.param("at_risk", True, Status.INVALID, id="entered-in-part"),
        pytest.param("at_risk", False, Status.MISSING, id="not-said"),
    ],
)
def test_what_is_entered_in_osis_stands_with_its_objective(verdict: str, said: bool, status: Status) -> None:
    declarations = [declared("osis", {"budget_share_filled": True})] if said else []

    found = states({"D1.O4": {"chu": verdict}}, declarations=declarations)

    assert next(one.status for one in found if one.piece.id == "osis") is status


def test_the_authoritys_excel_file_takes_the_place_of_the_entry() -> None:
    found = states({"D1.O4": {"chu": "at_risk"}}, declarations=[declared("osis", evidence={"fallback": ("90",)})])

    assert {one.piece.id: one.status for one in found} == {
        "osis": Status.NOT_NEEDED,
        "osis-excel": Status.PRESENT,
    }


def test_a_re_rating_in_force_asks_for_its_justification() -> None:
    rerated = declared("rerating", subjects=("finding-1",))

    found = states({"D1.O2.B": {"www": "met"}}, declarations=[rerated])

    assert told(found, "justificatif-reevaluation") == [(Status.MISSING, Why.NO_FILE, ("finding-1",))]


def test_of_a_fact_that_holds_once_the_last_word_is_the_piece() -> None:
    first = declared("osis", subjects=("chu",), evidence={"fallback": ("90",)})
    last = declared("osis", {"budget_share_filled": True}, number=41)

    found = states({"D1.O4": {"chu": "met"}}, declarations=[first, last])

    assert [one.piece.id for one in found if one.status is Status.PRESENT] == ["osis"]


def test_one_declaration_about_every_establishment_is_about_the_candidate() -> None:
    said = declared("osis", {"budget_share_filled": True}, subjects=("ch", "chu"))

    found = states({"D1.O4": {None: "met"}}, declarations=[said])

    assert {one.piece.id: one.status for one in found if one.status is not Status.NOT_NEEDED} == {
        "osis": Status.PRESENT
    }


def test_a_welcome_piece_is_never_missing() -> None:
    chosen = declared("p3_choice", {"chosen": ("A", "B", "C")})

    found = states({"POC.P3.O4": {None: "met"}}, programme="P3_2026", declarations=[chosen])

    assert told(found, "concertation-choix") == [(Status.NOT_NEEDED, Why.ADVISED, ())]
    assert not any(one.is_missing for one in found)


# What is asked once


@pytest.mark.parametrize(
    ("signed_by", "candidate_type", "is_asked"),
    [
        pytest.param("finance_director_signed_on", "GHT", True, id="public-signed-by-the-finance-director"),
        pytest.param("accountant_signed_on", "GHT", False, id="public-signed-by-the-treasurer"),
        pytest.param("finance_director_signed_on", "PRIVE", False, id="private"),
    ],
)
def test_the_treasurer_confirms_payments_when_he_did_not_sign(
    signed_by: str, candidate_type: str, is_asked: bool
) -> None:
    said = declared(
        "financial_statement", {signed_by: date(2026, 8, 1)}, evidence={"statement": ("95",), "pay_summary": ("96",)}
    )

    found = states({}, whole=True, declarations=[said], candidate_type=candidate_type)

    assert [one.piece.id for one in found if one.is_missing] == (["confirmation-mandatements"] if is_asked else [])


def test_a_statement_that_the_finance_service_sends_itself_is_not_asked_of_the_referent() -> None:
    found = states({}, whole=True, declarations=[declared("financial_statement", {"sent_apart": True})])

    assert not any(one.is_missing for one in found)


def test_deposits_that_nobody_looked_into_leave_the_list_incomplete() -> None:
    listed = checklist(
        replace(load_programme("D1BIS_2026"), pieces=()), Holdings(as_of=date(2026, 9, 1), asked={}, unread=1)
    )

    assert listed.missing == ()
    assert not listed.complete


def test_objectives_come_in_the_order_in_which_people_list_them() -> None:
    asked: dict[str, Asked] = {"D1.O6.A": {None: "met"}, "D1.O3": {"chu": "met"}, "D1.O1.A": {"chu": "met"}}

    assert list(dict.fromkeys(one.objective for one in states(asked))) == ["D1.O1.A", "D1.O3", "D1.O6.A"]


@pytest.mark.parametrize(
    ("as_of", "closed_on"),
    [
        pytest.param(date(2025, 3, 28), None, id="last-day"),
        pytest.param(date(2025, 3, 29), date(2025, 3, 28), id="the-day-after"),
    ],
)
def test_what_misses_after_the_programme_is_over_comes_too_late(as_of: date, closed_on: date | None) -> None:
    found = states({"D1.O6.A": {None: "not_met"}}, programme="D1_2024", as_of=as_of)

    assert {one.closed_on for one in found} == {closed_on}


def test_before_any_choice_the_choice_itself_is_what_misses() -> None:
    (found,) = states({"POC.P3.O4": {None: "at_risk"}}, programme="P3_2026")

    assert (found.status, found.why) == (Status.MISSING, Why.NOT_CHOSEN)
    assert found.piece.label == "Choisir au moins trois objectifs facultatifs, et les atteindre"
    assert not any(source.inferred for source in found.piece.sources)


def test_once_chosen_the_trace_of_the_agreement_is_only_advised() -> None:
    choice = declared("p3_choice", {"chosen": ("A", "B", "C")})

    found = states({"POC.P3.O4": {None: "at_risk"}}, programme="P3_2026", declarations=(choice,))

    assert [one.why for one in found] == [Why.ADVISED]


@pytest.mark.parametrize(
    ("objective", "fact", "field"),
    [
        pytest.param("D1.O4", "osis", "filled_on", id="osis"),
        pytest.param("D1.O5", "digital_budget", "filled_on", id="budget"),
        pytest.param("D1.O6.B", "convergence_trajectory", "committee_on", id="trajectory"),
        pytest.param("D1.O1.A", "no_ad", "decided_on", id="no-directory"),
        pytest.param("D1.O1.A", "entra_exempt", "decided_on", id="cloud-directory"),
        pytest.param("D1.O2.A", "no_exposure", "decided_on", id="no-exposure"),
    ],
)
def test_a_piece_bears_the_day_that_was_declared(objective: str, fact: str, field: str) -> None:
    files = {"decision": ("41",), "trajectory": ("41",)}
    said = declared(fact, {field: date(2026, 6, 3)}, subjects=("chu",), evidence=files)
    unit = None if fact == "convergence_trajectory" else "chu"
    whole = replace(said, subjects=()) if unit is None else said

    found = states({objective: {unit: "met"}}, declarations=(whole,))

    assert [one.dated_on for one in found if one.piece.fact == fact and one.status is Status.PRESENT] == ["2026-06-03"]


@pytest.mark.parametrize(
    ("values", "is_recorded"),
    [
        pytest.param({"filled_on": date(2026, 6, 3)}, False, id="stated"),
        pytest.param({"budget_share_filled": True}, True, id="not-stated"),
    ],
)
def test_a_day_that_nobody_stated_is_that_of_the_record(values: dict[str, Value], is_recorded: bool) -> None:
    (found, *_) = states({"D1.O4": {"chu": "met"}}, declarations=(declared("osis", values, subjects=("chu",)),))

    assert (found.dated_on, found.values.get("is_recorded", False)) == (
        "2026-08-15" if is_recorded else "2026-06-03",
        is_recorded,
    )
