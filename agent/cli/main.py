"""The root of the command line: global options, lazy commands, and the only catch-all."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import threading
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.clock import Clock, SystemClock
from agent.domain.display import printable
from agent.domain.errors import (
    AgentError,
    ConfigurationError,
    DeclarationError,
    ExitCode,
    NotAvailableError,
    UnrecognisedError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.bootstrap import Application

logger = logging.getLogger(__name__)

PLUGIN_UNKNOWN = 3

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("agent.cli.init:init", "Écrit une première configuration et un coffre vide."),
    "config": ("agent.cli.config:config", "Vérifie, montre ou décrit la configuration."),
    "evaluate": ("agent.cli.evaluate:evaluate", "Évalue un scénario décrit dans un fichier."),
    "plan": ("agent.cli.passes:plan", "Liste ce qui est à faire, et pour quand."),
    "run": ("agent.cli.passes:run", "Fait une passe : tout ce qui est dû, puis s'arrête."),
    "serve": ("agent.cli.passes:serve", "Fait des passes sans s'arrêter."),
    "collect": ("agent.cli.passes:collect", "Lance une seule collecte."),
    "status": ("agent.cli.status:status", "Dit où en est le programme, en un écran."),
    "forecast": ("agent.cli.forecast:forecast", "Annonce les échéances jusqu'à la déclaration, et ce qui est perdu."),
    "check": ("agent.cli.status:check", "Répond à une supervision (Centreon, Nagios)."),
    "inbox": ("agent.cli.inbox:inbox", "Lit, dépose ou confirme un fichier."),
    "declare": ("agent.cli.declare:declare", "Enregistre un fait qu'aucune machine ne collecte."),
    "evidence": ("agent.cli.evidence:evidence", "Dépose, liste, lit ou restitue des preuves."),
    "vault": ("agent.cli.vault:vault", "Contrôle le coffre ou reconstruit son index."),
    "dossier": ("agent.cli.dossier:dossier", "Constitue le dossier de preuves."),
    "spending": ("agent.cli.spending:spending", "Juge les dépenses et prépare le bilan financier."),
    "alerts": ("agent.cli.alerts:alerts", "Essaie les canaux d'alerte, montre les alertes en attente."),
    "doctor": ("agent.cli.doctor:doctor", "Vérifie l'installation, source par source."),
    "demo": ("agent.cli.demo:demo", "Joue l'histoire d'un GHT fictif, sans serveur."),
}
LATER: dict[str, str] = {
    "directory": "Juge un annuaire avant l'ANSSI.",
    "oradad": "Conduit une collecte ORADAD.",
    "ads": "Suit les rapports du service ADS.",
    "exposure": "Suit les audits d'exposition.",
    "inventory": "Compare les domaines et adresses avec ce qui est audité.",
    "deliver": "Remet le dossier à une destination.",
    "calendar": "Exporte les échéances.",
    "metrics": "Expose des mesures.",
    "service": "Installe le service.",
}


@dataclass
class Invocation:
    """The global options, and the application they lead to, built when first asked for."""

    config_path: Path | None = None
    lang: str = "fr"
    clock: Clock = field(default_factory=SystemClock)
    _application: Application | None = None

    def application(self) -> Application:
        """
        Return the application of the configuration file.

        Raises ConfigurationError when the file is missing or faulty.
        """
        if self._application is None:
            from agent.bootstrap import open_application

            self._application = open_application(self.config_path, clock=self.clock)
        return self._application

    def close(self) -> None:
        """Close what the command opened."""
        if self._application is not None:
            self._application.close()
            self._application = None


class LazyGroup(click.Group):
    """A group that imports a command's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [*COMMANDS, *LATER]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name in LATER:
            return _not_available(cmd_name)
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{attribute} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commandes"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])
        with formatter.section("Pas encore disponibles"):
            formatter.write_dl(list(LATER.items()))


