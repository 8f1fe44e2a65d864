"""`carenage demo`: the story of a fictional hospital group, without a server."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.main import Invocation, main
from agent.cli.output import echo_json, json_option

if TYPE_CHECKING:
    from agent.clock import Clock
    from agent.demo.play import Answer, Told
    from agent.demo.stage import Stage

SKIPPED = (
    "LDAP : l'annuaire du CHU est un enregistrement, déposé comme un fichier",
    "API Tenable : les rapports du CHU sont des fichiers .nessus déposés",
    "SMTP : le courriel est écrit en .eml au lieu d'être envoyé",
    "Teams : la carte est écrite en .json au lieu d'être publiée",
)


@click.command()
@click.option(
    "--to",
    "to_dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-output"),
    show_default=True,
    help="Dossier à remplir ; seul ce qu'une démonstration y a laissé est effacé.",
)
@json_option
@click.pass_obj
def demo(invocation: Invocation, *, to_dir: Path, as_json: bool) -> None:
    """Joue six mois d'un GHT fictif, sans serveur ni réseau."""
    from agent.demo import configuration
    from agent.demo.files import received_files, recorded_files
    from agent.demo.narration import ConsoleNarrator
    from agent.demo.play import Play, farewell
    from agent.demo.stage import Stage

    stage = Stage(to_dir.absolute())
    stage.prepare()
    narrator = ConsoleNarrator(invocation.clock, to_stderr=as_json)
    narrator.tell("Démonstration sans serveur : tout est inventé. Ce qui est sauté (make demo le joue pour de vrai) :")
    for skipped in SKIPPED:
        narrator.tell(f"  - {skipped}")
    channels = (
        {"id": "courriel", "kind": "file", "to": ["rssi", "dsi-ch"], "directory": stage.mails.name, "format": "eml"},
        {"id": "carte", "kind": "file", "to": ["rssi"], "directory": stage.cards.name, "format": "json"},
    )
    told = Play(
        stage=stage,
        carenage=_InProcess(invocation.clock),
        narrator=narrator,
        complete=lambda text: configuration.completed(text, channels=channels),
        files=(*received_files(), *recorded_files()),
    ).perform()
    if as_json:
        echo_json(_summary(stage, told))
        return
    narrator.tell()
    narrator.tell(told.screen)
    for line in farewell(stage, told, command="carenage"):
        narrator.tell(line)


class _InProcess:
    """Runs command lines here, by the same entrance as a person's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, *argv: str) -> Answer:
        from agent.demo.play import Answer
        from agent.logs import log_to_console

        output, errors = io.StringIO(), io.StringIO()
        invocation = Invocation(clock=self._clock)
        try:
            with redirect_stdout(output), redirect_stderr(errors):
                code = main(argv, invocation=invocation)
        finally:
            invocation.close()
            log_to_console(verbose=False)
        return Answer(code=int(code), output=output.getvalue(), errors=errors.getvalue())


def _summary(stage: Stage, told: Told) -> dict[str, object]:
    return {
        "to": str(stage.root),
        "skipped": list(SKIPPED),
        "config": str(stage.config),
        "vault": str(stage.vault),
        "identities": [str(path) for path in sorted(stage.keys.iterdir())],
        "mails": [str(path) for path in told.mails],
        "cards": [str(path) for path in told.cards],
        "dossier": told.dossier,
        "verification": told.verification,
        "run": told.passed,
        "status": told.status,
    }
