"""Takes distinguished names apart (RFC 4514), as far as Active Directory writes them."""

from __future__ import annotations

import re

_SEPARATOR = re.compile(r"(?<!\\),")
_ESCAPE = re.compile(r"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)


def values(dn: str) -> list[str]:
    """Return the value of each part, leftmost first, unescaped."""
    return [value for _, value in _parts(dn)]


def parent(dn: str) -> str:
    """Return the name of the container, empty at the top."""
    return (_SEPARATOR.split(dn, maxsplit=1)[1:] or [""])[0]


def dns_name(dn: str) -> str:
    """Return the DNS name that the DC parts spell, lower case."""
    return ".".join(value for kind, value in _parts(dn) if kind.upper() == "DC").lower()


def _parts(dn: str) -> list[tuple[str, str]]:
    cut = (part.partition("=") for part in _SEPARATOR.split(dn))
    return [(kind.strip(), _ESCAPE.sub(_unescaped, value)) for kind, _, value in cut]


def _unescaped(found: re.Match[str]) -> str:
    text = found[1]
    return chr(int(text, 16)) if len(text) == 2 else text  # noqa: PLR2004 - two hexadecimal digits
