"""What our own collectors have sealed, read by the same worker as everything else."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, ClassVar

from agent.domain.errors import ReadingError
from agent.domain.exposure import Problem, Reading
from collectors.formats import ad_dns_zones, directory_snapshot, tenable_scan
from collectors.formats.interface import MIB, Limits, Reader, Source


class DirectorySnapshotReader(Reader):
    """`summary.snapshot` is the whole `DirectorySnapshot` as JSON."""

    format: ClassVar[str] = "directory_snapshot"
    version: ClassVar[int] = directory_snapshot.VERSION
    kind: ClassVar[str] = "directory"
    title: ClassVar[str] = "Instantané d'annuaire (LDAP)"
    max_bytes: ClassVar[int] = directory_snapshot.MAX_BYTES

    def sniff(self, head: bytes, name: str) -> bool:
        del name
        return directory_snapshot.sniff(head)

    def read(self, source: Source, limits: Limits) -> Reading:
        del limits
        try:
            snapshot = directory_snapshot.read(source.stream.read())
        except ReadingError as error:
            return _unreadable(self, error)
        return Reading(
            format=self.format,
            kind=self.kind,
            reader_version=self.version,
            complete=not snapshot.incomplete,
            problems=tuple(Problem(where=gap.what, what=gap.why) for gap in snapshot.incomplete),
            summary={"taken_at": snapshot.taken_at.isoformat(), "snapshot": plain(snapshot)},
        )


class AdDnsZonesReader(Reader):
    """`summary.assets` is shaped as an asset list's."""

    format: ClassVar[str] = "ad_dns_zones"
    version: ClassVar[int] = ad_dns_zones.VERSION
    kind: ClassVar[str] = "asset_list"
    title: ClassVar[str] = "Zones DNS de l'annuaire"
    max_bytes: ClassVar[int] = ad_dns_zones.MAX_BYTES

    def sniff(self, head: bytes, name: str) -> bool:
        del name
        return ad_dns_zones.sniff(head)

    def read(self, source: Source, limits: Limits) -> Reading:
        try:
            inventory = ad_dns_zones.read(source.stream.read())
        except ReadingError as error:
            return _unreadable(self, error)
        assets = (*inventory.names, *inventory.addresses)
        problems = [Problem(where=gap.what, what=gap.why) for gap in inventory.incomplete]
        if inventory.unreadable:
            problems.append(
                Problem(where="droits", what=f"Le contenu de {len(inventory.unreadable)} nom(s) est caché à ce compte.")
            )
        return Reading(
            format=self.format,
            kind=self.kind,
            reader_version=self.version,
            complete=not inventory.incomplete and not inventory.unreadable and len(assets) <= limits.rows,
            problems=tuple(problems),
            summary={
                "source": "ad_dns",
                "taken_at": inventory.taken_at.isoformat(),
                "assets": [
                    {
                        "name": asset.name,
                        "asset_kind": asset.kind,
                        "establishment": None,
                        "owner": None,
                        "public": asset.public,
                    }
                    for asset in assets[: limits.rows]
                ],
            },
        )


class TenableScanReader(Reader):
    """The platform's description of a run; `summary` adds its `status` and whether it `completed`."""

    format: ClassVar[str] = tenable_scan.FORMAT
    version: ClassVar[int] = tenable_scan.READER_VERSION
    kind: ClassVar[str] = "exposure_report"
    title: ClassVar[str] = "Description d'un passage Tenable"
    max_bytes: ClassVar[int] = 32 * MIB

    def sniff(self, head: bytes, name: str) -> bool:
        del name
        return head.lstrip()[:1] == b"{" and b'"scan_start"' in head and b'"status"' in head

    def read(self, source: Source, limits: Limits) -> Reading:
        del limits
        try:
            head = tenable_scan.read(source.stream.read())
        except ReadingError as error:
            return _unreadable(self, error)
        reading = tenable_scan.without_report(head)
        reading.summary.update(status=head.status, completed=head.completed)
        return reading


def plain(value: Any) -> Any:
    """Return a value of ours as JSON holds it; raises TypeError for what has no JSON form."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    json.dumps(value)
    return value


def _unreadable(reader: Reader, error: ReadingError) -> Reading:
    return Reading(
        format=reader.format,
        kind=reader.kind,
        reader_version=reader.version,
        complete=False,
        problems=(Problem(where="document", what=error.message),),
    )
