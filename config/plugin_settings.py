"""
Settings that belong to plugins: collectors, channels, targets.

`config` stands below them all, so it finds their registries by name and never imports one
of their modules itself. A registry has `kinds()` (names, without importing any) and
`load(kind)` (the class, with a pydantic `settings_type`). In a settings model a field
annotated `Secret` takes a reference in the file; a field annotated `Path` starts at the
file's folder. A validator must not look inside a `Secret`: a check does not have it.
A field that has the name of a key of ours (`tool`, `to`) receives that key's value,
`to` as the addresses of the people it names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import BaseModel, ValidationError

from agent.domain.errors import ConfigurationError
from agent.domain.secret import Secret
from agent.texts.words import did_you_mean
from config.annotations import Location, alternatives, element_of, is_mapping, is_model, is_sequence, keys_of, value_of
from config.faults import Fault, in_french, place
from config.secret_sources import SecretReference, resolve

REGISTRIES = {"collectors": "collectors.registry", "channels": "agent.alerts.registry", "targets": "uploader.registry"}


class Configurable(Protocol):
    """A plugin class, as far as the configuration knows it."""

    settings_type: Any


class Registry(Protocol):
    """One family of plugins."""

    def kinds(self) -> Collection[str]:
        """Return the name of every plugin of the family, without importing any."""
        ...

    def load(self, kind: str) -> Any:
        """Return the plugin class; raises ConfigurationError when it does not import."""
        ...


class NoPlugins:
    """A family that has no plugin yet."""

    def kinds(self) -> Collection[str]:
        return ()

    def load(self, kind: str) -> Any:
        raise ConfigurationError(f"Le type « {kind} » n'existe pas.")


def installed_registries() -> dict[str, Registry]:
    """Return the registry of each list of the file: `collectors`, `channels`, `targets`."""
    return {
        section: cast("Registry", import_module(module)) if find_spec(module) else NoPlugins()
        for section, module in REGISTRIES.items()
    }


def settings_for(kind_class: Configurable, raw: Mapping[str, Any], *, folder: Path) -> Any:
    """
    Return the settings of a plugin, an instance of its `settings_type`, secrets resolved.

    `raw` is what `own_settings` returns, `folder` the configuration file's. Raises
    ConfigurationError for a faulty setting or a secret that cannot be had.
    """
    settings_type = _settings_type(kind_class)
    conversion = _Conversion(folder=folder, secret_of=resolve)
    values = conversion.table(settings_type, raw, ())
    faults = [(place(location), message) for location, message in conversion.faults]
    settings: BaseModel | None = None
    if not faults:
        try:
            settings = settings_type.model_validate(values, context={"folder": folder})
        except ValidationError as error:
            faults = [(place(location), message) for location, message in in_french(error, settings_type)]
    if settings is None:  # raised out of the handler: the third-party error carries values
        raise ConfigurationError("Les réglages de cette source ne conviennent pas.", problems=faults)
    return settings


def check_settings(kind_class: Configurable, raw: Mapping[str, Any], *, at: Location, folder: Path) -> list[Fault]:
    """Return every fault of a plugin's settings whose table stands at `at`, without resolving a secret."""
    settings_type = _settings_type(kind_class)
    conversion = _Conversion(folder=folder, secret_of=lambda _: Secret("…"))
    values = conversion.table(settings_type, raw, ())
    found = list(conversion.faults)
    try:
        settings_type.model_validate(values, context={"folder": folder})
    except ValidationError as error:
        found += [
            (location, message)
            for location, message in in_french(error, settings_type)
            if not any(location[: len(secret)] == secret for secret in conversion.secrets)
        ]
    return [(place((*at, *location)), message) for location, message in found]


def own_settings(
    table: Mapping[str, Any], kind_class: Configurable, *, our_keys: Collection[str], addresses: Mapping[str, str]
) -> dict[str, Any]:
    """
    Return the part of an entry's `table` that goes to its plugin.

    `our_keys` are those of the entry's model, `addresses` the address of each person by id.
    """
    wanted = keys_of(_settings_type(kind_class), ())
    chosen = {key: value for key, value in table.items() if key not in our_keys or key in wanted}
    if "to" in our_keys and isinstance(people := chosen.get("to"), (list, tuple)):
        chosen["to"] = [addresses.get(person, person) if isinstance(person, str) else person for person in people]
    return chosen


def check_kind(section: str, kind: str, registry: Registry) -> str | None:
    """Return what is wrong with a `kind` that no plugin of `section` has, None when one has it."""
    kinds = registry.kinds()
    if kind in kinds:
        return None
    what = {"collectors": "collecteur", "channels": "canal", "targets": "destination"}[section]
    return f"type de {what} inconnu{did_you_mean(kind, kinds)}"


def _settings_type(kind_class: Configurable) -> type[BaseModel]:
    return cast("type[BaseModel]", kind_class.settings_type)


@dataclass
class _Conversion:
    """Turns the file's values into what a settings model takes; notes where secrets stand and what is wrong."""

    folder: Path
    secret_of: Callable[[SecretReference], Secret]
    faults: list[tuple[Location, str]] = field(default_factory=list)
    secrets: list[Location] = field(default_factory=list)

    def table(self, model: type[BaseModel], values: Mapping[str, Any], at: Location) -> dict[str, Any]:
        types = {field_.alias or name: field_.annotation for name, field_ in model.model_fields.items()}
        return {key: self.value(types.get(key, Any), value, (*at, key)) for key, value in values.items()}

    def value(self, annotation: Any, value: Any, at: Location) -> Any:
        for one in alternatives(annotation):
            if one is Secret:
                return self._secret(value, at)
            if one is Path and isinstance(value, str):
                return self.folder / value
            if is_model(one) and isinstance(value, Mapping):
                return self.table(one, value, at)
            if is_sequence(one) and isinstance(value, list):
                return [self.value(element_of(one), item, (*at, index)) for index, item in enumerate(value)]
            if is_mapping(one) and isinstance(value, Mapping):
                return {key: self.value(value_of(one), item, (*at, key)) for key, item in value.items()}
        return value

    def _secret(self, value: Any, at: Location) -> Any:
        self.secrets.append(at)
        try:
            reference = SecretReference.model_validate(value, context={"folder": self.folder})
        except ValidationError as error:
            self.faults.extend(in_french(error, SecretReference, under=at))
            return Secret("…")
        return self.secret_of(reference)
