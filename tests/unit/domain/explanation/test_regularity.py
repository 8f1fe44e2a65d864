"""How regularly a unit was audited: the line of its audits and each test under each reading."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from agent.domain.explanation import steps
from agent.domain.rules.timeline import AS_OF, DECLARATION
from tests.unit.domain.evaluation_cases import OLD, ads_case, exposure_case, pin, runs
from tests.unit.domain.explanation.explanation_cases import every, explained, the

O1A, O2A = "D1.O1.A", "D1.O2.A"


def test_the_line_has_every_interval_from_the_start_to_the_photo() -> None:
    line = the(steps.Timeline, explained(ads_case([50, 105], as_of=155), O1A, "AD1"))

    assert [audit.id for audit in line.audits] == ["A1-1", "A1-2"]
    assert [(one.since, one.until, one.days) for one in line.intervals] == [
        (steps.START, "A1-1", 50),
        ("A1-1", "A1-2", 55),
        ("A1-2", AS_OF, 50),
    ]


def test_at_the_declaration_the_open_interval_ends_there() -> None:
    line = the(steps.Timeline, explained(ads_case([50, 105], as_of=400), O1A, "AD1"))

    assert (line.end, line.intervals[-1].until) == (date(2027, 3, 1), DECLARATION)


def test_a_gap_of_100_days_divides_the_readings() -> None:
    line = the(steps.Timeline, explained(exposure_case([(50, []), (150, [])], as_of=160), O2A, "X1"))

    assert [(test.reading, test.days, test.holds) for test in line.tests] == [("lt", 99, False), ("le", 100, True)]
    assert [(one.since, one.until) for one in line.tests[0].over] == [("X-1", "X-2")]


def test_without_a_maximum_for_ads_only_the_mean_counts() -> None:
    line = the(steps.Timeline, explained(ads_case([50, 151], as_of=160), O1A, "AD1"))

    assert [(test.days, test.holds) for test in line.tests] == [(99, False), (100, False), (None, True)]


def test_a_long_first_interval_is_no_gap_but_a_late_first_audit() -> None:
    explanation = explained(ads_case([120], as_of=130), O1A, "AD1")

    assert all(test.holds for test in the(steps.Timeline, explanation).tests)
    assert [test.holds for test in the(steps.FirstAudit, explanation).tests] == [False, False, True]


def test_each_reading_has_its_last_day_for_the_first_audit() -> None:
    step = the(steps.FirstAudit, explained(ads_case([61], as_of=70), O1A, "AD1"))

    assert [(test.reading, test.last_day, test.holds) for test in step.tests] == [
        ("start_plus_60d", date(2026, 4, 30), False),
        ("start_plus_2m", date(2026, 5, 1), True),
        ("absolute", date(2026, 7, 7), True),
    ]


def test_a_first_audit_that_can_still_be_run_is_neither_held_nor_broken() -> None:
    step = the(steps.FirstAudit, explained(ads_case([], as_of=61), O1A, "AD1"))

    assert step.on is None
    assert [test.holds for test in step.tests] == [False, None, None]


def test_the_mean_is_exact_and_shows_its_arithmetic() -> None:
    tests = the(steps.Mean, explained(ads_case([50, 105, 160], as_of=190), O1A, "AD1")).tests

    assert {(test.mode, test.elapsed_days, test.intervals, test.days) for test in tests} == {
        ("edges", 190, 4, Fraction(95, 2)),
        ("between", 110, 2, Fraction(55)),
    }


def test_a_mean_of_60_days_divides_strictly_less_from_at_most() -> None:
    tests = the(steps.Mean, explained(exposure_case([(50, []), (110, [])], as_of=120), O2A, "X1")).tests

    assert {(test.strictly, test.holds) for test in tests if test.mode == "between"} == {(True, False), (False, True)}


def test_a_mean_without_two_audits_forbids_nothing() -> None:
    tests = the(steps.Mean, explained(exposure_case([(50, [])], as_of=60), O2A, "X1")).tests

    assert [(test.days, test.holds) for test in tests if test.mode == "between"] == [(None, True), (None, True)]


def test_a_lost_report_is_marked_and_every_test_stands_with_it_and_without() -> None:
    audits = [*runs([50, 105]), {**runs([80])[0], "id": "lost", "report_available": "2026-05-20", "downloaded": False}]
    explanation = explained(ads_case([], as_of=300, ads_audits=audits), O1A, "AD1")
    line = the(steps.Timeline, explanation)

    assert {audit.id: audit.lost for audit in line.audits} == {"A1-1": False, "lost": True, "A1-2": False}
    assert {test.counts_lost for test in line.tests} == {True, False}
    (report,) = the(steps.Reports, explanation).reports
    assert (report.audit, report.lost, report.last_download_on) == ("lost", True, date(2026, 11, 19))


def test_tests_stand_once_when_no_report_is_lost() -> None:
    line = the(steps.Timeline, explained(ads_case([50], as_of=60), O1A, "AD1"))

    assert {test.counts_lost for test in line.tests} == {None}


def test_the_2024_interval_is_counted_in_calendar_months() -> None:
    line = the(steps.Timeline, explained(ads_case([61, 122], as_of=125, programme=OLD), O1A, "AD1"))

    assert [(test.reading, test.months, test.days, test.holds) for test in line.tests] == [
        ("strict_2months", 2, None, True),
        ("tolerance", None, 100, True),
    ]


def test_in_2024_a_mean_is_looked_at_only_when_an_interval_is_too_long() -> None:
    kept = explained(ads_case([61, 122], as_of=125, programme=OLD), O1A, "AD1")
    broken = explained(ads_case([40, 110, 150], as_of=160, programme=OLD), O1A, "AD1")

    assert every(steps.Mean, kept) == []
    assert the(steps.Mean, broken).any_holds
    assert [(test.mode, test.holds) for test in the(steps.Mean, broken).tests] == [("edges", True), ("between", True)]


def test_a_pinned_reading_leaves_one_test() -> None:
    scenario = exposure_case([(50, []), (150, [])], as_of=160, config=pin(gap_cmp="le"))

    assert [test.days for test in the(steps.Timeline, explained(scenario, O2A, "X1")).tests] == [100]


def test_a_directory_of_its_own_start_is_followed_from_there() -> None:
    scenario = ads_case(
        [150], as_of=160, ads=[{"id": "AD1", "establishments": ["E1"], "kind": "onprem", "in_service": "2026-06-09"}]
    )
    explanation = explained(scenario, O1A, "AD1")

    assert the(steps.PhaseWindow, explanation).starts_on == date(2026, 6, 9)
    assert any(source.inferred for source in the(steps.PhaseWindow, explanation).sources)


def test_the_maximum_gap_of_ads_is_cited_as_inferred_and_that_of_exposure_as_written() -> None:
    ads = the(steps.Timeline, explained(ads_case([50], as_of=60), O1A, "AD1"))
    exposure = the(steps.Timeline, explained(exposure_case([(50, [])], as_of=60), O2A, "X1"))

    assert {(str(source), source.inferred) for source in ads.sources} >= {("D1bis, Q/R 3.16", True)}
    assert {(str(source), source.inferred) for source in exposure.sources} >= {("D1bis, Q/R 3.16", False)}
