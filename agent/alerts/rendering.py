"""Turns a message into the text and the HTML that people read."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from agent.alerts.interface import OutgoingMessage
from agent.alerts.texts import SEVERITIES
from agent.texts.words import day, moment


def as_text(message: OutgoingMessage) -> str:
    """Return the message as plain text."""
    return _environment().get_template("message.txt.j2").render(message=message)


def as_html(message: OutgoingMessage) -> str:
    """Return the message as one HTML page, without script, image or outside link."""
    return _environment().get_template("message.html.j2").render(message=message)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("agent.alerts", "templates"),
        autoescape=select_autoescape(disabled_extensions=("txt.j2",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"day": day, "moment": moment, "severity": SEVERITIES.__getitem__}
    return environment
