"""The least effort that reaches a share of the activity, the support establishment in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.forecast.share_plan import SharePlan, share_plans
from tests.unit.domain.forecast.cases import Json, parsed, scenario


def ght(activities: Mapping[str, int], scores: Mapping[str, Sequence[float]], **parts: Any) -> Json:
    """A GHT whose first establishment is the support; each has one directory of its own, with its last scores."""
    days = ["2026-06-20", "2026-08-10"]
    return scenario(
        as_of="2026-09-01",
        candidate={
            "type": "GHT",
            "establishments": [
                {"id": name, "activity": activity, "support": rank == 0}
                for rank, (name, activity) in enumerate(activities.items())
            ],
        },
        **{
            "ads": [{"id": f"AD-{name}", "establishments": [name], "kind": "onprem"} for name in activities],
            "ads_audits": [
                {"id": f"{name}-{day}", "date": day, "ads": [f"AD-{name}"], "score": score}
                for name in activities
                for day, score in zip(days, scores.get(name, ()), strict=False)
            ],
            "surfaces": [],
            "exposure_audits": [],
            **parts,
        },
    )


def plan(value: Json) -> SharePlan:
    one = parsed(value)
    return next(found for found in share_plans(one.programme, one) if found.objective == "D1.O1.B")


def exposed(clean: Sequence[str], **parts: Any) -> Json:
    """Three establishments with a surface each; those that are `clean` had two industrial audits, good today."""
    places = ("chu", "a", "b")
    return ght(
        {"chu": 40, "a": 30, "b": 30},
        {},
        ads=[],
        surfaces=[{"id": f"X-{name}", "establishments": [name]} for name in places],
        exposure_audits=[
            {
                "id": f"x-{day}",
                "date": day,
                "tool": "INDUSTRIAL",
                "covers": [f"X-{name}" for name in clean],
                "findings": [],
            }
            for day in ("2026-06-20", "2026-08-10")
        ],
        **parts,
    )


def test_the_share_of_today_is_what_the_rules_find_and_the_effort_is_apart() -> None:
    one = parsed(exposed(["chu", "a"]))
    found = next(plan for plan in share_plans(one.programme, one) if plan.objective == "D1.O2.B")

    assert (found.covered, found.under) == (70.0, "o2b_coverage")
    assert found.audits > 0


def test_a_share_is_planned_under_a_reading_only_while_it_is_open() -> None:
    one = parsed(exposed(["chu", "a"], config={"readings": {"o2b_coverage": "full"}}))

    assert [plan.objective for plan in share_plans(one.programme, one)] == ["D1.O1.B"]


def brought_up(found: SharePlan) -> list[str]:
    return [one.establishment for one in found.steps]


def test_the_support_and_the_fewest_others_are_brought_up() -> None:
    found = plan(ght({"chu": 40, "a": 30, "b": 20, "c": 10}, {}))

    assert brought_up(found) == ["chu", "a"]
    assert (found.audits, found.reached, found.reachable, found.exact) == (4, 70.0, True, True)


def test_an_establishment_that_lacks_one_run_is_preferred_to_a_larger_one_that_lacks_two() -> None:
    found = plan(ght({"chu": 50, "a": 30, "b": 20}, {"chu": (3, 3), "b": (1, 3)}))

    assert brought_up(found) == ["b"]
    assert found.audits == 1
    assert found.holding == ("chu",)


def test_a_met_share_asks_for_nothing_and_names_who_holds_it() -> None:
    found = plan(ght({"chu": 50, "a": 30, "b": 20}, {"chu": (3, 3), "a": (2, 2)}))

    assert (found.steps, found.audits, found.covered) == ((), 0, 80.0)
    assert found.pivotal == ("a", "chu")


def test_a_share_of_exactly_the_threshold_is_enough() -> None:
    assert brought_up(plan(ght({"chu": 33, "a": 33, "b": 34}, {"chu": (3, 3), "a": (1, 3)}))) == ["a"]


def test_two_establishments_are_needed_even_when_the_support_makes_the_share_alone() -> None:
    assert brought_up(plan(ght({"chu": 90, "a": 6, "b": 4}, {"chu": (3, 3), "b": (1, 3)}))) == ["b"]


def test_a_shared_directory_is_counted_once() -> None:
    directories = [
        {"id": "AD-S", "establishments": ["chu", "a", "b"], "kind": "onprem"},
        {"id": "AD-c", "establishments": ["c"], "kind": "onprem"},
    ]
    found = plan(ght({"chu": 30, "a": 20, "b": 20, "c": 30}, {}, ads=directories, ads_audits=[]))

    assert found.audits == 2
    assert "c" not in brought_up(found)


def test_nothing_reaches_the_share_once_the_support_awaits_a_decision() -> None:
    directories = [
        {"id": "AD-chu", "establishments": ["chu"], "kind": "entra_only"},
        {"id": "AD-a", "establishments": ["a"], "kind": "onprem"},
    ]
    found = plan(ght({"chu": 30, "a": 70}, {}, ads=directories, ads_audits=[]))

    assert not found.reachable
    assert found.undecided == ("chu",)


@pytest.mark.parametrize("count", [20, 30])
def test_many_equal_establishments_are_planned_quickly(count: int) -> None:
    found = plan(ght({f"e{rank:02}": 10 for rank in range(count)}, {}))

    assert found.exact
    assert len(found.steps) == -(-66 * count // 100)


@given(st.lists(st.tuples(st.integers(1, 100), st.sampled_from([(), (1, 3), (3, 3), (3, 1)])), min_size=2, max_size=7))
@settings(max_examples=40, deadline=None)
def test_no_set_of_establishments_costs_less(places: list[tuple[int, tuple[int, ...]]]) -> None:
    activities = {f"e{rank}": activity for rank, (activity, _) in enumerate(places)}
    needs = {(): 2, (1, 3): 1, (3, 3): 0, (3, 1): 2}
    found = plan(ght(activities, {f"e{rank}": scores for rank, (_, scores) in enumerate(places)}))
    cost = {f"e{rank}": needs[scores] for rank, (_, scores) in enumerate(places)}
    total = sum(activities.values())
    costs = [
        sum(cost[name] for name in chosen)
        for size in range(2, len(places) + 1)
        for chosen in combinations(activities, size)
        if "e0" in chosen and 100 * sum(activities[name] for name in chosen) >= 66 * total
    ]

    assert found.audits == min(costs)
