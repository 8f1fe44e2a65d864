"""Precisions 8 to 17: how readings combine, and the cadence of objectives A."""

from __future__ import annotations

import pytest

from tests.unit.domain.evaluation_cases import (
    BIS,
    EVERY_READING_PRUDENT,
    OLD,
    ads_case,
    case,
    day,
    directory,
    entry,
    exposure_case,
    judged,
    pin,
    runs,
    surface,
    unit,
)

REGULAR = [50, 105, 160, 215, 270, 325]


# 8 ─ combination


def test_reasons_are_the_union_over_the_readings_and_the_contested_ones_are_named() -> None:
    found = entry(ads_case([61, 116, 171, 226, 281, 336], as_of=365), "D1.O1.A")

    assert (found["verdict"], found["reasons"], found["contested"]) == (
        "at_risk",
        ["FIRST_AUDIT_LATE"],
        ["first_audit"],
    )


def test_a_reading_in_which_the_unit_does_not_apply_gives_no_reason_but_is_contested() -> None:
    """Retired on day 61: too late for 60 days, in time for two months and for 7 July."""
    found = entry(ads_case([], as_of=100, ads=[directory(retired=day(61))]), "D1.O1.A")

    assert (found["verdict"], found["contested"]) == ("at_risk", ["first_audit"])
    assert found["reasons"] == ["FIRST_AUDIT_LATE"]


def test_satisfied_and_due_soon_are_not_a_contest() -> None:
    found = entry(ads_case([50, 105], as_of=150, config=pin(gap_cmp="lt")), "D1.O1.A")

    assert found["contested"] == []
    assert found["reasons"] == []


def test_the_next_due_date_is_the_earliest_of_the_readings_that_are_not_lost() -> None:
    """61 days: lost for start_plus_60d; the others plan with edges, strictly: day 60*3 - 1."""
    found = entry(ads_case([61, 100], as_of=110), "D1.O1.A")

    assert found["next_due"] == day(179)


# 9 ─ the tests stop at the first broken one


def test_the_tests_stop_at_the_first_broken_one() -> None:
    config = {"readings": EVERY_READING_PRUDENT}

    late_and_hole = entry(ads_case([70, 300], as_of=365, config=config), "D1.O1.A")
    hole_and_silence = entry(ads_case([50, 160], as_of=365, config=config), "D1.O1.A")
    silence_and_mean = entry(ads_case([50, 105], as_of=365, config=config), "D1.O1.A")
    mean = entry(ads_case([59, 140, 220, 300], as_of=365, config=config), "D1.O1.A")

    assert late_and_hole["reasons"] == ["FIRST_AUDIT_LATE"]
    assert hole_and_silence["reasons"] == ["GAP_EXCEEDED"]
    assert silence_and_mean["reasons"] == ["OPEN_GAP_EXCEEDED"]
    assert mean["reasons"] == ["MEAN_EXCEEDED"]


@pytest.mark.parametrize(
    ("gap", "comparison", "verdict"),
    [(99, "lt", "met"), (100, "lt", "not_met"), (100, "le", "met"), (101, "le", "not_met")],
)
def test_the_largest_gap_is_strict_or_not_by_reading(gap: int, comparison: str, verdict: str) -> None:
    days = [20, 60, 60 + gap, 190, 220, 250, 280, 310, 340]

    found = entry(ads_case(days, as_of=365, config=pin(gap_cmp=comparison, ads_gap="apply")), "D1.O1.A")

    assert found["verdict"] == verdict


def test_without_a_maximum_for_directories_a_hole_is_only_a_matter_of_mean() -> None:
    days = [20, 60, 180, 200, 220, 250, 280, 310, 340]

    found = entry(ads_case(days, as_of=365), "D1.O1.A")

    assert (found["verdict"], found["contested"]) == ("at_risk", ["ads_gap"])


def test_the_maximum_always_holds_for_exposure_audits() -> None:
    days = [20, 60, 180, 200, 220, 250, 280, 310, 340]

    found = entry(exposure_case([(count, []) for count in days], as_of=365), "D1.O2.A")

    assert (found["verdict"], found["reasons"]) == ("not_met", ["GAP_EXCEEDED"])


