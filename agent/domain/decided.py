"""
What people decided and the rules follow: pinned readings, an authority's decisions, re-ratings.

A decision never changes evidence: it is put into the scenario that the evidence leads to, under the name of
whoever declared it, and leaves it as soon as a later record corrects or withdraws it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from agent.domain.programme import READINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from agent.domain.admissible import Json
    from agent.domain.declaration import Declaration
    from agent.domain.programme import Programme, ReadingValue

PINNED_READING = "pinned_reading"
NO_DIRECTORY, NO_EXPOSURE, ENTRA_EXEMPT = "no_ad", "no_exposure", "entra_exempt"
RERATING = "rerating"
AUTHORITY = (NO_DIRECTORY, NO_EXPOSURE, ENTRA_EXEMPT)

ENTRA_ONLY = "entra_only"
_FLAGS = {NO_DIRECTORY: "no_ad_decision", NO_EXPOSURE: "no_exposure_decision"}
_NOT_APPLICABLE, _EXEMPT = "not_applicable", "exempt"
_BETWEEN = "/"
_WORDS: Mapping[ReadingValue, str] = {True: "true", False: "false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A reading that a person settled for a programme: its value, on which answer, who and when."""

    id: str
    programme: str
    reading: str
    value: ReadingValue
    answer: str
    person: str
    on: date

    def as_json(self) -> Json:
        """Return what the status shows of it."""
        return {
            "value": self.value,
            "answer": self.answer,
            "person": self.person,
            "on": self.on.isoformat(),
            "declaration": self.id,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerating:
    """
    Another score for one finding on one surface.

    It bears on the `audits` (evidence ids) it names, or, naming none, on those from the day `since` (ISO). The rules
    count it only when it is `justified` and `in_report`.
    """

    finding: str
    surface: str | None
    cvss: float
    justified: bool
    in_report: bool
    audits: tuple[str, ...]
    since: str

    def bears_on(self, finding: str, surface: str, *, audit: str, day: str) -> bool:
        """Return whether this is about a finding of an audit of that day (ISO)."""
        if finding != self.finding or self.surface not in (None, surface):
            return False
        return audit in self.audits if self.audits else day >= self.since

    def as_json(self) -> Json:
        """Return the contract's `rerated`."""
        return {"cvss": self.cvss, "justified": self.justified, "in_report": self.in_report}


def pin_subject(programme: str, reading: str) -> str:
    """Return what a pinned reading is declared about: one reading may be settled for one programme and not another."""
    return f"{programme}{_BETWEEN}{reading}"


def reading_values(programme: Programme) -> dict[str, tuple[ReadingValue, ...]]:
    """Return the readings that bear on a programme's objectives, and every value that the rules know of each."""
    names = [name for one in programme.objectives for name in one.readings]
    names += [name for one in (*programme.declared, *programme.prerequisites) for name in one.readings]
    return {name: READINGS[name] for name in dict.fromkeys(names)}


def reading_text(value: ReadingValue) -> str:
    """Return a reading's value as it is typed and sealed."""
    return value if isinstance(value, str) else _WORDS[value]


def pins(declarations: Iterable[Declaration], programme: str) -> list[Pin]:
    """Return the readings pinned for a programme; one that this release does not know is left aside."""
    found: dict[str, Pin] = {}
    for one in declarations:
        for subject in one.subjects if one.fact == PINNED_READING else ():
            about, _, reading = subject.partition(_BETWEEN)
            known = {reading_text(value): value for value in READINGS.get(reading, ())}
            text = str(one.values.get("value"))
            if about == programme and text in known:
                found[reading] = Pin(
                    id=one.id,
                    programme=programme,
                    reading=reading,
                    value=known[text],
                    answer=str(one.values.get("answer") or ""),
                    person=one.person,
                    on=one.on,
                )
    return list(found.values())


def reratings(declarations: Iterable[Declaration]) -> tuple[Rerating, ...]:
    """Return the re-ratings, oldest first."""
    found: list[Rerating] = []
    for one in declarations:
        cvss = one.values.get("cvss")
        if one.fact != RERATING or not isinstance(cvss, Decimal):
            continue
        audits = one.values.get("audits")
        surface = one.values.get("surface")
        found.extend(
            Rerating(
                finding=finding,
                surface=surface if isinstance(surface, str) else None,
                cvss=float(cvss),
                justified=one.values.get("justified") is True,
                in_report=one.values.get("in_report") is True,
                audits=audits if isinstance(audits, tuple) else (),
                since=one.on.isoformat(),
            )
            for finding in one.subjects
        )
    return tuple(found)


def with_copies(found: Iterable[Rerating], contents: Mapping[str, str | None]) -> tuple[Rerating, ...]:
    """Return the re-ratings so that they bear on every copy of a report they name; `contents` tells what is alike."""
    return tuple(replace(one, audits=tuple(_copies(one.audits, contents))) for one in found)


def _copies(audits: Iterable[str], contents: Mapping[str, str | None]) -> Iterator[str]:
    for audit in audits:
        content = contents.get(audit)
        yield audit
        yield from (other for other, same in contents.items() if content is not None and same == content)


def rerating_of(found: Sequence[Rerating], finding: str, surface: str, *, audit: str, day: str) -> Rerating | None:
    """Return the last re-rating that bears on a finding of an audit, None without one."""
    return next((one for one in reversed(found) if one.bears_on(finding, surface, audit=audit, day=day)), None)


def with_decided(base: Json, declarations: Sequence[Declaration], *, until: date) -> Json:
    """
    Return the scenario `base` with what the declarations in force decide in it (re-ratings: see `reratings`).

    An authority's decision counts from the day it was taken, if it was by `until`; a pinned reading says how the
    texts are read, whatever the day. An establishment or a directory that `base` does not hold is left aside.
    """
    pinned = {pin.reading: pin.value for pin in pins(declarations, str(base.get("programme")))}
    config = cast("Json", base.get("config", {}))
    readings = {**cast("Json", config.get("readings", {})), **pinned}
    candidate = cast("Json", base.get("candidate", {}))
    establishments = cast("list[Json]", candidate.get("establishments", []))
    directories = cast("list[Json]", base.get("ads", []))
    changes: Json = {}
    if pinned:
        changes["config"] = {**config, "readings": readings}
    taken = [one for one in declarations if one.fact in AUTHORITY and _decided_on(one) <= until]
    if any(one.fact in _FLAGS for one in taken):
        decided = [{**item, **_flags(str(item["id"]), taken)} for item in establishments]
        changes["candidate"] = {**candidate, "establishments": decided}
    if exempt := _subjects(taken, ENTRA_EXEMPT):
        changes["ads"] = [{**item, "decision": _EXEMPT} if item["id"] in exempt else item for item in directories]
    return {**base, **changes}


def _decided_on(one: Declaration) -> date:
    """Return the day on which an authority decided, that of its record where it does not say."""
    day = one.values.get("decided_on")
    return day if isinstance(day, date) else one.on


def _flags(establishment: str, declarations: Sequence[Declaration]) -> Json:
    return {flag: _NOT_APPLICABLE for fact, flag in _FLAGS.items() if establishment in _subjects(declarations, fact)}


def _subjects(declarations: Iterable[Declaration], fact: str) -> set[str]:
    """Return whom an authority's decisions name; one that names nobody decides nothing."""
    return {subject for one in declarations if one.fact == fact for subject in one.subjects}
