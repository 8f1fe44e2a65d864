"""What a further clean audit, the order of the input and the calendar may do to a verdict, over generated scenarios."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.generated_scenarios import OPENS, days, scenarios
from tests.unit.domain.evaluation_cases import (
    BIS,
    OLD,
    Json,
    ads_case,
    case,
    day,
    directory,
    entry,
    exposure_case,
    exposures,
    judged,
    pin,
    surface,
)

many = settings(max_examples=settings().max_examples * 2)
some = settings(max_examples=settings().max_examples)
CLOSE = 59
RANK = {"met": 0, "not_applicable": 0, "at_risk": 1, "not_met": 2}
# The readings under which an audit more can only help, wherever it falls (the other ones: see the exceptions below).
ANY_DAY: dict[str, Json] = {
    BIS: {"mean_mode": "edges", "first_audit": ["start_plus_60d", "start_plus_2m"]},
    OLD: {"d1_interval": ["strict_2months", "each_60d"]},
}

# Values written out of their order, so that shuffling them means something.
ALL_READINGS: Json = {
    "mean_mode": ["between", "edges"],
    "silene_in_sequence": ["ignored", "blocking"],
    "support_counts": [True, False],
    "migration": ["separate", "chain"],
    "d1_phase_end": ["control", "declaration"],
    "d1_interval": ["each_60d", "tolerance", "strict_2months"],
    "lost_report": ["counted", "not_counted"],
}


def verdicts(scenario: Json) -> dict[tuple[str, str, str], str]:
    """Every verdict by objective, level and id."""
    return {
        (objective, level, name): one["verdict"]
        for objective, found in judged(scenario)["objectives"].items()
        for level, entries in {**found, "candidate": {"": found["candidate"]}}.items()
        for name, one in entries.items()
    }


def worsened(before: Json, after: Json) -> dict[tuple[str, str, str], tuple[str, str]]:
    """The verdicts that got worse from one scenario to the other."""
    old, new = verdicts(before), verdicts(after)
    assert old.keys() == new.keys()
    return {place: (old[place], new[place]) for place in old if RANK[new[place]] > RANK[old[place]]}


def with_clean_run(scenario: Json, on: str, covered: list[str]) -> Json:
    more = {"id": "MORE", "date": on, "ads": covered, "score": 2}
    return {**scenario, "ads_audits": [*scenario["ads_audits"], more]}


def with_clean_exposure(scenario: Json, on: str, covers: object = "*", tool: str = "INDUSTRIAL") -> Json:
    more = {"id": "MORE", "date": on, "tool": tool, "covers": covers, "findings": []}
    return {**scenario, "exposure_audits": [*scenario["exposure_audits"], more]}


def reading(scenario: Json, **readings: Any) -> Json:
    """The scenario under some readings only."""
    return {**scenario, "config": {**scenario.get("config", {}), **pin(**readings)}}


@st.composite
def with_another(draw: st.DrawFn, *, migrations: bool = True) -> tuple[Json, str, list[str], object]:
    """A scenario, a day, and some of its directories and surfaces."""
    scenario = draw(scenarios(migrations=migrations))
    directories = [one["id"] for one in scenario["ads"]]
    surfaces = [one["id"] for one in scenario["surfaces"]]
    on = draw(st.one_of(days(scenario["programme"]), st.just(scenario["as_of"])))
    covered = draw(st.lists(st.sampled_from(directories), unique=True)) if directories else []
    covers = draw(st.one_of(st.just("*"), st.lists(st.sampled_from(surfaces), unique=True))) if surfaces else "*"
    return scenario, on, covered, covers


@many
@given(with_another())
def test_a_clean_audit_on_any_day_worsens_no_verdict_of_the_readings_that_count_the_phase_edges(
    drawn: tuple[Json, str, list[str], object],
) -> None:
    scenario, on, covered, covers = drawn
    before = reading(scenario, **ANY_DAY[scenario["programme"]])

    assert worsened(before, with_clean_run(before, on, covered)) == {}
    assert worsened(before, with_clean_exposure(before, on, covers)) == {}


def counted_until(scenario: Json, found: Json) -> date:
    return min(date.fromisoformat(scenario["as_of"]), date.fromisoformat(found["declaration"]))


def lives(scenario: Json) -> dict[str, tuple[date, date, list[set[date]]]]:
    """
    The first and the last day on which an audit of each unit counts, and the days of its audits.

    Those of a directory twice: with the lost reports and without. Migrations are left out.
    """
    found = judged(scenario)
    start, end = date.fromisoformat(found["phase_start"]), counted_until(scenario, found)
    bounds = {
        one["id"]: (
            max(start, date.fromisoformat(one.get("in_service") or one.get("exposed_from") or found["phase_start"])),
            min(end, date.fromisoformat(one.get("retired", "9999-12-31"))),
        )
        for one in [*scenario["ads"], *scenario["surfaces"]]
    }
    audits: dict[str, list[set[date]]] = {name: [set(), set()] for name in bounds}
    for run in scenario["ads_audits"]:
        for name in run["ads"] if run.get("tool", "ADS") == "ADS" else []:
            audits[name][0].add(date.fromisoformat(run["date"]))
            if run.get("downloaded", True):
                audits[name][1].add(date.fromisoformat(run["date"]))
    for audit in scenario["exposure_audits"]:
        names = [one["id"] for one in scenario["surfaces"]] if audit["covers"] == "*" else audit["covers"]
        for name in names if audit["tool"] != "CYBERSURVEILLANCE" else []:
            for counted in audits[name]:
                counted.add(date.fromisoformat(audit["date"]))
    return {
        name: (first, last, [{one for one in some if first <= one <= last} for some in audits[name]])
        for name, (first, last) in bounds.items()
    }


def close_day(scenario: Json, names: list[str], chance: random.Random) -> str | None:
    """A day at most 59 days from another audit of each unit (from the photo, for a unit without audit); None in vain."""
    known = lives(scenario)

    def is_close(on: date, name: str) -> bool:
        first, last, lists = known[name]
        if not first <= on <= last:
            return True
        return all(min(abs((on - one).days) for one in some or {last}) <= CLOSE for some in lists)

    for count in chance.sample(range(460), 40):
        on = OPENS[scenario["programme"]] + timedelta(days=count)
        if all(is_close(on, name) for name in names):
            return on.isoformat()
    return None


@many
@given(with_another(migrations=False), st.randoms(use_true_random=False))
def test_a_clean_audit_within_59_days_of_another_worsens_no_verdict_under_any_reading(
    drawn: tuple[Json, str, list[str], object], chance: random.Random
) -> None:
    before, _, covered, covers = drawn
    surfaces = [one["id"] for one in before["surfaces"]] if covers == "*" else list(covers)  # type: ignore[call-overload]

    if on := close_day(before, covered, chance):
        assert worsened(before, with_clean_run(before, on, covered)) == {}
    if on := close_day(before, surfaces, chance):
        assert worsened(before, with_clean_exposure(before, on, covers)) == {}


OPENING = {"start": "2026-01-30", "declaration": "2026-12-31"}


@pytest.mark.parametrize(
    ("before", "more", "objective", "verdicts"),
    [
        pytest.param(
            exposure_case([(10, [])], as_of=95, phase={"start": day(0), "declaration": day(95)}),
            day(80),
            "D1.O2.A",
            ("met", "at_risk"),
            id="the mean between two audits is long when the second comes late",
        ),
        pytest.param(
            reading(
                exposure_case([(10, [])], as_of=95, phase={"start": day(0), "declaration": day(95)}),
                mean_mode="between",
            ),
            day(80),
            "D1.O2.A",
            ("met", "not_met"),
            id="the same when the edges are not a reading",
        ),
        pytest.param(
            exposure_case([(123, [])], as_of=130, phase=OPENING),
            "2026-01-31",
            "D1.O2.A",
            ("at_risk", "not_met"),
            id="an early audit opens a gap that a first audit in July does not have",
        ),
        pytest.param(
            exposure_case([], as_of=123, phase=OPENING),
            "2026-01-31",
            "D1.O2.A",
            ("at_risk", "not_met"),
            id="an early audit starts the 100 days that no audit does not count",
        ),
    ],
)
def test_where_the_contract_has_an_audit_more_worsen_a_verdict_the_readings_say_why(
    before: Json, more: str, objective: str, verdicts: tuple[str, str]
) -> None:
    after = with_clean_exposure(before, more)

    assert (entry(before, objective)["verdict"], entry(after, objective)["verdict"]) == verdicts


def test_a_third_establishment_whose_last_audit_soon_grows_old_makes_a_satisfied_share_due_soon() -> None:
    before = case(
        as_of=355,
        candidate={
            "type": "PUBLIC_HORS_GHT",
            "establishments": [{"id": name, "activity": 50} for name in ("E1", "E2", "E3")],
        },
        surfaces=[surface(f"X{rank}", establishments=[f"E{rank}"]) for rank in (1, 2, 3)],
        exposure_audits=[
            {**audit, "covers": [name]}
            for name, on in {"X1": (300, 340), "X2": (300, 340), "X3": (250,)}.items()
            for audit in exposures([(count, []) for count in on], prefix=name)
        ],
        config=pin(o2b_coverage="flex"),
    )
    after = with_clean_exposure(before, day(304), ["X3"])

    assert entry(before, "D1.O2.B")["verdict"] == "met"
    assert (entry(after, "D1.O2.B")["verdict"], entry(after, "D1.O2.B")["reasons"]) == ("at_risk", ["DUE_SOON"])


def test_a_silene_audit_in_the_last_two_worsens_the_reading_that_looks_at_it_only() -> None:
    before = exposure_case([(300, []), (340, [])], as_of=355)
    after = with_clean_exposure(before, day(350), tool="SILENE")

    assert entry(after, "D1.O2.B")["verdict"] == "met"
    assert entry(reading(after, silene_in_sequence="blocking"), "D1.O2.B")["reasons"] == [
        "SHARE_BELOW_THRESHOLD",
        "SILENE_IN_LAST_TWO",
    ]


def test_a_run_on_the_predecessor_after_the_directory_was_retired_is_none_of_its_audits() -> None:
    scenario = ads_case(
        [60],
        as_of=70,
        ads=[directory("AD0"), directory("AD1", replaces=["AD0"], retired=day(40))],
        ads_audits=[{"id": "A1", "date": day(60), "ads": ["AD0"], "score": 2}],
    )

    assert entry(scenario, "D1.O1.A", "units", "AD1")["numbers"]["count"] == 0
    assert entry(scenario, "D1.O1.A", "units", "AD1")["verdict"] == "not_applicable"


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same value, every list and the keys of every object in another order."""
    if isinstance(value, dict):
        keys = chance.sample(list(value), len(value))
        return {key: shuffled(value[key], chance) for key in keys}
    if isinstance(value, list):
        return [shuffled(one, chance) for one in chance.sample(value, len(value))]
    return value


