"""
The last prudent day, over generated cases: acting on it keeps the strictest reading, a day later it is lost.

One directory and one exposed element, audited at any rhythm from any start; what the forecast says is compared with
what `evaluate` finds on those days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import product
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agent.domain.deadlines import add_months
from agent.domain.forecast.forecast import Forecast
from agent.domain.forecast.obligation import Leeway, Obligation, What, Why
from tests.unit.domain.evaluation_cases import judged
from tests.unit.domain.forecast.cases import HOLIDAYS, Json, forecast_of, scenario

few = settings(max_examples=settings().max_examples // 8)
ONE_DAY = timedelta(days=1)
OPENS, LATEST_START, END = date(2026, 1, 30), date(2026, 5, 7), date(2027, 3, 31)
UNITS = {"D1.O1.A": "AD1", "D1.O1.B": "AD1", "D1.O2.A": "X1", "D1.O2.B": "X1"}
# Every value of the readings that do not always ask for more or for less.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "first_audit": ("start_plus_60d", "start_plus_2m", "absolute"),
    "mean_mode": ("edges", "between"),
}
STRICT = {
    "mean_cmp": "lt",
    "gap_cmp": "lt",
    "ads_gap": "apply",
    "lost_report": "not_counted",
    "cvss9": "ge",
    "high_recurrence": "blocking",
    "o2b_coverage": "full",
}


@st.composite
def audit_days(draw: st.DrawFn, start: date, until: date) -> list[date]:
    """Days of audits from the first months on, up to a day: at the rhythm, sometimes slower."""
    found: list[date] = []
    day = start + timedelta(days=draw(st.integers(0, 62)))
    steps = draw(st.sampled_from([st.integers(40, 59), st.integers(60, 100), st.integers(5, 99)]))
    while day <= until and len(found) < 9:
        found.append(day)
        day += timedelta(days=draw(steps))
    return found[: draw(st.integers(0, 9))] if draw(st.booleans()) else found


@st.composite
def cases(draw: st.DrawFn) -> Json:
    """A directory and an exposed element with their audits up to the day asked, every report downloaded."""
    start = OPENS + timedelta(days=draw(st.integers(0, (LATEST_START - OPENS).days)))
    declaration = draw(
        st.sampled_from([END, date(2027, 2, 28), date(2026, 12, 31), date(2027, 1, 31), END - timedelta(days=13)])
    )
    today = start + timedelta(days=draw(st.integers(0, (declaration - start).days - 1)))
    critical = {"id": "V1", "cvss": 9.8}
    return scenario(
        as_of=today.isoformat(),
        start=start.isoformat(),
        declaration=declaration.isoformat(),
        runs=[(one.isoformat(), draw(st.sampled_from([3, 3, 3, 1.5]))) for one in draw(audit_days(start, today))],
        exposures=[
            (one.isoformat(), tool, [critical] if draw(st.integers(0, 4)) == 0 else [])
            for one in draw(audit_days(start, today))
            for tool in [draw(st.sampled_from(["INDUSTRIAL", "INDUSTRIAL", "SILENE"]))]
        ],
        config={
            "lead_days_ads": draw(st.sampled_from([0, 3, 21])),
            "lead_days_industrial": draw(st.sampled_from([0, 7, 30])),
        },
    )


def day_of(value: Json) -> date:
    return date.fromisoformat(value["as_of"])


def on(value: Json, day: date) -> Json:
    return {**value, "as_of": day.isoformat()}


def acting(value: Json, objective: str, *days: date, name: str = "done") -> Json:
    """The case with clean audits of the objective's unit on some days."""
    key, common = ("ads_audits", {"ads": ["AD1"], "score": 3})
    if UNITS[objective] == "X1":
        key, common = ("exposure_audits", {"tool": "INDUSTRIAL", "covers": "*", "findings": []})
    more = [{"id": f"{name}-{rank}", "date": day.isoformat(), **common} for rank, day in enumerate(days)]
    return {**value, key: [*value[key], *more]}


def strict_readings() -> Iterator[Json]:
    for values in product(*CHOICES.values()):
        yield {**STRICT, **dict(zip(CHOICES, values, strict=True))}


def verdict(value: Json, objective: str, readings: Json | None = None) -> str:
    config = {**value.get("config", {}), **({"readings": readings} if readings else {})}
    found: Any = judged({**value, "config": config})["objectives"][objective]
    return str(found["units"][UNITS[objective]]["verdict"])


