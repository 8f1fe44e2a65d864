"""Makes MLA headers for the tests, after the published format: no key, no content of anybody."""

from __future__ import annotations

import struct


def archive_v1(*, recipients: int = 1, layers: int = 3, data: bytes = b"\x55" * 200, version: int = 1) -> bytes:
    """Return a version 1 archive whose data is filler."""
    head = b"MLA" + struct.pack("<IB", version, layers)
    if layers & 1:
        head += b"\x01" + b"\x11" * 32 + struct.pack("<Q", recipients) + b"\x22" * 48 * recipients + b"\x33" * 8
    else:
        head += b"\x00"
    return head + data


def archive_v2(*, recipients: int = 1, signed: bool = True, options: bytes | None = None) -> bytes:
    """Return a version 2 archive, encrypted, whose data is filler."""
    no_options = b"\x00"
    first = no_options if options is None else b"\x01" + struct.pack("<Q", len(options)) + options
    head = b"MLAFAAAA" + struct.pack("<I", 2) + first
    if signed:
        head += b"SIGMLAAA" + no_options
    head += b"ENCMLAAA" + no_options + struct.pack("<HQ", 0, recipients) + b"\x44" * 1648 * recipients + b"\x55" * 80
    return head + b"\x66" * 100 + no_options + struct.pack("<Q", 1) + b"EMLAAAAA"
