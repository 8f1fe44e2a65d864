"""The double answers as the published description of the platform says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agent.domain.secret import Secret
from agent.http import HttpOptions, HttpSession
from tests.lab.tenable import Finding, Run, Scan, Scenario, TenableDouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.clock import FakeClock
    from tests.lab.authority import ServerFiles

ROOT = Path(__file__).parents[3]
DESCRIPTION = ROOT.parent / "shared/data/vendors/tenable/vulnerability-management-openapi.json"
KEYS = {"X-ApiKeys": Secret("accessKey=demo-access;secretKey=demo-secret")}
RUN = Run(
    id=101,
    started_at="2026-03-02T20:00:00+00:00",
    ended_at="2026-03-02T23:10:00+00:00",
    findings=(Finding(host="vpn.chu.example", plugin="vpn-memory-read"),),
)
SCAN = Scan(id=11, name="Audit externe", targets=("vpn.chu.example",), runs=(RUN,))
JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


def departures(value: object, schema: dict[str, Any], whole: dict[str, Any], where: str = "$") -> Iterator[str]:
    """Yield where `value` is not what `schema` (OpenAPI 3.0) says, or says more than it."""
    while "$ref" in schema:
        target: Any = whole
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = target
    kind = schema.get("type")
    if kind and (not isinstance(value, JSON_TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        yield f"{where}: {value!r} is no {kind}"
    elif isinstance(value, dict) and schema.get("properties"):
        yield from (f"{where}.{name} is not described" for name in value.keys() - schema["properties"].keys())
        yield from (f"{where}.{name} is missing" for name in set(schema.get("required", ())) - value.keys())
        for name in value.keys() & schema["properties"].keys():
            yield from departures(value[name], schema["properties"][name], whole, f"{where}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from departures(item, schema.get("items", {}), whole, f"{where}[{index}]")


@pytest.fixture
def http(server_files: ServerFiles, ca_file: Path, clock: FakeClock) -> Iterator[HttpSession]:
    with (
        TenableDouble(Scenario(scans=(SCAN,)), server_files) as double,
        HttpSession(double.url, HttpOptions(ca_file=ca_file), clock=clock) as session,
    ):
        yield session


@pytest.mark.skipif(not DESCRIPTION.is_file(), reason="the published description is not beside the project")
@pytest.mark.parametrize(
    ("method", "described", "asked"),
    [
        ("get", "/scans", "/scans"),
        ("get", "/scans/{scan_id}/history", "/scans/11/history?exclude_rollover=false"),
        ("get", "/scans/{scan_id}", "/scans/11?history_id=101"),
        ("get", "/scans/{scan_id}/history/{history_uuid}", f"/scans/11/history/{RUN.uuid}"),
        ("post", "/scans/{scan_id}/export", "/scans/11/export?history_id=101"),
        ("get", "/scans/{scan_id}/export/{file_id}/status", "/scans/11/export/SSEUF-101/status"),
    ],
)
def test_an_answer_has_the_published_shape(http: HttpSession, method: str, described: str, asked: str) -> None:
    whole = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    schema = whole["paths"][described][method]["responses"]["200"]["content"]["application/json"]["schema"]
    http.request("POST", "/scans/11/export?history_id=101", headers=KEYS, json={"format": "nessus"})

    answer = http.request(method, asked, headers=KEYS).json()

    assert list(departures(answer, schema, whole)) == []


def test_the_shape_check_sees_what_departs() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}}, "required": ["a"]}

    assert list(departures({"a": [1, "2"], "b": 0}, schema, {})) == [
        "$.b is not described",
        "$.a[1]: '2' is no integer",
    ]


def test_a_scenario_is_read_from_json(server_files: ServerFiles) -> None:
    text = json.dumps(
        {
            "access_key": "a",
            "scans": [
                {
                    "id": 11,
                    "name": "Audit externe",
                    "targets": ["vpn.chu.example"],
                    "runs": [
                        {
                            "id": 101,
                            "started_at": "2026-03-02T20:00:00+00:00",
                            "ended_at": "2026-03-02T23:10:00+00:00",
                            "findings": [{"host": "vpn.chu.example", "plugin": "vpn-memory-read"}],
                        }
                    ],
                }
            ],
            "faults": [{"path": "/scans", "kind": "status", "status": 503, "times": 1}],
        }
    )

    scenario = Scenario.from_json(text)

    assert scenario.scans == (SCAN,)
    assert (scenario.access_key, scenario.faults[0].status) == ("a", 503)


def test_the_double_runs_by_itself(server_files: ServerFiles, ca_file: Path, clock: FakeClock, tmp_path: Path) -> None:
    (tmp_path / "scenario.json").write_text('{"scans": []}', encoding="utf-8")
    command = [sys.executable, "-m", "tests.lab.tenable", "--port", "0", "--cert", str(server_files.certificate)]
    command += ["--key", str(server_files.key), "--scenario", str(tmp_path / "scenario.json")]

    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().removeprefix("ready ").strip()
            with HttpSession(url, HttpOptions(ca_file=ca_file), clock=clock) as http:
                assert http.request("GET", "/scans", headers=KEYS).json()["scans"] == []
        finally:
            process.terminate()
