"""An evaluation scenario (contract/evaluation.md): decoded JSON in, typed values out, every fault named by its path."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from agent.domain.candidate import Candidate, CandidateType, Establishment
from agent.domain.errors import ScenarioError
from agent.domain.programme import READINGS, DeclaredObjective, Objective, Programme, ReadingValue, Settings

EnumT = TypeVar("EnumT", bound=StrEnum)
Number = int | float

EVERYTHING = "*"
READER_KEYS = frozenset({"comment", "source", "expected"})

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ID_PARTS = re.compile(r"([0-9]{1,18})|([^0-9]+)")
_DECIMAL = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
_MAX_TEXT = 1000
_MAX_ACTIVITY = 10**15
_MAX_DAYS = 36_500
_MAX_CVSS = 10
_NOWHERE = date(_FIRST_YEAR, 1, 1)


class DirectoryKind(StrEnum):
    """Where a directory lives."""

    ONPREM = "onprem"
    HYBRID = "hybrid"
    ENTRA_ONLY = "entra_only"


class SurfaceKind(StrEnum):
    """What an exposed element is; a vendor's SaaS is out of the scope."""

    OWN = "own"
    SHOWCASE = "showcase"
    SAAS_ACCESS_POINT = "saas_access_point"
    VENDOR_SAAS = "vendor_saas"


class ExposureTool(StrEnum):
    """What audited the exposure."""

    SILENE = "SILENE"
    INDUSTRIAL = "INDUSTRIAL"
    CYBERSURVEILLANCE = "CYBERSURVEILLANCE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """The operational phase as the candidate planned it; `start` may lie outside the programme's window."""

    start: date
    validated_on: date | None
    declaration: date
    control: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One directory (AD or Entra); `establishments` as written, `replaces` the directories it took over from."""

    id: str
    establishments: tuple[str, ...]
    kind: DirectoryKind
    in_service: date | None = None
    retired: date | None = None
    replaces: tuple[str, ...] = ()
    exempt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdsAudit:
    """One run on directories; `score` is one figure for all of them, or one for each (None: no figure)."""

    id: str
    day: date
    directories: frozenset[str]
    score: Number | Mapping[str, Number]
    tool: str
    report_available: date
    downloaded: bool

    def score_of(self, directory: str) -> Number | None:
        """Return the score of a directory, None when the run gives it none."""
        return self.score.get(directory) if isinstance(self.score, Mapping) else self.score


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """One exposed element."""

    id: str
    establishments: tuple[str, ...]
    kind: SurfaceKind
    exposed_from: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Severity:
    """How grave a finding is: a CVSS score, or what the report calls it."""

    cvss: Number | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding of an exposure audit, with the severity that holds; `surface` None: every covered one."""

    id: str
    severity: Severity
    surface: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureAudit:
    """One audit of exposed elements; `covers` None: all of them."""

    id: str
    day: date
    tool: ExposureTool
    covers: frozenset[str] | None
    findings: tuple[Finding, ...]

    def covers_surface(self, surface: str) -> bool:
        """Return whether the audit looked at a surface."""
        return self.covers is None or surface in self.covers


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One question to the rules: the state of a candidate's audits on `as_of`."""

    id: str
    programme: Programme
    candidate: Candidate
    phase: Phase
    as_of: date
    directories: tuple[Directory, ...]
    ads_audits: tuple[AdsAudit, ...]
    surfaces: tuple[Surface, ...]
    exposure_audits: tuple[ExposureAudit, ...]
    settings: Settings
    last_day: date
    readings: Mapping[str, tuple[ReadingValue, ...]]

    @property
    def phase_start(self) -> date:
        """The start that counts: the planned one, within the programme's window."""
        opens_on, closes_on = self.programme.window.bounds(self.phase.validated_on)
        return min(max(self.phase.start, opens_on), closes_on)

    def admissible(self, objective: Objective | DeclaredObjective) -> dict[str, tuple[ReadingValue, ...]]:
        """Return the values of each reading of an objective: those that the scenario chose, else the programme's."""
        return {name: self.readings.get(name, values) for name, values in objective.readings.items()}


