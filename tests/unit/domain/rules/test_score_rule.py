"""Precision 19: the last two ADS scores."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.domain.evaluation_cases import ads_case, day, directory, runs, unit


def scored(scores: list[float], *, as_of: int, last: int | None = None, **parts: Any) -> dict[str, Any]:
    """Runs every 10 days with these scores, the last one on day `last` (default `as_of` - 10)."""
    end = as_of - 10 if last is None else last
    days = [end - 10 * rank for rank in reversed(range(len(scores)))]
    audits = [audit | {"score": score} for audit, score in zip(runs(days), scores, strict=True)]
    return unit(ads_case([], as_of=as_of, ads_audits=audits, **parts), "D1.O1.B", "AD1")


@pytest.mark.parametrize(
    ("scores", "needed", "reasons", "due"),
    [
        pytest.param([], 2, ["NOT_ENOUGH_AUDITS"], day(364), id="none"),
        pytest.param([2], 1, ["NOT_ENOUGH_AUDITS"], day(365), id="one-good"),
        pytest.param([1], 2, ["NOT_ENOUGH_AUDITS", "SCORE_BELOW_2"], day(364), id="one-bad"),
        pytest.param([1, 2], 1, ["SCORE_BELOW_2"], day(365), id="last-good"),
        pytest.param([2, 1], 2, ["SCORE_BELOW_2"], day(364), id="last-bad"),
        pytest.param([1, 2, 2], 0, [], None, id="both-good"),
    ],
)
def test_the_last_two_scores_say_how_many_runs_are_still_needed(
    scores: list[float], needed: int, reasons: list[str], due: str | None
) -> None:
    found = scored(scores, as_of=100)

    assert found["verdict"] == ("at_risk" if needed else "met")
    assert (found["reasons"], found["next_due"], found["numbers"]["audits_needed"]) == (reasons, due, needed)
    achievable = day(100 + needed - 1) if needed else None
    assert found["numbers"]["earliest_achievable"] == achievable


def test_the_minimum_score_is_a_setting() -> None:
    assert scored([2.5, 3], as_of=100, config={"min_score": 3})["reasons"] == ["SCORE_BELOW_2"]
    assert scored([2.5, 3], as_of=100, config={"min_score": 2.5})["verdict"] == "met"


@pytest.mark.parametrize(
    ("as_of", "lead", "verdict"),
    [
        pytest.param(363, 0, "at_risk", id="two-days-for-two-runs"),
        pytest.param(364, 0, "at_risk", id="one-run-on-the-eve-and-one-on-the-day"),
        pytest.param(361, 4, "not_met", id="the-report-takes-too-long"),
        pytest.param(360, 4, "at_risk", id="the-report-arrives-in-time"),
        pytest.param(365, 0, "not_met", id="final"),
    ],
)
def test_it_is_lost_when_the_runs_needed_no_longer_fit(as_of: int, lead: int, verdict: str) -> None:
    assert scored([2, 1], as_of=as_of, config={"lead_days_ads": lead})["verdict"] == verdict


def test_a_single_run_missing_is_lost_too_on_the_declaration_itself() -> None:
    assert scored([1, 2], as_of=364)["verdict"] == "at_risk"
    assert scored([1, 2], as_of=365)["verdict"] == "not_met"


def test_the_lead_moves_the_due_date_and_the_first_success() -> None:
    found = scored([1], as_of=100, config={"lead_days_ads": 7})

    assert (found["next_due"], found["numbers"]["earliest_achievable"]) == (day(357), day(108))


def test_with_a_run_today_the_next_one_is_tomorrow() -> None:
    found = scored([1], as_of=100, last=100)

    assert found["numbers"]["earliest_achievable"] == day(102)


def test_a_score_for_each_directory_is_its_own() -> None:
    scenario = ads_case(
        [],
        as_of=100,
        ads=[directory(), directory("AD2")],
        ads_audits=runs([50, 60], on=["AD1", "AD2"], score={"AD1": 2, "AD2": 1}),
    )

    assert unit(scenario, "D1.O1.B", "AD1")["verdict"] == "met"
    assert unit(scenario, "D1.O1.B", "AD2")["numbers"]["last_two_scores"] == [1, 1]


@pytest.mark.parametrize(
    ("life", "verdict"),
    [
        pytest.param({"in_service": day(364)}, "at_risk", id="opens-on-the-eve"),
        pytest.param({"in_service": day(365)}, "not_met", id="opens-too-late-for-two-runs"),
        pytest.param({"in_service": day(366)}, "not_applicable", id="opens-after-it"),
        pytest.param({"retired": day(365)}, "not_applicable", id="retired-by-it"),
        pytest.param({"retired": day(366)}, "at_risk", id="retired-after-it"),
    ],
)
def test_only_directories_in_service_at_the_declaration_are_looked_at(life: dict[str, str], verdict: str) -> None:
    assert unit(ads_case([], as_of=100, ads=[directory(**life)]), "D1.O1.B", "AD1")["verdict"] == verdict


def test_a_directory_that_opens_later_can_be_audited_from_then_on() -> None:
    scenario = ads_case([], as_of=100, ads=[directory(in_service=day(200))])

    assert unit(scenario, "D1.O1.B", "AD1")["numbers"]["earliest_achievable"] == day(201)


def test_a_score_whose_report_is_gone_is_contested() -> None:
    audits = runs([10, 300], score=2)
    audits[0]["downloaded"] = False
    found = unit(ads_case([], as_of=320, ads_audits=audits), "D1.O1.B", "AD1")

    assert (found["verdict"], found["contested"], found["numbers"]["audits_needed"]) == ("at_risk", ["lost_report"], 0)


def test_a_replaced_directory_that_has_left_is_no_unit() -> None:
    ads = [directory("AD0", retired=day(50)), directory(replaces=["AD0"])]
    scenario = ads_case([60, 70], as_of=100, ads=ads)

    assert unit(scenario, "D1.O1.B", "AD1")["verdict"] == "met"
    with pytest.raises(KeyError):
        unit(scenario, "D1.O1.B", "AD0")
