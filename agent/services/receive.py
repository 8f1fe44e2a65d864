"""Receive one item of evidence: seal it, read it from the copy at hand, seal the facts."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from agent.domain.errors import CollectorError, UsageError
from agent.domain.evidence import EvidenceClass
from agent.domain.exposure import Problem, Reading
from agent.domain.handover import EARLIEST_DAY, SideValues
from agent.services.fact_codec import to_json
from agent.services.read import UNREADABLE, Awaiting, awaiting, effective_kind, facts_from, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from agent.domain.evidence import RawEvidence, SealedEvidence
    from agent.domain.facts import Fact

logger = logging.getLogger(__name__)

CLASSES = {
    "exposure_report": EvidenceClass.EXPOSURE,
    "ads_report": EvidenceClass.ADS_REPORT,
    "oradad_archive": EvidenceClass.ORADAD,
    "oradad_tree": EvidenceClass.ORADAD,
    "oradad_log": EvidenceClass.ORADAD,
    "oradaz_archive": EvidenceClass.ORADAD,
    "asset_list": EvidenceClass.INVENTORY,
    "directory": EvidenceClass.DIRECTORY,
    "document": EvidenceClass.DOCUMENT,
}


class EvidenceVault(Protocol):
    """The vault, as far as receiving goes."""

    def seal(
        self, payloads: Sequence[RawEvidence], *, evidence_class: EvidenceClass | None = None
    ) -> SealedEvidence: ...

    def seal_facts(self, record: Mapping[str, Any]) -> SealedEvidence: ...


class ReadDeposit(Protocol):
    """What reading gives: the reading, and what a side file among the payloads states."""

    @property
    def reading(self) -> Reading: ...
    @property
    def side(self) -> SideValues: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What a reader and whoever handed the evidence over make of it together."""

    reading: Reading
    kind: str
    facts: tuple[Fact, ...]
    problems: tuple[Problem, ...]

    def record(self, evidence_id: str) -> dict[str, Any]:
        """Return the record of facts that is sealed (`FactsRecord` as JSON)."""
        return {
            "evidence": evidence_id,
            "reader": self.reading.format,
            "reader_version": self.reading.reader_version,
            "facts": [to_json(fact) for fact in self.facts],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """
    What came of one item.

    `problems` are French sentences: what makes the evidence incomplete or needs looking at;
    `awaiting` what a person must settle. `complete` False means that absence proves nothing.
    `tried` names the formats when none was recognised.
    """

    evidence_id: str
    kind: str
    facts: tuple[Fact, ...]
    awaiting: tuple[Awaiting, ...]
    problems: tuple[str, ...] = ()
    complete: bool = True
    tried: tuple[str, ...] = ()
    sealed: SealedEvidence

    def as_json(self) -> dict[str, Any]:
        """Return the shape of `inbox add --json`, and a little more."""
        return {
            "evidence_id": self.evidence_id,
            "kind": self.kind,
            "facts": [to_json(fact) for fact in self.facts],
            "awaiting": [item.as_json() for item in self.awaiting],
            "complete": self.complete,
            "problems": list(self.problems),
            "deduplicated": self.sealed.deduplicated,
            **({"tried": list(self.tried)} if self.tried else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """
    Registers evidence, whoever hands it over.

    `read` and `recognise` are `collectors.reading`'s; `directories` and `surfaces` the
    configured slugs (None: not checked); `zone` the hospital's civil time. No file speaks of
    a day after its arrival, or after `today` where a demonstration plays on a day of its own.
    """

    vault: EvidenceVault
    read: Callable[[Sequence[RawEvidence]], ReadDeposit]
    recognise: Callable[[Sequence[RawEvidence]], tuple[str | None, SideValues]]
    zone: ZoneInfo
    directories: Collection[str] | None = None
    surfaces: Collection[str] | None = None
    today: date | None = None

    def __call__(self, payloads: tuple[RawEvidence, ...], *, stated: SideValues) -> Received:
        """Register what a configured collector gave, in the class that it declares."""
        return self.register(payloads, stated=stated, evidence_class=payloads[0].evidence_class)

    def register(
        self,
        payloads: Sequence[RawEvidence],
        *,
        stated: SideValues | None = None,
        evidence_class: EvidenceClass | None = None,
    ) -> Received:
        """
        Seal `payloads` (the report first, then its side file), read them, seal the facts.

        `stated` wins over the side file. A file that nobody can read stays sealed, with a
        fact that awaits a decision. Raises HeldError when the vault holds the deposit,
        VaultError when it cannot keep it; nothing is read then.
        """
        stated = stated or SideValues()
        if evidence_class is None:
            content, side = self.recognise(payloads)
            kind = kind_of(content or "document", stated.over(side).kind)
            evidence_class = CLASSES.get(kind, EvidenceClass.DOCUMENT)
        sealed = self.vault.seal(payloads, evidence_class=evidence_class)
        received_on = self.today or sealed.received_at.astimezone(self.zone).date()
        understood = self.understand(payloads, stated=stated, received_on=received_on)
        self.vault.seal_facts(understood.record(sealed.id))
        logger.info(
            "evidence read",
            extra={
                "evidence": sealed.id,
                "reader": understood.reading.format,
                "problems": len(understood.problems),
            },
        )
        return Received(
            evidence_id=sealed.id,
            kind=understood.kind,
            facts=understood.facts,
            awaiting=awaiting(sealed.id, understood.facts),
            problems=tuple(f"{problem.where} : {problem.what}" for problem in understood.problems),
            complete=understood.reading.complete,
            tried=_tried(understood.reading),
            sealed=sealed,
        )

    def understand(self, payloads: Sequence[RawEvidence], *, stated: SideValues, received_on: date) -> Understood:
        """Read `payloads` and return the facts, sealing nothing; `stated` wins over the side file."""
        reading, side = self._understood(payloads)
        side, faults = self._checked(stated.over(side), received_on)
        kind, conflict = effective_kind(reading, side)
        return Understood(
            reading=reading,
            kind=kind,
            facts=facts_from(reading, side=side, received_on=received_on, zone=self.zone),
            problems=(*reading.problems, *faults, *((conflict,) if conflict else ())),
        )

    def _understood(self, payloads: Sequence[RawEvidence]) -> tuple[Reading, SideValues]:
        try:
            found = self.read(payloads)
        except (UsageError, CollectorError) as error:
            return _unread(error.message), SideValues()
        return found.reading, found.side

    def _checked(self, side: SideValues, received_on: date) -> tuple[SideValues, tuple[Problem, ...]]:
        """Return `side` without a day to come nor ids that the configuration does not know, and a problem for each."""
        problems: list[Problem] = []
        if side.date is not None and not EARLIEST_DAY <= side.date <= received_on:
            what = "est après l'arrivée du fichier" if side.date > received_on else "est trop ancien"
            problems.append(Problem(where="date", what=f"Le {side.date} {what} : à confirmer."))
            side = replace(side, date=None)
        if side.directory is not None and self.directories is not None and side.directory not in self.directories:
            problems.append(Problem(where="annuaire", what=f"« {side.directory} » n'est pas un annuaire configuré."))
            side = replace(side, directory=None)
        if side.surfaces is not None and self.surfaces is not None:
            unknown = [slug for slug in side.surfaces if slug not in self.surfaces]
            if unknown:
                problems.append(Problem(where="surfaces", what="Surfaces inconnues : " + ", ".join(unknown) + "."))
                known = tuple(slug for slug in side.surfaces if slug in self.surfaces)
                side = replace(side, surfaces=known or None)
        return side, tuple(problems)


def _unread(what: str) -> Reading:
    return Reading(
        format=UNREADABLE,
        kind="document",
        reader_version=0,
        complete=False,
        problems=(Problem(where="fichier", what=what),),
    )


def _tried(reading: Reading) -> tuple[str, ...]:
    tried = reading.summary.get("tried")
    return tuple(map(str, tried)) if isinstance(tried, list) else ()
