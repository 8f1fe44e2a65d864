"""Days on which people work: neither a week-end nor a public holiday."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from agent.domain.deadlines import add_days

_SATURDAY = 5
_LONGEST_BREAK = 14
"""No run of days off is longer: beyond it, a calendar of holidays is at fault and no day is proposed."""


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """A calendar; `holidays` are the public holidays of the years that matter."""

    holidays: Collection[date] = frozenset()

    def holds(self, day: date) -> bool:
        """Return whether people work on `day`."""
        return day.weekday() < _SATURDAY and day not in self.holidays

    def on_or_before(self, day: date) -> date | None:
        """Return `day` or the last working day before it, None when there is none within two weeks."""
        return next(filter(self.holds, _days(day, -1)), None)

    def on_or_after(self, day: date) -> date | None:
        """Return `day` or the first working day after it, None when there is none within two weeks."""
        return next(filter(self.holds, _days(day, 1)), None)

    def within(self, wanted: date, first: date, last: date) -> date | None:
        """
        Return the working day of [first, last] nearest to `wanted`, the earlier of two; None without one.

        `wanted` outside those bounds is first brought back to the nearest of them.
        """
        if last < first:
            return None
        wanted = min(max(wanted, first), last)
        found = [self.on_or_before(wanted), self.on_or_after(wanted)]
        inside = [day for day in found if day is not None and first <= day <= last]
        return min(inside, key=lambda day: (abs((day - wanted).days), day), default=None)


def _days(start: date, step: int) -> Iterator[date]:
    return (add_days(start, step * count) for count in range(_LONGEST_BREAK + 1))
