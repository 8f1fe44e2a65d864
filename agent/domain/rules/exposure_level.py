"""No critical vulnerability in the last two industrial audits of an exposed element (D1.O2.B)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from agent.domain.answers import Admissible, Answers, ask
from agent.domain.deadlines import add_days, days_between
from agent.domain.programme import Settings
from agent.domain.rules.outcome import Outcome, Reading, Reason, lost, recoverable, satisfied

if TYPE_CHECKING:
    from agent.domain.scenario import Finding

NEEDED = 2
PRUDENT: Reading = {"cvss9": "ge", "high_recurrence": "blocking", "silene_in_sequence": "ignored"}

_LOOKED_AT = NEEDED + 1  # the antepenultimate may stand for the one before the last
_CRITICAL_FROM, _HIGH_FROM = 9, 7
_CRITICAL_LABELS = frozenset({"critique", "rouge", "critical"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerability:
    """One finding with the severity that holds; `id` is stable across audits."""

    id: str
    cvss: int | float | None = None
    label: str | None = None

    @classmethod
    def of(cls, finding: Finding) -> Vulnerability:
        """Return what a scenario's finding is to the rule."""
        return cls(id=finding.id, cvss=finding.severity.cvss, label=finding.severity.label)

    def is_critical(self, cvss9: object) -> bool:
        """Return whether it is critical when a score of exactly 9 is (`ge`) or is not (`gt`)."""
        if self.cvss is None:
            return self.label is not None and self.label.strip().casefold() in _CRITICAL_LABELS
        return self.cvss > _CRITICAL_FROM or (cvss9 == "ge" and self.cvss == _CRITICAL_FROM)

    def is_high(self, cvss9: object) -> bool:
        """Return whether it is high without being critical."""
        return self.cvss is not None and self.cvss >= _HIGH_FROM and not self.is_critical(cvss9)


class Gravest(NamedTuple):
    """How many findings are critical and high under a reading, and the ids of the latter."""

    criticals: int
    high_count: int
    highs: frozenset[str]

    @classmethod
    def of(cls, found: Sequence[Vulnerability], cvss9: str) -> Gravest:
        """Return the gravest of some findings, a score of exactly 9 being critical (`ge`) or not (`gt`)."""
        highs = [one.id for one in found if one.is_high(cvss9)]
        return cls(len([one for one in found if one.is_critical(cvss9)]), len(highs), frozenset(highs))

    def with_those_of(self, other: Gravest) -> Gravest:
        """Return the gravest of both."""
        return Gravest(self.criticals + other.criticals, self.high_count + other.high_count, self.highs | other.highs)


@dataclass(frozen=True)
class Findings:
    """Findings of one audit, counted once however many elements they weigh on."""

    found: tuple[Vulnerability, ...]

    @cached_property
    def by_limit(self) -> tuple[Gravest, Gravest]:
        """The gravest of them where a score of exactly 9 is critical, and where it is not."""
        return Gravest.of(self.found, "ge"), Gravest.of(self.found, "gt")


