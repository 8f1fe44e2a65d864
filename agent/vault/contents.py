"""What a deposit says of itself under encryption, and giving its files back."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from agent.domain.errors import IntegrityError, UsageError
from agent.domain.evidence import EvidenceClass
from agent.vault import bag, files, payload
from agent.vault.lines import HEX_DIGEST, canonical, time_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.domain.evidence import RawEvidence
    from agent.vault.age import Identity
    from agent.vault.payload import StoredPayload

MAX_CONTENTS_BYTES = 16 * 1024 * 1024
VERSION = 1
_FILE = re.compile(r"data/\d{4}(\.zst)?\.age\Z", re.ASCII)
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)", re.ASCII | re.IGNORECASE)
_MAX_NAME_BYTES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPayload:
    """One payload as `contents.json` describes it; `name` is the real one, not to be used as a path."""

    file: str
    name: str
    bytes: int
    sha256: str
    media_type: str
    collector: str
    subject: str | None
    received_at: datetime
    facts_on: date | None
    evidence_class: EvidenceClass


def describe(evidence_class: EvidenceClass, payloads: Sequence[tuple[RawEvidence, StoredPayload]]) -> bytes:
    """Return `contents.json`."""
    return canonical(
        {
            "version": VERSION,
            "class": evidence_class.value,
            "payloads": [
                {
                    "file": f"data/{stored.path.name}",
                    "name": _text(raw.name),
                    "bytes": stored.bytes,
                    "sha256": stored.sha256,
                    "media_type": raw.media_type,
                    "source": raw.collector,
                    "subject": raw.subject,
                    "class": raw.evidence_class.value,
                    "received_at": time_text(raw.received_at),
                    "facts_on": raw.facts_on.isoformat() if raw.facts_on else None,
                }
                for raw, stored in payloads
            ],
        }
    )


def plain_digests(payloads: Sequence[tuple[RawEvidence, StoredPayload]]) -> bytes:
    """Return the `sha256sum -c` list of the plain files under the names that `export` gives them."""
    names = safe_names([raw.name for raw, _ in payloads])
    lines = [f"{stored.sha256}  {name}\n" for (_, stored), name in zip(payloads, names, strict=True)]
    return "".join(lines).encode()


def read(path: Path, identity: Identity) -> tuple[SealedPayload, ...]:
    """Decrypt the description of the bag at `path`; raise IdentityError or IntegrityError."""
    raw = _decrypt_small(path / bag.CONTENTS, identity)
    try:
        value = json.loads(raw)
        described = tuple(_payload(item) for item in value["payloads"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError(f"La description du dépôt {path.name} est illisible.") from error
    if len({item.file for item in described}) != len(described) or not 0 < len(described) <= bag.MAX_PAYLOADS:
        raise IntegrityError(f"La description du dépôt {path.name} ne décrit pas ses pièces une à une.")
    return described


def read_record(path: Path, described: SealedPayload, identity: Identity) -> dict[str, Any]:
    """Decrypt a payload that is a JSON object; raise IdentityError or IntegrityError."""
    try:
        value = json.loads(_decrypt_small(path / described.file, identity))
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"Le contenu du dépôt {path.name} est illisible.") from error
    if not isinstance(value, dict):
        raise IntegrityError(f"Le contenu du dépôt {path.name} est illisible.")
    return value


def restore(path: Path, described: SealedPayload, target: Path, identity: Identity) -> None:
    """
    Decrypt one payload of the bag at `path` into the new file `target`, synced and verified.

    Nothing is left behind on failure. Raises UsageError when `target` exists, IdentityError, IntegrityError, OSError.
    """
    try:
        descriptor = files.create(target)
    except FileExistsError as error:
        raise UsageError(
            f"{target} existe déjà : il n'a pas été remplacé.", hint="Choisissez un dossier de destination vide."
        ) from error
    is_whole = False
    try:
        found = payload.retrieve(
            path / described.file,
            identity,
            limit=described.bytes,
            keep=lambda piece: files.write_all(descriptor, piece),
        )
        if found != (described.sha256, described.bytes):
            raise IntegrityError(
                f"Une pièce du dépôt {path.name} ({described.file}) n'a plus l'empreinte inscrite au scellement."
            )
        os.fsync(descriptor)
        is_whole = True
    finally:
        os.close(descriptor)
        if not is_whole:
            target.unlink(missing_ok=True)


def safe_names(names: Sequence[str]) -> list[str]:
    """Return `names` as file names for any system: no path, no control character, no two alike."""
    taken: set[str] = set()
    result = []
    for name in names:
        safe = _safe_name(name)
        stem, dot, suffix = safe.partition(".")
        number = 2
        while safe.casefold() in taken:
            safe = f"{stem}-{number}{dot}{suffix}"
            number += 1
        taken.add(safe.casefold())
        result.append(safe)
    return result


def _safe_name(name: str) -> str:
    cleaned = re.split(r"[/\\]", unicodedata.normalize("NFC", _text(name)))[-1]
    cleaned = _FORBIDDEN.sub("_", cleaned).strip(" .")
    while len(cleaned.encode()) > _MAX_NAME_BYTES:
        cleaned = cleaned[1:]
    return f"_{cleaned}" if not cleaned or _RESERVED.match(cleaned) else cleaned


def _text(name: str) -> str:
    """Return `name` with `?` for what no Unicode text holds (file names on Linux are bytes)."""
    return name.encode(errors="replace").decode()


def _decrypt_small(path: Path, identity: Identity) -> bytes:
    content = bytearray()
    payload.retrieve(path, identity, limit=MAX_CONTENTS_BYTES, keep=content.extend)
    return bytes(content)


def _payload(item: Any) -> SealedPayload:
    texts = {name: item[name] for name in ("file", "name", "sha256", "media_type", "source")}
    if not all(isinstance(text, str) for text in texts.values()) or type(item["bytes"]) is not int:
        raise TypeError("payload")
    if not _FILE.match(texts["file"]) or not HEX_DIGEST.match(texts["sha256"]):
        raise ValueError("payload")
    received_at = datetime.fromisoformat(item["received_at"])
    if received_at.tzinfo is None:
        raise ValueError("received_at")
    subject = item.get("subject")
    return SealedPayload(
        file=texts["file"],
        name=texts["name"],
        bytes=item["bytes"],
        sha256=texts["sha256"],
        media_type=texts["media_type"],
        collector=texts["source"],
        subject=subject if isinstance(subject, str) else None,
        received_at=received_at,
        facts_on=date.fromisoformat(item["facts_on"]) if item.get("facts_on") else None,
        evidence_class=EvidenceClass(item["class"]),
    )
