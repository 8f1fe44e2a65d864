"""
The vault's current facts, turned into scenarios of the evaluation contract.

An undecided fact gives several scenarios: its best and its worst value. The verdicts on
which they agree stand; the others become `at_risk` with `NEEDS_DECISION` (DESIGN §2).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agent.domain.coverage import ExposedElement, Scope, concerns, covers
from agent.domain.facts import AdsAuditFact, Decision, ExposureAuditFact, Fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Json = dict[str, object]

CONFIRM = "confirm"
_BEST_SCORE, _WORST_SCORE = 5, 1
_MOST_VARIANTS = 64


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
    """A current fact, the evidence it was read from, and the day that evidence was received (ISO)."""

    evidence: str
    fact: Fact
    received_on: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """A fact that a person must settle: the fields, and the command that does it."""

    evidence: str
    kind: str
    fields: tuple[str, ...]
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """One audit under each value its fact may take, best first; a settled audit has a single value."""

    ads_audits: tuple[tuple[Json, ...], ...] = ((),)
    exposure_audits: tuple[tuple[Json, ...], ...] = ((),)

    @property
    def count(self) -> int:
        return max(len(self.ads_audits), len(self.exposure_audits))

    def pick(self, index: int) -> tuple[tuple[Json, ...], tuple[Json, ...]]:
        return (
            self.ads_audits[min(index, len(self.ads_audits) - 1)],
            self.exposure_audits[min(index, len(self.exposure_audits) - 1)],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveScenarios:
    """The scenarios to evaluate, prudent one first, and the questions behind their differences."""

    scenarios: tuple[Json, ...]
    questions: tuple[OpenQuestion, ...] = field(default=())


def settle(known: Iterable[KnownFact], decisions: Sequence[Decision]) -> list[KnownFact]:
    """Return the facts with what people confirmed in them; the last confirmation of a field wins."""
    confirmed: dict[str, dict[str, object]] = {}
    for decision in decisions:
        if decision.decision == CONFIRM and decision.evidence is not None:
            confirmed.setdefault(decision.evidence, {}).update(decision.values)
    return [
        replace(item, fact=_with_values(item.fact, confirmed[item.evidence])) if item.evidence in confirmed else item
        for item in known
    ]


def live_scenarios(perimeter: Perimeter, known: Sequence[KnownFact], *, as_of: str) -> LiveScenarios:
    """Return the scenarios that the facts and the perimeter stand for on `as_of` (ISO date)."""
    choices: list[_Choice] = []
    questions: list[OpenQuestion] = []
    for item in _one_per_run(known):
        choice = _choice(item, perimeter)
        if choice is None:
            continue
        choices.append(choice)
        if choice.count > 1 or item.fact.undecided:
            questions.append(_question(item))
    open_choices = [index for index, choice in enumerate(choices) if choice.count > 1]
    picks = [{index: choices[index].count - 1 for index in open_choices}]
    if open_choices:
        picks.append(dict.fromkeys(open_choices, 0))
        for index in open_choices:
            for value in range(choices[index].count):
                picks.append({**picks[0], index: value})
                picks.append({**picks[1], index: value})
    scenarios = []
    for pick in picks[:_MOST_VARIANTS]:
        chosen = [choice.pick(pick.get(index, 0)) for index, choice in enumerate(choices)]
        scenarios.append(
            {
                **perimeter.base,
                "as_of": as_of,
                "ads_audits": [audit for ads, _ in chosen for audit in ads],
                "exposure_audits": [audit for _, exposure in chosen for audit in exposure],
            }
        )
    return LiveScenarios(scenarios=tuple(scenarios), questions=tuple(questions))


def agree(assessments: Sequence[Json]) -> Json:
    """
    Merge assessments (contract JSON) of the same perimeter: verdicts that differ become `at_risk`.

    The first assessment is the prudent one; its numbers are kept.
    """
    merged = dict(assessments[0])
    objectives = _mapping(merged["objectives"])
    merged["objectives"] = {
        name: {
            "candidate": _agree_entry([_entry(one, name, "candidate", None) for one in assessments]),
            **{
                level: {
                    unit: _agree_entry([_entry(one, name, level, unit) for one in assessments])
                    for unit in _mapping(_mapping(objective)[level])
                }
                for level in ("establishments", "units")
            },
        }
        for name, objective in objectives.items()
    }
    return merged


def _agree_entry(entries: Sequence[Json | None]) -> Json:
    present = [entry for entry in entries if entry is not None]
    first = present[0]
    if len({str(entry["verdict"]) for entry in present}) == 1:
        return first
    return {
        **first,
        "verdict": "at_risk",
        "reasons": sorted({str(code) for entry in present for code in _list(entry["reasons"])} | {"NEEDS_DECISION"}),
        "contested": sorted({str(name) for entry in present for name in _list(entry["contested"])}),
        "next_due": min((str(entry["next_due"]) for entry in present if entry["next_due"]), default=None),
    }


def _entry(assessment: Json, objective: str, level: str, unit: str | None) -> Json | None:
    found = _mapping(_mapping(assessment["objectives"])[objective])[level]
    if unit is None:
        return _mapping(found)
    value = _mapping(found).get(unit)
    return None if value is None else _mapping(value)


def _mapping(value: object) -> Json:
    if not isinstance(value, dict):
        raise TypeError("an assessment is made of objects")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("reasons and contested are lists")
    return value


def _with_values(fact: Fact, values: Mapping[str, object]) -> Fact:
    names = set(fact.__dataclass_fields__) - {"kind", "undecided"}
    accepted = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items() if name in names
    }
    settled = {*values, *(["findings"] if "unscored_critical" in values else [])}
    undecided = tuple(name for name in fact.undecided if name not in settled)
    return replace(fact, **accepted, undecided=undecided)  # type: ignore[arg-type]


def _one_per_run(known: Sequence[KnownFact]) -> list[KnownFact]:
    """
    Keep one fact for the several files of one run.

    ADS scores that differ reopen the question. Of an exposure audit received twice the copy that leaves
    least undecided is kept, so that one clean audit never counts as the last two.
    """
    runs: dict[tuple[object, ...], KnownFact] = {}
    for position, item in enumerate(known):
        key = _run_key(item.fact) or ("alone", position)
        kept = runs.get(key)
        if kept is None:
            runs[key] = item
        elif isinstance(item.fact, AdsAuditFact):
            runs[key] = _merged_ads_run(kept, item, item.fact)
        elif len(item.fact.undecided) < len(kept.fact.undecided):
            runs[key] = item
    return list(runs.values())


def _run_key(fact: Fact) -> tuple[object, ...] | None:
    if isinstance(fact, AdsAuditFact) and fact.date is not None and fact.directory is not None:
        return ("ads", fact.directory, fact.date)
    if isinstance(fact, ExposureAuditFact) and fact.date is not None and fact.vendor_id is not None:
        return ("exposure", fact.vendor, fact.vendor_id, fact.date)
    return None


def _merged_ads_run(kept: KnownFact, item: KnownFact, fact: AdsAuditFact) -> KnownFact:
    earlier = kept.fact
    if not isinstance(earlier, AdsAuditFact) or earlier.score is None:
        return item
    if fact.score is None or fact.score == earlier.score:
        return kept
    return replace(item, fact=replace(fact, score=None, undecided=("score",)))


def _choice(item: KnownFact, perimeter: Perimeter) -> _Choice | None:
    fact = item.fact
    if isinstance(fact, AdsAuditFact):
        return _Choice(ads_audits=_ads_values(item, fact, perimeter))
    if isinstance(fact, ExposureAuditFact):
        return _Choice(exposure_audits=_exposure_values(item, fact, perimeter))
    return None


def _ads_values(item: KnownFact, fact: AdsAuditFact, perimeter: Perimeter) -> tuple[tuple[Json, ...], ...]:
    day = fact.date or item.received_on  # an undated run is at best as recent as its arrival
    if day is None:
        return ((),)
    directories = perimeter.directories if fact.directory is None else (fact.directory,)
    unknown = fact.date is None or fact.directory is None or fact.directory not in perimeter.directories
    scores = (fact.score,) if fact.score is not None else (_BEST_SCORE, _WORST_SCORE)
    audit: Json = {
        "id": item.evidence,
        "date": day,
        "ads": [slug for slug in directories if slug in perimeter.directories],
        "report_available": fact.report_available_on or day,
        "downloaded": True,
    }
    values: list[tuple[Json, ...]] = [({**audit, "score": score},) for score in scores if audit["ads"]]
    return (*values, ()) if unknown or not values else tuple(values)


def _exposure_values(item: KnownFact, fact: ExposureAuditFact, perimeter: Perimeter) -> tuple[tuple[Json, ...], ...]:
    day = fact.date or item.received_on
    if day is None:
        return ((),)
    coverage = _coverage(fact, perimeter)
    tools = (fact.tool,) if fact.tool is not None else ("INDUSTRIAL", "SILENE")
    values: list[tuple[Json, ...]] = []
    for tool in tools:
        for covered in coverage:
            for unscored_is_critical in _unscored_values(fact):
                audit: Json = {
                    "id": item.evidence,
                    "date": day,
                    "tool": tool,
                    "covers": list(covered),
                    "findings": _findings(fact, covered, perimeter, unscored_is_critical=unscored_is_critical),
                }
                values.append((audit,) if covered else ())
    if fact.date is None or fact.tool is None or not fact.complete:
        values.append(())  # not an audit that counts, until a person says so
    return tuple(values)


def _coverage(fact: ExposureAuditFact, perimeter: Perimeter) -> tuple[tuple[str, ...], ...]:
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
) -> list[Json]:
    elements = [element for element in perimeter.elements if element.id in covered]
    found: list[Json] = []
    for finding in fact.findings:
        severity: Json = {"cvss": finding.cvss}
        if finding.cvss is None:
            if not unscored_is_critical:
                continue
            severity = {"label": "critical"}
        concerned = [element.id for element in elements if concerns(element, finding.asset)]
        # A finding that no covered element claims weighs on all of them: it is never dropped.
        found.extend({"id": finding.id, **severity, "surface": slug} for slug in concerned)
        if not concerned:
            found.append({"id": finding.id, **severity})
    return found


def _question(item: KnownFact) -> OpenQuestion:
    fact = item.fact
    fields = list(fact.undecided)
    if isinstance(fact, ExposureAuditFact):
        if fact.surfaces is None and not fact.scope and not fact.hosts_seen and "surfaces" not in fields:
            fields.append("surfaces")
        if not fact.complete and "complete" not in fields:
            fields.append("complete")
        if len(_unscored_values(fact)) > 1 and "findings" not in fields:
            fields.append("findings")
    elif isinstance(fact, AdsAuditFact) and fact.directory is not None and not fields:
        fields.append("directory")
    options = {
        "directory": "--directory ID",
        "date": "--date AAAA-MM-JJ",
        "score": "--score N",
        "tool": "--tool INDUSTRIAL|SILENE",
        "surfaces": "--surface ID",
        "complete": "--accept-partial",
        "findings": "--no-critical|--critical",
    }
    shown = " ".join(options.get(name, f"--{name} …") for name in fields)
    return OpenQuestion(
        evidence=item.evidence,
        kind=fact.kind,
        fields=tuple(fields),
        command=f"carenage inbox confirm {item.evidence} {shown}".rstrip(),
    )


def evaluate_live(
    perimeter: Perimeter,
    known: Sequence[KnownFact],
    decisions: Sequence[Decision],
    *,
    as_of: str,
    evaluate: Callable[[Json], Json],
) -> tuple[Json, tuple[OpenQuestion, ...]]:
    """Return the assessment on `as_of` (contract JSON) and the open questions, by the one `evaluate`."""
    live = live_scenarios(perimeter, settle(known, decisions), as_of=as_of)
    return agree([evaluate(scenario) for scenario in live.scenarios]), live.questions
