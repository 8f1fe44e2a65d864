"""What people declared, judged: the objectives and prerequisites that no audit measures, in the contract's shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from importlib import import_module
from itertools import product
from types import ModuleType
from typing import cast

from agent.domain.candidate import Candidate, CandidateType
from agent.domain.declaration import Declaration, FactKind, bearing_on
from agent.domain.programme import DeclaredObjective, Level, Programme
from agent.domain.rules.case import DECLARATION, Case, Judgement
from agent.domain.rules.outcome import NOT_APPLICABLE, Outcome, Reading, State, by_declaration, worst
from agent.domain.rules.share import activity_share, share
from agent.domain.scenario import Scenario
from agent.domain.units.unit import shown
from agent.domain.verdict import Entry, Json, ObjectiveAssessment, combine

APPLICATION = "application"
PHASE_START = "phase_start"
VALIDATION = "validation"
_APPLIED_ON, _APPLICATIONS_CLOSE, _DECLARATIONS_CLOSE = "applied_on", "applications_close", "declarations_close"
_NOT_ASKED = Judgement(outcome=NOT_APPLICABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredAssessment:
    """What the declared facts say of a programme: its objectives and its prerequisites, by id."""

    objectives: Mapping[str, ObjectiveAssessment]
    prerequisites: Mapping[str, ObjectiveAssessment]


def judge_declared(
    programme: Programme, scenario: Scenario, declarations: Sequence[Declaration], kinds: Mapping[str, FactKind]
) -> DeclaredAssessment:
    """
    Return what the `declarations` in force (oldest first) say on the scenario's day.

    A fact counts on the day it speaks of, whenever it was recorded; one that is yet to come is planned.
    """
    judges = _Programme(programme, scenario, declarations, kinds)
    return DeclaredAssessment(
        objectives={one.id: judges.assess(one) for one in sorted(programme.declared, key=lambda one: one.id)},
        prerequisites={one.id: judges.assess(one) for one in programme.prerequisites},
    )


def perimeter_of(programme: Programme, candidate: Candidate) -> Candidate:
    """Return the candidate as a programme sees it: a médico-social one looks at those establishments, if any is one."""
    kept = [one for one in candidate.establishments if one.in_perimeter]
    if not programme.medico_social:
        return candidate
    esms = {one.id for one in kept if one.esms} or {one.id for one in kept}
    return replace(
        candidate,
        establishments=tuple(replace(one, esms=False, in_perimeter=one.id in esms) for one in candidate.establishments),
    )


def named_days(programme: Programme, scenario: Scenario, declarations: Sequence[Declaration]) -> dict[str, date]:
    """Return the days that a programme's conditions may name: its own, those of the phase, and the application."""
    days: dict[str, date] = {
        **programme.days,
        PHASE_START: scenario.phase_start,
        DECLARATION: scenario.phase.declaration,
        _DECLARATIONS_CLOSE: scenario.last_day,
    }
    if scenario.phase.validated_on is not None:
        days[VALIDATION] = scenario.phase.validated_on
    applied = [one.values.get(_APPLIED_ON) for one in bearing_on(declarations, APPLICATION, None)]
    days[APPLICATION] = next(
        (day for day in reversed(applied) if isinstance(day, date)),
        programme.days.get(_APPLICATIONS_CLOSE, scenario.phase.declaration),
    )
    return days


def rule_named(name: str) -> Callable[[Case], Judgement]:
    """
    Return the rule of a module of agent/domain/rules: a new kind of criterion is one such file.

    It holds `judge`, and `engaged_by(objective, declaration)` when it makes optional objectives asked for.
    """
    return cast("Callable[[Case], Judgement]", _module(name).judge)


def _module(rule: str) -> ModuleType:
    return import_module(f"agent.domain.rules.{rule}")


def _facts(objective: DeclaredObjective) -> list[str]:
    """Return the kinds of fact that an objective looks at, its own first."""
    return list(dict.fromkeys((objective.fact, *(one.fact for one in objective.conditions if one.fact is not None))))


