from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli.config import config
from agent.cli.main import Invocation
from agent.domain.errors import ExitCode


def run(*arguments: str, file: Path | None = None) -> Result:
    return CliRunner().invoke(config, arguments, obj=Invocation(config_path=file))


def test_check_says_that_a_valid_file_is_valid(minimal: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(minimal, encoding="utf-8")

    result = run("check", "--json", file=path)

    assert result.exit_code == ExitCode.OK
    answer = json.loads(result.stdout)
    assert (answer["ok"], answer["problems"]) == (True, [])
    assert [warning["path"] for warning in answer["warnings"]] == ["directories", "surfaces", "channels"]


def test_check_tells_problems_with_their_paths_and_exits_78(minimal: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(minimal.replace("[inbox]", "[inbix]"), encoding="utf-8")

    result = run("check", "--json", file=path)

    assert result.exit_code == ExitCode.CONFIGURATION
    answer = json.loads(result.stdout)
    assert answer["ok"] is False
    assert {problem["path"] for problem in answer["problems"]} == {"inbox", "inbix"}


def test_check_of_an_absent_file_is_a_problem_too(tmp_path: Path) -> None:
    result = run("check", "--json", file=tmp_path / "absent.toml")

    assert result.exit_code == ExitCode.CONFIGURATION
    assert json.loads(result.stdout)["problems"] == [{"path": "", "message": "fichier absent"}]


def test_check_prints_one_line_a_fault(minimal: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(minimal.replace("version = 1", ""), encoding="utf-8")

    result = run("check", file=path)

    assert result.stdout.splitlines()[0] == "FAUTE          version : obligatoire, et absent"
    assert result.exit_code == ExitCode.CONFIGURATION


def test_show_prints_toml_that_is_itself_valid(minimal: str, tmp_path: Path) -> None:
    path, copy = tmp_path / "c.toml", tmp_path / "copy.toml"
    path.write_text(minimal, encoding="utf-8")

    copy.write_text(run("show", file=path).stdout, encoding="utf-8")

    assert run("check", file=copy).exit_code == ExitCode.OK


@pytest.mark.parametrize("command", ["show", "schema", "example", "reference"])
def test_every_command_prints_one_json_document(minimal: str, tmp_path: Path, command: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(minimal, encoding="utf-8")

    assert isinstance(json.loads(run(command, "--json", file=path).stdout), dict)
