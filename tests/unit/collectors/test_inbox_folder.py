from __future__ import annotations

import hashlib
import os
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.domain.errors import CollectorError, UsageError
from collectors.inbox import (
    InboxItem,
    InboxProblem,
    erase_processed,
    mark_processed,
    safe_name,
    scan,
    sweep,
    take,
)

NOW = datetime.now(UTC)
LATER = NOW + timedelta(minutes=10)
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def look(inbox: Path, work: Path, *, now: datetime = LATER) -> list[InboxItem | InboxProblem]:
    return list(scan(inbox, work_dir=work, now=now, settle_seconds=60))


def items(inbox: Path, work: Path) -> list[InboxItem]:
    return [found for found in look(inbox, work) if isinstance(found, InboxItem)]


def problems(inbox: Path, work: Path) -> list[InboxProblem]:
    return [found for found in look(inbox, work) if isinstance(found, InboxProblem)]


def test_settled_file_is_copied_privately_with_its_digest(inbox: Path, work: Path) -> None:
    (inbox / "rapport d'été.pdf").write_bytes(b"contenu")

    (item,) = items(inbox, work)

    assert item.name == "rapport d'été.pdf"
    assert item.report.sha256 == hashlib.sha256(b"contenu").hexdigest()
    assert item.report.path.read_bytes() == b"contenu"
    assert item.payloads(received_at=NOW)[0].media_type == "application/pdf"
    if sys.platform != "win32":
        assert stat.S_IMODE(item.report.path.stat().st_mode) == 0o600


def test_wiped_item_leaves_nothing_in_the_work_folder(inbox: Path, work: Path) -> None:
    (inbox / "a.pdf").write_bytes(b"x")
    (inbox / "a.pdf.toml").write_bytes(b"score = 2\n")

    (item,) = items(inbox, work)
    item.wipe()

    assert list(work.iterdir()) == []


def test_side_file_goes_with_its_report_as_second_payload(inbox: Path, work: Path) -> None:
    (inbox / "a.pdf").write_bytes(b"x")
    (inbox / "a.pdf.toml").write_bytes(b"score = 2\n")

    (item,) = items(inbox, work)

    assert [payload.name for payload in item.payloads(received_at=NOW)] == ["a.pdf", "a.pdf.toml"]


def test_side_file_alone_is_said_and_not_taken(inbox: Path, work: Path) -> None:
    (inbox / "a.pdf.toml").write_bytes(b"score = 2\n")

    assert items(inbox, work) == []
    assert "compagnon" in problems(inbox, work)[0].what


def test_file_that_just_changed_waits(inbox: Path, work: Path) -> None:
    (inbox / "a.pdf").write_bytes(b"x")

    (found,) = look(inbox, work, now=datetime.now(UTC) + timedelta(seconds=5))

    assert isinstance(found, InboxProblem)
    assert found.waiting


def test_file_that_kept_its_old_date_is_taken_at_once(inbox: Path, work: Path) -> None:
    (inbox / "a.pdf").write_bytes(b"x")
    os.utime(inbox / "a.pdf", (NOW.timestamp(), NOW.timestamp() - 3600))

    (found,) = look(inbox, work, now=datetime.now(UTC))

    assert isinstance(found, InboxItem)


def test_report_waits_for_a_side_file_that_just_changed(inbox: Path, work: Path) -> None:
    (inbox / "a.pdf").write_bytes(b"x")
    side = inbox / "a.pdf.toml"
    side.write_bytes(b"score = 2\n")
    os.utime(side, (LATER.timestamp(), LATER.timestamp() - 5))

    (found,) = look(inbox, work)

    assert isinstance(found, InboxProblem)
    assert found.waiting


def test_file_dated_in_the_future_is_not_left_waiting_for_years(inbox: Path, work: Path) -> None:
    path = inbox / "a.pdf"
    path.write_bytes(b"x")
    future = (NOW + timedelta(days=400)).timestamp()
    os.utime(path, (future, future))

    assert len(items(inbox, work)) == 1


@pytest.mark.parametrize(
    "name", [".cache", "~$rapport.docx", "rapport.pdf~", "a.part", "a.tmp", "a.PDF.crdownload", "archive.mla.tmp"]
)
def test_partial_and_hidden_names_are_left_alone(inbox: Path, work: Path, name: str) -> None:
    (inbox / name).write_bytes(b"x")

    assert look(inbox, work) == []


def test_folders_are_left_alone(inbox: Path, work: Path) -> None:
    (inbox / "dossier").mkdir()

    assert look(inbox, work) == []