# 10 ─ no audit


@pytest.mark.parametrize(
    ("programme", "as_of", "verdict", "reasons"),
    [
        pytest.param(BIS, 60, "at_risk", ["NO_AUDIT"], id="in-time"),
        pytest.param(BIS, 61, "at_risk", ["FIRST_AUDIT_LATE", "NO_AUDIT"], id="in-time-for-some"),
        pytest.param(BIS, 129, "not_met", ["FIRST_AUDIT_LATE"], id="late-for-all"),
        pytest.param(BIS, 365, "not_met", ["NO_AUDIT"], id="final"),
        pytest.param(OLD, 61, "at_risk", ["NO_AUDIT"], id="2024-in-time"),
        pytest.param(OLD, 101, "not_met", ["NO_AUDIT"], id="2024-late"),
        pytest.param(OLD, 361, "not_met", ["NO_AUDIT"], id="2024-final"),
    ],
)
def test_without_audit_the_code_says_whether_there_is_still_time(
    programme: str, as_of: int, verdict: str, reasons: list[str]
) -> None:
    found = entry(ads_case([], as_of=as_of, programme=programme), "D1.O1.A")

    assert (found["verdict"], found["reasons"]) == (verdict, reasons)


@pytest.mark.parametrize(
    ("days", "what"),
    [
        pytest.param([105, 150, 200, 250, 300, 350], "first", id="first-interval"),
        pytest.param([50, 160, 210, 260, 310, 355], "middle", id="middle-interval"),
        pytest.param([50, 100, 150, 200, 250], "open", id="open-interval"),
    ],
)
def test_in_2024_one_code_stands_for_the_three_intervals(days: list[int], what: str) -> None:
    del what
    for reading, code in (
        ("strict_2months", "INTERVAL_OVER_2_MONTHS"),
        ("each_60d", "INTERVAL_OVER_2_MONTHS"),
        ("tolerance", "GAP_EXCEEDED"),
    ):
        found = entry(ads_case(days, as_of=361, programme=OLD, config=pin(d1_interval=reading)), "D1.O1.A")
        assert (found["verdict"], found["reasons"]) == ("not_met", [code])


# 11 ─ due soon and overdue


@pytest.mark.parametrize(("as_of", "verdict"), [(153, "met"), (154, "at_risk"), (169, "at_risk")])
def test_due_soon_begins_the_warning_days_before(as_of: int, verdict: str) -> None:
    found = entry(ads_case([50, 105], as_of=as_of), "D1.O1.A")

    assert found["verdict"] == verdict
    assert ("DUE_SOON" in found["reasons"]) is (verdict == "at_risk")


def test_the_warning_days_are_a_setting() -> None:
    assert entry(ads_case([50, 105], as_of=154, config={"warn_days": 14}), "D1.O1.A")["verdict"] == "met"


def test_overdue_is_past_but_still_satisfied_today() -> None:
    """One audit satisfies the mean between audits; the second was due on day 50 + 60 - 1."""
    scenario = ads_case([50], as_of=115, config=pin(mean_mode="between", mean_cmp="lt", ads_gap="apply"))

    found = entry(scenario, "D1.O1.A")

    assert (found["verdict"], found["reasons"], found["next_due"]) == ("at_risk", ["OVERDUE"], day(109))


def test_a_recoverable_state_keeps_its_past_due_date_without_due_soon() -> None:
    found = entry(ads_case([50], as_of=125, config={"readings": EVERY_READING_PRUDENT}), "D1.O1.A")

    assert (found["verdict"], found["reasons"], found["next_due"]) == ("at_risk", ["MEAN_EXCEEDED"], day(119))


# 12 ─ the first audit


@pytest.mark.parametrize(
    ("start", "reading", "last"),
    [
        ("2026-03-01", "start_plus_60d", "2026-04-30"),
        ("2026-03-01", "start_plus_2m", "2026-05-01"),
        ("2026-03-01", "absolute", "2026-07-07"),
        ("2026-05-07", "start_plus_60d", "2026-07-06"),
        ("2026-05-07", "start_plus_2m", "2026-07-07"),
    ],
)
def test_the_last_day_of_the_first_audit_depends_on_the_reading(start: str, reading: str, last: str) -> None:
    scenario = ads_case([], as_of=0, phase={"start": start}, config=pin(first_audit=reading)) | {"as_of": start}

    assert entry(scenario, "D1.O1.A")["next_due"] == last


