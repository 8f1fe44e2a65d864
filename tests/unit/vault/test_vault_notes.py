from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.domain.errors import IntegrityError
from agent.vault import notes

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = notes.VerifierKey("carenage/chu/0123", PRIVATE.public_key().public_bytes_raw())
CHECKPOINT = notes.Checkpoint(KEY.name, 41, hashlib.sha256(b"root").digest())
NOTE = notes.sign(CHECKPOINT, KEY, PRIVATE.sign)


def test_note_has_the_form_that_c2sp_gives_it() -> None:
    lines = NOTE.decode().split("\n")
    signature = base64.b64decode(lines[4].rpartition(" ")[2])
    key_id = hashlib.sha256(KEY.name.encode() + b"\n\x01" + KEY.public).digest()[:4]

    assert lines[:4] == [KEY.name, "41", base64.b64encode(CHECKPOINT.root).decode(), ""]
    assert lines[4].startswith(f"— {KEY.name} ")
    assert lines[5:] == [""]
    assert (signature[:4], len(signature)) == (key_id, 68)


def test_signed_note_reads_back() -> None:
    assert notes.read(NOTE, KEY) == CHECKPOINT


def test_every_flipped_bit_is_seen() -> None:
    for position in range(len(NOTE)):
        for bit in range(8):
            changed = bytearray(NOTE)
            changed[position] ^= 1 << bit
            with pytest.raises(IntegrityError):
                notes.read(bytes(changed), KEY)


@pytest.mark.parametrize("length", range(0, len(NOTE), 7))
def test_cut_note_is_refused(length: int) -> None:
    with pytest.raises(IntegrityError):
        notes.read(NOTE[:length], KEY)


def test_signature_of_an_unknown_witness_is_allowed_beside_ours() -> None:
    witness = f"— temoin.example {base64.b64encode(bytes(76)).decode()}\n".encode()

    assert notes.read(NOTE + witness, KEY) == CHECKPOINT


def test_note_signed_by_another_key_is_refused() -> None:
    other = Ed25519PrivateKey.generate()
    note = notes.sign(CHECKPOINT, notes.VerifierKey(KEY.name, other.public_key().public_bytes_raw()), other.sign)

    with pytest.raises(IntegrityError):
        notes.read(note, KEY)


def test_false_signature_under_our_name_is_refused_even_beside_a_true_one() -> None:
    false = f"— {KEY.name} {base64.b64encode(KEY.id + bytes(64)).decode()}\n".encode()

    with pytest.raises(IntegrityError):
        notes.read(NOTE + false, KEY)


def test_unknown_key_reads_nothing() -> None:
    with pytest.raises(IntegrityError):
        notes.read(NOTE, None)


@pytest.mark.parametrize("number", range(40))
def test_key_reads_back_from_its_text_whatever_its_bytes(number: int) -> None:
    key = notes.VerifierKey("carenage/chu/0123", hashlib.sha256(bytes([number])).digest())

    assert notes.VerifierKey.parse(str(key)) == key


@pytest.mark.parametrize("text", ["", "a+b", "a+b+c", "a+00000000+AAAA", str(KEY) + "A", str(KEY)[1:]])
def test_text_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(IntegrityError):
        notes.VerifierKey.parse(text)
