"""Reads the snapshot of a directory that the `ldap` collector has sealed."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Any

from agent.domain.directory.distinguished_name import dns_name, parent, values
from agent.domain.directory.snapshot import (
    DirectorySnapshot,
    Domain,
    DomainController,
    Forest,
    Gap,
    Site,
    Trust,
    TrustAttribute,
    TrustDirection,
    TrustKind,
)
from collectors import sealed_json
from collectors.sealed_json import checked

FORMAT = "directory-snapshot"
VERSION = 1
MAX_BYTES = 256 * 1024 * 1024

_DISABLED, _PARTIAL_SECRETS = 0x2, 0x0400_0000
_READ_ONLY_GROUP = 521
_IS_DOMAIN = 0x2
_IS_GLOBAL_CATALOG = 0x1
_DIRECTIONS = {
    0: TrustDirection.DISABLED,
    1: TrustDirection.INBOUND,
    2: TrustDirection.OUTBOUND,
    3: TrustDirection.BIDIRECTIONAL,
}
_KINDS = {
    1: TrustKind.WINDOWS_NT,
    2: TrustKind.ACTIVE_DIRECTORY,
    3: TrustKind.KERBEROS,
    4: TrustKind.DCE,
    5: TrustKind.ENTRA,
}
_EXTENDED_DN = re.compile(r"(?:<GUID=([0-9a-fA-F-]{32,36})>;)?(?:<SID=(S-[0-9-]+)>;)?(.*)", re.DOTALL)
_HEAD = re.compile(rb'"format"\s*:\s*"directory-snapshot"')


def sniff(head: bytes) -> bool:
    """Tell from the first bytes whether this is such a snapshot."""
    return head.lstrip()[:1] == b"{" and _HEAD.search(head) is not None


def read(data: bytes) -> DirectorySnapshot:
    """Return the snapshot that `data` holds; raises ReadingError for anything that is not one."""
    return sealed_json.read(data, format_=FORMAT, version=VERSION, max_bytes=MAX_BYTES, decode=_snapshot)


class _Object:
    """One directory object of the document; a value of another shape raises ValueError."""

    def __init__(self, item: Any) -> None:
        self.dn: str = checked(item["dn"], str)
        self._attributes: dict[str, Any] = checked(item["attributes"], dict)

    def text(self, name: str) -> str | None:
        found = checked(self._attributes.get(name, []), list)
        return checked(found[0], str) if found else None

    def number(self, name: str) -> int | None:
        value = self.text(name)
        return None if value is None else int(value)

    def raw(self, name: str) -> bytes | None:
        found = checked(self._attributes.get(name, []), list)
        return bytes.fromhex(checked(found[0]["hex"], str)) if found else None

    def sid(self, name: str) -> str | None:
        value = self.raw(name)
        return None if value is None else sid_text(value)

    def guid(self, name: str) -> str | None:
        value = self.raw(name)
        return None if value is None else str(uuid.UUID(bytes_le=value))


def sid_text(value: bytes) -> str:
    """Return a binary SID (MS-DTYP 2.4.2.2) as `S-1-…`; raises ValueError when it is none."""
    if len(value) < 8 or value[0] != 1 or len(value) != 8 + 4 * value[1]:  # noqa: PLR2004 - the fixed part
        raise ValueError("not a SID")
    parts = (int.from_bytes(value[at : at + 4], "little") for at in range(8, len(value), 4))
    return "-".join(("S-1", str(int.from_bytes(value[2:8], "big")), *map(str, parts)))


def _snapshot(document: dict[str, Any]) -> DirectorySnapshot:
    sections = checked(document["objects"], dict)
    objects = {what: [_Object(item) for item in checked(items, list)] for what, items in sections.items()}
    root_dse = _Object({"dn": "", "attributes": document["root_dse"]})
    source = dns_name(root_dse.text("defaultNamingContext") or "")
    gaps = [
        Gap(what=checked(gap["what"], str), why=checked(gap["why"], str))
        for gap in checked(document["incomplete"], list)
    ]
    domains = _domains(objects, source)
    controllers = [*_controllers(objects), *_elsewhere(objects, source)]
    unread = sorted({controller.domain for controller in controllers if controller.domain != source})
    gaps += [
        Gap(
            what="domain_controllers",
            why=f"Les contrôleurs de « {domain} » ne sont connus que par leur nom : aucun d'eux n'a été interrogé.",
        )
        for domain in unread
    ]
    return DirectorySnapshot(
        taken_at=datetime.fromisoformat(checked(document["taken_at"], str)),
        url=checked(document["url"], str),
        forest=_forest(objects, root_dse, domains),
        domains=domains,
        trusts=_trusts(objects, source),
        domain_controllers=tuple(sorted(controllers, key=lambda one: (one.domain, one.name))),
        sites=_sites(objects),
        incomplete=tuple(gaps),
    )


def _forest(objects: dict[str, list[_Object]], root_dse: _Object, domains: tuple[Domain, ...]) -> Forest:
    root = dns_name(root_dse.text("rootDomainNamingContext") or "")
    level = next((found.number("msDS-Behavior-Version") for found in objects.get("forest", [])), None)
    return Forest(
        root_domain=root,
        guid=next((domain.guid for domain in domains if domain.dns_name == root), None),
        functional_level=root_dse.number("forestFunctionality") if level is None else level,
        schema_version=next((found.number("objectVersion") for found in objects.get("schema", [])), None),
    )


def _domains(objects: dict[str, list[_Object]], source: str) -> tuple[Domain, ...]:
    own = next(iter(objects.get("domain", [])), None)
    domains = []
    for found in objects.get("cross_refs", []):
        if not (found.number("systemFlags") or 0) & _IS_DOMAIN:
            continue
        matched = _EXTENDED_DN.fullmatch(found.text("nCName") or "")
        guid, sid, dn = matched.groups() if matched else (None, None, "")
        name = (found.text("dnsRoot") or dns_name(dn)).lower()
        head = own if name == source else None
        domains.append(
            Domain(
                dns_name=name,
                netbios_name=found.text("nETBIOSName"),
                sid=(head.sid("objectSid") if head else None) or sid,
                guid=(head.guid("objectGUID") if head else None) or (str(uuid.UUID(guid)) if guid else None),
                functional_level=(head or found).number("msDS-Behavior-Version"),
                is_source=name == source,
            )
        )
    return tuple(sorted(domains, key=lambda domain: domain.dns_name))


def _trusts(objects: dict[str, list[_Object]], source: str) -> tuple[Trust, ...]:
    trusts = [
        Trust(
            domain=source,
            partner=found.text("trustPartner") or values(found.dn)[0],
            netbios_name=found.text("flatName"),
            sid=found.sid("securityIdentifier"),
            direction=_DIRECTIONS.get(found.number("trustDirection") or 0, TrustDirection.UNKNOWN)
            if found.text("trustDirection")
            else TrustDirection.UNKNOWN,
            kind=_KINDS.get(found.number("trustType") or 0, TrustKind.UNKNOWN),
            attributes=TrustAttribute((found.number("trustAttributes") or 0) & 0xFFFF_FFFF),
        )
        for found in objects.get("trusts", [])
    ]
    return tuple(sorted(trusts, key=lambda trust: trust.partner))


def _controllers(objects: dict[str, list[_Object]]) -> list[DomainController]:
    servers = {(server.text("serverReference") or "").casefold(): server for server in objects.get("servers", [])}
    settings = {parent(found.dn).casefold(): found for found in objects.get("server_settings", [])}
    controllers = []
    for found in objects.get("domain_controllers", []):
        flags = found.number("userAccountControl")
        server = servers.get(found.dn.casefold())
        options = settings.get(server.dn.casefold()) if server else None
        controllers.append(
            DomainController(
                name=found.text("cn") or values(found.dn)[0],
                dns_name=found.text("dNSHostName"),
                domain=dns_name(found.dn),
                operating_system=found.text("operatingSystem"),
                operating_system_version=found.text("operatingSystemVersion"),
                read_only=None
                if flags is None
                else bool(flags & _PARTIAL_SECRETS) or found.number("primaryGroupID") == _READ_ONLY_GROUP,
                global_catalog=bool((options.number("options") or 0) & _IS_GLOBAL_CATALOG) if options else None,
                site=_site_of(server) if server else None,
                enabled=None if flags is None else not flags & _DISABLED,
            )
        )
    return controllers


def _elsewhere(objects: dict[str, list[_Object]], source: str) -> list[DomainController]:
    """Return the controllers of the forest's other domains, known by their place in a site only."""
    return [
        DomainController(
            name=server.text("cn") or values(server.dn)[0],
            dns_name=server.text("dNSHostName"),
            domain=dns_name(reference),
            operating_system=None,
            operating_system_version=None,
            read_only=None,
            global_catalog=None,
            site=_site_of(server),
            enabled=None,
        )
        for server in objects.get("servers", [])
        if (reference := server.text("serverReference")) is not None and dns_name(reference) != source
    ]


def _sites(objects: dict[str, list[_Object]]) -> tuple[Site, ...]:
    subnets: dict[str, list[str]] = {}
    for subnet in objects.get("subnets", []):
        subnets.setdefault((subnet.text("siteObject") or "").casefold(), []).append(
            subnet.text("cn") or values(subnet.dn)[0]
        )
    return tuple(
        Site(name=site.text("cn") or values(site.dn)[0], subnets=tuple(sorted(subnets.get(site.dn.casefold(), []))))
        for site in sorted(objects.get("sites", []), key=lambda site: site.dn)
    )


def _site_of(server: _Object) -> str | None:
    """Return the site in `CN=server,CN=Servers,CN=site,CN=Sites,…`."""
    parts = values(server.dn)
    return parts[2] if len(parts) > 2 else None  # noqa: PLR2004 - its place in the DN
