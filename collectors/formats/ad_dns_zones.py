"""Reads the AD-integrated DNS zones that the `ad_dns` collector has sealed."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import struct
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, NamedTuple

from agent.domain.directory.distinguished_name import values
from agent.domain.directory.snapshot import Gap
from agent.domain.inventory import DnsInventory, DnsNode, DnsRecord, DnsZone, NamedAsset, is_public
from collectors import sealed_json
from collectors.sealed_json import checked

FORMAT = "ad-dns-zones"
VERSION = 1
MAX_BYTES = 512 * 1024 * 1024

_SOURCE = "ad_dns"
_HEAD = re.compile(rb'"format"\s*:\s*"ad-dns-zones"')
_HEADER = struct.Struct("<HHBBHI4sII")  # MS-DNSP 2.3.2.2; the TTL alone is big-endian
_TOMBSTONE = 0
_PARTITIONS = {"domain", "forest", "legacy"}
_ROOT_HINTS = "rootdnsservers"
_MAX_ALIASES = 8
_MAX_LABEL_BYTES = 63

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def sniff(head: bytes) -> bool:
    """Tell from the first bytes whether these are such zones."""
    return head.lstrip()[:1] == b"{" and _HEAD.search(head) is not None


def read(data: bytes) -> DnsInventory:
    """Return the inventory that `data` holds; raises ReadingError for anything that is not one."""
    return sealed_json.read(data, format_=FORMAT, version=VERSION, max_bytes=MAX_BYTES, decode=_inventory)


def decode_record(value: bytes) -> DnsRecord | None:
    """
    Return one `dnsRecord` value decoded, None for a tombstone.

    Whatever does not decode exactly is kept as `TYPE<n>` and hexadecimal; ValueError is
    raised only when the fixed header itself is not there.
    """
    if len(value) < _HEADER.size:
        raise ValueError("shorter than its header")
    length, kind, _, _, _, _, ttl, _, stamped = _HEADER.unpack_from(value)
    if kind == _TOMBSTONE:
        return None
    data = value[_HEADER.size :]
    name, text = f"TYPE{kind}", data.hex()
    decoder = _DECODERS.get(kind)
    if decoder is not None and len(data) == length:
        with contextlib.suppress(ValueError, IndexError, struct.error):
            text, name = decoder.decode(data), decoder.name
    return DnsRecord(type=name, data=text, ttl_seconds=int.from_bytes(ttl, "big"), stamped_hours=stamped)


def _ipv4(data: bytes) -> str:
    return str(ipaddress.IPv4Address(data))


def _ipv6(data: bytes) -> str:
    return str(ipaddress.IPv6Address(data))


def _name(data: bytes) -> str:
    name, end = _counted_name(data, 0)
    return _whole(name, data, end)


def _preference_and_name(data: bytes) -> str:
    name, end = _counted_name(data, 2)
    return _whole(f"{struct.unpack_from('>H', data)[0]} {name}", data, end)


def _service(data: bytes) -> str:
    name, end = _counted_name(data, 6)
    priority, weight, port = struct.unpack_from(">HHH", data)
    return _whole(f"{priority} {weight} {port} {name}", data, end)


def _start_of_authority(data: bytes) -> str:
    numbers = struct.unpack_from(">5I", data)
    server, end = _counted_name(data, 20)
    mailbox, end = _counted_name(data, end)
    return _whole(" ".join((server, mailbox, *map(str, numbers))), data, end)


def _text(data: bytes) -> str:
    strings, at = [], 0
    while at < len(data):
        end = at + 1 + data[at]
        if end > len(data):
            raise ValueError("string beyond the record")
        strings.append(data[at + 1 : end].decode("utf-8", "backslashreplace"))
        at = end
    return " ".join('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in strings)


class _Decoder(NamedTuple):
    name: str
    decode: Callable[[bytes], str]


_DECODERS = {
    1: _Decoder("A", _ipv4),
    2: _Decoder("NS", _name),
    5: _Decoder("CNAME", _name),
    6: _Decoder("SOA", _start_of_authority),
    12: _Decoder("PTR", _name),
    15: _Decoder("MX", _preference_and_name),
    16: _Decoder("TXT", _text),
    28: _Decoder("AAAA", _ipv6),
    33: _Decoder("SRV", _service),
    39: _Decoder("DNAME", _name),
}


def _counted_name(data: bytes, at: int) -> tuple[str, int]:
    """Return the DNS_COUNT_NAME (MS-DNSP 2.2.2.2.2) at `at`, with its final dot, and where it ends."""
    length, count = data[at], data[at + 1]
    at += 2
    end = at + length
    labels = []
    for _ in range(count):
        size = data[at]
        if not 1 <= size <= _MAX_LABEL_BYTES or at + 1 + size > end:
            raise ValueError("label beyond its name")
        label = data[at + 1 : at + 1 + size].decode("utf-8", "backslashreplace")
        labels.append(label.replace("\\", "\\\\").replace(".", "\\."))
        at += 1 + size
    if at + 1 != end or data[at] != 0:
        raise ValueError("name of another length")
    return ".".join(labels) + ".", end


def _whole(text: str, data: bytes, end: int) -> str:
    if end != len(data):
        raise ValueError("bytes after the record")
    return text


def _inventory(document: dict[str, Any]) -> DnsInventory:
    zones: list[DnsZone] = []
    nodes: list[DnsNode] = []
    unreadable: set[str] = set()
    removed: set[str] = set()
    for zone in checked(document["zones"], list):
        zone_name = values(checked(zone["dn"], str))[0].lower()
        if zone_name == _ROOT_HINTS or zone_name.startswith(".."):
            continue
        before = len(nodes)
        for item in checked(zone["nodes"], list):
            name = _full_name(values(checked(item["dn"], str))[0], zone_name)
            records, tombstoned = _records(checked(item["attributes"], dict))
            if records:
                nodes.append(DnsNode(name=name, zone=zone_name, records=records))
            elif tombstoned:
                removed.add(name)
            else:
                unreadable.add(name)
        partition = checked(zone["partition"], str)
        if partition not in _PARTITIONS:
            raise ValueError("unknown partition")
        zones.append(DnsZone(name=zone_name, partition=_partition(partition), nodes=len(nodes) - before))
    nodes.sort(key=lambda node: (node.zone, node.name))
    return DnsInventory(
        taken_at=datetime.fromisoformat(checked(document["taken_at"], str)),
        url=checked(document["url"], str),
        zones=tuple(sorted(zones, key=lambda zone: (zone.name, zone.partition))),
        nodes=tuple(nodes),
        names=_names(nodes),
        addresses=_addresses(nodes),
        unreadable=tuple(sorted(unreadable)),
        removed=tuple(sorted(removed)),
        incomplete=tuple(
            Gap(what=checked(gap["what"], str), why=checked(gap["why"], str))
            for gap in checked(document["incomplete"], list)
        ),
    )


def _records(attributes: dict[str, Any]) -> tuple[tuple[DnsRecord, ...], bool]:
    """Return the live records of a node in a stable order, and whether it is marked as deleted."""
    raw = [bytes.fromhex(checked(value["hex"], str)) for value in checked(attributes.get("dnsRecord", []), list)]
    decoded = [decode_record(value) for value in raw]
    marked = checked(attributes.get("dNSTombstoned", []), list) == ["TRUE"]
    if marked or (decoded and not any(decoded)):
        return (), True
    live = (record for record in decoded if record is not None)
    return tuple(sorted(live, key=lambda record: (record.type, record.data))), False


def _names(nodes: list[DnsNode]) -> tuple[NamedAsset, ...]:
    """Return hosts and zones; service locators (`_ldap._tcp`) and reverse names are no assets."""
    public = _public_names(nodes)
    found: dict[str, tuple[str, bool]] = {}
    for node in nodes:
        if _is_reverse(node.zone) or any(label.startswith("_") for label in node.name.split(".")):
            continue
        zone, static = found.get(node.name, (node.zone, False))
        found[node.name] = zone, static or any(record.static for record in node.records)
    return tuple(
        NamedAsset(kind="domain", name=name, zone=zone, source=_SOURCE, static=static, public=name in public)
        for name, (zone, static) in sorted(found.items())
    )


def _addresses(nodes: list[DnsNode]) -> tuple[NamedAsset, ...]:
    found: dict[Address, tuple[str, bool]] = {}
    for node in nodes:
        for record in node.records:
            address = _address_of(node, record)
            if address is not None:
                zone, static = found.get(address, (node.zone, False))
                found[address] = zone, static or record.static
    return tuple(
        NamedAsset(
            kind="address",
            name=str(address),
            zone=zone,
            source=_SOURCE,
            static=static,
            public=is_public(address),
        )
        for address, (zone, static) in sorted(found.items(), key=lambda item: (item[0].version, int(item[0])))
    )


def _public_names(nodes: list[DnsNode]) -> set[str]:
    """Return the names that have a public address, or lead to one by aliases kept here."""
    public: set[str] = set()
    aliases: dict[str, str] = {}
    for node in nodes:
        for record in node.records:
            if record.type in ("A", "AAAA") and is_public(ipaddress.ip_address(record.data)):
                public.add(node.name)
            elif record.type == "CNAME":
                aliases[node.name] = record.data.rstrip(".").lower()
    for alias in aliases:
        target = alias
        for _ in range(_MAX_ALIASES):
            target = aliases.get(target, "")
            if target in public:
                public.add(alias)
                break
    return public


def _address_of(node: DnsNode, record: DnsRecord) -> Address | None:
    if record.type in ("A", "AAAA"):
        return ipaddress.ip_address(record.data)
    if record.type == "PTR":
        return _reverse_address(node.name)
    return None


def _reverse_address(name: str) -> Address | None:
    """Return the address that a complete reverse name stands for."""
    stem, _, suffix = name.rpartition(".in-addr.arpa")
    if stem and not suffix:
        text = ".".join(reversed(stem.split(".")))
    else:
        stem, _, suffix = name.rpartition(".ip6.arpa")
        digits = "".join(reversed(stem.split(".")))
        if suffix or len(digits) != 32:  # noqa: PLR2004 - nibbles of an IPv6 address
            return None
        text = ":".join(digits[at : at + 4] for at in range(0, 32, 4))
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_reverse(zone: str) -> bool:
    return zone.endswith((".in-addr.arpa", ".ip6.arpa")) or zone in ("in-addr.arpa", "ip6.arpa")


def _full_name(node: str, zone: str) -> str:
    return zone if node == "@" else f"{node}.{zone}".lower()


def _partition(text: str) -> Literal["domain", "forest", "legacy"]:
    return "domain" if text == "domain" else "forest" if text == "forest" else "legacy"