def parse_scenario(
    value: object,
    programmes: Callable[[str], Programme | None],
    path: str = "$",
) -> Scenario:
    """
    Return the scenario that a decoded JSON value describes; `programmes` finds a programme by id.

    Lists come back in the order of their ids (audits: of their days), whatever order they were written in.
    Raises ScenarioError naming every fault.
    """
    reader = _Reader()
    scenario = _scenario(reader, value, programmes, path)
    if scenario is None or reader.problems:
        raise ScenarioError(
            "Le scénario ne peut pas être évalué.",
            problems=reader.problems,
            hint="Corrigez chaque emplacement cité, puis relancez l'évaluation.",
        )
    return scenario


def parse_scenarios(
    values: Sequence[object],
    programmes: Callable[[str], Programme | None],
    path: str = "$",
) -> list[Scenario]:
    """Return the scenarios of an array; raises one ScenarioError naming the faults of all of them."""
    scenarios: list[Scenario] = []
    problems: list[tuple[str, str]] = []
    for index, value in enumerate(values):
        try:
            scenarios.append(parse_scenario(value, programmes, f"{path}[{index}]"))
        except ScenarioError as error:
            problems.extend(error.problems)
    if problems:
        raise ScenarioError(
            "Les scénarios ne peuvent pas être évalués.",
            problems=problems,
            hint="Corrigez chaque emplacement cité, puis relancez l'évaluation.",
        )
    return scenarios


class _Reader:
    """Reads decoded JSON values; a fault is noted and a harmless value returned, so that all faults are found."""

    def __init__(self) -> None:
        self.problems: list[tuple[str, str]] = []

    def fault(self, path: str, message: str) -> None:
        self.problems.append((path, message))

    def fields(
        self, value: object, path: str, required: Iterable[str], optional: Iterable[str] = ()
    ) -> dict[str, object]:
        """Return an object's fields; an optional field that is null counts as absent."""
        if not isinstance(value, dict):
            self.fault(path, f"il faut un objet, pas {_shown(value)}")
            return {}
        required, optional = tuple(required), tuple(optional)
        for key in value:
            if key not in required and key not in optional and key not in READER_KEYS:
                self.fault(_member(path, key), "clé inconnue")
        for key in required:
            if key not in value:
                self.fault(_member(path, key), "clé obligatoire absente")
        return {key: item for key, item in value.items() if key in required or (key in optional and item is not None)}

    def items(self, value: object, path: str) -> Iterator[tuple[object, str]]:
        """Yield the elements of a list with their paths."""
        if not isinstance(value, list):
            self.fault(path, f"il faut une liste, pas {_shown(value)}")
            return
        for index, item in enumerate(value):
            yield item, f"{path}[{index}]"

    def text(self, value: object, path: str) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > _MAX_TEXT:
            self.fault(path, f"il faut un texte de 1 à {_MAX_TEXT} caractères, pas {_shown(value)}")
            return ""
        return value

    def texts(self, value: object, path: str) -> list[tuple[str, str]]:
        """Return the texts of a list, each with its path."""
        return [(self.text(item, place), place) for item, place in self.items(value, path)]

    def day(self, value: object, path: str) -> date:
        if isinstance(value, str) and _DAY.fullmatch(value):
            try:
                day = date.fromisoformat(value)
            except ValueError:
                pass
            else:
                if _FIRST_YEAR <= day.year <= _LAST_YEAR:
                    return day
        self.fault(path, f"il faut une date AAAA-MM-JJ, pas {_shown(value)}")
        return _NOWHERE

    def flag(self, value: object, path: str) -> bool:
        if not isinstance(value, bool):
            self.fault(path, f"il faut true ou false, pas {_shown(value)}")
            return False
        return value

    def number(self, value: object, path: str, low: int, high: int) -> Number:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fault(path, f"il faut un nombre, pas {_shown(value)}")
        elif not math.isfinite(value) if isinstance(value, float) else False:
            self.fault(path, "il faut un nombre fini")
        elif not low <= value <= high:
            self.fault(path, f"il faut un nombre entre {low} et {high}")
        else:
            return value
        return low

    def whole(self, value: object, path: str, low: int, high: int) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fault(path, f"il faut un nombre entier entre {low} et {high}, pas {_shown(value)}")
            return low
        return value

    def choice(self, value: object, path: str, kind: type[EnumT]) -> EnumT:
        values = [member.value for member in kind]
        if not isinstance(value, str) or value not in values:
            self.fault(path, f"il faut une de ces valeurs : {', '.join(values)} ; pas {_shown(value)}")
            return next(iter(kind))
        return kind(value)

    def exactly(self, value: object, path: str, expected: str) -> bool:
        if value != expected:
            self.fault(path, f"la seule valeur possible est « {expected} », pas {_shown(value)}")
            return False
        return True

    def known(self, name: str, path: str, ids: Iterable[str], what: str) -> None:
        """Note a reference to an id that nothing bears; an empty name is a fault already noted."""
        if name and name not in ids:
            self.fault(path, f"« {_cut(name)} » n'est l'identifiant d'aucun {what}")

    def unique(self, ids: Iterable[tuple[str, str]]) -> None:
        """Note each id borne twice; `ids` come with their paths."""
        seen: set[str] = set()
        for name, path in ids:
            if name and name in seen:
                self.fault(path, f"l'identifiant « {_cut(name)} » est déjà pris")
            seen.add(name)


