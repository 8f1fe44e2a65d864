"""The steps of an objective (or prerequisite) that people declare: its conditions, its share, its readings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, cast

from agent.domain.decided import Pin
from agent.domain.declaration import Bearer, Declaration, FactKind
from agent.domain.declared import judge_declared, perimeter_of
from agent.domain.explanation import steps
from agent.domain.explanation.parts import CANDIDATE, ESTABLISHMENT, OBJECTIVE, day_of, entry_of, parts_step
from agent.domain.explanation.readings import reading_step, result_of
from agent.domain.explanation.share import share_step
from agent.domain.programme import DeclaredObjective, Programme, ReadingValue
from agent.domain.scenario import Scenario
from agent.domain.verdict import Verdict

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredReasoning:
    """The steps of one declared objective; `judged` is its part of the assessment `document`, `scenario` its input."""

    programme: Programme
    objective: DeclaredObjective
    document: Json
    judged: Json
    scenario: Scenario
    declarations: Sequence[Declaration]
    kinds: Mapping[str, FactKind]
    pins: Mapping[str, Pin]

    def deciding_unit(self, subject: steps.Topic) -> steps.Topic | None:
        """Return the one establishment whose conditions explain the candidate; None when several decide, or itself."""
        if subject.kind != CANDIDATE or self.judged["candidate"]["numbers"].get("conditions"):
            return None
        parts = parts_step(ESTABLISHMENT, self.judged["establishments"], every=True).parts
        deciding = [
            part.id
            for part in parts
            if part.decides and self.judged["establishments"][part.id]["numbers"].get("conditions")
        ]
        return steps.Topic(kind=ESTABLISHMENT, id=deciding[0]) if len(deciding) == 1 else None

    def told(self, subject: steps.Topic, through: steps.Topic | None) -> Iterator[steps.Step]:
        """Yield the steps of the candidate or of an establishment, with the conditions of the one that decides."""
        entry = entry_of(self.judged, subject)
        establishments = self.judged["establishments"]
        if subject.kind == CANDIDATE and len(establishments) > 1 and not entry["numbers"].get("conditions"):
            yield parts_step(ESTABLISHMENT, establishments, every=self.objective.share_percent is None)
            if self.objective.share_percent is not None:
                yield self._share(self.objective.share_percent)
        yield from self._engaged(entry)
        shown = through or subject
        yield from self._conditions(shown, entry_of(self.judged, shown))
        due = day_of(entry["next_due"])
        if due is not None and entry["verdict"] in {Verdict.MET, Verdict.AT_RISK}:
            yield steps.Remaining(audits=None, next_due=due)
        yield from self._readings(subject, entry)

    def _share(self, percent: int) -> steps.Share:
        return share_step(
            perimeter_of(self.programme, self.scenario.candidate),
            self.judged,
            threshold=Fraction(percent),
            minimum=None,
            sources=self.objective.sources,
        )

    def _engaged(self, entry: Json) -> Iterator[steps.Parts]:
        """Yield the optional objectives that a choice engages, each as it stands."""
        objectives = self.document["objectives"]
        chosen = [name for name in entry["numbers"].get("engaged", ()) if name in objectives]
        if chosen:
            entries = {name: objectives[name]["candidate"] for name in chosen}
            yield parts_step(OBJECTIVE, entries, every=True, sources=self.objective.sources)

    def _conditions(self, subject: steps.Topic, entry: Json) -> Iterator[steps.Conditions]:
        checks = entry["numbers"].get("conditions", ())
        if not checks:
            return
        facts = {self.objective.fact, *(one.fact for one in self.objective.conditions if one.fact is not None)}
        used = (one.id for one in self.declarations if one.fact in facts and _is_about(one, subject))
        yield steps.Conditions(
            fact=self.objective.fact,
            conditions=tuple(
                steps.ConditionResult(
                    label=check["label"],
                    field=check["field"],
                    holds=check["met"],
                    value=check["value"],
                    group=check["group"],
                    advice=check["advice"],
                )
                for check in checks
            ),
            command=self._command(subject),
            declarations=tuple(used),
            sources=self.objective.sources,
        )

    def _command(self, subject: steps.Topic) -> str:
        kind = self.kinds.get(self.objective.fact)
        is_borne = subject.kind == ESTABLISHMENT and kind is not None and kind.bearer is Bearer.ESTABLISHMENT
        return f"carenage declare {self.objective.fact}" + (f" --establishment {subject.id}" if is_borne else "")

    def _readings(self, subject: steps.Topic, entry: Json) -> Iterator[steps.Readings]:
        printed = {name: values for name, values in self.objective.readings.items() if len(values) > 1}
        pinned = [name for name in printed if len(self._admissible(name)) == 1]
        if printed:
            yield steps.Readings(
                readings=tuple(self._reading(name, subject) for name in [*entry["contested"], *pinned]),
                indifferent=tuple(name for name in printed if name not in pinned and name not in entry["contested"]),
            )

    def _admissible(self, name: str) -> tuple[ReadingValue, ...]:
        return self.scenario.admissible(self.objective)[name]

    def _reading(self, name: str, subject: steps.Topic) -> steps.ContestedReading:
        admissible = self._admissible(name)
        is_pinned = len(admissible) == 1
        results = []
        for value in dict.fromkeys((*admissible, *(self.objective.readings[name] if is_pinned else ()))):
            found = entry_of(self._pinned(name, value), subject)
            results.append(result_of(value, found, retained=is_pinned and value == admissible[0]))
        return reading_step(self.programme, name, results, is_pinned=is_pinned, pin=self.pins.get(name))

    def _pinned(self, name: str, value: ReadingValue) -> Json:
        """Return the objective's judgement on the same facts, one reading pinned."""
        scenario = replace(self.scenario, readings={**self.scenario.readings, name: (value,)})
        judged = judge_declared(self.programme, scenario, self.declarations, self.kinds)
        every = {**judged.objectives, **judged.prerequisites}
        return cast("Json", every[self.objective.id].as_json())


def _is_about(one: Declaration, subject: steps.Topic) -> bool:
    return subject.id is None or not one.subjects or subject.id in one.subjects
