"""What the rules say of a scenario, under every reading its texts admit (contract/evaluation.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import product

from agent.domain.candidate import Establishment
from agent.domain.programme import Aggregation, Objective, Programme, Subject
from agent.domain.rules.outcome import NEEDS_DECISION, NOT_APPLICABLE, Outcome, Reading, Reason, State, worst
from agent.domain.rules.share import activity_share, share
from agent.domain.scenario import Scenario
from agent.domain.units.directories import directory_units
from agent.domain.units.surfaces import surface_units
from agent.domain.units.unit import Frame, Numbers, Unit, shown
from agent.domain.verdict import ObjectiveAssessment, Verdict, combine

Json = dict[str, object]


class PhaseIssue(StrEnum):
    """What is wrong with the planned phase."""

    PHASE_START_TOO_EARLY = "PHASE_START_TOO_EARLY"
    PHASE_START_TOO_LATE = "PHASE_START_TOO_LATE"
    DECLARATION_TOO_LATE = "DECLARATION_TOO_LATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What the rules say of one scenario; `final` once the declaration's day has come."""

    scenario_id: str
    programme: Programme
    as_of: date
    phase_start: date
    declaration: date
    final: bool
    phase_issues: tuple[PhaseIssue, ...]
    objectives: Mapping[str, ObjectiveAssessment]

    @property
    def any_not_met(self) -> bool:
        """Whether the candidate fails an objective for good."""
        return any(one.candidate.verdict is Verdict.NOT_MET for one in self.objectives.values())

    def as_json(self) -> Json:
        """Return the assessment in the contract's shape."""
        return {
            "scenario_id": self.scenario_id,
            "programme": self.programme.id,
            "as_of": self.as_of.isoformat(),
            "phase_start": self.phase_start.isoformat(),
            "declaration": self.declaration.isoformat(),
            "mode": "declaration" if self.final else "follow_up",
            "phase_issues": [issue.value for issue in self.phase_issues],
            "objectives": {name: objective.as_json() for name, objective in self.objectives.items()},
        }


def evaluate(programme: Programme, scenario: Scenario) -> Assessment:
    """Return what the rules of `programme` say of `scenario` on its day."""
    opens_on, closes_on = programme.window.bounds(scenario.phase.validated_on)
    start = min(max(scenario.phase.start, opens_on), closes_on)
    issues = []
    if scenario.phase.start < opens_on:
        issues.append(PhaseIssue.PHASE_START_TOO_EARLY)
    if scenario.phase.start > closes_on:
        issues.append(PhaseIssue.PHASE_START_TOO_LATE)
    if scenario.phase.declaration > scenario.last_day:
        issues.append(PhaseIssue.DECLARATION_TOO_LATE)
    return Assessment(
        scenario_id=scenario.id,
        programme=programme,
        as_of=scenario.as_of,
        phase_start=start,
        declaration=scenario.phase.declaration,
        final=scenario.as_of >= scenario.phase.declaration,
        phase_issues=tuple(issues),
        objectives={
            objective.id: _ObjectiveEvaluation(scenario, objective, start).assess()
            for objective in programme.objectives
        },
    )


