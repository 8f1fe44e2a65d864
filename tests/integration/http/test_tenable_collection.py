"""The Tenable collector against its double: what is collected, what is remembered, what goes wrong."""

from __future__ import annotations

import json
import logging
import re
import time
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from agent.domain.errors import (
    AccessDeniedError,
    AgentError,
    AuthenticationError,
    RateLimitedError,
    SourceAnswerError,
    UnreachableError,
    UntrustedPeerError,
)
from agent.domain.secret import Secret
from agent.http import HttpOptions, HttpSession
from collectors.exposure.tenable import TenableCollector, TenableSettings
from collectors.formats import tenable_scan
from collectors.formats.interface import Limits, Source
from collectors.formats.nessus import NessusReader
from collectors.interface import CollectionContext
from tests.lab.tenable import Fault, Finding, Run, Scan, Scenario, TenableDouble, nessus_report

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
        """Return the bytes of each deposit by member name, read as a service would, before it asks for the next."""
        collector = self.collector(**settings)
        self.collected: list[dict[str, bytes]] = []
        try:
            self.collected.extend(map(_bytes_of, collector.collect(replace(self.context, cursor=cursor))))
        finally:
            self.cursor = collector.next_cursor
        return self.collected

    def asked(self, path: str) -> int:
        """Return how often `path` (a regular expression) was asked for."""
        return sum(bool(re.fullmatch(path, urlsplit(target).path)) for _, target in self.double.requests)


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


def test_nothing_is_collected_twice(platform: Platform) -> None:
    platform.collect()

    assert platform.collect(platform.cursor) == []


def test_the_working_copies_are_gone_once_collected(platform: Platform, tmp_path: Path) -> None:
    platform.collect()

    assert list(tmp_path.iterdir()) == []


def test_a_report_kept_past_its_turn_is_gone_never_another_one(platform: Platform) -> None:
    items = platform.collector().collect(platform.context)
    first = next(items)
    next(items)

    assert isinstance(first, tuple)
    with pytest.raises(FileNotFoundError):
        first[0].open()


def test_a_cursor_that_cannot_be_read_collects_again(platform: Platform) -> None:
    assert len(platform.collect("not json")) == 2


def test_a_run_dates_from_the_day_it_ended(platform: Platform) -> None:
    items = [item for item in platform.collector().collect(platform.context) if isinstance(item, tuple)]

    assert [str(item[0].facts_on) for item in items] == ["2026-03-02", "2026-04-22"]


def test_the_day_is_the_hospitals_own(platform: Platform) -> None:
    context = replace(platform.context, zone=ZoneInfo("Europe/Paris"))
    items = [item for item in platform.collector().collect(context) if isinstance(item, tuple)]

    assert [str(item[0].facts_on) for item in items] == ["2026-03-03", "2026-04-23"]


def test_a_run_in_progress_waits_for_its_end(platform: Platform, scenario: Scenario) -> None:
    scenario.scans = (replace(AUDIT, runs=(RUNNING,)),)
    assert platform.collect() == []

    finished = replace(RUNNING, status="completed", ended_at="2026-06-01T07:50:00+00:00")
    scenario.scans = (replace(AUDIT, runs=(finished,)),)

    assert len(platform.collect(platform.cursor)) == 1


def test_an_aborted_run_is_kept_but_never_reads_as_a_clean_audit(platform: Platform, scenario: Scenario) -> None:
    scenario.scans = (replace(AUDIT, runs=(ABORTED,)),)

    (deposit,) = platform.collect()

    report = deposit["scan.nessus"]
    reading = NessusReader().read(Source(stream=BytesIO(report), name="scan.nessus", size=len(report)), Limits())
    merged = tenable_scan.with_head(reading, tenable_scan.read(deposit["scan.json"]))
    assert reading.complete
    assert not merged.complete
    assert _verdicts(merged.summary) == {"cannot_tell"}


