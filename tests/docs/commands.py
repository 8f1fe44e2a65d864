"""Writes docs/reference/commands.md from the commands themselves: `python -m tests.docs.commands > docs/reference/commands.md`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from agent.cli.main import COMMANDS, LATER, root


def page() -> str:
    """Return the reference page of every command."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Les commandes"
    yield ""
    yield "Page produite à partir des commandes. Les options globales (`--config`, `--lang`, `--verbose`) se placent avant la"
    yield "commande ; les codes de sortie sont dans [leur page](exit-codes.md)."
    context = click.Context(root, info_name="carenage")
    for name in COMMANDS:
        command = root.get_command(context, name)
        if command is not None:
            yield from _command(command, click.Context(command, info_name=name, parent=context))
    yield ""
    yield "## Pas encore disponibles"
    yield ""
    for name, text in LATER.items():
        yield f"- `carenage {name}` : {text}"


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _command(child, click.Context(child, info_name=name, parent=context))
        return
    arguments = [param.make_metavar(context) for param in command.params if isinstance(param, click.Argument)]
    yield ""
    yield f"## `{' '.join([context.command_path.split(' [')[0], *arguments])}`"
    yield ""
    yield (command.help or "").strip()
    options = [param for param in command.params if isinstance(param, click.Option) and not param.hidden]
    if options:
        yield ""
        yield "| option | effet |"
        yield "|---|---|"
        for option in options:
            names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
            yield f"| {names} | {(option.help or '').strip()} |"


if __name__ == "__main__":
    print(page(), end="")
