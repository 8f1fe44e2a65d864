from __future__ import annotations

import pytest

from agent.domain.display import inert_cell


@pytest.mark.parametrize("value", ["=1+1", "+33", "-1", "@SUM", "\tx", "\rx"])
def test_a_cell_that_looks_like_a_formula_is_quoted(value: str) -> None:
    assert inert_cell(value) == f"'{value}"


@pytest.mark.parametrize("value", ["", "été", "1-1", "'=1"])
def test_any_other_cell_stays_as_it_is(value: str) -> None:
    assert inert_cell(value) == value
