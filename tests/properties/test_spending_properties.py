"""Prorata temporis against a count day by day, and what splitting or reordering lines may change."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.facts import SpendingLineFact
from agent.domain.rules.spending import judge_line
from agent.domain.spending import LineJudgement
from agent.domain.statement import SpendingLine, Statement, judge_table
from config.spending_rules import spending_rules

many = settings(max_examples=settings().max_examples * 2)
ONE_DAY, CENT = timedelta(days=1), Decimal("0.01")
RULES = replace(spending_rules("D1BIS_2026"), objectives=("D1.O1.A", "D1.O1.B", "D1.O2.A"))
PUBLISHED, LAST = date(2026, 1, 30), date(2027, 3, 31)

amounts = st.decimals(Decimal("0.01"), Decimal(1_000_000), places=2)
any_day = st.one_of(
    st.dates(date(2025, 6, 1), date(2028, 6, 30)),
    st.sampled_from([date(2026, 1, 30), date(2026, 3, 29), date(2026, 12, 31), date(2027, 3, 31), date(2028, 2, 29)]),
)
starts = st.dates(PUBLISHED, date(2026, 5, 7))


@st.composite
def subscriptions(draw: st.DrawFn) -> SpendingLineFact:
    """A subscription ordered and invoiced in the phase, of any period."""
    first, last = sorted((draw(any_day), draw(any_day)))
    return SpendingLineFact(
        where="ligne 2",
        amount=draw(amounts),
        label="Abonnement",
        objective="D1.O1.B",
        nature="externe",
        order_number="BC-1",
        order_on=date(2026, 5, 8),
        invoice_number="F-1",
        invoice_on=date(2026, 6, 30),
        period_from=first,
        period_to=last,
    )


def judged(line: SpendingLineFact, start: date, declaration: date = LAST) -> LineJudgement:
    return judge_line(line, RULES, phase_start=start, declaration=declaration, as_of=LAST)


def worth(line: SpendingLineFact, start: date, declaration: date = LAST) -> Decimal:
    """What a line surely brings."""
    return judged(line, start, declaration).retained


def days_of(line: SpendingLineFact) -> list[date]:
    assert line.period_from is not None
    assert line.period_to is not None
    return [line.period_from + timedelta(days=count) for count in range((line.period_to - line.period_from).days + 1)]


@many
@given(subscriptions(), starts)
def test_the_share_of_a_subscription_is_its_days_of_the_phase_counted_one_by_one(
    line: SpendingLineFact, start: date
) -> None:
    days = days_of(line)

    assert judged(line, start).share == Fraction(sum(start <= day <= LAST for day in days), len(days))


@many
@given(subscriptions(), starts)
def test_a_line_never_brings_more_than_its_amount_nor_less_than_nothing(line: SpendingLineFact, start: date) -> None:
    found = judged(line, start)

    assert found.retained >= 0
    assert found.to_confirm >= 0
    assert found.retained + found.to_confirm <= line.amount


@many
@given(subscriptions(), starts, st.integers(1, 600))
def test_a_subscription_split_in_two_brings_the_same_to_a_cent(line: SpendingLineFact, start: date, cut: int) -> None:
    days = days_of(line)
    if cut >= len(days):
        return
    first = (line.amount * cut / len(days)).quantize(CENT)
    parts = [
        replace(line, amount=first, period_to=days[cut - 1]),
        replace(line, amount=line.amount - first, period_from=days[cut]),
    ]

    # Each part's amount is rounded once, and its worth once more.
    assert abs(sum(worth(part, start) for part in parts) - worth(line, start)) <= 2 * CENT


@many
@given(subscriptions(), starts, st.integers(1, 300))
def test_a_later_declaration_brings_no_less(line: SpendingLineFact, start: date, earlier: int) -> None:
    sooner = max(LAST - timedelta(days=earlier), date(2026, 7, 1))

    assert worth(line, start, sooner) <= worth(line, start, LAST)


@st.composite
def tables(draw: st.DrawFn) -> list[SpendingLineFact]:
    """Lines of every sort, each with its own invoice."""
    bought = st.builds(replace, subscriptions(), period_from=st.none(), period_to=st.none())
    return [
        replace(
            draw(st.one_of(subscriptions(), bought)),
            where=f"ligne {rank}",
            invoice_number=f"F-{rank}",
            objective=draw(st.sampled_from(["O1.A", "D1.O1.B", "o2.a", "O9", None])),
            nature=draw(st.sampled_from(["interne", "externe", "indirect", "?", None])),
            order_on=draw(st.one_of(st.none(), any_day)),
            invoice_on=draw(st.one_of(st.none(), any_day)),
        )
        for rank in range(draw(st.integers(0, 6)))
    ]


def statement(lines: list[SpendingLineFact], start: date) -> Statement:
    tables = [SpendingLine(table="depenses.csv", fact=line) for line in lines]
    return judge_table(
        tables, RULES, programme="D1BIS_2026", phase_start=start, declaration=LAST, as_of=LAST, public=True
    )


@many
@given(tables(), starts, st.randoms(use_true_random=False))
def test_totals_add_up_to_the_lines_whatever_their_order(
    lines: list[SpendingLineFact], start: date, chance: random.Random
) -> None:
    made, mixed = statement(lines, start), statement(chance.sample(lines, len(lines)), start)

    assert made.totals == mixed.totals
    assert made.total.declared == sum((line.amount for line in lines), Decimal(0))
    for figure in ("declared", "retained", "to_confirm", "set_aside"):
        parts: Any = sum((getattr(total, figure) for total in made.totals), Decimal(0))
        assert parts == getattr(made.total, figure)


@many
@given(subscriptions(), starts)
def test_a_period_that_ends_before_it_begins_is_never_eligible(line: SpendingLineFact, start: date) -> None:
    backwards = replace(line, period_from=line.period_to, period_to=line.period_from)
    if line.period_from == line.period_to:
        return

    assert judged(backwards, start).retained == 0
