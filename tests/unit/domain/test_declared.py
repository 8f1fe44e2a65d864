from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from agent.domain.declaration import Declaration, Value
from agent.domain.declared import DeclaredAssessment
from agent.domain.rules.outcome import Reason
from agent.domain.verdict import Entry, Verdict
from config.programme_files import load_programme
from tests.unit.domain.declared_cases import BIS, OLD, P3, TODAY, establishments, judged, said

MET, AT_RISK, NOT_MET, NOT_APPLICABLE = Verdict.MET, Verdict.AT_RISK, Verdict.NOT_MET, Verdict.NOT_APPLICABLE


def candidate(found: DeclaredAssessment, objective: str) -> Entry:
    return {**found.objectives, **found.prerequisites}[objective].candidate


def verdict(found: DeclaredAssessment, objective: str) -> tuple[Verdict, set[Reason]]:
    entry = candidate(found, objective)
    return entry.verdict, set(entry.reasons)


def exercise(*subjects: str, held_on: date = date(2026, 6, 1), **values: Value) -> Declaration:
    return said("crisis_exercise", *subjects, held_on=held_on, evidence=["proof"], **values)


def osis(*subjects: str, measures: int = 43, **values: Value) -> Declaration:
    return said("osis", *subjects, budget_share_filled=True, priority_measures_filled=measures, **values)


def budget(*subjects: str, **values: Value) -> Declaration:
    figures: dict[str, Value] = {
        "year": 2023,
        "digital_budget": Decimal(100000),
        "total_budget": Decimal(10000000),
        "internal_fte": Decimal("2.5"),
        "in_osis": True,
    }
    return said("digital_budget", *subjects, **(figures | values))


def governance(**values: Value) -> Declaration:
    flags = ("referent_named_by_director", "single_ad_team", "transverse_governance", "ad_in_master_plan")
    return said("governance", evidence=["team", "governance_chart"], **(dict.fromkeys(flags, True) | values))


def trajectory(
    *, milestone_on: date = date(2027, 7, 30), evidence: Any = ("trajectory",), **values: Value
) -> Declaration:
    flags = (
        "modalities",
        "planning",
        "named_lead",
        "pooled_teams",
        "provisional_budget",
        "validated_by_dsi",
        "committee_validated",
    )
    told: dict[str, Value] = {
        **dict.fromkeys(flags, True),
        "establishments": ("E1", "E2"),
        "milestone_on": milestone_on,
        "milestone": "Un annuaire commun pour deux sites",
        "committee_on": date(2026, 8, 1),
    }
    return said("convergence_trajectory", evidence=evidence, **(told | values))


class TestSilence:
    @pytest.mark.parametrize("programme", [BIS, OLD, P3])
    def test_says_nothing_is_met(self, programme: str) -> None:
        found = judged(programme=programme, as_of=date(2024, 9, 1) if programme == OLD else TODAY)

        verdicts = {one.candidate.verdict for one in (*found.objectives.values(), *found.prerequisites.values())}
        assert verdicts <= {AT_RISK, NOT_APPLICABLE}

    def test_leaves_until_the_declaration(self) -> None:
        assert candidate(judged(), "D1.O4").next_due == date(2027, 3, 1)
        assert verdict(judged(as_of=date(2027, 3, 1)), "D1.O4") == (AT_RISK, {Reason.NOT_DECLARED})
        assert verdict(judged(as_of=date(2027, 3, 2)), "D1.O4") == (NOT_MET, {Reason.NOT_DECLARED})


