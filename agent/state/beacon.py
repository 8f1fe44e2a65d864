"""
The one line that each pass leaves for `check`, which another user runs.

The writer owns the state; the reader trusts nothing: not the file's kind, size or text.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from agent.domain.display import printable
from agent.domain.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_FILE = 8192
_LONGEST_LINE = 1000
_LONGEST_PERIOD_SECONDS = 366 * 86400
_PAUSES_SECONDS = (0.05, 0.1, 0.2, 0.4)


class BeaconStatus(StrEnum):
    """The words of a monitoring plug-in."""

    OK = "OK"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beacon:
    """
    What the last pass found.

    `at` is when it ended, `period_seconds` how often passes are expected, `text` one French
    sentence, `perfdata` the plug-in's measures (without the bar).
    """

    at: datetime
    status: BeaconStatus
    text: str
    period_seconds: int
    perfdata: str = ""


def write_beacon(path: Path, beacon: Beacon, *, pause: Callable[[float], None]) -> None:
    """
    Replace the line at `path` at once, readable by everybody; raise StateError when it cannot be written.

    `pause` waits a number of seconds.
    """
    document = {
        "at": beacon.at.isoformat(),
        "status": beacon.status.value,
        "text": _one_line(beacon.text),
        "period_seconds": beacon.period_seconds,
        "perfdata": _one_line(beacon.perfdata),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        draft = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(json.dumps(document, ensure_ascii=False) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            if sys.platform != "win32":
                draft.chmod(0o644)
            persist(lambda: draft.replace(path), pause=pause)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StateError(
            f"L'état pour la supervision ne peut pas être écrit ({path}).",
            hint="Vérifiez l'espace disque et les droits du dossier.",
        ) from error


def persist(attempt: Callable[[], object], *, pause: Callable[[float], None]) -> None:
    """Try for less than a second: Windows refuses, with PermissionError, to replace a file that is being read."""
    for seconds in _PAUSES_SECONDS:
        try:
            attempt()
        except PermissionError:
            pause(seconds)
        else:
            return
    attempt()


def read_beacon(path: Path) -> Beacon:
    """Return the line at `path`; raise StateError when it is missing, damaged or not a plain file."""
    try:
        document = json.loads(_content(path).decode("utf-8"))
        at = datetime.fromisoformat(document["at"])
        period = document["period_seconds"]
        if at.tzinfo is None or not isinstance(period, int) or not 0 < period <= _LONGEST_PERIOD_SECONDS:
            raise _damaged(path)
        return Beacon(
            at=at,
            status=BeaconStatus(document["status"]),
            text=_one_line(str(document["text"])),
            period_seconds=period,
            perfdata=_one_line(str(document["perfdata"])),
        )
    except OSError as error:
        raise StateError(
            f"Aucune passe n'a laissé d'état lisible ({path}).",
            hint="Lancez « carenage run » avec le compte de l'agent, ou donnez ici l'accès à ce fichier.",
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path) from error


def _content(path: Path) -> bytes:
    """Return the file's bytes without following a link, waiting on a pipe, or reading more than a line may hold."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise _damaged(path)
        content = stream.read(_LONGEST_FILE + 1)
    if len(content) > _LONGEST_FILE:
        raise _damaged(path)
    return content


def _one_line(text: str) -> str:
    return printable(text.replace("|", "/"), longest=_LONGEST_LINE)


def _damaged(path: Path) -> StateError:
    return StateError(f"L'état laissé pour la supervision est illisible ({path}).", hint="Relancez « carenage run ».")
