"""What-if: audits that people suppose, written on a command line, put into a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from agent.domain.scenario import ExposureTool
from agent.domain.written_day import WrittenDayError, read_day

Json = dict[str, object]

ADS, EXPOSURE, EVERYTHING = "ads", "exposure", "*"
LOWEST_SCORE, HIGHEST_SCORE = 1, 5
_FEWEST_PARTS = 4
_FINDINGS: dict[str, list[Json]] = {
    "clean": [],
    "high": [{"id": "supposed-high", "cvss": 8.0}],
    "critical": [{"id": "supposed-critical", "cvss": 9.8}],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposition:
    """One audit that people suppose: of `units` (`*` alone: all), on a day, with its result."""

    kind: str
    unit: str
    day: date
    score: float | None = None
    result: str = "clean"
    tool: str = ExposureTool.INDUSTRIAL.value


class FaultCode(StrEnum):
    """Why a supposition is not understood."""

    KIND = "kind"
    PARTS = "parts"
    UNIT = "unit"
    DAY = "day"
    PAST_DAY = "past_day"
    LATE_DAY = "late_day"
    SCORE = "score"
    RESULT = "result"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong in one `--with` option (`where`, as it was written), with what tells it to people."""

    where: str
    code: FaultCode
    values: Mapping[str, object] = field(default_factory=dict)


def parse_suppositions(
    texts: Iterable[str], *, directories: Sequence[str], surfaces: Sequence[str], as_of: date, last_day: date
) -> tuple[tuple[Supposition, ...], tuple[Fault, ...]]:
    """
    Return what `--with` options say, and every fault of every option; those at fault suppose nothing.

    The units must be of these ids, the days from `as_of` to `last_day`.
    """
    known = {ADS: directories, EXPOSURE: surfaces}
    read = [_Option(text, known, as_of, last_day) for text in texts]
    parsed = [(one.parse(), one.faults) for one in read]
    found = tuple(one for one, faults in parsed if one is not None and not faults)
    return found, tuple(fault for _, faults in parsed for fault in faults)


class _Option:
    """One option, read with all its faults."""

    def __init__(self, text: str, known: Mapping[str, Sequence[str]], as_of: date, last_day: date) -> None:
        self.text = text
        self.known = known
        self.as_of = as_of
        self.last_day = last_day
        self.faults: list[Fault] = []

    def parse(self) -> Supposition | None:
        """Return what the option supposes, None without its parts; meaningless when there are faults."""
        kind, *rest = self.text.strip().split(":")
        if kind not in self.known:
            self._fault(FaultCode.KIND)
            return None
        if len(rest) < _FEWEST_PARTS - 1:
            self._fault(FaultCode.PARTS)
            return None
        written_unit, written_day, *results = rest
        known = self.known[kind]
        unit = {one.casefold(): one for one in known}.get(written_unit.casefold(), written_unit)
        if unit != EVERYTHING and unit not in known:
            self._fault(FaultCode.UNIT, kind=kind, unit=unit, known=tuple(known))
        day = self._day(written_day)
        if kind == ADS:
            return Supposition(kind=kind, unit=unit, day=day, score=self._score(results))
        result, tool = self._exposure(results)
        return Supposition(kind=kind, unit=unit, day=day, result=result, tool=tool)

    def _fault(self, code: FaultCode, **values: object) -> None:
        self.faults.append(Fault(where=self.text, code=code, values=values))

    def _day(self, written: str) -> date:
        try:
            day = read_day(written)
        except WrittenDayError as error:
            self._fault(FaultCode.DAY, fault=error.fault)
            return self.as_of
        if day < self.as_of:
            self._fault(FaultCode.PAST_DAY, day=day)
        elif day > self.last_day:
            self._fault(FaultCode.LATE_DAY, day=day, declaration=self.last_day)
        return day

    def _score(self, results: Sequence[str]) -> float | None:
        name, _, value = results[0].partition("=")
        try:
            score = float(value.replace(",", ".")) if name == "score" and len(results) == 1 else None
        except ValueError:
            score = None
        if score is None or not LOWEST_SCORE <= score <= HIGHEST_SCORE:
            self._fault(FaultCode.SCORE)
        return score

    def _exposure(self, results: Sequence[str]) -> tuple[str, str]:
        result, tool = "clean", ExposureTool.INDUSTRIAL.value
        for one in results:
            name, equals, value = one.partition("=")
            if one in _FINDINGS:
                result = one
            elif equals and name == "tool" and value in {ExposureTool.INDUSTRIAL.value, ExposureTool.SILENE.value}:
                tool = value
            else:
                self._fault(FaultCode.RESULT, result=one)
        return result, tool


def suppose(
    scenario: Mapping[str, Any], suppositions: Sequence[Supposition], *, declaration: date | None = None
) -> tuple[dict[str, Any], frozenset[str]]:
    """
    Return the scenario (contract's input) with the supposed audits and declaration, and the ids of those audits.

    The scenario given is left as it is.
    """
    runs, audits = list(scenario.get("ads_audits") or ()), list(scenario.get("exposure_audits") or ())
    taken = {str(one["id"]) for one in (*runs, *audits)}
    ids: list[str] = []
    for one in suppositions:
        name = _free_id(f"supposed-{len(ids) + 1}", taken)
        ids.append(name)
        taken.add(name)
        if one.kind == ADS:
            directories = (
                [str(item["id"]) for item in scenario.get("ads") or ()] if one.unit == EVERYTHING else [one.unit]
            )
            runs.append({"id": name, "date": one.day.isoformat(), "ads": directories, "score": one.score})
        else:
            covers: object = EVERYTHING if one.unit == EVERYTHING else [one.unit]
            findings = [dict(finding) for finding in _FINDINGS[one.result]]
            audits.append(
                {"id": name, "date": one.day.isoformat(), "tool": one.tool, "covers": covers, "findings": findings}
            )
    changed = {**scenario, "ads_audits": runs, "exposure_audits": audits}
    if declaration is not None:
        changed["phase"] = {**scenario["phase"], "declaration": declaration.isoformat()}
    return changed, frozenset(ids)


def _free_id(wanted: str, taken: Iterable[str]) -> str:
    name, ids = wanted, set(taken)
    while name in ids:
        name += "-bis"
    return name
