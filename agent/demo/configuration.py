"""Completes the configuration that `carenage init` writes with what the story's group would type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tomlkit
from tomlkit.items import AoT

from agent.demo import story

Table = Mapping[str, Any]

PEOPLE: tuple[Table, ...] = (
    {"id": "rssi", "name": "Camille Aubert", "role": "rssi", "email": "rssi@chu-brumeville.example"},
    {"id": "dsi-ch", "name": "Sacha Lemoine", "role": "dsi", "email": "dsi@ch-roncebois.example"},
)


def completed(
    text: str, *, collectors: Sequence[Table] = (), channels: Sequence[Table] = (), network: Table | None = None
) -> str:
    """Return the whole configuration; the tables are those of the file (config/model.py)."""
    document = tomlkit.parse(text)
    document["programmes"][0]["declaration"] = story.DECLARATION
    document["inbox"]["settle_seconds"] = 0
    document["establishments"] = _tables(
        {
            "id": item.id,
            "name": item.name,
            "finess": item.finess,
            "activity": item.activity,
            **({"support": True} if item.support else {}),
        }
        for item in story.ESTABLISHMENTS
    )
    document["directories"] = _tables(
        {
            "id": item.id,
            "name": item.name,
            "establishments": list(item.establishments),
            "kind": "onprem",
            "forest_dns": item.forest_dns,
        }
        for item in story.DIRECTORIES
    )
    document["surfaces"] = _tables(
        {
            "id": item.id,
            "name": item.name,
            "establishments": [item.establishment],
            "kind": item.kind,
            "names": list(item.names),
            "addresses": list(item.addresses),
        }
        for item in story.SURFACES
    )
    document["people"] = _tables(PEOPLE)
    for name, tables in (("collectors", collectors), ("channels", channels)):
        if tables:
            document[name] = _tables(tables)
    if network:
        document["network"] = _table(network)
    document["demo"] = _table({"as_of": story.AS_OF})
    return tomlkit.dumps(document)


def _tables(tables: Any) -> AoT:
    return AoT([_table(table) for table in tables])


def _table(values: Table) -> tomlkit.items.Table:
    table = tomlkit.table()
    for name, value in values.items():
        if isinstance(value, Mapping):
            inline = tomlkit.inline_table()
            inline.update(value)
            table.add(name, inline)
        else:
            table.add(name, value)
    return table
