"""Spending lines that people keep in a spreadsheet: CSV, or an Excel workbook (.xlsx)."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import ParseError

from agent.domain.exposure import Problem, Reading
from agent.domain.spending import cents
from agent.domain.wording import folded, yes_or_no
from agent.domain.written_amount import WrittenAmountError, foreign_currency, is_euro, possible_amount, read_euros
from agent.domain.written_day import WrittenDayError, find_days, possible_day, read_day
from agent.texts.faults import sentence
from collectors.formats.document import DocumentReader
from collectors.formats.interface import MIB, Limits, ProblemLog, Reader, Source, clip
from collectors.formats.text import CONTROLS, decode, text_of

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

_HEADINGS: dict[str, tuple[str, ...]] = {
    "label": ("libelle", "libelle de la depense", "designation", "description", "intitule", "objet", "depense"),
    "programme": ("programme", "domaine", "appel a financement"),
    "establishment": ("etablissement", "entite", "structure"),
    "objective": ("objectif", "objectifs", "objectif care", "objectif concerne", "objective"),
    "nature": ("nature", "nature de la depense", "nature de depense", "nature du cout", "type de cout"),
    "category": ("categorie", "categorie de depense", "categorie de la depense", "poste", "category"),
    "supplier": ("fournisseur", "prestataire", "titulaire", "societe", "editeur", "supplier"),
    "order_number": (
        "n de commande", "no de commande", "numero de commande", "n commande", "bon de commande", "n bc", "bc",
        "n de bon de commande", "n du bon de commande", "n bon de commande", "numero de bon de commande",
        "numero du bon de commande", "reference commande", "reference de commande",
    ),
    "order_on": (
        "date de commande", "date commande", "date de la commande", "date du bon de commande", "date bon de commande",
        "date de bon de commande", "date bc", "commande le", "order date",
    ),
    "invoice_number": (
        "n de facture", "no de facture", "numero de facture", "n facture", "facture", "n de la facture",
        "numero de la facture", "reference facture", "reference de facture", "invoice number",
    ),
    "invoice_on": (
        "date de facture", "date facture", "date de la facture", "date de facturation", "facture le", "invoice date",
    ),
    "engaged_on": ("date d engagement", "date engagement", "date de l engagement", "engagement", "engage le"),
    "starts_on": (
        "date de debut des travaux", "debut des travaux", "date de demarrage", "demarrage", "demarrage des travaux",
        "date de demarrage des travaux", "debut de prestation", "date de debut de prestation", "date de debut",
        "date debut", "debut", "start date",
    ),
    "start_stated_on": (
        "demarrage indique sur", "debut indique sur", "date de demarrage indiquee sur", "piece indiquant le demarrage",
    ),
    "period_from": (
        "debut d abonnement", "debut abonnement", "debut de l abonnement", "date de debut d abonnement",
        "date debut abonnement", "debut de periode", "debut de la periode", "date de debut de periode", "abonnement du",
        "periode du", "du",
    ),
    "period_to": (
        "fin d abonnement", "fin abonnement", "fin de l abonnement", "date de fin d abonnement", "date fin abonnement",
        "fin de periode", "fin de la periode", "date de fin de periode", "abonnement au", "periode au", "au",
        "date de fin", "date fin", "fin",
    ),
    "period": ("periode", "periode d abonnement", "periode de l abonnement", "subscription period"),
    "held_on": ("date de l exercice", "date exercice", "date d exercice", "exercice le", "date de realisation"),
    "amount_with_tax": ("montant ttc", "montant ttc eur", "montant ttc en euros", "ttc", "total ttc"),
    "amount": (
        "montant", "montant eur", "montant en euros", "montant en eur", "montant euros", "cout", "cout total", "amount",
    ),
    "amount_without_tax": ("montant ht", "montant ht eur", "montant ht en euros", "ht", "total ht"),
    "other_funding": (
        "part financee par ailleurs", "part financee par l ars", "part ars", "financement ars", "autre financement",
        "montant finance par l ars", "subvention", "autres financements",
    ),
    "currency": ("devise", "monnaie", "currency"),
    "decision": ("decision", "a retenir"),
    "justification": ("justification", "justifications", "justificatif", "justificatifs", "preuve"),
}  # fmt: skip
_AMOUNTS = ("amount_with_tax", "amount", "amount_without_tax")
_BASES = {"amount_with_tax": "TTC", "amount_without_tax": "HT", "amount": None}
# A table of spending has an amount and at least two of these.
_TELLING = frozenset(
    {"objective", "nature", "category", "order_on", "order_number", "invoice_on", "invoice_number", "engaged_on"}
    | {"starts_on", "period_from", "period_to", "period", "supplier"}
)
_LEAST_TELLING = 2
# What our own financial statement adds to the lines it was made of (uploader/dossier/financial_statement.py).
_OF_A_STATEMENT = {"verdict", "retenu", "motifs"}
_DAYS = ("order_on", "invoice_on", "engaged_on", "starts_on", "period_from", "period_to", "held_on")
_TEXTS = (
    "label", "programme", "establishment", "objective", "nature", "category", "supplier", "order_number",
    "invoice_number", "start_stated_on",
)  # fmt: skip
_DELIMITERS = (";", "\t", ",")
_HEADING_ROWS = 30
_MOST_ROWS = 20_000
_MOST_COLUMNS = 64
_MOST_SHEETS = 64
_LARGEST_CSV = 32 * MIB
_LARGEST_WORKBOOK = 16 * MIB
_LARGEST_CONTENT = 128 * MIB
_MOST_MEMBERS = 2000
_ZIP = b"PK\x03\x04"
# Their order in the archive is free: one of them stands near its beginning.
_WORKBOOK_MEMBERS = (b"xl/workbook.xml", b"xl/worksheets/", b"xl/theme/", b"xl/styles.xml", b"xl/sharedStrings.xml")
_WORKBOOK_DAMAGE = (
    OSError, KeyError, ValueError, TypeError, AttributeError, IndexError, ArithmeticError, EOFError, RuntimeError,
    ParseError, zlib.error, zipfile.BadZipFile,
)  # fmt: skip
_TOTAL = re.compile(r"(?:sous )?(?:total|totaux)\b")
_NO_JUSTIFICATION = frozenset({"", "non", "aucun", "aucune", "neant", "sans", "sans objet", "n a", "na", "0"})

CellValue = str | Decimal | date | bool | None


class _FaultError(ValueError):
    """A cell cannot be used; the text says in French why, and what to write."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """One cell: its value, or why it has none; `foreign` is the currency that its display names."""

    value: CellValue = None
    fault: str | None = None
    foreign: str | None = None

    @property
    def text(self) -> str:
        """Return the cell as text, "" when it is blank."""
        if isinstance(self.value, Decimal):
            return f"{self.value.normalize():f}"
        if isinstance(self.value, bool):
            return "oui" if self.value else "non"
        return "" if self.value is None else str(self.value).strip()

    @property
    def is_blank(self) -> bool:
        """Return whether nothing stands in the cell."""
        return self.fault is None and not self.text


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A rectangle of cells: `rows` are (line number, cells), the blank ones left out; `name` is a workbook sheet's."""

    name: str | None
    rows: Iterator[tuple[int, Sequence[_Cell]]]

    def where(self, line: int) -> str:
        """Return how people find a line."""
        return f"ligne {line}" if self.name is None else f"feuille « {self.name} », ligne {line}"


