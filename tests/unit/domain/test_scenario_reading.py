from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any

import pytest

from agent.domain.errors import ExitCode, ScenarioError
from agent.domain.scenario import Scenario, parse_scenario, parse_scenarios
from config.programme_files import find_programme
from tests.unit.domain.evaluation_cases import case, directory, exposures, judged, runs, surface

VALID = case(
    as_of=100,
    ads=[directory(), directory("AD2", replaces=["AD1"])],
    ads_audits=runs([10, 20]),
    surfaces=[surface()],
    exposure_audits=exposures([(10, [{"id": "V", "cvss": 5, "rerated": {"justified": True, "in_report": True}}])]),
    config={"readings": {"cvss9": "ge"}},
)


def read(value: object) -> Scenario:
    return parse_scenario(value, find_programme)


def faults(value: object) -> dict[str, str]:
    with pytest.raises(ScenarioError) as caught:
        read(value)
    return dict(caught.value.problems)


def changed(path: list[str | int], value: object) -> dict[str, Any]:
    """VALID with the value at `path` replaced or added."""
    scenario: Any = copy.deepcopy(VALID)
    place = scenario
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return dict(scenario)


def test_a_valid_scenario_is_read() -> None:
    scenario = read(VALID)

    assert (scenario.id, scenario.programme.id, len(scenario.ads_audits)) == ("case", "D1BIS_2026", 2)


HUGE = 10**400


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        pytest.param(["id"], "", "$.id", id="empty-id"),
        pytest.param(["id"], "x" * 2000, "$.id", id="endless-id"),
        pytest.param(["programme"], "P3", "$.programme", id="unknown-programme"),
        pytest.param(["programme"], ["D1_2024"], "$.programme", id="programme-not-a-text"),
        pytest.param(["as_of"], "2026-02-30", "$.as_of", id="day-that-does-not-exist"),
        pytest.param(["as_of"], "20260301", "$.as_of", id="date-without-dashes"),
        pytest.param(["as_of"], "2026-03-01T00:00:00", "$.as_of", id="date-with-time"),
        pytest.param(["as_of"], "0001-01-01", "$.as_of", id="year-out-of-range"),
        pytest.param(["as_of"], 20260301, "$.as_of", id="date-as-number"),
        pytest.param(["as_of"], None, "$.as_of", id="null-date"),
        pytest.param(["candidate"], [], "$.candidate", id="candidate-not-an-object"),
        pytest.param(["candidate", "type"], "EHPAD", "$.candidate.type", id="unknown-type"),
        pytest.param(["candidate", "establishments"], {}, "$.candidate.establishments", id="establishments-no-list"),
        pytest.param(["candidate", "establishments", 0, "activity"], -1, "…activity", id="negative-activity"),
        pytest.param(["candidate", "establishments", 0, "activity"], "-1", "…activity", id="negative-text"),
        pytest.param(["candidate", "establishments", 0, "activity"], "1e3", "…activity", id="exponent"),
        pytest.param(["candidate", "establishments", 0, "activity"], "١٢", "…activity", id="other-digits"),
        pytest.param(["candidate", "establishments", 0, "activity"], True, "…activity", id="activity-bool"),
        pytest.param(["candidate", "establishments", 0, "activity"], float("nan"), "…activity", id="activity-nan"),
        pytest.param(["candidate", "establishments", 0, "activity"], float("inf"), "…activity", id="activity-inf"),
        pytest.param(["candidate", "establishments", 0, "activity"], HUGE, "…activity", id="activity-huge"),
        pytest.param(["candidate", "establishments", 0, "support"], "oui", "…support", id="flag-text"),
        pytest.param(["candidate", "establishments", 0, "no_ad_decision"], True, "…no_ad_decision", id="decision-bool"),
        pytest.param(["candidate", "establishments", 0, "finess"], "x", "…finess", id="unknown-establishment-key"),
        pytest.param(["phase", "end"], "2027-01-01", "$.phase.end", id="unknown-phase-key"),
        pytest.param(["phase", "control_date"], "demain", "$.phase.control_date", id="malformed-control"),
        pytest.param(["ads"], "AD1", "$.ads", id="directories-not-a-list"),
        pytest.param(["ads", 0], 3, "$.ads[0]", id="directory-not-an-object"),
        pytest.param(["ads", 0, "kind"], "cloud", "$.ads[0].kind", id="unknown-kind"),
        pytest.param(["ads", 0, "decision"], "maybe", "$.ads[0].decision", id="unknown-decision"),
        pytest.param(["ads", 0, "replaces"], ["NOPE"], "$.ads[0].replaces[0]", id="replaces-unknown"),
        pytest.param(["ads", 0, "replaces"], ["AD1"], "$.ads[0].replaces", id="replaces-itself"),
        pytest.param(["ads", 1, "id"], "AD1", "$.ads[1].id", id="directory-twice"),
        pytest.param(["ads_audits", 1, "id"], "A1-1", "$.ads_audits[1].id", id="run-twice"),
        pytest.param(["ads_audits", 0, "ads"], ["AD1", "NOPE"], "$.ads_audits[0].ads[1]", id="run-on-unknown"),
        pytest.param(["ads_audits", 0, "score"], "2", "$.ads_audits[0].score", id="score-text"),
        pytest.param(["ads_audits", 0, "score"], {"NOPE": 2}, "$.ads_audits[0].score.NOPE", id="score-of-unknown"),
        pytest.param(["ads_audits", 0, "score"], {"AD1": True}, "$.ads_audits[0].score.AD1", id="score-bool"),
        pytest.param(["ads_audits", 0, "downloaded"], 1, "$.ads_audits[0].downloaded", id="downloaded-number"),
        pytest.param(["surfaces", 0, "kind"], "web", "$.surfaces[0].kind", id="unknown-surface-kind"),
        pytest.param(["exposure_audits", 0, "tool"], "NESSUS", "$.exposure_audits[0].tool", id="unknown-tool"),
        pytest.param(["exposure_audits", 0, "covers"], "X1", "$.exposure_audits[0].covers", id="covers-text"),
        pytest.param(["exposure_audits", 0, "covers"], ["NOPE"], "$.exposure_audits[0].covers[0]", id="covers-unknown"),
        pytest.param(
            ["exposure_audits", 0, "findings", 0, "cvss"], 11, "$.exposure_audits[0].findings[0].cvss", id="cvss-range"
        ),
        pytest.param(
            ["exposure_audits", 0, "findings", 0, "surface"],
            "NOPE",
            "$.exposure_audits[0].findings[0].surface",
            id="finding-on-unknown",
        ),
        pytest.param(
            ["exposure_audits", 0, "findings", 0, "rerated", "proof"],
            True,
            "$.exposure_audits[0].findings[0].rerated.proof",
            id="unknown-rerating-key",
        ),
        pytest.param(["config", "warn_day"], 3, "$.config.warn_day", id="unknown-setting"),
        pytest.param(["config", "warn_days"], 1.5, "$.config.warn_days", id="half-day"),
        pytest.param(["config", "warn_days"], HUGE, "$.config.warn_days", id="huge-setting"),
        pytest.param(["config", "mean_days"], 0, "$.config.mean_days", id="no-interval"),
        pytest.param(["config", "share_threshold"], 101, "$.config.share_threshold", id="share-over-100"),
        pytest.param(["config", "declaration_deadline"], "x", "$.config.declaration_deadline", id="deadline"),
        pytest.param(["config", "readings"], [], "$.config.readings", id="readings-not-an-object"),
        pytest.param(["config", "readings", "mood"], "good", "$.config.readings.mood", id="unknown-reading"),
        pytest.param(["config", "readings", "cvss9"], "eq", "$.config.readings.cvss9", id="unknown-value"),
        pytest.param(["config", "readings", "cvss9"], ["ge", "eq"], "$.config.readings.cvss9[1]", id="one-of-a-list"),
        pytest.param(["config", "readings", "cvss9"], [], "$.config.readings.cvss9", id="no-value"),
        pytest.param(
            ["config", "readings", "support_counts"], 1, "$.config.readings.support_counts", id="one-is-not-true"
        ),
        pytest.param(["extra key"], 1, "$['extra key']", id="unknown-key"),
    ],
)
def test_a_fault_is_named_by_its_path(path: list[str | int], value: object, where: str) -> None:
    assert where.replace("…", "$.candidate.establishments[0].") in faults(changed(path, value))


