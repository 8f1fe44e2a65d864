"""A server as a child process: started, waited for, stopped by its pid."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from tests.lab.namespace import Namespace

_ROOT = Path(__file__).resolve().parents[2]


class Process:
    """
    A server inside `namespace`, ready once each (address, port) of `ports` accepts a connection.

    Its output goes to `log`, and into the error when it does not get ready.
    """

    def __init__(
        self,
        namespace: Namespace,
        argv: Iterable[str],
        *,
        ports: Iterable[tuple[str, int]],
        log: Path,
        env: Mapping[str, str] | None = None,
        ready_within_seconds: float = 30,
    ) -> None:
        self._namespace = namespace
        self._argv = [*argv]
        self._ports = [*ports]
        self._log = log
        self._env = env
        self._ready_within_seconds = ready_within_seconds
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Return the pid of the running server."""
        if self._child is None:
            raise RuntimeError("not started")
        return self._child.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it is ready."""
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                self._namespace.command(*self._argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=_ROOT,
                env=None if self._env is None else dict(self._env),
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server and the children it made: asked first, killed after ten seconds."""
        if self._child is None:
            return
        self._child.terminate()
        deadline = time.monotonic() + 10
        while self._child.poll() is None or _lives(self._child.pid):
            if time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._child.pid, signal.SIGKILL)
                self._child.wait()
                break
            time.sleep(0.02)
        self._child = None

    def _wait(self) -> None:
        deadline = time.monotonic() + self._ready_within_seconds
        with self._namespace.entered():
            for address in self._ports:
                while not _accepts(address):
                    if self._child is None or self._child.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(
                            f"{self._argv[0]} is not ready at {address}: {self._log.read_text(errors='replace')[-2000:]}"
                        )
                    time.sleep(0.05)


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs one of the lab's modules with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def _accepts(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, timeout=1):
            return True
    except OSError:
        return False


def _lives(group: int) -> bool:
    """Return whether a process of the session that `group` started is still there."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
