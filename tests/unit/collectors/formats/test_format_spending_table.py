from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook

from agent.domain.exposure import Reading
from collectors.formats.asset_list import AssetListReader
from collectors.formats.interface import Limits, Source
from collectors.formats.registry import readers
from collectors.formats.spending_table import SpendingTableReader

FRENCH = (
    "Libellé;Objectif;Nature;Fournisseur;N° de commande;Date de commande;N° de facture;Date de facture;Montant TTC (€)\r\n"
    "Durcissement de l'annuaire « été »;D1.O1.B;Externe;Cyber Sécurité;BC-1;01/04/2026;F-1;2026-06-30;1 234,56 €\r\n"
    "Licence œuvre;D1.O2.A;Indirect;Éditeur;BC-2;1er avril 2026;F-2;30 juin 2026;800\r\n"
)
HEADINGS = ["Libellé", "Objectif", "Date de commande", "Date de facture", "Montant"]


def read(data: str | bytes, limits: Limits | None = None, name: str = "depenses.csv") -> Reading:
    raw = data.encode() if isinstance(data, str) else data
    assert SpendingTableReader().sniff(raw[: 64 * 1024], name)
    return SpendingTableReader().read(Source(stream=io.BytesIO(raw), name=name, size=len(raw)), limits or Limits())


def lines(reading: Reading) -> list[dict[str, Any]]:
    found = reading.summary["lines"]
    assert isinstance(found, list)
    return found


def faults(reading: Reading) -> dict[str, list[str]]:
    found = reading.summary["faulty"]
    assert isinstance(found, list)
    return {row["where"]: row["faults"] for row in found}


def with_cell(heading: str, cell: str) -> str:
    return f"Objectif;Date de commande;Date de facture;Montant;{heading}\nD1.O1.B;01/04/2026;30/06/2026;100;{cell}\n"


def with_amount(cell: str) -> str:
    return f"Libellé\tObjectif\tDate de commande\tMontant\nPrestation\tD1.O1.B\t01/04/2026\t{cell}\n"


def workbook(
    *rows: Sequence[object], headings: Sequence[str] = HEADINGS, change: Callable[[Workbook], None] | None = None
) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Dépenses"
    for row in (headings, *rows):
        sheet.append(list(row))
    if change is not None:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_french_csv_is_read_in_the_encodings_of_excel(codec: str) -> None:
    found = read(FRENCH.encode(codec))

    assert (found.complete, found.problems) == (True, ())
    assert lines(found) == [
        {
            "where": "ligne 2",
            "label": "Durcissement de l'annuaire « été »",
            "objective": "D1.O1.B",
            "nature": "Externe",
            "supplier": "Cyber Sécurité",
            "order_number": "BC-1",
            "order_on": "2026-04-01",
            "invoice_number": "F-1",
            "invoice_on": "2026-06-30",
            "amount": "1234.56",
        },
        {
            "where": "ligne 3",
            "label": "Licence œuvre",
            "objective": "D1.O2.A",
            "nature": "Indirect",
            "supplier": "Éditeur",
            "order_number": "BC-2",
            "order_on": "2026-04-01",
            "invoice_number": "F-2",
            "invoice_on": "2026-06-30",
            "amount": "800.00",
        },
    ]
    assert found.summary["amounts"] == "TTC"


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_delimiter_is_found(delimiter: str) -> None:
    assert len(lines(read(FRENCH.replace(";", delimiter)))) == 2


def test_comma_csv_keeps_a_quoted_decimal_comma() -> None:
    text = 'Objectif,Date de commande,Date de facture,Montant\nD1.O1.B,01/04/2026,30/06/2026,"1 234,50"\n'

    assert lines(read(text))[0]["amount"] == "1234.50"


