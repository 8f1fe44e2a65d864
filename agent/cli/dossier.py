"""`carenage dossier`: the evidence file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from agent.cli.main import Invocation
from agent.cli.output import as_of_option, echo_json, echo_line, identity_options, json_option, read_identity


@click.group()
def dossier() -> None:
    """Constitue le dossier de preuves."""


@dossier.command()
@click.option("--to", "to_dir", required=True, type=click.Path(path_type=Path, file_okay=False), help="Où l'écrire.")
@as_of_option
@identity_options
@json_option
@click.pass_obj
def build(
    invocation: Invocation,
    *,
    to_dir: Path,
    as_of: date | None,
    identity: Path | None,
    passphrase_env: str | None,
    vault_copy: Path | None,
    as_json: bool,
) -> None:
    """Construit le dossier O1 et O2, même incomplet ; dit d'abord ce qui manque."""
    from agent.bootstrap import open_vault_copy

    built = invocation.application().build_dossier(
        to_dir,
        as_of=as_of,
        identity=read_identity(identity, passphrase_env) if identity else None,
        vault=open_vault_copy(vault_copy, clock=invocation.clock) if vault_copy else None,
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
    if built.missing:
        echo_line(f"Il manque {len(built.missing)} pièce(s) :")
        for item in built.missing:
            note = " (dans le coffre : relancez avec --identity CLÉ)" if item.sealed else ""
            echo_line(f"  {item.objective} : {item.piece}{note}")
    echo_line(f"Dossier{'' if built.complete else ' INCOMPLET'} : {built.path}")
    echo_line(f"SHA-256 : {built.sha256}")
