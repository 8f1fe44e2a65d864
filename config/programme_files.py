"""The programmes that ship with the product, one TOML file each (config/programmes)."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from agent.domain.errors import ConfigurationError
from agent.domain.programme import (
    READINGS,
    Aggregation,
    Channel,
    Condition,
    DeclaredObjective,
    Level,
    Objective,
    Origin,
    Piece,
    Programme,
    ReadingNote,
    ReadingValue,
    RuleName,
    Settings,
    Source,
    Subject,
    Test,
    Window,
)

_SUFFIX = ".toml"


@cache
def programme_ids() -> tuple[str, ...]:
    """Return the ids of the programmes that ship with the product, sorted."""
    files = resources.files("config").joinpath("programmes").iterdir()
    return tuple(sorted(file.name.removesuffix(_SUFFIX).upper() for file in files if file.name.endswith(_SUFFIX)))


def load_programme(programme_id: str) -> Programme:
    """
    Return a programme by its id.

    Raises ConfigurationError when no programme has that id.
    """
    if programme_id not in programme_ids():
        raise ConfigurationError(
            f"Le programme « {programme_id} » est inconnu.",
            hint=f"Programmes connus : {', '.join(programme_ids())}.",
        )
    return _load(programme_id)


def find_programme(programme_id: str) -> Programme | None:
    """Return a programme by its id, None when there is no such programme."""
    return _load(programme_id) if programme_id in programme_ids() else None


@cache
def programme_document(programme_id: str) -> dict[str, Any]:
    """Return the file, decoded, of a programme that ships with the product."""
    file = resources.files("config").joinpath("programmes", programme_id.lower() + _SUFFIX)
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def _load(programme_id: str) -> Programme:
    return programme_from(programme_document(programme_id))


def programme_from(document: dict[str, Any]) -> Programme:
    """
    Build a programme from its decoded file.

    Raises KeyError, TypeError or ValueError when it does not hold together: the file is ours, so a fault is a bug.
    """
    phase = document["phase"]
    return Programme(
        id=document["id"],
        version=document["version"],
        dated=_day(document["dated"]),
        label=document["label"],
        window=Window(
            opens_on=_day(phase["opens_on"]),
            closes_on=_day(phase["closes_on"]),
            closes_at_validation=phase["closes_at_validation"],
        ),
        last_day=_day(phase["last_day"]) if "last_day" in phase else None,
        phase_sources=_sources(phase.get("sources", ())),
        settings=Settings(**document["settings"]),
        objectives=tuple(_objective(item) for item in document.get("objectives", ())),
        declared=tuple(_declared(item) for item in document.get("declared", ())),
        prerequisites=tuple(_declared(item) for item in document.get("prerequisites", ())),
        pieces=tuple(_piece(item) for item in document.get("pieces", ())),
        days={name: _day(day) for name, day in document.get("days", {}).items()},
        medico_social=document.get("medico_social", False),
        reading_notes={
            name: ReadingNote(question=note["question"], sources=_sources(note["sources"]))
            for name, note in document.get("readings", {}).items()
        },
    )


def _readings(item: dict[str, Any]) -> dict[str, tuple[ReadingValue, ...]]:
    readings = {name: tuple(values) for name, values in item.get("readings", {}).items()}
    for name, values in readings.items():
        if not values or not set(values) <= set(READINGS[name]):
            raise ValueError(f"{item['id']}: reading {name} admits {values}, known are {READINGS[name]}")
    return readings


def _objective(item: dict[str, Any]) -> Objective:
    return Objective(
        **{
            **item,
            "rule": RuleName(item["rule"]),
            "subject": Subject(item["subject"]),
            "aggregation": Aggregation(item["aggregation"]),
            "tools": tuple(item["tools"]),
            "readings": _readings(item),
            "sources": _sources(item["sources"]),
            "citations": {name: _sources(sources) for name, sources in item.get("citations", {}).items()},
            "pieces": tuple(_piece(piece) for piece in item["pieces"]),
        }
    )


def _declared(item: dict[str, Any]) -> DeclaredObjective:
    return DeclaredObjective(
        **{
            **item,
            "level": Level(item["level"]),
            "readings": _readings(item),
            "sources": _sources(item["sources"]),
            "pieces": tuple(_piece(piece) for piece in item["pieces"]),
            "conditions": tuple(_condition(condition) for condition in item.get("conditions", ())),
            "candidate_types": tuple(item.get("candidate_types", ())),
        }
    )


def _condition(item: dict[str, Any]) -> Condition:
    """Return a condition from its table: its test is the one key that is a test's name, with what it asks."""
    tests = [name for name in item if name in set(Test)]
    if len(tests) != 1:
        raise ValueError(f"{item}: a condition has one test, here {tests}")
    [name] = tests
    rest = {key: value for key, value in item.items() if key != name}
    return Condition(**rest, test=Test(name), value=item[name])


def _piece(item: dict[str, Any]) -> Piece:
    return Piece(
        **{
            **item,
            "channel": Channel(item["channel"]),
            "origin": Origin(item["origin"]),
            "candidate_types": tuple(item.get("candidate_types", ())),
            "refuses": tuple(item.get("refuses", ())),
            "sources": _sources(item.get("sources", [])),
        }
    )


def _sources(items: list[dict[str, Any]]) -> tuple[Source, ...]:
    return tuple(Source(**item) for item in items)


def _day(value: date) -> date:
    if type(value) is not date:
        raise TypeError(f"{value!r} is not a day")
    return value
