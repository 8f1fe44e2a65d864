from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.directory.snapshot import TrustAttribute, TrustDirection
from agent.domain.errors import ReadingError
from collectors.formats.directory_snapshot import read, sid_text, sniff

CONFIGURATION = "CN=Configuration,DC=corp,DC=example"
SID = {"hex": "010400000000000515000000010000000200000003000000"}
GUID = {"hex": "00112233445566778899aabbccddeeff"}


def thing(dn: str, **attributes: Any) -> dict[str, Any]:
    named = {name.replace("__", "-"): [value] for name, value in attributes.items()}
    return {"dn": dn, "attributes": named}


def document(**objects: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "format": "directory-snapshot",
        "version": 1,
        "taken_at": "2026-11-22T08:30:00+00:00",
        "url": "ldaps://dc1.corp.example",
        "root_dse": {
            "defaultNamingContext": ["DC=corp,DC=example"],
            "rootDomainNamingContext": ["DC=example"],
            "forestFunctionality": ["7"],
        },
        "objects": objects,
        "incomplete": [],
    }


def snapshot(**objects: list[dict[str, Any]]) -> Any:
    return read(json.dumps(document(**objects)).encode())


def test_a_child_domain_finds_the_forest_in_the_references_to_its_root() -> None:
    found = snapshot(
        domain=[thing("DC=corp,DC=example", objectSid=SID, objectGUID=GUID, msDS__Behavior__Version="7")],
        cross_refs=[
            thing(
                "CN=EX,CN=Partitions",
                systemFlags="3",
                dnsRoot="example",
                nCName="<GUID=00000000-0000-0000-0000-000000000009>;<SID=S-1-5-21-9-9-9>;DC=example",
            ),
            thing("CN=CORP,CN=Partitions", systemFlags="3", dnsRoot="corp.example", nCName="DC=corp,DC=example"),
            thing("CN=Schema,CN=Partitions", systemFlags="1", dnsRoot="example", nCName="CN=Schema"),
        ],
    )

    assert [domain.dns_name for domain in found.domains] == ["corp.example", "example"]
    assert found.forest.guid == "00000000-0000-0000-0000-000000000009"
    assert found.forest.functional_level == 7
    assert found.source_domain.sid == "S-1-5-21-1-2-3"
    assert found.source_domain.guid == "33221100-5544-7766-8899-aabbccddeeff"


def test_controllers_of_other_domains_are_named_and_said_to_be_unread() -> None:
    server = f"CN=DC9,CN=Servers,CN=Nord,CN=Sites,{CONFIGURATION}"
    found = snapshot(
        servers=[thing(server, cn="DC9", serverReference="CN=DC9,OU=Domain Controllers,DC=autre,DC=example")]
    )

    (controller,) = found.domain_controllers
    assert (controller.domain, controller.site, controller.operating_system) == ("autre.example", "Nord", None)
    assert [gap.what for gap in found.incomplete] == ["domain_controllers"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("0", TrustDirection.DISABLED, id="disabled"),
        pytest.param("1", TrustDirection.INBOUND, id="inbound"),
        pytest.param("2", TrustDirection.OUTBOUND, id="outbound"),
        pytest.param("3", TrustDirection.BIDIRECTIONAL, id="both"),
        pytest.param("9", TrustDirection.UNKNOWN, id="unheard-of"),
        pytest.param(None, TrustDirection.UNKNOWN, id="hidden"),
    ],
)
def test_trust_directions(value: str | None, expected: TrustDirection) -> None:
    trust = thing("CN=x.example,CN=System", **({} if value is None else {"trustDirection": value}))

    assert snapshot(trusts=[trust]).trusts[0].direction is expected


def test_trust_attributes_keep_bits_without_a_name_and_take_signed_numbers() -> None:
    (trust,) = snapshot(trusts=[thing("CN=x.example", trustAttributes="-2147483640")]).trusts

    assert trust.attributes == TrustAttribute(0x8000_0008)
    assert TrustAttribute.FOREST_TRANSITIVE in trust.attributes


def test_a_name_with_a_comma_stays_whole() -> None:
    assert snapshot(sites=[thing("CN=Nord\\, étage 2,CN=Sites")]).sites[0].name == "Nord, étage 2"


def test_a_sid_is_spelt_as_windows_spells_it() -> None:
    assert sid_text(bytes.fromhex("01050000000000051500000042ad9e8f30d2c5865e11d9c3e8030000")) == (
        "S-1-5-21-2409540930-2261111344-3285782878-1000"
    )


def broken(path: str, value: Any) -> bytes:
    whole = document(
        domain=[thing("DC=corp,DC=example", objectSid=SID)],
        cross_refs=[thing("CN=C", systemFlags="3", dnsRoot="corp.example", nCName="DC=corp,DC=example")],
    )
    *parents, last = path.split("/")
    place: Any = whole
    for step in parents:
        place = place[int(step) if isinstance(place, list) else step]
    place[int(last) if isinstance(place, list) else last] = value
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe{}", id="not-utf-8"),
        pytest.param(b"[" * 200_000, id="deep"),
        pytest.param(b"[]", id="list"),
        pytest.param(broken("format", "nessus"), id="another-format"),
        pytest.param(broken("version", 2), id="newer"),
        pytest.param(broken("taken_at", "2026-11-22T08:30:00"), id="no-zone"),
        pytest.param(broken("taken_at", 5), id="number-for-a-date"),
        pytest.param(broken("root_dse", []), id="no-root"),
        pytest.param(broken("objects", None), id="no-objects"),
        pytest.param(broken("objects/domain", {"dn": 1}), id="object-for-a-list"),
        pytest.param(broken("objects/domain/0", None), id="null-object"),
        pytest.param(broken("objects/domain/0/attributes/objectSid", [{"hex": "zz"}]), id="no-hex"),
        pytest.param(broken("objects/domain/0/attributes/objectSid", [{"hex": "0105"}]), id="short-sid"),
        pytest.param(broken("objects/domain/0/attributes/objectSid", ["S-1-5"]), id="text-for-a-sid"),
        pytest.param(broken("objects/cross_refs/0/attributes/systemFlags", ["1e9"]), id="no-number"),
        pytest.param(broken("objects/cross_refs/0/attributes/systemFlags", ["9" * 5000]), id="endless-number"),
        pytest.param(broken("incomplete", [{"what": "x"}]), id="gap-without-reason"),
    ],
)
def test_a_hostile_document_is_a_reading_error(data: bytes) -> None:
    with pytest.raises(ReadingError):
        read(data)


@given(st.binary(max_size=100))
def test_random_bytes_are_a_reading_error(data: bytes) -> None:
    with pytest.raises(ReadingError):
        read(data)


def test_only_its_own_documents_are_recognised() -> None:
    assert sniff(json.dumps(document(), indent=1, sort_keys=True).encode()[:200])
    assert not sniff(b'{"format": "ad-dns-zones"}')
    assert not sniff(b'<x>"format": "directory-snapshot"')