def test_bare_decimal_comma_of_a_comma_csv_is_a_fault_of_its_line() -> None:
    found = read("Objectif,Date de commande,Date de facture,Montant\nD1.O1.B,01/04/2026,30/06/2026,1234,50\n")

    assert lines(found) == []
    assert "plus de cellules" in faults(found)["ligne 2"][0]


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        pytest.param("1234", "1234.00", id="whole"),
        pytest.param("1234,5", "1234.50", id="decimal comma"),
        pytest.param("1234.56", "1234.56", id="decimal point"),
        pytest.param("1\u00a0234,56", "1234.56", id="no-break space"),
        pytest.param("1\u202f234\u202f567,89 €", "1234567.89", id="narrow no-break spaces"),
        pytest.param("€ 12,00", "12.00", id="euro before"),
        pytest.param("12,00 EUR", "12.00", id="code"),
        pytest.param("12,00 euros", "12.00", id="word"),
        pytest.param("1.234,56", "1234.56", id="point of thousands"),
        pytest.param("1,234.56", "1234.56", id="comma of thousands"),
        pytest.param("12’345,60", "12345.60", id="apostrophe of thousands"),
    ],
)
def test_amounts_as_people_write_them(cell: str, amount: str) -> None:
    assert lines(read(with_amount(cell)))[0]["amount"] == amount


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        pytest.param("-120,00", "négatif", id="minus"),
        pytest.param("\u2212120,00", "négatif", id="typographic minus"),
        pytest.param("(120,00)", "négatif", id="accountants' brackets"),
        pytest.param("120 $", "« $ »", id="dollars"),
        pytest.param("CHF 120.00", "« CHF »", id="Swiss francs"),
        pytest.param("£120", "« £ »", id="pounds"),
        pytest.param("12 000 XPF", "« XPF »", id="Pacific francs"),
        pytest.param("1.234", "ambigu", id="thousands or decimals"),
        pytest.param("1,234", "ambigu", id="thousands or decimals with a comma"),
        pytest.param("1234,567", "deux décimales", id="tenths of a cent"),
        pytest.param("12 34,00", "n'est pas un nombre", id="badly grouped"),
        pytest.param("douze", "n'est pas un nombre", id="words"),
        pytest.param("=12+3", "n'est pas un nombre", id="formula"),
        pytest.param("1e5", "n'est pas un nombre", id="scientific"),
        pytest.param("NaN", "n'est pas un nombre", id="not a number"),
        pytest.param("0", "nul", id="nothing"),
        pytest.param("1 000 000 000 000", "démesuré", id="absurd"),
        pytest.param("", "manque le montant", id="blank"),
    ],
)
def test_amount_that_cannot_be_used_is_refused_on_its_line(cell: str, said: str) -> None:
    found = read(with_amount(cell))

    assert (found.complete, lines(found)) == (False, [])
    assert said in faults(found)["ligne 2"][0]
    assert [problem.where for problem in found.problems] == ["ligne 2"]


def test_heading_in_another_currency_refuses_every_amount() -> None:
    found = read("Libellé;Objectif;Date de commande;Montant ($)\nA;D1.O1.B;01/04/2026;100\nB;D1.O1.B;01/04/2026;200\n")

    # Not even recognised as an amount of euros without its sign: the sign is what is told.
    assert [rows[0] for rows in faults(found).values()] == [
        "colonne « Montant ($) » : le montant est en « $ » : convertissez-le en euros."
    ] * 2


@pytest.mark.parametrize("currency", ["USD", "CHF", "livre sterling"])
def test_currency_column_other_than_the_euro_is_refused(currency: str) -> None:
    found = read(with_cell("Devise", currency))

    assert "n'est pas l'euro" in faults(found)["ligne 2"][0]