def _scenario(
    reader: _Reader, value: object, programmes: Callable[[str], Programme | None], path: str
) -> Scenario | None:
    given = reader.fields(
        value,
        path,
        ("id", "programme", "candidate", "phase", "as_of"),
        ("ads", "ads_audits", "surfaces", "exposure_audits", "config"),
    )
    scenario_id = reader.text(given["id"], f"{path}.id") if "id" in given else ""
    programme = (
        _programme(reader, given["programme"], programmes, f"{path}.programme") if "programme" in given else None
    )
    candidate = _candidate(reader, given["candidate"], f"{path}.candidate") if "candidate" in given else None
    as_of = reader.day(given["as_of"], f"{path}.as_of") if "as_of" in given else _NOWHERE
    directories = _directories(reader, given.get("ads", []), f"{path}.ads")
    ads_audits = _ads_audits(reader, given.get("ads_audits", []), f"{path}.ads_audits", directories)
    surfaces = _surfaces(reader, given.get("surfaces", []), f"{path}.surfaces")
    exposure_audits = _exposure_audits(reader, given.get("exposure_audits", []), f"{path}.exposure_audits", surfaces)
    overrides, last_day, readings = _config(reader, given.get("config", {}), f"{path}.config")
    if last_day is None and programme is not None:
        last_day = programme.last_day
    phase = _phase(reader, given["phase"], f"{path}.phase", last_day) if "phase" in given and programme else None
    if programme is None or candidate is None or phase is None:
        return None
    return Scenario(
        id=scenario_id,
        programme=programme,
        candidate=candidate,
        phase=phase,
        as_of=as_of,
        directories=directories,
        ads_audits=ads_audits,
        surfaces=surfaces,
        exposure_audits=exposure_audits,
        settings=replace(programme.settings, **overrides),  # type: ignore[arg-type]
        last_day=last_day or phase.declaration,
        readings=readings,
    )


def _programme(
    reader: _Reader, value: object, programmes: Callable[[str], Programme | None], path: str
) -> Programme | None:
    name = reader.text(value, path)
    programme = programmes(name) if name else None
    if name and programme is None:
        reader.fault(path, f"le programme « {_cut(name)} » est inconnu")
    return programme


def _candidate(reader: _Reader, value: object, path: str) -> Candidate:
    given = reader.fields(value, path, ("type", "establishments"))
    places: list[tuple[str, str]] = []
    establishments: list[Establishment] = []
    for item, place in reader.items(given.get("establishments", []), f"{path}.establishments"):
        establishment = _establishment(reader, item, place)
        establishments.append(establishment)
        places.append((establishment.id, f"{place}.id"))
    reader.unique(places)
    kind = reader.choice(given["type"], f"{path}.type", CandidateType) if "type" in given else CandidateType.PRIVE
    return Candidate(type=kind, establishments=tuple(sorted(establishments, key=lambda one: one.id)))


