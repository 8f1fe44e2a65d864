"""A library that an antivirus took away: its plugin is named by `doctor`, the rest of the agent works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.domain.errors import ExitCode
from tests.e2e.conftest import ADS_REPORT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Installation

SETTLED = 'kind = "ads_report"\ndirectory = "ad-chu"\ndate = 2026-06-01\nscore = 3\n'


@pytest.fixture
def quarantined(installation: Installation, tmp_path: Path) -> dict[str, str]:
    """An environment in which ldap3 cannot be imported, and an installation that needs it among others."""
    (tmp_path / "quarantaine").mkdir()
    (tmp_path / "quarantaine" / "ldap3.py").write_text('raise ImportError("taken away", name="ldap3")\n')
    password = installation.secret("ldap", "mot-de-passe")
    installation.configure(
        f"""
[[collectors]]
id = "annuaire"
kind = "ldap"
directory = "ad-chu"
urls = ["ldaps://dc1.exemple.fr"]
auth = "simple"
user = "svc@exemple.fr"
password = {password}

[[collectors]]
id = "liste"
kind = "declared"
path = "noms.txt"
"""
    )
    (installation.folder / "noms.txt").write_text("www.exemple.fr\n", encoding="utf-8")
    installation.drop("ads.html", ADS_REPORT, SETTLED)
    return {"PYTHONPATH": str(tmp_path / "quarantaine")}


def test_doctor_names_it(installation: Installation, quarantined: dict[str, str]) -> None:
    done = installation.run("doctor", "--json", env=quarantined)

    faulty = [row for row in done.json if not row["ok"]]
    assert done.code in (ExitCode.CONFIGURATION, ExitCode.INCOMPLETE)
    assert any("ldap" in row["what"] and "ldap3" in row["message"] for row in faulty)


def test_the_pass_goes_on_without_it(installation: Installation, quarantined: dict[str, str]) -> None:
    done = installation.run("run", "--json", env=quarantined)

    outcomes = {job["job"]: job["outcome"] for job in done.json["jobs"]}
    assert outcomes == {"inbox": "done", "ldap": "failed", "declared": "done"}
    assert "quarantaine" in next(job["message"] for job in done.json["jobs"] if job["job"] == "ldap")
    assert done.code in (ExitCode.CONFIGURATION, ExitCode.INCOMPLETE)
    assert installation.titles()


def test_the_configuration_is_not_blamed(installation: Installation, quarantined: dict[str, str]) -> None:
    done = installation.run("config", "check", "--json", env=quarantined)

    assert done.json["ok"] is True
