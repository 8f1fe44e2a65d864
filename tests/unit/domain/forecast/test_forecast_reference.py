"""The reference page names every code and every key of the forecast's JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from agent.domain.forecast.obligation import AuditCalendar, Leeway, Obligation, What, Why
from agent.domain.forecast.phase_starts import PhaseStart
from agent.domain.forecast.share_plan import SharePlan, ShareStep, UnitEffort
from agent.services.forecast import ComparedVerdict, ForecastReport, PhaseStartReport
from tests.unit.domain.forecast.cases import forecast_of, scenario
from tests.unit.domain.forecast.test_declared_days import known

PAGE = (Path(__file__).parents[4] / "docs/reference/forecast.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([\w*-]+)`", PAGE))
HIGH, CRITICAL = {"id": "h", "cvss": 8.0}, {"id": "c", "cvss": 9.8}


def rows_of(title: str) -> list[str]:
    """The codes of the table under a heading."""
    part = PAGE.split(f"## `{title}`\n", maxsplit=1)[1].split("\n## ", maxsplit=1)[0]
    return re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)


@pytest.mark.parametrize(("title", "codes"), [("what", What), ("why", Why), ("standing", Leeway)])
def test_every_code_has_its_row_and_no_row_is_of_another(title: str, codes: type[StrEnum]) -> None:
    assert rows_of(title) == [one.value for one in codes]


def test_every_key_is_named() -> None:
    not_shown = {"sources", "label", "forecast", "shares", "compared"}
    shapes = (
        Obligation,
        AuditCalendar,
        SharePlan,
        ShareStep,
        UnitEffort,
        PhaseStart,
        PhaseStartReport,
        ComparedVerdict,
    )
    keys = {field.name for shape in (*shapes, ForecastReport) for field in fields(shape)} - not_shown

    assert keys <= NAMED


def obligations() -> Iterator[Obligation]:
    """Obligations of every kind."""
    run = {"date": "2026-06-20", "score": 1, "downloaded": False}
    found: Any = [("2026-06-20", "INDUSTRIAL", [HIGH, CRITICAL]), ("2026-08-10", "INDUSTRIAL", [HIGH, CRITICAL])]
    ght: Any = {"candidate": {"type": "GHT", "establishments": [{"id": "E1", "activity": 100, "support": True}]}}
    for as_of in ("2026-05-10", "2026-08-15", "2026-10-19", "2027-04-02"):
        value = scenario(as_of=as_of, runs=[run, "2026-08-10"], exposures=found, **ght)
        yield from forecast_of(value, declared=known()).obligations


def test_every_value_is_named() -> None:
    found = list(obligations())

    assert {name for one in found for name in one.values} <= NAMED
    assert {What.FINDINGS_FIX, What.EVENT, What.MILESTONE, What.DECLARED_FACT} <= {one.what for one in found}
