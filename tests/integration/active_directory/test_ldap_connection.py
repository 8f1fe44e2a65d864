from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

import ldap3
import pytest

from agent.domain.errors import (
    AuthenticationError,
    CollectorError,
    SourceAnswerError,
    UnreachableError,
    UntrustedPeerError,
)
from agent.domain.secret import Secret
from collectors.active_directory.connection import ConnectionSettings, SearchRefusedError, Session, connect
from tests.lab.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.lab.samba import SambaDomain

    MakeSettings = Callable[..., dict[str, Any]]


def naming_context(session: Session) -> str:
    return session.read("", ["defaultNamingContext"])["defaultNamingContext"][0].decode()


@pytest.mark.parametrize("scheme", ["ldaps", "ldap"], ids=["ldaps", "starttls"])
@pytest.mark.parametrize("auth", ["simple", "kerberos", "ntlm"])
def test_every_authentication_works_inside_tls(
    auth: str, scheme: str, domain: SambaDomain, settings: MakeSettings
) -> None:
    chosen = ConnectionSettings(**settings(auth=auth, urls=[f"{scheme}://{domain.host}"]))

    with connect(chosen) as session:
        assert naming_context(session) == domain.base_dn


def test_ntlm_takes_a_netbios_name(domain: SambaDomain, settings: MakeSettings) -> None:
    with connect(ConnectionSettings(**settings(auth="ntlm", user=f"CORP\\{domain.reader}"))) as session:
        assert naming_context(session) == domain.base_dn


