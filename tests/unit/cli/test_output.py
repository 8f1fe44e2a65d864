"""What other people's names hold never commands the terminal that shows them."""

from __future__ import annotations

import json
import logging

import pytest

from agent.cli.main import main
from agent.cli.output import echo_json, echo_line
from agent.logs import log_to_console

HOSTILE = "rapport\x1b[2J\x9b2J\u202efdp.\nCARENAGE OK"


def commands(text: str) -> set[str]:
    """Return the signs of `text` that a terminal obeys, but the end of line."""
    return set(text) & {"\x1b", "\x9b", "\u202e", "\r", "\x07"}


def test_a_line_stays_one_line_of_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    echo_line(f"fait : {HOSTILE}, été")

    shown = capsys.readouterr().out
    assert commands(shown) == set()
    assert shown.count("\n") == 1
    assert shown.endswith("été\n")


def test_a_document_keeps_every_sign_and_shows_none(capsys: pytest.CaptureFixture[str]) -> None:
    echo_json({HOSTILE: "été"})

    shown = capsys.readouterr().out
    assert commands(shown) == set()
    assert "été" in shown
    assert json.loads(shown) == {HOSTILE: "été"}


@pytest.mark.parametrize("words", [(), ("--json",)], ids=["text", "json"])
def test_an_error_is_shown_harmless(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    main(["evaluate", f"/nulle/part/{HOSTILE}", *words])

    captured = capsys.readouterr()
    assert "rapport" in captured.out + captured.err
    assert commands(captured.out + captured.err) == set()


def test_a_warning_on_the_console_is_shown_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_console(verbose=False)
    try:
        logging.getLogger("agent.test").warning("%s set aside", HOSTILE)
    finally:
        logging.getLogger("agent").handlers.clear()

    shown = capsys.readouterr().err
    assert "set aside" in shown
    assert commands(shown) == set()
    assert shown.count("\n") == 1
