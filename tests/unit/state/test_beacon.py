from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from agent.domain.errors import StateError
from agent.state.beacon import Beacon, BeaconStatus, persist, read_beacon, write_beacon

if TYPE_CHECKING:
    from pathlib import Path

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="kinds of files that Windows does not have")
BEACON = Beacon(
    at=datetime(2026, 6, 1, 8, tzinfo=UTC),
    status=BeaconStatus.WARNING,
    text="D1.O1.A à risque",
    period_seconds=900,
    perfdata="not_met=0 at_risk=1",
)


def no_pause(seconds: float) -> None:
    pytest.fail(f"nothing asks to wait {seconds} s")


def test_what_a_pass_leaves_is_what_check_reads(tmp_path: Path) -> None:
    write_beacon(tmp_path / "state.json", BEACON, pause=no_pause)

    assert read_beacon(tmp_path / "state.json") == BEACON
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


@POSIX
def test_another_user_may_read_it_whatever_the_mask(tmp_path: Path) -> None:
    former = os.umask(0o077)
    try:
        write_beacon(tmp_path / "state.json", BEACON, pause=no_pause)
    finally:
        os.umask(former)

    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o644


def test_it_is_one_line_without_the_bar_of_the_measures(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_beacon(
        path, Beacon(at=BEACON.at, status=BEACON.status, text="a\nb | c\x1b[2J", period_seconds=900), pause=no_pause
    )

    assert path.read_text(encoding="utf-8").count("\n") == 1
    assert read_beacon(path).text == "a·b / c·[2J"


@pytest.mark.parametrize(("refusals", "is_done"), [(0, True), (3, True), (100, False)])
def test_a_file_being_read_elsewhere_is_replaced_a_little_later(refusals: int, is_done: bool) -> None:
    attempts: list[int] = []
    pauses: list[float] = []

    def attempt() -> None:
        attempts.append(1)
        if len(attempts) <= refusals:
            raise PermissionError

    if is_done:
        persist(attempt, pause=pauses.append)
        assert len(attempts) == refusals + 1
    else:
        with pytest.raises(PermissionError):
            persist(attempt, pause=pauses.append)
    assert sum(pauses) < 1


GOOD = '"at": "2026-06-01T08:00:00+00:00", "status": "OK", "text": "", "perfdata": ""'


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="cut"),
        pytest.param("[]", id="a-list"),
        pytest.param("[" * 8000, id="too-deep"),
        pytest.param("{" + GOOD + "}", id="a-key-missing"),
        pytest.param("{" + GOOD.replace("OK", "FINE") + ', "period_seconds": 900}', id="unknown-status"),
        pytest.param("{" + GOOD.replace("+00:00", "") + ', "period_seconds": 900}', id="no-zone"),
        pytest.param("{" + GOOD + ', "period_seconds": 1e999}', id="endless-period"),
        pytest.param("{" + GOOD + ', "period_seconds": 900}' + " " * 9000, id="too-long"),
    ],
)
def test_a_damaged_line_is_said_to_be(tmp_path: Path, content: str) -> None:
    (tmp_path / "state.json").write_text(content)

    with pytest.raises(StateError, match="illisible"):
        read_beacon(tmp_path / "state.json")


def test_no_line_is_no_pass(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="Aucune passe"):
        read_beacon(tmp_path / "state.json")


@POSIX
def test_a_link_is_not_followed(tmp_path: Path) -> None:
    write_beacon(tmp_path / "elsewhere.json", BEACON, pause=no_pause)
    (tmp_path / "state.json").symlink_to(tmp_path / "elsewhere.json")

    with pytest.raises(StateError):
        read_beacon(tmp_path / "state.json")


@POSIX
@pytest.mark.parametrize("make", [pytest.param(os.mkfifo, id="pipe"), pytest.param(os.mkdir, id="folder")])
def test_what_is_not_a_file_does_not_hold_the_reader(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "state.json")

    with pytest.raises(StateError):
        read_beacon(tmp_path / "state.json")
