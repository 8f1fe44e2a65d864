"""The arithmetic of a share of the activity: who counts, what they make together, what lacks."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from agent.domain.candidate import Candidate, CandidateType
from agent.domain.explanation import steps
from agent.domain.programme import Source
from agent.domain.rules.share import activity_share
from agent.domain.verdict import Verdict

Json = Mapping[str, Any]

_CODES = frozenset({"SHARE_BELOW_THRESHOLD", "TOO_FEW_ESTABLISHMENTS", "SUPPORT_NOT_MET"})


def share_step(
    candidate: Candidate,
    judged: Json,
    *,
    threshold: Fraction,
    minimum: int | None,
    support_counts: bool = True,
    under: str | None = None,
    sources: tuple[Source, ...] = (),
) -> steps.Share:
    """
    Return the share that a judgement of the establishments (contract JSON) leads to; what lacks is the judgement's.

    `threshold` in percent; `minimum` establishments (None: no number is asked for).
    """
    holding = judged["candidate"]["numbers"]["establishments_covered"]
    states = {name: _state(entry, holds=name in holding) for name, entry in judged["establishments"].items()}
    applicable = [one for one in candidate.perimeter if states[one.id] != Verdict.NOT_APPLICABLE]
    is_ght = candidate.type is CandidateType.GHT
    supports = [one for one in applicable if is_ght and one.support]
    holders = [one for one in applicable if states[one.id] == "holds"]
    counted = [one for one in holders if support_counts or one not in supports]
    missing = tuple(code for code in judged["candidate"]["reasons"] if code in _CODES)
    return steps.Share(
        establishments=tuple(
            steps.ShareOf(
                establishment=one.id,
                activity=one.activity,
                percent=activity_share([one], applicable) if one in applicable else Fraction(0),
                state=states[one.id],
                support=is_ght and one.support,
                counted=one in counted,
            )
            for one in candidate.perimeter
        ),
        activity=sum((one.activity for one in counted), Fraction(0)),
        whole=sum((one.activity for one in applicable), Fraction(0)),
        percent=activity_share(counted, applicable),
        threshold=threshold,
        share_holds="SHARE_BELOW_THRESHOLD" not in missing,
        counted=len(counted),
        minimum=minimum if len(applicable) > 1 else None,
        support_holds=all(one in holders for one in supports) if supports else None,
        missing=missing,
        holds=not missing,
        under=under,
        sources=sources,
    )


def _state(entry: Json, *, holds: bool) -> str:
    if entry["verdict"] == Verdict.NOT_APPLICABLE:
        return "not_applicable"
    if holds:
        return "holds"
    return "lost" if entry["verdict"] == Verdict.NOT_MET else "recoverable"