def test_a_run_without_report_is_kept_by_its_description_alone(platform: Platform, scenario: Scenario) -> None:
    scenario.scans = (replace(AUDIT, runs=(replace(ABORTED, report=False),)),)

    (deposit,) = platform.collect()

    assert sorted(deposit) == ["scan.json"]
    assert json.loads(deposit["scan.json"])["info"]["status"] == "aborted"


def test_a_completed_run_without_report_is_a_failure(platform: Platform, scenario: Scenario) -> None:
    scenario.scans = (replace(AUDIT, runs=(replace(FIRST, report=False), SECOND)),)

    with pytest.raises(SourceAnswerError, match=FIRST.uuid):
        platform.collect()

    assert len(platform.collected) == 1


def test_what_was_collected_reads_with_the_platforms_dates_and_scope(platform: Platform) -> None:
    report, head = (platform.collect()[0][name] for name in ("scan.nessus", "scan.json"))

    reading = NessusReader().read(Source(stream=BytesIO(report), name="scan.nessus", size=len(report)), Limits())
    merged = tenable_scan.with_head(reading, tenable_scan.read(head))

    assert merged.complete
    assert merged.audit is not None
    assert merged.audit.ended_at == "2026-03-02T23:10:00Z"
    assert merged.audit.scope == ("vpn.chu.example", "www.chu.example")
    assert merged.audit.vendor_id == FIRST.uuid
    assert _verdicts(merged.summary) == {"critical"}


def _verdicts(summary: dict[str, object]) -> set[object]:
    verdicts = summary["verdict_inputs"]
    assert isinstance(verdicts, dict)
    return {verdict["verdict"] for verdict in verdicts.values()}


@pytest.mark.parametrize("wanted", ["Audit externe CHU", "11", AUDIT.schedule_uuid], ids=["name", "number", "uuid"])
def test_only_the_scans_named_are_collected(platform: Platform, scenario: Scenario, wanted: str) -> None:
    internal = Scan(id=12, name="Audit interne", targets=("10.0.0.0/24",), runs=(replace(SECOND, id=201),))
    scenario.scans = (internal, AUDIT)

    platform.collect(scans=(wanted,))

    assert len(platform.collected) == 2
    assert platform.asked(f"/scans/{internal.schedule_uuid}.*") == 0


def test_a_scan_that_is_not_there_is_a_failure_and_hides_no_other(platform: Platform) -> None:
    with pytest.raises(SourceAnswerError, match="Audit disparu"):
        platform.collect(scans=("Audit disparu", AUDIT.name))

    assert len(platform.collected) == 2


def test_runs_older_than_asked_stay_where_they_are(platform: Platform) -> None:
    platform.collect(max_age_days=60)

    assert [json.loads(deposit["scan.json"])["info"]["uuid"] for deposit in platform.collected] == [SECOND.uuid]


def test_a_history_of_several_pages_is_read_to_its_end(platform: Platform, scenario: Scenario) -> None:
    scenario.export_polls = 0
    scenario.scans = (replace(AUDIT, runs=tuple(replace(SECOND, id=1000 + index) for index in range(60))),)

    assert len(platform.collect()) == 60


