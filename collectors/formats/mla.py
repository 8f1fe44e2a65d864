"""
MLA archives from ORADAD and ORADAZ: what their header shows without any key.

Version 1 is what ORADAD writes, version 2 what ORADAZ 3 writes; the members stay encrypted
for ANSSI. Nothing of the archive but its header and its last bytes is read.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from agent.domain.errors import ReadingError
from agent.domain.exposure import AuditHead, Reading
from collectors.formats.interface import Limits, ProblemLog, Reader, Source

if TYPE_CHECKING:
    from typing import BinaryIO

_V1_MAGIC, _V2_MAGIC, _V2_END = b"MLA", b"MLAFAAAA", b"EMLAAAAA"
_V1_ENCRYPT, _V1_COMPRESS = 1, 2
_V1_RECIPIENT_BYTES, _V1_NONCE_BYTES = 48, 8
_V2_RECIPIENT_BYTES, _V2_COMMITMENT_BYTES = 1648, 80
_V2_LAYERS = {
    b"SIGMLAAA": "signature",
    b"ENCMLAAA": "encryption",
    b"COMLAAAA": "compression",
    b"MLAENAAA": "entries",
}
_MOST_RECIPIENTS = 1000
_MOST_OPTION_BYTES = 64 * 1024
_NAME = re.compile(
    r"(?P<origin>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?)_(?P<instant>\d{8}-\d{6})\.mla", re.ASCII
)
_TENANT = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MlaHeader:
    """`layers` from the outside in, as far as they show; `recipients` None when the archive is not encrypted."""

    version: int
    layers: tuple[str, ...]
    recipients: int | None
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveName:
    """What `<forest or tenant>_<YYYYMMDD-HHMMSS>.mla` says; the instant is UTC."""

    origin: str
    started_at: datetime
    is_tenant: bool


def parse_name(name: str) -> ArchiveName | None:
    """Return what the archive's own name says, None for another name or an impossible date."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        started_at = datetime.strptime(found["instant"], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return ArchiveName(
        origin=found["origin"], started_at=started_at, is_tenant=_TENANT.fullmatch(found["origin"]) is not None
    )


def inspect_header(stream: BinaryIO, size: int) -> MlaHeader:
    """
    Read the header of an archive of `size` bytes.

    Raises ReadingError, in French, for a truncated or implausible one.
    """
    stream.seek(0)
    start = stream.read(len(_V2_MAGIC))
    if start == _V2_MAGIC:
        return _header_v2(stream, size)
    stream.seek(len(_V1_MAGIC))
    return _header_v1(stream, size)


def _header_v1(stream: BinaryIO, size: int) -> MlaHeader:
    version = _integer(stream, "<I")
    if version != 1:
        raise ReadingError(f"La version {version} du format MLA n'est pas connue.")
    bits = _integer(stream, "<B")
    if bits & ~(_V1_ENCRYPT | _V1_COMPRESS):
        raise ReadingError("L'en-tête de l'archive annonce des couches inconnues.")
    layers = tuple(name for bit, name in ((_V1_ENCRYPT, "encryption"), (_V1_COMPRESS, "compression")) if bits & bit)
    parameters = _integer(stream, "<B")
    if parameters not in {0, 1} or bool(parameters) != bool(bits & _V1_ENCRYPT):
        raise ReadingError("L'en-tête de l'archive se contredit sur le chiffrement.")
    recipients = None
    if parameters:
        _skip(stream, 32)
        recipients = _recipients(stream)
        _skip(stream, recipients * _V1_RECIPIENT_BYTES + _V1_NONCE_BYTES)
    return _with_data(MlaHeader(version=1, layers=layers, recipients=recipients, bytes=stream.tell()), size)


