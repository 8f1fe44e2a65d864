from __future__ import annotations

import json
import struct
from typing import Any

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.errors import ReadingError
from collectors.formats.ad_dns_zones import decode_record, read, sniff

DOMAIN = "CN=MicrosoftDNS,DC=DomainDnsZones,DC=corp,DC=example"


def stored(kind: int, data: bytes, *, ttl: int = 900, hours: int = 0) -> bytes:
    return (
        struct.pack("<HHBBHI", len(data), kind, 5, 0xF0, 0, 1)
        + struct.pack(">I", ttl)
        + bytes(4)
        + struct.pack("<I", hours)
        + data
    )


def counted(name: dns.name.Name) -> bytes:
    """Return a name as the directory keeps it: the wire form behind its length and its number of labels."""
    wire = name.to_wire()
    assert wire is not None
    return bytes([len(wire), len(name.labels) - 1]) + wire


def as_directory_keeps(rdata: Any) -> bytes:
    """Translate dnspython's own wire form: only names are written differently."""
    kind = rdata.rdtype.name
    if kind in ("CNAME", "NS", "PTR", "DNAME"):
        return counted(rdata.target)
    if kind == "MX":
        return struct.pack(">H", rdata.preference) + counted(rdata.exchange)
    if kind == "SRV":
        return struct.pack(">HHH", rdata.priority, rdata.weight, rdata.port) + counted(rdata.target)
    if kind == "SOA":
        numbers = (rdata.serial, rdata.refresh, rdata.retry, rdata.expire, rdata.minimum)
        return struct.pack(">5I", *numbers) + counted(rdata.mname) + counted(rdata.rname)
    wire: bytes = rdata.to_wire()
    return wire


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("A", "52.143.10.20"),
        ("AAAA", "2a01:cb00:1:2::10"),
        ("CNAME", "www.hopital.example."),
        ("NS", "ns1.hopital.example."),
        ("PTR", "intranet.hopital.example."),
        ("DNAME", "autre.example."),
        ("MX", "10 courrier.hopital.example."),
        ("SRV", "10 20 5060 sip.hopital.example."),
        ("SOA", "dc1.corp.example. hostmaster.corp.example. 2026112201 900 600 86400 3600"),
        ("TXT", '"v=spf1 mx -all"'),
        ("TXT", '"un \\"deux\\"" "trois\\\\"'),
    ],
    ids=lambda value: value if value.isupper() else "",
)
def test_records_read_as_dnspython_writes_them(kind: str, text: str) -> None:
    rdata = dns.rdata.from_text("IN", kind, text)

    found = decode_record(stored(int(rdata.rdtype), as_directory_keeps(rdata), ttl=1234, hours=3_700_000))

    assert found is not None
    assert (found.type, found.data) == (kind, rdata.to_text())
    assert (found.ttl_seconds, found.stamped_hours, found.static) == (1234, 3_700_000, False)


labels = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=63)


@given(st.lists(labels, min_size=0, max_size=3))
def test_any_name_reads_as_dnspython_writes_it(parts: list[str]) -> None:
    name = dns.name.Name([*(part.encode() for part in parts), b""])

    found = decode_record(stored(5, counted(name)))

    assert found is not None
    assert found.data == name.to_text()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        pytest.param(65, b"\0\1", id="unknown-type"),
        pytest.param(1, b"\1\2\3", id="short-address"),
        pytest.param(1, bytes(16), id="long-address"),
        pytest.param(5, b"", id="no-name"),
        pytest.param(5, b"\x05\x01\x3fabc\0", id="label-too-long"),
        pytest.param(5, b"\x05\x02\x03abc\0", id="label-missing"),
        pytest.param(5, b"\x05\x01\x03abc\0more", id="bytes-after"),
        pytest.param(15, b"\0", id="short-mx"),
        pytest.param(16, b"\x09abc", id="text-too-long"),
        pytest.param(6, bytes(20), id="soa-without-names"),
    ],
)
def test_what_does_not_decode_is_kept_as_hexadecimal(kind: int, data: bytes) -> None:
    found = decode_record(stored(kind, data))

    assert found is not None
    assert (found.type, found.data) == (f"TYPE{kind}", data.hex())


@given(st.integers(0, 65535), st.binary(max_size=80))
def test_no_record_ever_fails_beyond_its_header(kind: int, data: bytes) -> None:
    decode_record(stored(kind, data))


def test_a_record_with_a_wrong_length_is_kept_as_hexadecimal() -> None:
    value = bytearray(stored(1, bytes([10, 0, 0, 1])))
    value[0] = 40

    found = decode_record(bytes(value))

    assert found is not None
    assert found.type == "TYPE1"