DOWNLOAD = r"/scans/[^/]+/export/[^/]+/download"
EXPORT_STATUS = r"/scans/[^/]+/export/[^/]+/status"
EXPORT = r"/scans/[^/]+/export"
HISTORY = r"/scans/[^/]+/history"
DETAILS = r"/scans/template-[^/]+"
PATHS = {
    "scans": "/scans",
    "history": HISTORY,
    "details": DETAILS,
    "export": EXPORT,
    "status": EXPORT_STATUS,
    "download": DOWNLOAD,
}
BAD_DAYS: dict[str, tuple[Fault, type[AgentError]]] = {
    "401": (Fault(path="", kind="status", status=401), AuthenticationError),
    "403": (Fault(path="", kind="status", status=403), AccessDeniedError),
    "404": (Fault(path="", kind="status", status=404), SourceAnswerError),
    "429": (Fault(path="", kind="status", status=429), RateLimitedError),
    "429 come back tomorrow": (Fault(path="", kind="status", status=429, retry_after="86400"), RateLimitedError),
    "500": (Fault(path="", kind="status", status=500), UnreachableError),
    "503": (Fault(path="", kind="status", status=503), UnreachableError),
    "redirected": (Fault(path="", kind="status", status=302), SourceAnswerError),
    "truncated": (Fault(path="", kind="truncated-json"), SourceAnswerError),
    "another type": (Fault(path="", kind="wrong-type"), SourceAnswerError),
    "another shape": (Fault(path="", kind="wrong-shape"), SourceAnswerError),
    "without end": (Fault(path="", kind="endless"), SourceAnswerError),
    "dripping body": (Fault(path="", kind="slow"), UnreachableError),
    "dripping headers": (Fault(path="", kind="dripping-headers"), UnreachableError),
    "reset": (Fault(path="", kind="reset"), UnreachableError),
    "shorter than announced": (Fault(path="", kind="cut"), SourceAnswerError),
}


# The description of a run is kept as it comes: it has no shape to depart from.
CASES = [
    pytest.param(day, path, id=f"{day}-{name}")
    for day in BAD_DAYS
    for name, path in PATHS.items()
    if (day, name) != ("another shape", "details")
]


@pytest.mark.parametrize(("day", "path"), CASES)
def test_every_bad_day_ends_soon_in_the_right_error_and_asks_a_refused_key_once(
    platform: Platform, scenario: Scenario, day: str, path: str
) -> None:
    fault, expected = BAD_DAYS[day]
    scenario.scans = (replace(AUDIT, runs=(SECOND,)),)
    scenario.faults = [replace(fault, path=path)]
    begun = time.monotonic()

    with pytest.raises(AgentError) as caught:
        platform.collect(max_report_mebibytes=1, timeout_seconds=0.25, download_seconds=0.75)

    if expected is AccessDeniedError and path != PATHS["scans"]:
        expected = SourceAnswerError  # named with what failed, once everything else is collected
    assert type(caught.value) is expected
    assert time.monotonic() - begun < 6
    assert "demo-" not in f"{caught.value} {caught.value.hint}"
    if expected is AuthenticationError:
        assert platform.asked(path) == 1


@pytest.mark.parametrize("day", [day for day in BAD_DAYS if day != "another shape"])
def test_what_was_collected_before_a_bad_day_is_kept_and_remembered(
    platform: Platform, scenario: Scenario, day: str
) -> None:
    fault, _ = BAD_DAYS[day]
    scenario.faults = [replace(fault, path=r"/scans/[^/]+/export/SSEUF-102/download")]

    with pytest.raises(AgentError):
        platform.collect(max_report_mebibytes=1, timeout_seconds=0.25, download_seconds=0.75)
    first = platform.collected
    scenario.faults = []
    second = platform.collect(platform.cursor)

    assert [deposit["scan.nessus"] for deposit in first + second] == [
        nessus_report(AUDIT, FIRST),
        nessus_report(AUDIT, SECOND),
    ]


def test_a_damaged_report_hides_no_later_run(platform: Platform, scenario: Scenario) -> None:
    scenario.faults = [Fault(path=r"/scans/[^/]+/export/SSEUF-101/download", kind="truncated-json")]

    with pytest.raises(SourceAnswerError, match=FIRST.uuid):
        platform.collect()

    assert [deposit["scan.nessus"] for deposit in platform.collected] == [nessus_report(AUDIT, SECOND)]


OTHER = Scan(id=12, name="Audit du GHT", targets=("ght.example",), runs=(replace(FIRST, id=105, findings=()),))