def _establishment(reader: _Reader, value: object, path: str) -> Establishment:
    decisions = ("no_ad_decision", "no_exposure_decision")
    given = reader.fields(value, path, ("id", "activity"), ("support", "esms", "in_perimeter", *decisions))
    flags = {
        key: reader.flag(given[key], f"{path}.{key}") for key in ("support", "esms", "in_perimeter") if key in given
    }
    no_ad, no_exposure = (
        key in given and reader.exactly(given[key], f"{path}.{key}", "not_applicable") for key in decisions
    )
    return Establishment(
        id=reader.text(given["id"], f"{path}.id") if "id" in given else "",
        activity=_activity(reader, given["activity"], f"{path}.activity") if "activity" in given else Fraction(0),
        no_ad_decided=no_ad,
        no_exposure_decided=no_exposure,
        **flags,
    )


def _activity(reader: _Reader, value: object, path: str) -> Fraction:
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value):
            reader.fault(path, f"il faut un nombre décimal positif ou nul (point décimal), pas {_shown(value)}")
            return Fraction(0)
        return Fraction(Decimal(value))
    number = reader.number(value, path, 0, _MAX_ACTIVITY)
    return Fraction(Decimal(repr(number)))


def _phase(reader: _Reader, value: object, path: str, last_day: date | None) -> Phase:
    required, optional = ["start"], ["validation_date", "control_date"]
    (optional if last_day else required).append("declaration")
    given = reader.fields(value, path, required, optional)
    days = {key: reader.day(item, f"{path}.{key}") for key, item in given.items()}
    return Phase(
        start=days.get("start", _NOWHERE),
        validated_on=days.get("validation_date"),
        declaration=days.get("declaration", last_day or _NOWHERE),
        control=days.get("control_date"),
    )


def _directories(reader: _Reader, value: object, path: str) -> tuple[Directory, ...]:
    directories: list[Directory] = []
    places: list[str] = []
    replaced: list[list[tuple[str, str]]] = []
    for item, place in reader.items(value, path):
        given = reader.fields(
            item, place, ("id", "establishments", "kind"), ("in_service", "retired", "replaces", "decision")
        )
        names = reader.texts(given.get("replaces", []), f"{place}.replaces")
        replaced.append(names)
        places.append(place)
        directories.append(
            Directory(
                id=reader.text(given["id"], f"{place}.id") if "id" in given else "",
                establishments=_named(reader, given, place),
                kind=reader.choice(given["kind"], f"{place}.kind", DirectoryKind)
                if "kind" in given
                else DirectoryKind.ONPREM,
                in_service=reader.day(given["in_service"], f"{place}.in_service") if "in_service" in given else None,
                retired=reader.day(given["retired"], f"{place}.retired") if "retired" in given else None,
                replaces=tuple(sorted({name for name, _ in names})),
                exempt="decision" in given and reader.exactly(given["decision"], f"{place}.decision", "exempt"),
            )
        )
    reader.unique((directory.id, f"{place}.id") for directory, place in zip(directories, places, strict=True))
    ids = {directory.id for directory in directories}
    for names in replaced:
        for name, place in names:
            reader.known(name, place, ids, "annuaire")
    where = {directory.id: f"{place}.replaces" for directory, place in zip(directories, places, strict=True)}
    for name in _in_a_circle(directories):
        reader.fault(where[name], f"l'annuaire « {_cut(name)} » se remplace lui-même")
    return tuple(sorted(directories, key=lambda one: one.id))


def _in_a_circle(directories: Iterable[Directory]) -> list[str]:
    """Return the directories that take over from themselves, through others or not, sorted."""
    replaces = {one.id: set(one.replaces) for one in directories}
    found: set[str] = set()
    while True:
        try:
            TopologicalSorter(replaces).prepare()
        except CycleError as error:
            circle = error.args[1]
            found.update(circle)
            for name in circle:
                replaces[name] -= set(circle)
        else:
            return sorted(found)


def _named(reader: _Reader, given: Mapping[str, object], place: str) -> tuple[str, ...]:
    if "establishments" not in given:
        return ()
    return tuple(name for name, _ in reader.texts(given["establishments"], f"{place}.establishments"))


