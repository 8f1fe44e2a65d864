"""Record what people declare: the evidence first, then the decision that names it; nothing is overwritten."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from agent.domain import declaration_uses
from agent.domain.declaration import DECLARE, Declaration, at_odds, current, to_record
from agent.domain.declaration_outcome import Recorded, Warn, repeated, warnings
from agent.domain.declaration_request import (
    LONGEST_NAME,
    Draft,
    Known,
    Request,
    check,
    overlaps,
)
from agent.domain.declaration_text import holds_secret, plain_text
from agent.domain.display import printable
from agent.domain.errors import DeclarationError, HeldError, UsageError, VaultError
from agent.domain.evidence import EvidenceClass
from agent.domain.facts import ExposureAuditFact
from agent.domain.fault import FaultError
from agent.services.declarations import every_declaration
from agent.services.fact_codec import from_json
from agent.services.seal import seal_file
from agent.texts.faults import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date, datetime
    from io import BufferedReader
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from agent.domain.declaration import FactKind
    from agent.domain.declaration_uses import Consequence
    from agent.domain.evidence import RawEvidence, SealedEvidence
    from agent.services.assess import Assessed
    from agent.vault.index import CurrentFact, IndexedDeposit, SealedDecision

Problem = tuple[str, str]
MOST_BYTES = 2 * 1024**3
_OF_OURS = {EvidenceClass.FACTS, EvidenceClass.DECISION, EvidenceClass.RECEIPT, EvidenceClass.ANCHOR}
_CHUNK = 1024 * 1024
# What may follow a private key's own words; longer than any of its headers, so that none hides between two chunks.
_OVERLAP = 256
_KEY_WORDS = (b"SECRET-KEY-1", b"PRIVATE KEY-----")


class DeclaredIndex(Protocol):
    """The vault's index, as far as declaring goes."""

    def deposits(self) -> Sequence[IndexedDeposit]: ...
    def facts(self, kind: str | None = None) -> Sequence[CurrentFact]: ...
    def decisions(self, kind: str | None = None) -> Sequence[SealedDecision]: ...
    def find_payloads(self, tag: str) -> Sequence[IndexedDeposit]: ...
    def unknown(self) -> int: ...


