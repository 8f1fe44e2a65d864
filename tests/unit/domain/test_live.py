"""From facts to scenarios: unknown stays unknown."""

from __future__ import annotations

from typing import Any

import pytest

from agent.domain.coverage import ExposedElement
from agent.domain.facts import AdsAuditFact, Decision, DocumentFact, ExposureAuditFact, Fact, FindingFact
from agent.domain.live import KnownFact, Perimeter, agree, evaluate_live, live_scenarios, settle

PERIMETER = Perimeter(
    base={"id": "ght", "programme": "D1BIS_2026"},
    elements=(
        ExposedElement(id="www", names=("www.chu.example",)),
        ExposedElement(id="vpn", names=("vpn.chu.example",)),
    ),
    directories=("chu", "ch"),
)


def known(fact: Fact, evidence: str = "e1") -> KnownFact:
    return KnownFact(evidence=evidence, fact=fact, received_on="2026-06-10")


def ads(**changes: Any) -> AdsAuditFact:
    values: dict[str, Any] = {"directory": "chu", "date": "2026-06-01", "score": 3.0, **changes}
    return AdsAuditFact(**values)


def exposure(**changes: Any) -> ExposureAuditFact:
    values: dict[str, Any] = {
        "vendor": "nessus",
        "vendor_id": None,
        "name": None,
        "tool": "INDUSTRIAL",
        "date": "2026-06-02",
        "scope": ("www.chu.example",),
        **changes,
    }
    return ExposureAuditFact(**values)


def finding(**changes: Any) -> FindingFact:
    values: dict[str, Any] = {
        "id": "f1",
        "asset": "www.chu.example",
        "title": "old TLS",
        "cvss": 9.8,
        "label": "critical",
        "scores": {},
        **changes,
    }
    return FindingFact(**values)


def scenarios(*items: KnownFact) -> list[dict[str, Any]]:
    return list(live_scenarios(PERIMETER, items, as_of="2026-07-01").scenarios)


def test_a_settled_audit_gives_one_scenario() -> None:
    (scenario,) = scenarios(known(ads()))

    assert scenario["as_of"] == "2026-07-01"
    assert scenario["ads_audits"] == [
        {
            "id": "e1",
            "date": "2026-06-01",
            "ads": ["chu"],
            "report_available": "2026-06-01",
            "downloaded": True,
            "score": 3.0,
        }
    ]


def test_an_unconfirmed_score_is_evaluated_at_its_worst_and_at_its_best() -> None:
    found = scenarios(known(ads(score=None, undecided=("score",))))

    assert found[0]["ads_audits"][0]["score"] == 1
    assert {scenario["ads_audits"][0]["score"] for scenario in found} == {1, 5}


def test_an_audit_of_an_unknown_directory_may_be_any_of_them_or_none() -> None:
    found = scenarios(known(ads(directory=None, undecided=("directory",))))

    assert found[0]["ads_audits"] == []
    assert any(scenario["ads_audits"] and scenario["ads_audits"][0]["ads"] == ["chu", "ch"] for scenario in found)


def test_an_undated_run_is_at_best_as_recent_as_its_arrival() -> None:
    found = scenarios(known(ads(date=None, undecided=("date",))))

    assert found[0]["ads_audits"] == []
    assert found[1]["ads_audits"][0]["date"] == "2026-06-10"


def test_a_directory_that_is_not_configured_never_counts_without_a_decision() -> None:
    assert scenarios(known(ads(directory="elsewhere")))[0]["ads_audits"] == []


def test_two_files_of_one_run_count_once() -> None:
    (scenario,) = scenarios(known(ads(), "html"), known(ads(), "pdf"))

    assert [audit["id"] for audit in scenario["ads_audits"]] == ["html"]


def test_two_files_of_one_run_with_different_scores_reopen_the_question() -> None:
    found = live_scenarios(PERIMETER, [known(ads(), "html"), known(ads(score=1.0), "pdf")], as_of="2026-07-01")

    assert {scenario["ads_audits"][0]["score"] for scenario in found.scenarios} == {1, 5}  # type: ignore[index]
    assert found.questions[0].fields == ("score",)


def test_an_exposure_audit_received_twice_counts_once_and_as_what_was_decided() -> None:
    open_copy = known(exposure(vendor_id="run-1", tool=None, undecided=("tool",)), "first")
    settled_copy = known(exposure(vendor_id="run-1"), "second")

    (scenario,) = scenarios(open_copy, settled_copy)

    assert [audit["id"] for audit in scenario["exposure_audits"]] == ["second"]


def test_two_runs_of_one_scan_count_twice() -> None:
    (scenario,) = scenarios(
        known(exposure(vendor_id="scan"), "first"), known(exposure(vendor_id="scan", date="2026-06-20"), "second")
    )

    assert len(scenario["exposure_audits"]) == 2