@dataclass(frozen=True, kw_only=True)
class ExposureRun:
    """
    One audit of one exposed element; only those of an `industrial` platform validate the objective.

    `everywhere`: what it found on all that it covered; `here`: on this element alone.
    """

    id: str
    day: date
    industrial: bool
    everywhere: Findings
    here: Findings

    def criticals(self, cvss9: object) -> int:
        """Return how many critical findings it has."""
        return self._gravest(cvss9).criticals

    def highs(self, cvss9: object) -> frozenset[str]:
        """Return the ids of its high findings."""
        return self._gravest(cvss9).highs

    @property
    def high_count(self) -> int:
        """How many findings are high where a score of 9 is critical."""
        return self._gravest("ge").high_count

    @property
    def has_nines(self) -> bool:
        """Whether a finding is critical or not as a reading says."""
        return self.criticals("ge") > self.criticals("gt")

    def _gravest(self, cvss9: object) -> Gravest:
        return self._by_limit[0 if cvss9 == "ge" else 1]

    @cached_property
    def _by_limit(self) -> tuple[Gravest, ...]:
        if not self.here.found:
            return self.everywhere.by_limit
        pairs = zip(self.everywhere.by_limit, self.here.by_limit, strict=True)
        return tuple(everywhere.with_those_of(here) for everywhere, here in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What a programme asks beyond two clean audits."""

    last_audit_ages: bool
    antepenultimate: bool
    high_recurrence: bool


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """
    The audits of one exposed element that count, oldest first, SILENE included.

    No audit counts before `start`; `seen_on` is the day of the photo.
    """

    runs: tuple[ExposureRun, ...]
    start: date
    as_of: date
    seen_on: date
    declaration: date
    demands: Demands
    settings: Settings

    @property
    def last_day(self) -> date:
        """The last day of an audit whose report arrives before the declaration."""
        return add_days(self.declaration, -self.settings.lead_days_industrial)

    @property
    def window_opens(self) -> date | None:
        """The first day of a last audit still young at the declaration, None where age does not matter."""
        if not self.demands.last_audit_ages:
            return None
        return add_days(self.declaration, 1 - self.settings.o2b_last_max_age)

    def first_day(self, reading: Reading) -> date:
        """Return the first day on which another audit is possible: one a day."""
        day = max(self.as_of, self.start)
        runs = self.sequence(reading)
        return add_days(day, 1) if runs and runs[-1].day == day else day

    def sequence(self, reading: Reading) -> tuple[ExposureRun, ...]:
        """Return the audits that the tests run on."""
        if reading.get("silene_in_sequence") == "blocking":
            return self.runs
        return self.industrial

    @cached_property
    def industrial(self) -> tuple[ExposureRun, ...]:
        """The audits of industrial platforms."""
        return tuple([run for run in self.runs if run.industrial])


def judge(exposure: Exposure, admissible: Admissible) -> Answers[Outcome]:
    """Return what the last audits say of one exposed element; the readings that cannot matter to it are not asked."""
    return ask(admissible, _mattering(exposure), lambda reading: exposure_level(exposure, {**PRUDENT, **reading}))


def _mattering(exposure: Exposure) -> Iterator[str]:
    """Yield the readings on which an outcome may depend: the tests look at the last audits of a sequence only."""
    looked_at = exposure.industrial[-_LOOKED_AT:]
    if len(exposure.industrial) < len(exposure.runs):
        yield "silene_in_sequence"
        looked_at += exposure.runs[-_LOOKED_AT:]
    if any(run.has_nines for run in looked_at):
        yield "cvss9"
    if any(run.highs("gt") for run in looked_at):
        yield "high_recurrence"


def exposure_level(exposure: Exposure, reading: Reading) -> Outcome:
    """Return what the last audits say of one exposed element; every broken test is named."""
    settings = exposure.settings
    runs = exposure.sequence(reading)
    reasons = _reasons(exposure, runs, reading)
    needed = _needed(exposure, runs, reasons, reading)
    due = _next_due(exposure, runs, reading, needed) if needed else None
    if not reasons:
        return satisfied(due, as_of=exposure.as_of, warn_days=settings.warn_days)
    if exposure.as_of >= exposure.declaration or not _feasible(exposure, reading, needed):
        return lost(*reasons)
    return recoverable(*reasons, next_due=due)


def audits_needed(exposure: Exposure, reading: Reading) -> int:
    """Return how many further clean industrial audits are needed at the declaration: 0, 1 or 2."""
    runs = exposure.sequence(reading)
    return _needed(exposure, runs, _reasons(exposure, runs, reading), reading)


def _needed(exposure: Exposure, runs: Sequence[ExposureRun], reasons: Sequence[Reason], reading: Reading) -> int:
    if not reasons and not _too_old_at_declaration(exposure, runs):
        return 0
    if not runs or not runs[-1].industrial:
        return NEEDED
    if not runs[-1].criticals(reading["cvss9"]):
        return 1
    opens = exposure.window_opens
    first_day = exposure.first_day(reading)
    day = first_day if opens is None else max(first_day, opens)
    return 1 if _rescued_by_one_on(day, exposure, runs, reading) else NEEDED


def rescue(exposure: Exposure, reading: Reading) -> ExposureRun | None:
    """Return the antepenultimate audit that stands for a critical penultimate one, None when none does."""
    runs = exposure.sequence(reading)
    if len(runs) < NEEDED or not runs[-2].criticals(reading["cvss9"]):
        return None
    return _antepenultimate(runs[:-1], runs[-1].day, exposure, reading)


def lasting_highs(exposure: Exposure, reading: Reading) -> frozenset[str]:
    """Return the ids of the high findings that are in both audits of the pair that counts."""
    runs = exposure.sequence(reading)
    if len(runs) < NEEDED:
        return frozenset()
    cvss9 = reading["cvss9"]
    return (rescue(exposure, reading) or runs[-2]).highs(cvss9) & runs[-1].highs(cvss9)


def earliest_achievable(exposure: Exposure, needed: int) -> date | None:
    """
    Return the first day on which the objective can be reached at the declaration, None when it is.

    `needed`: how many further audits that takes under the prudent reading.
    """
    if not needed:
        return None
    day = add_days(exposure.first_day(PRUDENT), needed - 1)
    opens = exposure.window_opens
    return add_days(day if opens is None else max(day, opens), exposure.settings.lead_days_industrial)


def _reasons(exposure: Exposure, runs: Sequence[ExposureRun], reading: Reading) -> list[Reason]:
    settings, demands, cvss9 = exposure.settings, exposure.demands, reading["cvss9"]
    reasons: list[Reason] = []
    if runs and runs[-1].criticals(cvss9):
        reasons.append(Reason.CRITICAL_IN_LAST)
    if any(not run.industrial for run in runs[-NEEDED:]):
        reasons.append(Reason.SILENE_IN_LAST_TWO)
    if len(runs) < NEEDED:
        return [Reason.NOT_ENOUGH_AUDITS, *reasons]
    earlier, last = runs[-2], runs[-1]
    if earlier.criticals(cvss9):
        kept = _antepenultimate(runs[:-1], last.day, exposure, reading)
        if kept is None:
            reasons.append(Reason.CRITICAL_IN_PENULTIMATE)
        else:
            earlier = kept
    blocking = demands.high_recurrence and reading["high_recurrence"] == "blocking"
    if blocking and earlier.highs(cvss9) & last.highs(cvss9):
        reasons.append(Reason.HIGH_NOT_FIXED)
    if demands.last_audit_ages and days_between(last.day, exposure.seen_on) >= settings.o2b_last_max_age:
        reasons.append(Reason.LAST_AUDIT_TOO_OLD)
    return reasons


def _antepenultimate(
    before_last: Sequence[ExposureRun], last_day: date, exposure: Exposure, reading: Reading
) -> ExposureRun | None:
    """Return the audit that may stand for the critical last of `before_last`, None when the rule does not allow it."""
    if not exposure.demands.antepenultimate or len(before_last) < NEEDED:
        return None
    candidate = before_last[-2]
    near = days_between(candidate.day, last_day) <= exposure.settings.antepenultimate_days
    clean = candidate.industrial and not candidate.criticals(reading["cvss9"])
    return candidate if near and clean else None


def _rescued_by_one_on(day: date, exposure: Exposure, runs: Sequence[ExposureRun], reading: Reading) -> bool:
    return _antepenultimate(runs, day, exposure, reading) is not None


def _too_old_at_declaration(exposure: Exposure, runs: Sequence[ExposureRun]) -> bool:
    opens = exposure.window_opens
    return opens is not None and exposure.as_of < exposure.declaration and runs[-1].day < opens


def _next_due(exposure: Exposure, runs: Sequence[ExposureRun], reading: Reading, needed: int) -> date:
    last_day = exposure.last_day
    if runs and runs[-1].criticals(reading["cvss9"]):
        return last_day if _rescued_by_one_on(last_day, exposure, runs, reading) else add_days(last_day, -1)
    return add_days(last_day, -(needed - 1))


def _feasible(exposure: Exposure, reading: Reading, needed: int) -> bool:
    opens = exposure.window_opens
    first_last = add_days(exposure.first_day(reading), needed - 1)
    return (first_last if opens is None else max(first_last, opens)) <= exposure.last_day