@POSIX
def test_link_is_named_and_never_followed(inbox: Path, work: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (inbox / "rapport.pdf").symlink_to(secret)

    assert "lien symbolique" in problems(inbox, work)[0].what
    assert list(work.iterdir()) == []


@POSIX
def test_link_put_in_place_after_the_look_is_refused(inbox: Path, work: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (inbox / "rapport.pdf").symlink_to(tmp_path / "secret")

    with pytest.raises(UsageError):
        take(inbox / "rapport.pdf", work_dir=work)


@POSIX
def test_pipe_is_named_and_never_opened(inbox: Path, work: Path) -> None:
    os.mkfifo(inbox / "rapport.pdf")

    assert "ordinaire" in problems(inbox, work)[0].what


@POSIX
@pytest.mark.parametrize(
    "name", ["a..étrange..pdf", "a\nb.pdf", "a\x1b[31mb.pdf", "x\\..\\..\\y.pdf", "é" * 120 + ".pdf"]
)
def test_strange_names_are_taken_and_shown_safely(inbox: Path, work: Path, name: str) -> None:
    (inbox / name).write_bytes(b"x")

    (item,) = items(inbox, work)

    assert not set("\n\x1b/\\") & set(item.name)
    assert item.report.path.parent == work


@POSIX
def test_name_that_is_not_utf8_is_taken(inbox: Path, work: Path) -> None:
    (inbox / os.fsdecode(b"rapport\xff.pdf")).write_bytes(b"x")

    (item,) = items(inbox, work)

    assert item.name == "rapport·.pdf"
    item.name.encode()


def test_oldest_file_comes_first(inbox: Path, work: Path) -> None:
    for age, name in ((10, "b.pdf"), (30, "c.pdf"), (20, "a.pdf")):
        (inbox / name).write_bytes(b"x")
        stamp = (NOW - timedelta(days=age)).timestamp()
        os.utime(inbox / name, (stamp, stamp))

    assert [item.name for item in items(inbox, work)] == ["c.pdf", "a.pdf", "b.pdf"]


def test_missing_folder_says_what_to_check(tmp_path: Path, work: Path) -> None:
    with pytest.raises(CollectorError, match="dossier de dépôt"):
        look(tmp_path / "absent", work)


def test_processed_file_moves_with_its_side_file(inbox: Path, work: Path) -> None:
    (inbox / "a.pdf").write_bytes(b"x")
    (inbox / "a.pdf.toml").write_bytes(b"score = 2\n")
    (item,) = items(inbox, work)

    assert mark_processed(item, "00000001-abcdef01")

    kept = inbox / ".traites" / "00000001-abcdef01"
    assert sorted(path.name for path in kept.iterdir()) == ["a.pdf", "a.pdf.toml"]
    assert look(inbox, work) == []


def test_file_replaced_meanwhile_stays_for_the_next_pass(inbox: Path, work: Path) -> None:
    (inbox / "a.pdf").write_bytes(b"x")
    (item,) = items(inbox, work)
    (inbox / "a.pdf").write_bytes(b"autre contenu")

    assert not mark_processed(item, "00000001-abcdef01")
    assert (inbox / "a.pdf").read_bytes() == b"autre contenu"


@pytest.mark.parametrize(
    ("days", "safe", "erased"),
    [
        pytest.param(31, True, True, id="old-and-safe"),
        pytest.param(29, True, False, id="too-recent"),
        pytest.param(31, False, False, id="deposit-does-not-verify"),
    ],
)
def test_processed_file_is_erased_once_old_and_safe(
    inbox: Path, work: Path, days: int, safe: bool, erased: bool
) -> None:
    (inbox / "a.pdf").write_bytes(b"x")
    (item,) = items(inbox, work)
    mark_processed(item, "00000001-abcdef01")

    gone = erase_processed(inbox, now=NOW + timedelta(days=days), keep_days=30, is_safe=lambda _: safe)

    assert gone == (("00000001-abcdef01",) if erased else ())
    assert (inbox / ".traites" / "00000001-abcdef01").exists() is not erased


def test_copies_of_a_killed_pass_are_swept_a_day_later(inbox: Path, work: Path) -> None:
    (inbox / "a.pdf").write_bytes(b"x")
    items(inbox, work)

    sweep(work, now=NOW + timedelta(hours=1))
    assert len(list(work.iterdir())) == 1
    sweep(work, now=NOW + timedelta(days=2))
    assert list(work.iterdir()) == []


def test_safe_name_is_bounded() -> None:
    assert len(safe_name("x" * 500)) <= 200