def test_the_first_two_are_never_later_than_7_july() -> None:
    config = {"mean_days": 80, **pin(first_audit="start_plus_60d")}
    scenario = ads_case([], as_of=70, phase={"start": "2026-05-07"}, config=config)

    assert entry(scenario, "D1.O1.A")["next_due"] == "2026-07-07"


@pytest.mark.parametrize(
    ("reading", "last"), [("start_plus_60d", day(160)), ("start_plus_2m", "2026-08-09"), ("absolute", day(160))]
)
def test_an_own_start_has_its_own_first_audit_and_no_absolute_day(reading: str, last: str) -> None:
    scenario = ads_case([], as_of=101, ads=[directory(in_service=day(100))], config=pin(first_audit=reading))

    assert entry(scenario, "D1.O1.A")["next_due"] == last


# 13 ─ the means


@pytest.mark.parametrize(
    ("mode", "comparison", "verdict"),
    [("edges", "lt", "not_met"), ("edges", "le", "met"), ("between", "lt", "met"), ("between", "le", "met")],
)
def test_the_mean_is_taken_with_the_edges_or_between_the_audits(mode: str, comparison: str, verdict: str) -> None:
    """Five audits in 360 days: exactly 60 with the edges; 4 intervals of 55 days between them."""
    scenario = ads_case([60, 115, 170, 225, 280], as_of=360, phase={"start": day(0), "declaration": day(360)})

    found = entry({**scenario, "config": pin(mean_mode=mode, mean_cmp=comparison, ads_gap="apply")}, "D1.O1.A")

    assert found["verdict"] == verdict


def test_one_audit_satisfies_the_mean_between_audits() -> None:
    scenario = ads_case([50], as_of=100, config=pin(mean_mode="between", mean_cmp="le", ads_gap="apply"))

    assert entry(scenario, "D1.O1.A")["reasons"] == ["DUE_SOON"]


def test_the_mean_without_maximum_is_taken_with_the_edges_whatever_the_mode() -> None:
    scenario = ads_case([50], as_of=121, config=pin(mean_mode="between", ads_gap="phase_mean_only"))

    assert entry(scenario, "D1.O1.A")["reasons"] == ["MEAN_EXCEEDED"]


# 14 ─ the 2024 tolerance


def tolerated(days: list[int], as_of: int) -> dict[str, object]:
    found = entry(ads_case(days, as_of=as_of, programme=OLD, config=pin(d1_interval="tolerance")), "D1.O1.A")
    return {key: found[key] for key in ("verdict", "reasons", "next_due")}


def test_the_tolerance_accepts_long_intervals_within_the_mean() -> None:
    days = [50, 130, 160, 220, 280, 330]

    assert tolerated(days, 361)["verdict"] == "met"
    assert entry(ads_case(days, as_of=361, programme=OLD), "D1.O1.A")["contested"] == ["d1_interval"]


def test_the_tolerance_accepts_what_the_letter_accepts() -> None:
    """61 days between all audits: more than 60 on average, two calendar months each."""
    assert tolerated([61, 122, 183, 244, 306], 361)["verdict"] == "met"


def test_the_tolerance_accepts_the_mean_between_audits_from_two_on() -> None:
    assert tolerated([95, 150, 200, 250, 300], 361)["verdict"] == "met"
    assert tolerated([80], 150)["reasons"] == ["MEAN_EXCEEDED"]


def test_an_exceeded_mean_is_repairable_under_the_tolerance_until_the_end() -> None:
    assert tolerated([80], 150)["verdict"] == "at_risk"
    assert tolerated([90, 190, 280], 361) == {"verdict": "not_met", "reasons": ["MEAN_EXCEEDED"], "next_due": None}


