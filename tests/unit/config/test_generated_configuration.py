from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.example import example, reference
from config.load import examine, examine_text
from config.plugin_settings import installed_registries

ROOT = Path(__file__).parents[3]
EXAMPLE, PAGE = ROOT / "config" / "example.toml", ROOT / "docs" / "reference" / "configuration.md"


def test_the_example_passes_its_own_check_and_only_what_it_leaves_to_choose_is_warned_of() -> None:
    found = examine(EXAMPLE)

    assert found.problems == ()
    assert [where for where, _ in found.warnings] == ["vault.recipients", "channels"]


@pytest.mark.parametrize(
    ("path", "command"),
    [pytest.param(EXAMPLE, "example", id="example"), pytest.param(PAGE, "reference", id="reference-page")],
)
def test_the_generated_file_is_up_to_date(path: Path, command: str) -> None:
    text = {"example": example, "reference": reference}[command](installed_registries())

    assert path.read_text(encoding="utf-8") == text, f"carenage config {command} > {path.relative_to(ROOT)}"


def test_every_optional_line_of_our_own_tables_can_be_uncommented(tmp_path: Path) -> None:
    own = example({})
    text = re.sub(r"^#(?=[a-z_]+ = |\[(?!\[(collectors|channels|targets)))", "", own, flags=re.MULTILINE)
    text = text.replace('["ancien-ad"]', "[]").replace('["courriel"]', "[]")
    text = re.sub(r"^#?\[\[(collectors|channels|targets)\]\]\n(?:.+\n)*", "", text, flags=re.MULTILINE)

    assert examine_text(text, path=tmp_path / "c.toml").problems == ()
