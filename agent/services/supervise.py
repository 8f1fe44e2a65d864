"""Tell a supervision how things stand: what a pass leaves, and what `check` answers from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.errors import ExitCode, StateError
from agent.domain.rules.outcome import Reason
from agent.domain.verdict import Verdict
from agent.state.beacon import Beacon, BeaconStatus, read_beacon
from agent.texts.words import counted, verdict

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from agent.services.run_pass import PassReport

BEACON = "beacon.json"
PLUGIN_CODES = {BeaconStatus.OK: 0, BeaconStatus.WARNING: 1, BeaconStatus.CRITICAL: 2, BeaconStatus.UNKNOWN: 3}
_GRAVE = {ExitCode.UNEXPECTED, ExitCode.INTEGRITY}


def beacon_of(report: PassReport, *, period_seconds: int, previous: Beacon | None = None) -> Beacon:
    """
    Return what one pass leaves: lost or overdue is CRITICAL, at risk or not collected is WARNING.

    `previous` is what stood before: a partial pass does not make the last whole one any younger.
    """
    entries = [objective["candidate"] for one in report.assessed for objective in one.document["objectives"].values()]
    verdicts = [entry["verdict"] for entry in entries]
    counts = {name: verdicts.count(name) for name in Verdict}
    overdue = any(Reason.OVERDUE in entry["reasons"] for entry in entries)
    said = [
        counted(counts[Verdict.MET], f"objectif {verdict(Verdict.MET)}", f"objectifs {verdict(Verdict.MET)}s"),
        f"{counts[Verdict.AT_RISK]} {verdict(Verdict.AT_RISK)}",
        counted(counts[Verdict.NOT_MET], verdict(Verdict.NOT_MET)),
    ]
    failed = report.standing_failures
    if failed:
        said.append(counted(failed, "collecte en défaut", "collectes en défaut"))
    if report.pending:
        said.append(counted(report.pending, "envoi en attente", "envois en attente"))
    if report.problems:
        said.append("coffre endommagé")
    status = BeaconStatus.OK
    if counts[Verdict.AT_RISK] or failed or report.pending:
        status = BeaconStatus.WARNING
    if counts[Verdict.NOT_MET] or overdue or report.code in _GRAVE:
        status = BeaconStatus.CRITICAL
    measures = [*counts.items(), ("failed", failed), ("pending", report.pending)]
    return Beacon(
        at=previous.at if report.is_partial and previous else report.ended_at,
        status=status,
        text=", ".join(said),
        period_seconds=period_seconds,
        perfdata=" ".join(f"{name}={count}" for name, count in measures),
    )


def beacon_of_failure(why: str, *, now: datetime, period_seconds: int) -> Beacon:
    """Return what a pass leaves that could not begin."""
    return Beacon(at=now, status=BeaconStatus.CRITICAL, text=why, period_seconds=period_seconds)


def last_beacon(state_dir: Path) -> Beacon | None:
    """Return what the last pass left in `state_dir`, None when nothing readable is there."""
    try:
        return read_beacon(state_dir / BEACON)
    except StateError:
        return None


def check_line(state_dir: Path, *, now: datetime, period_seconds: int | None = None) -> tuple[str, int]:
    """
    Return the monitoring plug-in's line and exit code, from what the last pass left in `state_dir`.

    No pass within twice its period is UNKNOWN. Raises StateError when nothing readable is there.
    """
    beacon = read_beacon(state_dir / BEACON)
    age_seconds = int((now - beacon.at).total_seconds())
    status, text = beacon.status, beacon.text
    if age_seconds > 2 * (period_seconds or beacon.period_seconds):
        status, text = BeaconStatus.UNKNOWN, f"aucune passe depuis {age_seconds // 60} minutes"
    line = f"CARENAGE {status.value} - {text} | {beacon.perfdata} age={max(age_seconds, 0)}s"
    return line, PLUGIN_CODES[status]
