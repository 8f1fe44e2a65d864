"""A deposit on disk: one BagIt bag (RFC 8493) whose payloads are encrypted."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.domain.errors import IntegrityError
from agent.domain.evidence import EvidenceClass
from agent.domain.journal import Problem
from agent.vault import files
from agent.vault.lines import HEX_DIGEST, canonical, sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from pathlib import Path

DEPOSITS, DATA = "deposits", "data"
CONTENTS = "data/contents.json.age"
PLAIN_DIGESTS = "data/sha256-plain.txt.age"
DECLARATION, INFO, MANIFEST, TAG_MANIFEST = (
    "bagit.txt",
    "bag-info.txt",
    "manifest-sha256.txt",
    "tagmanifest-sha256.txt",
)
MAX_PAYLOADS = 1000
MAX_TAG_FILE_BYTES = 1024 * 1024
NAME = re.compile(r"\d{8,}-[0-9a-f]{8}\Z", re.ASCII)
_DECLARATION_TEXT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_MANIFEST_LINE = re.compile(r"([0-9a-f]{64})  ((?:data/)?[A-Za-z0-9][A-Za-z0-9.-]*)\Z", re.ASCII)
_TAG_FILES = {DECLARATION, INFO, MANIFEST}
_JOURNAL_LABEL = "Carenage-Journal: "


@dataclass(frozen=True, slots=True, kw_only=True)
class BagFields:
    """What the journal line of a bag will say, kept in `bag-info.txt` so that an interrupted deposit can be adopted."""

    evidence_class: EvidenceClass
    bytes: int
    tags: tuple[str, ...]
    replaces: str | None = None
    reason: str | None = None
    person: str | None = None

    def as_json(self) -> dict[str, object]:
        """Return the fields under their journal names."""
        return {
            "class": self.evidence_class.value,
            "bytes": self.bytes,
            "tags": list(self.tags),
            **{
                name: value
                for name, value in (("replaces", self.replaces), ("reason", self.reason), ("person", self.person))
                if value is not None
            },
        }

    @classmethod
    def from_json(cls, value: Any) -> BagFields:
        """Read `as_json`; raise ValueError, KeyError or TypeError for anything else."""
        tags = tuple(value["tags"])
        texts = [value.get(name) for name in ("replaces", "reason", "person")]
        if type(value["bytes"]) is not int or not all(isinstance(tag, str) and HEX_DIGEST.match(tag) for tag in tags):
            raise ValueError("bytes or tags")
        if not all(text is None or isinstance(text, str) for text in texts):
            raise TypeError("replaces, reason or person")
        return cls(
            evidence_class=EvidenceClass(value["class"]),
            bytes=value["bytes"],
            tags=tags,
            replaces=texts[0],
            reason=texts[1],
            person=texts[2],
        )


@dataclass(slots=True)
class DigestCache:
    """Digests of files already read, by device and inode: hard links are read once."""

    known: dict[tuple[int, int], str] = field(default_factory=dict)
    bytes_read: int = 0

    def sha256(self, path: Path) -> str:
        """Return the SHA-256 of a regular file; raise IntegrityError when it cannot be read."""
        with files.open_regular(path) as descriptor:
            status = os.fstat(descriptor)
            key = (status.st_dev, status.st_ino)
            if key in self.known and status.st_nlink > 1:
                return self.known[key]
            digest = hashlib.sha256()
            try:
                while chunk := os.read(descriptor, files.CHUNK):
                    digest.update(chunk)
                    self.bytes_read += len(chunk)
            except OSError as error:
                raise IntegrityError(f"fichier illisible ({error.strerror})") from error
        self.known[key] = digest.hexdigest()
        return self.known[key]


def write_tag_files(bag: Path, digests: Mapping[str, str], fields: BagFields, day: date) -> str:
    """
    Complete `bag`, whose payloads are in place, with its tag files, synced; return the bag's digest.

    `digests` maps each payload's path inside the bag to the SHA-256 of its bytes.
    """
    octets = sum((bag / name).stat().st_size for name in digests)
    info = (
        f"Bag-Software-Agent: Carénage\nBagging-Date: {day.isoformat()}\nPayload-Oxum: {octets}.{len(digests)}\n"
        f"{_JOURNAL_LABEL}{canonical(fields.as_json()).decode()}\n"
    ).encode()
    tag_files = {DECLARATION: _DECLARATION_TEXT, INFO: info, MANIFEST: _manifest(digests)}
    for name, content in tag_files.items():
        files.write_new(bag / name, content)
    tag_manifest = _manifest({name: sha256(content) for name, content in tag_files.items()})
    files.write_new(bag / TAG_MANIFEST, tag_manifest)
    files.fsync_folder(bag / DATA)
    files.fsync_folder(bag)
    return sha256(tag_manifest)


def digest(bag: Path) -> str:
    """Return the bag's digest, that of its tag manifest; raise IntegrityError when it cannot be read."""
    return sha256(files.read_small(bag / TAG_MANIFEST, MAX_TAG_FILE_BYTES))


