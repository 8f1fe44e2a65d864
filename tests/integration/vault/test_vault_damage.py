"""Whatever changes in a vault is seen, named, and never repaired in silence; collection goes on."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.errors import HeldError, IdentityError, IntegrityError, UsageError
from agent.domain.evidence import RawEvidence
from agent.vault.lines import canonical, sha256
from agent.vault.vault import Vault
from tests.integration.vault.conftest import House

Opener = Callable[[], Vault]


@pytest.fixture
def filled(house: House, vault: Vault) -> House:
    """A vault of three deposits, closed."""
    for number in range(3):
        vault.seal([house.raw(b"evidence %d " % number * 50)])
    vault.close()
    return house


def flip(path: Path, position: int, bit: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1 << bit
    path.write_bytes(bytes(content))


def bags(house: House) -> list[Path]:
    return sorted((house.root / "deposits").glob("*/*/*"))


def forge(raw: bytes, **changes: object) -> bytes:
    """Return the line changed, its own hash recomputed."""
    line = {**json.loads(raw), **changes}
    del line["h"]
    line["h"] = sha256(canonical(line))
    return canonical(line)


def rewrite_line(house: House, number: int, raw: bytes) -> None:
    lines = house.journal_lines()
    lines[number - 1] = raw
    (house.root / "journal/000001.jsonl").write_bytes(b"\n".join(lines) + b"\n")


def test_fresh_vault_verifies(filled: House, reopened: Opener) -> None:
    report = reopened().verify(all=True)

    assert (report.ok, report.deposits, report.journal_entries, report.held) == (True, 3, 4, 0)


@pytest.mark.parametrize("every_payload", [pytest.param(True, id="all"), pytest.param(False, id="sample")])
def test_no_single_bit_flip_goes_unseen(filled: House, *, every_payload: bool) -> None:
    chance = random.Random(20261122)
    files = [path for path in filled.root.rglob("*") if path.is_file()]
    watched = [
        path for path in files if path.relative_to(filled.root).parts[0] in {"journal", "checkpoints", "deposits"}
    ]
    missed = []
    with filled.open_copy(filled.root) as copy:
        assert copy.verify(all=every_payload).ok
        for path in watched:
            original = path.read_bytes()
            positions = {0, len(original) - 1, *(chance.randrange(len(original)) for _ in range(12))}
            for position in positions:
                bit = chance.randrange(8)
                flip(path, position, bit)
                if copy.verify(all=every_payload).ok:
                    missed.append((path.name, position, bit))
                path.write_bytes(original)
        assert copy.verify(all=every_payload).ok
    assert missed == []


def test_every_bit_of_the_newest_journal_line_is_watched(filled: House) -> None:
    path = filled.root / "journal/000001.jsonl"
    original = path.read_bytes()
    start = original.rindex(b"\n", 0, -1) + 1
    missed = []
    with filled.open_copy(filled.root) as copy:
        for position in range(start, len(original)):
            flip(path, position, position % 8)
            if copy.verify().ok:
                missed.append(position)
            path.write_bytes(original)
    assert missed == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x00" * 5000 + b"\n", id="zeros"),
        pytest.param(b"[" * 100_000 + b"\n", id="deep"),
        pytest.param(b'{"seq":' + b"9" * 6000 + b"}\n", id="long-number"),
        pytest.param(b'{"h":"\xff\xfe"}\n', id="not-utf8"),
        pytest.param(b'{"h":"\\ud800","seq":1}\n', id="lone-surrogate"),
        pytest.param(b"null\n" * 10, id="null"),
        pytest.param(b"x" * 700_000, id="endless-line"),
    ],
)
@pytest.mark.parametrize(
    "where",
    [
        "journal/000001.jsonl",
        "checkpoints/00000002.note",
        "manifest-sha256.txt",
        "tagmanifest-sha256.txt",
        "bag-info.txt",
    ],
)
def test_garbage_is_a_problem_never_a_traceback(filled: House, reopened: Opener, where: str, content: bytes) -> None:
    path = filled.root / where if "/" in where else bags(filled)[0] / where
    path.write_bytes(content)

    report = reopened().verify(all=True)

    assert not report.ok
    assert all(problem.where and problem.what for problem in report.problems)


def test_damaged_old_bag_is_named_and_does_not_stop_deposits(filled: House, reopened: Opener) -> None:
    flip(bags(filled)[0] / "data/contents.json.age", 300)

    vault = reopened()
    vault.seal([filled.raw(b"later")])
    report = vault.verify(all=True)

    assert [problem.where for problem in report.problems] == [
        f"deposits/2026/11/{bags(filled)[0].name}/data/contents.json.age"
    ]
    assert not vault.commits_held


def test_deduplication_never_links_to_a_damaged_ciphertext(filled: House, reopened: Opener) -> None:
    flip(bags(filled)[0] / "data/0001.zst.age", 250)

    vault = reopened()
    again = vault.seal([filled.raw(b"evidence 0 " * 50)])

    assert not again.deduplicated
    with vault.open_payloads(again.id, filled.identity()) as payloads, payloads[0].open() as stream:
        assert stream.read() == b"evidence 0 " * 50


def test_missing_bag_is_an_alarm_and_does_not_stop_deposits(filled: House, reopened: Opener) -> None:
    shutil.rmtree(bags(filled)[1])

    vault = reopened()
    vault.seal([filled.raw(b"later")])

    assert len(vault.alarms()) == 1
    assert not vault.verify().ok


@pytest.mark.parametrize("what", ["link", "file", "pipe"])
def test_what_is_no_bag_under_deposits_is_set_aside(filled: House, reopened: Opener, tmp_path: Path, what: str) -> None:
    stranger = filled.root / "deposits/2026/11/00000009-0badcafe"
    if what == "link":
        (tmp_path / "elsewhere").mkdir()
        stranger.symlink_to(tmp_path / "elsewhere")
    elif what == "file":
        stranger.write_bytes(b"")
    else:
        os.mkfifo(stranger)
    with filled.open_copy(filled.root) as copy:
        assert not copy.verify().ok

    vault = reopened()

    assert vault.verify().ok
    assert os.path.lexists(filled.root / "quarantine/00000009-0badcafe")


def test_link_in_the_place_of_a_payload_is_a_problem(filled: House, reopened: Opener, tmp_path: Path) -> None:
    payload = bags(filled)[0] / "data/0001.zst.age"
    payload.rename(tmp_path / "moved")
    payload.symlink_to(tmp_path / "moved")

    assert [p.where for p in reopened().verify(all=True).problems] == [str(payload.relative_to(filled.root))]


def test_link_in_the_place_of_a_journaled_bag_is_an_alarm(filled: House, reopened: Opener, tmp_path: Path) -> None:
    bag = bags(filled)[0]
    bag.rename(tmp_path / "moved")
    bag.symlink_to(tmp_path / "moved")

    vault = reopened()

    assert vault.alarms()
    assert not vault.verify().ok
    assert bag.is_symlink()


def test_two_bags_exchanged_are_seen(filled: House, reopened: Opener, tmp_path: Path) -> None:
    first, second, _ = bags(filled)
    first.rename(tmp_path / "aside")
    second.rename(first)
    (tmp_path / "aside").rename(second)

    assert len(reopened().verify(all=True).problems) == 2


def test_extra_file_in_a_bag_is_seen(filled: House, reopened: Opener) -> None:
    (bags(filled)[0] / "data/0002.age").write_bytes(b"planted")

    assert not reopened().verify().ok


def damage_changed_line(house: House) -> None:
    flip(house.root / "journal/000001.jsonl", 700)


def damage_forged_line(house: House) -> None:
    rewrite_line(house, 3, forge(house.journal_lines()[2], bytes=1))


def damage_forged_newest_line(house: House) -> None:
    rewrite_line(house, 4, forge(house.journal_lines()[3], bytes=1))


def damage_newest_line_deleted(house: House) -> None:
    path = house.root / "journal/000001.jsonl"
    path.write_bytes(b"\n".join(house.journal_lines()[:-1]) + b"\n")


def damage_tail_rolled_back(house: House) -> None:
    damage_newest_line_deleted(house)
    (house.root / "checkpoints/00000004.note").unlink()
    shutil.rmtree(bags(house)[-1])


def damage_lines_exchanged(house: House) -> None:
    lines = house.journal_lines()
    (house.root / "journal/000001.jsonl").write_bytes(b"\n".join([lines[0], lines[2], lines[1], lines[3]]) + b"\n")


def damage_newest_checkpoint_deleted(house: House) -> None:
    (house.root / "checkpoints/00000004.note").unlink()


def damage_old_checkpoint(house: House) -> None:
    flip(house.root / "checkpoints/00000002.note", 40)


def damage_checkpoint_of_another_line(house: House) -> None:
    shutil.copy(house.root / "checkpoints/00000002.note", house.root / "checkpoints/00000003.note")


def damage_last_newline(house: House) -> None:
    flip(house.root / "journal/000001.jsonl", -1, 2)


def damage_journal_lost(house: House) -> None:
    shutil.rmtree(house.root / "journal")


def damage_creation_line(house: House) -> None:
    flip(house.root / "journal/000001.jsonl", 30)


DAMAGES = [value for name, value in sorted(globals().items()) if name.startswith("damage_")]
every_damage = pytest.mark.parametrize("damage", [pytest.param(d, id=d.__name__[7:]) for d in DAMAGES])


@every_damage
def test_broken_journal_holds_deposits_across_restarts(
    filled: House, reopened: Opener, damage: Callable[[House], None]
) -> None:
    damage(filled)
    before = {path: path.read_bytes() for path in (filled.root / "journal").glob("*")}

    with pytest.raises(HeldError) as held:
        reopened().seal([filled.raw(b"collected meanwhile")])

    vault = reopened()
    assert [one.id for one in vault.held()] == [held.value.held_id]
    report = vault.verify(all=True)
    assert (report.ok, report.held) == (False, 1)
    assert {path: path.read_bytes() for path in (filled.root / "journal").glob("*")} == before


@every_damage
def test_accepted_damage_is_journaled_and_held_deposits_count(
    filled: House, reopened: Opener, damage: Callable[[House], None]
) -> None:
    damage(filled)
    vault = reopened()
    with pytest.raises(HeldError):
        vault.seal([filled.raw(b"collected meanwhile")])

    committed = vault.accept_damage(reason="disque remplacé", person="M. Durand")
    later = vault.seal([filled.raw(b"afterwards")])

    assert len(committed) == 1
    assert vault.alarms() == ()
    vault = reopened()
    assert not vault.commits_held
    assert {committed[0].id, later.id} <= {one.id for one in vault.index.deposits()}
    report = vault.verify(all=True)
    assert (report.problems, report.held) == ((), 0)
    acceptance = next(
        line for line in map(json.loads, filter(readable, filled.journal_lines())) if line.get("type") == "decision"
    )
    assert (acceptance["person"], acceptance["reason"]) == ("M. Durand", "disque remplacé")


def readable(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def held_id(vault: Vault, raw: RawEvidence) -> str:
    with pytest.raises(HeldError) as held:
        vault.seal([raw])
    return held.value.held_id


def test_same_evidence_is_held_once_however_often_it_is_tried(filled: House, reopened: Opener) -> None:
    damage_changed_line(filled)
    vault = reopened()

    once, again = (held_id(vault, filled.raw(b"collected meanwhile")) for _ in range(2))
    another = held_id(reopened(), filled.raw(b"another"))
    elsewhere = held_id(reopened(), replace(filled.raw(b"collected meanwhile"), subject="autre"))

    assert once == again
    assert {one.id for one in vault.held()} == {once, another, elsewhere}


def test_evidence_is_held_anew_when_its_held_bag_is_damaged(filled: House, reopened: Opener) -> None:
    damage_changed_line(filled)
    vault = reopened()
    once = held_id(vault, filled.raw(b"collected meanwhile"))
    flip(filled.root / f"tmp/held-{once}/data/0001.age", 200)

    assert held_id(vault, filled.raw(b"collected meanwhile")) != once


def test_held_decisions_keep_their_order_even_when_one_comes_back(filled: House, reopened: Opener) -> None:
    damage_changed_line(filled)
    vault = reopened()
    for score in (1, 2, 1):
        filled.clock.advance(seconds=1)
        with pytest.raises(HeldError):
            vault.seal_decision({"decision": "confirm", "evidence": "e", "values": {"score": score}}, "Mme Petit")

    vault.accept_damage(reason="vu", person="M. Durand")

    assert [decision.values["score"] for decision in vault.index.decisions()] == [1, 2, 1]


def test_deposit_is_known_intact_by_the_id_it_was_held_under(filled: House, reopened: Opener) -> None:
    damage_changed_line(filled)
    vault = reopened()
    held = held_id(vault, filled.raw(b"collected meanwhile"))
    before = vault.is_intact(held)

    (committed,) = vault.accept_damage(reason="vu", person="M. Durand")

    assert (before, vault.is_intact(held), vault.is_intact("0" * 8)) == (False, True, False)
    flip(filled.root / committed.path / "data/0001.age", 200)
    assert not vault.is_intact(held)


@every_damage
def test_damage_after_an_acceptance_is_new_damage(
    filled: House, reopened: Opener, damage: Callable[[House], None]
) -> None:
    damage(filled)
    reopened().accept_damage(reason="vu", person="M. Durand")
    flip(min((filled.root / "checkpoints").iterdir()), 10)

    assert not reopened().verify().ok


def test_accepted_damage_goes_on_being_listed(filled: House, reopened: Opener) -> None:
    damage_changed_line(filled)
    vault = reopened()
    vault.accept_damage(reason="vu", person="M. Durand")

    report = vault.verify()

    assert report.ok
    assert any(problem.where.startswith("journal/") for problem in report.accepted)


def test_nothing_to_accept_is_said(vault: Vault) -> None:
    with pytest.raises(UsageError):
        vault.accept_damage(reason="vu", person="M. Durand")


def test_nothing_is_appended_to_a_broken_journal(filled: House, reopened: Opener) -> None:
    damage_changed_line(filled)

    with pytest.raises(IntegrityError):
        reopened().append("check", reason="contrôle")


def test_damage_that_only_a_verification_sees_holds_deposits_too(filled: House, reopened: Opener) -> None:
    vault = reopened()
    damage_old_checkpoint(filled)
    vault.verify()

    with pytest.raises(HeldError):
        vault.seal([filled.raw(b"collected meanwhile")])


def test_journal_put_back_from_a_backup_needs_no_acceptance(filled: House, reopened: Opener) -> None:
    journal = filled.root / "journal/000001.jsonl"
    backup = journal.read_bytes()
    damage_changed_line(filled)
    with pytest.raises(HeldError):
        reopened().seal([filled.raw(b"collected meanwhile")])

    journal.write_bytes(backup)

    vault = reopened()
    assert (vault.commits_held, vault.held()) == (False, ())
    report = vault.verify(all=True)
    assert (report.ok, report.deposits) == (True, 4)


def test_recipients_slipped_into_the_file_are_not_used(
    filled: House, reopened: Opener, key_pairs: list[tuple[str, str]], tmp_path: Path
) -> None:
    intruder, public = key_pairs[2]
    (filled.root / "recipients.txt").write_text(f"{filled.recipients[0]}\n{public}\n")
    (tmp_path / "intrus.txt").write_text(intruder)

    vault = reopened()
    sealed = vault.seal([filled.raw(b"for our eyes")])

    assert [problem.where for problem in vault.verify().problems] == ["recipients.txt"]
    with pytest.raises(IdentityError):
        vault.export(sealed.id, tmp_path / "intrus.txt", tmp_path / "out")


def test_deposits_held_over_a_broken_journal_are_for_the_recipients_in_force(
    filled: House, reopened: Opener, key_pairs: list[tuple[str, str]], tmp_path: Path
) -> None:
    intruder, public = key_pairs[2]
    rewrite_line(filled, 1, forge(filled.journal_lines()[0], recipients=[filled.recipients[0], public]))
    vault = reopened()
    with pytest.raises(HeldError):
        vault.seal([filled.raw(b"for our eyes")])
    committed = vault.accept_damage(reason="vu", person="M. Durand")

    (tmp_path / "intrus.txt").write_text(intruder)
    with pytest.raises(IdentityError):
        vault.export(committed[0].id, tmp_path / "intrus.txt", tmp_path / "out")
    assert vault.export(committed[0].id, filled.identity(), tmp_path / "out")