class TestCrisisExercise:
    def test_is_held_by_every_establishment_of_a_ght(self) -> None:
        assert verdict(judged(exercise("E1"), exercise("E2")), "D1.O3") == (MET, set())
        assert verdict(judged(exercise("E1")), "D1.O3") == (AT_RISK, {Reason.NOT_DECLARED})

    def test_is_held_once_by_a_public_candidate_outside_a_ght(self) -> None:
        found = judged(exercise(), type="PUBLIC_HORS_GHT", of=establishments(60, 40, support=False))

        assert candidate(found, "D1.O3").verdict is MET
        assert list(found.objectives["D1.O3"].units) == ["candidat"]
        assert {one.verdict for one in found.objectives["D1.O3"].establishments.values()} == {MET}

    def test_of_one_establishment_is_not_that_of_the_whole_candidate(self) -> None:
        parts: dict[str, Any] = {"type": "PUBLIC_HORS_GHT", "of": establishments(60, 40, support=False)}

        assert candidate(judged(exercise("E1"), **parts), "D1.O3").verdict is AT_RISK
        assert candidate(judged(exercise("E1", "E2"), **parts), "D1.O3").verdict is MET

    def test_of_each_part_is_that_of_a_public_candidate_outside_a_ght(self) -> None:
        parts: dict[str, Any] = {"type": "PUBLIC_HORS_GHT", "of": establishments(60, 30, 10, support=False)}

        assert candidate(judged(exercise("E1"), exercise("E2", "E3"), **parts), "D1.O3").verdict is MET
        assert candidate(judged(exercise("E1"), exercise("E2"), **parts), "D1.O3").verdict is AT_RISK

    def test_shared_needs_a_single_si_and_all_directions(self) -> None:
        assert verdict(judged(exercise()), "D1.O3") == (AT_RISK, {Reason.SHARED_WITHOUT_SINGLE_SI})
        assert verdict(judged(exercise(single_si=True, directions_involved=True)), "D1.O3") == (MET, set())

    @pytest.mark.parametrize(
        ("held_on", "expected"),
        [
            pytest.param(date(2024, 12, 31), (AT_RISK, {Reason.OUTSIDE_WINDOW}), id="the day before the window"),
            pytest.param(date(2025, 1, 1), (MET, set()), id="the window's first day, before the phase"),
            pytest.param(date(2026, 9, 1), (MET, set()), id="today"),
            pytest.param(date(2026, 9, 2), (AT_RISK, {Reason.PLANNED}), id="tomorrow"),
            pytest.param(date(2027, 3, 2), (AT_RISK, {Reason.OUTSIDE_WINDOW}), id="after the declaration"),
        ],
    )
    def test_falls_in_the_window_of_the_call_of_2026(self, held_on: date, expected: object) -> None:
        assert verdict(judged(exercise("E1", held_on=held_on), of=establishments(100)), "D1.O3") == expected

    @pytest.mark.parametrize(
        ("held_on", "expected"),
        [
            (date(2022, 12, 31), AT_RISK),
            (date(2023, 1, 1), MET),
            (date(2024, 12, 31), MET),
            (date(2025, 1, 1), AT_RISK),
        ],
    )
    def test_falls_in_2023_or_2024_for_the_call_of_2024(self, held_on: date, expected: Verdict) -> None:
        held = exercise("E1", held_on=held_on, decision_cell=True)
        found = judged(held, programme=OLD, of=establishments(100), as_of=date(2024, 12, 31))

        assert candidate(found, "D1.O3").verdict is expected

    @pytest.mark.parametrize(
        ("programme", "held_on", "expected"),
        [
            pytest.param(OLD, date(2024, 5, 1), (AT_RISK, {Reason.CONDITION_NOT_MET}), id="asked by the memo of 2024"),
            pytest.param(BIS, date(2026, 5, 1), (MET, set()), id="advised in 2026"),
        ],
    )
    def test_mobilises_the_decision_cell_in_the_call_of_2024(
        self, programme: str, held_on: date, expected: object
    ) -> None:
        held = exercise("E1", held_on=held_on, decision_cell=False)
        as_of = date(2024, 12, 1) if programme == OLD else TODAY

        assert verdict(judged(held, programme=programme, of=establishments(100), as_of=as_of), "D1.O3") == expected

    def test_of_the_call_of_2024_is_lost_once_2024_is_over(self) -> None:
        late = judged(exercise("E1", held_on=date(2025, 1, 1)), programme=OLD, as_of=date(2025, 1, 1))

        assert candidate(late, "D1.O3").verdict is NOT_MET
        assert candidate(judged(programme=OLD, as_of=date(2024, 12, 31)), "D1.O3").next_due == date(2024, 12, 31)

    def test_is_spared_only_by_a_decision_and_the_lessons_of_the_attack(self) -> None:
        attack: dict[str, Value] = {"attacked_on": date(2026, 5, 1), "decided_on": date(2026, 7, 1)}
        exempt = said("exercise_exemption", "E1", evidence=["decision", "retex"], **attack)
        without = said("exercise_exemption", "E1", evidence=["decision"], **attack)
        one = establishments(100)

        assert verdict(judged(exempt, of=one), "D1.O3") == (MET, set())
        assert verdict(judged(without, of=one), "D1.O3") == (AT_RISK, {Reason.PROOF_MISSING})

    def test_needs_its_proof(self) -> None:
        bare = said("crisis_exercise", "E1", held_on=date(2026, 6, 1))

        assert verdict(judged(bare, of=establishments(100)), "D1.O3") == (AT_RISK, {Reason.PROOF_MISSING})


