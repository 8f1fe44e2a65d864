"""`carenage forecast` on a real vault: the contract's list, suppositions, phase starts, and what is lost said first."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from agent.domain.errors import ExitCode
from agent.holidays import public_holidays

if TYPE_CHECKING:
    from tests.e2e.conftest import Installation

KEYS = {
    "objective", "unit", "what", "recommended_on", "last_prudent_on", "last_permissive_on", "why", "source",
}  # fmt: skip


def test_the_list_has_the_keys_of_the_contract_and_recommends_working_days(audited: Installation) -> None:
    done = audited.type("forecast", "--as-of", "2026-06-15", "--json")
    days = [date.fromisoformat(row["recommended_on"]) for row in done.json if row["recommended_on"]]

    assert done.code == ExitCode.OK, done
    assert done.json
    assert all(set(row) >= KEYS for row in done.json)
    assert all(day.weekday() < 5 and day not in public_holidays("metropole", [day.year]) for day in days)


def test_the_next_run_of_a_directory_is_due_by_the_rules(audited: Installation) -> None:
    rows = audited.type("forecast", "--as-of", "2026-06-15", "--json").json
    row = next(one for one in rows if (one["objective"], one["unit"], one["rank"]) == ("D1.O1.A", "ad-chu", 1))

    assert row["what"] == "ads_audit"
    assert row["recommended_on"] <= row["last_prudent_on"] <= row["last_permissive_on"]
    assert row["source"].startswith("D1bis, Q/R")


def test_a_supposed_audit_moves_what_is_due(audited: Installation) -> None:
    words = ("forecast", "--as-of", "2026-06-15", "--json")

    def due(*more: str) -> str:
        rows = audited.type(*words, *more).json
        found = [one for one in rows if (one["objective"], one["unit"], one["rank"]) == ("D1.O1.A", "ad-chu", 1)]
        return str(found[0]["last_prudent_on"])

    assert due("--with", "ads:AD-CHU:2026-07-20:score=3") > due()


def test_the_verdicts_before_and_after_are_told(audited: Installation) -> None:
    words = (
        "forecast",
        "--as-of",
        "2026-06-15",
        "--with",
        "exposure:*:2027-02-10:clean",
        "--declaration",
        "2027-03-20",
    )
    told = audited.type(*words)
    full = audited.type(*words, "--full", "--json").json

    assert "→" in told.out
    assert {"D1.O1.A", "D1.O2.B", "D1.O3", "D1.O6.B", "ELIGIBILITE"} <= {
        one["objective"] for one in full[0]["verdicts"]
    }
    assert full[0]["declaration"] == "2027-03-20"


def test_what_cannot_be_repaired_is_said_first(audited: Installation) -> None:
    out = audited.type("forecast", "--as-of", "2026-12-30").out

    assert out.index("ne peuvent plus être atteints") < out.index("À faire")


def test_phase_starts_are_compared(untouched: Installation) -> None:
    done = untouched.type("forecast", "--phase-start", "--json")

    assert done.code == ExitCode.OK, done
    assert [one["start"] for one in done.json[0]["starts"]] == sorted(one["start"] for one in done.json[0]["starts"])


def test_suppositions_that_are_not_understood_are_all_named(untouched: Installation) -> None:
    done = untouched.type("forecast", "--with", "ads:inconnu:2026-12-14:score=3", "--with", "autre", "--json")

    assert done.code == ExitCode.USAGE
    assert "inconnu" in done.json["error"]["message"]
    assert "autre" in done.json["error"]["message"]


def test_status_and_the_plan_say_the_days_of_the_forecast(audited: Installation) -> None:
    rows = audited.type("forecast", "--as-of", "2026-06-15", "--json").json
    days = {(one["objective"], one["unit"]): one for one in rows if one["rank"] == 1 and one["what"].endswith("_audit")}
    shown = audited.type("status", "--as-of", "2026-06-15", "--json").json["next"]
    planned = audited.type("plan", "--as-of", "2026-06-15", "--json").json

    assert shown
    for audit in shown:
        row = days[audit["objective"], audit["subject"]]
        assert (audit["recommended_on"], audit["last_safe_on"]) == (row["recommended_on"], row["last_prudent_on"])
        assert any(
            one["subject"] == audit["subject"] and one["due_at"].startswith(audit["recommended_on"]) for one in planned
        )
