"""The money of a programme, line by line: D1bis (Q/R 2.1 to 2.14), D1 2024, Parcours 3."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.facts import SpendingLineFact
from agent.domain.rules.spending import judge_line
from agent.domain.spending import (
    LineJudgement,
    Nature,
    SpendingRules,
    Standing,
    days_in,
    share_of,
)
from agent.domain.statement import Signatures, SpendingLine, Statement, judge_table
from config.spending_rules import spending_rules, spending_rules_from

ELIGIBLE, TO_CONFIRM, NOT_ELIGIBLE = Standing.ELIGIBLE, Standing.TO_CONFIRM, Standing.NOT_ELIGIBLE
PUBLISHED = date(2026, 1, 30)
START = date(2026, 3, 2)
DECLARED = date(2027, 3, 31)
LATER = date(2030, 1, 1)
D1BIS = spending_rules("D1BIS_2026")
D1 = spending_rules("D1_2024")
OBJECTIVES = ("D1.O1.A", "D1.O1.B", "D1.O2.A", "D1.O2.B", "D1.O3.1", "D1.O6.A", "D1.O6.B")
WHOLE = replace(D1BIS, objectives=OBJECTIVES)

GOOD = SpendingLineFact(
    where="ligne 2",
    label="Durcissement de l'annuaire",
    objective="D1.O1.B",
    nature="externe",
    supplier="Cyber SARL",
    order_number="BC-1",
    order_on=date(2026, 4, 1),
    invoice_number="F-1",
    invoice_on=date(2026, 6, 30),
    amount=Decimal("1200.00"),
)


def line(**values: Any) -> SpendingLineFact:
    return replace(GOOD, **values)


def judged(one: SpendingLineFact, rules: SpendingRules = WHOLE, declaration: date | None = DECLARED) -> LineJudgement:
    return judge_line(one, rules, phase_start=START, declaration=declaration, as_of=LATER)


def codes(judgement: LineJudgement) -> list[str]:
    return [reason.code for reason in judgement.reasons]


def statement(*lines: SpendingLineFact, **values: Any) -> Statement:
    given_values: dict[str, Any] = {
        "programme": "D1BIS_2026",
        "phase_start": START,
        "declaration": DECLARED,
        "as_of": DECLARED,
        "public": True,
    }
    tables = [SpendingLine(table="depenses.csv", fact=one, programme=one.programme) for one in lines]
    return judge_table(tables, WHOLE, **{**given_values, **values})


def test_order_and_invoice_in_the_phase_make_a_line_eligible() -> None:
    found = judged(GOOD)

    assert (found.standing, found.retained, found.to_confirm) == (ELIGIBLE, Decimal("1200.00"), Decimal("0.00"))
    assert codes(found) == ["IN_WINDOW"]
    assert [str(source) for source in found.reasons[0].sources] == ["D1bis, Q/R 2.5"]


@pytest.mark.parametrize(
    ("order_on", "invoice_on", "standing", "reasons"),
    [
        pytest.param(START, START, ELIGIBLE, ["IN_WINDOW"], id="both on the first day of the phase"),
        pytest.param(DECLARED, DECLARED, ELIGIBLE, ["IN_WINDOW"], id="both on the day of the declaration"),
        pytest.param(START, date(2027, 4, 1), NOT_ELIGIBLE, ["INVOICE_AFTER"], id="invoice the day after"),
        pytest.param(PUBLISHED, START, TO_CONFIRM, ["WINDOWS_DISAGREE"], id="order between publication and phase"),
        pytest.param(
            PUBLISHED, date(2026, 3, 1), TO_CONFIRM, ["WINDOWS_DISAGREE"], id="both between publication and phase"
        ),
        pytest.param(date(2026, 1, 29), START, TO_CONFIRM, ["START_MISSING"], id="order the day before publication"),
        pytest.param(
            date(2026, 1, 1), date(2026, 1, 29), NOT_ELIGIBLE, ["INVOICE_BEFORE", "START_MISSING"], id="all before"
        ),
        pytest.param(None, START, TO_CONFIRM, ["ORDER_DATE_MISSING"], id="no order"),
        pytest.param(START, None, TO_CONFIRM, ["INVOICE_DATE_MISSING"], id="no invoice"),
        pytest.param(
            date(2027, 4, 1),
            None,
            NOT_ELIGIBLE,
            ["INVOICE_DATE_MISSING", "ORDER_AFTER"],
            id="order too late, no invoice",
        ),
        pytest.param(
            PUBLISHED,
            None,
            TO_CONFIRM,
            ["INVOICE_DATE_MISSING", "WINDOWS_DISAGREE"],
            id="no invoice, order between the two windows",
        ),
    ],
)
def test_windows_of_the_order_and_the_invoice(
    order_on: date | None, invoice_on: date | None, standing: Standing, reasons: list[str]
) -> None:
    found = judged(line(order_on=order_on, invoice_on=invoice_on))

    assert (found.standing, codes(found)) == (standing, reasons)


@pytest.mark.parametrize(
    ("starts_on", "stated_on", "standing", "reason"),
    [
        pytest.param(date(2026, 3, 3), "facture", ELIGIBLE, "EARLIER_ORDER_LATER_START", id="in the phase"),
        pytest.param(date(2026, 3, 3), "Bon de commande", ELIGIBLE, "EARLIER_ORDER_LATER_START", id="on the order"),
        pytest.param(START, "facture", TO_CONFIRM, "WINDOWS_DISAGREE", id="on the first day of the phase"),
        pytest.param(date(2026, 1, 31), "facture", TO_CONFIRM, "WINDOWS_DISAGREE", id="the day after publication"),
        pytest.param(PUBLISHED, "facture", NOT_ELIGIBLE, "START_NOT_LATER", id="on the day of publication"),
        pytest.param(date(2027, 4, 1), "facture", NOT_ELIGIBLE, "START_AFTER", id="after the declaration"),
        pytest.param(date(2026, 3, 3), "Attestation du titulaire", NOT_ELIGIBLE, "ATTESTATION_REFUSED", id="attested"),
        pytest.param(date(2026, 3, 3), None, TO_CONFIRM, "START_DOCUMENT_MISSING", id="nobody says on what document"),
        pytest.param(date(2026, 3, 3), "courriel", TO_CONFIRM, "START_DOCUMENT_MISSING", id="on another document"),
    ],
)
def test_earlier_order_counts_when_it_or_the_invoice_states_a_later_start(
    starts_on: date, stated_on: str | None, standing: Standing, reason: str
) -> None:
    found = judged(line(order_on=date(2025, 12, 1), starts_on=starts_on, start_stated_on=stated_on))

    assert (found.standing, codes(found)) == (standing, [reason])


def test_phase_that_starts_on_the_publication_leaves_no_doubt_between_windows() -> None:
    found = judge_line(line(order_on=PUBLISHED), WHOLE, phase_start=PUBLISHED, declaration=DECLARED, as_of=LATER)

    assert found.standing is ELIGIBLE


def test_without_a_day_for_the_declaration_nothing_is_eligible() -> None:
    found = judged(GOOD, declaration=None)

    assert (found.standing, codes(found)) == (TO_CONFIRM, ["NO_DECLARATION_DAY"])


SUBSCRIPTION = line(label="Scanner", nature="licence", period_from=date(2026, 7, 1), period_to=date(2027, 6, 30))


@pytest.mark.parametrize(
    ("values", "days", "whole"),
    [
        pytest.param({}, 274, 365, id="twelve months, nine of them in the phase"),
        pytest.param({"period_to": DECLARED}, 274, 274, id="ends on the day of the declaration"),
        pytest.param({"period_from": START, "period_to": START}, 1, 1, id="one day"),
        pytest.param({"period_from": date(2026, 1, 1), "period_to": date(2026, 12, 31)}, 305, 365, id="began before"),
        pytest.param({"period_from": date(2026, 1, 1), "period_to": date(2028, 12, 31)}, 395, 1096, id="leap year"),
        pytest.param({"period_from": DECLARED, "period_to": date(2028, 3, 30)}, 1, 366, id="its last day, over 29 Feb"),
    ],
)
def test_subscription_counts_by_its_days_in_the_phase_both_ends_included(
    values: dict[str, Any], days: int, whole: int
) -> None:
    found = judged(replace(SUBSCRIPTION, amount=Decimal("3650.00"), **values))

    assert found.share == Fraction(days, whole)
    assert (found.standing, found.retained) == (ELIGIBLE, share_of(Decimal("3650.00"), Fraction(days, whole)))


def test_twelve_months_from_july_give_274_of_365_days() -> None:
    assert judged(replace(SUBSCRIPTION, amount=Decimal("1000.00"))).retained == Decimal("750.68")


@pytest.mark.parametrize(
    ("values", "standing", "reason"),
    [
        pytest.param({"order_on": date(2026, 3, 1)}, NOT_ELIGIBLE, "SUBSCRIPTION_ENGAGED_BEFORE", id="engaged before"),
        pytest.param({"order_on": START}, ELIGIBLE, "PRORATA", id="engaged on the first day"),
        pytest.param({"engaged_on": START, "order_on": None}, ELIGIBLE, "PRORATA", id="engagement said apart"),
        pytest.param({"order_on": None}, TO_CONFIRM, "ENGAGEMENT_MISSING", id="engagement unknown"),
        pytest.param({"period_to": None}, TO_CONFIRM, "PERIOD_MISSING", id="end unknown"),
        pytest.param({"invoice_on": None}, TO_CONFIRM, "INVOICE_DATE_MISSING", id="no invoice"),
        pytest.param({"order_on": date(2027, 4, 1)}, NOT_ELIGIBLE, "ORDER_AFTER", id="engaged after the declaration"),
        pytest.param(
            {"period_from": date(2027, 4, 1)}, NOT_ELIGIBLE, "PERIOD_OUTSIDE", id="begins after the declaration"
        ),
    ],
)
def test_subscription_must_be_engaged_in_the_phase(
    values: dict[str, date | None], standing: Standing, reason: str
) -> None:
    found = judged(replace(SUBSCRIPTION, **values))  # type: ignore[arg-type]

    assert found.standing is standing
    assert reason in codes(found)


def test_what_counting_by_cash_would_add_to_a_subscription_is_to_be_confirmed() -> None:
    found = judged(replace(SUBSCRIPTION, amount=Decimal("1100.00"), other_funding=Decimal("100.00")))

    assert (found.standing, found.retained, found.to_confirm) == (ELIGIBLE, Decimal("750.68"), Decimal("249.32"))
    cash = next(one for one in found.warnings if one.code == "CASH_READING")
    assert cash.values["amount"] == Decimal("1000.00")


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"category": "EDR", "objective": "D1.O2.B"}, id="excluded"),
        pytest.param({"period_to": DECLARED}, id="wholly in the phase"),
    ],
)
def test_cash_is_not_spoken_of_where_it_would_add_nothing(values: dict[str, Any]) -> None:
    found = judged(replace(SUBSCRIPTION, **values))

    assert (found.to_confirm, [one.code for one in found.warnings]) == (Decimal("0.00"), [])


@pytest.mark.parametrize(
    ("values", "to_confirm"),
    [
        pytest.param({"label": "Abonnement EDR"}, "1000.00", id="spent in both windows, another doubt"),
        pytest.param({"invoice_on": date(2026, 3, 1)}, "750.68", id="invoiced between the windows"),
        pytest.param({"invoice_on": None}, "750.68", id="not invoiced"),
        pytest.param({"period_from": date(2027, 4, 1)}, "0.00", id="outside the phase"),
    ],
)
def test_cash_counts_only_where_both_windows_hold_what_was_spent(values: dict[str, Any], to_confirm: str) -> None:
    found = judged(replace(SUBSCRIPTION, amount=Decimal("1000.00"), **values))

    assert (found.retained, found.to_confirm) == (Decimal("0.00"), Decimal(to_confirm))


@pytest.mark.parametrize(
    ("amount", "share", "cents"),
    [
        pytest.param("0.01", Fraction(1, 2), "0.01", id="half a cent goes up"),
        pytest.param("0.03", Fraction(1, 2), "0.02", id="never to the even one"),
        pytest.param("100.00", Fraction(1, 3), "33.33", id="a third"),
        pytest.param("100.00", Fraction(2, 3), "66.67", id="two thirds"),
        pytest.param("1000000.00", Fraction(274, 365), "750684.93", id="a million"),
        pytest.param("5.00", Fraction(0), "0.00", id="nothing"),
    ],
)
def test_share_is_rounded_to_the_cent_once_half_up(amount: str, share: Fraction, cents: str) -> None:
    assert str(share_of(Decimal(amount), share)) == cents


@given(
    first=st.dates(date(2024, 1, 1), date(2028, 12, 31)),
    length=st.integers(0, 1500),
    amount=st.decimals(Decimal("0.01"), Decimal(10**7), places=2),
)
def test_days_before_in_and_after_the_phase_make_the_whole_subscription(
    first: date, length: int, amount: Decimal
) -> None:
    last = first + timedelta(days=length)
    found = judged(replace(SUBSCRIPTION, period_from=first, period_to=last, amount=amount))
    before = days_in(first, min(last, START - timedelta(days=1)))
    after = days_in(max(first, DECLARED + timedelta(days=1)), last)

    assert found.share is not None
    assert found.share * (length + 1) + before + after == length + 1
    assert abs(Fraction(found.retained) - Fraction(amount) * found.share) <= Fraction(1, 200)
    assert found.retained + found.to_confirm == (amount if found.share else 0)


STAFF = SpendingLineFact(
    where="ligne 9",
    label="Chef de projet",
    objective="D1.O1",
    nature="Coûts internes (RH)",
    period_from=date(2026, 4, 1),
    period_to=date(2026, 9, 30),
    justification="Lettre de mission du 15 mars 2026",
    amount=Decimal("18000.00"),
)


@pytest.mark.parametrize(
    ("values", "standing", "reason"),
    [
        pytest.param({}, ELIGIBLE, "STAFF_IN_PHASE", id="in the phase, justified"),
        pytest.param({"justification": None}, TO_CONFIRM, "STAFF_NOT_JUSTIFIED", id="not justified"),
        pytest.param({"period_from": None}, TO_CONFIRM, "WORK_PERIOD_MISSING", id="no period"),
        pytest.param({"period_from": date(2026, 2, 1)}, TO_CONFIRM, "WINDOWS_DISAGREE", id="began between the windows"),
        pytest.param({"period_from": date(2026, 1, 1)}, TO_CONFIRM, "WORK_PARTLY_OUTSIDE", id="began before both"),
        pytest.param(
            {"period_from": date(2025, 1, 1), "period_to": date(2025, 12, 31)},
            NOT_ELIGIBLE,
            "WORK_OUTSIDE",
            id="before",
        ),
    ],
)
def test_staff_time_needs_its_period_and_its_justification(
    values: dict[str, Any], standing: Standing, reason: str
) -> None:
    found = judged(replace(STAFF, **values))

    assert found.standing is standing
    assert reason in codes(found)


def test_mission_letter_is_advised_where_the_justification_is_another() -> None:
    found = judged(replace(STAFF, justification="Relevé de temps"))

    assert found.standing is ELIGIBLE
    assert [one.code for one in found.warnings] == ["MISSION_LETTER_ADVISED"]


@pytest.mark.parametrize(
    ("first", "last", "to_confirm"),
    [
        pytest.param(date(2026, 2, 20), date(2026, 3, 11), "1000.00", id="over the start of the phase"),
        pytest.param(date(2026, 2, 1), date(2026, 2, 28), "1000.00", id="between the windows"),
        pytest.param(date(2026, 1, 20), date(2026, 2, 8), "500.00", id="over the publication"),
        pytest.param(date(2026, 1, 20), date(2026, 3, 10), "800.00", id="over both"),
    ],
)
def test_staff_time_is_to_be_confirmed_for_its_days_that_one_window_admits(
    first: date, last: date, to_confirm: str
) -> None:
    found = judged(replace(STAFF, period_from=first, period_to=last, amount=Decimal(1000)))

    assert (found.standing, found.retained, found.to_confirm) == (TO_CONFIRM, Decimal("0.00"), Decimal(to_confirm))


EXERCISE = line(
    label="Exercice de crise",
    objective="D1.O3",
    category="exercice de crise",
    held_on=date(2026, 6, 10),
    other_funding=Decimal("0.00"),
)


@pytest.mark.parametrize(
    ("values", "standing", "reason"),
    [
        pytest.param({}, ELIGIBLE, "IN_WINDOW", id="in the phase"),
        pytest.param({"held_on": date(2026, 3, 1)}, NOT_ELIGIBLE, "EXERCISE_OUTSIDE_PHASE", id="valid but not funded"),
        pytest.param({"held_on": None}, TO_CONFIRM, "EXERCISE_DATE_MISSING", id="no day"),
        pytest.param({"other_funding": None}, TO_CONFIRM, "OTHER_FUNDING_MISSING", id="the ARS's part is not said"),
        pytest.param({"other_funding": Decimal(1200)}, NOT_ELIGIBLE, "FUNDED_ELSEWHERE", id="the ARS paid it all"),
    ],
)
def test_exercise_is_funded_in_the_phase_only(values: dict[str, Any], standing: Standing, reason: str) -> None:
    found = judged(replace(EXERCISE, **values))

    assert found.standing is standing
    assert reason in codes(found)


def test_what_the_ars_paid_of_an_exercise_is_deducted() -> None:
    found = judged(replace(EXERCISE, other_funding=Decimal("450.50")))

    assert found.retained == Decimal("749.50")


@pytest.mark.parametrize(
    ("category", "objective", "standing", "question"),
    [
        pytest.param("IAM", "D1.O1.B", NOT_ELIGIBLE, "Q/R 2.7", id="identity tool"),
        pytest.param("processus IAM", "D1.O1.B", TO_CONFIRM, "Q/R 2.7", id="identity process"),
        pytest.param("Fusion AD", "D1.O1.B", TO_CONFIRM, "Q/R 2.6", id="merging directories"),
        pytest.param("application SaaS", "D1.O2.B", NOT_ELIGIBLE, "Q/R 2.8", id="vendor SaaS"),
        pytest.param("analyse de risque", "D1.O2.B", NOT_ELIGIBLE, "Q/R 2.8", id="risk analysis"),
        pytest.param("EDR", "D1.O2.B", NOT_ELIGIBLE, "Q/R 2.8", id="EDR"),
        pytest.param("abonnement PRIS", "D1.O2.A", NOT_ELIGIBLE, "Q/R 2.8", id="PRIS"),
        pytest.param("gestionnaire de mots de passe", "D1.O2", NOT_ELIGIBLE, "Q/R 2.8", id="password manager"),
        pytest.param("live patching", "D1.O2.B", NOT_ELIGIBLE, "Q/R 2.8", id="live updating"),
        pytest.param("EDR", "D1.O1.B", TO_CONFIRM, "Q/R 2.8", id="EDR, for an objective the text does not name"),
        pytest.param("refonte de site", "D1.O2.B", TO_CONFIRM, "Q/R 2.9", id="website"),
        pytest.param("charte graphique", "D1.O2.B", NOT_ELIGIBLE, "Q/R 2.9", id="graphic work"),
        pytest.param("OSINT", "D1.O2.A", NOT_ELIGIBLE, "Q/R 2.10", id="leaks"),
        pytest.param("pare-feu interne", "D1.O6.B", NOT_ELIGIBLE, "Q/R 2.12", id="internal firewall"),
        pytest.param("bastion", "D1.O6", NOT_ELIGIBLE, "Q/R 2.12", id="bastion"),
        pytest.param("autre", "D1.O1.B", TO_CONFIRM, "Q/R 2.2", id="anything else"),
        pytest.param("matériel", "D1.O2.B", ELIGIBLE, "Q/R 2.5", id="hardware"),
    ],
)
def test_category_decides_with_its_source(category: str, objective: str, standing: Standing, question: str) -> None:
    found = judged(line(category=category, objective=objective))

    assert found.standing is standing
    assert found.reasons[0].sources[0].question == question


@pytest.mark.parametrize(
    ("values", "reasons"),
    [
        pytest.param({"objective": None}, ["OBJECTIVE_MISSING"], id="no objective"),
        pytest.param({"objective": "D2.O1"}, ["OBJECTIVE_UNKNOWN"], id="unknown objective"),
        pytest.param({"nature": None}, ["CATEGORY_MISSING"], id="neither nature nor category"),
        pytest.param({"nature": "papeterie"}, ["CATEGORY_UNKNOWN"], id="unknown nature"),
        pytest.param({"category": "papeterie"}, ["CATEGORY_UNKNOWN"], id="unknown category"),
        pytest.param({"label": "Abonnement EDR, 200 postes"}, ["LABEL_SUGGESTS"], id="the label names an EDR"),
    ],
)
def test_silence_and_doubt_never_become_eligible(values: dict[str, Any], reasons: list[str]) -> None:
    found = judged(line(**values))

    assert (found.standing, codes(found)) == (TO_CONFIRM, reasons)
    assert (found.retained, found.to_confirm) == (Decimal("0.00"), Decimal("1200.00"))


def test_word_that_merely_looks_like_an_excluded_one_raises_no_doubt() -> None:
    assert judged(line(label="Engagement pris pour le durcissement, credit Edredon")).standing is ELIGIBLE


def test_justified_decision_lifts_a_doubt_and_shows_its_ground() -> None:
    found = judged(line(category="fusion AD", decision=True, justification="Score 1 et 2 avant, 3 après"))

    assert (found.standing, codes(found)) == (ELIGIBLE, ["DECIDED"])
    assert found.reasons[0].values["text"] == "Score 1 et 2 avant, 3 après"


def test_decision_without_its_ground_lifts_nothing() -> None:
    found = judged(line(category="fusion AD", decision=True))

    assert found.standing is TO_CONFIRM
    assert "DECISION_NOT_JUSTIFIED" in [one.code for one in found.warnings]


@pytest.mark.parametrize(
    ("values", "standing"),
    [
        pytest.param({"invoice_on": None}, TO_CONFIRM, id="a missing day"),
        pytest.param({"invoice_on": date(2025, 1, 1)}, NOT_ELIGIBLE, id="a day outside"),
        pytest.param({"category": "IAM"}, NOT_ELIGIBLE, id="an exclusion"),
    ],
)
def test_decision_gives_no_document_and_beats_no_rule(values: dict[str, Any], standing: Standing) -> None:
    assert judged(line(**values, decision=True, justification="Accord verbal")).standing is standing


def test_line_that_its_author_gives_up_is_set_aside() -> None:
    found = judged(line(decision=False))

    assert (found.standing, codes(found)) == (NOT_ELIGIBLE, ["SET_ASIDE"])


def test_invoice_dated_before_its_order_is_warned_of() -> None:
    found = judged(line(order_on=date(2026, 7, 1)))

    assert (found.standing, [one.code for one in found.warnings]) == (ELIGIBLE, ["INVOICE_BEFORE_ORDER"])


@pytest.mark.parametrize(
    ("order_on", "invoice_on", "standing"),
    [
        pytest.param(date(2023, 1, 1), date(2025, 3, 28), ELIGIBLE, id="from the first day to the declaration"),
        pytest.param(date(2022, 12, 31), date(2023, 1, 15), TO_CONFIRM, id="ordered the day before"),
        pytest.param(date(2025, 3, 1), date(2025, 4, 15), TO_CONFIRM, id="invoiced after the declaration"),
        pytest.param(date(2022, 1, 1), date(2022, 2, 1), NOT_ELIGIBLE, id="before"),
        pytest.param(None, date(2024, 1, 1), TO_CONFIRM, id="no order"),
    ],
)
def test_costs_of_2024_are_engaged_from_january_2023(
    order_on: date | None, invoice_on: date, standing: Standing
) -> None:
    found = judge_line(
        line(order_on=order_on, invoice_on=invoice_on),
        D1,
        phase_start=date(2024, 3, 25),
        declaration=date(2025, 3, 28),
        as_of=LATER,
    )

    assert found.standing is standing


def test_subscription_of_2024_that_outlives_the_window_is_to_be_confirmed() -> None:
    period = {"period_from": date(2024, 4, 1), "period_to": date(2025, 3, 31)}
    found = judge_line(
        line(order_on=date(2024, 3, 26), invoice_on=date(2024, 4, 1), **period),
        D1,
        phase_start=date(2024, 3, 25),
        declaration=date(2025, 3, 28),
        as_of=LATER,
    )

    assert (found.standing, codes(found)) == (TO_CONFIRM, ["SUBSCRIPTION_UNSTATED"])
    assert (found.share, found.to_confirm) == (Fraction(362, 365), Decimal("1200.00"))


def test_subscription_of_2024_within_the_window_counts_whole() -> None:
    period = {"period_from": date(2024, 1, 1), "period_to": date(2024, 12, 31)}
    found = judge_line(
        line(order_on=date(2024, 3, 26), invoice_on=date(2024, 4, 1), **period),
        D1,
        phase_start=date(2024, 3, 25),
        declaration=date(2025, 3, 28),
        as_of=LATER,
    )

    assert (found.standing, found.retained) == (ELIGIBLE, Decimal("1200.00"))


def test_staff_of_2023_counts_in_2024() -> None:
    staff = replace(STAFF, period_from=date(2023, 1, 1), period_to=date(2023, 6, 30))
    found = judge_line(staff, D1, phase_start=date(2024, 3, 25), declaration=date(2025, 3, 28), as_of=LATER)

    assert found.standing is ELIGIBLE


def test_programme_whose_texts_say_nothing_of_money_leaves_all_to_be_confirmed() -> None:
    rules = spending_rules_from({}, ("POC.P3.O1.1", "POC.P3.O4.H", "OTHER"))
    found = judge_line(line(objective="O4.H"), rules, phase_start=date(2026, 3, 31), declaration=None, as_of=LATER)

    assert (found.standing, found.objective) == (TO_CONFIRM, "POC.P3.O4.H")
    assert codes(found) == ["CATEGORY_UNRULED", "NO_RULES"]


def test_totals_by_objective_and_nature_add_up_to_the_lines() -> None:
    made = statement(
        GOOD,
        line(where="ligne 3", invoice_number="F-2", amount=Decimal("0.10")),
        line(where="ligne 4", invoice_number="F-3", category="IAM", amount=Decimal("99.99")),
        STAFF,
        replace(SUBSCRIPTION, objective="D1.O2.A", invoice_number="F-4", amount=Decimal(1000)),
    )

    assert [(one.objective, one.nature, one.lines, str(one.retained)) for one in made.totals] == [
        ("D1.O1", Nature.INTERNAL, 1, "18000.00"),
        ("D1.O1.B", Nature.EXTERNAL, 3, "1200.10"),
        ("D1.O2.A", Nature.INDIRECT, 1, "750.68"),
    ]
    assert made.total.declared == Decimal("20300.09")
    assert made.total.retained == sum(one.retained for one in made.totals)
    assert (made.total.to_confirm, made.total.set_aside) == (Decimal("249.32"), Decimal("99.99"))


def test_ceiling_bounds_what_may_be_paid_never_what_is_declared() -> None:
    made = statement(GOOD, ceiling=Decimal("500.00"))

    assert (made.payable, made.total.retained) == (Decimal("500.00"), Decimal("1200.00"))


def test_same_invoice_and_amount_twice_leaves_the_second_to_be_confirmed() -> None:
    made = statement(GOOD, line(where="ligne 7", label="Autre libellé", objective="D1.O2.B"))

    assert [one.judgement.standing for one in made.lines] == [ELIGIBLE, TO_CONFIRM]
    assert made.lines[1].judgement.reasons[0].values["where"] == "ligne 2"


def test_same_invoice_with_another_amount_is_another_line() -> None:
    made = statement(GOOD, line(where="ligne 7", amount=Decimal(300)))

    assert {one.judgement.standing for one in made.lines} == {ELIGIBLE}


def test_exercise_paid_by_another_programme_is_to_be_confirmed() -> None:
    other = replace(EXERCISE, programme="P3", objective="O3.2", invoice_number="F-99", amount=Decimal(10))
    made = statement(EXERCISE, other)

    assert [one.judgement.standing for one in made.lines] == [TO_CONFIRM]
    assert codes(made.lines[0].judgement) == ["DOUBLE_FUNDING"]


def test_line_of_another_programme_is_left_out_of_the_statement() -> None:
    assert statement(GOOD, line(programme="D1_2024", invoice_number="F-5")).total.lines == 1


def gaps(made: Statement) -> list[str]:
    return [gap.remark.code for gap in made.gaps]


@pytest.mark.parametrize(
    ("public", "signed", "missing"),
    [
        pytest.param(True, {}, ["SIGNATURE_DIRECTOR", "SIGNATURE_ACCOUNTANT"], id="public, nobody"),
        pytest.param(True, {"director": True, "accountant": True}, [], id="public, both"),
        pytest.param(
            True, {"director": True, "finance_director": True}, ["PAYMENTS_CONFIRMATION"], id="public, finance director"
        ),
        pytest.param(
            True, {"director": True, "finance_director": True, "payments_confirmed": True}, [], id="public, confirmed"
        ),
        pytest.param(False, {"director": True}, ["SIGNATURE_FINANCE_DIRECTOR"], id="private, director alone"),
        pytest.param(False, {"director": True, "finance_director": True}, [], id="private, finance director"),
        pytest.param(False, {"director": True, "chartered_accountant": True}, [], id="private, accountant"),
    ],
)
def test_missing_signatures_are_named(public: bool, signed: dict[str, bool], missing: list[str]) -> None:
    assert gaps(statement(GOOD, public=public, signatures=Signatures(**signed))) == missing


def test_what_each_line_lacks_is_named() -> None:
    signed = Signatures(director=True, accountant=True)
    made = statement(
        line(order_number=None, invoice_number=None, invoice_on=None),
        replace(STAFF, justification=None),
        signatures=signed,
    )

    assert gaps(made) == [
        "PAY_SUMMARY", "INVOICE_DATE_MISSING", "ORDER_NUMBER_MISSING", "INVOICE_NUMBER_MISSING", "STAFF_NOT_JUSTIFIED",
    ]  # fmt: skip


def test_invoice_to_come_and_a_choice_of_exercises_are_named() -> None:
    signed = Signatures(director=True, accountant=True)
    second = replace(EXERCISE, where="ligne 8", held_on=date(2026, 9, 1), invoice_number="F-8")
    made = statement(EXERCISE, second, signatures=signed, as_of=date(2026, 6, 1))

    assert gaps(made) == ["SEVERAL_EXERCISES", "DAY_TO_COME", "DAY_TO_COME"]


@pytest.mark.parametrize(
    ("one", "as_of"),
    [
        pytest.param(GOOD, date(2026, 6, 29), id="invoice of tomorrow"),
        pytest.param(line(decision=True, justification="Accord"), date(2026, 6, 29), id="which no decision gives"),
        pytest.param(line(order_on=date(2026, 7, 2)), date(2026, 7, 1), id="order of tomorrow"),
        pytest.param(STAFF, date(2026, 9, 29), id="work that ends tomorrow"),
        pytest.param(replace(EXERCISE, held_on=date(2026, 9, 1)), date(2026, 8, 31), id="exercise of tomorrow"),
    ],
)
def test_what_does_not_exist_yet_is_to_be_confirmed_until_its_day(one: SpendingLineFact, as_of: date) -> None:
    before, on_its_day = (statement(one, as_of=day).lines[0].judgement for day in (as_of, as_of + timedelta(days=1)))

    assert (before.standing, before.retained, before.to_confirm) == (TO_CONFIRM, Decimal("0.00"), one.amount)
    assert codes(before) == ["DAY_TO_COME"]
    assert (on_its_day.standing, on_its_day.retained) == (ELIGIBLE, one.amount)


def test_subscription_that_is_paid_counts_up_to_the_planned_declaration() -> None:
    assert statement(SUBSCRIPTION, as_of=date(2026, 7, 1)).lines[0].judgement.standing is ELIGIBLE


def test_line_that_is_out_asks_for_nothing() -> None:
    signed = Signatures(director=True, accountant=True)

    assert gaps(statement(line(category="IAM", order_number=None), signatures=signed)) == []
