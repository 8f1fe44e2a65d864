from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
from pathlib import Path
from typing import BinaryIO

import pytest

from agent.domain.errors import UsageError, VaultError
from uploader.dossier.whole_file import write_whole

POSIX_ONLY = pytest.mark.skipif(os.name != "posix", reason="rights and links as POSIX has them")


def whole(stream: BinaryIO) -> None:
    stream.write(b"whole")


def test_file_is_written_whole_with_its_digest_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    digest = write_whole(tmp_path / "bilan.xlsx", whole)

    assert digest == hashlib.sha256(b"whole").hexdigest()
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("bilan.xlsx", b"whole")]


@POSIX_ONLY
def test_only_its_owner_may_read_it_from_the_first_byte_on(tmp_path: Path) -> None:
    seen: list[int] = []

    def look(stream: BinaryIO) -> None:
        seen.append(stat.S_IMODE(os.fstat(stream.fileno()).st_mode))

    mask = os.umask(0)
    try:
        write_whole(tmp_path / "bilan.xlsx", look)
    finally:
        os.umask(mask)

    assert [*seen, stat.S_IMODE((tmp_path / "bilan.xlsx").stat().st_mode)] == [0o600, 0o600]


def test_existing_file_is_replaced_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "bilan.xlsx"
    path.write_bytes(b"mine")

    with pytest.raises(UsageError, match="existe déjà"):
        write_whole(path, whole)
    assert path.read_bytes() == b"mine"
    write_whole(path, whole, replace=True)
    assert path.read_bytes() == b"whole"


def test_file_that_came_while_it_was_written_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "bilan.xlsx"

    with pytest.raises(UsageError, match="existe déjà"):
        write_whole(path, lambda _: path.write_bytes(b"mine"))
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("bilan.xlsx", b"mine")]


@POSIX_ONLY
@pytest.mark.parametrize("replace", [True, False], ids=["replacing", "anew"])
def test_link_under_its_name_is_never_followed(tmp_path: Path, replace: bool) -> None:
    (tmp_path / "shared").mkdir()
    path, precious = tmp_path / "shared" / "bilan.xlsx", tmp_path / "precious"
    precious.write_bytes(b"precious")
    path.symlink_to(precious if replace else tmp_path / "nothing-yet")

    if replace:
        write_whole(path, whole, replace=True)
    else:
        with pytest.raises(UsageError, match="existe déjà"):
            write_whole(path, whole)
    assert precious.read_bytes() == b"precious"
    assert not (tmp_path / "nothing-yet").exists()


@POSIX_ONLY
@pytest.mark.parametrize("planted", ["link", "file"])
def test_whatever_is_planted_where_it_is_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _: "known")
    precious, partial = tmp_path / "precious", tmp_path / ".known.partial"
    precious.write_bytes(b"precious")
    if planted == "link":
        partial.symlink_to(precious)
    else:
        partial.write_bytes(b"planted")

    with pytest.raises(VaultError, match="n'a pas pu être écrit"):
        write_whole(tmp_path / "bilan.xlsx", whole)
    assert precious.read_bytes() == b"precious"
    assert partial.is_symlink() == (planted == "link")
    assert sorted(file.name for file in tmp_path.iterdir()) == [".known.partial", "precious"]


def test_place_where_it_is_written_cannot_be_foretold(tmp_path: Path) -> None:
    names: list[str] = []

    def look(_: BinaryIO) -> None:
        names.extend(file.name for file in tmp_path.iterdir() if file.name.endswith(".partial"))

    for number in range(2):
        write_whole(tmp_path / f"{number}", look)

    assert len(set(names)) == 2
    assert all(re.fullmatch(r"\.[0-9a-f]{16}\.partial", name) for name in names)


@pytest.mark.parametrize("error", [OSError(28, "plus de place"), KeyboardInterrupt()], ids=["full", "interrupted"])
def test_what_could_not_be_finished_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    def fail(stream: BinaryIO) -> None:
        stream.write(b"half")
        raise error

    with pytest.raises((VaultError, KeyboardInterrupt)):
        write_whole(tmp_path / "bilan.xlsx", fail)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_not_there_is_told_in_french(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="n'a pas pu être écrit"):
        write_whole(tmp_path / "absent" / "bilan.xlsx", whole)
