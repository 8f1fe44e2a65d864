"""The remembered screen is shown only while nothing it depends on has changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree

import pytest

from agent.cli.remembered import recall, remember

NOW = datetime(2026, 6, 1, 21, 30, tzinfo=UTC)  # 23:30 in Paris
SCREEN = {"json": {}, "lines": ["tout va bien"], "code": 0}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "vault/journal").mkdir(parents=True)
    (tmp_path / "vault/journal/000000.jsonl").write_text("{}\n")
    (tmp_path / "vault/journal/000001.jsonl").write_text("{}\n")
    (tmp_path / "vault/index.sqlite").write_text("index")
    (tmp_path / "vault/checkpoints").mkdir()
    (tmp_path / "vault/checkpoints/000000000001").touch()
    for bag in ("2026/05/00000001-aaaaaaaa", "2026/06/00000002-bbbbbbbb"):
        (tmp_path / "vault/deposits" / bag).mkdir(parents=True)
    for folder in (path for path in (tmp_path / "vault").rglob("*") if path.is_dir()):
        os.utime(folder, (0, 0))  # long ago, as every file system tells apart
    (tmp_path / "state").mkdir()
    path = tmp_path / "carenage.toml"
    path.write_text('[candidate]\nid = "ght"\n[vault]\npath = "vault"\n[state]\npath = "state"\n')
    return path


def test_an_unchanged_installation_shows_the_remembered_screen(config: Path) -> None:
    remember(config, NOW, SCREEN)

    assert recall(config, NOW + timedelta(minutes=20)) == SCREEN


def append(path: Path) -> None:
    with path.open("a") as stream:
        stream.write("# x\n")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(append, id="configuration"),
        pytest.param(lambda config: append(config.parent / "vault/journal/000001.jsonl"), id="journal"),
        pytest.param(lambda config: (config.parent / "vault/journal/000002.jsonl").touch(), id="next-segment"),
        pytest.param(lambda config: append(config.parent / "vault/journal/000000.jsonl"), id="past-segment"),
        pytest.param(
            lambda config: (config.parent / "vault/deposits/2026/05/00000001-aaaaaaaa").rmdir(), id="bag-gone"
        ),
        pytest.param(lambda config: rmtree(config.parent / "vault/deposits/2026/05"), id="month-gone"),
        pytest.param(lambda config: (config.parent / "vault/checkpoints/000000000001").unlink(), id="checkpoint-gone"),
        pytest.param(lambda config: append(config.parent / "vault/index.sqlite"), id="index"),
        pytest.param(lambda config: (config.parent / "vault/index.sqlite-wal").touch(), id="index-being-written"),
        pytest.param(lambda config: (config.parent / "vault/index.sqlite").unlink(), id="index-gone"),
        pytest.param(lambda config: (config.parent / "state/status.json").write_text("{"), id="damaged-memory"),
        pytest.param(lambda config: config.unlink(), id="no-configuration"),
    ],
)
def test_any_change_forgets_it(config: Path, change: Callable[[Path], object]) -> None:
    remember(config, NOW, SCREEN)

    change(config)

    assert recall(config, NOW) is None


def test_another_civil_day_forgets_it(config: Path) -> None:
    remember(config, NOW, SCREEN)

    assert recall(config, NOW + timedelta(hours=1)) is None


def test_a_state_that_cannot_be_written_keeps_nothing(config: Path) -> None:
    (config.parent / "state").rmdir()

    remember(config, NOW, SCREEN)

    assert recall(config, NOW) is None