class TestOsis:
    @pytest.mark.parametrize(("measures", "expected"), [(43, MET), (42, AT_RISK)])
    def test_holds_all_43_measures(self, measures: int, expected: Verdict) -> None:
        assert candidate(judged(osis(measures=measures)), "D1.O4").verdict is expected

    def test_is_asked_of_each_establishment_unless_said_of_all(self) -> None:
        assert candidate(judged(osis("E1")), "D1.O4").verdict is AT_RISK
        assert candidate(judged(osis()), "D1.O4").verdict is MET

    def test_filled_part_by_part_is_filled_by_a_public_candidate_outside_a_ght(self) -> None:
        parts: dict[str, Any] = {"type": "PUBLIC_HORS_GHT", "of": establishments(60, 40, support=False)}
        found = judged(osis("E1"), osis("E2"), **parts)

        assert verdict(found, "D1.O4") == (MET, set())
        assert list(found.objectives["D1.O4"].units) == ["E1", "E2"]
        assert verdict(judged(osis("E1"), **parts), "D1.O4") == (AT_RISK, {Reason.NOT_DECLARED})
        assert candidate(judged(osis(), osis("E1", measures=12), **parts), "D1.O4").verdict is AT_RISK

    def test_filled_on_a_day_to_come_is_planned(self) -> None:
        found = judged(osis(filled_on=date(2026, 12, 1)))

        assert verdict(found, "D1.O4") == (AT_RISK, {Reason.PLANNED})
        assert candidate(found, "D1.O4").next_due == date(2026, 12, 1)

    @pytest.mark.parametrize(
        ("objective", "declared"),
        [
            pytest.param("D1.O4", osis(filled_on=date(2027, 3, 15)), id="oSIS"),
            pytest.param("D1.O5", budget(filled_on=date(2027, 3, 15)), id="budget"),
            pytest.param("D1.O6.A", governance(named_on=date(2027, 3, 15)), id="governance"),
        ],
    )
    def test_and_what_else_is_dated_counts_only_up_to_the_declaration(
        self, objective: str, declared: Declaration
    ) -> None:
        found = judged(declared, as_of=date(2027, 3, 20))

        assert verdict(found, objective) == (NOT_MET, {Reason.OUTSIDE_WINDOW})

    def test_the_last_word_about_an_establishment_wins(self) -> None:
        assert candidate(judged(osis(), osis("E2", measures=12)), "D1.O4").verdict is AT_RISK
        assert candidate(judged(osis("E2", measures=12), osis()), "D1.O4").verdict is MET

    @pytest.mark.parametrize(
        ("earlier", "later", "as_of", "expected"),
        [
            pytest.param(osis(filled_on=date(2026, 3, 10)), osis(filled_on=date(2026, 11, 20)), date(2026, 6, 1), MET,
                         id="looked back at"),
            pytest.param(osis("E1", "E2", filled_on=date(2026, 3, 10)), osis(filled_on=date(2026, 11, 20)),
                         date(2026, 6, 1), MET, id="looked back at, then said of everybody"),
            pytest.param(osis(filled_on=date(2026, 3, 10)), osis(filled_on=date(2027, 3, 15)), date(2027, 3, 20), MET,
                         id="said again after the declaration"),
            pytest.param(osis(filled_on=date(2026, 3, 10)), osis(filled_on=date(2026, 5, 20), measures=12),
                         date(2026, 6, 1), AT_RISK, id="contradicted by then"),
            pytest.param(osis("E1", filled_on=date(2026, 3, 10)), osis(filled_on=date(2026, 11, 20)), date(2026, 6, 1),
                         AT_RISK, id="of one establishment only by then"),
        ],
    )  # fmt: skip
    def test_said_again_of_a_later_day_takes_nothing_from_what_was_true_before(
        self, earlier: Declaration, later: Declaration, as_of: date, expected: Verdict
    ) -> None:
        assert candidate(judged(earlier, later, as_of=as_of), "D1.O4").verdict is expected

    def test_tells_each_unit_what_was_declared(self) -> None:
        numbers = judged(osis("E1", measures=40)).objectives["D1.O4"].units["E1"].numbers

        assert numbers["declared"] == 1
        [budget_share, measures] = numbers["conditions"]  # type: ignore[misc]
        assert (budget_share["met"], measures["met"], measures["value"]) == (True, False, 40)  # type: ignore[has-type]


