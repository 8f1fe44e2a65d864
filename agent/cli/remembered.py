"""
The last status screen, remembered so that `status` is instant while nothing it depends on has changed.

A status is a function of the configuration file, the vault's journal, index and list of bags, the day and
our version: the same key gives the same screen. Imports nothing heavy.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.version import VERSION

_FILE = "status.json"
_MOST_BYTES = 8_000_000
_DEFAULT_ZONE = "Europe/Paris"


def recall(config: Path, now: datetime) -> dict[str, Any] | None:
    """Return the remembered screen of the configuration at `config`, None when anything may have changed."""
    try:
        content = config.read_bytes()
        key, file = _key(content, config.parent, now)
        if file.stat().st_size > _MOST_BYTES:
            return None
        kept = json.loads(file.read_text(encoding="utf-8"))
        return dict(kept["screen"]) if kept["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(config: Path, now: datetime, screen: dict[str, Any]) -> None:
    """Keep `screen` (JSON-ready) for `recall`; a place that cannot be written keeps nothing."""
    try:
        key, file = _key(config.read_bytes(), config.parent, now)
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".status")
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump({"key": key, "screen": screen}, stream, ensure_ascii=False)
        Path(name).replace(file)
    except (OSError, ValueError, KeyError, TypeError):
        return


def _key(content: bytes, folder: Path, now: datetime) -> tuple[list[Any], Path]:
    document = tomllib.loads(content.decode("utf-8"))
    zone = ZoneInfo(document["candidate"].get("time_zone", _DEFAULT_ZONE))
    vault = folder / document["vault"]["path"]
    # A folder's time changes when a name comes or goes: losing a bag, a segment or a checkpoint is seen.
    seen = [
        *sorted((vault / "journal").iterdir()),
        *vault.glob("0=*"),
        *(vault / name for name in ("index.sqlite", "index.sqlite-wal", "journal", "checkpoints", "deposits")),
        *sorted((vault / "deposits").glob("*")),
        *sorted((vault / "deposits").glob("*/*")),
    ]
    looks = [_look(path) for path in seen]
    day = now.astimezone(UTC).astimezone(zone).date().isoformat()
    return [VERSION, hashlib.sha256(content).hexdigest(), day, *looks], folder / document["state"]["path"] / _FILE


def _look(path: Path) -> list[Any]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return [path.name]
    return [path.name, status.st_size, status.st_mtime_ns]
