"""What people have to do next, drawn from the forecast: which audit, of what, by when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.forecast.obligation import What

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from agent.domain.forecast.obligation import Obligation

_JOBS = {
    What.ADS_AUDIT: "ads_audit",
    What.EXPOSURE_AUDIT: "exposure_audit",
    What.INDUSTRIAL_AUDIT: "exposure_audit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAudit:
    """One audit to run: on `recommended_on`, as the forecast says, by `last_safe_on` under the prudent reading."""

    job: str
    subject: str
    objective: str
    recommended_on: date
    last_safe_on: date
    reasons: tuple[str, ...]


def next_audits(obligations: Iterable[Obligation], *, today: date) -> list[NextAudit]:
    """Return the next audits of a forecast, soonest first; one per unit, for the objective that asks first."""
    soonest: dict[tuple[str, str], NextAudit] = {}
    for one in obligations:
        job, last = _JOBS.get(one.what), one.last_prudent_on
        if job is None or one.rank != 1 or one.lost or last is None:
            continue
        candidate = NextAudit(
            job=job,
            subject=one.unit,
            objective=one.objective,
            recommended_on=one.recommended_on or max(today, last),
            last_safe_on=last,
            reasons=(one.why,),
        )
        kept = soonest.get((job, one.unit))
        if kept is None or (candidate.recommended_on, last) < (kept.recommended_on, kept.last_safe_on):
            soonest[(job, one.unit)] = candidate
    return sorted(soonest.values(), key=lambda audit: (audit.recommended_on, audit.job, audit.subject))