def _not_available(name: str) -> click.Command:
    def refuse() -> None:
        raise NotAvailableError(
            f"« carenage {name} » n'est pas encore disponible dans cette version.",
            hint="Les commandes disponibles : carenage --help.",
        )

    return click.Command(
        name,
        callback=refuse,
        help=LATER[name],
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        add_help_option=False,
    )


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="Fichier de configuration.")
@click.option("--lang", type=click.Choice(["fr", "en"]), default="fr", help="Langue des messages (fr pour l'instant).")
@click.option("--verbose", is_flag=True, help="Journal détaillé sur la sortie d'erreur.")
@click.version_option(package_name="carenage", prog_name="carenage", message="%(prog)s %(version)s")
@click.pass_context
def root(ctx: click.Context, config_path: Path | None, lang: str, verbose: bool) -> None:
    """Carénage collecte, conserve et prouve ce que le programme CaRE demande à un hôpital."""
    if ctx.obj is None:
        ctx.obj = Invocation()
    ctx.obj.config_path = config_path
    ctx.obj.lang = lang
    ctx.call_on_close(ctx.obj.close)
    from agent.logs import log_to_console

    log_to_console(verbose=verbose)


def main(argv: Sequence[str], *, invocation: Invocation | None = None) -> int:
    """Run one command line and return its exit code; the only place that catches everything."""
    as_json = "--json" in argv
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    _end_cleanly_when_terminated()
    try:
        code = _run(argv, invocation, as_json=as_json)
        sys.stdout.flush()
    except OSError as error:
        if not _is_about_output(error):
            raise
        # Its disk is full, or nobody reads it any more; the interpreter flushes once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.INCOMPLETE
    return code


def _is_about_output(error: Exception) -> bool:
    return isinstance(error, OSError) and error.filename is None and error.errno in {errno.EPIPE, errno.ENOSPC}


def _end_cleanly_when_terminated() -> None:
    """Let SIGTERM and SIGHUP end a command like Ctrl-C does, so that clear copies are wiped."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and threading.current_thread() is threading.main_thread():
            signal.signal(number, signal.default_int_handler)


def _run(argv: Sequence[str], invocation: Invocation | None, *, as_json: bool) -> int:
    try:
        result = root.main(list(argv), prog_name="carenage", standalone_mode=False, obj=invocation)
        return int(result) if isinstance(result, int) else ExitCode.OK
    except AgentError as error:
        _report(error.code, error.message, error.hint, as_json=as_json, error=error)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return ExitCode.USAGE
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx and error.ctx.command_path == "carenage check":
            click.echo(f"CARENAGE UNKNOWN - {printable(error.format_message())}")
            return PLUGIN_UNKNOWN  # a supervision reads 2 as CRITICAL
        _report("USAGE", error.format_message(), "L'aide : carenage --help.", as_json=as_json)
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        _report("INTERRUPTED", "Interrompu.", None, as_json=as_json)
        return ExitCode.USAGE
    except SystemExit:  # click's own answer to a closed pipe
        return ExitCode.OK
    except Exception as error:
        if _is_about_output(error):
            raise
        logger.debug("unexpected failure", exc_info=True)
        _report(
            "UNEXPECTED",
            f"Erreur inattendue ({type(error).__name__}) : c'est un défaut de Carénage.",
            "Relancez avec --verbose et transmettez le journal ; rien de scellé n'est perdu.",
            as_json=as_json,
        )
        return ExitCode.UNEXPECTED


def _report(code: str, message: str, hint: str | None, *, as_json: bool, error: AgentError | None = None) -> None:
    problems = [
        {"path": path, "message": text}
        for path, text in (error.problems if isinstance(error, ConfigurationError | DeclarationError) else ())
    ]
    tried = list(error.tried) if isinstance(error, UnrecognisedError) else []
    from agent.cli.output import echo_json, echo_line

    if as_json:
        body: dict[str, object] = {"code": code, "message": message, "hint": hint}
        if problems:
            body["problems"] = problems
        if tried:
            body["tried"] = tried
        echo_json({"error": body})
        return
    echo_line(f"Erreur : {message}", err=True)
    for problem in problems:
        echo_line(f"  {problem['path']} : {problem['message']}", err=True)
    if tried:
        echo_line(f"  Formats essayés : {', '.join(tried)}.", err=True)
    if hint:
        echo_line(f"→ {hint}", err=True)
