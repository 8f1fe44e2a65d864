"""Exposed elements as units: their audits and findings (D1.O2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from agent.domain.programme import RuleName
from agent.domain.rules import exposure_level
from agent.domain.rules.exposure_level import Demands, Exposure, ExposureRun, Vulnerability
from agent.domain.rules.outcome import NOT_APPLICABLE, Outcome, Reading
from agent.domain.rules.timeline import Run, Timeline
from agent.domain.scenario import ExposureTool, Surface, SurfaceKind
from agent.domain.units.unit import Frame, Numbers, Unit, latest


def surface_units(frame: Frame) -> Iterable[Unit]:
    """Yield the exposed elements that the objective looks at."""
    unit = _SurfaceExposure if frame.objective.rule is RuleName.EXPOSURE_LEVEL else _SurfaceCadence
    for surface in frame.scenario.surfaces:
        owners = frame.scenario.candidate.owners(surface.establishments)
        if owners is not None and surface.kind is not SurfaceKind.VENDOR_SAAS:
            yield unit(surface, owners, frame)


class _SurfaceUnit(Unit):
    def __init__(self, surface: Surface, owners: frozenset[str], frame: Frame) -> None:
        super().__init__(surface.id, owners, frame)
        self.surface = surface
        self.start = max(frame.start, surface.exposed_from or frame.start)


class _SurfaceCadence(_SurfaceUnit):
    def __init__(self, surface: Surface, owners: frozenset[str], frame: Frame) -> None:
        super().__init__(surface, owners, frame)
        self._timelines: dict[date, Timeline] = {}

    def outcome(self, reading: Reading) -> Outcome | None:
        return self.frame.judge(self._timeline(self.frame.phase_end(reading)), reading)

    def material(self, reading: Reading) -> Timeline:
        return self._timeline(self.frame.phase_end(reading))

    def numbers(self, reading: Reading) -> Numbers:
        return self.frame.cadence_numbers(self._timeline(self.frame.phase_end(reading)))

    def _timeline(self, phase_end: date) -> Timeline:
        if phase_end not in self._timelines:
            scenario = self.frame.scenario
            seen_on = min(scenario.as_of, phase_end)
            self._timelines[phase_end] = Timeline(
                start=self.start,
                own_start=self.start > self.frame.start,
                as_of=scenario.as_of,
                phase_end=phase_end,
                retired=None,
                runs=tuple(
                    Run(id=audit.id, day=audit.day)
                    for audit in scenario.exposure_audits
                    if audit.tool in self.frame.objective.tools
                    and audit.covers_surface(self.id)
                    and self.start <= audit.day <= seen_on
                ),
            )
        return self._timelines[phase_end]


class _SurfaceExposure(_SurfaceUnit):
    def __init__(self, surface: Surface, owners: frozenset[str], frame: Frame) -> None:
        super().__init__(surface, owners, frame)
        scenario, objective = frame.scenario, frame.objective
        declaration = scenario.phase.declaration
        seen_on = min(scenario.as_of, declaration)
        runs = tuple(
            ExposureRun(
                id=audit.id,
                day=audit.day,
                industrial=audit.tool in objective.tools,
                found=tuple(
                    Vulnerability(id=finding.id, cvss=finding.severity.cvss, label=finding.severity.label)
                    for finding in audit.findings
                    if finding.surface in {None, self.id}
                ),
            )
            for audit in scenario.exposure_audits
            if audit.tool is not ExposureTool.CYBERSURVEILLANCE
            and audit.covers_surface(self.id)
            and self.start <= audit.day <= seen_on
        )
        self.exposure = Exposure(
            runs=runs,
            start=self.start,
            as_of=scenario.as_of,
            seen_on=seen_on,
            declaration=declaration,
            demands=Demands(
                last_audit_ages=objective.last_audit_ages,
                antepenultimate=objective.antepenultimate,
                high_recurrence=objective.high_recurrence,
            ),
            settings=scenario.settings,
        )

    def outcome(self, reading: Reading) -> Outcome | None:
        if self.start > self.exposure.declaration:
            return NOT_APPLICABLE
        return exposure_level.exposure_level(self.exposure, reading)

    def material(self, reading: Reading) -> Exposure:
        del reading
        return self.exposure

    def numbers(self, reading: Reading) -> Numbers:
        del reading
        exposure, final = self.exposure, self.frame.final
        runs = [run for run in exposure.runs if run.industrial]
        last_two = runs[-exposure_level.NEEDED :]
        return {
            **latest(runs, exposure.seen_on),
            "critical_last_two": sum(run.criticals("ge") for run in last_two),
            "critical_last_two_gt9": sum(run.criticals("gt") for run in last_two),
            "high_last_two": sum(one.is_high("ge") for run in last_two for one in run.found),
            "audits_needed": None if final else exposure_level.audits_needed(exposure, exposure_level.PRUDENT),
            "earliest_achievable": None if final else exposure_level.earliest_achievable(exposure),
            "last_audit_window_opens": None if final else exposure.window_opens,
        }