@pytest.mark.parametrize("currency", ["EUR", "€", "euros", ""])
def test_currency_column_in_euros_is_fine(currency: str) -> None:
    assert len(lines(read(with_cell("Devise", currency)))) == 1


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        pytest.param("14/03/2026", "2026-03-14", id="slashes"),
        pytest.param("14-03-2026", "2026-03-14", id="dashes"),
        pytest.param("14.03.2026", "2026-03-14", id="points"),
        pytest.param("4/3/2026", "2026-03-04", id="short"),
        pytest.param("2026-03-14", "2026-03-14", id="ISO"),
        pytest.param("2026-03-14 00:00:00", "2026-03-14", id="ISO with midnight"),
        pytest.param("14 mars 2026", "2026-03-14", id="words"),
        pytest.param("1er août 2026", "2026-08-01", id="first of August"),
        pytest.param("29/02/2028", "2028-02-29", id="leap day"),
    ],
)
def test_days_in_french_or_iso_form(cell: str, day: str) -> None:
    assert lines(read(with_cell("Date d'engagement", cell)))[0]["engaged_on"] == day


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        pytest.param("03/14/2026", "n'existe pas", id="American"),
        pytest.param("29/02/2027", "n'existe pas", id="no leap year"),
        pytest.param("14/03/26", "quatre chiffres", id="two-digit year"),
        pytest.param("46095", "n'est pas un jour", id="serial number"),
        pytest.param("mars 2026", "n'est pas un jour", id="month alone"),
        pytest.param("14/03/0026", "possible", id="year 26"),
    ],
)
def test_day_that_cannot_be_used_is_refused_on_its_line(cell: str, said: str) -> None:
    found = read(with_cell("Date d'engagement", cell))

    assert said in faults(found)["ligne 2"][0]
    assert "« Date d'engagement »" in faults(found)["ligne 2"][0]


def test_every_fault_of_every_line_is_told_at_once() -> None:
    found = read(
        "Libellé;Objectif;Date de commande;Date de facture;Montant\n"
        "A;D1.O1.B;32/01/2026;hier;-5\n"
        "B;D1.O1.B;01/04/2026;30/06/2026;10\n"
        "C;D1.O1.B;01/04/2026;30/06/2026;10 $\n"
    )

    assert {where: len(said) for where, said in faults(found).items()} == {"ligne 2": 3, "ligne 4": 1}
    assert [one["label"] for one in lines(found)] == ["B"]


def test_period_stands_in_two_columns_or_in_one() -> None:
    two = read(
        "Objectif;Date de commande;Début d'abonnement;Fin d'abonnement;Montant\nD1.O1;01/04/2026;01/05/2026;2027-04-30;9\n"
    )
    one = read(
        "Objectif;Date de commande;Période d'abonnement;Montant\nD1.O1;01/04/2026;du 1er mai 2026 au 30/04/2027;9\n"
    )

    for found in (two, one):
        assert (lines(found)[0]["period_from"], lines(found)[0]["period_to"]) == ("2026-05-01", "2027-04-30")


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        pytest.param("Objectif;Date de début;Date de fin", "period_from", id="with an end"),
        pytest.param("Objectif;Date de début;Nature", "starts_on", id="without"),
    ],
)
def test_start_is_a_period_s_where_there_is_an_end(heading: str, field: str) -> None:
    found = read(f"{heading};Montant\nD1.O1;01/05/2026;;9\n")

    assert lines(found)[0][field] == "2026-05-01"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "Objectif;Date de commande;Début d'abonnement;Fin d'abonnement;Montant\nD1;01/04/2026;02/05/2026;01/05/2026;9\n",
            "finit avant",
            id="period that runs backwards",
        ),
        pytest.param(with_cell("Période", "2026"), "n'est pas une période", id="period without two days"),
        pytest.param(with_cell("Part ARS", "100,01"), "dépasse le montant", id="more paid than spent"),
        pytest.param(with_cell("Part ARS", "-1"), "négatif", id="negative part"),
        pytest.param(with_cell("Décision", "peut-être"), "oui ou non", id="neither yes nor no"),
        pytest.param("Objectif;Date de commande;Nature;Montant\nD1;01/04/2026;x\n", "manque le montant", id="cut row"),
    ],
)
def test_row_that_contradicts_itself_is_refused(text: str, said: str) -> None:
    assert said in " ".join(faults(read(text))["ligne 2"])


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        pytest.param("Lettre de mission", "Lettre de mission", id="a text"),
        pytest.param("non", None, id="no"),
        pytest.param("néant", None, id="none"),
        pytest.param("-", None, id="a dash"),
    ],
)
def test_justification_that_says_there_is_none_is_none(cell: str, kept: str | None) -> None:
    assert lines(read(with_cell("Justification", cell)))[0].get("justification") == kept


