"""What declared objectives and prerequisites still ask: their last days, as the rules find them, and what is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.declaration import Declaration, current
from agent.domain.forecast.declared import Declared, declared_obligations
from agent.domain.forecast.obligation import Leeway, Obligation, What
from agent.domain.forecast.working_days import WorkingDays
from agent.domain.scenario import Scenario, parse_scenario
from agent.domain.verdict import Verdict
from config.fact_kinds import fact_kinds
from config.programme_files import find_programme
from tests.unit.domain.declared_cases import BIS, OLD, P3, PHASES, establishments, said
from tests.unit.domain.forecast.cases import HOLIDAYS, day, forecast_of, scenario

PRUDENT, PERMISSIVE = "2027-07-30", "2028-09-30"
TRAJECTORY, WINDOW_CLOSES = "D1.O6.B", day("2024-12-31")
ONE_DAY = timedelta(days=1)
few = settings(max_examples=settings().max_examples // 4)


def case(as_of: str, *, programme: str = BIS, declaration: str | None = None, **config: object) -> Scenario:
    """A GHT of two establishments."""
    phase = {**PHASES[programme], **({"declaration": declaration} if declaration else {})}
    candidate = {"type": "GHT", "establishments": establishments(60, 40)}
    parts: Any = {"id": "ght", "programme": programme, "candidate": candidate, "phase": phase, "config": config}
    return parse_scenario({**parts, "as_of": as_of}, find_programme)


def known(*declarations: Declaration) -> Declared:
    return Declared(declarations=current(declarations, fact_kinds()), kinds=fact_kinds())


def asked(
    value: Scenario, *declarations: Declaration, of: str, what: What | None = None, unit: str | None = None
) -> list[Obligation]:
    """What an objective asks of its units."""
    found = declared_obligations(value, known(*declarations), WorkingDays(HOLIDAYS))
    return [one for one in found if one.objective == of and what in {None, one.what} and unit in {None, one.unit}]


def exercise(**values: Any) -> Declaration:
    return said("crisis_exercise", "E1", evidence=["proof"], **values)


@pytest.mark.parametrize(
    ("as_of", "standing"),
    [
        pytest.param(PRUDENT, Leeway.OPEN, id="last prudent day"),
        pytest.param("2027-07-31", Leeway.CONTESTED, id="the day after"),
    ],
)
def test_a_milestone_that_no_trajectory_plans_stands_by_its_days(as_of: str, standing: Leeway) -> None:
    value = case(as_of, declaration="2027-12-31", declaration_deadline="2027-12-31")

    [one] = asked(value, of=TRAJECTORY, what=What.MILESTONE)
    assert (one.standing, one.last_prudent_on) == (standing, day(PRUDENT))


def test_a_milestone_that_the_trajectory_plans_in_time_is_asked_no_more() -> None:
    trajectory = said("convergence_trajectory", planning=True, milestone_on=day("2027-06-30"))

    assert asked(case("2026-09-01"), trajectory, of=TRAJECTORY)
    assert asked(case("2026-09-01"), trajectory, of=TRAJECTORY, what=What.MILESTONE) == []


def test_an_exercise_is_due_when_its_own_window_closes_not_at_the_declaration() -> None:
    event, fact = asked(case("2024-09-02", programme=OLD), of="D1.O3", unit="E1")

    assert {event.last_prudent_on, event.last_permissive_on, fact.last_prudent_on} == {WINDOW_CLOSES}
    assert event.recommended_on is not None
    assert event.recommended_on <= event.values["plan_by"] == WINDOW_CLOSES - timedelta(days=60)  # type: ignore[operator]


def test_an_exercise_planned_early_may_still_be_held_until_its_window_closes() -> None:
    planned = exercise(held_on=day("2024-11-14"))
    event, fact = asked(case("2024-09-02", programme=OLD), planned, of="D1.O3", unit="E1")

    assert (event.recommended_on, event.last_prudent_on) == (day("2024-11-14"), WINDOW_CLOSES)
    assert fact.recommended_on is not None
    assert fact.recommended_on >= day("2024-11-14")


def test_an_exercise_planned_after_its_window_is_not_planned() -> None:
    event, *_ = asked(case("2024-09-02", programme=OLD), exercise(held_on=day("2025-02-03")), of="D1.O3", unit="E1")

    assert event.values["planned"] is None
    assert event.recommended_on is not None
    assert event.recommended_on <= WINDOW_CLOSES


def test_a_window_that_has_closed_was_lost_on_its_own_last_day() -> None:
    [lost] = asked(case("2025-01-20", programme=OLD), of="D1.O3", unit="E1")

    assert (lost.standing, lost.recommended_on, lost.last_permissive_on) == (Leeway.LOST, None, WINDOW_CLOSES)


def test_what_never_could_be_given_has_no_last_day() -> None:
    outside = said("eligibility", "E1", eligible_in_2024=True, eg_categories=("101",), ej_category="9999")
    lost = [one for one in asked(case("2026-09-01"), outside, of="ELIGIBILITE") if one.lost]

    assert [(one.unit, one.last_permissive_on) for one in lost] == [("E1", None)]


def test_an_exemption_that_lacks_its_lessons_asks_for_them_and_for_no_exercise() -> None:
    exempted = said(
        "exercise_exemption", "E1", evidence=["decision"], attacked_on=day("2026-04-01"), decided_on=day("2026-06-01")
    )
    [one] = asked(case("2026-09-01"), exempted, of="D1.O3", unit="E1")

    assert (one.what, one.values["fact"]) == (What.DECLARED_FACT, "exercise_exemption")
    assert one.values["missing"] == ["RETEX de la cyberattaque et remédiation"]


@pytest.mark.parametrize(("programme", "prerequisite"), [(BIS, "ELIGIBILITE"), (OLD, "PS2.1"), (OLD, "PS2.2")])
def test_prerequisites_are_asked_too(programme: str, prerequisite: str) -> None:
    assert asked(case(PHASES[programme]["start"], programme=programme), of=prerequisite)


def test_what_is_declared_and_lost_is_among_what_can_no_longer_be_met() -> None:
    value = scenario(as_of="2027-02-01", declaration="2027-01-15")

    assert "D1.O3" in forecast_of(value, declared=known()).lost
    assert "D1.O3" not in forecast_of({**value, "phase": {"start": "2026-05-07", "declaration": "2027-03-20"}},
                                      declared=known()).lost  # fmt: skip


@st.composite
def situations(draw: st.DrawFn) -> tuple[Scenario, Sequence[Declaration]]:
    """A programme on a day of its phase, a few things declared, none of them planned."""
    programme = draw(st.sampled_from([BIS, OLD, P3]))
    start, declaration = (date.fromisoformat(PHASES[programme][name]) for name in ("start", "declaration"))
    today = draw(st.dates(start, declaration))
    facts = [
        exercise(held_on=draw(st.dates(date(2022, 6, 1), today))),
        said("osis", "E1", budget_share_filled=True, priority_measures_filled=draw(st.sampled_from([12, 43]))),
        said("convergence_trajectory", planning=True, milestone_on=draw(st.dates(today, today + 900 * ONE_DAY))),
        said("governance", single_ad_team=draw(st.booleans())),
        said("cybersurveillance_2024", "E1", "E2", audited_on=draw(st.dates(date(2021, 6, 1), today))),
    ]
    kept = draw(st.lists(st.sampled_from(facts), unique_by=lambda one: one.fact))
    return case(today.isoformat(), programme=programme), kept


@few
@given(situations())
def test_an_open_unit_can_be_put_right_until_its_last_prudent_day_and_is_lost_the_day_after(
    situation: tuple[Scenario, Sequence[Declaration]],
) -> None:
    value, declarations = situation
    declared = known(*declarations)

    def verdict(one: Obligation, on: date) -> Verdict:
        return declared.judged(replace(value, as_of=on))[one.objective].units[one.unit].verdict

    for one in declared_obligations(value, declared, WorkingDays(HOLIDAYS)):
        last = one.last_prudent_on
        if one.what is What.MILESTONE or last is None:
            continue
        assert verdict(one, last) is not Verdict.NOT_MET
        assert verdict(one, last + ONE_DAY) is Verdict.NOT_MET
        assert one.lost == (last < value.as_of)


@pytest.mark.parametrize(
    ("unit", "planned_on", "taken"),
    [
        ({"unit": "E1"}, "2026-11-16", True),
        ({}, "2026-11-16", True),
        ({"unit": "E2"}, "2026-11-16", False),
        ({}, "2027-04-02", False),
    ],
    ids=["its own", "the candidate's", "another's", "too late"],
)
def test_what_people_say_they_plan_is_the_day_to_hold(unit: dict[str, str], planned_on: str, taken: bool) -> None:
    plan = said("planned", objective="D1.O3", planned_on=day(planned_on), **unit)
    event, *_ = asked(case("2026-09-01"), plan, of="D1.O3", unit="E1", what=What.EVENT)

    assert (event.recommended_on == event.values["planned"] == day(planned_on)) is taken


def test_a_choice_is_made_as_soon_as_possible() -> None:
    [choice] = asked(case("2026-10-01", programme=P3), of="POC.P3.O4")

    assert choice.recommended_on == day("2026-10-01")
