"""Completes the configuration that `carenage init` writes with what the story's group would type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    document["programmes"] = _tables(
        [
            {
                "id": story.PROGRAMME,
                "phase_start": story.PHASE_START,
                "validation_date": story.VALIDATED_ON,
                "declaration": story.DECLARATION,
            }
        ]
    )
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
        document["network"].add(tomlkit.nl())
    demo = tomlkit.table()
    demo.add(tomlkit.comment("L'histoire se passe ce jour-là ; le scellement et le journal suivent la vraie horloge."))
    demo.add("as_of", story.AS_OF)
    document["demo"] = demo
    return tomlkit.dumps(document)


def _tables(tables: Iterable[Table]) -> AoT:
    made = [_table(table) for table in tables]
    made[-1].add(tomlkit.nl())
    return AoT(made)


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
