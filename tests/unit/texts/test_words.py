"""The words and sentences that every surface shares."""

from __future__ import annotations

import pytest

from agent.domain.rules.outcome import Reason
from agent.domain.verdict import Verdict
from agent.texts.words import MARKS, counted, did_you_mean, listed, reason, verdict


@pytest.mark.parametrize("code", Verdict, ids=str)
def test_every_verdict_has_its_words_and_its_mark(code: Verdict) -> None:
    assert verdict(code) != code
    assert MARKS[code]


@pytest.mark.parametrize("code", Reason, ids=str)
def test_every_reason_has_its_words(code: Reason) -> None:
    assert reason(code) != code


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0 pièce"), (1, "1 pièce"), (2, "2 pièces")], ids=["none", "one", "two"]
)
def test_a_count_agrees_with_what_it_counts(count: int, expected: str) -> None:
    assert counted(count, "pièce") == expected


@pytest.mark.parametrize(
    ("items", "most", "expected"),
    [
        (["a"], None, "a"),
        (["a", "b", "c"], None, "a, b et c"),
        (["a", "b"], 2, "a, b"),
        (["a", "b", "c"], 2, "a, b et 1 autre"),
        (["a", "b", "c", "d"], 2, "a, b et 2 autres"),
    ],
    ids=["one", "all", "just enough", "one more", "two more"],
)
def test_what_is_listed_says_how_many_are_left_out(items: list[str], most: int | None, expected: str) -> None:
    assert listed(items, most) == expected


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        pytest.param("chi", ["chu", "ch-nord"], " ; vouliez-vous dire « chu » ?", id="near"),
        pytest.param("D1BIS-2026", ["D1_2024", "D1BIS_2026"], " ; vouliez-vous dire « D1BIS_2026 » ?", id="capitals"),
        pytest.param(
            "d1bis_2026", ["D1_2024", "D1BIS_2026"], " ; vouliez-vous dire « D1BIS_2026 » ?", id="another case"
        ),
        pytest.param("zzz", ["chu", "ch-nord"], " ; possibles : ch-nord, chu", id="few"),
        pytest.param("zzz", [f"id-{number}" for number in range(40)], "", id="many"),
        pytest.param("zzz", [], " (il n'y en a aucun)", id="none"),
        pytest.param("z" * 100_000, ["z" * 60], f" ; vouliez-vous dire « {'z' * 60} » ?", id="endless"),
    ],
)
def test_a_slip_is_answered_with_what_is_near_or_known(word: str, known: list[str], said: str) -> None:
    assert did_you_mean(word, known) == said
