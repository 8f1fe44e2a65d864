"""Precision 18: the ADS reports and their months of availability."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.domain.evaluation_cases import ads_case, case, day, directory, entry, runs, unit

REGULAR = [50, 105, 160, 215, 270, 325]


def left_behind(days: list[int], *, as_of: int, **parts: Any) -> dict[str, Any]:
    """Runs of which only the first report, available on its day, was not downloaded."""
    audits = runs(days)
    audits[0]["downloaded"] = False
    return ads_case(days, as_of=as_of, ads_audits=audits, **parts)


# Run on 2026-04-20: available until 2026-10-20 (day 233), shown as 2026-10-19 (day 232).


@pytest.mark.parametrize(
    ("as_of", "reasons"),
    [
        pytest.param(216, [], id="sixteen-days-before"),
        pytest.param(217, ["REPORT_DOWNLOAD_SOON"], id="fifteen-days-before"),
        pytest.param(233, ["REPORT_DOWNLOAD_SOON"], id="on-the-last-day"),
        pytest.param(234, ["REPORT_LOST"], id="gone"),
    ],
)
def test_a_report_warns_before_it_is_gone(as_of: int, reasons: list[str]) -> None:
    found = entry(left_behind([50, 105, 160, 200, 210], as_of=as_of), "D1.O1.A")

    assert [code for code in found["reasons"] if code.startswith("REPORT")] == reasons


def test_a_report_about_to_leave_makes_a_satisfied_unit_due_soon_on_the_day_before() -> None:
    found = entry(left_behind([50, 105, 160, 200, 210], as_of=220), "D1.O1.A")

    assert (found["verdict"], found["reasons"], found["next_due"]) == (
        "at_risk",
        ["REPORT_DOWNLOAD_SOON"],
        day(232),
    )


def test_a_report_that_is_gone_but_not_needed_leaves_the_cadence_met() -> None:
    days = [40, 50, 105, 160, 215, 270, 325]

    found = entry(left_behind(days, as_of=365), "D1.O1.A")

    assert (found["verdict"], found["reasons"]) == ("met", ["REPORT_LOST"])


def test_whether_a_run_whose_report_is_gone_counts_is_contested() -> None:
    found = entry(left_behind(REGULAR, as_of=365), "D1.O1.A")

    assert (found["verdict"], found["contested"]) == (
        "at_risk",
        ["ads_gap", "first_audit", "lost_report", "mean_mode"],
    )
    assert found["numbers"]["count_min"] == 6


def test_a_report_not_downloaded_at_the_declaration_is_said_and_keeps_its_date() -> None:
    audits = runs(REGULAR)
    audits[-1]["downloaded"] = False

    found = entry(ads_case(REGULAR, as_of=365, ads_audits=audits), "D1.O1.A")

    assert (found["verdict"], found["reasons"]) == ("at_risk", ["REPORT_NOT_DOWNLOADED"])
    assert found["next_due"] == "2027-07-19"


def test_report_codes_stand_on_a_lost_unit_too_but_give_it_no_date() -> None:
    audits = runs([129])
    audits[0]["downloaded"] = False

    found = entry(ads_case([129], as_of=300, ads_audits=audits), "D1.O1.A")

    assert (found["verdict"], found["reasons"], found["next_due"]) == (
        "not_met",
        ["FIRST_AUDIT_LATE", "REPORT_DOWNLOAD_SOON"],
        None,
    )


def test_the_months_of_availability_run_from_the_day_the_report_became_available() -> None:
    audits = runs([50, 105])
    audits[0] |= {"downloaded": False, "report_available": day(60)}

    assert entry(ads_case([], as_of=110, ads_audits=audits), "D1.O1.A")["next_due"] == day(169)
    assert entry(ads_case([], as_of=110, ads_audits=audits, config={"report_months": 2}), "D1.O1.A")["next_due"] == (
        "2026-06-29"
    )


def test_runs_before_the_phase_raise_no_report_code() -> None:
    audits = [*runs([-30], downloaded=False), *runs([50], on=["AD1"])]
    audits[1]["id"] = "B"

    assert entry(ads_case([], as_of=100, ads_audits=audits), "D1.O1.A")["reasons"] == ["DUE_SOON"]


def test_the_reports_say_nothing_of_the_scores() -> None:
    found = unit(left_behind(REGULAR, as_of=220), "D1.O1.B", "AD1")

    assert (found["verdict"], found["reasons"]) == ("met", [])


def test_a_predecessors_reports_move_to_the_new_directory_once_it_has_left() -> None:
    ads = [directory("OLD", retired=day(180)), directory("NEW", in_service=day(175), replaces=["OLD"])]
    audits = runs([50, 105, 150], on=["OLD"], downloaded=False)

    before = case(as_of=179, ads=ads, ads_audits=audits, config={"warn_days": 60})
    after = case(as_of=180, ads=ads, ads_audits=audits, config={"warn_days": 60})

    assert "REPORT_DOWNLOAD_SOON" in unit(before, "D1.O1.A", "OLD")["reasons"]
    assert "REPORT_DOWNLOAD_SOON" not in unit(before, "D1.O1.A", "NEW")["reasons"]
    assert "REPORT_DOWNLOAD_SOON" in unit(after, "D1.O1.A", "NEW")["reasons"]


def test_an_undecided_entra_directory_keeps_its_report_codes() -> None:
    scenario = ads_case([], as_of=220, ads=[directory(kind="entra_only")], ads_audits=runs([50], downloaded=False))

    found = unit(scenario, "D1.O1.A", "AD1")

    assert (found["reasons"], found["next_due"]) == (["NEEDS_DECISION", "REPORT_DOWNLOAD_SOON"], day(232))
