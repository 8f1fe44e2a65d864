from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli.init import init
from agent.cli.main import Invocation
from agent.clock import SystemClock
from agent.domain.errors import UsageError
from agent.state.store import StateStore
from agent.vault.vault import Vault
from config.first import slug_of
from config.load import load
from config.programme_files import programme_ids
from tests.unit.config.conftest import RECIPIENTS

KEYS = ("--recipient", RECIPIENTS[0], "--recipient", RECIPIENTS[1])


def run(folder: Path, *arguments: str) -> Result:
    where = ("--config", str(folder / "etc" / "c.toml"), "--vault", str(folder / "data" / "vault"))
    return CliRunner().invoke(init, ["--non-interactive", *where, *arguments], obj=Invocation())


def test_the_contract_form_makes_a_valid_configuration_and_says_what_to_complete(tmp_path: Path) -> None:
    result = run(tmp_path, *KEYS, "--json")

    answer = json.loads(result.stdout)
    loaded = load(Path(answer["config"]))
    assert {where for where, _ in loaded.warnings} == {
        "candidate.name",
        "establishments[0].name",
        "directories",
        "surfaces",
        "channels",
    }
    assert answer["recipients"] == list(RECIPIENTS)
    assert loaded.configuration.vault.path == Path(answer["vault"])
    assert loaded.configuration.state.path == tmp_path / "data" / "state"


def test_the_vault_opens_for_writing_with_the_agent_of_the_state(tmp_path: Path) -> None:
    run(tmp_path, *KEYS)

    configuration = load(tmp_path / "etc" / "c.toml").configuration
    with StateStore.open(configuration.state.path / "state.sqlite") as store:
        agent = store.agent
    keys = configuration.state.path / "keys"
    with Vault.open(configuration.vault.path, keys, agent, configuration.candidate.id, SystemClock()) as vault:
        assert vault.is_writable
        assert vault.recipients == RECIPIENTS


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
@pytest.mark.parametrize("mask", [pytest.param(0o022, id="usual-mask"), pytest.param(0o077, id="service-mask")])
def test_what_is_written_is_for_its_owner_and_others_only_pass_through_the_state(tmp_path: Path, mask: int) -> None:
    former = os.umask(mask)
    try:
        run(tmp_path, *KEYS)
    finally:
        os.umask(former)

    for path, mode in (("etc/c.toml", 0o600), ("data/state", 0o711), ("data/inbox", 0o700)):
        assert stat.S_IMODE((tmp_path / path).stat().st_mode) == mode, path


def test_without_a_phase_start_the_earliest_is_taken_and_marked(tmp_path: Path) -> None:
    answer = json.loads(run(tmp_path, *KEYS, "--json").stdout)

    assert "programmes[0].phase_start" in answer["to_confirm"]
    assert load(Path(answer["config"])).configuration.programmes[0].phase_start == date(2026, 1, 30)
    assert "À CONFIRMER" in Path(answer["config"]).read_text(encoding="utf-8")


def test_a_programme_without_an_end_gets_a_planned_declaration_to_confirm(tmp_path: Path) -> None:
    answer = json.loads(run(tmp_path, *KEYS, "--programme", "P3_2026", "--json").stdout)

    programme = load(Path(answer["config"])).configuration.programmes[0]
    assert (programme.phase_start, programme.declaration) == (date(2026, 3, 31), date(2027, 3, 31))
    assert "programmes[0].declaration" in answer["to_confirm"]
    assert "programmes[0].phase_start" not in answer["to_confirm"]


def test_what_the_command_line_says_is_what_the_file_holds(tmp_path: Path) -> None:
    given = ("--candidate-type", "PRIVE", "--candidate-name", 'Clinique "Été"', "--phase-start", "2026-03-02")
    run(tmp_path, *KEYS, *given, "--state", str(tmp_path / "elsewhere"))

    configuration = load(tmp_path / "etc" / "c.toml").configuration
    assert (configuration.candidate.type, configuration.candidate.id) == ("PRIVE", "clinique-ete")
    assert configuration.candidate.name == 'Clinique "Été"'
    assert configuration.programmes[0].phase_start == date(2026, 3, 2)
    assert configuration.state.path == tmp_path / "elsewhere"


def test_an_existing_configuration_is_never_replaced(tmp_path: Path) -> None:
    run(tmp_path, *KEYS)
    before = (tmp_path / "etc" / "c.toml").read_bytes()

    result = run(tmp_path, *KEYS)

    assert isinstance(result.exception, UsageError)
    assert result.exception.hint is not None
    assert (tmp_path / "etc" / "c.toml").read_bytes() == before


