from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vault.contents import safe_names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("rapport été.pdf", "rapport été.pdf", id="kept"),
        pytest.param("../../etc/passwd", "passwd", id="path"),
        pytest.param("C:\\temp\\a.txt", "a.txt", id="windows-path"),
        pytest.param("a\nb", "a_b", id="newline"),
        pytest.param("NUL.txt", "_NUL.txt", id="reserved-on-windows"),
        pytest.param("a. ", "a", id="trailing-dot"),
        pytest.param("..", "_", id="parent"),
    ],
)
def test_name_becomes_one_that_any_system_takes(name: str, expected: str) -> None:
    assert safe_names([name]) == [expected]


def test_names_alike_are_told_apart_also_where_case_does_not_count() -> None:
    assert safe_names(["a.tar.gz", "A.TAR.GZ", "a.tar.gz"]) == ["a.tar.gz", "A-2.TAR.GZ", "a-3.tar.gz"]


@given(st.lists(st.text(), max_size=8))
def test_no_name_leaves_its_folder_nor_takes_another_ones_place(names: list[str]) -> None:
    safe = safe_names(names)

    assert len({name.casefold() for name in safe}) == len(names)
    for name in safe:
        assert name not in {"", ".", ".."}
        assert not set(name) & set('/\\\0\n:*?"<>|')
        assert len(name.encode()) <= 255
