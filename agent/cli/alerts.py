"""`carenage alerts`: try the channels, show what was told, send what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agent.cli.main import Invocation
from agent.cli.output import echo_json, echo_line, json_option
from agent.domain.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.services.notify import Delivery


@click.group()
def alerts() -> None:
    """Essaie les canaux d'alerte, montre les alertes, envoie celles qui attendent."""


@alerts.command()
@click.argument("channels", nargs=-1, metavar="[CANAL]…")
@click.option("--force", is_flag=True, help="Même si le compte du canal a été refusé.")
@json_option
@click.pass_obj
def test(invocation: Invocation, *, channels: tuple[str, ...], force: bool, as_json: bool) -> int:
    """Envoie un message d'essai sur chaque canal (ou ceux nommés)."""
    results = invocation.application().test_alerts(channels, force=force)
    if not results:
        echo_line("Aucun canal d'alerte n'est configuré : personne ne sera prévenu.", err=True)
    return _print(results, as_json=as_json)


@alerts.command("list")
@click.option("--all", "everything", is_flag=True, help="Aussi les alertes terminées.")
@json_option
@click.pass_obj
def list_(invocation: Invocation, *, everything: bool, as_json: bool) -> None:
    """Montre les alertes en cours, et les canaux qui ne les ont pas encore prises."""
    rows = invocation.application().notifier.overview(everything=everything)
    if as_json:
        echo_json(rows)
        return
    from agent.alerts.texts import SEVERITIES
    from agent.domain.alert import Severity

    for row in rows:
        where = f" – {row['establishment']}" if row["establishment"] else ""
        ended = " (terminée)" if row["resolved_at"] else ""
        echo_line(f"{row['raised_at'][:10]}  {SEVERITIES[Severity(row['severity'])]} : {row['title']}{where}{ended}")
        for waiting in row["pending"]:
            echo_line(
                f"            en attente sur {waiting['channel']} : {waiting['last_error'] or 'pas encore essayé'}"
            )
    if not rows:
        echo_line("Aucune alerte en cours.")


@alerts.command("send-pending")
@json_option
@click.pass_obj
def send_pending(invocation: Invocation, *, as_json: bool) -> int:
    """Envoie tout de suite les alertes qui attendent, sans attendre l'heure du prochain essai."""
    return _print(invocation.application().send_pending(), as_json=as_json)


def _print(results: Sequence[Delivery], *, as_json: bool) -> int:
    if as_json:
        echo_json([{"channel": one.channel, "delivered": one.delivered, "message": one.message} for one in results])
    else:
        for one in results:
            echo_line(f"{one.channel} : {'remis' if one.delivered else 'non remis'}. {one.message}")
    return ExitCode.OK if all(one.delivered for one in results) else ExitCode.DELIVERY_PENDING