def _ads_audits(reader: _Reader, value: object, path: str, directories: Sequence[Directory]) -> tuple[AdsAudit, ...]:
    ids = {directory.id for directory in directories}
    audits: list[AdsAudit] = []
    places: list[tuple[str, str]] = []
    for item, place in reader.items(value, path):
        given = reader.fields(item, place, ("id", "date", "ads", "score"), ("tool", "report_available", "downloaded"))
        covered = reader.texts(given.get("ads", []), f"{place}.ads")
        for name, where in covered:
            reader.known(name, where, ids, "annuaire")
        day = reader.day(given["date"], f"{place}.date") if "date" in given else _NOWHERE
        available = given.get("report_available")
        audit = AdsAudit(
            id=reader.text(given["id"], f"{place}.id") if "id" in given else "",
            day=day,
            directories=frozenset(name for name, _ in covered),
            score=_score(reader, given["score"], f"{place}.score", ids) if "score" in given else 0,
            tool=reader.text(given["tool"], f"{place}.tool") if "tool" in given else "ADS",
            report_available=day if available is None else reader.day(available, f"{place}.report_available"),
            downloaded=reader.flag(given["downloaded"], f"{place}.downloaded") if "downloaded" in given else True,
        )
        audits.append(audit)
        places.append((audit.id, f"{place}.id"))
    reader.unique(places)
    return tuple(sorted(audits, key=_chronologically))


def _score(reader: _Reader, value: object, path: str, ids: Iterable[str]) -> Number | dict[str, Number]:
    if not isinstance(value, dict):
        return reader.number(value, path, -1000, 1000)
    for name in value:
        reader.known(name, _member(path, name), ids, "annuaire")
    return {
        name: reader.number(score, _member(path, name), -1000, 1000)
        for name, score in value.items()
        if score is not None
    }


def _surfaces(reader: _Reader, value: object, path: str) -> tuple[Surface, ...]:
    surfaces: list[Surface] = []
    places: list[tuple[str, str]] = []
    for item, place in reader.items(value, path):
        given = reader.fields(item, place, ("id", "establishments"), ("kind", "exposed_from"))
        surface = Surface(
            id=reader.text(given["id"], f"{place}.id") if "id" in given else "",
            establishments=_named(reader, given, place),
            kind=reader.choice(given["kind"], f"{place}.kind", SurfaceKind) if "kind" in given else SurfaceKind.OWN,
            exposed_from=reader.day(given["exposed_from"], f"{place}.exposed_from")
            if "exposed_from" in given
            else None,
        )
        surfaces.append(surface)
        places.append((surface.id, f"{place}.id"))
    reader.unique(places)
    return tuple(sorted(surfaces, key=lambda one: one.id))


def _exposure_audits(
    reader: _Reader, value: object, path: str, surfaces: Sequence[Surface]
) -> tuple[ExposureAudit, ...]:
    ids = {surface.id for surface in surfaces}
    audits: list[ExposureAudit] = []
    places: list[tuple[str, str]] = []
    for item, place in reader.items(value, path):
        given = reader.fields(item, place, ("id", "date", "tool", "covers", "findings"))
        findings = [
            _finding(reader, one, where, ids)
            for one, where in reader.items(given.get("findings", []), f"{place}.findings")
        ]
        audit = ExposureAudit(
            id=reader.text(given["id"], f"{place}.id") if "id" in given else "",
            day=reader.day(given["date"], f"{place}.date") if "date" in given else _NOWHERE,
            tool=reader.choice(given["tool"], f"{place}.tool", ExposureTool)
            if "tool" in given
            else ExposureTool.SILENE,
            covers=_covers(reader, given["covers"], f"{place}.covers", ids) if "covers" in given else None,
            findings=tuple(findings),
        )
        audits.append(audit)
        places.append((audit.id, f"{place}.id"))
    reader.unique(places)
    return tuple(sorted(audits, key=_chronologically))


def _covers(reader: _Reader, value: object, path: str, ids: Iterable[str]) -> frozenset[str] | None:
    if value == EVERYTHING:
        return None
    if not isinstance(value, list):
        reader.fault(path, f"il faut « * » ou une liste d'identifiants, pas {_shown(value)}")
        return None
    covered = reader.texts(value, path)
    if any(name == EVERYTHING for name, _ in covered):
        return None
    for name, place in covered:
        reader.known(name, place, ids, "élément exposé")
    return frozenset(name for name, _ in covered)