@dataclass(slots=True)
class _Columns:
    """What the heading row says: for each field its column and its title, the foreign currency it names if any."""

    at: dict[str, int]
    titles: dict[str, str]
    width: int
    ignored: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)

    @property
    def amount(self) -> str:
        """Return the field that holds the amounts: with tax where it is given."""
        return next(name for name in _AMOUNTS if name in self.at)

    @property
    def is_spending(self) -> bool:
        """Return whether these are the headings of a table of spending, and not those of a statement made of one."""
        if {folded(title) for title in self.ignored} >= _OF_A_STATEMENT:
            return False
        return any(name in self.at for name in _AMOUNTS) and len(_TELLING & set(self.at)) >= _LEAST_TELLING


@dataclass(slots=True)
class _Found:
    """What was understood of a whole file, within `limits`."""

    limits: Limits
    problems: ProblemLog
    lines: list[dict[str, object]] = field(default_factory=list)
    faulty: list[dict[str, object]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    bases: set[str | None] = field(default_factory=set)
    tables: int = 0
    complete: bool = True

    def stop(self, where: str, what: str) -> None:
        """Note what keeps the file from being wholly read."""
        self.complete = False
        self.problems.add(where, what)


class SpendingTableReader(Reader):
    """
    One spending line per row below the headings.

    `summary.lines` holds them in the order of the file (a field that the table lacks is absent; amounts and days
    are ISO text), `summary.faulty` the rows that cannot be used: `{"where", "label", "faults"}`. A row is taken
    whole or refused whole. A workbook that holds no such table is a document.
    """

    format: ClassVar[str] = "spending_table"
    version: ClassVar[int] = 1
    kind: ClassVar[str] = "document"
    title: ClassVar[str] = "Tableau de dépenses (CSV ou Excel)"
    rank: ClassVar[int] = 1

    def sniff(self, head: bytes, name: str) -> bool:
        del name
        if head.startswith(_ZIP) and any(member in head for member in _WORKBOOK_MEMBERS):
            return True  # the headings are deep inside: reading tells
        text = text_of(head, damaged=True)  # its headings tell what it is, its lines what is damaged
        if text is None or text.lstrip().startswith(("<", "{", "[")):
            return False
        return _csv_delimiter(text) is not None

    def read(self, source: Source, limits: Limits) -> Reading:
        head = source.stream.read(len(_ZIP))
        source.stream.seek(0)
        if head == _ZIP:
            return self._workbook(source, limits)
        found = _Found(limits, ProblemLog(limits.problems))
        if source.size > _LARGEST_CSV:
            found.stop("fichier", f"Le tableau dépasse {_LARGEST_CSV // MIB} Mio : il n'est pas lu.")
            return self._reading(source, found)
        text, encoding, exact = decode(source.stream.read())
        if not exact:
            found.stop("document", "Certains caractères n'ont pas pu être décodés : relisez les libellés.")
        delimiter = _csv_delimiter(text) or ";"
        try:
            _take(_Sheet(None, _csv_rows(text, delimiter)), found)
        except csv.Error:
            found.stop("document", "Une cellule est démesurée ou mal fermée : la suite n'est pas lue.")
        return self._reading(source, found, encoding=encoding)

    def _workbook(self, source: Source, limits: Limits) -> Reading:
        """Return what the visible sheets of a workbook hold; without a table of spending, it is a document."""
        as_document = DocumentReader().read(source, limits)
        refusal = _refusal(source)
        if refusal is not None:
            return replace(
                as_document, complete=False, problems=(*as_document.problems, Problem(where="classeur", what=refusal))
            )
        found = _Found(limits, ProblemLog(limits.problems))
        source.stream.seek(0)
        data = source.stream.read()
        try:
            _take_workbook(data, found)
        except _WORKBOOK_DAMAGE:
            found.stop("classeur", "Le classeur est abîmé ou n'est pas un .xlsx ordinaire : la suite n'est pas lue.")
            if not found.tables:
                return replace(as_document, complete=False, problems=(*as_document.problems, *found.problems.all()))
        return self._reading(source, found) if found.tables else as_document

    def _reading(self, source: Source, found: _Found, *, encoding: str | None = None) -> Reading:
        basis = next(iter(found.bases)) if len(found.bases) == 1 else None
        return Reading(
            format=self.format,
            kind=self.kind,
            reader_version=self.version,
            complete=found.complete and not found.faulty,
            problems=found.problems.all(),
            summary={
                "table": source.name,
                "encoding": encoding,
                "amounts": basis,
                "lines": found.lines,
                "faulty": found.faulty,
                "ignored_columns": found.ignored,
            },
        )


# CSV


def _csv_delimiter(text: str) -> str | None:
    """Return the delimiter under which the beginning of `text` has the headings of a table of spending."""
    best: tuple[int, str] | None = None
    for delimiter in _DELIMITERS:
        try:
            rows = [[_Cell(cell) for cell in row] for row in islice(_csv(text, delimiter), _HEADING_ROWS)]
        except csv.Error:
            continue
        found = max((len(columns.at) for row in rows if (columns := _columns(row)).is_spending), default=0)
        if found and (best is None or found > best[0]):
            best = (found, delimiter)
    return best[1] if best else None


def _csv(text: str, delimiter: str) -> Iterator[list[str]]:
    announced = re.match(r"sep=.\r?\n", text)
    return iter(
        csv.reader(io.StringIO(text[announced.end() :] if announced else text, newline=""), delimiter=delimiter)
    )


def _csv_rows(text: str, delimiter: str) -> Iterator[tuple[int, list[_Cell]]]:
    """Yield (number of its first line, cells) of each row that is not blank."""
    announced = re.match(r"sep=.\r?\n", text)
    stream = io.StringIO(text[announced.end() :] if announced else text, newline="")
    above = 1 if announced else 0
    reader = csv.reader(stream, delimiter=delimiter)
    before = 0
    for row in reader:
        line, before = before + 1, reader.line_num
        if any(cell.strip() for cell in row):
            yield above + line, [_text_cell(cell) for cell in row]


def _text_cell(text: str) -> _Cell:
    return _Cell(text, fault="un caractère y est illisible : retapez la cellule" if CONTROLS.search(text) else None)


# Excel


def _refusal(source: Source) -> str | None:
    """Return why a workbook is not opened: too large, too many members, or more content than a table ever has."""
    if source.size > _LARGEST_WORKBOOK:
        return f"Le classeur dépasse {_LARGEST_WORKBOOK // MIB} Mio : aucun tableau n'y est cherché."
    try:
        source.stream.seek(0)
        with zipfile.ZipFile(source.stream) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return "Le classeur est abîmé : aucun tableau n'y est cherché."
    if len(members) > _MOST_MEMBERS or sum(one.file_size for one in members) > _LARGEST_CONTENT:
        return "Le contenu du classeur est démesuré une fois décompressé : aucun tableau n'y est cherché."
    return None


def _take_workbook(data: bytes, found: _Found) -> None:
    from openpyxl import load_workbook

    def opened(*, values: bool) -> Workbook:
        # Read-only: streamed; nothing is computed, no link is followed. XML goes through defusedxml.
        return load_workbook(io.BytesIO(data), read_only=True, data_only=values, keep_links=False)

    shown, written = opened(values=True), opened(values=False)
    try:
        names = [sheet.title for sheet in shown.worksheets]
        for position, name in enumerate(names[:_MOST_SHEETS]):
            rows = _sheet_rows(shown.worksheets[position], written.worksheets[position])
            title = str(clip(name, found.limits))
            if shown.worksheets[position].sheet_state == "visible":
                _take(_Sheet(title, rows), found)
            elif _has_headings(rows):
                found.problems.add(f"feuille « {title} »", "Cette feuille est masquée : ses lignes ne sont pas lues.")
    finally:
        shown.close()
        written.close()


def _sheet_rows(shown: object, written: object) -> Iterator[tuple[int, list[_Cell]]]:
    """Yield (line number, cells) of each row that is not blank, up to one more than is read."""
    bounds = {"min_row": 1, "max_row": _MOST_ROWS + 1, "min_col": 1, "max_col": _MOST_COLUMNS}
    pairs = zip(shown.iter_rows(**bounds), written.iter_rows(**bounds), strict=False)  # type: ignore[attr-defined]
    for number, (values, formulas) in enumerate(pairs, start=1):
        cells = [_sheet_cell(value, formula) for value, formula in zip(values, formulas, strict=False)]
        while cells and cells[-1].is_blank:
            cells.pop()
        if cells:
            yield number, cells


def _sheet_cell(shown: object, written: object) -> _Cell:
    """Return a cell of a workbook with the value that the spreadsheet program last computed."""
    value, kind = getattr(shown, "value", None), getattr(shown, "data_type", "n")
    if kind == "e":
        return _Cell(fault=f"le tableur y affiche l'erreur {str(value)[:20]}")
    if value is None:
        if getattr(written, "data_type", "n") == "f":
            return _Cell(
                fault="c'est une formule sans valeur : enregistrez le classeur dans le tableur, puis redéposez-le"
            )
        return _Cell()
    if isinstance(value, bool | str):
        return _Cell(value)
    if isinstance(value, datetime):
        return _Cell(value.date())
    if isinstance(value, date):
        return _Cell(value)
    if isinstance(value, int | float):
        number = Decimal(repr(value))
        if not number.is_finite():
            return _Cell(fault="ce n'est pas un nombre")
        display = str(getattr(shown, "number_format", ""))
        return _Cell(number, foreign=foreign_currency(re.sub(r"\[\$-[0-9A-Fa-f]+\]", "", display)))
    return _Cell(fault="ce n'est ni un texte, ni un nombre, ni une date")


# Headings


def _columns(row: Sequence[_Cell]) -> _Columns:
    found = _Columns({}, {}, len(row))
    for index, cell in enumerate(row[:_MOST_COLUMNS]):
        title = cell.text
        name = next((name for name, titles in _HEADINGS.items() if _heading(title) in titles), None)
        if name is None:
            if title:
                found.ignored.append(title[:80])
        elif name in found.at:
            found.repeated.append(title[:80])
        else:
            found.at[name] = index
            found.titles[name] = title[:80]
    if "starts_on" in found.at and "period_to" in found.at and not {"period_from", "period"} & set(found.at):
        title = found.titles["starts_on"]
        if folded(title) in {"date de debut", "date debut", "debut"}:
            found.at["period_from"], found.titles["period_from"] = found.at.pop("starts_on"), title
    return found


def _heading(title: str) -> str:
    """Return a title as it is compared: its name in the vault's facts is one too (order_on)."""
    return folded(title.replace("_", " ")) if title.islower() and "_" in title else folded(title)


def _has_headings(rows: Iterable[tuple[int, Sequence[_Cell]]]) -> bool:
    return any(_columns(row).is_spending for _, row in islice(rows, _HEADING_ROWS))


# Rows


def _take(sheet: _Sheet, found: _Found) -> None:
    """Add the lines of one sheet to what was found; a sheet without the headings adds nothing."""
    columns = None
    for line, row in islice(sheet.rows, _HEADING_ROWS):
        if (headings := _columns(row)).is_spending:
            columns = headings
            _tell_of(columns, sheet.where(line), found)
            break
    if columns is None:
        return
    found.tables += 1
    for count, (line, row) in enumerate(sheet.rows):
        if count >= _MOST_ROWS or line > _MOST_ROWS:
            found.stop(sheet.where(line), f"Le tableau compte plus de {_MOST_ROWS} lignes : lecture arrêtée.")
            return
        _take_row(sheet.where(line), row, columns, found)


def _tell_of(columns: _Columns, where: str, found: _Found) -> None:
    found.bases.add(_BASES[columns.amount])
    found.ignored.extend(columns.ignored)
    for title in columns.repeated:
        found.stop(where, f"La colonne « {title} » dit la même chose qu'une autre : seule la première est lue.")
    if {"amount_with_tax", "amount_without_tax"} <= set(columns.at):
        found.problems.add(where, "Le tableau donne des montants TTC et HT : les montants TTC sont pris.")


def _take_row(where: str, row: Sequence[_Cell], columns: _Columns, found: _Found) -> None:
    filled = [cell for cell in row if not cell.is_blank]
    cells = {name: row[index] for name, index in columns.at.items() if index < len(row)}
    dated = any(not cells[name].is_blank for name in (*_DAYS, "objective") if name in cells)
    if not dated and _TOTAL.match(folded(filled[0].text)):
        found.problems.add(where, "C'est une ligne de total : elle n'est pas comptée.")
        return
    if len(filled) == 1 and cells.get(columns.amount, _Cell()).is_blank:
        found.problems.add(
            where, "La ligne n'a qu'une cellule : prise pour un titre ou une note, elle n'est pas comptée."
        )
        return
    faults: list[str] = []
    values: dict[str, object] = {}
    for name, cell in cells.items():
        try:
            values.update(_values(name, cell, columns, found.limits))
        except _FaultError as error:
            faults.append(f"colonne « {columns.titles[name]} » : {error}")
    faults.extend(_disagreements(row, values, columns))
    if not faults:
        found.lines.append({"where": where, **values})
        return
    for fault in faults:
        found.problems.add(where, fault[0].upper() + fault[1:])
    found.faulty.append({"where": where, "label": values.get("label", ""), "faults": faults})


def _values(name: str, cell: _Cell, columns: _Columns, limits: Limits) -> dict[str, object]:
    """Return what one cell says, {} for nothing; raises _FaultError."""
    value: object = None
    if cell.fault is not None:
        raise _FaultError(f"{cell.fault}.")
    if name == "period":
        return dict(zip(("period_from", "period_to"), _period(cell), strict=False))
    if name == columns.amount:
        return {"amount": _positive_amount(cell, columns.titles[name])}
    if name in _DAYS and not cell.is_blank:
        value = _day(cell).isoformat()
    elif name in _TEXTS:
        value = clip(cell.text, limits)
    elif name == "justification":
        value = None if folded(cell.text) in _NO_JUSTIFICATION else clip(cell.text, limits)
    elif name == "decision":
        value = _yes_or_no(cell)
    elif name == "currency" and cell.text and not is_euro(cell.text):
        raise _FaultError(f"« {cell.text[:20]} » n'est pas l'euro : convertissez le montant en euros.")
    elif name == "other_funding" and not cell.is_blank:
        value = str(_amount(cell, columns.titles[name]))
    return {} if value is None else {name: value}


def _disagreements(row: Sequence[_Cell], values: Mapping[str, object], columns: _Columns) -> Iterator[str]:
    """Yield what is wrong with a row whose cells may each be right."""
    if columns.at[columns.amount] >= len(row):
        yield f"colonne « {columns.titles[columns.amount]} » : il manque le montant."
    if any(not cell.is_blank for cell in row[columns.width :]):
        yield "la ligne a plus de cellules que l'en-tête (une virgule ou un point-virgule sans guillemets ?)."
    first, last = values.get("period_from"), values.get("period_to")
    if isinstance(first, str) and isinstance(last, str) and last < first:
        yield "la période finit avant de commencer."
    paid, amount = values.get("other_funding"), values.get("amount")
    if isinstance(paid, str) and isinstance(amount, str) and Decimal(paid) > Decimal(amount):
        yield "la part financée par ailleurs dépasse le montant."


# Cells


def _positive_amount(cell: _Cell, title: str) -> str:
    amount = _amount(cell, title)
    if not amount:
        raise _FaultError("le montant est nul : retirez la ligne, ou donnez son montant.")
    return str(amount)


def _amount(cell: _Cell, title: str) -> Decimal:
    """Return an amount of euros in cents, positive or null; raises _FaultError."""
    if foreign := cell.foreign or foreign_currency(title):
        raise _FaultError(f"le montant est en « {foreign} » : convertissez-le en euros.")
    if cell.is_blank:
        raise _FaultError("il manque le montant.")
    try:
        amount = cents(possible_amount(cell.value) if isinstance(cell.value, Decimal) else read_euros(cell.text))
    except WrittenAmountError as error:
        raise _FaultError(f"{sentence(error.fault)}.") from error
    if amount < 0:
        written = str(amount).replace(".", ",")
        raise _FaultError(
            f"le montant {written} est négatif : un avoir se déduit du montant de sa facture, sur la même ligne ; "
            "d'ici là, le total déclaré est trop élevé d'autant."
        )
    return amount


def _day(cell: _Cell) -> date:
    """Return the day that a cell writes; raises _FaultError."""
    if isinstance(cell.value, bool | Decimal):
        raise _FaultError(f"« {cell.text[:40]} » n'est pas une date : mettez la cellule au format date.")
    try:
        return possible_day(cell.value) if isinstance(cell.value, date) else read_day(cell.text)
    except WrittenDayError as error:
        raise _FaultError(f"{sentence(error.fault)}.") from error


def _period(cell: _Cell) -> tuple[str, ...]:
    """Return the two days (ISO text) of a period in one cell, nothing when it is blank; raises _FaultError."""
    if cell.is_blank:
        return ()
    try:
        days = find_days(cell.text)
    except WrittenDayError as error:
        raise _FaultError(f"{sentence(error.fault)}.") from error
    if len(days) != 2:  # noqa: PLR2004 - a beginning and an end
        raise _FaultError(f"« {cell.text[:40]} » n'est pas une période : écrivez par exemple 01/04/2026 - 31/03/2027.")
    return tuple(day.isoformat() for day in days)


def _yes_or_no(cell: _Cell) -> bool | None:
    if cell.is_blank:
        return None
    said = cell.value if isinstance(cell.value, bool) else yes_or_no(cell.text)
    if said is None:
        raise _FaultError(f"« {cell.text[:40]} » : écrivez oui ou non.")
    return said
