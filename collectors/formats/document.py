"""Anything else that is plausibly a document: kept as it is, it awaits a person's word on what it proves."""

from __future__ import annotations

import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from agent.domain.exposure import Reading
from collectors.formats.interface import Limits, ProblemLog, Reader, Source
from collectors.formats.markup import root_name
from collectors.formats.text import text_of

if TYPE_CHECKING:
    from typing import BinaryIO

_OOXML = "application/vnd.openxmlformats-officedocument."
_SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
_ZIP = b"PK\x03\x04"
_ZIP_CONTENTS = (
    (b"word/", _OOXML + "wordprocessingml.document"),
    (b"xl/", _OOXML + "spreadsheetml.sheet"),
    (b"ppt/", _OOXML + "presentationml.presentation"),
    (b"mimetypeapplication/vnd.oasis.opendocument.", "application/vnd.oasis.opendocument"),
)
_TAIL_BYTES = 2048


def media_type(head: bytes) -> str | None:
    """Return the media type of a document by its content, None for what is none."""
    for signature, found in _SIGNATURES:
        if head.startswith(signature):
            return found
    if head.startswith(_ZIP):
        office = b"[Content_Types].xml" in head or b"mimetype" in head[:64]
        return next((found for sign, found in _ZIP_CONTENTS if office and sign in head), None)
    text = text_of(head)
    if text is None:
        return None
    if text.lstrip().startswith("<"):
        return "text/html" if (root_name(head) or "").lower() == "html" else None
    # Half a JSON report is no document, and an unknown one says nothing to a person.
    return None if text.lstrip().startswith(("{", "[")) else "text/plain"


class DocumentReader(Reader):
    """Only the kind of file is told; nothing of its content is taken as a fact."""

    format: ClassVar[str] = "document"
    version: ClassVar[int] = 1
    kind: ClassVar[str] = "document"
    title: ClassVar[str] = "Document à classer (PDF, image, bureautique, texte)"
    rank: ClassVar[int] = 2

    def sniff(self, head: bytes, name: str) -> bool:
        del name
        return media_type(head) is not None

    def read(self, source: Source, limits: Limits) -> Reading:
        problems = ProblemLog(limits.problems)
        head = source.stream.read(64 * 1024)
        found = media_type(head)
        cut = is_cut(source.stream, source.size, found)
        if cut:
            problems.add("fin du fichier", "Le document n'a pas sa fin normale : il est tronqué ou abîmé.")
        elif found is not None and head.startswith(_ZIP):
            _check_members(source.stream, problems)
        return Reading(
            format=self.format,
            kind=self.kind,
            reader_version=self.version,
            complete=not cut,
            problems=problems.all(),
            summary={"media_type": found},
        )


def is_cut(stream: BinaryIO, size: int, media: str | None) -> bool:
    """Return whether a document of type `media` lacks the end that its format prescribes."""
    stream.seek(max(size - _TAIL_BYTES, 0))
    tail = stream.read(_TAIL_BYTES)
    if media == "application/pdf":
        return b"%%EOF" not in tail
    if media == "image/png":
        return b"IEND" not in tail
    if media == "image/jpeg":
        return b"\xff\xd9" not in tail
    if media is not None and media.startswith((_OOXML, "application/vnd.oasis")):
        return not zipfile.is_zipfile(stream)
    return False


def _check_members(stream: BinaryIO, problems: ProblemLog) -> None:
    """Note member names that would leave the folder; nothing is extracted."""
    try:
        with zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        problems.add("archive", "La table des matières du document est abîmée.")
        return
    for name in names:
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in name[:2]:
            problems.add(
                "archive", "Le document contient un nom de fichier qui sort de son dossier : rien n'en est extrait."
            )
