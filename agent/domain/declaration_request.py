"""
A declaration as people ask for it, checked before anything is sealed: every fault at once.

What is asked is text (or TOML values) about ids of the configuration; what comes out is typed, and about things
that exist.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.decided import (
    AUTHORITY,
    ENTRA_EXEMPT,
    ENTRA_ONLY,
    pin_subject,
    reading_text,
    reading_values,
)
from agent.domain.declaration import Bearer, Names
from agent.domain.declaration_text import parse_value, plain_text
from agent.domain.fault import Fault, FaultError, What
from agent.domain.programme import Subject
from agent.domain.wording import folded, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from agent.domain.declaration import Declaration, FactKind, Value
    from agent.domain.programme import Programme

LONGEST_NAME = 200
_LONG_WORD = 4
Placed = tuple[str, Fault]
"""A fault and its place in the request: `fields.held_on`, `files`…"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """
    What a declaration may name: ids of the configuration and of the vault.

    `deposits` are those of evidence, `directories` gives the kind of each, `served` the establishments that have
    directories and surfaces of their own; `findings` None: the index cannot tell (it was rebuilt without the key).
    """

    programmes: tuple[Programme, ...]
    establishments: tuple[str, ...]
    directories: Mapping[str, str]
    surfaces: tuple[str, ...]
    deposits: frozenset[str]
    findings: frozenset[str] | None
    served: Mapping[Subject, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What a person asks to record; `fields` as written, `files` (or ids of deposits) by slot (None: the only one).

    `keeps`: what a correction does not say again is taken from the record that it `replaces`; an empty field leaves it.
    """

    kind: str
    person: str
    establishments: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    finding: str | None = None
    surface: str | None = None
    reading: str | None = None
    programme: str | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    files: tuple[tuple[str | None, str], ...] = ()
    reason: str | None = None
    replaces: str | None = None
    keeps: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A declaration that holds together, its evidence not sealed yet: `files` are to be, `kept` is already."""

    kind: FactKind
    subjects: tuple[str, ...]
    values: Mapping[str, Value]
    files: Mapping[str, tuple[str, ...]]
    kept: Mapping[str, tuple[str, ...]]
    person: str
    reason: str | None
    replaces: str | None
    place: str

    def overlaps(self, other: Draft) -> bool:
        """Return whether two drafts of one occasion say the same thing twice, or two things of one subject."""
        if self.kind.id != other.kind.id:
            return False
        if self.replaces is not None and self.replaces == other.replaces:
            return True
        if self.kind.several:
            return (self.subjects, self.values) == (other.subjects, other.values)
        return not self.subjects or not other.subjects or bool({*self.subjects} & {*other.subjects})


def find_kind(word: str, kinds: Mapping[str, FactKind]) -> FactKind:
    """Return a kind of fact by its id; raises FaultError."""
    found = kinds.get(word)
    if found is None:
        spoken = {
            part: kind.id for kind in kinds.values() for part in (*kind.id.split("_"), *folded(kind.label).split())
        }
        near = nearest(folded(word), [part for part in spoken if len(part) >= _LONG_WORD])
        guess = spoken[near] if near is not None and nearest(word, kinds) is None else None
        raise FaultError(What.UNKNOWN_KIND, written=word, known=[*kinds], near=guess)
    return found


def check(
    request: Request,
    kinds: Mapping[str, FactKind],
    known: Known,
    *,
    earlier: Declaration | None,
    today: date,
) -> tuple[Draft | None, list[Placed]]:
    """Return the draft of a request, None with its faults; `earlier` is the record that it corrects."""
    try:
        kind = find_kind(request.kind, kinds)
    except FaultError as error:
        return None, [("kind", error.fault)]
    kept = earlier if request.keeps and earlier is not None and earlier.fact == kind.id else None
    return _Check(request, kind, known, kept, today).run()


class _Check:
    """One request being checked; the faults pile up."""

    def __init__(
        self, request: Request, kind: FactKind, known: Known, earlier: Declaration | None, today: date
    ) -> None:
        self.request, self.kind, self.known, self.earlier, self.today = request, kind, known, earlier, today
        self.faults: list[Placed] = []

    def run(self) -> tuple[Draft | None, list[Placed]]:
        values = self._values()
        draft = Draft(
            kind=self.kind,
            subjects=self._subjects(values),
            values=values,
            files=self._files(),
            kept=self._kept(),
            person=self._text("person", self.request.person, longest=LONGEST_NAME) or "",
            reason=self._text("reason", self.request.reason) if self.request.reason else None,
            replaces=self.request.replaces,
            place=self.request.place,
        )
        for slot in self.kind.slots:
            if slot.required and not draft.files.get(slot.name) and not draft.kept.get(slot.name):
                self._fault(f"files.{slot.name}", What.FILE_REQUIRED, label=slot.label)
        if not (self.faults or draft.values or draft.files or draft.kept):
            self._fault("fields", What.SAYS_NOTHING)
        return (None if self.faults else draft), self.faults

    def _fault(self, where: str, what: What, **values: object) -> None:
        self.faults.append((where, Fault(what, values)))

    def _text(self, where: str, written: object, *, longest: int = 2000) -> str | None:
        try:
            return plain_text(written, longest=longest)
        except FaultError as error:
            self.faults.append((where, error.fault))
            return None

    # Fields

    def _values(self) -> dict[str, Value]:
        written = dict(self.request.fields)
        if self.request.surface is not None:
            surface = next((one.name for one in self.kind.fields if one.names is Names.SURFACE), None)
            if surface is None:
                self._fault("surface", What.NO_SURFACE)
            else:
                written[surface] = self.request.surface
        values = dict(self.earlier.values) if self.earlier else {}
        names = [one.name for one in self.kind.fields]
        for name, value in written.items():
            one = self.kind.field(name)
            if one is None:
                self._fault(f"fields.{name}", What.UNKNOWN_FIELD, written=name, known=names)
                continue
            if value == "" and self.earlier is not None and not one.required:
                values.pop(name, None)
                continue
            try:
                values[name] = parse_value(one, value, today=self.today)
                self._exists(one.names, values[name])
            except FaultError as error:
                self._fault(f"fields.{name}", error.fault.what, **error.fault.values, of=one.label)
        for one in self.kind.fields:
            if one.required and one.name not in values and one.name not in written:
                self._fault(f"fields.{one.name}", What.FIELD_REQUIRED, label=one.label)
        self._hold_together(values)
        return values

    def _exists(self, names: Names | None, value: Value) -> None:
        """Check the ids that a field names."""
        if names is None:
            return
        known: Mapping[Names, Iterable[str]] = {
            Names.ESTABLISHMENT: self.known.establishments,
            Names.SURFACE: self.known.surfaces,
            Names.AUDIT: self.known.deposits,
            Names.OBJECTIVE: [one for programme in self.known.programmes for one in programme.order],
            Names.UNIT: [*self.known.establishments, *self.known.directories, *self.known.surfaces],
        }
        ids = [*known[names]]
        for item in value if isinstance(value, tuple) else (str(value),):
            if item not in ids:
                if names is Names.AUDIT:
                    raise FaultError(What.UNKNOWN_AUDIT, written=item)
                raise FaultError(What.UNKNOWN_ID, written=item, known=ids)

    def _hold_together(self, values: Mapping[str, Value]) -> None:
        for one in self.kind.fields:
            of = self.kind.field(one.part_of or "")
            part, whole = values.get(one.name), values.get(one.part_of or "")
            if of and isinstance(part, Decimal) and isinstance(whole, Decimal) and part > whole:
                self._fault(f"fields.{one.name}", What.PART_OVER_WHOLE, part=part, label=of.label, whole=whole)

    # What it is about

    def _subjects(self, values: dict[str, Value]) -> tuple[str, ...]:
        asked = {
            Bearer.ESTABLISHMENT: self.request.establishments,
            Bearer.DIRECTORY: self.request.directories,
            Bearer.FINDING: _given(self.request.finding),
            Bearer.READING: _given(self.request.reading, self.request.programme),
        }
        for bearer, ids in asked.items():
            if ids and bearer is not self.kind.bearer:
                self._fault(_PLACES[bearer], What.ABOUT_ANOTHER, kind=self.kind.id, bearer=self.kind.bearer)
        if self.earlier is not None and not asked.get(self.kind.bearer):
            for subject in self.earlier.subjects if self.kind.bearer is Bearer.READING else ():
                programme, _, reading = subject.partition("/")
                self._pin(reading, programme, values)
            return self.earlier.subjects
        checks: dict[Bearer, Callable[[], tuple[str, ...]]] = {
            Bearer.ESTABLISHMENT: self._establishments,
            Bearer.DIRECTORY: self._directories,
            Bearer.FINDING: self._finding,
            Bearer.READING: lambda: self._reading(values),
        }
        return checks[self.kind.bearer]() if self.kind.bearer in checks else ()

    def _ids(self, where: str, ids: Sequence[str], known: Iterable[str], *, required: What | None) -> tuple[str, ...]:
        if not ids and required is not None:
            self._fault(where, required)
        listed = [*known]
        for one in ids:
            if one not in listed:
                self._fault(where, What.UNKNOWN_ID, written=one, known=listed)
        return tuple(dict.fromkeys(ids))

    def _establishments(self) -> tuple[str, ...]:
        is_decision = self.kind.id in AUTHORITY
        return self._ids(
            "establishments",
            self.request.establishments,
            self.known.establishments,
            required=What.ESTABLISHMENTS_REQUIRED if is_decision else None,
        )

    def _directories(self) -> tuple[str, ...]:
        ids = self._ids("directory", self.request.directories, self.known.directories, required=What.DIRECTORY_REQUIRED)
        if self.kind.id == ENTRA_EXEMPT:
            for one in ids:
                kind = self.known.directories.get(one, ENTRA_ONLY)
                if kind != ENTRA_ONLY:
                    self._fault("directory", What.NOT_ENTRA_ONLY, written=one, kind=kind)
        return ids

    def _finding(self) -> tuple[str, ...]:
        finding = self.request.finding
        if finding is None:
            self._fault("finding", What.FINDING_REQUIRED)
            return ()
        if self.known.findings is not None and finding not in self.known.findings:
            self._fault("finding", What.UNKNOWN_FINDING, written=finding)
        return (finding,)

    def _reading(self, values: dict[str, Value]) -> tuple[str, ...]:
        reading, asked = self.request.reading, self.request.programme
        readings = {one.id: reading_values(one) for one in self.known.programmes}
        if asked is not None and asked not in readings:
            self._fault("programme", What.UNKNOWN_PROGRAMME, written=asked, known=[*readings])
            return ()
        if reading is None:
            names = {name for each in readings.values() for name in each}
            self._fault("reading", What.READING_REQUIRED, among=sorted(names))
            return ()
        concerned = [one for one in ([asked] if asked else readings) if reading in readings[one]]
        if not concerned:
            names = {name for one in ([asked] if asked else readings) for name in readings[one]}
            self._fault("reading", What.UNKNOWN_READING, written=reading, known=sorted(names))
            return ()
        if len(concerned) > 1:
            self._fault("programme", What.PROGRAMME_REQUIRED, among=concerned)
            return ()
        self._pin(reading, concerned[0], values)
        return (pin_subject(concerned[0], reading),)

    def _pin(self, reading: str, programme: str, values: dict[str, Value]) -> None:
        """Check that the value is one of the reading's, and write it as the rules do."""
        texts = next(
            (
                [reading_text(value) for value in reading_values(one).get(reading, ())]
                for one in self.known.programmes
                if one.id == programme
            ),
            [],
        )
        said = values.get("value")
        if not isinstance(said, str):
            return
        word = {"oui": "true", "non": "false"}.get(said.casefold(), said.casefold())
        if word not in texts:
            self._fault("fields.value", What.NOT_ADMITTED, said=said, written=word, reading=reading, known=texts)
        values["value"] = word

    # Evidence

    def _files(self) -> dict[str, tuple[str, ...]]:
        slots = [slot.name for slot in self.kind.slots]
        found: dict[str, tuple[str, ...]] = {}
        for slot, path in self.request.files:
            if not path.strip():
                self._fault(f"files.{slot}" if slot else "files", What.NO_PATH)
            elif not slots:
                self._fault("files", What.NO_FILES)
            elif slot is not None and slot not in slots:
                self._fault(f"files.{slot}", What.UNKNOWN_SLOT, written=slot, known=slots)
            elif slot is None and len(slots) > 1:
                self._fault("files", What.SLOT_REQUIRED, path=path, among=slots)
            elif path not in self.known.deposits:
                name = slot or slots[0]
                found[name] = (*found.get(name, ()), path)
        return found

    def _kept(self) -> dict[str, tuple[str, ...]]:
        """Return what is sealed already: the deposits named, and what a correction does not give again."""
        said = [(slot or self.kind.slots[0].name, item) for slot, item in self.request.files if slot or self.kind.slots]
        restated = {slot for slot, _ in said}
        earlier = self.earlier.evidence if self.earlier is not None else {}
        found = {slot: ids for slot, ids in earlier.items() if slot not in restated}
        for slot, item in said:
            if item in self.known.deposits:
                found[slot] = (*found.get(slot, ()), item)
        return found


def _given(*words: str | None) -> tuple[str, ...]:
    return tuple(word for word in words if word is not None)


_PLACES = {
    Bearer.ESTABLISHMENT: "establishments",
    Bearer.DIRECTORY: "directory",
    Bearer.FINDING: "finding",
    Bearer.READING: "reading",
}


def overlaps(drafts: Sequence[Draft]) -> list[Placed]:
    """Return what the drafts of one occasion say twice, naming both places."""
    return [
        (later.place, Fault(What.SAID_TWICE, {"earlier": earlier.place}))
        for rank, later in enumerate(drafts)
        for earlier in drafts[:rank]
        if later.overlaps(earlier)
    ]