class DeclaringVault(Protocol):
    """The vault, as far as declaring goes."""

    @property
    def index(self) -> DeclaredIndex: ...
    def content_tag(self, plain_sha256: str) -> str | None: ...
    def is_intact(self, deposit_id: str) -> bool: ...
    def seal(
        self, payloads: Sequence[RawEvidence], *, evidence_class: EvidenceClass | None = None
    ) -> SealedEvidence: ...
    def seal_decision(self, record: Mapping[str, Any], person: str) -> SealedEvidence: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a declaration may name, from the configuration, and the day it is made."""

    kinds: Mapping[str, FactKind]
    known: Known
    zone: ZoneInfo
    now: datetime
    today: date


def known_in(index: DeclaredIndex, known: Known) -> Known:
    """Return `known` with what the vault holds: its deposits, and the findings of its exposure audits."""
    facts = (from_json(item.data) for item in index.facts("exposure_audit"))
    findings = {one.id for fact in facts if isinstance(fact, ExposureAuditFact) for one in fact.findings}
    return replace(
        known,
        deposits=frozenset(item.id for item in index.deposits() if item.evidence_class not in _OF_OURS),
        findings=None if index.unknown() else frozenset(findings),
    )


def declare(
    vault: DeclaringVault,
    requests: Sequence[Request],
    around: Surroundings,
    *,
    folder: Path,
    open_file: Callable[[Path], BufferedReader],
    misshapen: Sequence[Problem] = (),
    is_replay: bool = False,
    dry_run: bool = False,
) -> list[Recorded]:
    """
    Seal each request's evidence, then what it declares; return what became of each.

    Files are relative to `folder`, and read as `open_file` opens them; one that the vault holds as evidence already
    is named, not sealed again. `misshapen` are the faults of the file that the requests come from. Raises
    DeclarationError with every fault of every request before anything is sealed; HeldError, VaultError,
    WrongUserError as sealing does. What stands in force already is not sealed again; in a replay, neither is what
    a person has corrected or withdrawn since.
    """
    if is_replay or any(request.replaces is not None for request in requests):
        _check_index_is_whole(vault.index)
    history = every_declaration(vault.index, around.kinds, around.zone)
    earlier = {one.id: one for one in history}
    known = known_in(vault.index, around.known)
    desk = _Desk(vault, history, replace(around, known=known), folder, open_file, is_replay=is_replay)
    drafts: list[tuple[Draft, _Evidence]] = []
    faults: list[Problem] = [*misshapen]
    for request in (one for one in requests if one.kind):
        replaced = earlier.get(request.replaces) if request.replaces is not None else None
        draft, found = check(request, around.kinds, known, earlier=replaced, today=around.today)
        evidence, others = desk.look(request, draft)
        if draft is not None and desk.alike(draft, evidence) is None:
            others = [*others, *desk.faults_of_correction(draft)]
        said = [(where, sentence(fault)) for where, fault in found]
        faults.extend((_place(request, where), what) for where, what in (*said, *others))
        if draft is not None:
            drafts.append((draft, evidence))
    faults.extend((where, sentence(fault)) for where, fault in overlaps([draft for draft, _ in drafts]))
    if faults:
        raise DeclarationError(
            "Cette déclaration ne peut pas être enregistrée : rien n'a été scellé."
            if len(requests) == 1 and not misshapen
            else "Ces déclarations ne peuvent pas être enregistrées : rien n'a été scellé.",
            problems=_in_order(faults, requests),
            hint=_hint(requests, around.kinds),
        )
    return [desk.record(draft, evidence, dry_run=dry_run) for draft, evidence in drafts]


def consequences(one: Declaration, around: Surroundings, assessed: Iterable[Assessed]) -> list[Consequence]:
    """Return the objectives that look at what was declared, where each stands now and what it lacks."""
    documents = {item.programme: item.document for item in assessed}
    return declaration_uses.consequences(one, around.kinds[one.fact], around.known.programmes, documents)


def withdraw(
    vault: DeclaringVault, declaration_id: str, around: Surroundings, *, person: str, reason: str | None
) -> tuple[Recorded, tuple[str, ...]]:
    """
    Seal the withdrawal of a declaration; return it and the ids of the records that are in force again.

    Raises UsageError for an unknown id or one that is not in force any more, VaultError as long as the index
    does not know what is declared.
    """
    _check_index_is_whole(vault.index)
    history = every_declaration(vault.index, around.kinds, around.zone)
    problem = _why_not_correctable(declaration_id, history, around.kinds)
    if problem is not None:
        raise UsageError(problem[0].upper() + problem[1:] + ".", hint="La liste : carenage declare list --all.")
    gone = next(one for one in history if one.id == declaration_id)
    try:
        person = plain_text(person, longest=LONGEST_NAME)
        reason = plain_text(reason) if reason is not None else None
    except FaultError as error:
        raise UsageError(f"Qui retire, ou pourquoi : {sentence(error.fault)}.") from error
    before = {one.id for one in current(history, around.kinds)}
    removal = replace(
        gone, values={}, evidence={}, person=person, on=around.today, reason=reason, replaces=gone.id, withdrawn=True
    )
    sealed = vault.seal_decision(_decision(removal), person)
    removal = replace(removal, id=sealed.id)
    after = [one.id for one in current([*history, removal], around.kinds) if one.id not in before]
    return Recorded(declaration=removal, supersedes=(gone.id,)), tuple(after)


@dataclass(frozen=True, slots=True)
class _File:
    """An evidence file as it was looked at."""

    path: Path
    sha256: str
    tag: str | None


_Evidence = dict[str, tuple[_File, ...]]


class _Desk:
    """Where declarations are looked at and sealed, one after the other."""

    def __init__(
        self,
        vault: DeclaringVault,
        history: Sequence[Declaration],
        around: Surroundings,
        folder: Path,
        open_file: Callable[[Path], BufferedReader],
        *,
        is_replay: bool,
    ) -> None:
        self.vault, self.around, self.folder, self.is_replay = vault, around, folder, is_replay
        self.open_file = open_file
        self.history = [*history]
        self.tags = {item.id: item.tag for item in vault.index.deposits()}

    def look(self, request: Request, draft: Draft | None) -> tuple[_Evidence, list[Problem]]:
        """Return the files of a draft, and what is wrong with those of the request."""
        faults: list[Problem] = []
        looked: dict[str, _File] = {}
        for slot, name in request.files:
            if not name.strip() or name in self.around.known.deposits:
                continue
            try:
                looked[name] = self._look_at(self.folder / name)
            except UsageError as error:
                faults.append((f"files.{slot}" if slot else "files", error.message.rstrip(".")))
        if draft is None or faults:
            return {}, faults
        return {slot: tuple(looked[name] for name in names) for slot, names in draft.files.items()}, faults

    def _look_at(self, path: Path) -> _File:
        digest, size, end = hashlib.sha256(), 0, b""
        shown = f"« {printable(path.name)} »"
        try:
            with self.open_file(path) as stream:
                while chunk := stream.read(_CHUNK):
                    size += len(chunk)
                    if size > MOST_BYTES:
                        raise UsageError(f"{shown} dépasse 2 Gio")
                    if _holds_key(end + chunk):
                        raise UsageError(f"{shown} contient une clé privée : elle ne se dépose jamais dans le coffre")
                    digest.update(chunk)
                    end = chunk[-_OVERLAP:]
        except OSError as error:
            raise UsageError(f"{shown} n'est pas lisible jusqu'au bout") from error
        if not size:
            raise UsageError(f"{shown} est vide")
        return _File(path, digest.hexdigest(), self.vault.content_tag(digest.hexdigest()))

    def alike(self, draft: Draft, evidence: _Evidence) -> Recorded | None:
        """Return the record that says the same and is in force, or that a person corrected before a replay."""
        in_force = {one.id for one in current(self.history, self.around.kinds)}
        corrected = {one.replaces: one.id for one in self.history if one.replaces is not None}
        alike = [one for one in self.history if not one.withdrawn and self._is_alike(one, draft, evidence)]
        for one in reversed(alike):
            if one.id in in_force or (self.is_replay and one.id in corrected):
                return Recorded(declaration=one, is_new=False, corrected_by=corrected.get(one.id), place=draft.place)
        return None

    def _is_alike(self, one: Declaration, draft: Draft, evidence: _Evidence) -> bool:
        if (one.fact, {*one.subjects}, {**one.values}) != (draft.kind.id, {*draft.subjects}, {**draft.values}):
            return False
        asked = [(slot, str(file.tag)) for slot, files in evidence.items() for file in files]
        asked += [(slot, str(self.tags.get(item))) for slot, ids in draft.kept.items() for item in ids]
        held = [(slot, str(self.tags.get(item))) for slot, ids in one.evidence.items() for item in ids]
        return sorted(asked) == sorted(held)

    def faults_of_correction(self, draft: Draft) -> list[Problem]:
        """Return why a draft cannot replace what it says that it replaces."""
        if draft.replaces is None:
            return []
        problem = _why_not_correctable(draft.replaces, self.history, self.around.kinds)
        if problem is not None:
            return [("replaces", problem)]
        fact = next(one.fact for one in self.history if one.id == draft.replaces)
        if fact != draft.kind.id:
            return [("replaces", f"{draft.replaces} est une déclaration « {fact} », pas « {draft.kind.id} »")]
        return []

    def record(self, draft: Draft, evidence: _Evidence, *, dry_run: bool) -> Recorded:
        """Seal a draft unless it is known already; a trial seals nothing."""
        if (known := self.alike(draft, evidence)) is not None:
            return known
        sealed = {**draft.kept}
        for slot, files in evidence.items() if not dry_run else ():
            sealed[slot] = (*sealed.get(slot, ()), *self._seal(files))
        made = Declaration(
            id="",
            fact=draft.kind.id,
            subjects=draft.subjects,
            values=draft.values,
            person=draft.person,
            on=self.around.now.astimezone(self.around.zone).date(),
            evidence=sealed,
            reason=draft.reason,
            replaces=draft.replaces,
        )
        before = current(self.history, self.around.kinds)
        if not dry_run:
            try:
                made = replace(made, id=self.vault.seal_decision(_decision(made), made.person).id)
            except HeldError as error:
                raise _held(error) from error
        # A trial's own entries are told apart by their place: none has the id of a deposit yet.
        self.history.append(replace(made, id=made.id or draft.place))
        after = {one.id: one for one in current(self.history, self.around.kinds)}
        superseded = [one for one in before if after.get(one.id) != one]
        overwritten = superseded if self.is_replay and draft.replaces is None else []
        contradicted = [one.id for one in at_odds(self.history[-1], after.values(), self.around.kinds)]
        again = [one.id for one in repeated(self.history[-1], after.values(), draft.kind) if one.id not in contradicted]
        more = [Warn.OVERWRITES] * bool(overwritten) + [Warn.SAID_BEFORE] * bool(again)
        return Recorded(
            declaration=made,
            supersedes=tuple(one.id for one in superseded),
            contradicts=tuple(contradicted),
            warnings=(*warnings(draft, self.around.known), *more),
            overwritten=tuple(overwritten),
            repeats=tuple(again),
            place=draft.place,
        )

    def _seal(self, files: Iterable[_File]) -> tuple[str, ...]:
        ids = []
        for file in files:
            found = self._held_as(file)
            if found is None:
                try:
                    found = seal_file(
                        self.vault, file.path, now=self.around.now, open_file=self.open_file, sha256=file.sha256
                    ).id
                except HeldError as error:
                    raise _held(error) from error
            self.tags[found] = file.tag
            ids.append(found)
        return tuple(dict.fromkeys(ids))

    def _held_as(self, file: _File) -> str | None:
        """Return the newest sound deposit of evidence that this file is, None without one."""
        found = self.vault.index.find_payloads(file.tag) if file.tag is not None else ()
        usable = (one.id for one in found if one.tag == file.tag and one.evidence_class not in _OF_OURS)
        return next((one for one in usable if self.vault.is_intact(one)), None)


def _holds_key(data: bytes) -> bool:
    upper = data.upper()
    return any(word in upper for word in _KEY_WORDS) and holds_secret(data.decode("latin-1"))


def _check_index_is_whole(index: DeclaredIndex) -> None:
    if index.unknown():
        raise VaultError(
            "L'index du coffre a été reconstruit sans la clé : ce qui est déjà déclaré n'y est pas connu.",
            hint="Rendez-le lisible (carenage vault reindex --identity CLÉ), puis relancez la même commande.",
        )


def _hint(requests: Sequence[Request], kinds: Mapping[str, FactKind]) -> str:
    asked = {request.kind for request in requests}
    if not asked <= {*kinds}:
        return "Ce qui se déclare : carenage declare kinds --all."
    return f"Les champs et les pièces : carenage declare kinds {asked.pop() if len(asked) == 1 else 'TYPE'}."


def _decision(one: Declaration) -> dict[str, Any]:
    return {"decision": DECLARE, "evidence": None, "reason": one.reason, "values": to_record(one)}


def _held(error: HeldError) -> HeldError:
    return HeldError(
        error.message,
        held_id=error.held_id,
        hint="Acceptez le dommage (carenage vault accept-damage), puis relancez la même commande.",
    )


def _why_not_correctable(
    declaration_id: str, history: Sequence[Declaration], kinds: Mapping[str, FactKind]
) -> str | None:
    """Return in French why a declaration cannot be corrected or withdrawn, None when it can."""
    found = next((one for one in history if one.id == declaration_id), None)
    if found is None:
        return f"aucune déclaration « {printable(declaration_id)} »"
    if found.withdrawn:
        return f"{declaration_id} est lui-même un retrait"
    later = next((one for one in history if one.replaces == declaration_id), None)
    if later is not None:
        return f"{declaration_id} a déjà été {'retirée' if later.withdrawn else 'corrigée'} par {later.id}"
    if all(one.id != declaration_id for one in current(history, kinds)):
        return f"{declaration_id} n'est plus en vigueur : une déclaration plus récente la remplace"
    return None


def _in_order(faults: Iterable[Problem], requests: Sequence[Request]) -> list[Problem]:
    """Return the faults of a file as its entries follow each other, those of no entry first."""
    ranks = {request.place: rank for rank, request in enumerate(requests)}
    return sorted(faults, key=lambda fault: ranks.get(fault[0].partition(" / ")[0], -1))


def _place(request: Request, where: str) -> str:
    return f"{request.place} / {where}" if request.place else where
