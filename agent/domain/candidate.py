"""Who applies: the candidate, its establishments, and which of them an element belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property


class CandidateType(StrEnum):
    """The three kinds of candidate; only a GHT has a support establishment to satisfy."""

    GHT = "GHT"
    PUBLIC_HORS_GHT = "PUBLIC_HORS_GHT"
    PRIVE = "PRIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Establishment:
    """One establishment; `activity` is its combined activity (2022), an exact figure without unit."""

    id: str
    activity: Fraction
    support: bool = False
    esms: bool = False
    in_perimeter: bool = True
    no_ad_decided: bool = False
    no_exposure_decided: bool = False

    @property
    def counts(self) -> bool:
        """Whether the objectives look at it: medico-social ones and those left out do not count."""
        return self.in_perimeter and not self.esms


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """The candidate and its establishments, in the order of their ids."""

    type: CandidateType
    establishments: tuple[Establishment, ...]

    @property
    def perimeter(self) -> tuple[Establishment, ...]:
        """The establishments that count."""
        return tuple(establishment for establishment in self.establishments if establishment.counts)

    def owners(self, named: Iterable[str]) -> frozenset[str] | None:
        """
        Return which establishments of the perimeter own an element that names `named`.

        Empty: the candidate itself owns it. None: only excluded establishments do, so it is out of the scope.
        """
        names = set(named)
        owners = frozenset(name for name in names if self._counts.get(name, False))
        if not owners and names and names <= self._counts.keys():
            return None
        return owners

    @cached_property
    def _counts(self) -> dict[str, bool]:
        return {establishment.id: establishment.counts for establishment in self.establishments}
