"""The agent's own keys and what it remembers of the journal, in a folder outside the vault."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from agent.domain.errors import ConfigurationError, IntegrityError
from agent.vault import files
from agent.vault.lines import canonical

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNING_KEY, NEW_SIGNING_KEY = "signing.pem", "signing.new.pem"
DEDUPLICATION_KEY = "deduplication.key"
MEMORY = "journal-head.json"
_KEY_BYTES = 32
_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """
    The last line this agent meant to write, kept where the vault's files cannot lie about it.

    `committed` tells that its checkpoint followed; `suspended` holds why commits are held, across
    restarts; `origin` and `recipients` are those in force, for when the journal cannot be believed.
    """

    seq: int
    h: str
    committed: bool
    origin: str
    recipients: tuple[str, ...]
    suspended: tuple[str, ...] = ()


class Keys:
    """The signing and deduplication keys of one vault; `is_new` until the journal has announced the signing key."""

    def __init__(self, folder: Path) -> None:
        """Read the keys in `folder`, making those that are missing. Raises ConfigurationError, OSError."""
        self._folder = folder
        files.make_folders(folder)
        files.sweep(folder)
        self.is_new = not (folder / SIGNING_KEY).exists()
        signing = folder / (NEW_SIGNING_KEY if self.is_new else SIGNING_KEY)
        if not signing.exists():
            files.replace(signing, _new_signing_key())
        deduplication = folder / DEDUPLICATION_KEY
        if not deduplication.exists():
            files.replace(deduplication, secrets.token_hex(_KEY_BYTES).encode() + b"\n")
        self._signing = _load_signing_key(signing)
        self.public = self._signing.public_key().public_bytes_raw()
        self._deduplication = _load_deduplication_key(deduplication)

    def settle(self) -> None:
        """Note that the journal has announced the signing key."""
        if self.is_new:
            (self._folder / NEW_SIGNING_KEY).replace(self._folder / SIGNING_KEY)
            files.fsync_folder(self._folder)
            self.is_new = False

    def sign(self, text: bytes) -> bytes:
        """Return the Ed25519 signature of `text`, 64 bytes."""
        return self._signing.sign(text)

    def tag(self, plain_sha256: str) -> str:
        """Return what the journal shows of a plain digest: only this agent can recompute it."""
        return hmac.new(self._deduplication, bytes.fromhex(plain_sha256), hashlib.sha256).hexdigest()

    def recall(self) -> Memory | None:
        """Return what was remembered, None when nothing usable is."""
        try:
            value = json.loads(files.read_small(self._folder / MEMORY, _MAX_BYTES))
            return Memory(
                seq=int(value["seq"]),
                h=str(value["h"]),
                committed=value["committed"] is True,
                origin=str(value["origin"]),
                recipients=tuple(str(item) for item in value["recipients"]),
                suspended=tuple(str(item) for item in value["suspended"]),
            )
        except (IntegrityError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def remember(self, memory: Memory) -> None:
        """Keep `memory`, durably."""
        files.replace(self._folder / MEMORY, canonical(_plain(memory)) + b"\n")

    def resume(self, memory: Memory) -> None:
        """Keep that commits are held no more."""
        if memory.suspended:
            self.remember(replace(memory, suspended=()))

    def suspend(self, memory: Memory | None, why: tuple[str, ...]) -> None:
        """Keep across restarts that commits are held."""
        known = memory or Memory(seq=0, h="", committed=True, origin="", recipients=())
        if known.suspended != why:
            self.remember(replace(known, suspended=why))


def _plain(memory: Memory) -> dict[str, object]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(memory).items()}


def _load_signing_key(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(files.read_small(path, _MAX_BYTES), password=None)
    except (IntegrityError, ValueError, TypeError) as error:
        raise _unusable(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable(path)
    return key


def _load_deduplication_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(files.read_small(path, _MAX_BYTES).decode())
    except (IntegrityError, ValueError) as error:
        raise _unusable(path) from error
    if len(key) != _KEY_BYTES:
        raise _unusable(path)
    return key


def _new_signing_key() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _unusable(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"La clé de l'agent {path} est illisible ou endommagée.",
        hint="Remettez-la depuis une sauvegarde, ou écartez-la : l'agent en créera une autre et le journal le dira.",
    )