def test_what_a_person_says_of_findings_without_a_score_settles_them() -> None:
    said = exposure(findings=(finding(cvss=None),), unscored_critical=False)

    (scenario,) = scenarios(known(said))

    assert scenario["exposure_audits"][0]["findings"] == []


def test_an_audit_covers_what_its_scope_names() -> None:
    (scenario,) = scenarios(known(exposure()))

    assert scenario["exposure_audits"][0]["covers"] == ["www"]


def test_an_unknown_scope_covers_nothing_until_a_person_says_so() -> None:
    found = live_scenarios(PERIMETER, [known(exposure(scope=()))], as_of="2026-07-01")

    assert found.scenarios[0]["exposure_audits"] == []
    assert "surfaces" in found.questions[0].fields


def test_an_audit_whose_nature_nobody_stated_may_not_count() -> None:
    found = scenarios(known(exposure(tool=None, undecided=("tool",))))

    assert found[0]["exposure_audits"] == []
    assert {scenario["exposure_audits"][0]["tool"] for scenario in found if scenario["exposure_audits"]} == {
        "INDUSTRIAL",
        "SILENE",
    }


def test_a_partial_audit_may_not_count() -> None:
    assert scenarios(known(exposure(complete=False)))[0]["exposure_audits"] == []


def test_a_top_label_without_score_is_neither_clean_nor_critical() -> None:
    found = scenarios(known(exposure(findings=(finding(cvss=None),))))

    assert found[0]["exposure_audits"][0]["findings"] == [{"id": "f1", "label": "critical", "surface": "www"}]
    assert any(scenario["exposure_audits"][0]["findings"] == [] for scenario in found)


def test_a_finding_on_an_unknown_asset_weighs_on_everything_covered() -> None:
    (scenario,) = scenarios(known(exposure(findings=(finding(asset="198.51.100.9"),))))

    assert scenario["exposure_audits"][0]["findings"] == [{"id": "f1", "cvss": 9.8}]


def test_a_confirmation_settles_the_fields_it_names() -> None:
    decision = Decision(
        decision="confirm",
        evidence="e1",
        subject=None,
        person="rssi",
        on="2026-06-11",
        reason=None,
        values={"score": 2.0, "surfaces": ["www"], "unknown": 1},
    )

    (settled,) = settle([known(ads(score=None, undecided=("score",)))], [decision])

    assert settled.fact == ads(score=2.0)


def test_a_later_confirmation_supersedes() -> None:
    def confirm(score: float) -> Decision:
        return Decision(
            decision="confirm",
            evidence="e1",
            subject=None,
            person="rssi",
            on="2026-06-11",
            reason=None,
            values={"score": score},
        )

    (settled,) = settle([known(ads())], [confirm(2.0), confirm(4.0)])

    assert settled.fact == ads(score=4.0)


def test_a_document_changes_no_scenario() -> None:
    (scenario,) = scenarios(known(DocumentFact()))

    assert scenario["ads_audits"] == []


def entry(verdict: str, **changes: Any) -> dict[str, Any]:
    return {"verdict": verdict, "reasons": [], "contested": [], "next_due": None, "numbers": {}, **changes}


def document(verdict: str, **changes: Any) -> dict[str, Any]:
    one = entry(verdict, **changes)
    return {"programme": "P", "objectives": {"O": {"candidate": one, "establishments": {"A": one}, "units": {}}}}


def test_verdicts_that_agree_stand() -> None:
    merged: Any = agree([document("met"), document("met")])

    assert merged["objectives"]["O"]["candidate"]["verdict"] == "met"


@pytest.mark.parametrize("order", [("met", "not_met"), ("not_met", "met")], ids="-then-".join)
def test_verdicts_that_differ_await_a_decision(order: tuple[str, str]) -> None:
    worst, best = order
    merged: Any = agree(
        [document(worst, reasons=["SCORE_BELOW_2"], next_due="2026-08-01"), document(best, next_due="2026-07-20")]
    )

    assert merged["objectives"]["O"]["establishments"]["A"] == entry(
        "at_risk", reasons=["NEEDS_DECISION", "SCORE_BELOW_2"], next_due="2026-07-20"
    )


def test_the_same_evaluation_judges_every_variant() -> None:
    def evaluate(scenario: dict[str, Any]) -> dict[str, object]:
        scores = [audit["score"] for audit in scenario["ads_audits"]]
        return document("met" if min(scores) >= 2 else "not_met")

    merged: Any
    merged, questions = evaluate_live(
        PERIMETER, [known(ads(score=None, undecided=("score",)))], [], as_of="2026-07-01", evaluate=evaluate
    )

    assert merged["objectives"]["O"]["candidate"]["verdict"] == "at_risk"
    assert questions[0].command == "carenage inbox confirm e1 --score N"
