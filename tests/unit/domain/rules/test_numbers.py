"""Precisions 24 to 26: the figures beside the verdicts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.domain.evaluation_cases import (
    OLD,
    ads_case,
    case,
    day,
    directory,
    entry,
    exposure_case,
    pin,
    runs,
    surface,
    unit,
)


def test_a_unit_of_an_objective_a_shows_its_cadence() -> None:
    scenario = ads_case([50, 105, 160], as_of=200)

    assert unit(scenario, "D1.O1.A", "AD1")["numbers"] == {
        "count": 3,
        "first_interval_days": 50,
        "max_gap_days": 55,
        "max_gap_from": "A1-1",
        "max_gap_to": "A1-2",
        "mean_between": 55.0,
        "mean_edges": 50.0,
        "latest_audit": "A1-3",
        "latest_age_days": 40,
        "remaining_audits_min": 3,
    }


@pytest.mark.parametrize(
    ("as_of", "parts", "end"),
    [
        pytest.param(180, {}, "AS_OF", id="today"),
        pytest.param(365, {}, "DECLARATION", id="declaration"),
        pytest.param(200, {"ads": [directory(retired=day(190))]}, "RETIRED", id="retirement"),
    ],
)
def test_the_open_end_of_the_largest_gap_is_named(as_of: int, parts: dict[str, Any], end: str) -> None:
    numbers = unit(ads_case([50, 60], as_of=as_of, **parts), "D1.O1.A", "AD1")["numbers"]

    assert (numbers["max_gap_from"], numbers["max_gap_to"]) == ("A1-2", end)


def test_without_audit_the_gaps_are_null() -> None:
    numbers = unit(ads_case([], as_of=30), "D1.O1.A", "AD1")["numbers"]

    assert (numbers["count"], numbers["mean_edges"]) == (0, 30.0)
    assert {numbers[key] for key in ("max_gap_days", "mean_between", "latest_audit", "latest_age_days")} == {None}


def test_the_mean_with_the_edges_is_null_before_the_start() -> None:
    assert unit(ads_case([], as_of=-5), "D1.O1.A", "AD1")["numbers"]["mean_edges"] is None


def test_figures_are_rounded_to_two_decimals() -> None:
    assert unit(ads_case([50], as_of=101, config=pin()), "D1.O1.A", "AD1")["numbers"]["mean_edges"] == 50.5
    assert unit(ads_case([50, 60], as_of=100), "D1.O1.A", "AD1")["numbers"]["mean_edges"] == 33.33


def test_counts_and_means_include_the_runs_whose_report_is_gone() -> None:
    scenario = ads_case([], as_of=365, ads_audits=runs([50, 100], downloaded=False))

    assert unit(scenario, "D1.O1.A", "AD1")["numbers"]["count"] == 2
    assert unit(scenario, "D1.O1.B", "AD1")["numbers"]["last_two"] == ["A1-1", "A1-2"]


def test_what_is_still_to_do_uses_the_prudent_values_whatever_is_pinned() -> None:
    audits = runs([10, 300])
    audits[0]["downloaded"] = False
    scenario = ads_case([], as_of=310, ads_audits=audits, config=pin(lost_report="not_counted"))
    nine = exposure_case(
        [(310, []), (340, [{"id": "V", "cvss": 9}])], as_of=345, config=pin(cvss9="gt", high_recurrence="ignored")
    )

    assert unit(scenario, "D1.O1.B", "AD1")["numbers"]["audits_needed"] == 0
    assert unit(nine, "D1.O2.B", "X1")["verdict"] == "met"
    assert unit(nine, "D1.O2.B", "X1")["numbers"]["audits_needed"] == 1


def test_nothing_is_left_to_do_once_the_evaluation_is_final() -> None:
    ads = ads_case([50], as_of=365)
    exposed = exposure_case([], as_of=365)

    assert unit(ads, "D1.O1.A", "AD1")["numbers"]["remaining_audits_min"] is None
    assert unit(ads, "D1.O1.B", "AD1")["numbers"]["audits_needed"] is None
    assert unit(ads, "D1.O1.B", "AD1")["numbers"]["earliest_achievable"] is None
    numbers = unit(exposed, "D1.O2.B", "X1")["numbers"]
    keys = ("audits_needed", "earliest_achievable", "last_audit_window_opens")
    assert {numbers[key] for key in keys} == {None}


def test_the_audits_that_remain_are_counted_on_the_prudent_due_dates() -> None:
    """425 days need seven audits, 328 days need five (the reference's worked figures)."""
    longest = {"start": "2026-01-30", "declaration": "2027-03-31"}
    shortest = {"start": "2026-05-07", "declaration": "2027-03-31"}

    def remaining(phase: dict[str, str]) -> object:
        scenario = ads_case([], as_of=0, phase=phase) | {"as_of": phase["start"]}
        return unit(scenario, "D1.O1.A", "AD1")["numbers"]["remaining_audits_min"]

    assert (remaining(longest), remaining(shortest)) == (7, 5)


def test_the_audits_that_remain_are_not_told_in_2024_nor_after_retirement() -> None:
    old = ads_case([50], as_of=60, programme=OLD)
    retired = ads_case([50], as_of=60, ads=[directory(retired=day(55))])

    assert unit(old, "D1.O1.A", "AD1")["numbers"]["remaining_audits_min"] is None
    assert unit(retired, "D1.O1.A", "AD1")["numbers"]["remaining_audits_min"] is None


def test_counting_what_remains_ends_whatever_the_limits() -> None:
    scenario = ads_case([50], as_of=60, config={"gap_days": 1, "mean_days": 1})

    assert unit(scenario, "D1.O1.A", "AD1")["numbers"]["remaining_audits_min"] == 365


def test_the_age_of_the_last_audit_is_measured_on_the_photo_even_after_retirement() -> None:
    scenario = ads_case([50], as_of=100, ads=[directory(retired=day(60))])

    numbers = unit(scenario, "D1.O1.A", "AD1")["numbers"]

    assert (numbers["latest_age_days"], numbers["max_gap_days"]) == (50, 10)


def test_an_establishment_shows_the_worst_of_its_units() -> None:
    scenario = ads_case(
        [],
        as_of=200,
        ads=[directory(), directory("AD2")],
        ads_audits=[*runs([50, 105, 160]), *runs([20, 110], on=["AD2"])],
    )

    numbers = entry(scenario, "D1.O1.A", "establishments", "E1")["numbers"]

    worst = {
        "count_min": 2,
        "latest_age_max": 90,
        "max_gap_days": 90,
        "max_gap_from": "A2-1",
        "max_gap_to": "A2-2",
        "mean_between_max": 90.0,
        "mean_edges_max": 66.67,
        "remaining_audits_min": 4,
        "activity_share": 100.0,
    }
    assert {key: numbers[key] for key in worst} == worst


def test_the_criticals_of_all_surfaces_are_added_up() -> None:
    critical = {"id": "V", "cvss": 10}
    scenario = exposure_case(
        [(310, [critical]), (340, [critical, {"id": "W", "cvss": 9, "surface": "X1"}])],
        as_of=345,
        surfaces=[surface(), surface("X2")],
    )

    assert unit(scenario, "D1.O2.B", "X1")["numbers"]["critical_last_two"] == 3
    assert unit(scenario, "D1.O2.B", "X1")["numbers"]["critical_last_two_gt9"] == 2
    assert entry(scenario, "D1.O2.B")["numbers"]["critical_total"] == 5


def test_without_units_the_figures_are_null_and_nothing_is_covered() -> None:
    decided = {"type": "PRIVE", "establishments": [{"id": "E1", "activity": 0, "no_ad_decision": "not_applicable"}]}

    numbers = entry(case(as_of=10, candidate=decided), "D1.O1.A")["numbers"]

    assert (numbers["activity_share_covered"], numbers["establishments_covered"]) == (0.0, [])
    assert {numbers[key] for key in ("count_min", "latest_age_max", "max_gap_days", "critical_total")} == {None}


def test_due_soon_establishments_count_as_covered() -> None:
    found = entry(ads_case([50, 105], as_of=165), "D1.O1.A")

    assert (found["verdict"], found["numbers"]["establishments_covered"]) == ("at_risk", ["E1"])
    assert found["numbers"]["activity_share_covered"] == 100.0


def test_an_establishments_share_is_that_of_the_perimeter() -> None:
    members = [{"id": "A", "activity": 1}, {"id": "B", "activity": "2.0"}, {"id": "C", "activity": 9, "esms": True}]
    scenario = case(as_of=10, candidate={"type": "PRIVE", "establishments": members})

    assert entry(scenario, "D1.O1.A", "establishments", "A")["numbers"]["activity_share"] == 33.33


def test_audits_of_one_day_are_listed_in_the_order_of_their_numbers() -> None:
    audits = runs([50] * 11)
    scenario = ads_case([], as_of=60, ads_audits=list(reversed(audits)))

    assert unit(scenario, "D1.O1.B", "AD1")["numbers"]["last_two"] == ["A1-10", "A1-11"]
