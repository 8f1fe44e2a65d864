"""
A private folder for the clear copies of one process, wiped when it ends, however it ends.

A process that was killed leaves its folder; the next one to open a workspace wipes it.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

_PREFIX = "work-"
_LOCK = ".lock"


class Workspace:
    """A folder of this process's own; `path` is where it stands."""

    def __init__(self, root: Path) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        _wipe_abandoned(root)
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
        self._lock = FileLock(self.path / _LOCK, timeout=0)
        self._lock.acquire()

    def close(self) -> None:
        """Wipe everything."""
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)


def _wipe_abandoned(root: Path) -> None:
    """Wipe the folders whose process is gone: its lock went with it."""
    for left in root.glob(f"{_PREFIX}*"):
        lock = FileLock(left / _LOCK, timeout=0)
        with suppress(Timeout, OSError):
            lock.acquire()
            lock.release()
            shutil.rmtree(left, ignore_errors=True)
