"""
What people write in a declaration, from text (or a TOML value) to typed values.

Days in ISO or French form, oui/non, decimal comma, spaces between thousands: what French people type is
understood, what could mean two things is refused.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from agent.domain.declaration import FieldType
from agent.domain.fault import FaultError, What
from agent.domain.wording import folded, yes_or_no
from agent.domain.written_amount import WrittenAmountError, possible_amount, read_amount
from agent.domain.written_day import possible_day, read_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agent.domain.declaration import Field, Value

LONGEST_TEXT = 2000
MOST_ITEMS = 1000
_HIDDEN = "…"
# Line ends, tabulations, and the soft hyphens that word processors leave.
_HARMLESS = "\n\t\u00ad"
_WHOLE = re.compile(r"[0-9]{1,15}|[0-9]{1,3}(?: [0-9]{3}){1,4}")
_SPACES = re.compile("[\u00a0\u2009\u202f\\s]+")
_SEPARATORS = re.compile(r"\s*[,;]\s*")
_SECRETS = re.compile(r"AGE-SECRET-KEY-1|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----", re.IGNORECASE)


NumberT = TypeVar("NumberT", int, Decimal)


def parse_value(field: Field, written: object, *, today: date) -> Value:
    """
    Return what was written for a field: a text, several of them (a repeated option), or a TOML value.

    Raises FaultError. `today` bounds the days of what has already happened.
    """
    if field.type is FieldType.TEXTS:
        return _unique(_text(item) for item in _items(written))
    if field.type is FieldType.CHOICES:
        return _unique(_choice(field, item) for item in _items(written))
    if isinstance(written, list | tuple):
        raise FaultError(What.ONE_VALUE)
    match field.type:
        case FieldType.YES_NO:
            return _yes_no(written)
        case FieldType.DAY:
            return _past(parse_day(written), today) if field.past else parse_day(written)
        case FieldType.WHOLE:
            return _at_most(field.most, _whole(written))
        case FieldType.DECIMAL:
            return _at_most(field.most, _decimal(written))
        case FieldType.CHOICE:
            return _choice(field, written)
        case _:
            return _text(written)


def parse_day(written: object) -> date:
    """Return a day: 2026-03-14, 14/03/2026, 14 mars 2026 or a TOML date; raises FaultError."""
    if isinstance(written, date) and not isinstance(written, datetime):
        return possible_day(written)
    return read_day(_shown(written) if holds_secret(str(written)) else str(written))


def plain_text(written: object, *, longest: int = LONGEST_TEXT) -> str:
    """Return a short text, trimmed, in composed form; raises FaultError for an empty, too long or unprintable one."""
    if not isinstance(written, str):
        raise FaultError(What.NOT_A_TEXT)
    text = unicodedata.normalize("NFC", written).strip()
    if not text:
        raise FaultError(What.EMPTY_TEXT)
    if len(text) > longest:
        raise FaultError(What.LONG_TEXT, most=longest)
    if any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Cn"} and sign not in _HARMLESS for sign in text):
        raise FaultError(What.COMMAND_SIGNS)
    if holds_secret(text):
        raise FaultError(What.PRIVATE_KEY)
    return text


def holds_secret(text: str) -> bool:
    """Return whether `text` holds a private key."""
    return _SECRETS.search(text) is not None


def _items(written: object) -> Sequence[object]:
    """Return the items of a list; one text is cut at its commas or semicolons, several stay as they are."""
    if isinstance(written, str):
        items: Sequence[object] = [part for part in _SEPARATORS.split(written.strip()) if part]
    elif isinstance(written, list | tuple):
        items = written
    else:
        items = [written]
    if not items:
        raise FaultError(What.EMPTY_LIST)
    if len(items) > MOST_ITEMS:
        raise FaultError(What.LONG_LIST, most=MOST_ITEMS)
    return items


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


def _text(written: object) -> str:
    if isinstance(written, int) and not isinstance(written, bool):
        return str(written)
    return plain_text(written)


def _choice(field: Field, written: object) -> str:
    text = plain_text(written)
    parts = [part for part in field.under.split(".") if part]
    before = [" ".join(parts[rank:]) for rank in range(len(parts) + 1)]
    found = {folded(f"{start} {choice}"): choice for choice in field.choices for start in before}.get(folded(text))
    if found is None:
        raise FaultError(What.NOT_A_CHOICE, written=_shown(text), known=field.choices)
    return found


def _yes_no(written: object) -> bool:
    if isinstance(written, bool):
        return written
    said = yes_or_no(written) if isinstance(written, str) else None
    if said is None:
        raise FaultError(What.NOT_YES_NO, written=_shown(written))
    return said


def _past(day: date, today: date) -> date:
    if day > today:
        raise FaultError(What.TO_COME, day=day)
    return day


def _whole(written: object) -> int:
    if isinstance(written, int) and not isinstance(written, bool):
        written = str(written)
    text = _SPACES.sub(" ", written).strip() if isinstance(written, str) else ""
    if not _WHOLE.fullmatch(text):
        raise FaultError(What.NOT_WHOLE, written=_shown(written))
    return int(text.replace(" ", ""))


def _decimal(written: object) -> Decimal:
    try:
        if isinstance(written, int | float | Decimal) and not isinstance(written, bool):
            number = possible_amount(Decimal(str(written)))
        else:
            number = read_amount(_shown(written) if holds_secret(str(written)) else str(written))
    except WrittenAmountError as error:
        raise FaultError(error.fault.what, **error.fault.values, is_bare=True) from None
    if number < 0:
        raise FaultError(What.NEGATIVE, written=_shown(written))
    return number.normalize() if number != number.to_integral() else number.quantize(Decimal(1))


def _at_most(most: int | None, number: NumberT) -> NumberT:
    if most is not None and number > most:
        raise FaultError(What.TOO_LARGE, number=number, most=most)
    return number


def _shown(written: object) -> str:
    text = str(written)
    if holds_secret(text):
        return _HIDDEN
    return text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004
