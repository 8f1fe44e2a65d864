"""A clock that tests set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """A clock that stands still until it is told to move; sleeping moves it, and `slept` lists the waits in seconds."""

    def __init__(self, now: datetime = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)) -> None:
        self._now = now
        self._monotonic = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds=seconds)

    def advance(self, **duration: float) -> None:
        """Move on by a `timedelta(**duration)`; a negative one sets the wall clock back only."""
        step = timedelta(**duration)
        self._now += step
        self._monotonic += max(0.0, step.total_seconds())

    def set(self, now: datetime) -> None:
        """Set the wall clock."""
        self._now = now
