from __future__ import annotations

import io
import zipfile

import pytest

from agent.domain.exposure import Reading
from collectors.formats.ads_report import AdsReportReader
from collectors.formats.document import DocumentReader
from collectors.formats.interface import Limits, Reader, Source

ADS = (
    "<!DOCTYPE html><html><head><title>Rapport ADS &mdash; chu.exemple.fr</title>"
    "<script>document.location='http://127.0.0.1:1/'; vuln1_in_script()</script></head><body>"
    "<h1>Niveau 4</h1><td>vuln1_spn_priv</td><td>vuln2_dont_expire</td><td>warn1_admincount</td></body></html>"
)


def read(reader: Reader, data: bytes) -> Reading:
    return reader.read(Source(stream=io.BytesIO(data), name="x", size=len(data)), Limits())


def office(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


def test_ads_report_is_recognised_and_nothing_is_derived_from_it() -> None:
    assert AdsReportReader().sniff(ADS.encode(), "x.pdf")

    reading = read(AdsReportReader(), ADS.encode())

    assert reading.complete
    assert reading.audit is None
    assert set(reading.summary) == {"media_type", "title", "points"}
    assert reading.summary["title"] == "Rapport ADS — chu.exemple.fr"
    assert "vuln1_spn_priv" in str(reading.summary["points"])


@pytest.mark.parametrize("cut", [120, 250, len(ADS) - 3])
def test_cut_ads_report_is_incomplete(cut: int) -> None:
    assert not read(AdsReportReader(), ADS.encode()[:cut]).complete


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"%PDF-1.7\nvuln1_spn_priv vuln2_owner vuln3_owner\n%%EOF", True, id="pdf-with-ids"),
        pytest.param(b"%PDF-1.7\nBT (Bonjour) Tj\n%%EOF", False, id="any-pdf"),
        pytest.param(b"<html><title>Cantine</title></html>", False, id="any-page"),
        pytest.param(b"vuln1_spn_priv vuln2_owner vuln3_owner", False, id="plain-text"),
    ],
)
def test_ads_report_is_recognised_by_its_content(data: bytes, expected: bool) -> None:
    assert AdsReportReader().sniff(data, "rapport-ads.html") is expected


@pytest.mark.parametrize(
    ("data", "media"),
    [
        pytest.param(b"%PDF-1.7\n...\n%%EOF\n", "application/pdf", id="pdf"),
        pytest.param(b"\x89PNG\r\n\x1a\n....IEND\xaeB`\x82", "image/png", id="png"),
        pytest.param(b"\xff\xd8\xff\xe0....\xff\xd9", "image/jpeg", id="jpeg"),
        pytest.param(
            office("[Content_Types].xml", "word/document.xml"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            id="docx",
        ),
        pytest.param("Décision du directeur\n".encode("cp1252"), "text/plain", id="text"),
        pytest.param(b"<!doctype html><HTML><body>x</body></HTML>", "text/html", id="html"),
    ],
)
def test_document_is_recognised_and_left_to_a_person(data: bytes, media: str) -> None:
    assert DocumentReader().sniff(data, "x")

    reading = read(DocumentReader(), data)

    assert reading.complete
    assert (reading.kind, reading.summary) == ("document", {"media_type": media})


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"%PDF-1.7\n...", id="pdf"),
        pytest.param(b"\x89PNG\r\n\x1a\n....", id="png"),
        pytest.param(office("[Content_Types].xml", "word/document.xml")[:-30], id="docx"),
    ],
)
def test_cut_document_is_incomplete(data: bytes) -> None:
    assert DocumentReader().sniff(data, "x")
    assert not read(DocumentReader(), data).complete


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", "C:\\Windows\\x", "word/..\\..\\x"])
def test_member_that_leaves_its_folder_is_said(name: str) -> None:
    reading = read(DocumentReader(), office("[Content_Types].xml", "word/document.xml", name))

    assert "sort de son dossier" in reading.problems[0].what


@pytest.mark.parametrize(
    "data",
    [
        b"", b"   \n", b"\0" * 64, b"\x7fELF\x02\x01\x01", b"<Rapport>x</Rapport>", b'{"a": 1}', b"[1, 2]", b"<",
        b"PK\x03\x04" + b"x" * 60, b"\x1f\x8b\x08\x00abc", b"texte avec \0 dedans",
    ],
)  # fmt: skip
def test_unknown_content_is_no_document(data: bytes) -> None:
    assert not DocumentReader().sniff(data, "courrier.pdf")
