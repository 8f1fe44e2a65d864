from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from agent.domain.facts import SpendingLineFact
from agent.domain.statement import SpendingLine, Statement, judge_table
from collectors.formats.interface import Limits, Source
from collectors.formats.spending_table import SpendingTableReader
from config.spending_rules import spending_rules
from uploader.dossier.financial_statement import StatementHead, UnusedRow, financial_statement

LINE = SpendingLineFact(
    where="ligne 2",
    label="Durcissement",
    objective="D1.O1.B",
    nature="externe",
    order_number="BC-1",
    order_on=date(2026, 4, 1),
    invoice_number="F-1",
    invoice_on=date(2026, 6, 30),
    amount=Decimal("1200.10"),
)
HEAD = StatementHead(candidate="GHT Exemple", programme="CaRE, domaine 1 bis", public=True)
HOSTILE = "=cmd|'/c calc'!A1"


def statement(*lines: SpendingLineFact, **values: Any) -> Statement:
    given: dict[str, Any] = {
        "programme": "D1BIS_2026",
        "phase_start": date(2026, 3, 2),
        "declaration": date(2027, 3, 31),
        "as_of": date(2026, 7, 1),
        "public": True,
    }
    tables = [SpendingLine(table="depenses.csv", fact=line) for line in lines]
    return judge_table(tables, spending_rules("D1BIS_2026"), **{**given, **values})


def opened(made: Statement, *unused: UnusedRow, head: StatementHead = HEAD) -> Workbook:
    return load_workbook(io.BytesIO(financial_statement(made, head, unused)))


def rows(book: Workbook, name: str) -> list[list[Any]]:
    return [[cell for cell in row if cell is not None] for row in book[name].iter_rows(values_only=True)]


def test_totals_stand_by_objective_and_nature() -> None:
    book = opened(
        statement(
            LINE,
            replace(LINE, where="ligne 3", invoice_number="F-2", nature="licence", amount=Decimal(100)),
            replace(LINE, where="ligne 4", invoice_number="F-3", objective="D1.O2.B", category="EDR"),
        )
    )
    found = rows(book, "Synthèse")
    first = next(index for index, row in enumerate(found) if row[:1] == ["Objectif"])

    assert found[first : first + 4] == [
        [
            "Objectif",
            "Coûts internes (RH)",
            "Coûts externes (prestations)",
            "Coûts indirects (licences, matériel…)",
            "Nature à préciser",
            "Total retenu",
            "À confirmer",
            "Non éligible",
            "Déclaré",
        ],
        ["D1.O1.B", 0, 1200.1, 100, 0, 1300.1, 0, 0, 1300.1],
        ["D1.O2.B", 0, 0, 0, 0, 0, 0, 1200.1, 1200.1],
        ["Total", 0, 1200.1, 100, 0, 1300.1, 0, 1200.1, 2500.2],
    ]


def test_each_line_shows_its_verdict_its_reason_and_its_source() -> None:
    found = rows(opened(statement(replace(LINE, category="EDR", objective="D1.O2.B"))), "Lignes")[1]

    assert found[1:4] == ["ligne 2", "Durcissement", "D1.O2.B"]
    assert "non éligible" in found
    assert "D1bis, Q/R 2.8" in found


def test_what_is_lacking_is_listed_with_the_rows_that_could_not_be_used() -> None:
    unused = UnusedRow(table="depenses.csv", where="ligne 9", label="Avoir", faults=("le montant est négatif.",))
    found = rows(opened(statement(replace(LINE, order_number=None)), unused), "À compléter")

    assert [row[:2] for row in found[1:]] == [
        ["depenses.csv", "ligne 9"],
        ["Bilan", "Il manque la signature de l'ordonnateur (directeur général)."],
        ["Bilan", "Il manque la signature du trésorier payeur ou de l'agent comptable."],
        ["depenses.csv", "ligne 2"],
    ]


def test_unused_rows_mark_the_summary_as_incomplete() -> None:
    unused = UnusedRow(table="depenses.csv", where="ligne 9", label="Avoir", faults=("le montant est négatif.",))

    assert ["INCOMPLET : 1 ligne inutilisable, voir « À compléter »."] in rows(
        opened(statement(LINE), unused), "Synthèse"
    )


def test_ceiling_stands_beside_the_advice_to_declare_everything() -> None:
    found = rows(opened(statement(LINE, ceiling=Decimal(1000))), "Synthèse")

    assert ["Payable au plus", 1000] in found
    assert any("déclarez toutes les dépenses" in str(row) for row in found)


@pytest.mark.parametrize(
    ("public", "signatory"),
    [
        pytest.param(True, "Trésorier payeur ou agent comptable", id="public"),
        pytest.param(False, "Directeur financier (DAF) ou expert-comptable", id="private"),
    ],
)
def test_signatures_are_those_of_the_kind_of_candidate(public: bool, signatory: str) -> None:
    found = rows(opened(statement(LINE, public=public), head=replace(HEAD, public=public)), "Synthèse")

    assert found[-2:] == [["Ordonnateur (directeur général)"], [signatory]]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_text_of_a_table_is_never_a_formula(sign: str) -> None:
    text = sign + HOSTILE
    book = opened(statement(replace(LINE, label=text, supplier=text, order_number=text)))
    cells = [
        cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if HOSTILE in str(cell.value)
    ]

    assert len(cells) == 3
    assert {cell.data_type for cell in cells} == {"s"}
    assert {str(cell.value)[0] for cell in cells} == {"'"}


def test_control_characters_and_endless_texts_do_not_break_the_workbook() -> None:
    book = opened(statement(replace(LINE, label="a\x00\x0b\x1b" + "é" * 100_000)))

    assert len(rows(book, "Lignes")[1][2]) <= 2000


def test_same_statement_gives_the_same_bytes() -> None:
    first, second = (financial_statement(statement(LINE), HEAD, ()) for _ in range(2))

    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {info.date_time[0] for info in archive.infolist()} == {1980}
        assert b"1980-01-01T00:00:00Z" in archive.read("docProps/core.xml")


def test_statement_put_back_into_the_inbox_is_no_table_of_spending() -> None:
    data = financial_statement(statement(LINE), HEAD, ())
    found = SpendingTableReader().read(Source(stream=io.BytesIO(data), name="bilan.xlsx", size=len(data)), Limits())

    assert found.format == "document"
