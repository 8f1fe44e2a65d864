"""`carenage dossier`: the evidence file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.main import Invocation
from agent.cli.output import (
    as_of_option,
    echo_json,
    echo_line,
    identity_options,
    json_option,
    read_identity,
    vault_option,
)
from agent.domain.errors import ExitCode, UsageError
from agent.texts.words import counted
from agent.texts.words import day as day_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.domain.pieces import Checklist, PieceState
    from agent.domain.programme import Programme
    from agent.services.prepared import Prepared


_programme_option = click.option(
    "--programme", metavar="P", help="Le programme, s'il y en a plusieurs ; à défaut, le premier configuré."
)


@click.group()
def dossier() -> None:
    """Constitue le dossier de preuves."""


@dossier.command()
@click.option("--objective", "only", metavar="OBJECTIF", help="Un seul objectif, ou ceux qui commencent ainsi.")
@click.option(
    "--prepared",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Le dossier préparé pour le dépôt : un conteneur ZED y est, aucun rapport d'audit ne traîne à côté.",
)
@_programme_option
@as_of_option
@vault_option
@json_option
@click.pass_obj
def check(
    invocation: Invocation,
    *,
    only: str | None,
    prepared: Path | None,
    programme: str | None,
    as_of: date | None,
    vault_copy: Path | None,
    as_json: bool,
) -> int:
    """
    Dit quelles pièces sont là, lesquelles manquent, où chacune se dépose, et ce qu'il reste à faire.

    Sans clé privée : ce qui est scellé dans le coffre compte comme présent. Répond 0 quand rien ne manque, 4 sinon.
    """
    from agent.bootstrap import open_vault_copy
    from agent.texts import pieces as texts

    checked = invocation.application().check_dossier(
        as_of=as_of,
        vault=open_vault_copy(vault_copy, clock=invocation.clock) if vault_copy else None,
        programme=programme,
        prepared=prepared,
    )
    found, names = checked.checklist, checked.subject.names
    by_objective = _by_objective(found, only)
    states = [state for of_one in by_objective.values() for state in of_one]
    looked_at = checked.prepared
    is_complete = not found.unread and not any(state.is_missing for state in states)
    is_complete = is_complete and (looked_at is None or looked_at.ready)
    if as_json:
        echo_json(
            {
                "programme": found.programme,
                "as_of": checked.as_of.isoformat(),
                "complete": is_complete,
                "unread": found.unread,
                "pieces": [texts.as_json(state, names) for state in states],
                **({"prepared": _prepared_json(looked_at)} if looked_at else {}),
            }
        )
        return ExitCode.OK if is_complete else ExitCode.INCOMPLETE
    closed = {state.closed_on for state in states if state.closed_on is not None}
    echo_line(f"{checked.subject.candidate}, pièces du dossier au {day_text(checked.as_of)}")
    for day in closed:
        echo_line(f"Trop tard : le dernier jour du programme était le {day_text(day)}, rien ne se dépose plus.")
    for objective, of_one in by_objective.items():
        echo_line()
        echo_line(_heading(objective, checked.subject.programme))
        for line in texts.lines(of_one, names):
            echo_line(f"  {line}")
    echo_line()
    if looked_at:
        for line in _prepared_lines(looked_at):
            echo_line(line)
    if found.unread:
        echo_line(f"! {texts.unread(found.unread)}")
    echo_line(texts.summary(states))
    return ExitCode.OK if is_complete else ExitCode.INCOMPLETE


def _by_objective(found: Checklist, only: str | None) -> dict[str, list[PieceState]]:
    """Return the pieces of each objective; raises UsageError when none is named `only`."""
    by_objective: dict[str, list[PieceState]] = {}
    for state in found.states:
        if only is None or state.objective == only or state.objective.startswith(f"{only}."):
            by_objective.setdefault(state.objective, []).append(state)
    if only is not None and not by_objective:
        asked = dict.fromkeys(one.objective for one in found.states if one.objective != found.programme)
        raise UsageError(
            f"Aucune pièce n'est demandée pour « {only} ».", hint=f"Objectifs qui en demandent : {', '.join(asked)}."
        )
    return by_objective


def _prepared_json(found: Prepared) -> dict[str, object]:
    return {
        "ready": found.ready,
        "containers": list(found.containers),
        "outside": [
            {"path": one.path, "objective": one.objective, "piece": one.label, "evidence": one.evidence}
            for one in found.outside
        ],
        "unread": list(found.unread),
    }


def _prepared_lines(found: Prepared) -> Iterator[str]:
    if found.is_needed and not found.containers:
        yield "✘ Dossier préparé : aucun conteneur ZED (.zed), alors que les pièces O1 et O2 n'ont pas d'autre place"
    elif found.containers:
        yield f"✔ Dossier préparé : {', '.join(found.containers)} ; chaque objectif O1 et O2 a besoin d'un conteneur"
    for one in found.outside:
        yield f"! {one.path} est un rapport sensible hors du conteneur ({one.objective}, {one.label})"
        yield "    → Mettez-le dans le conteneur ZED, puis effacez ce fichier-là."
    for path in found.unread:
        yield f"! {path} n'a pas pu être lu (vide, trop gros, illisible ou lien)"


def _heading(objective: str, programme: Programme) -> str:
    if objective == programme.id:
        return "Pour tout le dossier"
    return f"{objective} : {programme.label_of(objective)}"


@dossier.command()
@click.option("--to", "to_dir", required=True, type=click.Path(path_type=Path, file_okay=False), help="Où l'écrire.")
@_programme_option
@as_of_option
@identity_options
@json_option
@click.pass_obj
def build(
    invocation: Invocation,
    *,
    to_dir: Path,
    programme: str | None,
    as_of: date | None,
    identity: Path | None,
    passphrase_env: str | None,
    vault_copy: Path | None,
    as_json: bool,
) -> None:
    """Construit le dossier, même incomplet, rangé par destination ; dit d'abord ce qui manque."""
    from agent.bootstrap import open_vault_copy

    built = invocation.application().build_dossier(
        to_dir,
        as_of=as_of,
        identity=read_identity(identity, passphrase_env) if identity else None,
        vault=open_vault_copy(vault_copy, clock=invocation.clock) if vault_copy else None,
        programme=programme,
    )
    if as_json:
        echo_json(
            {
                "path": str(built.path),
                "complete": built.complete,
                "missing": [
                    {"objective": item.objective, "piece": item.piece, "sealed": item.sealed} for item in built.missing
                ],
                "sha256": built.sha256,
            }
        )
        return
    if built.lacking:
        echo_line(f"Il manque {counted(len(built.lacking), 'pièce', 'pièces')} :")
    for item in built.lacking:
        echo_line(f"  {item.objective} : {item.piece}")
    if built.to_open:
        sealed = counted(len(built.to_open), "pièce scellée", "pièces scellées")
        them = "les" if len(built.to_open) > 1 else "la"
        echo_line(f"{sealed} dans le coffre : relancez avec --identity CLÉ pour {them} joindre.")
    echo_line(f"Dossier{'' if built.complete else ' INCOMPLET'} : {built.path}")
    echo_line(f"SHA-256 : {built.sha256}")
