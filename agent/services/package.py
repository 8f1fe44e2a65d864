"""Hand over: gather what the dossier holds, and build it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from agent.domain.coverage import Scope, covers
from agent.domain.facts import AdsAuditFact, AssetFact, AssetListFact, DirectoryFact, ExposureAuditFact
from agent.domain.live import settle
from agent.services.assess import decisions, known_facts
from uploader.dossier.build import BuiltDossier, build_dossier
from uploader.dossier.content import DescribedDirectory, DossierContent, Report

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from agent.domain.coverage import ExposedElement
    from agent.domain.live import KnownFact
    from agent.services.assess import Assessed
    from agent.vault.age import Identity
    from agent.vault.vault import Vault


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
    known = settle(known_facts(vault.index, zone), decisions(vault.index))
    lists = [item.fact for item in known if isinstance(item.fact, AssetListFact)]
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
        assets_complete=all(found.complete for found in lists),
        reports=tuple(_reports(known, subject)),
        not_applicable=frozenset(
            code
            for code, objective in assessed.document["objectives"].items()
            if objective["candidate"]["verdict"] == "not_applicable"
        ),
    )
    if identity is None:
        return build_dossier(content, to_dir)
    with TemporaryDirectory(dir=work_dir, prefix="dossier-") as folder:
        opened = tuple(
            replace(report, files=_export(vault, report, identity, Path(folder))) for report in content.reports
        )
        return build_dossier(replace(content, reports=opened), to_dir)


def _export(vault: Vault, report: Report, identity: Identity, folder: Path) -> tuple[Path, ...]:
    target = folder / report.evidence
    exported = vault.export(report.evidence, identity, target)
    return tuple(target / str(file["name"]) for file in exported)


def _description(known: Sequence[KnownFact], slug: str) -> DirectoryFact | None:
    found = [item.fact for item in known if isinstance(item.fact, DirectoryFact) and item.fact.directory == slug]
    return max(found, key=lambda fact: fact.taken_at, default=None)


def _reports(known: Sequence[KnownFact], subject: DossierSubject) -> list[Report]:
    found = []
    for item in known:
        fact = item.fact
        if isinstance(fact, AdsAuditFact) and fact.directory is not None:
            score = f", score {fact.score:g}" if fact.score is not None else ""
            found.append(
                Report(
                    evidence=item.evidence,
                    objectives=("D1.O1.A", "D1.O1.B"),
                    subjects=(fact.directory,),
                    audited_on=fact.date,
                    title=f"rapport ADS de {fact.directory}{score}",
                )
            )
        elif isinstance(fact, ExposureAuditFact) and fact.tool in {"INDUSTRIAL", "SILENE"}:
            found.append(
                Report(
                    evidence=item.evidence,
                    objectives=("D1.O2.A", "D1.O2.B") if fact.tool == "INDUSTRIAL" else ("D1.O2.A",),
                    subjects=_surfaces(fact, subject),
                    audited_on=fact.date,
                    title=f"audit d'exposition {fact.name or fact.vendor}",
                )
            )
    return sorted(found, key=lambda report: (report.objectives, report.audited_on or "", report.evidence))


def _surfaces(fact: ExposureAuditFact, subject: DossierSubject) -> tuple[str, ...]:
    if fact.surfaces is not None:
        return fact.surfaces
    scope = Scope.of([*fact.scope, *fact.hosts_seen], discovers=fact.discovers)
    return tuple(element.id for element in subject.elements if covers(scope, element))


def _assets(lists: Sequence[AssetListFact], subject: DossierSubject) -> list[AssetFact]:
    """Return what is configured and what the latest list of each source names, public entries only."""
    latest: dict[str, AssetListFact] = {}
    for found in lists:
        kept = latest.get(found.source)
        if kept is None or (found.taken_on or "") >= (kept.taken_on or ""):
            latest[found.source] = found
    assets = [asset for found in latest.values() for asset in found.assets if asset.public]
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
