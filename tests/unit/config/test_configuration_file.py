from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from agent.domain.errors import ConfigurationError, ExitCode
from config.load import MAX_FILE_BYTES, Examination, load
from config.model import Configuration
from config.place import configuration_path, data_folder

Examine = Callable[[str], Examination]


def configuration_of(found: Examination) -> Configuration:
    assert found.problems == ()
    assert found.configuration is not None
    return found.configuration


def test_a_minimal_file_is_valid_and_takes_its_defaults(examined: Examine, minimal: str) -> None:
    configuration = configuration_of(examined(minimal))

    assert configuration.candidate.time_zone == "Europe/Paris"
    assert configuration.inbox.settle_seconds == 60
    assert configuration.programmes[0].phase_start == date(2026, 3, 2)
    assert configuration.directories == ()


def test_relative_paths_start_at_the_folder_of_the_file(examined: Examine, minimal: str, tmp_path: Path) -> None:
    configuration = configuration_of(examined(minimal))

    assert configuration.vault.path == tmp_path / "vault"


def test_relative_paths_are_whole_when_the_file_is_named_from_the_current_folder(
    minimal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c.toml").write_text(minimal, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert load(Path("c.toml")).configuration.state.path == tmp_path / "state"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param('"12345.67"', Decimal("12345.67"), id="text"),
        pytest.param('"12345,67"', Decimal("12345.67"), id="french-comma"),
        pytest.param("12", Decimal(12), id="integer"),
        pytest.param("0.1", Decimal("0.1"), id="float-kept-exact"),
    ],
)
def test_an_activity_is_an_exact_decimal(examined: Examine, minimal: str, written: str, expected: Decimal) -> None:
    configuration = configuration_of(examined(minimal.replace('"100.5"', written)))

    assert configuration.establishments[0].activity == expected


@pytest.mark.parametrize("written", ["0", "-1", '"beaucoup"', "true", "nan", "inf", '"1e999999999999999999999"'])
def test_an_activity_that_is_not_a_positive_number_is_refused(examined: Examine, minimal: str, written: str) -> None:
    problems = dict(examined(minimal.replace('"100.5"', written)).problems)

    assert "nombre" in problems["establishments[0].activity"]


def test_every_fault_is_told_at_once(examined: Examine, minimal: str) -> None:
    text = (
        minimal.replace('type = "GHT"', 'type = "GHTT"')
        .replace("phase_start = 2026-03-02", 'phase_start = "2026-03-02"\nwarn_day = 3')
        .replace("version = 1", "version = 2\nsurprise = 1")
    ) + '[[directories]]\nid = "ad"\nname = "AD"\nkind = "onprem"\nestablishments = ["ch-exemple", "chexemple"]\n'

    problems = dict(examined(text).problems)

    assert set(problems) == {
        "version",
        "surprise",
        "candidate.type",
        "programmes[0].phase_start",
        "programmes[0].warn_day",
        "directories[0].establishments[1]",
    }
    assert "sans guillemets" in problems["programmes[0].phase_start"]
    assert "« warn_days »" in problems["programmes[0].warn_day"]
    assert "« ch-exemple »" in problems["directories[0].establishments[1]"]


def test_every_sentence_is_french(examined: Examine, minimal: str) -> None:
    text = minimal.replace('id = "ch-exemple"', 'id = "CH Exemple"').replace('name = "CH Exemple"', "name = 3")

    for _, sentence in examined(text).problems:
        assert "Input should" not in sentence


