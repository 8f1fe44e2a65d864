"""Turn what a reader understood, and what the person who handed the file over states, into facts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from agent.domain.exposure import (
    DISMISSED_STATES,
    FIXED_STATES,
    Observation,
    Problem,
    Reading,
    base_scores,
    deciding_score,
    has_top_label,
)
from agent.domain.facts import (
    AdsAuditFact,
    AssetFact,
    AssetListFact,
    DirectoryFact,
    DocumentFact,
    ExposureAuditFact,
    Fact,
    FindingFact,
    OradadCollectionFact,
)
from agent.domain.handover import EARLIEST_DAY
from agent.domain.live import confirm_command
from agent.services.fact_codec import from_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from agent.domain.handover import SideValues

_KEPT_FROM = 7.0
# Kinds recognised by likeness only: a person who knows the file may say otherwise.
BY_LIKENESS = frozenset({"document", "ads_report", "asset_list", "spending_table"})
# The reader of what no reader recognises.
UNREADABLE = "unknown"
# Tables of spending are documents (contract/report-reading.md) that their reader understands.
SPENDING_TABLE = "spending_table"
_SILENE = "SILENE"
_UNREAD_FINDING = "Contenu du rapport, que personne n'a encore jugé"

_MESSAGES = {
    "kind": "Ce que prouve ce fichier n'est pas connu.",
    "directory": "L'annuaire concerné n'est pas connu.",
    "date": "Le jour de l'audit ou de la liste n'est pas connu.",
    "score": "Le score du rapport n'est pas confirmé.",
    "tool": "Le rapport ne dit pas s'il vient d'un outil industriel ou de SILENE.",
    "surfaces": "Le périmètre de l'audit n'est pas connu : il ne couvre rien tant que personne ne le confirme.",
    "findings": "Le rapport ne permet pas de dire s'il reste une faille critique.",
    "complete": "La collecte ou le rapport est incomplet.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaiting:
    """One thing that a person must settle, and the command that does it."""

    field: str
    message: str
    command: str

    def as_json(self) -> dict[str, str]:
        """Return the shape of `inbox add --json`."""
        return {"field": self.field, "message": self.message, "command": self.command}


def kind_of(content: str, stated: str | None) -> str:
    """Return the kind to go by: the content's, unless only a likeness gave it and a person says otherwise."""
    return stated if stated is not None and content in BY_LIKENESS else content


def effective_kind(reading: Reading, side: SideValues) -> tuple[str, Problem | None]:
    """Return the kind to go by, and a problem when it is not the one that the person states."""
    kind = kind_of(reading.kind, side.kind)
    if side.kind in {None, kind}:
        return kind, None
    return kind, Problem(
        where="type", what=f"Le fichier est annoncé « {side.kind} », son contenu est « {kind} » : il l'emporte."
    )


def facts_from(reading: Reading, *, side: SideValues, received_on: date, zone: ZoneInfo) -> tuple[Fact, ...]:
    """
    Return the facts that `reading` and `side` establish; what neither says is listed in `undecided`.

    `received_on` bounds what the file says of its day: an audit is never later than its
    report. `zone` is the hospital's civil time, in which an instant becomes a day.
    """
    kind, _ = effective_kind(reading, side)
    if kind == "ads_report":
        return (_ads_audit(side),)
    if kind == "exposure_report":
        return (_exposure_audit(reading, side, received_on, zone),)
    if kind in {"oradad_archive", "oradad_log", "oradad_tree"}:
        return (_oradad_collection(reading, side, received_on, zone),)
    if kind == "asset_list":
        return (_asset_list(reading, side, zone),)
    if kind == "directory":
        return (_directory(reading, side),)
    if kind == "oradaz_archive":
        return (DocumentFact(piece=kind, undecided=()),)
    if reading.format == SPENDING_TABLE and side.kind is None:
        return (_spending(reading),)
    return (DocumentFact(undecided=() if side.kind == "document" else ("kind",)),)


def awaiting(evidence_id: str, facts: Sequence[Fact]) -> tuple[Awaiting, ...]:
    """Return what a person must settle in the facts of one evidence item."""
    fields = dict.fromkeys(name for fact in facts for name in fact.undecided)
    return tuple(
        Awaiting(
            field=name,
            message=_MESSAGES[name],
            command=confirm_command(evidence_id, (name,)),
        )
        for name in fields
    )


def _undecided(**values: object) -> tuple[str, ...]:
    return tuple(name for name, value in values.items() if value is None)


def _ads_audit(side: SideValues) -> AdsAuditFact:
    return AdsAuditFact(
        directory=side.directory,
        date=_iso(side.date),
        score=side.score,
        undecided=_undecided(directory=side.directory, date=side.date, score=side.score),
    )


def _oradad_collection(reading: Reading, side: SideValues, received_on: date, zone: ZoneInfo) -> OradadCollectionFact:
    day = _audit_day(reading, zone, received_on) or side.date
    complete = None if reading.complete else False
    if reading.kind == "oradad_log":
        complete = reading.summary.get("collection") == "complete"
    forest = reading.summary.get("forest")
    return OradadCollectionFact(
        directory=side.directory,
        date=_iso(day),
        forest=forest if isinstance(forest, str) else None,
        complete=complete,
        problems=tuple(f"{problem.where} : {problem.what}" for problem in reading.problems),
        undecided=(
            *_undecided(directory=side.directory, date=day),
            *(("complete",) if complete is False else ()),
        ),
    )


