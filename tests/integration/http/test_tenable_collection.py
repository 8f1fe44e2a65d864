"""The Tenable collector against its double: what is collected, what is remembered, what goes wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from agent.domain.secret import Secret
from agent.http import HttpOptions, HttpSession
from collectors.exposure.tenable import TenableCollector, TenableSettings
from collectors.interface import CollectionContext
from tests.lab.tenable import Finding, Run, Scan, Scenario, TenableDouble, nessus_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.domain.evidence import RawEvidence
    from tests.fakes.clock import FakeClock
    from tests.lab.authority import ServerFiles

FIRST = Run(
    id=101,
    started_at="2026-03-02T20:00:00+00:00",
    ended_at="2026-03-02T23:10:00+00:00",
    archived=True,
    findings=(Finding(host="vpn.chu.example", plugin="gateway-path-traversal"),),
)
SECOND = Run(id=102, started_at="2026-04-22T20:00:00+00:00", ended_at="2026-04-22T22:40:00+00:00")
RUNNING = Run(id=103, started_at="2026-06-01T07:00:00+00:00", ended_at=None, status="running")
ABORTED = Run(id=104, started_at="2026-05-02T20:00:00+00:00", ended_at="2026-05-02T20:10:00+00:00", status="aborted")
AUDIT = Scan(id=11, name="Audit externe CHU", targets=("vpn.chu.example", "www.chu.example"), runs=(FIRST, SECOND))


class Platform:
    """A double, and a collector that knows its address."""

    def __init__(self, double: TenableDouble, options: HttpOptions, clock: FakeClock, work_dir: Path) -> None:
        self.double = double
        self.context = CollectionContext(
            now=clock.now(), http=lambda base: HttpSession(base, options, clock=clock), work_dir=work_dir
        )
        self.cursor: str | None = None

    def collector(self, **settings: object) -> TenableCollector:
        return TenableCollector(
            "tenable-chu",
            TenableSettings.model_validate(
                {
                    "base_url": self.double.url,
                    "access_key": Secret("demo-access"),
                    "secret_key": Secret("demo-secret"),
                    "tool": "INDUSTRIAL",
                    "timeout_seconds": 0.5,
                    "download_seconds": 2,
                    **settings,
                }
            ),
        )

    def collect(self, cursor: str | None = None, **settings: object) -> list[dict[str, bytes]]:
        """Return the bytes of each deposit by member name, as a service would read them before the next."""
        collector = self.collector(**settings)
        context = CollectionContext(
            now=self.context.now, http=self.context.http, work_dir=self.context.work_dir, cursor=cursor
        )
        deposits: list[dict[str, bytes]] = []
        try:
            for item in collector.collect(context):
                deposits.append(_bytes_of(item))
        finally:
            self.cursor = collector.next_cursor
            self.collected = deposits
        return deposits


def _bytes_of(item: RawEvidence | tuple[RawEvidence, ...]) -> dict[str, bytes]:
    members = item if isinstance(item, tuple) else (item,)
    found = {}
    for member in members:
        with member.open() as stream:
            found[member.name] = stream.read()
    return found


@pytest.fixture
def scenario() -> Scenario:
    return Scenario(scans=(AUDIT,))


@pytest.fixture
def platform(
    scenario: Scenario, server_files: ServerFiles, ca_file: Path, clock: FakeClock, tmp_path: Path
) -> Iterator[Platform]:
    with TenableDouble(scenario, server_files) as double:
        yield Platform(double, HttpOptions(ca_file=ca_file), clock, tmp_path)


def test_every_finished_run_is_one_deposit_with_its_report_as_the_platform_gave_it(platform: Platform) -> None:
    deposits = platform.collect()

    assert [sorted(deposit) for deposit in deposits] == [["scan.json", "scan.nessus"]] * 2
    assert [deposit["scan.nessus"] for deposit in deposits] == [
        nessus_report(AUDIT, FIRST),
        nessus_report(AUDIT, SECOND),
    ]
    assert [json.loads(deposit["scan.json"])["info"]["uuid"] for deposit in deposits] == [FIRST.uuid, SECOND.uuid]
