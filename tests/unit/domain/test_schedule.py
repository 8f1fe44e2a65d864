"""What is due is a function of the history and of now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.domain.schedule import Job, JobHistory, Rhythm, due, next_due, period_of, period_start

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)  # a Wednesday
DAILY = Job(name="tenable", subject="cloud", rhythm=Rhythm.DAILY)
WEEKLY = Job(name="ldap", subject="chu", rhythm=Rhythm.WEEKLY)
INBOX = Job(name="inbox", subject=None, rhythm=Rhythm.EVERY_PASS)


def is_due(job: Job, history: JobHistory, now: datetime = NOW) -> bool:
    return bool(due([(job, history)], now, PARIS))


def test_what_never_ran_is_due() -> None:
    assert is_due(DAILY, JobHistory())
    assert is_due(WEEKLY, JobHistory())


def test_the_inbox_is_due_at_every_pass() -> None:
    assert is_due(INBOX, JobHistory(last_success_at=NOW))
    assert is_due(INBOX, JobHistory(failures=4, retry_at=NOW + timedelta(days=1)))


@pytest.mark.parametrize(
    ("job", "last_success_at", "expected"),
    [
        pytest.param(DAILY, datetime(2026, 11, 17, 23, 30, tzinfo=UTC), False, id="daily-after-local-midnight"),
        pytest.param(DAILY, datetime(2026, 11, 17, 22, 30, tzinfo=UTC), True, id="daily-before-local-midnight"),
        pytest.param(WEEKLY, datetime(2026, 11, 16, 0, 0, tzinfo=UTC), False, id="weekly-this-monday"),
        pytest.param(WEEKLY, datetime(2026, 11, 15, 12, 0, tzinfo=UTC), True, id="weekly-last-sunday"),
    ],
)
def test_a_success_holds_for_the_civil_period_it_falls_in(job: Job, last_success_at: datetime, expected: bool) -> None:
    assert is_due(job, JobHistory(last_success_at=last_success_at)) is expected


def test_a_success_dated_in_the_future_proves_nothing() -> None:
    assert is_due(DAILY, JobHistory(last_success_at=NOW + timedelta(days=1)))


def test_a_failure_dated_far_in_the_future_holds_nothing_back() -> None:
    assert is_due(DAILY, JobHistory(failures=4, retry_at=NOW + timedelta(days=366)))


def test_a_failure_waits_for_its_next_attempt() -> None:
    waiting = JobHistory(failures=1, retry_at=NOW + timedelta(minutes=5))

    assert not is_due(DAILY, waiting)
    assert is_due(DAILY, waiting, NOW + timedelta(minutes=5))
    assert next_due(DAILY, waiting, NOW, PARIS).why == "RETRY"


def test_the_next_period_starts_at_local_midnight_when_the_clocks_change() -> None:
    eve = datetime(2026, 10, 25, 6, 0, tzinfo=UTC)  # a day of 25 hours in Paris
    planned = next_due(DAILY, JobHistory(last_success_at=eve), eve, PARIS)

    assert planned.due_at.astimezone(PARIS).isoformat() == "2026-10-26T00:00:00+01:00"
    assert planned.period == "2026-10-26"


def test_periods_are_named_in_civil_time() -> None:
    late = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)

    assert period_of(Rhythm.DAILY, late, PARIS) == "2027-01-01"
    assert period_of(Rhythm.WEEKLY, late, PARIS) == "2026-W53"
    assert period_start(Rhythm.WEEKLY, late, PARIS).astimezone(PARIS).date().isoformat() == "2026-12-28"


def test_due_jobs_come_oldest_first() -> None:
    jobs = [(DAILY, JobHistory()), (WEEKLY, JobHistory())]

    assert [item.job for item in due(jobs, NOW, PARIS)] == [WEEKLY, DAILY]
