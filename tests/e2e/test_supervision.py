"""What `check` answers stays true: after a partial pass, between attempts, and when a pass cannot be made."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from agent.bootstrap import LAST_GOOD, Application
from agent.domain.errors import ExitCode, IntegrityError
from config.load import load
from tests.e2e.conftest import ADS_REPORT

if TYPE_CHECKING:
    from datetime import date

    from agent.services.assess import Assessed
    from tests.e2e.conftest import Installation

MISSING_LIST = '[[collectors]]\nid = "liste"\nkind = "declared"\npath = "absente.txt"'


def test_a_failed_collection_still_counts_while_it_waits_for_its_next_attempt(installation: Installation) -> None:
    installation.configure(MISSING_LIST)
    installation.type("run")
    installation.clock.advance(minutes=1)
    installation.type("run")

    assert "1 collecte en défaut" in installation.type("check").out


def test_a_single_collection_neither_hides_a_failure_nor_stands_for_a_pass(installation: Installation) -> None:
    installation.configure(MISSING_LIST)
    installation.type("run")
    installation.clock.advance(minutes=31)

    installation.type("collect", "inbox")
    stale = installation.type("check")
    patient = installation.type("check", "--period", "60")

    assert stale.code == 3
    assert "1 collecte en défaut" in patient.out


def test_half_an_hour_without_a_pass_is_unknown(installation: Installation) -> None:
    installation.type("run")
    installation.clock.advance(minutes=29)
    before = installation.type("check")
    installation.clock.advance(minutes=2)

    assert before.code != 3
    assert installation.type("check").code == 3


def test_a_vault_that_cannot_be_opened_is_critical(installation: Installation) -> None:
    installation.type("run")
    installation.vault.rename(installation.folder / "ailleurs")

    installation.type("run")

    assert installation.type("check").code == 2


class _Unable(Application):
    """An application whose facts cannot be judged."""

    def assess(self, *, as_of: date | None = None) -> list[Assessed]:
        del as_of
        raise IntegrityError("Le journal ne se lit pas.")


def test_a_pass_that_cannot_judge_is_told_and_critical(installation: Installation) -> None:
    installation.type("run")
    before = len(installation.messages())
    application = _Unable(load(installation.config), clock=installation.clock)
    try:
        with pytest.raises(IntegrityError):
            application.run()
    finally:
        application.close()

    check = installation.type("check")
    back = installation.type("run", "--json")

    assert check.code == 2
    assert "Le journal ne se lit pas." in check.out
    assert len(installation.messages()) == before + 2
    assert back.code == ExitCode.OK
    assert [(alert["kind"], alert["change"]) for alert in back.json["alerts"]] == [("vault", "resolved")]


def test_the_configuration_kept_as_good_is_the_one_that_the_pass_had(installation: Installation) -> None:
    used = installation.config.read_bytes()
    application = Application(load(installation.config), clock=installation.clock)
    installation.configure("= changé pendant la passe =")
    try:
        application.run()
    finally:
        application.close()

    assert (installation.state / LAST_GOOD).read_bytes() == used


def test_status_says_at_once_that_a_bag_is_gone(installation: Installation) -> None:
    installation.drop("ads.html", ADS_REPORT)
    installation.type("run")
    before = (installation.type("status"), installation.type("status"))
    bag = min(path for path in (installation.vault / "deposits").glob("*/*/*") if path.is_dir())

    shutil.rmtree(bag)
    after = installation.type("status")

    assert {done.code for done in before} == {ExitCode.OK}
    assert after.code == ExitCode.INTEGRITY
    assert bag.name in after.out
