"""Writes the financial statement as an Excel workbook: the totals, every line, what is lacking."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.display import inert_cell, printable
from agent.domain.spending import NOTHING, Nature, Standing
from agent.texts.spending import (
    DECLARE_ALL,
    INDICATIVE,
    NATURES,
    NO_OBJECTIVE,
    STANDINGS,
    sentence,
    source,
    to_do,
)
from agent.texts.words import counted, day

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from agent.domain.statement import JudgedLine, Statement

_MONEY = '#,##0.00\\ "€"'
_DAY = "dd/mm/yyyy"
_LONGEST_CELL = 2000
_EPOCH = (1980, 1, 1, 0, 0, 0)
_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)")
_NATURES: tuple[Nature | None, ...] = (*Nature, None)
_COLOURS = {Standing.ELIGIBLE: "E2F0D9", Standing.TO_CONFIRM: "FFF2CC", Standing.NOT_ELIGIBLE: "F8D7DA"}
_LINE_HEADINGS = (
    "Tableau", "Place", "Libellé", "Objectif", "Nature", "Catégorie", "Établissement", "Fournisseur", "N° de commande",
    "Date de commande", "N° de facture", "Date de facture", "Montant", "Verdict", "Retenu", "À confirmer", "Motifs",
    "Sources", "Alertes",
)  # fmt: skip
_LINE_WIDTHS = (18, 16, 36, 12, 18, 22, 18, 20, 14, 12, 14, 12, 14, 14, 14, 14, 60, 30, 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementHead:
    """Whom the statement is for; `public` tells who signs it."""

    candidate: str
    programme: str
    public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedRow:
    """A row of a table that could not be used."""

    table: str
    where: str
    label: str
    faults: tuple[str, ...]


def financial_statement(statement: Statement, head: StatementHead, unused: Sequence[UnusedRow]) -> bytes:
    """Return the workbook; the same statement gives the same bytes. Cells are values, never formulas."""
    from openpyxl import Workbook

    book = Workbook()
    book.properties.creator = "Carénage"
    summary = book.active
    if summary is None:
        raise AssertionError("a new workbook has a sheet")
    summary.title = "Synthèse"
    _write_summary(_Writer(summary), statement, head, len(unused))
    _write_lines(_Writer(book.create_sheet("Lignes")), statement.lines)
    _write_gaps(_Writer(book.create_sheet("À compléter")), statement, unused)
    return _timeless(book)


class _Writer:
    """Adds rows to a sheet; texts are made inert, and never longer than a cell."""

    def __init__(self, sheet: Worksheet) -> None:
        self.sheet = sheet
        self._row = 0

    def row(self, *values: object, bold: bool = False, fill: str | None = None) -> int:
        """Write one row and return its number."""
        from openpyxl.styles import Alignment, Font, PatternFill

        self._row += 1
        for column, value in enumerate(values, start=1):
            if value is None:
                continue
            cell = self.sheet.cell(self._row, column)
            if isinstance(value, str):
                cell.value = inert_cell(printable(value, longest=_LONGEST_CELL))
                cell.data_type = "s"
                cell.alignment = Alignment(wrap_text=True, vertical="top")
            else:
                cell.value = value  # type: ignore[assignment]
                cell.number_format = _MONEY if isinstance(value, Decimal) else _DAY if hasattr(value, "day") else "0"
                cell.alignment = Alignment(vertical="top")
            if bold:
                cell.font = Font(bold=True)
            if fill is not None:
                cell.fill = PatternFill("solid", start_color=fill)
        return self._row

    def widths(self, widths: Iterable[int]) -> None:
        from openpyxl.utils import get_column_letter

        for index, width in enumerate(widths, start=1):
            self.sheet.column_dimensions[get_column_letter(index)].width = width

    def headings(self, titles: Sequence[str]) -> None:
        """Write the headings of a table and keep them in sight."""
        row = self.row(*titles, bold=True, fill="D9E2F3")
        self.sheet.freeze_panes = f"A{row + 1}"


def _write_summary(out: _Writer, statement: Statement, head: StatementHead, unused: int) -> None:
    total = statement.total
    out.widths((34, *[22] * len(_NATURES), 18, 18, 18, 18))
    out.row("Bilan financier", bold=True)
    out.row(head.candidate)
    out.row(head.programme)
    end = "jour de déclaration non prévu" if statement.declaration is None else day(statement.declaration)
    out.row(f"Phase opérationnelle : du {day(statement.phase_start)} à la déclaration ({end})")
    out.row(f"État au {day(statement.as_of)}")
    out.row(INDICATIVE, bold=True)
    if unused:
        lines = counted(unused, "ligne inutilisable", "lignes inutilisables")
        out.row(f"INCOMPLET : {lines}, voir « À compléter ».", bold=True, fill="F8D7DA")
    out.row()
    out.row("Montants retenus, par objectif et nature", bold=True)
    out.headings(
        (
            "Objectif",
            *(NATURES[nature] for nature in _NATURES),
            "Total retenu",
            "À confirmer",
            "Non éligible",
            "Déclaré",
        )
    )
    for objective in dict.fromkeys(one.objective for one in statement.totals):
        sums = {one.nature: one for one in statement.totals if one.objective == objective}
        out.row(
            objective or NO_OBJECTIVE,
            *(sums[nature].retained if nature in sums else NOTHING for nature in _NATURES),
            sum((one.retained for one in sums.values()), NOTHING),
            sum((one.to_confirm for one in sums.values()), NOTHING),
            sum((one.set_aside for one in sums.values()), NOTHING),
            sum((one.declared for one in sums.values()), NOTHING),
        )
    out.row(
        "Total",
        *(sum((one.retained for one in statement.totals if one.nature is nature), NOTHING) for nature in _NATURES),
        total.retained,
        total.to_confirm,
        total.set_aside,
        total.declared,
        bold=True,
    )
    if statement.ceiling is not None:
        out.row()
        out.row("Plafond", statement.ceiling)
        out.row("Payable au plus", statement.payable, bold=True)
        out.row(DECLARE_ALL)
    out.row()
    out.row("Signatures", "Nom", "Date", "Signature", bold=True)
    out.row("Ordonnateur (directeur général)")
    out.row("Trésorier payeur ou agent comptable" if head.public else "Directeur financier (DAF) ou expert-comptable")


def _write_lines(out: _Writer, lines: Sequence[JudgedLine]) -> None:
    out.widths(_LINE_WIDTHS)
    out.headings(_LINE_HEADINGS)
    for one in lines:
        line, judgement = one.line.fact, one.judgement
        row = out.row(
            one.line.table,
            line.where,
            line.label,
            judgement.objective or line.objective,
            NATURES[judgement.nature],
            judgement.category.label if judgement.category else line.category,
            line.establishment,
            line.supplier,
            line.order_number,
            line.order_on,
            line.invoice_number,
            line.invoice_on,
            line.amount,
            STANDINGS[judgement.standing],
            judgement.retained,
            judgement.to_confirm,
            " ".join(sentence(remark) for remark in judgement.reasons),
            " ; ".join(dict.fromkeys(text for remark in judgement.reasons if (text := source(remark)))),
            " ".join(sentence(remark) for remark in judgement.warnings),
        )
        _paint(out.sheet, row, _LINE_HEADINGS.index("Verdict") + 1, _COLOURS[judgement.standing])


def _paint(sheet: Worksheet, row: int, column: int, colour: str) -> None:
    from openpyxl.styles import PatternFill

    sheet.cell(row, column).fill = PatternFill("solid", start_color=colour)


def _write_gaps(out: _Writer, statement: Statement, unused: Sequence[UnusedRow]) -> None:
    out.widths((20, 24, 36, 80, 30))
    out.headings(("Tableau", "Place", "Libellé", "À compléter", "Source"))
    for row in unused:
        out.row(row.table, row.where, row.label, "Ligne non comptée : " + " ".join(row.faults), fill="F8D7DA")
    for gap in statement.gaps:
        line = gap.line
        where = (line.table, line.fact.where, line.fact.label) if line is not None else ("Bilan", None, None)
        out.row(*where, to_do(gap), source(gap.remark))
    if not unused and not statement.gaps:
        out.row("Rien ne manque.")


def _timeless(book: Workbook) -> bytes:
    """Return the workbook's bytes without the moment and the machine's clock that its writer puts in them."""
    raw, out = io.BytesIO(), io.BytesIO()
    book.save(raw)
    with zipfile.ZipFile(raw) as source_zip, zipfile.ZipFile(out, "w") as target:
        for member in sorted(source_zip.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            content = source_zip.read(member)
            if member == "docProps/core.xml":
                content = _STAMP.sub(rb"\g<1>1980-01-01T00:00:00Z\2", content)
            info = zipfile.ZipInfo(member, date_time=_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            info.create_system = 3
            target.writestr(info, content)
    return out.getvalue()
