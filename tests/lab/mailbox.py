"""
A mail relay on loopback that keeps every message as a file.

`python -m tests.lab.mailbox --port 2525 --out DIR [--address 127.0.0.25] [--cert relay.crt --key relay.key]` writes
DIR/0001.eml, … and, when no certificate is given, the relay's authority as DIR/ca.pem; it stops on a signal.
"""

from __future__ import annotations

import argparse
import itertools
import signal
import socket
import ssl
import threading
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.lab.authority import Authority, ServerFiles

if TYPE_CHECKING:
    from email.message import EmailMessage
    from types import TracebackType


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mailbox:
    """
    A relay at `address`:`port`, with STARTTLS unless `starttls` is False, encrypted at once when `tls`.

    Its certificate is that of `files`, else one for `names` by an authority of its own (`ca_file`).
    `account` is the only (user, password) let in, and makes a login compulsory; `login_answer`
    is said to the others. `refuse` is the SMTP answer given to any message instead of taking it;
    `unknown` are the recipients it refuses.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        address: str = "127.0.0.1",
        files: ServerFiles | None = None,
        starttls: bool = True,
        tls: bool = False,
        names: tuple[str, ...] = ("127.0.0.1", "localhost"),
        account: tuple[str, str] | None = None,
        login_answer: str = "535 5.7.8 Authentication credentials invalid",
        refuse: str | None = None,
        unknown: tuple[str, ...] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = port or free_port()
        self.refuse = refuse
        self.unknown = unknown
        self.logins = 0
        self._account = account
        self._login_answer = login_answer
        self._numbers = itertools.count(1 + len(list(folder.glob("*.eml"))))
        self.ca_file = folder / "ca.pem"
        context = self._tls(files or Authority(folder).issue(*names)) if starttls or tls else None
        self._controller = Controller(
            self,
            hostname=address,
            port=self.port,
            ssl_context=context if tls else None,
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=self._authenticate if account else None,
            auth_required=account is not None,
            auth_require_tls=account is not None,
        )

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    def messages(self) -> list[EmailMessage]:
        """Return every message taken, oldest first."""
        return [message_from_bytes(path.read_bytes(), policy=SMTP) for path in sorted(self.folder.glob("*.eml"))]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address in self.unknown:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refuse is not None:
            return self.refuse
        (self.folder / f"{next(self._numbers):04}.eml").write_bytes(envelope.content)
        return "250 OK"

    def _authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        self.logins += 1
        taken = (
            isinstance(data, LoginPassword)
            and self._account is not None
            and (data.login.decode(), data.password.decode()) == self._account
        )
        return AuthResult(success=taken, handled=False, message=None if taken else self._login_answer)

    def _tls(self, files: ServerFiles) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        return context


def main() -> None:
    """Run a relay until a signal asks to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--cert", type=Path)
    parser.add_argument("--key", type=Path)
    parser.add_argument("--clear", action="store_true", help="without STARTTLS")
    options = parser.parse_args()
    files = ServerFiles(options.cert, options.key) if options.cert and options.key else None
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Mailbox(
        options.out, port=options.port, address=options.address, files=files, starttls=not options.clear
    ) as mailbox:
        print(f"{options.address}:{mailbox.port}", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
