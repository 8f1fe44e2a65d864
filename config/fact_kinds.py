"""The kinds of fact that can be declared (config/facts.toml)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from agent.domain.declaration import Bearer, EvidenceSlot, FactKind, Field, FieldType, Names


@cache
def fact_kinds() -> dict[str, FactKind]:
    """Return every kind of fact by its id, in the order of the file."""
    text = resources.files("config").joinpath("facts.toml").read_text(encoding="utf-8")
    return {item["id"]: fact_kind_from(item) for item in tomllib.loads(text)["facts"]}


def fact_kind_from(item: dict[str, Any]) -> FactKind:
    """
    Build a kind from its decoded table.

    Raises KeyError, TypeError or ValueError when it does not hold together: the file is ours, so a fault is a bug.
    """
    return FactKind(
        **{
            **item,
            "bearer": Bearer(item["bearer"]),
            "fields": tuple(_field(field) for field in item.get("fields", ())),
            "slots": tuple(EvidenceSlot(**slot) for slot in item.get("slots", ())),
            "programmes": tuple(item.get("programmes", ())),
        }
    )


def _field(item: dict[str, Any]) -> Field:
    return Field(
        **{
            **item,
            "type": FieldType(item["type"]),
            "choices": tuple(item.get("choices", ())),
            "names": Names(item["names"]) if "names" in item else None,
        }
    )
