from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.domain.retry import is_due, next_attempt_at

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "pause"),
    [
        pytest.param(1, timedelta(minutes=5), id="first"),
        pytest.param(2, timedelta(minutes=30), id="second"),
        pytest.param(3, timedelta(hours=2), id="third"),
        pytest.param(4, timedelta(days=1), id="then-daily"),
        pytest.param(400, timedelta(days=1), id="still-daily"),
    ],
)
def test_pauses_grow_to_a_day(failures: int, pause: timedelta) -> None:
    assert next_attempt_at(failures, NOW) == NOW + pause


@pytest.mark.parametrize(("failures", "ended"), [(0, NOW), (3, None)])
def test_nothing_holds_back_what_has_not_failed(failures: int, ended: datetime | None) -> None:
    assert next_attempt_at(failures, ended) is None


@pytest.mark.parametrize(
    ("attempt_at", "expected"),
    [
        pytest.param(None, True, id="never-planned"),
        pytest.param(NOW, True, id="now"),
        pytest.param(NOW + timedelta(seconds=1), False, id="not-yet"),
        pytest.param(NOW + timedelta(days=1), False, id="tomorrow"),
        pytest.param(NOW + timedelta(days=1, seconds=1), True, id="planned-by-a-clock-that-ran-ahead"),
    ],
)
def test_an_attempt_is_due_at_its_instant(attempt_at: datetime | None, expected: bool) -> None:
    assert is_due(attempt_at, NOW) is expected
