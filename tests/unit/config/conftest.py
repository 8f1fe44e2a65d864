"""A minimal valid file, and a way to write it with changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config.load import Examination, examine
from config.plugin_settings import NoPlugins, Registry

RECIPIENTS = (
    "age12l2n7k5wnkat093kxhwxu9vjsy2tpl5yp463ah2jdkf5mfy9tyqsv7ecnx",
    "age1rvf28yj6cf6kka4unga7ewavye77gykpqwwlnm5lwrsmfp4lmurstdrp73",
)
MINIMAL = f"""\
version = 1
[candidate]
id = "ght-exemple"
name = "GHT Exemple"
type = "GHT"
[[programmes]]
id = "D1BIS_2026"
phase_start = 2026-03-02
[[establishments]]
id = "ch-exemple"
name = "CH Exemple"
activity = "100.5"
support = true
[vault]
path = "vault"
recipients = ["{RECIPIENTS[0]}", "{RECIPIENTS[1]}"]
[state]
path = "state"
[inbox]
path = "inbox"
"""
NO_PLUGINS: dict[str, Registry] = {"collectors": NoPlugins(), "channels": NoPlugins(), "targets": NoPlugins()}

Examine = Callable[[str], Examination]


@pytest.fixture
def examined(tmp_path: Path) -> Examine:
    """Write a text as carenage.toml and return what is said of it, without any plugin."""

    def of(text: str) -> Examination:
        path = tmp_path / "carenage.toml"
        path.write_text(text, encoding="utf-8")
        return examine(path, registries=NO_PLUGINS)

    return of


@pytest.fixture
def minimal() -> str:
    return MINIMAL
