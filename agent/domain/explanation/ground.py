"""What the steps of one audited objective are drawn from: the scenario, the admissible readings, the citations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import cast

from agent.domain.explanation.steps import Audit
from agent.domain.programme import Objective, ReadingValue, Source, Subject
from agent.domain.rules.outcome import Reading
from agent.domain.rules.score import Scores
from agent.domain.rules.timeline import Timeline
from agent.domain.scenario import Scenario
from agent.domain.units.unit import Frame, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One objective of one scenario; `prudent` is the first admissible value of each reading."""

    frame: Frame
    admissible: Mapping[str, tuple[ReadingValue, ...]]
    prudent: Mapping[str, ReadingValue]

    @classmethod
    def of(cls, scenario: Scenario, objective: Objective) -> Ground:
        """Return the ground of an objective."""
        admissible = scenario.admissible(objective)
        return cls(
            frame=Frame(scenario=scenario, objective=objective),
            admissible=admissible,
            prudent={name: values[0] for name, values in admissible.items()},
        )

    @property
    def scenario(self) -> Scenario:
        """The scenario, undecided facts at their worst."""
        return self.frame.scenario

    @property
    def objective(self) -> Objective:
        """The objective."""
        return self.frame.objective

    def cited(self, *tests: str) -> tuple[Source, ...]:
        """Return the sources of the named tests, each once."""
        return tuple(dict.fromkeys(source for test in tests for source in self.objective.citations.get(test, ())))

    def varying(self, *names: str) -> Iterator[Reading]:
        """Yield the prudent reading with every admissible value of `names`, the last varying fastest."""
        axes = [name for name in names if name in self.admissible]
        for values in product(*(self.admissible[name] for name in axes)):
            yield {**self.prudent, **dict(zip(axes, values, strict=True))}

    def counting(self, *, lost: bool) -> Reading:
        """Return the prudent reading, audits whose report is lost counted or not."""
        return {**self.prudent, "lost_report": "counted" if lost else "not_counted"}

    def ways(self, unit: Unit) -> dict[bool | None, Timeline | Scores]:
        """
        Return what counts of a directory or surface, with lost reports (True) and without (False).

        Under the key None alone when no report is lost or one way is pinned.
        """
        found = [
            (value == "counted", cast("Timeline | Scores", unit.material(self.counting(lost=value == "counted"))))
            for value in self.admissible.get("lost_report", ("counted",))
        ]
        if len({material.runs for _, material in found}) == 1:
            return {None: found[0][1]}
        return dict(found)

    def audit(self, unit: Unit, audit_id: str, *, lost: bool = False) -> Audit:
        """Return an audit of a unit as a step shows it; an ADS run with the directory's score."""
        if self.objective.subject is Subject.DIRECTORIES:
            run = next(one for one in self.scenario.ads_audits if one.id == audit_id)
            return Audit(id=run.id, on=run.day, tool=run.tool, lost=lost, score=run.score_of(unit.id))
        found = next(one for one in self.scenario.exposure_audits if one.id == audit_id)
        return Audit(id=found.id, on=found.day, tool=found.tool.value, lost=lost)
