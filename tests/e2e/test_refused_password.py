"""A refused directory password against a real domain controller: one attempt, remembered, lifted on purpose."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from agent.domain.errors import ExitCode
from tests.lab import samba
from tests.lab.authority import Authority
from tests.lab.namespace import Namespace
from tests.lab.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Completed, Installation


@pytest.fixture(scope="module")
def domain() -> Iterator[samba.SambaDomain]:
    reason = samba.missing()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(f"the lab is required under CI: {reason}")
        pytest.skip(reason)
    with Namespace() as namespace, samba.SambaDomain(namespace, seed=Scenario()) as started:
        yield started


@pytest.fixture
def collecting(installation: Installation, domain: samba.SambaDomain) -> Iterator[Installation]:
    """An installation that reads the domain with two collectors, under one account whose password is wrong."""
    password = installation.secret("ldap", "Faux-2040.lab")
    common = f"""
directory = "ad-chu"
urls = ["{domain.url}"]
auth = "simple"
user = "{domain.reader}@{domain.domain}"
password = {password}
ca_file = "{domain.ca_file}"
timeout_seconds = 10
"""
    installation.configure(
        f'[[collectors]]\nid = "annuaire"\nkind = "ldap"{common}\n[[collectors]]\nid = "zones"\nkind = "ad_dns"{common}'
    )
    with domain.namespace.entered():
        yield installation


def bad_passwords(domain: samba.SambaDomain) -> int:
    """Return how many refused logins the domain controller has counted."""
    return int(domain.attribute(domain.reader, "badPwdCount") or 0)


def outcomes(done: Completed) -> dict[str, str]:
    """Return the outcome of each job but the inbox."""
    return {job["job"]: job["outcome"] for job in done.json["jobs"] if job["job"] != "inbox"}


def test_a_refused_password_is_tried_once_whatever_passes_jobs_and_restarts(
    collecting: Installation, domain: samba.SambaDomain
) -> None:
    installation = collecting
    before = bad_passwords(domain)

    first = installation.run("run", "--json")
    for _ in range(3):
        installation.clock.advance(days=1)
        later = installation.type("run", "--json")
    counted = bad_passwords(domain) - before
    forced = installation.type("collect", "annuaire", "--force", "--json")
    counted_when_forced = bad_passwords(domain) - before
    installation.secret("ldap", domain.reader_password)
    changed = installation.type("run", "--json")
    if outcomes(changed) != {"ldap": "done", "ad_dns": "done"}:
        installation.clock.advance(days=1)
        changed = installation.type("run", "--json")

    assert first.code == ExitCode.INCOMPLETE
    assert sorted(outcomes(first).values()) == ["failed", "skipped"]
    assert set(outcomes(later).values()) == {"skipped"}
    assert (counted, counted_when_forced) == (1, 2)
    assert outcomes(forced) == {"ldap": "failed"}
    assert set(outcomes(changed).values()) == {"done"}
    assert [row["class"] for row in installation.type("evidence", "list", "--json").json].count("directory") == 1
    told = [title for title in installation.titles() if "compte est refusé" in title]
    assert len(told) == 1


def test_a_certificate_that_is_not_trusted_gets_no_password(
    collecting: Installation, domain: samba.SambaDomain, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "autre")
    text = collecting.config.read_text(encoding="utf-8")
    collecting.config.write_text(text.replace(str(domain.ca_file), str(other.ca_file)), encoding="utf-8")
    before = bad_passwords(domain)

    done = collecting.type("run", "--json")

    assert done.code == ExitCode.INCOMPLETE
    assert set(outcomes(done).values()) == {"failed"}
    assert all("certificat" in job["message"].lower() for job in done.json["jobs"] if job["job"] != "inbox")
    assert bad_passwords(domain) == before
