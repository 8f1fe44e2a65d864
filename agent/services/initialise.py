"""A first installation: the folders, an empty vault, and a configuration that names them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agent.domain.errors import ConfigurationError, UsageError
from agent.domain.secret import Secret

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
# Others may pass through the state to the one line that `check` reads; everything else in it is private.
STATE_FOLDER = 0o711
HOLDERS = ("rssi", "secours")


class CreateVault(Protocol):
    """Makes an empty vault, as `Vault.create` does."""

    def __call__(self, root: Path, *, recipients: Sequence[str], keys_dir: Path, agent: str, entity: str) -> None:
        """Raise an AgentError when the vault cannot be made."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A new age key pair; `private` is shown once and kept nowhere."""

    holder: str
    private: Secret
    public: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What is to be made; paths are absolute, `text` is the checked configuration."""

    config: Path
    text: str
    vault: Path
    state: Path
    inbox: Path
    recipients: Sequence[str]
    entity: str


def new_key_pairs(generate: Callable[[], tuple[Secret, str]]) -> tuple[KeyPair, ...]:
    """Return one new pair for each holder: the RSSI, and whoever keeps the recovery key."""
    pairs = ((holder, generate()) for holder in HOLDERS)
    return tuple(KeyPair(holder=holder, private=private, public=public) for holder, (private, public) in pairs)


def refuse_to_overwrite(config: Path, vault: Path) -> None:
    """Raise UsageError when a configuration or a vault already stands there."""
    if config.exists() or config.is_symlink():
        raise UsageError(
            f"Il y a déjà une configuration à l'endroit {config} : rien n'a été changé.",
            hint="« carenage config check » la vérifie. Pour repartir de zéro, déplacez-la d'abord.",
        )
    if vault.exists() and (not vault.is_dir() or any(vault.iterdir())):
        raise UsageError(
            f"Le dossier {vault} n'est pas vide : rien n'a été changé.",
            hint="Choisissez un autre dossier par --vault. Un coffre existant ne s'initialise pas une seconde fois.",
        )


def initialise(installation: Installation, *, create_vault: CreateVault, agent_of: Callable[[Path], str]) -> None:
    """
    Make the folders, the vault and the configuration, which is written last.

    `agent_of` returns the identifier that the agent keeps in its state folder. Raises
    UsageError rather than overwrite, ConfigurationError when the disk refuses.
    """
    refuse_to_overwrite(installation.config, installation.vault)
    try:
        make_state_folder(installation.state)
        installation.inbox.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        installation.config.parent.mkdir(parents=True, exist_ok=True)
        _reserve(installation.config)
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or installation.config} ne peut pas être créé ({error.strerror or 'erreur'}).",
            hint="Lancez la commande sous le compte de l'agent, ou choisissez d'autres dossiers "
            "(--config, --vault, --state, --inbox).",
        ) from error
    done = False
    try:
        create_vault(
            installation.vault,
            recipients=installation.recipients,
            keys_dir=installation.state / "keys",
            agent=agent_of(installation.state),
            entity=installation.entity,
        )
        installation.config.write_text(installation.text, encoding="utf-8", newline="\n")
        done = True
    finally:
        if not done:
            installation.config.unlink(missing_ok=True)


def make_state_folder(path: Path) -> None:
    """Make the state folder when it is missing, as open as `check` needs whatever the mask of the process."""
    if path.is_dir():
        return
    path.mkdir(mode=STATE_FOLDER, parents=True, exist_ok=True)
    if sys.platform != "win32":
        path.chmod(STATE_FOLDER)


def _reserve(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
