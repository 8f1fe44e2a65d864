"""Public holidays of the regions that the configuration names."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest

from agent.holidays import REGIONS, public_holidays
from config.model import HolidaysRegion


def test_every_region_of_the_configuration_is_known() -> None:
    assert set(REGIONS) == set(get_args(HolidaysRegion))


@pytest.mark.parametrize(
    ("region", "day"),
    [
        ("metropole", date(2026, 7, 14)),
        ("metropole", date(2027, 3, 29)),
        ("alsace-moselle", date(2026, 12, 26)),
        ("alsace-moselle", date(2027, 3, 26)),
        ("la-reunion", date(2026, 12, 20)),
        ("nouvelle-caledonie", date(2026, 9, 24)),
    ],
    ids=["14 July", "Easter Monday", "second Christmas day", "Good Friday", "abolition of slavery", "citizenship day"],
)
def test_a_holiday_is_one_where_it_is_kept(region: str, day: date) -> None:
    assert day in public_holidays(region, [2026, 2027])


@pytest.mark.parametrize("day", [date(2026, 12, 26), date(2026, 12, 20), date(2026, 9, 24)])
def test_a_regional_holiday_is_a_working_day_elsewhere(day: date) -> None:
    assert day not in public_holidays("metropole", [2026])


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_keeps_the_national_days(region: str) -> None:
    assert public_holidays("metropole", [2026]) <= public_holidays(region, [2026])
