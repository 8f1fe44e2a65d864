"""
A double of Tenable Vulnerability Management, made from its published description: a real HTTPS server on loopback.

    python -m tests.lab.tenable --port 8443 --cert server.crt --key server.key --scenario scans.json

It serves the scans of a scenario (`Scenario.from_json`) to whoever shows its keys, and can be told bad days.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import ssl
import struct
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import escape, quoteattr

from tests.lab.authority import ServerFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """A check of the invented scanner; `cvss` maps a version to (score, vector)."""

    id: int
    name: str
    family: str
    severity: int
    cves: tuple[str, ...] = ()
    cvss: Mapping[str, tuple[float, str]] = field(default_factory=dict)


_V3_FULL = "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
_V3_EDGE = "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H"
_V3_HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
_V2_FULL = "CVSS2#AV:N/AC:M/Au:N/C:C/I:C/A:C"
# Identifiers are ours: no real plugin has them.
PLUGINS: dict[str, Plugin] = {
    "scan-information": Plugin(id=990001, name="Scan information", family="Settings", severity=0),
    "certificate-expired": Plugin(
        id=990002,
        name="TLS certificate has expired",
        family="General",
        severity=2,
        cvss={"3": (5.3, "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:L/A:N")},
    ),
    "vpn-memory-read": Plugin(
        id=990003,
        name="VPN gateway reads memory out of bounds",
        family="CGI abuses",
        severity=3,
        cves=("CVE-2023-4966",),
        cvss={"3": (7.5, _V3_HIGH), "4": (8.7, "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N")},
    ),
    "gateway-path-traversal": Plugin(
        id=990004,
        name="Gateway runs code through a path traversal",
        family="CGI abuses",
        severity=4,
        cves=("CVE-2019-19781",),
        cvss={"2": (7.5, "CVSS2#AV:N/AC:L/Au:N/C:P/I:P/A:P"), "3": (9.8, _V3_FULL)},
    ),
    "library-edge": Plugin(
        id=990005, name="Library flaw, hard to reach", family="Misc.", severity=4, cvss={"3": (9.0, _V3_EDGE)}
    ),
    "old-score-only": Plugin(
        id=990006, name="Mail server overflow", family="SMTP problems", severity=4, cvss={"2": (9.3, _V2_FULL)}
    ),
    "end-of-life": Plugin(id=990007, name="System no longer supported", family="General", severity=4),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One plugin that fired."""

    host: str
    plugin: str
    port: int = 443
    protocol: str = "tcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run; times are ISO 8601 with a zone. `report` False: the platform has nothing to export."""

    id: int
    started_at: str
    ended_at: str | None
    status: str = "completed"
    archived: bool = False
    report: bool = True
    hosts: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def uuid(self) -> str:
        return str(uuid5(NAMESPACE_URL, f"run/{self.id}"))

    @property
    def started(self) -> int:
        return _epoch(self.started_at)

    @property
    def ended(self) -> int | None:
        return None if self.ended_at is None else _epoch(self.ended_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One configured scan."""

    id: int
    name: str
    targets: tuple[str, ...]
    runs: tuple[Run, ...] = ()

    @property
    def schedule_uuid(self) -> str:
        return f"template-{uuid5(NAMESPACE_URL, f'scan/{self.id}')}0123456789ab"


BadDay = Literal[
    "status", "truncated-json", "wrong-type", "wrong-shape", "endless", "slow", "dripping-headers", "reset", "cut"
]


@dataclass(slots=True, kw_only=True)
class Fault:
    """
    What goes wrong on a path (a regular expression for all of it), `times` times or always.

    `status` and `retry_after` serve the kind `status`; `cut` announces more bytes than it sends.
    """

    path: str
    kind: BadDay
    times: int | None = None
    status: int = 500
    retry_after: str | None = None


@dataclass(slots=True, kw_only=True)
class Scenario:
    """What the platform knows; `export_polls` is how often an export is still being made when asked."""

    access_key: str = "demo-access"
    secret_key: str = "demo-secret"
    export_polls: int = 1
    scans: tuple[Scan, ...] = ()
    faults: list[Fault] = field(default_factory=list)

    @classmethod
    def from_json(cls, text: str) -> Scenario:
        """Return the scenario written as JSON with the names of these classes' fields."""
        document = json.loads(text)
        scans = tuple(
            Scan(
                **{
                    **scan,
                    "targets": tuple(scan["targets"]),
                    "runs": tuple(
                        Run(
                            **{
                                **run,
                                "hosts": tuple(run.get("hosts", ())),
                                "findings": tuple(Finding(**finding) for finding in run.get("findings", ())),
                            }
                        )
                        for run in scan.get("runs", ())
                    ),
                }
            )
            for scan in document.pop("scans", ())
        )
        faults = [Fault(**fault) for fault in document.pop("faults", ())]
        return cls(scans=scans, faults=faults, **document)


def _epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def nessus_report(scan: Scan, run: Run) -> bytes:
    """Return the run as a Nessus v2 document of our own making."""
    hosts = run.hosts or tuple(dict.fromkeys(finding.host for finding in run.findings)) or scan.targets
    lines = [
        '<?xml version="1.0" ?>',
        "<NessusClientData_v2>",
        f"<Policy><policyName>{escape(scan.name)}</policyName><Preferences><ServerPreferences>",
        f"<preference><name>TARGET</name><value>{escape(','.join(scan.targets))}</value></preference>",
        f"<preference><name>report_task_id</name><value>{run.uuid}</value></preference>",
        "</ServerPreferences></Preferences></Policy>",
        f"<Report name={quoteattr(scan.name)}>",
    ]
    for host in hosts:
        lines.append(f"<ReportHost name={quoteattr(host)}><HostProperties>")
        lines.append(f'<tag name="host-fqdn">{escape(host)}</tag>')
        lines.append(_time_tags("HOST_START", run.started))
        if run.ended is not None:
            lines.append(_time_tags("HOST_END", run.ended))
        lines.append("</HostProperties>")
        lines += [_item(Finding(host=host, plugin="scan-information", port=0))]
        lines += [_item(finding) for finding in run.findings if finding.host == host]
        lines.append("</ReportHost>")
    lines += ["</Report>", "</NessusClientData_v2>", ""]
    return "\n".join(lines).encode()


def _time_tags(name: str, seconds: int) -> str:
    text = datetime.fromtimestamp(seconds, UTC).strftime("%a %b %d %H:%M:%S %Y")
    return f'<tag name="{name}_TIMESTAMP">{seconds}</tag><tag name="{name}">{text}</tag>'


def _item(finding: Finding) -> str:
    plugin = PLUGINS[finding.plugin]
    opening = (
        f'<ReportItem port="{finding.port}" svc_name="www" protocol="{finding.protocol}" '
        f'severity="{plugin.severity}" pluginID="{plugin.id}" pluginName={quoteattr(plugin.name)} '
        f"pluginFamily={quoteattr(plugin.family)}>"
    )
    parts = [
        opening,
        f"<description>{escape(plugin.name)}.</description>",
        *(f"<cve>{cve}</cve>" for cve in plugin.cves),
    ]
    for version, (score, vector) in plugin.cvss.items():
        tag = "cvss" if version == "2" else f"cvss{version}"
        parts.append(f"<{tag}_base_score>{score:.1f}</{tag}_base_score><{tag}_vector>{vector}</{tag}_vector>")
    return "".join(parts) + "</ReportItem>"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    media_type: str = "application/json"


def _json(document: object, status: int = 200) -> _Answer:
    return _Answer(status, json.dumps(document).encode(), "application/json; charset=utf-8")


def _error(status: int, error: str, message: str) -> _Answer:
    return _json({"statusCode": status, "error": error, "message": message}, status)


class TenableDouble:
    """The server; a context manager. `requests` lists what was asked, as (method, path and query)."""

    def __init__(self, scenario: Scenario, files: ServerFiles, *, port: int = 0) -> None:
        self.scenario = scenario
        self.requests: list[tuple[str, str]] = []
        self.stopping = threading.Event()
        self._polls: dict[str, int] = {}
        self._lock = threading.Lock()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        self._server = _Server(("127.0.0.1", port), self, context)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def serve_for_ever(self) -> None:
        """Serve until interrupted."""
        self._server.serve_forever()

    def fault(self, path: str) -> Fault | None:
        """Return the bad day of `path`, if it has one left."""
        with self._lock:
            for fault in self.scenario.faults:
                if re.fullmatch(fault.path, path) and fault.times != 0:
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def answer(self, method: str, target: str, keys: str) -> _Answer:
        """Return what the platform answers."""
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if keys != f"accessKey={self.scenario.access_key};secretKey={self.scenario.secret_key}":
            return _error(401, "Unauthorized", "Invalid credentials.")
        routes: Sequence[tuple[str, str, Callable[..., _Answer]]] = (
            ("GET", r"/session", self._session),
            ("GET", r"/scans", self._list),
            ("GET", r"/scans/([^/]+)", self._details),
            ("GET", r"/scans/([^/]+)/history", self._history),
            ("GET", r"/scans/([^/]+)/history/([^/]+)", self._history_details),
            ("POST", r"/scans/([^/]+)/export", self._export),
            ("GET", r"/scans/([^/]+)/export/([^/]+)/status", self._export_status),
            ("GET", r"/scans/([^/]+)/export/([^/]+)/download", self._download),
        )
        for verb, pattern, route in routes:
            match = re.fullmatch(pattern, parts.path)
            if match and verb == method:
                return route(query, *(unquote(group) for group in match.groups()))
        return _error(404, "Not Found", "There is nothing here.")

    def _scan(self, key: str) -> Scan | None:
        return next((scan for scan in self.scenario.scans if key in (scan.schedule_uuid, str(scan.id))), None)

    def _run(self, key: str, query: dict[str, str]) -> tuple[Scan, Run] | None:
        scan = self._scan(key)
        if scan is None or not scan.runs:
            return None
        wanted = query.get("history_id")
        run = next((run for run in scan.runs if wanted is None or str(run.id) == wanted), None)
        return None if run is None else (scan, run)

    def _session(self, query: dict[str, str]) -> _Answer:
        del query
        return _json({"username": "carenage@chu.example", "permissions": 24, "enabled": True})

    def _list(self, query: dict[str, str]) -> _Answer:
        del query
        return _json(
            {
                "scans": [
                    {
                        "control": True,
                        "creation_date": min((run.started for run in scan.runs), default=1),
                        "enabled": True,
                        "id": scan.id,
                        "last_modification_date": max((run.started for run in scan.runs), default=1),
                        "legacy": False,
                        "name": scan.name,
                        "owner": "rssi@chu.example",
                        "read": True,
                        "schedule_uuid": scan.schedule_uuid,
                        "shared": True,
                        "status": scan.runs[-1].status if scan.runs else "empty",
                        "type": "remote",
                        "permissions": 16,
                        "user_permissions": 32,
                        "uuid": scan.runs[-1].uuid if scan.runs else str(uuid5(NAMESPACE_URL, scan.name)),
                        "progress": 100,
                        "total_targets": len(scan.targets),
                    }
                    for scan in self.scenario.scans
                ],
                "folders": [{"id": 1, "name": "My Scans", "type": "main", "custom": 0, "unread_count": 0}],
                "timestamp": 1_700_000_000,
            }
        )

    def _history(self, query: dict[str, str], key: str) -> _Answer:
        scan = self._scan(key)
        if scan is None:
            return _error(404, "Not Found", "Scan not found.")
        if "exclude_rollover" not in query:
            return _error(400, "Bad Request", "exclude_rollover is required.")
        offset, limit = int(query.get("offset", "0")), int(query.get("limit", "50"))
        newest_first = sorted(scan.runs, key=lambda run: run.started, reverse=True)
        return _json(
            {
                "pagination": {
                    "offset": offset,
                    "total": len(newest_first),
                    "sort": [{"order": "DESC", "name": "start_date"}],
                    "limit": limit,
                },
                "history": [
                    {
                        **({} if run.ended is None else {"time_end": run.ended}),
                        "scan_uuid": run.uuid,
                        "id": run.id,
                        "is_archived": run.archived,
                        "time_start": run.started,
                        "visibility": "public",
                        "targets": {"custom": False},
                        "status": run.status,
                    }
                    for run in newest_first[offset : offset + limit]
                ],
            }
        )

    def _details(self, query: dict[str, str], key: str) -> _Answer:
        found = self._run(key, query)
        if found is None:
            return _json({"error": "Scan not found"}, 404)
        scan, run = found
        hosts = run.hosts or scan.targets
        info: dict[str, Any] = {
            "owner": "rssi@chu.example",
            "name": scan.name,
            "no_target": False,
            "folder_id": 1,
            "control": True,
            "user_permissions": 32,
            "schedule_uuid": scan.schedule_uuid,
            "edit_allowed": False,
            "scanner_name": "EU cloud scanners",
            "policy": "Advanced Network Scan",
            "shared": True,
            "object_id": run.id,
            "hostcount": len(hosts),
            "uuid": run.uuid,
            "status": run.status,
            "scan_type": "ps",
            "targets": ",".join(scan.targets),
            "alt_targets_used": False,
            "scan_start": run.started,
            "is_archived": run.archived,
            "haskb": True,
            "hasaudittrail": False,
        }
        if run.ended is not None:
            info |= {"timestamp": run.ended, "scan_end": run.ended}
        document: dict[str, Any] = {"info": info}
        if not run.archived:
            document["hosts"] = [
                {
                    "host_id": index,
                    "host_index": str(index),
                    "hostname": host,
                    "progress": "100-100/200-200",
                    "scanprogresscurrent": 100,
                    "scanprogresstotal": 100,
                    "severitycount": {"item": []},
                }
                for index, host in enumerate(hosts)
            ]
        return _json(document)

    def _history_details(self, query: dict[str, str], key: str, uuid: str) -> _Answer:
        del query
        scan = self._scan(key)
        run = next((run for run in scan.runs if run.uuid == uuid), None) if scan else None
        if scan is None or run is None:
            return _error(404, "Not Found", "Scan not found.")
        return _json(
            {
                "schedule_uuid": scan.schedule_uuid,
                "status": run.status,
                "is_archived": run.archived,
                "scan_start": run.started,
                "owner": "rssi@chu.example",
                "targets": ",".join(scan.targets),
                "object_id": run.id,
                "uuid": run.uuid,
                **({} if run.ended is None else {"scan_end": run.ended}),
                "scan_type": "ps",
                "name": scan.name,
            }
        )

    def _export(self, query: dict[str, str], key: str) -> _Answer:
        found = self._run(key, query)
        if found is None or not found[1].report:
            return _error(404, "Not Found", "There is no result to export.")
        file = f"SSEUF-{found[1].id}"
        with self._lock:
            self._polls[file] = self.scenario.export_polls
        return _json({"file": file, "temp_token": "0" * 64})

    def _export_status(self, query: dict[str, str], key: str, file: str) -> _Answer:
        del query, key
        with self._lock:
            if file not in self._polls:
                return _error(404, "Not Found", "File not found.")
            self._polls[file] -= 1
            ready = self._polls[file] < 0
        return _json({"status": "ready" if ready else "loading"})

    def _download(self, query: dict[str, str], key: str, file: str) -> _Answer:
        found = self._run(key, query | {"history_id": file.removeprefix("SSEUF-")})
        if found is None:
            return _error(404, "Not Found", "File not found.")
        return _Answer(200, nessus_report(*found), "application/octet-stream")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True

    def __init__(self, address: tuple[str, int], double: TenableDouble, context: ssl.SSLContext) -> None:
        super().__init__(address, _Handler)
        self.double = double
        self._context = context

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.settimeout(30)
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up, which bad days make them do."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's own name
        del format, args

    def do_GET(self) -> None:
        self._respond("GET")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._respond("POST")

    def _respond(self, method: str) -> None:
        double = self.server.double
        double.requests.append((method, self.path))
        fault = double.fault(urlsplit(self.path).path)
        answer = double.answer(method, self.path, self.headers.get("X-ApiKeys", ""))
        if fault is None:
            self._send(answer)
            return
        self.close_connection = True
        if fault.kind == "status":
            headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
            self._send(_Answer(fault.status, b"<html><h1>Bad day</h1></html>", "text/html"), headers)
        elif fault.kind == "truncated-json":
            self._send(_Answer(200, answer.body[: len(answer.body) // 2], answer.media_type))
        elif fault.kind == "wrong-type":
            self._send(_Answer(200, b"<html><body>Connexion au proxy</body></html>", "text/html"))
        elif fault.kind == "wrong-shape":
            self._send(_json({"scans": 3, "history": {}, "file": [], "status": {}}))
        elif fault.kind == "cut":
            self._send(answer, {"Content-Length": str(len(answer.body) + 1000)})
        elif fault.kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self._without_end(fault.kind, answer)

    def _send(self, answer: _Answer, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(answer.status)
        for name, value in {
            "Content-Type": answer.media_type,
            "Content-Length": str(len(answer.body)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def _without_end(self, kind: BadDay, answer: _Answer) -> None:
        """Send for as long as the client stays: much, a little now and then, or headers that never end."""
        stopping = self.server.double.stopping
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        if kind == "dripping-headers":
            piece, pause = b"X", 0.05
        else:
            self.wfile.write(f"Content-Type: {answer.media_type}\r\n\r\n".encode())
            piece, pause = (b" " * 65536, 0.0) if kind == "endless" else (b" ", 0.05)
        while not stopping.wait(pause):
            self.wfile.write(piece)


def main() -> None:
    """Serve a scenario until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--cert", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--scenario", type=Path, required=True)
    arguments = parser.parse_args()
    scenario = Scenario.from_json(arguments.scenario.read_text(encoding="utf-8"))
    double = TenableDouble(scenario, ServerFiles(arguments.cert, arguments.key), port=arguments.port)
    print(f"ready {double.url}", flush=True)
    double.serve_for_ever()


if __name__ == "__main__":
    main()
