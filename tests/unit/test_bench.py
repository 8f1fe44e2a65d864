"""The benchmarks measure what they say: a candidate as large as asked, a table with lines of every standing."""

from __future__ import annotations

import pytest

from agent.domain.spending import Standing
from bench.evaluation import ORDINARY, Size, candidate, judge, parsed
from bench.spending import judged, table


@pytest.mark.parametrize("alike", [True, False], ids=["audited-alike", "no-two-alike"])
def test_a_candidate_is_the_same_each_time_and_as_large_as_asked(alike: bool) -> None:
    size = Size(establishments=3, directories=4, elements=9, audits=5, alike=alike, beyond=2)
    scenario = candidate(size)
    assert scenario == candidate(size)
    assert len(scenario["ads_audits"]) == 4 * (5 + 2)
    assert len(scenario["exposure_audits"]) == 5 + 2


def test_the_audits_of_a_candidate_count_and_those_beyond_do_not() -> None:
    size = Size(establishments=2, directories=2, elements=4, audits=5, beyond=3)
    units = judge(parsed(candidate(size))).objectives["D1.O1.A"].units
    assert {entry.numbers["count"] for entry in units.values()} == {5}


def test_another_seed_is_another_candidate() -> None:
    assert candidate(ORDINARY, seed=1) != candidate(ORDINARY, seed=2)


def test_a_table_of_spending_is_as_long_as_asked_and_has_lines_of_every_standing() -> None:
    made = judged(table(60))

    assert len(made.lines) == 60
    assert {one.judgement.standing for one in made.lines} == set(Standing)
