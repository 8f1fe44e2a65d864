"""
Where secrets stand: the configuration holds references, never the secrets themselves.

A reference is a table with exactly one key: `{file = "…"}`, `{env = "…"}`,
`{credential = "…"}` (systemd) or `{keyring = "service/user"}`. It is resolved at the last
moment, to a `Secret`; errors name the reference, never the value.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from agent.domain.errors import ConfigurationError
from agent.domain.secret import Secret
from config.files import read_small

SOURCES = ("file", "env", "credential", "keyring")
MAX_SECRET_BYTES = 64 * 1024
_OTHERS_MAY_READ_OR_WRITE = 0o077
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_CREDENTIAL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_KEYRING_ENTRY = re.compile(r"[^/\x00-\x1f]+/[^\x00-\x1f]+")
HOW_TO_REFER = (
    'un secret ne s\'écrit pas dans ce fichier : donnez une référence, par exemple {file = "/etc/carenage/secret"}, '
    '{env = "NOM"}, {credential = "nom"} ou {keyring = "service/compte"}'
)


class SecretReference(BaseModel):
    """Where a secret stands; exactly one of the four keys. A relative `file` starts at the context's `folder`."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)

    file: str | None = Field(default=None, description="Fichier lisible par le seul compte de l'agent.")
    env: str | None = Field(default=None, description="Variable d'environnement.")
    credential: str | None = Field(default=None, description="Secret confié à systemd (LoadCredential=).")
    keyring: str | None = Field(default=None, description="Trousseau du système, « service/compte ».")

    @model_validator(mode="before")
    @classmethod
    def _refuse_a_literal(cls, value: Any) -> Any:
        if isinstance(value, cls):
            return value
        if not isinstance(value, dict):
            raise PydanticCustomError("secret_literal", "{how}", {"how": HOW_TO_REFER})
        if len(value) != 1 and not set(value) - set(SOURCES):
            raise PydanticCustomError(
                "secret_shape", "une référence a exactement une clé : file, env, credential ou keyring"
            )
        return value

    @field_validator("file")
    @classmethod
    def _file_is_a_path(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        if not value or "\x00" in value:
            raise PydanticCustomError("secret_shape", "chemin de fichier vide ou impossible")
        folder = (info.context or {}).get("folder")
        return str(Path(folder) / value) if folder is not None else value

    @field_validator("env")
    @classmethod
    def _env_is_a_name(cls, value: str | None) -> str | None:
        return _matching(value, _ENVIRONMENT_NAME, "un nom de variable (lettres, chiffres, « _ »)")

    @field_validator("credential")
    @classmethod
    def _credential_is_a_name(cls, value: str | None) -> str | None:
        return _matching(value, _CREDENTIAL_NAME, "un nom sans chemin (lettres, chiffres, « _ », « - », « . »)")

    @field_validator("keyring")
    @classmethod
    def _keyring_is_an_entry(cls, value: str | None) -> str | None:
        return _matching(value, _KEYRING_ENTRY, "« service/compte »")

    def __str__(self) -> str:
        """Return the reference as the configuration writes it."""
        return next(f'{{{source} = "{value}"}}' for source, value in self if value is not None)


def _matching(value: str | None, pattern: re.Pattern[str], expected: str) -> str | None:
    if value is not None and not pattern.fullmatch(value):
        raise PydanticCustomError("secret_shape", "il faut {expected}", {"expected": expected})
    return value


def resolve(reference: SecretReference) -> Secret:
    """
    Return the secret that `reference` points to.

    Raises ConfigurationError when it is missing, empty, too long or readable by others.
    """
    if reference.file is not None:
        text = _read(Path(reference.file), reference, private=True)
    elif reference.env is not None:
        text = _from_environment(reference.env, reference)
    elif reference.credential is not None:
        text = _from_systemd(reference.credential, reference)
    else:
        text = _from_keyring(reference.keyring or "", reference)
    if not text:
        raise ConfigurationError(f"Le secret {reference} est vide.", hint="Écrivez-le, puis relancez.")
    return Secret(text)


def _read(path: Path, reference: SecretReference, *, private: bool) -> str:
    try:
        content, status = read_small(path, limit=MAX_SECRET_BYTES)
    except OSError as error:
        raise ConfigurationError(
            f"Le fichier du secret {reference} ne se lit pas ({error.strerror or type(error).__name__}).",
            hint="Vérifiez le chemin et le compte sous lequel l'agent tourne.",
        ) from error
    if private and sys.platform != "win32" and status.st_mode & _OTHERS_MAY_READ_OR_WRITE:
        raise ConfigurationError(
            f"Le fichier du secret {reference} est ouvert à d'autres comptes que le sien.",
            hint=f"chmod 600 {path}, puis changez le secret s'il a pu être lu.",
        )
    if len(content) > MAX_SECRET_BYTES:
        raise ConfigurationError(f"Le secret {reference} dépasse {MAX_SECRET_BYTES // 1024} Kio.")
    try:
        text: str | None = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = None
    if text is None:  # raised out of the handler: a decoding error carries the bytes
        raise ConfigurationError(f"Le secret {reference} n'est pas un texte en UTF-8.")
    return text.removesuffix("\n").removesuffix("\r")


def _from_environment(name: str, reference: SecretReference) -> str:
    value = os.environ.get(name)
    if value is None:
        raise ConfigurationError(
            f"Le secret {reference} manque : cette variable n'est pas définie.",
            hint="Définissez-la pour le compte et le service qui lancent l'agent.",
        )
    return value


def _from_systemd(name: str, reference: SecretReference) -> str:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise ConfigurationError(
            f"Le secret {reference} manque : systemd n'a rien transmis à ce processus.",
            hint=f"Ajoutez « LoadCredential={name}:/chemin/du/secret » à l'unité et lancez par systemctl.",
        )
    return _read(Path(folder) / name, reference, private=False)


def _from_keyring(entry: str, reference: SecretReference) -> str:
    import keyring
    from keyring.errors import KeyringError

    service, _, user = entry.partition("/")
    try:
        value = keyring.get_password(service, user)
    except KeyringError as error:
        raise ConfigurationError(
            f"Le trousseau du système ne répond pas pour le secret {reference} ({type(error).__name__}).",
            hint="Sous Linux sans session graphique, préférez {file = …} ou {credential = …}.",
        ) from error
    if value is None:
        raise ConfigurationError(
            f"Le secret {reference} est absent du trousseau.",
            hint="L'entrée appartient à un compte : créez-la sous le compte du service, pas sous le vôtre.",
        )
    return value
