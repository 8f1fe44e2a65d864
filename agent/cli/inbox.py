"""`carenage inbox`: files that other people hand over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.domain.display import printable
from agent.domain.errors import ExitCode

if TYPE_CHECKING:
    from agent.domain.exposure import Reading


@click.group()
def inbox() -> None:
    """Lit, dépose ou confirme un fichier."""


@inbox.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Écrit un document JSON.")
def read(file: Path, as_json: bool) -> ExitCode:
    """Reconnaît FILE par son contenu et dit ce qui y est compris, sans rien enregistrer."""
    from collectors.reading import read_file
    from collectors.reading_codec import to_json

    understood = read_file(file)
    if as_json:
        document = {**to_json(understood.reading), "sha256": understood.sha256, "bytes": understood.bytes}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        for line in _lines(understood.reading):
            click.echo(line)
    return ExitCode.OK if understood.reading.complete else ExitCode.INCOMPLETE


_KINDS = {
    "exposure_report": "rapport d'audit d'exposition",
    "ads_report": "rapport du service ADS",
    "oradad_archive": "archive ORADAD",
    "oradad_tree": "dossier ORADAD",
    "oradad_log": "journal ORADAD",
    "oradaz_archive": "archive ORADAZ",
    "asset_list": "liste de domaines ou d'adresses",
    "document": "document à classer",
}
_VERDICTS = {
    "clean": "aucune faille critique",
    "critical": "faille critique",
    "cannot_tell": "ne permet pas de conclure",
}


def _lines(reading: Reading) -> list[str]:
    """Return what was understood, for a person."""
    lines = [f"Type : {_KINDS.get(reading.kind, reading.kind)} (format {reading.format})"]
    if reading.tool:
        lines.append(f"Outil : {printable(' '.join(filter(None, (reading.tool, reading.tool_version))))}")
    if reading.audit is not None:
        audit = reading.audit
        lines.append(f"Audit : {printable(audit.name or 'sans nom')}")
        lines.append(f"  début {audit.started_at or 'non indiqué'}, fin {audit.ended_at or 'non indiquée'}")
        lines.append(f"  périmètre : {printable(', '.join(audit.scope) or 'non indiqué', longest=300)}")
    if reading.kind == "exposure_report" and reading.summary:
        lines.extend(_exposure_lines(reading.summary))
    lines.append(
        "Lecture complète." if reading.complete else "Lecture INCOMPLÈTE : ce rapport ne prouve pas une absence."
    )
    lines.extend(f"  {printable(item.where)} : {printable(item.what, longest=300)}" for item in reading.problems)
    return lines


def _exposure_lines(summary: dict[str, Any]) -> list[str]:
    verdicts = summary["verdict_inputs"]
    lines = [f"Constats : {summary['observations']}, sur {summary['distinct_assets']} cible(s)"]
    lines.extend(f"  CVSS {family} : maximum {value}" for family, value in summary["max_cvss"].items())
    lines.extend(
        f"  si le seuil est « {sign} 9 » : {_VERDICTS[verdicts[reading]['verdict']]}"
        for reading, sign in (("ge", "≥"), ("gt", ">"))
    )
    return lines
