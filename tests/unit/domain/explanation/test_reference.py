"""The reference page names every step and every value of it."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from agent.domain.explanation import steps

PAGE = (Path(__file__).parents[4] / "docs/reference/explanation.md").read_text(encoding="utf-8")
ROWS = {row[0]: row[1] for row in re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, re.MULTILINE)}


@pytest.mark.parametrize("step", steps.Step.__subclasses__(), ids=lambda step: step.kind)
def test_every_value_of_a_step_is_named(step: type[steps.Step]) -> None:
    named = set(re.findall(r"`(\w+)`", ROWS[step.kind])) | {"sources"}

    assert {field.name for field in fields(step)} <= named


def test_every_key_of_an_explanation_is_named() -> None:
    assert {field.name for field in fields(steps.Explanation)} <= set(re.findall(r"`(\w+)`", PAGE))


def test_every_value_within_a_step_is_named() -> None:
    within = [
        *(steps.OpenFact, steps.Awaited, steps.Audit, steps.Interval, steps.GapTest, steps.FirstAuditTest),
        *(steps.MeanTest, steps.Report, steps.ScoresTest, steps.ExposureTest, steps.Part, steps.ShareOf),
        *(steps.ConditionResult, steps.ReadingResult, steps.Settled, steps.ContestedReading),
    ]

    assert {field.name for one in within for field in fields(one)} <= set(re.findall(r"`(\w+)`", PAGE))
