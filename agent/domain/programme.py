"""What a call for projects asks: its dates, its objectives, the rules they follow and the readings its texts admit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

ReadingValue = str | bool

READINGS: dict[str, tuple[ReadingValue, ...]] = {
    "mean_mode": ("edges", "between"),
    "mean_cmp": ("lt", "le"),
    "gap_cmp": ("lt", "le"),
    "ads_gap": ("apply", "phase_mean_only"),
    "first_audit": ("start_plus_60d", "start_plus_2m", "absolute"),
    "lost_report": ("not_counted", "counted"),
    "cvss9": ("ge", "gt"),
    "high_recurrence": ("blocking", "ignored"),
    "o2b_coverage": ("full", "flex"),
    "d1_interval": ("strict_2months", "tolerance", "each_60d"),
    "silene_in_sequence": ("ignored", "blocking"),
    "support_counts": (True, False),
    "migration": ("chain", "separate"),
    "d1_phase_end": ("declaration", "control"),
}
"""Every reading the rules can follow, and the values they know; a programme says which it admits."""


class RuleName(StrEnum):
    """The rule that judges an objective's units (agent/domain/rules)."""

    CADENCE = "cadence"
    TWO_MONTH_INTERVAL = "two_month_interval"
    SCORE = "score"
    EXPOSURE_LEVEL = "exposure_level"


class Subject(StrEnum):
    """What an objective is about: its units."""

    DIRECTORIES = "directories"
    SURFACES = "surfaces"


class Aggregation(StrEnum):
    """How establishments make the candidate: all of them, a share of the activity, or as a reading says."""

    ALL = "all"
    SHARE = "share"
    BY_READING = "by_reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a rule or a reading is written: « D1bis, Q/R 3.16 »."""

    document: str
    question: str

    def __str__(self) -> str:
        return f"{self.document}, {self.question}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The figures of the rules: a programme's own, unless a scenario overrides them. Days unless named otherwise."""

    warn_days: int
    mean_days: int
    gap_days: int
    o2b_last_max_age: int
    antepenultimate_days: int
    share_threshold: int | float
    min_establishments: int
    report_months: int
    min_score: int | float
    lead_days_ads: int
    lead_days_industrial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The days on which the operational phase may start, both included; `closes_on` yields to an earlier validation."""

    opens_on: date
    closes_on: date
    closes_at_validation: bool

    def bounds(self, validated_on: date | None) -> tuple[date, date]:
        """Return the first and last admissible start."""
        if self.closes_at_validation and validated_on is not None:
            return self.opens_on, max(self.opens_on, min(self.closes_on, validated_on))
        return self.opens_on, self.closes_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """
    One objective: the rule its units follow, and the tools whose audits count.

    `readings` gives, for each reading that bears on it, the values admitted by default.
    The other parameters belong to the cadence (`first_audit_*`, `interval_months`) or to the
    exposure level (`last_audit_ages`, `antepenultimate`, `high_recurrence`).
    """

    id: str
    label: str
    rule: RuleName
    subject: Subject
    aggregation: Aggregation
    tools: tuple[str, ...]
    readings: Mapping[str, tuple[ReadingValue, ...]]
    sources: tuple[Source, ...]
    pieces: tuple[str, ...]
    first_audit_by: date | None = None
    interval_months: int = 0
    last_audit_ages: bool = False
    antepenultimate: bool = False
    high_recurrence: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingNote:
    """What a reading is about, for people: the question the texts leave open, and where they do."""

    question: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """One call for projects, as its texts stood on `dated`."""

    id: str
    version: str
    dated: date
    label: str
    window: Window
    last_day: date
    settings: Settings
    objectives: tuple[Objective, ...]
    reading_notes: Mapping[str, ReadingNote]

    def objective(self, objective_id: str) -> Objective:
        """Return an objective by its id; raises KeyError when the programme has none of that name."""
        for objective in self.objectives:
            if objective.id == objective_id:
                return objective
        raise KeyError(objective_id)