def test_loading_a_faulty_file_raises_with_every_problem(minimal: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(minimal.replace("version = 1", ""), encoding="utf-8")

    with pytest.raises(ConfigurationError) as caught:
        load(path)

    assert caught.value.problems == (("version", "obligatoire, et absent"),)
    assert caught.value.exit_code == ExitCode.CONFIGURATION


@pytest.mark.parametrize(
    ("text", "where"),
    [
        pytest.param("version = 1\n[candidate\n", "ligne 2, colonne", id="bracket"),
        pytest.param('version = "1\n', "ligne 1, colonne", id="quote"),
        pytest.param("version =", "ligne 1", id="end-of-file"),
        pytest.param("a = " + "[" * 20_000, "trop de listes", id="endless-nesting"),
    ],
)
def test_wrong_toml_is_located(examined: Examine, text: str, where: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        examined(text)

    assert where in caught.value.problems[0][1]


def test_a_byte_order_mark_is_accepted(minimal: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(b"\xef\xbb\xbf" + minimal.encode())

    assert load(path).configuration.version == 1


def test_another_encoding_is_located(minimal: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(minimal.replace("GHT Exemple", "GHT Été").encode("latin-1"))

    with pytest.raises(ConfigurationError, match="ligne 4"):
        load(path)


def test_a_giant_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(b"#" * (MAX_FILE_BYTES + 1))

    with pytest.raises(ConfigurationError, match="trop longue"):
        load(path)


def test_a_missing_file_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "absent.toml")

    assert caught.value.hint is not None
    assert "carenage init" in caught.value.hint


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "c.toml")

    with pytest.raises(ConfigurationError, match="ordinaire"):
        load(tmp_path / "c.toml")


def test_the_file_asked_for_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARENAGE_CONFIG", "/from/environment.toml")

    assert configuration_path(Path("asked.toml")) == Path("asked.toml")
    assert configuration_path() == Path("/from/environment.toml")


def test_without_anything_the_usual_place_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARENAGE_CONFIG", raising=False)

    assert configuration_path().name == "carenage.toml"
    assert data_folder(Path("/srv/here/c.toml")) == Path("/srv/here")


def test_a_programme_gives_the_scenario_only_what_is_set(examined: Examine, minimal: str) -> None:
    text = minimal.replace(
        "phase_start = 2026-03-02",
        "phase_start = 2026-03-02\nwarn_days = 20\ndeclaration_deadline = 2027-04-30\n",
    )

    programme = configuration_of(examined(text)).programmes[0]

    assert programme.scenario_config() == {
        "warn_days": 20,
        "declaration_deadline": "2027-04-30",
    }


@pytest.mark.parametrize("rule", ['readings = {mean_cmp = "le"}', "mean_days = 90", "min_score = 1"])
def test_no_rule_of_a_programme_is_loosened_by_the_configuration(examined: Examine, minimal: str, rule: str) -> None:
    found = examined(minimal.replace("phase_start = 2026-03-02", f"phase_start = 2026-03-02\n{rule}"))

    assert found.configuration is None


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        pytest.param("names", "WWW.CH-Exemple.FR.", "www.ch-exemple.fr", id="case-and-final-dot"),
        pytest.param("names", "hôpital.fr", "xn--hpital-ixa.fr", id="accents"),
        pytest.param("addresses", "192.0.2.7/32", "192.0.2.7", id="single-address"),
        pytest.param("addresses", "2001:DB8::/32", "2001:db8::/32", id="range"),
    ],
)
def test_names_and_addresses_are_kept_in_one_form(
    examined: Examine, minimal: str, key: str, value: str, expected: str
) -> None:
    text = minimal + f'[[surfaces]]\nid = "s"\nname = "S"\n{key} = ["{value}"]\n'

    assert getattr(configuration_of(examined(text)).surfaces[0], key) == (expected,)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        pytest.param('names = ["https://www.exemple.fr"]', "surfaces[0].names[0]", id="url"),
        pytest.param('names = ["*.exemple.fr"]', "surfaces[0].names[0]", id="wildcard"),
        pytest.param('names = ["exemple"]', "surfaces[0].names[0]", id="single-label"),
        pytest.param('addresses = ["192.0.2.1/28"]', "surfaces[0].addresses[0]", id="host-bits"),
        pytest.param('addresses = ["192.0.2.300"]', "surfaces[0].addresses[0]", id="not-an-address"),
        pytest.param('names = "www.exemple.fr"', "surfaces[0].names", id="not-a-list"),
    ],
)
def test_what_is_not_a_name_or_an_address_is_refused(examined: Examine, minimal: str, line: str, path: str) -> None:
    text = minimal + f'[[surfaces]]\nid = "s"\nname = "S"\n{line}\n'

    assert [where for where, _ in examined(text).problems] == [path]


def test_a_private_key_among_the_recipients_is_refused_and_never_repeated(examined: Examine, minimal: str) -> None:
    from tests.unit.config.conftest import RECIPIENTS

    private = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQ"

    problems = dict(examined(minimal.replace(RECIPIENTS[0], private)).problems)

    assert "PRIVÉE" in problems["vault.recipients[0]"]
    assert private not in str(problems)


def test_one_recipient_is_not_enough(examined: Examine, minimal: str) -> None:
    from tests.unit.config.conftest import RECIPIENTS

    problems = dict(examined(minimal.replace(f', "{RECIPIENTS[1]}"', "")).problems)

    assert "au moins deux" in problems["vault.recipients"]


@pytest.mark.parametrize("zone", ["Europe/Pari", "../../etc/passwd", "", "/etc/localtime"])
def test_an_unknown_time_zone_is_refused(examined: Examine, minimal: str, zone: str) -> None:
    text = minimal.replace('type = "GHT"', f'type = "GHT"\ntime_zone = "{zone}"')

    assert [where for where, _ in examined(text).problems] == ["candidate.time_zone"]


def test_a_strange_key_is_quoted_so_that_it_cannot_forge_a_line(examined: Examine, minimal: str) -> None:
    problems = examined('"a\\nFAUTE \\u001b[2J" = 1\n' + minimal).problems

    assert problems[0][0] == '"a\\nFAUTE \\u001b[2J"'
