"""Calendar arithmetic against slow and sure ways to count: day by day, and the published rules of summer time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.bootstrap import Application
from agent.domain.deadlines import add_days, add_months, days_between
from agent.domain.exposure import AuditHead, Reading, summarise
from agent.domain.facts import ExposureAuditFact
from agent.domain.handover import SideValues
from agent.holidays import public_holidays
from agent.services.read import facts_from
from config.load import load
from tests.fakes.clock import FakeClock
from tests.unit.config.conftest import MINIMAL

ONE_DAY = timedelta(days=1)
many = settings(max_examples=settings().max_examples * 10)

ordinary_days = st.dates(date(2023, 1, 1), date(2033, 12, 31))
month_ends = st.builds(
    lambda year, month: date(year + month // 12, month % 12 + 1, 1) - ONE_DAY,
    st.integers(2023, 2032),
    st.integers(1, 12),
)
any_day = st.one_of(ordinary_days, month_ends, st.sampled_from([date(2024, 2, 29), date(2028, 2, 29)]))


def months_later(day: date, count: int) -> date:
    """The same day `count` months away, walked day by day; the month's last day when it is shorter."""
    walked, step, left = day, ONE_DAY if count > 0 else -ONE_DAY, abs(count)
    while left:
        before = walked
        walked += step
        left -= walked.month != before.month
    # Here the walk has just entered the month, by its first or its last day.
    same_month = [
        date.fromordinal(number)
        for number in range(walked.toordinal() - 31, walked.toordinal() + 32)
        if date.fromordinal(number).replace(day=1) == walked.replace(day=1)
    ]
    return max(one for one in same_month if one.day <= day.day)


@many
@given(any_day, st.integers(-30, 30))
@example(date(2024, 2, 29), 12)
@example(date(2024, 2, 29), 48)
@example(date(2027, 12, 31), 2)
def test_months_later_is_what_walking_day_by_day_finds(day: date, count: int) -> None:
    assert add_months(day, count) == months_later(day, count)


@many
@given(any_day, st.integers(-800, 800))
def test_days_later_is_what_walking_day_by_day_finds(day: date, count: int) -> None:
    walked = day
    for _ in range(abs(count)):
        walked += ONE_DAY if count > 0 else -ONE_DAY

    assert add_days(day, count) == walked
    assert days_between(day, walked) == count


@many
@given(any_day, any_day, st.integers(-30, 30))
def test_a_later_day_never_comes_earlier_some_months_on(one: date, other: date, count: int) -> None:
    earlier, later = sorted((one, other))

    assert add_months(earlier, count) <= add_months(later, count)


def last_sunday(year: int, month: int) -> date:
    day = date(year, month, 31)
    while day.isoweekday() != 7:
        day -= ONE_DAY
    return day


def paris_hours(instant: datetime) -> int:
    """Hours of Paris ahead of UTC: summer time from the last Sunday of March to that of October, at 01:00 UTC."""
    opens, closes = (
        datetime.combine(last_sunday(instant.year, month), datetime.min.time(), UTC) + timedelta(hours=1)
        for month in (3, 10)
    )
    return 2 if opens <= instant < closes else 1


FIXED_HOURS = {
    "Indian/Reunion": 4,
    "Indian/Mayotte": 3,
    "America/Martinique": -4,
    "America/Guadeloupe": -4,
    "America/Cayenne": -3,
    "Pacific/Noumea": 11,
    "Pacific/Tahiti": -10,
    "Pacific/Wallis": 12,
}
ZONES = ("Europe/Paris", *FIXED_HOURS)


def civil_day(instant: datetime, zone: str) -> date:
    hours = paris_hours(instant) if zone == "Europe/Paris" else FIXED_HOURS[zone]
    return (instant.replace(tzinfo=None) + timedelta(hours=hours)).date()


