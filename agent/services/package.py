"""Hand over: gather what the dossier holds, and build it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from agent.domain.coverage import Scope, covers
from agent.domain.errors import IntegrityError
from agent.domain.facts import AdsAuditFact, AssetFact, AssetListFact, DirectoryFact, ExposureAuditFact
from agent.domain.live import settle
from agent.services.assess import decisions, known_facts
from agent.texts.words import reason
from uploader.dossier.build import BuiltDossier, build_dossier
from uploader.dossier.content import DescribedDirectory, DossierContent, Report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from agent.domain.admissible import KnownFact
    from agent.domain.coverage import ExposedElement
    from agent.services.assess import Assessed
    from agent.vault.age import Identity
    from agent.vault.index import IndexedDeposit
    from agent.vault.vault import Vault

_PROVES = {"ads_audit": ("D1.O1.A", "D1.O1.B"), "exposure_audit": ("D1.O2.A", "D1.O2.B")}


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierSubject:
    """Whom the dossier is for: names and what is configured."""

    entity: str
    candidate: str
    programme: str
    directories: tuple[tuple[str, str, tuple[str, ...]], ...]  # slug, name, establishments
    elements: tuple[ExposedElement, ...]
    establishments_of: dict[str, tuple[str, ...]]  # surface slug to establishments


def package(
    vault: Vault,
    subject: DossierSubject,
    assessed: Assessed,
    *,
    as_of: date,
    now: datetime,
    zone: ZoneInfo,
    to_dir: Path,
    identity: Identity | None,
    work_dir: Path,
) -> BuiltDossier:
    """
    Build the dossier in `to_dir`; without `identity` the sealed reports are listed, not included.

    Raises UsageError, IdentityError, IntegrityError, VaultError.
    """
    known = settle(known_facts(vault.index, zone), decisions(vault.index, zone))
    lists = lists_in_force(known, vault.index.bags())
    content = DossierContent(
        entity=subject.entity,
        candidate=subject.candidate,
        programme=subject.programme,
        as_of=as_of,
        built_at=now.astimezone(zone).strftime("%d/%m/%Y à %H:%M"),
        assessment=assessed.document,
        directories=tuple(
            DescribedDirectory(id=slug, name=name, establishments=establishments, fact=_description(known, slug))
            for slug, name, establishments in subject.directories
        ),
        surfaces=tuple(element.id for element in subject.elements),
        assets=tuple(_assets(lists, subject)),
        assets_complete=bool(lists) and all(found.complete for found in lists),
        reports=tuple(reports(known, subject, assessed, as_of=as_of)),
        reasons={
            code: reason(code)
            for objective in assessed.document["objectives"].values()
            for code in objective["candidate"]["reasons"]
        },
        not_applicable=frozenset(
            code
            for code, objective in assessed.document["objectives"].items()
            if objective["candidate"]["verdict"] == "not_applicable"
        ),
    )
    if identity is None:
        return build_dossier(content, to_dir)
    with TemporaryDirectory(dir=work_dir, prefix="dossier-") as folder:
        opened = tuple(_opened(vault, report, identity, Path(folder)) for report in content.reports)
        return build_dossier(replace(content, reports=opened), to_dir)


def _opened(vault: Vault, report: Report, identity: Identity, folder: Path) -> Report:
    """Return `report` with its decrypted files; damaged evidence is named, it does not stop the others."""
    target = folder / report.evidence
    try:
        exported = vault.export(report.evidence, identity, target)
    except IntegrityError as error:
        return replace(report, damage=error.message)
    return replace(report, files=tuple(target / str(file["name"]) for file in exported))


def _description(known: Sequence[KnownFact], slug: str) -> DirectoryFact | None:
    found = [item.fact for item in known if isinstance(item.fact, DirectoryFact) and item.fact.directory == slug]
    return max(found, key=lambda fact: fact.taken_at, default=None)


def reports(known: Sequence[KnownFact], subject: DossierSubject, assessed: Assessed, *, as_of: date) -> list[Report]:
    """
    Return the audits of the phase up to `as_of`, and those that a person must settle before they prove anything.

    An audit that is sealed but was never read is one of the latter.
    """
    phase = (str(assessed.document["phase_start"]), as_of.isoformat())
    open_questions = {question.evidence: question for question in assessed.questions if question.kind in _PROVES}
    found = []
    for item in known:
        report = _report(item, subject)
        if report is not None and (report.audited_on is None or phase[0] <= report.audited_on <= phase[1]):
            question = open_questions.get(item.evidence)
            found.append(replace(report, to_settle=question.command if question else None))
    read = {item.evidence for item in known}
    found += [
        Report(
            evidence=question.evidence,
            objectives=_PROVES[question.kind],
            subjects=(),
            audited_on=None,
            title=f"dépôt {question.evidence}, jamais lu",
            to_settle=question.command,
        )
        for question in open_questions.values()
        if question.evidence not in read
    ]
    return sorted(found, key=lambda report: (report.objectives, report.audited_on or "", report.evidence))


def _report(item: KnownFact, subject: DossierSubject) -> Report | None:
    fact = item.fact
    if isinstance(fact, AdsAuditFact):
        score = f", score {fact.score:g}" if fact.score is not None else ""
        return Report(
            evidence=item.evidence,
            objectives=_PROVES[fact.kind],
            subjects=() if fact.directory is None else (fact.directory,),
            audited_on=fact.date,
            title=f"rapport ADS de {fact.directory or 'annuaire inconnu'}{score}",
        )
    if isinstance(fact, ExposureAuditFact) and fact.tool in {"INDUSTRIAL", "SILENE", None}:
        return Report(
            evidence=item.evidence,
            objectives=("D1.O2.A",) if fact.tool == "SILENE" else _PROVES[fact.kind],
            subjects=_surfaces(fact, subject),
            audited_on=fact.date,
            title=f"audit d'exposition {fact.name or fact.vendor}",
        )
    return None


def _surfaces(fact: ExposureAuditFact, subject: DossierSubject) -> tuple[str, ...]:
    if fact.surfaces is not None:
        return fact.surfaces
    scope = Scope.of([*fact.scope, *fact.hosts_seen], discovers=fact.discovers)
    return tuple(element.id for element in subject.elements if covers(scope, element))


def lists_in_force(known: Sequence[KnownFact], deposits: Mapping[str, IndexedDeposit]) -> list[AssetListFact]:
    """
    Return, for each source, its latest complete list and the incomplete ones that came after.

    What the same collector gave about the same subject is one source; an incomplete list adds and never replaces.
    """
    sources: dict[tuple[str | None, str | None, str], list[tuple[str, int, AssetListFact]]] = {}
    for item in known:
        if isinstance(item.fact, AssetListFact) and (deposit := deposits.get(item.evidence)) is not None:
            key = (deposit.collector, deposit.subject, item.fact.source)
            taken_on = item.fact.taken_on or item.received_on or ""
            sources.setdefault(key, []).append((taken_on, deposit.journal_seq, item.fact))
    kept: list[AssetListFact] = []
    for lists in sources.values():
        latest_first = [fact for *_, fact in sorted(lists, key=itemgetter(0, 1), reverse=True)]
        last = next((place for place, fact in enumerate(latest_first) if fact.complete), len(latest_first))
        kept += latest_first[: last + 1]
    return kept


def _assets(lists: Sequence[AssetListFact], subject: DossierSubject) -> list[AssetFact]:
    """Return what is configured and what the lists name, public entries only."""
    assets = [asset for found in lists for asset in found.assets if asset.public]
    for element in subject.elements:
        establishment = ", ".join(subject.establishments_of.get(element.id, ())) or None
        assets += [AssetFact(name=name, asset_kind="domain", establishment=establishment) for name in element.names]
        assets += [
            AssetFact(name=address, asset_kind="range" if "/" in address else "address", establishment=establishment)
            for address in element.addresses
        ]
    unique: dict[tuple[str, str], AssetFact] = {}
    for asset in assets:
        kept_asset = unique.get((asset.asset_kind, asset.name))
        if kept_asset is None or kept_asset.establishment is None:
            unique[(asset.asset_kind, asset.name)] = asset
    return list(unique.values())
