"""
Days as people write them: 2026-03-14, 14/03/2026 or 14 mars 2026; the day comes before the month.

A spreadsheet's midnight may follow the first two; any other hour is refused.
"""

from __future__ import annotations

import re
from datetime import date

from agent.domain.fault import FaultError, What
from agent.domain.wording import folded

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)

_MONTHS = (
    ("janvier", "janv"), ("fevrier", "fevr", "fev"), ("mars",), ("avril", "avr"), ("mai",), ("juin",),
    ("juillet", "juil"), ("aout",), ("septembre", "sept"), ("octobre", "oct"), ("novembre", "nov"), ("decembre", "dec"),
)  # fmt: skip
_MONTH_OF = {word: number for number, words in enumerate(_MONTHS, start=1) for word in words}
_MIDNIGHT = r"(?:[ T]00:00(?::00(?:\.0+)?)?)?"
_ISO = re.compile(rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}}){_MIDNIGHT}")
_FRENCH = re.compile(rf"([0-9]{{1,2}})[/.\-]([0-9]{{1,2}})[/.\-]([0-9]{{4}}){_MIDNIGHT}")
_IN_WORDS = re.compile(r"([0-9]{1,2})(?:er)? ([a-z]+) ([0-9]{4})")
_SHORT_YEAR = re.compile(r"[0-9]{1,2}[/.\-][0-9]{1,2}[/.\-][0-9]{2}")
_ANY = re.compile(
    r"(?<![0-9])(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[/.\-][0-9]{1,2}[/.\-][0-9]{4}"
    r"|[0-9]{1,2}(?:er)? [^\W\d]+\.? [0-9]{4})(?![0-9])"
)
_SPACES = re.compile("[\u00a0\u2009\u202f\\s]+")
_SHOWN = 60


class WrittenDayError(FaultError):
    """A text that is no day."""


def read_day(text: str) -> date:
    """Return the day that `text` writes, from FIRST_DAY to LAST_DAY; raises WrittenDayError."""
    text = _SPACES.sub(" ", text).strip()
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    if match := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in match.groups())
    elif match := _FRENCH.fullmatch(text):
        day, month, year = (int(part) for part in match.groups())
    elif match := _IN_WORDS.fullmatch(folded(text)):
        day, month, year = int(match[1]), _MONTH_OF.get(match[2], 0), int(match[3])
    elif _SHORT_YEAR.fullmatch(text):
        raise WrittenDayError(What.SHORT_YEAR, written=shown)
    else:
        raise WrittenDayError(What.NOT_A_DAY, written=shown)
    try:
        found = date(year, month, day)
    except ValueError:
        raise WrittenDayError(What.NO_SUCH_DAY, written=shown) from None
    return possible_day(found)


def find_days(text: str) -> tuple[date, ...]:
    """Return the days that stand in `text`, in its order: « du 01/04/2026 au 31 mars 2027 »; raises WrittenDayError."""
    return tuple(read_day(found) for found in _ANY.findall(_SPACES.sub(" ", text)))


def possible_day(day: date) -> date:
    """Return `day`; raises WrittenDayError when no fact of a programme can bear it."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise WrittenDayError(What.IMPOSSIBLE_YEAR, year=day.year, first=FIRST_DAY.year, last=LAST_DAY.year)
    return day
