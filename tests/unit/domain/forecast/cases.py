"""Short ways to ask for a forecast of one directory, one exposed element or both, in metropolitan France."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from agent.domain.forecast.forecast import Forecast, forecast
from agent.domain.forecast.obligation import AuditCalendar, Obligation, What
from agent.domain.scenario import Scenario, parse_scenario
from agent.holidays import public_holidays
from config.programme_files import find_programme

Json = dict[str, Any]
HOLIDAYS = public_holidays("metropole", range(2024, 2029))


def scenario(
    *,
    as_of: str,
    start: str = "2026-05-07",
    declaration: str = "2027-03-31",
    runs: Sequence[str | tuple[str, float] | Json] = (),
    exposures: Sequence[str | tuple[str, str, Sequence[Json]]] = (),
    **parts: Any,
) -> Json:
    """One candidate with a directory AD1 and an element X1; runs score 3, exposure audits are clean and industrial."""
    return {
        "id": "case",
        "programme": "D1BIS_2026",
        "candidate": {"type": "PRIVE", "establishments": [{"id": "E1", "activity": 100}]},
        "phase": {"start": start, "declaration": declaration},
        "as_of": as_of,
        "ads": [{"id": "AD1", "establishments": ["E1"], "kind": "onprem"}],
        "ads_audits": [_run(rank, one) for rank, one in enumerate(runs)],
        "surfaces": [{"id": "X1", "establishments": ["E1"]}],
        "exposure_audits": [_exposure(rank, one) for rank, one in enumerate(exposures)],
        **parts,
    }


def parsed(value: Json) -> Scenario:
    return parse_scenario(value, find_programme)


def forecast_of(value: Json, **arguments: Any) -> Forecast:
    one = parsed(value)
    return forecast(one.programme, one, holidays=HOLIDAYS, **arguments)


def asked(value: Json, objective: str, *, what: What | None = None, rank: int = 1) -> Obligation | None:
    """The obligation of an objective, of one kind and rank; None without one."""
    found = [
        one
        for one in forecast_of(value).obligations
        if one.objective == objective and one.rank == rank and what in {None, one.what}
    ]
    return found[0] if found else None


def calendar_of(value: Json, what: What) -> AuditCalendar:
    return next(one for one in forecast_of(value).calendars if one.what is what)


def day(text: str) -> date:
    return date.fromisoformat(text)


def _run(rank: int, given: str | tuple[str, float] | Json) -> Json:
    if isinstance(given, dict):
        return {"id": f"a{rank}", "ads": ["AD1"], "score": 3, **given}
    on, score = (given, 3) if isinstance(given, str) else given
    return {"id": f"a{rank}", "date": on, "ads": ["AD1"], "score": score}


def _exposure(rank: int, given: str | tuple[str, str, Sequence[Json]]) -> Json:
    on, tool, findings = (given, "INDUSTRIAL", ()) if isinstance(given, str) else given
    return {"id": f"x{rank}", "date": on, "tool": tool, "covers": "*", "findings": list(findings)}
