from __future__ import annotations

import io

import pytest

from agent.domain.exposure import Reading
from collectors.formats.interface import Limits, Source
from collectors.formats.mla import MlaReader
from tests.assets.reports.make_mla import archive_v1, archive_v2

NAME = "chu.exemple.fr_20260901-060500.mla"


def read(data: bytes, name: str = NAME) -> Reading:
    assert MlaReader().sniff(data[: 64 * 1024], "sans-nom")
    return MlaReader().read(Source(stream=io.BytesIO(data), name=name, size=len(data)), Limits())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(archive_v1(), {"version": 1, "layers": ["encryption", "compression"], "recipients": 1}, id="v1"),
        pytest.param(
            archive_v1(recipients=2),
            {"version": 1, "layers": ["encryption", "compression"], "recipients": 2},
            id="v1-own-key",
        ),
        pytest.param(
            archive_v2(recipients=2), {"version": 2, "layers": ["signature", "encryption"], "recipients": 2}, id="v2"
        ),
        pytest.param(
            archive_v2(signed=False, options=b"abc"),
            {"version": 2, "layers": ["encryption"], "recipients": 1},
            id="v2-with-options",
        ),
    ],
)
def test_header_is_read_without_any_key(data: bytes, expected: dict[str, object]) -> None:
    reading = read(data)

    assert reading.complete
    assert reading.problems == ()
    assert reading.summary == {**expected, "forest": "chu.exemple.fr"}


def test_own_name_gives_forest_and_start() -> None:
    reading = read(archive_v1())

    assert reading.audit is not None
    assert reading.audit.started_at == "2026-09-01T06:05:00Z"
    assert (reading.kind, reading.tool) == ("oradad_archive", "ORADAD")


def test_tenant_in_the_name_makes_it_an_oradaz_archive() -> None:
    reading = read(archive_v2(), "0f7e3c1a-1111-2222-3333-444455556666_20260901-060500.mla")

    assert (reading.kind, reading.tool) == ("oradaz_archive", "ORADAZ")


@pytest.mark.parametrize("name", ["archive.mla", "chu_20261301-000000.mla", "../chu_20260901-060500.mla", "a\nb.mla"])
def test_another_name_leaves_forest_and_day_open(name: str) -> None:
    reading = read(archive_v1(), name)

    assert reading.complete
    assert reading.audit is None
    assert reading.problems[0].where == "nom"


@pytest.mark.parametrize("data", [archive_v1(data=b"x"), archive_v2()], ids=["v1", "v2"])
def test_archive_cut_anywhere_is_incomplete(data: bytes) -> None:
    for cut in [*range(12, len(data), 7), len(data) - 1]:
        assert not read(data[:cut]).complete, cut


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(archive_v1(recipients=0), id="no-recipient"),
        pytest.param(archive_v1()[:41] + b"\xff" * 8 + archive_v1()[49:], id="absurd-count"),
        pytest.param(archive_v1(version=7), id="unknown-version"),
        pytest.param(archive_v1(layers=0x83), id="unknown-layer"),
    ],
)
def test_implausible_header_is_incomplete(data: bytes) -> None:
    reading = read(data)

    assert not reading.complete
    assert reading.problems[0].where == "en-tête"


def test_archive_in_clear_is_said() -> None:
    assert "chiffrée" in read(archive_v1(layers=2)).problems[0].what


def test_archive_that_its_tool_gave_up_is_incomplete() -> None:
    assert not read(archive_v1(), NAME + ".broken").complete


@pytest.mark.parametrize("head", [b"", b"MLA", b"MLA\0\0\0\0", b"MLAFxxxx", b"XMLA\1\0\0\0"])
def test_other_content_is_no_archive(head: bytes) -> None:
    assert not MlaReader().sniff(head, NAME)
