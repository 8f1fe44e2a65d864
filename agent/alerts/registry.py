"""Finds alert channels by folder and imports one only when it is configured."""

from __future__ import annotations

from importlib import import_module, resources
from typing import TYPE_CHECKING, Any

from agent.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from agent.alerts.interface import Channel

_FOLDER = "agent.alerts.channels"


def kinds() -> tuple[str, ...]:
    """Return every channel kind, without importing any."""
    names = (entry.name for entry in resources.files(_FOLDER).iterdir())
    return tuple(sorted(name[:-3] for name in names if name.endswith(".py") and name != "__init__.py"))


def load(kind: str) -> type[Channel[Any]]:
    """
    Return the channel class of `kind`.

    Raises ConfigurationError for an unknown kind or a plugin that does not import.
    """
    if kind not in kinds():
        raise ConfigurationError(
            f"Le type de canal d'alerte « {kind} » n'existe pas.", hint="Types possibles : " + ", ".join(kinds())
        )
    from agent.alerts.interface import Channel

    try:
        module = import_module(f"{_FOLDER}.{kind}")
    except ImportError as error:
        raise ConfigurationError(
            f"Le canal d'alerte « {kind} » ne se charge pas ({error.name or 'module'} manque ou est bloqué).",
            hint="Réinstallez le paquet, puis lancez « carenage doctor » ; les autres canaux continuent.",
        ) from error
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Channel) and value.__module__ == module.__name__
    ]
    if len(classes) != 1:
        raise ConfigurationError(f"Le module du canal « {kind} » doit contenir exactement un canal.")
    return classes[0]
