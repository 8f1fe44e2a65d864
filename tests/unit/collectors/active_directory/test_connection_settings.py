from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from agent.domain.secret import Secret
from collectors.active_directory.connection import ConnectionSettings
from collectors.active_directory.sasl import principal

GOOD: dict[str, Any] = {
    "urls": ["ldaps://dc1.corp.example"],
    "auth": "simple",
    "user": "svc@corp.example",
    "password": Secret("x"),
}


@pytest.mark.parametrize(
    "url",
    [
        "dc1.corp.example",
        "http://dc1.corp.example",
        "ldaps://",
        "ldaps://dc1:0",
        "ldaps://dc1:port",
        "ldaps://user:secret@dc1",
        "ldaps://dc1/DC=corp",
        "ldaps://dc1?x",
    ],
)
def test_an_address_that_is_no_directory_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="ldaps://serveur"):
        ConnectionSettings(**GOOD | {"urls": [url]})


@pytest.mark.parametrize("auth", ["simple", "ntlm"])
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"password": None}, id="no-password"),
        pytest.param({"password": Secret("")}, id="empty-password"),
        pytest.param({"user": None, "password": None}, id="nobody"),
    ],
)
def test_a_bind_that_would_be_anonymous_is_refused(auth: str, changes: dict[str, Any]) -> None:
    """A simple bind with an empty password succeeds as nobody on many servers."""
    with pytest.raises(ValidationError, match="demande"):
        ConnectionSettings(**GOOD | {"auth": auth} | changes)


def test_kerberos_needs_no_account() -> None:
    assert ConnectionSettings(urls=("ldaps://dc1.corp.example",)).account is None


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="passwrd"):
        ConnectionSettings(**GOOD | {"passwrd": "x"})


def test_the_account_is_the_same_for_every_controller() -> None:
    one = ConnectionSettings(**GOOD)
    other = ConnectionSettings(**GOOD | {"urls": ["ldaps://dc2.corp.example"], "user": "SVC@corp.example"})

    assert one.account == other.account


@pytest.mark.parametrize(
    "user",
    [
        "svc",
        "SVC@Corp.Example",
        "CORP\\svc",
        "corp.example\\svc",
        "CN=svc,OU=Comptes, DC=corp,DC=example",
    ],
)
def test_the_account_is_the_same_however_it_is_written(user: str) -> None:
    assert ConnectionSettings(**GOOD | {"user": user}).account == "svc@corp.example"


@pytest.mark.parametrize(
    ("user", "urls", "account"),
    [
        pytest.param("svc", ["ldaps://dc1.other.example"], "svc@other.example", id="another-forest"),
        pytest.param("svc", ["ldaps://10.0.0.1"], "svc@10.0.0.1", id="an-address"),
        pytest.param("svc", ["ldaps://[fd00::1]"], "svc@fd00::1", id="an-ipv6-address"),
        pytest.param("svc", ["ldaps://dc1"], "svc@dc1", id="a-bare-host"),
        pytest.param("ADMIN\\svc", ["ldaps://dc1.corp.example"], "svc@admin", id="another-domain"),
        pytest.param("svc@chu.fr", ["ldaps://dc1.corp.example"], "svc@chu.fr", id="another-suffix"),
    ],
)
def test_accounts_of_different_domains_stay_apart(user: str, urls: list[str], account: str) -> None:
    assert ConnectionSettings(**GOOD | {"user": user, "urls": urls}).account == account


def test_settings_never_print_the_password() -> None:
    assert "Marqueur" not in repr(ConnectionSettings(**GOOD | {"password": Secret("Marqueur")}))


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        pytest.param("svc@corp.example", "svc@CORP.EXAMPLE", id="upn"),
        pytest.param("CORP\\svc", "svc", id="netbios"),
        pytest.param("svc", "svc", id="bare"),
    ],
)
def test_kerberos_names_take_the_realm_in_upper_case(user: str, expected: str) -> None:
    assert principal(user) == expected
