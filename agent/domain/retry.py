"""When something that failed is tried again: after 5 min, 30 min, 2 h, then daily."""

from __future__ import annotations

from datetime import datetime, timedelta

PAUSES = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
LONGEST_PAUSE = timedelta(days=1)


def pause_after(failures: int) -> timedelta:
    """Return how long to wait after `failures` failures in a row (at least one)."""
    return PAUSES[failures - 1] if failures <= len(PAUSES) else LONGEST_PAUSE


def next_attempt_at(failures: int, last_ended_at: datetime | None) -> datetime | None:
    """
    Return when an attempt that failed `failures` times in a row is due again.

    None means that nothing holds it back: no failure, or none whose end is known.
    """
    if failures <= 0 or last_ended_at is None:
        return None
    return last_ended_at + pause_after(failures)


def is_due(attempt_at: datetime | None, now: datetime) -> bool:
    """
    Return whether an attempt planned for `attempt_at` may be made at `now`.

    One planned further away than the longest pause was planned by a clock that ran ahead: it is due.
    """
    return attempt_at is None or attempt_at <= now or attempt_at > now + LONGEST_PAUSE
