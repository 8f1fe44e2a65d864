"""Telling text from binary, and decoding what French office tools write."""

from __future__ import annotations

import codecs
import re

from collectors.formats.interface import HEAD_BYTES

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def decode(data: bytes) -> tuple[str, str, bool]:
    """
    Return (text, encoding, exact): by byte order mark, else UTF-8, else Windows-1252.

    Not exact when some bytes mean nothing in that encoding.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, errors="replace")
            return text, encoding, "\ufffd" not in text
    try:
        return data.decode("utf-8"), "utf-8", True
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
        return text, "cp1252", "\ufffd" not in text


def text_of(head: bytes, *, damaged: bool = False) -> str | None:
    """
    Return the beginning of a file as text, a full head cut at its last whole line; None for what is not text.

    `damaged`: what holds controls, or bytes without meaning, is text too.
    """
    cut = head
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if len(head) >= HEAD_BYTES and not wide and b"\n" in head:
        cut = head[: head.rindex(b"\n") + 1]
    text, _, exact = decode(cut)
    # A UTF-16 head may end in the middle of a character: that alone is no sign of binary content.
    if not text.strip() or (not damaged and (CONTROLS.search(text) or not (exact or wide))):
        return None
    return text
