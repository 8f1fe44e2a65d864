"""One throw-away domain for the whole run; each test stands inside its network."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from agent.domain.secret import Secret
from collectors.interface import CollectionContext
from tests.lab import samba
from tests.lab.namespace import Namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def domain() -> Iterator[samba.SambaDomain]:
    reason = samba.missing()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(f"the lab is required under CI: {reason}")
        pytest.skip(reason)
    with Namespace() as namespace, samba.SambaDomain(namespace) as domain:
        yield domain


@pytest.fixture(autouse=True)
def _inside(domain: samba.SambaDomain, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KRB5_CONFIG", str(domain.krb5_conf))
    monkeypatch.setenv("KRB5CCNAME", str(domain.directory / "no-ticket"))
    with domain.namespace.entered():
        yield


@pytest.fixture
def settings(domain: samba.SambaDomain) -> Callable[..., dict[str, Any]]:
    """Return the settings of a collector, the reader's by a simple bind unless told."""

    def make(**changes: Any) -> dict[str, Any]:
        return {
            "urls": [domain.url],
            "auth": "simple",
            "user": f"{domain.reader}@{domain.domain}",
            "password": Secret(domain.reader_password),
            "ca_file": domain.ca_file,
            "timeout_seconds": 10,
            **changes,
        }

    return make


@pytest.fixture
def context() -> CollectionContext:
    return CollectionContext(now=NOW, subject="principal")
