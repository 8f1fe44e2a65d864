"""`carenage inbox`: files that other people hand over."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli.main import Invocation
from agent.cli.output import day, echo_json, echo_line, json_option
from agent.cli.person import deciding
from agent.domain.display import printable
from agent.domain.errors import ExitCode, UsageError
from agent.domain.handover import HIGHEST_SCORE, KINDS, LOWEST_SCORE, TOOLS, SideValues
from agent.texts.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.domain.exposure import Reading
    from agent.services.receive import Received


@click.group()
def inbox() -> None:
    """Lit, dépose ou confirme un fichier."""


def _score(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Return the score; a decimal comma is accepted, anything that is not a number from 1 to 5 is not."""
    del ctx
    if value is None:
        return None
    try:
        score = float(value.replace(",", "."))
    except ValueError:
        score = float("nan")
    if not LOWEST_SCORE <= score <= HIGHEST_SCORE:
        raise click.BadParameter(f"« {value} » n'est pas un score de {LOWEST_SCORE} à {HIGHEST_SCORE}.", param=param)
    return score


def _stated_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what a file does not."""
    for option in reversed(
        (
            click.option("--kind", type=click.Choice(KINDS), help="Ce qu'est le fichier."),
            click.option("--directory", metavar="ID", help="L'annuaire concerné."),
            click.option(
                "--date", "day", callback=day, metavar="DATE", help="Le jour de l'audit (2026-03-14 ou 14/03/2026)."
            ),
            click.option("--score", callback=_score, metavar="N", help="Le score ADS, de 1 à 5."),
            click.option("--tool", type=click.Choice(TOOLS), help="D'où vient un audit d'exposition."),
            click.option("--surface", "surfaces", multiple=True, metavar="ID", help="Une surface couverte."),
        )
    ):
        command = option(command)
    return command


@inbox.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def read(*, file: Path, as_json: bool) -> ExitCode:
    """Reconnaît FILE par son contenu et dit ce qui y est compris, sans rien enregistrer."""
    from collectors.reading import read_file
    from collectors.reading_codec import to_json

    understood = read_file(file)
    if as_json:
        echo_json({**to_json(understood.reading), "sha256": understood.sha256, "bytes": understood.bytes})
    else:
        for line in _lines(understood.reading):
            echo_line(line)
    return ExitCode.OK if understood.reading.complete else ExitCode.INCOMPLETE


@inbox.command()
@click.argument("file", type=click.Path(path_type=Path))
@_stated_options
@json_option
@click.pass_obj
def add(
    invocation: Invocation,
    *,
    file: Path,
    kind: str | None,
    directory: str | None,
    day: date | None,
    score: float | None,
    tool: str | None,
    surfaces: tuple[str, ...],
    as_json: bool,
) -> ExitCode:
    """Scelle FILE (et son fichier compagnon FILE.toml), le lit et enregistre les faits."""
    from collectors.inbox import side_path, take

    application = invocation.application()
    _check_ids(application.configuration, directory, surfaces)
    stated = SideValues(kind=kind, directory=directory, date=day, score=score, tool=tool, surfaces=surfaces or None)
    item = take(file, work_dir=application.work_dir, side=side_path(file), follow=True)
    try:
        received = application.reception.register(
            item.payloads(received_at=invocation.clock.now(), collector="cli"), stated=stated
        )
    finally:
        item.wipe()
    if as_json:
        echo_json(received.as_json())
    else:
        for line in _received_lines(received):
            echo_line(line)
    if received.tried:
        # Sealed all the same; a person who said what it is knows the file better than we do.
        return ExitCode.USAGE if kind is None else ExitCode.OK
    return ExitCode.OK if received.complete else ExitCode.INCOMPLETE


@inbox.command()
@click.argument("evidence_id")
@_stated_options
@click.option("--accept-partial", is_flag=True, help="La collecte incomplète est acceptée.")
@click.option("--critical/--no-critical", "critical", default=None, help="Reste-t-il une faille critique ?")
@click.option("--person", help="Qui décide ; à défaut, le compte qui lance la commande.")
@click.option("--reason", help="Pourquoi.")
@json_option
@click.pass_obj
def confirm(
    invocation: Invocation,
    *,
    evidence_id: str,
    kind: str | None,
    directory: str | None,
    day: date | None,
    score: float | None,
    tool: str | None,
    surfaces: tuple[str, ...],
    accept_partial: bool,
    critical: bool | None,
    person: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Règle ce que la preuve EVIDENCE_ID laisse ouvert ; la décision est scellée."""
    from agent.services.confirm import confirm as record

    application = invocation.application()
    _check_ids(application.configuration, directory, surfaces)
    settled = {
        **({"complete": True} if accept_partial else {}),
        **({"unscored_critical": critical} if critical is not None else {}),
    }
    sealed, values = record(
        application.vault,
        evidence_id,
        SideValues(kind=kind, directory=directory, date=day, score=score, tool=tool, surfaces=surfaces or None),
        settled=settled,
        person=deciding(person),
        reason=reason,
        zone=application.zone,
    )
    if as_json:
        echo_json({"id": sealed.id, "evidence": evidence_id, "decision": "confirm", "values": values})
    else:
        echo_line(f"Décision scellée : {sealed.id}.")