def test_title_total_and_note_around_the_table_are_told_and_not_counted() -> None:
    found = read(f"Dépenses CaRE 2026;;;\n\n{FRENCH}Total;;;;;;;;2 034,56\nÉtat arrêté au 1er juillet;;;;;;;;\n")

    assert (found.complete, [one["where"] for one in lines(found)]) == (True, ["ligne 4", "ligne 5"])
    assert [problem.where for problem in found.problems] == ["ligne 6", "ligne 7"]


def test_supplier_called_total_is_no_total() -> None:
    found = read("Fournisseur;Objectif;Date de commande;Montant\nTotal Énergies;D1.O1;01/04/2026;9\n")

    assert len(lines(found)) == 1


def test_line_of_a_cell_with_line_ends_is_where_it_begins() -> None:
    text = 'Libellé;Objectif;Date de commande;Montant\n"A\nB";D1.O1;01/04/2026;9\nC;D1.O1;01/04/2026;-1\n'
    found = read(text)

    assert (lines(found)[0]["where"], list(faults(found))) == ("ligne 2", ["ligne 4"])


def test_line_that_announces_the_delimiter_is_counted() -> None:
    assert lines(read("sep=;\r\n" + FRENCH))[0]["where"] == "ligne 3"


def test_column_said_twice_leaves_the_table_incomplete() -> None:
    found = read("Objectif;Date de facture;Date facture;Montant\nD1.O1;01/04/2026;02/04/2026;9\n")

    assert found.complete is False
    assert "Date facture" in found.problems[0].what


def test_amounts_with_tax_are_taken_and_it_is_told() -> None:
    found = read("Objectif;Date de facture;Montant HT;Montant TTC\nD1.O1;01/04/2026;100;120\n")

    assert lines(found)[0]["amount"] == "120.00"
    assert "TTC" in found.problems[0].what


def test_column_of_unknown_meaning_is_named() -> None:
    assert read(with_cell("Couleur", "bleu")).summary["ignored_columns"] == ["Couleur"]


def test_cell_too_long_is_cut() -> None:
    found = read(FRENCH.replace("Licence", "L" * 10_000))

    assert len(lines(found)[1]["label"]) == Limits().field_characters


def test_badly_closed_cell_leaves_the_table_incomplete() -> None:
    assert read(FRENCH + '"' + "x" * 200_000).complete is False


@pytest.mark.parametrize("sign", ["\0", "\x01", "\x1a", "\x7f"], ids=["nul", "control", "end", "delete"])
@pytest.mark.parametrize("codec", ["utf-8", "cp1252", "utf-16"])
def test_character_that_is_no_text_refuses_its_line_and_no_other(sign: str, codec: str) -> None:
    found = read(FRENCH.replace("BC-1", f"BC{sign}1").encode(codec))

    assert not found.complete
    assert [one["where"] for one in lines(found)] == ["ligne 3"]
    assert faults(found) == {
        "ligne 2": ["colonne « N° de commande » : un caractère y est illisible : retapez la cellule."]
    }


def test_bytes_without_meaning_leave_the_table_known_and_incomplete() -> None:
    found = read(FRENCH.encode("cp1252").replace(b"Cyber", b"Cy\x81ber"))

    assert (found.complete, len(lines(found))) == (False, 2)


