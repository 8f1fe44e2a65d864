from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.demo.stage import Stage
from agent.domain.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def prepared(root: Path) -> Stage:
    stage = Stage(root)
    stage.prepare()
    return stage


def test_what_the_last_demonstration_left_is_replaced(tmp_path: Path) -> None:
    stage = prepared(tmp_path / "out")
    stage.config.write_text("old")
    stage.vault.mkdir()
    (stage.mails / "0001.eml").write_text("old")

    stage.prepare()

    assert not stage.config.exists()
    assert not stage.vault.exists()
    assert list(stage.mails.iterdir()) == []


@pytest.mark.parametrize("name", ["coffre", "notes.txt"], ids=["named like ours", "anything"])
def test_a_folder_of_somebody_else_is_never_emptied(tmp_path: Path, name: str) -> None:
    kept = tmp_path / "out" / name
    kept.parent.mkdir()
    kept.write_text("mine")

    with pytest.raises(UsageError, match="pas été fait par une démonstration"):
        Stage(tmp_path / "out").prepare()

    assert kept.read_text() == "mine"


def test_a_file_that_a_visitor_added_stops_the_next_demonstration(tmp_path: Path) -> None:
    stage = prepared(tmp_path / "out")
    (stage.root / "mes-notes.txt").write_text("mine")
    stage.config.write_text("old")

    with pytest.raises(UsageError, match=r"mes-notes\.txt"):
        stage.prepare()

    assert stage.config.read_text() == "old"


def test_what_a_link_points_at_is_left_alone(tmp_path: Path) -> None:
    stage = prepared(tmp_path / "out")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("mine")
    stage.vault.symlink_to(elsewhere)

    stage.prepare()

    assert (elsewhere / "kept").read_text() == "mine"


def test_a_file_in_place_of_the_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")

    with pytest.raises(UsageError, match="pas un dossier"):
        Stage(tmp_path / "out").prepare()

    assert (tmp_path / "out").read_text() == "mine"
