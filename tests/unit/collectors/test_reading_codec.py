from __future__ import annotations

import json
from typing import Any

import pytest

from agent.domain.exposure import AuditHead, Observation, Problem, Reading, Score
from collectors.reading_codec import from_json, to_json

READING = Reading(
    format="nessus",
    kind="exposure_report",
    reader_version=1,
    tool="Nessus",
    complete=False,
    problems=(Problem(where="ligne 1", what="…"),),
    audit=AuditHead(scope=("a.fr",), name="Été"),
    observations=(
        Observation(
            id="x",
            native_id="1",
            title="t",
            asset="a.fr",
            port=443,
            scores=(Score(version="3.1", kind="base", value=9.8),),
            cves=("CVE-2026-0001",),
        ),
    ),
    summary={"observations": 1, "nested": {"a": [1, None]}},
)


def test_reading_survives_its_way_out_of_the_worker() -> None:
    assert from_json(json.loads(json.dumps(to_json(READING)))) == READING


@pytest.mark.parametrize(
    "change",
    [
        {"observations": [{"id": "x"}]},
        {"observations": "x"},
        {"problems": [1]},
        {"complete": {}},
        {"summary": []},
        {"format": None},
        {"audit": {"scope": "a"}},
    ],
)
def test_answer_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        from_json({**to_json(READING), **change})


@pytest.mark.parametrize("answer", [None, [], "x", 3, {}])
def test_answer_that_is_no_reading_is_refused(answer: object) -> None:
    with pytest.raises(ValueError, match="validation error"):
        from_json(answer)
