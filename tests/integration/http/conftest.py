from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.fakes.clock import FakeClock
from tests.lab.authority import Authority, ServerFiles

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def server_files(authority: Authority) -> ServerFiles:
    return authority.issue("127.0.0.1", "localhost")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 6, 1, 8, tzinfo=UTC))


@pytest.fixture
def ca_file(authority: Authority) -> Path:
    return authority.ca_file
