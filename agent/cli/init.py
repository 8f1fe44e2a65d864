"""`carenage init`: a first configuration and an empty vault."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli.output import day, echo_json, json_option
from agent.domain.errors import UsageError
from config.programme_files import programme_ids

if TYPE_CHECKING:
    from agent.clock import Clock
    from agent.services.initialise import CreateVault, KeyPair
    from config.first import FirstAnswers

CANDIDATE_TYPES = ("GHT", "PUBLIC_HORS_GHT", "PRIVE")
_IN_WORDS = {
    "candidate": "le nom du candidat",
    "phase_start": "le début de la phase",
    "declaration": "le jour de la déclaration",
    "establishments": "les établissements",
    "directories": "les annuaires",
    "surfaces": "les surfaces",
}
_HOLDER_NAMES = {"rssi": "le RSSI", "secours": "le secours (coffre-fort de la direction, par exemple)"}


@dataclass
class _Given:
    """What the command line says; None where it says nothing."""

    vault: Path | None
    state: Path | None
    inbox: Path | None
    recipients: tuple[str, ...]
    candidate_id: str | None
    candidate_name: str | None
    candidate_type: str | None
    finess: str | None
    programme: str
    phase_start: date | None


_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(help="Écrit une première configuration et un coffre vide ; ne remplace jamais rien.")
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="Fichier à écrire.")
@click.option("--vault", type=_FOLDER, help="Dossier du coffre.")
@click.option("--state", type=_FOLDER, help="Dossier de l'état ; à défaut, à côté du coffre.")
@click.option("--inbox", type=_FOLDER, help="Dossier de dépôt ; à défaut, à côté du coffre.")
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    metavar="AGE1…",
    help="Clé publique age, deux fois au moins ; sans elle, deux paires de clés sont créées et montrées une fois.",
)
@click.option("--candidate-id", help="Identifiant du candidat, choisi une fois ; à défaut, tiré du nom.")
@click.option("--candidate-name", help="Nom officiel du candidat.")
@click.option("--candidate-type", type=click.Choice(CANDIDATE_TYPES), help="Nature du candidat.")
@click.option("--finess", help="Numéro FINESS du candidat.")
@click.option(
    "--programme", type=click.Choice(programme_ids()), default="D1BIS_2026", show_default=True, help="Programme suivi."
)
@click.option("--phase-start", callback=day, metavar="DATE", help="Démarrage de la phase, tel que déclaré.")
@click.option("--non-interactive", is_flag=True, help="Ne pose aucune question, même sur un terminal.")
@json_option
@click.pass_context
def init(ctx: click.Context, /, config_path: Path | None, non_interactive: bool, as_json: bool, **answers: Any) -> None:
    from agent.services.initialise import Installation, initialise, new_key_pairs, refuse_to_overwrite
    from agent.vault.age import generate_identity
    from config.first import first_configuration
    from config.place import configuration_path

    given = _Given(**answers)
    if given.phase_start is not None:
        _check_start(given.programme, given.phase_start)
    if len(given.recipients) == 1:
        raise UsageError(
            "Une seule clé publique ne suffit pas : si elle se perd, les preuves sont perdues.",
            hint="Donnez --recipient deux fois : la clé du RSSI et une clé de secours gardée ailleurs.",
        )
    config = _absolute(configuration_path(config_path or ctx.obj.config_path))
    refuse_to_overwrite(config, _absolute(given.vault or _usual_vault(config)))
    if not non_interactive and sys.stdin.isatty():
        _ask(given, config)
    pairs: tuple[KeyPair, ...] = () if given.recipients else new_key_pairs(generate_identity)
    first = _first(given, config, given.recipients or [pair.public for pair in pairs])
    text = first_configuration(first)
    _check(text, config)
    installation = Installation(
        config=config,
        text=text,
        vault=first.vault,
        state=first.state,
        inbox=first.inbox,
        recipients=first.recipients,
        entity=first.candidate_id,
    )
    initialise(installation, create_vault=_vault_creator(ctx.obj.clock), agent_of=_agent_kept_in)
    if as_json:
        echo_json(_summary(config, first, pairs))
    else:
        _tell(config, first, pairs)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - symbolic links keep the name that people know


def _usual_vault(config: Path) -> Path:
    from config.place import data_folder

    return data_folder(config) / "vault"


def _ask(given: _Given, config: Path) -> None:
    """Ask for what the command line does not say; questions go to stderr."""
    from agent.domain.written_day import WrittenDayError, read_day
    from agent.texts.faults import sentence
    from config.first import is_start_fixed

    if given.candidate_name is None:
        given.candidate_name = click.prompt("Nom du candidat (GHT ou établissement)", err=True)
    if given.candidate_type is None:
        given.candidate_type = click.prompt(
            "Nature du candidat", type=click.Choice(CANDIDATE_TYPES), default="GHT", err=True
        )
    if given.finess is None:
        given.finess = (
            click.prompt("Numéro FINESS (vide : plus tard)", default="", show_default=False, err=True) or None
        )
    while given.phase_start is None and not is_start_fixed(given.programme):
        text = click.prompt(
            "Démarrage de la phase, par exemple 02/03/2026 (vide : à confirmer plus tard)",
            default="",
            show_default=False,
            err=True,
        )
        if not text:
            break
        try:
            start = read_day(text)
            _check_start(given.programme, start)
        except WrittenDayError as error:
            click.echo(f"{sentence(error.fault)}.", err=True)
        except UsageError as error:
            click.echo(f"{error.message} {error.hint}", err=True)
        else:
            given.phase_start = start
    if given.vault is None:
        given.vault = Path(click.prompt("Dossier du coffre", default=str(_usual_vault(config)), err=True))


def _check_start(programme: str, start: date) -> None:
    """Refuse a day on which no phase of the programme may start."""
    from agent.texts.words import day as day_text
    from agent.texts.words import span
    from config.programme_files import load_programme

    first, last = load_programme(programme).window.bounds(None)
    if not first <= start <= last:
        raise UsageError(
            f"Une phase de {programme} ne peut pas commencer le {day_text(start)}.",
            hint=f"Le programme l'admet {span(first, last)}.",
        )


def _first(given: _Given, config: Path, recipients: Sequence[str]) -> FirstAnswers:
    from config.first import FirstAnswers, earliest_phase_start, slug_of
    from config.model import UNNAMED

    vault = _absolute(given.vault or _usual_vault(config))
    return FirstAnswers(
        candidate_id=given.candidate_id or slug_of(given.candidate_name or ""),
        candidate_name=given.candidate_name or UNNAMED,
        candidate_type=given.candidate_type or "GHT",
        finess=given.finess,
        programme=given.programme,
        phase_start=given.phase_start or earliest_phase_start(given.programme),
        phase_start_is_known=given.phase_start is not None,
        vault=vault,
        state=_absolute(given.state or vault.parent / "state"),
        inbox=_absolute(given.inbox or vault.parent / "inbox"),
        recipients=tuple(recipients),
    )


def _check(text: str, config: Path) -> None:
    from config.load import examine_text

    problems = examine_text(text, path=config).problems
    if problems:
        said = " ; ".join(f"{path} : {message}" for path, message in problems)
        raise UsageError(f"Ces réponses ne font pas une configuration valable. {said}.", hint="carenage init --help")


def _vault_creator(clock: Clock) -> CreateVault:
    from agent.vault.vault import Vault

    def create(root: Path, *, recipients: Sequence[str], keys_dir: Path, agent: str, entity: str) -> None:
        Vault.create(root, recipients=recipients, keys_dir=keys_dir, agent=agent, entity=entity, clock=clock).close()

    return create


def _agent_kept_in(state: Path) -> str:
    from agent.state.store import StateStore

    with StateStore.open(state / "state.sqlite") as store:
        return store.agent


def _summary(config: Path, answers: FirstAnswers, pairs: Sequence[KeyPair]) -> dict[str, object]:
    summary: dict[str, object] = {
        "config": str(config),
        "vault": str(answers.vault),
        "recipients": list(answers.recipients),
        "state": str(answers.state),
        "inbox": str(answers.inbox),
        "to_confirm": _to_confirm(answers),
    }
    if pairs:
        summary["identities"] = [
            {"holder": pair.holder, "recipient": pair.public, "identity": pair.private.reveal()} for pair in pairs
        ]
    return summary


def _to_confirm(answers: FirstAnswers) -> list[str]:
    from config.first import days_to_confirm, is_audited
    from config.model import UNNAMED

    doubts = ["establishments", *(("directories", "surfaces") if is_audited(answers.programme) else ())]
    if answers.candidate_name == UNNAMED:
        doubts.insert(0, "candidate")
    return [*(f"programmes[0].{day}" for day in days_to_confirm(answers)), *doubts]


def _tell(config: Path, answers: FirstAnswers, pairs: Sequence[KeyPair]) -> None:
    click.echo(f"Configuration : {config}")
    click.echo(f"Coffre vide   : {answers.vault}")
    said = [_IN_WORDS[place.removeprefix("programmes[0].")] for place in _to_confirm(answers)]
    click.echo(f"À confirmer   : {', '.join(said)}")
    for pair in pairs:
        click.echo(
            f"\nClé privée pour {_HOLDER_NAMES[pair.holder]} : elle n'est montrée qu'ici, une fois, et n'est gardée"
        )
        click.echo("nulle part. Enregistrez ces deux lignes dans un fichier, hors de ce serveur.")
        click.echo(f"# public key: {pair.public}")
        click.echo(pair.private.reveal())
    click.echo("\nEnsuite : complétez la configuration, puis « carenage config check » et « carenage status ».")