class TestBudget:
    def test_has_no_threshold(self) -> None:
        assert candidate(judged(budget(digital_budget=Decimal(1))), "D1.O5").verdict is MET

    @pytest.mark.parametrize(("programme", "as_of"), [(BIS, TODAY), (OLD, date(2024, 9, 1))])
    def test_is_a_share_of_something(self, programme: str, as_of: date) -> None:
        nothing = budget(digital_budget=Decimal(0), total_budget=Decimal(0))

        assert verdict(judged(nothing, programme=programme, as_of=as_of), "D1.O5") == (
            AT_RISK,
            {Reason.CONDITION_NOT_MET},
        )

    def test_is_that_of_2023(self) -> None:
        assert verdict(judged(budget(year=2025)), "D1.O5") == (AT_RISK, {Reason.CONDITION_NOT_MET})


class TestConvergence:
    @pytest.mark.parametrize("type_", ["PUBLIC_HORS_GHT", "PRIVE"])
    @pytest.mark.parametrize("objective", ["D1.O6.A", "D1.O6.B"])
    def test_is_asked_of_a_ght_only(self, type_: str, objective: str) -> None:
        assert verdict(judged(type=type_), objective) == (NOT_APPLICABLE, set())
        assert candidate(judged(), objective).verdict is AT_RISK

    def test_governance_needs_all_of_it(self) -> None:
        assert verdict(judged(governance()), "D1.O6.A") == (MET, set())
        assert verdict(judged(governance(single_ad_team=False)), "D1.O6.A") == (AT_RISK, {Reason.CONDITION_NOT_MET})

    @pytest.mark.parametrize(
        ("milestone_on", "expected", "contested"),
        [
            pytest.param(date(2027, 7, 30), MET, (), id="in time however it is counted"),
            pytest.param(date(2027, 7, 31), AT_RISK, ("convergence_from",), id="in time under some readings"),
            pytest.param(date(2028, 9, 30), AT_RISK, ("convergence_from",), id="in time under the widest reading"),
            pytest.param(date(2028, 10, 1), AT_RISK, (), id="late however it is counted, and still to be moved"),
        ],
    )
    def test_milestone_is_within_18_months_of_a_day_that_the_texts_do_not_name(
        self, milestone_on: date, expected: Verdict, contested: tuple[str, ...]
    ) -> None:
        entry = candidate(judged(trajectory(milestone_on=milestone_on)), "D1.O6.B")

        assert (entry.verdict, entry.contested) == (expected, contested)
        assert entry.reasons == (() if expected is MET else (Reason.MILESTONE_TOO_LATE,))

    def test_a_pinned_reading_settles_the_milestone(self) -> None:
        late = trajectory(milestone_on=date(2028, 9, 30))

        found = judged(late, config={"readings": {"convergence_from": "declarations_close"}})

        assert verdict(found, "D1.O6.B") == (MET, set())

    def test_counts_from_a_close_of_declarations_that_the_authority_moved(self) -> None:
        late = trajectory(milestone_on=date(2028, 12, 30))
        moved = {"declaration_deadline": "2027-06-30", "readings": {"convergence_from": "declarations_close"}}

        assert verdict(judged(late, config=moved), "D1.O6.B") == (MET, set())

    def test_covers_every_establishment(self) -> None:
        assert verdict(judged(trajectory(establishments=("E1",))), "D1.O6.B") == (AT_RISK, {Reason.CONDITION_NOT_MET})

    def test_waits_for_the_strategic_committee(self) -> None:
        planned = trajectory(committee_on=date(2026, 11, 5), committee_validated=True)

        assert verdict(judged(planned), "D1.O6.B") == (AT_RISK, {Reason.PLANNED})

    def test_already_converged_is_enough_with_its_description(self) -> None:
        done = said("convergence_trajectory", already_converged=True, evidence=["converged_description"])

        assert verdict(judged(done), "D1.O6.B") == (MET, set())


