"""A vault over the years: interrupted deposits, clocks, keys, recipients, destruction, a lost index."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path

import pytest

from agent.domain.errors import ConfigurationError, UsageError, VaultError
from agent.domain.evidence import EvidenceClass
from agent.services.seal import seal_file
from agent.vault import bag, journal
from agent.vault.vault import Vault
from tests.integration.vault.conftest import House

Opener = Callable[[], Vault]
FACTS = {"reader": "ads", "reader_version": 1, "facts": [{"kind": "ads_audit", "score": 3}]}


def types(house: House) -> list[str]:
    return [json.loads(line)["type"] for line in house.journal_lines()]


def forget_deposit(house: House) -> Path:
    """Put the vault as it was just before the line of its newest deposit was written; return that deposit's bag."""
    lines = house.journal_lines()
    (house.root / "journal/000001.jsonl").write_bytes(b"\n".join(lines[:-1]) + b"\n")
    (house.root / f"checkpoints/{len(lines):08d}.note").unlink()
    head = house.keys_dir / "journal-head.json"
    head.write_text(json.dumps({**json.loads(head.read_text()), "committed": False}))
    return next((house.root / "deposits").glob(f"*/*/{json.loads(lines[-1])['id']}"))


def test_create_refuses_a_folder_that_holds_something(house: House) -> None:
    house.root.mkdir()
    (house.root / "photo.jpg").write_bytes(b"")

    with pytest.raises(ConfigurationError, match="vide"):
        house.create()


@pytest.mark.parametrize(
    "recipients",
    [
        pytest.param([], id="none"),
        pytest.param([0], id="one"),
        pytest.param([0, 0], id="twice-the-same"),
        pytest.param([0, "age1nonsense"], id="wrong"),
    ],
)
def test_create_wants_two_valid_recipients(house: House, recipients: list[int | str]) -> None:
    house.recipients = [house.recipients[0] if item == 0 else str(item) for item in recipients]

    with pytest.raises(ConfigurationError):
        house.create()
    assert not house.root.exists()


def test_private_key_given_as_recipient_is_not_repeated(house: House, key_pairs: list[tuple[str, str]]) -> None:
    house.recipients = [house.recipients[0], key_pairs[0][0]]

    with pytest.raises(ConfigurationError) as refused:
        house.create()
    assert key_pairs[0][0] not in refused.value.message


def test_open_refuses_what_is_no_vault(house: House) -> None:
    house.root.mkdir()

    with pytest.raises(ConfigurationError, match="n'est pas un coffre"):
        house.open()


def test_open_refuses_a_later_format(house: House, vault: Vault) -> None:
    (house.root / "0=carenage-vault_1.0").rename(house.root / "0=carenage-vault_2.0")

    with pytest.raises(ConfigurationError, match=r"carenage-vault_2\.0"):
        house.open()


def test_everything_in_the_vault_is_private(house: House, vault: Vault) -> None:
    vault.seal([house.raw(b"x")])

    for path in [house.root, house.keys_dir, *house.root.rglob("*"), *house.keys_dir.iterdir()]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_interrupted_deposit_is_adopted_under_its_id(house: House, vault: Vault, reopened: Opener) -> None:
    sealed = vault.seal([house.raw(b"x")], reason="motif", person="Mme Petit")
    forget_deposit(house)

    again = reopened()

    found = again.index.deposit(sealed.id)
    assert found is not None
    assert (found.reason, found.person, found.collector) == ("motif", "Mme Petit", "inbox")
    assert types(house) == ["creation", "deposit", "recovery"]
    assert again.verify(all=True).ok


def test_interrupted_deposit_that_is_not_sound_is_set_aside(house: House, vault: Vault, reopened: Opener) -> None:
    vault.seal([house.raw(b"x")])
    left = forget_deposit(house)
    (left / "data/0001.age").write_bytes(b"half")

    again = reopened()

    assert again.index.deposits() == []
    assert (house.root / "quarantine" / left.name).is_dir()
    assert types(house) == ["creation", "recovery"]
    assert again.verify(all=True).ok


def test_facts_survive_a_crash_just_after_the_commit(house: House, vault: Vault, reopened: Opener) -> None:
    vault.seal_facts({"evidence": "00000002-00000000", **FACTS})
    vault.index.forget_deposits()

    assert [fact.kind for fact in reopened().index.facts()] == ["ads_audit"]