class _Programme:
    """One programme on one day: what every objective is judged with, and the objectives already judged."""

    def __init__(
        self,
        programme: Programme,
        scenario: Scenario,
        declarations: Sequence[Declaration],
        kinds: Mapping[str, FactKind],
    ) -> None:
        self.programme = programme
        self.scenario = scenario
        self.kinds = kinds
        self.by_fact: dict[str, list[Declaration]] = {}
        for one in declarations:
            self.by_fact.setdefault(one.fact, []).append(one)
        self.candidate = perimeter_of(programme, scenario.candidate)
        self.perimeter = self.candidate.perimeter
        self.days = named_days(programme, scenario, declarations)
        self.engaged = self._engaged()

    def assess(self, objective: DeclaredObjective) -> ObjectiveAssessment:
        """Return the entries of the candidate, its establishments and its units."""
        readings = self._readings(objective)
        judged = {unit: [self._judge(objective, unit, one) for one in readings] for unit in self._units(objective)}
        outcomes = {unit: [one.outcome for one in judgements] for unit, judgements in judged.items()}
        numbers = {unit: judgements[0].numbers for unit, judgements in judged.items()}
        admissible = self.scenario.admissible(objective)

        def entry(of_each: Sequence[Outcome], figures: Mapping[str, object]) -> Entry:
            return combine(admissible, [self._with_lateness(one) for one in of_each], figures)

        of_candidate = [
            self._together(objective, {unit: of_each[index] for unit, of_each in outcomes.items()})
            for index in range(len(readings))
        ]
        return ObjectiveAssessment(
            candidate=entry(of_candidate, numbers.get(None) or self._covered(outcomes, numbers)),
            establishments={
                one.id: entry(
                    outcomes.get(one.id) or outcomes.get(None, [NOT_APPLICABLE] * len(readings)),
                    {
                        **(numbers.get(one.id) or numbers.get(None, _NOT_ASKED.numbers)),
                        "activity_share": shown(activity_share([one], self.perimeter)),
                    },
                )
                for one in self.perimeter
            },
            units={unit or self.scenario.id: combine(admissible, outcomes[unit], numbers[unit]) for unit in outcomes},
            declared=True,
        )

    def _readings(self, objective: DeclaredObjective) -> list[Reading]:
        admissible = self.scenario.admissible(objective)
        return [dict(zip(admissible, values, strict=True)) for values in product(*admissible.values())]

    def _units(self, objective: DeclaredObjective) -> list[str | None]:
        """
        Return the establishments asked, or None alone: the candidate itself.

        The one legal entity of a public candidate outside a GHT is asked as a whole, unless people spoke of its
        parts: then each of them is, and all of them make the entity.
        """
        if objective.level is Level.CANDIDATE or (
            self._is_one_entity(objective) and not self._spoke_of_parts(objective)
        ):
            return [None]
        return [one.id for one in self.perimeter]

    def _is_one_entity(self, objective: DeclaredObjective) -> bool:
        return objective.level is Level.LEGAL_ENTITIES and self.candidate.type is CandidateType.PUBLIC_HORS_GHT

    def _spoke_of_parts(self, objective: DeclaredObjective) -> bool:
        whole = {one.id for one in self.perimeter}
        return any(
            whole & {*one.subjects} and not whole <= {*one.subjects}
            for fact in _facts(objective)
            for one in self.by_fact.get(fact, ())
        )

    def _judge(self, objective: DeclaredObjective, unit: str | None, reading: Reading) -> Judgement:
        is_asked = not objective.candidate_types or self.candidate.type.value in objective.candidate_types
        if not is_asked or (objective.optional and objective.id not in self.engaged):
            return _NOT_ASKED
        is_one = self._is_one_entity(objective)
        units = frozenset(one for one in self._units(objective) if one is not None and not is_one)
        return rule_named(objective.rule)(
            Case(
                objective=objective,
                declarations=tuple(self._about(objective, unit)),
                units=units,
                perimeter=frozenset(one.id for one in self.perimeter),
                days=self.days,
                as_of=self.scenario.as_of,
                reading=reading,
                others={} if objective.optional else self.optional,
            )
        )

    def _about(self, objective: DeclaredObjective, unit: str | None) -> list[Declaration]:
        """Return what was declared for a unit; of a fact that holds once, only the last word."""
        found: list[Declaration] = []
        for fact in _facts(objective):
            kind = self.kinds.get(fact)
            bearing = [one for one in self.by_fact.get(fact, ()) if self._bears_on(one, unit)]
            found += bearing if kind is not None and kind.several else bearing[-1:]
        return found

    def _bears_on(self, one: Declaration, unit: str | None) -> bool:
        """Return whether a declaration is about a unit; one about every establishment is about the candidate."""
        if unit is not None:
            return not one.subjects or unit in one.subjects
        return not one.subjects or {each.id for each in self.perimeter} <= set(one.subjects)

    def _engaged(self) -> frozenset[str]:
        """Return the optional objectives that the candidate has chosen."""
        found: set[str] = set()
        for objective in self.programme.declared:
            if engaged_by := getattr(_module(objective.rule), "engaged_by", None):
                for one in self._about(objective, None):
                    found.update(engaged_by(objective, one))
        return frozenset(found)

    @cached_property
    def optional(self) -> dict[str, Outcome]:
        """Return the candidate's outcome on the optional objectives, for the rule that counts them."""
        found = {}
        for other in self.programme.declared:
            if other.optional:
                [reading] = self._readings(other)
                judged = {unit: self._judge(other, unit, reading).outcome for unit in self._units(other)}
                found[other.id] = self._together(other, judged)
        return found

    def _together(self, objective: DeclaredObjective, outcomes: Mapping[str | None, Outcome]) -> Outcome:
        """Return what the units make of the candidate: all of them, or a share of the activity (exact)."""
        if objective.share_percent is None or None in outcomes or self._is_one_entity(objective):
            return worst(outcomes.values())
        settings = replace(self.scenario.settings, share_threshold=objective.share_percent, min_establishments=0)
        by_id = {unit: outcome for unit, outcome in outcomes.items() if unit is not None}
        return share(self.candidate, by_id, NOT_APPLICABLE, settings, support_counts=True)

    def _with_lateness(self, outcome: Outcome) -> Outcome:
        return by_declaration(
            outcome,
            declaration=self.scenario.phase.declaration,
            last_day=self.scenario.last_day,
            as_of=self.scenario.as_of,
        )

    def _covered(
        self, outcomes: Mapping[str | None, Sequence[Outcome]], numbers: Mapping[str | None, Mapping[str, object]]
    ) -> Json:
        """Return the figures of a candidate of several units; each unit's conditions stand with the unit."""
        applicable, covered = [], []
        for one in self.perimeter:
            states = {outcome.state for outcome in outcomes[one.id]}
            if states != {State.NOT_APPLICABLE}:
                applicable.append(one)
            if all(state.holds for state in states):
                covered.append(one)
        return {
            **_NOT_ASKED.numbers,
            "declared": sum(figures["declared"] != 0 for figures in numbers.values()),
            "activity_share_covered": shown(activity_share(covered, applicable)),
            "establishments_covered": [one.id for one in covered],
        }
