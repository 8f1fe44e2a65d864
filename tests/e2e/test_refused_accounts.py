"""An account that was refused, seen from the command line: one attempt for all who share it."""

from __future__ import annotations

import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.lab.tenable import Scenario, TenableDouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Installation
    from tests.lab.authority import Authority, ServerFiles

REFUSING = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def tenable(name: str, url: str, installation: Installation) -> str:
    access, secret = installation.secret("acces", "demo-access"), installation.secret("cle", "fausse")
    return f"""
[[collectors]]
id = "{name}"
kind = "tenable"
tool = "INDUSTRIAL"
base_url = "{url}"
access_key = {access}
secret_key = {secret}
timeout_seconds = 1
"""


@pytest.fixture
def platform(installation: Installation, server_files: ServerFiles, authority: Authority) -> Iterator[TenableDouble]:
    """A Tenable that refuses the keys of two collectors."""
    with TenableDouble(Scenario(), server_files) as double:
        installation.configure(f'[network]\nca_file = "{authority.ca_file}"\n')
        for name in ("un", "deux"):
            installation.configure(tenable(name, double.url, installation))
        yield double


@contextmanager
def refusing_proxy() -> Iterator[tuple[str, list[bytes]]]:
    """Give the address of a proxy that refuses every account, and what it was asked."""
    asked: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().strip())
            while self.rfile.readline().strip():
                pass
            self.wfile.write(REFUSING)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def test_refused_keys_are_tried_once_by_a_pass_by_doctor_and_when_forced(
    platform: TenableDouble, installation: Installation
) -> None:
    asked = []
    for words in (("run",), ("doctor",), ("collect", "tenable"), ("collect", "tenable", "--force"), ("doctor",)):
        installation.type(*words)
        asked.append(len(platform.requests))

    assert asked == [1, 1, 1, 2, 2]


def test_what_doctor_sees_refused_is_told_and_left_alone_by_the_passes(
    platform: TenableDouble, installation: Installation
) -> None:
    installation.type("doctor")
    installation.type("run")

    assert len(platform.requests) == 1
    assert any("compte" in title for title in installation.titles())


def test_a_refused_proxy_is_asked_once_and_no_vendor_is_blamed(installation: Installation) -> None:
    with refusing_proxy() as (url, asked):
        password = installation.secret("proxy", "faux")
        installation.configure(
            f'[network]\nproxy_url = "{url}"\nproxy_user = "svc"\nproxy_password = {password}\n'
            + tenable("un", "https://un.exemple.fr", installation)
            + tenable("deux", "https://deux.exemple.fr", installation)
        )
        counts = []
        for words in (("run",), ("doctor",), ("collect", "un"), ("collect", "un", "--force"), ("collect", "deux")):
            done = installation.type(*words)
            counts.append(len(asked))

    assert counts == [1, 1, 1, 2, 2]
    assert "Le proxy a refusé le compte « svc@127.0.0.1 »" in done.out
    told = " ".join(item["body"] for message in installation.messages() for item in message["items"])
    assert "svc@127.0.0.1" in told
    assert "tenable@" not in told


def test_a_block_is_no_longer_told_once_its_collector_is_gone(
    platform: TenableDouble, installation: Installation
) -> None:
    installation.type("run")
    text = installation.config.read_text(encoding="utf-8")
    installation.config.write_text(text[: text.index('[[collectors]]\nid = "un"')], encoding="utf-8")
    installation.clock.advance(hours=1)

    installation.type("run")

    standing = [alert["title"] for alert in installation.type("alerts", "list", "--json").json]
    assert not [title for title in standing if "compte" in title]
    assert [title for title in installation.titles() if "compte" in title]
    del platform
