"""
The steps of a reasoning: codes and values, each with the texts it rests on.

Days are civil days, `days` whole numbers of them; shares are exact fractions in percent. A test that holds under
one reading and not under another stands once for each. French wording is in agent/texts/explanation.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import ClassVar

from agent.domain.programme import ReadingValue, Source

Json = dict[str, object]

START = "START"
"""Where the first interval begins: the phase's start, or the unit's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step; `sources` empty when it only counts."""

    kind: ClassVar[str]
    sources: tuple[Source, ...] = ()

    def as_json(self) -> Json:
        """Return the step as JSON: its kind, its values by name, its sources."""
        return {"kind": self.kind, **_fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseWindow(Step):
    """
    The phase in which everything is judged; `starts_on` is the unit's own start where it has one.

    `control` is the day until which the cadence runs when the phase is read to end with the control (2024).
    """

    kind = "window"
    phase_start: date
    declaration: date
    as_of: date
    last_day: date | None
    final: bool
    issues: tuple[str, ...] = ()
    starts_on: date | None = None
    control: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFact:
    """A fact of the vault that a person must settle, and the command that does it."""

    evidence: str
    fields: tuple[str, ...]
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A decision of the authority that is awaited: the kind of fact that records it, and what it is about."""

    fact: str
    subject: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions(Step):
    """What nobody has decided yet; while facts are open, the steps show them at their worst."""

    kind = "decisions"
    facts: tuple[OpenFact, ...] = ()
    awaited: tuple[Awaited, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One audit; what the objective does not look at is None. `lost`: its report can no longer be had."""

    id: str
    on: date
    tool: str
    lost: bool = False
    score: int | float | None = None
    criticals: int | None = None
    criticals_above_9: int | None = None
    highs: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Days from `since` to `until`: audit ids, `START`, or at the open end `AS_OF`, `DECLARATION` or `RETIRED`."""

    since: str
    until: str
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapTest:
    """
    The longest interval admitted by one reading, the longest there is (`longest_days`), the intervals `over` it.

    Admitted in `days` or in calendar `months`, neither: no maximum. `counts_lost` None where no report is lost.
    """

    reading: ReadingValue
    days: int | None
    months: int | None
    counts_lost: bool | None
    longest_days: int
    over: tuple[Interval, ...]
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline(Step):
    """The audits of one unit on a line, and the intervals between them, edges included."""

    kind = "timeline"
    start: date
    end: date
    audits: tuple[Audit, ...]
    intervals: tuple[Interval, ...]
    tests: tuple[GapTest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAuditTest:
    """The first audit's last day under one reading; `holds` None while it can still be run."""

    reading: ReadingValue
    last_day: date
    counts_lost: bool | None
    holds: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAudit(Step):
    """When the first audit was due, and when it came."""

    kind = "first_audit"
    on: date | None
    tests: tuple[FirstAuditTest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanTest:
    """
    `elapsed_days` over `intervals`, compared with `limit_days`, strictly or not.

    `mode` is `edges` or `between`; `days` None: too few audits for a mean, which nothing then forbids.
    """

    mode: str
    elapsed_days: int
    intervals: int
    days: Fraction | None
    limit_days: int
    strictly: bool
    counts_lost: bool | None
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean(Step):
    """The mean interval under each reading; `any_holds`: one of them is enough (2024)."""

    kind = "mean"
    tests: tuple[MeanTest, ...]
    any_holds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One ADS report that was not downloaded: gone, or to be had until `last_download_on`."""

    audit: str
    available_on: date
    last_download_on: date
    lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports(Step):
    """The reports that nobody has downloaded."""

    kind = "reports"
    months: int
    reports: tuple[Report, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoresTest:
    """The last two scores under one reading of lost reports, and how many runs are still needed (0, 1 or 2)."""

    audits: tuple[Audit, ...]
    counts_lost: bool | None
    needed: int
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LastScores(Step):
    """The last two ADS scores of a directory against the minimum."""

    kind = "last_scores"
    minimum: int | float
    tests: tuple[ScoresTest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureTest:
    """
    What the last two industrial audits say under one reading; `broken` are the reason codes.

    `rescued_by` is the antepenultimate audit that stands for a critical penultimate one, `rescue_days` its distance
    to the last. `lasting_highs` are the high findings of both audits. A reading is None where it changes nothing.
    """

    cvss9: ReadingValue | None
    high_recurrence: ReadingValue | None
    criticals: tuple[int, ...]
    rescued_by: str | None
    rescue_days: int | None
    lasting_highs: tuple[str, ...]
    broken: tuple[str, ...]
    needed: int
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAudits(Step):
    """
    The last two industrial audits of an exposed element, and the one before them.

    `age_limit_days` None: no limit; the last audit must fall in [`window_opens`, `window_closes`].
    """

    kind = "last_audits"
    audits: tuple[Audit, ...]
    tests: tuple[ExposureTest, ...]
    age_days: int | None
    age_limit_days: int | None
    rescue_limit_days: int | None
    window_opens: date | None
    window_closes: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining(Step):
    """What is still to be done: audits to run, the next due day, the first day of success."""

    kind = "remaining"
    audits: int | None
    next_due: date | None
    earliest_success: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a whole: an establishment, a directory or a surface, and how it stands under every reading."""

    kind: str
    id: str
    verdict: str
    reasons: tuple[str, ...]
    contested: tuple[str, ...]
    next_due: date | None
    decides: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts(Step):
    """The parts that make the whole, the worst first; `every`: all of them are needed."""

    kind = "parts"
    every: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareOf:
    """One establishment's weight; `state` is `holds`, `recoverable`, `lost` or `not_applicable`."""

    establishment: str
    activity: Fraction
    percent: Fraction
    state: str
    support: bool
    counted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Share(Step):
    """
    The arithmetic of the activity share, under the prudent readings.

    `percent` = 100 x `activity` / `whole` of the establishments counted, against `threshold`; `minimum` how many are
    needed (None where one applies only). `support_holds` None where no support is asked for; `under` names the
    reading that asks for a share rather than for everything.
    """

    kind = "share"
    establishments: tuple[ShareOf, ...]
    activity: Fraction
    whole: Fraction
    percent: Fraction
    threshold: Fraction
    share_holds: bool
    counted: int
    minimum: int | None
    support_holds: bool | None
    missing: tuple[str, ...]
    holds: bool
    under: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionResult:
    """One condition on a declared fact; `holds` None: nothing declared tells. `group` names its alternative."""

    label: str
    field: str
    holds: bool | None
    value: object
    group: str | None
    advice: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions(Step):
    """What a declared objective asks of the fact `fact`, the declarations looked at, how to declare (its start)."""

    kind = "conditions"
    fact: str
    conditions: tuple[ConditionResult, ...]
    command: str
    declarations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingResult:
    """What one value of a reading would give alone, the other readings left open; `retained`: it is the pinned one."""

    value: ReadingValue
    verdict: str
    reasons: tuple[str, ...]
    next_due: date | None
    retained: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Who pinned a reading, when, and on which answer; all None: the configuration did."""

    person: str | None = None
    on: date | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestedReading:
    """A question that the texts leave open; `settled` tells that, and by whom, one value was pinned."""

    name: str
    question: str
    results: tuple[ReadingResult, ...]
    sources: tuple[Source, ...]
    settled: Settled | None
    command: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings(Step):
    """The readings on which the verdict depends, those that are pinned, and the names of those that change nothing."""

    kind = "readings"
    readings: tuple[ContestedReading, ...]
    indifferent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What an explanation is about: the candidate (`id` None), an establishment, a directory or a surface."""

    kind: str
    id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """
    A verdict and the steps that lead to it.

    `assumes_worst`: facts are undecided, and the steps show them at their worst. `through`: the unit whose own steps
    explain the whole, when it alone decides.
    """

    programme: str
    programme_version: str
    programme_dated: date
    programme_label: str
    objective: str
    objective_label: str
    subject: Topic
    as_of: date
    verdict: str
    reasons: tuple[str, ...]
    contested: tuple[str, ...]
    next_due: date | None
    numbers: Mapping[str, object]
    assumes_worst: bool
    steps: tuple[Step, ...]
    through: Topic | None = None
    sources: tuple[Source, ...] = ()

    def as_json(self) -> Json:
        """Return the explanation as JSON (docs/reference/explanation.md)."""
        return {**_fields(self), "steps": [step.as_json() for step in self.steps]}


def _fields(value: object) -> Json:
    """Return the fields of a value by name, its sources last."""
    names = sorted((one.name for one in fields(value)), key=lambda name: name == "sources")  # type: ignore[arg-type]
    return {name: _json(getattr(value, name)) for name in names}


def _json(value: object) -> object:
    """Return a value as JSON; an exact figure is shown with two decimals unless it is whole."""
    if isinstance(value, Step):
        return value.as_json()
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, Mapping):
        return {str(name): _json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(round(value, 2))
    return value.value if isinstance(value, Enum) else value