def test_kerberos_uses_the_ticket_of_the_service_itself(
    domain: SambaDomain, settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5CCNAME", str(domain.kinit()))

    with connect(ConnectionSettings(**settings(auth="kerberos", user=None, password=None))) as session:
        assert naming_context(session) == domain.base_dn


def test_kerberos_without_a_ticket_says_what_is_missing(settings: MakeSettings) -> None:
    chosen = ConnectionSettings(**settings(auth="kerberos", user=None, password=None))

    with pytest.raises(CollectorError, match="ticket"), connect(chosen):
        pass


@pytest.mark.parametrize(
    ("auth", "account", "user"),
    [
        pytest.param("simple", "a.martin", "a.martin@corp.lab.example", id="simple"),
        pytest.param("kerberos", "b.petit", "b.petit@corp.lab.example", id="kerberos"),
        pytest.param("ntlm", "svc-pacs", "CORP\\svc-pacs", id="ntlm"),
    ],
)
def test_a_refused_password_is_tried_exactly_once(
    auth: str, account: str, user: str, domain: SambaDomain, settings: MakeSettings
) -> None:
    chosen = ConnectionSettings(
        **settings(auth=auth, user=user, password=Secret("Faux-2040.lab"), urls=[domain.url, domain.url])
    )

    with pytest.raises(AuthenticationError, match="faux"), connect(chosen):
        pass

    assert domain.attribute(account, "badPwdCount") == "1"


@pytest.mark.parametrize("auth", ["simple", "kerberos", "ntlm"])
def test_a_disabled_account_is_an_authentication_error(auth: str, settings: MakeSettings) -> None:
    chosen = ConnectionSettings(
        **settings(auth=auth, user="ex.interne@corp.lab.example", password=Secret("Bureau-2040.lab"))
    )

    with pytest.raises(AuthenticationError), connect(chosen):
        pass


@pytest.mark.parametrize("scheme", ["ldaps", "ldap"], ids=["ldaps", "starttls"])
def test_a_certificate_of_another_authority_is_refused(
    scheme: str, domain: SambaDomain, settings: MakeSettings, tmp_path: Path
) -> None:
    chosen = ConnectionSettings(**settings(ca_file=Authority(tmp_path).ca_file, urls=[f"{scheme}://{domain.host}"]))

    with pytest.raises(UntrustedPeerError) as caught, connect(chosen):
        pass

    assert "ca_file" in str(caught.value.hint)


def test_the_authorities_of_the_system_do_not_trust_the_lab(settings: MakeSettings) -> None:
    with pytest.raises(UntrustedPeerError), connect(ConnectionSettings(**settings(ca_file=None))):
        pass


def test_a_certificate_for_another_name_is_refused(domain: SambaDomain, settings: MakeSettings) -> None:
    domain.namespace.add_hosts({"alias.lab.example": domain.address})

    with (
        pytest.raises(UntrustedPeerError),
        connect(ConnectionSettings(**settings(urls=["ldaps://alias.lab.example"]))),
    ):
        pass


@pytest.mark.parametrize(
    "url", ["ldaps://127.0.0.9", "ldap://127.0.0.9", "ldaps://inconnu.lab.example"], ids=["ldaps", "starttls", "name"]
)
def test_a_controller_that_is_down_is_unreachable(url: str, settings: MakeSettings) -> None:
    with pytest.raises(UnreachableError), connect(ConnectionSettings(**settings(urls=[url]))):
        pass


def test_the_next_controller_is_asked_when_the_first_is_down(domain: SambaDomain, settings: MakeSettings) -> None:
    with connect(ConnectionSettings(**settings(urls=["ldaps://127.0.0.9", domain.url]))) as session:
        assert session.url == domain.url


def test_a_server_that_accepts_and_says_nothing_times_out(settings: MakeSettings) -> None:
    with socket.create_server(("127.0.0.9", 636)):
        chosen = ConnectionSettings(**settings(urls=["ldaps://127.0.0.9"], timeout_seconds=0.3))

        with pytest.raises(UnreachableError), connect(chosen):
            pass


@pytest.mark.parametrize("answer", [b"", None], ids=["cut", "silent"])
def test_an_account_shown_to_one_controller_is_not_shown_to_the_next(
    answer: bytes | None, domain: SambaDomain, settings: MakeSettings, tmp_path: Path
) -> None:
    """The first may have counted the password as wrong before it went away."""
    authority = Authority(tmp_path)
    files = authority.issue("127.0.0.9")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(files.certificate, files.key)
    both = tmp_path / "both.pem"
    both.write_bytes(domain.ca_file.read_bytes() + authority.ca_file.read_bytes())
    heard: list[bytes] = []

    def serve(server: socket.socket) -> None:
        client, _ = server.accept()
        with tls.wrap_socket(client, server_side=True) as secured:
            heard.append(secured.recv(4096))
            if answer is None:
                secured.recv(4096)

    with socket.create_server(("127.0.0.9", 636)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        chosen = ConnectionSettings(
            **settings(urls=["ldaps://127.0.0.9", domain.url], ca_file=both, timeout_seconds=0.5)
        )
        with pytest.raises(UnreachableError, match=r"127\.0\.0\.9"), connect(chosen):
            pass
        thread.join(timeout=5)

    assert len(heard) == 1
    assert domain.reader.encode() in heard[0]


@pytest.mark.parametrize("auth", ["simple", "kerberos", "ntlm"])
def test_the_login_is_over_once_the_account_is_accepted_and_hears_of_a_refusal(
    auth: str, settings: MakeSettings
) -> None:
    steps: list[str] = []

    @contextlib.contextmanager
    def login() -> Iterator[None]:
        try:
            yield
        except AuthenticationError:
            steps.append("refused")
            raise
        steps.append("accepted")

    with connect(ConnectionSettings(**settings(auth=auth)), login=login):
        assert set(steps) == {"accepted"}

    steps.clear()
    unknown = ConnectionSettings(**settings(auth=auth, user="personne@corp.lab.example"))
    with pytest.raises(AuthenticationError), connect(unknown, login=login):
        pass
    assert steps == ["refused"]


def test_nothing_is_sent_in_clear_when_starttls_is_refused(settings: MakeSettings) -> None:
    """A proxy or an old server answers protocolError: the password must stay here."""
    heard = bytearray()

    def answer(server: socket.socket) -> None:
        client, _ = server.accept()
        with client:
            heard.extend(client.recv(4096))
            number = heard[2 : 4 + heard[3]]
            refusal = number + bytes([0x78, 7, 10, 1, 2, 4, 0, 4, 0])
            client.sendall(bytes([0x30, len(refusal)]) + refusal)
            while block := client.recv(4096):
                heard.extend(block)

    with socket.create_server(("127.0.0.9", 389)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        with pytest.raises(UnreachableError), connect(ConnectionSettings(**settings(urls=["ldap://127.0.0.9"]))):
            pass
        thread.join(timeout=5)

    assert b"1.3.6.1.4.1.1466.20037" in heard
    assert b"svc-carenage" not in heard
    assert len(heard) < 64


@pytest.mark.parametrize("page_size", [1, 7, 1000])
@pytest.mark.parametrize("partition", ["", "CN=Configuration,"], ids=["domain", "configuration"])
def test_pages_read_by_hand_equal_those_of_ldap3(
    partition: str, page_size: int, domain: SambaDomain, settings: MakeSettings
) -> None:
    base = partition + domain.base_dn
    wanted = ["*", "nTSecurityDescriptor"]
    some = "(|(objectClass=user)(objectClass=group)(objectClass=site)(objectClass=domainDNS))"
    with connect(ConnectionSettings(**settings(page_size=page_size))) as session:
        ours = {entry.dn: entry.attributes for entry in session.search(base, some, wanted)}
        theirs = {
            found["dn"]: dict(found["raw_attributes"])
            for found in session._connection.extend.standard.paged_search(base, some, ldap3.SUBTREE, attributes=wanted)
            if found["type"] == "searchResEntry"
        }

    assert len(ours) > 2
    assert {dn: {k: v for k, v in attributes.items() if v} for dn, attributes in theirs.items()} == ours


def test_a_place_that_is_not_there_refuses_one_search_and_leaves_the_session_usable(
    domain: SambaDomain, settings: MakeSettings
) -> None:
    with connect(ConnectionSettings(**settings())) as session:
        with pytest.raises(SearchRefusedError):
            list(session.search(f"OU=absent,{domain.base_dn}", "(objectClass=*)", ["cn"]))

        assert naming_context(session) == domain.base_dn


def test_more_objects_than_allowed_is_an_error_and_not_a_short_list(
    domain: SambaDomain, settings: MakeSettings
) -> None:
    with (
        connect(ConnectionSettings(**settings(max_entries=5, page_size=2))) as session,
        pytest.raises(SourceAnswerError, match="plus de 5 objets"),
    ):
        list(session.search(domain.base_dn, "(objectClass=*)", ["cn"]))


def test_a_server_stopped_while_reading_is_unreachable(domain: SambaDomain, settings: MakeSettings) -> None:
    with connect(ConnectionSettings(**settings(page_size=1))) as session:
        found = session.search(domain.base_dn, "(objectClass=user)", ["cn"])
        next(found)
        domain.stop()
        try:
            with pytest.raises(UnreachableError):
                list(found)
        finally:
            domain.start()
