from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.written_amount import LARGEST, WrittenAmountError, possible_amount, read_amount, read_euros


@given(st.decimals(Decimal(0), LARGEST - 1, places=2), st.sampled_from(["", "-"]))
def test_every_amount_is_read_back_from_each_of_its_forms(amount: Decimal, sign: str) -> None:
    grouped = f"{amount:,.2f}"
    forms = [
        f"{amount}",
        f"{amount}".replace(".", ","),
        grouped,
        grouped.replace(",", " ").replace(".", ","),
        grouped.replace(",", "\u202f").replace(".", ","),
        grouped.replace(",", "'"),
        grouped.replace(",", "’").replace(".", ","),
        grouped.replace(",", "_").replace(".", ",").replace("_", "."),
    ]

    assert {read_amount(sign + form) for form in forms} == {Decimal(f"{sign}{amount}")}


@pytest.mark.parametrize(("text", "amount"), [("(12)", -12), ("\u221212,00", -12), ("1.234.567", 1234567), ("-0", 0)])
def test_other_ways_to_write_an_amount(text: str, amount: int) -> None:
    assert read_amount(text) == amount
    assert not str(read_amount(text)).startswith("-0")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "douze",
            "1e3",
            "1e30",
            "1_000",
            "NaN",
            "Infinity",
            "0x10",
            "+1",
            "1,2,3",
            "١٢",
            "12 34",
            "1 2",
            "--1",
            "=1",
        ),
        *(
            "1.234",
            "1,234",
            "0,123",
            "1234,567",
            "1.234.56",
            "1 234.567,00",
            "1 000 000 000 000",
            "9" * 40,
            "9" * 100_000,
        ),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_amount_or_could_be_two_is_refused(text: str) -> None:
    with pytest.raises(WrittenAmountError):
        read_amount(text)


@pytest.mark.parametrize("text", ["12,5", "12,50 €", "€ 12.50", "12,50EUR", "12,50 euros", "EUR 12,5"])
def test_euro_may_stand_beside_the_amount(text: str) -> None:
    assert read_euros(text) == Decimal("12.5")


@pytest.mark.parametrize("text", ["1€234", "12 € 50", "€", "12 $", "CHF 12", "12 € et 5 $", "1" + " " * 100_000 + "x"])
def test_other_currencies_and_euros_inside_an_amount_are_refused(text: str) -> None:
    with pytest.raises(WrittenAmountError):
        read_euros(text)


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1E+30", "-1E+12"])
def test_number_of_a_program_that_no_amount_can_be_is_refused(number: str) -> None:
    with pytest.raises(WrittenAmountError):
        possible_amount(Decimal(number))
