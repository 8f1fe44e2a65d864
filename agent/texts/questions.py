"""What a person must settle in a deposit, in French."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_DEPOSITS = {
    "ads_audit": "rapport d'audit ADS",
    "exposure_audit": "rapport d'audit d'exposition",
    "oradad_collection": "collecte ORADAD",
    "directory": "description d'un annuaire",
    "asset_list": "liste de domaines ou d'adresses",
    "document": "document à classer",
}
_FIELDS = {
    "directory": "l'annuaire concerné",
    "date": "le jour de l'audit",
    "score": "le score",
    "tool": "l'outil de l'audit",
    "surfaces": "les surfaces couvertes",
    "complete": "si l'incomplet est accepté",
    "findings": "s'il reste une faille critique",
    "kind": "ce qu'est le fichier",
}
_UNREAD = "facts"


def left_open(kind: str, fields: Iterable[str]) -> str:
    """Return what a deposit is and what it leaves open."""
    if kind == _UNREAD:
        return "que l'index n'a pas lus"
    return f"{_DEPOSITS.get(kind, kind)}, il reste à dire : {', '.join(field(one) for one in fields)}"


def field(name: str) -> str:
    """Return what a field says."""
    return _FIELDS.get(name, name)