def payload_digests(bag: Path) -> dict[str, str]:
    """Return the digests that the manifest gives; raise IntegrityError when it is malformed."""
    return _parse_manifest(files.read_small(bag / MANIFEST, MAX_TAG_FILE_BYTES), is_of_tags=False)


def read_fields(bag: Path) -> BagFields:
    """Return what `bag-info.txt` says for the journal; raise IntegrityError when it does not."""
    try:
        text = files.read_small(bag / INFO, MAX_TAG_FILE_BYTES).decode()
        line = next(line for line in text.split("\n") if line.startswith(_JOURNAL_LABEL))
        return BagFields.from_json(json.loads(line.removeprefix(_JOURNAL_LABEL)))
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError) as error:
        raise IntegrityError("bag-info.txt ne dit pas ce que le journal attend") from error


def payload_file(bag: Path, number: int) -> Path:
    """Return the ciphertext of payload `number` (from 1), whichever form it has."""
    compressed = bag / DATA / f"{number:04d}.zst.age"
    return compressed if compressed.is_file() else bag / DATA / f"{number:04d}.age"


def stored_bytes(bag: Path) -> int:
    """Return what the payloads take, links counted whole; 0 when the folder cannot be listed."""
    try:
        return sum(entry.stat().st_size for entry in (bag / DATA).iterdir() if entry.name[:4].isdigit())
    except OSError:
        return 0


def problems(
    bag: Path, where: str, *, expected: str | None, payloads: bool, cache: DigestCache | None = None
) -> Iterator[Problem]:
    """
    Yield what is wrong with the bag at `bag`, named `where`.

    `expected` is the digest the journal has for it. With `payloads` every payload is read, else only
    the tag files and the presence of each payload. Never raises on what it finds.
    """
    cache = cache or DigestCache()
    for folder in (bag, bag / DATA):
        if folder.is_symlink() or not folder.is_dir():
            yield Problem(where=where, what="le dépôt n'est pas un dossier ordinaire avec son dossier data")
            return
    try:
        tag_manifest = files.read_small(bag / TAG_MANIFEST, MAX_TAG_FILE_BYTES)
    except IntegrityError as error:
        yield Problem(where=f"{where}/{TAG_MANIFEST}", what=error.message)
        return
    if expected is not None and sha256(tag_manifest) != expected:
        yield Problem(where=f"{where}/{TAG_MANIFEST}", what="l'empreinte n'est pas celle que le journal a inscrite")
    try:
        tags = _parse_manifest(tag_manifest, is_of_tags=True)
    except IntegrityError as error:
        yield Problem(where=f"{where}/{TAG_MANIFEST}", what=error.message)
        return
    yield from _differences(bag, where, tags, cache)
    try:
        manifest = payload_digests(bag)
    except IntegrityError as error:
        yield Problem(where=f"{where}/{MANIFEST}", what=error.message)
        return
    yield from _unlisted(bag, where, {*manifest, *tags, TAG_MANIFEST, DATA})
    if payloads:
        yield from _differences(bag, where, manifest, cache)
    else:
        for name in manifest:
            if not (bag / name).is_file() or (bag / name).is_symlink():
                yield Problem(where=f"{where}/{name}", what="fichier manquant")


def _differences(bag: Path, where: str, digests: Mapping[str, str], cache: DigestCache) -> Iterator[Problem]:
    for name, expected in digests.items():
        try:
            if cache.sha256(bag / name) != expected:
                yield Problem(where=f"{where}/{name}", what="le contenu ne correspond pas à son empreinte SHA-256")
        except IntegrityError as error:
            yield Problem(where=f"{where}/{name}", what=error.message)


def _unlisted(bag: Path, where: str, listed: set[str]) -> Iterator[Problem]:
    try:
        found = [*bag.iterdir(), *(bag / DATA).iterdir()]
    except OSError as error:
        yield Problem(where=f"{where}/{DATA}", what=f"dossier illisible ({error.strerror})")
        return
    for path in sorted(found):
        name = path.relative_to(bag).as_posix()
        if name not in listed:
            yield Problem(where=f"{where}/{name}", what="fichier étranger au dépôt")


def _manifest(digests: Mapping[str, str]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()


def _parse_manifest(content: bytes, *, is_of_tags: bool) -> dict[str, str]:
    if not content.endswith(b"\n"):
        raise IntegrityError("le manifeste est incomplet")
    digests: dict[str, str] = {}
    for line in content[:-1].split(b"\n"):
        match = _MANIFEST_LINE.match(line.decode(errors="replace"))
        if match is None or match[2] in digests:
            raise IntegrityError("le manifeste est malformé")
        digests[match[2]] = match[1]
    is_expected = set(digests) == _TAG_FILES if is_of_tags else all(name.startswith("data/") for name in digests)
    if not is_expected:
        raise IntegrityError("le manifeste ne nomme pas les fichiers d'un dépôt")
    return digests
