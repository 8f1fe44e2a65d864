"""The worked cases of the evaluation contract, with the verdicts they expect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.domain.evaluation_cases import judged

CASES = sorted((Path(__file__).parents[2] / "assets" / "evaluation").glob("*.json"))


def differences(expected: dict[str, Any], found: dict[str, Any], path: str = "") -> list[str]:
    wrong: list[str] = []
    for key, value in expected.items():
        if key == "reasons_include":
            wrong += [f"{path}: {code} missing" for code in value if code not in found["reasons"]]
        elif isinstance(value, dict):
            wrong += differences(value, found[key], f"{path}/{key}")
        elif found[key] != value:
            wrong.append(f"{path}/{key}: {found[key]!r}, expected {value!r}")
    return wrong


def test_the_worked_examples_are_all_there() -> None:
    assert len(CASES) == 18


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_worked_example_is_judged_as_the_contract_says(case: Path) -> None:
    scenario = json.loads(case.read_text(encoding="utf-8"))

    assert differences(scenario["expected"], judged(scenario)["objectives"]) == []
