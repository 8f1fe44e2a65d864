"""A declaration is checked whole before anything is sealed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from agent.domain.declaration import Bearer, Declaration, FactKind, Field, FieldType, Names, current
from agent.domain.declaration_outcome import Warn, warnings
from agent.domain.declaration_request import Draft, Known, Placed, Request, check, overlaps
from agent.domain.declaration_uses import uses
from agent.domain.programme import Subject
from agent.texts.faults import sentence
from config.fact_kinds import fact_kinds
from config.programme_files import load_programme

KINDS = fact_kinds()
KNOWN = Known(
    programmes=(load_programme("D1BIS_2026"),),
    establishments=("chu", "ch-nord", "ch-sud"),
    directories={"ad-chu": "onprem", "entra": "entra_only"},
    surfaces=("www", "vpn"),
    deposits=frozenset({"00000007-aaaaaaaa"}),
    findings=frozenset({"f1"}),
)
TODAY = date(2026, 6, 15)
EXERCISE: dict[str, Any] = {"kind": "crisis_exercise", "fields": {"held_on": "14 mars 2026"}}
OSIS: dict[str, Any] = {"kind": "osis", "fields": {"priority_measures_filled": "43"}}
PIN: dict[str, Any] = {
    "kind": "pinned_reading", "reading": "mean_cmp", "fields": {"value": "le", "answer": "ANS, 3 mai 2026"},
}  # fmt: skip
RERATING: dict[str, Any] = {
    "kind": "rerating", "finding": "f1", "surface": "www", "fields": {"cvss": "5,5", "justified": "oui"},
}  # fmt: skip
DECISION: dict[str, Any] = {
    "fields": {"decided_on": "2026-05-01", "authority": "ARS"}, "files": (("decision", "ars.pdf"),),
}  # fmt: skip


def checked(
    known: Known = KNOWN, earlier: Declaration | None = None, **asked: Any
) -> tuple[Draft | None, list[Placed]]:
    return check(Request(**{"person": "RSSI", **asked}), KINDS, known, earlier=earlier, today=TODAY)


def draft(**asked: Any) -> Draft:
    found, faults = checked(**asked)
    assert found is not None, faults
    return found


def faults(**asked: Any) -> dict[str, str]:
    found, listed = checked(**asked)
    assert found is None
    return {where: sentence(fault) for where, fault in listed}


def test_a_request_becomes_typed_values_about_known_things() -> None:
    found = draft(
        kind="crisis_exercise",
        establishments=("chu", "ch-nord", "chu"),
        fields={"held_on": "14/03/2026", "single_si": "oui"},
        files=((None, "retex.pdf"), ("proof", "annexe.pdf")),
        reason=" exercice annuel ",
    )

    assert found.subjects == ("chu", "ch-nord")
    assert found.values == {"held_on": date(2026, 3, 14), "single_si": True}
    assert found.files == {"proof": ("retex.pdf", "annexe.pdf")}
    assert (found.person, found.reason) == ("RSSI", "exercice annuel")


@pytest.mark.parametrize("names", [*Names])
def test_a_new_kind_of_fact_has_its_ids_checked_by_its_description_alone(names: Names) -> None:
    named = Field(name="anything", type=FieldType.TEXT, label="Quoi", names=names)
    kind = FactKind(id="new", label="Nouveau", bearer=Bearer.CANDIDATE, fields=(named,))

    _, found = check(
        Request(kind="new", person="RSSI", fields={"anything": "nulle-part"}), {"new": kind}, KNOWN, earlier=None,
        today=TODAY,
    )  # fmt: skip

    assert [where for where, _ in found] == ["fields.anything"]


def test_every_part_of_the_catalogue_is_of_a_field_of_its_kind() -> None:
    assert all(kind.field(one.part_of) for kind in KINDS.values() for one in kind.fields if one.part_of)


def test_all_faults_are_told_at_once() -> None:
    found = faults(
        kind="crisis_exercise",
        person="  ",
        establishments=("chi", "ailleurs"),
        directories=("ad-chu",),
        fields={"held_onn": "14/03/2026", "single_si": "peut-être"},
        files=(("prof", "retex.pdf"),),
        surface="www",
    )

    assert set(found) == {
        "person", "establishments", "directory", "fields.held_onn", "fields.single_si", "fields.held_on", "files.prof",
        "surface",
    }  # fmt: skip
    assert "vouliez-vous dire « held_on » ?" in found["fields.held_onn"]


@pytest.mark.parametrize(
    ("word", "guess"),
    [
        ("crisis_exercice", "crisis_exercise"),
        ("exercice", "crisis_exercise"),
        ("trajectoire", "convergence_trajectory"),
    ],
)
def test_an_unknown_kind_is_answered_with_the_nearest(word: str, guess: str) -> None:
    assert f"vouliez-vous dire « {guess} » ?" in faults(kind=word)["kind"]


@pytest.mark.parametrize(
    ("asked", "place", "said"),
    [
        ({**EXERCISE, "fields": {}}, "fields.held_on", "obligatoire"),
        ({"kind": "osis", "establishments": ("chu",)}, "fields", "ne dit rien"),
        ({"kind": "osis", "fields": {"priority_measures_filled": "44"}}, "fields.priority_measures_filled", "43 au plus"),
        ({"kind": "osis", "fields": {"filled_on": "2026-06-16"}}, "fields.filled_on", "à venir"),
        ({"kind": "governance", "establishments": ("chu",)}, "establishments", "le candidat entier"),
        (
            {"kind": "convergence_trajectory", "fields": {"establishments": "chu, ch-nort"}},
            "fields.establishments",
            "« ch-nort » est inconnu ; vouliez-vous dire « ch-nord » ?",
        ),
        (
            {"kind": "digital_budget", "fields": {"digital_budget": "2000", "total_budget": "1 000"}},
            "fields.digital_budget",
            "dépasse « Budget total, en euros » (1000)",
        ),
        ({"kind": "no_ad", **DECISION}, "establishments", "nommez les établissements"),
        ({"kind": "no_ad", **DECISION, "establishments": ("chu",), "files": ()}, "files.decision", "il faut la pièce"),
        ({"kind": "entra_exempt", **DECISION}, "directory", "nommez l'annuaire"),
        ({"kind": "entra_exempt", **DECISION, "directories": ("ad-chu",)}, "directory", "pas un annuaire Entra ID seul"),
        ({"kind": "entra_exempt", **DECISION, "directories": ("ad-chi",)}, "directory", "vouliez-vous dire « ad-chu »"),
        ({**RERATING, "finding": "f2"}, "finding", "d'aucun rapport du coffre"),
        ({**RERATING, "finding": None}, "finding", "nommez la vulnérabilité"),
        ({**RERATING, "surface": "wwww"}, "fields.surface", "vouliez-vous dire « www » ?"),
        ({**RERATING, "fields": {"cvss": "11"}}, "fields.cvss", "10 au plus"),
        ({**RERATING, "fields": {"cvss": "5", "audits": "x"}}, "fields.audits", "carenage evidence list"),
        ({**PIN, "reading": None}, "reading", "mean_cmp"),
        ({**PIN, "reading": "mean_cpm"}, "reading", "vouliez-vous dire « mean_cmp » ?"),
        ({**PIN, "reading": "d1_interval"}, "reading", "est inconnue"),
        ({**PIN, "programme": "D1_2024"}, "programme", "n'est pas configuré"),
        ({**PIN, "fields": {"value": "ge", "answer": "ANS"}}, "fields.value", "n'est pas admis pour mean_cmp"),
        ({**PIN, "fields": {"value": "le"}}, "fields.answer", "obligatoire"),
        ({"kind": "planned", "fields": {"objective": "D1.O9", "planned_on": "2027-01-02"}}, "fields.objective", "inconnu"),
        ({"kind": "eligibility", "files": ((None, "x.pdf"),)}, "files", "n'attend pas de pièce"),
        ({"kind": "governance", "files": ((None, "x.pdf"),)}, "files", "team, governance_chart"),
        ({**EXERCISE, "files": (("proof", " "),)}, "files.proof", "le chemin d'un fichier"),
        ({**EXERCISE, "reason": "AGE-SECRET-KEY-1ABC"}, "reason", "clé privée"),
        ({**EXERCISE, "person": "x" * 201}, "person", "200"),
    ],
)  # fmt: skip
def test_what_does_not_hold_together_is_refused_where_it_stands(asked: dict[str, Any], place: str, said: str) -> None:
    found = faults(**asked)

    assert set(found) == {place}
    assert said in found[place]


def test_a_finding_is_believed_while_the_index_cannot_tell() -> None:
    assert draft(known=replace(KNOWN, findings=None), **{**RERATING, "finding": "f2"}).subjects == ("f2",)


def test_a_reading_is_pinned_for_the_programme_that_has_it() -> None:
    found = draft(**PIN)

    assert found.subjects == ("D1BIS_2026/mean_cmp",)
    assert found.values["value"] == "le"


def test_with_two_programmes_a_reading_of_both_needs_its_programme() -> None:
    both = replace(KNOWN, programmes=(load_programme("D1BIS_2026"), load_programme("D1_2024")))
    shared = {**PIN, "reading": "cvss9", "fields": {"value": "gt", "answer": "ANS"}}

    assert "D1BIS_2026, D1_2024" in faults(known=both, **shared)["programme"]
    assert draft(known=both, programme="D1_2024", **shared).subjects == ("D1_2024/cvss9",)


@pytest.mark.parametrize("written", ["E, A", "O4.E, O4.A", "POC.P3.O4.E; poc.p3.o4.a", "P3.O4.E, a"])
def test_a_choice_among_objectives_is_typed_as_the_programme_writes_it(written: str) -> None:
    assert draft(kind="p3_choice", fields={"chosen": written}).values == {"chosen": ("E", "A")}


@pytest.mark.parametrize("written", ["O5.E", "POC.P3.O2.1", "4.E", "O4"])
def test_an_objective_of_another_list_is_no_choice(written: str) -> None:
    assert "n'est pas un choix" in faults(kind="p3_choice", fields={"chosen": written})["fields.chosen"]


def test_a_reading_of_yes_or_no_is_pinned_in_french() -> None:
    found = draft(**{**PIN, "reading": "support_counts", "fields": {"value": "Oui", "answer": "ANS"}})

    assert found.values["value"] == "true"


# Corrections

EARLIER = Declaration(
    id="d1", fact="crisis_exercise", subjects=("chu",), values={"held_on": date(2026, 3, 14), "single_si": True},
    person="DSI", on=date(2026, 4, 1), evidence={"proof": ("e1",)}, reason="exercice annuel",
)  # fmt: skip


def test_a_correction_keeps_what_it_does_not_say_again() -> None:
    found = draft(kind="crisis_exercise", fields={"held_on": "2026-03-15"}, replaces="d1", keeps=True, earlier=EARLIER)

    assert found.subjects == ("chu",)
    assert found.values == {"held_on": date(2026, 3, 15), "single_si": True}
    assert (found.kept, found.files, found.replaces, found.reason) == ({"proof": ("e1",)}, {}, "d1", None)


def test_a_correction_that_gives_a_piece_again_does_not_keep_the_old_one() -> None:
    found = draft(kind="crisis_exercise", files=((None, "b.pdf"),), replaces="d1", keeps=True, earlier=EARLIER)

    assert (found.kept, found.files) == ({}, {"proof": ("b.pdf",)})


def test_a_piece_may_be_what_the_vault_holds_already() -> None:
    found = draft(
        **EXERCISE, files=(("proof", "00000007-aaaaaaaa"), ("proof", "annexe.pdf"), ("proof", "00000008-bbbbbbbb"))
    )

    assert found.kept == {"proof": ("00000007-aaaaaaaa",)}
    assert found.files == {"proof": ("annexe.pdf", "00000008-bbbbbbbb")}


def test_a_correction_leaves_out_a_field_said_empty() -> None:
    asked: dict[str, Any] = {"kind": "crisis_exercise", "replaces": "d1", "keeps": True, "earlier": EARLIER}

    assert draft(**asked, fields={"single_si": ""}).values == {"held_on": date(2026, 3, 14)}
    assert "fields.held_on" in faults(**asked, fields={"held_on": ""})


def test_an_entry_of_a_file_says_everything_itself() -> None:
    assert "fields.held_on" in faults(kind="crisis_exercise", replaces="d1", earlier=EARLIER)


def test_nothing_is_kept_of_another_kind_of_fact() -> None:
    found = draft(**OSIS, replaces="d1", keeps=True, earlier=EARLIER)

    assert (found.values, found.kept) == ({"priority_measures_filled": 43}, {})


def test_a_correction_of_a_pin_holds_its_value_to_the_reading() -> None:
    pinned = Declaration(
        id="d2", fact="pinned_reading", subjects=("D1BIS_2026/mean_cmp",), values={"value": "le", "answer": "ANS"},
        person="RSSI", on=TODAY,
    )  # fmt: skip
    asked: dict[str, Any] = {"kind": "pinned_reading", "replaces": "d2", "keeps": True, "earlier": pinned}

    assert draft(**asked, fields={"value": "lt"}).subjects == ("D1BIS_2026/mean_cmp",)
    assert "n'est pas admis" in faults(**asked, fields={"value": "ge"})["fields.value"]


# What a sound declaration lacks

SERVED = {Subject.DIRECTORIES: frozenset({"chu"}), Subject.SURFACES: frozenset({"ch-nord"})}
ALL_RERATED: dict[str, Any] = {
    **RERATING,
    "fields": {"cvss": "5", "justified": "oui", "in_report": "oui", "audits": "00000007-aaaaaaaa"},
    "files": ((None, "justification.pdf"),),
}  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({**EXERCISE, "files": ((None, "retex.pdf"),)}, []),
        (EXERCISE, [Warn.NO_EVIDENCE]),
        ({**EXERCISE, "files": ((None, "devis/Facture-exercice.PDF"),)}, [Warn.REFUSED_FILE]),
        ({**EXERCISE, "files": ((None, "factures/retex.pdf"),)}, []),
        (OSIS, []),
        ({"kind": "no_ad", **DECISION, "establishments": ("chu",)}, [Warn.HAS_UNITS]),
        ({"kind": "no_ad", **DECISION, "establishments": ("ch-nord",)}, []),
        ({"kind": "no_exposure", **DECISION, "establishments": ("ch-nord",)}, [Warn.HAS_UNITS]),
        (ALL_RERATED, []),
        (
            {**RERATING, "fields": {"cvss": "5"}},
            [Warn.NO_EVIDENCE, Warn.NOT_JUSTIFIED, Warn.NOT_IN_REPORT, Warn.LATER_AUDITS_ONLY],
        ),
        ({**PIN, "files": ((None, "ans.eml"),)}, []),
        (
            {**PIN, "reading": "migration", "fields": {"value": "separate", "answer": "ANS"}},
            [Warn.NO_EVIDENCE, Warn.BEYOND_TEXTS],
        ),
    ],
    ids=[
        "a proved exercise", "an exercise", "an invoice", "a proof among invoices", "osis", "no directory, one configured", "no directory", "no exposure",
        "a whole rerating", "a bare rerating", "a proved pin", "a pin that the texts do not offer",
    ],
)  # fmt: skip
def test_a_sound_declaration_is_told_what_it_lacks(asked: dict[str, Any], expected: list[Warn]) -> None:
    known = replace(KNOWN, served=SERVED)

    assert warnings(draft(known=known, **asked), known) == expected


# Several at once


@pytest.mark.parametrize(
    ("one", "other", "is_refused"),
    [
        ({**OSIS, "establishments": ("chu", "ch-sud")}, {**OSIS, "establishments": ("ch-sud",)}, True),
        (OSIS, {**OSIS, "establishments": ("chu",)}, True),
        ({**OSIS, "establishments": ("chu",)}, {**OSIS, "establishments": ("ch-sud",)}, False),
        (OSIS, {"kind": "digital_budget", "fields": {"year": "2023"}}, False),
        (EXERCISE, EXERCISE, True),
        (EXERCISE, {**EXERCISE, "fields": {"held_on": "2026-04-14"}}, False),
        ({**EXERCISE, "replaces": "d1"}, {**EXERCISE, "fields": {"held_on": "2026-04-14"}, "replaces": "d1"}, True),
        (PIN, {**PIN, "reading": "gap_cmp"}, False),
        (PIN, {**PIN, "fields": {"value": "lt", "answer": "ANS"}}, True),
    ],
    ids=[
        "a shared establishment", "everybody and one", "two establishments", "two facts", "the same exercise twice",
        "two exercises", "two corrections of one record", "two readings", "a reading pinned twice",
    ],
)  # fmt: skip
def test_one_occasion_does_not_say_two_things_of_one_subject(
    one: dict[str, Any], other: dict[str, Any], *, is_refused: bool
) -> None:
    found = overlaps([draft(**one, place="ligne 3"), draft(**other, place="ligne 9")])

    assert [place for place, _ in found] == (["ligne 9"] if is_refused else [])
    assert all("ligne 3" in sentence(fault) for _, fault in found)


# What it changes


@pytest.mark.parametrize(
    ("asked", "objectives"),
    [
        (EXERCISE, {"D1.O3"}),
        (OSIS, {"D1.O4"}),
        ({"kind": "no_ad", **DECISION, "establishments": ("chu",)}, {"D1.O1.A", "D1.O1.B"}),
        ({"kind": "no_exposure", **DECISION, "establishments": ("chu",)}, {"D1.O2.A", "D1.O2.B"}),
        (RERATING, {"D1.O2.B"}),
        (PIN, {"D1.O1.A", "D1.O2.A"}),
        ({"kind": "planned", "fields": {"objective": "D1.O2.B", "planned_on": "2027-01-02"}}, {"D1.O2.B"}),
        ({"kind": "pssi", "fields": {"circulated": "oui"}}, set()),
    ],
    ids=["exercise", "osis", "no directory", "no exposure", "rerating", "pin", "planned", "another programme"],
)
def test_the_objectives_that_a_declaration_serves_are_named(asked: dict[str, Any], objectives: set[str]) -> None:
    found = draft(**asked)

    assert {use.objective for use in uses(found.kind, found.subjects, found.values, KNOWN.programmes)} == objectives


def test_a_later_record_about_everybody_supersedes_those_about_some() -> None:
    some = Declaration(id="1", fact="osis", subjects=("chu",), values={}, person="A", on=TODAY)
    everybody = Declaration(id="2", fact="osis", subjects=(), values={}, person="A", on=TODAY)

    assert [one.id for one in current([some, everybody], KINDS)] == ["2"]
    assert [one.id for one in current([everybody, some], KINDS)] == ["2", "1"]


def test_a_number_is_typed_for_good() -> None:
    assert draft(**RERATING).values == {"cvss": Decimal("5.5"), "justified": True, "surface": "www"}
