"""Record what a person settles about one item of evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from agent.domain.errors import UsageError
from agent.domain.exposure import Reading
from agent.domain.handover import EARLIEST_DAY, SideValues
from agent.domain.live import CONFIRM
from agent.services.fact_codec import to_json
from agent.services.read import BY_LIKENESS, UNREADABLE, facts_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from agent.domain.evidence import SealedEvidence
    from agent.vault.index import CurrentFact, IndexedDeposit


class DecisionIndex(Protocol):
    """The vault's index, as far as confirming goes."""

    def deposits(self) -> Sequence[IndexedDeposit]: ...
    def facts(self) -> Sequence[CurrentFact]: ...


class DecisionVault(Protocol):
    """The vault, as far as confirming goes."""

    @property
    def index(self) -> DecisionIndex: ...
    def seal_facts(self, record: Mapping[str, Any]) -> SealedEvidence: ...
    def seal_decision(self, record: Mapping[str, Any], person: str) -> SealedEvidence: ...


def confirm(
    vault: DecisionVault,
    evidence_id: str,
    stated: SideValues,
    *,
    settled: Mapping[str, bool],
    person: str,
    reason: str | None,
    zone: ZoneInfo,
) -> tuple[SealedEvidence, dict[str, Any]]:
    """
    Seal the decision that `person` takes; return it and the values it holds.

    `settled` holds `complete` (a partial collection is accepted) and `unscored_critical`
    (what the findings without a score are). A document that gets a kind gets that kind's
    facts. Raises UsageError for an unknown evidence id or when nothing is stated.
    """
    deposit = next((item for item in vault.index.deposits() if item.id == evidence_id), None)
    if deposit is None:
        raise UsageError(f"Aucun dépôt « {evidence_id} ».", hint="La liste : carenage evidence list.")
    received_on = deposit.received_at.astimezone(zone).date()
    if stated.date is not None and not EARLIEST_DAY <= stated.date <= received_on:
        raise UsageError(f"Le {stated.date} n'est pas possible : la preuve est arrivée le {received_on}.")
    values = {**_values(stated), **settled}
    if not values:
        raise UsageError(
            "Rien à confirmer.", hint="Ajoutez par exemple --directory ID, --date AAAA-MM-JJ ou --score N."
        )
    current = [item for item in vault.index.facts() if item.evidence_id == evidence_id]
    if stated.kind is not None:
        _check_kind(stated.kind, current, evidence_id)
    else:
        _check_fields(values, current, evidence_id)
    sealed = vault.seal_decision(
        {"decision": CONFIRM, "evidence": evidence_id, "reason": reason, "values": values}, person
    )
    if stated.kind is not None:
        reader = current[-1].reader if current else "unknown"
        version = current[-1].reader_version if current else 0
        unread = Reading(format=reader, kind="document", reader_version=version)
        facts = facts_from(unread, side=stated, received_on=received_on, zone=zone)
        vault.seal_facts(
            {
                "evidence": evidence_id,
                "reader": reader,
                "reader_version": version,
                "facts": [to_json(fact) for fact in facts],
            }
        )
    return sealed, values


def _check_fields(values: Mapping[str, Any], current: Sequence[CurrentFact], evidence_id: str) -> None:
    """Refuse to settle what no fact of the evidence holds: such a decision would stay for ever without effect."""
    fields = {name for item in current for name in item.data} - {"kind", "undecided"}
    vain = sorted(name for name in values if name not in fields)
    if not vain:
        return
    if not current:
        raise UsageError(
            f"Le dépôt {evidence_id} ne porte aucun fait à confirmer.",
            hint="Les preuves qui attendent une décision : carenage inbox list.",
        )
    raise UsageError(
        f"La preuve {evidence_id} n'a pas de champ {', '.join(vain)} à confirmer.",
        hint="Ce qu'elle porte : carenage evidence show " + evidence_id + ".",
    )


def _check_kind(kind: str, current: Sequence[CurrentFact], evidence_id: str) -> None:
    """Refuse a kind for what is read for certain as another one, or for what nobody can read."""
    readers = {item.reader for item in current}
    if kind != "document" and (not readers or UNREADABLE in readers):
        raise UsageError(
            f"La preuve {evidence_id} est illisible (vide, endommagée ou de format inconnu) : elle ne prouve rien.",
            hint="Redéposez le rapport d'origine. Pour la laisser de côté : --kind document.",
        )
    certain = readers - BY_LIKENESS - {UNREADABLE}
    if certain:
        raise UsageError(
            f"La preuve {evidence_id} est reconnue par son contenu ({', '.join(sorted(certain))}) : "
            "son type ne se change pas.",
            hint="Confirmez ses autres champs, ou laissez-la : ce qui n'est pas confirmé ne compte pas.",
        )


def _values(stated: SideValues) -> dict[str, Any]:
    values = {
        "kind": stated.kind,
        "directory": stated.directory,
        "date": stated.date.isoformat() if stated.date else None,
        "score": stated.score,
        "tool": stated.tool,
        "surfaces": list(stated.surfaces) if stated.surfaces is not None else None,
    }
    return {name: value for name, value in values.items() if value is not None}
