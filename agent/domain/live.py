"""
The live evaluation: the vault's current facts, judged by the same code as a scenario in a file.

An undecided fact is evaluated with every value it may have. The verdicts on which they all
agree stand; the others become `at_risk` with `NEEDS_DECISION` (DESIGN §2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from agent.domain.admissible import (
    AdsValue,
    Choice,
    ExposureValue,
    Json,
    KnownFact,
    Perimeter,
    ads_choices,
    exposure_choices,
    one_per_content,
)
from agent.domain.decided import rerating_of
from agent.domain.facts import Decision, DirectoryFact, DocumentFact, Fact
from agent.domain.rules.outcome import Reason
from agent.domain.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from agent.domain.decided import Rerating

CONFIRM = "confirm"
MOST_SCENARIOS = 256
_OPTIONS = {
    "directory": "--directory ID",
    "date": "--date AAAA-MM-JJ",
    "score": "--score N",
    "tool": "--tool INDUSTRIAL|SILENE|CYBERSURVEILLANCE",
    "surfaces": "--surface ID",
    "complete": "--accept-partial",
    "findings": "--no-critical|--critical",
    "kind": "--kind TYPE",
}
CONFIRMED_FIELDS = tuple(_OPTIONS)

Value = AdsValue | ExposureValue | None
Assessment = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """A fact that a person must settle: the fields, and the command that does it."""

    evidence: str
    kind: str
    fields: tuple[str, ...]
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAssessment:
    """
    The assessment on a day (contract JSON), what a person must settle, and the prudent scenario behind it.

    `scenario` holds each undecided fact at its worst: what is planned is planned on it.
    """

    document: Assessment
    questions: tuple[OpenQuestion, ...]
    scenario: Json


@dataclass(frozen=True, slots=True)
class _Family:
    """Audits that bear on the objectives of one prefix, and on no other."""

    prefix: str
    key: str
    audits: Callable[[Iterable[Value]], list[Json]]
    choices: Sequence[Choice]


def confirm_command(evidence: str, fields: Iterable[str]) -> str:
    """Return what a person types to settle `fields` of an evidence item."""
    return " ".join(("carenage inbox confirm", evidence, *(_OPTIONS[name] for name in fields)))


def settle(known: Iterable[KnownFact], decisions: Sequence[Decision]) -> list[KnownFact]:
    """Return the facts with what people confirmed in them; the last confirmation of a field wins."""
    values: dict[str, dict[str, object]] = {}
    scored: dict[str, int] = {}
    decided: dict[str, int] = {}
    for rank, decision in enumerate(decisions):
        if decision.decision == CONFIRM and decision.evidence is not None:
            values.setdefault(decision.evidence, {}).update(decision.values)
            decided[decision.evidence] = rank
            if "score" in decision.values:
                scored[decision.evidence] = rank
    return [
        replace(
            item,
            fact=_with_values(item.fact, values[item.evidence]),
            decided=decided[item.evidence],
            settled=scored.get(item.evidence),
        )
        if item.evidence in values
        else item
        for item in known
    ]


def evaluate_live(
    perimeter: Perimeter,
    known: Sequence[KnownFact],
    decisions: Sequence[Decision],
    *,
    as_of: str,
    evaluate: Callable[[Json], Assessment],
    reratings: Sequence[Rerating] = (),
) -> LiveAssessment:
    """
    Return the assessment on `as_of`, by the one `evaluate`, and the open questions.

    ADS runs bear on the objectives O1 and exposure audits on O2, so the two families vary apart.
    """
    settled = one_per_content(settle(known, decisions))
    base = {**perimeter.base, "as_of": as_of}
    blank = evaluate(base)
    window = (min(blank["phase_start"], as_of), min(blank["declaration"], as_of))
    exposures = partial(_exposure_audits, reratings=reratings)
    families = (
        _Family("D1.O1", "ads_audits", _ads_audits, ads_choices(settled, perimeter, window=window)),
        _Family("D1.O2", "exposure_audits", exposures, exposure_choices(settled, perimeter, window=window)),
    )
    prudent = {family.key: family.audits(choice.values[-1] for choice in family.choices) for family in families}
    merged: Assessment = {**blank, "objectives": {}}
    for family in families:
        picks, is_whole = _picks(family.choices)
        assessments = [evaluate({**base, **prudent, family.key: family.audits(pick)}) for pick in picks]
        for objective in blank["objectives"]:
            if objective.startswith(family.prefix):
                merged["objectives"][objective] = _agree(
                    [one["objectives"][objective] for one in assessments], is_whole=is_whole
                )
    choices = [choice for family in families for choice in family.choices]
    return LiveAssessment(document=merged, questions=tuple(_questions(settled, choices)), scenario={**base, **prudent})


def _picks(choices: Sequence[Choice]) -> tuple[list[tuple[Value, ...]], bool]:
    """
    Return the combinations of values to evaluate, prudent one first, and whether they are all of them.

    Beyond MOST_SCENARIOS: all prudent, all best, then each other value of the newest facts over both.
    """
    if prod(len(choice.values) for choice in choices) <= MOST_SCENARIOS:
        return [*product(*(tuple(reversed(choice.values)) for choice in choices))], True
    baselines = [tuple(choice.values[-1] for choice in choices), tuple(choice.values[0] for choice in choices)]
    found = list(baselines)
    newest = sorted(range(len(choices)), key=lambda index: choices[index].received_on, reverse=True)
    for index in newest:
        for value in choices[index].values:
            found.extend((*base[:index], value, *base[index + 1 :]) for base in baselines)
    return list(dict.fromkeys(found))[:MOST_SCENARIOS], False


def _ads_audits(values: Iterable[Value]) -> list[Json]:
    """Return the ADS audits of a scenario; two runs of one directory on one day count once, at the lower score."""
    runs: dict[tuple[str, tuple[str, ...]], AdsValue] = {}
    for value in values:
        if isinstance(value, AdsValue):
            kept = runs.get((value.day, value.directories))
            if kept is None or value.score < kept.score:
                runs[(value.day, value.directories)] = value
    return [
        {
            "id": run.evidence,
            "date": run.day,
            "ads": list(run.directories),
            "score": run.score,
            "report_available": run.report_available,
            "downloaded": True,
        }
        for run in runs.values()
    ]


def _exposure_audits(values: Iterable[Value], reratings: Sequence[Rerating] = ()) -> list[Json]:
    """Return the exposure audits of a scenario; those of one day and tool count once, with all that they found."""
    days: dict[tuple[str, str], list[ExposureValue]] = {}
    for value in values:
        if isinstance(value, ExposureValue):
            days.setdefault((value.day, value.tool), []).append(value)
    return [_exposure_audit(day, tool, audits, reratings) for (day, tool), audits in days.items()]


def _exposure_audit(day: str, tool: str, audits: Sequence[ExposureValue], reratings: Sequence[Rerating]) -> Json:
    findings = dict.fromkeys(
        (*finding, rerating_of(reratings, finding[0], finding[1], audit=audit.evidence, day=day))
        for audit in audits
        for finding in audit.findings
    )
    return {
        "id": audits[0].evidence,
        "date": day,
        "tool": tool,
        "covers": list(dict.fromkeys(slug for audit in audits for slug in audit.covers)),
        "findings": [
            {
                "id": name,
                "surface": slug,
                **({"label": "critical"} if score is None else {"cvss": score}),
                **({"rerated": rerating.as_json()} if rerating else {}),
            }
            for name, slug, score, rerating in findings
        ],
    }


def _agree(objectives: Sequence[Mapping[str, Any]], *, is_whole: bool) -> Json:
    return {
        "candidate": _agreed([one["candidate"] for one in objectives], is_whole=is_whole),
        **{
            level: {
                unit: _agreed([one[level][unit] for one in objectives if unit in one[level]], is_whole=is_whole)
                for unit in objectives[0][level]
            }
            for level in ("establishments", "units")
        },
    }


def _agreed(entries: Sequence[Mapping[str, Any]], *, is_whole: bool) -> Json:
    """Return the entry that every value leads to; the soonest date, and every reason and reading of any of them."""
    verdicts = {entry["verdict"] for entry in entries}
    is_open = len(verdicts) > 1 or (not is_whole and verdicts != {Verdict.NOT_APPLICABLE})
    reasons = {code for entry in entries for code in entry["reasons"]}
    return {
        **entries[0],
        "verdict": Verdict.AT_RISK if is_open else entries[0]["verdict"],
        "reasons": sorted(reasons | ({Reason.NEEDS_DECISION} if is_open else set())),
        "contested": sorted({name for entry in entries for name in entry["contested"]}),
        "next_due": min((entry["next_due"] for entry in entries if entry["next_due"]), default=None),
    }


def _with_values(fact: Fact, values: Mapping[str, object]) -> Fact:
    names = set(fact.__dataclass_fields__) - {"kind", "undecided"}
    accepted = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items() if name in names
    }
    settled = {*values, *(["findings"] if "unscored_critical" in values else [])}
    if isinstance(fact, DocumentFact) and values.get("kind") != "document":
        settled.discard("kind")  # a kind that gave no fact of that kind has settled nothing
    undecided = tuple(name for name in fact.undecided if name not in settled)
    return replace(fact, **accepted, undecided=undecided)  # type: ignore[arg-type]


def _questions(known: Sequence[KnownFact], choices: Iterable[Choice]) -> Iterator[OpenQuestion]:
    for choice in choices:
        for doubt in choice.doubts:
            yield _question(doubt.evidence, doubt.kind, doubt.fields)
    for item in known:
        if isinstance(item.fact, DocumentFact | DirectoryFact) and item.fact.undecided:
            yield _question(item.evidence, item.fact.kind, item.fact.undecided)


def _question(evidence: str, kind: str, fields: Sequence[str]) -> OpenQuestion:
    command = confirm_command(evidence, fields)
    return OpenQuestion(evidence=evidence, kind=kind, fields=tuple(fields), command=command)
