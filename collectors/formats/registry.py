"""Finds the readers by folder; the worker process alone imports them."""

from __future__ import annotations

import inspect
from importlib import import_module, resources
from typing import TYPE_CHECKING

from agent.domain.errors import UsageError
from collectors.formats.interface import Reader

if TYPE_CHECKING:
    from types import ModuleType

# Modules of the folder that serve the readers.
_SUPPORT = frozenset({"__init__", "interface", "registry", "markup", "text"})


def formats() -> tuple[str, ...]:
    """Return the name of every module of formats, without importing any."""
    entries = (entry.name.partition(".") for entry in resources.files("collectors.formats").iterdir())
    return tuple(sorted(stem for stem, _, suffix in entries if suffix == "py" and stem not in _SUPPORT))


def load(name: str) -> ModuleType:
    """
    Return the module of the format `name`.

    Raises UsageError when there is none; ImportError when it does not load.
    """
    if name not in formats():
        raise UsageError(f"Le format « {name} » n'existe pas.", hint="Formats : " + ", ".join(formats()))
    return import_module(f"collectors.formats.{name}")


def readers() -> tuple[list[Reader], list[str]]:
    """
    Return every reader of dropped files in the order to ask them, and the formats that do not load.

    A module without a `Reader` of its own serves `sealed`, which reads what our collectors have sealed.
    """
    found: list[Reader] = []
    failed: list[str] = []
    for name in formats():
        try:
            module = load(name)
        except ImportError:
            failed.append(name)
            continue
        found.extend(
            value()
            for value in vars(module).values()
            if inspect.isclass(value)
            and issubclass(value, Reader)
            and not inspect.isabstract(value)
            and value.__module__ == module.__name__
        )
    return sorted(found, key=lambda reader: (reader.rank, reader.format)), failed
