"""The forecast in French: what is lost first, units told together, days as people write them."""

from __future__ import annotations

import pytest

from agent.domain.forecast.obligation import What, Why
from agent.domain.forecast.share_plan import share_plans
from agent.domain.forecast.what_if import FaultCode, parse_suppositions
from agent.texts.forecast import lines, refusal, why
from tests.unit.domain.forecast.cases import Json, day, forecast_of, parsed, scenario
from tests.unit.domain.forecast.test_declared_days import known

CRITICAL, HIGH = {"id": "CVE-1", "cvss": 9.8}, {"id": "CVE-2", "cvss": 8.0}


def told(value: Json, **arguments: object) -> str:
    one = parsed(value)
    shares = share_plans(one.programme, one)
    return "\n".join(lines(forecast_of(value), shares, arguments.get("compared", ()), {"E1": "CH du Bourg"}))  # type: ignore[arg-type]


def test_what_is_lost_comes_before_what_is_to_be_done() -> None:
    text = told(scenario(as_of="2026-07-20"))

    assert text.index("ne se rattrape plus") < text.index("À faire")
    assert "le dernier jour était le 7 juillet 2026" in text


def test_nothing_lost_is_said_too() -> None:
    assert "Rien n'est perdu à ce jour." in told(scenario(as_of="2026-05-10"))


def test_units_that_ask_the_same_are_told_together() -> None:
    surfaces = [{"id": f"X{rank}", "establishments": ["E1"]} for rank in range(1, 4)]
    text = told(scenario(as_of="2026-05-10", surfaces=surfaces))

    assert "D1.O2.A, X1, X2, X3" in text


def test_the_days_and_the_source_of_an_audit_are_given() -> None:
    text = told(scenario(as_of="2026-05-10"))

    assert "dernier jour prudent : 6 juillet 2026 ; selon la lecture la plus souple : 7 juillet 2026" in text
    assert "(D1bis, Q/R 3.1)" in text


def test_what_is_contested_is_told_apart_from_what_is_lost() -> None:
    text = told(scenario(as_of="2026-07-20", runs=["2026-07-07"], exposures=["2026-07-01"]))

    assert "Perdu selon une lecture des textes, pas selon toutes" in text
    assert "ne se rattrape plus" not in text


def test_a_comparison_says_what_does_not_move() -> None:
    text = told(scenario(as_of="2026-05-10"), compared=[("D1.O1.A", "not_met", "met"), ("D1.O1.B", "met", "met")])

    assert "D1.O1.A : non atteint → atteint" in text
    assert "D1.O1.B : atteint → atteint (inchangé)" in text


@pytest.mark.parametrize("as_of", ["2026-05-10", "2026-08-15", "2026-10-19", "2027-03-20", "2027-04-02"])
def test_every_obligation_has_words(as_of: str) -> None:
    found = [HIGH, CRITICAL]
    runs = [{"date": "2026-06-20", "score": 1, "downloaded": False}, "2026-08-10"]
    exposures = [("2026-06-20", "INDUSTRIAL", found), ("2026-08-10", "INDUSTRIAL", found)]
    value = scenario(as_of=as_of, runs=runs, exposures=exposures)  # type: ignore[arg-type]

    codes = set(Why)
    for one in forecast_of(value).obligations:
        assert why(one) not in codes | {one.why}
    assert told(value)


@pytest.mark.parametrize(
    ("as_of", "said"),
    [("2027-01-29", "fixez-la avant le 30 janvier 2027"), ("2027-01-30", "fixez-la sans attendre")],
    ids=["two months left", "less"],
)
def test_a_day_to_hold_is_to_be_set_two_months_before_the_end_or_at_once(as_of: str, said: str) -> None:
    found = forecast_of(scenario(as_of=as_of), declared=known()).obligations

    assert said in next(why(one) for one in found if one.what is What.EVENT)


def test_every_fault_of_a_supposition_has_words() -> None:
    texts = (
        *("autre", "ads:AD1:2026-12-14", "ads:AD9:2026-12-32:score=9", "ads:AD1:2026-08-31:score=3"),
        *("exposure:X1:2027-04-01:propre",),
    )
    days = {"as_of": day("2026-09-01"), "last_day": day("2027-03-31")}
    _, faults = parse_suppositions(texts, directories=["AD1"], surfaces=["X1"], **days)
    told = refusal(faults)

    assert {one.code for one in faults} == set(FaultCode)
    assert all(word in told for word in ("AD9", "2026-12-32", "31 août 2026", "1er avril 2027", "propre", "1 à 5"))


def test_a_day_to_come_is_never_said_to_be_past() -> None:
    # 7 July 2026: the strict first audit is lost, the printed day is today.
    text = told(scenario(as_of="2026-07-07", surfaces=[]))

    assert "dernier jour prudent : 7 juillet 2026" in text
    assert "passé : 7 juillet 2026" not in text


def test_a_rhythm_that_asks_no_more_audit_gives_no_least_figure() -> None:
    runs = ["2026-06-20", "2026-08-10", "2026-10-05", "2026-12-01", ("2027-01-20", 1), ("2027-03-09", 1)]
    text = told(scenario(as_of="2027-03-20", runs=runs, surfaces=[]))  # type: ignore[arg-type]

    assert "2 audits ADS" in text
    assert "au moins 0" not in text


def test_the_last_day_is_said_on_that_day() -> None:
    assert "aujourd'hui est le dernier jour" in told(scenario(as_of="2026-07-07"))
    assert "aujourd'hui est le dernier jour" not in told(scenario(as_of="2026-07-06"))


def test_a_declaration_after_the_last_day_is_said_to_lose_all() -> None:
    assert "après le dernier jour du programme, le 31 mars 2027" in told(
        scenario(as_of="2026-07-01", declaration="2027-05-20")
    )


def test_a_candidate_with_nothing_configured_is_not_told_that_all_is_well() -> None:
    text = told(scenario(as_of="2026-09-01", ads=[], surfaces=[]))

    assert "Rien n'est perdu à ce jour." not in text
    assert "[[directories]]" in text
    assert "établissement support" not in text


def test_findings_are_named_as_people_know_them() -> None:
    value = scenario(as_of="2026-08-12", exposures=["2026-06-20", ("2026-08-10", "INDUSTRIAL", [HIGH])])
    text = "\n".join(lines(forecast_of(value), (), (), {HIGH["id"]: "OpenSSH dépassé (vpn.exemple.fr)"}))  # type: ignore[dict-item]

    assert "OpenSSH dépassé (vpn.exemple.fr)" in text
    assert "CVE-2" not in text
