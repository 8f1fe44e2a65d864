from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.fault import What
from agent.domain.written_day import FIRST_DAY, LAST_DAY, WrittenDayError, find_days, read_day
from agent.texts.faults import sentence

MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


@given(st.dates(FIRST_DAY, LAST_DAY))
def test_every_day_is_read_back_from_each_of_its_forms(day: date) -> None:
    first = "1er" if day.day == 1 else str(day.day)
    forms = [
        day.isoformat(),
        f"{day.isoformat()} 00:00:00",
        f"{day:%d/%m/%Y}",
        f"{day:%d-%m-%Y} 00:00",
        f"{day.day}.{day.month}.{day.year}",
        f"{first} {MONTHS[day.month - 1]} {day.year}",
        f" {day.day}\u00a0{MONTHS[day.month - 1].upper()}  {day.year} ",
    ]

    assert {read_day(form) for form in forms} == {day}


@pytest.mark.parametrize(
    "text",
    [
        *("", "demain", "2026", "mars 2026", "14/03", "14/03/26", "2026-3-14", "20260314", "2026-W10-6"),
        *("29/02/2026", "31/11/2026", "00/01/2026", "03/14/2026", "14 brumaire 2026"),
        *("2026-03-14T10:00", "14/03/2026 10:00", "31/12/1999", "01/01/2101", "٠١/٠٣/٢٠٢٦"),
    ],
)
def test_what_is_no_day_or_could_be_two_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(WrittenDayError) as caught:
        read_day(text)
    assert re.search("écrivez|calendrier|possible", sentence(caught.value.fault))


@pytest.mark.parametrize(
    ("text", "days"),
    [
        pytest.param("du 1er avril 2026 au 31/03/2027", [date(2026, 4, 1), date(2027, 3, 31)], id="a sentence"),
        pytest.param("01-04-2026-31-03-2027", [date(2026, 4, 1), date(2027, 3, 31)], id="only dashes"),
        pytest.param("2026-04-01 / 2027-03-31", [date(2026, 4, 1), date(2027, 3, 31)], id="ISO"),
        pytest.param("1 janv. 2026\u00a0: 12 mois", [date(2026, 1, 1)], id="one"),
        pytest.param("114/03/20261", [], id="part of a longer number"),
        pytest.param("2026", [], id="none"),
    ],
)
def test_days_that_stand_in_a_text_are_found_in_its_order(text: str, days: list[date]) -> None:
    assert list(find_days(text)) == days


def test_day_in_a_text_that_does_not_exist_is_refused() -> None:
    with pytest.raises(WrittenDayError) as caught:
        find_days("du 31/02/2026 au 31/03/2026")
    assert caught.value.fault.what is What.NO_SUCH_DAY
