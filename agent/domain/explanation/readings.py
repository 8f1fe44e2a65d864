"""A contested reading: the question, what each answer would give, who settled it or how to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.domain.decided import Pin
from agent.domain.explanation import steps
from agent.domain.explanation.parts import day_of
from agent.domain.programme import Programme, ReadingValue

Json = Mapping[str, Any]

_PIN = (
    "carenage declare pinned_reading --programme {programme} --reading {reading} "
    "--set value=VALEUR --set answer=RÉPONSE --file answer=FICHIER"
)


def reading_step(
    programme: Programme, name: str, results: Sequence[steps.ReadingResult], *, is_pinned: bool, pin: Pin | None
) -> steps.ContestedReading:
    """Return a reading and who settled it; `pin` None while `is_pinned`: the configuration did."""
    note = programme.reading_notes[name]
    settled = steps.Settled() if pin is None else steps.Settled(person=pin.person, on=pin.on, answer=pin.answer)
    return steps.ContestedReading(
        name=name,
        question=note.question,
        results=tuple(results),
        sources=note.sources,
        settled=settled if is_pinned else None,
        command=None if is_pinned else _PIN.format(programme=programme.id, reading=name),
    )


def result_of(value: ReadingValue, entry: Json, *, retained: bool) -> steps.ReadingResult:
    """Return what one value gives: the `entry` (contract JSON) judged with it."""
    return steps.ReadingResult(
        value=value,
        verdict=entry["verdict"],
        reasons=tuple(entry["reasons"]),
        next_due=day_of(entry["next_due"]),
        retained=retained,
    )
