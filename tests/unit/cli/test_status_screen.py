"""The status screen: one sentence first, what is late said so, readings and questions in words."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from agent.cli.status import screen_lines
from agent.domain.live import OpenQuestion
from agent.domain.outlook import NextAudit
from agent.services.assess import Assessed
from agent.services.report import StatusReport

TODAY = date(2026, 11, 23)


def entry(verdict: str, **changes: Any) -> dict[str, Any]:
    return {"verdict": verdict, "reasons": [], "contested": [], "next_due": None, **changes}


def report(
    *verdicts: str, audit: NextAudit | None = None, question: OpenQuestion | None = None, **changes: Any
) -> StatusReport:
    objectives = {
        f"D1.O{number}": {"candidate": entry(verdict, **changes), "establishments": {}, "units": {}}
        for number, verdict in enumerate(verdicts, start=1)
    }
    document = {"programme": "D1BIS_2026", "as_of": TODAY.isoformat(), "objectives": objectives}
    return StatusReport(
        as_of=TODAY,
        assessed=(Assessed(programme="D1BIS_2026", document=document, questions=()),),
        next_audits=() if audit is None else (audit,),
        questions=() if question is None else (question,),
        names={},
    )


def audit(advised: date, last: date) -> NextAudit:
    return NextAudit(
        job="exposure_audit",
        subject="vitrine",
        objective="D1.O2.A",
        recommended_on=advised,
        last_safe_on=last,
        reasons=(),
    )


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        pytest.param(("not_met",), "1 objectif ne peut plus être atteint.", id="one-lost"),
        pytest.param(
            ("not_met", "not_met", "at_risk", "met", "met"),
            "2 objectifs ne peuvent plus être atteints, 1 à risque et 2 atteints.",
            id="several-lost",
        ),
        pytest.param(("at_risk", "met"), "1 objectif à risque, 1 atteint ; rien n'est perdu.", id="at-risk"),
        pytest.param(("at_risk", "at_risk"), "2 objectifs à risque, 0 atteint ; rien n'est perdu.", id="none-met"),
    ],
)
def test_the_first_sentence_counts_in_good_french(verdicts: tuple[str, ...], said: str) -> None:
    assert next(screen_lines(report(*verdicts))) == said


@pytest.mark.parametrize(
    ("advised", "last", "headline", "line"),
    [
        pytest.param(
            date(2026, 10, 2),
            date(2026, 11, 22),
            "en retard, à faire aujourd'hui",
            "en retard, à faire aujourd'hui (dernier jour prudent : 22 novembre 2026)",
            id="late",
        ),
        pytest.param(
            date(2026, 11, 8),
            TODAY,
            "aujourd'hui au plus tard",
            "à faire aujourd'hui au plus tard",
            id="last-day",
        ),
        pytest.param(
            date(2026, 11, 23),
            date(2026, 12, 8),
            "au plus tard le 8 décembre 2026",
            "à faire dès maintenant, au plus tard le 8 décembre 2026",
            id="now",
        ),
        pytest.param(
            date(2026, 11, 24),
            date(2026, 12, 9),
            "au plus tard le 9 décembre 2026",
            "conseillé le 24 novembre 2026, au plus tard le 9 décembre 2026",
            id="later",
        ),
    ],
)
def test_nobody_is_sent_to_the_past(advised: date, last: date, headline: str, line: str) -> None:
    shown = list(screen_lines(report("at_risk", audit=audit(advised, last))))

    assert shown[0].endswith(f"Prochaine action : auditer la surface « vitrine », {headline}.")
    assert shown[-1] == f"  audit d'exposition de vitrine : {line} (D1.O2.A)"


@pytest.mark.parametrize(
    ("due", "said"),
    [
        pytest.param("2026-11-22", "échéance dépassée depuis le 22 novembre 2026", id="past"),
        pytest.param("2026-11-23", "prochaine échéance 23 novembre 2026", id="today"),
    ],
)
def test_a_due_date_that_is_past_is_not_called_the_next_one(due: str, said: str) -> None:
    assert f"! D1.O1 : à risque – {said}" in list(screen_lines(report("at_risk", next_due=due)))


def test_a_reading_in_dispute_is_named_in_words_and_its_code_only_in_what_to_type() -> None:
    shown = list(screen_lines(report("at_risk", contested=["gap_cmp", "mean_mode"])))

    assert shown[3] == (
        "! D1.O1 : à risque – les textes divergent "
        "(100 jours exactement entre deux audits ; bords de la phase dans l'intervalle moyen)"
    )
    (question,) = [line for line in shown if line.startswith("? Deux audits")]
    assert question == (
        "? Deux audits peuvent-ils être séparés de 100 jours exactement ? (D1bis, Q/R 3.9 et 3.16) ; "
        "à faire trancher par l'ARS ou l'ANS : carenage declare kinds pinned_reading (gap_cmp)"
    )


def test_what_is_to_be_decided_is_said_in_words() -> None:
    question = OpenQuestion(
        evidence="7", kind="ads_audit", fields=("directory", "score"), command="carenage inbox confirm 7 --x"
    )

    shown = list(screen_lines(report("met", question=question)))

    assert "  7, rapport d'audit ADS, il reste à dire : l'annuaire concerné, le score" in shown
    assert "    → carenage inbox confirm 7 --x" in shown


def test_reasons_are_separated_as_french_does() -> None:
    shown = list(screen_lines(report("at_risk", reasons=["NO_AUDIT", "DUE_SOON"])))

    assert "! D1.O1 : à risque – aucun audit n'a encore été fait ; une échéance approche" in shown


def test_a_dispute_that_only_an_establishment_has_is_explained_too() -> None:
    found = report("at_risk")
    found.assessed[0].document["objectives"]["D1.O1"]["establishments"] = {
        "chu": entry("at_risk", contested=["cvss9"]),
        "ch": entry("met"),
    }

    assert any(line.startswith("? Une vulnérabilité notée 9,0") for line in screen_lines(found))
