"""The CHU's directory as the agent would have read it: the documents that its LDAP collectors seal."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any
from uuid import UUID

from agent.demo.story import FOREST, READ_AT

if TYPE_CHECKING:
    from agent.demo.story import Controller, Record

Json = dict[str, Any]

_DOMAIN = ",".join(f"DC={label}" for label in FOREST.dns_name.split("."))
_CONFIGURATION = f"CN=Configuration,{_DOMAIN}"
_SCHEMA = f"CN=Schema,{_CONFIGURATION}"
_SITES = f"CN=Sites,{_CONFIGURATION}"
_CREATED = "20140311081500.0Z"
_LEVEL_2016 = "7"
_RECORD_TYPES = {"A": 1, "CNAME": 5}


def directory() -> Json:
    """Return the snapshot of the forest, in the shape of the `ldap` collector."""
    return {
        "format": "directory-snapshot",
        "version": 1,
        "taken_at": READ_AT.isoformat(),
        "url": f"ldaps://dc1.{FOREST.dns_name}",
        "root_dse": _root_dse(),
        "objects": {
            "forest": [_object(f"CN=Partitions,{_CONFIGURATION}", {"msDS-Behavior-Version": _LEVEL_2016})],
            "cross_refs": [
                _object(
                    f"CN={FOREST.netbios_name},CN=Partitions,{_CONFIGURATION}",
                    {
                        "nCName": f"<GUID={FOREST.guid}>;<SID={FOREST.sid}>;{_DOMAIN}",
                        "dnsRoot": FOREST.dns_name,
                        "nETBIOSName": FOREST.netbios_name,
                        "systemFlags": "3",
                        "msDS-Behavior-Version": _LEVEL_2016,
                    },
                )
            ],
            "domain": [
                _object(
                    _DOMAIN,
                    {
                        "objectSid": _sid(FOREST.sid),
                        "objectGUID": UUID(FOREST.guid).bytes_le,
                        "msDS-Behavior-Version": _LEVEL_2016,
                        "whenCreated": _CREATED,
                    },
                )
            ],
            "schema": [_object(_SCHEMA, {"objectVersion": "88"})],
            "trusts": [
                _object(
                    f"CN={FOREST.trust_partner},CN=System,{_DOMAIN}",
                    {
                        "trustPartner": FOREST.trust_partner,
                        "flatName": FOREST.trust_netbios_name,
                        "securityIdentifier": _sid(FOREST.trust_sid),
                        "trustDirection": "2",
                        "trustType": "2",
                        "trustAttributes": "8",
                        "whenCreated": _CREATED,
                        "whenChanged": _CREATED,
                    },
                )
            ],
            "domain_controllers": [_account(number, one) for number, one in enumerate(FOREST.controllers, start=1104)],
            "sites": [_object(f"CN={site},{_SITES}", {"cn": site}) for site, _ in FOREST.sites],
            "subnets": [
                _object(f"CN={subnet},CN=Subnets,{_SITES}", {"cn": subnet, "siteObject": f"CN={site},{_SITES}"})
                for site, subnets in FOREST.sites
                for subnet in subnets
            ],
            "servers": [
                _object(
                    _server(one),
                    {"cn": one.name, "dNSHostName": _host(one), "serverReference": _account_dn(one)},
                )
                for one in FOREST.controllers
            ],
            "server_settings": [
                _object(f"CN=NTDS Settings,{_server(one)}", {"options": "1", "msDS-Behavior-Version": _LEVEL_2016})
                for one in FOREST.controllers
            ],
        },
        "incomplete": [],
    }


def dns_zones() -> Json:
    """Return the AD-integrated zone, in the shape of the `ad_dns` collector."""
    zone = f"DC={FOREST.zone},CN=MicrosoftDNS,DC=DomainDnsZones,{_DOMAIN}"
    return {
        "format": "ad-dns-zones",
        "version": 1,
        "taken_at": READ_AT.isoformat(),
        "url": f"ldaps://dc1.{FOREST.dns_name}",
        "root_dse": _root_dse(),
        "zones": [
            {
                "dn": zone,
                "partition": "domain",
                "nodes": [
                    _object(f"DC={record.name},{zone}", {"name": record.name, "dnsRecord": _dns_record(record)})
                    for record in FOREST.records
                ],
            }
        ],
        "incomplete": [],
    }


def _root_dse() -> Json:
    return _attributes(
        {
            "defaultNamingContext": _DOMAIN,
            "rootDomainNamingContext": _DOMAIN,
            "configurationNamingContext": _CONFIGURATION,
            "schemaNamingContext": _SCHEMA,
            "dnsHostName": f"dc1.{FOREST.dns_name}",
            "domainFunctionality": _LEVEL_2016,
            "forestFunctionality": _LEVEL_2016,
            "domainControllerFunctionality": _LEVEL_2016,
        }
    )


def _account(rid: int, controller: Controller) -> Json:
    return _object(
        _account_dn(controller),
        {
            "cn": controller.name,
            "dNSHostName": _host(controller),
            "operatingSystem": controller.system,
            "operatingSystemVersion": controller.version,
            "userAccountControl": "532480",
            "primaryGroupID": "516",
            "objectSid": _sid(f"{FOREST.sid}-{rid}"),
            "whenCreated": _CREATED,
        },
    )


def _account_dn(controller: Controller) -> str:
    return f"CN={controller.name},OU=Domain Controllers,{_DOMAIN}"


def _server(controller: Controller) -> str:
    return f"CN={controller.name},CN=Servers,CN={controller.site},{_SITES}"


def _host(controller: Controller) -> str:
    return f"{controller.name.lower()}.{FOREST.dns_name}"


def _object(dn: str, attributes: dict[str, str | bytes]) -> Json:
    return {"dn": dn, "attributes": _attributes(attributes)}


def _attributes(attributes: dict[str, str | bytes]) -> Json:
    return {name: [{"hex": value.hex()} if isinstance(value, bytes) else value] for name, value in attributes.items()}


def _sid(text: str) -> bytes:
    """Return a SID as its bytes (MS-DTYP 2.4.2.2)."""
    _, revision, authority, *parts = text.split("-")
    head = struct.pack("BB", int(revision), len(parts)) + int(authority).to_bytes(6, "big")
    return head + b"".join(struct.pack("<I", int(part)) for part in parts)


def _dns_record(record: Record) -> bytes:
    """Return a static record as its bytes (MS-DNSP 2.3.2.2)."""
    data = IPv4Address(record.data).packed if record.type == "A" else _counted_name(record.data)
    version, rank, ttl = 5, 0xF0, (900).to_bytes(4, "big")
    return struct.pack("<HHBBHI4sII", len(data), _RECORD_TYPES[record.type], version, rank, 0, 1, ttl, 0, 0) + data


def _counted_name(name: str) -> bytes:
    labels = name.rstrip(".").split(".")
    wire = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    return bytes([len(wire), len(labels)]) + wire
