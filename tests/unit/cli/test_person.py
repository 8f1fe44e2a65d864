"""Who decides when nobody is named."""

from __future__ import annotations

import os
import pwd

import pytest

from agent.cli.person import deciding
from agent.domain.errors import UsageError


def test_the_person_named_decides() -> None:
    assert deciding("C. Martin") == "C. Martin"


def test_the_account_is_the_systems_not_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "directeur")

    assert deciding(None) == pwd.getpwuid(os.getuid()).pw_name


def test_an_account_without_a_name_is_asked_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_123)

    with pytest.raises(UsageError) as caught:
        deciding(None)

    assert "--person" in str(caught.value.hint)
