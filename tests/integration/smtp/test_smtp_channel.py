"""Alerts by a real relay on loopback: STARTTLS, its authority, its refusals."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from agent.alerts.channels.smtp import SmtpChannel, SmtpSettings
from agent.alerts.interface import ChannelContext
from agent.alerts.texts import test_message as an_essay
from agent.domain.alert import Observation, observe_assessment, refused_login
from agent.domain.errors import AgentError, DeliveryError, DeliveryRefusedLoginError
from agent.domain.secret import Secret
from agent.services.notify import Notifier
from agent.state.store import StateStore
from tests.fakes.assessments import assessment, entry
from tests.fakes.clock import FakeClock
from tests.lab.authority import Authority
from tests.lab.mailbox import Mailbox, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
PASSWORD = "Marqueur-Secret-9"
LOST = observe_assessment(assessment(D1_O1_A=entry("not_met", reasons=("GAP_EXCEEDED",), next_due="2026-06-10")))


def channel(port: int, ca_file: Path | None, **settings: Any) -> SmtpChannel:
    return SmtpChannel(
        "rssi",
        SmtpSettings.model_validate(
            {
                "host": "127.0.0.1",
                "port": port,
                "ca_file": ca_file,
                "from": "carenage@ch-test.fr",
                "to": ["rssi@ch-test.fr", "dsi@ch-test.fr"],
                "timeout_seconds": 5,
                **settings,
            }
        ),
        ChannelContext(clock=FakeClock(NOW)),
    )


MESSAGE = an_essay(channel_id="rssi", sender="CH de Test", sent_at=NOW)


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Mailbox]:
    with Mailbox(tmp_path / "mail") as mailbox:
        yield mailbox


def test_a_mail_over_starttls_is_readable_french_in_text_and_html(relay: Mailbox, tmp_path: Path) -> None:
    with StateStore.open(tmp_path / "state.sqlite") as store:
        result = Notifier(store, [channel(relay.port, relay.ca_file)], FakeClock(NOW), sender="CH de l'Étang").notify(
            [LOST]
        )

    (mail,) = relay.messages()
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert [delivery.delivered for delivery in result.deliveries] == [True]
    assert text is not None
    assert html is not None
    for body in (text.get_content(), html.get_content()):
        assert "D1.O1.A : objectif non atteint" in body
        assert "Dernier jour sûr : 10 juin 2026" in body
        assert "carenage status" in body
    assert mail["To"] == "rssi@ch-test.fr, dsi@ch-test.fr"
    assert mail["Date"].datetime == NOW
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "Étang" in mail["Subject"]


def test_three_passes_without_relay_then_one_message_with_everything(tmp_path: Path) -> None:
    clock = FakeClock(NOW)
    port = free_port()
    with StateStore.open(tmp_path / "state.sqlite") as store:
        Authority(tmp_path / "mail")
        down = Notifier(store, [channel(port, tmp_path / "mail" / "ca.pem")], clock, sender="CH")
        login = Observation(source="accounts", conditions=(refused_login("svc@ad1", since=NOW),))
        for observations, pause in (([LOST], 5), ([LOST, login], 30), ([LOST, login], 120)):
            result = down.notify(observations)
            assert [delivery.delivered for delivery in result.deliveries] == [False]
            clock.advance(minutes=pause)

        with Mailbox(tmp_path / "mail", port=port) as mailbox:
            up = Notifier(store, [channel(port, mailbox.ca_file)], clock, sender="CH")
            assert up.notify([LOST, login]).pending == 0
            assert up.notify([LOST, login]).deliveries == ()

    (mail,) = mailbox.messages()
    body = mail.get_body(("plain",))
    assert body is not None
    content = " ".join(body.get_content().split())
    assert "objectif non atteint" in content
    assert "à faire au plus tard le 10 juin 2026" in content
    assert "Compte svc@ad1, refusé le 1er juin 2026" in content


def test_an_untrusted_certificate_is_refused(relay: Mailbox, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger")

    with pytest.raises(DeliveryError, match="certificat"):
        channel(relay.port, stranger.ca_file).send(MESSAGE)
    assert relay.messages() == []


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    with Mailbox(tmp_path / "mail", names=("relais.exemple.fr",)) as mailbox:
        with pytest.raises(DeliveryError, match="certificat"):
            channel(mailbox.port, mailbox.ca_file).send(MESSAGE)

        assert mailbox.messages() == []


def test_a_relay_without_starttls_gets_nothing(tmp_path: Path) -> None:
    with Mailbox(tmp_path / "mail", starttls=False) as mailbox:
        with pytest.raises(DeliveryError, match="STARTTLS"):
            channel(mailbox.port, None).send(MESSAGE)
        assert mailbox.messages() == []


def test_a_clear_connection_works_when_asked_for_twice(tmp_path: Path) -> None:
    with Mailbox(tmp_path / "mail", starttls=False) as mailbox:
        channel(mailbox.port, None, security="none", allow_clear=True).send(MESSAGE)

        assert len(mailbox.messages()) == 1


def test_a_connection_encrypted_at_once_carries_the_mail_and_checks_its_certificate(tmp_path: Path) -> None:
    with Mailbox(tmp_path / "mail", starttls=False, tls=True) as mailbox:
        channel(mailbox.port, mailbox.ca_file, security="tls").send(MESSAGE)
        with pytest.raises(DeliveryError, match="certificat"):
            channel(mailbox.port, None, security="tls").send(MESSAGE)

        assert len(mailbox.messages()) == 1


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"security": "none"}, id="clear-not-allowed"),
        pytest.param({"allow_clear": True}, id="allowed-but-encrypted"),
        pytest.param(
            {"security": "none", "allow_clear": True, "user": "u", "password": Secret("p")}, id="password-in-clear"
        ),
        pytest.param({"user": "u"}, id="user-without-password"),
        pytest.param({"to": []}, id="nobody"),
        pytest.param({"to": ["rssi@ch.fr\r\nBcc: x@y.fr"]}, id="header-injection"),
        pytest.param({"from": "pas une adresse"}, id="no-address"),
        pytest.param({"to": ["rssi@ch.fr, autre@ch.fr"]}, id="two-in-one"),
        pytest.param({"tls": True}, id="unknown-key"),
    ],
)
def test_unsafe_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        channel(25, None, **settings)


def test_the_account_logs_in_once(tmp_path: Path) -> None:
    with Mailbox(tmp_path / "mail", account=("svc", PASSWORD)) as mailbox:
        channel(mailbox.port, mailbox.ca_file, user="svc", password=Secret(PASSWORD)).send(MESSAGE)

        assert len(mailbox.messages()) == 1
        assert mailbox.logins == 1


def test_a_refused_login_is_tried_with_one_mechanism_once(tmp_path: Path) -> None:
    """smtplib's own `login` tries every mechanism in turn: three refusals for one attempt can lock an account."""
    with Mailbox(tmp_path / "mail", account=("svc", "autre")) as mailbox:
        refused = channel(mailbox.port, mailbox.ca_file, user="svc", password=Secret(PASSWORD))
        with pytest.raises(DeliveryRefusedLoginError) as caught:
            refused.send(MESSAGE)

        assert mailbox.logins == 1
    assert refused.account == "svc@127.0.0.1"
    assert PASSWORD not in _everything(caught.value)