def test_too_many_rows_leave_the_table_incomplete() -> None:
    found = read("Objectif;Date de facture;Montant\n" + "D1.O1;01/04/2026;9\n" * 20_010)

    assert (found.complete, len(lines(found))) == (False, 19_999)


# What it is not


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("Nom de domaine;Propriétaire\nwww.chu.fr;DSI\n", id="assets"),
        pytest.param("Montant;Commentaire\n12;rien\n", id="an amount alone"),
        pytest.param("Bonjour, voici les dépenses", id="a letter"),
        pytest.param('{"Objectif": 1}', id="JSON"),
        pytest.param("Objectif;Date de facture;Montant\n".encode("utf-16-le").decode(), id="UTF-16 without its mark"),
        pytest.param("<table><tr><td>Objectif;Date de facture;Montant</td></tr></table>", id="HTML"),
    ],
)
def test_other_texts_are_left_to_other_readers(data: str) -> None:
    assert not SpendingTableReader().sniff(data.encode(), "depenses.csv")


@pytest.mark.parametrize("table", [FRENCH.encode(), FRENCH.encode("cp1252")], ids=["utf-8", "cp1252"])
def test_no_other_reader_takes_it_first(table: bytes) -> None:
    first = next(reader for reader in readers()[0] if reader.sniff(table, "depenses.csv"))

    assert first.format == "spending_table"
    assert not AssetListReader().sniff(table, "depenses.csv")


# Excel


def test_workbook_is_read_with_its_dates_and_numbers() -> None:
    found = read(
        workbook(
            ["Durcissement", "D1.O1.B", datetime.fromisoformat("2026-04-01"), date(2026, 6, 30), 1234.56],
            ["Licence", "D1.O2.A", "01/04/2026", "2026-06-30", "800,00 €"],
        ),
        name="depenses.xlsx",
    )

    assert (found.format, found.complete, found.problems) == ("spending_table", True, ())
    assert [(one["where"], one["order_on"], one["amount"]) for one in lines(found)] == [
        ("feuille « Dépenses », ligne 2", "2026-04-01", "1234.56"),
        ("feuille « Dépenses », ligne 3", "2026-04-01", "800.00"),
    ]


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        pytest.param(0.1 + 0.2, "0.30", id="noise of the machine"),
        pytest.param(1481.184, "1481.18", id="a tax that was multiplied"),
        pytest.param(2.675, "2.68", id="half a cent, as written"),
        pytest.param(12, "12.00", id="whole"),
    ],
)
def test_number_of_a_workbook_is_rounded_to_the_cent(value: float, amount: str) -> None:
    assert lines(read(workbook(["A", "D1.O1", date(2026, 4, 1), date(2026, 4, 2), value])))[0]["amount"] == amount


def test_formula_without_a_value_is_a_fault_and_is_never_computed() -> None:
    found = read(workbook(["A", "D1.O1", date(2026, 4, 1), date(2026, 4, 2), "=100+20"]))

    assert "formule sans valeur" in faults(found)["feuille « Dépenses », ligne 2"][0]


def test_formula_counts_for_the_value_that_the_program_saved() -> None:
    data = workbook(["A", "D1.O1", date(2026, 4, 1), date(2026, 4, 2), "=100+20"])
    saved = _rewritten(
        data,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b"<v></v>", b"<v>120</v>").replace(b"<v />", b"<v>120</v>"),
    )

    assert lines(read(saved))[0]["amount"] == "120.00"


def test_error_shown_by_the_program_is_a_fault() -> None:
    found = read(workbook(["A", "D1.O1", date(2026, 4, 1), date(2026, 4, 2), "#REF!"]))

    assert "#REF!" in faults(found)["feuille « Dépenses », ligne 2"][0]


