"""Hand over: say which pieces stand, gather what the dossier holds, and build it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from agent.domain.coverage import Scope, covers
from agent.domain.decided import NO_DIRECTORY, NO_EXPOSURE
from agent.domain.declared import named_days, perimeter_of
from agent.domain.errors import IntegrityError
from agent.domain.facts import (
    AdsAuditFact,
    AssetFact,
    AssetListFact,
    DirectoryFact,
    ExposureAuditFact,
    OradadCollectionFact,
)
from agent.domain.live import settle
from agent.domain.pieces import AuditReport, CollectionRun, Description, Entries, Holdings, checklist
from agent.domain.programme import Origin
from agent.domain.scenario import parse_scenario
from agent.domain.verdict import Verdict
from agent.services.assess import decisions, known_facts
from agent.services.fact_codec import from_json
from agent.texts.words import reason
from uploader.dossier.build import BuiltDossier, build_dossier
from uploader.dossier.content import DescribedDirectory, DossierContent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import Any
    from zoneinfo import ZoneInfo

    from agent.domain.admissible import KnownFact
    from agent.domain.coverage import ExposedElement
    from agent.domain.declaration import Declaration
    from agent.domain.pieces import Checklist
    from agent.domain.programme import Programme
    from agent.services.assess import Assessed
    from agent.services.prepared import Prepared
    from agent.vault.age import Identity
    from agent.vault.index import Index, IndexedDeposit
    from agent.vault.vault import Vault

_PROVES = {"ads_audit": Origin.ADS_REPORTS, "exposure_audit": Origin.EXPOSURE_REPORTS}
_TOOLS = {"INDUSTRIAL", "SILENE", None}


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierSubject:
    """Whom the dossier is for: names, what is configured, and the programme that asks for it."""

    entity: str
    candidate: str
    programme: Programme
    directories: tuple[tuple[str, str, tuple[str, ...]], ...]  # slug, name, establishments
    elements: tuple[ExposedElement, ...]
    establishments_of: dict[str, tuple[str, ...]]  # surface slug to establishments
    names: Mapping[str, str] = field(default_factory=dict)
    several: frozenset[str] = frozenset()  # kinds of fact of which more than one may hold
    collected: frozenset[str] = frozenset()  # slugs of the directories that a configured collector describes


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDossier:
    """The pieces of a dossier on a day, and the folder prepared for its deposit when one was looked at."""

    subject: DossierSubject
    as_of: date
    checklist: Checklist
    prepared: Prepared | None = None


def check(index: Index, subject: DossierSubject, assessed: Assessed, *, as_of: date, zone: ZoneInfo) -> Checklist:
    """Return every piece of the programme, present or missing, from the index alone: no private key is needed."""
    return checklist(subject.programme, holdings(index, subject, assessed, as_of=as_of, zone=zone))


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
    Build the dossier in `to_dir`; without `identity` the sealed pieces are listed, not included.

    Raises UsageError, IdentityError, IntegrityError, VaultError.
    """
    known = settle(known_facts(vault.index, zone), decisions(vault.index, zone))
    held = holdings(vault.index, subject, assessed, as_of=as_of, zone=zone)
    content = DossierContent(
        entity=subject.entity,
        candidate=subject.candidate,
        programme=subject.programme.label,
        as_of=as_of,
        built_at=now.astimezone(zone).strftime("%d/%m/%Y à %H:%M"),
        assessment=assessed.document,
        checklist=checklist(subject.programme, held),
        directories=tuple(
            DescribedDirectory(id=slug, name=name, establishments=establishments, fact=_description(known, slug))
            for slug, name, establishments in subject.directories
        ),
        assets=tuple(_assets(lists_in_force(known, vault.index.bags()), subject)),
        names=subject.names,
        reasons={
            code: reason(code)
            for objective in assessed.document["objectives"].values()
            for code in objective["candidate"]["reasons"]
        },
    )
    if identity is None:
        return build_dossier(content, to_dir)
    with TemporaryDirectory(dir=work_dir, prefix="dossier-") as folder:
        files, damaged = _opened(vault, content.checklist, identity, Path(folder))
        found = checklist(subject.programme, with_opened(held, files, damaged))
        return build_dossier(replace(content, checklist=found, files=files), to_dir)


