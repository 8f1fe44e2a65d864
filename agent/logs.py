"""Logging: our four roots only, JSON lines to a file, one-line text to the console."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from agent.domain.display import printable

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

ROOTS = ("agent", "collectors", "uploader", "config")
run_id: ContextVar[str] = ContextVar("run_id", default="-")
collector: ContextVar[str] = ContextVar("collector", default="-")
_LONGEST_LINE = 4000
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "run_id", "collector"}


class _Context(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.run_id = run_id.get()
        record.collector = collector.get()
        return True


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "t": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            "run_id": getattr(record, "run_id", "-"),
            "collector": getattr(record, "collector", "-"),
        }
        line.update({key: str(value) for key, value in vars(record).items() if key not in _STANDARD})
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)


class _OneLine(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        return printable(super().formatMessage(record), longest=_LONGEST_LINE)


def _install(handler: logging.Handler) -> None:
    handler.addFilter(_Context())
    replaced: set[logging.Handler] = set()
    for name in ROOTS:
        root = logging.getLogger(name)
        for old in [kept for kept in root.handlers if type(kept) is type(handler)]:
            root.removeHandler(old)
            replaced.add(old)
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        root.propagate = False
    for old in replaced:
        old.close()


def log_to_console(*, verbose: bool) -> None:
    """Send warnings (everything, tracebacks included, when `verbose`) to stderr as one-line text."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.DEBUG if verbose else logging.WARNING)
    handler.setFormatter(_OneLine("%(levelname)s %(name)s: %(message)s"))
    _install(handler)


def log_to_file(path: Path, *, level: str = "INFO") -> None:
    """
    Append one JSON line a fact to `path`, from `level` on, rotated at 5 MB, ten files kept.

    A file that cannot be written costs the log only: the console says so and the pass goes on.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=5_000_000, backupCount=10, encoding="utf-8")
    except OSError as error:
        logger.warning("le journal %s ne peut pas être écrit (%s) : vérifiez [log] path", path, error.strerror)
        return
    handler.setLevel(level)
    handler.setFormatter(_JsonLines())
    _install(handler)
