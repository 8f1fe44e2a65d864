"""
A programme's financial statement: the lines of its tables judged together, their sums, and what is lacking.

Only here are lines compared: the same spending twice, in this programme or in another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from agent.domain.facts import SpendingLineFact
from agent.domain.rules.spending import category_of, judge_line
from agent.domain.spending import NOTHING, LineJudgement, Nature, Remark, SpendingRules, Standing, Test
from agent.domain.wording import folded

_TO_SEE_TO = frozenset({"NATURE_MISSING", "DECISION_NOT_JUSTIFIED", "MISSION_LETTER_ADVISED", "INVOICE_BEFORE_ORDER"})
"""The warnings on a line that somebody must see to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingLine:
    """A line of a table, and the id of the programme that it names (None: none, so the one that is judged)."""

    table: str
    fact: SpendingLineFact
    programme: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLine:
    """A line and what it is worth."""

    line: SpendingLine
    judgement: LineJudgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The sums of the lines of one objective and nature (None: not said)."""

    objective: str | None
    nature: Nature | None
    lines: int
    declared: Decimal
    retained: Decimal
    to_confirm: Decimal

    @property
    def set_aside(self) -> Decimal:
        """Return what is neither retained nor to be confirmed."""
        return self.declared - self.retained - self.to_confirm


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """What was declared of the statement's signatures and of the documents that go with it."""

    director: bool = False
    accountant: bool = False
    finance_director: bool = False
    chartered_accountant: bool = False
    payments_confirmed: bool = False
    pay_summary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One thing that the statement lacks: a signature, a document, a cell; `line` None for the statement as a whole."""

    remark: Remark
    line: SpendingLine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A programme's financial statement on a day: `totals` by objective then nature add up to the lines."""

    programme: str
    phase_start: date
    declaration: date | None
    as_of: date
    lines: tuple[JudgedLine, ...]
    totals: tuple[Total, ...]
    gaps: tuple[Gap, ...]
    ceiling: Decimal | None = None

    @property
    def total(self) -> Total:
        """Return the sums of all lines."""
        return add_up(None, None, self.lines)

    @property
    def payable(self) -> Decimal | None:
        """Return what may be paid at most, None without a ceiling."""
        return None if self.ceiling is None else min(self.ceiling, self.total.retained)


def add_up(objective: str | None, nature: Nature | None, lines: Sequence[JudgedLine]) -> Total:
    """Return the sums of `lines`."""
    return Total(
        objective=objective,
        nature=nature,
        lines=len(lines),
        declared=sum((one.line.fact.amount for one in lines), NOTHING),
        retained=sum((one.judgement.retained for one in lines), NOTHING),
        to_confirm=sum((one.judgement.to_confirm for one in lines), NOTHING),
    )


def judge_table(
    lines: Sequence[SpendingLine],
    rules: SpendingRules,
    *,
    programme: str,
    phase_start: date,
    declaration: date | None,
    as_of: date,
    public: bool,
    signatures: Signatures | None = None,
    ceiling: Decimal | None = None,
) -> Statement:
    """
    Return the financial statement of `programme`: its own lines (those that name none included), judged together.

    Lines of another programme serve only to see what would be paid twice. `public` tells who signs.
    """
    mine = [one for one in lines if one.programme in {None, programme}]
    suspicions = _suspicions(mine, [one for one in lines if one.programme not in {None, programme}], rules)
    judged = tuple(
        JudgedLine(
            line=line,
            judgement=judge_line(
                line.fact,
                rules,
                phase_start=phase_start,
                declaration=declaration,
                as_of=as_of,
                suspicions=suspicions[position],
            ),
        )
        for position, line in enumerate(mine)
    )
    cells: dict[tuple[str | None, Nature | None], list[JudgedLine]] = defaultdict(list)
    for one in judged:
        cells[one.judgement.objective, one.judgement.nature].append(one)
    ranks: dict[Nature | None, int] = {nature: rank for rank, nature in enumerate(Nature)}
    return Statement(
        programme=programme,
        phase_start=phase_start,
        declaration=declaration,
        as_of=as_of,
        lines=judged,
        totals=tuple(
            add_up(objective, nature, cells[objective, nature])
            for objective, nature in sorted(
                cells, key=lambda cell: (cell[0] is None, cell[0] or "", ranks.get(cell[1], len(ranks)))
            )
        ),
        gaps=(
            *_signature_gaps(rules, signatures or Signatures(), public=public),
            *_document_gaps(judged, rules, signatures or Signatures()),
        ),
        ceiling=ceiling,
    )