def test_torn_line_is_set_aside_and_said(house: House, vault: Vault, reopened: Opener) -> None:
    vault.seal([house.raw(b"x")])
    with (house.root / "journal/000001.jsonl").open("ab") as stream:
        stream.write(b'{"agent":"agent-1","cla')

    again = reopened()

    assert types(house) == ["creation", "deposit", "recovery"]
    assert [path.read_bytes() for path in (house.root / "quarantine").iterdir()] == [b'{"agent":"agent-1","cla']
    assert again.verify().ok


def test_leftovers_of_an_interruption_are_swept(house: House, vault: Vault, reopened: Opener) -> None:
    (house.root / "tmp/build-0123/bag").mkdir(parents=True)
    (house.root / "tmp/stray").write_bytes(b"x")
    (house.root / "checkpoints/.00000002.note.0badcafe").write_bytes(b"x")

    assert reopened().verify().ok
    assert list((house.root / "tmp").iterdir()) == []
    assert not (house.root / "checkpoints/.00000002.note.0badcafe").exists()


def test_clock_set_back_is_accepted_and_said(house: House, vault: Vault, reopened: Opener) -> None:
    house.clock.advance(days=-3)
    vault.seal([house.raw(b"x")])
    vault.seal([house.raw(b"y")])

    assert types(house) == ["creation", "clock", "deposit", "deposit"]
    assert reopened().verify().ok


def test_clock_of_another_century_does_not_stop_deposits(house: House, vault: Vault, reopened: Opener) -> None:
    for year in (2099, 1970, 2026):
        house.clock.set(datetime(year, 1, 1, tzinfo=UTC))
        vault.seal([house.raw(b"x %d" % year)])

    assert reopened().verify(all=True).ok


def test_new_year_starts_a_segment(house: House, vault: Vault, reopened: Opener) -> None:
    vault.seal([house.raw(b"x")])
    house.clock.set(datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC))
    vault.seal([house.raw(b"y")])
    vault.seal([house.raw(b"z")])

    first, second = sorted((house.root / "journal").iterdir())
    assert (first.name, second.name) == ("000001.jsonl", "000002.jsonl")
    assert [path.read_bytes().count(b"\n") for path in (first, second)] == [2, 2]
    assert reopened().verify(all=True).ok


