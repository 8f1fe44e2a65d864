"""How the pieces of a dossier are told in French."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from agent.domain.pieces import Entries, PieceState, Status, Why
from agent.domain.programme import Channel, Origin, Piece, Source
from agent.texts import pieces as texts

NAMES = {"chu": "CHU de Brumeville", "ch": "CH de Roncebois"}
CHART = Piece(
    id="schema",
    label="Schéma",
    channel=Channel.ECARE,
    origin=Origin.DECLARATION,
    todo="Dessinez-le : carenage declare governance --file chart=FICHIER.",
    fact="governance",
    slot="chart",
    sources=(Source(document="D1 (2024)", question="kit, D1.O6.A"),),
)
TEAM = replace(CHART, id="equipe", label="Équipe", slot="team")
REPORTS = replace(CHART, id="rapports", label="Rapports ADS", channel=Channel.ZED, origin=Origin.ADS_REPORTS, fact=None)
MISSING = PieceState(objective="D1.O6.A", piece=CHART, status=Status.MISSING, why=Why.NOT_DECLARED)


def report(day: str, subject: str = "chu") -> PieceState:
    return PieceState(
        objective="D1.O1.A",
        piece=REPORTS,
        status=Status.PRESENT,
        why=Why.REPORT,
        subjects=(subject,),
        evidence=(f"{day}-{subject}",),
        dated_on=day,
        values={"name": "", "score": 3.5, "is_read": True},
    )


def test_a_missing_piece_is_followed_by_what_to_do() -> None:
    assert texts.lines([MISSING], NAMES) == [
        "eCaRE, sans conteneur :",
        "✘ Schéma : pas encore déclaré (D1 (2024), kit, D1.O6.A)",
        "    → Dessinez-le : carenage declare governance --file chart=FICHIER.",
    ]


def test_pieces_of_one_declaration_are_declared_together() -> None:
    lines = texts.lines([replace(MISSING, piece=TEAM), MISSING], NAMES)

    assert [line for line in lines if "→" in line] == [
        (
            "    → Déclarez-les ensemble : carenage declare governance --file team=FICHIER --file chart=FICHIER "
            "(les champs à dire : carenage declare kinds governance)."
        )
    ]


def test_reports_that_stand_are_counted_with_their_first_and_last_day() -> None:
    assert texts.lines([report("2026-03-01"), report("2026-06-14", "ch")], NAMES)[1:] == [
        "✔ Rapports ADS : 2 rapports, du 1er mars 2026 au 14 juin 2026"
    ]


def test_a_piece_missing_for_several_is_told_once_with_their_names() -> None:
    states = [replace(MISSING, subjects=(slug,)) for slug in ("chu", "ch")]

    assert texts.lines(states, NAMES)[1].startswith(
        "✘ Schéma : CHU de Brumeville, CH de Roncebois : pas encore déclaré"
    )


def test_where_pieces_go_different_ways_each_says_its_own() -> None:
    lines = texts.lines([report("2026-03-01"), MISSING], NAMES)

    assert [line.rpartition(" [")[2].partition("]")[0] for line in lines if "[" in line] == [
        "eCaRE, dans le conteneur ZED",
        "eCaRE, sans conteneur",
    ]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        pytest.param(
            replace(MISSING, why=Why.NO_FILE, values={"declaration": "40"}),
            "Joignez le fichier à la déclaration : carenage declare governance --replaces 40 --file chart=FICHIER",
            id="no-file",
        ),
        pytest.param(
            replace(
                report("2026-03-01"), status=Status.TO_SETTLE, why=Why.AWAITS_A_PERSON, todo="carenage inbox confirm 7"
            ),
            "À confirmer : carenage inbox confirm 7",
            id="to-settle",
        ),
        pytest.param(replace(MISSING, why=Why.NOT_AS_ASKED), CHART.todo, id="not-as-asked"),
    ],
)
def test_what_to_do_depends_on_why_it_is_missing(state: PieceState, said: str) -> None:
    assert texts.todo(state) == said


@pytest.mark.parametrize(
    ("state", "said"),
    [
        pytest.param(
            replace(MISSING, why=Why.NOT_AS_ASKED, values={"condition": "Tenu en 2025"}),
            "ne convient pas : Tenu en 2025",
            id="condition",
        ),
        pytest.param(
            replace(report("2026-03-01"), status=Status.LOST, why=Why.REPORT_GONE, values={"until": date(2026, 8, 31)}),
            "rapport perdu : le service ADS ne le garde plus (téléchargeable jusqu'au 31 août 2026), "
            "cet audit ne peut plus être prouvé",
            id="lost",
        ),
        pytest.param(
            replace(MISSING, why=Why.WRONG_FILE, values={"file": "facture\u202e.pdf"}),
            "« facture·.pdf » n'est pas la preuve attendue",
            id="a-name-that-commands-no-terminal",
        ),
    ],
)
def test_why_a_piece_does_not_stand(state: PieceState, said: str) -> None:
    assert texts.why(state) == said


def test_a_report_is_told_by_what_was_audited_its_score_and_its_day() -> None:
    assert (
        texts.report_title(report("2026-06-14"), NAMES) == "rapport ADS de CHU de Brumeville, score 3,5, 14 juin 2026"
    )


def test_a_report_that_awaits_a_person_is_named_with_the_command_that_settles_it() -> None:
    state = replace(
        report("2026-06-14"), status=Status.TO_SETTLE, why=Why.AWAITS_A_PERSON, todo="carenage inbox confirm 7"
    )

    assert texts.situation(state, NAMES).endswith("14 juin 2026 : à confirmer : carenage inbox confirm 7")


@pytest.mark.parametrize(
    ("states", "said"),
    [
        pytest.param([MISSING], "Il manque 1 pièce ; 0 pièce présente.", id="missing"),
        pytest.param([report("2026-06-14")], "Rien ne manque : 1 pièce présente.", id="whole"),
    ],
)
def test_one_sentence_sums_it_up(states: list[PieceState], said: str) -> None:
    assert texts.summary(states) == said


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_sign(status: Status) -> None:
    assert texts.mark(status)


@pytest.mark.parametrize("channel", Channel)
def test_every_channel_says_where_and_what_to_be_careful_about(channel: Channel) -> None:
    assert texts.channel(channel)
    assert texts.care(channel)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        pytest.param(Entries(configured=1), "1 entrée (1 de la configuration)", id="configured"),
        pytest.param(
            Entries(configured=3, read=2), "5 entrées (3 de la configuration, 2 dans les listes lues)", id="both"
        ),
        pytest.param(
            Entries(configured=3, in_part=True),
            "3 entrées (3 de la configuration) ; une source n'a pas tout donné : vérifiez la liste",
            id="a-source-in-part",
        ),
    ],
)
def test_a_list_says_where_its_entries_come_from_and_what_to_check(entries: Entries, said: str) -> None:
    domains = replace(CHART, id="domaines", label="Domaines", origin=Origin.DOMAIN_LIST, fact=None)
    state = replace(MISSING, piece=domains, status=Status.PRESENT, why=Why.HELD, values={"entries": entries})

    assert texts.why(state) == said


def too_few(count: int, *tools: str) -> PieceState:
    values = {"count": count, "least": 2, "tools": tools}
    return replace(MISSING, piece=REPORTS, why=Why.TOO_FEW_REPORTS, subjects=("chu",), values=values)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        pytest.param(too_few(0, "INDUSTRIAL"), "Faites réaliser deux audits industriels", id="none-of-two"),
        pytest.param(too_few(1, "INDUSTRIAL"), "Faites réaliser un audit industriel", id="one-of-two"),
        pytest.param(too_few(0, "ADS"), "Faites réaliser deux audits ADS", id="ads"),
        pytest.param(
            too_few(0, "SILENE", "INDUSTRIAL"), "Faites réaliser deux audits d'exposition", id="whatever-the-tool"
        ),
    ],
)
def test_audits_that_were_not_made_are_to_be_made_first(state: PieceState, said: str) -> None:
    assert texts.todo(state) == f"{said}. Pour un audit déjà fait : {state.piece.todo}"


def test_units_that_lack_a_different_number_of_audits_are_told_apart() -> None:
    lines = texts.lines([too_few(0, "ADS"), replace(too_few(1, "ADS"), subjects=("ch",))], NAMES)

    assert [line.partition("réaliser ")[2].partition(".")[0] for line in lines if "→" in line] == [
        "deux audits ADS",
        "un audit ADS",
    ]


def test_a_directory_without_a_collector_is_told_with_the_table_to_add() -> None:
    said = texts.todo(replace(MISSING, why=Why.NO_COLLECTOR, subjects=("chu",)))

    assert '[[collectors]] avec kind = "ldap"' in said
    assert said.endswith(CHART.todo)


def test_once_the_programme_is_over_nothing_is_asked_any_more() -> None:
    over = replace(MISSING, closed_on=date(2025, 3, 28))

    assert texts.todo(over) == "Trop tard : le dernier jour du programme était le 28 mars 2025."
    assert [line for line in texts.lines([over], NAMES) if "→" in line] == []


def test_a_choice_to_make_comes_with_its_command() -> None:
    said = texts.todo(replace(MISSING, piece=replace(CHART, fact="p3_choice"), why=Why.NOT_CHOSEN))

    assert "carenage declare p3_choice --set chosen=" in said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({}, "✔ Schéma, 3 juin 2026", id="its-own-day"),
        pytest.param({"is_recorded": True}, "✔ Schéma, déclaré le 3 juin 2026", id="the-day-of-the-record"),
    ],
)
def test_the_day_of_a_record_is_not_taken_for_the_piece_s_own(values: dict[str, object], said: str) -> None:
    state = replace(MISSING, status=Status.PRESENT, why=Why.HELD, dated_on="2026-06-03", values=values)

    assert texts.lines([state], NAMES)[1:] == [said]