def _opened(
    vault: Vault, listed: Checklist, identity: Identity, folder: Path
) -> tuple[dict[str, tuple[Path, ...]], dict[str, str]]:
    """Return the decrypted files of each piece; damaged evidence is named, it does not stop the others."""
    there = vault.index.bags()
    files: dict[str, tuple[Path, ...]] = {}
    damaged: dict[str, str] = {}
    for evidence in dict.fromkeys(one for state in listed.states for one in state.evidence):
        if evidence not in there:
            continue
        target = folder / evidence
        try:
            exported = vault.export(evidence, identity, target)
        except IntegrityError as error:
            damaged[evidence] = error.message
        else:
            files[evidence] = tuple(target / str(file["name"]) for file in exported)
    return files, damaged


def with_opened(held: Holdings, files: Mapping[str, Sequence[Path]], damaged: Mapping[str, str]) -> Holdings:
    """Return what is held, with what opening it has told: the files' names, and what cannot be given back and why."""
    return replace(
        held,
        reports=tuple(replace(report, damage=damaged.get(report.evidence)) for report in held.reports),
        damaged=damaged,
        file_names={evidence: tuple(file.name for file in found) for evidence, found in files.items()},
    )


def holdings(index: Index, subject: DossierSubject, assessed: Assessed, *, as_of: date, zone: ZoneInfo) -> Holdings:
    """Return all that can make a piece stand, from the index."""
    known = settle(known_facts(index, zone), decisions(index, zone))
    deposits = index.bags()
    lists = lists_in_force(known, deposits)
    described = [(slug, _description(known, slug)) for slug, *_ in subject.directories]
    scenario = parse_scenario(assessed.scenario, lambda _: subject.programme)
    cited = {item for one in assessed.declarations for items in one.evidence.values() for item in items}
    return Holdings(
        as_of=as_of,
        days=named_days(subject.programme, scenario, assessed.declarations),
        several=subject.several,
        candidate_type=scenario.candidate.type.value,
        perimeter=frozenset(one.id for one in perimeter_of(subject.programme, scenario.candidate).perimeter),
        asked=asked_of(assessed.document, subject.programme),
        reports=tuple(reports(known, subject, assessed, as_of=as_of)),
        runs=tuple(runs_of(known, str(assessed.document["phase_start"]), as_of.isoformat())),
        descriptions=tuple(
            Description(directory=slug, taken_on=fact.taken_at[:10], complete=fact.complete)
            for slug, fact in described
            if fact is not None
        ),
        collected=subject.collected,
        domains=_entries(lists, subject, {"domain"}),
        addresses=_entries(lists, subject, {"address", "range"}),
        declarations=in_effect(assessed.declarations, subject),
        destroyed=frozenset(cited - set(deposits)),
        unread=index.unknown(),
    )


def in_effect(declarations: Iterable[Declaration], subject: DossierSubject) -> list[Declaration]:
    """
    Return the declarations without what changes nothing: that an establishment with a directory or a surface has none.

    One that bears on several establishments is kept for those where it holds.
    """
    served = {
        NO_DIRECTORY: {one for *_, establishments in subject.directories for one in establishments},
        NO_EXPOSURE: {one for establishments in subject.establishments_of.values() for one in establishments},
    }
    kept = []
    for one in declarations:
        subjects = tuple(slug for slug in one.subjects if slug not in served.get(one.fact, ()))
        if subjects or one.fact not in served:
            kept.append(replace(one, subjects=subjects))
    return kept


def finding_names(index: Index) -> dict[str, str]:
    """Return each finding of the exposure audits by its id, as people know it: its title, and what it is on."""
    facts = (from_json(item.data) for item in index.facts("exposure_audit"))
    found = [one for fact in facts if isinstance(fact, ExposureAuditFact) for one in fact.findings]
    return {one.id: f"{one.title} ({one.asset})" if one.asset else one.title for one in found}


