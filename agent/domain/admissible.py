"""
What each fact may stand for: one audit when it is settled, several when something awaits a decision.

A value is an audit on a day, or its absence (None). The files of one ADS run are one fact.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import product
from typing import TYPE_CHECKING

from agent.domain.coverage import ExposedElement, Scope, concerns, covers
from agent.domain.facts import AdsAuditFact, ExposureAuditFact, Fact, FindingFact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Json = dict[str, object]

# What is said of a file besides its bytes: two copies may contradict each other.
STATED = ("directory", "date", "score", "tool", "surfaces")
BEST_SCORE, WORST_SCORE = 5.0, 1.0
# Days that the evaluation contract accepts; a fact outside them is undated.
_OLDEST, _LATEST = "1900-01-01", "2999-12-31"
INDUSTRIAL, SILENE = "INDUSTRIAL", "SILENE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Perimeter:
    """
    What the configuration says of the candidate, in the words of the evaluation contract.

    `base` is a scenario without audits and without `as_of`; `elements` give each surface
    its names and addresses; `directories` the configured slugs.
    """

    base: Json
    elements: tuple[ExposedElement, ...] = ()
    directories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFact:
    """
    A current fact, the evidence it was read from, and the day that evidence was received (ISO).

    `content` tells evidence of the same bytes; `decided` is the rank of the last decision about it, `settled`
    that of the last one that stated its score, None without one.
    """

    evidence: str
    fact: Fact
    received_on: str | None = None
    content: str | None = None
    decided: int | None = None
    settled: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdsValue:
    """One ADS run as it may have been."""

    evidence: str
    day: str
    directories: tuple[str, ...]
    score: float
    report_available: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureValue:
    """One exposure audit as it may have been; each finding names its surface."""

    evidence: str
    day: str
    tool: str
    covers: tuple[str, ...]
    findings: tuple[tuple[str, str, float | None], ...]  # id, surface, score (None: critical by its label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A fact that a person must settle: the evidence, what kind it is, the fields."""

    evidence: str
    kind: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Every value that one run may have (prudent one last), and the doubt behind them when there are several."""

    values: tuple[AdsValue | ExposureValue | None, ...]
    received_on: str
    doubts: tuple[Doubt, ...] = field(default=())


def one_per_content(known: Iterable[KnownFact]) -> list[KnownFact]:
    """
    Keep one fact of each kind for the same bytes received several times.

    What a person decided last wins; without a decision, what the copies state differently is open again.
    """
    copies: dict[tuple[str, str], list[KnownFact]] = {}
    for position, item in enumerate(known):
        copies.setdefault((item.fact.kind, item.content or f"#{position}"), []).append(item)
    return [_one_copy(items) for items in copies.values()]


def _one_copy(items: Sequence[KnownFact]) -> KnownFact:
    decided = [item for item in items if item.decided is not None]
    if decided:
        return max(decided, key=lambda item: item.decided or 0)
    last = items[-1]
    stated = [name for name in STATED if hasattr(last.fact, name)]
    differing = [name for name in stated if len({getattr(item.fact, name) for item in items}) > 1]
    if not differing:
        return last
    undecided = tuple(dict.fromkeys((*last.fact.undecided, *differing)))
    return replace(last, fact=replace(last.fact, **dict.fromkeys(differing), undecided=undecided))  # type: ignore[arg-type]


def ads_choices(known: Iterable[KnownFact], perimeter: Perimeter, *, window: tuple[str, str]) -> list[Choice]:
    """Return what each ADS run may have been; `window` is the first and the last day that count (ISO)."""
    runs: dict[tuple[str, str] | int, list[tuple[KnownFact, AdsAuditFact]]] = {}
    for position, item in enumerate(known):
        fact = item.fact
        if isinstance(fact, AdsAuditFact):
            is_placed = fact.directory is not None and fact.date is not None
            key = (str(fact.directory), str(fact.date)) if is_placed else position
            runs.setdefault(key, []).append((item, fact))
    dated = sorted(key[1] for key in runs if isinstance(key, tuple) and _OLDEST <= key[1] <= _LATEST)
    return [
        _ads_choice(files, perimeter, _days(files[0][0], files[0][1].date, dated, window)) for files in runs.values()
    ]


def exposure_choices(known: Iterable[KnownFact], perimeter: Perimeter, *, window: tuple[str, str]) -> list[Choice]:
    """Return what each exposure audit may have been; `window` is the first and the last day that count (ISO)."""
    audits = [(item, item.fact) for item in known if isinstance(item.fact, ExposureAuditFact)]
    dated = sorted(fact.date for _, fact in audits if fact.date is not None and _OLDEST <= fact.date <= _LATEST)
    return [_exposure_choice(item, fact, perimeter, _days(item, fact.date, dated, window)) for item, fact in audits]


def _days(item: KnownFact, stated: str | None, dated: Sequence[str], window: tuple[str, str]) -> tuple[str, ...]:
    """
    Return the days that a run may have had: the stated one, else the edges of the window and the widest silence.

    A run is never later than the arrival of its file; one that arrived before the window lies outside it.
    """
    if stated is not None and _OLDEST <= stated <= _LATEST:
        return (stated,)
    first, last = window
    latest = min(last, item.received_on or last)
    if latest < first:
        return ()
    edges = [first, *(day for day in dated if first < day < latest), latest]
    gap = max(range(len(edges) - 1), key=lambda index: _distance(edges[index], edges[index + 1]))
    middle = date.fromisoformat(edges[gap]) + timedelta(days=_distance(edges[gap], edges[gap + 1]) // 2)
    return tuple(dict.fromkeys((latest, middle.isoformat(), first)))


def _distance(start: str, end: str) -> int:
    return (date.fromisoformat(end) - date.fromisoformat(start)).days


def _ads_choice(files: Sequence[tuple[KnownFact, AdsAuditFact]], perimeter: Perimeter, days: Sequence[str]) -> Choice:
    item, fact = files[0]
    scores = _scores(files)
    unplaced = fact.directory is None or fact.date is None or fact.directory not in perimeter.directories
    directories = perimeter.directories if fact.directory is None else (fact.directory,)
    directories = tuple(slug for slug in directories if slug in perimeter.directories)
    values: list[AdsValue | None] = []
    if directories:
        values.extend(
            AdsValue(
                evidence=item.evidence,
                day=day,
                directories=directories,
                score=score,
                report_available=fact.report_available_on or day,
            )
            for day in days
            for score in scores
        )
    if unplaced or not values:
        values.append(None)
    fields = list(fact.undecided)
    if len(scores) > 1 and "score" not in fields:
        fields.append("score")
    if fact.directory is not None and not directories and "directory" not in fields:
        fields.append("directory")
    doubts = tuple(
        Doubt(evidence=one.evidence, kind="ads_audit", fields=tuple(fields)) for one, _ in files[-1:] if fields
    )
    return Choice(values=tuple(values), received_on=item.received_on or "", doubts=doubts)


def _scores(files: Sequence[tuple[KnownFact, AdsAuditFact]]) -> tuple[float, ...]:
    """Return the scores that a run may have, best first: what a person said last, else all that its files say."""
    said = [(item.settled, fact.score) for item, fact in files if item.settled is not None and fact.score is not None]
    if said:
        return (max(said)[1],)
    scores = {fact.score for _, fact in files if fact.score is not None}
    if not scores or any("score" in fact.undecided for _, fact in files):
        scores |= {BEST_SCORE, WORST_SCORE}
    return tuple(sorted(scores, reverse=True))


def _exposure_choice(item: KnownFact, fact: ExposureAuditFact, perimeter: Perimeter, days: Sequence[str]) -> Choice:
    coverages = _coverages(fact, perimeter)
    tools = (fact.tool,) if fact.tool is not None else (SILENE, INDUSTRIAL)
    unscored = _unscored_values(fact)
    values: list[ExposureValue | None] = [
        ExposureValue(
            evidence=item.evidence,
            day=day,
            tool=tool,
            covers=covered,
            findings=tuple(_findings(fact, covered, perimeter, unscored_is_critical=critical)),
        )
        for day, tool, covered, critical in product(days, tools, coverages, unscored)
        if covered
    ]
    if fact.date is None or fact.tool is None or not fact.complete or () in coverages or not values:
        values.append(None)
    fields = list(fact.undecided)
    for name, is_open in (
        ("surfaces", len(coverages) > 1 or not any(coverages)),
        ("complete", not fact.complete),
        ("findings", len(unscored) > 1),
    ):
        if is_open and name not in fields:
            fields.append(name)
    doubts = (Doubt(evidence=item.evidence, kind=fact.kind, fields=tuple(fields)),) if fields else ()
    return Choice(values=tuple(dict.fromkeys(values)), received_on=item.received_on or "", doubts=doubts)


def _coverages(fact: ExposureAuditFact, perimeter: Perimeter) -> tuple[tuple[str, ...], ...]:
    if fact.surfaces is not None:
        known = {element.id for element in perimeter.elements}
        return (tuple(slug for slug in fact.surfaces if slug in known),)
    if not fact.scope and not fact.hosts_seen:
        return (tuple(element.id for element in perimeter.elements), ())
    scope = Scope.of([*fact.scope, *fact.hosts_seen], discovers=fact.discovers)
    return (tuple(element.id for element in perimeter.elements if covers(scope, element)),)


def _unscored_values(fact: ExposureAuditFact) -> tuple[bool, ...]:
    """Return what the findings without a score may be: critical or not, until a person says which."""
    if fact.unscored_critical is not None:
        return (fact.unscored_critical,)
    return (False, True) if any(finding.cvss is None for finding in fact.findings) else (False,)


def _findings(
    fact: ExposureAuditFact, covered: Sequence[str], perimeter: Perimeter, *, unscored_is_critical: bool
) -> Iterable[tuple[str, str, float | None]]:
    elements = [element for element in perimeter.elements if element.id in covered]
    for finding in fact.findings:
        if finding.cvss is None and not unscored_is_critical:
            continue
        # A finding that no covered element claims weighs on all of them: it is never dropped.
        for slug in _concerned(finding, elements) or covered:
            yield finding.id, slug, finding.cvss


def _concerned(finding: FindingFact, elements: Sequence[ExposedElement]) -> list[str]:
    return [element.id for element in elements if concerns(element, finding.asset)]
