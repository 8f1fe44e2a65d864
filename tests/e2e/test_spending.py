"""Money, from the table that the finance department keeps to the financial statement."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook, load_workbook

if TYPE_CHECKING:
    from tests.e2e.conftest import Installation

TABLE = (
    "Libellé;Programme;Objectif;Nature;N° de commande;Date de commande;N° de facture;Date de facture;"
    "Début d'abonnement;Fin d'abonnement;Montant TTC;Justification\r\n"
    "Durcissement de l'été;;D1.O1.B;Externe;BC-1;01/06/2026;F-1;2026-06-10;;;1 200,50 €;\r\n"
    "Scanner;D1bis;D1.O2.A;Indirect;BC-2;01/06/2026;F-2;10/06/2026;01/06/2026;31/05/2027;3 650;\r\n"
    "Chef de projet;;D1.O1;RH;;;;;01/06/2026;12/06/2026;3000;\r\n"
)


@pytest.fixture
def table(installation: Installation) -> Path:
    path = installation.folder / "depenses.csv"
    path.write_bytes(TABLE.encode("cp1252"))
    return path


def test_table_is_judged_without_sealing_anything(installation: Installation, table: Path) -> None:
    done = installation.type("spending", "check", str(table), "--json")

    assert done.code == 0
    assert [(line["verdict"], line["retained"], line["to_confirm"]) for line in done.json["lines"]] == [
        ("eligible", "1200.50", "0.00"),
        ("eligible", "3040.00", "610.00"),
        ("to_confirm", "0.00", "3000.00"),
    ]
    assert done.json["total"]["retained"] == "4240.50"
    assert installation.type("spending", "check", "--json").json["tables"] == []


def test_table_dropped_in_the_inbox_counts_and_a_later_one_of_its_name_replaces_it(
    installation: Installation, table: Path
) -> None:
    installation.drop("depenses.csv", table.read_bytes())
    installation.type("run")
    before = installation.type("spending", "check", "--json").json
    table.write_bytes(TABLE.replace("1 200,50", "1 300,50").encode())
    installation.type("inbox", "add", str(table))
    after = installation.type("spending", "check", "--json").json

    assert (before["total"]["retained"], after["total"]["retained"]) == ("4240.50", "4340.50")
    assert [one["replaces"] for one in after["tables"]] == [[before["tables"][0]["evidence"]]]


def test_tables_of_other_names_add_up_and_a_common_invoice_is_to_be_confirmed(
    installation: Installation, table: Path
) -> None:
    installation.type("inbox", "add", str(table))
    other = installation.folder / "ch-nord.csv"
    other.write_text(TABLE.partition("Scanner")[0], encoding="utf-8")
    installation.type("inbox", "add", str(other))
    found = installation.type("spending", "check", "--json").json

    assert len(found["tables"]) == 2
    assert [reason["code"] for reason in found["lines"][3]["reasons"]] == ["DUPLICATE_LINE"]


def test_table_that_a_person_says_is_another_document_no_longer_counts(installation: Installation, table: Path) -> None:
    added = installation.type("inbox", "add", str(table), "--json").json
    done = installation.type("inbox", "confirm", added["evidence_id"], "--kind", "document")

    assert done.code == 0, done
    assert installation.type("spending", "check", "--json").json["tables"] == []


def test_faulty_rows_are_all_told_and_leave_the_check_incomplete(installation: Installation, table: Path) -> None:
    table.write_text(
        TABLE + "Avoir;;D1.O1;Externe;;;;;;;-50;\r\nDollars;HOP'EN;D1.O1;Externe;;;;;;;5;\r\n", encoding="utf-8"
    )
    done = installation.type("spending", "check", str(table), "--json")

    assert done.code == 4
    assert [row["label"] for row in done.json["faulty"]] == ["Avoir", "Dollars"]
    assert installation.type("spending", "check", str(table)).out.count("INUTILISABLE") == 2


def test_statement_is_written_with_what_is_lacking_and_never_over_another_file(
    installation: Installation, table: Path
) -> None:
    installation.type("inbox", "add", str(table))
    to = installation.folder / "bilan.xlsx"
    done = installation.type("spending", "export", "--to", str(to), "--ceiling", "2 000,00", "--json")
    book = load_workbook(io.BytesIO(to.read_bytes()))

    assert (done.code, done.json["payable"]) == (0, "2000.00")
    assert book.sheetnames == ["Synthèse", "Lignes", "À compléter"]
    assert installation.type("spending", "export", "--to", str(to)).code == 2
    assert installation.type("spending", "export", "--to", str(to), "--replace").code == 0


def test_declared_signatures_are_no_longer_lacking(installation: Installation, table: Path) -> None:
    installation.type("inbox", "add", str(table))
    installation.type(
        *("declare", "financial_statement", "--set", "director_signed_on=2026-06-10"),
        *("--set", "accountant_signed_on=2026-06-11", "--person", "Camille Martin"),
    )
    found = installation.type("spending", "check", "--json").json

    assert [one["code"] for one in found["to_complete"]] == ["PAY_SUMMARY", "STAFF_NOT_JUSTIFIED"]


def test_later_phase_start_is_tried_without_changing_anything(installation: Installation, table: Path) -> None:
    found = installation.type("spending", "check", str(table), "--phase-start", "2026-06-02", "--json").json

    assert [line["verdict"] for line in found["lines"]] == ["to_confirm", "not_eligible", "to_confirm"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(("check", "absent.csv"), 2, id="no such file"),
        pytest.param(("check", "--programme", "HOPEN"), 2, id="programme that is not configured"),
        pytest.param(("check", "--ceiling", "-1"), 2, id="negative ceiling"),
        pytest.param(("check", "--ceiling", "1e30"), 2, id="ceiling that no one writes so"),
        pytest.param(("export", "--to", "absent/bilan.xlsx"), 4, id="no such folder"),
    ],
)
def test_what_cannot_be_asked_is_refused_as_one_json_document(
    installation: Installation, words: tuple[str, ...], code: int
) -> None:
    done = installation.type("spending", *words, "--json")

    assert done.code == code
    assert set(done.json) == {"error"}


def test_file_that_is_no_table_of_spending_is_refused(installation: Installation) -> None:
    book = Workbook()
    path = installation.folder / "notes.xlsx"
    book.save(path)
    done = installation.type("spending", "check", str(path), "--json")

    assert (done.code, "tableau de dépenses" in done.json["error"]["message"]) == (2, True)


def test_empty_table_is_given_and_judged_as_empty(installation: Installation) -> None:
    to = installation.folder / "vide.csv"
    installation.type("spending", "template", "--to", str(to))
    done = installation.type("spending", "check", str(to), "--json")

    assert (done.code, done.json["lines"]) == (0, [])
