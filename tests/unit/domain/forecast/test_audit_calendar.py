"""Proposed calendars: working days, evenly spread, and clean audits on them satisfy every reading of the rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.assessment import evaluate
from agent.domain.forecast.obligation import AuditCalendar, What
from agent.domain.verdict import Verdict
from tests.unit.domain.forecast.cases import HOLIDAYS, Json, calendar_of, forecast_of, parsed, scenario

D = date(2027, 3, 31)
OPENS = D - timedelta(days=59)
CRITICAL = {"id": "V1", "cvss": 9.8}


def days_of(calendar: AuditCalendar) -> list[date]:
    return [one.day for one in calendar.audits]


def with_audits(value: Json, calendars: list[AuditCalendar]) -> Json:
    """The scenario at its declaration, the proposed audits run clean."""
    runs, exposures = list(value["ads_audits"]), list(value["exposure_audits"])
    for calendar in calendars:
        for rank, one in enumerate(calendar.audits):
            on = one.day.isoformat()
            if calendar.what is What.ADS_AUDIT:
                runs.append({"id": f"p{rank}", "date": on, "ads": list(calendar.units), "score": 3})
            else:
                tool = one.tool or "SILENE"
                exposures.append(
                    {"id": f"q{rank}", "date": on, "tool": tool, "covers": list(calendar.units), "findings": []}
                )
    return {**value, "as_of": value["phase"]["declaration"], "ads_audits": runs, "exposure_audits": exposures}


def test_days_are_evenly_spread_near_fifty_five_days() -> None:
    days = days_of(calendar_of(scenario(as_of="2026-05-10"), What.ADS_AUDIT))
    gaps = [(later - earlier).days for earlier, later in pairwise([date(2026, 5, 7), *days, D])]

    assert all(51 <= gap <= 57 for gap in gaps)


def test_the_last_two_industrial_audits_are_apart_and_the_last_one_comes_in_the_window_with_a_margin() -> None:
    calendar = calendar_of(scenario(as_of="2026-05-10"), What.EXPOSURE_AUDIT)
    industrial = [one.day for one in calendar.audits if one.tool == "INDUSTRIAL"]

    assert len(industrial) == 2
    assert 45 <= (industrial[1] - industrial[0]).days <= 59
    assert OPENS <= industrial[1] <= D - timedelta(days=14)


def test_a_critical_in_the_last_of_two_audits_apart_is_made_good_by_one_more() -> None:
    value = scenario(as_of="2026-05-10")
    calendar = calendar_of(value, What.EXPOSURE_AUDIT)
    proved: Json = with_audits(value, [calendar])
    last = calendar.audits[-1].day
    proved["exposure_audits"][-1]["findings"] = [CRITICAL]
    more = {"id": "more", "tool": "INDUSTRIAL", "covers": "*", "findings": []}
    proved["exposure_audits"].append({**more, "date": (last + timedelta(days=1)).isoformat()})
    end = parsed(proved)

    assert evaluate(end.programme, end).objectives["D1.O2.B"].candidate.verdict is Verdict.MET


def test_a_long_lead_leaves_the_last_audit_alone_in_the_window() -> None:
    value = scenario(as_of="2026-05-10", config={"lead_days_industrial": 30})
    calendar = calendar_of(value, What.EXPOSURE_AUDIT)
    industrial = [one.day for one in calendar.audits if one.tool == "INDUSTRIAL"]

    assert calendar.verified
    assert 45 <= (industrial[1] - industrial[0]).days <= 59
    assert OPENS <= industrial[1] <= D - timedelta(days=30)


def test_one_clean_audit_before_the_window_needs_one_more() -> None:
    exposures = ["2026-06-20", "2026-08-10", "2026-10-05", "2026-11-25", "2027-01-18"]
    calendar = calendar_of(scenario(as_of="2027-01-20", exposures=exposures), What.EXPOSURE_AUDIT)

    assert [one.tool for one in calendar.audits] == ["INDUSTRIAL"]
    assert 45 <= (calendar.audits[0].day - date(2027, 1, 18)).days <= 59


@pytest.mark.parametrize(
    ("as_of", "start", "exposures", "supposed"),
    [
        ("2026-04-29", "2026-02-07", ["2026-02-14", "2026-04-09"], None),
        ("2026-11-19", "2026-03-30", ["2026-04-23", "2026-06-26", "2026-09-04", "2026-11-16"], None),
        ("2026-12-06", "2026-03-21", ["2026-05-18", "2026-07-08", "2026-09-09", "2026-10-23"], "2027-02-16"),
    ],
    ids=["clean long ago", "clean three days ago", "supposed at the end"],
)
def test_the_last_two_industrial_audits_are_apart_whatever_was_run_before(
    as_of: str, start: str, exposures: list[str], supposed: str | None
) -> None:
    value = scenario(as_of=as_of, start=start, exposures=[(one, "SILENE", []) for one in exposures], ads=[])
    if supposed is None:
        value["exposure_audits"][0]["tool"] = "INDUSTRIAL"
    else:
        more = {"id": "more", "date": supposed, "tool": "INDUSTRIAL", "covers": "*", "findings": []}
        value["exposure_audits"].append(more)
    (calendar,) = forecast_of(value, supposed={"more"}).calendars
    industrial = [one.day for one in calendar.audits if one.tool == "INDUSTRIAL"]
    last_two = sorted([*industrial, *([date.fromisoformat(supposed)] if supposed else [])])[-2:]

    assert calendar.verified
    assert 45 <= (last_two[1] - last_two[0]).days <= 59


def test_one_audit_covers_every_element_when_their_needs_agree() -> None:
    surfaces = [{"id": f"X{rank}", "establishments": ["E1"]} for rank in range(1, 6)]
    value = scenario(as_of="2026-07-10", surfaces=surfaces, exposures=["2026-06-20"])
    value["exposure_audits"].append(
        {"id": "part", "date": "2026-07-08", "tool": "SILENE", "covers": ["X1"], "findings": []}
    )
    calendars = [one for one in forecast_of(value).calendars if one.what is What.EXPOSURE_AUDIT]

    assert [one.units for one in calendars] == [("X1", "X2", "X3", "X4", "X5")]
    assert calendars[0].verified


def test_nothing_is_proposed_once_the_declaration_has_come() -> None:
    assert all(not one.audits for one in forecast_of(scenario(as_of="2027-03-31")).calendars)


def verdicts_with(value: Json, *calendars: AuditCalendar) -> dict[str, Verdict]:
    """What the rules say at the declaration, the proposed audits run clean."""
    end = parsed(with_audits(value, list(calendars)))
    return {name: one.candidate.verdict for name, one in evaluate(end.programme, end).objectives.items()}


def test_two_industrial_audits_closer_than_usual_repair_both_exposure_objectives() -> None:
    value = scenario(
        as_of="2027-02-17",
        start="2026-04-10",
        exposures=[
            ("2026-05-22", "INDUSTRIAL", [CRITICAL]),
            ("2026-07-18", "SILENE", [CRITICAL]),
            ("2026-10-19", "SILENE", [CRITICAL]),
            ("2026-11-26", "SILENE", []),
        ],
        ads=[],
    )
    calendar = calendar_of(value, What.EXPOSURE_AUDIT)

    assert calendar.verified
    assert len(calendar.audits) == 2
    assert {verdicts_with(value, calendar)[name] for name in ("D1.O2.A", "D1.O2.B")} == {Verdict.MET}


def test_the_day_of_the_declaration_is_used_when_no_other_working_day_is_left() -> None:
    good = ["2026-04-17", "2026-06-02", "2026-07-02", "2026-09-01", "2026-10-18"]
    low = [("2026-12-18", 1), ("2027-01-12", 1), ("2027-03-09", 1)]
    value = scenario(as_of="2027-03-27", start="2026-02-17", runs=[*good, *low], surfaces=[])
    calendar = calendar_of(value, What.ADS_AUDIT)

    assert days_of(calendar) == [date(2027, 3, 30), D]
    assert calendar.verified


def test_the_last_days_take_as_many_audits_as_the_rules_still_ask() -> None:
    value = scenario(
        as_of="2027-02-10",
        start="2026-03-25",
        declaration="2027-02-15",
        exposures=[("2026-04-11", "SILENE", []), "2026-06-30", "2026-09-14", "2026-11-26"],
        ads=[],
    )
    calendar = calendar_of(value, What.EXPOSURE_AUDIT)

    assert len(calendar.audits) == 3
    assert calendar.verified


def test_the_last_of_two_audits_that_must_be_close_keeps_a_margin_before_the_declaration() -> None:
    exposures: list[Any] = ["2026-06-20", "2026-08-10", "2026-10-05", ("2026-12-10", "INDUSTRIAL", [CRITICAL])]
    calendar = calendar_of(scenario(as_of="2027-02-04", exposures=exposures, ads=[]), What.EXPOSURE_AUDIT)

    assert calendar.verified
    assert calendar.audits[-1].day <= D - timedelta(days=7)


def test_a_gap_whose_last_days_are_off_still_gets_the_days_that_the_other_readings_ask() -> None:
    runs = ["2026-03-28", "2026-04-24", "2026-06-27"]
    calendar = calendar_of(scenario(as_of="2026-10-03", start="2026-03-11", runs=runs, surfaces=[]), What.ADS_AUDIT)

    assert not calendar.verified
    assert days_of(calendar)[0] == date(2026, 10, 5)


def test_audits_that_catch_up_are_closer_than_a_week_when_their_reports_must_arrive() -> None:
    value = scenario(
        as_of="2027-01-25",
        start="2026-03-26",
        declaration="2027-02-15",
        runs=[("2026-04-27", 1), ("2026-07-18", 1), "2026-10-25"],
        config={"lead_days_ads": 15},
        surfaces=[],
    )
    calendar = calendar_of(value, What.ADS_AUDIT)

    assert calendar.verified
    assert days_of(calendar)[-1] <= date(2027, 1, 31)


def test_a_level_already_reached_leaves_the_rhythm_its_last_days() -> None:
    value = scenario(
        as_of="2027-01-25",
        start="2026-03-26",
        declaration="2027-02-15",
        exposures=["2026-05-05", "2026-07-24", "2026-10-27", "2026-12-04", "2027-01-23"],
        config={"lead_days_industrial": 22},
        ads=[],
    )
    calendar = calendar_of(value, What.EXPOSURE_AUDIT)

    assert calendar.verified
    assert len(calendar.audits) == 1


def test_an_overdue_mean_is_caught_up_by_the_fewest_audits() -> None:
    value = scenario(as_of="2026-10-20", runs=["2026-05-10", "2026-07-15"], surfaces=[])
    calendar = calendar_of(value, What.ADS_AUDIT)

    assert days_of(calendar)[0] == date(2026, 10, 20)
    assert calendar.at_least == len(calendar.audits) == 3
    assert verdicts_with(value, calendar)["D1.O1.A"] is Verdict.MET


def test_the_audits_proposed_are_never_fewer_than_what_is_called_the_least() -> None:
    retired = [{"id": "AD1", "establishments": ["E1"], "kind": "onprem", "retired": "2026-09-15"}]
    calendar = calendar_of(scenario(as_of="2026-06-25", runs=["2026-06-20"], ads=retired), What.ADS_AUDIT)

    assert calendar.verified
    assert calendar.at_least is not None
    assert calendar.at_least <= len(calendar.audits)


def test_nothing_is_called_the_least_of_a_rhythm_already_lost() -> None:
    value = scenario(as_of="2026-12-01", runs=["2026-06-20", ("2026-08-10", 1)], config={"mean_days": 90}, surfaces=[])
    calendar = calendar_of({**value, "config": {**value["config"], "readings": {"ads_gap": ["apply"]}}}, What.ADS_AUDIT)

    assert calendar.at_least is None


@pytest.mark.parametrize(
    ("declaration", "what"),
    [("2026-09-01", What.ADS_AUDIT), ("2026-09-01", What.EXPOSURE_AUDIT), ("2026-09-15", What.EXPOSURE_AUDIT)],
)
def test_a_first_audit_keeps_a_margin_before_its_last_prudent_day(declaration: str, what: What) -> None:
    calendar = calendar_of(scenario(as_of="2026-05-10", declaration=declaration), what)

    assert calendar.verified
    assert calendar.audits[0].day <= date(2026, 7, 1)


def test_the_last_industrial_audits_of_2024_come_before_the_day_of_the_declaration() -> None:
    value = scenario(as_of="2024-04-20", start="2024-04-01", declaration="2025-03-28", ads=[])
    calendar = calendar_of({**value, "programme": "D1_2024"}, What.EXPOSURE_AUDIT)
    industrial = [one.day for one in calendar.audits if one.tool == "INDUSTRIAL"]

    assert calendar.verified
    assert industrial[-1] <= date(2025, 3, 14)
    assert 45 <= (industrial[1] - industrial[0]).days <= 59


@pytest.mark.parametrize("start", ["2026-01-30", "2026-03-12", "2026-05-07"])
@pytest.mark.parametrize("declaration", ["2027-01-15", "2027-02-28", "2027-03-31"])
def test_a_calendar_from_the_start_satisfies_every_objective(start: str, declaration: str) -> None:
    value = scenario(as_of=start, start=start, declaration=declaration)
    calendars = list(forecast_of(value).calendars)
    end = parsed(with_audits(value, calendars))

    assert {one.candidate.verdict for one in evaluate(end.programme, end).objectives.values()} == {Verdict.MET}


@given(
    start=st.integers(0, 97),
    gaps=st.lists(st.integers(20, 75), max_size=6),
    waited=st.integers(0, 70),
    length=st.integers(250, 330),
)
@settings(max_examples=25, deadline=None)
def test_a_verified_calendar_is_kept_by_the_rules_whatever_came_before(
    start: int, gaps: list[int], waited: int, length: int
) -> None:
    began = date(2026, 1, 30) + timedelta(days=start)
    declaration = min(D, began + timedelta(days=length))
    audited, today = [], began
    for gap in gaps:
        today += timedelta(days=gap)
        audited.append(today)
    today = today + timedelta(days=waited)
    audited = [one for one in audited if one <= today]
    value = scenario(
        as_of=today.isoformat(),
        start=began.isoformat(),
        declaration=declaration.isoformat(),
        runs=[one.isoformat() for one in audited],
        exposures=[one.isoformat() for one in audited],
    )
    if today >= declaration:
        return
    found = forecast_of(value)
    proposed = [one for calendar in found.calendars for one in days_of(calendar)]
    end = parsed(with_audits(value, list(found.calendars)))
    verdicts = evaluate(end.programme, replace(end, as_of=declaration)).objectives
    open_objectives = [
        name for name in verdicts if not any(one.lost for one in found.obligations if one.objective == name)
    ]

    assert all(one.weekday() < 5 and one not in HOLIDAYS and one >= today for one in proposed)
    for name in open_objectives:
        calendar = found.calendars[0 if name.startswith("D1.O1") else 1]
        if calendar.verified:
            assert verdicts[name].candidate.verdict is not Verdict.NOT_MET, name
            contested = any(one.standing.value == "contested" for one in found.obligations if one.objective == name)
            assert contested or verdicts[name].candidate.verdict is Verdict.MET, name
