"""What the vault's index gives to the rules."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from agent.bootstrap import evaluate_scenario
from agent.domain.admissible import Perimeter
from agent.domain.declaration import DECLARE, to_record
from agent.domain.evidence import EvidenceClass
from agent.domain.facts import SpendingFact
from agent.services.assess import SPENDING, assess, decisions, known_facts, unread
from agent.services.fact_codec import to_json
from agent.vault.index import CurrentFact, IndexedDeposit, SealedDecision
from config.fact_kinds import fact_kinds
from config.programme_files import find_programme
from tests.unit.domain.declared_cases import said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.domain.declaration import Declaration

PARIS = ZoneInfo("Europe/Paris")


class OneDecision:
    """An index that holds one decision and nothing else."""

    def deposits(self) -> Sequence[IndexedDeposit]:
        return []

    def facts(self) -> Sequence[CurrentFact]:
        return []

    def decisions(self, kind: str | None = None) -> Sequence[SealedDecision]:
        assert kind is None
        return [
            SealedDecision(
                id="9",
                kind="confirm",
                evidence_id="7",
                person="A. Durand",
                reason=None,
                values={},
                record={},
                journal_seq=9,
                decided_at=datetime(2026, 6, 1, 22, 30, tzinfo=UTC),
            )
        ]

    def unknown(self) -> int:
        return 0


def test_a_decision_is_dated_in_the_hospitals_civil_time() -> None:
    (found,) = decisions(OneDecision(), PARIS)

    assert found.on == "2026-06-02"


class OnlyDeclarations(OneDecision):
    """An index that holds declarations and nothing else; `lost` deposits could not be restored."""

    def __init__(self, *declared: Declaration, lost: int = 0) -> None:
        self.declared = declared
        self.lost = lost

    def decisions(self, kind: str | None = None) -> Sequence[SealedDecision]:
        return [
            SealedDecision(
                id=one.id,
                kind=DECLARE,
                evidence_id=None,
                person=one.person,
                reason=None,
                values=to_record(one),
                record={},
                journal_seq=rank,
                decided_at=datetime(2026, 9, 1, 8, tzinfo=UTC),
            )
            for rank, one in enumerate(self.declared, start=1)
            if kind in (None, DECLARE)
        ]

    def unknown(self) -> int:
        return self.lost


OSIS = said("osis", budget_share_filled=True, priority_measures_filled=43)


def assessed(index: OneDecision, programme: str = "D1BIS_2026", as_of: date = date(2026, 9, 1)) -> dict[str, Any]:
    perimeter = Perimeter(
        base={
            "id": "candidat",
            "programme": programme,
            "candidate": {"type": "PRIVE", "establishments": [{"id": "E1", "activity": 1}]},
            "phase": {"start": "2026-03-31", "declaration": "2027-03-01"},
        }
    )
    [found] = assess(
        [perimeter],
        index,
        as_of=as_of,
        zone=ZoneInfo("Europe/Paris"),
        evaluate=evaluate_scenario,
        programmes=find_programme,
        kinds=fact_kinds(),
    )
    return found.document


def test_what_people_declared_stands_after_what_was_audited() -> None:
    found = assessed(OnlyDeclarations(OSIS))

    assert list(found["objectives"]) == [
        *("D1.O1.A", "D1.O1.B", "D1.O2.A", "D1.O2.B"),
        *("D1.O3", "D1.O4", "D1.O5", "D1.O6.A", "D1.O6.B"),
    ]
    assert found["objectives"]["D1.O4"]["candidate"]["verdict"] == "met"
    assert list(found["prerequisites"]) == ["ELIGIBILITE"]
    assert (found["programme_version"], found["programme_dated"]) == ("1.0", "2026-04-07")


@pytest.mark.parametrize(
    ("decided_on", "as_of", "verdict"),
    [
        pytest.param(date(2026, 5, 20), date(2026, 9, 1), "not_applicable", id="taken"),
        pytest.param(date(2026, 11, 20), date(2026, 9, 1), "at_risk", id="looked at before it was taken"),
        pytest.param(date(2027, 3, 2), date(2027, 3, 10), "at_risk", id="taken after the declaration"),
    ],
)
def test_an_authoritys_decision_counts_once_taken_and_by_the_declaration(
    decided_on: date, as_of: date, verdict: str
) -> None:
    no_ad = said("no_ad", "E1", decided_on=decided_on, authority="ARS", evidence=["decision"])

    found = assessed(OnlyDeclarations(no_ad), as_of=as_of)

    assert found["objectives"]["D1.O1.A"]["candidate"]["verdict"] == verdict


def test_what_was_true_on_the_day_looked_at_is_not_taken_back_by_a_later_record() -> None:
    first, again = (
        replace(OSIS, id=str(month), values={**OSIS.values, "filled_on": date(2026, month, 10)}) for month in (3, 11)
    )

    found = assessed(OnlyDeclarations(first, again))

    assert found["objectives"]["D1.O4"]["candidate"]["verdict"] == "met"


def test_a_programme_that_audits_nothing_is_judged_on_what_people_declared() -> None:
    found = assessed(OnlyDeclarations(), "P3_2026")

    assert len(found["objectives"]) == 15
    assert {one["candidate"]["verdict"] for one in found["objectives"].values()} == {"at_risk", "not_applicable"}


def test_what_the_index_could_not_restore_leaves_declared_objectives_open() -> None:
    found = assessed(OnlyDeclarations(OSIS, lost=1))["objectives"]["D1.O4"]["candidate"]

    assert (found["verdict"], found["reasons"]) == ("at_risk", ["NEEDS_DECISION"])


class OneTable(OneDecision):
    """An index that holds a table of spending, sealed as a report of an audit."""

    def __init__(self, text: str) -> None:
        self.text = text

    def deposits(self) -> Sequence[IndexedDeposit]:
        return [
            IndexedDeposit(
                id="1",
                evidence_class=EvidenceClass.EXPOSURE,
                journal_seq=1,
                committed_at=datetime(2026, 6, 1, tzinfo=UTC),
                received_at=datetime(2026, 6, 1, tzinfo=UTC),
                facts_on=None,
                bytes=1,
                stored_bytes=1,
                path="1",
                bag="1",
                collector=None,
                subject=None,
                replaces=None,
                reason=None,
                person=None,
            )
        ]

    def facts(self) -> Sequence[CurrentFact]:
        return [
            CurrentFact(
                evidence_id="1",
                kind=SPENDING,
                text=self.text,
                reader="spending_table",
                reader_version=1,
                journal_seq=2,
                deposit_id="2",
            )
        ]


def test_table_of_spending_is_decoded_for_spending_alone() -> None:
    fact = SpendingFact(table="depenses.csv")
    index = OneTable(json.dumps(to_json(fact)))

    assert known_facts(OneTable("no JSON"), PARIS) == []
    assert [item.fact for item in known_facts(index, PARIS, {SPENDING})] == [fact]


def test_report_that_was_read_as_a_table_of_spending_is_no_report_that_nobody_read() -> None:
    assert unread(OneTable(""), known_facts(OneTable(""), PARIS), PARIS) == []
