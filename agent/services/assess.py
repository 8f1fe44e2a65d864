"""Judge: the vault's current facts and decisions, under each programme, on a day."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from agent.domain.admissible import KnownFact, Perimeter
from agent.domain.decided import pins, reratings, with_copies, with_decided
from agent.domain.declaration import Declaration, current
from agent.domain.declared import judge_declared
from agent.domain.evidence import EvidenceClass
from agent.domain.facts import AdsAuditFact, Decision, ExposureAuditFact, Fact, FindingFact
from agent.domain.live import OpenQuestion, evaluate_live
from agent.domain.rules.outcome import Reason
from agent.domain.scenario import parse_scenario
from agent.domain.verdict import Verdict
from agent.services.declarations import every_declaration
from agent.services.fact_codec import KINDS, from_json

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from agent.domain.declaration import FactKind
    from agent.domain.journal import HeldDeposit
    from agent.domain.programme import Programme
    from agent.vault.index import CurrentFact, IndexedDeposit, SealedDecision

Json = dict[str, object]

SPENDING = "spending"
JUDGED = KINDS - {SPENDING}
"""The kinds of facts that objectives are judged on: the tables of spending, which are large, are read apart."""

REINDEX = "carenage vault reindex --identity CLÉ"
READ_AGAIN = "carenage evidence read {id} --identity CLÉ"
ACCEPT_DAMAGE = "carenage vault accept-damage --reason MOTIF --person NOM"


_UNREAD_FINDING = FindingFact(
    id="unread", asset="", title="Rapport que personne n'a encore lu", cvss=None, label=None, scores={}
)
_UNREAD: dict[EvidenceClass, Fact] = {
    EvidenceClass.ADS_REPORT: AdsAuditFact(
        directory=None, date=None, score=None, undecided=("directory", "date", "score")
    ),
    EvidenceClass.EXPOSURE: ExposureAuditFact(
        vendor="",
        vendor_id=None,
        name=None,
        tool=None,
        date=None,
        complete=False,
        findings=(_UNREAD_FINDING,),
        undecided=("date", "tool", "surfaces", "findings", "complete"),
    ),
}


class FactIndex(Protocol):
    """The vault's index, as far as judging goes."""

    def deposits(self) -> Sequence[IndexedDeposit]: ...
    def facts(self) -> Sequence[CurrentFact]: ...
    def decisions(self, kind: str | None = None) -> Sequence[SealedDecision]: ...
    def unknown(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """
    One programme's assessment (the evaluation contract's output) and what a person must settle.

    `scenario` is the contract's input behind it, undecided facts at their worst; `declarations` are those in force.
    """

    programme: str
    document: dict[str, Any]
    questions: tuple[OpenQuestion, ...]
    scenario: Json = field(default_factory=dict)
    declarations: tuple[Declaration, ...] = ()


def known_facts(index: FactIndex, zone: ZoneInfo, kinds: Container[str] = JUDGED) -> list[KnownFact]:
    """Return the current facts of `kinds` as typed values; those of a later release are left aside."""
    deposits = {item.id: item for item in index.deposits()}
    found = []
    for one in index.facts():
        fact = from_json(one.data) if one.kind in kinds else None
        deposit = deposits.get(one.evidence_id)
        if fact is not None and deposit is not None:
            found.append(
                KnownFact(
                    evidence=deposit.id,
                    fact=fact,
                    received_on=deposit.received_at.astimezone(zone).date().isoformat(),
                    content=deposit.tag,
                )
            )
    return found


def decisions(index: FactIndex, zone: ZoneInfo) -> list[Decision]:
    """Return what people decided, oldest first, each on its civil day."""
    return [
        Decision(
            decision=item.kind,
            evidence=item.evidence_id,
            subject=None,
            person=item.person,
            on=item.decided_at.astimezone(zone).date().isoformat(),
            reason=item.reason,
            values=dict(item.values),
        )
        for item in index.decisions()
    ]


def unread(index: FactIndex, known: Sequence[KnownFact], zone: ZoneInfo) -> list[KnownFact]:
    """Return, for each audit that is sealed but was never read (an interruption, a held deposit), what it may prove."""
    read = {item.evidence for item in known} | {item.evidence_id for item in index.facts() if item.kind == SPENDING}
    return [
        KnownFact(evidence=item.id, fact=fact, received_on=item.received_at.astimezone(zone).date().isoformat())
        for item in index.deposits()
        if item.id not in read and (fact := _UNREAD.get(item.evidence_class)) is not None
    ]


def assess(
    perimeters: Sequence[Perimeter],
    index: FactIndex,
    *,
    held: Sequence[HeldDeposit] = (),
    as_of: date,
    zone: ZoneInfo,
    evaluate: Callable[[Json], Json],
    programmes: Callable[[str], Programme | None],
    kinds: Mapping[str, FactKind],
) -> list[Assessed]:
    """
    Return the assessment of each perimeter's programme on `as_of`: audits, then what people declared (of `kinds`).

    Facts that the index could not restore without the private key leave every verdict open; an audit that
    was never read, or that is `held`, counts at its best and at its worst.
    """
    known, decided, unknown = known_facts(index, zone), decisions(index, zone), index.unknown()
    commands: dict[str, str] = {}
    if not unknown:
        waiting = unread(index, known, zone)
        commands = {item.evidence: READ_AGAIN.format(id=item.evidence) for item in waiting}
        known += waiting
    for item in held:
        if (fact := _UNREAD.get(item.evidence_class)) is not None:
            known.append(KnownFact(evidence=item.id, fact=fact, received_on=as_of.isoformat()))
            commands[item.id] = ACCEPT_DAMAGE
    history = every_declaration(index, kinds, zone)
    contents = {item.evidence: item.content for item in known}
    assessed = []
    for perimeter in perimeters:
        planned = parse_scenario({**perimeter.base, "as_of": as_of.isoformat()}, programmes).phase.declaration
        until = min(as_of, planned)
        declared = tuple(current(history, kinds, on=until))
        rerated = with_copies(reratings(declared), contents)
        seen = replace(perimeter, base=with_decided(perimeter.base, declared, until=until))
        live = evaluate_live(seen, known, decided, as_of=as_of.isoformat(), evaluate=evaluate, reratings=rerated)
        document = _with_declared(live.document, seen, declared, as_of=as_of, programmes=programmes, kinds=kinds)
        if pinned := pins(declared, str(document["programme"])):
            document = {**document, "pinned": {pin.reading: pin.as_json() for pin in pinned}}
        questions = tuple(
            replace(question, fields=("facts",), command=commands[question.evidence])
            if question.evidence in commands
            else question
            for question in live.questions
        )
        if unknown:
            document = _unknown(document)
            reindex = OpenQuestion(evidence=f"{unknown} dépôts", kind="facts", fields=("facts",), command=REINDEX)
            questions = (reindex, *questions)
        assessed.append(
            Assessed(
                programme=str(document["programme"]),
                document=document,
                questions=questions,
                scenario=live.scenario,
                declarations=declared,
            )
        )
    return assessed


def _with_declared(
    document: dict[str, Any],
    perimeter: Perimeter,
    declared: Sequence[Declaration],
    *,
    as_of: date,
    programmes: Callable[[str], Programme | None],
    kinds: Mapping[str, FactKind],
) -> dict[str, Any]:
    """Return the assessment with the objectives that people declare after the audited ones, and the prerequisites."""
    scenario = parse_scenario({**perimeter.base, "as_of": as_of.isoformat()}, programmes)
    judged = judge_declared(scenario.programme, scenario, declared, kinds)
    return {
        **document,
        "objectives": {
            **document["objectives"],
            **{name: one.as_json() for name, one in judged.objectives.items()},
        },
        "prerequisites": {name: one.as_json() for name, one in judged.prerequisites.items()},
    }


def _unknown(node: Any) -> Any:
    if isinstance(node, dict):
        if "verdict" in node and node["verdict"] != Verdict.NOT_APPLICABLE:
            return {**node, "verdict": Verdict.AT_RISK, "reasons": sorted({*node["reasons"], Reason.NEEDS_DECISION})}
        return {key: _unknown(value) for key, value in node.items()}
    return node