def _asset_list(reading: Reading, side: SideValues, zone: ZoneInfo) -> AssetListFact:
    taken_at = reading.summary.get("taken_at")
    day = _day(taken_at, zone) if isinstance(taken_at, str) else side.date
    return AssetListFact(
        source=str(reading.summary.get("source", "inbox")),
        taken_on=_iso(day),
        assets=tuple(AssetFact(**asset) for asset in _mappings(reading.summary.get("assets"))),
        complete=reading.complete and reading.kind == "asset_list",
        undecided=_undecided(date=day),
    )


def _spending(reading: Reading) -> Fact:
    fact = from_json(
        {
            "kind": "spending",
            **{name: reading.summary.get(name) for name in ("table", "lines", "faulty", "amounts")},
            "complete": reading.complete,
        }
    )
    if fact is None:
        raise AssertionError("the reader of tables of spending gives facts")
    return fact


def _directory(reading: Reading, side: SideValues) -> DirectoryFact:
    snapshot = reading.summary.get("snapshot")
    return DirectoryFact(
        directory=side.directory,
        taken_at=str(reading.summary.get("taken_at", "")),
        snapshot=snapshot if isinstance(snapshot, dict) else {},
        complete=reading.complete,
        undecided=_undecided(directory=side.directory),
    )


def _exposure_audit(reading: Reading, side: SideValues, received_on: date, zone: ZoneInfo) -> ExposureAuditFact:
    audit = reading.audit
    tool = side.tool if side.tool is None or side.tool != "UNKNOWN" else None
    day = _audit_day(reading, zone, received_on) or side.date
    readable = reading.kind == "exposure_report"
    reasons = _reasons(reading)
    complete = (reading.complete and "AUDIT_NOT_COMPLETED" not in reasons) if readable else True
    findings = tuple(_findings(reading))
    judged = readable and _verdict(reading) in {"clean", "critical"}
    if tool != _SILENE and not judged and all(finding.cvss is not None for finding in findings):
        findings = (*findings, _unread(reading))
    unscored = any(finding.cvss is None for finding in findings)
    covered = side.surfaces is not None or (audit is not None and bool(audit.scope or audit.hosts_seen))
    return ExposureAuditFact(
        vendor=reading.format if readable else (tool or "unknown").lower(),
        vendor_id=_run_id(reading),
        name=audit.name if audit else None,
        tool=tool,
        date=_iso(day),
        scope=audit.scope if audit else (),
        hosts_seen=audit.hosts_seen if audit else (),
        surfaces=side.surfaces,
        discovers=bool(side.discovers),
        complete=complete,
        findings=findings,
        undecided=(
            *_undecided(tool=tool, date=day),
            *(() if covered else ("surfaces",)),
            *(() if complete else ("complete",)),
            *(("findings",) if unscored else ()),
        ),
    )


def _findings(reading: Reading) -> list[FindingFact]:
    """Return the rows that may weigh: a score of 7 or more in any family, or the highest label; fixed ones are gone."""
    named = reading.summary.get("top_labels")
    top_labels = frozenset(map(str, named)) if isinstance(named, list) else frozenset()
    kept = []
    for row in reading.observations:
        state = (row.state or "").strip().lower().replace(" ", "_").replace("-", "_")
        if state in FIXED_STATES:
            continue
        if has_top_label(row, top_labels) or any(score.value >= _KEPT_FROM for score in row.scores):
            dismissed = state in DISMISSED_STATES or row.accepted_by is not None
            kept.append(_finding(row, dismissed=dismissed))
    return kept


def _finding(row: Observation, *, dismissed: bool) -> FindingFact:
    decided = deciding_score(row)
    return FindingFact(
        id=row.id,
        asset=row.asset,
        title=row.title,
        # What somebody set aside is neither counted nor forgotten: a person settles it.
        cvss=None if decided is None or dismissed else decided[1],
        label=row.native_severity,
        scores=base_scores(row),
        state=row.state,
    )


def _unread(reading: Reading) -> FindingFact:
    """Return a finding that stands for what could not be read: possibly critical."""
    digest = hashlib.sha256(f"unread\x1f{reading.format}\x1f{_run_id(reading)}".encode()).hexdigest()[:32]
    return FindingFact(id=digest, asset="", title=_UNREAD_FINDING, cvss=None, label=None, scores={})


def _verdict(reading: Reading) -> str | None:
    verdicts = reading.summary.get("verdict_inputs")
    return str(verdicts["ge"]["verdict"]) if isinstance(verdicts, dict) else None


def _reasons(reading: Reading) -> set[str]:
    verdicts = reading.summary.get("verdict_inputs")
    return {str(code) for one in verdicts.values() for code in one["reasons"]} if isinstance(verdicts, dict) else set()


def _run_id(reading: Reading) -> str | None:
    """Return the vendor's id of the run, else one drawn from its name and times, None when the file dates nothing."""
    audit = reading.audit
    if audit is None:
        return None
    if audit.vendor_id:
        return audit.vendor_id
    if audit.started_at is None and audit.ended_at is None:
        return None
    parts = (reading.format, audit.name or "", audit.started_at or "", audit.ended_at or "", *sorted(audit.hosts_seen))
    return "run:" + hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _audit_day(reading: Reading, zone: ZoneInfo, received_on: date) -> date | None:
    """Return the day of the audit's end, else of its start; None when absent, absurd or after the file's arrival."""
    if reading.audit is None:
        return None
    day = _day(reading.audit.ended_at, zone) or _day(reading.audit.started_at, zone)
    return day if day is not None and EARLIEST_DAY <= day <= received_on else None


def _day(text: str | None, zone: ZoneInfo) -> date | None:
    """Return the civil day of an ISO instant; one without a zone is already local."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
        return (instant.astimezone(zone) if instant.tzinfo else instant).date()
    except (ValueError, OverflowError):
        return None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _mappings(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
