from __future__ import annotations

import io
from typing import Any

import pytest

from agent.domain.exposure import Reading
from collectors.formats.asset_list import AssetListReader
from collectors.formats.interface import Limits, Source

FRENCH = (
    "Nom de domaine;Adresse IP;Établissement;Propriétaire\r\n"
    "www.chu.fr;203.0.113.10;CHU;DSI\r\n"
    "extranet.chu.fr;10.1.2.3;CHU;=cmd|'/c calc'!A1\r\n"
)


def sniffs(data: bytes) -> bool:
    return AssetListReader().sniff(data[: 64 * 1024], "x")


def read(data: str | bytes, limits: Limits | None = None) -> Reading:
    raw = data.encode() if isinstance(data, str) else data
    assert sniffs(raw)
    return AssetListReader().read(Source(stream=io.BytesIO(raw), name="x", size=len(raw)), limits or Limits())


def assets(data: str | bytes) -> list[dict[str, Any]]:
    found = read(data).summary["assets"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_french_spreadsheet_is_read_in_its_encodings(codec: str) -> None:
    first = assets(FRENCH.encode(codec))[0]

    assert first == {
        "name": "www.chu.fr",
        "asset_kind": "domain",
        "establishment": "CHU",
        "owner": "DSI",
        "public": True,
    }


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_delimiter_is_found(delimiter: str) -> None:
    text = FRENCH.replace(";", delimiter)

    assert [asset["name"] for asset in assets(text)] == ["www.chu.fr", "203.0.113.10", "extranet.chu.fr", "10.1.2.3"]


def test_delimiter_that_the_file_announces_is_taken() -> None:
    assert [asset["name"] for asset in assets("sep=|\r\nDomaine|IP\r\na.fr|203.0.113.1\r\n")] == ["a.fr", "203.0.113.1"]


def test_formula_in_a_cell_is_made_inert() -> None:
    assert assets(FRENCH)[2]["owner"] == "'=cmd|'/c calc'!A1"


@pytest.mark.parametrize(
    ("value", "kind", "name", "public"),
    [
        ("WWW.Exemple.FR.", "domain", "www.exemple.fr", True),
        ("hôpital.exemple.fr", "domain", "xn--hpital-ixa.exemple.fr", True),
        ("*.exemple.fr", "domain", "exemple.fr", True),
        ("https://portail.exemple.fr:8443/login", "domain", "portail.exemple.fr", True),
        ("srv.chu.local", "domain", "srv.chu.local", False),
        ("192.168.1.4", "address", "192.168.1.4", False),
        ("2001:0db8:0::1", "address", "2001:db8::1", True),
        ("fe80::1", "address", "fe80::1", False),
        ("203.0.113.7/24", "range", "203.0.113.0/24", True),
        ("203.0.113.9/32", "address", "203.0.113.9", True),
        ("10.0.0.0/8", "range", "10.0.0.0/8", False),
        ("203.0.113.10 - 203.0.113.20", "range", "203.0.113.10-203.0.113.20", True),
        ("203.0.113.10-20", "range", "203.0.113.10-203.0.113.20", True),
        ("chu-exemple.fr", "domain", "chu-exemple.fr", True),
    ],
)
def test_value_takes_its_canonical_form(value: str, kind: str, name: str, public: bool) -> None:
    (found,) = assets(f"Domaine\n{value}\n")

    assert (found["asset_kind"], found["name"], found["public"]) == (kind, name, public)


@pytest.mark.parametrize(
    "value",
    [
        "pas un domaine!",
        "-a-.fr",
        "a..fr",
        "srv1",
        "300.1.2.3",
        "0.0.0.0/0",
        "203.0.113.20-10",
        "x" * 70 + ".fr",
        "http://",
    ],
)
def test_bad_value_is_a_problem_with_its_line(value: str) -> None:
    reading = read(f"Domaine\nbon.fr\n{value}\n")

    assert reading.summary["rows"] == 2
    assert {problem.where for problem in reading.problems} == {"ligne 3"}
    assert reading.complete


def test_line_numbers_count_the_lines_inside_quotes() -> None:
    reading = read('Domaine;Propriétaire\na.fr;"deux\nlignes"\nsrv1;x\n')

    assert [problem.where for problem in reading.problems] == ["ligne 4"]


def test_several_values_in_a_cell_are_several_assets() -> None:
    assert len(assets("Domaine;IP\na.fr;203.0.113.1 203.0.113.2\n")) == 3


def test_plain_list_without_heading_is_recognised() -> None:
    assert [asset["name"] for asset in assets("a.fr\nb.fr\n203.0.113.0/28\n")] == ["a.fr", "b.fr", "203.0.113.0/28"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param("Nom;Prénom;Adresse\nDurand;Anne;3 rue des Lilas\n".encode(), id="people"),
        pytest.param(b"IP,Hostname,CVSS\n203.0.113.1,a.fr,9.8\n", id="scanner-table"),
        pytest.param("Compte rendu de réunion du 3 mars.\nPrésents : …\n".encode(), id="prose"),
        pytest.param(b"Domaine\n" + b"\0" * 40, id="nul-bytes"),
        pytest.param(b"<Domaine>\na.fr\n", id="markup"),
        pytest.param(b"Domaine\n" + b"\x81\x8d\x8f\n", id="binary"),
    ],
)
def test_other_content_is_no_asset_list(data: bytes) -> None:
    assert not sniffs(data)


def test_more_rows_than_allowed_is_incomplete() -> None:
    reading = read("Domaine\n" + "a.fr\n" * 10, Limits(rows=4))

    assert not reading.complete
    assert reading.summary["rows"] == 4


def test_huge_cell_ends_the_reading_as_incomplete() -> None:
    reading = read("Domaine;Contact\n" + "a.fr;x\n" * 10_000 + "b.fr;" + "y" * 200_000 + "\n")

    assert not reading.complete
    assert reading.summary["rows"] == 10_000


def test_bytes_broken_far_in_the_file_make_it_incomplete() -> None:
    reading = read(b"Domaine\n" + b"aaaaaaa.fr\n" * 10_000 + b"\x81\x8d.fr\n")

    assert not reading.complete