def test_the_tolerance_plans_on_the_later_of_its_three_dates_within_the_gap() -> None:
    """L + 100 = 150; L + 2 months = 111, S + 120, d1 + 60 = 110."""
    assert tolerated([50], 60)["next_due"] == day(120, OLD)
    assert tolerated([5], 60)["next_due"] == day(105, OLD)
    assert tolerated([], 60)["next_due"] == day(100, OLD)


def test_the_letter_plans_two_months_after_the_last_audit() -> None:
    scenario = ads_case([50], as_of=60, programme=OLD, config=pin(d1_interval="strict_2months"))

    assert entry(scenario, "D1.O1.A")["next_due"] == "2024-07-21"
    assert entry({**scenario, "config": pin(d1_interval="each_60d")}, "D1.O1.A")["next_due"] == day(110, OLD)


def test_exposed_elements_follow_the_2024_interval_too() -> None:
    found = entry(exposure_case([(50, [])], as_of=112, programme=OLD), "D1.O2.A")

    assert (found["contested"], found["reasons"]) == (["d1_interval"], ["DUE_SOON", "INTERVAL_OVER_2_MONTHS"])


# 15 ─ repair


def test_an_exceeded_mean_is_lost_when_the_days_left_cannot_bring_it_back() -> None:
    """Edges 365/(n+1) < 60 needs 6 audits; two days are left with 3 audits made."""
    config = {"readings": EVERY_READING_PRUDENT}

    assert entry(ads_case([59, 140, 220, 300], as_of=364, config=config), "D1.O1.A")["verdict"] == "at_risk"
    assert entry(ads_case([59, 150, 240, 330], as_of=364, config=config), "D1.O1.A")["verdict"] == "at_risk"
    assert entry(ads_case([59, 158, 257], as_of=355, config=config), "D1.O1.A")["verdict"] == "at_risk"
    assert entry(ads_case([60, 157, 255, 353], as_of=364, config={"mean_days": 51, **config}), "D1.O1.A")[
        "verdict"
    ] == ("not_met")


def test_a_day_already_audited_gives_no_further_audit() -> None:
    """Four audits, the mean needs six: two days are left, and the first is taken."""
    config = {"readings": EVERY_READING_PRUDENT}

    assert entry(ads_case([59, 150, 240, 330], as_of=364, config=config), "D1.O1.A")["verdict"] == "at_risk"
    assert entry(ads_case([59, 158, 256, 364], as_of=364, config=config), "D1.O1.A")["verdict"] == "not_met"


def test_a_mean_between_audits_can_be_repaired() -> None:
    pinned = pin(mean_mode="between", mean_cmp="lt", ads_gap="apply", gap_cmp="lt")

    assert entry(ads_case([20, 110], as_of=150, config=pinned), "D1.O1.A")["verdict"] == "at_risk"
    assert entry(ads_case([20, 110, 200, 280, 360], as_of=365, config=pinned), "D1.O1.A")["verdict"] == "not_met"


def test_nothing_is_repaired_from_the_declaration_on() -> None:
    config = {"readings": EVERY_READING_PRUDENT}

    assert entry(ads_case([59, 150, 240, 330], as_of=365, config=config), "D1.O1.A")["verdict"] == "not_met"


def test_nothing_is_repaired_after_the_retirement() -> None:
    config = {"readings": EVERY_READING_PRUDENT}
    gone = [directory(retired=day(150))]

    assert entry(ads_case([59], as_of=151, ads=gone, config=config), "D1.O1.A")["reasons"] == ["MEAN_EXCEEDED"]
    assert entry(ads_case([59], as_of=151, ads=gone, config=config), "D1.O1.A")["verdict"] == "not_met"
    assert entry(ads_case([59], as_of=150, ads=gone, config=config), "D1.O1.A")["verdict"] == "at_risk"


def test_a_single_run_between_repairs_nothing_when_no_day_is_left() -> None:
    found = entry(ads_case([80], as_of=361, programme=OLD, config=pin(d1_interval="tolerance")), "D1.O1.A")

    assert found["verdict"] == "not_met"


# 16 ─ due dates


