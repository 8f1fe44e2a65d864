"""
Encryption to age recipients: the only module that knows pyrage.

pyrage runs in this process and holds the interpreter while it works; callers see streams only, so
that it can move to a worker process without touching them.
"""

from __future__ import annotations

import io
import stat
from typing import TYPE_CHECKING, Any, Protocol

from agent.domain.errors import ConfigurationError, IdentityError, IntegrityError
from agent.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAX_IDENTITY_BYTES = 64 * 1024
MIN_RECIPIENTS = 2
_ARMOUR = b"-----BEGIN AGE ENCRYPTED FILE-----"
_BINARY_HEADER = b"age-encryption.org/"
_SSH_HEADER = b"-----BEGIN OPENSSH PRIVATE KEY-----"


class Readable(Protocol):
    """What gives the bytes to encrypt or decrypt."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, b"" at the end."""
        ...


class Writable(Protocol):
    """What takes the result, in pieces."""

    def write(self, data: bytes, /) -> int:
        """Take all of `data`."""
        ...


class Identity:
    """One or several private keys, opaque; see `read_identity` and `throwaway`."""

    __slots__ = ("keys",)

    def __init__(self, keys: Sequence[object]) -> None:
        self.keys = tuple(keys)

    def __repr__(self) -> str:
        return "Identity(…)"

    def __reduce__(self) -> str:
        raise TypeError("an Identity is never serialised")


def generate_identity() -> tuple[Secret, str]:
    """Return a new pair: the private key (`AGE-SECRET-KEY-1…`) and its recipient (`age1…`)."""
    key = _pyrage().x25519.Identity.generate()
    return Secret(str(key)), str(key.to_public())


def throwaway() -> tuple[Identity, str]:
    """Return an identity that lives in memory only, and its recipient: for reading a deposit back once."""
    private, public = generate_identity()
    return Identity([_pyrage().x25519.Identity.from_str(private.reveal())]), public


def is_protected(path: Path) -> bool:
    """Return whether the identity file `path` is itself encrypted. Raises IdentityError when it cannot be read."""
    return _identity_bytes(path).startswith((_ARMOUR, _BINARY_HEADER))


def read_identity(path: Path, passphrase: Secret | None = None) -> Identity:
    """
    Read the private keys in `path`: an age identity file, the same protected by a passphrase, or an OpenSSH key.

    Raises IdentityError when it holds none or the passphrase is missing or wrong.
    """
    pyrage = _pyrage()
    content = _identity_bytes(path)
    if content.startswith((_ARMOUR, _BINARY_HEADER)):
        if passphrase is None:
            raise IdentityError(
                f"Le fichier de clé {path.name} est protégé par une phrase de passe.",
                hint="Lancez la commande dans un terminal pour la saisir, ou donnez --passphrase-env VARIABLE.",
            )
        try:
            content = pyrage.passphrase.decrypt(content, passphrase.reveal())
        except pyrage.DecryptError as error:
            raise IdentityError(f"La phrase de passe n'ouvre pas le fichier de clé {path.name}.") from error
    try:
        return Identity(_private_keys(content))
    except (pyrage.IdentityError, ValueError) as error:
        raise IdentityError(
            f"Le fichier {path.name} ne contient pas de clé privée age utilisable.",
            hint="Attendu : une ligne AGE-SECRET-KEY-1…, telle que « age-keygen » ou « carenage init » l'écrit.",
        ) from error


def check_recipients(recipients: Sequence[str]) -> tuple[str, ...]:
    """Return `recipients` cleaned; raise ConfigurationError unless at least two distinct valid ones stand."""
    cleaned = tuple(recipient.strip() for recipient in recipients)
    for recipient in cleaned:
        _recipient(recipient)
    if len(set(cleaned)) != len(cleaned):
        raise ConfigurationError(
            "Un même destinataire age figure deux fois.",
            hint="Donnez deux clés différentes : celle du RSSI et une clé de secours gardée hors ligne.",
        )
    if len(cleaned) < MIN_RECIPIENTS:
        raise ConfigurationError(
            f"Le coffre demande au moins {MIN_RECIPIENTS} destinataires age, {len(cleaned)} donné.",
            hint="Ajoutez la clé publique de secours, gardée hors ligne : sans elle, une clé perdue perd les preuves.",
        )
    return cleaned


