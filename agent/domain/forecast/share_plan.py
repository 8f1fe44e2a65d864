"""For an objective reached by a share of the activity: which establishments to bring up first, for the least effort."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from math import ceil
from typing import Any

from agent.domain.assessment import evaluate
from agent.domain.candidate import CandidateType, Establishment
from agent.domain.programme import Aggregation, Objective, Programme, Subject
from agent.domain.rules.outcome import NOT_APPLICABLE, Outcome, Reason, State
from agent.domain.rules.share import activity_share, exact, share
from agent.domain.scenario import Directory, Scenario, Surface
from agent.domain.units.unit import shown
from agent.domain.verdict import Entry, ObjectiveAssessment, Verdict

Json = dict[str, object]

MOST_SETS = 20_000
"""How many sets of establishments are tried; the search of twenty establishments ends well before."""

_COVERAGE, _FLEX = "o2b_coverage", "flex"

_HOLDS, _FAILS = Outcome(State.SATISFIED), Outcome(State.LOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEffort:
    """What one unit still needs: how many clean audits, why, and the first day on which it can be done."""

    unit: str
    audits: int
    reasons: tuple[str, ...]
    earliest_achievable: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareStep:
    """One establishment to bring up; `share` is its percentage of the activity."""

    establishment: str
    share: float
    units: tuple[UnitEffort, ...]

    @property
    def audits(self) -> int:
        """How many clean audits it needs, units shared with others included."""
        return sum(one.audits for one in self.units)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharePlan:
    """
    How an objective reached by a share can be met for the fewest audits, then the soonest.

    `covered`: the share that the rules find today, in percent; the effort is what is left until the declaration.
    `under`: the reading, contested, without which a share is not enough (None: the rule asks for a share by itself);
    `support`: the support establishment has to be among them.
    `holding`: establishments that ask nothing more; `undecided`: those that await the authority, left
    aside; `steps`: those to bring up, the largest first; `audits`: their effort together, a shared unit counted
    once, with what the candidate's `own` units need. `pivotal`: establishments of the whole set whose failure alone
    loses the objective. `exact`: no smaller effort exists; else the best found within `MOST_SETS`. Not
    `reachable`: no set of establishments reaches the share any more.
    """

    objective: str
    threshold: float
    covered: float
    reachable: bool
    exact: bool
    holding: tuple[str, ...]
    lost: tuple[str, ...]
    undecided: tuple[str, ...]
    steps: tuple[ShareStep, ...]
    own: tuple[UnitEffort, ...]
    audits: int
    reached: float
    pivotal: tuple[str, ...]
    under: str | None = None
    support: bool = False

    def as_json(self) -> Json:
        """Return the plan for machines."""
        return {
            "objective": self.objective,
            "threshold": self.threshold,
            "covered": self.covered,
            "reachable": self.reachable,
            "exact": self.exact,
            "holding": list(self.holding),
            "lost": list(self.lost),
            "undecided": list(self.undecided),
            "steps": [
                {"establishment": one.establishment, "share": one.share, "units": [_json(unit) for unit in one.units]}
                for one in self.steps
            ],
            "own": [_json(unit) for unit in self.own],
            "audits": self.audits,
            "reached": self.reached,
            "pivotal": list(self.pivotal),
            "under": self.under,
            "support": self.support,
        }


def share_plans(programme: Programme, scenario: Scenario) -> tuple[SharePlan, ...]:
    """Return a plan for each objective that a share of the activity can reach, on the prudent reading of its units."""
    return tuple(_plan(programme, scenario, one) for one in programme.objectives if _by_share(scenario, one))


def _by_share(scenario: Scenario, objective: Objective) -> bool:
    """Return whether a share may be enough; of one establishment alone, a share under a reading says nothing more."""
    if objective.aggregation is Aggregation.SHARE:
        return True
    return _FLEX in scenario.admissible(objective).get(_COVERAGE, ()) and len(scenario.candidate.perimeter) > 1


def _plan(programme: Programme, scenario: Scenario, objective: Objective) -> SharePlan:
    pins = {name: values[:1] for name, values in scenario.admissible(objective).items()}
    if _COVERAGE in pins:
        pins[_COVERAGE] = (_FLEX,)
    until = min(scenario.phase.declaration, scenario.last_day)
    phase = replace(scenario.phase, declaration=until)
    prudent = replace(scenario, phase=phase, readings={**scenario.readings, **pins})
    assessed = evaluate(replace(programme, objectives=(objective,)), prudent).objectives[objective.id]
    contested = len(scenario.admissible(objective).get(_COVERAGE, ())) > 1
    return _Search(prudent, objective, assessed).plan(under=_COVERAGE if contested else None)


class _Search:
    """The establishments of one objective, and the sets of them that reach the share by the rule's own judgement."""

    def __init__(self, scenario: Scenario, objective: Objective, assessed: ObjectiveAssessment) -> None:
        self.scenario = scenario
        self.objective = objective
        self.places = {
            one.id: one
            for one in scenario.candidate.perimeter
            if assessed.establishments[one.id].verdict is not Verdict.NOT_APPLICABLE
        }
        self.efforts = {name: effort for name, entry in assessed.units.items() if (effort := _effort(name, entry))}
        owners = {one.id: scenario.candidate.owners(one.establishments) for one in _elements(scenario, objective)}
        self.own = tuple(name for name in assessed.units if not owners[name])
        self.units = {
            place: tuple(name for name in assessed.units if place in (owners[name] or ())) or self.own
            for place in self.places
        }
        entries = {place: assessed.establishments[place] for place in self.places}
        self.lost = frozenset(place for place, entry in entries.items() if entry.verdict is Verdict.NOT_MET)
        self.undecided = frozenset(
            place
            for place, entry in entries.items()
            if place not in self.lost and Reason.NEEDS_DECISION in entry.reasons
        )
        self.own_lost = any(assessed.units[name].verdict is Verdict.NOT_MET for name in self.own)
        self.sharers = {name: max(1, sum(name in units for units in self.units.values())) for name in assessed.units}
        covered: Any = assessed.candidate.numbers["establishments_covered"]
        counts = self._support_counts
        self.today = [place for place in covered if place in self.places and (counts or not self._is_support(place))]
        self.tried = 0

    def plan(self, *, under: str | None) -> SharePlan:
        """Return the plan of least effort."""
        able = frozenset(self.places) - self.lost - self.undecided
        free = frozenset(place for place in able if not self._audits({place}))
        required = free | frozenset(filter(self._is_support, able))
        optional = sorted(
            able - required,
            key=lambda place: (self._split(place) / max(self.places[place].activity, Fraction(1, 10**9)), place),
        )
        best = self._cheapest(required, optional)
        chosen = best or frozenset()
        perimeter = list(self.places.values())
        return SharePlan(
            objective=self.objective.id,
            threshold=float(self.scenario.settings.share_threshold),
            covered=shown(activity_share(self._of(self.today), perimeter)),
            reachable=best is not None,
            exact=self.tried <= MOST_SETS,
            holding=tuple(sorted(free)),
            lost=tuple(sorted(self.lost)),
            undecided=tuple(sorted(self.undecided)),
            steps=tuple(
                ShareStep(
                    establishment=one.id,
                    share=shown(activity_share([one], perimeter)),
                    units=tuple(self._efforts(self.units[one.id])),
                )
                for one in sorted(self._of(chosen - free), key=lambda one: (-one.activity, one.id))
            ),
            own=tuple(self._efforts(self.own)),
            audits=self._audits(chosen),
            reached=shown(activity_share(self._of(chosen), perimeter)),
            pivotal=tuple(sorted(place for place in chosen if not self._reaches(chosen - {place}))),
            under=under,
            support=any(map(self._is_support, self.places)),
        )

    def _cheapest(self, required: frozenset[str], optional: Sequence[str]) -> frozenset[str] | None:
        """
        Return the set of the fewest audits, then the soonest, that reaches the share.

        A branch is left as soon as it cannot reach the share, or cannot beat the best set for want of activity.
        """
        best: tuple[int, date, int] | None = None
        found: frozenset[str] | None = None
        waiting = [(0, required)]
        while waiting and self.tried <= MOST_SETS:
            rank, chosen = waiting.pop()
            self.tried += 1
            if best is not None and self._least(chosen, optional[rank:]) >= best[:2]:
                continue
            if self._reaches(chosen):
                cost = (self._audits(chosen), self._latest(chosen), len(chosen))
                if best is None or cost < best:
                    best, found = cost, chosen
                continue
            if rank < len(optional) and self._reaches(chosen.union(optional[rank:])):
                waiting.append((rank + 1, chosen))
                waiting.append((rank + 1, chosen | {optional[rank]}))
        return found

    def _least(self, chosen: frozenset[str], optional: Sequence[str]) -> tuple[int, date]:
        """Return a cost that no set holding `chosen` is under: the missing activity bought at its best price."""
        settings, total = self.scenario.settings, sum((one.activity for one in self.places.values()), Fraction(0))
        missing = exact(settings.share_threshold) * total / 100 - sum(one.activity for one in self._of(chosen))
        more = max(self._by_activity(missing, optional), self._by_count(missing, optional))
        # A unit shared with a chosen establishment is already paid: its part of the price may be saved.
        saved = sum(self.efforts[name].audits for name in self._names(chosen) if self.sharers[name] > 1)
        paid = self._audits(chosen)
        return max(paid, ceil(paid + more - saved)), self._latest(chosen)

    def _by_activity(self, missing: Fraction, optional: Sequence[str]) -> Fraction:
        """Return the price of the missing activity, were establishments divisible; `optional` is in order of price."""
        price = Fraction(0)
        for place in optional:
            activity = self.places[place].activity
            if missing <= 0 or not activity:
                break
            price += self._split(place) * min(Fraction(1), missing / activity)
            missing -= activity
        return price

    def _by_count(self, missing: Fraction, optional: Sequence[str]) -> Fraction:
        """Return the price of the fewest establishments that bring the missing activity, at the lowest prices."""
        count = 0
        for activity in sorted((self.places[place].activity for place in optional), reverse=True):
            if missing <= 0:
                break
            missing -= activity
            count += 1
        return sum(sorted(map(self._split, optional))[:count], Fraction(0))

    def _reaches(self, chosen: Collection[str]) -> bool:
        outcomes = {
            one.id: (_HOLDS if one.id in chosen else _FAILS) if one.id in self.places else NOT_APPLICABLE
            for one in self.scenario.candidate.perimeter
        }
        own = NOT_APPLICABLE if not self.own else _FAILS if self.own_lost else _HOLDS
        settings, counts = self.scenario.settings, self._support_counts
        return share(self.scenario.candidate, outcomes, own, settings, support_counts=counts).state.holds

    @property
    def _support_counts(self) -> bool:
        return self.scenario.readings.get("support_counts", (True,))[0] is True

    def _names(self, places: Iterable[str]) -> frozenset[str]:
        """Return the units that still need something, of some establishments and of the candidate itself."""
        needed = {*self.own, *(name for place in places for name in self.units[place])}
        return frozenset(name for name in needed if name in self.efforts)

    def _audits(self, places: Iterable[str]) -> int:
        return sum(self.efforts[name].audits for name in self._names(places))

    def _latest(self, places: Iterable[str]) -> date:
        days = [self.efforts[name].earliest_achievable for name in self._names(places)]
        return max((day for day in days if day is not None), default=date.min)

    def _split(self, place: str) -> Fraction:
        names = [name for name in self.units[place] if name in self.efforts]
        return sum((Fraction(self.efforts[name].audits, self.sharers[name]) for name in names), Fraction(0))

    def _efforts(self, names: Iterable[str]) -> Iterator[UnitEffort]:
        return (self.efforts[name] for name in names if name in self.efforts)

    def _of(self, places: Iterable[str]) -> list[Establishment]:
        return [self.places[place] for place in places]

    def _is_support(self, place: str) -> bool:
        return self.scenario.candidate.type is CandidateType.GHT and self.places[place].support


def _elements(scenario: Scenario, objective: Objective) -> Sequence[Directory | Surface]:
    return scenario.directories if objective.subject is Subject.DIRECTORIES else scenario.surfaces


def _effort(name: str, entry: Entry) -> UnitEffort | None:
    audits, earliest = entry.numbers.get("audits_needed"), entry.numbers.get("earliest_achievable")
    if not isinstance(audits, int) or not audits:
        return None
    return UnitEffort(
        unit=name,
        audits=audits,
        reasons=tuple(reason.value for reason in entry.reasons),
        earliest_achievable=earliest if isinstance(earliest, date) else None,
    )


def _json(unit: UnitEffort) -> Json:
    return {
        "unit": unit.unit,
        "audits": unit.audits,
        "reasons": list(unit.reasons),
        "earliest_achievable": unit.earliest_achievable.isoformat() if unit.earliest_achievable else None,
    }
