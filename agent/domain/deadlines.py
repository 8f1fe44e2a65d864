"""Arithmetic on whole calendar days and months; a result never leaves the calendar, it stops at its bounds."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

_MONTHS_A_YEAR = 12
_SHORTEST_MONTH = 28


def add_days(day: date, count: int) -> date:
    """Return `day` moved by `count` days (either way)."""
    try:
        return day + timedelta(count)
    except OverflowError:
        return date.max if count > 0 else date.min


def add_months(day: date, count: int) -> date:
    """Return `day` moved by `count` calendar months, clamped to the month's end (31 Dec + 2 is 28 or 29 Feb)."""
    year, month = divmod(day.year * _MONTHS_A_YEAR + day.month - 1 + count, _MONTHS_A_YEAR)
    if year > date.max.year:
        return date.max
    if year < date.min.year:
        return date.min
    if day.day <= _SHORTEST_MONTH:
        return date(year, month + 1, day.day)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def days_between(earlier: date, later: date) -> int:
    """Return how many days `later` is after `earlier`; negative when it is before."""
    return (later - earlier).days


def earliest(days: list[date | None]) -> date | None:
    """Return the first of the days that are set, None without any."""
    return min((day for day in days if day is not None), default=None)
