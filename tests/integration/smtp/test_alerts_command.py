"""`carenage alerts` and `carenage run` against a real relay: what people type, what scripts read, what must not leak."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from pyrage import x25519

from agent.cli.main import Invocation, main
from agent.domain.errors import ExitCode
from tests.fakes.clock import FakeClock
from tests.lab.mailbox import Mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "Marqueur-Secret-9"
CHANNELS = """
[[people]]
id = "rssi"
name = "RSSI"
role = "rssi"
email = "rssi@ch-test.fr"

[[channels]]
id = "mail"
kind = "smtp"
host = "127.0.0.1"
port = {port}
ca_file = "mail/ca.pem"
user = "svc"
password = {{file = "password"}}
from = "carenage@ch-test.fr"
to = ["rssi"]
"""


class Bench:
    """A configuration with one mail channel, and the commands typed on it."""

    def __init__(self, folder: Path, mailbox: Mailbox) -> None:
        self.folder = folder
        self.mailbox = mailbox
        self.clock = FakeClock(datetime(2026, 6, 1, 8, tzinfo=UTC))

    def type(self, *words: str) -> int:
        argv = ["--config", str(self.folder / "carenage.toml"), "--verbose", *words]
        return main(argv, invocation=Invocation(clock=self.clock))


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    keys = [str(x25519.Identity.generate().to_public()) for _ in range(2)]
    with Mailbox(tmp_path / "mail", account=("svc", PASSWORD)) as mailbox:
        made = Bench(tmp_path, mailbox)
        assert (
            main(
                [
                    *("init", "--non-interactive", "--config", str(tmp_path / "carenage.toml")),
                    *("--vault", str(tmp_path / "vault")),
                    *(word for key in keys for word in ("--recipient", key)),
                ]
            )
            == ExitCode.OK
        )
        with (tmp_path / "carenage.toml").open("a", encoding="utf-8") as stream:
            stream.write(CHANNELS.format(port=mailbox.port))
        (tmp_path / "password").write_text(PASSWORD)
        (tmp_path / "password").chmod(0o600)
        capsys.readouterr()
        yield made


def test_a_test_answers_in_the_contracts_shape(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    code = bench.type("alerts", "test", "--json")

    assert code == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == [
        {"channel": "mail", "delivered": True, "message": "Message d'essai remis."}
    ]
    assert len(bench.mailbox.messages()) == 1


def test_an_undelivered_test_is_a_pending_delivery(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.mailbox.refuse = "554 5.6.0 no"

    assert bench.type("alerts", "test", "--json") == ExitCode.DELIVERY_PENDING
    assert [row["delivered"] for row in json.loads(capsys.readouterr().out)] == [False]


def test_what_a_pass_could_not_send_is_shown_then_sent_on_demand(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.mailbox.refuse = "451 4.3.0 later"
    assert bench.type("run", "--json") == ExitCode.DELIVERY_PENDING
    raised = json.loads(capsys.readouterr().out)["alerts"]
    assert raised

    bench.type("alerts", "list", "--json")
    listed = json.loads(capsys.readouterr().out)
    assert [[waiting["channel"] for waiting in row["pending"]] for row in listed] == [["mail"]] * len(raised)

    bench.mailbox.refuse = None
    assert bench.type("alerts", "send-pending") == ExitCode.OK
    assert bench.type("run") == ExitCode.OK
    assert len(bench.mailbox.messages()) == 1


def test_a_refused_password_is_shown_nowhere_and_used_once(
    bench: Bench, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "Marqueur-Faux-3"
    (bench.folder / "password").write_text(wrong)
    for words in (("run",), ("run", "--json"), ("alerts", "test"), ("alerts", "list"), ("alerts", "send-pending")):
        bench.clock.advance(days=1)
        bench.type(*words)

    shown = capsys.readouterr()
    assert bench.mailbox.logins == 1
    assert wrong not in shown.out + shown.err + caplog.text
    for file in bench.folder.rglob("*"):
        assert file.name == "password" or file.is_dir() or wrong.encode() not in file.read_bytes(), file


def test_an_unknown_channel_is_a_usage_error(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.type("alerts", "test", "fax", "--json") == ExitCode.USAGE
    assert "mail" in json.loads(capsys.readouterr().out)["error"]["hint"]


def test_nothing_is_sent_twice_while_a_pass_is_running(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.mailbox.refuse = "451 4.3.0 later"
    bench.type("run")
    bench.mailbox.refuse = None
    capsys.readouterr()

    with FileLock(bench.folder / "state" / "pass.lock"):
        assert bench.type("alerts", "send-pending", "--json") == ExitCode.BUSY
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "BUSY"
    assert bench.mailbox.messages() == []
