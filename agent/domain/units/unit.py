"""What the units of an objective share: the frame they are judged in, and the figures they show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any

from agent.domain.answers import Admissible, Answers, ask
from agent.domain.deadlines import add_days, days_between
from agent.domain.programme import Objective, RuleName
from agent.domain.rules.cadence import Cadence, FirstAudit, remaining_audits
from agent.domain.rules.exposure_level import Exposure, ExposureRun
from agent.domain.rules.outcome import Outcome, Reading
from agent.domain.rules.score import ScoredRun, Scores
from agent.domain.rules.timeline import Timeline
from agent.domain.rules.two_month_interval import TwoMonthInterval
from agent.domain.scenario import Scenario

Numbers = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What all units of an objective share: the scenario and the objective."""

    scenario: Scenario
    objective: Objective

    @cached_property
    def start(self) -> date:
        """The phase's start that counts."""
        return self.scenario.phase_start

    @cached_property
    def admissible(self) -> Admissible:
        """The values of each reading."""
        return self.scenario.admissible(self.objective)

    @cached_property
    def prudent(self) -> Reading:
        """The first admissible value of each reading: the figures that are shown follow it."""
        return {name: values[0] for name, values in self.admissible.items()}

    def phase_end(self, reading: Reading) -> date:
        """Return when the phase ends under a reading: the declaration, or the control operations."""
        control = self.scenario.phase.control
        if control is not None and reading.get("d1_phase_end") == "control":
            return control
        return self.scenario.phase.declaration

    @cached_property
    def phase_ends(self) -> Answers[date]:
        """When the phase ends."""
        return ask(self.admissible, ("d1_phase_end",), self.phase_end)

    @property
    def final(self) -> bool:
        """Whether the declaration's day has come."""
        return self.scenario.as_of >= self.scenario.phase.declaration

    @cached_property
    def rhythm(self) -> Cadence | TwoMonthInterval:
        """The rule that judges the timelines of an objective A."""
        objective, settings = self.objective, self.scenario.settings
        if objective.rule is RuleName.TWO_MONTH_INTERVAL:
            return TwoMonthInterval(months=objective.interval_months, settings=settings, admissible=self.admissible)
        return Cadence.of(self.first_audit, settings, self.admissible)

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


Material = Timeline | Scores | Exposure
"""What a rule judges: the audits that count, and the days that bound them."""


@dataclass(frozen=True, slots=True, eq=False)
class UnitJudgement:
    """What the rule says of the units that live and were audited alike, their figures, and what was judged."""

    outcomes: Answers[Outcome | None]
    numbers: Numbers
    material: Callable[[Reading], Material]


@dataclass(frozen=True, slots=True)
class Unit:
    """One directory or exposed element under one objective; without `owners` it belongs to the candidate itself."""

    id: str
    owners: frozenset[str]
    judgement: UnitJudgement

    def outcome(self, reading: Reading) -> Outcome | None:
        """Return what the rule says under a reading, None when it is not a unit then."""
        return self.judgement.outcomes.under(reading)

    def material(self, reading: Reading) -> Material:
        """Return what the rule judges under a reading."""
        return self.judgement.material(reading)


def shown(exact: Fraction) -> float:
    """Return an exact figure as it is displayed, with two decimals (halves to even)."""
    hundredths, rest = divmod(100 * exact.numerator, exact.denominator)
    rounds_up = 2 * rest > exact.denominator or (2 * rest == exact.denominator and hundredths % 2 == 1)
    return (hundredths + rounds_up) / 100


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
