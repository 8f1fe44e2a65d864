"""What a control of the vault found is remembered, journaled, and forgotten only by a whole control."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from agent.domain.evidence import EvidenceClass, RawEvidence
from agent.services.verify import WatchedVault
from agent.state.store import StateStore
from agent.vault import age
from agent.vault.vault import Vault
from tests.fakes.clock import FakeClock

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    recipients = [age.generate_identity()[1] for _ in range(2)]
    keys = tmp_path / "keys"
    with Vault.create(
        tmp_path / "vault", recipients=recipients, keys_dir=keys, agent="a", entity="e", clock=FakeClock(NOW)
    ) as made:
        made.seal(
            [
                RawEvidence(
                    collector="cli",
                    name="rapport.pdf",
                    media_type="application/pdf",
                    evidence_class=EvidenceClass.DOCUMENT,
                    received_at=NOW,
                    open=lambda: BytesIO(b"rapport"),
                )
            ]
        )
        yield made


@pytest.fixture
def watched(tmp_path: Path, vault: Vault) -> Iterator[WatchedVault]:
    with StateStore.open(tmp_path / "state.sqlite") as state:
        yield WatchedVault(vault, state)


def payload(vault: Vault) -> Path:
    return next(vault.root.glob("deposits/*/*/*/data/0001*"))


def test_damage_that_a_control_finds_stays_an_alarm(vault: Vault, watched: WatchedVault) -> None:
    intact = payload(vault).read_bytes()
    payload(vault).write_bytes(bytes([intact[0] ^ 1]) + intact[1:])

    assert watched.alarms() == ()
    assert not watched.verify(everything=True).ok
    assert len(watched.alarms()) == 1

    payload(vault).write_bytes(intact)
    assert watched.verify(everything=False).ok
    assert len(watched.alarms()) == 1
    assert watched.verify(everything=True).ok
    assert watched.alarms() == ()


def test_a_control_is_journaled(vault: Vault, watched: WatchedVault) -> None:
    watched.verify(everything=True)

    last = json.loads((vault.root / "journal/000001.jsonl").read_text().splitlines()[-1])
    assert (last["type"], last["reason"]) == ("check", "intact")
    assert watched.verify(everything=True).ok


def test_a_copy_is_controlled_without_leaving_a_trace(tmp_path: Path, vault: Vault) -> None:
    journal = (vault.root / "journal/000001.jsonl").read_bytes()
    with (
        Vault.open(vault.root, None, agent="copy", entity="copy", clock=FakeClock(NOW)) as copy,
        StateStore.open(tmp_path / "other.sqlite") as state,
    ):
        assert WatchedVault(copy, state).verify(everything=True).ok

    assert (vault.root / "journal/000001.jsonl").read_bytes() == journal


def test_the_daily_control_finds_damage_that_nobody_looked_for(vault: Vault, watched: WatchedVault) -> None:
    watched.control_daily(NOW.date())
    content = payload(vault).read_bytes()
    payload(vault).write_bytes(bytes([content[0] ^ 1]) + content[1:])

    watched.control_daily(NOW.date())
    assert watched.alarms() == ()
    watched.control_daily(NOW.date() + timedelta(days=1))
    assert len(watched.alarms()) == 1
