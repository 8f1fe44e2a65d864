"""Small assessments in the shape of the evaluation contract's output."""

from __future__ import annotations

from typing import Any


def entry(
    verdict: str = "met", *, reasons: tuple[str, ...] = (), contested: tuple[str, ...] = (), next_due: str | None = None
) -> dict[str, Any]:
    """Return one ENTRY."""
    return {
        "verdict": verdict,
        "reasons": sorted(reasons),
        "contested": sorted(contested),
        "next_due": next_due,
        "numbers": {},
    }


def assessment(
    as_of: str = "2026-06-01", *, phase_issues: tuple[str, ...] = (), **entries: dict[str, Any]
) -> dict[str, Any]:
    """
    Return an assessment of D1BIS_2026.

    `entries` are keyed by objective with `_` for `.`: `D1_O1_A=entry(...)` for the candidate
    with its only establishment, or `D1_O1_A={"": entry(), "E1": entry(), "E2": entry()}`.
    """
    objectives = {}
    for key, given in entries.items():
        levels = dict(given) if "verdict" not in given else {"": given, "E1": given}
        objectives[key.replace("_", ".")] = {
            "candidate": levels.pop(""),
            "establishments": levels,
            "units": {},
        }
    return {
        "scenario_id": "live",
        "programme": "D1BIS_2026",
        "as_of": as_of,
        "phase_start": "2026-03-01",
        "declaration": "2027-03-01",
        "mode": "follow_up",
        "phase_issues": list(phase_issues),
        "objectives": objectives,
    }
