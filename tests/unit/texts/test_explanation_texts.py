"""An explanation in French: the sentences on which a reader decides."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agent.domain.explanation import steps
from agent.domain.programme import Source
from agent.texts.explanation import figure, lines
from agent.texts.sources import cited
from tests.unit.domain.evaluation_cases import BIS, OLD, ads_case, case, directory, exposure_case, pin, runs
from tests.unit.domain.explanation.explanation_cases import explained, ght, pinned

EXAMPLES = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parents[2] / "assets" / "evaluation").glob("*.json"))
}
MOST_LINES = 40
CODE = re.compile(r"\b[A-Z]+_[A-Z_]+\b")


def told(scenario: dict[str, Any], objective: str, subject: str | None = None, **parts: Any) -> str:
    return "\n".join(lines(explained(scenario, objective, subject, **parts), {"E1": "CHU d'Exemple"}))


def test_the_audits_stand_on_one_line_with_their_gaps() -> None:
    text = told(EXAMPLES["o1a-followup-due-soon"], "D1.O1.A")

    assert "Audits : début 01/03/2026 ─50 j→ 20/04 ─55 j→ 14/06 ─⏳50 j→ aujourd'hui 03/08/2026" in text


def test_an_interval_too_long_is_marked_on_the_line_and_said() -> None:
    text = told(EXAMPLES["o1a-ght-small-member-fails"], "D1.O1.A")

    assert "20/04 ─✘165 j→ 02/10" in text
    assert "dépassé (165 jours depuis le 20 avril 2026 jusqu'au 2 octobre 2026)" in text
    assert "Ce qui décide : annuaire « AD_C »." in text


def test_the_mean_stands_under_each_reading() -> None:
    text = told(EXAMPLES["o2a-mean-between-59-8"], "D1.O2.A", "X1")

    assert "bords de la phase compris : 365 j / 7 = 52,14 ; il faut < 60 ou ≤ 60 : tenu" in text
    assert "entre les audits seulement : 299 j / 5 = 59,8 ; il faut < 60 ou ≤ 60 : tenu" in text


def test_a_mean_that_divides_the_readings_says_which() -> None:
    text = told(exposure_case([(50, []), (110, [])], as_of=120), "D1.O2.A", "X1")

    assert "60 j / 1 = 60 ; s'il faut < 60 : non tenu, s'il faut ≤ 60 : tenu" in text


def test_the_share_is_an_addition_and_a_comparison() -> None:
    text = told(EXAMPLES["o1b-ght-66-exact"], "D1.O1.B")

    assert "comptés : A 40 % (support) + B 26 %" in text
    assert "66 / 100 = 66 % ≥ 66 % : tenu" in text
    assert "D1 (2024), kit, D1.O1.B, par analogie" in text


def test_a_contested_reading_is_a_question_with_its_answers_and_who_may_settle_it() -> None:
    text = told(EXAMPLES["o1a-first-61"], "D1.O1.A")

    assert "? Quel est le dernier jour du premier audit" in text
    assert "60 jours après le début (value=start_plus_60d) → non atteint" in text
    assert "le jour écrit dans le texte (value=absolute) → atteint" in text
    assert "L'ANS ou l'ARS peut trancher" in text
    assert "carenage declare pinned_reading --programme D1BIS_2026 --reading first_audit" in text


def test_a_settled_reading_says_by_whom_when_and_how() -> None:
    scenario = ads_case([61, 115, 170], as_of=180, config=pin(first_audit="absolute"))
    text = told(scenario, "D1.O1.A", declared=[pinned(BIS, "first_audit", "absolute")])

    assert "Tranché par C. Martin le 4 mai 2026 : ANS, courriel du 3 mai 2026" in text
    assert "le jour écrit dans le texte (retenu) → atteint" in text


def test_a_lost_report_counts_or_not_and_is_said_so() -> None:
    text = told(EXAMPLES["o1a-report-lost"], "D1.O1.A")

    assert "08/08 (rapport perdu)" in text
    assert "A3, disponible le 13 août 2026 : n'est plus disponible" in text
    assert "[rapports perdus non comptés] bords de la phase compris : 365 j / 6 = 60,83" in text


def test_the_antepenultimate_that_saves_is_explained() -> None:
    critical = {"id": "f9", "cvss": 9.8}
    text = told(exposure_case([(290, []), (320, [critical]), (340, [])], as_of=350), "D1.O2.B", "X1")

    assert "15/01/2027 (1 critique)" in text
    assert "l'antépénultième, sans critique et 50 jours avant le dernier (60 au plus), en tient lieu" in text


def test_the_2024_interval_is_told_in_months() -> None:
    text = told(EXAMPLES["d1-2024-two-months"], "D1.O1.A")

    assert "Intervalles, 2 mois au plus ou 100 jours au plus : tenu (le plus long : 62 jours)" in text


def test_what_no_establishment_declares_is_a_question_for_the_authority() -> None:
    scenario = case(as_of=60, candidate=ght(60, 40), ads=[directory("AD1")], ads_audits=runs([50]))
    text = told(scenario, "D1.O1.A")

    assert "« E2 » n'a aucun élément déclaré (annuaire) : exposez la situation à l'ARS et à l'ANS" in text


def test_people_s_names_stand_for_ids() -> None:
    assert "Établissement « CHU d'Exemple » au" in told(ads_case([50], as_of=60), "D1.O1.A", "E1")


def test_many_audits_keep_the_first_and_the_last_on_the_line() -> None:
    text = told(ads_case(range(20, 320, 10), as_of=320), "D1.O1.A", "AD1")
    (line,) = [one for one in text.splitlines() if one.startswith("Audits")]

    assert "21 autres audits" in line
    assert line.endswith("aujourd'hui 15/01/2027")


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_worked_example_is_explained_on_a_screen_without_a_code(name: str) -> None:
    scenario = EXAMPLES[name]
    for objective in ("D1.O1.A", "D1.O1.B", "D1.O2.A", "D1.O2.B"):
        subjects = [None, *(one["id"] for one in scenario["candidate"]["establishments"])]
        for subject in subjects:
            text = told(scenario, objective, subject)

            assert len(text.splitlines()) <= MOST_LINES
            assert set(CODE.findall(text)) <= {BIS, OLD} | set(re.findall(r"AD_\w+", text))


@pytest.mark.parametrize("name", EXAMPLES)
def test_tests_that_all_hold_are_those_of_a_verdict_that_is_met(name: str) -> None:
    for objective in ("D1.O1.A", "D1.O2.A"):
        explanation = explained(EXAMPLES[name], objective)
        if explanation.through is None or explanation.programme == OLD:
            continue
        tests = [
            test.holds
            for step in explanation.steps
            if isinstance(step, steps.Timeline | steps.FirstAudit | steps.Mean)
            for test in step.tests
        ]
        lasting = explanation.verdict == "met" or set(explanation.reasons) <= {"DUE_SOON"}

        assert all(tests) is lasting, objective


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        pytest.param(Fraction(66), "66", id="whole"),
        pytest.param(Fraction(365, 7), "52,14", id="two-decimals"),
        pytest.param(Fraction(65_998, 1000), "65,998", id="never-what-it-is-not"),
        pytest.param(Fraction(65_999_999_999, 10**9), "66 environ", id="too-near-to-tell"),
    ],
)
def test_a_figure_never_looks_like_the_limit_that_it_misses(exact: Fraction, shown: str) -> None:
    assert figure(exact, Fraction(66)) == shown


def test_sources_of_one_document_stand_together_and_inferred_ones_say_so() -> None:
    sources = (
        Source(document="D1bis", question="Q/R 3.9"),
        Source(document="D1bis", question="Q/R 3.16"),
        Source(document="D1 (2024)", question="kit, D1.O1.B", inferred=True),
    )

    assert cited(sources) == "D1bis, Q/R 3.9 et 3.16 ; D1 (2024), kit, D1.O1.B, par analogie"
