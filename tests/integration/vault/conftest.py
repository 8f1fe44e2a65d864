from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from agent.domain.evidence import EvidenceClass, RawEvidence
from agent.vault import age
from agent.vault.vault import Vault
from tests.fakes.clock import FakeClock


@dataclass(slots=True)
class House:
    """A vault on disk with its keys, and the private key that opens what it seals."""

    root: Path
    keys_dir: Path
    identity_file: Path
    recipients: list[str]
    clock: FakeClock

    def create(self) -> Vault:
        return Vault.create(
            self.root,
            recipients=self.recipients,
            keys_dir=self.keys_dir,
            agent="agent-1",
            entity="chu-exemple",
            clock=self.clock,
        )

    def open(self) -> Vault:
        return Vault.open(self.root, self.keys_dir, "agent-1", "chu-exemple", self.clock)

    def open_copy(self, root: Path) -> Vault:
        return Vault.open(root, None, "rssi", "chu-exemple", self.clock)

    def identity(self) -> age.Identity:
        return age.read_identity(self.identity_file)

    def raw(
        self,
        content: bytes,
        name: str = "rapport été.txt",
        evidence_class: EvidenceClass = EvidenceClass.ORADAD,
        facts_on: date | None = None,
    ) -> RawEvidence:
        return RawEvidence(
            collector="inbox",
            name=name,
            media_type="text/plain",
            evidence_class=evidence_class,
            received_at=self.clock.now(),
            open=lambda: io.BytesIO(content),
            facts_on=facts_on,
            subject="annuaire",
        )

    def journal_lines(self) -> list[bytes]:
        return (self.root / "journal/000001.jsonl").read_bytes().splitlines()


@pytest.fixture(scope="session")
def key_pairs() -> list[tuple[str, str]]:
    pairs = [age.generate_identity() for _ in range(3)]
    return [(private.reveal(), public) for private, public in pairs]


@pytest.fixture
def house(tmp_path: Path, key_pairs: list[tuple[str, str]]) -> House:
    identity_file = tmp_path / "cle.txt"
    identity_file.write_text(f"# RSSI\n{key_pairs[0][0]}\n")
    return House(
        root=tmp_path / "coffre",
        keys_dir=tmp_path / "state" / "keys",
        identity_file=identity_file,
        recipients=[public for _, public in key_pairs[:2]],
        clock=FakeClock(),
    )


@pytest.fixture
def vault(house: House) -> Iterator[Vault]:
    opened = house.create()
    yield opened
    opened.close()


@pytest.fixture
def reopened(house: House) -> Iterator[Callable[[], Vault]]:
    """Open the vault again, as often as asked; every one is closed at the end."""
    opened: list[Vault] = []

    def again() -> Vault:
        opened.append(house.open())
        return opened[-1]

    yield again
    for one in opened:
        one.close()
