"""The parts of a whole: which entry of the assessment is meant, and which parts decide."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from agent.domain.explanation import steps
from agent.domain.programme import Source
from agent.domain.verdict import Verdict

Json = Mapping[str, Any]

CANDIDATE, ESTABLISHMENT, DIRECTORY, SURFACE = "candidate", "establishment", "directory", "surface"
OBJECTIVE = "objective"


def entry_of(judged: Json, subject: steps.Topic) -> Json:
    """Return a subject's entry in an objective of the assessment."""
    if subject.kind == CANDIDATE:
        return cast("Json", judged["candidate"])
    level = "establishments" if subject.kind == ESTABLISHMENT else "units"
    # A pinned reading may leave a thing out of the objective altogether.
    return cast("Json", judged[level].get(subject.id, _LEFT_OUT))


_LEFT_OUT: Json = {"verdict": Verdict.NOT_APPLICABLE, "reasons": [], "contested": [], "next_due": None, "numbers": {}}


def parts_step(kind: str, entries: Mapping[str, Json], *, every: bool, sources: tuple[Source, ...] = ()) -> steps.Parts:
    """Return the parts of one kind, the gravest first; those of the gravest verdict decide."""
    gravest = max((_gravity(entry["verdict"]) for entry in entries.values()), default=0)
    parts = [
        steps.Part(
            kind=kind,
            id=name,
            verdict=entry["verdict"],
            reasons=tuple(entry["reasons"]),
            contested=tuple(entry["contested"]),
            next_due=day_of(entry["next_due"]),
            decides=_gravity(entry["verdict"]) == gravest,
        )
        for name, entry in entries.items()
    ]
    ordered = sorted(parts, key=lambda part: (-_gravity(part.verdict), part.next_due or date.max, part.id))
    return steps.Parts(every=every, parts=tuple(ordered), sources=sources)


def _gravity(verdict: str) -> int:
    return Verdict(verdict).gravity


def day_of(text: object) -> date | None:
    """Return the day that a document holds: as text, as a day, or none."""
    if isinstance(text, date):
        return text
    return date.fromisoformat(text) if isinstance(text, str) else None
