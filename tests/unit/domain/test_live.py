"""From facts to scenarios: unknown stays unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from agent.domain.admissible import KnownFact, Perimeter
from agent.domain.coverage import ExposedElement
from agent.domain.facts import AdsAuditFact, Decision, DocumentFact, ExposureAuditFact, Fact, FindingFact
from agent.domain.live import MOST_SCENARIOS, OpenQuestion, evaluate_live

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


def judged(*items: KnownFact, decisions: Sequence[Decision] = (), as_of: str = "2026-07-01") -> Judged:
    """Judge with a recorder in place of the rules: a unit is met when its audits say so, in any order."""
    seen: list[dict[str, Any]] = []

    def evaluate(scenario: dict[str, Any]) -> dict[str, Any]:
        seen.append(scenario)
        scores = [audit["score"] for audit in scenario.get("ads_audits", [])]
        criticals = [
            found
            for audit in scenario.get("exposure_audits", [])
            for found in audit["findings"]
            if found.get("label") == "critical" or found.get("cvss", 0) >= 9
        ]
        return {
            "programme": "P",
            "phase_start": "2026-03-02",
            "declaration": "2027-03-31",
            "objectives": {
                "D1.O1.B": objective("met" if scores and min(scores) >= 2 else "not_met"),
                "D1.O2.B": objective("not_met" if criticals or not scenario.get("exposure_audits") else "met"),
            },
        }

    live = evaluate_live(PERIMETER, items, decisions, as_of=as_of, evaluate=evaluate)
    document, questions = live.document, live.questions
    return Judged(scenarios=seen[1:], document=document, questions=questions)


def entry(verdict: str) -> dict[str, Any]:
    return {"verdict": verdict, "reasons": [], "contested": [], "next_due": None, "numbers": {}}


def objective(verdict: str) -> dict[str, Any]:
    return {"candidate": entry(verdict), "establishments": {"A": entry(verdict)}, "units": {"u": entry(verdict)}}


@dataclass
class Judged:
    """What was evaluated, and what came of it."""

    scenarios: list[dict[str, Any]]
    document: dict[str, Any]
    questions: tuple[OpenQuestion, ...]

    def verdict(self, name: str) -> str:
        return str(self.document["objectives"][name]["candidate"]["verdict"])

    def ads(self) -> list[list[dict[str, Any]]]:
        return [scenario["ads_audits"] for scenario in self.scenarios]

    def exposure(self) -> list[list[dict[str, Any]]]:
        return [scenario["exposure_audits"] for scenario in self.scenarios]


def confirm(evidence: str, **values: object) -> Decision:
    return Decision(
        decision="confirm", evidence=evidence, subject=None, person="rssi", on="2026-06-11", reason=None, values=values
    )


def test_a_settled_audit_has_one_value() -> None:
    found = judged(known(ads()))

    assert found.questions == ()
    assert found.ads() == [
        [
            {
                "id": "e1",
                "date": "2026-06-01",
                "ads": ["chu"],
                "report_available": "2026-06-01",
                "downloaded": True,
                "score": 3.0,
            }
        ]
    ] * len(found.scenarios)
    assert found.verdict("D1.O1.B") == "met"


def test_an_unconfirmed_score_is_evaluated_at_its_worst_and_at_its_best() -> None:
    found = judged(known(ads(score=None, undecided=("score",))))

    assert {audits[0]["score"] for audits in found.ads()} == {1, 5}
    assert found.verdict("D1.O1.B") == "at_risk"
    assert "NEEDS_DECISION" in found.document["objectives"]["D1.O1.B"]["candidate"]["reasons"]
    assert found.questions[0].command == "carenage inbox confirm e1 --score N"


def test_an_audit_of_an_unknown_directory_may_be_any_of_them_or_none() -> None:
    found = judged(known(ads(directory=None, undecided=("directory",))))

    assert [] in found.ads()
    assert any(audits and audits[0]["ads"] == ["chu", "ch"] for audits in found.ads())


def test_an_undated_run_is_tried_at_both_ends_of_the_phase_and_in_its_widest_silence() -> None:
    found = judged(known(ads(date=None, undecided=("date",))), as_of="2026-12-01")

    assert {audits[0]["date"] for audits in found.ads() if audits} == {"2026-03-02", "2026-04-21", "2026-06-10"}
    assert [] in found.ads()


def test_an_undated_run_that_arrived_after_the_declaration_is_tried_before_it() -> None:
    late = KnownFact(evidence="e1", fact=ads(date=None, score=1.0, undecided=("date",)), received_on="2027-05-01")

    found = judged(known(ads(), "good"), late, as_of="2027-06-01")

    assert "2027-03-31" in {audit["date"] for audits in found.ads() for audit in audits}
    assert found.verdict("D1.O1.B") == "at_risk"


def test_a_directory_that_is_not_configured_never_counts_without_a_decision() -> None:
    found = judged(known(ads(directory="elsewhere")))

    assert all(audits == [] for audits in found.ads())
    assert found.questions[0].fields == ("directory",)


def test_two_files_of_one_run_count_once() -> None:
    found = judged(known(ads(), "html"), known(ads(), "pdf"))

    assert [audit["id"] for audit in found.ads()[0]] == ["html"]


@pytest.mark.parametrize("scores", [(3, 1), (5, 1, 5), (1, 5, 5)], ids=str)
def test_files_of_one_run_that_disagree_leave_its_score_open(scores: tuple[float, ...]) -> None:
    found = judged(*(known(ads(score=float(score)), f"file-{index}") for index, score in enumerate(scores)))

    assert {audits[0]["score"] for audits in found.ads()} == set(scores)
    assert found.verdict("D1.O1.B") == "at_risk"
    assert found.questions[0].fields == ("score",)


def test_a_decision_on_any_file_of_a_run_settles_its_score() -> None:
    files = [known(ads(score=5.0), "html"), known(ads(score=1.0), "pdf")]

    found = judged(*files, decisions=[confirm("html", score=1.0), confirm("html", score=5.0)])

    assert {audits[0]["score"] for audits in found.ads()} == {5}
    assert found.questions == ()


def test_an_audit_covers_what_its_scope_names() -> None:
    found = judged(known(exposure()))

    assert found.exposure()[0][0]["covers"] == ["www"]


def test_a_second_copy_of_a_run_never_hides_what_the_first_one_found() -> None:
    clean = known(exposure(vendor_id="run", tool="INDUSTRIAL"), "clean")
    damning = known(exposure(vendor_id="run", findings=(finding(),), tool=None, undecided=("tool",)), "damning")

    found = judged(clean, damning)

    assert found.verdict("D1.O2.B") == "at_risk"


def test_two_audits_of_one_day_count_once_with_all_that_they_found() -> None:
    found = judged(
        known(exposure(vendor_id="by-api"), "api"),
        known(exposure(vendor_id="by-file", findings=(finding(),), scope=("vpn.chu.example",)), "file"),
    )

    (audit,) = found.exposure()[0]
    assert audit["covers"] == ["www", "vpn"]
    assert [item["id"] for item in audit["findings"]] == ["f1"]


def test_two_runs_of_one_scan_on_two_days_count_twice() -> None:
    found = judged(
        known(exposure(vendor_id="scan"), "first"), known(exposure(vendor_id="scan", date="2026-06-20"), "second")
    )

    assert len(found.exposure()[0]) == 2


def test_an_unknown_scope_covers_nothing_until_a_person_says_so() -> None:
    found = judged(known(exposure(scope=())))

    assert [] in found.exposure()
    assert "surfaces" in found.questions[0].fields


def test_an_audit_whose_nature_nobody_stated_may_not_count() -> None:
    found = judged(known(exposure(tool=None, undecided=("tool",))))

    assert [] in found.exposure()
    assert {audits[0]["tool"] for audits in found.exposure() if audits} == {"INDUSTRIAL", "SILENE"}


def test_a_partial_audit_may_not_count() -> None:
    found = judged(known(exposure(complete=False)))

    assert [] in found.exposure()
    assert found.verdict("D1.O2.B") == "at_risk"


def test_a_top_label_without_score_is_neither_clean_nor_critical() -> None:
    found = judged(known(exposure(findings=(finding(cvss=None),))))

    assert {len(audits[0]["findings"]) for audits in found.exposure()} == {0, 1}
    assert found.verdict("D1.O2.B") == "at_risk"


def test_what_a_person_says_of_findings_without_a_score_settles_them() -> None:
    found = judged(
        known(exposure(findings=(finding(cvss=None),), undecided=("findings",))),
        decisions=[confirm("e1", unscored_critical=False)],
    )

    assert found.verdict("D1.O2.B") == "met"
    assert found.questions == ()


def test_a_finding_on_an_unknown_asset_weighs_on_everything_covered() -> None:
    found = judged(known(exposure(findings=(finding(asset="198.51.100.9"),))))

    assert found.exposure()[0][0]["findings"] == [{"id": "f1", "surface": "www", "cvss": 9.8}]


def test_a_later_confirmation_supersedes() -> None:
    found = judged(known(ads()), decisions=[confirm("e1", score=2.0), confirm("e1", score=4.0, unknown=1)])

    assert {audits[0]["score"] for audits in found.ads()} == {4}


def test_a_kind_stated_for_a_document_that_gave_no_such_fact_settles_nothing() -> None:
    found = judged(known(DocumentFact()), decisions=[confirm("e1", kind="ads_report")])

    assert found.questions[0].fields == ("kind",)


def test_a_document_changes_no_scenario_and_is_asked_about() -> None:
    found = judged(known(DocumentFact()))

    assert all(audits == [] for audits in found.ads())
    assert found.questions[0].command == "carenage inbox confirm e1 --kind TYPE"


def test_families_vary_apart() -> None:
    found = judged(
        *(known(ads(score=None, date=f"2026-06-{day:02d}", undecided=("score",)), f"a{day}") for day in range(1, 7)),
        *(known(exposure(complete=False, date=f"2026-06-{day:02d}"), f"x{day}") for day in range(1, 7)),
    )

    assert len(found.scenarios) == 2**6 + 2**6
    assert found.verdict("D1.O1.B") == "at_risk"


def test_more_doubts_than_can_be_tried_leave_the_objective_open_even_when_what_was_tried_agrees() -> None:
    partial = [
        known(exposure(complete=False, date=f"2026-0{3 + day // 28}-{1 + day % 28:02d}"), f"x{day}")
        for day in range(40)
    ]
    clean = [known(exposure(date=f"2026-06-{day:02d}"), f"c{day}") for day in (20, 25)]

    found = judged(*partial, *clean)

    assert len(found.scenarios) <= 2 * MOST_SCENARIOS
    assert found.verdict("D1.O2.B") == "at_risk"
    assert "NEEDS_DECISION" in found.document["objectives"]["D1.O2.B"]["candidate"]["reasons"]
    assert found.verdict("D1.O1.B") == "not_met"


def test_the_soonest_date_and_every_contested_reading_of_any_value_are_kept() -> None:
    def evaluate(scenario: dict[str, Any]) -> dict[str, Any]:
        scores = [audit["score"] for audit in scenario.get("ads_audits", [])]
        good = scores == [5]
        one = {
            **entry("at_risk"),
            "next_due": "2026-08-01" if good else None,
            "contested": ["mean_cmp"] if good else [],
        }
        return {
            "programme": "P",
            "phase_start": "2026-03-02",
            "declaration": "2027-03-31",
            "objectives": {"D1.O1.A": {"candidate": one, "establishments": {}, "units": {}}},
        }

    document = evaluate_live(
        PERIMETER, [known(ads(score=None, undecided=("score",)))], [], as_of="2026-07-01", evaluate=evaluate
    ).document

    merged = document["objectives"]["D1.O1.A"]["candidate"]
    assert (merged["verdict"], merged["next_due"], merged["contested"]) == ("at_risk", "2026-08-01", ["mean_cmp"])


def same_bytes(item: KnownFact) -> KnownFact:
    return replace(item, content="tag")


def test_the_same_bytes_received_twice_are_one_audit() -> None:
    found = judged(same_bytes(known(ads(), "first")), same_bytes(known(ads(), "second")))

    assert [len(audits) for audits in found.ads()] == [1] * len(found.scenarios)
    assert found.questions == ()


def test_copies_of_the_same_bytes_that_state_two_days_are_one_audit_whose_day_is_open() -> None:
    found = judged(same_bytes(known(ads(), "first")), same_bytes(known(ads(date="2026-06-20"), "second")))

    assert max(len(audits) for audits in found.ads()) == 1
    assert found.questions[0].fields == ("date",)


def test_a_decision_about_one_copy_of_the_same_bytes_settles_them_all() -> None:
    copies = [same_bytes(known(ads(), "first")), same_bytes(known(ads(date="2026-06-20"), "second"))]

    found = judged(*copies, decisions=[confirm("first", date="2026-06-02")])

    assert {audits[0]["date"] for audits in found.ads()} == {"2026-06-02"}
    assert found.questions == ()


def test_an_audit_of_nothing_that_is_declared_is_asked_about() -> None:
    found = judged(known(exposure(scope=("www.elsewhere.example",))))

    assert all(audits == [] for audits in found.exposure())
    assert found.questions[0].fields == ("surfaces",)


def test_a_day_that_no_scenario_accepts_leaves_the_run_undated() -> None:
    found = judged(known(ads(date="0026-06-01")))

    assert "0026-06-01" not in {audit["date"] for audits in found.ads() for audit in audits}
