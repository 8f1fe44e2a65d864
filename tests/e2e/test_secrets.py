"""No secret leaves its file: not into a log, an answer, a message, a database, the vault or a work copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.errors import ExitCode
from tests.e2e.conftest import ADS_REPORT, NESSUS
from tests.lab.mailbox import free_port
from tests.lab.tenable import Fault, Run, Scan, Scenario, TenableDouble

if TYPE_CHECKING:
    from tests.e2e.conftest import Installation
    from tests.lab.authority import Authority, ServerFiles

MARK = "Marqueur7f3a"
NAMES = ("ldap", "acces", "cle", "smtp", "teams", "proxy")
COMMANDS = (
    ("run",),
    ("run", "--json"),
    ("plan", "--json"),
    ("status", "--json"),
    ("check",),
    ("doctor", "--json"),
    ("config", "check", "--json"),
    ("config", "show"),
    ("config", "show", "--json"),
    ("alerts", "test", "--json"),
    ("alerts", "list", "--json"),
    ("collect", "ldap", "--force", "--json"),
    ("collect", "tenable", "--force"),
    ("evidence", "list", "--json"),
    ("dossier", "build", "--to", "{folder}/dossier", "--json"),
)


def test_no_secret_is_found_anywhere_after_good_and_bad_passes(
    installation: Installation, authority: Authority, server_files: ServerFiles
) -> None:
    secrets = {name: f"{MARK}-{name}" for name in NAMES}
    references = {name: installation.secret(name, value) for name, value in secrets.items()}
    references["teams"] = installation.secret("teams", f"https://127.0.0.1:{free_port()}/flux?sig={secrets['teams']}")
    run = Run(id=101, started_at="2026-05-06T20:00:00+00:00", ended_at="2026-05-06T23:10:00+00:00")
    scan = Scan(id=11, name="Audit externe", targets=("extranet.exemple.fr",), runs=(run,))
    scenario = Scenario(access_key=secrets["acces"], secret_key=secrets["cle"], scans=(scan,))
    with TenableDouble(scenario, server_files) as double:
        installation.configure(
            f"""
[network]
ca_file = "{authority.ca_file}"

[log]
path = "journal.log"
level = "DEBUG"

[[people]]
id = "rssi"
name = "RSSI"
role = "rssi"
email = "rssi@ch-exemple.fr"

[[collectors]]
id = "annuaire"
kind = "ldap"
directory = "ad-chu"
urls = ["ldaps://127.0.0.1:{free_port()}"]
auth = "simple"
user = "svc@chu.exemple.fr"
password = {references["ldap"]}
timeout_seconds = 1

[[collectors]]
id = "tenable"
kind = "tenable"
tool = "INDUSTRIAL"
base_url = "{double.url}"
access_key = {references["acces"]}
secret_key = {references["cle"]}
timeout_seconds = 1

[[channels]]
id = "courriel"
kind = "smtp"
host = "127.0.0.1"
port = {free_port()}
user = "svc"
password = {references["smtp"]}
from = "carenage@ch-exemple.fr"
to = ["rssi"]
timeout_seconds = 1

[[channels]]
id = "equipe"
kind = "teams"
url = {references["teams"]}
allowed_hosts = ["127.0.0.1"]
timeout_seconds = 1
"""
        )
        installation.drop("ads.html", ADS_REPORT)
        installation.drop("externe.nessus", NESSUS)
        said = []
        for index, words in enumerate(COMMANDS):
            done = installation.type("--verbose", *(word.format(folder=installation.folder) for word in words))
            assert done.code != ExitCode.UNEXPECTED, (words, done)
            said.append(done.out + done.err)
            installation.clock.advance(days=1)
            if index == 0:
                assert "exposure" in {row["class"] for row in installation.type("evidence", "list", "--json").json}
                scenario.secret_key = "autre"
        scenario.secret_key = secrets["cle"]
        scenario.faults.append(Fault(path=".*", kind="truncated-json"))
        done = installation.run("--verbose", "run", "--json")
        said.append(done.out + done.err)

    assert [index for index, text in enumerate(said) if MARK in text] == []
    assert (installation.folder / "journal.log").stat().st_size > 0
    holders = [path for path, content in installation.everything().items() if MARK.encode() in content]
    assert holders == []