def test_every_fault_is_named_at_once() -> None:
    scenario = changed(["as_of"], "x")
    scenario["ads"][0]["kind"] = "cloud"
    del scenario["phase"]["start"]
    scenario["unknown"] = 1

    assert set(faults(scenario)) == {"$.as_of", "$.ads[0].kind", "$.phase.start", "$.unknown"}


@pytest.mark.parametrize("key", ["id", "programme", "candidate", "phase", "as_of"])
def test_a_missing_key_is_named(key: str) -> None:
    scenario = {name: value for name, value in VALID.items() if name != key}

    assert set(faults(scenario)) == {f"$.{key}"}


def test_a_circle_of_directories_that_replace_each_other_is_named() -> None:
    scenario = changed(["ads", 0, "replaces"], ["AD2"])

    assert set(faults(scenario)) == {"$.ads[0].replaces", "$.ads[1].replaces"}


@pytest.mark.parametrize("value", [None, [], 3, "x", True])
def test_what_is_not_an_object_is_no_scenario(value: object) -> None:
    assert "$" in faults(value)


def test_the_faults_of_an_array_say_which_scenario() -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenarios([VALID, changed(["as_of"], "x"), changed(["id"], 3)], find_programme)

    assert [path for path, _ in caught.value.problems] == ["$[1].as_of", "$[2].id"]
    assert caught.value.exit_code is ExitCode.CONFIGURATION


def test_the_readers_keys_are_ignored_everywhere() -> None:
    scenario = changed(["ads", 0, "comment"], "le contrôleur principal") | {"expected": {}, "source": "kit"}

    assert read(scenario).id == "case"


def test_an_optional_key_that_is_null_counts_as_absent() -> None:
    assert read(changed(["ads", 0, "retired"], None)).directories[0].retired is None


def test_activities_are_exact_whether_numbers_or_texts() -> None:
    for value in (0.1, "0.1"):
        scenario = read(changed(["candidate", "establishments", 0, "activity"], value))
        assert scenario.candidate.establishments[0].activity == Fraction(1, 10)


def test_pinned_readings_keep_the_prudent_value_first_and_once() -> None:
    scenario = read(changed(["config", "readings"], {"cvss9": ["gt", "ge", "gt"], "support_counts": [True, False]}))

    assert scenario.readings == {"cvss9": ("ge", "gt"), "support_counts": (True, False)}


def test_a_star_among_the_covered_surfaces_covers_everything() -> None:
    scenario = read(changed(["exposure_audits", 0, "covers"], ["*"]))

    assert scenario.exposure_audits[0].covers_surface("X1")


def test_a_whole_setting_may_be_written_with_a_decimal_point() -> None:
    assert read(changed(["config", "warn_days"], 3.0)).settings.warn_days == 3


def test_a_score_that_is_null_is_a_missing_score() -> None:
    found = judged(changed(["ads_audits", 1, "score"], {"AD1": None}))

    assert found["objectives"]["D1.O1.B"]["units"]["AD1"]["numbers"]["last_two_scores"] == [2, None]
