"""
Money: what a programme says of spending, and what a line is worth under it.

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
from functools import cached_property
from typing import TYPE_CHECKING

from agent.domain.wording import folded

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


@dataclass(frozen=True, kw_only=True)
class SpendingRules:
    """
    What a programme says of money: the first day of its window and how it looks at the days.

    Names and words are folded (agent/domain/wording.py). `objectives` are the programme's. `sources` give, for each
    rule (`window`, `phase`, `subscription`, `staff`, `exercise`, `contribution`, `funding`, `signatures`, `ceiling`),
    where it is written; a rule without one is not the programme's. `prorata`: its texts ask for the share of a
    subscription that falls in the phase.
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
        return self._by_name.get(folded(text or ""))

    def nature(self, text: str | None) -> Nature | None:
        """Return the nature that `text` names."""
        return self._by_nature.get(folded(text or ""))

    def objective(self, text: str | None) -> str | None:
        """Return the objective, or the group of objectives, that `text` names: « O1.B », « d1.o1.b », « D1.01 »."""
        return self._by_objective.get(_compact(text or ""))

    def suspects(self, label: str) -> list[Category]:
        """Return the categories, not plainly eligible, whose words stand in a label."""
        words = f" {folded(label)} "
        return [category for category, named in self._suspects if any(name in words for name in named)]

    @cached_property
    def _by_name(self) -> Mapping[str, Category]:
        found: dict[str, Category] = {}
        for one in self.categories:
            for name in (folded(one.id), folded(one.label), *one.names, *one.words):
                found.setdefault(name, one)
        return found

    @cached_property
    def _by_nature(self) -> Mapping[str, Nature]:
        found: dict[str, Nature] = {}
        for nature, words in self.natures.items():
            for word in words:
                found.setdefault(word, nature)
        return found

    @cached_property
    def _by_objective(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for one in dict.fromkeys(prefix for objective in self.objectives for prefix in _prefixes(objective)):
            for name in (_compact(one), _compact(_own_part(one))):
                found.setdefault(name, one)
        return found

    @cached_property
    def _suspects(self) -> Sequence[tuple[Category, tuple[str, ...]]]:
        """The categories to look for in a label, with their words between spaces."""
        return [
            (one, tuple(f" {word} " for word in one.words))
            for one in self.categories
            if one.standing not in {Standing.ELIGIBLE, None}
        ]


@dataclass(frozen=True, slots=True)
class Remark:
    """
    What is said of a line or a statement: a `code` (agent/texts/spending.py words it) and the values it speaks of.

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
class LineJudgement:
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
    reasons: tuple[Remark, ...]
    warnings: tuple[Remark, ...]


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
