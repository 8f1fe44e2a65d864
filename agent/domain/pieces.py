"""
The pieces that a programme asks for, and which of them stand.

One way of knowing what is missing: `checklist` goes through the pieces of the programme's file and looks for each
in what is known (audits and their reports, descriptions, lists, declarations and their evidence). It yields codes
and values; agent/texts/pieces.py says them in French.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from agent.domain.declaration import Declaration
from agent.domain.programme import Condition, Origin, RuleName
from agent.domain.rules.case import Case
from agent.domain.rules.conditions import broken_day
from agent.domain.rules.report_availability import Report, last_download_day
from agent.domain.verdict import Verdict

if TYPE_CHECKING:
    from agent.domain.programme import DeclaredObjective, Objective, Piece, Programme, Settings

Broken = Callable[[Declaration], Condition | None]
_TWO_AUDITS = {RuleName.SCORE, RuleName.EXPOSURE_LEVEL}
_CHOICE = "choice"
_REPORTS = {Origin.ADS_REPORTS, Origin.EXPOSURE_REPORTS}


class Status(StrEnum):
    """
    Where a piece stands.

    `INVALID`: it is there, and is not what is asked (too old, out of the phase, damaged). `TO_SETTLE`: it is there,
    and a person must say what it proves. `LOST`: nothing can bring it back, it is only named. `NOT_NEEDED`: another
    of its alternatives stands or is asked first, or what was declared does without it.
    """

    PRESENT = "present"
    MISSING = "missing"
    INVALID = "invalid"
    TO_SETTLE = "to_settle"
    LOST = "lost"
    NOT_NEEDED = "not_needed"


class Why(StrEnum):
    """Why a piece stands where it does; `PieceState.values` holds what is named in brackets."""

    HELD = "held"
    ENTERED = "entered"
    NOTHING_TO_AUDIT = "nothing_to_audit"
    NOT_COLLECTED = "not_collected"
    NO_COLLECTOR = "no_collector"
    COLLECTED_IN_PART = "collected_in_part"
    NO_ENTRY = "no_entry"
    LIST_IN_PART = "list_in_part"
    TOO_FEW_REPORTS = "too_few_reports"  # count, least, tools
    REPORT = "report"
    NO_REPORT = "no_report"  # until
    REPORT_GONE = "report_gone"  # until
    AWAITS_A_PERSON = "awaits_a_person"
    DAMAGED = "damaged"  # damage
    DESTROYED = "destroyed"
    NOT_DECLARED = "not_declared"
    NOT_CHOSEN = "not_chosen"
    NO_FILE = "no_file"
    NOT_AS_ASKED = "not_as_asked"  # condition
    WRONG_FILE = "wrong_file"  # file
    ALTERNATIVE = "alternative"
    WITHOUT = "without"
    ADVISED = "advised"


BLOCKING = frozenset({Status.MISSING, Status.INVALID, Status.TO_SETTLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """
    One sealed report of an audit of the phase.

    `tool` is what the programme names (None: nobody knows yet), `subjects` the slugs of what it covers, `audited_on`
    ISO. `to_settle` is the command by which a person settles what it leaves open, `damage` why its files cannot be
    given back; with either it proves nothing. `is_read` False: sealed, and never read.
    """

    evidence: str
    origin: Origin
    tool: str | None
    subjects: tuple[str, ...]
    audited_on: str | None
    name: str = ""
    score: float | None = None
    to_settle: str | None = None
    damage: str | None = None
    is_read: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is known of a configured directory: the day it was last collected (ISO), and whether whole."""

    directory: str
    taken_on: str | None
    complete: bool = False
    evidence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionRun:
    """A collection that was made for the ADS service, known without its report; `on` is its day."""

    directory: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """
    How many entries of one kind are known: `configured` by people, and `read` besides, in lists that sources gave.

    `in_part` tells that a source did not give all.
    """

    configured: int = 0
    read: int = 0
    in_part: bool = False

    @property
    def count(self) -> int:
        """Return how many there are."""
        return self.configured + self.read


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """
    All that can make a piece stand, as values.

    `asked` gives, for each objective that asks for something, whom it asks (directory, surface or establishment;
    None: the candidate itself) and the verdict there. `damaged` says why an evidence item cannot be given back,
    `destroyed` names those that are no longer in the vault, `file_names` the files of those that were opened.
    `unread` counts the deposits whose content the index has not seen: what they prove may look missing. `days` are
    those that conditions name, `perimeter` the establishments that count, `several` the kinds of fact of which more
    than one may hold at once, `collected` the directories that a configured collector describes.
    """

    as_of: date
    asked: Mapping[str, Mapping[str | None, str]]
    days: Mapping[str, date] = field(default_factory=dict)
    perimeter: frozenset[str] = frozenset()
    candidate_type: str = ""
    several: frozenset[str] = frozenset()
    reports: tuple[AuditReport, ...] = ()
    runs: tuple[CollectionRun, ...] = ()
    descriptions: tuple[Description, ...] = ()
    collected: frozenset[str] = frozenset()
    domains: Entries = Entries()
    addresses: Entries = Entries()
    declarations: Sequence[Declaration] = ()
    damaged: Mapping[str, str] = field(default_factory=dict)
    destroyed: frozenset[str] = frozenset()
    file_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: int = 0

    def about(self, fact: str | None, unit: str | None) -> list[Declaration]:
        """
        Return the declarations of a fact about `unit`, of one that holds once the last word only.

        One about every establishment is about the candidate too.
        """
        whole = self.perimeter if unit is None else frozenset({unit})
        found = [
            one
            for one in self.declarations
            if one.fact == fact and (not one.subjects or (whole and whole <= set(one.subjects)))
        ]
        return found if fact in self.several else found[-1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceState:
    """
    Where one piece stands for one subject.

    `objective` is an objective's id, or the programme's for what is asked once. `subjects` are slugs, empty: the
    whole candidate. `todo` is the command that settles a piece, None: the piece's own text says what to do.
    `closed_on` is the programme's last day once it is past: what is missing cannot be handed over any more.
    """

    objective: str
    piece: Piece
    status: Status
    why: Why
    subjects: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    dated_on: str | None = None
    todo: str | None = None
    closed_on: date | None = None
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_missing(self) -> bool:
        """Return whether somebody has something to do for it."""
        return self.status in BLOCKING


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """Every piece of a programme, and how many deposits nobody could look into."""

    programme: str
    states: tuple[PieceState, ...]
    unread: int = 0

    @property
    def missing(self) -> tuple[PieceState, ...]:
        """Return the pieces for which somebody has something to do."""
        return tuple(state for state in self.states if state.is_missing)

    @property
    def complete(self) -> bool:
        """Return whether every piece stands, as far as anybody can tell."""
        return not self.missing and not self.unread


def checklist(programme: Programme, holdings: Holdings) -> Checklist:
    """Return the state of every piece of `programme`, in the order in which people list its objectives."""
    states: list[PieceState] = []
    audited = {one.id: one for one in programme.objectives}
    declared = {one.id: one for one in programme.declared}
    for one in programme.prerequisites:
        states += _of_declared(one, holdings)
    for name in programme.order:
        if name in audited:
            states += _of_audited(audited[name], programme.settings, holdings)
        else:
            states += _of_declared(declared[name], holdings)
    for piece in programme.pieces:
        states += _from_declarations(programme.id, piece, None, holdings, lambda _: None)
    found = _once(states)
    if programme.last_day is not None and holdings.as_of > programme.last_day:
        found = [replace(state, closed_on=programme.last_day) if state.is_missing else state for state in found]
    return Checklist(programme=programme.id, states=tuple(found), unread=holdings.unread)


# Audited objectives: what the vault holds of directories and surfaces


def _of_audited(objective: Objective, settings: Settings, holdings: Holdings) -> Iterator[PieceState]:
    asked = holdings.asked.get(objective.id)
    if asked is None:
        return
    units = [unit for unit in asked if unit is not None]
    for piece in objective.pieces:
        if piece.origin in _REPORTS:
            yield from _reports(objective, piece, units, holdings)
            if piece.origin is Origin.ADS_REPORTS and objective.rule not in _TWO_AUDITS:
                yield from _without_report(objective.id, piece, units, settings, holdings)
        elif piece.origin is Origin.DIRECTORY_DESCRIPTION:
            yield from _descriptions(objective.id, piece, units, holdings)
        elif piece.origin in {Origin.DOMAIN_LIST, Origin.ADDRESS_LIST}:
            yield _list(objective.id, piece, holdings)
        else:
            yield from _from_declarations(objective.id, piece, None, holdings, lambda _: None)


def _reports(objective: Objective, piece: Piece, units: Sequence[str], holdings: Holdings) -> Iterator[PieceState]:
    """Each unit needs the reports that the objective looks at, and each audit of the phase has its own."""
    concerned = [
        report
        for report in holdings.reports
        if report.origin is piece.origin and (report.tool is None or report.tool in objective.tools)
    ]
    states = [_report(objective.id, piece, report) for report in concerned]
    # A run often has several files: it counts once.
    runs = {(unit, one.dated_on) for one in states if one.status is Status.PRESENT for unit in one.subjects}
    counts = Counter(unit for unit, _ in runs)
    least = 2 if objective.rule in _TWO_AUDITS else 1
    for unit in units:
        if counts[unit] < least:
            yield PieceState(
                objective=objective.id,
                piece=piece,
                status=Status.MISSING,
                why=Why.TOO_FEW_REPORTS,
                subjects=(unit,),
                values={"count": counts[unit], "least": least, "tools": objective.tools},
            )
    if not units:
        yield PieceState(objective=objective.id, piece=piece, status=Status.MISSING, why=Why.NOTHING_TO_AUDIT)
    yield from sorted(states, key=lambda state: (state.dated_on or "", state.evidence))


def _report(objective: str, piece: Piece, report: AuditReport) -> PieceState:
    state = PieceState(
        objective=objective,
        piece=piece,
        status=Status.PRESENT,
        why=Why.REPORT,
        subjects=report.subjects,
        evidence=(report.evidence,),
        dated_on=report.audited_on,
        values={"name": report.name, "score": report.score, "is_read": report.is_read},
    )
    if report.damage is not None:
        values = {**state.values, "damage": report.damage}
        return replace(state, status=Status.INVALID, why=Why.DAMAGED, values=values)
    if report.to_settle is not None or report.audited_on is None:
        return replace(state, status=Status.TO_SETTLE, why=Why.AWAITS_A_PERSON, todo=report.to_settle)
    return state


def _without_report(
    objective: str, piece: Piece, units: Sequence[str], settings: Settings, holdings: Holdings
) -> Iterator[PieceState]:
    """
    Yield the runs whose report never came: to be fetched while the service keeps it, named once it is gone.

    A report belongs to the last run before it, so each run waits for one until the next run of its directory.
    """
    for unit in units:
        days = sorted({run.on for run in holdings.runs if run.directory == unit})
        reported = {one.audited_on for one in holdings.reports if one.origin is piece.origin and unit in one.subjects}
        for day, following in pairwise([*days, date.max]):
            if any(one is not None and day.isoformat() <= one < following.isoformat() for one in reported):
                continue
            is_gone = Report(available_on=day, downloaded=False).is_gone(holdings.as_of, settings)
            yield PieceState(
                objective=objective,
                piece=piece,
                status=Status.LOST if is_gone else Status.MISSING,
                why=Why.REPORT_GONE if is_gone else Why.NO_REPORT,
                subjects=(unit,),
                dated_on=day.isoformat(),
                values={"until": last_download_day(day, settings)},
            )


def _descriptions(objective: str, piece: Piece, units: Sequence[str], holdings: Holdings) -> Iterator[PieceState]:
    if not units:
        yield PieceState(objective=objective, piece=piece, status=Status.MISSING, why=Why.NOTHING_TO_AUDIT)
    known = {one.directory: one for one in holdings.descriptions}
    for unit in units:
        one = known.get(unit)
        taken_on = one.taken_on if one else None
        state = PieceState(
            objective=objective,
            piece=piece,
            status=Status.PRESENT,
            why=Why.HELD,
            subjects=(unit,),
            dated_on=taken_on,
        )
        if one is None or taken_on is None:
            why = Why.NOT_COLLECTED if unit in holdings.collected else Why.NO_COLLECTOR
            yield replace(state, status=Status.MISSING, why=why)
        elif not one.complete:
            yield replace(state, status=Status.MISSING, why=Why.COLLECTED_IN_PART)
        else:
            yield state


def _list(objective: str, piece: Piece, holdings: Holdings) -> PieceState:
    """What people configured is a list by itself; what sources read adds to it, and alone must be whole."""
    found = holdings.domains if piece.origin is Origin.DOMAIN_LIST else holdings.addresses
    state = PieceState(objective=objective, piece=piece, status=Status.PRESENT, why=Why.HELD, values={"entries": found})
    if not found.count:
        return replace(state, status=Status.MISSING, why=Why.NO_ENTRY)
    if found.in_part and not found.configured:
        return replace(state, status=Status.MISSING, why=Why.LIST_IN_PART)
    return state


# Declared objectives: what people said, and the evidence they gave


def _of_declared(objective: DeclaredObjective, holdings: Holdings) -> Iterator[PieceState]:
    asked = holdings.asked.get(objective.id)
    if asked is None:
        return

    def broken(piece: Piece) -> Broken:
        case = Case(
            objective=objective,
            declarations=(),
            units=frozenset(),
            perimeter=holdings.perimeter,
            days=holdings.days,
            as_of=holdings.as_of,
        )
        field = piece.dated_by
        return lambda one: broken_day(case, one, field) if field is not None else None

    for unit, verdict in asked.items():
        if objective.rule == _CHOICE and not holdings.about(objective.fact, unit):
            yield _no_choice(objective, unit)
            continue
        for piece in objective.pieces:
            if piece.origin is Origin.OSIS_ENTRY:
                yield _entry(objective.id, piece, unit, verdict, holdings)
                continue
            yield from _from_declarations(objective.id, piece, unit, holdings, broken(piece))


def _no_choice(objective: DeclaredObjective, unit: str | None) -> PieceState:
    """Nothing else is asked until the choice is made: it decides on the pieces."""
    piece = replace(objective.pieces[0], id="choix", label=objective.label, advice=False, sources=objective.sources)
    return PieceState(
        objective=objective.id, piece=piece, status=Status.MISSING, why=Why.NOT_CHOSEN, subjects=_named(unit)
    )


def _entry(objective: str, piece: Piece, unit: str | None, verdict: str, holdings: Holdings) -> PieceState:
    """What is entered on the authority's own platform stands when the objective does: nothing else shows it."""
    said = holdings.about(piece.fact, unit)
    state = PieceState(
        objective=objective,
        piece=piece,
        status=Status.PRESENT,
        why=Why.ENTERED,
        subjects=_named(unit),
    )
    if not said:
        return replace(state, status=Status.MISSING, why=Why.NOT_DECLARED)
    state = _dated(state, said[-1])
    if verdict != Verdict.MET:
        return replace(state, status=Status.INVALID, why=Why.NOT_AS_ASKED)
    return state


def _from_declarations(
    objective: str,
    piece: Piece,
    unit: str | None,
    holdings: Holdings,
    broken: Broken,
) -> Iterator[PieceState]:
    """
    Yield the state of a piece that people give with a declaration.

    Of an audited objective, one asked only where a declaration stands is asked once for each (a finding re-rated,
    an establishment that an authority exempts), else once for `unit`.
    """
    if piece.candidate_types and holdings.candidate_type not in piece.candidate_types:
        return
    base = PieceState(
        objective=objective, piece=piece, status=Status.MISSING, why=Why.NOT_DECLARED, subjects=_named(unit)
    )
    said = holdings.about(piece.fact, unit)
    if any(_says(one, name, value) for one in said for name, value in piece.unless.items()):
        yield replace(base, status=Status.NOT_NEEDED, why=Why.WITHOUT)
    elif not piece.needed and piece.one_of is None and unit is None:
        about = [one for one in holdings.declarations if one.fact == piece.fact]
        for one in about:
            yield _best(replace(base, subjects=one.subjects), [one], holdings, broken)
    else:
        if piece.when:
            said = [one for one in said if all(_says(one, *wanted) for wanted in piece.when.items())]
        if said or (piece.needed and not piece.when):
            yield _best(base, said, holdings, broken)


def _best(base: PieceState, said: Sequence[Declaration], holdings: Holdings, broken: Broken) -> PieceState:
    """Return the state under the latest declaration that stands, else under the one that comes nearest."""
    states = [_given(base, one, holdings, broken(one)) for one in reversed(said)]
    best = min(states, key=lambda state: _NEAREST.index(state.status), default=base)
    if base.piece.advice and best.status is Status.MISSING:
        return replace(best, status=Status.NOT_NEEDED, why=Why.ADVISED)
    return best


_NEAREST = (Status.PRESENT, Status.INVALID, Status.MISSING)


def _given(base: PieceState, one: Declaration, holdings: Holdings, broken: Condition | None) -> PieceState:
    evidence = one.evidence.get(base.piece.slot or "", ())
    state = _dated(replace(base, evidence=evidence, values={"declaration": one.id, "person": one.person}), one)
    if not evidence:
        return replace(state, why=Why.NO_FILE)
    if gone := [item for item in evidence if item in holdings.destroyed]:
        return replace(state, status=Status.INVALID, why=Why.DESTROYED, evidence=tuple(gone))
    if damaged := [item for item in evidence if item in holdings.damaged]:
        values = {**state.values, "damage": holdings.damaged[damaged[0]]}
        return replace(state, status=Status.INVALID, why=Why.DAMAGED, evidence=tuple(damaged), values=values)
    names = [name for item in evidence for name in holdings.file_names.get(item, ())]
    if wrong := [name for name in names if base.piece.is_refused(name)]:
        return replace(state, status=Status.INVALID, why=Why.WRONG_FILE, values={**state.values, "file": wrong[0]})
    if broken is not None:
        values = {**state.values, "condition": broken.label}
        return replace(state, status=Status.INVALID, why=Why.NOT_AS_ASKED, values=values)
    return replace(state, status=Status.PRESENT, why=Why.HELD)


def _dated(state: PieceState, one: Declaration) -> PieceState:
    """Return the piece with its day: the one that its declaration states, else the day it was recorded."""
    stated = one.values.get(state.piece.dated_by or "")
    if isinstance(stated, date):
        return replace(state, dated_on=stated.isoformat())
    return replace(state, dated_on=one.on.isoformat(), values={**state.values, "is_recorded": True})


def _says(one: Declaration, name: str, wanted: object) -> bool:
    value = one.values.get(name)
    return bool(value) if wanted is True else value == wanted


def _named(unit: str | None) -> tuple[str, ...]:
    return () if unit is None else (unit,)


# Alternatives


def _once(states: Iterable[PieceState]) -> list[PieceState]:
    """Return the states, alternatives asked for once: those that stand, else the one that comes nearest."""
    found = list(states)
    groups: dict[tuple[str, str, tuple[str, ...]], list[int]] = {}
    for place, state in enumerate(found):
        if state.piece.one_of is not None and state.status is not Status.NOT_NEEDED:
            groups.setdefault((state.objective, state.piece.one_of, state.subjects), []).append(place)
    for places in groups.values():
        kept = {place for place in places if found[place].status is Status.PRESENT}
        if not kept:
            kept = {min(places, key=lambda place: _NEAREST.index(found[place].status))}
        labels = [found[place].piece.label for place in places]
        for place in places:
            state = found[place]
            if place not in kept:
                found[place] = replace(state, status=Status.NOT_NEEDED, why=Why.ALTERNATIVE, evidence=())
            elif state.is_missing:
                others = tuple(label for label in labels if label != state.piece.label)
                found[place] = replace(state, values={**state.values, "or": others})
    return found
