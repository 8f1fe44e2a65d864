"""What the vault's index gives to the rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from agent.services.assess import decisions
from agent.vault.index import SealedDecision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.vault.index import CurrentFact, IndexedDeposit


class OneDecision:
    """An index that holds one decision and nothing else."""

    def deposits(self) -> Sequence[IndexedDeposit]:
        return []

    def facts(self) -> Sequence[CurrentFact]:
        return []

    def decisions(self, kind: str | None = None) -> Sequence[SealedDecision]:
        assert kind is None
        return [
            SealedDecision(
                id="9",
                kind="confirm",
                evidence_id="7",
                person="A. Durand",
                reason=None,
                values={},
                record={},
                journal_seq=9,
                decided_at=datetime(2026, 6, 1, 22, 30, tzinfo=UTC),
            )
        ]

    def unknown(self) -> int:
        return 0


def test_a_decision_is_dated_in_the_hospitals_civil_time() -> None:
    (found,) = decisions(OneDecision(), ZoneInfo("Europe/Paris"))

    assert found.on == "2026-06-02"
