from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.written_day import FIRST_DAY, LAST_DAY, WrittenDayError, read_day

MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


@given(st.dates(FIRST_DAY, LAST_DAY))
def test_every_day_is_read_back_from_each_of_its_forms(day: date) -> None:
    first = "1er" if day.day == 1 else str(day.day)
    forms = [
        day.isoformat(),
        f"{day:%d/%m/%Y}",
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
    with pytest.raises(WrittenDayError, match=r"écrivez|calendrier|possible"):
        read_day(text)
