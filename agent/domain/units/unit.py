"""What the units of an objective share: the frame they are judged in, and the figures they show."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from agent.domain.deadlines import add_days, days_between
from agent.domain.programme import Objective, RuleName
from agent.domain.rules.cadence import FirstAudit, cadence, is_out_of_view, remaining_audits
from agent.domain.rules.exposure_level import Exposure, ExposureRun
from agent.domain.rules.outcome import Outcome, Reading
from agent.domain.rules.score import ScoredRun, Scores
from agent.domain.rules.timeline import Timeline
from agent.domain.rules.two_month_interval import last_day_after, two_month_interval
from agent.domain.scenario import Scenario

Numbers = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What all units of an objective share: the scenario, the objective, and the phase's start within its window."""

    scenario: Scenario
    objective: Objective
    start: date

    def phase_end(self, reading: Reading) -> date:
        """Return when the phase ends under a reading: the declaration, or the control operations."""
        control = self.scenario.phase.control
        if control is not None and reading.get("d1_phase_end") == "control":
            return control
        return self.scenario.phase.declaration

    @property
    def final(self) -> bool:
        """Whether the declaration's day has come."""
        return self.scenario.as_of >= self.scenario.phase.declaration

    def judge(self, timeline: Timeline, reading: Reading) -> Outcome:
        """Return what the objective's cadence says of a timeline."""
        settings = self.scenario.settings
        if self.objective.rule is RuleName.TWO_MONTH_INTERVAL:
            return two_month_interval(timeline, self.objective.interval_months, settings, reading)
        return cadence(timeline, self.first_audit, settings, reading)

    def is_out_of_view(self, timeline: Timeline, reading: Reading) -> bool:
        """Return whether the objective does not look at a timeline at all."""
        settings = self.scenario.settings
        if self.objective.rule is RuleName.TWO_MONTH_INTERVAL:
            last_first = last_day_after(timeline.start, self.objective.interval_months, settings, reading)
        else:
            last_first = self.first_audit.last_day(timeline, settings, reading)
        return is_out_of_view(timeline, last_first)

    @property
    def first_audit(self) -> FirstAudit:
        """When the objective's first audit is due."""
        return FirstAudit(by=self.objective.first_audit_by, months=self.objective.interval_months)

    def cadence_numbers(self, timeline: Timeline) -> Numbers:
        """Return the figures of a unit of an objective A."""
        runs, gap, between = timeline.runs, timeline.largest_gap(), timeline.mean_between()
        planned = self.objective.rule is RuleName.CADENCE and not self.final and not timeline.is_retired
        return {
            "count": len(runs),
            "first_interval_days": days_between(timeline.start, runs[0].day) if runs else None,
            "max_gap_days": None if gap is None else gap.days,
            "max_gap_from": None if gap is None else gap.since,
            "max_gap_to": None if gap is None else gap.until,
            "mean_between": None if between is None else shown(between),
            "mean_edges": shown(timeline.mean_edges()) if timeline.open_end >= timeline.start else None,
            "latest_audit": runs[-1].id if runs else None,
            "latest_age_days": days_between(runs[-1].day, timeline.seen_on) if runs else None,
            "remaining_audits_min": remaining_audits(timeline, self.scenario.settings) if planned else None,
        }


class Unit(ABC):
    """One directory or exposed element under one objective; without `owners` it belongs to the candidate itself."""

    def __init__(self, unit_id: str, owners: frozenset[str], frame: Frame) -> None:
        self.id = unit_id
        self.owners = owners
        self.frame = frame

    @abstractmethod
    def outcome(self, reading: Reading) -> Outcome | None:
        """Return what the rule says under a reading, None when it is not a unit then."""

    @abstractmethod
    def material(self, reading: Reading) -> Timeline | Scores | Exposure:
        """Return what the rule judges under a reading: the audits that count, and the days that bound them."""

    @abstractmethod
    def numbers(self, reading: Reading) -> Numbers:
        """Return the figures of the unit; `reading` is the first admissible one."""


def shown(exact: Fraction) -> float:
    """Return an exact figure as it is displayed, with two decimals."""
    return float(round(exact, 2))


def latest(runs: Sequence[ScoredRun] | Sequence[ExposureRun], seen_on: date) -> Numbers:
    """Return the figures that every unit of an objective B shows of its last audits."""
    return {
        "count": len(runs),
        "latest_audit": runs[-1].id if runs else None,
        "latest_age_days": days_between(runs[-1].day, seen_on) if runs else None,
        "last_two": [run.id for run in runs[-2:]],
    }


def next_free_day(day: date, audited: Iterable[date]) -> date:
    """Return `day`, or the next one when an audit was already run on it: one a day."""
    return add_days(day, 1) if day in set(audited) else day
