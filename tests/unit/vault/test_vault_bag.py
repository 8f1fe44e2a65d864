from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from agent.domain.errors import IntegrityError
from agent.domain.evidence import EvidenceClass
from agent.vault import bag
from agent.vault.lines import sha256

FIELDS = bag.BagFields(
    evidence_class=EvidenceClass.DOCUMENT, bytes=3, tags=("a" * 64,), reason="ligne\nsuivante", person="Mme Petit"
)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "00000002-0badcafe"
    (path / "data").mkdir(parents=True)
    (path / "data/0001.age").write_bytes(b"abc")
    bag.write_tag_files(path, {"data/0001.age": sha256(b"abc")}, FIELDS, date(2026, 11, 22))
    return path


def problems(path: Path, *, payloads: bool = True) -> list[str]:
    return [problem.where for problem in bag.problems(path, "bag", expected=None, payloads=payloads)]


def test_made_bag_is_sound(made: Path) -> None:
    assert problems(made) == []


def test_bag_says_what_its_journal_line_will_say(made: Path) -> None:
    assert bag.read_fields(made) == FIELDS


def test_bag_of_another_digest_than_the_journals_is_a_problem(made: Path) -> None:
    found = list(bag.problems(made, "bag", expected="0" * 64, payloads=False))

    assert [problem.where for problem in found] == ["bag/tagmanifest-sha256.txt"]
    assert list(bag.problems(made, "bag", expected=bag.digest(made), payloads=True)) == []


def test_changed_payload_shows_when_payloads_are_read(made: Path) -> None:
    (made / "data/0001.age").write_bytes(b"abd")

    assert (problems(made), problems(made, payloads=False)) == (["bag/data/0001.age"], [])


def test_missing_payload_shows_in_any_case(made: Path) -> None:
    (made / "data/0001.age").unlink()

    assert (problems(made), problems(made, payloads=False)) == (["bag/data/0001.age"],) * 2


@pytest.mark.parametrize("name", ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"])
def test_changed_or_missing_tag_file_is_a_problem(made: Path, name: str) -> None:
    (made / name).write_bytes((made / name).read_bytes() + b"x")
    assert problems(made) != []

    (made / name).unlink()
    assert problems(made) != []


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("0" * 64 + "  data/../../../etc/passwd", id="escape"),
        pytest.param("0" * 64 + "  /etc/passwd", id="absolute"),
        pytest.param("0" * 64 + " *data/0001.age", id="binary-mark"),
        pytest.param("0" * 63 + "  data/0001.age", id="short-digest"),
        pytest.param("", id="blank"),
    ],
)
def test_manifest_that_names_anything_else_is_refused(made: Path, line: str) -> None:
    (made / "manifest-sha256.txt").write_text(f"{line}\n")

    with pytest.raises(IntegrityError):
        bag.payload_digests(made)


@pytest.mark.parametrize(
    "info",
    [
        b"",
        b"Carenage-Journal: {}\n",
        b"Carenage-Journal: [\n",
        b'Carenage-Journal: {"bytes":"3","class":"document","tags":[]}\n',
        b'Carenage-Journal: {"bytes":3,"class":"party","tags":[]}\n',
        b'Carenage-Journal: {"bytes":3,"class":"document","tags":["x"]}\n',
        b'Carenage-Journal: {"bytes":3,"class":"document","tags":[],"reason":[]}\n',
        b"Carenage-Journal: " + b"[" * 9000 + b"\n",
        b"\xff\n",
    ],
)
def test_bag_that_does_not_say_its_journal_fields_is_refused(made: Path, info: bytes) -> None:
    (made / "bag-info.txt").write_bytes(info)

    with pytest.raises(IntegrityError):
        bag.read_fields(made)
