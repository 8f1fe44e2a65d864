"""Removes the attack tools that impacket installs as scripts: an admin server must not offer them."""

from __future__ import annotations

import sys
from importlib.metadata import distribution
from pathlib import Path

_PACKAGES = ("impacket", "ldapdomaindump")


def main(folder: str) -> None:
    scripts = Path(folder).resolve()
    for package in _PACKAGES:
        for file in distribution(package).files or ():
            path = Path(str(file.locate())).resolve()
            if path.parent == scripts and path.suffix in {".py", ".exe", ""}:
                path.unlink(missing_ok=True)
        for entry in distribution(package).entry_points:
            if entry.group == "console_scripts":
                (scripts / entry.name).unlink(missing_ok=True)


if __name__ == "__main__":
    main(sys.argv[1])