def _finding(reader: _Reader, value: object, path: str, ids: Iterable[str]) -> Finding:
    given = reader.fields(value, path, ("id",), ("surface", "cvss", "label", "rerated"))
    surface = reader.text(given["surface"], f"{path}.surface") if "surface" in given else None
    if surface is not None:
        reader.known(surface, f"{path}.surface", ids, "élément exposé")
    severity = _severity(reader, given, path)
    if "rerated" in given:
        rerated = reader.fields(given["rerated"], f"{path}.rerated", ("justified", "in_report"), ("cvss", "label"))
        proofs = [
            reader.flag(rerated[key], f"{path}.rerated.{key}") for key in ("justified", "in_report") if key in rerated
        ]
        other = _severity(reader, rerated, f"{path}.rerated")
        if all(proofs) and other != Severity():
            severity = other
    return Finding(
        id=reader.text(given["id"], f"{path}.id") if "id" in given else "", severity=severity, surface=surface
    )


def _severity(reader: _Reader, given: Mapping[str, object], path: str) -> Severity:
    return Severity(
        cvss=reader.number(given["cvss"], f"{path}.cvss", 0, _MAX_CVSS) if "cvss" in given else None,
        label=reader.text(given["label"], f"{path}.label") if "label" in given else None,
    )


def _config(
    reader: _Reader, value: object, path: str
) -> tuple[dict[str, Number], date | None, dict[str, tuple[ReadingValue, ...]]]:
    names = [field.name for field in fields(Settings)]
    given = reader.fields(value, path, (), ("readings", "declaration_deadline", *names))
    overrides = {name: _setting(reader, given[name], f"{path}.{name}", name) for name in names if name in given}
    last_day = (
        reader.day(given["declaration_deadline"], f"{path}.declaration_deadline")
        if "declaration_deadline" in given
        else None
    )
    return overrides, last_day, _readings(reader, given.get("readings", {}), f"{path}.readings")


def _setting(reader: _Reader, value: object, path: str, name: str) -> Number:
    if name == "share_threshold":
        return reader.number(value, path, 0, 100)
    if name == "min_score":
        return reader.number(value, path, -1000, 1000)
    at_least_one = name in {"mean_days", "gap_days"}
    return reader.whole(value, path, 1 if at_least_one else 0, _MAX_DAYS)


def _readings(reader: _Reader, value: object, path: str) -> dict[str, tuple[ReadingValue, ...]]:
    if not isinstance(value, dict):
        reader.fault(path, f"il faut un objet, pas {_shown(value)}")
        return {}
    readings: dict[str, tuple[ReadingValue, ...]] = {}
    for name, chosen in value.items():
        place = _member(path, name)
        if name not in READINGS:
            if name not in READER_KEYS:
                reader.fault(place, "lecture inconnue")
            continue
        values = chosen if isinstance(chosen, list) else [chosen]
        if not values:
            reader.fault(place, "il faut au moins une valeur")
        for index, one in enumerate(values):
            if not any(one is known or (isinstance(one, str) and one == known) for known in READINGS[name]):
                accepted = ", ".join(_shown(known) for known in READINGS[name])
                where = f"{place}[{index}]" if isinstance(chosen, list) else place
                reader.fault(where, f"valeur inconnue {_shown(one)} ; valeurs possibles : {accepted}")
        readings[name] = tuple(known for known in READINGS[name] if known in values)
    return readings


def _chronologically(audit: AdsAudit | ExposureAudit) -> tuple[date, list[tuple[int, str]], str]:
    """Order audits by day; those of one day by id, where « A10 » comes after « A9 »."""
    return audit.day, [(int(number or 0), text) for number, text in _ID_PARTS.findall(audit.id)], audit.id


def _member(path: str, key: object) -> str:
    text = _cut(str(key))
    return f"{path}.{text}" if re.fullmatch(r"\w+", text) else f"{path}[{text!r}]"


def _shown(value: object) -> str:
    """Return a short description of a faulty value, for people."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"« {_cut(value)} »"
    if isinstance(value, list):
        return "une liste"
    if isinstance(value, dict):
        return "un objet"
    if isinstance(value, int) and value.bit_length() > 64:  # noqa: PLR2004
        return "un nombre immense"
    return str(value)


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004