def test_a_folder_that_is_not_empty_is_not_made_a_vault(tmp_path: Path) -> None:
    (tmp_path / "data" / "vault").mkdir(parents=True)
    (tmp_path / "data" / "vault" / "thesis.txt").touch()

    result = run(tmp_path, *KEYS)

    assert isinstance(result.exception, UsageError)
    assert not (tmp_path / "etc").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--recipient", RECIPIENTS[0]), id="one-key"),
        pytest.param(("--recipient", RECIPIENTS[0], "--recipient", RECIPIENTS[0]), id="same-key-twice"),
        pytest.param(("--recipient", RECIPIENTS[0], "--recipient", "age1nonsense"), id="wrong-key"),
        pytest.param((*KEYS, "--finess", "12"), id="wrong-finess"),
        pytest.param((*KEYS, "--candidate-id", "Été"), id="wrong-id"),
    ],
)
def test_answers_that_cannot_work_leave_nothing_behind(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = run(tmp_path, *arguments)

    assert isinstance(result.exception, UsageError)
    assert list(tmp_path.iterdir()) == []


def test_without_keys_two_pairs_are_made_and_their_private_halves_shown_once(tmp_path: Path) -> None:
    result = run(tmp_path)

    private = [line for line in result.stdout.splitlines() if line.startswith("AGE-SECRET-KEY-1")]
    assert len(set(private)) == 2
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(key.encode() in stored for key in private)


def test_new_pairs_come_in_the_json_document_with_their_holders(tmp_path: Path) -> None:
    answer = json.loads(run(tmp_path, "--json").stdout)

    assert [pair["holder"] for pair in answer["identities"]] == ["rssi", "secours"]
    assert [pair["recipient"] for pair in answer["identities"]] == answer["recipients"]
    assert all(pair["identity"].startswith("AGE-SECRET-KEY-1") for pair in answer["identities"])


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal")
def test_on_a_terminal_what_is_missing_is_asked_on_stderr_and_asked_again_when_wrong(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    os.write(ours, b"CH de Test\nPRIVE\n\n31/02/2026\n02/03/2026\n\n")
    config = tmp_path / "c.toml"

    done = subprocess.run(
        [sys.executable, "-m", "agent", "init", "--config", str(config), *KEYS, "--json"],
        stdin=theirs,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    os.close(ours)
    os.close(theirs)

    assert json.loads(done.stdout)["vault"] == str(tmp_path / "vault")
    assert "Nom du candidat" in done.stderr
    assert "n'existe pas dans le calendrier" in done.stderr
    configuration = load(config).configuration
    assert (configuration.candidate.id, configuration.candidate.type) == ("ch-de-test", "PRIVE")
    assert configuration.programmes[0].phase_start == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        pytest.param("CH de Saint-Brieuc", "ch-de-saint-brieuc", id="plain"),
        pytest.param("Hôpital Léon-Bérard", "hopital-leon-berard", id="accents"),
        pytest.param("…", "candidat", id="nothing-left"),
        pytest.param("a" * 63 + " b", "a" * 63, id="cut-without-a-final-dash"),
    ],
)
def test_an_identifier_is_made_from_a_name(name: str, slug: str) -> None:
    assert slug_of(name) == slug


@pytest.mark.parametrize("arguments", [("--help",), ("--programme", "P4")], ids=["help", "refusal"])
def test_the_programmes_that_can_be_followed_are_named(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = run(tmp_path, *KEYS, *arguments)

    assert all(name in result.output for name in programme_ids())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("programme", "start", "window"),
    [
        pytest.param("P3_2026", "2026-05-07", "le 31 mars 2026", id="fixed-by-the-programme"),
        pytest.param("D1BIS_2026", "2026-01-29", "du 30 janvier 2026 au 7 mai 2026", id="the-day-before"),
        pytest.param("D1BIS_2026", "2026-05-08", "du 30 janvier 2026 au 7 mai 2026", id="the-day-after"),
    ],
)
def test_a_phase_start_out_of_the_window_is_refused(tmp_path: Path, programme: str, start: str, window: str) -> None:
    result = run(tmp_path, *KEYS, "--programme", programme, "--phase-start", start)

    assert isinstance(result.exception, UsageError)
    assert window in (result.exception.hint or "")
    assert list(tmp_path.iterdir()) == []


def test_a_programme_without_audits_gets_no_word_of_directories_and_surfaces(tmp_path: Path) -> None:
    answer = json.loads(run(tmp_path, *KEYS, "--programme", "P3_2026", "--json").stdout)

    text = Path(answer["config"]).read_text(encoding="utf-8")
    assert "directories" not in text
    assert "annuaire" not in text
    assert {"directories", "surfaces"}.isdisjoint(answer["to_confirm"])


def test_what_is_left_to_confirm_is_said_in_words(tmp_path: Path) -> None:
    result = run(tmp_path, *KEYS)

    (line,) = [line for line in result.stdout.splitlines() if line.startswith("À confirmer")]
    assert line.endswith("le début de la phase, le nom du candidat, les établissements, les annuaires, les surfaces")


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal")
def test_on_a_terminal_a_phase_start_that_the_programme_fixes_is_not_asked(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    os.write(ours, b"EHPAD de Test\nPRIVE\n\n\n")
    config = tmp_path / "c.toml"

    subprocess.run(
        [sys.executable, "-m", "agent", "init", "--config", str(config), *KEYS, "--programme", "P3_2026"],
        stdin=theirs,
        capture_output=True,
        timeout=60,
        check=True,
    )
    os.close(ours)
    os.close(theirs)

    assert load(config).configuration.programmes[0].phase_start == date(2026, 3, 31)
