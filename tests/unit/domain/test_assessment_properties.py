"""What holds of every evaluation, whatever the scenario."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.domain.errors import ScenarioError
from tests.unit.domain.evaluation_cases import BIS, OLD, START, judged

ESTABLISHMENTS = ["E1", "E2", "E3"]
quick = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """Well-formed scenarios of every sort, with distinct days for the audits of one list."""
    programme = draw(st.sampled_from([BIS, OLD]))
    first = START[programme]

    def some_day(low: int = -30, high: int = 420) -> str:
        return (first + timedelta(days=draw(st.integers(low, high)))).isoformat()

    owners = st.lists(st.sampled_from([*ESTABLISHMENTS, "ELSEWHERE"]), max_size=2, unique=True)
    ads: list[dict[str, Any]] = []
    for rank in range(draw(st.integers(0, 4))):
        one: dict[str, Any] = {
            "id": f"AD{rank}",
            "establishments": draw(owners),
            "kind": draw(st.sampled_from(["onprem", "hybrid", "entra_only"])),
        }
        if draw(st.booleans()):
            one["in_service"] = some_day()
        if draw(st.booleans()):
            one["retired"] = some_day()
        if rank and draw(st.booleans()):
            one["replaces"] = [f"AD{draw(st.integers(0, rank - 1))}"]
        ads.append(one)
    surfaces = [
        {
            "id": f"X{rank}",
            "establishments": draw(owners),
            "kind": draw(st.sampled_from(["own", "showcase", "vendor_saas"])),
            **({"exposed_from": some_day()} if draw(st.booleans()) else {}),
        }
        for rank in range(draw(st.integers(0, 3)))
    ]
    days = st.lists(st.integers(-10, 400), max_size=8, unique=True)
    names = [one["id"] for one in ads]
    ads_audits = [
        {
            "id": f"A{count}",
            "date": (first + timedelta(days=count)).isoformat(),
            "ads": draw(st.lists(st.sampled_from(names), unique=True)) if names else [],
            "score": draw(st.sampled_from([1, 2, 2.5, 5])),
            "downloaded": draw(st.booleans()),
        }
        for count in draw(days)
    ]
    finding = st.fixed_dictionaries(
        {"id": st.sampled_from(["V1", "V2"])},
        optional={"cvss": st.sampled_from([0, 6.9, 7, 8.9, 9, 9.1, 10]), "label": st.sampled_from(["rouge", "x"])},
    )
    exposure_audits = [
        {
            "id": f"I{count}",
            "date": (first + timedelta(days=count)).isoformat(),
            "tool": draw(st.sampled_from(["SILENE", "INDUSTRIAL", "CYBERSURVEILLANCE"])),
            "covers": "*",
            "findings": draw(st.lists(finding, max_size=3)),
        }
        for count in draw(days)
    ]
    config: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "lead_days_ads": st.integers(0, 30),
                "lead_days_industrial": st.integers(0, 90),
                "mean_days": st.integers(1, 80),
                "gap_days": st.integers(1, 120),
                "report_months": st.integers(0, 12),
                "o2b_last_max_age": st.integers(0, 90),
                "readings": st.fixed_dictionaries(
                    {},
                    optional={
                        "migration": st.sampled_from(["chain", "separate", ["chain", "separate"]]),
                        "support_counts": st.sampled_from([True, False, [True, False]]),
                        "silene_in_sequence": st.sampled_from(["ignored", "blocking", ["ignored", "blocking"]]),
                        "d1_phase_end": st.sampled_from(["declaration", "control", ["declaration", "control"]]),
                        "d1_interval": st.just(["strict_2months", "tolerance", "each_60d"]),
                    },
                ),
            },
        )
    )
    return {
        "id": "any",
        "programme": programme,
        "candidate": {
            "type": draw(st.sampled_from(["GHT", "PUBLIC_HORS_GHT", "PRIVE"])),
            "establishments": [
                {
                    "id": name,
                    "activity": draw(st.integers(0, 100)),
                    "support": name == "E1",
                    "esms": draw(st.booleans()),
                }
                for name in ESTABLISHMENTS
            ],
        },
        "phase": {"start": some_day(-60, 60), "declaration": some_day(-5, 400), "control_date": some_day(300, 420)},
        "as_of": some_day(),
        "ads": ads,
        "ads_audits": ads_audits,
        "surfaces": surfaces,
        "exposure_audits": exposure_audits,
        "config": config,
    }


def entries(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        entry
        for objective in found["objectives"].values()
        for entry in [objective["candidate"], *objective["establishments"].values(), *objective["units"].values()]
    ]


@quick
@given(scenarios())
def test_any_well_formed_scenario_is_judged_the_same_twice(scenario: dict[str, Any]) -> None:
    assert json.dumps(judged(scenario)) == json.dumps(judged(scenario))


@quick
@given(scenarios(), st.randoms(use_true_random=False))
def test_the_order_of_lists_changes_nothing(scenario: dict[str, Any], chance: random.Random) -> None:
    shuffled = json.loads(json.dumps(scenario))
    for key in ("ads", "ads_audits", "surfaces", "exposure_audits"):
        chance.shuffle(shuffled[key])
    chance.shuffle(shuffled["candidate"]["establishments"])

    assert json.dumps(judged(shuffled)) == json.dumps(judged(scenario))


@quick
@given(scenarios())
def test_every_entry_is_well_formed(scenario: dict[str, Any]) -> None:
    for entry in entries(judged(scenario)):
        assert entry["verdict"] in {"met", "not_met", "at_risk", "not_applicable"}
        assert entry["reasons"] == sorted(set(entry["reasons"]))
        assert entry["contested"] == sorted(set(entry["contested"]))
        if entry["verdict"] == "not_met":
            assert entry["reasons"]
            assert entry["next_due"] is None
        if entry["next_due"] is not None:
            date.fromisoformat(entry["next_due"])


@quick
@given(scenarios())
def test_what_is_met_or_failed_under_all_readings_is_contested_by_none(scenario: dict[str, Any]) -> None:
    for entry in entries(judged(scenario)):
        assert entry["verdict"] == "at_risk" or not entry["contested"]


@quick
@given(scenarios())
def test_pinning_each_reading_leaves_no_contest(scenario: dict[str, Any]) -> None:
    found = judged(scenario)
    pinned = json.loads(json.dumps(scenario))
    readings = pinned["config"].setdefault("readings", {})
    for entry in entries(found):
        for name in entry["contested"]:
            readings[name] = _first(name)

    for name in {name for entry in entries(judged(pinned)) for name in entry["contested"]}:
        assert name not in readings


def _first(name: str) -> object:
    from agent.domain.programme import READINGS

    return READINGS[name][0]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2026-05-01"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@quick
@given(scenarios(), anything, st.randoms(use_true_random=False))
def test_a_damaged_scenario_is_judged_or_refused_by_name(
    scenario: dict[str, Any], damage: object, chance: random.Random
) -> None:
    place: Any = scenario
    while True:
        key = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if not isinstance(place[key], dict | list) or not place[key] or chance.random() < 0.2:
            break
        place = place[key]
    place[key] = damage

    assert all(path.startswith("$") and message for path, message in refusal(scenario) or [("$", "none")])


def refusal(scenario: dict[str, Any]) -> tuple[tuple[str, str], ...] | None:
    """The problems for which a scenario is refused, None when it is judged."""
    try:
        judged(scenario)
    except ScenarioError as error:
        return error.problems
    return None
