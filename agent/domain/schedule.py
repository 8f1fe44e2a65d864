"""What is due: a pure function of the jobs, their history and `now` (DESIGN, Due dates)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.domain.retry import LONGEST_PAUSE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

INBOX = "inbox"


class Rhythm(StrEnum):
    """How often a job is due."""

    EVERY_PASS = "every_pass"  # noqa: S105 - a pass of the agent, not a password
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """
    One thing a pass does.

    `name` is the collector's kind (or `inbox`), `subject` the configured collector's id.
    """

    name: str
    subject: str | None
    rhythm: Rhythm


@dataclass(frozen=True, slots=True, kw_only=True)
class JobHistory:
    """What the state remembers of one job: last success and, after it, the pause before the next attempt."""

    last_success_at: datetime | None = None
    retry_at: datetime | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DueJob:
    """A job and when it is due; `why` is PERIODIC, FIRST, RETRY or EACH_PASS."""

    job: Job
    due_at: datetime
    period: str
    why: str


def period_of(rhythm: Rhythm, now: datetime, zone: ZoneInfo) -> str:
    """Return the period key that `now` falls in, in the hospital's civil time."""
    local = now.astimezone(zone)
    if rhythm is Rhythm.EVERY_PASS:
        return now.isoformat(timespec="seconds")
    if rhythm is Rhythm.DAILY:
        return local.date().isoformat()
    year, week, _ = local.isocalendar()
    return f"{year}-W{week:02d}"


def period_start(rhythm: Rhythm, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant at which the current period began."""
    local = now.astimezone(zone)
    if rhythm is Rhythm.EVERY_PASS:
        return now
    day: date = local.date()
    if rhythm is Rhythm.WEEKLY:
        day -= timedelta(days=day.weekday())
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(now.tzinfo)


def next_due(job: Job, history: JobHistory, now: datetime, zone: ZoneInfo) -> DueJob:
    """
    Return when `job` is due next: in this period unless it already succeeded in it, later after a failure.

    A job of every pass is due whatever happened. A success, or a failure, dated after `now` was recorded by a
    clock since set back: it proves nothing, the job is due.
    """
    start = period_start(job.rhythm, now, zone)
    if job.rhythm is Rhythm.EVERY_PASS:
        return DueJob(job=job, due_at=start, period=period_of(job.rhythm, now, zone), why="EACH_PASS")
    succeeded = history.last_success_at is not None and start <= history.last_success_at <= now
    if succeeded:
        following = start + timedelta(days=7 if job.rhythm is Rhythm.WEEKLY else 1)
        # A civil day is not always 24 hours: ask for the period that noon of the following day falls in.
        following = period_start(job.rhythm, following + timedelta(hours=12), zone)
        return DueJob(job=job, due_at=following, period=period_of(job.rhythm, following, zone), why="PERIODIC")
    period = period_of(job.rhythm, now, zone)
    if history.failures and history.retry_at is not None and history.retry_at - now <= LONGEST_PAUSE:
        return DueJob(job=job, due_at=max(start, history.retry_at), period=period, why="RETRY")
    return DueJob(job=job, due_at=start, period=period, why="PERIODIC" if history.last_success_at else "FIRST")


def due(jobs: Iterable[tuple[Job, JobHistory]], now: datetime, zone: ZoneInfo) -> list[DueJob]:
    """Return the jobs due at `now`, oldest first."""
    planned = (next_due(job, history, now, zone) for job, history in jobs)
    return sorted(
        (item for item in planned if item.due_at <= now),
        key=lambda item: (item.due_at, item.job.name, str(item.job.subject)),
    )
