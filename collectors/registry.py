"""Finds collectors by folder and imports one only when it is configured."""

from __future__ import annotations

from importlib import import_module, resources
from typing import TYPE_CHECKING, Any

from agent.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collectors.interface import Collector

FAMILIES = ("active_directory", "exposure", "inventory")
# Modules of a family that serve its collectors without being one.
_SUPPORT = {"active_directory": {"ber", "connection", "document", "sasl"}}


def kinds() -> dict[str, str]:
    """Return every collector kind and its family, without importing any."""
    found: dict[str, str] = {}
    for family in FAMILIES:
        for entry in sorted(resources.files(f"collectors.{family}").iterdir(), key=lambda item: item.name):
            stem, dot, suffix = entry.name.partition(".")
            if dot and suffix == "py" and stem != "__init__" and stem not in _SUPPORT.get(family, set()):
                found[stem] = family
    return found


def load(kind: str) -> type[Collector[Any]]:
    """
    Return the collector class of `kind`.

    Raises ConfigurationError for an unknown kind or a plugin that does not import.
    """
    family = kinds().get(kind)
    if family is None:
        raise ConfigurationError(
            f"Le type de collecteur « {kind} » n'existe pas.",
            hint="Types possibles : " + ", ".join(kinds()),
        )
    from collectors.interface import Collector

    try:
        module = import_module(f"collectors.{family}.{kind}")
    except ImportError as error:
        raise ConfigurationError(
            f"Le collecteur « {kind} » ne se charge pas ({error.name or 'module'} manque ou est bloqué).",
            hint="Un antivirus ou EDR a pu mettre un fichier en quarantaine ; les autres collecteurs continuent. "
            "Réinstallez le paquet, puis lancez « carenage doctor ».",
        ) from error
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Collector) and value.__module__ == module.__name__
    ]
    if len(classes) != 1:
        raise ConfigurationError(f"Le module du collecteur « {kind} » doit contenir exactement un collecteur.")
    return classes[0]
