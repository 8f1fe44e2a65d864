"""The what-if of a whole programme: everything is judged on the day that is supposed, never on the configured one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from agent.domain.declaration import Declaration
from agent.domain.errors import UsageError
from agent.domain.forecast.obligation import What
from agent.services.assess import Assessed
from agent.services.forecast import ForecastReport, report_forecasts, report_phase_starts
from config.fact_kinds import fact_kinds
from tests.unit.domain.declared_cases import said
from tests.unit.domain.forecast.cases import HOLIDAYS, Json, parsed, scenario


def assessed(value: Json, *declarations: Declaration) -> Assessed:
    return Assessed(programme=value["programme"], document={}, questions=(), scenario=value, declarations=declarations)


def report(value: Json, *declarations: Declaration, supposed: Sequence[str] = (), **more: Any) -> ForecastReport:
    [found] = report_forecasts(
        [assessed(value, *declarations)],
        parse=parsed,
        kinds=fact_kinds(),
        holidays=lambda _years: frozenset(HOLIDAYS),
        supposed=supposed,
        **more,
    )
    return found


def test_another_declaration_day_is_a_day_for_declared_objectives_too() -> None:
    value = scenario(as_of="2027-02-01", declaration="2027-01-15")
    moved = report(value, declaration=date(2027, 3, 20))

    assert "D1.O3" in report(value).forecast.lost
    assert not {"D1.O3", "D1.O4"} & set(moved.forecast.lost)
    assert {one.last_prudent_on for one in moved.forecast.obligations if one.objective == "D1.O4"} == {
        date(2027, 3, 20)
    }


def test_the_comparison_holds_every_objective_and_prerequisite() -> None:
    value = scenario(as_of="2027-02-01", declaration="2027-01-15")
    exercise = said("crisis_exercise", "E1", evidence=["proof"], held_on=date(2027, 1, 20))
    compared = {one.objective: one for one in report(value, exercise, declaration=date(2027, 3, 20)).compared}

    assert {"D1.O2.B", "D1.O3", "D1.O4", "D1.O6.B", "ELIGIBILITE"} <= compared.keys()
    assert (compared["D1.O3"].before, compared["D1.O3"].after) == ("not_met", "met")


@pytest.mark.parametrize("reasons", [["FIRST_AUDIT_LATE", "NEEDS_DECISION"], ["FIRST_AUDIT_LATE"]])
def test_what_a_fact_still_to_be_settled_may_save_is_not_said_to_be_lost(reasons: list[str]) -> None:
    entry = {"verdict": "at_risk", "reasons": reasons}
    document = {"objectives": {"D1.O1.A": {"candidate": entry, "units": {"AD1": entry}}}}
    one = replace(assessed(scenario(as_of="2026-09-01")), document=document)
    [found] = report_forecasts([one], parse=parsed, kinds=fact_kinds(), holidays=lambda _years: frozenset())
    [asked] = [row for row in found.rows() if row["objective"] == "D1.O1.A"]
    awaits = "NEEDS_DECISION" in reasons

    assert ("D1.O1.A" in found.forecast.lost) is not awaits
    assert (asked["what"], asked["lost"]) == (("decision", False) if awaits else ("ads_audit", True))


def test_prerequisites_have_obligations() -> None:
    found = report(scenario(as_of="2026-06-01")).forecast.obligations

    assert any(one.objective == "ELIGIBILITE" and one.what is What.DECLARED_FACT for one in found)


@pytest.mark.parametrize("day", [date(2026, 6, 1), date(2026, 5, 31)], ids=["today", "yesterday"])
def test_a_declaration_that_is_not_to_come_is_refused_whatever_is_compared(day: date) -> None:
    value = scenario(as_of="2026-06-01")

    with pytest.raises(UsageError):
        report(value, declaration=day)
    with pytest.raises(UsageError):
        report_phase_starts([assessed(value)], parse=parsed, declaration=day)


def both(*options: str, **more: Any) -> dict[str, ForecastReport]:
    """The forecasts of a candidate who follows D1 too, which is over, by programme."""
    bis = scenario(as_of="2026-09-01", runs=["2026-06-20"], exposures=["2026-06-20"])
    old = {**bis, "programme": "D1_2024", "phase": {"start": "2024-04-01", "declaration": "2025-03-28"}}
    found = report_forecasts(
        [assessed(old), assessed(bis)],
        parse=parsed,
        kinds=fact_kinds(),
        holidays=lambda _years: frozenset(HOLIDAYS),
        supposed=options,
        **more,
    )
    return {one.forecast.programme.id: one for one in found}


def test_what_is_supposed_applies_to_the_programmes_where_it_fits() -> None:
    found = both("ads:AD1:2026-10-05:score=3", declaration=date(2027, 3, 20))

    assert (bool(found["D1_2024"].compared), bool(found["D1BIS_2026"].compared)) == (False, True)
    assert found["D1_2024"].forecast.declaration == date(2025, 3, 28)
    assert found["D1BIS_2026"].forecast.declaration == date(2027, 3, 20)


def test_what_fits_no_programme_is_refused() -> None:
    with pytest.raises(UsageError):
        both("ads:AD1:2027-05-01:score=3")
    with pytest.raises(UsageError):
        both("ads:AD1:2026-10-05:score=3", only="D1_2024")


def test_a_programme_may_be_named() -> None:
    assert both(only="D1BIS_2026").keys() == {"D1BIS_2026"}
    with pytest.raises(UsageError):
        both(only="P3_2026")
