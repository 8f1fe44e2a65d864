"""Nessus v2 reports (`.nessus`, root NessusClientData_v2), from Nessus, Tenable.sc, Tenable VM and WAS."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from agent.domain.errors import ReadingError
from agent.domain.exposure import (
    AuditHead,
    Observation,
    Reading,
    Score,
    ScoreOutOfRangeError,
    cvss_score,
    finding_id,
    summarise,
    v3_version,
)
from collectors.formats.interface import Limits, ProblemLog, Reader, Source, clip
from collectors.formats.markup import elements, root_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

_ROOT = "NessusClientData_v2"
_SEVERITIES = frozenset("01234")
_CRITICAL = frozenset({"4"})
_SCAN_INFORMATION = "19506"
# (value, vector, family, kind); WAS writes the short names.
_SCORE_FIELDS = (
    ("cvss_base_score", "cvss_vector", "2", "base"),
    ("cvss", "cvss_vector", "2", "base"),
    ("cvss_temporal_score", "cvss_temporal_vector", "2", "temporal"),
    ("cvss3_base_score", "cvss3_vector", "3", "base"),
    ("cvssv3", "cvssv3_vector", "3", "base"),
    ("cvss3_temporal_score", "cvss3_temporal_vector", "3", "temporal"),
    ("cvss4_base_score", "cvss4_vector", "4", "base"),
    ("cvssv4", "cvssv4_vector", "4", "base"),
    ("cvss4_threat_score", "cvss4_threat_vector", "4", "temporal"),
)
_TIME_FORMATS = ("%a %b %d %H:%M:%S %Y", "%Y/%m/%d %H:%M:%S")
_VERSION_LINE = re.compile(r"Nessus version\s*:\s*([\w.]+)")


@dataclass(slots=True)
class _Report:
    """What has been read so far."""

    problems: ProblemLog
    complete: bool = True
    name: str | None = None
    vendor_id: str | None = None
    tool: str = "Nessus"
    tool_version: str | None = None
    scope: list[str] = field(default_factory=list)
    hosts: dict[str, None] = field(default_factory=dict)
    started: list[datetime] = field(default_factory=list)
    ended: list[datetime] = field(default_factory=list)
    unfinished: int = 0
    rejected_scores: int = 0
    unrated_rows: int = 0
    observations: list[Observation] = field(default_factory=list)


class NessusReader(Reader):
    """Every ReportItem is one observation; a host without an end time leaves the audit unfinished."""

    format: ClassVar[str] = "nessus"
    version: ClassVar[int] = 2
    kind: ClassVar[str] = "exposure_report"
    title: ClassVar[str] = "Rapport Nessus (.nessus)"

    def sniff(self, head: bytes, name: str) -> bool:
        del name
        return root_name(head) == _ROOT

    def read(self, source: Source, limits: Limits) -> Reading:
        report = _Report(problems=ProblemLog(limits.problems))
        closed = False
        try:
            for end_of in self._walk(source, limits, report):
                closed = end_of == _ROOT
        except ReadingError as error:
            report.complete = False
            report.problems.add("document", error.message)
        if not closed and report.complete:
            report.complete = False
            report.problems.add("document", "Le rapport s'arrête avant sa fin : la suite manque.")
        return _reading(report)

    def _walk(self, source: Source, limits: Limits, report: _Report) -> Iterator[str]:
        """Fill `report`; yield the tag of each element that ends."""
        stack: list[Element] = []
        host: Element | None = None
        for event, element in elements(source.stream, limits.depth):
            if event == "start":
                stack.append(element)
                if element.tag == "Report":
                    report.name = clip(element.get("name"), limits)
                    if element.get("type") == "was":
                        report.tool = "Tenable WAS"
                elif element.tag == "ReportHost":
                    host = element
                continue
            stack.pop()
            if element.tag == "preference":
                _preference(element, report, limits)
            elif element.tag == "HostProperties" and host is not None:
                _host(host, element, report, limits)
            elif element.tag == "ReportItem" and host is not None:
                if len(report.observations) >= limits.rows:
                    raise ReadingError(f"Le rapport compte plus de {limits.rows} lignes : lecture arrêtée.")
                report.observations.append(_observation(host, element, report, limits))
            elif element.tag == "ReportHost":
                host = None
            yield element.tag
            if element.tag in {"preference", "ReportItem", "HostProperties", "ReportHost", "Policy"} and stack:
                stack[-1].remove(element)


def _preference(element: Element, report: _Report, limits: Limits) -> None:
    name = (element.findtext("name") or "").strip().lower()
    value = clip(element.findtext("value"), limits)
    if value is None:
        return
    if name == "target":
        whole = (element.findtext("value") or "").strip()
        report.scope = [item[: limits.field_characters] for item in re.split(r"[\s,;]+", whole) if item][: limits.rows]
    elif name == "report_task_id":
        report.vendor_id = value
    elif name == "sc_version" and report.tool_version is None:
        report.tool_version = value


def _host(host: Element, properties: Element, report: _Report, limits: Limits) -> None:
    tags = {tag.get("name", ""): (tag.text or "").strip() for tag in properties.iter("tag")}
    name = _host_name(host, limits)
    for seen in (name, tags.get("host-fqdn"), tags.get("host-ip")):
        if seen:
            report.hosts.setdefault(seen[: limits.field_characters])
    started = _instant(tags, "HOST_START", name, report)
    ended = _instant(tags, "HOST_END", name, report)
    if started is not None:
        report.started.append(started)
    if ended is not None:
        report.ended.append(ended)
    else:
        report.unfinished += 1
        report.problems.add(
            f"hôte {name}", "Le rapport ne donne pas l'heure de fin : l'audit de cet hôte est inachevé."
        )


def _host_name(host: Element, limits: Limits) -> str:
    return clip(host.get("name"), limits) or "?"


def _instant(tags: dict[str, str], name: str, host: str, report: _Report) -> datetime | None:
    """Return when the host's scan started or ended: aware UTC when the zone is known, else the scanner's own time."""
    stamp, text = tags.get(f"{name}_TIMESTAMP", ""), tags.get(name, "")
    if stamp.isdecimal() and len(stamp) <= len("9999999999"):
        return datetime.fromtimestamp(int(stamp), UTC)
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        for pattern in _TIME_FORMATS:
            try:
                return datetime.strptime(" ".join(text.split()), pattern)  # noqa: DTZ007 - the file names no zone
            except ValueError:
                continue
        report.problems.add(f"hôte {host}", f"{name} n'est pas une date lisible.")
        return None
    try:
        return instant.astimezone(UTC) if instant.tzinfo else instant
    except OverflowError:
        report.problems.add(f"hôte {host}", f"{name} n'est pas une date possible.")
        return None


def _observation(host: Element, item: Element, report: _Report, limits: Limits) -> Observation:
    row = len(report.observations) + 1
    asset = _host_name(host, limits)
    native_id = clip(item.get("pluginID"), limits) or ""
    port = _port(item.get("port"), row, report)
    protocol = clip(item.get("protocol"), limits)
    if native_id == _SCAN_INFORMATION and report.tool_version is None:
        found = _VERSION_LINE.search(item.findtext("plugin_output") or "")
        report.tool_version = found[1] if found else None
    severity = clip(item.get("severity"), limits)
    scores = tuple(_scores(item, row, report, limits))
    if severity not in _SEVERITIES:
        report.problems.add(
            f"ligne {row}", f"La gravité « {(severity or '')[:40]} » n'existe pas : Nessus les note de 0 à 4."
        )
        report.unrated_rows += not any(score.kind == "base" for score in scores)
    return Observation(
        id=finding_id("nessus", native_id, asset, port, protocol),
        native_id=native_id,
        title=clip(item.get("pluginName"), limits) or clip(item.findtext("plugin_name"), limits) or "",
        asset=asset,
        port=port,
        protocol=protocol,
        native_severity=severity,
        scores=scores,
        cves=tuple(dict.fromkeys(text for cve in item.findall("cve") if (text := clip(cve.text, limits)))),
    )


def _port(text: str | None, row: int, report: _Report) -> int | None:
    if text is None:
        return None
    if text.isascii() and text.isdecimal() and len(text) <= len("65535") and int(text) <= 65535:  # noqa: PLR2004
        return int(text)
    report.problems.add(f"ligne {row}", "Le port n'est pas un nombre de 0 à 65535 : il est ignoré.")
    return None


def _scores(item: Element, row: int, report: _Report, limits: Limits) -> Iterator[Score]:
    """Yield every score of the row; one stated several times is kept each time, the highest decides."""
    for value_tag, vector_tag, family, kind in _SCORE_FIELDS:
        texts = [clip(element.text, limits) for element in item.findall(value_tag)]
        vectors = [clip(element.text, limits) for element in item.findall(vector_tag)]
        if len(texts) > 1:
            report.problems.add(
                f"ligne {row}", f"{value_tag} figure {len(texts)} fois : tous sont gardés, le plus haut compte."
            )
        for position, text in enumerate(texts):
            if text is None:
                continue
            # Several values and fewer vectors: nothing says which goes with which.
            vector = vectors[position] if vectors and len(texts) in {1, len(vectors)} else None
            version = {"2": "2.0", "3": v3_version(vector), "4": "4.0"}[family]
            try:
                yield cvss_score(text, version=version, kind=kind, vector=vector)
            except ScoreOutOfRangeError:
                report.rejected_scores += 1
                report.problems.add(
                    f"ligne {row}", f"{value_tag} vaut « {text[:40]} » : un score CVSS va de 0 à 10, il est écarté."
                )


def _reading(report: _Report) -> Reading:
    finished = bool(report.ended) and not report.unfinished and report.complete
    # A row of neither base score nor known severity may hide anything: nobody can call the report read.
    complete = report.complete and not report.unrated_rows
    audit = AuditHead(
        started_at=_iso(report.started, latest=False),
        ended_at=_iso(report.ended, latest=True) if finished else None,
        scope=tuple(report.scope),
        hosts_seen=tuple(report.hosts),
        name=report.name,
        vendor_id=report.vendor_id,
    )
    return Reading(
        format=NessusReader.format,
        kind=NessusReader.kind,
        reader_version=NessusReader.version,
        tool=report.tool,
        tool_version=report.tool_version,
        complete=complete,
        problems=report.problems.all(),
        audit=audit,
        observations=tuple(report.observations),
        summary=summarise(
            report.observations,
            audit=audit,
            complete=complete,
            completed=finished,
            rejected_scores=report.rejected_scores,
            top_labels=_CRITICAL,
        ),
    )


def _iso(instants: Sequence[datetime], *, latest: bool) -> str | None:
    """Return the earliest or latest instant as ISO 8601 text; zoned instants win over the scanner's local ones."""
    aware = [instant for instant in instants if instant.tzinfo is not None]
    chosen = aware or list(instants)
    if not chosen:
        return None
    return (max if latest else min)(chosen).isoformat(timespec="seconds").replace("+00:00", "Z")
