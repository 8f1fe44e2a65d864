"""The lab must never leave a server, a namespace or a file behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab import namespace as namespaces
from tests.lab.namespace import Namespace
from tests.lab.process import Process, python

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _lab_possible() -> None:
    reason = namespaces.missing()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(f"the lab is required under CI: {reason}")
        pytest.skip(reason)


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    with Namespace({"srv.lab.example": "127.0.0.7"}) as namespace:
        yield namespace


def exists(name: str) -> bool:
    return Path("/run/netns", name).exists() or Path("/etc/netns", name).exists()


def place() -> tuple[Path, Path, Path]:
    """Return the calling thread's network, its mounts and its directory."""
    return Path("/proc/thread-self/ns/net").readlink(), Path("/proc/thread-self/ns/mnt").readlink(), Path.cwd()


def server(namespace: Namespace, log: Path) -> Process:
    return Process(
        namespace, python("http.server", "--bind", "127.0.0.7", "80"), ports=[("127.0.0.7", 80)], log=log / "log"
    )


def test_names_of_the_lab_resolve_inside_and_nowhere_else(namespace: Namespace) -> None:
    with namespace.entered():
        assert socket.gethostbyname("srv.lab.example") == "127.0.0.7"

    assert "srv.lab.example" not in Path("/etc/hosts").read_text()


def test_nothing_outside_can_be_reached(namespace: Namespace) -> None:
    with namespace.entered(), pytest.raises(OSError, match=r"[Uu]nreachable"):
        socket.create_connection(("192.0.2.1", 80), timeout=2)


def test_the_thread_comes_back_where_it_was_even_after_an_error(namespace: Namespace) -> None:
    before = place()

    with pytest.raises(ValueError, match="on purpose"), namespace.entered():
        raise ValueError("on purpose")

    assert place() == before


def test_a_server_answers_inside_on_a_low_port_and_ends_with_its_block(namespace: Namespace, tmp_path: Path) -> None:
    with server(namespace, tmp_path) as running:
        pid = running.pid
        with namespace.entered(), socket.create_connection(("127.0.0.7", 80), timeout=2):
            pass

    assert not Path("/proc", str(pid)).exists()


def test_a_server_that_does_not_start_says_why(namespace: Namespace, tmp_path: Path) -> None:
    broken = Process(namespace, python("tests.lab.absent"), ports=[("127.0.0.7", 80)], log=tmp_path / "log")

    with pytest.raises(RuntimeError, match=r"No module named tests\.lab\.absent"):
        broken.start()


def test_the_namespace_is_deleted_when_the_block_fails() -> None:
    namespace = Namespace()

    with pytest.raises(ValueError, match="on purpose"), namespace:
        raise ValueError("on purpose")

    assert not exists(namespace.name)


HOLDER = """
import pathlib, sys, time
from tests.lab.namespace import Namespace
from tests.lab.process import Process, python
log = pathlib.Path(sys.argv[1])
with Namespace() as namespace:
    argv = python("http.server", "--bind", "127.0.0.7", "80")
    with Process(namespace, argv, ports=[("127.0.0.7", 80)], log=log) as server:
        print(namespace.name, server.pid, flush=True)
        time.sleep(60)
"""


def holder(tmp_path: Path) -> tuple[subprocess.Popen[str], str, int]:
    """Start another process that holds a namespace and a server, as a test run does."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "held.log")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    name, pid = process.stdout.readline().split()
    process.stdout.close()
    return process, name, int(pid)


def test_a_terminated_run_leaves_nothing(tmp_path: Path) -> None:
    process, name, server_pid = holder(tmp_path)

    process.send_signal(signal.SIGTERM)
    process.wait(timeout=20)

    assert not exists(name)
    assert not Path("/proc", str(server_pid)).exists()


def test_a_killed_run_is_swept_by_the_next(tmp_path: Path) -> None:
    process, name, server_pid = holder(tmp_path)
    process.kill()
    process.wait(timeout=20)
    assert exists(name)

    with Namespace():
        assert not exists(name)

    deadline = time.monotonic() + 5
    while Path("/proc", str(server_pid)).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path("/proc", str(server_pid)).exists()


def test_a_namespace_of_a_living_process_is_left_alone(namespace: Namespace) -> None:
    namespaces.sweep()

    assert exists(namespace.name)