@pytest.mark.parametrize(
    "path", [rf"/scans/{AUDIT.schedule_uuid}/history", r"/scans/[^/]+/export/SSEUF-10[12]/download"]
)
def test_a_scan_that_the_key_may_not_see_hides_no_other(platform: Platform, scenario: Scenario, path: str) -> None:
    scenario.scans = (AUDIT, OTHER)
    scenario.faults = [Fault(path=path, kind="status", status=403)]

    with pytest.raises(SourceAnswerError, match="403"):
        platform.collect()

    assert [deposit["scan.nessus"] for deposit in platform.collected] == [nessus_report(OTHER, OTHER.runs[0])]


def test_a_scan_hidden_for_a_while_is_not_collected_anew(platform: Platform, scenario: Scenario) -> None:
    scenario.scans = (AUDIT, OTHER)
    platform.collect()
    scenario.faults = [Fault(path=r"/scans/.*/history", kind="status", status=403)]
    with pytest.raises(SourceAnswerError):
        platform.collect(platform.cursor)
    scenario.faults = []

    assert platform.collect(platform.cursor) == []


def test_a_short_wait_asked_by_the_platform_is_respected(
    platform: Platform, scenario: Scenario, clock: FakeClock
) -> None:
    scenario.export_polls = 0
    scenario.faults = [Fault(path="/scans", kind="status", status=429, retry_after="1", times=1)]

    assert len(platform.collect()) == 2
    assert clock.slept == [1.0]


def test_a_long_wait_is_told_rather_than_slept(platform: Platform, scenario: Scenario, clock: FakeClock) -> None:
    scenario.faults = [Fault(path="/scans", kind="status", status=429, retry_after="3600")]

    with pytest.raises(RateLimitedError) as caught:
        platform.collect()

    assert caught.value.retry_after_seconds == 3600
    assert clock.slept == []


def test_a_report_that_is_never_ready_is_given_up(platform: Platform, scenario: Scenario, clock: FakeClock) -> None:
    scenario.export_polls = 10_000

    with pytest.raises(UnreachableError, match="pas produit le rapport"):
        platform.collect(export_wait_seconds=120)

    assert sum(clock.slept) <= 120


def test_a_wrong_key_is_tried_once(platform: Platform) -> None:
    with pytest.raises(AuthenticationError):
        platform.collect(secret_key=Secret("wrong"))

    assert len(platform.double.requests) == 1


def test_a_certificate_of_an_unknown_authority_is_refused(
    server_files: ServerFiles, clock: FakeClock, tmp_path: Path
) -> None:
    with TenableDouble(Scenario(scans=(AUDIT,)), server_files) as double:
        stranger = Platform(double, HttpOptions(), clock, tmp_path)

        with pytest.raises(UntrustedPeerError):
            stranger.collect()

    assert double.requests == []


def test_the_keys_appear_in_no_log(platform: Platform, scenario: Scenario, caplog: pytest.LogCaptureFixture) -> None:
    scenario.faults = [Fault(path=DOWNLOAD, kind="truncated-json")]

    with caplog.at_level(logging.DEBUG), pytest.raises(SourceAnswerError):
        platform.collect()

    assert caplog.records
    assert "demo-" not in caplog.text


def test_the_account_that_a_refusal_blocks_names_no_key(platform: Platform) -> None:
    assert platform.collector().account == "tenable@127.0.0.1"


def test_doctor_sees_the_scans(platform: Platform) -> None:
    (result,) = platform.collector().check(platform.context)

    assert result.ok
    assert [method for method, _ in platform.double.requests] == ["GET"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param({"scans": ("Audit disparu",)}, "Audit disparu", id="a scan that is not there"),
        pytest.param({"secret_key": Secret("wrong")}, "identifiants", id="a wrong key"),
    ],
)
def test_doctor_says_what_is_wrong(platform: Platform, settings: dict[str, object], said: str) -> None:
    (result,) = platform.collector(**settings).check(platform.context)

    assert not result.ok
    assert said in result.message
