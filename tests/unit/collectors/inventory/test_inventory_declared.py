from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.domain.errors import CollectorError, SourceAnswerError, UnreachableError
from collectors import registry
from collectors.interface import CollectionContext
from collectors.inventory.declared import DeclaredCollector, DeclaredSettings
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

CONTEXT = CollectionContext(now=FakeClock().now(), subject="chu")


def collector(path: Path) -> DeclaredCollector:
    return DeclaredCollector("liste-rssi", DeclaredSettings(path=path))


def test_the_registry_finds_it_by_its_folder() -> None:
    assert registry.load("declared") is DeclaredCollector


@pytest.mark.parametrize(
    ("name", "media_type"), [("liste.csv", "text/csv"), ("LISTE.TOML", "application/toml"), ("l.txt", "text/plain")]
)
def test_the_list_is_sealed_as_it_stands(tmp_path: Path, name: str, media_type: str) -> None:
    content = "nom;établissement\r\nwww.chu.example;chu\r\n".encode("cp1252")
    (tmp_path / name).write_bytes(content)

    (evidence,) = collector(tmp_path / name).collect(CONTEXT)

    with evidence.open() as first, evidence.open() as again:
        assert first.read() == again.read() == content
    assert (evidence.name, evidence.media_type, evidence.collector, evidence.subject) == (
        name,
        media_type,
        "liste-rssi",
        "chu",
    )


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        pytest.param("liste.csv", None, UnreachableError, id="missing"),
        pytest.param("liste.csv", b" \r\n", SourceAnswerError, id="empty"),
        pytest.param("liste.csv", b"x" * (16 * 1024 * 1024 + 1), SourceAnswerError, id="too large"),
        pytest.param("liste.xlsx", b"x", SourceAnswerError, id="of another kind"),
    ],
)
def test_a_list_that_cannot_be_used_is_a_failure_never_an_empty_list(
    tmp_path: Path, name: str, content: bytes | None, expected: type[CollectorError]
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(expected):
        next(collector(tmp_path / name).collect(CONTEXT))


def test_doctor_reads_the_list(tmp_path: Path) -> None:
    (result,) = collector(tmp_path / "liste.csv").check(CONTEXT)
    assert not result.ok

    (tmp_path / "liste.csv").write_bytes(b"www.chu.example")
    (result,) = collector(tmp_path / "liste.csv").check(CONTEXT)
    assert result.ok
