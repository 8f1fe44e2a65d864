"""A server with a trusted certificate that answers badly: a compromised controller, or a broken middlebox."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any, Self

import pytest

from agent.domain.errors import CollectorError, SourceAnswerError, UnreachableError
from collectors.active_directory.connection import ConnectionSettings, connect
from tests.lab.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    MakeSettings = Callable[..., dict[str, Any]]

ADDRESS = "127.0.0.10"
NOTHING = ("DC=x", "(objectClass=*)", ["cn"])


Number = bytes  # a message's number as it stands on the wire: an INTEGER, header and all


def message(number: Number, operation: int, content: bytes) -> bytes:
    body = number + bytes([operation, len(content)]) + content
    return bytes([0x30, len(body)]) + body


def success(number: Number) -> bytes:
    return message(number, 0x61, bytes([10, 1, 0, 4, 0, 4, 0]))


def entry(number: Number) -> bytes:
    return message(number, 0x64, bytes([4, 3]) + b"C=x" + bytes([0x30, 0]))


def another(number: Number) -> Number:
    return number[:-1] + bytes([number[-1] ^ 1])


class HostileServer:
    """Accepts one client and any bind, then sends `answer(number of the request)` and waits, or closes."""

    def __init__(self, directory: Path, answer: Callable[[Number], bytes], *, close: bool = False) -> None:
        authority = Authority(directory)
        files = authority.issue(ADDRESS)
        self.ca_file = authority.ca_file
        self._answer = answer
        self._close = close
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(files.certificate, files.key)
        self._socket = socket.create_server((ADDRESS, 636))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.join(timeout=10)
        self._socket.close()

    def _serve(self) -> None:
        plain, _ = self._socket.accept()
        with contextlib.suppress(OSError), self._context.wrap_socket(plain, server_side=True) as client:
            client.sendall(success(self._number(client)))
            client.sendall(self._answer(self._number(client)))
            while not self._close and client.recv(4096):
                pass

    @staticmethod
    def _number(client: socket.socket) -> Number:
        """Return the number of the request that comes next."""
        request = client.recv(4096)
        at = 2 + (request[1] & 0x7F if request[1] & 0x80 else 0)
        return request[at : at + 2 + request[at + 1]]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n", id="http"),
        pytest.param(lambda _: b"\x30\x84\xff\xff\xff\xff", id="four-gigabytes"),
        pytest.param(lambda _: b"\x30\x80\x00\x00", id="indefinite-length"),
        pytest.param(lambda _: b"\x30\x03\x02\x09\x01", id="length-beyond"),
        pytest.param(success, id="another-operation"),
        pytest.param(lambda number: entry(another(number)), id="another-question"),
    ],
)
def test_an_answer_that_is_none_ends_the_session(
    answer: Callable[[Number], bytes], settings: MakeSettings, tmp_path: Path
) -> None:
    with HostileServer(tmp_path, answer) as server:
        chosen = ConnectionSettings(**settings(urls=[f"ldaps://{ADDRESS}"], ca_file=server.ca_file))
        with connect(chosen) as session:
            with pytest.raises(SourceAnswerError):
                list(session.search(*NOTHING))
            with pytest.raises(UnreachableError):
                list(session.search(*NOTHING))


def test_an_endless_page_is_stopped(settings: MakeSettings, tmp_path: Path) -> None:
    with HostileServer(tmp_path, lambda number: entry(number) * 1000) as server:
        chosen = ConnectionSettings(**settings(urls=[f"ldaps://{ADDRESS}"], ca_file=server.ca_file, max_entries=100))
        with connect(chosen) as session, pytest.raises(SourceAnswerError):
            list(session.search(*NOTHING))


def test_silence_in_the_middle_of_an_answer_times_out(settings: MakeSettings, tmp_path: Path) -> None:
    with HostileServer(tmp_path, lambda number: entry(number)[:-1]) as server:
        chosen = ConnectionSettings(
            **settings(urls=[f"ldaps://{ADDRESS}"], ca_file=server.ca_file, timeout_seconds=0.5)
        )
        with connect(chosen) as session, pytest.raises(UnreachableError, match="à temps"):
            list(session.search(*NOTHING))


def test_a_notice_of_disconnection_is_unreachable(settings: MakeSettings, tmp_path: Path) -> None:
    notice = message(bytes([2, 1, 0]), 0x78, bytes([10, 1, 52, 4, 0, 4, 0]))
    with HostileServer(tmp_path, lambda _: notice, close=True) as server:
        chosen = ConnectionSettings(**settings(urls=[f"ldaps://{ADDRESS}"], ca_file=server.ca_file))
        with connect(chosen) as session, pytest.raises(UnreachableError):
            list(session.search(*NOTHING))


@pytest.mark.parametrize(
    "challenge", [b"", b"junk", b"NTLMSSP\0" + bytes(8), b"NTLMSSP\0\2\0\0\0" + b"\xff" * 60], ids=range(4)
)
def test_a_hostile_ntlm_challenge_is_a_collector_error(
    challenge: bytes, settings: MakeSettings, tmp_path: Path
) -> None:
    def in_progress(number: Number) -> bytes:
        return message(number, 0x61, bytes([10, 1, 14, 4, 0, 4, 0, 0x87, len(challenge)]) + challenge)

    class NtlmServer(HostileServer):
        def _serve(self) -> None:
            plain, _ = self._socket.accept()
            with contextlib.suppress(OSError), self._context.wrap_socket(plain, server_side=True) as client:
                client.sendall(in_progress(self._number(client)))
                while client.recv(4096):
                    pass

    with NtlmServer(tmp_path, success) as server:
        chosen = ConnectionSettings(
            **settings(
                urls=[f"ldaps://{ADDRESS}"],
                ca_file=server.ca_file,
                auth="ntlm",
                user="CORP\\svc-carenage",
                timeout_seconds=1,
            )
        )
        with pytest.raises(CollectorError), connect(chosen):
            pass
