"""Amounts as people write them: 1234,56, 1 234,56 €, 1.234,56 or 1'234.56; what could be two amounts is none."""

from __future__ import annotations

import re
from decimal import Decimal

from agent.domain.fault import FaultError, What

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


class WrittenAmountError(FaultError):
    """A text that is no amount."""


def read_amount(text: str) -> Decimal:
    """Return the number that `text` writes, of two decimals at most, negative or not; raises WrittenAmountError."""
    shown = text.strip() if len(text.strip()) <= _SHOWN else f"{text.strip()[:_SHOWN]}…"
    plain = re.sub(r"[\s'’]+", " ", text).strip().replace("\u2212", "-")
    if plain.startswith("(") and plain.endswith(")"):  # how accountants write what is negative
        plain = "-" + plain[1:-1].strip()
    if _AMBIGUOUS.fullmatch(plain):
        raise WrittenAmountError(What.AMBIGUOUS_AMOUNT, written=shown)
    if _LONG_FRACTION.fullmatch(plain):
        raise WrittenAmountError(What.LONG_FRACTION, written=shown)
    found = _NUMBER.fullmatch(plain)
    if found is None or (found["point"] is not None and found["point"] == found["by"]):
        raise WrittenAmountError(What.NOT_AN_AMOUNT, written=shown)
    whole = re.sub(r"[ .,]", "", found["whole"])
    return possible_amount(Decimal(f"{found['sign']}{whole}.{found['cents'] or '0'}"))


def read_euros(text: str) -> Decimal:
    """Return the amount of euros that `text` writes, with its sign or without; raises WrittenAmountError."""
    if foreign := foreign_currency(text):
        raise WrittenAmountError(What.FOREIGN_CURRENCY, currency=foreign)
    found = _IN_EUROS.fullmatch(" ".join(text.split()))
    return read_amount(found[1] if found else text)


def possible_amount(number: Decimal) -> Decimal:
    """Return `number`; raises WrittenAmountError when no programme knows amounts so large."""
    if not number.is_finite():
        raise WrittenAmountError(What.NOT_A_NUMBER)
    if abs(number) >= LARGEST:
        raise WrittenAmountError(What.EXCESSIVE)
    return number + 0  # -0 is 0


def is_euro(text: str) -> bool:
    """Return whether `text` is the name or the sign of the euro."""
    return _EURO.fullmatch(text.strip()) is not None


def foreign_currency(text: str) -> str | None:
    """Return the other currency that `text` names; None for none, and where the euro is named beside it."""
    found = _FOREIGN.search(text)
    return found[0] if found and not _NAMES_EURO.search(text) else None
