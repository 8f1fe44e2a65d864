"""The next audits that people have to run."""

from __future__ import annotations

from datetime import date
from typing import Any

from agent.domain.outlook import next_audits


def unit(next_due: str | None, verdict: str = "at_risk") -> dict[str, Any]:
    return {"verdict": verdict, "reasons": ["DUE_SOON"], "next_due": next_due}


def objectives(**units: dict[str, Any]) -> dict[str, Any]:
    return {"objectives": {name.replace("_", "."): {"units": found} for name, found in units.items()}}


def test_each_unit_is_named_once_for_the_objective_that_asks_first() -> None:
    assessment = objectives(D1_O1_A={"chu": unit("2026-08-01")}, D1_O1_B={"chu": unit("2026-07-20")})

    (audit,) = next_audits(assessment, margin_days=15)

    assert (audit.job, audit.subject, audit.objective) == ("ads_audit", "chu", "D1.O1.B")
    assert (audit.recommended_on, audit.last_safe_on) == (date(2026, 7, 5), date(2026, 7, 20))


def test_nothing_is_asked_for_what_is_lost_or_has_no_date() -> None:
    assessment = objectives(
        D1_O2_A={"www": unit(None), "vpn": unit("2026-08-01", "not_met")}, D1_O6_A={"x": unit("2026-08-01")}
    )

    assert next_audits(assessment, margin_days=15) == []


def test_the_soonest_comes_first() -> None:
    assessment = objectives(D1_O1_A={"b": unit("2026-08-01"), "a": unit("2026-09-01")})

    assert [audit.subject for audit in next_audits(assessment, margin_days=0)] == ["b", "a"]
