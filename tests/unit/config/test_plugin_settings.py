from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict, Field

from agent.domain.errors import ConfigurationError
from agent.domain.secret import Secret
from collectors.interface import CollectorSettings
from config.effective import effective
from config.example import example, reference
from config.load import Examination, LoadedConfiguration, examine_text
from config.plugin_settings import NoPlugins, Registry
from config.schema import json_schema

LITERAL = "hunter2-marker"


class Account(BaseModel):
    """A table inside the settings."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    user: str
    password: Secret | None = None


class ScannerSettings(CollectorSettings):
    """What a scanner takes."""

    url: str = Field(description="Adresse du scanner.", examples=["https://scanner.example"])
    token: Secret = Field(description="Jeton.")
    tool: str | None = None
    ca_file: Path | None = None
    pages: int = 3
    accounts: tuple[Account, ...] = ()


class Scanner:
    title = "Un scanner"
    settings_type: ClassVar[type[BaseModel]] = ScannerSettings
    needs_directory = False


class Directory(Scanner):
    title = "Un annuaire"
    needs_directory = True


class MailSettings(BaseModel):
    """What a mail channel takes."""

    model_config = ConfigDict(extra="forbid")

    sender: str = Field(alias="from")
    to: tuple[str, ...] = Field(min_length=1)


class Mail:
    title = "Courriel"
    settings_type: ClassVar[type[BaseModel]] = MailSettings


class Shelf:
    """A registry of the classes it is given; None stands for a plugin that does not import."""

    def __init__(self, **plugins: type | None) -> None:
        self._plugins: Mapping[str, type | None] = plugins

    def kinds(self) -> tuple[str, ...]:
        return tuple(self._plugins)

    def load(self, kind: str) -> Any:
        plugin = self._plugins.get(kind)
        if plugin is None:
            raise ConfigurationError(f"Le collecteur « {kind} » ne se charge pas.")
        return plugin


FAMILIES: dict[str, Registry] = {
    "collectors": Shelf(scanner=Scanner, forest=Directory, broken=None),
    "channels": Shelf(mail=Mail),
    "targets": NoPlugins(),
}
SCANNER = '[[collectors]]\nid = "s"\nkind = "scanner"\nurl = "https://scanner.example"\n'


def examined(text: str, folder: Path) -> Examination:
    return examine_text(text, path=folder / "c.toml", registries=FAMILIES)


def loaded(text: str, folder: Path) -> LoadedConfiguration:
    found = examined(text, folder)
    assert found.configuration is not None, found.problems
    return LoadedConfiguration(configuration=found.configuration, warnings=found.warnings, path=found.path, text="")


def scanner_settings(of: LoadedConfiguration) -> ScannerSettings:
    settings = of.settings_of(of.configuration.collectors[0], Scanner)
    assert isinstance(settings, ScannerSettings)
    return settings


def test_a_secret_is_resolved_only_when_the_settings_are_asked_for(
    minimal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCANNER_TOKEN", raising=False)
    configuration = loaded(minimal + SCANNER + 'token = {env = "SCANNER_TOKEN"}\n', tmp_path)
    monkeypatch.setenv("SCANNER_TOKEN", LITERAL)

    assert scanner_settings(configuration).token == Secret(LITERAL)


def test_a_secret_that_is_missing_is_told_when_the_settings_are_asked_for(
    minimal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCANNER_TOKEN", raising=False)
    configuration = loaded(minimal + SCANNER + 'token = {env = "SCANNER_TOKEN"}\n', tmp_path)

    with pytest.raises(ConfigurationError, match="SCANNER_TOKEN"):
        scanner_settings(configuration)


def test_a_secret_deep_in_the_settings_is_resolved_too(minimal: str, tmp_path: Path) -> None:
    (tmp_path / "deep").write_text(LITERAL, encoding="utf-8")
    (tmp_path / "deep").chmod(0o600)
    text = minimal + SCANNER + 'token = {file = "deep"}\naccounts = [{user = "u", password = {file = "deep"}}]\n'

    assert scanner_settings(loaded(text, tmp_path)).accounts[0].password == Secret(LITERAL)


def test_a_path_starts_at_the_folder_of_the_file(minimal: str, tmp_path: Path) -> None:
    (tmp_path / "t").write_text("x", encoding="utf-8")
    (tmp_path / "t").chmod(0o600)
    text = minimal + SCANNER + 'token = {file = "t"}\nca_file = "ca.pem"\n'

    assert scanner_settings(loaded(text, tmp_path)).ca_file == tmp_path / "ca.pem"


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        pytest.param(f'token = "{LITERAL}"', "collectors[0].token", id="top"),
        pytest.param(
            f'token = {{env = "T"}}\naccounts = [{{user = "u", password = "{LITERAL}"}}]',
            "collectors[0].accounts[0].password",
            id="deep",
        ),
    ],
)
def test_a_secret_written_in_the_file_is_a_fault_that_never_repeats_it(
    minimal: str, tmp_path: Path, lines: str, path: str
) -> None:
    problems = examined(minimal + SCANNER + lines + "\n", tmp_path).problems

    assert [where for where, _ in problems] == [path]
    assert "référence" in problems[0][1]
    assert LITERAL not in str(problems)


@pytest.mark.parametrize(
    ("lines", "path", "sentence"),
    [
        pytest.param("", "collectors[0].token", "obligatoire", id="missing-secret"),
        pytest.param('token = {env = "T"}\npage = 3', "collectors[0].page", "« pages »", id="unknown-key"),
        pytest.param('token = {env = "T"}\npages = "x"', "collectors[0].pages", "nombre entier", id="wrong-type"),
        pytest.param('token = {envi = "T"}', "collectors[0].token.envi", "« env »", id="unknown-source"),
        pytest.param(
            'token = {env = "T"}\ndirectory = "x"', "collectors[0].directory", "aucun annuaire", id="directory"
        ),
    ],
)
def test_a_faulty_setting_is_told_by_its_path(
    minimal: str, tmp_path: Path, lines: str, path: str, sentence: str
) -> None:
    problems = dict(examined(minimal + SCANNER + lines + "\n", tmp_path).problems)

    assert list(problems) == [path]
    assert sentence in problems[path]


def test_an_unknown_kind_is_a_fault_with_what_was_probably_meant(minimal: str, tmp_path: Path) -> None:
    problems = dict(examined(minimal + SCANNER.replace('"scanner"', '"scaner"'), tmp_path).problems)

    assert "« scanner »" in problems["collectors[0].kind"]


def test_a_plugin_that_does_not_load_is_a_warning_and_its_values_are_not_shown(minimal: str, tmp_path: Path) -> None:
    text = minimal + f'[[collectors]]\nid = "b"\nkind = "broken"\npassword = "{LITERAL}"\n'

    configuration = loaded(text, tmp_path)

    assert "collectors[0].kind" in [where for where, _ in configuration.warnings]
    assert LITERAL not in str(effective(configuration, FAMILIES))


def test_a_collector_that_needs_a_directory_says_so(minimal: str, tmp_path: Path) -> None:
    text = minimal + SCANNER.replace('"scanner"', '"forest"') + 'token = {env = "T"}\n'

    assert [where for where, _ in examined(text, tmp_path).problems] == ["collectors[0].directory"]


def test_a_plugin_that_asks_for_a_key_of_ours_receives_it(minimal: str, tmp_path: Path) -> None:
    (tmp_path / "t").write_text("x", encoding="utf-8")
    (tmp_path / "t").chmod(0o600)
    text = minimal + SCANNER + 'token = {file = "t"}\ntool = "SILENE"\n'

    assert scanner_settings(loaded(text, tmp_path)).tool == "SILENE"


def test_a_channel_receives_the_addresses_of_the_people_it_names(minimal: str, tmp_path: Path) -> None:
    text = (
        minimal
        + '[[people]]\nid = "rssi"\nname = "R"\nrole = "rssi"\nemail = "rssi@x.fr"\n'
        + '[[channels]]\nid = "m"\nkind = "mail"\nfrom = "a@x.fr"\nto = ["rssi"]\n'
    )
    configuration = loaded(text, tmp_path)

    assert configuration.settings_of(configuration.configuration.channels[0], Mail).to == ("rssi@x.fr",)


def test_effective_values_show_references_and_never_secrets(minimal: str, tmp_path: Path) -> None:
    configuration = loaded(minimal + SCANNER + 'token = {env = "SCANNER_TOKEN"}\n', tmp_path)

    shown = effective(configuration, FAMILIES)

    assert shown["collectors"][0]["token"] == {"env": "SCANNER_TOKEN"}
    assert shown["inbox"]["settle_seconds"] == 60
    assert shown["vault"]["path"] == str(tmp_path / "vault")


def test_the_schema_describes_each_plugin_and_shows_its_secrets_as_references() -> None:
    schema = json_schema(FAMILIES)

    entries = {entry["title"]: entry for entry in schema["$defs"]["CollectorEntry"]["oneOf"]}
    assert set(entries) == {"scanner", "forest"}
    assert set(entries["scanner"]["required"]) == {"id", "kind", "url", "token"}
    assert "keyring" in json.dumps(entries["scanner"]["properties"]["token"])


def test_the_example_shows_each_plugin_once_with_its_own_keys(tmp_path: Path) -> None:
    text = example(FAMILIES)

    assert '#kind = "scanner"' in text
    assert '#url = "https://scanner.example"' in text
    assert '#token = {file = "/etc/carenage/secret"}' in text
    assert examined(text, tmp_path).problems == ()


def test_the_reference_page_names_each_setting_of_a_plugin() -> None:
    page = reference(FAMILIES)

    assert "### Collecteurs : `scanner`" in page
    assert "| `token` | secret | **obligatoire** | Jeton. |" in page
