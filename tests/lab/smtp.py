"""A mail server that keeps what it receives: STARTTLS required, one `.eml` file a message."""

from __future__ import annotations

import argparse
import shutil
import signal
import ssl
import tempfile
import threading
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.lab.authority import Authority
from tests.lab.process import Process, python

if TYPE_CHECKING:
    from email.message import EmailMessage
    from types import TracebackType

    from tests.lab.namespace import Namespace


class MailSink:
    """
    Receives mail at `host`:`port` (`address` inside the namespace) without sending any further.

    `user` and `password` are asked for when given. `refuse` is a recipient answered with 550.
    """

    def __init__(
        self,
        namespace: Namespace,
        *,
        host: str = "mail.lab.example",
        address: str = "127.0.0.25",
        port: int = 587,
        user: str | None = None,
        password: str | None = None,
        refuse: str | None = None,
    ) -> None:
        self.namespace = namespace
        self.host = host
        self.address = address
        self.port = port
        self.user = user
        self.password = password
        self._refuse = refuse

    def __enter__(self) -> Self:
        self.directory = Path(tempfile.mkdtemp(prefix="carenage-mail-"))
        self.inbox = self.directory / "inbox"
        self.inbox.mkdir()
        try:
            self.namespace.add_hosts({self.host: self.address})
            authority = Authority(self.directory)
            self.ca_file = authority.ca_file
            files = authority.issue(self.host, self.address)
            options = {
                "--address": self.address,
                "--port": str(self.port),
                "--certificate": str(files.certificate),
                "--key": str(files.key),
                "--inbox": str(self.inbox),
                "--user": self.user,
                "--password": self.password,
                "--refuse": self._refuse,
            }
            arguments = [text for option, value in options.items() if value for text in (option, value)]
            self._server = Process(
                self.namespace,
                python("tests.lab.smtp", *arguments),
                ports=[(self.address, self.port)],
                log=self.directory / "smtp.out",
            )
            self._server.start()
        except BaseException:
            shutil.rmtree(self.directory, ignore_errors=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def messages(self) -> list[EmailMessage]:
        """Return what has been received, oldest first."""
        parser = BytesParser(policy=policy.default)
        return [parser.parsebytes(path.read_bytes()) for path in sorted(self.inbox.glob("*.eml"))]


class _Keep:
    """The handler of aiosmtpd that writes each message to a file of its own."""

    def __init__(self, inbox: Path, refuse: str | None) -> None:
        self._inbox = inbox
        self._refuse = refuse
        self._received = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - the library's name
        if address == self._refuse:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        self._received += 1
        head = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n"
        part = self._inbox / f"{self._received:04}.part"
        part.write_bytes(head.encode() + envelope.content)
        part.rename(part.with_suffix(".eml"))
        return "250 OK"


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, LoginPassword

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    for option in ("--certificate", "--key", "--inbox"):
        parser.add_argument(option, type=Path, required=True)
    for option in ("--user", "--password", "--refuse"):
        parser.add_argument(option)
    options = parser.parse_args()

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> Any:
        expected = LoginPassword((options.user or "").encode(), (options.password or "").encode())
        return AuthResult(success=data == expected, handled=False)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.certificate, options.key)
    controller = Controller(
        _Keep(options.inbox, options.refuse),
        hostname=options.address,
        port=options.port,
        tls_context=context,
        require_starttls=True,
        authenticator=authenticate if options.user else None,
        auth_required=bool(options.user),
    )
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    controller.start()
    try:
        stop.wait()
    finally:
        controller.stop()


if __name__ == "__main__":
    main()
