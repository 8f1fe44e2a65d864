"""Where things stand in a vault, and its files that people read."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from importlib.resources import files as resource_files
from pathlib import Path
from typing import TYPE_CHECKING

from agent.domain.errors import ConfigurationError, IntegrityError
from agent.vault import bag, files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.vault.notes import VerifierKey

FORMAT = "carenage-vault_1.0"
DECLARATION = f"0={FORMAT}"
README, RECIPIENTS, LOCK = "LISEZMOI.txt", "recipients.txt", "lock"
TMP, QUARANTINE = "tmp", "quarantine"
HELD_PREFIX = "held-"
_DECLARATION_PREFIX = "0=carenage-vault_"
_ALLOWED_BEFORE = {"lost+found"}
_MAX_RECIPIENTS_BYTES = 256 * 1024


@dataclass(slots=True)
class DepositFolders:
    """The bags found under `deposits/` by id, and whatever else was found there."""

    bags: dict[str, Path] = field(default_factory=dict)
    strange: list[Path] = field(default_factory=list)


def check_is_vault(root: Path) -> None:
    """Raise ConfigurationError unless `root` declares itself a vault of this format."""
    if (root / DECLARATION).is_file():
        return
    others = sorted(path.name for path in root.glob(f"{_DECLARATION_PREFIX}*")) if root.is_dir() else []
    if others:
        raise ConfigurationError(
            f"Le coffre {root} est d'un format que cette version ne connaît pas ({others[0]}).",
            hint="Utilisez la version de Carénage qui l'a écrit, ou une plus récente.",
        )
    raise ConfigurationError(
        f"{root} n'est pas un coffre Carénage.",
        hint="Créez-le avec « carenage init », ou corrigez le chemin donné par [vault] ou --vault.",
    )


def check_is_free(root: Path) -> None:
    """Raise ConfigurationError unless a vault can be made at `root`."""
    if root.exists() and (not root.is_dir() or {path.name for path in root.iterdir()} - _ALLOWED_BEFORE):
        raise ConfigurationError(
            f"{root} existe déjà et n'est pas vide : un coffre n'y sera pas créé.",
            hint="Choisissez un dossier vide ou qui n'existe pas encore.",
        )


def scan(root: Path) -> DepositFolders:
    """Find every bag, following no link."""
    found = DepositFolders()
    deposits = root / bag.DEPOSITS
    for year in _entries(deposits):
        if not year.is_dir(follow_symlinks=False):
            found.strange.append(Path(year.path))
            continue
        for month in _entries(Path(year.path)):
            if not month.is_dir(follow_symlinks=False):
                found.strange.append(Path(month.path))
                continue
            for entry in _entries(Path(month.path)):
                path = Path(entry.path)
                is_bag = entry.is_dir(follow_symlinks=False) and bag.NAME.match(entry.name)
                if is_bag and entry.name not in found.bags:
                    found.bags[entry.name] = path
                else:
                    found.strange.append(path)
    return found


def read_recipients(root: Path) -> tuple[str, ...] | None:
    """Return what `recipients.txt` lists, None when it cannot be read."""
    try:
        text = files.read_small(root / RECIPIENTS, _MAX_RECIPIENTS_BYTES).decode()
    except (IntegrityError, ValueError):
        return None
    return tuple(line for line in text.split("\n") if line and not line.startswith("#"))


def write_public_files(root: Path, key: VerifierKey, recipients: Sequence[str]) -> None:
    """Write `recipients.txt` and `LISEZMOI.txt`."""
    files.replace(root / RECIPIENTS, "".join(f"{recipient}\n" for recipient in recipients).encode())
    files.replace(root / README, readme(key, recipients).encode())


def readme(key: VerifierKey, recipients: Sequence[str]) -> str:
    """Return the text that explains the vault to whoever finds it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = Ed25519PublicKey.from_public_bytes(key.public).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return (
        resource_files("agent.vault")
        .joinpath(README)
        .read_text(encoding="utf-8")
        .format(
            key=key,
            fingerprint=key.fingerprint,
            pem=pem.decode(),
            recipients="".join(f"  {recipient}\n" for recipient in recipients),
        )
    )


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
