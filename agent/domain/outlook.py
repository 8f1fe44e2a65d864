"""What people have to do next, drawn from an assessment: which audit, of what, by when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from agent.domain.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

AUDIT_OF = {"D1.O1.A": "ads_audit", "D1.O1.B": "ads_audit", "D1.O2.A": "exposure_audit", "D1.O2.B": "exposure_audit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAudit:
    """One audit to run: on `recommended_on` for comfort, by `last_safe_on` under the prudent reading."""

    job: str
    subject: str
    objective: str
    recommended_on: date
    last_safe_on: date
    reasons: tuple[str, ...]


def next_audits(assessment: Mapping[str, Any], *, margin_days: int) -> list[NextAudit]:
    """Return the audits still useful, soonest first; one per unit, for the objective that asks first."""
    soonest: dict[tuple[str, str], NextAudit] = {}
    for objective, entries in assessment["objectives"].items():
        job = AUDIT_OF.get(objective)
        if job is None:
            continue
        for unit, entry in entries["units"].items():
            if not entry["next_due"] or entry["verdict"] == Verdict.NOT_MET:
                continue
            last = date.fromisoformat(entry["next_due"])
            candidate = NextAudit(
                job=job,
                subject=unit,
                objective=objective,
                recommended_on=last - timedelta(days=margin_days),
                last_safe_on=last,
                reasons=tuple(entry["reasons"]),
            )
            kept = soonest.get((job, unit))
            if kept is None or candidate.last_safe_on < kept.last_safe_on:
                soonest[(job, unit)] = candidate
    return sorted(soonest.values(), key=lambda audit: (audit.last_safe_on, audit.job, audit.subject))
