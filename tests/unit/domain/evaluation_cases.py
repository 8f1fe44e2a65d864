"""Short ways to write an evaluation scenario; days are counted from the phase's start."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from agent.domain.assessment import Assessment, evaluate
from agent.domain.scenario import parse_scenario
from config.programme_files import find_programme

Json = dict[str, Any]

BIS, OLD = "D1BIS_2026", "D1_2024"
START = {BIS: date(2026, 3, 1), OLD: date(2024, 4, 1)}
LENGTH = {BIS: 365, OLD: 361}  # to 2027-03-01 and to 2025-03-28


def day(count: int, programme: str = BIS) -> str:
    """The phase's start plus `count` days, as a scenario writes it."""
    return (START[programme] + timedelta(days=count)).isoformat()


def case(*, as_of: int, programme: str = BIS, **parts: Any) -> Json:
    """A private candidate with one establishment E1; `parts` replace or add the scenario's keys."""
    return {
        "id": "case",
        "programme": programme,
        "candidate": {"type": "PRIVE", "establishments": [{"id": "E1", "activity": 100}]},
        "phase": {"start": day(0, programme), "declaration": day(LENGTH[programme], programme)},
        "as_of": day(as_of, programme),
        **parts,
    }


def directory(name: str = "AD1", **parts: Any) -> Json:
    return {"id": name, "establishments": ["E1"], "kind": "onprem", **parts}


def runs(days: Sequence[int], *, on: Sequence[str] = ("AD1",), programme: str = BIS, **parts: Any) -> list[Json]:
    """ADS runs A1, A2… on the given days."""
    prefix = "".join(on).replace("AD", "A") + "-"
    return [
        {"id": f"{prefix}{rank}", "date": day(count, programme), "ads": list(on), "score": 2, **parts}
        for rank, count in enumerate(days, start=1)
    ]


def ads_case(days: Sequence[int], *, as_of: int, programme: str = BIS, **parts: Any) -> Json:
    """One directory AD1 and its runs."""
    return case(
        as_of=as_of,
        programme=programme,
        **{"ads": [directory()], "ads_audits": runs(days, programme=programme), **parts},
    )


def surface(name: str = "X1", **parts: Any) -> Json:
    return {"id": name, "establishments": ["E1"], **parts}


def exposures(
    audits: Sequence[tuple[int, Sequence[Json]]], *, tool: str = "INDUSTRIAL", programme: str = BIS, prefix: str = "X"
) -> list[Json]:
    """Exposure audits of everything on the given days, each with its findings."""
    return [
        {
            "id": f"{prefix}-{rank}",
            "date": day(count, programme),
            "tool": tool,
            "covers": "*",
            "findings": list(found),
        }
        for rank, (count, found) in enumerate(audits, start=1)
    ]


def exposure_case(
    audits: Sequence[tuple[int, Sequence[Json]]], *, as_of: int, programme: str = BIS, **parts: Any
) -> Json:
    """One exposed element X1 and its industrial audits."""
    return case(
        as_of=as_of,
        programme=programme,
        **{"surfaces": [surface()], "exposure_audits": exposures(audits, programme=programme), **parts},
    )


def pin(**readings: Any) -> Json:
    return {"readings": readings}


EVERY_READING_PRUDENT = {
    "mean_mode": "edges",
    "mean_cmp": "lt",
    "gap_cmp": "lt",
    "ads_gap": "apply",
    "first_audit": "start_plus_60d",
    "lost_report": "not_counted",
}


def assess(scenario: Json) -> Assessment:
    parsed = parse_scenario(scenario, find_programme)
    return evaluate(parsed.programme, parsed)


def judged(scenario: Json) -> Json:
    """The contract's output for a scenario."""
    return assess(scenario).as_json()


def entry(scenario: Json, objective: str, *where: str) -> Json:
    """One entry of the output: the candidate's, or the one at `where` (level, id)."""
    found: Any = judged(scenario)["objectives"][objective]
    for step in where or ("candidate",):
        found = found[step]
    return dict(found)


def unit(scenario: Json, objective: str, name: str) -> Json:
    return entry(scenario, objective, "units", name)
