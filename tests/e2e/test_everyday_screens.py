"""What people read every day is in words: days, names of establishments, what is left to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.errors import ExitCode
from tests.e2e.conftest import ADS_REPORT

if TYPE_CHECKING:
    from tests.e2e.conftest import Installation


def test_the_plan_is_said_in_days_and_words(installation: Installation) -> None:
    done = installation.type("plan")

    assert done.code == ExitCode.OK
    assert "T00:00" not in done.out
    assert "_audit" not in done.out
    assert any(line.startswith("audit ADS de ad-chu : ") for line in done.out.splitlines())


def test_the_plan_sends_nobody_to_the_past(installation: Installation) -> None:
    late = installation.type("plan", "--as-of", "2026-07-07").out

    assert "audit ADS de ad-chu : à faire aujourd'hui au plus tard" in late


def test_what_awaits_a_person_is_listed_in_words(installation: Installation) -> None:
    report = installation.folder / "ads.html"
    report.write_bytes(ADS_REPORT)
    installation.type("inbox", "add", str(report), "--kind", "ads_report", "--directory", "ad-chu")

    lines = installation.type("inbox", "list").out.splitlines()

    assert any(line.endswith("rapport d'audit ADS, il reste à dire : le jour de l'audit, le score") for line in lines)


def test_each_alert_of_a_pass_names_its_establishment(installation: Installation) -> None:
    told = [line for line in installation.type("run").out.splitlines() if line.startswith("Alerte : D1.O1.A")]

    assert told
    assert len(set(told)) == len(told)
    assert any("CHU d'Exemple" in line for line in told)


def test_doctor_does_not_tick_what_is_to_be_looked_at(installation: Installation) -> None:
    done = installation.type("doctor")

    assert done.code == ExitCode.OK
    assert [line.partition(" : ")[0] for line in done.out.splitlines() if line.startswith("!")] == ["! demo"]