def lost_readings(value: Json, objective: str) -> list[Json]:
    """The strict readings under which nothing repairs the objective any more."""
    return [readings for readings in strict_readings() if verdict(value, objective, readings) == "not_met"]


def next_asked(found: Forecast, objective: str) -> list[Obligation]:
    """The next thing that an objective asks of its unit."""
    return [one for one in found.obligations if one.objective == objective and one.rank == 1]


def open_ones(value: Json, *reasons: Why) -> list[Obligation]:
    """The next audits asked for one of the reasons, all readings still open."""
    return [
        one
        for objective in UNITS
        for one in next_asked(forecast_of(value), objective)
        if one.why in reasons
        and one.standing is Leeway.OPEN
        and one.last_prudent_on is not None
        and one.last_prudent_on >= day_of(value)
        and not lost_readings(value, objective)
    ]


@few
@given(cases())
def test_the_first_audit_and_the_maximum_gap_keep_every_reading_on_the_last_prudent_day_and_lose_one_the_day_after(
    value: Json,
) -> None:
    for one in open_ones(value, Why.FIRST_AUDIT, Why.MAX_GAP):
        last = one.last_prudent_on
        assert last is not None
        assert lost_readings(acting(on(value, last), one.objective, last), one.objective) == []
        assert lost_readings(on(value, last + ONE_DAY), one.objective) != []


@few
@given(cases())
def test_the_last_industrial_audits_keep_every_reading_on_the_last_prudent_day_and_lose_one_the_day_after(
    value: Json,
) -> None:
    for one in open_ones(value, Why.LAST_AUDIT_WINDOW, Why.TWO_CLEAN_AUDITS):
        last, count = one.last_prudent_on, one.values["audits"]
        assert last is not None
        assert isinstance(count, int)
        days = [last + timedelta(days=rank) for rank in range(count)]
        assert verdict(acting(on(value, days[-1]), one.objective, *days), one.objective) != "not_met"
        assert lost_readings(on(value, last + ONE_DAY), one.objective) != []


@few
@given(cases())
def test_the_last_runs_at_the_minimum_are_in_time_on_the_last_prudent_day_and_lost_the_day_after(value: Json) -> None:
    for one in open_ones(value, Why.SCORE_RUNS):
        last, count = one.last_prudent_on, one.values["runs"]
        assert last is not None
        assert isinstance(count, int)
        days = [last + timedelta(days=rank) for rank in range(count)]
        assert verdict(acting(on(value, days[-1]), one.objective, *days), one.objective) == "met"
        assert verdict(on(value, last + ONE_DAY), one.objective) == "not_met"


@few
@given(cases())
def test_a_day_after_the_mean_s_last_day_the_forecast_names_the_repair_or_says_lost(value: Json) -> None:
    for one in open_ones(value, Why.MEAN):
        last = one.last_prudent_on
        assert last is not None
        if last + ONE_DAY >= date.fromisoformat(value["phase"]["declaration"]):
            continue
        late = on(value, last + ONE_DAY)
        (told,) = next_asked(forecast_of(late), one.objective)
        assert told.standing is not Leeway.OPEN
        if told.standing is Leeway.LOST:
            assert verdict(late, one.objective) == "not_met"
        else:
            assert told.recommended_on is not None
            assert told.recommended_on > last
            assert verdict(late, one.objective) == "at_risk"


@few
@given(cases())
def test_the_proposed_calendar_is_of_working_days_and_satisfies_every_reading_that_was_not_lost(value: Json) -> None:
    found = forecast_of(value)
    end = on(value, date.fromisoformat(value["phase"]["declaration"]))
    for calendar in found.calendars:
        days = [audit.day for audit in calendar.audits]
        assert days == sorted(set(days))
        assert all(one.weekday() < 5 and one not in HOLIDAYS and one >= day_of(value) for one in days)
        assert all(one <= date.fromisoformat(end["as_of"]) for one in days)
        if not calendar.verified:
            continue
        for objective, unit in UNITS.items():
            if unit in calendar.units:
                after = with_calendar(end, objective, calendar.audits)
                lost_before = lost_readings(value, objective)
                assert [one for one in lost_readings(after, objective) if one not in lost_before] == []
                if not lost_before:
                    assert verdict(after, objective) == "met"


