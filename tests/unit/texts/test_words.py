"""The sentences that every surface shares."""

from __future__ import annotations

import pytest

from agent.texts.words import did_you_mean


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
