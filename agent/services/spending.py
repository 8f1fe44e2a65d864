"""Money: the tables of spending that the vault holds, judged under a programme."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.domain.admissible import KnownFact
from agent.domain.facts import FaultyRowFact, SpendingFact
from agent.domain.live import CONFIRM
from agent.domain.spending import Nature, Standing
from agent.domain.statement import Signatures, SpendingLine, judge_table
from agent.services.assess import SPENDING, FactIndex, decisions, known_facts
from agent.texts.spending import INDICATIVE, sentence, source, to_do

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    from agent.domain.declaration import Declaration
    from agent.domain.spending import Remark, SpendingRules
    from agent.domain.statement import JudgedLine, Statement, Total

SIGNED = "financial_statement"
"""The kind of declared fact that says who signed (config/facts.toml)."""

_STANDINGS = {Standing.ELIGIBLE: "eligible", Standing.TO_CONFIRM: "to_confirm", Standing.NOT_ELIGIBLE: "not_eligible"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingTable:
    """A table in force: the evidence it was read from (None: a file that is not sealed), and those it replaces."""

    name: str
    fact: SpendingFact
    evidence: str | None = None
    received_on: str | None = None
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingReport:
    """The tables in force, their rows that cannot be used, and the statement that the others make."""

    tables: tuple[SpendingTable, ...]
    faulty: tuple[tuple[str, FaultyRowFact], ...]
    statement: Statement
    unknown: int = 0

    @property
    def complete(self) -> bool:
        """Return whether every row of every table was understood."""
        return not self.faulty and not self.unknown and all(table.fact.complete for table in self.tables)

    def as_json(self) -> dict[str, Any]:
        """Return the shape of `spending check --json`: amounts are decimal text, days ISO."""
        made = self.statement
        return {
            "programme": made.programme,
            "as_of": made.as_of.isoformat(),
            "phase_start": made.phase_start.isoformat(),
            "declaration": made.declaration.isoformat() if made.declaration else None,
            "complete": self.complete,
            "tables": [
                {
                    "name": table.name,
                    "evidence": table.evidence,
                    "received_on": table.received_on,
                    "lines": len(table.fact.lines),
                    "amounts": table.fact.amounts,
                    "complete": table.fact.complete,
                    "replaces": list(table.replaces),
                }
                for table in self.tables
            ],
            "faulty": [
                {"table": name, "where": row.where, "label": row.label, "faults": list(row.faults)}
                for name, row in self.faulty
            ],
            "lines": [_line_json(one) for one in made.lines],
            "totals": [
                {"objective": total.objective, "nature": _nature(total.nature), **_sums(total)} for total in made.totals
            ],
            "total": _sums(made.total),
            "ceiling": None if made.ceiling is None else str(made.ceiling),
            "payable": None if made.payable is None else str(made.payable),
            "to_complete": [
                {
                    "code": gap.remark.code,
                    "text": to_do(gap),
                    "source": source(gap.remark),
                    "table": gap.line.table if gap.line else None,
                    "where": gap.line.fact.where if gap.line else None,
                }
                for gap in made.gaps
            ],
            "note": INDICATIVE,
        }


def tables_in_force(index: FactIndex, zone: ZoneInfo) -> list[SpendingTable]:
    """
    Return the tables of spending that count, oldest first.

    A table replaces the earlier ones of the same file name, and the same bytes under another name; one that a person
    has since confirmed to be another document does not count.
    """
    others = {one.evidence for one in decisions(index, zone) if one.decision == CONFIRM and "kind" in one.values}
    kept: dict[str, SpendingTable] = {}
    contents: dict[str, str] = {}
    for item in sorted(known_facts(index, zone, {SPENDING}), key=_by_evidence):
        if item.evidence in others or not isinstance(item.fact, SpendingFact):
            continue
        name = item.fact.table.casefold()
        replaced = {name, contents.get(item.content or "", name)} & kept.keys()
        earlier = [kept.pop(one) for one in sorted(replaced)]
        kept[name] = SpendingTable(
            name=item.fact.table,
            fact=item.fact,
            evidence=item.evidence,
            received_on=item.received_on,
            replaces=tuple(one for table in earlier for one in (*table.replaces, table.evidence or "")),
        )
        if item.content:
            contents[item.content] = name
    return list(kept.values())


def _by_evidence(item: KnownFact) -> str:
    return item.evidence


def report(
    tables: Sequence[SpendingTable],
    rules: SpendingRules,
    *,
    programme: str,
    programmes: Iterable[str],
    phase_start: date,
    declaration: date | None,
    as_of: date,
    public: bool,
    declarations: Sequence[Declaration] = (),
    ceiling: Decimal | None = None,
    unknown: int = 0,
) -> SpendingReport:
    """
    Judge the lines of `tables` under `programme`, whose rules are given; `programmes` are those that a line may name.

    `unknown`: how many deposits the index cannot show; the statement is incomplete then.
    """
    known = tuple(programmes)
    lines: list[SpendingLine] = []
    faulty: list[tuple[str, FaultyRowFact]] = []
    for table in tables:
        faulty.extend((table.name, row) for row in table.fact.faulty)
        for line in table.fact.lines:
            named = _programme(line.programme, known)
            if line.programme is not None and named is None:
                fault = f"le programme « {line.programme} » n'est pas connu : {', '.join(known)}."
                faulty.append((table.name, FaultyRowFact(where=line.where, label=line.label, faults=(fault,))))
            else:
                lines.append(SpendingLine(table=table.name, fact=line, programme=named))
    statement = judge_table(
        lines,
        rules,
        programme=programme,
        phase_start=phase_start,
        declaration=declaration,
        as_of=as_of,
        public=public,
        signatures=signatures(declarations, as_of),
        ceiling=ceiling,
    )
    return SpendingReport(tables=tuple(tables), faulty=tuple(faulty), statement=statement, unknown=unknown)


def signatures(declarations: Iterable[Declaration], as_of: date) -> Signatures:
    """Return who has signed the statement, as declared; a signature to come is none."""
    found = Signatures()
    for one in declarations:
        if one.fact == SIGNED:

            def has(name: str, one: Declaration = one) -> bool:
                day = one.values.get(name)
                return isinstance(day, date) and day <= as_of

            found = Signatures(
                director=has("director_signed_on"),
                accountant=has("accountant_signed_on"),
                finance_director=has("finance_director_signed_on"),
                chartered_accountant=has("chartered_accountant_signed_on"),
                payments_confirmed=bool(one.evidence.get("payments_confirmation")),
                pay_summary=bool(one.evidence.get("pay_summary")) or one.values.get("sent_apart") is True,
            )
    return found


def _programme(text: str | None, programmes: Sequence[str]) -> str | None:
    """Return the id of the programme that a line names: « D1bis », « d1bis_2026 »; None when it means none of them."""
    name = _plain(text or "")
    return next((one for one in programmes if name in {_plain(one), _plain(one.rpartition("_")[0])}), None)


def _plain(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _nature(nature: Nature | None) -> str | None:
    return None if nature is None else nature.value


def _sums(total: Total) -> dict[str, object]:
    return {
        "lines": total.lines,
        "declared": str(total.declared),
        "retained": str(total.retained),
        "to_confirm": str(total.to_confirm),
        "set_aside": str(total.set_aside),
    }


def _line_json(one: JudgedLine) -> dict[str, Any]:
    line, judgement = one.line, one.judgement
    return {
        "table": line.table,
        "where": line.fact.where,
        "label": line.fact.label,
        "objective": judgement.objective,
        "nature": _nature(judgement.nature),
        "category": judgement.category.id if judgement.category else None,
        "amount": str(line.fact.amount),
        "verdict": _STANDINGS[judgement.standing],
        "retained": str(judgement.retained),
        "to_confirm": str(judgement.to_confirm),
        "share": None if judgement.share is None else str(judgement.share),
        "reasons": [_remark_json(remark) for remark in judgement.reasons],
        "warnings": [_remark_json(remark) for remark in judgement.warnings],
    }


def _remark_json(remark: Remark) -> dict[str, str]:
    return {"code": remark.code, "text": sentence(remark), "source": source(remark)}
