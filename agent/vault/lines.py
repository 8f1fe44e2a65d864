"""The form of a journal line: RFC 8785 JSON that holds its own hash."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.domain.errors import IntegrityError
from agent.domain.journal import EntryType, JournalEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LINE_BYTES = 256 * 1024
HEX_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_COMMON = ("h", "prev", "seq", "t", "agent", "entity", "type")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z", re.ASCII)


def canonical(value: object) -> bytes:
    """Return `value` as RFC 8785 JSON; raise ValueError when JSON cannot hold it."""
    import rfc8785

    return rfc8785.dumps(value)  # type: ignore[arg-type]


def sha256(data: bytes) -> str:
    """Return the SHA-256 of `data`, lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def time_text(moment: datetime) -> str:
    """Return `moment` as the journal writes it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: object) -> datetime:
    """Read what `time_text` writes; raise ValueError for anything else."""
    if not isinstance(text, str) or not _TIME.match(text):
        raise ValueError(f"not a journal time: {text!r}")
    return datetime.fromisoformat(text)


def make(
    *,
    seq: int,
    prev: str,
    at: datetime,
    agent: str,
    entity: str,
    type: EntryType,  # noqa: A002 - the field's name in the format
    fields: Mapping[str, object],
) -> tuple[bytes, JournalEntry]:
    """Return a line, without its newline, and the entry it stands for."""
    line: dict[str, Any] = {
        **{name: value for name, value in fields.items() if value is not None},
        "prev": prev,
        "seq": seq,
        "t": time_text(at),
        "agent": agent,
        "entity": entity,
        "type": type.value,
    }
    line["h"] = sha256(canonical(line))
    raw = canonical(line)
    if len(raw) > MAX_LINE_BYTES:
        raise ValueError("journal line too long")
    return raw, parse(raw)


def parse(raw: bytes) -> JournalEntry:
    """Return the entry of a line; raise IntegrityError when it is not canonical or its hash is wrong."""
    if len(raw) > MAX_LINE_BYTES:
        raise IntegrityError("la ligne est anormalement longue")
    try:
        line = json.loads(raw)
        rewritten = canonical(line)
    except (ValueError, RecursionError) as error:
        raise IntegrityError("la ligne n'est pas du JSON lisible") from error
    if not isinstance(line, dict) or rewritten != raw:
        raise IntegrityError("la ligne n'est pas sous sa forme canonique")
    content = {name: value for name, value in line.items() if name != "h"}
    if line.get("h") != sha256(canonical(content)):
        raise IntegrityError("l'empreinte que la ligne porte ne correspond pas à son contenu")
    try:
        return _entry(line)
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError("la ligne n'a pas les champs attendus") from error


def declared_hash(raw: bytes) -> str:
    """Return the `h` that a line of any state says it has, or the hash of its bytes when it says none."""
    try:
        line = json.loads(raw[:MAX_LINE_BYTES])
    except (ValueError, RecursionError):
        line = None
    h = line.get("h") if isinstance(line, dict) else None
    return h if isinstance(h, str) and HEX_DIGEST.match(h) else sha256(raw)


def _entry(line: dict[str, Any]) -> JournalEntry:
    seq, prev = line["seq"], line["prev"]
    if type(seq) is not int or seq < 1 or not HEX_DIGEST.match(prev):
        raise ValueError("seq or prev")
    if not isinstance(line["agent"], str) or not isinstance(line["entity"], str):
        raise TypeError("agent or entity")
    return JournalEntry(
        seq=seq,
        at=parse_time(line["t"]),
        agent=line["agent"],
        entity=line["entity"],
        type=EntryType(line["type"]),
        h=line["h"],
        prev=prev,
        fields={name: value for name, value in line.items() if name not in _COMMON},
    )
