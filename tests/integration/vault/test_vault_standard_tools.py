"""A stranger checks and opens a vault with standard tools, as LISEZMOI.txt says."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pymerkle
import pytest

from agent.vault.vault import Vault
from tests.integration.vault.conftest import House

TEXT = b"CN=Domain Admins;S-1-5-21-1-2-3-512\n" * 5000
NOISE = os.urandom(70_000)


@pytest.fixture
def bag(house: House, vault: Vault) -> Path:
    sealed = vault.seal([house.raw(TEXT), house.raw(NOISE, "archive.mla"), house.raw(b"", "vide")])
    return house.root / "deposits/2026/11" / sealed.id


def run(command: str, folder: Path) -> bytes:
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_sha256sum_accepts_both_manifests(bag: Path) -> None:
    run("sha256sum --strict -c tagmanifest-sha256.txt manifest-sha256.txt", bag)


def test_bagit_library_accepts_the_bag(bag: Path) -> None:
    run(f"{sys.executable} -W ignore -m bagit --validate {bag}", bag)


def test_age_and_zstd_restore_the_payloads(house: House, bag: Path) -> None:
    key = house.identity_file

    assert run(f"age -d -i {key} data/0001.zst.age | zstd -d", bag) == TEXT
    assert run(f"age -d -i {key} data/0002.age", bag) == NOISE
    assert run(f"age -d -i {key} data/0003.age", bag) == b""


def test_second_recipient_opens_the_deposit_alone(bag: Path, key_pairs: list[tuple[str, str]], tmp_path: Path) -> None:
    (tmp_path / "secours.txt").write_text(key_pairs[1][0])

    assert run(f"age -d -i {tmp_path}/secours.txt data/0002.age", bag) == NOISE


def test_restored_files_pass_the_sealed_list_of_plain_digests(
    house: House, vault: Vault, bag: Path, tmp_path: Path
) -> None:
    vault.export(bag.name, house.identity(), tmp_path / "out")

    run(f"age -d -i {house.identity_file} {bag}/data/sha256-plain.txt.age | sha256sum --strict -c", tmp_path / "out")


def test_contents_name_the_real_files(house: House, bag: Path) -> None:
    contents = json.loads(run(f"age -d -i {house.identity_file} data/contents.json.age", bag))

    first = contents["payloads"][0]
    assert (first["name"], first["bytes"]) == ("rapport été.txt", len(TEXT))
    assert first["sha256"] == hashlib.sha256(TEXT).hexdigest()


def test_nothing_in_clear_names_a_file_or_a_plain_digest(house: House, bag: Path) -> None:
    digest = hashlib.sha256(TEXT).hexdigest().encode()
    secrets = [digest, bytes.fromhex(digest.decode()), "été".encode(), b"archive.mla"]

    for path in house.root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [secret for secret in secrets if secret in content], path


def test_bag_digest_is_the_one_the_journal_has(house: House, bag: Path) -> None:
    line = json.loads(house.journal_lines()[1])

    assert (line["id"], line["type"]) == (bag.name, "deposit")
    assert line["bag"] == hashlib.sha256((bag / "tagmanifest-sha256.txt").read_bytes()).hexdigest()


def test_shell_recomputes_the_chain(house: House, bag: Path) -> None:
    previous = "0" * 64
    for raw in house.journal_lines():
        (house.root.parent / "ligne").write_bytes(raw + b"\n")
        h = run("""sed 's/"h":"[0-9a-f]*",//' ligne | tr -d '\\n' | sha256sum""", house.root.parent).split()[0].decode()
        assert json.loads(raw)["h"] == h
        assert json.loads(raw)["prev"] == previous
        previous = h


def test_openssl_verifies_every_checkpoint(house: House, bag: Path, tmp_path: Path) -> None:
    readme = (house.root / "LISEZMOI.txt").read_text()
    pem = re.search(r"-----BEGIN.*?END PUBLIC KEY-----\n", readme, re.DOTALL)
    assert pem
    (tmp_path / "cle-coffre.pem").write_text(pem[0])
    for note in sorted((house.root / "checkpoints").iterdir()):
        run(f"sed '/^$/,$d' {note} > texte", tmp_path)
        run(f"sed -n 's/^— [^ ]* //p' {note} | base64 -d | tail -c +5 > signature", tmp_path)
        run("openssl pkeyutl -verify -pubin -inkey cle-coffre.pem -rawin -in texte -sigfile signature", tmp_path)


def test_checkpoints_hold_the_root_that_pymerkle_computes(house: House, vault: Vault, bag: Path) -> None:
    for number in range(5):
        vault.append("check", reason=f"contrôle {number}")
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for size, line in enumerate(house.journal_lines(), start=1):
        tree.append_entry(line)
        _, shown_size, root = (house.root / f"checkpoints/{size:08d}.note").read_text().split("\n")[:3]
        assert (int(shown_size), base64.b64decode(root)) == (size, tree.get_root())
