"""Says in French what is wrong with a value, where, and what was probably meant; never repeats a value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from agent.texts.words import did_you_mean
from config.annotations import Location, keys_of
from config.model import PATTERNS

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails, ValidationError

Fault = tuple[str, str]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_KEY = 64
_SAID_BY_US = frozenset({"refused", "secret_literal", "secret_shape"})
_SENTENCES: dict[str, str] = {
    "missing": "obligatoire, et absent",
    "string_type": "il faut un texte, entre guillemets",
    "string_too_short": "il faut au moins {min_length} caractère(s)",
    "string_too_long": "il faut au plus {max_length} caractères",
    "int_type": "il faut un nombre entier, sans guillemets",
    "int_parsing": "il faut un nombre entier, sans guillemets",
    "int_from_float": "il faut un nombre entier, sans décimales",
    "float_type": "il faut un nombre, sans guillemets",
    "float_parsing": "il faut un nombre, sans guillemets",
    "bool_type": "il faut true ou false, sans guillemets",
    "bool_parsing": "il faut true ou false, sans guillemets",
    "date_type": "il faut une date sans guillemets, par exemple 2026-03-02",
    "date_from_datetime_inexact": "il faut une date seule, sans heure",
    "dict_type": "il faut une table [clé = valeur]",
    "model_type": "il faut une table [clé = valeur]",
    "tuple_type": 'il faut une liste, par exemple ["a", "b"]',
    "list_type": 'il faut une liste, par exemple ["a", "b"]',
    "set_type": 'il faut une liste, par exemple ["a", "b"]',
    "too_short": "il faut au moins {min_length} élément(s), il y en a {actual_length}",
    "too_long": "il faut au plus {max_length} éléments, il y en a {actual_length}",
    "greater_than": "il faut un nombre plus grand que {gt}",
    "greater_than_equal": "il faut un nombre d'au moins {ge}",
    "less_than": "il faut un nombre plus petit que {lt}",
    "less_than_equal": "il faut un nombre d'au plus {le}",
    "finite_number": "il faut un nombre fini",
    "url_parsing": "il faut une adresse complète, de la forme https://…",
    "url_scheme": "il faut une adresse en {expected_schemes}",
    "path_type": "il faut un chemin, entre guillemets",
    "is_instance_of": "valeur d'un autre type que celui attendu",
}


def place(location: Iterable[str | int]) -> str:
    """Return a path in the file as people write it: `directories[1].establishments[0]`."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        key = part if _BARE_KEY.fullmatch(part) else json.dumps(part[:_LONGEST_KEY], ensure_ascii=True)
        text += f".{key}" if text else key
    return text


def in_french(
    error: ValidationError, model: type[BaseModel], *, under: Location = ()
) -> Iterator[tuple[Location, str]]:
    """Yield each fault of `error`, raised by `model` whose table stands at `under`, as (location, sentence)."""
    found = error.errors(include_url=False, include_input=False)
    for details in found:
        location = details["loc"]
        if details["type"] == "too_short" and any(location == other["loc"][:-1] for other in found):
            continue  # pydantic counts the faulty elements as missing
        yield (*under, *location), _sentence(details, model)


def _sentence(details: ErrorDetails, model: type[BaseModel]) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind in _SAID_BY_US:
        return str(context.get("text") or details["msg"])
    if kind == "extra_forbidden":
        known = keys_of(model, details["loc"][:-1])
        return f"clé inconnue{did_you_mean(str(details['loc'][-1]), known)}"
    if kind == "value_error":
        return str(context.get("error", "valeur refusée"))
    if kind == "literal_error":
        return f"il faut une de ces valeurs : {_or(str(context.get('expected', '')))}"
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern", ""))
        return PATTERNS.get(pattern, f"il faut un texte de la forme {pattern}")
    sentence = _SENTENCES.get(kind)
    return sentence.format_map(context) if sentence else f"valeur refusée ({kind})"


def _or(expected: str) -> str:
    return expected.replace("'", '"').replace(" or ", ", ")
