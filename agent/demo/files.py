"""The files that people of the story drop into the inbox, made from nothing at each demonstration."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from html import escape
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from agent.demo import recorded, story

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.demo.story import AdsReport, ExposureRun, ExposureScan

_DIRECTORY_NAMES = {directory.id: directory.forest_dns for directory in story.DIRECTORIES}


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A file and its name in the inbox."""

    name: str
    content: bytes


def received_files() -> Iterator[InboxFile]:
    """Yield what the group's people received these last months and dropped, side files before their reports."""
    for report in story.ADS_REPORTS:
        name = f"rapport-ads-{report.directory}-{report.on}.html"
        score = () if report.score is None else (f"score = {report.score:g}",)
        yield _side(
            name,
            'kind = "ads_report"',
            f'directory = "{report.directory}"',
            f"date = {report.on}",
            *score,
            by=report.by,
        )
        yield InboxFile(name, ads_report(report))
    yield from exposure_reports(story.CH_SCAN, by="Sacha Lemoine, DSI du CH de Roncebois")
    yield _side(
        "actifs-exposes-signe.csv",
        'kind = "asset_list"',
        "date = 2026-09-01",
        by="Dr Maud Ferrand, directrice générale",
    )
    yield InboxFile("actifs-exposes-signe.csv", asset_list())
    archive = f"{story.FOREST.dns_name}_{story.ORADAD_AT:%Y%m%d-%H%M%S}.mla"
    for name, content in ((archive, oradad_archive()), ("oradad.log", oradad_log())):
        yield _side(name, f'directory = "{story.CHU_DIRECTORY.id}"', by="Camille Aubert, RSSI du GHT")
        yield InboxFile(name, content)


def recorded_files() -> Iterator[InboxFile]:
    """Yield, as files, what the agent reads from the CHU's directory and platform when servers are at hand."""
    yield from exposure_reports(story.CHU_SCAN, by="Camille Aubert, RSSI du GHT")
    for name, document in (
        (f"annuaire-{story.FOREST.dns_name}.json", recorded.directory()),
        (f"zones-dns-{story.FOREST.dns_name}.json", recorded.dns_zones()),
    ):
        yield _side(name, f'directory = "{story.CHU_DIRECTORY.id}"', by="enregistrement de la démonstration")
        content = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        yield InboxFile(name, content.encode())


def exposure_reports(scan: ExposureScan, *, by: str) -> Iterator[InboxFile]:
    """Yield the report of each run of `scan`, after its side file."""
    for run in scan.runs:
        name = f"exposition-{scan.number}-{run.on}.nessus"
        yield _side(name, 'kind = "exposure_report"', 'tool = "INDUSTRIAL"', by=by)
        yield InboxFile(name, nessus_report(scan, run))


def ads_report(report: AdsReport) -> bytes:
    """Return a report in a layout of our own: the service's is not published."""
    rows = "".join(f"<tr><td>{escape(point)}</td><td>niveau {point[4]}</td></tr>\n" for point in report.points)
    forest = escape(_DIRECTORY_NAMES[report.directory])
    return f"""\
<!DOCTYPE html>
<html lang="fr">
<head><meta charset="utf-8"><title>Service ADS : rapport de la forêt {forest}</title></head>
<body>
<h1>Forêt {forest}, collecte ORADAD du {report.on:%d/%m/%Y}</h1>
<p>Rapport inventé pour une démonstration : aucun annuaire réel n'a été audité.</p>
<table>
<tr><th>Point de contrôle en défaut</th><th>Niveau</th></tr>
{rows}</table>
</body>
</html>
""".encode()


def run_times(run: ExposureRun) -> tuple[datetime, datetime]:
    """Return when the run started and ended, aware UTC."""
    ended_at = datetime.combine(run.on, time(1, 30), UTC)
    return ended_at - timedelta(hours=3), ended_at


def nessus_report(scan: ExposureScan, run: ExposureRun) -> bytes:
    """Return one run as a Nessus v2 document."""
    started_at, ended_at = run_times(run)
    tags = "".join(
        f'<tag name="{name}_TIMESTAMP">{at.timestamp():.0f}</tag>'
        for name, at in (("HOST_START", started_at), ("HOST_END", ended_at))
    )
    hosts = "".join(
        f'<ReportHost name="{host}"><HostProperties><tag name="host-fqdn">{host}</tag>{tags}</HostProperties>\n'
        + "".join(_item(flaw) for seen_on, flaw in run.findings if seen_on == host)
        + "</ReportHost>\n"
        for host in scan.targets
    )
    return f"""\
<?xml version="1.0" ?>
<NessusClientData_v2>
<Policy><policyName>Externe</policyName><Preferences><ServerPreferences>
<preference><name>TARGET</name><value>{",".join(scan.targets)}</value></preference>
<preference><name>report_task_id</name><value>demonstration-{run.number}</value></preference>
</ServerPreferences></Preferences></Policy>
<Report name={quoteattr(scan.name)}>
{hosts}</Report>
</NessusClientData_v2>
""".encode()


def _item(flaw_id: str) -> str:
    flaw = story.FLAWS[flaw_id]
    return (
        f'<ReportItem port="443" svc_name="www" protocol="tcp" severity="{flaw.severity}" pluginID="{flaw.plugin}" '
        f'pluginName={quoteattr(flaw.name)} pluginFamily="Web"><cvss3_base_score>{flaw.score}</cvss3_base_score>'
        f"<cvss3_vector>{flaw.vector}</cvss3_vector></ReportItem>\n"
    )


def asset_list() -> bytes:
    """Return the signed-off list of what the group exposes, as a spreadsheet exports it."""
    owners = {establishment.id: establishment.name for establishment in story.ESTABLISHMENTS}
    rows = [
        f"{asset};{owners[surface.establishment]};Direction du numérique"
        for surface in story.SURFACES
        for asset in (*surface.names, *surface.addresses)
    ]
    return ("\r\n".join(["domaine;établissement;responsable", *rows]) + "\r\n").encode("utf-8-sig")


def oradad_archive() -> bytes:
    """Return an archive whose header is a version 1 MLA's and whose content is filler: nobody can open it."""
    filler = hashlib.shake_256(b"val-de-brume").digest(64 * 1024)
    one_recipient = b"\x11" * 32 + struct.pack("<Q", 1) + b"\x22" * 48 + b"\x33" * 8
    return b"MLA" + struct.pack("<IB", 1, 3) + b"\x01" + one_recipient + filler


def oradad_log() -> bytes:
    """Return the log of the collection behind the archive."""
    forest = story.FOREST.dns_name
    messages = [
        "[.] Starting.",
        f"[.] Domain in forest: {forest} (Attribute: 32 / Type: 2)",
        f"[.] Processing domain in forest: {forest}",
        f"[.] Dumping '{forest}/domain/{forest}/user'",
        "[.] Finished: elapsed time: 14 seconds, 6212 objects",
        f"[.] Dumping '{forest}/domain/{forest}/computer'",
        "[.] Finished: elapsed time: 9 seconds, 4038 objects",
        "[.] End.",
    ]
    lines = []
    for number, message in enumerate(messages):
        at = story.ORADAD_AT + timedelta(hours=2, seconds=15 * number)
        lines.append(f"{at:%Y/%m/%d - %H:%M:%S}.125\t4\tMain.cpp\twmain\t{100 + number}\t{message}\r\n")
    return "".join(lines).encode("latin-1")


def _side(report: str, *lines: str, by: str) -> InboxFile:
    return InboxFile(f"{report}.toml", "".join(f"{line}\n" for line in (*lines, f'by = "{by}"')).encode())
