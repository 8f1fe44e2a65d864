"""What a dossier holds, as values; completeness is computed from them alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from agent.domain.facts import AssetFact, DirectoryFact

DESCRIPTION = "Description des annuaires et de leurs interconnexions"
ADS_REPORTS = "Rapports d'audit ADS"
DOMAINS = "Liste des domaines exposés"
ADDRESSES = "Liste des adresses IP publiques"
EXPOSURE_REPORTS = "Rapports d'audit d'exposition internet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    One sealed report; `files` are its decrypted files, empty when no private key was given.

    `objectives` are the objectives it proves, `subjects` the slugs of what it covers. `to_settle` is the
    command by which a person settles what it leaves open, `damage` why its files cannot be given back; with
    either it proves nothing.
    """

    evidence: str
    objectives: tuple[str, ...]
    subjects: tuple[str, ...]
    audited_on: str | None
    title: str
    files: tuple[Path, ...] = ()
    to_settle: str | None = None
    damage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedDirectory:
    """A configured directory and what LDAP last said of it."""

    id: str
    name: str
    establishments: tuple[str, ...]
    fact: DirectoryFact | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierContent:
    """
    Everything that the builder writes.

    `assessment` is the evaluation contract's output, `reasons` says its codes in words.
    """

    entity: str
    candidate: str
    programme: str
    as_of: date
    built_at: str
    assessment: dict[str, object]
    directories: tuple[DescribedDirectory, ...]
    surfaces: tuple[str, ...]
    assets: tuple[AssetFact, ...]
    assets_complete: bool
    reports: tuple[Report, ...]
    reasons: Mapping[str, str] = field(default_factory=dict)
    not_applicable: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPiece:
    """A piece that the dossier lacks: `sealed` means it is in the vault and waits for the private key."""

    objective: str
    piece: str
    sealed: bool = False


def missing_pieces(content: DossierContent) -> list[MissingPiece]:
    """Return what is missing, by name, in the order of the objectives."""
    return [piece for piece in _missing(content) if piece.objective not in content.not_applicable]


def _missing(content: DossierContent) -> Iterator[MissingPiece]:
    if not content.directories:
        yield MissingPiece(objective="D1.O1.A", piece=f"{DESCRIPTION} : aucun annuaire n'est déclaré")
    for directory in content.directories:
        if directory.fact is None:
            yield MissingPiece(objective="D1.O1.A", piece=f"{DESCRIPTION} : {directory.name} n'a pas été collecté")
        elif not directory.fact.complete:
            yield MissingPiece(objective="D1.O1.A", piece=f"{DESCRIPTION} : {directory.name}, collecte partielle")
    yield from _missing_reports(content, "D1.O1.A", ADS_REPORTS, [item.id for item in content.directories], least=1)
    yield from _missing_reports(content, "D1.O1.B", ADS_REPORTS, [item.id for item in content.directories], least=2)
    for piece, kinds in ((DOMAINS, {"domain"}), (ADDRESSES, {"address", "range"})):
        if not any(asset.asset_kind in kinds and asset.public for asset in content.assets):
            yield MissingPiece(objective="D1.O2.A", piece=f"{piece} : aucune entrée connue")
        elif not content.assets_complete:
            yield MissingPiece(
                objective="D1.O2.A", piece=f"{piece} : une source n'a pas tout donné, ou aucune n'a été lue"
            )
    yield from _missing_reports(content, "D1.O2.A", EXPOSURE_REPORTS, content.surfaces, least=1)
    yield from _missing_reports(content, "D1.O2.B", EXPOSURE_REPORTS, content.surfaces, least=2)


def _missing_reports(
    content: DossierContent, objective: str, piece: str, subjects: tuple[str, ...] | list[str], *, least: int
) -> Iterator[MissingPiece]:
    concerned = [report for report in content.reports if objective in report.objectives]
    # A run often has several files: it counts once.
    runs = {
        (subject, report.audited_on)
        for report in concerned
        if report.audited_on is not None and report.to_settle is None and report.damage is None
        for subject in report.subjects
    }
    for subject in subjects:
        count = sum(1 for audited, _ in runs if audited == subject)
        if count < least:
            yield MissingPiece(objective=objective, piece=f"{piece} : {subject} ({count} sur {least} au moins)")
    if not subjects:
        yield MissingPiece(objective=objective, piece=f"{piece} : rien n'est déclaré à auditer")
    for report in concerned:
        name = f"{piece} : {report.title} ({report.audited_on or 'sans date'})"
        if report.damage is not None:
            yield MissingPiece(
                objective=objective, piece=f"{name}, dépôt {report.evidence} illisible : {report.damage}"
            )
        elif report.to_settle is not None:
            piece_to_settle = f"{name}, à confirmer : {report.to_settle}"
            yield MissingPiece(objective=objective, piece=piece_to_settle, sealed=not report.files)
        elif not report.files:
            yield MissingPiece(objective=objective, piece=name, sealed=True)
