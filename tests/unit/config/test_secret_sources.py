from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from pydantic import ValidationError

from agent.domain.errors import ConfigurationError
from agent.domain.secret import Secret
from config.secret_sources import MAX_SECRET_BYTES, SecretReference, resolve

VALUE = "hunter2-marker"
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")


class MemoryKeyring(KeyringBackend):
    """A keyring that lives as long as the test."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password


@pytest.fixture
def memory_keyring() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    ours = MemoryKeyring()
    keyring.set_keyring(ours)
    yield ours
    keyring.set_keyring(before)


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(f"{VALUE}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_file_gives_its_text_without_the_final_newline(secret_file: Path) -> None:
    assert resolve(SecretReference(file=str(secret_file))) == Secret(VALUE)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"a b \n", "a b ", id="spaces-kept"),
        pytest.param(b"ab\r\n", "ab", id="windows-newline"),
        pytest.param(b"\xef\xbb\xbfab", "ab", id="byte-order-mark"),
        pytest.param(b"ab\n\n", "ab\n", id="one-newline-only"),
    ],
)
def test_only_what_an_editor_adds_is_taken_off(secret_file: Path, content: bytes, expected: str) -> None:
    secret_file.write_bytes(content)

    assert resolve(SecretReference(file=str(secret_file))).reveal() == expected


@posix_only
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_open_to_others_is_refused(secret_file: Path, mode: int) -> None:
    secret_file.chmod(mode)

    with pytest.raises(ConfigurationError, match="ouvert à d'autres") as caught:
        resolve(SecretReference(file=str(secret_file)))

    assert VALUE not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"x" * (MAX_SECRET_BYTES + 1), id="giant"),
        pytest.param(b"\xff\xfe", id="binary"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused_by_its_reference(secret_file: Path, content: bytes) -> None:
    secret_file.write_bytes(content)

    with pytest.raises(ConfigurationError, match="secret") as caught:
        resolve(SecretReference(file=str(secret_file)))

    assert str(secret_file) in caught.value.message


def test_a_missing_file_is_told_by_its_reference(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="absent"):
        resolve(SecretReference(file=str(tmp_path / "absent")))


def test_the_environment_gives_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARENAGE_TEST_SECRET", VALUE)

    assert resolve(SecretReference(env="CARENAGE_TEST_SECRET")) == Secret(VALUE)


def test_a_missing_variable_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARENAGE_TEST_SECRET", raising=False)

    with pytest.raises(ConfigurationError, match="CARENAGE_TEST_SECRET"):
        resolve(SecretReference(env="CARENAGE_TEST_SECRET"))


def test_a_systemd_credential_is_read_from_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tenable").write_text(VALUE, encoding="utf-8")
    (tmp_path / "tenable").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    assert resolve(SecretReference(credential="tenable")) == Secret(VALUE)


def test_without_systemd_a_credential_says_what_to_add(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

    with pytest.raises(ConfigurationError) as caught:
        resolve(SecretReference(credential="tenable"))

    assert "LoadCredential=tenable" in (caught.value.hint or "")


def test_the_keyring_gives_a_secret(memory_keyring: MemoryKeyring) -> None:
    keyring.set_password("carenage", "svc/ldap", VALUE)

    assert resolve(SecretReference(keyring="carenage/svc/ldap")) == Secret(VALUE)


@pytest.mark.usefixtures("memory_keyring")
def test_an_absent_keyring_entry_names_the_usual_trap() -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve(SecretReference(keyring="carenage/nobody"))

    assert "compte du service" in (caught.value.hint or "")


@pytest.mark.usefixtures("memory_keyring")
def test_a_machine_without_keyring_is_told_so() -> None:
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]

    with pytest.raises(ConfigurationError, match="trousseau"):
        resolve(SecretReference(keyring="carenage/ldap"))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(VALUE, id="literal"),
        pytest.param({}, id="no-source"),
        pytest.param({"file": "a", "env": "B"}, id="two-sources"),
        pytest.param({"vault": "a"}, id="unknown-source"),
        pytest.param({"env": "A B"}, id="variable-name"),
        pytest.param({"credential": "../shadow"}, id="credential-path"),
        pytest.param({"credential": ".."}, id="credential-parent"),
        pytest.param({"keyring": "carenage"}, id="keyring-without-user"),
        pytest.param({"file": ""}, id="empty-path"),
        pytest.param({"env": 3}, id="not-a-text"),
    ],
)
def test_what_is_not_a_reference_is_refused_without_repeating_it(value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        SecretReference.model_validate(value)

    assert VALUE not in str(caught.value)


def test_a_relative_file_starts_at_the_folder_of_the_configuration(tmp_path: Path) -> None:
    reference = SecretReference.model_validate({"file": "s"}, context={"folder": tmp_path})

    assert reference.file == str(tmp_path / "s")


def test_a_reference_prints_as_it_is_written() -> None:
    assert str(SecretReference(credential="tenable")) == '{credential = "tenable"}'