def _suspicions(
    mine: Sequence[SpendingLine], others: Sequence[SpendingLine], rules: SpendingRules
) -> list[list[Remark]]:
    """Return for each line what makes it look paid twice: in this programme, or in another one."""
    seen: dict[tuple[object, ...], SpendingLine] = {}
    elsewhere = {key: line for line in others for key in _likenesses(line.fact, rules)}
    found = []
    for line in mine:
        keys = _likenesses(line.fact, rules)
        twin = next((seen[key] for key in keys[:1] if key in seen), None)
        double = next((elsewhere[key] for key in keys if key in elsewhere), None)
        found.append(
            [
                *([_twice("DUPLICATE_LINE", twin, rules)] if twin is not None else []),
                *([_twice("DOUBLE_FUNDING", double, rules)] if double is not None else []),
            ]
        )
        seen.setdefault(keys[0], line)
    return found


def _twice(code: str, twin: SpendingLine, rules: SpendingRules) -> Remark:
    values = {"table": twin.table, "where": twin.fact.where, "programme": twin.programme}
    return Remark(code, Standing.TO_CONFIRM, rules.sources_of("funding"), values, settles=True)


def _likenesses(line: SpendingLineFact, rules: SpendingRules) -> list[tuple[object, ...]]:
    """Return what tells that two lines are one spending: the invoice (else every cell), and the day of an exercise."""
    if line.invoice_number is not None:
        same: tuple[object, ...] = ("invoice", folded(line.supplier or ""), folded(line.invoice_number), line.amount)
    else:
        same = ("line", folded(line.label), line.amount, line.order_on, line.invoice_on, line.period_from, line.held_on)
        same = (*same, folded(line.supplier or ""), folded(line.establishment or ""), line.period_to, line.objective)
    category = category_of(line, rules)
    if category is not None and category.test is Test.EXERCISE and line.held_on is not None:
        return [same, ("exercise", line.held_on, folded(line.establishment or ""))]
    return [same]


def _signature_gaps(rules: SpendingRules, signed: Signatures, *, public: bool) -> Iterable[Gap]:
    """Yield the signatures that are missing; which of the two people signs where does not matter."""
    sources = rules.sources_of("signatures")

    def gap(code: str) -> Gap:
        return Gap(remark=Remark(code, Standing.TO_CONFIRM, sources))

    if not signed.director:
        yield gap("SIGNATURE_DIRECTOR")
    if public and not signed.accountant:
        if not signed.finance_director:
            yield gap("SIGNATURE_ACCOUNTANT")
        elif not signed.payments_confirmed:
            yield gap("PAYMENTS_CONFIRMATION")
    if not public and not (signed.finance_director or signed.chartered_accountant):
        yield gap("SIGNATURE_FINANCE_DIRECTOR")


def _document_gaps(judged: Sequence[JudgedLine], rules: SpendingRules, signed: Signatures) -> Iterable[Gap]:
    """Yield the documents and cells that the lines worth something lack."""
    worth = [one for one in judged if one.judgement.standing is not Standing.NOT_ELIGIBLE]
    if not signed.pay_summary and any(one.judgement.nature is Nature.INTERNAL for one in worth):
        yield Gap(remark=Remark("PAY_SUMMARY", Standing.TO_CONFIRM, rules.sources_of("statement")))
    exercises = {
        (folded(one.line.fact.establishment or ""), one.line.fact.held_on)
        for one in worth
        if one.judgement.category is not None and one.judgement.category.test is Test.EXERCISE and one.line.fact.held_on
    }
    if len(exercises) > len({place for place, _ in exercises}):
        yield Gap(remark=Remark("SEVERAL_EXERCISES", Standing.TO_CONFIRM, rules.sources_of("exercise")))
    for one in worth:
        yield from _line_gaps(one, rules)


def _line_gaps(one: JudgedLine, rules: SpendingRules) -> Iterable[Gap]:
    fact, judgement = one.line.fact, one.judgement

    def gap(code: str) -> Gap:
        return Gap(remark=Remark(code, Standing.TO_CONFIRM, rules.sources_of("justification")), line=one.line)

    doubts = [reason for reason in judgement.reasons if reason.standing is Standing.TO_CONFIRM]
    seen_to = [warning for warning in judgement.warnings if warning.code in _TO_SEE_TO]
    yield from (Gap(remark=remark, line=one.line) for remark in (*doubts, *seen_to))
    if judgement.nature is not Nature.INTERNAL:
        if fact.order_number is None:
            yield gap("ORDER_NUMBER_MISSING")
        if fact.invoice_number is None:
            yield gap("INVOICE_NUMBER_MISSING")
