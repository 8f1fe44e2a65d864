"""How declarations are said in French, for every surface."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.declaration import Bearer
from agent.domain.declaration_request import Warn
from agent.texts.words import day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.domain.declaration import Declaration, FactKind, Value

_NARROW_SPACE = "\u202f"
_GROUPED = 10_000
_BEARERS = {
    Bearer.CANDIDATE: "le candidat entier",
    Bearer.ESTABLISHMENT: "un ou plusieurs établissements (--establishment) ; sans précision, tous",
    Bearer.DIRECTORY: "un annuaire (--directory)",
    Bearer.FINDING: "une vulnérabilité (--finding, et --surface)",
    Bearer.READING: "l'interprétation d'un texte (--reading, et --programme)",
}
_WARNINGS = {
    Warn.NO_EVIDENCE: "aucune pièce n'est jointe : rien ne la prouve encore",
    Warn.HAS_UNITS: "sans effet tant qu'un annuaire ou une surface est configuré pour cet établissement",
    Warn.NOT_JUSTIFIED: "sans effet tant qu'elle n'est pas justifiée et étayée par le RSSI (justified=oui)",
    Warn.NOT_IN_REPORT: "sans effet tant que le rapport d'audit ne la mentionne pas (in_report=oui)",
    Warn.LATER_AUDITS_ONLY: "ne porte que sur les audits à partir d'aujourd'hui ; pour d'autres : --set audits=PREUVE",
    Warn.BEYOND_TEXTS: "les textes ne la proposent pas d'eux-mêmes : gardez la réponse de l'autorité",
}


def warning(code: Warn) -> str:
    """Return what a warning means."""
    return _WARNINGS[code]


def value(said: Value) -> str:
    """Return a declared value as French people write it."""
    if isinstance(said, bool):
        return "oui" if said else "non"
    if isinstance(said, date):
        return day(said)
    if isinstance(said, int | Decimal):
        grouped = f"{said:,}".replace(",", _NARROW_SPACE) if said >= _GROUPED else str(said)
        return grouped.replace(".", ",")
    return ", ".join(said) if isinstance(said, tuple) else said


def about(kind: FactKind) -> str:
    """Return what a kind of fact is about."""
    return _BEARERS[kind.bearer]


def subjects(one: Declaration, kind: FactKind, names: Mapping[str, str]) -> str:
    """Return whom or what a declaration is about; `names` are the establishments' and directories' by id."""
    if one.subjects:
        return ", ".join(names.get(subject, subject).replace("/", " : ") for subject in one.subjects)
    return "tous les établissements" if kind.bearer is Bearer.ESTABLISHMENT else "le candidat"


def fields(one: Declaration, kind: FactKind) -> list[str]:
    """Return each field of a declaration as a line; one that this release does not know is left aside."""
    return [f"{field.label} : {value(one.values[field.name])}" for field in kind.fields if field.name in one.values]
