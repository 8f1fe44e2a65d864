"""Reads small files without ever waiting on a pipe or swallowing a giant."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class NotAFileError(OSError):
    """The path leads to something else than an ordinary file."""

    def __init__(self, path: Path) -> None:
        super().__init__(None, "ce n'est pas un fichier ordinaire", str(path))


def read_small(path: Path, *, limit: int) -> tuple[bytes, os.stat_result]:
    """
    Return the first `limit` + 1 bytes of the ordinary file at `path`, and its status.

    More than `limit` bytes returned means that the file is too long. Raises OSError.
    """
    with open(path, "rb", opener=_open_without_waiting) as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise NotAFileError(path)
        return stream.read(limit + 1), status


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
