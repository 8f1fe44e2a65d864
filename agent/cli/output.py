"""Printing: one JSON document, or French text; the options several commands share."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from agent.domain.display import printable
from agent.domain.errors import UsageError

if TYPE_CHECKING:
    from agent.vault.age import Identity

_LONGEST_LINE = 4000
# C1 controls, and the signs that turn the direction of what follows.
_COMMANDING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

CommandT = TypeVar("CommandT", bound=Callable[..., object])


def echo_json(value: object) -> None:
    """Print `value` as the one JSON document of stdout."""
    click.echo(json_text(value))


def json_text(value: object) -> str:
    """Return `value` as JSON whose text commands no terminal: what the standard leaves bare is escaped too."""
    bare = json.dumps(value, ensure_ascii=False, indent=2)
    return _COMMANDING.sub(lambda sign: f"\\u{ord(sign[0]):04x}", bare)


def echo_line(text: str = "", *, err: bool = False) -> None:
    """Print one line of text for people; whatever other people's names in it hold, it commands no terminal."""
    click.echo(printable(text, longest=_LONGEST_LINE), err=err)


def json_option(command: CommandT) -> CommandT:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Un document JSON sur la sortie standard.")(command)


def as_of_option(command: CommandT) -> CommandT:
    """Add `--as-of`."""
    return click.option("--as-of", "as_of", callback=day, metavar="DATE", help="Comme si l'on était ce jour-là.")(
        command
    )


def vault_option(command: CommandT) -> CommandT:
    """Add `--vault`."""
    return click.option(
        "--vault",
        "vault_copy",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="Une copie du coffre, sur un autre poste.",
    )(command)


def identity_options(command: CommandT) -> CommandT:
    """Add `--identity`, `--passphrase-env` and `--vault`, which go together (contract/cli.md)."""
    command = vault_option(command)
    command = click.option("--passphrase-env", metavar="VAR", help="Variable qui porte la phrase secrète de la clé.")(
        command
    )
    return click.option(
        "--identity", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Clé privée age."
    )(command)


def read_identity(path: Path, passphrase_env: str | None) -> Identity:
    """
    Return the private key in `path`; its passphrase comes from a variable, else is asked on a terminal.

    Raises UsageError without a terminal, IdentityError for a file that holds no age key.
    """
    from agent.vault import age

    if not age.is_protected(path):
        return age.read_identity(path)
    if passphrase_env is not None:
        from config.secret_sources import SecretReference, resolve

        return age.read_identity(path, resolve(SecretReference(env=passphrase_env)))
    if not sys.stdin.isatty():
        raise UsageError(
            "La clé est protégée par une phrase secrète.",
            hint="Sans terminal, donnez-la par une variable : --passphrase-env VARIABLE.",
        )
    from agent.domain.secret import Secret

    phrase: str = click.prompt("Phrase secrète de la clé", hide_input=True, err=True)
    return age.read_identity(path, Secret(phrase))


def day(ctx: click.Context, param: click.Parameter, value: str | None) -> date | None:
    """Turn an option's text into a date."""
    del ctx
    if value is None:
        return None
    from agent.domain.written_day import WrittenDayError, read_day
    from agent.texts.faults import sentence

    try:
        return read_day(value)
    except WrittenDayError as error:
        raise click.BadParameter(f"{sentence(error.fault)}.", param=param) from error
