"""`carenage config`: check, show and describe the one configuration file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from agent.cli.output import echo_json, echo_line, json_option
from agent.domain.errors import ConfigurationError, ExitCode
from agent.texts.words import counted

if TYPE_CHECKING:
    from config.load import Examination


@click.group(help="Vérifie, montre ou décrit la configuration.")
def config() -> None:
    """Hold the commands below."""


@config.command(help="Dit toutes les fautes du fichier à la fois, sans lire un secret ni joindre un serveur.")
@json_option
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:
    from config.load import examine
    from config.place import configuration_path

    path = configuration_path(ctx.obj.config_path)
    found: Examination | None = None
    try:
        found = examine(path)
        problems, warnings = found.problems, found.warnings
    except ConfigurationError as error:
        if not as_json:
            raise
        problems, warnings = error.problems or (("", error.message),), ()
    if as_json:
        echo_json({"ok": not problems, "problems": _as_objects(problems), "warnings": _as_objects(warnings)})
    else:
        _print_findings(problems, warnings)
        click.echo(f"{path} : {_verdict(len(problems), len(warnings))}")
    ctx.exit(ExitCode.CONFIGURATION if problems else ExitCode.OK)


@config.command(help="Montre les valeurs en vigueur : défauts compris, secrets remplacés par leur référence.")
@json_option
@click.pass_context
def show(ctx: click.Context, as_json: bool) -> None:
    import tomlkit

    from config.effective import effective
    from config.load import load
    from config.place import configuration_path
    from config.plugin_settings import installed_registries

    registries = installed_registries()
    loaded = load(configuration_path(ctx.obj.config_path), registries=registries)
    values = effective(loaded, registries)
    if as_json:
        echo_json({"path": str(loaded.path), "configuration": json.loads(json.dumps(values, default=str))})
    else:
        click.echo(f"# {loaded.path}")
        click.echo(tomlkit.dumps(values), nl=False)


@config.command(help="Donne le schéma JSON du fichier, pour qu'un éditeur le complète.")
@click.option("--json", "as_json", is_flag=True, help="Sans effet : la sortie est toujours du JSON.")
def schema(as_json: bool) -> None:
    from config.plugin_settings import installed_registries
    from config.schema import json_schema

    del as_json
    echo_json(json_schema(installed_registries()))


@config.command(help="Donne un exemple commenté du fichier entier.")
@click.option("--json", "as_json", is_flag=True, help="L'exemple dans un document JSON.")
def example(as_json: bool) -> None:
    from config.example import example as text_of_example
    from config.plugin_settings import installed_registries

    text = text_of_example(installed_registries())
    if as_json:
        echo_json({"toml": text})
    else:
        click.echo(text, nl=False)


@config.command(help="Donne la page de référence de tous les réglages, en Markdown.")
@click.option("--json", "as_json", is_flag=True, help="La page dans un document JSON.")
def reference(as_json: bool) -> None:
    from config.example import reference as text_of_reference
    from config.plugin_settings import installed_registries

    text = text_of_reference(installed_registries())
    if as_json:
        echo_json({"markdown": text})
    else:
        click.echo(text, nl=False)


def _as_objects(faults: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"path": path, "message": message} for path, message in faults]


def _print_findings(problems: tuple[tuple[str, str], ...], warnings: tuple[tuple[str, str], ...]) -> None:
    for path, message in problems:
        echo_line(f"FAUTE          {path} : {message}")
    for path, message in warnings:
        echo_line(f"AVERTISSEMENT  {path} : {message}")


def _verdict(problems: int, warnings: int) -> str:
    if problems:
        return (
            f"{counted(problems, 'faute')}, {counted(warnings, 'avertissement')}. La configuration ne peut pas servir."
        )
    return f"configuration valable, {counted(warnings, 'avertissement')}." if warnings else "configuration valable."
