"""`carenage status --explain` on a real vault: the same reasoning for people and as JSON, on what was sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.domain.errors import ExitCode
from tests.e2e.conftest import ADS_REPORT

if TYPE_CHECKING:
    from tests.e2e.conftest import Completed, Installation


def explain(installation: Installation, *words: str) -> Completed:
    return installation.type("status", "--explain", *words)


def step(document: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = [one for one in document["steps"] if one["kind"] == kind]
    return dict(found)


def test_a_unit_is_explained_by_its_audits_on_a_line(audited: Installation) -> None:
    done = explain(audited, "d1.o1.a", "AD-CHU")

    assert done.code == ExitCode.OK, done
    assert "Audits : début 04/05/2026 ─28 j→ 01/06 ─⏳14 j→ aujourd'hui 15/06/2026" in done.out
    assert "D1bis, Q/R 3.1" in done.out


def test_the_json_says_the_same_as_codes_and_values(audited: Installation) -> None:
    document = explain(audited, "D1.O1.A", "ad-chu", "--json").json

    assert (document["programme"], document["objective"]) == ("D1BIS_2026", "D1.O1.A")
    assert document["subject"] == {"kind": "directory", "id": "ad-chu"}
    assert [one["days"] for one in step(document, "timeline")["intervals"]] == [28, 14]
    assert document["alarms"] == []


def test_the_day_asked_is_the_day_explained(audited: Installation) -> None:
    document = explain(audited, "D1.O1.A", "ad-chu", "--as-of", "2026-07-15", "--json").json

    assert document["as_of"] == "2026-07-15"
    assert [one["days"] for one in step(document, "timeline")["intervals"]] == [28, 44]


def test_an_explanation_leaves_the_remembered_screen_as_it_is(audited: Installation) -> None:
    before = audited.type("status")
    explain(audited, "D1.O1.A", "ad-sud", "--as-of", "2027-01-01")

    assert audited.type("status") == before


def test_a_lost_objective_answers_like_the_status(installation: Installation) -> None:
    done = explain(installation, "D1.O1.A", "ad-sud", "--as-of", "2027-01-01")

    assert done.code == ExitCode.OBJECTIVE_NOT_MET
    assert "le premier audit n'est pas venu à temps" in done.out


def test_who_pinned_a_reading_is_said_with_the_answer_and_the_day(audited: Installation) -> None:
    audited.type(
        *("declare", "pinned_reading", "--reading", "mean_cmp", "--set", "value=le"),
        *("--set", "answer=ANS, courriel du 3 mai 2026", "--person", "C. Martin"),
    )

    (pinned,) = step(explain(audited, "D1.O1.A", "ad-chu", "--json").json, "readings")["readings"]

    assert pinned["name"] == "mean_cmp"
    assert pinned["settled"]["person"] == "C. Martin"
    assert pinned["settled"]["answer"] == "ANS, courriel du 3 mai 2026"
    assert [one["value"] for one in pinned["results"] if one["retained"]] == ["le"]


def test_an_undecided_report_is_named_with_the_command_that_settles_it(installation: Installation) -> None:
    installation.drop("ads.html", ADS_REPORT)
    installation.type("run", "--only", "inbox")

    document = explain(installation, "D1.O1.B", "ad-chu", "--json").json

    assert document["assumes_worst"]
    (fact,) = step(document, "decisions")["facts"]
    assert fact["command"].startswith(f"carenage inbox confirm {fact['evidence']}")


@pytest.mark.parametrize("objective", ["D1.O3", "D1.O4", "D1.O5", "D1.O6.A", "D1.O6.B"])
def test_every_declared_objective_says_its_conditions(installation: Installation, objective: str) -> None:
    document = explain(installation, objective, *([] if "O6" in objective else ["chu"]), "--json").json

    assert step(document, "conditions")["conditions"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["D1.O1.C"], "D1.O1.A", id="objective"),
        pytest.param(["D1.O1.A", "ad-chi"], "Vouliez-vous dire « ad-chu » ?", id="unit"),
        pytest.param(["D1.O1.A", "--programme", "D1_2024"], "D1BIS_2026", id="programme"),
    ],
)
def test_what_is_unknown_is_answered_with_what_is_known(
    installation: Installation, words: list[str], said: str
) -> None:
    done = explain(installation, *words)

    assert done.code == ExitCode.USAGE
    assert said in done.err


def test_an_element_alone_is_refused_with_the_right_words(installation: Installation) -> None:
    done = installation.type("status", "ad-chu")

    assert done.code == ExitCode.USAGE
    assert "--explain" in done.err
