"""`carenage doctor`: tells whether everything is in place, source by source."""

from __future__ import annotations

import click

from agent.cli.main import Invocation
from agent.cli.output import echo_json, echo_line, json_option


@click.command()
@json_option
@click.pass_obj
def doctor(invocation: Invocation, *, as_json: bool) -> int:
    """Vérifie la configuration, le coffre et chaque source, sans rien collecter."""
    results, code = invocation.application().doctor()
    if as_json:
        echo_json([{"what": item.what, "ok": item.ok, "message": item.message} for item in results])
        return code
    for item in results:
        mark = "✘" if not item.ok else "!" if item.is_doubtful else "✔"
        echo_line(f"{mark} {item.what} : {item.message}")
    return code
