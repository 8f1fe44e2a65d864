"""Where the configuration file stands; light, since every command asks."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def configuration_path(asked: Path | None = None) -> Path:
    """Return where the file stands: what was `asked`, then $CARENAGE_CONFIG, then the platform's usual place."""
    if asked is not None:
        return asked
    if from_environment := os.environ.get("CARENAGE_CONFIG"):
        return Path(from_environment)
    return _usual_place()


def data_folder(path: Path) -> Path:
    """Return where the data of the configuration at `path` goes by default: the platform's place, else beside it."""
    if path != _usual_place() or sys.platform == "win32":
        return path.parent
    return Path("/var/lib/carenage")


def _usual_place() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "Carenage" / "carenage.toml"
    return Path("/etc/carenage/carenage.toml")