class TestPrerequisitesOf2024:
    def policy(self, *subjects: str) -> Declaration:
        return said("security_policy_2024", *subjects, sunes_validated=True)

    @pytest.mark.parametrize(
        ("activities", "holding", "expected"),
        [
            pytest.param((80, 10, 10), ("E1", "E2"), MET, id="90 percent exactly"),
            pytest.param((8000, 999, 1001), ("E1", "E2"), AT_RISK, id="a hair under 90 percent"),
            pytest.param((5, 95), ("E2",), AT_RISK, id="95 percent without the support"),
            pytest.param((95, 5), ("E1",), MET, id="the support alone, with 95 percent"),
        ],
    )
    def test_a_ght_needs_its_support_and_90_percent(
        self, activities: tuple[int, ...], holding: tuple[str, ...], expected: Verdict
    ) -> None:
        found = judged(
            *(self.policy(one) for one in holding),
            programme=OLD,
            of=establishments(*activities),
            as_of=date(2024, 9, 1),
        )

        assert candidate(found, "PS2.1").verdict is expected

    def test_the_one_entity_of_a_public_candidate_outside_a_ght_holds_them_in_all_its_parts(self) -> None:
        parts: dict[str, Any] = {
            "programme": OLD,
            "as_of": date(2024, 9, 1),
            "type": "PUBLIC_HORS_GHT",
            "of": establishments(95, 5, support=False),
        }

        assert candidate(judged(self.policy("E1"), **parts), "PS2.1").verdict is AT_RISK
        assert candidate(judged(self.policy("E1"), self.policy("E2"), **parts), "PS2.1").verdict is MET

    def test_an_audit_is_less_than_two_years_old_at_the_application(self) -> None:
        def found(audited_on: date, *more: Declaration) -> Verdict:
            audit = said("cybersurveillance_2024", audited_on=audited_on, evidence=["attestation"])
            return candidate(judged(audit, *more, programme=OLD, as_of=date(2024, 9, 1)), "PS2.2").verdict

        assert found(date(2022, 4, 20)) is MET
        assert found(date(2022, 4, 19)) is AT_RISK  # SUN-ES may have validated it all the same
        assert found(date(2022, 3, 19), said("application", applied_on=date(2024, 3, 18))) is MET

    def test_validated_through_sun_es_asks_for_nothing_else(self) -> None:
        found = judged(
            self.policy(), said("cybersurveillance_2024", sunes_validated=True), programme=OLD, as_of=date(2024, 9, 1)
        )

        assert {one.candidate.verdict for one in found.prerequisites.values()} == {MET}


