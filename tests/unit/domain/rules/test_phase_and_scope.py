"""Precisions 1 to 7: the phase, what is a unit, whom it belongs to, what does not apply."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.domain.evaluation_cases import (
    BIS,
    OLD,
    ads_case,
    case,
    day,
    directory,
    entry,
    exposure_case,
    exposures,
    judged,
    pin,
    runs,
    surface,
    unit,
)

REGULAR = [50, 105, 160, 215, 270, 325]


# 1 ─ window and last day


@pytest.mark.parametrize(
    ("programme", "phase", "start", "issues"),
    [
        pytest.param(BIS, {"start": "2026-01-29"}, "2026-01-30", ["PHASE_START_TOO_EARLY"], id="early"),
        pytest.param(BIS, {"start": "2026-05-08"}, "2026-05-07", ["PHASE_START_TOO_LATE"], id="late"),
        pytest.param(
            BIS,
            {"start": "2026-05-01", "validation_date": "2026-04-15"},
            "2026-04-15",
            ["PHASE_START_TOO_LATE"],
            id="after-validation",
        ),
        pytest.param(
            BIS, {"start": "2026-05-07", "validation_date": "2026-06-01"}, "2026-05-07", [], id="validation-later"
        ),
        pytest.param(OLD, {"start": "2024-03-17"}, "2024-03-18", ["PHASE_START_TOO_EARLY"], id="2024-early"),
        pytest.param(OLD, {"start": "2024-04-20"}, "2024-04-19", ["PHASE_START_TOO_LATE"], id="2024-late"),
        pytest.param(
            OLD, {"start": "2024-04-10", "validation_date": "2024-04-01"}, "2024-04-10", [], id="2024-no-validation"
        ),
    ],
)
def test_a_start_outside_the_window_is_reported_and_moved(
    programme: str, phase: dict[str, str], start: str, issues: list[str]
) -> None:
    found = judged(case(as_of=10, programme=programme, phase=phase))

    assert (found["phase_start"], found["phase_issues"]) == (start, issues)


@pytest.mark.parametrize(("programme", "last_day"), [(BIS, "2027-03-31"), (OLD, "2025-03-28")])
def test_the_declaration_is_the_programmes_last_day_by_default(programme: str, last_day: str) -> None:
    found = judged(case(as_of=10, programme=programme, phase={"start": day(0, programme)}))

    assert found["declaration"] == last_day


def test_a_declaration_deadline_overrides_the_last_day() -> None:
    late = {"start": day(0, OLD), "declaration": "2025-06-30"}

    assert judged(case(as_of=10, programme=OLD, phase=late))["phase_issues"] == ["DECLARATION_TOO_LATE"]
    extended = case(as_of=10, programme=OLD, phase=late, config={"declaration_deadline": "2025-06-30"})
    assert judged(extended)["phase_issues"] == []


@pytest.mark.parametrize(("as_of", "mode"), [(364, "follow_up"), (365, "declaration"), (400, "declaration")])
def test_the_evaluation_is_final_from_the_declaration_on(as_of: int, mode: str) -> None:
    assert judged(case(as_of=as_of))["mode"] == mode


# 2 ─ the photo


def test_audits_before_the_start_or_after_today_do_not_count() -> None:
    scenario = ads_case([-1, 0, 100, 101], as_of=100)

    assert unit(scenario, "D1.O1.A", "AD1")["numbers"]["count"] == 2


def test_audits_after_the_declaration_do_not_count_even_when_today_is_later() -> None:
    assert unit(ads_case([*REGULAR, 370], as_of=380), "D1.O1.A", "AD1")["numbers"]["count"] == 6


def test_audits_after_the_retirement_do_not_count() -> None:
    scenario = ads_case([50, 100, 120], as_of=150, ads=[directory(retired=day(100))])

    assert unit(scenario, "D1.O1.A", "AD1")["numbers"]["count"] == 2


@pytest.mark.parametrize(
    ("programme", "readings", "due"),
    [
        pytest.param(BIS, {}, day(60), id="2026"),
        pytest.param(OLD, {}, "2024-06-01", id="2024-two-months"),
        pytest.param(OLD, {"d1_interval": "each_60d"}, day(60, OLD), id="2024-each-60-days"),
        pytest.param(OLD, {"d1_interval": "tolerance"}, day(100, OLD), id="2024-tolerance"),
    ],
)
def test_before_the_phase_the_photo_is_empty_and_the_first_audit_is_announced(
    programme: str, readings: dict[str, str], due: str
) -> None:
    scenario = ads_case([-20], as_of=-10, programme=programme, config={"readings": readings})

    found = entry(scenario, "D1.O1.A")

    assert (found["verdict"], found["reasons"], found["next_due"]) == ("at_risk", ["NO_AUDIT"], due)


def test_before_the_phase_the_first_due_date_is_not_cut_at_the_declaration() -> None:
    short = {"start": day(0), "declaration": day(30)}

    assert entry(ads_case([], as_of=-5, phase=short), "D1.O1.A")["next_due"] == day(60)
    assert entry(ads_case([], as_of=5, phase=short), "D1.O1.A")["next_due"] == day(30)


# 3 ─ owners


def group(*others: dict[str, Any]) -> dict[str, Any]:
    return {"type": "PRIVE", "establishments": [{"id": "E1", "activity": 100}, *others]}


@pytest.mark.parametrize("flag", [{"esms": True}, {"in_perimeter": False}])
def test_a_unit_of_excluded_establishments_only_is_not_a_unit(flag: dict[str, bool]) -> None:
    scenario = ads_case(
        REGULAR,
        as_of=365,
        candidate=group({"id": "OUT", "activity": 5, **flag}),
        ads=[directory(), directory("AD2", establishments=["OUT"]), directory("AD3", establishments=["OUT", "E1"])],
    )

    found = judged(scenario)["objectives"]["D1.O1.A"]

    assert sorted(found["units"]) == ["AD1", "AD3"]
    assert sorted(found["establishments"]) == ["E1"]


def test_a_vendors_saas_is_not_a_unit() -> None:
    scenario = exposure_case(
        [], as_of=10, surfaces=[surface(), surface("X2", kind="vendor_saas"), surface("X3", kind="showcase")]
    )

    assert sorted(judged(scenario)["objectives"]["D1.O2.A"]["units"]) == ["X1", "X3"]


@pytest.mark.parametrize("named", [[], ["SOMEBODY_ELSE"]], ids=["nobody", "outside-the-candidate"])
def test_the_candidates_own_unit_counts_for_it_and_for_establishments_without_one(named: list[str]) -> None:
    scenario = ads_case(
        REGULAR,
        as_of=365,
        candidate=group({"id": "E2", "activity": 1}),
        ads=[directory(), directory("OWN", establishments=named)],
    )

    found = judged(scenario)["objectives"]["D1.O1.A"]

    assert found["establishments"]["E1"]["verdict"] == "met"
    assert (found["establishments"]["E2"]["verdict"], found["establishments"]["E2"]["reasons"]) == (
        "not_met",
        ["NO_AUDIT"],
    )
    assert (found["candidate"]["verdict"], found["candidate"]["reasons"]) == ("not_met", ["NO_AUDIT"])


def test_the_candidates_own_unit_gives_it_its_due_date() -> None:
    scenario = ads_case([20], as_of=30, ads=[directory(), directory("OWN", establishments=[])])

    assert entry(scenario, "D1.O1.A")["next_due"] == day(60)
    assert entry(scenario, "D1.O1.A", "establishments", "E1")["next_due"] == day(79)


@pytest.mark.parametrize("as_of", [10, 365])
@pytest.mark.parametrize("objective", ["D1.O1.A", "D1.O1.B", "D1.O2.A", "D1.O2.B"])
def test_an_establishment_without_any_unit_awaits_a_decision(objective: str, as_of: int) -> None:
    found = entry(case(as_of=as_of), objective, "establishments", "E1")

    assert (found["verdict"], found["reasons"], found["next_due"]) == ("at_risk", ["NEEDS_DECISION"], None)


@pytest.mark.parametrize(("flag", "objective"), [("no_ad_decision", "D1.O1.A"), ("no_exposure_decision", "D1.O2.B")])
def test_once_decided_an_establishment_without_unit_is_out_of_the_question(flag: str, objective: str) -> None:
    decided = {"type": "PRIVE", "establishments": [{"id": "E1", "activity": 100, flag: "not_applicable"}]}
    scenario = case(as_of=10, candidate=decided)

    assert entry(scenario, objective)["verdict"] == "not_applicable"
    other = "D1.O2.A" if objective.startswith("D1.O1") else "D1.O1.A"
    assert entry(scenario, other)["reasons"] == ["NEEDS_DECISION"]


def test_a_decision_has_no_effect_while_there_are_units() -> None:
    decided = {"type": "PRIVE", "establishments": [{"id": "E1", "activity": 1, "no_ad_decision": "not_applicable"}]}

    assert entry(ads_case([], as_of=365, candidate=decided), "D1.O1.A")["verdict"] == "not_met"


# 4 ─ Entra


@pytest.mark.parametrize("objective", ["D1.O1.A", "D1.O1.B"])
def test_an_undecided_entra_directory_is_recoverable_in_every_mode(objective: str) -> None:
    for as_of in (10, 365):
        found = unit(ads_case([], as_of=as_of, ads=[directory(kind="entra_only")]), objective, "AD1")
        assert (found["verdict"], found["reasons"]) == ("at_risk", ["NEEDS_DECISION"])


def test_an_exempt_entra_directory_does_not_apply_reports_included() -> None:
    scenario = ads_case(
        [10],
        as_of=365,
        ads=[directory(kind="entra_only", decision="exempt")],
        ads_audits=runs([10], downloaded=False),
    )

    for objective in ("D1.O1.A", "D1.O1.B"):
        found = entry(scenario, objective)
        assert (found["verdict"], found["reasons"], found["next_due"]) == ("not_applicable", [], None)


@pytest.mark.parametrize("kind", ["onprem", "hybrid"])
def test_an_exemption_acts_on_entra_only(kind: str) -> None:
    assert entry(ads_case([], as_of=365, ads=[directory(kind=kind, decision="exempt")]), "D1.O1.A")["verdict"] == (
        "not_met"
    )


def test_a_score_object_that_lacks_the_directory_is_under_the_minimum_and_null() -> None:
    scenario = ads_case([], as_of=365, ads=[directory(), directory("AD2")], ads_audits=runs([10, 20], score={"AD2": 4}))

    found = unit(scenario, "D1.O1.B", "AD1")

    assert (found["verdict"], found["reasons"]) == ("not_met", ["SCORE_BELOW_2"])
    assert found["numbers"]["last_two_scores"] == [None, None]


# 5 ─ what starts later, or left before it was due


def test_what_appears_later_has_its_own_start() -> None:
    scenario = ads_case([], as_of=110, ads=[directory(in_service=day(100))], ads_audits=[])

    assert entry(scenario, "D1.O1.A")["next_due"] == day(160)


def test_what_starts_after_the_photo_does_not_apply_to_objectives_a() -> None:
    later = ads_case([], as_of=99, ads=[directory(in_service=day(100))])
    exposed_later = exposure_case([], as_of=99, surfaces=[surface(exposed_from=day(100))])

    assert entry(later, "D1.O1.A")["verdict"] == "not_applicable"
    assert entry(exposed_later, "D1.O2.A")["verdict"] == "not_applicable"
    assert unit(exposed_later, "D1.O2.B", "X1")["reasons"] == ["NOT_ENOUGH_AUDITS"]


def test_a_surface_exposed_after_the_declaration_does_not_apply_to_the_exposure_level() -> None:
    scenario = exposure_case([], as_of=99, surfaces=[surface(exposed_from=day(366))])

    assert entry(scenario, "D1.O2.B")["verdict"] == "not_applicable"


@pytest.mark.parametrize("programme", [BIS, OLD])
def test_a_directory_retired_unaudited_before_its_first_audit_was_due_does_not_apply(programme: str) -> None:
    retired = ads_case([], as_of=70, programme=programme, ads=[directory(retired=day(60, programme))])
    too_late = ads_case([], as_of=110, programme=programme, ads=[directory(retired=day(101, programme))])
    config = {"first_audit": "start_plus_60d"}

    assert entry({**retired, "config": {"readings": config}}, "D1.O1.A")["verdict"] == "not_applicable"
    assert entry({**too_late, "config": {"readings": config}}, "D1.O1.A")["verdict"] == "not_met"


def test_a_retirement_still_to_come_is_ignored() -> None:
    scenario = ads_case([], as_of=40, ads=[directory(retired=day(50))])

    found = entry(scenario, "D1.O1.A")

    assert (found["verdict"], found["reasons"], found["next_due"]) == ("at_risk", ["NO_AUDIT"], day(60))


# 6 ─ chains


MIGRATED = [
    directory("OLD", retired=day(180)),
    directory("NEW", in_service=day(175), replaces=["OLD"]),
]


def test_a_lineage_pools_the_runs_of_its_members_and_counts_a_common_one_once() -> None:
    audits = [
        *runs([50, 105], on=["OLD"]),
        {"id": "BOTH", "date": day(160), "ads": ["OLD", "NEW"], "score": 2},
        *runs([215, 270, 325], on=["NEW"]),
    ]

    found = unit(case(as_of=365, ads=MIGRATED, ads_audits=audits), "D1.O1.A", "NEW")

    assert (found["verdict"], found["numbers"]["count"]) == ("met", 6)


def test_the_replaced_directory_is_a_unit_until_its_retirement() -> None:
    audits = [*runs([50, 105, 160], on=["OLD"])]

    before = judged(case(as_of=179, ads=MIGRATED, ads_audits=audits))["objectives"]["D1.O1.A"]["units"]
    after = judged(case(as_of=180, ads=MIGRATED, ads_audits=audits))["objectives"]["D1.O1.A"]["units"]

    assert sorted(before) == ["NEW", "OLD"]
    assert sorted(after) == ["NEW"]
    assert after["NEW"]["numbers"]["first_interval_days"] == 50


def test_separate_migration_judges_each_directory_alone() -> None:
    audits = [*runs([50, 105, 160], on=["OLD"]), *runs([200, 255, 310], on=["NEW"])]
    scenario = case(as_of=365, ads=MIGRATED, ads_audits=audits, config=pin(migration="separate"))

    old = unit(scenario, "D1.O1.A", "OLD")

    assert (old["verdict"], old["numbers"]["max_gap_days"]) == ("met", 55)
    assert unit(scenario, "D1.O1.A", "NEW")["numbers"]["first_interval_days"] == 25


def test_a_reading_of_the_migration_may_be_left_open() -> None:
    audits = [*runs([50, 105, 160], on=["OLD"]), *runs([215, 270, 325], on=["NEW"])]
    scenario = case(
        as_of=365, ads=MIGRATED, ads_audits=audits, config=pin(migration=["chain", "separate"], ads_gap="apply")
    )

    found = unit(scenario, "D1.O1.A", "OLD")

    assert (found["verdict"], found["contested"]) == ("at_risk", ["migration"])


def test_the_score_looks_at_the_new_directory_alone() -> None:
    audits = [*runs([50, 105], on=["OLD"], score=1), *runs([200, 250], on=["NEW"])]

    found = unit(case(as_of=365, ads=MIGRATED, ads_audits=audits), "D1.O1.B", "NEW")

    assert (found["verdict"], found["numbers"]["count"]) == ("met", 2)


# 7 ─ a declaration planned too late


LATE = {"start": day(0), "declaration": "2027-04-01"}


@pytest.mark.parametrize(
    ("as_of", "verdict"),
    [pytest.param(395, "at_risk", id="on-the-last-day"), pytest.param(396, "not_met", id="after-it")],
)
def test_a_declaration_too_late_weighs_on_establishments_and_candidate(as_of: int, verdict: str) -> None:
    scenario = ads_case([50, 105, 160, 215, 270, 325, 380], as_of=as_of, phase=LATE)

    for where in (["candidate"], ["establishments", "E1"]):
        found = entry(scenario, "D1.O1.A", *where)
        assert (found["verdict"], found["reasons"]) == (verdict, ["DECLARATION_TOO_LATE"])
    assert unit(scenario, "D1.O1.A", "AD1")["reasons"] == []


def test_a_declaration_too_late_is_said_of_what_does_not_apply_without_making_it_apply() -> None:
    decided = {"type": "PRIVE", "establishments": [{"id": "E1", "activity": 1, "no_ad_decision": "not_applicable"}]}

    found = entry(case(as_of=10, candidate=decided, phase=LATE), "D1.O1.A", "establishments", "E1")

    assert (found["verdict"], found["reasons"]) == ("not_applicable", ["DECLARATION_TOO_LATE"])


def test_other_tools_do_not_count_for_directories() -> None:
    scenario = ads_case([], as_of=100, ads_audits=runs([50], tool="PINGCASTLE"))

    assert unit(scenario, "D1.O1.A", "AD1")["numbers"]["count"] == 0


def test_cybersurveillance_counts_for_nothing_and_silene_for_the_cadence_only() -> None:
    audits = [
        *exposures([(10, [])], tool="CYBERSURVEILLANCE", prefix="C"),
        *exposures([(20, [])], tool="SILENE", prefix="S"),
        *exposures([(30, [])], tool="INDUSTRIAL", prefix="I"),
    ]
    scenario = exposure_case([], as_of=40, exposure_audits=audits)

    assert unit(scenario, "D1.O2.A", "X1")["numbers"]["count"] == 2
    assert unit(scenario, "D1.O2.B", "X1")["numbers"]["count"] == 1
