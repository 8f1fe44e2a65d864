"""The documents say what the code does."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import click
import pytest

from agent.bootstrap import PERIOD_SECONDS
from agent.cli.main import LATER, root
from agent.cli.passes import serve
from agent.domain.errors import GRAVEST_FIRST, ExitCode, gravest
from agent.domain.facts import Fact
from collectors.side_file import parse
from config.fact_kinds import fact_kinds
from config.load import examine_text
from tests.docs.commands import page
from tests.unit.config.conftest import MINIMAL

ROOT = Path(__file__).parents[2]


def test_the_exit_code_table_is_the_enumeration() -> None:
    text = (ROOT / "docs/reference/exit-codes.md").read_text(encoding="utf-8")
    table = {(int(code), name) for code, name in re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", text, re.MULTILINE)}

    assert table == {(code.value, code.name) for code in ExitCode}


def test_the_documented_order_of_gravity_is_the_one_used() -> None:
    text = (ROOT / "docs/reference/exit-codes.md").read_text(encoding="utf-8")
    order = re.search(r"l'emporte : ([\d, ]+)\.", text)

    assert order is not None
    assert [int(code) for code in order[1].split(", ")] == [code.value for code in GRAVEST_FIRST[:-1]]


def test_the_gravest_code_wins() -> None:
    assert gravest([ExitCode.OK, ExitCode.DELIVERY_PENDING, ExitCode.INCOMPLETE]) is ExitCode.INCOMPLETE
    assert gravest([]) is ExitCode.OK


def test_the_two_words_stand_at_the_top_of_both_readmes() -> None:
    for name in ("README.md", "README.fr.md"):
        first = re.search(r"```sh\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
        assert first is not None
        assert first[1].splitlines() == ["make demo", "make test"]


@pytest.mark.parametrize("page", ["docs/how-to/vault.md", "SECURITY.md"])
@pytest.mark.parametrize("kind", [fact.__dataclass_fields__["kind"].default for fact in get_args(Fact)])
def test_what_the_index_holds_in_clear_is_told_of_every_kind_of_fact(page: str, kind: str) -> None:
    assert f"`{kind}`" in (ROOT / page).read_text(encoding="utf-8")


def documented_commands() -> Iterator[tuple[str, list[str]]]:
    """Yield each command line of the documents, with its page: what follows `carenage` in a block of `sh`."""
    for path in [ROOT / "README.md", ROOT / "README.fr.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for block in re.findall(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                found = re.match(r"(?:sudo -u carenage )?(?:\S*/)?carenage(?= )(.*)", line)
                if found is not None:
                    yield path.name, shlex.split(found[1], comments=True)


def resolve(words: Sequence[str]) -> click.Context:
    """Return the context of a command line, every option and value read but paths, nothing run; raises click.UsageError."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(click.Command, "invoke", lambda _command, context: context)
        patched.setattr(click.Path, "convert", lambda _type, value, _param, _context: value)
        found = root.main([*words], prog_name="carenage", standalone_mode=False)
    assert isinstance(found, click.Context)
    return found


@pytest.mark.parametrize(
    "words", [pytest.param(words, id=f"{page}-{' '.join(words)[:60]}") for page, words in documented_commands()]
)
def test_every_command_of_the_documents_is_understood(words: list[str]) -> None:
    context = resolve(words)

    assert context.info_name not in LATER
    if context.parent is not None and context.parent.info_name == "declare" and context.info_name in fact_kinds():
        kind = fact_kinds()[context.info_name]
        assert set(context.params["fields"]) <= {field.name for field in kind.fields}
        assert {slot for slot, _ in context.params["files"]} <= {None, *(slot.name for slot in kind.slots)}


@pytest.mark.parametrize("words", ["status --nessie", "nessie", "vault nessie", "forecast --declaration demain"])
def test_a_command_that_is_not_understood_would_be_found(words: str) -> None:
    with pytest.raises(click.UsageError):
        resolve(words.split())


def toml_blocks(page: str) -> list[str]:
    return re.findall(r"```toml\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def test_the_channels_of_the_alerts_page_are_a_valid_configuration(tmp_path: Path) -> None:
    (block,) = toml_blocks("docs/how-to/alerts.md")

    found = examine_text(f"{MINIMAL}\n{block}", path=tmp_path / "carenage.toml")

    assert found.problems == ()
    assert found.configuration is not None
    assert len(found.configuration.channels) == 2


def test_the_side_file_of_the_inbox_page_is_understood() -> None:
    (block,) = toml_blocks("docs/how-to/inbox.md")

    stated, faults = parse(block.encode())

    assert faults == ()
    assert (stated.kind, stated.directory, stated.score) == ("ads_report", "ad-chu", 3)


def test_every_relative_link_of_the_documents_leads_somewhere() -> None:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_the_dockerfile_takes_the_steps_of_the_installation_page() -> None:
    page = (ROOT / "docs/how-to/install.md").read_text(encoding="utf-8")
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    steps = [line for line in page.splitlines() if line.startswith(("python3 -m venv", "/opt/carenage/bin/p"))]

    assert len(steps) == 4
    assert [
        line.removeprefix("RUN ")
        for line in dockerfile.splitlines()
        if "/opt/carenage/bin/p" in line or "-m venv" in line
    ] == steps
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    install = re.search(r"## Install\n\n```sh\n(.*?)```", readme, re.DOTALL)
    assert install is not None
    assert [line for line in install[1].splitlines() if line not in steps] == []
    assert "HEALTHCHECK" in dockerfile
    assert "carenage check" in dockerfile
    assert re.search(r"^USER (?!root)", dockerfile, re.MULTILINE)
    assert "Non construit ici" in page


def test_what_is_shipped_makes_a_pass_as_often_as_the_supervision_expects() -> None:
    timer = (ROOT / "deploy/systemd/carenage.timer").read_text(encoding="utf-8")
    task = (ROOT / "deploy/windows/carenage-task.xml").read_text(encoding="utf-16")
    every = next(option.default for option in serve.params if option.name == "minutes")

    assert isinstance(every, int)
    assert every * 60 == PERIOD_SECONDS
    assert f"OnCalendar=*:0/{every}\n" in timer
    assert f"<Interval>PT{every}M</Interval>" in task


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
@pytest.mark.parametrize(
    ("code", "is_healthy"),
    [
        pytest.param(0, True, id="ok"),
        pytest.param(1, True, id="warning"),
        pytest.param(2, True, id="an-objective-is-not-met"),
        pytest.param(3, False, id="no-pass"),
    ],
)
def test_the_container_is_unhealthy_only_when_passes_stop(tmp_path: Path, code: int, is_healthy: bool) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    check = re.search(r"^HEALTHCHECK .*? CMD (.+)$", dockerfile, re.MULTILINE)
    assert check is not None
    command = tmp_path / "carenage"
    command.write_text(f"#!/bin/sh\nexit {code}\n")
    command.chmod(0o755)

    done = subprocess.run(["/bin/sh", "-c", check[1]], env={"PATH": str(tmp_path)}, check=False)

    assert (done.returncode == 0) is is_healthy


def test_the_changelog_names_every_plugin() -> None:
    from agent.alerts import registry as channels
    from collectors import registry as collectors

    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for kind in [*collectors.kinds(), *channels.kinds()]:
        assert f"`{kind}`" in text, kind


def test_the_page_of_commands_is_up_to_date() -> None:
    found = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")

    assert found == page(), "python -m tests.docs.commands > docs/reference/commands.md"
    assert "|  |" not in found, "an option without a word of help"
