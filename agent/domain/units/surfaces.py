"""Exposed elements as units: their audits and findings (D1.O2)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from datetime import date

from agent.domain.answers import Answers, always
from agent.domain.programme import RuleName
from agent.domain.rules import exposure_level
from agent.domain.rules.exposure_level import Demands, Exposure, ExposureRun, Findings, Vulnerability
from agent.domain.rules.outcome import NOT_APPLICABLE, Outcome
from agent.domain.rules.timeline import Run, Timeline
from agent.domain.scenario import ExposureAudit, ExposureTool, SurfaceKind
from agent.domain.units.unit import Frame, Numbers, Unit, UnitJudgement, latest

_NOTHING = Findings(())


def surface_units(frame: Frame) -> Iterable[Unit]:
    """Yield the exposed elements that the objective looks at; those exposed and audited alike are judged once."""
    surfaces = _SurfaceExposure(frame) if frame.objective.rule is RuleName.EXPOSURE_LEVEL else _SurfaceCadence(frame)
    judgements: dict[object, UnitJudgement] = {}
    for surface in frame.scenario.surfaces:
        owners = frame.scenario.candidate.owners(surface.establishments)
        if owners is None or surface.kind is SurfaceKind.VENDOR_SAAS:
            continue
        start = max(frame.start, surface.exposed_from or frame.start)
        alike = (start, surfaces.looks(surface.id))
        if alike not in judgements:
            judgements[alike] = surfaces.judgement(surface.id, start)
        yield Unit(surface.id, owners, judgements[alike])


class _Surfaces(ABC):
    """The audits that may count for an objective, and which elements each of them looked at."""

    def __init__(self, frame: Frame, counts: Callable[[ExposureTool], bool]) -> None:
        self.frame = frame
        self.audits = [
            audit
            for audit in frame.scenario.exposure_audits
            if counts(audit.tool) and frame.start <= audit.day <= frame.scenario.as_of
        ]
        self._of_everything = [place for place, audit in enumerate(self.audits) if audit.covers is None]
        self._of_some: dict[str, list[int]] = {}
        for place, audit in enumerate(self.audits):
            for surface in audit.covers or ():
                self._of_some.setdefault(surface, []).append(place)

    @abstractmethod
    def judgement(self, surface: str, start: date) -> UnitJudgement:
        """Return what the rule says of an element exposed since `start`."""

    def looks(self, surface: str) -> object:
        """Return what tells an element's audits from those of another one."""
        return tuple(self._of_some.get(surface, ()))

    def places(self, surface: str, start: date, seen_on: date) -> list[int]:
        """Return the places of an element's audits that count, oldest first."""
        places = sorted([*self._of_everything, *self._of_some.get(surface, ())])
        return [place for place in places if start <= self.audits[place].day <= seen_on]


class _SurfaceCadence(_Surfaces):
    def __init__(self, frame: Frame) -> None:
        super().__init__(frame, lambda tool: tool in frame.objective.tools)
        self._runs = [Run(id=audit.id, day=audit.day) for audit in self.audits]

    def judgement(self, surface: str, start: date) -> UnitJudgement:
        frame = self.frame
        timelines = {end: self._timeline(surface, start, end) for end in frame.phase_ends.distinct}
        return UnitJudgement(
            frame.phase_ends.then(lambda end: frame.rhythm.judge(timelines[end])),
            frame.cadence_numbers(timelines[frame.phase_end(frame.prudent)]),
            lambda reading: timelines[frame.phase_end(reading)],
        )

    def _timeline(self, surface: str, start: date, phase_end: date) -> Timeline:
        as_of = self.frame.scenario.as_of
        return Timeline(
            start=start,
            own_start=start > self.frame.start,
            as_of=as_of,
            phase_end=phase_end,
            retired=None,
            runs=tuple([self._runs[place] for place in self.places(surface, start, min(as_of, phase_end))]),
        )


class _SurfaceExposure(_Surfaces):
    def __init__(self, frame: Frame) -> None:
        super().__init__(frame, lambda tool: tool is not ExposureTool.CYBERSURVEILLANCE)
        objective = frame.objective
        self._demands = Demands(
            last_audit_ages=objective.last_audit_ages,
            antepenultimate=objective.antepenultimate,
            high_recurrence=objective.high_recurrence,
        )
        self._runs: list[ExposureRun] = []
        self._own_runs: dict[str, dict[int, ExposureRun]] = {}
        for place, audit in enumerate(self.audits):
            here: dict[str, list[Vulnerability]] = {}
            for finding in audit.findings:
                if finding.surface is not None:
                    here.setdefault(finding.surface, []).append(Vulnerability.of(finding))
            everywhere = Findings(tuple([Vulnerability.of(one) for one in audit.findings if one.surface is None]))
            self._runs.append(self._run(audit, everywhere, _NOTHING))
            for surface, found in here.items():
                run = self._run(audit, everywhere, Findings(tuple(found)))
                self._own_runs.setdefault(surface, {})[place] = run

    def looks(self, surface: str) -> object:
        return super().looks(surface), surface if surface in self._own_runs else None

    def judgement(self, surface: str, start: date) -> UnitJudgement:
        exposure = self._exposure(surface, start)
        outcomes: Answers[Outcome | None] = (
            always(NOT_APPLICABLE)
            if start > exposure.declaration
            else exposure_level.judge(exposure, self.frame.admissible)
        )
        return UnitJudgement(outcomes, self._numbers(exposure), lambda _: exposure)

    def _exposure(self, surface: str, start: date) -> Exposure:
        scenario, own = self.frame.scenario, self._own_runs.get(surface, {})
        seen_on = min(scenario.as_of, scenario.phase.declaration)
        return Exposure(
            runs=tuple([own.get(place, self._runs[place]) for place in self.places(surface, start, seen_on)]),
            start=start,
            as_of=scenario.as_of,
            seen_on=seen_on,
            declaration=scenario.phase.declaration,
            demands=self._demands,
            settings=scenario.settings,
        )

    def _numbers(self, exposure: Exposure) -> Numbers:
        final = self.frame.final
        needed = exposure_level.audits_needed(exposure, exposure_level.PRUDENT)
        last_two = exposure.industrial[-exposure_level.NEEDED :]
        return {
            **latest(exposure.industrial, exposure.seen_on),
            "critical_last_two": sum(run.criticals("ge") for run in last_two),
            "critical_last_two_gt9": sum(run.criticals("gt") for run in last_two),
            "high_last_two": sum(run.high_count for run in last_two),
            "audits_needed": None if final else needed,
            "earliest_achievable": None if final else exposure_level.earliest_achievable(exposure, needed),
            "last_audit_window_opens": None if final else exposure.window_opens,
        }

    def _run(self, audit: ExposureAudit, everywhere: Findings, here: Findings) -> ExposureRun:
        is_industrial = audit.tool in self.frame.objective.tools
        return ExposureRun(id=audit.id, day=audit.day, industrial=is_industrial, everywhere=everywhere, here=here)
