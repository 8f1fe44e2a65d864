"""
Reads LDAP search answers (BER, RFC 4511) as bytes, without a schema.

ldap3 builds an object for each element; over 100,000 accounts that costs twelve times the
time of this walk. Only what a search can answer is understood, and every length is checked
against the message before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from agent.domain.errors import SourceAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

PAGED_RESULTS = b"1.2.840.113556.1.4.319"
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
_BLOCK_BYTES = 256 * 1024
_MAX_HEADER_BYTES = 6

_INTEGER, _OCTETS, _ENUMERATED, _SEQUENCE, _SET = 0x02, 0x04, 0x0A, 0x30, 0x31
_ENTRY, _DONE, _REFERENCE, _EXTENDED, _CONTROLS = 0x64, 0x65, 0x73, 0x78, 0xA0

Attributes = dict[str, list[bytes]]


class Entry(NamedTuple):
    """One object, its values as the server sent them."""

    dn: str
    attributes: Attributes


class Reference(NamedTuple):
    """Other servers hold the rest of the subtree."""

    urls: tuple[str, ...]


class Done(NamedTuple):
    """The end of a search (`cookie` asks for the next page, empty when there is none) or of the connection."""

    code: int
    diagnostic: str
    cookie: bytes


class Message(NamedTuple):
    """One answer and the request it is for; 0 is a notice that nobody asked for."""

    id: int
    content: Entry | Reference | Done


class MessageReader:
    """
    Cuts the bytes that `receive` gives into messages.

    `receive(n)` returns at most n bytes and none when the other side has closed.
    """

    def __init__(self, receive: Callable[[int], bytes], *, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._receive = receive
        self._max_message_bytes = max_message_bytes
        self._buffer = bytearray()

    def read(self) -> Message:
        """
        Return the next message, waiting for it.

        Raises SourceAnswerError for bytes that are no search answer, that are too many, or
        that stop in the middle; what `receive` raises goes through.
        """
        while True:
            length = message_length(self._buffer, max_bytes=self._max_message_bytes)
            if length is not None and length <= len(self._buffer):
                message = bytes(self._buffer[:length])
                del self._buffer[:length]
                return decode(message)
            block = self._receive(_BLOCK_BYTES)
            if not block:
                raise _unreadable("connection closed inside a message")
            self._buffer += block


def message_length(buffer: bytes | bytearray, *, max_bytes: int) -> int | None:
    """Return the size of the message that `buffer` begins with, None while its header is incomplete."""
    if len(buffer) < 2:  # noqa: PLR2004 - a tag and a length
        if buffer and buffer[0] != _SEQUENCE:
            raise _unreadable("not a message")
        return None
    if buffer[0] != _SEQUENCE:
        raise _unreadable("not a message")
    first = buffer[1]
    if first < 0x80:  # noqa: PLR2004 - short form
        return 2 + first
    count = first & 0x7F
    if not 1 <= count <= _MAX_HEADER_BYTES - 2:
        raise _unreadable("length")
    if len(buffer) < 2 + count:
        return None
    length = 2 + count + int.from_bytes(buffer[2 : 2 + count], "big")
    if length > max_bytes:
        raise _unreadable(f"message of {length} bytes")
    return length


def decode(message: bytes) -> Message:
    """Return the one message that `message` is, whole; raises SourceAnswerError for anything else."""
    at, end = _open(message, 0, len(message), _SEQUENCE)
    if end != len(message):
        raise _unreadable("bytes after the message")
    start, at = _open(message, at, end, _INTEGER)
    number = int.from_bytes(message[start:at], "big")
    tag, start, stop = _header(message, at, end)
    if tag == _ENTRY:
        return Message(number, _entry(message, start, stop))
    if tag == _REFERENCE:
        return Message(number, Reference(tuple(_text(url) for url in _octets(message, start, stop))))
    if tag in (_DONE, _EXTENDED):
        return Message(number, _done(message, start, stop, end))
    raise _unreadable(f"operation {tag:#x}")


def _header(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Return the tag at `at` and the bounds of its content, all inside `end`."""
    start = at + 2
    if start > end:
        raise _unreadable("truncated")
    length = data[at + 1]
    if length >= 0x80:  # noqa: PLR2004 - long form
        count = length & 0x7F
        if not 1 <= count <= _MAX_HEADER_BYTES - 2 or start + count > end:
            raise _unreadable("length")
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    stop = start + length
    if stop > end:
        raise _unreadable("length beyond its container")
    return data[at], start, stop


def _open(data: bytes, at: int, end: int, expected: int) -> tuple[int, int]:
    tag, start, stop = _header(data, at, end)
    if tag != expected:
        raise _unreadable(f"{tag:#x} instead of {expected:#x}")
    return start, stop


def _octets(data: bytes, at: int, end: int) -> list[bytes]:
    values = []
    while at < end:
        start, at = _open(data, at, end, _OCTETS)
        values.append(data[start:at])
    return values


def _entry(data: bytes, at: int, end: int) -> Entry:
    start, at = _open(data, at, end, _OCTETS)
    dn = _text(data[start:at])
    at, end = _open(data, at, end, _SEQUENCE)
    attributes: Attributes = {}
    while at < end:
        start, stop = _open(data, at, end, _SEQUENCE)
        at = stop
        name_start, name_stop = _open(data, start, stop, _OCTETS)
        values_start, values_stop = _open(data, name_stop, stop, _SET)
        attributes[_text(data[name_start:name_stop])] = _octets(data, values_start, values_stop)
    return Entry(dn, attributes)


def _done(data: bytes, at: int, end: int, message_end: int) -> Done:
    start, stop = _open(data, at, end, _ENUMERATED)
    code = int.from_bytes(data[start:stop], "big")
    _, stop = _open(data, stop, end, _OCTETS)
    start, stop = _open(data, stop, end, _OCTETS)
    diagnostic = data[start:stop].rstrip(b"\0").decode("utf-8", "replace")
    return Done(code, diagnostic, _cookie(data, end, message_end))


def _cookie(data: bytes, at: int, end: int) -> bytes:
    if at == end:
        return b""
    at, end = _open(data, at, end, _CONTROLS)
    while at < end:
        start, stop = _open(data, at, end, _SEQUENCE)
        at = stop
        kind_start, kind_stop = _open(data, start, stop, _OCTETS)
        if data[kind_start:kind_stop] != PAGED_RESULTS:
            continue
        tag, start, next_at = _header(data, kind_stop, stop)
        if tag != _OCTETS:  # the criticality that some servers repeat
            start, next_at = _open(data, next_at, stop, _OCTETS)
        start, next_at = _open(data, start, next_at, _SEQUENCE)
        _, start = _open(data, start, next_at, _INTEGER)
        start, stop = _open(data, start, next_at, _OCTETS)
        return data[start:stop]
    return b""


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise _unreadable("text that is not UTF-8") from error


def _unreadable(what: str) -> SourceAnswerError:
    return SourceAnswerError(
        f"L'annuaire a envoyé une réponse illisible ({what}).",
        hint="Vérifiez qu'un contrôleur de domaine répond bien à cette adresse ; un nouvel essai sera fait.",
    )
