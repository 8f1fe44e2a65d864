"""What-if: audits that people suppose, written on a command line, put into a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from agent.domain.errors import UsageError
from agent.domain.scenario import ExposureTool
from agent.domain.written_day import WrittenDayError, read_day

Json = dict[str, object]

ADS, EXPOSURE, EVERYTHING = "ads", "exposure", "*"
FORMS = (
    "Formes attendues : ads:ANNUAIRE:AAAA-MM-JJ:score=N ; exposure:SURFACE:AAAA-MM-JJ:clean "
    "(ou critical, high ; puis, au besoin, :tool=SILENE). « * » vaut pour tous les annuaires ou toutes les surfaces."
)
_LOWEST, _HIGHEST = 1, 5
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


def parse_suppositions(
    texts: Iterable[str], *, directories: Sequence[str], surfaces: Sequence[str], as_of: date, last_day: date
) -> tuple[Supposition, ...]:
    """
    Return what `--with` options say; the units must be of these ids, the days from `as_of` to `last_day`.

    Raises UsageError naming every fault of every option.
    """
    found: list[Supposition] = []
    problems: list[str] = []
    for text in texts:
        faults: list[str] = []
        one = _parse(text, {ADS: directories, EXPOSURE: surfaces}, as_of, last_day, faults)
        problems.extend(f"« {text[:80]} » : {fault}" for fault in faults)
        if one is not None and not faults:
            found.append(one)
    if problems:
        raise UsageError("Une supposition ne se comprend pas. " + " ; ".join(problems) + ".", hint=FORMS)
    return tuple(found)


def _parse(
    text: str, known: Mapping[str, Sequence[str]], as_of: date, last_day: date, faults: list[str]
) -> Supposition | None:
    kind, *rest = text.strip().split(":")
    if kind not in known:
        faults.append("elle doit commencer par « ads: » ou « exposure: »")
        return None
    if len(rest) < _FEWEST_PARTS - 1:
        faults.append("il manque l'annuaire ou la surface, le jour ou le résultat")
        return None
    unit, written, *results = rest
    unit = {one.casefold(): one for one in known[kind]}.get(unit.casefold(), unit)
    if unit != EVERYTHING and unit not in known[kind]:
        what = "annuaire" if kind == ADS else "surface"
        faults.append(f"{what} inconnu(e) « {unit[:40]} » ; connus : {', '.join(known[kind]) or 'aucun'}")
    day = _day(written, as_of, last_day, faults)
    if kind == ADS:
        score = _score(results, faults)
        return Supposition(kind=kind, unit=unit, day=day, score=score)
    result, tool = _exposure(results, faults)
    return Supposition(kind=kind, unit=unit, day=day, result=result, tool=tool)


def _day(written: str, as_of: date, last_day: date, faults: list[str]) -> date:
    try:
        day = read_day(written)
    except WrittenDayError as error:
        faults.append(str(error))
        return as_of
    if day < as_of:
        faults.append(f"le {day.isoformat()} est passé : une supposition porte sur un jour à venir")
    elif day > last_day:
        faults.append(
            f"le {day.isoformat()} vient après la déclaration ({last_day.isoformat()}) : il ne compterait pas"
        )
    return day


def _score(results: Sequence[str], faults: list[str]) -> float | None:
    name, _, value = results[0].partition("=")
    try:
        score = float(value.replace(",", ".")) if name == "score" and len(results) == 1 else None
    except ValueError:
        score = None
    if score is None or not _LOWEST <= score <= _HIGHEST:
        faults.append(f"il faut un seul résultat, score=N, N de {_LOWEST} à {_HIGHEST}")
        return None
    return score


def _exposure(results: Sequence[str], faults: list[str]) -> tuple[str, str]:
    result, tool = "clean", ExposureTool.INDUSTRIAL.value
    for one in results:
        name, equals, value = one.partition("=")
        if one in _FINDINGS:
            result = one
        elif equals and name == "tool" and value in {ExposureTool.INDUSTRIAL.value, ExposureTool.SILENE.value}:
            tool = value
        else:
            faults.append(f"« {one[:40]} » n'est ni clean, ni critical, ni high, ni tool=SILENE, ni tool=INDUSTRIAL")
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
