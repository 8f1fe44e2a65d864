"""Suppositions of a command line: read with all their faults at once, and put into the scenario."""

from __future__ import annotations

from datetime import date

import pytest

from agent.domain.assessment import evaluate
from agent.domain.forecast.what_if import Fault, FaultCode, Supposition, parse_suppositions, suppose
from tests.unit.domain.forecast.cases import parsed, scenario

TODAY, LAST = date(2026, 9, 1), date(2027, 3, 31)


def both(*texts: str) -> tuple[tuple[Supposition, ...], tuple[Fault, ...]]:
    return parse_suppositions(texts, directories=["AD1"], surfaces=["X1"], as_of=TODAY, last_day=LAST)


def read(*texts: str) -> tuple[Supposition, ...]:
    found, faults = both(*texts)
    assert not faults
    return found


def test_an_ads_run_and_an_exposure_audit_are_understood() -> None:
    run, audit = read("ads:ad1:2026-12-14:score=3", "exposure:*:2027-02-10:clean")

    assert (run.kind, run.unit, run.day, run.score) == ("ads", "AD1", date(2026, 12, 14), 3)
    assert (audit.unit, audit.result, audit.tool) == ("*", "clean", "INDUSTRIAL")


def test_a_tool_and_a_result_may_be_said() -> None:
    (audit,) = read("exposure:X1:2027-02-10:critical:tool=SILENE")

    assert (audit.unit, audit.result, audit.tool) == ("X1", "critical", "SILENE")


@pytest.mark.parametrize("day", ["2026-12-14", "14/12/2026", "14 décembre 2026"])
def test_a_day_is_written_in_iso_or_in_french(day: str) -> None:
    [audit] = read(f"ads:AD1:{day}:score=3")

    assert audit.day == date(2026, 12, 14)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ad:AD1:2026-12-14:score=3", FaultCode.KIND),
        ("ads:AD1:2026-12-14", FaultCode.PARTS),
        ("ads:AD9:2026-12-14:score=3", FaultCode.UNIT),
        ("ads:AD1:12/14/2026:score=3", FaultCode.DAY),
        ("ads:AD1:2026-12-14:score=9", FaultCode.SCORE),
        ("ads:AD1:2026-12-14:clean", FaultCode.SCORE),
        ("ads:AD1:2026-08-31:score=3", FaultCode.PAST_DAY),
        ("exposure:X1:2027-04-01:clean", FaultCode.LATE_DAY),
        ("exposure:X1:2027-02-10:propre", FaultCode.RESULT),
        ("", FaultCode.KIND),
    ],
    ids=[
        "unknown kind", "nothing said", "unknown directory", "month before day", "score out of the scale",
        "not a score", "past day", "after the declaration", "unknown result", "empty",
    ],
)  # fmt: skip
def test_what_cannot_be_understood_supposes_nothing(text: str, code: FaultCode) -> None:
    found, faults = both(text)

    assert found == ()
    assert [(one.where, one.code) for one in faults] == [(text, code)]


def test_every_fault_is_named_at_once() -> None:
    _, faults = both("ads:AD9:2026-02-30:score=3", "exposure:X1:2027-02-10:propre")

    assert [one.code for one in faults] == [FaultCode.UNIT, FaultCode.DAY, FaultCode.RESULT]


def test_supposed_audits_join_the_scenario_and_leave_the_given_one_alone() -> None:
    value = scenario(as_of="2026-09-01", runs=["2026-06-20"])
    changed, ids = suppose(value, read("ads:*:2026-12-14:score=3", "exposure:*:2027-02-10:critical"))

    assert len(value["ads_audits"]) == 1
    assert {one["id"] for one in changed["ads_audits"]} >= ids - {one["id"] for one in changed["exposure_audits"]}
    assert parsed(changed).exposure_audits[0].findings[0].severity.cvss == 9.8


def test_an_id_already_taken_is_left_to_its_bearer() -> None:
    value = scenario(as_of="2026-09-01", runs=[{"id": "supposed-1", "date": "2026-06-20"}])
    changed, ids = suppose(value, read("ads:AD1:2026-12-14:score=3"))

    assert ids.isdisjoint({"supposed-1"})
    assert len({one["id"] for one in changed["ads_audits"]}) == 2


def test_a_critical_in_the_last_audit_moves_the_verdict() -> None:
    value = scenario(as_of="2027-03-31", exposures=["2027-01-10"])

    def end(text: str) -> str:
        changed, _ = suppose(value, read(text))
        one = parsed(changed)
        return evaluate(one.programme, one).objectives["D1.O2.B"].candidate.verdict.value

    assert end("exposure:*:2027-02-20:clean") == "met"
    assert end("exposure:*:2027-02-20:critical") == "not_met"


def test_a_moved_declaration_moves_the_phase_end() -> None:
    changed, _ = suppose(scenario(as_of="2026-09-01"), (), declaration=date(2027, 3, 20))

    assert parsed(changed).phase.declaration == date(2027, 3, 20)
