"""What people decided enters the scenario, under the reading, the establishment or the finding that it names."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from agent.domain.admissible import KnownFact, Perimeter
from agent.domain.assessment import evaluate
from agent.domain.coverage import ExposedElement
from agent.domain.decided import pins, reading_values, reratings, with_copies, with_decided
from agent.domain.declaration import Declaration
from agent.domain.facts import ExposureAuditFact, FindingFact
from agent.domain.live import evaluate_live
from agent.domain.scenario import parse_scenario
from config.programme_files import find_programme, load_programme

if TYPE_CHECKING:
    from agent.domain.declaration import Value

BASE: dict[str, object] = {
    "programme": "D1BIS_2026",
    "candidate": {"type": "GHT", "establishments": [{"id": "chu", "activity": 60}, {"id": "ch", "activity": 40}]},
    "ads": [{"id": "entra", "kind": "entra_only", "establishments": ["chu"]}],
    "config": {"warn_days": 15, "readings": {"gap_cmp": "le"}},
}


TODAY = date(2026, 6, 15)


def declared(fact: str, *subjects: str, id: str = "d1", **values: Value) -> Declaration:  # noqa: A002
    return Declaration(id=id, fact=fact, subjects=subjects, values=values, person="RSSI", on=date(2026, 5, 3))


def pin(value: str, reading: str = "mean_cmp", programme: str = "D1BIS_2026", **more: str) -> Declaration:
    return declared("pinned_reading", f"{programme}/{reading}", value=value, answer="ANS, 2 mai", **more)


def test_a_pinned_reading_joins_those_of_the_configuration() -> None:
    decided: dict[str, Any] = with_decided(BASE, [pin("le")], until=TODAY)

    assert decided["config"] == {"warn_days": 15, "readings": {"gap_cmp": "le", "mean_cmp": "le"}}


def test_a_reading_of_yes_or_no_is_pinned_as_such() -> None:
    decided: dict[str, Any] = with_decided(BASE, [pin("false", "support_counts")], until=TODAY)

    assert decided["config"]["readings"]["support_counts"] is False


@pytest.mark.parametrize(
    "one",
    [pin("le", programme="D1_2024"), pin("nimporte"), pin("le", "inconnue"), declared("osis", "chu")],
    ids=["another programme", "unknown value", "unknown reading", "another fact"],
)
def test_what_pins_nothing_here_changes_nothing(one: Declaration) -> None:
    assert with_decided(BASE, [one], until=TODAY) == BASE


def test_a_pin_says_who_settled_it_when_and_on_what_answer() -> None:
    (found,) = pins([pin("le")], "D1BIS_2026")

    assert found.as_json() == {
        "value": "le", "answer": "ANS, 2 mai", "person": "RSSI", "on": "2026-05-03", "declaration": "d1",
    }  # fmt: skip


@pytest.mark.parametrize(("fact", "flag"), [("no_ad", "no_ad_decision"), ("no_exposure", "no_exposure_decision")])
def test_an_authoritys_decision_bears_on_the_establishments_it_names(fact: str, flag: str) -> None:
    decided: dict[str, Any] = with_decided(BASE, [declared(fact, "ch", "parti")], until=TODAY)

    assert decided["candidate"]["establishments"] == [
        {"id": "chu", "activity": 60},
        {"id": "ch", "activity": 40, flag: "not_applicable"},
    ]


@pytest.mark.parametrize(
    ("decided_on", "counts"), [(date(2026, 6, 15), True), (date(2026, 6, 16), False)], ids=["that day", "the day after"]
)
@pytest.mark.parametrize(("fact", "subject"), [("no_ad", "ch"), ("no_exposure", "ch"), ("entra_exempt", "entra")])
def test_an_authoritys_decision_counts_from_the_day_it_was_taken(
    fact: str, subject: str, decided_on: date, counts: bool
) -> None:
    decided = with_decided(BASE, [declared(fact, subject, decided_on=decided_on)], until=TODAY)

    assert (decided != BASE) is counts


def test_a_pinned_reading_says_how_the_texts_are_read_whatever_the_day() -> None:
    assert with_decided(BASE, [pin("le")], until=date(2026, 1, 1)) != BASE


def test_an_authoritys_decision_that_names_nobody_decides_nothing() -> None:
    assert with_decided(BASE, [declared("no_ad")], until=TODAY)["candidate"] == BASE["candidate"]


def test_an_exempt_directory_is_marked() -> None:
    decided: dict[str, Any] = with_decided(BASE, [declared("entra_exempt", "entra")], until=TODAY)

    assert decided["ads"] == [{"id": "entra", "kind": "entra_only", "establishments": ["chu"], "decision": "exempt"}]


def test_the_scenario_with_decisions_is_one_that_the_rules_read() -> None:
    base = {**BASE, "id": "ght", "phase": {"start": "2026-05-04"}, "as_of": "2026-06-15", "surfaces": []}
    decided = with_decided(base, [pin("le"), declared("no_ad", "ch"), declared("entra_exempt", "entra")], until=TODAY)

    document: Any = evaluate(load_programme("D1BIS_2026"), parse_scenario(decided, find_programme)).as_json()

    entries = document["objectives"]["D1.O1.A"]["establishments"]
    assert {name: entry["verdict"] for name, entry in entries.items()} == {
        "chu": "not_applicable", "ch": "not_applicable",
    }  # fmt: skip


def test_every_programme_can_pin_the_readings_of_its_objectives() -> None:
    values = reading_values(load_programme("D1BIS_2026"))

    assert values["mean_cmp"] == ("lt", "le")
    assert "d1_interval" not in values
    assert "d1_interval" in reading_values(load_programme("D1_2024"))


# Re-ratings


def rerating(cvss: str = "5.0", id: str = "d1", **values: Value) -> Declaration:  # noqa: A002
    said: dict[str, Value] = {"cvss": Decimal(cvss), "justified": True, "in_report": True, "surface": "www", **values}
    return declared("rerating", "f1", id=id, **said)


def verdict(*declarations: Declaration, day: str = "2026-06-02") -> tuple[list[dict[str, Any]], int]:
    """Return the findings of the scenario and how many are critical, for one audit with one critical finding."""
    base: dict[str, object] = {
        "id": "x",
        "programme": "D1BIS_2026",
        "candidate": {"type": "PRIVE", "establishments": [{"id": "c", "activity": 1}]},
        "phase": {"start": "2026-04-01"},
        "ads": [],
        "surfaces": [{"id": "www", "establishments": ["c"]}],
    }
    fact = ExposureAuditFact(
        vendor="nessus", vendor_id=None, name=None, tool="INDUSTRIAL", date=day, surfaces=("www",),
        findings=(FindingFact(id="f1", asset="www.example", title="t", cvss=9.8, label=None, scores={}),),
    )  # fmt: skip

    def judge(scenario: Any) -> Any:
        return evaluate(load_programme("D1BIS_2026"), parse_scenario(scenario, find_programme)).as_json()

    live = evaluate_live(
        Perimeter(base=base, elements=(ExposedElement(id="www", names=("www.example",)),)),
        [KnownFact(evidence="e1", fact=fact, received_on=day)],
        [],
        as_of="2026-06-15",
        evaluate=judge,
        reratings=reratings(declarations),
    )
    scenario: Any = live.scenario
    (numbers,) = [unit["numbers"] for unit in live.document["objectives"]["D1.O2.B"]["units"].values()]
    return scenario["exposure_audits"][0]["findings"], numbers["critical_last_two"]


def test_without_a_rerating_the_score_of_the_report_stands() -> None:
    assert verdict() == ([{"id": "f1", "surface": "www", "cvss": 9.8}], 1)


def test_a_justified_and_reported_rerating_counts() -> None:
    findings, criticals = verdict(rerating(audits=("e1",)))

    assert findings[0]["rerated"] == {"cvss": 5.0, "justified": True, "in_report": True}
    assert criticals == 0


@pytest.mark.parametrize(
    "values",
    [{"justified": False}, {"in_report": False}, {"surface": "vpn"}, {"audits": ("e2",)}],
    ids=["not justified", "not in the report", "another surface", "another audit"],
)
def test_a_rerating_that_lacks_something_changes_nothing(values: dict[str, Value]) -> None:
    said: dict[str, Any] = {"audits": ("e1",), **values}
    assert verdict(rerating(**said))[1] == 1


@pytest.mark.parametrize(("day", "criticals"), [("2026-05-02", 1), ("2026-05-03", 0), ("2026-06-02", 0)])
def test_a_rerating_that_names_no_audit_bears_on_those_from_its_day(day: str, criticals: int) -> None:
    assert verdict(rerating(), day=day)[1] == criticals


def test_the_last_rerating_that_bears_on_an_audit_wins() -> None:
    assert verdict(rerating(), rerating(in_report=False, id="d2"))[1] == 1
    assert verdict(rerating(in_report=False), rerating(id="d2"))[1] == 0
    assert verdict(rerating(), rerating(in_report=False, id="d2", audits=("e2",)))[1] == 0


def test_a_rerating_bears_on_every_copy_of_the_report_it_names() -> None:
    contents = {"e1": "same", "e2": "same", "e3": "other", "e4": None}

    (found,) = with_copies(reratings([rerating(audits=("e1", "e4"))]), contents)
    (later,) = with_copies(reratings([rerating()]), contents)

    assert set(found.audits) == {"e1", "e2", "e4"}
    assert later.audits == ()


def test_a_rerating_upwards_counts_too() -> None:
    assert verdict(rerating("10"))[1] == 1
