"""Checkpoints of the journal: C2SP tlog-checkpoint in an Ed25519 signed note."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_NOTE_BYTES = 64 * 1024
ED25519 = b"\x01"
_SIGNATURE_BYTES = 64
_KEY_BYTES = 32
_HASH_BYTES = 32
_KEY_ID_BYTES = 4
_DASH = "— "


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of the log `origin`: `size` leaves, `root` 32 bytes."""

    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        """Return the signed text."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under its note name; its text form is `name+id+base64(01 || key)`."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """Return the four bytes that name the key in a signature line."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:_KEY_ID_BYTES]

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the raw public key, hex."""
        return hashlib.sha256(self.public).hexdigest()

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read the text form; raise IntegrityError when it is anything else."""
        try:
            name, _, encoded = text.split("+", 2)
            raw = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise IntegrityError("La clé publique inscrite au journal est illisible.") from error
        key = cls(name, raw[1:])
        if raw[:1] != ED25519 or len(key.public) != _KEY_BYTES or str(key) != text:
            raise IntegrityError("La clé publique inscrite au journal est illisible.")
        return key


def sign(checkpoint: Checkpoint, key: VerifierKey, sign_bytes: Callable[[bytes], bytes]) -> bytes:
    """Return the signed note of `checkpoint`."""
    text = checkpoint.text()
    signature = base64.b64encode(key.id + sign_bytes(text)).decode()
    return text + f"\n{_DASH}{key.name} {signature}\n".encode()


def read(note: bytes, key: VerifierKey | None) -> Checkpoint:
    """
    Return the checkpoint that `note` holds once its signature by `key` is verified.

    Signatures by unknown keys are allowed beside it. Raises IntegrityError, also when `key` is not known.
    """
    if key is None:
        raise IntegrityError("la clé de signature du coffre n'est pas connue")
    text, separator, signatures = note.partition(b"\n\n")
    if not separator:
        raise IntegrityError("le point de contrôle n'est pas une note signée")
    checkpoint = _parse_text(text + b"\n")
    verified = [_verified(line, text + b"\n", key) for line in _signature_lines(signatures)]
    if not any(verified):
        raise IntegrityError("le point de contrôle n'est pas signé par la clé du coffre")
    return checkpoint


def _parse_text(text: bytes) -> Checkpoint:
    try:
        origin, size, root = text.decode().split("\n")[:3]
        checkpoint = Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    except ValueError as error:
        raise IntegrityError("le point de contrôle est illisible") from error
    if len(checkpoint.root) != _HASH_BYTES or checkpoint.text() != text:
        raise IntegrityError("le point de contrôle est illisible")
    return checkpoint


def _signature_lines(signatures: bytes) -> list[tuple[str, bytes]]:
    """Return (key name, key id and signature) of each line."""
    found = []
    try:
        *lines, rest = signatures.decode().split("\n")
        for line in lines:
            name, _, encoded = line.removeprefix(_DASH).partition(" ")
            found.append((name, base64.b64decode(encoded, validate=True)))
    except ValueError as error:
        raise IntegrityError("la signature du point de contrôle est illisible") from error
    if rest or lines != [f"{_DASH}{name} {base64.b64encode(raw).decode()}" for name, raw in found]:
        raise IntegrityError("la signature du point de contrôle est illisible")
    return found


def _verified(line: tuple[str, bytes], text: bytes, key: VerifierKey) -> bool:
    """Return whether `line` is a good signature by `key`; raise when it claims to be and is not."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    name, raw = line
    if name != key.name or raw[:_KEY_ID_BYTES] != key.id or len(raw) != _KEY_ID_BYTES + _SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(raw[_KEY_ID_BYTES:], text)
    except InvalidSignature as error:
        raise IntegrityError("la signature du point de contrôle est fausse") from error
    return True