@few
@given(cases(), st.lists(st.integers(1, 300), max_size=3, unique=True))
def test_clean_audits_supposed_lose_nothing_and_a_calendar_around_them_still_satisfies_every_open_reading(
    value: Json, ahead: list[int]
) -> None:
    last = date.fromisoformat(value["phase"]["declaration"])
    days = sorted(day for count in ahead if (day := day_of(value) + timedelta(days=count)) <= last)
    supposed = acting(acting(value, "D1.O1.A", *days), "D1.O2.A", *days)
    found = forecast_of(supposed, supposed={f"done-{rank}" for rank in range(len(days))})

    assert found.lost == forecast_of(value).lost
    for calendar in found.calendars:
        for objective, unit in UNITS.items():
            if calendar.verified and unit in calendar.units:
                after = with_calendar(on(supposed, last), objective, calendar.audits)
                lost_before = lost_readings(value, objective)
                assert [one for one in lost_readings(after, objective) if one not in lost_before] == []


def with_calendar(value: Json, objective: str, audits: Any) -> Json:
    """The case with the audits proposed, a free tool being the one that proves the least."""
    made = acting(value, objective, *[one.day for one in audits], name="planned")
    for one, planned in zip(made["exposure_audits"][len(value["exposure_audits"]) :], audits, strict=False):
        one["tool"] = planned.tool or "SILENE"
    return made


@few
@given(cases())
def test_nothing_is_recommended_on_a_day_off_in_the_past_or_after_the_last_prudent_day(value: Json) -> None:
    for one in forecast_of(value).obligations:
        day = one.recommended_on
        if day is None:
            continue
        assert day.weekday() < 5
        assert day not in HOLIDAYS
        assert day >= day_of(value)
        if one.standing is Leeway.OPEN:
            assert one.last_prudent_on is not None
            assert day <= one.last_prudent_on


@few
@given(cases())
def test_the_last_prudent_day_is_never_after_the_last_permissive_one(value: Json) -> None:
    for one in forecast_of(value).obligations:
        if not one.lost and one.last_prudent_on is not None and one.last_permissive_on is not None:
            assert one.last_prudent_on <= one.last_permissive_on


@few
@given(cases())
def test_no_calendar_proposes_fewer_audits_than_it_calls_the_least(value: Json) -> None:
    for one in forecast_of(value).calendars:
        if one.audits and one.at_least is not None:
            assert one.at_least <= len(one.audits)


@few
@given(cases())
def test_a_case_with_room_is_given_a_verified_calendar(value: Json) -> None:
    """Two months before the declaration and with no reading lost, some calendar satisfies everything."""
    declaration = date.fromisoformat(value["phase"]["declaration"])
    assume((declaration - day_of(value)).days >= 95)
    for calendar in forecast_of(value).calendars:
        objectives = [objective for objective, unit in UNITS.items() if unit in calendar.units]
        if not any(lost_readings(value, objective) for objective in objectives):
            assert calendar.verified


@few
@given(
    st.dates(date(2026, 5, 20), date(2026, 12, 31)),
    st.sampled_from([date(2026, 8, 31), date(2026, 8, 29), date(2026, 12, 31), date(2026, 5, 31), None]),
)
def test_a_report_is_downloaded_the_day_before_six_months_and_gone_after_them(
    drawn: date, month_end: date | None
) -> None:
    available = month_end or drawn
    limit = add_months(available, 6)
    run = {"id": "R", "date": "2026-05-20", "ads": ["AD1"], "score": 3, "report_available": available.isoformat()}
    value = scenario(as_of="2026-12-31", declaration="2027-12-31", config={"declaration_deadline": "2027-12-31"})
    value |= {"ads_audits": [{**run, "downloaded": False}], "surfaces": []}

    def told(day: date) -> Obligation:
        found = forecast_of(on(value, day)).obligations
        return next(one for one in found if one.what is What.REPORT_DOWNLOAD)

    def reasons(day: date) -> list[str]:
        found: Any = judged(on(value, day))["objectives"]["D1.O1.A"]["units"]["AD1"]["reasons"]
        return [str(one) for one in found]

    last = told(max(available, date(2026, 5, 20))).last_prudent_on
    assert last == limit - ONE_DAY
    assert told(last).standing is Leeway.OPEN
    assert told(last + ONE_DAY).standing is Leeway.OVERDUE
    assert "REPORT_LOST" not in reasons(last + ONE_DAY)
    assert told(last + 2 * ONE_DAY).lost
    assert "REPORT_LOST" in reasons(last + 2 * ONE_DAY)