@pytest.mark.parametrize(
    ("pinned", "days", "due"),
    [
        pytest.param({"mean_mode": "edges", "mean_cmp": "lt"}, [10, 20], day(119), id="gap-strict"),
        pytest.param({"mean_mode": "edges", "mean_cmp": "lt", "gap_cmp": "le"}, [10, 20], day(120), id="gap"),
        pytest.param({"mean_mode": "edges", "mean_cmp": "lt"}, [50, 90], day(179), id="edges-strict"),
        pytest.param({"mean_mode": "edges", "mean_cmp": "le"}, [50, 90], day(180), id="edges"),
        pytest.param({"mean_mode": "between", "mean_cmp": "lt"}, [20, 79], day(139), id="between-strict"),
        pytest.param({"mean_mode": "between", "mean_cmp": "le"}, [20, 79], day(140), id="between"),
    ],
)
def test_the_next_audit_is_due_on_the_earliest_of_gap_and_mean(
    pinned: dict[str, str], days: list[int], due: str
) -> None:
    readings = {"gap_cmp": "lt", "ads_gap": "apply", **pinned}

    assert entry(ads_case(days, as_of=100, config={"readings": readings}), "D1.O1.A")["next_due"] == due


def test_the_mean_between_audits_binds_only_when_the_gap_forces_another_audit() -> None:
    """L + 99 is after the declaration: no further audit has to be run, so the mean cannot move."""
    days = [30, 80, 130, 180, 230, 280]
    pinned = {"mean_mode": "between", "mean_cmp": "lt", "gap_cmp": "lt", "ads_gap": "apply"}

    assert entry(ads_case(days, as_of=290, config={"readings": pinned}), "D1.O1.A")["next_due"] is None
    assert entry(ads_case(days[:-1], as_of=290, config={"readings": pinned}), "D1.O1.A")["next_due"] == day(329)


def test_due_dates_on_the_declaration_or_later_are_dropped() -> None:
    assert entry(ads_case(REGULAR, as_of=350), "D1.O1.A")["next_due"] is None


# 17 ─ the control operations


CONTROL = {"start": day(0, OLD), "declaration": day(361, OLD), "control_date": day(440, OLD)}
KEPT = [61, 122, 183, 244, 306]


def test_the_cadence_may_run_to_the_control_while_the_mode_follows_the_declaration() -> None:
    pinned = pin(d1_phase_end="control", d1_interval="strict_2months")
    scenario = ads_case([*KEPT, 361], as_of=400, programme=OLD, phase=CONTROL, config=pinned)

    found = entry(scenario, "D1.O1.A")

    assert judged(scenario)["mode"] == "declaration"
    assert (found["verdict"], found["next_due"]) == ("met", "2025-05-28")
    assert found["numbers"]["max_gap_days"] == 62
    assert entry({**scenario, "as_of": day(440, OLD)}, "D1.O1.A")["verdict"] == "not_met"


def test_without_a_control_date_the_phase_ends_at_the_declaration() -> None:
    phase = {"start": day(0, OLD), "declaration": day(361, OLD)}
    scenario = ads_case(KEPT, as_of=500, programme=OLD, phase=phase, config=pin(d1_phase_end="control"))

    assert entry(scenario, "D1.O1.A")["verdict"] == "met"


def test_the_control_does_not_move_the_scores() -> None:
    pinned = pin(d1_phase_end=["declaration", "control"])
    audits = runs([100, 400], programme=OLD)
    scenario = case(as_of=440, programme=OLD, phase=CONTROL, config=pinned, ads=[directory()], ads_audits=audits)

    assert unit(scenario, "D1.O1.B", "AD1")["numbers"]["count"] == 1
    assert "d1_phase_end" not in entry(scenario, "D1.O1.B")["contested"]


def test_the_control_moves_the_cadence_of_exposed_elements() -> None:
    scenario = exposure_case(
        [(count, []) for count in KEPT], as_of=440, programme=OLD, phase=CONTROL, surfaces=[surface()]
    )

    assert entry(scenario, "D1.O2.A")["verdict"] == "met"
    assert entry({**scenario, "config": pin(d1_phase_end="control")}, "D1.O2.A")["verdict"] == "not_met"
