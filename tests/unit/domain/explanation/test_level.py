"""The last two audits of an objective B."""

from __future__ import annotations

from datetime import date

from agent.domain.explanation import steps
from tests.unit.domain.evaluation_cases import OLD, ads_case, exposure_case, runs
from tests.unit.domain.explanation.explanation_cases import explained, the

O1B, O2B = "D1.O1.B", "D1.O2.B"
CRITICAL = {"id": "f9", "cvss": 9.8}
NINE = {"id": "f90", "cvss": 9.0}
HIGH = {"id": "f8", "cvss": 8.0}


def test_the_last_two_scores_stand_against_the_minimum() -> None:
    audits = [*runs([50]), {**runs([100])[0], "id": "low", "score": 1.5}]
    step = the(steps.LastScores, explained(ads_case([], as_of=110, ads_audits=audits), O1B, "AD1"))

    (test,) = step.tests
    assert [audit.score for audit in test.audits] == [2, 1.5]
    assert (step.minimum, test.needed, test.holds) == (2, 2, False)


def test_scores_stand_with_a_lost_report_and_without() -> None:
    lost = {**runs([60])[0], "id": "lost", "report_available": "2026-05-01", "downloaded": False}
    step = the(steps.LastScores, explained(ads_case([], as_of=300, ads_audits=[*runs([50]), lost]), O1B, "AD1"))

    assert {(test.counts_lost, test.needed) for test in step.tests} == {(True, 0), (False, 1)}


def test_two_clean_audits_give_one_test_whatever_the_readings() -> None:
    step = the(steps.LastAudits, explained(exposure_case([(300, []), (340, [])], as_of=365), O2B, "X1"))

    (test,) = step.tests
    assert (test.cvss9, test.high_recurrence, test.criticals, test.holds) == (None, None, (0, 0), True)
    assert (step.age_days, step.age_limit_days) == (25, 60)
    assert (step.window_opens, step.window_closes) == (date(2027, 1, 1), date(2027, 3, 1))


def test_a_score_of_exactly_9_divides_the_reading_that_it_bears_on_only() -> None:
    step = the(steps.LastAudits, explained(exposure_case([(300, []), (340, [NINE])], as_of=350), O2B, "X1"))

    assert [(test.cvss9, test.high_recurrence, test.holds) for test in step.tests] == [
        ("ge", None, False),
        ("gt", None, True),
    ]
    assert [(audit.criticals, audit.criticals_above_9) for audit in step.audits] == [(0, 0), (1, 0)]


def test_a_high_finding_that_lasts_divides_its_reading() -> None:
    step = the(steps.LastAudits, explained(exposure_case([(300, [HIGH]), (340, [HIGH])], as_of=350), O2B, "X1"))

    assert [(test.high_recurrence, test.lasting_highs, test.holds) for test in step.tests] == [
        ("blocking", ("f8",), False),
        ("ignored", ("f8",), True),
    ]


def test_the_antepenultimate_that_saves_is_named_with_its_distance() -> None:
    scenario = exposure_case([(290, []), (320, [CRITICAL]), (340, [])], as_of=350)
    step = the(steps.LastAudits, explained(scenario, O2B, "X1"))

    (test,) = step.tests
    assert (test.criticals, test.rescued_by, test.rescue_days, test.holds) == ((1, 0), "X-1", 50, True)
    assert (len(step.audits), step.rescue_limit_days) == (3, 60)


def test_an_antepenultimate_too_far_away_saves_nothing() -> None:
    scenario = exposure_case([(270, []), (320, [CRITICAL]), (340, [])], as_of=350)
    (test,) = the(steps.LastAudits, explained(scenario, O2B, "X1")).tests

    assert (test.rescued_by, test.broken) == (None, ("CRITICAL_IN_PENULTIMATE",))


def test_2024_knows_no_age_no_antepenultimate_and_no_window() -> None:
    scenario = exposure_case([(100, []), (200, [])], as_of=210, programme=OLD)
    step = the(steps.LastAudits, explained(scenario, O2B, "X1"))

    assert (step.age_limit_days, step.rescue_limit_days, step.window_opens) == (None, None, None)


def test_what_remains_is_said_while_it_can_be_done() -> None:
    step = the(steps.Remaining, explained(exposure_case([(300, [CRITICAL])], as_of=310), O2B, "X1"))

    assert (step.audits, step.next_due, step.earliest_success) == (2, date(2027, 2, 28), date(2027, 1, 6))
