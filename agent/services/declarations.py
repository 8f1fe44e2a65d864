"""The declarations that the vault holds, as typed values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from agent.domain.declaration import DECLARE, current, from_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from agent.domain.declaration import Declaration, FactKind
    from agent.vault.index import SealedDecision


class DecisionIndex(Protocol):
    """The vault's index, as far as declarations go."""

    def decisions(self, kind: str | None = None) -> Sequence[SealedDecision]: ...


def every_declaration(index: DecisionIndex, kinds: Mapping[str, FactKind], zone: ZoneInfo) -> list[Declaration]:
    """Return every declaration ever recorded, oldest first; those of a later release are left aside."""
    found = (
        from_record(
            item.values,
            kinds,
            id=item.id,
            person=item.person,
            on=item.decided_at.astimezone(zone).date(),
            reason=item.reason,
        )
        for item in index.decisions(DECLARE)
    )
    return [one for one in found if one is not None]


def declarations_in_force(index: DecisionIndex, kinds: Mapping[str, FactKind], zone: ZoneInfo) -> list[Declaration]:
    """Return the declarations that nothing has corrected since, oldest first."""
    return current(every_declaration(index, kinds, zone), kinds)