@pytest.mark.parametrize("display", ["[$$-409]#,##0.00", '#,##0.00\\ "CHF"', "[$£-809]#,##0.00"])
def test_number_shown_in_another_currency_is_refused(display: str) -> None:
    def show(book: Workbook) -> None:
        book["Dépenses"]["E2"].number_format = display

    found = read(workbook(["A", "D1.O1", date(2026, 4, 1), date(2026, 4, 2), 12], change=show))

    assert "convertissez-le en euros" in faults(found)["feuille « Dépenses », ligne 2"][0]


def test_number_shown_in_euros_is_fine() -> None:
    def show(book: Workbook) -> None:
        book["Dépenses"]["E2"].number_format = "#,##0.00\\ [$€-40C]"

    assert len(lines(read(workbook(["A", "D1.O1", date(2026, 4, 1), date(2026, 4, 2), 12], change=show)))) == 1


def test_number_where_a_day_belongs_is_refused() -> None:
    found = read(workbook(["A", "D1.O1", 46_095, date(2026, 4, 2), 12]))

    assert "format date" in faults(found)["feuille « Dépenses », ligne 2"][0]


def test_every_visible_sheet_is_read_and_a_hidden_one_is_named() -> None:
    def more(book: Workbook) -> None:
        for name, state in (("Suite", "visible"), ("Ancien", "hidden"), ("Notes", "visible")):
            sheet = book.create_sheet(name)
            sheet.sheet_state = state
            if name != "Notes":
                sheet.append(HEADINGS)
                sheet.append([name, "D1.O1", date(2026, 4, 1), date(2026, 4, 2), 5])

    found = read(workbook(["A", "D1.O1", date(2026, 4, 1), date(2026, 4, 2), 12], change=more))

    assert [one["label"] for one in lines(found)] == ["A", "Suite"]
    assert [problem.where for problem in found.problems] == ["feuille « Ancien »"]


def test_workbook_without_spending_stays_a_document() -> None:
    found = read(workbook(["www.chu.fr", "DSI"], headings=["Domaine", "Responsable"]), name="domaines.xlsx")

    assert (found.format, found.kind, found.complete) == ("document", "document", True)


def _rewritten(data: bytes, member: str, change: Callable[[bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            content = source.read(info)
            target.writestr(info.filename, change(content) if info.filename == member else content)
    return out.getvalue()


SOUND = workbook(["A", "D1.O1", date(2026, 4, 1), date(2026, 4, 2), 12])
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bomb"><!ENTITY c "&b;&b;&b;&b;">]>'


def _bomb() -> bytes:
    return _rewritten(SOUND, "xl/worksheets/sheet1.xml", lambda _: b" " * (140 * 1024 * 1024))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(lambda: SOUND[:-40], id="cut short"),
        pytest.param(_bomb, id="zip bomb"),
        pytest.param(
            lambda: _rewritten(SOUND, "xl/worksheets/sheet1.xml", lambda xml: ENTITIES + xml.partition(b"?>")[2]),
            id="entities in a sheet",
        ),
        pytest.param(
            lambda: _rewritten(SOUND, "xl/styles.xml", lambda xml: ENTITIES + xml), id="entities in the styles"
        ),
        pytest.param(lambda: _rewritten(SOUND, "xl/workbook.xml", lambda _: b"<nonsense"), id="no workbook"),
        pytest.param(
            lambda: _rewritten(SOUND, "xl/worksheets/sheet1.xml", lambda xml: xml[:-60]), id="sheet cut in the middle"
        ),
        pytest.param(
            lambda: _rewritten(SOUND, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'r="E2"', b'r="ZZZZZZ9"')),
            id="cell off the sheet",
        ),
    ],
)
def test_hostile_or_damaged_workbook_is_incomplete_and_does_not_raise(data: Callable[[], bytes]) -> None:
    found = read(data())

    assert found.complete is False
    assert found.problems


def test_row_at_the_end_of_the_sheet_costs_nothing() -> None:
    far = _rewritten(SOUND, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'<row r="2"', b'<row r="1048576"'))

    assert lines(read(far)) == []
