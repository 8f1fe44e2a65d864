"""The JSON Schema of the file, plugins' settings included: what an editor completes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from agent.domain.errors import ConfigurationError
from agent.domain.secret import Secret
from config.model import Configuration
from config.plugin_settings import Configurable, Registry
from config.secret_sources import SecretReference

_REFERENCE_TEMPLATE = "#/$defs/{model}"
_ENTRY_NAMES = {"collectors": "CollectorEntry", "channels": "ChannelEntry", "targets": "TargetEntry"}


class _FileSchema(GenerateJsonSchema):
    """Shows a secret as the reference that the file holds."""

    def is_instance_schema(self, schema: core_schema.IsInstanceSchema) -> JsonSchemaValue:
        if schema["cls"] is Secret:
            return _reference_schema()
        return super().is_instance_schema(schema)


def json_schema(registries: Mapping[str, Registry]) -> dict[str, Any]:
    """Return the schema; a plugin that does not load leaves its entries unchecked."""
    whole = _schema_of(Configuration)
    definitions: dict[str, Any] = whole["$defs"]
    definitions["SecretReference"] = _reference_schema()
    for section, registry in registries.items():
        entry = definitions[_ENTRY_NAMES[section]]
        choices = [
            _with_settings(entry, kind, plugin, definitions) for kind, plugin in sorted(loadable_plugins(registry))
        ]
        if choices:
            definitions[_ENTRY_NAMES[section]] = {"oneOf": choices, "description": entry.get("description", "")}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "carenage.toml", **whole}


def loadable_plugins(registry: Registry) -> Iterator[tuple[str, Configurable]]:
    """Yield each kind of a family that loads, with its class."""
    for kind in registry.kinds():
        try:
            yield kind, registry.load(kind)
        except ConfigurationError:
            continue


def _reference_schema() -> dict[str, Any]:
    return {**SecretReference.model_json_schema(), "minProperties": 1, "maxProperties": 1}


def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(schema_generator=_FileSchema, ref_template=_REFERENCE_TEMPLATE)


def _with_settings(
    entry: Mapping[str, Any], kind: str, plugin: Configurable, definitions: dict[str, Any]
) -> dict[str, Any]:
    settings = _schema_of(plugin.settings_type)
    definitions.update(settings.pop("$defs", {}))
    return {
        "type": "object",
        "title": kind,
        "additionalProperties": False,
        "properties": {**settings.get("properties", {}), **entry["properties"], "kind": {"const": kind}},
        "required": list(dict.fromkeys([*entry["required"], *settings.get("required", [])])),
    }
