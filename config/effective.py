"""The configuration as it takes effect: defaults filled in, paths whole, secrets shown as references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from agent.domain.errors import ConfigurationError
from config.load import LoadedConfiguration
from config.model import PluginEntry
from config.plugin_settings import Registry
from config.secret_sources import SecretReference

_UNCHECKED = "(non vérifié : ce type ne se charge pas)"


def effective(loaded: LoadedConfiguration, registries: Mapping[str, Registry]) -> dict[str, Any]:
    """Return the whole configuration as TOML-ready values; a plugin that does not load shows its keys only."""
    configuration = loaded.configuration
    shown = {name: _plain(getattr(configuration, name)) for name in type(configuration).model_fields}
    for section, registry in registries.items():
        shown[section] = [_entry(entry, registry) for entry in getattr(configuration, section)]
    return {key: value for key, value in shown.items() if value is not None}


def _entry(entry: PluginEntry, registry: Registry) -> dict[str, Any]:
    own = {name: _plain(getattr(entry, name)) for name in type(entry).model_fields}
    settings: Mapping[str, Any] = entry.settings
    try:
        registry.load(entry.kind)
    except ConfigurationError:
        settings = dict.fromkeys(settings, _UNCHECKED)
    return {key: value for key, value in {**own, **settings}.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, SecretReference):
        return {source: text for source, text in value if text is not None}
    if hasattr(type(value), "model_fields"):
        return dict(_fields(value))
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return str(value) if isinstance(value, (Decimal, PurePath)) else value


def _fields(table: Any) -> Iterator[tuple[str, Any]]:
    for name in type(table).model_fields:
        value = getattr(table, name)
        if value is not None:
            yield name, _plain(value)
