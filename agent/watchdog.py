"""A deadline for a whole exchange with a peer, whatever it sends meanwhile."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Watchdog:
    """
    Cuts a connection when an exchange outlives its deadline.

    A socket timeout only bounds silence: a peer that sends one byte now and then would
    hold us for ever.
    """

    def __init__(self) -> None:
        self.expired = False
        self._handle: socket.socket | None = None
        self._lock = threading.Lock()

    def attach(self, connection: socket.socket) -> None:
        """Watch `connection`, in place of the former one."""
        handle = connection.dup()
        with self._lock:
            former, self._handle = self._handle, handle
        if former is not None:
            former.close()
        if self.expired:
            self._cut()

    def release(self) -> None:
        """Forget the connection."""
        with self._lock:
            handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Cut the connection when the block is not over after `seconds`."""
        self.expired = False
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        except BaseException:
            self.release()
            raise
        finally:
            timer.cancel()
            timer.join()

    def _expire(self) -> None:
        self.expired = True
        self._cut()

    def _cut(self) -> None:
        with self._lock, suppress(OSError):
            if self._handle is not None:
                self._handle.shutdown(socket.SHUT_RDWR)
