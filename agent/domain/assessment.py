"""What the rules say of a scenario, under every reading its texts admit (contract/evaluation.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from agent.domain.answers import Answers, ask, together
from agent.domain.candidate import Establishment
from agent.domain.programme import Aggregation, Objective, Programme, Subject
from agent.domain.rules.outcome import NEEDS_DECISION, NOT_APPLICABLE, Outcome, Reading, State, by_declaration, worst
from agent.domain.rules.share import activity_share, activity_shares, share
from agent.domain.scenario import Scenario
from agent.domain.units.directories import directory_units
from agent.domain.units.surfaces import surface_units
from agent.domain.units.unit import Frame, Numbers, Unit, shown
from agent.domain.verdict import Entry, ObjectiveAssessment, Verdict, entry

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
            "programme_version": self.programme.version,
            "programme_dated": self.programme.dated.isoformat(),
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
        phase_start=scenario.phase_start,
        declaration=scenario.phase.declaration,
        final=scenario.as_of >= scenario.phase.declaration,
        phase_issues=tuple(issues),
        objectives={
            objective.id: _ObjectiveEvaluation(scenario, objective).assess() for objective in programme.objectives
        },
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """Units held together: the worst of their outcomes (None under a reading by which none is a unit), and figures."""

    outcomes: Answers[Outcome | None]
    numbers: Numbers

    @classmethod
    def of(cls, units: Sequence[Unit]) -> _Group:
        judgements = {id(unit.judgement): unit.judgement for unit in units}.values()
        outcomes = together([judgement.outcomes for judgement in judgements])
        return cls(outcomes.map(_worst_of_units), _worst_numbers([unit.judgement.numbers for unit in units]))


class _ObjectiveEvaluation:
    """One objective of one scenario; everything is asked under the readings that make a difference to it only."""

    def __init__(self, scenario: Scenario, objective: Objective) -> None:
        self.scenario = scenario
        self.objective = objective
        self.frame = Frame(scenario=scenario, objective=objective)
        self.perimeter = scenario.candidate.perimeter
        by_subject = {Subject.DIRECTORIES: directory_units, Subject.SURFACES: surface_units}
        self.units = list(by_subject[objective.subject](self.frame))

    def assess(self) -> ObjectiveAssessment:
        """Return the entries of the candidate, its establishments and its units."""
        own, held = self._groups()
        establishments = {one.id: self._establishment(one, held[one.id]) for one in self.perimeter}
        of_own = own.outcomes.map(lambda outcome: self._by_declaration(outcome or NOT_APPLICABLE))
        shares = activity_shares(self.perimeter)
        return ObjectiveAssessment(
            candidate=entry(
                self._candidate(establishments, of_own),
                {
                    **_worst_numbers([unit.judgement.numbers for unit in self.units]),
                    **self._covered(establishments),
                },
            ),
            establishments={
                name: entry(outcomes, {**held[name].numbers, "activity_share": shown(shares[name])})
                for name, outcomes in establishments.items()
            },
            units=self._units(),
        )

    def _groups(self) -> tuple[_Group, Mapping[str, _Group]]:
        """Return the candidate's own units, and what each establishment holds: without units, the candidate's own."""
        own: list[Unit] = []
        held: dict[str, list[Unit]] = {}
        for unit in self.units:
            for owner in unit.owners:
                held.setdefault(owner, []).append(unit)
            if not unit.owners:
                own.append(unit)
        of_own = _Group.of(own)
        return of_own, {one.id: _Group.of(held[one.id]) if one.id in held else of_own for one in self.perimeter}

    def _units(self) -> dict[str, Entry]:
        """Return the entry of each unit, made once for those judged alike."""
        judgements = {id(unit.judgement): unit.judgement for unit in self.units}
        entries = {
            key: entry(one.outcomes.map(lambda outcome: outcome or NOT_APPLICABLE), one.numbers)
            for key, one in judgements.items()
        }
        return {unit.id: entries[id(unit.judgement)] for unit in self.units}

    def _establishment(self, establishment: Establishment, group: _Group) -> Answers[Outcome]:
        decided = (
            establishment.no_ad_decided
            if self.objective.subject is Subject.DIRECTORIES
            else establishment.no_exposure_decided
        )
        without = NOT_APPLICABLE if decided else NEEDS_DECISION
        return group.outcomes.map(lambda outcome: self._by_declaration(outcome or without))

    def _candidate(self, establishments: Mapping[str, Answers[Outcome]], own: Answers[Outcome]) -> Answers[Outcome]:
        """Return what the establishments' outcomes and that of the candidate's own units make of the candidate."""
        all_outcomes = together([*establishments.values(), own])
        return ask(self.frame.admissible, ("o2b_coverage", "support_counts"), self._support_counts).then(
            lambda support_counts: all_outcomes.map(
                lambda outcomes: self._by_declaration(self._together(outcomes, support_counts=support_counts))
            )
        )

    def _support_counts(self, reading: Reading) -> bool | None:
        """Return whether the support counts in the share of the activity that is enough, None when all are needed."""
        if self.objective.aggregation is Aggregation.SHARE or reading.get("o2b_coverage") == "flex":
            return reading["support_counts"] is True
        return None

    def _together(self, outcomes: Sequence[Outcome], *, support_counts: bool | None) -> Outcome:
        if support_counts is None:
            return worst(outcomes)
        *of_establishments, own = outcomes
        by_id = {one.id: outcome for one, outcome in zip(self.perimeter, of_establishments, strict=True)}
        return share(self.scenario.candidate, by_id, own, self.scenario.settings, support_counts=support_counts)

    def _by_declaration(self, outcome: Outcome) -> Outcome:
        scenario = self.scenario
        return by_declaration(
            outcome, declaration=scenario.phase.declaration, last_day=scenario.last_day, as_of=scenario.as_of
        )

    def _covered(self, establishments: Mapping[str, Answers[Outcome]]) -> Json:
        applicable, covered = [], []
        for one in self.perimeter:
            states = {outcome.state for outcome in establishments[one.id].distinct}
            if states != {State.NOT_APPLICABLE}:
                applicable.append(one)
            if all(state.holds for state in states):
                covered.append(one)
        return {
            "activity_share_covered": shown(activity_share(covered, applicable)),
            "establishments_covered": [one.id for one in covered],
        }


def _worst_of_units(outcomes: Sequence[Outcome | None]) -> Outcome | None:
    """Return the worst outcome of those that are units, None when none is."""
    of_units = [outcome for outcome in outcomes if outcome is not None]
    return worst(of_units) if of_units else None


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
    distinct = list({id(one): one for one in units}.values())
    gaps = [one for one in distinct if one.get("max_gap_days") is not None]
    gap: Numbers = max(gaps, key=lambda one: one["max_gap_days"], default={})
    critical = [one["critical_last_two"] for one in units if "critical_last_two" in one]
    return {
        "count_min": min((one["count"] for one in distinct), default=None),
        **{key: gap.get(key) for key in ("max_gap_days", "max_gap_from", "max_gap_to")},
        **{
            key: max((value for one in distinct if (value := one.get(name)) is not None), default=None)
            for key, name in _LARGEST.items()
        },
        "critical_total": sum(critical) if critical else None,
    }
