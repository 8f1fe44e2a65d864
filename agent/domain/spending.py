"""
Money: what a candidate spent, what a programme says of it, and the financial statement they make.

Amounts are euros as `Decimal`, in cents; a share of time is an exact `Fraction`, and what comes of it is
rounded to the cent once, half up. Days are civil days; a period holds both of its ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import IntEnum, StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from agent.domain.wording import folded, holds_words

if TYPE_CHECKING:
    from agent.domain.programme import Source

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")


class Nature(StrEnum):
    """The three columns of the financial statement (D1 2024, kit): staff, services, licences and upgrades."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    INDIRECT = "indirect"


class Standing(IntEnum):
    """What one test says of a line, best first; the line is as good as its worst."""

    ELIGIBLE = 0
    TO_CONFIRM = 1
    NOT_ELIGIBLE = 2


class Engagement(StrEnum):
    """
    Which days a programme looks at.

    `ORDER_AND_INVOICE`: both in the window, or an earlier order whose work starts in it. `ENGAGED`: the order,
    the invoice where they agree. `UNSTATED`: its texts give none.
    """

    ORDER_AND_INVOICE = "order_and_invoice"
    ENGAGED = "engaged"
    UNSTATED = "unstated"


class Test(StrEnum):
    """How the days of a category of spending are looked at; a subscription is any purchase with a period."""

    PURCHASE = "purchase"
    STAFF = "staff"
    EXERCISE = "exercise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """
    One kind of spending, and what a programme says of it.

    `standing` None: its texts say nothing. `objectives` are prefixes (`D1.O2`) of those for which they say it,
    empty: any. A cell names it by one of its `names` or `words`; the latter also recognise it in a label.
    `reason` is French.
    """

    id: str
    label: str
    nature: Nature
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    test: Test = Test.PURCHASE
    standing: Standing | None = None
    objectives: tuple[str, ...] = ()
    reason: str = ""
    sources: tuple[Source, ...] = ()

    def speaks_of(self, objective: str) -> bool:
        """Return whether what the texts say of the category bears on an objective."""
        return not self.objectives or any(is_under(objective, prefix) for prefix in self.objectives)

    def is_called(self, name: str) -> bool:
        """Return whether a cell that says `name` (folded) means this category."""
        return name in {folded(self.id), folded(self.label), *self.names, *self.words}

    def is_named_in(self, text: str) -> bool:
        """Return whether one of its words stands in `text`."""
        return any(holds_words(text, word) for word in self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingRules:
    """
    What a programme says of money: the first day of its window and how it looks at the days.

    `objectives` are the programme's. `sources` give, for each rule (`window`, `phase`, `subscription`, `staff`,
    `exercise`, `contribution`, `funding`, `signatures`, `ceiling`), where it is written; a rule without one is not the
    programme's. `prorata`: its texts ask for the share of a subscription that falls in the phase.
    """

    engagement: Engagement
    opens_on: date | None
    prorata: bool
    objectives: tuple[str, ...]
    categories: tuple[Category, ...]
    natures: Mapping[Nature, tuple[str, ...]]
    default_categories: Mapping[Nature, str]
    sources: Mapping[str, tuple[Source, ...]]

    def sources_of(self, rule: str) -> tuple[Source, ...]:
        """Return where a rule is written, nothing when the programme's texts do not have it."""
        return self.sources.get(rule, ())

    def category(self, text: str | None) -> Category | None:
        """Return the category that `text` names, by its id, its label, one of its names or words."""
        name = folded(text or "")
        return next((one for one in self.categories if name and one.is_called(name)), None)

    def nature(self, text: str | None) -> Nature | None:
        """Return the nature that `text` names."""
        name = folded(text or "")
        return next((nature for nature, words in self.natures.items() if name in words), None)

    def objective(self, text: str | None) -> str | None:
        """Return the objective, or the group of objectives, that `text` names: « O1.B », « d1.o1.b », « D1.01 »."""
        name = _compact(text or "")
        known = dict.fromkeys(prefix for one in self.objectives for prefix in _prefixes(one))
        return next((one for one in known if name and name in {_compact(one), _compact(_own_part(one))}), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingLine:
    """
    One line of a spending table.

    `where` names its place in the table. `objective`, `nature`, `category` and `start_stated_on` are as people
    typed them. `engaged_on` is the engagement when it is not the order; `starts_on` the start of the work and
    `start_stated_on` the document that says so. `period` is a subscription's, or that of the staff's work;
    one end alone is None. `held_on` is an exercise's day. `other_funding`: the part that somebody else pays
    (ARS), None when nobody said. `decision`: what a person decided of a line in doubt, `justification` on what ground.
    """

    table: str
    where: str
    amount: Decimal
    label: str = ""
    programme: str | None = None
    establishment: str | None = None
    objective: str | None = None
    nature: str | None = None
    category: str | None = None
    supplier: str | None = None
    order_number: str | None = None
    order_on: date | None = None
    invoice_number: str | None = None
    invoice_on: date | None = None
    engaged_on: date | None = None
    starts_on: date | None = None
    start_stated_on: str | None = None
    period_from: date | None = None
    period_to: date | None = None
    held_on: date | None = None
    other_funding: Decimal | None = None
    decision: bool | None = None
    justification: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One reason of a judgement: a `code` (agent/texts/spending.py words it) with the values it speaks of.

    `settles`: a person's justified decision lifts the doubt; otherwise a cell or a document is missing.
    `text`: the French sentence of the programme's own file, when it has one.
    """

    code: str
    standing: Standing
    sources: tuple[Source, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    settles: bool = False
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """
    What a line is worth: `retained` is certain, `to_confirm` what more it may bring.

    `reasons` say why the line stands as it does, `warnings` what to look at besides. `share` is the part of a
    period that counts, None without a period.
    """

    standing: Standing
    objective: str | None
    nature: Nature | None
    category: Category | None
    retained: Decimal
    to_confirm: Decimal
    share: Fraction | None
    reasons: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLine:
    """A line and what it is worth."""

    line: SpendingLine
    judgement: Judgement


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

    finding: Finding
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
        declared=sum((one.line.amount for one in lines), NOTHING),
        retained=sum((one.judgement.retained for one in lines), NOTHING),
        to_confirm=sum((one.judgement.to_confirm for one in lines), NOTHING),
    )


def cents(amount: Decimal) -> Decimal:
    """Return `amount` rounded to the cent, half up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def share_of(amount: Decimal, share: Fraction) -> Decimal:
    """Return the `share` of `amount`, rounded to the cent once, half up; both are positive or null."""
    exact = Fraction(amount) * share * 100
    return Decimal((exact.numerator * 2 + exact.denominator) // (exact.denominator * 2)) / 100 + NOTHING


def days_in(first: date, last: date) -> int:
    """Return how many days a period holds, both ends included; 0 when it ends before it begins."""
    return max((last - first).days + 1, 0)


def is_under(objective: str, prefix: str) -> bool:
    """Return whether an objective is `prefix` or one of the objectives of that group."""
    return objective == prefix or objective.startswith(prefix + ".")


def _own_part(objective: str) -> str:
    """Return an objective's name without its programme's: O1.A."""
    found = re.search(r"\bO\d.*", objective)
    return found[0] if found else objective


def _prefixes(objective: str) -> list[str]:
    """Return the group of an objective and itself: D1.O1, D1.O1.A."""
    own = _own_part(objective)
    group = objective.removesuffix(own) + own.partition(".")[0]
    return [group, objective]


def _compact(text: str) -> str:
    """Return an objective's name without its punctuation; the zero that some type for the letter O is that letter."""
    lettered = re.sub(r"(?<![A-Z0-9])0(?=\d)", "O", text.upper())
    return re.sub(r"[^A-Z0-9]", "", lettered)
