"""The steps of an objective B: the last two scores of a directory, the last two audits of an exposed element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from agent.domain.deadlines import days_between
from agent.domain.explanation import steps
from agent.domain.explanation.ground import Ground
from agent.domain.rules import exposure_level, score
from agent.domain.rules.exposure_level import Exposure, ExposureRun
from agent.domain.rules.score import Scores
from agent.domain.units.unit import Unit

_SHOWN_BEFORE_LAST_TWO = 1


def scores_step(ground: Ground, unit: Unit) -> steps.LastScores:
    """Return the last two scores of a directory, with lost reports and without when that differs."""
    settings = ground.scenario.settings
    proved = {run.id for run in cast("Scores", unit.material(ground.counting(lost=False))).runs}
    tests = []
    for way, scores in cast("dict[bool | None, Scores]", ground.ways(unit)).items():
        needed = score.audits_needed(scores.runs, settings)
        shown = scores.runs[-score.NEEDED :]
        tests.append(
            steps.ScoresTest(
                audits=tuple(ground.audit(unit, one.id, lost=one.id not in proved) for one in shown),
                counts_lost=way,
                needed=needed,
                holds=not needed,
            )
        )
    return steps.LastScores(minimum=settings.min_score, tests=tuple(tests), sources=ground.cited("last_scores"))


def exposure_step(ground: Ground, unit: Unit, exposure: Exposure) -> steps.LastAudits:
    """Return the last two industrial audits of an exposed element, and the one before where it may stand for one."""
    settings, demands = ground.scenario.settings, exposure.demands
    runs = exposure.sequence(ground.prudent)
    shown = runs[-(exposure_level.NEEDED + (_SHOWN_BEFORE_LAST_TWO if demands.antepenultimate else 0)) :]
    asked = ["critical", *(["high"] if demands.high_recurrence else []), *(["age"] if demands.last_audit_ages else [])]
    return steps.LastAudits(
        audits=tuple(_audit(ground, unit, run) for run in shown),
        tests=_tests(ground, unit, exposure),
        age_days=days_between(runs[-1].day, exposure.seen_on) if runs else None,
        age_limit_days=settings.o2b_last_max_age if demands.last_audit_ages else None,
        rescue_limit_days=settings.antepenultimate_days if demands.antepenultimate else None,
        window_opens=exposure.window_opens,
        window_closes=exposure.last_day,
        sources=ground.cited(*asked, "rescue"),
    )


def _audit(ground: Ground, unit: Unit, run: ExposureRun) -> steps.Audit:
    return replace(
        ground.audit(unit, run.id),
        criticals=run.criticals("ge"),
        criticals_above_9=run.criticals("gt"),
        highs=len(run.highs("ge")),
    )


def _tests(ground: Ground, unit: Unit, exposure: Exposure) -> tuple[steps.ExposureTest, ...]:
    """Return one test per reading; those that give the same figures stand once, the reading that differs unnamed."""
    tests = []
    for reading in ground.varying("cvss9", "high_recurrence"):
        runs = exposure.sequence(reading)
        rescuing = exposure_level.rescue(exposure, reading)
        outcome = unit.outcome(reading)
        tests.append(
            steps.ExposureTest(
                cvss9=reading["cvss9"],
                high_recurrence=reading.get("high_recurrence"),
                criticals=tuple(run.criticals(reading["cvss9"]) for run in runs[-exposure_level.NEEDED :]),
                rescued_by=rescuing.id if rescuing else None,
                rescue_days=days_between(rescuing.day, runs[-1].day) if rescuing else None,
                lasting_highs=tuple(sorted(exposure_level.lasting_highs(exposure, reading))),
                broken=tuple(sorted(code.value for code in outcome.reasons)) if outcome else (),
                needed=exposure_level.audits_needed(exposure, reading),
                holds=outcome is not None and outcome.state.holds,
            )
        )
    return _without_high_recurrence(_without_cvss9(tests))


def _without_cvss9(tests: Sequence[steps.ExposureTest]) -> tuple[steps.ExposureTest, ...]:
    return _merged(tests, [replace(test, cvss9=None) for test in tests], {test.cvss9 for test in tests})


def _without_high_recurrence(tests: Sequence[steps.ExposureTest]) -> tuple[steps.ExposureTest, ...]:
    unnamed = [replace(test, high_recurrence=None) for test in tests]
    return _merged(tests, unnamed, {test.high_recurrence for test in tests})


def _merged(
    tests: Sequence[steps.ExposureTest], unnamed: Sequence[steps.ExposureTest], values: set[object]
) -> tuple[steps.ExposureTest, ...]:
    """Return the tests without a reading's name when each of its `values` gives the same ones, else as they are."""
    distinct = tuple(dict.fromkeys(unnamed))
    return distinct if len(distinct) * len(values) == len(tests) else tuple(tests)
