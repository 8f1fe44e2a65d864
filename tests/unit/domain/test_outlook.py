"""The next audits that people have to run: those of the forecast, on its recommended days."""

from __future__ import annotations

from datetime import date

from agent.domain.forecast.obligation import Leeway, Obligation, What
from agent.domain.outlook import next_audits

TODAY = date(2026, 6, 1)


def asked(
    what: What, unit: str, on: date | None, *, objective: str = "D1.O1.A", lost: bool = False, rank: int = 1
) -> Obligation:
    return Obligation(
        objective=objective,
        unit=unit,
        what=what,
        why="MEAN",
        recommended_on=on,
        last_prudent_on=date(2026, 8, 1),
        last_permissive_on=date(2026, 8, 2),
        standing=Leeway.LOST if lost else Leeway.OPEN,
        rank=rank,
    )


def test_each_unit_is_named_once_for_the_objective_that_asks_first() -> None:
    later = asked(What.ADS_AUDIT, "chu", date(2026, 7, 20))
    sooner = asked(What.ADS_AUDIT, "chu", date(2026, 7, 6), objective="D1.O1.B")

    (audit,) = next_audits([later, sooner], today=TODAY)

    assert (audit.job, audit.subject, audit.objective) == ("ads_audit", "chu", "D1.O1.B")
    assert (audit.recommended_on, audit.last_safe_on) == (date(2026, 7, 6), date(2026, 8, 1))


def test_nothing_is_asked_for_what_is_lost_or_comes_after_another_audit() -> None:
    lost = asked(What.EXPOSURE_AUDIT, "www", None, lost=True)
    second = asked(What.EXPOSURE_AUDIT, "vpn", date(2026, 9, 1), rank=2)

    assert next_audits([lost, second, asked(What.PIECES, "*", TODAY)], today=TODAY) == []


def test_without_a_working_day_left_the_last_prudent_day_is_kept() -> None:
    [audit] = next_audits([asked(What.INDUSTRIAL_AUDIT, "x", None)], today=TODAY)

    assert (audit.job, audit.recommended_on) == ("exposure_audit", date(2026, 8, 1))


def test_the_soonest_comes_first() -> None:
    found = [asked(What.ADS_AUDIT, "b", date(2026, 8, 1)), asked(What.ADS_AUDIT, "a", date(2026, 7, 1))]

    assert [audit.subject for audit in next_audits(found, today=TODAY)] == ["a", "b"]