def asked_of(document: Mapping[str, Any], programme: Programme) -> dict[str, dict[str | None, str]]:
    """
    Return whom each objective asks for pieces, with the verdict there: its units, or its establishments.

    What does not apply asks for nothing, nor does an optional objective that was not chosen. Where a share of the
    activity is enough and is reached, only those that reach it are asked.
    """
    audited = {one.id for one in programme.objectives}
    shares = {one.id for one in (*programme.declared, *programme.prerequisites) if one.share_percent is not None}
    asked: dict[str, dict[str | None, str]] = {}
    for name, objective in {**document["objectives"], **document.get("prerequisites", {})}.items():
        verdict = objective["candidate"]["verdict"]
        if verdict == Verdict.NOT_APPLICABLE:
            continue
        whom: dict[str | None, str] = {
            unit: entry["verdict"]
            for unit, entry in objective["units"].items()
            if entry["verdict"] != Verdict.NOT_APPLICABLE
        }
        if name in shares and verdict == Verdict.MET:
            whom = {unit: said for unit, said in whom.items() if said == Verdict.MET}
        is_whole = name not in audited and list(whom) == [document["scenario_id"]]
        asked[name] = {None: verdict} if is_whole else whom
    return asked


def _description(known: Iterable[KnownFact], slug: str) -> DirectoryFact | None:
    found = [item.fact for item in known if isinstance(item.fact, DirectoryFact) and item.fact.directory == slug]
    return max(found, key=lambda fact: fact.taken_at, default=None)


def reports(
    known: Sequence[KnownFact], subject: DossierSubject, assessed: Assessed, *, as_of: date
) -> list[AuditReport]:
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
        AuditReport(
            evidence=question.evidence,
            origin=_PROVES[question.kind],
            tool=None,
            subjects=(),
            audited_on=None,
            to_settle=question.command,
            is_read=False,
        )
        for question in open_questions.values()
        if question.evidence not in read
    ]
    return sorted(found, key=lambda report: (report.origin, report.audited_on or "", report.evidence))


def _report(item: KnownFact, subject: DossierSubject) -> AuditReport | None:
    fact = item.fact
    if isinstance(fact, AdsAuditFact):
        return AuditReport(
            evidence=item.evidence,
            origin=Origin.ADS_REPORTS,
            tool="ADS",
            subjects=() if fact.directory is None else (fact.directory,),
            audited_on=fact.date,
            score=fact.score,
        )
    if isinstance(fact, ExposureAuditFact) and fact.tool in _TOOLS:
        return AuditReport(
            evidence=item.evidence,
            origin=Origin.EXPOSURE_REPORTS,
            tool=fact.tool,
            subjects=_surfaces(fact, subject),
            audited_on=fact.date,
            name=fact.name or fact.vendor,
        )
    return None


def runs_of(known: Iterable[KnownFact], first: str, last: str) -> Iterator[CollectionRun]:
    """Yield the collections of the phase that were made for the ADS service and are not known to be partial."""
    for item in known:
        fact = item.fact
        if not isinstance(fact, OradadCollectionFact) or fact.complete is False:
            continue
        if fact.directory is not None and fact.date is not None and first <= fact.date <= last:
            yield CollectionRun(directory=fact.directory, on=date.fromisoformat(fact.date))


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


def _entries(lists: Sequence[AssetListFact], subject: DossierSubject, kinds: set[str]) -> Entries:
    """Count the public entries of `kinds`; a list that is not whole counts as such whatever it holds."""
    configured = {(one.asset_kind, one.name) for one in _assets((), subject) if one.asset_kind in kinds}
    known = {(one.asset_kind, one.name) for one in _assets(lists, subject) if one.asset_kind in kinds}
    return Entries(
        configured=len(configured),
        read=len(known - configured),
        in_part=not all(found.complete for found in lists),
    )


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
