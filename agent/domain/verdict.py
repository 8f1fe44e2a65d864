"""A judgement as it is told: what all readings of the texts say together of one thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from agent.domain.answers import Answers, listed
from agent.domain.deadlines import earliest
from agent.domain.programme import ReadingValue
from agent.domain.rules.outcome import Outcome, Reason, State

Json = dict[str, object]
_SEVERAL = 2


class Verdict(StrEnum):
    """What all readings together say."""

    MET = "met"
    NOT_MET = "not_met"
    AT_RISK = "at_risk"
    NOT_APPLICABLE = "not_applicable"

    @property
    def gravity(self) -> int:
        """How grave it is, least first: what does not apply, what is met, what is at risk, what is lost."""
        return _GRAVITY.index(self)


_GRAVITY = (Verdict.NOT_APPLICABLE, Verdict.MET, Verdict.AT_RISK, Verdict.NOT_MET)

_UNANIMOUS = {
    State.SATISFIED: Verdict.MET,
    State.LOST: Verdict.NOT_MET,
    State.NOT_APPLICABLE: Verdict.NOT_APPLICABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The judgement of one thing; `numbers` are as they are shown."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    contested: tuple[str, ...]
    next_due: date | None
    numbers: Mapping[str, object]

    def as_json(self) -> Json:
        """Return the entry in the contract's shape."""
        return {
            "verdict": self.verdict.value,
            "reasons": [reason.value for reason in self.reasons],
            "contested": list(self.contested),
            "next_due": iso(self.next_due),
            "numbers": {name: iso(value) for name, value in self.numbers.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveAssessment:
    """One objective: the candidate, its establishments and its units, by id; `declared`: judged on what people say."""

    candidate: Entry
    establishments: Mapping[str, Entry]
    units: Mapping[str, Entry]
    declared: bool = False

    def as_json(self) -> Json:
        """Return the objective in the contract's shape."""
        return {
            "candidate": self.candidate.as_json(),
            "establishments": {name: entry.as_json() for name, entry in self.establishments.items()},
            "units": {name: entry.as_json() for name, entry in self.units.items()},
            **({"declared": True} if self.declared else {}),
        }


def combine(
    admissible: Mapping[str, Sequence[ReadingValue]], outcomes: Sequence[Outcome], numbers: Mapping[str, object]
) -> Entry:
    """
    Return the judgement that the outcomes under every reading make together.

    `outcomes` follow the product of the `admissible` values, the last reading varying fastest.
    """
    axes = [(name, tuple(values)) for name, values in admissible.items()]
    return entry(listed(axes, outcomes), numbers)


def entry(outcomes: Answers[Outcome], numbers: Mapping[str, object]) -> Entry:
    """Return the judgement that outcomes make together; a reading is contested when it moves the result alone."""
    states = {outcome.state for outcome in outcomes.distinct}
    applicable = [outcome for outcome in outcomes.distinct if outcome.state is not State.NOT_APPLICABLE]
    reasons = [outcome.reasons for outcome in applicable or outcomes.distinct]
    return Entry(
        verdict=_UNANIMOUS.get(states.pop(), Verdict.AT_RISK) if len(states) == 1 else Verdict.AT_RISK,
        reasons=tuple(sorted(frozenset().union(*reasons))),
        contested=outcomes.map(_result).contested,
        next_due=earliest([outcome.next_due for outcome in applicable if outcome.state is not State.LOST]),
        numbers=numbers,
    )


def _result(outcome: Outcome) -> State:
    return State.SATISFIED if outcome.state is State.DUE_SOON else outcome.state


def iso(value: object) -> object:
    """Return a value as JSON holds it: a day in ISO form, anything else as it is."""
    return value.isoformat() if isinstance(value, date) else value


def told_apart(objective: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    Return the establishments' entries that people need besides the candidate's (contract shape).

    None with a single establishment, nor where a declared objective says the same of all of them.
    """
    candidate, establishments = objective["candidate"], objective.get("establishments", {})
    said = ("verdict", "reasons", "contested", "next_due")
    is_repeated = "declared" in objective and all(
        entry[key] == candidate[key] for entry in establishments.values() for key in said
    )
    return {} if len(establishments) < _SEVERAL or is_repeated else establishments
