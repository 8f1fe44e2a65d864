"""What is wrong with what people write, in French."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

import agent.domain
from agent.domain.declaration import Bearer
from agent.domain.fault import Fault, What
from agent.texts.faults import sentence

DOMAIN = Path(agent.domain.__path__[0])
RAISED = "".join(
    (DOMAIN / f"{name}.py").read_text(encoding="utf-8")
    for name in ("declaration_request", "declaration_text", "written_amount", "written_day")
)

ALL = (
    *("written", "first", "last", "year", "currency", "number", "most", "part", "whole", "label", "kind", "said"),
    *("reading", "earlier", "path"),
)


@pytest.mark.parametrize("what", [*What])
def test_every_fault_has_its_words_and_somebody_who_finds_it(what: What) -> None:
    assert re.search(rf"What\.{what.name}\b", RAISED)
    assert sentence(Fault(what, {**dict.fromkeys(ALL, "x"), "day": date(2026, 8, 1)}))


@pytest.mark.parametrize(
    ("what", "values", "said"),
    [
        pytest.param(What.NOT_A_CHOICE, {"written": "gradess", "known": ["grades"]}, "dire « grades » ?", id="near"),
        pytest.param(What.UNKNOWN_KIND, {"written": "x", "known": [], "near": "osis"}, "dire « osis » ?", id="told"),
        pytest.param(What.UNKNOWN_FIELD, {"written": "x", "known": ["a", "b"]}, "; possibles : a, b", id="few"),
        pytest.param(What.NOT_A_NUMBER, {"is_bare": True}, "1234,56, sans unité", id="bare"),
        pytest.param(What.NOT_YES_NO, {"written": "x", "of": "Signé"}, "non (Signé)", id="field"),
        pytest.param(What.READING_REQUIRED, {"among": ["a", "b"]}, "possibles : a, b", id="among"),
        pytest.param(
            What.ABOUT_ANOTHER, {"kind": "osis", "bearer": Bearer.FINDING}, "sur une vulnérabilité", id="whom"
        ),
    ],
)
def test_the_words_of_a_fault_end_with_what_helps(what: What, values: dict[str, object], said: str) -> None:
    assert sentence(Fault(what, values)).endswith(said)