def test_full_segment_is_closed(house: House, vault: Vault, reopened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SEGMENT_LINES", 3)
    for number in range(5):
        vault.append("check", reason=f"contrôle {number}")

    assert [path.read_bytes().count(b"\n") for path in sorted((house.root / "journal").iterdir())] == [3, 3]
    assert reopened().verify().ok


def test_long_journal_reopens_with_its_old_lines_covered_by_the_newest_root(
    house: House, vault: Vault, reopened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        vault.append("check", reason=f"contrôle {number}")
    monkeypatch.setattr(journal, "RECENT_LINES", 5)
    assert not reopened().commits_held

    path = house.root / "journal/000001.jsonl"
    content = bytearray(path.read_bytes())
    content[content.index(b"le 3")] ^= 1
    path.write_bytes(bytes(content))

    assert reopened().commits_held


def test_same_content_twice_is_stored_once(house: House, vault: Vault) -> None:
    first = vault.seal([house.raw(b"the same " * 9999)])
    second = vault.seal([house.raw(b"the same " * 9999, "autre nom.txt")])

    paths = [house.root / "deposits/2026/11" / sealed.id / "data/0001.zst.age" for sealed in (first, second)]
    assert (first.deduplicated, second.deduplicated) == (False, True)
    assert paths[0].samefile(paths[1])
    assert vault.verify(all=True).ok


def test_same_content_for_other_recipients_is_encrypted_again(
    house: House, vault: Vault, key_pairs: list[tuple[str, str]], tmp_path: Path
) -> None:
    vault.seal([house.raw(b"the same")])
    vault.change_recipients([key_pairs[1][1], key_pairs[2][1]], reason="départ du RSSI", person="DG")
    (tmp_path / "nouvelle.txt").write_text(key_pairs[2][0])

    second = vault.seal([house.raw(b"the same")])

    assert not second.deduplicated
    assert vault.export(second.id, tmp_path / "nouvelle.txt", tmp_path / "out")
    assert (house.root / "recipients.txt").read_text().split() == [key_pairs[1][1], key_pairs[2][1]]
    assert vault.verify(all=True).ok


def test_change_of_recipients_interrupted_after_its_line_is_finished(
    house: House, vault: Vault, reopened: Opener, key_pairs: list[tuple[str, str]]
) -> None:
    before = (house.root / "recipients.txt").read_bytes()
    vault.change_recipients([key_pairs[1][1], key_pairs[2][1]], reason="départ", person="DG")
    (house.root / "recipients.txt").write_bytes(before)

    assert reopened().verify().ok


def test_lost_deduplication_key_loses_deduplication_only(house: House, vault: Vault, reopened: Opener) -> None:
    vault.seal([house.raw(b"the same")])
    (house.keys_dir / "deduplication.key").unlink()

    again = reopened()

    assert not again.seal([house.raw(b"the same")]).deduplicated
    assert again.verify(all=True).ok


def test_lost_signing_key_starts_a_new_one_that_the_journal_announces(
    house: House, vault: Vault, reopened: Opener
) -> None:
    former = vault.verifier_key
    (house.keys_dir / "signing.pem").unlink()

    again = reopened()
    again.seal([house.raw(b"x")])

    assert types(house) == ["creation", "key", "deposit"]
    assert again.verifier_key != former
    assert again.verifier_key in (house.root / "LISEZMOI.txt").read_text()
    assert reopened().verify(all=True).ok


def test_all_keys_lost_still_opens_and_goes_on(house: House, vault: Vault, reopened: Opener) -> None:
    vault.seal([house.raw(b"x")])
    shutil.rmtree(house.keys_dir)

    again = reopened()
    again.seal([house.raw(b"y")])

    assert again.verify(all=True).ok


def test_key_of_another_agent_is_not_taken_for_the_vaults(house: House, vault: Vault, tmp_path: Path) -> None:
    other = House(tmp_path / "autre", tmp_path / "autres-cles", house.identity_file, house.recipients, house.clock)
    other.create().close()
    shutil.copy(other.keys_dir / "signing.pem", house.keys_dir / "signing.pem")

    with house.open() as again:
        assert again.commits_held


def test_deposit_that_corrects_another_names_it(house: House, vault: Vault) -> None:
    first = vault.seal([house.raw(b"x")])
    vault.seal([house.raw(b"y")], replaces=first.id, reason="mauvais fichier", person="Mme Petit")

    line = json.loads(house.journal_lines()[-1])
    assert (line["replaces"], line["reason"], line["person"]) == (first.id, "mauvais fichier", "Mme Petit")
    assert [deposit.replaces for deposit in vault.index.deposits()] == [None, first.id]


def test_destroyed_deposit_leaves_its_line_and_no_alarm(house: House, vault: Vault, reopened: Opener) -> None:
    sealed = vault.seal([house.raw(b"x")])
    vault.destroy(sealed.id, reason="durée de conservation échue", person="DPO")

    again = reopened()

    assert list((house.root / "deposits/2026/11").iterdir()) == []
    assert (again.alarms(), again.index.deposits()) == ((), [])
    report = again.verify(all=True)
    assert (report.ok, report.deposits, report.journal_entries) == (True, 0, 3)


def test_destruction_interrupted_after_its_line_is_finished(
    house: House, vault: Vault, reopened: Opener, tmp_path: Path
) -> None:
    sealed = vault.seal([house.raw(b"x")])
    path = house.root / "deposits/2026/11" / sealed.id
    shutil.copytree(path, tmp_path / "copie")
    vault.destroy(sealed.id, reason="échue", person="DPO")
    (tmp_path / "copie").rename(path)

    assert reopened().verify().ok
    assert not path.exists()


def test_unknown_deposit_is_a_usage_error(vault: Vault) -> None:
    with pytest.raises(UsageError):
        vault.destroy("00000009-00000000", reason="échue", person="DPO")


def test_deposit_lines_are_not_written_by_hand(vault: Vault) -> None:
    with pytest.raises(ValueError, match="deposit"):
        vault.append("deposit", id="00000002-00000000")


def reading(vault: Vault, evidence: str, reader: str, version: int, *facts: dict[str, object]) -> None:
    vault.seal_facts({"evidence": evidence, "reader": reader, "reader_version": version, "facts": list(facts)})


def test_latest_version_of_a_reader_supersedes_then_the_latest_deposit(house: House, vault: Vault) -> None:
    evidence = vault.seal([house.raw(b"x")]).id
    for version, score in ((2, 3.0), (1, 1.0), (2, 4.0), (1, 2.0)):
        reading(vault, evidence, "ads", version, {"kind": "ads_audit", "score": score})

    found = [(fact.reader, fact.reader_version, fact.data) for fact in vault.index.facts()]

    assert found == [("ads", 2, {"kind": "ads_audit", "score": 4})]


def test_latest_reading_supersedes_that_of_another_reader(house: House, vault: Vault) -> None:
    evidence = vault.seal([house.raw(b"x")]).id
    reading(vault, evidence, "ads", 2, {"kind": "ads_audit"})
    reading(vault, evidence, "autre", 1, {"kind": "document"}, {"kind": "document"})
    reading(vault, evidence, "ads", 1, {"kind": "ads_audit"})

    assert [fact.reader for fact in vault.index.facts()] == ["autre", "autre"]
    assert vault.index.facts("ads_audit") == []


def test_reading_by_no_reader_supersedes_none(house: House, vault: Vault) -> None:
    evidence = vault.seal([house.raw(b"x")]).id
    reading(vault, evidence, "ads", 2, {"kind": "ads_audit"})
    reading(vault, evidence, "unknown", 0, {"kind": "document"})

    assert [fact.reader for fact in vault.index.facts()] == ["ads"]


def test_evidence_that_no_reading_names_is_unread(house: House, vault: Vault) -> None:
    read, never_read = (vault.seal([house.raw(content)]).id for content in (b"read", b"killed before it was read"))
    reading(vault, read, "oradad", 1)

    assert vault.index.unread() == [never_read]


def test_document_sealed_without_reading_on_purpose_is_not_unread(house: House, vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "convention.pdf").write_bytes(b"convention")
    seal_file(vault, tmp_path / "convention.pdf", now=house.clock.now(), open_file=opened)
    waiting = vault.seal([house.raw(b"dropped", evidence_class=EvidenceClass.DOCUMENT)]).id

    assert vault.index.unread() == [waiting]


def test_a_file_that_changed_since_it_was_checked_is_not_sealed(house: House, vault: Vault, tmp_path: Path) -> None:
    path = tmp_path / "convention.pdf"
    path.write_bytes(b"checked")
    checked = hashlib.sha256(b"checked").hexdigest()

    sealed = seal_file(vault, path, now=house.clock.now(), open_file=opened, sha256=checked)
    path.write_bytes(b"another")
    with pytest.raises(VaultError, match="a changé depuis"):
        seal_file(vault, path, now=house.clock.now(), open_file=opened, sha256=checked)

    assert sealed.sha256 == checked
    assert [one.id for one in vault.index.deposits()] == [sealed.id]


def opened(path: Path) -> BufferedReader:
    return path.open("rb")


def test_index_that_breaks_is_our_own_error(house: House, vault: Vault) -> None:
    with contextlib.closing(sqlite3.connect(house.root / "index.sqlite")) as index:
        for table in ("facts", "decisions", "deposits"):
            index.execute(f"DROP TABLE {table}")

    for ask in (vault.index.facts, vault.index.decisions, vault.index.deposits, vault.index.unread, vault.reindex):
        with pytest.raises(VaultError, match="index"):
            ask()


def test_reading_that_finds_nothing_supersedes_too(house: House, vault: Vault) -> None:
    for version, facts in ((1, [{"kind": "document"}]), (2, [])):
        vault.seal_facts({"evidence": "e", "reader": "r", "reader_version": version, "facts": facts})

    assert vault.index.facts() == []


def test_decisions_come_back_with_who_took_them(vault: Vault) -> None:
    vault.seal_decision(
        {"decision": "confirm", "evidence": "e", "reason": "relu", "values": {"score": 3}}, person="Mme Petit"
    )
    vault.seal_decision({"decision": "reading", "evidence": None, "values": {}}, person="M. Durand")

    first, second = vault.index.decisions()
    assert (first.kind, first.evidence_id, first.person, first.reason) == ("confirm", "e", "Mme Petit", "relu")
    assert first.values == {"score": 3}
    assert (second.kind, second.evidence_id, second.reason) == ("reading", None, None)
    assert [decision.id for decision in vault.index.decisions("confirm")] == [first.id]


@pytest.mark.parametrize("record", [{}, {"evidence": "e", "reader": "r", "reader_version": "1", "facts": []}])
def test_facts_of_another_shape_are_refused_and_leave_nothing(vault: Vault, record: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="fact"):
        vault.seal_facts(record)

    assert (vault.index.deposits(), vault.verify().ok) == ([], True)


def filled(house: House, vault: Vault) -> None:
    evidence = vault.seal([house.raw(b"x", facts_on=datetime(2026, 10, 1, tzinfo=UTC).date())]).id
    vault.seal_facts({"evidence": evidence, **FACTS})
    vault.seal_decision({"decision": "confirm", "evidence": evidence, "values": {}}, person="Mme Petit")


@pytest.mark.parametrize(
    "loss",
    [
        pytest.param(lambda path: path.unlink(), id="deleted"),
        pytest.param(lambda path: path.write_bytes(b"not a database at all" * 500), id="garbage"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:3000]), id="cut"),
    ],
)
def test_lost_index_is_rebuilt_with_verdicts_unknown(
    house: House, vault: Vault, reopened: Opener, loss: Callable[[Path], None]
) -> None:
    filled(house, vault)
    vault.close()
    loss(house.root / "index.sqlite")

    again = reopened()

    assert again.index.counts() == {"deposits": 3, "facts": 0, "unknown": 2}
    assert again.verify(all=True).ok


