"""The folder that a demonstration fills: fresh each time, and never emptied of anything else."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from agent.domain.errors import UsageError

MARKER = ".carenage-demo"
_MARK = "Ce dossier a été fait par une démonstration de Carénage ; la suivante peut l'effacer.\n"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everything of one demonstration stands; `root` is absolute."""

    root: Path

    @property
    def config(self) -> Path:
        """Return the configuration file."""
        return self.root / "carenage.toml"

    @property
    def vault(self) -> Path:
        """Return the vault."""
        return self.root / "coffre"

    @property
    def state(self) -> Path:
        """Return the agent's state."""
        return self.root / "etat"

    @property
    def inbox(self) -> Path:
        """Return the folder that people drop files into."""
        return self.root / "boite-de-depot"

    @property
    def proofs(self) -> Path:
        """Return the folder of the files that people declare with."""
        return self.root / "justificatifs"

    @property
    def mails(self) -> Path:
        """Return where the mails arrive."""
        return self.root / "courriels"

    @property
    def cards(self) -> Path:
        """Return where the cards arrive."""
        return self.root / "cartes"

    @property
    def dossier(self) -> Path:
        """Return where the evidence file is built."""
        return self.root / "dossier"

    @property
    def keys(self) -> Path:
        """Return where the private keys of the demonstration are kept."""
        return self.root / "cles"

    @property
    def secrets(self) -> Path:
        """Return where the passwords of the demonstration's accounts are kept."""
        return self.root / "secrets"

    @property
    def servers(self) -> Path:
        """Return what the servers need and say."""
        return self.root / "serveurs"

    def identity(self, holder: str) -> Path:
        """Return the file of one private key."""
        return self.keys / f"{holder}.txt"

    def _made(self) -> set[str]:
        folders = (
            self.vault, self.state, self.inbox, self.proofs, self.mails, self.cards,
            self.dossier, self.keys, self.secrets, self.servers,
        )  # fmt: skip
        return {MARKER, self.config.name, *(folder.name for folder in folders)}

    def prepare(self) -> None:
        """
        Make the folder, after removing what the last demonstration left in it.

        Raises UsageError, and removes nothing, when it holds anything else or cannot be written.
        """
        try:
            self._clear()
            self.root.mkdir(parents=True, exist_ok=True)
            (self.root / MARKER).write_text(_MARK, encoding="utf-8")
            for folder in (self.proofs, self.mails, self.cards):
                folder.mkdir()
            for folder in (self.keys, self.secrets):
                folder.mkdir(mode=0o700)
        except OSError as error:
            raise UsageError(
                f"Le dossier {self.root} ne peut pas être préparé ({error.strerror or 'erreur du système'}).",
                hint="Choisissez-en un autre : --to DOSSIER.",
            ) from error

    def _clear(self) -> None:
        if not self.root.exists():
            return
        if not self.root.is_dir():
            raise self._refused("ce n'est pas un dossier")
        found = {entry.name for entry in self.root.iterdir()}
        if found and MARKER not in found:
            raise self._refused("il n'a pas été fait par une démonstration")
        foreign = sorted(found - self._made())
        if foreign:
            raise self._refused(f"il contient autre chose ({', '.join(foreign[:3])})")
        for name in sorted(found - {MARKER}):
            entry = self.root / name
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _refused(self, why: str) -> UsageError:
        return UsageError(
            f"Rien n'est effacé dans {self.root} : {why}.",
            hint="Choisissez un dossier neuf (--to DOSSIER), ou déplacez ce qui s'y trouve.",
        )
