"""Optional objectives: enough of them, some inseparable, each one met (Parcours 3, POC.P3.O4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from agent.domain.declaration import Declaration
from agent.domain.programme import DeclaredObjective
from agent.domain.rules import conditions
from agent.domain.rules.case import Case, Judgement
from agent.domain.rules.outcome import Outcome, Reason, worst

_READING, _THREE = "p3_engaged", "three"


def judge(case: Case) -> Judgement:
    """
    Return what the choice says: valid, agreed upon, and the objectives engaged reached.

    Parameters: `offers` (choice -> objective), `at_least`, `inseparable` (choices). An objective reached before
    the call (`prior`) is not engaged and does not count. Reading `p3_engaged`: every one, or as many as asked that
    would be a valid choice by themselves.
    """
    judgement = conditions.judge(case)
    declared = case.about(case.objective.fact)
    if not declared:
        return judgement
    parameters = case.objective.parameters
    at_least = cast("int", parameters["at_least"])
    inseparable = set(cast("Sequence[str]", parameters["inseparable"]))
    chosen, prior = _choices(declared[-1], "chosen"), _choices(declared[-1], "prior") & inseparable
    engaged = engaged_by(case.objective, declared[-1])
    outcomes = [case.others[one] for one in engaged]
    if case.reading.get(_READING) == _THREE:
        offers = cast("Mapping[str, str]", parameters["offers"])
        outcomes = _enough(case, engaged, {offers[one] for one in inseparable}, at_least)
    valid = len(engaged) >= at_least and (not chosen & inseparable or inseparable <= chosen | prior)
    found: list[Outcome] = [judgement.outcome, *outcomes]
    if not valid:
        found.append(case.unmet(Reason.CHOICE_INVALID))
    if prior and not declared[-1].evidence.get("prior_proof"):
        found.append(case.unmet(Reason.PROOF_MISSING))
    return replace(judgement, outcome=worst(found), more={"engaged": list(engaged), "valid": valid})


def _enough(case: Case, engaged: Sequence[str], inseparable: set[str], at_least: int) -> list[Outcome]:
    """Return the outcomes of the objectives that stand best and are a valid choice by themselves, all without one."""
    together = [case.others[one] for one in engaged if one in inseparable]
    alone = sorted((case.others[one] for one in engaged if one not in inseparable), key=lambda one: one.state)
    ways = (alone[:at_least], [*together, *alone[: max(0, at_least - len(together))]])
    valid = [way for way in ways if len(way) >= at_least]
    return min(valid, key=lambda way: worst(way).state, default=[*alone, *together])


def engaged_by(objective: DeclaredObjective, one: Declaration) -> tuple[str, ...]:
    """Return the ids of the objectives that a declared choice engages: chosen, and not reached before."""
    offers = cast("Mapping[str, str]", objective.parameters["offers"])
    kept = _choices(one, "chosen") - _choices(one, "prior")
    return tuple(offers[letter] for letter in sorted(kept) if letter in offers)


def _choices(one: Declaration, field: str) -> frozenset[str]:
    value = one.values.get(field)
    return frozenset(value) if isinstance(value, tuple) else frozenset()
