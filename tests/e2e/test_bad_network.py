"""Vendors, directories and relays that fail: the rest of the pass goes on, and nothing is asked, sent or sealed twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.domain.errors import ExitCode
from tests.e2e.conftest import ADS_REPORT
from tests.lab.authority import Authority
from tests.lab.mailbox import Mailbox, free_port
from tests.lab.tenable import Fault, Run, Scan, Scenario, TenableDouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Completed, Installation
    from tests.lab.authority import ServerFiles

SETTLED = 'kind = "ads_report"\ndirectory = "ad-chu"\ndate = 2026-06-01\nscore = 3\n'
FIRST = Run(id=101, started_at="2026-05-06T20:00:00+00:00", ended_at="2026-05-06T23:10:00+00:00")
SECOND = Run(id=102, started_at="2026-06-02T20:00:00+00:00", ended_at="2026-06-02T22:40:00+00:00")
AUDIT = Scan(id=11, name="Audit externe", targets=("extranet.exemple.fr", "vpn.exemple.fr"), runs=(FIRST, SECOND))
DECLARED = '[[collectors]]\nid = "liste"\nkind = "declared"\npath = "noms.txt"'
DOWNLOAD_SECOND = r"/scans/[^/]+/export/[^/]+-102/download"


@pytest.fixture
def platform(installation: Installation, server_files: ServerFiles, authority: Authority) -> Iterator[TenableDouble]:
    """A Tenable that the installation collects, beside a declared list and a file in the inbox."""
    with TenableDouble(Scenario(scans=(AUDIT,)), server_files) as double:
        access, secret = installation.secret("acces", "demo-access"), installation.secret("cle", "demo-secret")
        installation.configure(
            f"""
[network]
ca_file = "{authority.ca_file}"

[[collectors]]
id = "tenable"
kind = "tenable"
tool = "INDUSTRIAL"
base_url = "{double.url}"
access_key = {access}
secret_key = {secret}
timeout_seconds = 1
download_seconds = 2

{DECLARED}
"""
        )
        (installation.folder / "noms.txt").write_text("www.exemple.fr\n", encoding="utf-8")
        installation.drop("ads.html", ADS_REPORT, SETTLED)
        yield double


def outcomes(done: Completed) -> dict[str, str]:
    """Return the outcome of each job."""
    return {job["job"]: job["outcome"] for job in done.json["jobs"]}


def message(done: Completed, job: str) -> str:
    """Return what a job says."""
    return str(next(item["message"] for item in done.json["jobs"] if item["job"] == job))


def classes(installation: Installation) -> list[str]:
    """Return the class of each deposit, oldest first."""
    return [row["class"] for row in installation.type("evidence", "list", "--json").json]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(path=".*", kind="status", status=401), "efus"),
        (Fault(path=".*", kind="status", status=429, retry_after="3600"), "429"),
        (Fault(path=".*", kind="status", status=500), "500"),
        (Fault(path=".*", kind="truncated-json"), ""),
        (Fault(path=".*", kind="endless"), ""),
    ],
    ids=["401", "429", "500", "truncated json", "endless body"],
)
def test_a_vendor_that_fails_costs_its_own_collection_only(
    platform: TenableDouble, installation: Installation, fault: Fault, said: str
) -> None:
    platform.scenario.faults.append(fault)

    done = installation.type("run", "--json")

    assert done.code == ExitCode.INCOMPLETE
    assert outcomes(done) == {"inbox": "done", "tenable": "failed", "declared": "done"}
    assert said in message(done, "tenable")
    assert len(message(done, "tenable").split()) > 5
    platform.scenario.faults.clear()
    installation.clock.advance(hours=3)
    if fault.status != 401:
        assert outcomes(installation.type("run", "--json"))["tenable"] == "done"
        assert classes(installation).count("exposure") == 2


def test_refused_keys_are_tried_once_until_they_change(platform: TenableDouble, installation: Installation) -> None:
    platform.scenario.secret_key = "autre"
    first = installation.run("run", "--json")
    asked = len(platform.requests)
    for _ in range(3):
        installation.clock.advance(days=1)
        installation.type("run")
    blocked = len(platform.requests)

    forced = installation.type("collect", "tenable", "--force", "--json")
    asked_when_forced = len(platform.requests)
    installation.secret("cle", "autre")
    changed = installation.type("collect", "tenable", "--json")

    assert (first.code, forced.code) == (ExitCode.INCOMPLETE, ExitCode.INCOMPLETE)
    assert asked == blocked == 1
    assert asked_when_forced == 2
    assert outcomes(changed) == {"tenable": "done"}
    assert len([title for title in installation.titles() if "compte" in title]) >= 1


def test_what_was_taken_before_a_failure_is_not_taken_again(
    platform: TenableDouble, installation: Installation
) -> None:
    platform.scenario.faults.append(Fault(path=DOWNLOAD_SECOND, kind="truncated-json"))
    partial = installation.type("run", "--json")
    platform.scenario.faults.clear()
    installation.clock.advance(minutes=10)

    done = installation.type("run", "--json")

    assert outcomes(partial)["tenable"] in {"partial", "failed"}
    assert outcomes(done)["tenable"] == "done"
    assert classes(installation).count("exposure") == 2


def test_an_untrusted_certificate_is_said_and_no_key_is_sent(
    platform: TenableDouble, installation: Installation, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "autre-autorite")
    text = installation.config.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("ca_file"))
    installation.config.write_text(text.replace(line, f'ca_file = "{other.ca_file}"'), encoding="utf-8")

    done = installation.type("run", "--json")

    assert done.code == ExitCode.INCOMPLETE
    assert outcomes(done) == {"inbox": "done", "tenable": "failed", "declared": "done"}
    assert "certificat" in message(done, "tenable").lower()
    assert platform.requests == []


def test_an_unreachable_directory_costs_its_own_collection_only(installation: Installation) -> None:
    password = installation.secret("ldap", "Marqueur-ldap")
    installation.configure(
        f"""
