from __future__ import annotations

from datetime import date

import pytest

from agent.domain.handover import SideValues
from collectors import side_file


def test_side_file_states_what_the_report_cannot() -> None:
    text = 'kind = "ads_report"\ndirectory = "chu"\ndate = 2026-09-01\nscore = 2\nby = "A. Durand"\n'

    assert side_file.parse(text.encode()) == (
        SideValues(kind="ads_report", directory="chu", date=date(2026, 9, 1), score=2, by="A. Durand"),
        (),
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("score = 9\n", id="score-off-the-scale"),
        pytest.param("score = true\n", id="score-is-a-boolean"),
        pytest.param('score = "2"\n', id="score-is-a-text"),
        pytest.param("score = nan\n", id="score-is-nan"),
        pytest.param("score = inf\n", id="score-is-infinite"),
        pytest.param("date = 1999-12-31\n", id="day-too-old"),
        pytest.param('date = "0001-01-01"\n', id="text-of-a-day-too-old"),
        pytest.param('date = "09/31/2026"\n', id="other-date-order"),
        pytest.param('date = "01/09/26"\n', id="two-figures-of-a-year"),
        pytest.param('date = "31/06/2026"\n', id="day-that-is-none"),
        pytest.param("date = 2026-09-01T10:00:00Z\n", id="instant"),
        pytest.param('kind = "inconnu"\n', id="unknown-kind"),
        pytest.param("directory = 3\n", id="directory-is-a-number"),
        pytest.param('autre = "x"\n', id="unknown-key"),
        pytest.param("surfaces = [1]\n", id="surface-is-a-number"),
    ],
)
def test_faulty_key_is_a_problem_and_counts_as_not_stated(text: str) -> None:
    values, problems = side_file.parse((text + 'by = "A. Durand"\n').encode())

    assert values == SideValues(by="A. Durand")
    assert len(problems) == 1


def test_first_possible_day_is_taken() -> None:
    assert side_file.parse(b"date = 2000-01-01\n") == (SideValues(date=date(2000, 1, 1)), ())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"score = ", id="not-toml"),
        pytest.param(b"\xff\xfe\x00", id="not-utf-8"),
        pytest.param(b"a = " + b"[" * 30_000, id="deep"),
        pytest.param(b"# " + b"x" * 70_000, id="too-large"),
        pytest.param(b"score = 2\nscore = 3\n", id="twice"),
    ],
)
def test_unreadable_side_file_states_nothing(data: bytes) -> None:
    values, problems = side_file.parse(data)

    assert values == SideValues()
    assert len(problems) == 1


def test_what_is_typed_wins_over_the_side_file() -> None:
    stated = SideValues(score=3).over(SideValues(score=2, directory="chu"))

    assert stated == SideValues(score=3, directory="chu")


@pytest.mark.parametrize(
    "written",
    [
        pytest.param('"2026-09-01"', id="iso"),
        pytest.param("2026-09-01", id="toml date"),
        pytest.param('"01/09/2026"', id="french figures"),
        pytest.param('"1er septembre 2026"', id="french words"),
    ],
)
def test_day_is_read_as_people_here_write_it(written: str) -> None:
    values, problems = side_file.parse(f"date = {written}\n".encode())

    assert (values.date, problems) == (date(2026, 9, 1), ())
