"""`carenage evidence`: deposit, list, read again, hand back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli.main import Invocation
from agent.cli.output import echo_json, echo_line, identity_options, json_option, read_identity, vault_option
from agent.domain.errors import UsageError
from agent.domain.evidence import EvidenceClass
from agent.texts.words import day, moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.vault.index import Index, IndexedDeposit
    from agent.vault.vault import Vault


@click.group()
def evidence() -> None:
    """Dépose, liste, lit ou restitue des preuves."""


@evidence.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
@click.pass_obj
def add(invocation: Invocation, *, file: Path, as_json: bool) -> None:
    """Scelle FILE tel quel, sans le lire."""
    from functools import partial

    from agent.services.seal import seal_file
    from collectors.reading import open_regular

    vault = invocation.application().vault
    sealed = seal_file(vault, file, now=invocation.clock.now(), open_file=partial(open_regular, follow=False))
    if as_json:
        echo_json(
            {
                "id": sealed.id,
                "sha256": sealed.sha256,
                "bytes": sealed.bytes,
                "stored_bytes": sealed.stored_bytes,
                "journal_seq": sealed.journal_seq,
                "deduplicated": sealed.deduplicated,
            }
        )
        return
    echo_line(f"Scellé : {sealed.id} ({sealed.bytes} octets, SHA-256 {sealed.sha256}).")


@evidence.command("list")
@click.option("--class", "evidence_class", help="Une seule classe.")
@vault_option
@json_option
@click.pass_obj
def list_(invocation: Invocation, *, evidence_class: str | None, vault_copy: Path | None, as_json: bool) -> None:
    """Liste les dépôts du coffre."""
    index = _open(invocation, vault_copy).index
    shown = [item for item in index.deposits() if evidence_class in (None, item.evidence_class.value)]
    if as_json:
        echo_json([_as_json(item) for item in shown])
        return
    zone = None if vault_copy else invocation.application().zone
    known = _known(index)
    for item in shown:
        what = ", ".join([_CLASSES[item.evidence_class], *(known.get(item.id) or filter(None, [item.subject]))])
        received = moment(item.received_at.astimezone(zone)) if zone else f"{moment(item.received_at)} UTC"
        echo_line(f"{item.id}  {received}  {what}  {item.bytes} octets")
    if not shown:
        echo_line("Le coffre est vide.")


_CLASSES = {
    EvidenceClass.DIRECTORY: "description d'un annuaire",
    EvidenceClass.ORADAD: "collecte ORADAD",
    EvidenceClass.ADS_REPORT: "rapport d'audit ADS",
    EvidenceClass.EXPOSURE: "audit d'exposition",
    EvidenceClass.INVENTORY: "liste de domaines ou d'adresses",
    EvidenceClass.DOCUMENT: "document",
    EvidenceClass.FACTS: "faits lus",
    EvidenceClass.DECISION: "décision",
    EvidenceClass.RECEIPT: "accusé de réception",
    EvidenceClass.ANCHOR: "ancrage du journal",
}


def _as_json(item: IndexedDeposit) -> dict[str, object]:
    return {
        "id": item.id,
        "class": item.evidence_class.value,
        "received_at": item.received_at.isoformat(),
        "facts_on": item.facts_on.isoformat() if item.facts_on else None,
        "bytes": item.bytes,
        "journal_seq": item.journal_seq,
        "subject": item.subject,
    }


def _known(index: Index) -> dict[str, list[str]]:
    """Return what each deposit is about and the day of its audit, as read or as people settled it."""
    facts = {item.evidence_id: {**item.data} for item in index.facts()}
    for decided in index.decisions("confirm"):
        if decided.evidence_id in facts:
            facts[decided.evidence_id].update(decided.values)
    return {evidence_id: list(_said(fact)) for evidence_id, fact in facts.items()}


def _said(fact: Mapping[str, Any]) -> Iterator[str]:
    if subjects := [fact["directory"]] if fact.get("directory") else fact.get("surfaces"):
        yield ", ".join(map(str, subjects))
    if fact.get("date"):
        yield f"du {day(date.fromisoformat(str(fact['date'])))}"


@evidence.command()
@click.argument("evidence_id")
@vault_option
@json_option
@click.pass_obj
def show(invocation: Invocation, *, evidence_id: str, vault_copy: Path | None, as_json: bool) -> None:
    """Montre un dépôt et les faits qui en ont été lus."""
    vault = _open(invocation, vault_copy)
    found = next((item for item in vault.index.deposits() if item.id == evidence_id), None)
    if found is None:
        raise UsageError(f"Aucun dépôt « {evidence_id} ».", hint="La liste : carenage evidence list.")
    facts = [item.data for item in vault.index.facts() if item.evidence_id == evidence_id]
    if as_json:
        echo_json(
            {
                "id": found.id,
                "class": found.evidence_class.value,
                "received_at": found.received_at.isoformat(),
                "facts_on": found.facts_on.isoformat() if found.facts_on else None,
                "bytes": found.bytes,
                "journal_seq": found.journal_seq,
                "facts": facts,
            }
        )
        return
    echo_line(f"{found.id} : {found.evidence_class.value}, reçu le {found.received_at.isoformat()}")
    for fact in facts:
        echo_line(
            f"  {fact['kind']} : " + ", ".join(f"{key} = {value}" for key, value in fact.items() if key != "kind")
        )


@evidence.command()
@click.argument("evidence_ids", nargs=-1)
@click.option("--stale", is_flag=True, help="Tout ce qu'un lecteur plus ancien a lu.")
@identity_options
@json_option
@click.pass_obj
def read(
    invocation: Invocation,
    *,
    evidence_ids: tuple[str, ...],
    stale: bool,
    identity: Path | None,
    passphrase_env: str | None,
    vault_copy: Path | None,
    as_json: bool,
) -> None:
    """Relit avec les lecteurs actuels ce qui a été scellé."""
    from agent.services.read_again import read_again

    if identity is None:
        raise UsageError("Relire une preuve demande la clé privée.", hint="Ajoutez --identity CLÉ.")
    from agent.bootstrap import reader_versions, reception_of

    vault = _open(invocation, vault_copy)
    results = read_again(
        vault,
        reception_of(vault) if vault_copy else invocation.application().reception,
        evidence_ids,
        stale=stale,
        versions=reader_versions(),
        identity=read_identity(identity, passphrase_env),
        work_dir=None if vault_copy else invocation.application().work_dir,
        record=vault.is_writable,
    )
    if as_json:
        echo_json(results)
        return
    for result in results:
        echo_line(f"{result['id']} : relu par {result['reader']} v{result['reader_version']}")


@evidence.command()
@click.argument("evidence_id")
@click.option("--to", "to_dir", required=True, type=click.Path(path_type=Path, file_okay=False), help="Où les écrire.")
@identity_options
@json_option
@click.pass_obj
def export(
    invocation: Invocation,
    *,
    evidence_id: str,
    to_dir: Path,
    identity: Path | None,
    passphrase_env: str | None,
    vault_copy: Path | None,
    as_json: bool,
) -> None:
    """Restitue les fichiers d'un dépôt, déchiffrés et vérifiés."""
    if identity is None:
        raise UsageError("Restituer une preuve demande la clé privée.", hint="Ajoutez --identity CLÉ.")
    files = _open(invocation, vault_copy).export(evidence_id, read_identity(identity, passphrase_env), to_dir)
    if as_json:
        echo_json({"files": files})
        return
    for file in files:
        echo_line(f"{file['name']}  {file['bytes']} octets  SHA-256 {file['sha256']}")


def _open(invocation: Invocation, vault_copy: Path | None) -> Vault:
    from agent.bootstrap import open_vault_copy

    return open_vault_copy(vault_copy, clock=invocation.clock) if vault_copy else invocation.application().vault
