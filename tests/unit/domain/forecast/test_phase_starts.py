"""Phase starts compared before their validation."""

from __future__ import annotations

from datetime import date, timedelta

from agent.domain.forecast.phase_starts import PhaseStart, is_settled, phase_starts
from tests.unit.domain.forecast.cases import Json, parsed, scenario


def starts(value: Json) -> tuple[PhaseStart, ...]:
    one = parsed(value)
    return phase_starts(one.programme, one)


def test_the_bounds_have_the_worked_figures() -> None:
    found = {one.start: one for one in starts(scenario(as_of="2026-02-02", start="2026-03-12"))}
    early, late = found[date(2026, 1, 30)], found[date(2026, 5, 7)]

    assert (early.audits_at_least, early.phase_days) == (7, 425)
    assert (late.audits_at_least, late.phase_days, late.first_audit_by) == (5, 328, date(2026, 7, 6))
    assert early.spending_days - late.spending_days == 97


def test_the_planned_start_is_marked_and_fewer_audits_come_with_later_starts() -> None:
    found = starts(scenario(as_of="2026-02-02", start="2026-03-12"))

    assert [one.start for one in found if one.planned] == [date(2026, 3, 12)]
    figures = [one.audits_at_least for one in found if one.audits_at_least is not None]
    assert figures == sorted(figures, reverse=True)


def test_a_row_stands_where_the_audits_get_fewer() -> None:
    found = starts(scenario(as_of="2026-02-02"))

    for one in found:
        if one.start not in {date(2026, 1, 30), date(2026, 5, 7)}:
            moved = starts(scenario(as_of="2026-02-02", start=(one.start - timedelta(days=1)).isoformat()))
            eve = next(row for row in moved if row.planned)
            assert (eve.audits_at_least or 0) > (one.audits_at_least or 0)


def test_an_early_start_may_already_have_lost_objectives() -> None:
    found = {one.start: one for one in starts(scenario(as_of="2026-07-20", runs=["2026-07-10"]))}

    assert "D1.O1.A" in found[date(2026, 1, 30)].lost


def test_the_validation_closes_the_window_and_settles_the_start() -> None:
    value = scenario(as_of="2026-04-25", phase={"start": "2026-03-12", "validation_date": "2026-04-20"})

    assert max(one.start for one in starts(value)) == date(2026, 4, 20)
    assert is_settled(parsed(value))
    assert not is_settled(parsed(scenario(as_of="2026-04-25")))