def test_reindex_with_the_private_key_brings_everything_back(house: House, vault: Vault, reopened: Opener) -> None:
    filled(house, vault)
    before = (vault.index.deposits(), vault.index.facts(), vault.index.decisions())
    vault.close()
    (house.root / "index.sqlite").unlink()

    again = reopened()

    assert again.reindex(house.identity_file) == {"deposits": 3, "facts": 1, "unknown": 0}
    assert (again.index.deposits(), again.index.facts(), again.index.decisions()) == before


def test_reindex_without_the_key_leaves_verdicts_unknown(house: House, vault: Vault) -> None:
    filled(house, vault)

    assert vault.reindex() == {"deposits": 3, "facts": 0, "unknown": 2}
    assert [one.evidence_class for one in vault.index.deposits()] == [
        EvidenceClass.ORADAD,
        EvidenceClass.FACTS,
        EvidenceClass.DECISION,
    ]


def test_reindex_of_a_copy_reads_everything_in_memory(house: House, vault: Vault, tmp_path: Path) -> None:
    filled(house, vault)
    vault.close()
    shutil.copytree(house.root, tmp_path / "copie")
    before = {path: path.read_bytes() for path in (tmp_path / "copie").rglob("*") if path.is_file()}

    with house.open_copy(tmp_path / "copie") as copy:
        assert copy.index.counts()["facts"] == 1
        assert copy.reindex(house.identity_file) == {"deposits": 3, "facts": 1, "unknown": 0}

    assert {path: path.read_bytes() for path in (tmp_path / "copie").rglob("*") if path.is_file()} == before


def test_copy_refuses_writing(house: House, vault: Vault, tmp_path: Path) -> None:
    shutil.copytree(house.root, tmp_path / "copie")

    with house.open_copy(tmp_path / "copie") as copy, pytest.raises(VaultError, match="lecture seule"):
        copy.seal([house.raw(b"x")])


def test_link_refused_by_the_file_system_becomes_a_copy(
    house: House, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    first = vault.seal([house.raw(b"the same")])
    monkeypatch.setattr(os, "link", refuse)
    second = vault.seal([house.raw(b"the same")])

    contents = [(house.root / "deposits/2026/11" / one.id / "data/0001.age").read_bytes() for one in (first, second)]
    assert second.deduplicated
    assert contents[0] == contents[1]
    assert list(bag.problems(house.root / "deposits/2026/11" / second.id, "", expected=None, payloads=True)) == []
