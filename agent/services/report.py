"""Report: where every objective stands, and what people have to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.domain.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from agent.domain.live import OpenQuestion
    from agent.domain.outlook import NextAudit
    from agent.services.assess import Assessed


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """What `status` shows."""

    as_of: date
    assessed: tuple[Assessed, ...]
    next_audits: tuple[NextAudit, ...]
    questions: tuple[OpenQuestion, ...]
    names: dict[str, str]
    alarms: tuple[str, ...] = ()

    @property
    def has_not_met(self) -> bool:
        """Return whether an objective can no longer be met."""
        return any(
            objective["candidate"]["verdict"] == Verdict.NOT_MET
            for one in self.assessed
            for objective in one.document["objectives"].values()
        )

    def as_json(self) -> dict[str, Any]:
        """Return the contract's shape; `assessment` is the first programme's, `assessments` holds them all."""
        return {
            "as_of": self.as_of.isoformat(),
            "assessment": self.assessed[0].document if self.assessed else None,
            "assessments": [one.document for one in self.assessed],
            "next": [
                {
                    "job": audit.job,
                    "subject": audit.subject,
                    "objective": audit.objective,
                    "recommended_on": audit.recommended_on.isoformat(),
                    "last_safe_on": audit.last_safe_on.isoformat(),
                    "reasons": list(audit.reasons),
                }
                for audit in self.next_audits
            ],
            "questions": [
                {"evidence": one.evidence, "kind": one.kind, "fields": list(one.fields), "command": one.command}
                for one in self.questions
            ],
            "alarms": list(self.alarms),
        }


def report(
    assessed: Sequence[Assessed],
    *,
    as_of: date,
    next_audits: Sequence[NextAudit],
    names: Mapping[str, str],
    alarms: Sequence[str],
) -> StatusReport:
    """
    Return the status of what was `assessed`.

    `next_audits` are the forecast's, `names` the establishments' by slug, `alarms` the vault's.
    """
    return StatusReport(
        as_of=as_of,
        assessed=tuple(assessed),
        next_audits=tuple(next_audits),
        questions=tuple(dict.fromkeys(question for one in assessed for question in one.questions)),
        names=dict(names),
        alarms=tuple(alarms),
    )
