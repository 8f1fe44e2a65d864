"""What the distribution promises about itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path

import pytest

from agent.version import VERSION

ROOT = Path(__file__).parents[2]
PACKAGES = ("agent", "collectors", "uploader", "config")


@pytest.mark.parametrize("name", PACKAGES)
def test_import_name_is_ours_alone(name: str) -> None:
    assert set(packages_distributions()[name]) == {"carenage"}


@pytest.mark.parametrize("name", PACKAGES)
def test_no_module_is_named_like_one_of_the_standard_library(name: str) -> None:
    modules = {path.stem for path in (ROOT / name).rglob("*.py") if not path.stem.startswith("__")}

    assert modules & sys.stdlib_module_names <= {"http"}  # agent.http: absolute imports keep the two apart


@pytest.mark.parametrize("name", PACKAGES)
def test_init_modules_hold_a_docstring_only(name: str) -> None:
    for path in (ROOT / name).rglob("__init__.py"):
        text = path.read_text(encoding="utf-8").strip()
        assert re.fullmatch(r'""".*?"""', text, re.DOTALL), path


def test_the_locks_name_no_host() -> None:
    for lock in ROOT.glob("requirements*.txt"):
        assert "://" not in lock.read_text(encoding="utf-8")


def test_every_locked_package_has_a_hash() -> None:
    for lock in ROOT.glob("requirements*.txt"):
        blocks = re.split(r"\n(?=[a-z0-9])", lock.read_text(encoding="utf-8"))
        assert all("--hash=sha256:" in block for block in blocks if "==" in block)


def test_the_attack_tools_of_a_dependency_are_not_installed() -> None:
    scripts = {path.name for path in Path(sys.executable).parent.iterdir()}

    assert not scripts & {"secretsdump.py", "psexec.py", "wmiexec.py", "ntlmrelayx.py", "ldapdomaindump"}


def test_the_command_is_ours() -> None:
    (found,) = entry_points(group="console_scripts", name="carenage")

    assert found.value == "agent.__main__:main"


def test_the_version_is_told_without_importing_anything_else() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "agent", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert done.stdout.strip() == f"carenage {VERSION}"
    assert "click" not in done.stderr
    assert "pydantic" not in done.stderr
