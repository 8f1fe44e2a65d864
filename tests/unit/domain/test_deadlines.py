from __future__ import annotations

from datetime import date

import pytest

from agent.domain.deadlines import add_days, add_months, days_between, earliest


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        pytest.param(date(2025, 12, 31), 2, date(2026, 2, 28), id="clamped-to-february"),
        pytest.param(date(2027, 12, 31), 2, date(2028, 2, 29), id="leap-year"),
        pytest.param(date(2026, 5, 7), 2, date(2026, 7, 7), id="same-day"),
        pytest.param(date(2026, 1, 31), -2, date(2025, 11, 30), id="backwards"),
        pytest.param(date(2026, 8, 31), 6, date(2027, 2, 28), id="six-months"),
        pytest.param(date(9999, 12, 31), 1, date.max, id="stops-at-the-last-day"),
        pytest.param(date(1, 1, 1), -1, date.min, id="stops-at-the-first-day"),
    ],
)
def test_months_are_calendar_months_clamped_to_the_month_end(start: date, months: int, expected: date) -> None:
    assert add_months(start, months) == expected


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        pytest.param(date(2026, 2, 28), 1, date(2026, 3, 1), id="forward"),
        pytest.param(date(2026, 3, 1), -1, date(2026, 2, 28), id="backward"),
        pytest.param(date.max, 1, date.max, id="stops-at-the-last-day"),
        pytest.param(date.min, -1, date.min, id="stops-at-the-first-day"),
    ],
)
def test_days_are_whole_calendar_days(start: date, days: int, expected: date) -> None:
    assert add_days(start, days) == expected


def test_days_between_counts_the_nights() -> None:
    assert days_between(date(2026, 3, 1), date(2026, 4, 30)) == 60
    assert days_between(date(2026, 4, 30), date(2026, 3, 1)) == -60


def test_the_earliest_ignores_days_that_are_not_set() -> None:
    assert earliest([None, date(2026, 3, 2), date(2026, 3, 1)]) == date(2026, 3, 1)
    assert earliest([None]) is None
