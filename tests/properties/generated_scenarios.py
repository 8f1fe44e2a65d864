"""Scenarios of every sort for the properties: dense audits, month ends, leap days, several directories and surfaces."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.unit.domain.evaluation_cases import BIS, OLD, Json

ESTABLISHMENTS = ("E1", "E2", "E3")
PROGRAMMES = (BIS, OLD)
OPENS = {BIS: date(2026, 1, 30), OLD: date(2024, 3, 18)}
CLOSES = {BIS: date(2026, 5, 7), OLD: date(2024, 4, 19)}
ENDS = {BIS: date(2027, 3, 31), OLD: date(2025, 3, 28)}
LEAP_ENDS = {BIS: date(2028, 2, 29), OLD: date(2028, 2, 29)}
# Month ends, leap days, and the nights on which Paris changes its clocks.
ANCHORS = {
    BIS: (
        *(date(2026, 3, 29), date(2026, 3, 31), date(2026, 4, 30), date(2026, 8, 31), date(2026, 10, 25)),
        *(date(2026, 12, 31), date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 28), date(2028, 2, 29)),
    ),
    OLD: (
        *(date(2024, 3, 31), date(2024, 6, 30), date(2024, 8, 31), date(2024, 10, 27), date(2024, 12, 31)),
        *(date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 30)),
    ),
}


@st.composite
def days(draw: st.DrawFn, programme: str, low: int = -20, high: int = 430) -> str:
    """A day of the programme: often an anchor or its neighbour, otherwise any from `low` to `high` after its opening."""
    if draw(st.integers(0, 3)) == 0:
        day = draw(st.sampled_from(ANCHORS[programme])) + timedelta(days=draw(st.integers(-1, 1)))
    else:
        day = OPENS[programme] + timedelta(days=draw(st.integers(low, high)))
    return day.isoformat()


@st.composite
def rhythms(draw: st.DrawFn, programme: str) -> list[str]:
    """Days of audits at a rhythm near the limits (45 to 65 days, sometimes 95 to 105), or thrown anywhere."""
    if draw(st.integers(0, 3)) == 0:
        return sorted(set(draw(st.lists(days(programme), max_size=5))))
    careful = draw(st.booleans())
    day = OPENS[programme] + timedelta(days=draw(st.integers(30, 95)))
    found = [day]
    steps = st.integers(45, 59) if careful else st.one_of(st.integers(1, 70), st.integers(97, 102))
    for _ in range(draw(st.integers(0, 7))):
        day += timedelta(days=draw(steps))
        found.append(day)
    return [one.isoformat() for one in found]


def _owners(draw: st.DrawFn) -> list[str]:
    return draw(st.lists(st.sampled_from([*ESTABLISHMENTS, "ELSEWHERE"]), max_size=2, unique=True))


def _directories(draw: st.DrawFn, programme: str, *, migrations: bool) -> list[Json]:
    directories: list[Json] = []
    for rank in range(draw(st.integers(0, 3))):
        one: Json = {
            "id": f"AD{rank}",
            "establishments": _owners(draw),
            "kind": draw(st.sampled_from(["onprem", "onprem", "hybrid", "entra_only"])),
        }
        if draw(st.integers(0, 3)) == 0:
            one["in_service"] = draw(days(programme))
        if draw(st.integers(0, 3)) == 0:
            one["retired"] = draw(days(programme))
        if draw(st.integers(0, 5)) == 0:
            one["decision"] = "exempt"
        if migrations and rank and draw(st.booleans()):
            one["replaces"] = [f"AD{draw(st.integers(0, rank - 1))}"]
        directories.append(one)
    return directories


def _ads_audits(draw: st.DrawFn, programme: str, names: list[str]) -> list[Json]:
    audits: list[Json] = []
    for day in draw(rhythms(programme)) if names else []:
        covered = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        one: Json = {"id": f"A{len(audits)}", "date": day, "ads": covered}
        if draw(st.integers(0, 3)) == 0:
            one["score"] = {name: draw(st.sampled_from([1, 2, 3])) for name in covered[:2]}
        else:
            one["score"] = draw(st.sampled_from([1, 1.9, 2, 2, 2.5, 3, 5]))
        if draw(st.integers(0, 2)) == 0:
            one["downloaded"] = False
        if draw(st.integers(0, 3)) == 0:
            one["report_available"] = (date.fromisoformat(day) + timedelta(days=draw(st.integers(0, 45)))).isoformat()
        if draw(st.integers(0, 9)) == 0:
            one["tool"] = "PINGCASTLE"
        audits.append(one)
    return audits


def _surfaces(draw: st.DrawFn, programme: str) -> list[Json]:
    surfaces: list[Json] = []
    for rank in range(draw(st.integers(0, 3))):
        one: Json = {"id": f"X{rank}", "establishments": _owners(draw)}
        one["kind"] = draw(st.sampled_from(["own", "own", "showcase", "saas_access_point", "vendor_saas"]))
        if draw(st.integers(0, 3)) == 0:
            one["exposed_from"] = draw(days(programme))
        surfaces.append(one)
    return surfaces


def _finding(draw: st.DrawFn, names: list[str]) -> Json:
    one: Json = {"id": draw(st.sampled_from(["V1", "V2", "V3"]))}
    if draw(st.integers(0, 4)):
        one["cvss"] = draw(st.sampled_from([0, 6.9, 7, 8.9, 9, 9.1, 10]))
    else:
        one["label"] = draw(st.sampled_from(["rouge", "Critique", "orange"]))
    if names and draw(st.integers(0, 2)) == 0:
        one["surface"] = draw(st.sampled_from(names))
    if draw(st.integers(0, 5)) == 0:
        one["rerated"] = {
            "cvss": draw(st.sampled_from([5, 9.5])),
            "justified": draw(st.booleans()),
            "in_report": draw(st.booleans()),
        }
    return one


def _exposure_audits(draw: st.DrawFn, programme: str, names: list[str]) -> list[Json]:
    audits: list[Json] = []
    for day in draw(rhythms(programme)) if names else []:
        one: Json = {"id": f"I{len(audits)}", "date": day, "covers": "*"}
        one["tool"] = draw(st.sampled_from(["INDUSTRIAL", "INDUSTRIAL", "INDUSTRIAL", "SILENE", "CYBERSURVEILLANCE"]))
        if draw(st.integers(0, 3)) == 0:
            one["covers"] = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        covered = names if one["covers"] == "*" else one["covers"]
        one["findings"] = [_finding(draw, covered) for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2])))]
        audits.append(one)
    return audits


@st.composite
def scenarios(draw: st.DrawFn, *, migrations: bool = True, programmes: tuple[str, ...] = PROGRAMMES) -> dict[str, Any]:
    """A well-formed scenario; the limits are the programme's own, only the reports' delays vary."""
    programme = draw(st.sampled_from(programmes))
    leap = draw(st.integers(0, 7)) == 0
    config: Json = {"declaration_deadline": LEAP_ENDS[programme].isoformat()} if leap else {}
    if draw(st.integers(0, 2)) == 0:
        config["lead_days_ads"] = draw(st.integers(0, 30))
        config["lead_days_industrial"] = draw(st.integers(0, 60))
    last_day = LEAP_ENDS[programme] if leap else ENDS[programme]
    phase: Json = {"start": draw(days(programme, -5, 100))}
    if draw(st.booleans()):
        phase["declaration"] = draw(st.one_of(days(programme, 90, 430), st.just(last_day.isoformat())))
    if draw(st.integers(0, 4)) == 0:
        phase["control_date"] = draw(days(programme, 300, 460))
    directories = _directories(draw, programme, migrations=migrations)
    surfaces = _surfaces(draw, programme)
    support = draw(st.booleans())
    return {
        "id": "generated",
        "programme": programme,
        "candidate": {
            "type": draw(st.sampled_from(["GHT", "GHT", "PUBLIC_HORS_GHT", "PRIVE"])),
            "establishments": [
                {
                    "id": name,
                    "activity": draw(st.sampled_from([0, 1, "33.3", 34, 66, 100])),
                    "support": support and name == "E1",
                    "esms": draw(st.integers(0, 7)) == 0,
                }
                for name in ESTABLISHMENTS[: draw(st.integers(1, 3))]
            ],
        },
        "phase": phase,
        "as_of": draw(st.one_of(days(programme), st.just(phase.get("declaration", last_day.isoformat())))),
        "ads": directories,
        "ads_audits": _ads_audits(draw, programme, [one["id"] for one in directories]),
        "surfaces": surfaces,
        "exposure_audits": _exposure_audits(draw, programme, [one["id"] for one in surfaces]),
        "config": config,
    }
