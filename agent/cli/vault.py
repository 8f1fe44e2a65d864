"""`carenage vault`: control and rebuild."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.main import Invocation
from agent.cli.output import echo_json, echo_line, identity_options, json_option, read_identity
from agent.domain.errors import ExitCode, UsageError
from agent.texts.words import counted

if TYPE_CHECKING:
    from agent.vault.vault import Vault


@click.group()
def vault() -> None:
    """Contrôle le coffre ou reconstruit son index."""


@vault.command()
@click.option("--all", "everything", is_flag=True, help="Relit chaque octet de chaque dépôt.")
@click.option(
    "--vault", "vault_copy", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Une copie du coffre."
)
@json_option
@click.pass_obj
def verify(invocation: Invocation, *, everything: bool, vault_copy: Path | None, as_json: bool) -> int:
    """Contrôle le journal, les points de contrôle et les dépôts."""
    if vault_copy is not None:
        report = _open(invocation, vault_copy).verify(everything)
    else:
        report = invocation.application().watched_vault.verify(everything=everything)
    if as_json:
        echo_json(
            {
                "ok": report.ok,
                "deposits": report.deposits,
                "journal_entries": report.journal_entries,
                "problems": [{"where": problem.where, "what": problem.what} for problem in report.problems],
                "anchored_until": report.anchored_until,
                "unanchored_entries": report.unanchored_entries,
                "held": report.held,
            }
        )
    else:
        state = "intact" if report.ok else "ENDOMMAGÉ"
        if report.accepted:
            state += f", {counted(len(report.accepted), 'dommage accepté', 'dommages acceptés')} auparavant"
        echo_line(f"Coffre {state} : {report.deposits} dépôts, {report.journal_entries} lignes de journal.")
        for problem in report.problems:
            echo_line(f"  {problem.where} : {problem.what}")
        for problem in report.accepted:
            echo_line(f"  accepté : {problem.where} : {problem.what}")
        if report.problems:
            echo_line("  Restaurez ces fichiers depuis une sauvegarde, puis relancez ; la collecte, elle, continue.")
        if report.held:
            held = counted(report.held, "dépôt retenu", "dépôts retenus")
            echo_line(f"  {held} : carenage vault accept-damage --reason … --person …")
        if report.anchored_until is None:
            echo_line("  Aucun ancrage extérieur : cette vérification ne repose que sur cette machine.")
    return ExitCode.OK if report.ok else ExitCode.INTEGRITY


@vault.command()
@identity_options
@json_option
@click.pass_obj
def reindex(
    invocation: Invocation, *, identity: Path | None, passphrase_env: str | None, vault_copy: Path | None, as_json: bool
) -> None:
    """Reconstruit l'index depuis le journal et les dépôts ; avec la clé privée, les faits aussi."""
    opened = _open(invocation, vault_copy)
    counts = opened.reindex(read_identity(identity, passphrase_env) if identity else None)
    if as_json:
        echo_json(counts)
        return
    echo_line(f"Index reconstruit : {counts['deposits']} dépôts, {counts['facts']} faits.")
    if counts["unknown"]:
        echo_line(
            f"{counts['unknown']} dépôts de faits restent illisibles sans la clé privée : les verdicts sont inconnus.\n"
            "→ carenage vault reindex --identity CLÉ"
        )


@vault.command()
@click.option("--reason", required=True, help="Pourquoi les destinataires changent.")
@click.option("--person", required=True, help="Qui le décide.")
@json_option
@click.pass_obj
def recipients(invocation: Invocation, *, reason: str, person: str, as_json: bool) -> None:
    """Scelle désormais pour les destinataires de la configuration ; le changement est inscrit au journal."""
    application = invocation.application()
    wanted = application.configuration.vault.recipients
    if set(wanted) == set(application.vault.recipients):
        raise UsageError("Les destinataires du coffre sont déjà ceux de la configuration.")
    entry = application.vault.change_recipients(wanted, reason=reason, person=person)
    if as_json:
        echo_json({"recipients": list(wanted), "journal_seq": entry.seq})
        return
    echo_line(f"Les prochains dépôts seront scellés pour {len(wanted)} destinataires (ligne {entry.seq} du journal).")
    echo_line("Les dépôts passés restent lisibles par les anciennes clés : gardez-les.")


@vault.command("accept-damage")
@click.option("--reason", required=True, help="Pourquoi le dommage est accepté.")
@click.option("--person", required=True, help="Qui l'accepte.")
@json_option
@click.pass_obj
def accept_damage(invocation: Invocation, *, reason: str, person: str, as_json: bool) -> None:
    """Accepte un dommage du journal, l'inscrit, et scelle les dépôts retenus."""
    if not reason.strip() or not person.strip():
        raise UsageError("La raison et la personne ne peuvent pas être vides.")
    committed = _open(invocation, None).accept_damage(reason=reason, person=person)
    if as_json:
        echo_json([item.id for item in committed])
        return
    echo_line(f"Dommage accepté et inscrit au journal ; {counted(len(committed), 'dépôt scellé', 'dépôts scellés')}.")


def _open(invocation: Invocation, vault_copy: Path | None) -> Vault:
    from agent.bootstrap import open_vault_copy

    return open_vault_copy(vault_copy, clock=invocation.clock) if vault_copy else invocation.application().vault