def encrypt(source: Readable, target: Writable, recipients: Sequence[str]) -> None:
    """Encrypt `source` into `target`, in constant memory; what they raise comes out unchanged."""
    pyrage = _pyrage()
    reader, writer = _Ends(source.read), _Ends(target.write)
    keys = [_recipient(recipient) for recipient in recipients]
    try:
        pyrage.encrypt_io(_ReaderEnd(reader), _WriterEnd(writer), keys)
    except (pyrage.EncryptError, OSError):
        _raise_cause(reader, writer)
        raise
    _raise_cause(reader, writer)


def decrypt(source: Readable, target: Writable, identity: Identity) -> None:
    """
    Decrypt `source` into `target`, in constant memory; what they raise comes out unchanged.

    Raises IdentityError when no key fits, IntegrityError when the ciphertext is damaged. What was
    written to `target` before an IntegrityError is authentic but incomplete.
    """
    pyrage = _pyrage()
    reader, writer = _Ends(source.read), _Ends(target.write)
    try:
        pyrage.decrypt_io(_ReaderEnd(reader), _WriterEnd(writer), list(identity.keys))
    except (pyrage.DecryptError, OSError) as error:
        _raise_cause(reader, writer)
        if "matching keys" in str(error):
            raise IdentityError(
                "La clé privée donnée n'ouvre pas ce dépôt.",
                hint="Utilisez la clé d'un des destinataires en vigueur à la date du dépôt (recipients.txt).",
            ) from error
        raise IntegrityError("Le contenu chiffré est endommagé : il ne se déchiffre pas jusqu'au bout.") from error
    _raise_cause(reader, writer)


class _Ends:
    """Calls through to one end of the stream and remembers what it raised: pyrage keeps the text, or nothing."""

    __slots__ = ("call", "error")

    def __init__(self, call: object) -> None:
        self.call = call
        self.error: BaseException | None = None

    def __call__(self, argument: object) -> object:
        try:
            return self.call(argument)  # type: ignore[operator]
        except BaseException as error:
            self.error = error
            raise


class _ReaderEnd:
    def __init__(self, end: _Ends) -> None:
        self._end = end

    def read(self, size: int = -1) -> object:
        return self._end(size)


class _WriterEnd:
    def __init__(self, end: _Ends) -> None:
        self._end = end

    def write(self, data: bytes) -> object:
        return self._end(data)

    def flush(self) -> None:
        return


def _raise_cause(*ends: _Ends) -> None:
    for end in ends:
        if end.error is not None:
            raise end.error


def _identity_bytes(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise IdentityError(f"{path} n'est pas un fichier de clé.")
        with path.open("rb") as stream:
            content = stream.read(MAX_IDENTITY_BYTES + 1)
    except OSError as error:
        raise IdentityError(f"Le fichier de clé {path} ne peut pas être lu ({error.strerror}).") from error
    if len(content) > MAX_IDENTITY_BYTES:
        raise IdentityError(f"{path} est trop gros pour être un fichier de clé.")
    return content


def _private_keys(content: bytes) -> list[object]:
    pyrage = _pyrage()
    if content.startswith(_SSH_HEADER):
        return [pyrage.ssh.Identity.from_buffer(content)]
    lines = [line.strip() for line in io.StringIO(content.decode()) if line.strip() and not line.startswith("#")]
    keys: list[object] = [pyrage.x25519.Identity.from_str(line) for line in lines]
    if not keys:
        raise ValueError("no key")
    return keys


def _recipient(text: str) -> object:
    pyrage = _pyrage()
    parse = pyrage.ssh.Recipient.from_str if text.startswith("ssh-") else pyrage.x25519.Recipient.from_str
    try:
        return parse(text)
    except pyrage.RecipientError as error:
        shown = text if text.startswith(("age1", "ssh-")) else "…"
        raise ConfigurationError(
            f"« {shown} » n'est pas un destinataire age valide.",
            hint="Attendu : une clé publique age1…, celle que « age-keygen » affiche ; jamais la clé privée.",
        ) from error


def _pyrage() -> Any:
    """Import pyrage, which ships no types, on first use."""
    import pyrage

    return pyrage