class TestEligibilityOf2026:
    NEW: dict[str, Value] = {  # noqa: RUF012 - never changed
        "eligible_in_2024": False,
        "authorised": True,
        "stays_in_2022": True,
        "ej_category": "1101",
        "eg_categories": ("106",),
    }

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            pytest.param(NEW, (MET, set()), id="not eligible before, and of an admitted category"),
            pytest.param(NEW | {"ej_category": "1105"}, (NOT_MET, {Reason.NOT_ELIGIBLE}), id="another EJ category"),
            pytest.param(NEW | {"eg_categories": ("999",)}, (NOT_MET, {Reason.NOT_ELIGIBLE}), id="another EG category"),
            pytest.param(
                {"eligible_in_2024": True, "eg_categories": ("101", "146"), "no_work_on_146_or_no_application": True},
                (MET, set()),
                id="eligible before, with a category 146 left aside",
            ),
            pytest.param(
                {"eligible_in_2024": True, "eg_categories": ("101",), "no_work_on_146_or_no_application": True},
                (NOT_MET, {Reason.NOT_ELIGIBLE}),
                id="eligible before, without category 146",
            ),
            pytest.param({"eligible_in_2024": True}, (AT_RISK, {Reason.NOT_DECLARED}), id="not said whole"),
        ],
    )
    def test_follows_one_of_two_branches(self, values: dict[str, Value], expected: object) -> None:
        assert verdict(judged(said("eligibility", **values)), "ELIGIBILITE") == expected

    def test_is_settled_by_the_validation_of_the_application(self) -> None:
        before, after = (judged(phase={"validation_date": day}) for day in ("2026-09-02", "2026-05-07"))

        assert verdict(before, "ELIGIBILITE") == (AT_RISK, {Reason.NOT_DECLARED})
        assert verdict(after, "ELIGIBILITE") == (MET, set())


class TestLateDeclaration:
    def test_planned_after_the_last_day_leaves_nothing_met(self) -> None:
        late = {"declaration": "2027-04-01"}

        assert verdict(judged(osis(), phase=late), "D1.O4") == (AT_RISK, {Reason.DECLARATION_TOO_LATE})
        after = judged(osis(), phase=late, as_of=date(2027, 4, 1))
        assert verdict(after, "D1.O4") == (NOT_MET, {Reason.DECLARATION_TOO_LATE})
        assert candidate(after, "D1.O4").next_due is None

    def test_asks_nothing_of_what_does_not_apply(self) -> None:
        found = judged(phase={"declaration": "2027-04-01"}, type="PRIVE")

        assert verdict(found, "D1.O6.A") == (NOT_APPLICABLE, {Reason.DECLARATION_TOO_LATE})


def choice(chosen: str, prior: str = "") -> Declaration:
    return said(
        "p3_choice",
        chosen=tuple(chosen),
        prior=tuple(prior),
        agreed_with="grades",
        evidence=["exchange", "prior_proof"],
    )


NETWORK = ("dedicated", "segmented", "access_control", "no_cross_connection", "internet_restricted")
LOGS = ("recorded", "centralised", "daily_watch")
A = said("admin_network", evidence=["description"], **dict.fromkeys(NETWORK, True))
B = said("internet_logs", evidence=["description", "log_extract", "watch_organisation"], **dict.fromkeys(LOGS, True))
C = said("exposure_audit", audited_on=date(2026, 7, 1), tool="cybersurveillance", evidence=["report"])
D = said(
    "priority_measures",
    measures=("antivirus", "filtrage"),
    from_diagnosis=True,
    agreed_with="crrc",
    not_redundant=True,
    evidence=["exchange", "description", "deliverables"],
)


