"""A share of the combined activity is enough, the support establishment included (D1.O1.B, D1.O2.B flexible)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from math import lcm

from agent.domain.candidate import Candidate, CandidateType, Establishment
from agent.domain.programme import Settings
from agent.domain.rules.outcome import Outcome, Reason, State, worst

_REMEMBERED = 64


@lru_cache(maxsize=_REMEMBERED)
def exact(number: float) -> Fraction:
    """Return the decimal figure that a person wrote, without the error of its binary form."""
    return Fraction(repr(number))


def activity(establishments: Iterable[Establishment]) -> Fraction:
    """Return the combined activity of establishments."""
    kept = [one.activity for one in establishments]
    denominator = lcm(*(one.denominator for one in kept))
    return Fraction(sum(one.numerator * (denominator // one.denominator) for one in kept), denominator)


def activity_share(kept: Sequence[Establishment], whole: Sequence[Establishment]) -> Fraction:
    """Return the percentage of `whole`'s activity that `kept` makes, 0 without activity."""
    total = activity(whole)
    return 100 * activity(kept) / total if total else Fraction(0)


def activity_shares(whole: Sequence[Establishment]) -> dict[str, Fraction]:
    """Return the percentage of `whole`'s activity that each of its establishments makes, by id."""
    total = activity(whole)
    return {one.id: 100 * one.activity / total if total else Fraction(0) for one in whole}


def share(
    candidate: Candidate, outcomes: Mapping[str, Outcome], own: Outcome, settings: Settings, *, support_counts: bool
) -> Outcome:
    """
    Return what the establishments' `outcomes` (by id) and the candidate's `own` units make of the candidate.

    What is the candidate's own is always required. Satisfied, it has the due dates and reasons of the satisfied
    ones; otherwise the share codes and everybody's reasons.
    """
    applicable = [one for one in candidate.perimeter if outcomes[one.id].state is not State.NOT_APPLICABLE]
    if not applicable:
        return own
    holding = [one for one in applicable if outcomes[one.id].state.holds]
    missing = _missing(candidate, applicable, holding, settings, support_counts=support_counts)
    if not missing and 1 < len(applicable) > len(holding) and not any(one.activity for one in applicable):
        missing = frozenset({Reason.SHARE_BELOW_THRESHOLD})  # a part of no activity at all proves no share
    if not missing and (own.state.holds or own.state is State.NOT_APPLICABLE):
        return worst([*(outcomes[one.id] for one in holding), own])
    reachable = [one for one in applicable if outcomes[one.id].state is not State.LOST]
    recovers = reachable and not _missing(candidate, applicable, reachable, settings, support_counts=support_counts)
    everybody = worst([*(outcomes[one.id] for one in applicable), own])
    if not recovers or own.state is State.LOST:
        return Outcome(State.LOST, everybody.reasons | missing)
    due = worst([*(outcomes[one.id] for one in reachable), own]).next_due
    return Outcome(State.RECOVERABLE, everybody.reasons | missing, due)


def _missing(
    candidate: Candidate,
    applicable: Sequence[Establishment],
    holding: Sequence[Establishment],
    settings: Settings,
    *,
    support_counts: bool,
) -> frozenset[Reason]:
    """Return what keeps the establishments `holding` from reaching the rule, nothing when they do."""
    missing: set[Reason] = set()
    is_ght = candidate.type is CandidateType.GHT
    if is_ght and any(one.support and one not in holding for one in applicable):
        missing.add(Reason.SUPPORT_NOT_MET)
    if len(applicable) == 1:
        return frozenset(missing if holding else {*missing, Reason.SHARE_BELOW_THRESHOLD})
    counted = [one for one in holding if support_counts or not (is_ght and one.support)]
    if len(counted) < settings.min_establishments:
        missing.add(Reason.TOO_FEW_ESTABLISHMENTS)
    if 100 * activity(counted) < exact(settings.share_threshold) * activity(applicable):
        missing.add(Reason.SHARE_BELOW_THRESHOLD)
    return frozenset(missing)