@some
@given(scenarios(), st.randoms(use_true_random=False))
def test_the_order_of_every_list_and_key_changes_no_byte(scenario: Json, chance: random.Random) -> None:
    asked = {**scenario, "config": {**scenario["config"], **pin(**ALL_READINGS)}}

    assert json.dumps(judged(shuffled(asked, chance))) == json.dumps(judged(asked))


@some
@given(scenarios(), st.integers(1, 400))
def test_an_audit_after_the_photo_changes_nothing(scenario: Json, later: int) -> None:
    after = (date.fromisoformat(scenario["as_of"]) + timedelta(days=later)).isoformat()
    more = with_clean_run(scenario, after, [one["id"] for one in scenario["ads"]])

    assert judged(with_clean_exposure(more, after)) == judged(scenario)


@some
@given(scenarios(), st.integers(1, 400))
def test_an_audit_before_the_phase_changes_nothing(scenario: Json, earlier: int) -> None:
    found = judged(scenario)
    before = (date.fromisoformat(found["phase_start"]) - timedelta(days=earlier)).isoformat()
    more = with_clean_run(scenario, before, [one["id"] for one in scenario["ads"]])

    assert judged(with_clean_exposure(more, before)) == found


@many
@given(scenarios(migrations=False))
def test_an_objective_lost_one_day_is_lost_the_next_day(scenario: Json) -> None:
    """Nothing that no action can repair repairs itself, until the declaration."""
    found = judged(scenario)
    today = date.fromisoformat(scenario["as_of"])
    tomorrow = {**scenario, "as_of": (today + timedelta(days=1)).isoformat()}
    if today < date.fromisoformat(found["phase_start"]):
        return
    new = verdicts(tomorrow)

    for place, verdict in verdicts(scenario).items():
        assert verdict != "not_met" or new[place] in {"not_met", "not_applicable"}, place
