"""The steps of an audited objective, for the candidate, an establishment or one of its units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from agent.domain.assessment import evaluate
from agent.domain.decided import ENTRA_EXEMPT, NO_DIRECTORY, NO_EXPOSURE, Pin
from agent.domain.explanation import steps
from agent.domain.explanation.ground import Ground
from agent.domain.explanation.level import exposure_step, scores_step
from agent.domain.explanation.parts import CANDIDATE, DIRECTORY, ESTABLISHMENT, SURFACE, day_of, entry_of, parts_step
from agent.domain.explanation.readings import reading_step, result_of
from agent.domain.explanation.regularity import regularity_steps
from agent.domain.explanation.share import share_step
from agent.domain.programme import Aggregation, Programme, ReadingValue, Subject
from agent.domain.rules.exposure_level import Exposure
from agent.domain.rules.outcome import Reading
from agent.domain.rules.score import Scores
from agent.domain.rules.share import exact
from agent.domain.rules.timeline import Timeline
from agent.domain.scenario import DirectoryKind
from agent.domain.units.directories import directory_units
from agent.domain.units.surfaces import surface_units
from agent.domain.units.unit import Unit
from agent.domain.verdict import Verdict

Json = Mapping[str, Any]

_DECLARE = (
    "carenage declare {fact} --{bearer} {subject} --set authority=AUTORITÉ "
    "--set decided_on=AAAA-MM-JJ --file decision=FICHIER"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """
    The steps of one audited objective.

    `programme` asks for this objective alone; `judged` is its part of the assessment, `units` those it holds.
    """

    programme: Programme
    ground: Ground
    judged: Json
    phase_issues: tuple[str, ...]
    facts: tuple[steps.OpenFact, ...]
    pins: Mapping[str, Pin]
    units: Mapping[str, Unit]

    @classmethod
    def of(
        cls,
        programme: Programme,
        ground: Ground,
        document: Json,
        *,
        facts: tuple[steps.OpenFact, ...],
        pins: Mapping[str, Pin],
    ) -> Reasoning:
        """Return the reasoning on an objective of `document` (contract JSON)."""
        objective = ground.objective
        judged = document["objectives"][objective.id]
        made = directory_units if objective.subject is Subject.DIRECTORIES else surface_units
        return cls(
            programme=replace(programme, objectives=(objective,)),
            ground=ground,
            judged=judged,
            phase_issues=tuple(document["phase_issues"]),
            facts=facts,
            pins=pins,
            units={unit.id: unit for unit in made(ground.frame) if unit.id in judged["units"]},
        )

    @property
    def unit_kind(self) -> str:
        """What a unit is."""
        return DIRECTORY if self.ground.objective.subject is Subject.DIRECTORIES else SURFACE

    def deciding_unit(self, subject: steps.Topic) -> steps.Topic | None:
        """Return the one unit whose steps explain a whole by themselves; None for a unit, or when several decide."""
        if subject.kind == self.unit_kind:
            return None
        units = self._units_of(subject)
        verdict = entry_of(self.judged, subject)["verdict"]
        deciding = [name for name in units if self.judged["units"][name]["verdict"] == verdict] or units
        return steps.Topic(kind=self.unit_kind, id=deciding[0]) if len(deciding) == 1 else None

    def told(self, subject: steps.Topic, through: steps.Topic | None) -> Iterator[steps.Step]:
        """Yield the steps of one subject, with those of the unit that alone decides."""
        shown = through or subject
        unit = self.units[str(shown.id)] if shown.kind == self.unit_kind else None
        yield self._window(unit)
        yield from self._decisions(subject)
        if subject.kind == CANDIDATE:
            yield from self._whole()
        units = [] if subject.kind == self.unit_kind else self._units_of(subject)
        if len(units) > 1 and through is None:
            yield self._parts(self.unit_kind, units)
        if unit is not None:
            yield from self._of_unit(unit)
        yield from self._readings(subject)

    def _units_of(self, subject: steps.Topic) -> list[str]:
        """Return the units of the candidate, or of an establishment: without any, those of the candidate itself."""
        if subject.kind == CANDIDATE:
            return list(self.units)
        owned = [name for name, unit in self.units.items() if subject.id in unit.owners]
        return owned or [name for name, unit in self.units.items() if not unit.owners]

    def _window(self, unit: Unit | None) -> steps.PhaseWindow:
        frame, scenario = self.ground.frame, self.ground.scenario
        material = unit.material(self.ground.counting(lost=True)) if unit is not None else None
        starts_on = None
        if isinstance(material, Timeline | Exposure) and material.start > frame.start:
            starts_on = material.start
        return steps.PhaseWindow(
            phase_start=frame.start,
            declaration=scenario.phase.declaration,
            as_of=scenario.as_of,
            last_day=scenario.last_day,
            final=frame.final,
            issues=self.phase_issues,
            starts_on=starts_on,
            control=scenario.phase.control if self.ground.prudent.get("d1_phase_end") == "control" else None,
            sources=self.ground.cited("window", *(["own_start"] if starts_on else [])),
        )

    def _decisions(self, subject: steps.Topic) -> Iterator[steps.Decisions]:
        awaited = tuple(self._awaited(subject))
        if self.facts or awaited:
            sources = self.ground.cited("no_unit") if awaited else ()
            yield steps.Decisions(facts=self.facts, awaited=awaited, sources=sources)

    def _awaited(self, subject: steps.Topic) -> Iterator[steps.Awaited]:
        """Yield the decisions of the authority without which a part can be neither met nor left aside."""
        scenario, on_directories = self.ground.scenario, self.unit_kind == DIRECTORY
        fact = NO_DIRECTORY if on_directories else NO_EXPOSURE
        for one in scenario.candidate.perimeter:
            part = steps.Topic(kind=ESTABLISHMENT, id=one.id)
            is_decided = one.no_ad_decided if on_directories else one.no_exposure_decided
            if (subject.kind == CANDIDATE or subject == part) and not self._units_of(part) and not is_decided:
                yield _awaited(fact, one.id)
        units = [subject.id] if subject.kind == self.unit_kind else self._units_of(subject)
        for directory in scenario.directories if on_directories else ():
            if directory.id in units and directory.kind is DirectoryKind.ENTRA_ONLY and not directory.exempt:
                yield _awaited(ENTRA_EXEMPT, directory.id)

    # The candidate

    def _whole(self) -> Iterator[steps.Step]:
        establishments = list(self.judged["establishments"])
        coverage = self.ground.admissible.get("o2b_coverage", ())
        asks_share = self.ground.objective.aggregation is Aggregation.SHARE or coverage == ("flex",)
        if not asks_share and len(establishments) > 1:
            yield self._parts(ESTABLISHMENT, establishments)
        if (asks_share or "flex" in coverage) and len(establishments) > 1:
            yield self._share(under=None if asks_share else "o2b_coverage")

    def _parts(self, kind: str, names: Sequence[str]) -> steps.Parts:
        entries = self.judged["establishments" if kind == ESTABLISHMENT else "units"]
        every = self.ground.objective.aggregation is not Aggregation.SHARE
        cited = self.ground.cited("every") if kind == ESTABLISHMENT else ()
        return parts_step(kind, {name: entries[name] for name in names}, every=every, sources=cited)

    def _share(self, *, under: str | None) -> steps.Share:
        reading: dict[str, ReadingValue] = dict(self.ground.prudent)
        if "o2b_coverage" in reading:
            reading["o2b_coverage"] = "flex"
        settings = self.ground.scenario.settings
        return share_step(
            self.ground.scenario.candidate,
            self._pinned(reading),
            threshold=exact(settings.share_threshold),
            minimum=settings.min_establishments,
            support_counts=reading["support_counts"] is True,
            under=under,
            sources=self.ground.cited("share"),
        )

    # One unit

    def _of_unit(self, unit: Unit) -> Iterator[steps.Step]:
        entry = self.judged["units"][unit.id]
        numbers = entry["numbers"]
        match unit.material(self.ground.prudent):
            case Timeline():
                yield from regularity_steps(self.ground, unit)
            case Scores():
                yield scores_step(self.ground, unit)
            case Exposure() as exposure:
                yield exposure_step(self.ground, unit, exposure)
        audits = numbers.get("audits_needed", numbers.get("remaining_audits_min"))
        due = day_of(entry["next_due"])
        if (
            not self.ground.frame.final
            and entry["verdict"] in {Verdict.MET, Verdict.AT_RISK}
            and (audits or due is not None)
        ):
            success = day_of(numbers.get("earliest_achievable"))
            yield steps.Remaining(audits=audits, next_due=due, earliest_success=success)

    # The readings

    def _readings(self, subject: steps.Topic) -> Iterator[steps.Readings]:
        contested = entry_of(self.judged, subject)["contested"]
        admissible, printed = self.ground.admissible, self.ground.objective.readings
        still_open = [name for name, values in admissible.items() if len(values) > 1]
        pinned = [name for name, values in printed.items() if len(values) > 1 and len(admissible[name]) == 1]
        if still_open or pinned:
            yield steps.Readings(
                readings=tuple(self._reading(name, subject) for name in [*contested, *pinned]),
                indifferent=tuple(name for name in still_open if name not in contested),
            )

    def _reading(self, name: str, subject: steps.Topic) -> steps.ContestedReading:
        is_pinned = len(self.ground.admissible[name]) == 1
        values = (self.ground.objective.readings if is_pinned else self.ground.admissible)[name]
        results = []
        for value in dict.fromkeys((*self.ground.admissible[name], *values)):
            found = entry_of(self._pinned({name: value}), subject)
            retained = is_pinned and value == self.ground.admissible[name][0]
            results.append(result_of(value, found, retained=retained))
        return reading_step(self.programme, name, results, is_pinned=is_pinned, pin=self.pins.get(name))

    def _pinned(self, reading: Reading) -> Json:
        """Return the objective's judgement on the same facts, the given readings pinned."""
        scenario = self.ground.scenario
        readings = {**scenario.readings, **{name: (value,) for name, value in reading.items()}}
        judged = evaluate(self.programme, replace(scenario, readings=readings))
        return cast("Json", judged.objectives[self.ground.objective.id].as_json())


def _awaited(fact: str, subject: str) -> steps.Awaited:
    bearer = DIRECTORY if fact == ENTRA_EXEMPT else ESTABLISHMENT
    return steps.Awaited(fact=fact, subject=subject, command=_DECLARE.format(fact=fact, bearer=bearer, subject=subject))