def document(nodes: dict[str, list[bytes]], *, zone: str = "hopital.example", tombstoned: str = "") -> dict[str, Any]:
    dn = f"DC={zone},{DOMAIN}"
    return {
        "format": "ad-dns-zones",
        "version": 1,
        "taken_at": "2026-11-22T08:30:00+00:00",
        "url": "ldaps://dc1.corp.example",
        "root_dse": {},
        "zones": [
            {
                "dn": dn,
                "partition": "domain",
                "nodes": [
                    {
                        "dn": f"DC={name},{dn}",
                        "attributes": {
                            **({"dnsRecord": [{"hex": value.hex()} for value in values]} if values else {}),
                            **({"dNSTombstoned": ["TRUE"]} if name == tombstoned else {}),
                        },
                    }
                    for name, values in nodes.items()
                ],
            }
        ],
        "incomplete": [],
    }


def inventory(nodes: dict[str, list[bytes]], **options: Any) -> Any:
    return read(json.dumps(document(nodes, **options)).encode())


PUBLIC = stored(1, bytes([52, 143, 10, 20]))
PRIVATE = stored(1, bytes([10, 0, 0, 1]))


def alias(text: str) -> bytes:
    return stored(5, counted(dns.name.from_text(text)))


def test_an_alias_of_an_alias_of_a_public_name_is_public() -> None:
    found = inventory({"a": [alias("b.hopital.example.")], "b": [alias("c.hopital.example.")], "c": [PUBLIC]})

    assert [(asset.name, asset.public) for asset in found.names] == [
        ("a.hopital.example", True),
        ("b.hopital.example", True),
        ("c.hopital.example", True),
    ]


def test_aliases_in_a_circle_end() -> None:
    found = inventory({"a": [alias("b.hopital.example.")], "b": [alias("a.hopital.example.")]})

    assert not any(asset.public for asset in found.names)


@pytest.mark.parametrize(
    ("zone", "node", "address"),
    [
        pytest.param("4.10.10.in-addr.arpa", "5", "10.10.4.5", id="ipv4"),
        pytest.param("0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "1" + 19 * ".0", "2001:db8::1", id="ipv6"),
    ],
)
def test_a_reverse_record_gives_its_address_and_no_name(zone: str, node: str, address: str) -> None:
    pointer = stored(12, counted(dns.name.from_text("x.hopital.example.")))

    found = inventory({node: [pointer]}, zone=zone)

    assert [asset.name for asset in found.addresses] == [address]
    assert found.names == ()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("52.143.10.20", True),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("192.0.2.1", False),
        ("224.0.0.5", False),
    ],
)
def test_only_addresses_of_the_internet_are_public(address: str, expected: bool) -> None:
    found = inventory({"x": [stored(1, bytes(map(int, address.split("."))))]})

    assert found.addresses[0].public is expected


def test_service_locators_are_records_but_no_assets() -> None:
    locator = stored(33, struct.pack(">HHH", 0, 100, 389) + counted(dns.name.from_text("dc1.corp.example.")))

    found = inventory({"_ldap._tcp": [locator]})

    assert found.names == ()
    assert found.nodes[0].records[0].type == "SRV"


def test_a_node_without_content_is_unreadable_and_a_tombstone_removed() -> None:
    dead = stored(0, bytes(8))

    found = inventory({"cache": [], "mort": [dead], "marque": [PRIVATE]}, tombstoned="marque")

    assert found.unreadable == ("cache.hopital.example",)
    assert found.removed == ("marque.hopital.example", "mort.hopital.example")
    assert found.names == ()


@pytest.mark.parametrize("zone", ["RootDNSServers", "..TrustAnchors"])
def test_zones_of_the_server_itself_are_left_out(zone: str) -> None:
    assert inventory({"a": [PUBLIC]}, zone=zone).zones == ()


def test_an_unknown_record_still_makes_the_name_an_asset() -> None:
    assert [asset.name for asset in inventory({"x": [stored(65, b"\0\1")]}).names] == ["x.hopital.example"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{}", id="nothing"),
        pytest.param(json.dumps(document({"a": [b"short"]})).encode(), id="record-without-header"),
        pytest.param(json.dumps(document({}) | {"zones": 3}).encode(), id="number-for-a-list"),
        pytest.param(json.dumps(document({}) | {"taken_at": "hier"}).encode(), id="no-date"),
        pytest.param(json.dumps(document({}) | {"version": "1"}).encode(), id="another-version"),
    ],
)
def test_a_hostile_document_is_a_reading_error(data: bytes) -> None:
    with pytest.raises(ReadingError):
        read(data)


def test_only_its_own_documents_are_recognised() -> None:
    assert sniff(json.dumps(document({})).encode())
    assert not sniff(b'{"format": "directory-snapshot"}')
