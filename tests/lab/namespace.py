"""A network namespace with nothing but loopback: low ports never collide, nothing can leave the machine."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import re
import shutil
import signal
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType, TracebackType

_ETC = Path("/etc/netns")
_NAME = re.compile(r"carenage-(\d+)(?:-\d+)?")
_CLONE_FS, _CLONE_NEWNS, _CLONE_NEWNET = 0x0200, 0x0002_0000, 0x4000_0000
_MS_BIND, _MS_REC, _MS_SLAVE = 0x1000, 0x4000, 0x8_0000
_serial = itertools.count(1)


def missing() -> str | None:
    """Return why no namespace can be made here, None when one can."""
    if os.name != "posix" or not Path("/proc/self/ns/net").exists():
        return "network namespaces need Linux"
    if os.geteuid() != 0:
        return "network namespaces and ports below 1024 need root"
    if shutil.which("ip") is None:
        return "the command `ip` (iproute2) is missing"
    return None


class Namespace:
    """
    One namespace, deleted with everything that runs in it when the block ends.

    `hosts` maps a name to its loopback address; it is the lab's /etc/hosts.
    """

    def __init__(self, hosts: Mapping[str, str] | None = None, *, nameserver: str = "127.0.0.2") -> None:
        self.name = f"carenage-{os.getpid()}-{next(_serial)}"
        self._hosts = {"localhost": "127.0.0.1", **(hosts or {})}
        self._nameserver = nameserver
        self._etc = _ETC / self.name

    def __enter__(self) -> Self:
        sweep()
        _unwind_on_termination()
        self._etc.mkdir(parents=True)
        try:
            self._write_hosts()
            (self._etc / "resolv.conf").write_text(f"nameserver {self._nameserver}\noptions timeout:1 attempts:1\n")
            _ip("netns", "add", self.name)
            _ip("-n", self.name, "link", "set", "lo", "up")
        except BaseException:
            delete(self.name)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        delete(self.name)

    def add_hosts(self, hosts: Mapping[str, str]) -> None:
        """Let the lab resolve more names."""
        self._hosts |= hosts
        self._write_hosts()

    def command(self, *argv: str) -> list[str]:
        """Return `argv` as a command that runs inside."""
        return ["ip", "netns", "exec", self.name, *argv]

    def run(self, *argv: str, stdin: str | None = None, env: Mapping[str, str] | None = None) -> str:
        """Run a command inside and return its output; what it said is in the error when it fails."""
        done = subprocess.run(
            self.command(*argv),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, **(env or {})},
        )
        if done.returncode:
            raise RuntimeError(f"{argv[0]} failed ({done.returncode}): {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """
        Put the calling thread inside: its sockets, the names it resolves, its children.

        Other threads stay where they are, those it starts meanwhile are inside too.
        """
        directory = Path.cwd()
        with _descriptor("/proc/thread-self/ns/net") as net, _descriptor("/proc/thread-self/ns/mnt") as mnt:
            _system("unshare", _CLONE_FS | _CLONE_NEWNS)
            try:
                with _descriptor(f"/run/netns/{self.name}") as inside:
                    _system("setns", inside, _CLONE_NEWNET)
                _system("mount", b"none", b"/", None, _MS_REC | _MS_SLAVE, None)
                for file in ("hosts", "resolv.conf"):
                    _system("mount", bytes(self._etc / file), f"/etc/{file}".encode(), None, _MS_BIND, None)
                yield
            finally:
                _system("setns", net, _CLONE_NEWNET)
                _system("unshare", _CLONE_FS)  # a thread started inside shares it, and may outlive its join by a moment
                _system("setns", mnt, _CLONE_NEWNS)
                os.chdir(directory)

    def _write_hosts(self) -> None:
        (self._etc / "hosts").write_text("".join(f"{address} {name}\n" for name, address in self._hosts.items()))


def sweep() -> None:
    """Delete the namespaces of processes that no longer live."""
    for path in _ETC.glob("carenage-*"):
        found = _NAME.fullmatch(path.name)
        if found and not Path("/proc", found[1]).exists():
            delete(path.name)


def delete(name: str) -> None:
    """End what still runs in the namespace, then delete it; fine when it is gone already."""
    if Path("/run/netns", name).exists():
        for pid in _ip("netns", "pids", name).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        _ip("netns", "delete", name)
    shutil.rmtree(_ETC / name, ignore_errors=True)


def _ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=30).stdout


@contextlib.contextmanager
def _descriptor(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _system(function: str, *arguments: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), function)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


def _unwind_on_termination() -> None:
    """Let SIGTERM end the process as Ctrl-C does, so that every `with` block stops its server."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