[[collectors]]
id = "annuaire"
kind = "ldap"
directory = "ad-chu"
urls = ["ldaps://127.0.0.1:{free_port()}"]
auth = "simple"
user = "svc@chu.exemple.fr"
password = {password}
timeout_seconds = 2

{DECLARED}
"""
    )
    (installation.folder / "noms.txt").write_text("www.exemple.fr\n", encoding="utf-8")
    installation.drop("ads.html", ADS_REPORT, SETTLED)

    done = installation.type("run", "--json")

    assert done.code == ExitCode.INCOMPLETE
    assert outcomes(done) == {"inbox": "done", "ldap": "failed", "declared": "done"}
    assert "127.0.0.1" in message(done, "ldap")
    assert "→" in message(done, "ldap")


def test_a_failed_vendor_does_not_make_an_audit_disappear(platform: TenableDouble, installation: Installation) -> None:
    installation.type("run")
    before = installation.type("status", "--json").json["assessment"]
    platform.scenario.scans = ()
    platform.scenario.faults.append(Fault(path=".*", kind="status", status=500))
    installation.clock.advance(days=1)

    done = installation.type("run", "--json")

    assert outcomes(done)["tenable"] == "failed"
    assert installation.type("status", "--json").json["assessment"] == before


# Mail


def mail(port: int, folder: Path, password: str) -> str:
    """Return the configuration of one mail channel."""
    return f"""
[[people]]
id = "rssi"
name = "RSSI"
role = "rssi"
email = "rssi@ch-exemple.fr"

[[channels]]
id = "courriel"
kind = "smtp"
host = "127.0.0.1"
port = {port}
ca_file = "{folder}/ca.pem"
user = "svc"
password = {password}
from = "carenage@ch-exemple.fr"
to = ["rssi"]
timeout_seconds = 2
"""


@pytest.fixture
def without_file_channel(installation: Installation) -> Installation:
    text = installation.config.read_text(encoding="utf-8")
    head, _, rest = text.partition("[[channels]]")
    installation.config.write_text(head + rest[rest.index("[demo]") :], encoding="utf-8")
    return installation


def test_a_relay_down_for_three_passes_gets_one_message_when_it_is_back(
    without_file_channel: Installation, tmp_path: Path
) -> None:
    installation = without_file_channel
    port = free_port()
    folder = tmp_path / "relais"
    with Mailbox(folder, port=port, account=("svc", "mot-de-passe")) as mailbox:
        ca_file = mailbox.ca_file.read_bytes()
    installation.configure(mail(port, tmp_path, installation.secret("smtp", "mot-de-passe")))
    (tmp_path / "ca.pem").write_bytes(ca_file)
    codes = []
    for _ in range(3):
        codes.append(installation.type("run").code)
        installation.clock.advance(hours=3)
    pending = installation.type("alerts", "list", "--json").json

    with Mailbox(folder, port=port, account=("svc", "mot-de-passe")) as mailbox:
        (tmp_path / "ca.pem").write_bytes(mailbox.ca_file.read_bytes())
        back = installation.type("run", "--json")
        installation.clock.advance(hours=3)
        quiet = installation.type("run", "--json")
        received = mailbox.messages()

    assert codes == [ExitCode.DELIVERY_PENDING] * 3
    assert pending
    assert (back.code, back.json["pending"], quiet.code) == (ExitCode.OK, 0, ExitCode.OK)
    assert len(received) == 1
    text = received[0].as_string()
    assert "D1.O1.A" in text
    assert "D1.O2.B" in text


def test_a_refused_mail_password_is_tried_once(without_file_channel: Installation, tmp_path: Path) -> None:
    installation = without_file_channel
    with Mailbox(tmp_path / "relais", account=("svc", "le-bon")) as mailbox:
        installation.configure(mail(mailbox.port, tmp_path / "relais", installation.secret("smtp", "le-mauvais")))
        codes = []
        for _ in range(3):
            codes.append(installation.type("run").code)
            installation.clock.advance(days=1)
        tried = mailbox.logins
        installation.secret("smtp", "le-bon")
        done = installation.type("run")
        received = len(mailbox.messages())

    assert codes == [ExitCode.DELIVERY_PENDING] * 3
    assert tried == 1
    assert (done.code, received) == (ExitCode.OK, 1)
