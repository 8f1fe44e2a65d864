"""An obligation: something to do by a day, for a unit of an objective, and what a calendar of audits is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from agent.domain.programme import Source
from agent.domain.verdict import iso

Json = dict[str, object]

PIECES_MARGIN_DAYS = 16
"""How long before the programme's last day a piece that is missing puts the declaration at risk."""

DEPOSIT_MARGIN_DAYS = 7
"""How long before the programme's last day the declaration is better deposited."""


class What(StrEnum):
    """What has to be done."""

    ADS_AUDIT = "ads_audit"
    EXPOSURE_AUDIT = "exposure_audit"
    INDUSTRIAL_AUDIT = "industrial_audit"
    REPORT_DOWNLOAD = "report_download"
    FINDINGS_FIX = "findings_fix"
    DECISION = "decision"
    EVENT = "event"
    MILESTONE = "milestone"
    DECLARED_FACT = "declared_fact"
    PIECES = "pieces"
    DECLARATION = "declaration"


class Why(StrEnum):
    """Which rule asks for it; a lost obligation bears the reason code of the evaluation instead."""

    FIRST_AUDIT = "FIRST_AUDIT"
    MAX_GAP = "MAX_GAP"
    MEAN = "MEAN"
    TWO_MONTHS = "TWO_MONTHS"
    SCORE_RUNS = "SCORE_RUNS"
    TWO_CLEAN_AUDITS = "TWO_CLEAN_AUDITS"
    LAST_AUDIT_WINDOW = "LAST_AUDIT_WINDOW"
    REPORT_LEAVES = "REPORT_LEAVES"
    HIGH_FINDINGS = "HIGH_FINDINGS"
    CRITICAL_FINDINGS = "CRITICAL_FINDINGS"
    DAY_TO_HOLD = "DAY_TO_HOLD"
    MONTHS_AFTER = "MONTHS_AFTER"
    BEFORE_DECLARATION = "BEFORE_DECLARATION"
    LAST_DAY = "LAST_DAY"
    PLANNED_DECLARATION = "PLANNED_DECLARATION"


class Leeway(StrEnum):
    """
    How an obligation stands today.

    `overdue`: its prudent day is past and the rules still allow a repair; `contested`: failed under
    a reading, not under every one; `lost`: nothing repairs it under any reading.
    """

    OPEN = "open"
    OVERDUE = "overdue"
    CONTESTED = "contested"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """
    One thing to do, for one unit (`*`: the whole candidate).

    `recommended_on` is a working day, never past, None when there is none before the last prudent day or when all
    is lost. `last_prudent_on` is the last day on which the strictest reading is kept, `last_permissive_on` the last
    one under the readings that ask the least; past days once the standing says so, None when no day ever did.
    `rank` counts the audits of a calendar: 1 is the next one, the others suppose that those before were run on
    their recommended days; 0 is what is lost already under a reading,
    and that no audit brings back. `values` are the figures behind `why`.
    """

    objective: str
    unit: str
    what: What
    why: str
    recommended_on: date | None
    last_prudent_on: date | None
    last_permissive_on: date | None
    sources: tuple[Source, ...] = ()
    standing: Leeway = Leeway.OPEN
    rank: int = 1
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def lost(self) -> bool:
        """Whether nothing repairs it any more, under any reading."""
        return self.standing is Leeway.LOST

    @property
    def urgency(self) -> tuple[bool, date, date, str, str, int]:
        """The order in which people have to look at obligations: what is lost first, then the soonest."""
        last = self.last_prudent_on or date.max
        return (not self.lost, self.recommended_on or last, last, self.objective, self.unit, self.rank)

    def as_json(self) -> Json:
        """Return the obligation for machines (contract/cli.md), with what explains it; its sources are cited apart."""
        return {
            "objective": self.objective,
            "unit": self.unit,
            "what": self.what.value,
            "recommended_on": iso(self.recommended_on),
            "last_prudent_on": iso(self.last_prudent_on),
            "last_permissive_on": iso(self.last_permissive_on),
            "why": str(self.why),
            "standing": self.standing.value,
            "lost": self.lost,
            "rank": self.rank,
            "values": {name: iso(value) for name, value in self.values.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PlannedAudit:
    """One audit of a proposed calendar; `tool` is None where any tool that the objective admits will do."""

    day: date
    tool: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCalendar:
    """
    The audits proposed for `units` that share their days.

    `at_least` is the fewest that the rhythm leaves (None where the rules give no such figure). `verified`: run
    clean on these days, they satisfy every reading that is not lost already, by the rules' own judgement.
    """

    what: What
    units: tuple[str, ...]
    audits: tuple[PlannedAudit, ...]
    at_least: int | None
    verified: bool

    def as_json(self) -> Json:
        """Return the calendar for machines."""
        return {
            "what": self.what.value,
            "units": list(self.units),
            "audits": [{"day": one.day.isoformat(), "tool": one.tool} for one in self.audits],
            "at_least": self.at_least,
            "verified": self.verified,
        }