@inbox.command("list")
@json_option
@click.pass_obj
def list_(invocation: Invocation, *, as_json: bool) -> None:
    """Liste ce que les preuves reçues laissent à décider."""
    from agent.texts.questions import left_open

    questions = invocation.application().status().questions
    if as_json:
        echo_json(
            [
                {"evidence": item.evidence, "kind": item.kind, "fields": list(item.fields), "command": item.command}
                for item in questions
            ]
        )
        return
    for item in questions:
        echo_line(f"{item.evidence}, {left_open(item.kind, item.fields)}")
        echo_line(f"  → {item.command}")
    if not questions:
        echo_line("Rien n'attend de décision.")


def _check_ids(configuration: Any, directory: str | None, surfaces: tuple[str, ...]) -> None:
    """Refuse ids that the configuration does not hold: what is typed is checked before it is sealed."""
    directories = [item.id for item in configuration.directories]
    if directory is not None and directory not in directories:
        raise UsageError(
            f"L'annuaire « {printable(directory)} » n'est pas configuré.",
            hint="Annuaires : " + (", ".join(directories) or "aucun") + ".",
        )
    known = [item.id for item in configuration.surfaces]
    unknown = [slug for slug in surfaces if slug not in known]
    if unknown:
        raise UsageError(
            f"Surface inconnue : {printable(', '.join(unknown))}.",
            hint="Surfaces : " + (", ".join(known) or "aucune") + ".",
        )


def _received_lines(received: Received) -> list[str]:
    is_spending = any(fact.kind == "spending" for fact in received.facts)
    kind = _named("spending_table" if is_spending else "", received.kind)
    lines = [f"Scellé : {received.evidence_id} ({kind})."]
    lines.extend(f"  {printable(problem, longest=300)}" for problem in received.problems)
    for item in received.awaiting:
        lines.append(f"À confirmer : {item.message}")
        lines.append(f"  → {item.command}")
    if is_spending:
        lines.append("→ Le verdict de chaque ligne : carenage spending check")
    return lines


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


def _named(file_format: str, kind: str) -> str:
    return "tableau de dépenses" if file_format == "spending_table" else _KINDS.get(kind, kind)


def _listed(reading: Reading, name: str) -> list[Any]:
    found = reading.summary.get(name)
    return found if isinstance(found, list) else []


def _lines(reading: Reading) -> list[str]:
    """Return what was understood, for a person."""
    lines = [f"Type : {_named(reading.format, reading.kind)} (format {reading.format})"]
    if reading.tool:
        lines.append(f"Outil : {printable(' '.join(filter(None, (reading.tool, reading.tool_version))))}")
    if reading.audit is not None:
        audit = reading.audit
        lines.append(f"Audit : {printable(audit.name or 'sans nom')}")
        lines.append(f"  début {audit.started_at or 'non indiqué'}, fin {audit.ended_at or 'non indiquée'}")
        lines.append(f"  périmètre : {printable(', '.join(audit.scope) or 'non indiqué', longest=300)}")
    if reading.format == "spending_table":
        rows = counted(len(_listed(reading, "lines")), "ligne")
        lines.append(f"Dépenses : {rows}, inutilisables : {len(_listed(reading, 'faulty'))}")
    if reading.kind == "exposure_report" and reading.summary:
        lines.extend(_exposure_lines(reading.summary))
    lines.append(
        "Lecture complète." if reading.complete else "Lecture INCOMPLÈTE : ce rapport ne prouve pas une absence."
    )
    lines.extend(f"  {printable(item.where)} : {printable(item.what, longest=300)}" for item in reading.problems)
    return lines


def _exposure_lines(summary: dict[str, Any]) -> list[str]:
    verdicts = summary["verdict_inputs"]
    lines = [f"Constats : {summary['observations']}, sur {counted(summary['distinct_assets'], 'cible')}"]
    lines.extend(f"  CVSS {family} : maximum {value}" for family, value in summary["max_cvss"].items())
    lines.extend(
        f"  si le seuil est « {sign} 9 » : {_VERDICTS[verdicts[reading]['verdict']]}"
        for reading, sign in (("ge", "≥"), ("gt", ">"))
    )
    return lines
