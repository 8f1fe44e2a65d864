"""Read again, with today's readers, what was sealed; a newer reading adds facts, it rewrites nothing."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from agent.domain.errors import UsageError
from agent.domain.evidence import EvidenceClass
from agent.domain.handover import SideValues

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from agent.services.receive import Reception
    from agent.vault.age import Identity
    from agent.vault.vault import Vault

# The kind of evidence that a kind of fact was read from: a person may have stated it.
_KINDS = {"ads_audit": "ads_report", "exposure_audit": "exposure_report", "asset_list": "asset_list"}
NOT_READ = frozenset({EvidenceClass.FACTS, EvidenceClass.DECISION, EvidenceClass.RECEIPT, EvidenceClass.ANCHOR})


def read_again(
    vault: Vault,
    reception: Reception,
    evidence_ids: Sequence[str],
    *,
    stale: bool,
    versions: Mapping[str, int],
    identity: Identity,
    work_dir: Path | None,
    record: bool,
) -> list[dict[str, Any]]:
    """
    Return what today's readers understand of sealed evidence; with `record` seal the facts too.

    `stale` takes every deposit that was never read, or by an older reader than `versions`
    (format to version) says. Raises UsageError, IdentityError, IntegrityError, VaultError.
    """
    deposits = {item.id: item for item in vault.index.deposits() if item.evidence_class not in NOT_READ}
    unknown = [name for name in evidence_ids if name not in deposits]
    if unknown:
        raise UsageError(f"Aucune preuve « {unknown[0]} » à relire.", hint="La liste : carenage evidence list.")
    wanted = list(evidence_ids)
    earlier = {item.evidence_id: item.data for item in vault.index.facts()}
    if stale:
        read = {item.evidence_id: (item.reader, item.reader_version) for item in vault.index.facts()}
        wanted += [name for name in deposits if name not in wanted and _is_stale(read.get(name), versions)]
    elif not wanted:
        raise UsageError("Aucune preuve à relire.", hint="Donnez des identifiants, ou --stale.")
    results = []
    for name in wanted:
        with vault.open_payloads(name, identity, work_dir) as payloads:
            received_on = deposits[name].received_at.astimezone(reception.zone).date()
            stated = _as_stated(earlier.get(name), payloads[0].subject)
            understood = reception.understand(payloads, stated=stated, received_on=received_on)
        facts = understood.record(name)
        if record:
            vault.seal_facts(facts)
        results.append({"id": name, **{key: facts[key] for key in ("reader", "reader_version", "facts")}})
    return results


def _as_stated(earlier: Mapping[str, Any] | None, subject: str | None) -> SideValues:
    """Return what was stated when the evidence came in, and stands nowhere but in the facts read then."""
    said = earlier or {}
    day, surfaces = said.get("date") or said.get("taken_on"), said.get("surfaces")
    return SideValues(
        kind=_KINDS.get(str(said.get("kind"))),
        directory=said.get("directory") or subject,
        date=date.fromisoformat(day) if day else None,
        score=said.get("score"),
        tool=said.get("tool"),
        surfaces=tuple(surfaces) if surfaces is not None else None,
        discovers=said.get("discovers"),
    )


def _is_stale(read: tuple[str, int] | None, versions: Mapping[str, int]) -> bool:
    if read is None:
        return True
    reader, version = read
    return version < versions.get(reader, version)
