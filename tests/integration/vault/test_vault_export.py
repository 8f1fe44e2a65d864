"""Files come back as they were, for whoever holds a key, and nowhere else."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain.errors import CollectorError, IdentityError, IntegrityError, UsageError, VaultError
from agent.domain.evidence import RawEvidence
from agent.domain.secret import Secret
from agent.vault import age
from agent.vault.vault import Vault
from tests.integration.vault.conftest import House

Opener = Callable[[], Vault]
PASSPHRASE = "phrase de passe du RSSI"


def test_export_gives_back_what_was_sealed(house: House, vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal([house.raw(b"first"), house.raw(b"second", "b.bin")])

    files = vault.export(sealed.id, house.identity(), tmp_path / "out")

    assert files == [
        {"name": "rapport été.txt", "sha256": hashlib.sha256(b"first").hexdigest(), "bytes": 5},
        {"name": "b.bin", "sha256": hashlib.sha256(b"second").hexdigest(), "bytes": 6},
    ]
    assert (tmp_path / "out/rapport été.txt").read_bytes() == b"first"


def test_each_use_of_the_private_key_is_journaled(house: House, vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal([house.raw(b"first")])
    vault.export(sealed.id, house.identity_file, tmp_path / "out")
    with vault.open_payloads(sealed.id, house.identity_file):
        pass
    vault.reindex(house.identity_file)

    accesses = [json.loads(line) for line in house.journal_lines()[2:]]
    assert [(line["type"], line.get("id"), line["reason"]) for line in accesses] == [
        ("access", sealed.id, "export"),
        ("access", sealed.id, "read"),
        ("access", None, "reindex"),
    ]


def test_copy_without_the_agents_keys_is_exported(house: House, vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal([house.raw(b"first")])
    shutil.copytree(house.root, tmp_path / "copie")

    with house.open_copy(tmp_path / "copie") as copy:
        assert copy.verify(all=True).ok
        assert copy.export(sealed.id, house.identity_file, tmp_path / "out")


def test_wrong_key_opens_nothing(house: House, vault: Vault, key_pairs: list[tuple[str, str]], tmp_path: Path) -> None:
    sealed = vault.seal([house.raw(b"first")])
    (tmp_path / "autre.txt").write_text(key_pairs[2][0])

    with pytest.raises(IdentityError) as refused:
        vault.export(sealed.id, tmp_path / "autre.txt", tmp_path / "out")

    assert refused.value.hint
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"AGE-SECRET-KEY-1NONSENSE\n", id="nonsense"),
        pytest.param(b"\xff" * 100, id="binary"),
        pytest.param(b"x" * 100_000, id="too-big"),
        pytest.param(b"age-encryption.org/v1\n-> nothing", id="broken-age"),
    ],
)
def test_unusable_identity_file_is_said_without_showing_it(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "cle.txt").write_bytes(content)

    with pytest.raises(IdentityError) as refused:
        age.read_identity(tmp_path / "cle.txt", Secret(PASSPHRASE))

    assert "NONSENSE" not in refused.value.message


@pytest.fixture(scope="module", params=["binary", "armoured"])
def protected(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, key_pairs: list[tuple[str, str]]
) -> Path:
    import pyrage

    path = tmp_path_factory.mktemp("keys") / "cle.age"
    armoured = request.param == "armoured"
    path.write_bytes(pyrage.passphrase.encrypt(f"{key_pairs[0][0]}\n".encode(), PASSPHRASE, armored=armoured))
    return path


def test_protected_identity_opens_with_its_passphrase(
    house: House, vault: Vault, protected: Path, tmp_path: Path
) -> None:
    sealed = vault.seal([house.raw(b"first")])

    assert age.is_protected(protected)
    assert vault.export(sealed.id, protected, tmp_path / "out", passphrase=Secret(PASSPHRASE))


@pytest.mark.parametrize("passphrase", [None, Secret("fausse")], ids=["missing", "wrong"])
def test_protected_identity_stays_shut_without_its_passphrase(protected: Path, passphrase: Secret | None) -> None:
    with pytest.raises(IdentityError):
        age.read_identity(protected, passphrase)


def test_age_keygen_writes_an_identity_that_opens(house: House, tmp_path: Path) -> None:
    subprocess.run(["age-keygen", "-o", str(tmp_path / "k.txt")], check=True, capture_output=True)
    line = next(line for line in (tmp_path / "k.txt").read_text().splitlines() if "public key" in line)
    house.recipients[1] = line.split()[-1]

    with house.create() as vault:
        sealed = vault.seal([house.raw(b"first")])
        assert vault.export(sealed.id, tmp_path / "k.txt", tmp_path / "out")


def test_existing_file_is_not_replaced(house: House, vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal([house.raw(b"first", "a.txt")])
    (tmp_path / "a.txt").write_bytes(b"mine")

    with pytest.raises(UsageError):
        vault.export(sealed.id, house.identity(), tmp_path)

    assert (tmp_path / "a.txt").read_bytes() == b"mine"


def test_link_planted_in_the_destination_is_not_followed(house: House, vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal([house.raw(b"first", "a.txt")])
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.txt").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UsageError):
        vault.export(sealed.id, house.identity(), tmp_path / "out")

    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "name",
    [
        "../../evil",
        "/etc/passwd",
        "..\\..\\evil",
        "a/../../b",
        "..",
        ".",
        "",
        "nul\x00l",
        "con.txt",
        "\udce9",
        "n" * 999,
    ],
)
def test_hostile_names_stay_in_the_destination(house: House, vault: Vault, tmp_path: Path, name: str) -> None:
    sealed = vault.seal([house.raw(b"first", name), house.raw(b"second", name)])

    files = vault.export(sealed.id, house.identity(), tmp_path / "deep/out")

    assert len({file["name"] for file in files}) == 2
    assert {path.name for path in (tmp_path / "deep/out").iterdir()} == {file["name"] for file in files}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_name_that_is_no_text_is_sealed_all_the_same(house: House, vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal([house.raw(b"first", "a\udce9.txt")])

    assert [file["name"] for file in vault.export(sealed.id, house.identity(), tmp_path / "out")] == ["a_.txt"]


def test_damaged_payload_leaves_no_file_behind(house: House, vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal([house.raw(b"first " * 30_000)])
    path = house.root / "deposits/2026/11" / sealed.id / "data/0001.zst.age"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(bytes(content))

    with pytest.raises(IntegrityError):
        vault.export(sealed.id, house.identity(), tmp_path / "out")

    assert list((tmp_path / "out").iterdir()) == []


def test_ciphertext_of_another_deposit_is_refused(house: House, vault: Vault, tmp_path: Path) -> None:
    first, second = vault.seal([house.raw(b"first")]), vault.seal([house.raw(b"other")])
    folder = house.root / "deposits/2026/11"
    (folder / first.id / "data/0001.age").write_bytes((folder / second.id / "data/0001.age").read_bytes())

    with pytest.raises(IntegrityError):
        vault.export(first.id, house.identity(), tmp_path / "out")


def test_bomb_in_the_place_of_a_payload_stops_at_the_declared_size(house: House, vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal([house.raw(b"first " * 100)])
    recipients = " ".join(f"-r {recipient}" for recipient in house.recipients)
    target = house.root / "deposits/2026/11" / sealed.id / "data/0001.zst.age"
    subprocess.run(f"head -c 300M /dev/zero | zstd -c | age {recipients} > {target}", shell=True, check=True)

    with pytest.raises(IntegrityError, match="plus gros"):
        vault.export(sealed.id, house.identity(), tmp_path / "out")


@pytest.mark.parametrize(
    "description",
    [
        b"[]",
        b'{"payloads":[]}',
        b'{"payloads":[{"file":"data/../../x","name":"n","bytes":1,"sha256":"' + b"0" * 64 + b'"}]}',
        b'{"payloads":' + b"[" * 50_000,
        b"\xff",
    ],
)
def test_hostile_description_is_an_integrity_error(
    house: House, vault: Vault, tmp_path: Path, description: bytes
) -> None:
    sealed = vault.seal([house.raw(b"first")])
    target = house.root / "deposits/2026/11" / sealed.id / "data/contents.json.age"
    recipients = [part for recipient in house.recipients for part in ("-r", recipient)]
    target.write_bytes(subprocess.run(["age", *recipients], input=description, capture_output=True, check=True).stdout)

    with pytest.raises(IntegrityError):
        vault.export(sealed.id, house.identity(), tmp_path / "out")


def test_payloads_open_as_they_were_collected_and_are_wiped(house: House, vault: Vault, tmp_path: Path) -> None:
    raw = house.raw(b"first")
    sealed = vault.seal([raw])

    with vault.open_payloads(sealed.id, house.identity(), tmp_path) as payloads:
        (found,) = payloads
        with found.open() as stream:
            assert stream.read() == b"first"
        assert replace(found, open=raw.open) == raw
        assert len(list(tmp_path.glob("carenage-*"))) == 1

    assert list(tmp_path.glob("carenage-*")) == []


def test_file_that_changes_while_it_is_sealed_is_refused(house: House, vault: Vault, tmp_path: Path) -> None:
    path = tmp_path / "growing.log"
    path.write_bytes(b"x" * 6_000_000)

    class Growing(io.FileIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() == 0:
                with path.open("ab") as stream:
                    stream.write(b"more")
            return super().read(size) or b""

    raw = replace(house.raw(b""), open=lambda: Growing(path))

    with pytest.raises(VaultError, match="a changé"):
        vault.seal([raw])

    assert vault.index.deposits() == []


def test_source_that_breaks_midway_leaves_nothing(house: House, vault: Vault) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    raw: RawEvidence = replace(house.raw(b""), open=Broken)

    with pytest.raises(CollectorError, match="lu jusqu'au bout"):
        vault.seal([raw])

    assert (vault.index.deposits(), list((house.root / "tmp").iterdir())) == ([], [])


def test_deposit_without_payload_is_refused(vault: Vault) -> None:
    with pytest.raises(UsageError):
        vault.seal([])


def test_nothing_secret_is_shown_of_an_identity(house: House) -> None:
    private, _ = age.generate_identity()

    assert "AGE-SECRET-KEY" not in repr(house.identity()) + repr(private)
