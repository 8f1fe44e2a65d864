"""`oradad.log`: whether the collection behind an archive is complete, as far as the log tells."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from agent.domain.exposure import AuditHead, Reading
from collectors.formats.interface import Limits, ProblemLog, Reader, Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_LINE = re.compile(r"(\d{4}/\d\d/\d\d - \d\d:\d\d:\d\d\.\d{3})\t(\d)\t([^\t]*)\t([^\t]*)\t(\d+)\t(.*)", re.DOTALL)
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_SIGN = re.compile(r"^\[[^\]]{1,3}\]\s*")
_IN_FOREST = re.compile(r"Domain in forest:\s*(\S+)")
_PROCESSING = re.compile(r"Processing domain in forest:\s*(\S+)")
_DUMPING = re.compile(r"Dumping '([^']+)'")
_FINISHED = re.compile(r"Finished:.*?(\d+) objects")
_SNIFFED_LINES = 20
_LINE_BYTES = 64 * 1024
_CRITICAL, _ERROR = "1", "2"
_REASONS = {
    "NOT_STARTED": "Le journal ne contient pas la ligne de début.",
    "NOT_ENDED": "Le journal s'arrête avant la ligne de fin : collecte interrompue ou journal tronqué.",
    "CAPTURE_FAILED": "ORADAD annonce que la capture a échoué : il n'a pas laissé d'archive.",
    "NO_REQUEST": "Aucune requête n'a abouti.",
    "MAY_BE_PARTIAL": "ORADAD annonce que la collecte peut être partielle.",
    "ERROR_LINES": "Le journal contient des erreurs.",
    "DOMAIN_SKIPPED": "Un domaine de la forêt n'a pas été collecté.",
    "REQUEST_UNFINISHED": "Une requête commencée ne s'est pas terminée.",
    "SYSVOL_UNREADABLE": "Le dossier SYSVOL n'a pas pu être lu.",
}
_FATAL = frozenset({"NOT_STARTED", "NOT_ENDED", "CAPTURE_FAILED", "NO_REQUEST"})


@dataclass(slots=True)
class _Log:
    """What has been read so far."""

    first: str | None = None
    last: str | None = None
    started: bool = False
    ended: bool = False
    levels: Counter[str] = field(default_factory=Counter)
    in_forest: dict[str, str] = field(default_factory=dict)
    processed: set[str] = field(default_factory=set)
    requests: int = 0
    finished: int = 0
    objects: int = 0
    forest: str | None = None
    reasons: set[str] = field(default_factory=set)
    odd_lines: int = 0


class OradadLogReader(Reader):
    """
    Decoded as Latin-1, colours removed.

    `summary.collection` is `complete`, `partial` or `failed`; `reasons` are codes, told in
    French among the problems. Times are the collecting machine's own.
    """

    format: ClassVar[str] = "oradad_log"
    version: ClassVar[int] = 1
    kind: ClassVar[str] = "oradad_log"
    title: ClassVar[str] = "Journal ORADAD (oradad.log)"

    def sniff(self, head: bytes, name: str) -> bool:
        del name
        lines = head.decode("latin-1").splitlines()[:_SNIFFED_LINES]
        return any(_LINE.fullmatch(line) for line in lines)

    def read(self, source: Source, limits: Limits) -> Reading:
        problems = ProblemLog(limits.problems)
        log = _Log()
        for number, line in enumerate(_lines(source.stream), start=1):
            _follow(log, line, number, problems, limits)
        _conclude(log)
        for code in sorted(log.reasons):
            problems.add("journal", _REASONS[code])
        collection = "failed" if log.reasons & _FATAL else "partial" if log.reasons else "complete"
        skipped = [shown for name, shown in log.in_forest.items() if name not in log.processed]
        summary: dict[str, Any] = {
            "collection": collection,
            "reasons": sorted(log.reasons),
            "forest": log.forest,
            "levels": dict(sorted(log.levels.items())),
            "domains_in_forest": list(log.in_forest.values()),
            "domains_skipped": skipped,
            "requests_started": log.requests,
            "requests_finished": log.finished,
            "objects": log.objects,
        }
        return Reading(
            format=self.format,
            kind=self.kind,
            reader_version=self.version,
            tool="ORADAD",
            complete=log.ended,
            problems=problems.all(),
            audit=AuditHead(
                started_at=_iso(log.first),
                ended_at=_iso(log.last) if log.ended else None,
                scope=tuple(log.in_forest.values()) or ((log.forest,) if log.forest else ()),
            ),
            summary=summary,
        )


def _lines(stream: BinaryIO) -> Iterator[str]:
    while raw := stream.readline(_LINE_BYTES):
        yield raw.decode("latin-1").rstrip("\r\n").removeprefix("ï»¿")


def _follow(log: _Log, line: str, number: int, problems: ProblemLog, limits: Limits) -> None:
    found = _LINE.fullmatch(line)
    if found is None:
        if line.strip():
            log.odd_lines += 1
            problems.add(f"ligne {number}", "Cette ligne n'a pas la forme du journal : elle est ignorée.")
        return
    instant, level = found[1], found[2]
    message = _SIGN.sub("", _COLOUR.sub("", found[6])).strip()[: limits.field_characters]
    log.first, log.last = log.first or instant, instant
    log.levels[level] += 1
    if level in {_CRITICAL, _ERROR}:
        log.reasons.add("ERROR_LINES")
        problems.add(f"ligne {number}", f"Erreur du journal : {message[:200]}")
    log.started = log.started or message.startswith("Starting")
    log.ended = log.ended or message.startswith("End.")
    if processing := _PROCESSING.search(message):
        log.processed.add(processing[1].lower())
    elif (domain := _IN_FOREST.search(message)) and len(log.in_forest) < limits.rows:
        log.in_forest.setdefault(domain[1].lower(), domain[1])
    elif dumping := _DUMPING.search(message):
        log.requests += 1
        log.forest = log.forest or dumping[1].replace("\\", "/").partition("/")[0]
    elif finished := _FINISHED.search(message):
        log.finished += 1
        log.objects += int(finished[1][:12])
    elif "error has occurred during capture" in message:
        log.reasons.add("MAY_BE_PARTIAL" if "may be partial" in message else "CAPTURE_FAILED")
    elif "Unable to find files" in message:
        log.reasons.add("SYSVOL_UNREADABLE")


def _conclude(log: _Log) -> None:
    conditions = {
        "NOT_STARTED": not log.started,
        "NOT_ENDED": not log.ended,
        "NO_REQUEST": not log.finished,
        "REQUEST_UNFINISHED": log.finished < log.requests,
        "DOMAIN_SKIPPED": any(name not in log.processed for name in log.in_forest),
    }
    log.reasons.update(code for code, holds in conditions.items() if holds)


def _iso(text: str | None) -> str | None:
    """Return the log's local time as ISO text without a zone."""
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y/%m/%d - %H:%M:%S.%f").isoformat(timespec="seconds")  # noqa: DTZ007
    except ValueError:
        return None