def test_exchange_online_without_basic_authentication_is_explained(tmp_path: Path) -> None:
    answer = "550 5.7.30 Basic authentication is not supported for Client Submission."
    with Mailbox(tmp_path / "mail", account=("svc", "autre"), login_answer=answer) as mailbox:
        sending = channel(mailbox.port, mailbox.ca_file, user="svc", password=Secret(PASSWORD))
        with pytest.raises(DeliveryRefusedLoginError) as caught:
            sending.send(MESSAGE)

    assert "Exchange Online" in (caught.value.hint or "")


def test_a_relay_that_cannot_check_accounts_now_blocks_nothing(tmp_path: Path) -> None:
    answer = "454 4.7.0 Temporary authentication failure"
    with Mailbox(tmp_path / "mail", account=("svc", "autre"), login_answer=answer) as mailbox:
        sending = channel(mailbox.port, mailbox.ca_file, user="svc", password=Secret(PASSWORD))
        with pytest.raises(DeliveryError) as caught:
            sending.send(MESSAGE)

    assert not isinstance(caught.value, DeliveryRefusedLoginError)


@pytest.mark.parametrize("answer", ["451 4.3.0 later", "554 5.6.0 no"])
def test_a_refused_message_stays_ours(tmp_path: Path, answer: str) -> None:
    with Mailbox(tmp_path / "mail", refuse=answer) as mailbox, pytest.raises(DeliveryError, match=answer[:3]):
        channel(mailbox.port, mailbox.ca_file).send(MESSAGE)


def test_a_recipient_refused_among_others_is_named_and_the_mail_taken(tmp_path: Path) -> None:
    with Mailbox(tmp_path / "mail", unknown=("dsi@ch-test.fr",)) as mailbox:
        sending = channel(mailbox.port, mailbox.ca_file)
        assert sending.send(replace(MESSAGE, is_test=False)) == ("dsi@ch-test.fr",)
        with pytest.raises(DeliveryError, match="1 des 2"):
            sending.send(MESSAGE)


@contextmanager
def _answering(script: bytes) -> Iterator[int]:
    """Answer each connection with `script`, then silence until the other side leaves."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(script)
                while connection.recv(1024):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(timeout=5)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(b"", id="silent"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="not-a-relay"),
        pytest.param(b"220 " + b"x" * 100_000, id="endless-line"),
        pytest.param(b"554 go away\r\n", id="closed-door"),
    ],
)
def test_a_hostile_relay_is_an_ordinary_failure(script: bytes) -> None:
    with _answering(script) as port, pytest.raises(DeliveryError):
        channel(port, None, timeout_seconds=0.5).send(MESSAGE)


@contextmanager
def _dripping() -> Iterator[int]:
    """Greet each connection one byte at a time, for ever."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                while not stop.wait(0.05):
                    connection.sendall(b"2")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        stop.set()
        thread.join(timeout=5)


def test_a_relay_that_drips_its_answer_is_left() -> None:
    with _dripping() as port, pytest.raises(DeliveryError, match="délai"):
        channel(port, None, timeout_seconds=0.2).send(MESSAGE)


def test_no_relay_is_an_ordinary_failure() -> None:
    with pytest.raises(DeliveryError, match="injoignable"):
        channel(free_port(), None).send(MESSAGE)


def test_a_missing_authority_file_names_it(relay: Mailbox, tmp_path: Path) -> None:
    with pytest.raises(AgentError, match=r"absent\.pem"):
        channel(relay.port, tmp_path / "absent.pem").send(MESSAGE)


def _everything(error: BaseException) -> str:
    texts = []
    current: BaseException | None = error
    while current is not None:
        texts.append(f"{current!r} {current} {getattr(current, 'hint', '')} {vars(current)}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return " ".join(texts)
