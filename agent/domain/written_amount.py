"""Amounts as people write them: 1234,56, 1 234,56 €, 1.234,56 or 1'234.56; what could be two amounts is none."""

from __future__ import annotations

import re
from decimal import Decimal

LARGEST = Decimal(10) ** 12

_NUMBER = re.compile(
    r"(?P<sign>-?)(?P<whole>[0-9]{1,15}|[0-9]{1,3}(?P<by>[ .,])[0-9]{3}(?:(?P=by)[0-9]{3}){0,4})"
    r"(?:(?P<point>[.,])(?P<cents>[0-9]{1,2}))?"
)
_AMBIGUOUS = re.compile(r"-?[1-9][0-9]{0,2}[.,][0-9]{3}")
_LONG_FRACTION = re.compile(r"-?[0-9]+[.,][0-9]{3,}")
_EURO = re.compile(r"€|EUR|euros?", re.IGNORECASE)
_NAMES_EURO = re.compile(r"€|\b(?:EUR|euros?)\b", re.IGNORECASE)
_IN_EUROS = re.compile(r"(?:(?:€|EUR|euros?) ?)?(.*?)(?: ?(?:€|EUR|euros?))?", re.IGNORECASE)
_FOREIGN = re.compile(
    r"[$£¥₣₤₽₹₩]|\b(?:USD|CHF|GBP|CAD|AUD|JPY|CNY|SEK|NOK|DKK|PLN|XPF|XAF|XOF|FRF)\b|\b(?:dollars?|francs?|livres?)\b",
    re.IGNORECASE,
)
_SHOWN = 40


class WrittenAmountError(ValueError):
    """A text that is no amount; it says in French what to write."""


def read_amount(text: str) -> Decimal:
    """Return the number that `text` writes, of two decimals at most, negative or not; raises WrittenAmountError."""
    shown = text.strip() if len(text.strip()) <= _SHOWN else f"{text.strip()[:_SHOWN]}…"
    plain = re.sub(r"[\s'’]+", " ", text).strip().replace("\u2212", "-")
    if plain.startswith("(") and plain.endswith(")"):  # how accountants write what is negative
        plain = "-" + plain[1:-1].strip()
    if _AMBIGUOUS.fullmatch(plain):
        raise WrittenAmountError(f"« {shown} » est ambigu (milliers ou décimales ?) : écrivez par exemple 1234,00")
    if _LONG_FRACTION.fullmatch(plain):
        raise WrittenAmountError(f"« {shown} » a plus de deux décimales : écrivez par exemple 1234,56")
    found = _NUMBER.fullmatch(plain)
    if found is None or (found["point"] is not None and found["point"] == found["by"]):
        raise WrittenAmountError(f"« {shown} » n'est pas un nombre : écrivez par exemple 1234,56")
    whole = re.sub(r"[ .,]", "", found["whole"])
    return possible_amount(Decimal(f"{found['sign']}{whole}.{found['cents'] or '0'}"))


def read_euros(text: str) -> Decimal:
    """Return the amount of euros that `text` writes, with its sign or without; raises WrittenAmountError."""
    if foreign := foreign_currency(text):
        raise WrittenAmountError(f"le montant est en « {foreign} » : convertissez-le en euros")
    found = _IN_EUROS.fullmatch(" ".join(text.split()))
    return read_amount(found[1] if found else text)


def possible_amount(number: Decimal) -> Decimal:
    """Return `number`; raises WrittenAmountError when no programme knows amounts so large."""
    if not number.is_finite():
        raise WrittenAmountError("ce n'est pas un nombre : écrivez par exemple 1234,56")
    if abs(number) >= LARGEST:
        raise WrittenAmountError("le montant est démesuré")
    return number + 0  # -0 is 0


def is_euro(text: str) -> bool:
    """Return whether `text` is the name or the sign of the euro."""
    return _EURO.fullmatch(text.strip()) is not None


def foreign_currency(text: str) -> str | None:
    """Return the other currency that `text` names; None for none, and where the euro is named beside it."""
    found = _FOREIGN.search(text)
    return found[0] if found and not _NAMES_EURO.search(text) else None
