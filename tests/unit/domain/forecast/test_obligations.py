"""The dated obligations of the audited objectives, with the worked figures of the rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent.domain.forecast.forecast import EVERYTHING, Forecast
from agent.domain.forecast.obligation import Leeway, What, Why
from tests.unit.domain.forecast.cases import HOLIDAYS, Json, asked, calendar_of, day, forecast_of, scenario

CRITICAL, HIGH = {"id": "c", "cvss": 9.8}, {"id": "h", "cvss": 8.0}


def obligation(value: Json, objective: str, **which: Any) -> Any:
    found = asked(value, objective, **which)
    assert found is not None
    return found


def test_the_first_audit_is_prudent_at_sixty_days_and_permissive_on_the_day_that_the_text_prints() -> None:
    first = obligation(scenario(as_of="2026-05-10"), "D1.O1.A")

    assert (first.why, first.last_prudent_on, first.last_permissive_on) == (
        Why.FIRST_AUDIT,
        day("2026-07-06"),
        day("2026-07-07"),
    )
    assert first.recommended_on < first.last_prudent_on


@pytest.mark.parametrize(
    ("start", "fewest"), [("2026-05-07", 5), ("2026-01-30", 7)], ids=["late start, 328 days", "early start, 425 days"]
)
def test_the_fewest_audits_are_those_of_the_worked_figures(start: str, fewest: int) -> None:
    calendar = calendar_of(scenario(as_of="2026-01-30", start=start), What.ADS_AUDIT)

    assert calendar.at_least == fewest
    assert len(calendar.audits) == fewest
    assert calendar.verified


def test_the_gap_binds_when_the_mean_leaves_more_room() -> None:
    runs = ["2026-05-20", "2026-06-20", "2026-07-20", "2026-08-20"]
    audit = obligation(scenario(as_of="2026-08-25", runs=runs, config={"mean_days": 90}), "D1.O1.A")

    assert audit.why is Why.MAX_GAP
    assert audit.last_prudent_on == day("2026-08-20") + timedelta(days=99)


def test_the_mean_binds_before_the_gap_when_audits_were_few() -> None:
    audit = obligation(scenario(as_of="2026-08-15", runs=["2026-06-20", "2026-08-10"]), "D1.O1.A")

    assert audit.why is Why.MEAN
    assert audit.last_prudent_on == day("2026-06-20") + timedelta(days=2 * 60 - 1)  # between, the soonest of the two


def test_a_mean_past_its_day_names_the_audits_that_repair_it() -> None:
    value = scenario(as_of="2026-10-19", runs=["2026-06-20", "2026-08-10"])
    audit = obligation(value, "D1.O1.A")

    assert audit.standing is Leeway.OVERDUE
    assert audit.last_prudent_on == day("2026-10-17")
    assert audit.recommended_on == day("2026-10-19")
    assert audit.values["repairs"]
    assert "D1.O1.A" not in forecast_of(value).lost


def test_a_broken_gap_is_lost_at_once_with_the_days_that_passed() -> None:
    value = scenario(as_of="2026-12-01", exposures=["2026-06-20", "2026-08-10"], config={"mean_days": 90})
    first = obligation(value, "D1.O2.A")

    assert first.lost
    assert first.recommended_on is None
    assert first.last_prudent_on == day("2026-08-10") + timedelta(days=99)
    assert first.last_permissive_on == day("2026-08-10") + timedelta(days=100)


def test_what_no_longer_can_be_repaired_comes_first() -> None:
    found = forecast_of(scenario(as_of="2026-07-08"))

    assert found.lost == ("D1.O1.A", "D1.O2.A")
    assert [one.lost for one in found.obligations[:2]] == [True, True]
    assert found.obligations[0].why == "FIRST_AUDIT_LATE"
    assert found.obligations[0].last_permissive_on == day("2026-07-07")


def test_a_day_between_the_two_readings_is_contested_not_lost() -> None:
    value = scenario(as_of="2026-07-07")
    lost, upcoming = obligation(value, "D1.O1.A", rank=0), obligation(value, "D1.O1.A")

    assert lost.standing is upcoming.standing is Leeway.CONTESTED
    assert (lost.last_prudent_on, lost.last_permissive_on) == (day("2026-07-06"), day("2026-07-07"))
    assert upcoming.last_prudent_on == day("2026-07-07")


def test_a_reading_lost_in_the_past_leaves_the_next_audit_its_own_last_day() -> None:
    value = scenario(as_of="2026-07-20", runs=["2026-07-07"])
    lost, upcoming = obligation(value, "D1.O1.A", rank=0), obligation(value, "D1.O1.A")

    assert (lost.why, lost.last_prudent_on) == ("FIRST_AUDIT_LATE", day("2026-07-06"))
    assert upcoming.last_prudent_on > day("2026-07-20")


@pytest.mark.parametrize(
    ("scores", "runs_left"),
    [((), 2), ((1,), 2), ((3,), 1), ((3, 1), 2), ((1, 2), 1)],
    ids=["none", "low", "one good", "good then low", "low then good"],
)
def test_the_missing_runs_at_the_minimum_have_to_fit_before_the_declaration(
    scores: tuple[int, ...], runs_left: int
) -> None:
    days = ["2026-06-20", "2026-08-10"][: len(scores)]
    value = scenario(as_of="2026-08-12", runs=list(zip(days, scores, strict=True)), config={"lead_days_ads": 5})
    needed = obligation(value, "D1.O1.B")

    assert needed.values["runs"] == runs_left
    assert needed.last_prudent_on == day("2027-03-31") - timedelta(days=5 + runs_left - 1)


def test_a_last_industrial_audit_falls_in_the_sixty_days_before_the_declaration() -> None:
    last = obligation(scenario(as_of="2026-06-01"), "D1.O2.B", rank=2)

    assert last.why is Why.LAST_AUDIT_WINDOW
    assert last.values["window_opens"] == day("2027-01-31")
    assert last.last_prudent_on == day("2027-03-31")
    assert day("2027-01-31") <= last.recommended_on <= day("2027-03-31")


def test_after_a_critical_the_first_of_two_clean_audits_comes_a_day_before_the_last_one() -> None:
    value = scenario(as_of="2026-08-12", exposures=["2026-06-20", ("2026-08-10", "INDUSTRIAL", [CRITICAL])])
    first = obligation(value, "D1.O2.B", what=What.INDUSTRIAL_AUDIT)
    fix = obligation(value, "D1.O2.B", what=What.FINDINGS_FIX)

    assert first.values["audits"] == 2
    assert first.last_prudent_on == day("2027-03-30")
    assert (fix.why, fix.values["findings"]) == (Why.CRITICAL_FINDINGS, ["c"])


def test_a_critical_near_the_end_is_made_good_by_one_audit_when_the_one_before_was_clean_and_near() -> None:
    last = ("2027-03-08", "INDUSTRIAL", [CRITICAL])
    value = scenario(
        as_of="2027-03-10",
        exposures=["2026-06-20", "2026-08-10", "2026-10-05", "2026-12-01", "2027-02-01", last],
    )
    audit = obligation(value, "D1.O2.B", what=What.INDUSTRIAL_AUDIT)

    assert audit.values["audits"] == 1
    assert calendar_of(value, What.EXPOSURE_AUDIT).verified


def test_a_high_finding_is_to_be_fixed_before_the_next_exposure_audit() -> None:
    value = scenario(as_of="2026-08-12", exposures=["2026-06-20", ("2026-08-10", "INDUSTRIAL", [HIGH])])
    fix = obligation(value, "D1.O2.B", what=What.FINDINGS_FIX)

    assert fix.why is Why.HIGH_FINDINGS
    assert fix.last_prudent_on == calendar_of(value, What.EXPOSURE_AUDIT).audits[0].day
    assert fix.last_permissive_on == day("2027-03-31")


@pytest.mark.parametrize(
    ("available", "prudent", "permissive", "gone"),
    [
        ("2026-09-30", "2027-03-29", "2027-03-30", True),
        ("2026-10-01", "2027-03-31", "2027-03-31", False),
        ("2026-10-04", "2027-03-31", "2027-03-31", False),
        ("2026-08-31", "2027-02-27", "2027-02-28", True),
    ],
    ids=["gone before the declaration", "still there", "there long after it", "end of a short month"],
)
def test_a_report_is_downloaded_at_once_and_at_the_latest_a_day_before_six_months(
    available: str, prudent: str, permissive: str, gone: bool
) -> None:
    run = {"date": "2026-08-20", "report_available": available, "downloaded": False}
    report = obligation(scenario(as_of="2026-10-05", runs=[run]), "D1.O1.A", what=What.REPORT_DOWNLOAD)

    assert (report.last_prudent_on, report.last_permissive_on) == (day(prudent), day(permissive))
    assert report.values["gone_before_declaration"] is gone
    assert report.recommended_on == day("2026-10-05")


def test_a_report_that_is_gone_is_said_to_be_lost() -> None:
    run = {"date": "2026-06-20", "downloaded": False}
    report = obligation(
        scenario(as_of="2027-01-10", runs=[run, "2026-08-10", "2026-10-01", "2026-12-01"]),
        "D1.O1.A",
        what=What.REPORT_DOWNLOAD,
    )

    assert report.lost
    assert report.why == "REPORT_LOST"


def test_the_pieces_are_due_before_the_middle_of_march_and_the_declaration_by_its_last_day() -> None:
    pieces = obligation(scenario(as_of="2026-06-01"), EVERYTHING, what=What.PIECES)
    declaration = obligation(scenario(as_of="2026-06-01"), EVERYTHING, what=What.DECLARATION)

    assert pieces.last_prudent_on == day("2027-03-15")
    assert declaration.last_permissive_on == day("2027-03-31")


def test_a_declaration_planned_too_late_has_to_be_moved() -> None:
    declaration = obligation(scenario(as_of="2026-06-01", declaration="2027-04-10"), EVERYTHING, what=What.DECLARATION)

    assert declaration.why == "DECLARATION_TOO_LATE"
    assert declaration.recommended_on == day("2027-03-24")
    assert declaration.last_prudent_on == day("2027-03-31")


@pytest.mark.parametrize("as_of", ["2026-05-07", "2026-06-13", "2026-07-05", "2026-08-15", "2026-12-25", "2027-03-27"])
def test_nothing_is_recommended_on_a_day_off_or_in_the_past(as_of: str) -> None:
    runs = ["2026-06-10", "2026-08-04", "2026-09-25", "2026-11-19", "2027-01-15"]
    value = scenario(as_of=as_of, runs=[one for one in runs if one < as_of])
    days = [one.recommended_on for one in forecast_of(value).obligations if one.recommended_on is not None]

    assert days
    assert all(one.weekday() < 5 and one not in HOLIDAYS and one >= day(as_of) for one in days)


def test_a_recommendation_is_never_after_the_last_prudent_day_unless_that_has_passed() -> None:
    # 4 and 5 July 2026 are a week-end and the last prudent days: no working day is left before them.
    value = scenario(as_of="2026-07-04", start="2026-05-06")
    first = obligation(value, "D1.O1.A")

    assert first.last_prudent_on == day("2026-07-05")
    assert first.recommended_on is None


def test_a_unit_that_appears_later_has_its_first_audit_counted_from_its_own_start() -> None:
    value = scenario(
        as_of="2026-06-01",
        surfaces=[
            {"id": "X1", "establishments": ["E1"]},
            {"id": "X2", "establishments": ["E1"], "exposed_from": "2026-09-01"},
        ],
    )
    late = next(
        one
        for one in forecast_of(value).obligations
        if one.unit == "X2" and one.objective == "D1.O2.A" and one.rank == 1
    )

    assert late.last_prudent_on == day("2026-10-31")
    assert late.recommended_on is not None
    assert late.recommended_on >= day("2026-09-01")


def test_an_audit_dated_after_the_day_asked_does_not_count_unless_it_is_supposed() -> None:
    value = scenario(as_of="2026-06-25", runs=["2026-06-20", "2026-08-10"])

    without = next(one for one in forecast_of(value).obligations if one.objective == "D1.O1.A")
    supposed = next(one for one in forecast_of(value, supposed={"a1"}).obligations if one.objective == "D1.O1.A")

    assert without.last_prudent_on == day("2026-08-18")
    assert supposed.last_prudent_on == day("2026-10-17")


def supposing(value: Json, *ids: str) -> Forecast:
    return forecast_of(value, supposed=set(ids))


def next_of(found: Forecast, objective: str) -> Any:
    return next(one for one in found.obligations if one.objective == objective and one.rank == 1)


@pytest.mark.parametrize("kind", ["ads", "exposure"])
def test_a_supposed_audit_that_comes_too_late_leaves_the_one_before_it_to_be_done(kind: str) -> None:
    audits = ["2026-06-20", "2026-08-10", "2027-02-10"]
    runs, exposures = (audits, ["2026-06-20", "2026-08-10"]) if kind == "ads" else (["2026-06-20"], audits)
    value = scenario(as_of="2026-09-15", runs=runs, exposures=exposures)
    objective, supposed = ("D1.O1.A", "a2") if kind == "ads" else ("D1.O2.A", "x2")
    without, found = next_of(forecast_of(value), objective), supposing(value, supposed)
    audit = next_of(found, objective)

    assert not any(one.lost for one in found.obligations)
    assert (audit.last_prudent_on, audit.last_permissive_on) == (without.last_prudent_on, without.last_permissive_on)
    assert audit.last_prudent_on < day("2027-02-10")
    assert all(one.verified for one in found.calendars)


def test_what_is_planned_makes_room_for_the_audits_supposed() -> None:
    value = scenario(as_of="2026-09-15", runs=["2026-06-20", "2026-08-10", "2026-10-05", "2027-02-10"])
    without = next(one for one in forecast_of(value).calendars if one.what is What.ADS_AUDIT)
    [calendar] = [one for one in supposing(value, "a2", "a3").calendars if one.what is What.ADS_AUDIT]

    assert calendar.verified
    assert len(calendar.audits) < len(without.audits)
    assert all(day("2026-10-05") < one.day < day("2027-02-10") for one in calendar.audits)


def test_a_critical_supposed_on_the_last_day_loses_what_nothing_then_repairs() -> None:
    exposures: Any = ["2026-06-20", "2026-08-10", ("2027-03-31", "INDUSTRIAL", [CRITICAL])]
    value = scenario(as_of="2026-08-12", runs=["2026-06-20", "2026-08-10"], exposures=exposures)
    found = supposing(value, "x2")
    lost = [one for one in found.obligations if one.lost]

    assert found.lost == ("D1.O2.B",)
    assert [(one.objective, one.last_permissive_on) for one in lost] == [("D1.O2.B", None)]


def test_a_low_score_supposed_in_time_asks_for_the_runs_that_make_it_good() -> None:
    value = scenario(as_of="2026-08-12", runs=["2026-06-20", "2026-08-10", ("2026-12-14", 1)])
    found = supposing(value, "a2")
    runs = next_of(found, "D1.O1.B")

    assert next(one for one in found.calendars if one.what is What.ADS_AUDIT).verified
    assert runs.values["runs"] == 2
    assert runs.recommended_on > day("2026-12-14")


def test_a_directory_without_decision_asks_for_one() -> None:
    value = scenario(as_of="2026-06-01", ads=[{"id": "AD1", "establishments": ["E1"], "kind": "entra_only"}])

    assert obligation(value, "D1.O1.A").what is What.DECISION


def test_acting_on_the_last_prudent_day_of_the_first_audit_keeps_every_reading() -> None:
    first = obligation(scenario(as_of="2026-05-10"), "D1.O1.A")
    kept = scenario(as_of=first.last_prudent_on.isoformat(), runs=[first.last_prudent_on.isoformat()])

    assert obligation(kept, "D1.O1.A").standing is Leeway.OPEN


@pytest.mark.parametrize(
    "value",
    [
        scenario(
            as_of="2026-08-27",
            start="2026-03-19",
            declaration="2027-02-15",
            runs=["2026-04-16", "2026-07-25"],
            config={"lead_days_ads": 10},
        ),
        scenario(as_of="2026-09-07", start="2026-04-02", runs=["2026-05-24"]),
        scenario(as_of="2026-12-31", start="2026-02-13", runs=["2026-04-03", "2026-07-08", "2026-09-12", "2026-12-24"]),
        scenario(as_of="2026-04-03", start="2026-04-09", config={"lead_days_ads": 10, "lead_days_industrial": 25}),
    ],
    ids=["a lead", "a reading lost", "a gap between runs", "before the phase"],
)
def test_the_last_prudent_day_is_never_after_the_permissive_one(value: Json) -> None:
    days = [(one.last_prudent_on, one.last_permissive_on) for one in forecast_of(value).obligations if not one.lost]

    assert all(prudent <= permissive for prudent, permissive in days if prudent and permissive)


def test_a_reading_lost_leaves_the_others_until_the_day_that_loses_them_too() -> None:
    value = scenario(as_of="2026-09-07", start="2026-04-02", runs=["2026-05-24"], config={"readings": {}})
    lost = obligation(value, "D1.O1.A", rank=0)

    assert lost.last_prudent_on == day("2026-08-31")
    assert lost.last_permissive_on > day("2026-09-07")


@pytest.mark.parametrize(
    ("as_of", "exposures"),
    [
        ("2027-03-10", [("2027-01-20", "INDUSTRIAL", [CRITICAL]), "2027-03-01"]),
        ("2027-03-25", ["2027-01-20", ("2027-03-15", "INDUSTRIAL", [CRITICAL])]),
    ],
    ids=["critical in the penultimate", "critical in the last"],
)
def test_the_next_industrial_audit_is_the_first_one_of_its_calendar(as_of: str, exposures: list[Any]) -> None:
    before = ["2026-06-20", "2026-08-10", "2026-10-05", "2026-11-25"]
    value = scenario(as_of=as_of, exposures=[*before, *exposures])
    audit = obligation(value, "D1.O2.B", what=What.INDUSTRIAL_AUDIT)

    assert audit.recommended_on == calendar_of(value, What.EXPOSURE_AUDIT).audits[0].day == day(as_of)


def test_a_high_finding_seen_twice_is_contested_since_the_day_it_was_seen_again() -> None:
    seen = [("2026-06-20", "INDUSTRIAL", [HIGH]), ("2026-08-10", "INDUSTRIAL", [HIGH])]
    fix = obligation(scenario(as_of="2026-08-12", exposures=seen), "D1.O2.B", what=What.FINDINGS_FIX)

    assert (fix.standing, fix.last_prudent_on) == (Leeway.CONTESTED, day("2026-08-10"))
    assert fix.recommended_on >= day("2026-08-12")


def test_a_report_longer_to_come_than_the_age_of_the_last_audit_loses_the_level_at_once() -> None:
    value = scenario(as_of="2026-06-01", config={"lead_days_industrial": 60})
    found = [one for one in forecast_of(value).obligations if one.objective == "D1.O2.B"]

    assert [one.lost for one in found] == [True]
    assert "D1.O2.B" in forecast_of(value).lost
    assert calendar_of(value, What.EXPOSURE_AUDIT).verified


def test_the_next_audit_is_recommended_before_its_last_prudent_day() -> None:
    value = scenario(as_of="2026-05-10", declaration="2026-09-01")

    for objective in ("D1.O1.A", "D1.O2.A"):
        audit = obligation(value, objective)
        assert audit.last_prudent_on == day("2026-07-06")
        assert audit.recommended_on <= day("2026-07-01")


def test_a_last_audit_that_will_be_too_old_is_lost_once_no_report_can_come_in_time() -> None:
    exposures = ["2026-03-04", "2026-05-20", "2026-08-14", "2026-10-21"]
    value = scenario(
        as_of="2026-12-11",
        start="2026-02-17",
        declaration="2026-12-20",
        exposures=exposures,
        config={"lead_days_industrial": 24},
        ads=[],
    )
    found = [one for one in forecast_of(value).obligations if one.objective == "D1.O2.B"]

    assert [(one.lost, one.why) for one in found] == [(True, "LAST_AUDIT_TOO_OLD")]


def test_nothing_is_planned_past_the_last_day_of_the_programme() -> None:
    audits = ["2026-06-20", "2026-08-10", "2026-10-01", "2026-11-25", "2027-01-20"]
    found = forecast_of(scenario(as_of="2027-03-01", declaration="2027-05-20", runs=audits, exposures=audits))

    assert all((one.last_permissive_on or found.last_day) <= found.last_day for one in found.obligations)
    assert all(audit.day <= found.last_day for one in found.calendars for audit in one.audits)


def test_a_declaration_on_a_day_off_is_deposited_on_a_working_day_before() -> None:
    value = scenario(as_of="2026-06-01", declaration="2027-03-21")
    declaration = obligation(value, EVERYTHING, what=What.DECLARATION)

    assert (declaration.recommended_on, declaration.values["day_off"]) == (day("2027-03-19"), True)


def test_nothing_to_audit_asks_for_what_there_is_or_for_the_decision() -> None:
    value = scenario(as_of="2026-09-01", ads=[], surfaces=[])
    found = [one for one in forecast_of(value).obligations if one.what is What.DECISION]

    assert {(one.objective, one.values["undeclared"]) for one in found} == {
        ("D1.O1.A", "directories"),
        ("D1.O1.B", "directories"),
        ("D1.O2.A", "surfaces"),
        ("D1.O2.B", "surfaces"),
    }


def test_a_decision_is_asked_no_more_after_the_end() -> None:
    value = scenario(as_of="2027-04-02", ads=[{"id": "AD1", "establishments": ["E1"], "kind": "entra_only"}])
    found = [one for one in forecast_of(value).obligations if one.what is What.DECISION]

    assert found
    assert all(one.lost and one.recommended_on is None for one in found)


def test_a_programme_without_an_age_of_the_last_audit_names_no_window() -> None:
    phase = {"start": "2024-04-01", "declaration": "2025-03-28"}
    found = forecast_of({**scenario(as_of="2024-06-01"), "programme": "D1_2024", "phase": phase}).obligations

    assert any(one.objective == "D1.O2.B" and not one.lost for one in found)
    assert not any(one.why == Why.LAST_AUDIT_WINDOW for one in found)