def _header_v2(stream: BinaryIO, size: int) -> MlaHeader:
    version = _integer(stream, "<I")
    if version != 2:  # noqa: PLR2004 - the format's own number
        raise ReadingError(f"La version {version} du format MLA n'est pas connue.")
    _options(stream)
    layers: list[str] = []
    recipients = None
    while not layers or layers[-1] == "signature":
        layer = _V2_LAYERS.get(_exactly(stream, 8))
        if layer is None or layer in layers:
            raise ReadingError("L'en-tête de l'archive annonce une couche inconnue.")
        layers.append(layer)
        _options(stream)
    if layers[-1] == "encryption":
        if _integer(stream, "<H") != 0:
            raise ReadingError("L'archive emploie un chiffrement inconnu.")
        recipients = _recipients(stream)
        _skip(stream, recipients * _V2_RECIPIENT_BYTES + _V2_COMMITMENT_BYTES)
    header = MlaHeader(version=2, layers=tuple(layers), recipients=recipients, bytes=stream.tell())
    stream.seek(max(size - len(_V2_END), 0))
    if stream.read(len(_V2_END)) != _V2_END:
        raise ReadingError("L'archive n'a pas sa marque de fin : elle est tronquée.")
    return _with_data(header, size)


def _with_data(header: MlaHeader, size: int) -> MlaHeader:
    if size <= header.bytes:
        raise ReadingError("L'archive s'arrête à son en-tête : elle est tronquée.")
    return header


def _recipients(stream: BinaryIO) -> int:
    count = _integer(stream, "<Q")
    if not 1 <= count <= _MOST_RECIPIENTS:
        raise ReadingError(f"L'archive annonce {count} destinataires : ce n'est pas plausible.")
    return count


def _options(stream: BinaryIO) -> None:
    """Skip an options field: a tag, then for tag 1 a length and that many bytes."""
    tag = _integer(stream, "<B")
    if tag == 0:
        return
    length = _integer(stream, "<Q")
    if tag != 1 or length > _MOST_OPTION_BYTES:
        raise ReadingError("Les options de l'en-tête ne sont pas plausibles.")
    _skip(stream, length)


def _integer(stream: BinaryIO, layout: str) -> int:
    (value,) = struct.unpack(layout, _exactly(stream, struct.calcsize(layout)))
    return int(value)


def _skip(stream: BinaryIO, count: int) -> None:
    _exactly(stream, count)


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise ReadingError("L'en-tête de l'archive est tronqué.")
    return data


class MlaReader(Reader):
    """The archive's own name gives the forest and the start; the header the number of recipients."""

    format: ClassVar[str] = "mla"
    version: ClassVar[int] = 1
    kind: ClassVar[str] = "oradad_archive"
    title: ClassVar[str] = "Archive ORADAD ou ORADAZ (.mla)"
    max_bytes: ClassVar[int] = 1024**4

    def sniff(self, head: bytes, name: str) -> bool:
        del name
        if head.startswith(_V2_MAGIC):
            return True
        version = head[len(_V1_MAGIC) :][:4]
        return head.startswith(_V1_MAGIC) and version[:1] != b"\0" and version[1:] == b"\0\0\0"

    def read(self, source: Source, limits: Limits) -> Reading:
        problems = ProblemLog(limits.problems)
        complete = True
        summary: dict[str, object] = {}
        try:
            header = inspect_header(source.stream, source.size)
        except ReadingError as error:
            complete = False
            problems.add("en-tête", error.message)
        else:
            summary = {"version": header.version, "layers": list(header.layers), "recipients": header.recipients}
            if header.recipients is None:
                problems.add("en-tête", "L'archive n'est pas chiffrée : ORADAD chiffre toujours les siennes.")
        stem = source.name.removesuffix(".broken").removesuffix(".tmp")
        if stem != source.name:
            complete = False
            problems.add("nom", "L'outil a laissé à ce fichier le nom d'une archive inachevée.")
        named = parse_name(stem)
        is_tenant = named is not None and named.is_tenant
        if named is None:
            problems.add("nom", "Le nom n'est pas celui que donne ORADAD : la forêt et le jour sont à confirmer.")
        else:
            summary["tenant" if is_tenant else "forest"] = named.origin
        return Reading(
            format=self.format,
            kind="oradaz_archive" if is_tenant else self.kind,
            reader_version=self.version,
            tool=None if named is None else "ORADAZ" if is_tenant else "ORADAD",
            complete=complete,
            problems=problems.all(),
            audit=None
            if named is None
            else AuditHead(started_at=named.started_at.isoformat().replace("+00:00", "Z"), scope=(named.origin,)),
            summary=summary,
        )
