"""
Reports of the ADS service (HTML, sometimes printed to PDF).

Their layout is not published: a report is recognised, never believed. The directory, the
day of the run and the score come from the side file or from a person.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import ClassVar

from agent.domain.exposure import Reading
from collectors.formats.document import is_cut, media_type
from collectors.formats.interface import Limits, ProblemLog, Reader, Source, clip
from collectors.formats.markup import root_name
from collectors.formats.text import decode, text_of

_POINT = re.compile(r"(?<![A-Za-z0-9_])(?:vuln|warn|warning|info)\d?_[a-z][a-z0-9_]{2,60}(?![A-Za-z0-9_])")
_RAW_POINT = re.compile(rb"(?<![A-Za-z0-9_])(?:vuln|warn|warning)\d?_[a-z][a-z0-9_]{2,60}(?![A-Za-z0-9_])")
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,400})</title", re.IGNORECASE)
_TITLE_WORDS = re.compile(r"\b(?:ADS|ORADAD|Active\s+Directory)\b")
_ENOUGH_POINTS = 3
_MOST_POINTS = 500


class AdsReportReader(Reader):
    """Recognised by its control-point ids or its title."""

    format: ClassVar[str] = "ads_report"
    version: ClassVar[int] = 1
    kind: ClassVar[str] = "ads_report"
    title: ClassVar[str] = "Rapport du service ADS"
    rank: ClassVar[int] = 1
    max_bytes: ClassVar[int] = 128 * 1024**2

    def sniff(self, head: bytes, name: str) -> bool:
        del name
        if head.startswith(b"%PDF-"):
            return len(set(_RAW_POINT.findall(head))) >= _ENOUGH_POINTS
        text = text_of(head)
        if text is None or (root_name(head) or "").lower() != "html":
            return False
        title = _TITLE.search(text)
        return (title is not None and _TITLE_WORDS.search(title[1]) is not None) or len(
            set(_POINT.findall(text))
        ) >= _ENOUGH_POINTS

    def read(self, source: Source, limits: Limits) -> Reading:
        problems = ProblemLog(limits.problems)
        data = source.stream.read()
        media = media_type(data[: 64 * 1024])
        page = _Page()
        if media == "application/pdf":
            text = data.decode("latin-1")
            cut = is_cut(source.stream, source.size, media)
        else:
            text, _, exact = decode(data)
            if not exact:
                problems.add("document", "Certains caractères n'ont pas pu être décodés.")
            page.feed(text)
            cut = not page.closed
        if cut:
            problems.add("fin du fichier", "Le rapport n'a pas sa fin normale : il est tronqué ou abîmé.")
        points = sorted(set(_POINT.findall(text)))
        if len(points) > _MOST_POINTS:
            problems.add("document", f"Plus de {_MOST_POINTS} identifiants de points : les premiers sont gardés.")
        return Reading(
            format=self.format,
            kind=self.kind,
            reader_version=self.version,
            tool="ADS",
            complete=not cut,
            problems=problems.all(),
            summary={"media_type": media, "title": clip(page.title, limits), "points": points[:_MOST_POINTS]},
        )


class _Page(HTMLParser):
    """Reads the title and whether the document is closed; scripts are text like any other, never run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.closed = False
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._in_title = tag == "title" and not self.title

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False
        self.closed = self.closed or tag == "html"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