def p3(*declared: Declaration, **parts: Any) -> DeclaredAssessment:
    return judged(*declared, programme=P3, **{"of": [{"id": "E1", "activity": 1, "esms": True}], **parts})


class TestParcours3:
    def test_asks_an_optional_objective_only_once_it_is_chosen(self) -> None:
        assert candidate(p3(A), "POC.P3.O4.A").verdict is NOT_APPLICABLE
        assert candidate(p3(A, choice("ABC")), "POC.P3.O4.A").verdict is MET
        assert candidate(p3(choice("ABC")), "POC.P3.O4.A").verdict is AT_RISK

    def test_is_met_with_three_chosen_and_reached(self) -> None:
        assert verdict(p3(A, B, C, choice("ABC")), "POC.P3.O4") == (MET, set())

    def test_one_chosen_beyond_three_and_not_reached_is_left_to_the_texts(self) -> None:
        entry = candidate(p3(A, B, C, choice("ABCD")), "POC.P3.O4")

        assert (entry.verdict, entry.contested) == (AT_RISK, ("p3_engaged",))
        assert candidate(p3(A, B, C, D, choice("ABCD")), "POC.P3.O4").verdict is MET

    def test_backups_go_together(self) -> None:
        assert Reason.CHOICE_INVALID in candidate(p3(choice("ABE")), "POC.P3.O4").reasons
        assert Reason.CHOICE_INVALID not in candidate(p3(choice("EFG")), "POC.P3.O4").reasons

    def test_too_few_chosen_are_named_as_what_is_missing(self) -> None:
        missing = candidate(p3(choice("EF")), "POC.P3.O4").numbers["missing"]

        assert missing == ["Trois objectifs facultatifs choisis au moins"]
        assert candidate(p3(choice("EFG")), "POC.P3.O4").numbers["missing"] == []

    def test_no_other_tool_than_cybersurveillance_audits_the_exposure(self) -> None:
        other = replace(C, values={**C.values, "tool": "autre"})

        assert verdict(p3(other, choice("ABC")), "POC.P3.O4.C") == (AT_RISK, {Reason.CONDITION_NOT_MET})

    def test_awareness_is_held_in_the_phase_with_one_proof_or_another(self) -> None:
        def action(held_on: date, slot: str = "minutes") -> Verdict:
            declared = said(
                "informative_awareness",
                held_on=held_on,
                audience=("personnel",),
                formalised=True,
                evidence=[slot],
            )
            return candidate(p3(declared), "POC.P3.O3.1").verdict

        assert action(date(2026, 3, 31)) is MET
        assert action(date(2026, 6, 1), slot="attestation") is MET
        assert action(date(2026, 3, 30)) is AT_RISK

    def test_a_policy_is_proved_by_itself_or_by_its_presentation(self) -> None:
        values: dict[str, Value] = {
            "written_on": date(2026, 5, 1),
            "covers": ("objectifs", "perimetre", "gouvernance", "cadre-legal", "principes"),
            "validated_by": "representant-legal",
            "circulated": True,
        }

        def found(*slots: str, **more: Value) -> Verdict:
            return candidate(p3(said("pssi", evidence=slots, **values, **more)), "POC.P3.O2.1").verdict

        assert found("pssi") is MET
        assert found("presentation", presentation_complete=True) is MET
        assert found("presentation") is AT_RISK
        assert found() is AT_RISK

    def test_looks_at_the_medico_social_establishments(self) -> None:
        mixed = [
            {"id": "E1", "activity": 1},
            {"id": "E2", "activity": 1, "esms": True},
            {"id": "E3", "activity": 1, "esms": True, "in_perimeter": False},
        ]

        assert list(p3(of=mixed).objectives["POC.P3.O2.1"].units) == ["E2"]
        assert list(judged(of=mixed).objectives["D1.O3"].units) == ["E1"]

    def test_looks_at_all_of_them_when_none_is_marked(self) -> None:
        found = p3(of=[{"id": "E1", "activity": 1}, {"id": "E2", "activity": 1}])

        assert list(found.objectives["POC.P3.O2.1"].units) == ["E1", "E2"]

    @pytest.mark.parametrize("test", ["technical_test_on", "functional_test_on"])
    @pytest.mark.parametrize(
        ("tested_on", "expected"), [(date(2026, 7, 1), MET), (date(2026, 6, 30), AT_RISK)], ids=["under", "over"]
    )
    def test_restorations_are_tested_less_than_a_year_before_the_declaration(
        self, test: str, tested_on: date, expected: Verdict
    ) -> None:
        [asked] = [one for one in load_programme(P3).declared if one.id == "POC.P3.O4.G"]
        [covers] = [one.value for one in asked.conditions if one.field == "covers"]
        values: dict[str, Value] = {
            "validated": True,
            "written_on": date(2026, 6, 1),
            "covers": tuple(covers),  # type: ignore[arg-type]
            "contract_clauses": "presentes",
            "technical_test_on": date(2026, 8, 1),
            "functional_test_on": date(2026, 8, 1),
            "yearly_tests": True,
            "test_scope": "par-etablissement",
            test: tested_on,
        }
        policy = said("backup_policy", evidence=["policy", "test_scope", "next_tests", "test_book"], **values)
        chosen = said("p3_choice", chosen=("E", "F", "G"), agreed_with="crrc")

        assert candidate(p3(policy, chosen), "POC.P3.O4.G").verdict is expected

    @pytest.mark.parametrize(
        ("validated_by", "verdicts"),
        [("representant-legal", {"E1": MET, "E2": MET}), ("directeur", {"E1": MET, "E2": AT_RISK})],
    )
    def test_a_policy_of_several_establishments_is_validated_by_the_legal_representative(
        self, validated_by: str, verdicts: dict[str, Verdict]
    ) -> None:
        def pssi(*subjects: str, validated_by: str) -> Declaration:
            covers = ("objectifs", "perimetre", "gouvernance", "cadre-legal", "principes")
            values: dict[str, Value] = {"written_on": date(2026, 5, 1), "covers": covers, "circulated": True}
            return said("pssi", *subjects, evidence=["pssi"], validated_by=validated_by, **values)

        several = establishments(60, 40, support=False)
        found = judged(pssi(validated_by=validated_by), pssi("E1", validated_by="directeur"), programme=P3, of=several)

        assert {name: one.verdict for name, one in found.objectives["POC.P3.O2.1"].units.items()} == verdicts

    def test_a_partnership_names_its_regions_when_there_are_several(self) -> None:
        values: dict[str, Value] = {
            "partner": "crrc",
            "signed_on": date(2026, 6, 1),
            "signed_by_all": True,
            "right_bearer": True,
            "establishments": ("E1",),
        }

        def found(**more: Value) -> Verdict:
            return candidate(p3(said("partnership", evidence=["act"], **values, **more)), "POC.P3.O1.1").verdict

        assert found(several_regions=False) is MET
        assert found(several_regions=True) is AT_RISK
        assert found(several_regions=True, referent_regions=("Bretagne",), matching_acts=True) is MET


def test_the_order_of_declarations_about_different_things_changes_nothing() -> None:
    declared = [exercise("E1"), exercise("E2"), osis("E1"), osis("E2", measures=1), governance(), trajectory()]

    one, other = judged(*declared), judged(*reversed(declared))

    assert {name: found.as_json() for name, found in one.objectives.items()} == {
        name: found.as_json() for name, found in other.objectives.items()
    }
