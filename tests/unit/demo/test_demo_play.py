from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from agent.cli.main import Invocation, main
from agent.demo import configuration, story
from agent.demo.files import received_files
from agent.demo.narration import ConsoleNarrator
from agent.demo.play import Answer, Play
from agent.demo.stage import Stage
from agent.domain.errors import AgentError
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path


def run(*argv: str, clock: FakeClock) -> tuple[int, Any]:
    output = io.StringIO()
    invocation = Invocation(clock=clock)
    try:
        with redirect_stdout(output):
            code = main([*argv, "--json"], invocation=invocation)
    finally:
        invocation.close()
    return code, json.loads(output.getvalue())


def test_a_step_that_fails_is_named_with_what_the_command_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = Stage(tmp_path / "out")
    stage.prepare()
    play = Play(
        stage=stage,
        carenage=lambda *_: Answer(code=78, output="", errors="Erreur : plus de place."),
        narrator=ConsoleNarrator(FakeClock()),
        complete=str,
        files=(),
    )

    with pytest.raises(AgentError, match=r"(?s)Première installation.*init.*78.*plus de place"):
        play.perform()

    assert "1. Première installation" in capsys.readouterr().out


@pytest.mark.parametrize("year", [2025, 2031])
def test_the_story_s_days_are_believed_whatever_the_machine_s_year(tmp_path: Path, year: int) -> None:
    clock = FakeClock(datetime(year, 5, 1, 8, tzinfo=UTC))
    stage = Stage(tmp_path / "out")
    stage.prepare()
    typed = ("--config", str(stage.config))
    made = ("--vault", str(stage.vault), "--state", str(stage.state), "--inbox", str(stage.inbox))
    assert run(*typed, "init", "--non-interactive", *made, clock=clock)[0] == 0
    stage.config.write_text(configuration.completed(stage.config.read_text(encoding="utf-8")), encoding="utf-8")
    for file in received_files():
        (stage.inbox / file.name).write_bytes(file.content)
    report = stage.inbox / f"rapport-ads-{story.CHU_DIRECTORY.id}-2026-08-31.html"

    code, received = run(*typed, "inbox", "add", str(report), clock=clock)

    assert (code, received["awaiting"]) == (0, [])
    assert received["facts"][0]["date"] == "2026-08-31"
