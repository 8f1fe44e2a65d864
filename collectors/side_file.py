"""The side file `<report>.toml`: a small strict TOML that says what the report cannot."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from agent.domain.display import printable
from agent.domain.exposure import Problem
from agent.domain.handover import EARLIEST_DAY, HIGHEST_SCORE, KINDS, LOWEST_SCORE, TOOLS, SideValues
from agent.domain.written_day import WrittenDayError, read_day
from agent.texts.faults import sentence

SUFFIX = ".toml"
MAX_BYTES = 64 * 1024
_LONGEST_TEXT = 200
_MOST_SURFACES = 1000


class _FaultError(ValueError):
    """A value that cannot be used; the text says in French what is expected."""


def parse(data: bytes) -> tuple[SideValues, tuple[Problem, ...]]:
    """
    Return what the side file states, and its faults in French.

    A faulty or unknown key counts as not stated: what it would say is asked for.
    """
    where = "fichier compagnon"
    if len(data) > MAX_BYTES:
        return SideValues(), (Problem(where=where, what="Il dépasse 64 Kio : il n'est pas lu."),)
    try:
        document = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return SideValues(), (Problem(where=where, what="Ce n'est pas du TOML lisible en UTF-8 : il n'est pas lu."),)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value in document.items():
        try:
            values[key] = _CHECKS.get(key, _unknown)(value)
        except _FaultError as error:
            problems.append(Problem(where=f"{where} / {printable(key, longest=40)}", what=str(error)))
    return SideValues(**values), tuple(problems)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_TEXT:
        raise _FaultError(f"un texte de 1 à {_LONGEST_TEXT} caractères est attendu.")
    return value.strip()


def _one_of(choices: tuple[str, ...], value: object) -> str:
    text = _text(value)
    if text not in choices:
        raise _FaultError("valeurs possibles : " + ", ".join(choices) + ".")
    return text


def _kind(value: object) -> str:
    return _one_of(KINDS, value)


def _tool(value: object) -> str:
    return _one_of(TOOLS, value)


def _day(value: object) -> date:
    if isinstance(value, str):
        try:
            value = read_day(value)
        except WrittenDayError as error:
            raise _FaultError(f"{sentence(error.fault)}.") from error
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _FaultError("une date AAAA-MM-JJ est attendue.")
    if value < EARLIEST_DAY:
        raise _FaultError(f"la date ne peut pas être antérieure au {EARLIEST_DAY:%d/%m/%Y}.")
    return value


def _score(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not LOWEST_SCORE <= value <= HIGHEST_SCORE:
        raise _FaultError(f"un score ADS de {LOWEST_SCORE} à {HIGHEST_SCORE} est attendu.")
    return value


def _surfaces(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MOST_SURFACES:
        raise _FaultError("une liste d'identifiants de surfaces est attendue.")
    return tuple(_text(item) for item in value)


def _unknown(value: object) -> Any:
    del value
    raise _FaultError("cette clé n'existe pas ; les clés sont " + ", ".join(_CHECKS) + ".")


_CHECKS: dict[str, Callable[[object], Any]] = {
    "kind": _kind,
    "directory": _text,
    "date": _day,
    "score": _score,
    "by": _text,
    "tool": _tool,
    "surfaces": _surfaces,
}