# Any instant, and those around midnight in UTC and around the nights of the changes of clock.
instants = st.one_of(
    st.datetimes(datetime(2024, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.builds(
        lambda day, minutes: datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes),
        st.one_of(
            any_day.filter(lambda day: day.year > 2023),
            st.builds(last_sunday, st.integers(2024, 2029), st.sampled_from([3, 10])),
        ),
        st.integers(-180, 180),
    ),
)


@pytest.fixture(scope="module")
def applications(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Application, FakeClock]]:
    """One agent a zone, each with its clock."""
    made = {}
    for zone in ZONES:
        path: Path = tmp_path_factory.mktemp("zone") / "carenage.toml"
        path.write_text(MINIMAL.replace('type = "GHT"', f'type = "GHT"\ntime_zone = "{zone}"'), encoding="utf-8")
        clock = FakeClock()
        made[zone] = (Application(load(path), clock=clock), clock)
    return made


@many
@given(instants, st.sampled_from(ZONES))
@example(datetime(2027, 3, 31, 21, 59, 59, tzinfo=UTC), "Europe/Paris")
@example(datetime(2027, 3, 31, 22, 0, tzinfo=UTC), "Europe/Paris")
@example(datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC), "Europe/Paris")
@example(datetime(2026, 10, 24, 22, 0, tzinfo=UTC), "Europe/Paris")
@example(datetime(2026, 10, 25, 23, 0, tzinfo=UTC), "Europe/Paris")
@example(datetime(2027, 3, 31, 20, 0, tzinfo=UTC), "Indian/Reunion")
@example(datetime(2027, 4, 1, 3, 59, tzinfo=UTC), "America/Martinique")
def test_the_day_judged_is_the_civil_day_of_the_hospital(
    applications: dict[str, tuple[Application, FakeClock]], instant: datetime, zone: str
) -> None:
    application, clock = applications[zone]
    clock.set(instant)

    assert application.as_of() == civil_day(instant, zone)


def read_audit(ended_at: str, zone: str, received_on: date) -> ExposureAuditFact:
    head = AuditHead(ended_at=ended_at, scope=("chu.fr",), hosts_seen=("www.chu.fr",))
    reading = Reading(format="nessus", kind="exposure_report", reader_version=1, complete=True, audit=head)
    summary = summarise((), audit=head, complete=True, completed=True, rejected_scores=0, top_labels=frozenset())
    (fact,) = facts_from(
        replace(reading, summary=summary), side=SideValues(), received_on=received_on, zone=ZoneInfo(zone)
    )
    assert isinstance(fact, ExposureAuditFact)
    return fact


@many
@given(instants, st.sampled_from(ZONES), st.integers(-14, 14))
def test_the_day_of_an_audit_is_the_civil_day_of_its_end_whatever_zone_the_report_writes(
    instant: datetime, zone: str, written: int
) -> None:
    day = civil_day(instant, zone)
    offset = f"{'-' if written < 0 else '+'}{abs(written):02d}:00"
    written_at = (instant.replace(tzinfo=None) + timedelta(hours=written)).isoformat() + offset

    assert read_audit(written_at, zone, received_on=day).date == day.isoformat()
    assert read_audit(written_at, zone, received_on=day - ONE_DAY).date is None


def easter(year: int) -> date:
    """The first Sunday after the full moon of the church's tables, found by trying each day (golden number, epact)."""
    golden = year % 19
    century = year // 100
    moon = (15 + century - century // 4 - (8 * century + 13) // 25 + 19 * golden) % 30
    late = moon == 29 or (moon == 28 and golden > 10)
    day = date(year, 3, 21) + timedelta(days=moon - late)
    return next(one for count in range(1, 8) if (one := day + timedelta(days=count)).isoweekday() == 7)


@pytest.mark.parametrize("year", range(2024, 2035))
def test_the_public_holidays_are_the_eleven_of_the_labour_code(year: int) -> None:
    sunday = easter(year)

    assert public_holidays("metropole", [year]) == {
        *(date(year, 1, 1), date(year, 5, 1), date(year, 5, 8), date(year, 7, 14), date(year, 8, 15)),
        *(date(year, 11, 1), date(year, 11, 11), date(year, 12, 25)),
        *(sunday + timedelta(days=count) for count in (1, 39, 50)),
    }