class _ObjectiveEvaluation:
    """One objective of one scenario: the outcomes of everything, in the order of the readings' product."""

    def __init__(self, scenario: Scenario, objective: Objective, start: date) -> None:
        self.scenario = scenario
        self.objective = objective
        self.admissible = {name: scenario.readings.get(name, values) for name, values in objective.readings.items()}
        self.readings: list[Reading] = [
            dict(zip(self.admissible, values, strict=True)) for values in product(*self.admissible.values())
        ]
        frame = Frame(scenario=scenario, objective=objective, start=start)
        by_subject = {Subject.DIRECTORIES: directory_units, Subject.SURFACES: surface_units}
        self.units = list(by_subject[objective.subject](frame))

    def assess(self) -> ObjectiveAssessment:
        """Return the entries of the candidate, its establishments and its units."""
        perimeter = self.scenario.candidate.perimeter
        by_unit = {unit.id: [unit.outcome(reading) for reading in self.readings] for unit in self.units}
        units = [unit for unit in self.units if any(outcome is not None for outcome in by_unit[unit.id])]
        own = [unit for unit in units if not unit.owners]
        held = {one.id: [unit for unit in units if one.id in unit.owners] or own for one in perimeter}
        by_establishment = {
            one.id: [
                self._establishment(one, outcomes) for outcomes in _by_reading(held[one.id], by_unit, self.readings)
            ]
            for one in perimeter
        }
        of_own = [self._with_lateness(worst(outcomes)) for outcomes in _by_reading(own, by_unit, self.readings)]
        of_candidate = [
            self._candidate(
                reading, {name: outcomes[index] for name, outcomes in by_establishment.items()}, of_own[index]
            )
            for index, reading in enumerate(self.readings)
        ]
        numbers = {unit.id: unit.numbers(self.readings[0]) for unit in units}
        return ObjectiveAssessment(
            candidate=combine(
                self.admissible,
                of_candidate,
                {**_worst_numbers([numbers[unit.id] for unit in units]), **self._covered(by_establishment)},
            ),
            establishments={
                one.id: combine(
                    self.admissible,
                    by_establishment[one.id],
                    {
                        **_worst_numbers([numbers[unit.id] for unit in held[one.id]]),
                        "activity_share": shown(activity_share([one], perimeter)),
                    },
                )
                for one in perimeter
            },
            units={
                unit.id: combine(
                    self.admissible, [outcome or NOT_APPLICABLE for outcome in by_unit[unit.id]], numbers[unit.id]
                )
                for unit in units
            },
        )

    def _establishment(self, establishment: Establishment, outcomes: Sequence[Outcome]) -> Outcome:
        if outcomes:
            return self._with_lateness(worst(outcomes))
        decided = (
            establishment.no_ad_decided
            if self.objective.subject is Subject.DIRECTORIES
            else establishment.no_exposure_decided
        )
        return self._with_lateness(NOT_APPLICABLE if decided else NEEDS_DECISION)

    def _candidate(self, reading: Reading, establishments: Mapping[str, Outcome], own: Outcome) -> Outcome:
        by_share = self.objective.aggregation is Aggregation.SHARE or reading.get("o2b_coverage") == "flex"
        if by_share:
            together = share(
                self.scenario.candidate,
                establishments,
                own,
                self.scenario.settings,
                support_counts=reading["support_counts"] is True,
            )
        else:
            together = worst([*establishments.values(), own])
        return self._with_lateness(together)

    def _with_lateness(self, outcome: Outcome) -> Outcome:
        """Return an outcome as a declaration planned after the programme's last day leaves it."""
        if self.scenario.phase.declaration <= self.scenario.last_day:
            return outcome
        at_best = State.RECOVERABLE if self.scenario.as_of <= self.scenario.last_day else State.LOST
        applies = outcome.state is not State.NOT_APPLICABLE
        state = max(outcome.state, at_best) if applies else outcome.state
        return Outcome(
            state,
            outcome.reasons | {Reason.DECLARATION_TOO_LATE},
            None if state is State.LOST else outcome.next_due,
        )

    def _covered(self, by_establishment: Mapping[str, Sequence[Outcome]]) -> Json:
        applicable, covered = [], []
        for one in self.scenario.candidate.perimeter:
            states = {outcome.state for outcome in by_establishment[one.id]}
            if states != {State.NOT_APPLICABLE}:
                applicable.append(one)
            if all(state.holds for state in states):
                covered.append(one)
        return {
            "activity_share_covered": shown(activity_share(covered, applicable)),
            "establishments_covered": [one.id for one in covered],
        }


def _by_reading(
    units: Sequence[Unit], by_unit: Mapping[str, Sequence[Outcome | None]], readings: Sequence[Reading]
) -> list[list[Outcome]]:
    """Return, for each reading, the outcomes of those of the units that are units under it."""
    return [
        [outcome for unit in units if (outcome := by_unit[unit.id][index]) is not None]
        for index in range(len(readings))
    ]


_LARGEST = {
    "latest_age_max": "latest_age_days",
    "mean_between_max": "mean_between",
    "mean_edges_max": "mean_edges",
    "remaining_audits_min": "remaining_audits_min",
    "audits_needed": "audits_needed",
    "earliest_achievable": "earliest_achievable",
}


def _worst_numbers(units: Sequence[Numbers]) -> Numbers:
    """Return the worst of the units' figures; null where no unit has one."""
    gaps = [one for one in units if one.get("max_gap_days") is not None]
    gap: Numbers = max(gaps, key=lambda one: one["max_gap_days"], default={})
    critical = [one["critical_last_two"] for one in units if "critical_last_two" in one]
    return {
        "count_min": min((one["count"] for one in units), default=None),
        **{key: gap.get(key) for key in ("max_gap_days", "max_gap_from", "max_gap_to")},
        **{
            key: max((value for one in units if (value := one.get(name)) is not None), default=None)
            for key, name in _LARGEST.items()
        },
        "critical_total": sum(critical) if critical else None,
    }
