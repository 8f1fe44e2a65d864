from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

import pytest

from agent.domain.evidence import EvidenceClass
from collectors.formats import ad_dns_zones
from collectors.inventory.ad_dns import AdDnsCollector

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.domain.evidence import RawEvidence
    from agent.domain.inventory import DnsInventory
    from collectors.interface import CollectionContext
    from tests.lab.samba import SambaDomain

    MakeSettings = Callable[..., dict[str, Any]]


@pytest.fixture
def evidence(settings: MakeSettings, context: CollectionContext) -> RawEvidence:
    (found,) = AdDnsCollector("dns", AdDnsCollector.settings_type(**settings())).collect(context)
    assert not isinstance(found, tuple)
    return found


@pytest.fixture
def inventory(evidence: RawEvidence) -> DnsInventory:
    return ad_dns_zones.read(evidence.open().read())


def test_evidence_is_an_inventory_and_recognised(evidence: RawEvidence) -> None:
    assert evidence.evidence_class is EvidenceClass.INVENTORY
    assert ad_dns_zones.sniff(evidence.open().read(1024))


def test_zones_of_the_three_places_are_read(inventory: DnsInventory) -> None:
    places = {zone.name: zone.partition for zone in inventory.zones}

    assert places["hopital.example"] == "domain"
    assert places["foret.hopital.example"] == "forest"
    assert places["historique.example"] == "legacy"
    assert "rootdnsservers" not in places
    assert inventory.incomplete == ()


def test_a_name_is_public_when_it_leads_to_a_public_address(inventory: DnsInventory) -> None:
    public = {asset.name for asset in inventory.names if asset.public}

    assert public == {"www.hopital.example", "portail.hopital.example"}


def test_addresses_are_public_or_private_static_or_dynamic(inventory: DnsInventory) -> None:
    found = {asset.name: (asset.public, asset.static) for asset in inventory.addresses}

    assert found["52.143.10.20"] == (True, True)
    assert found["2a01:cb00:1:2::10"] == (True, True)
    assert found["10.10.4.5"] == (False, True)
    assert found["10.10.7.17"] == (False, False)


def test_a_hidden_node_keeps_its_name(inventory: DnsInventory) -> None:
    assert inventory.unreadable == ("secret.hopital.example",)
    assert "10.10.66.6" not in {asset.name for asset in inventory.addresses}


def test_a_tombstone_is_removed_and_not_listed(inventory: DnsInventory) -> None:
    assert inventory.removed == ("ancien.hopital.example",)
    assert "ancien.hopital.example" not in {asset.name for asset in inventory.names}


@pytest.mark.parametrize("zone", ["hopital.example", "foret.hopital.example", "4.10.10.in-addr.arpa"])
def test_records_equal_those_that_the_dns_server_itself_lists(
    zone: str, inventory: DnsInventory, domain: SambaDomain
) -> None:
    hidden = {"secret"}
    theirs = {
        (name, kind, data) for name, kind, data in listed_by_samba(domain, zone) if name.split(".")[0] not in hidden
    }
    ours = {
        (node.name, record.type, record.data)
        for node in inventory.nodes
        if node.zone == zone
        for record in node.records
        if record.type != "SOA" and (node.name == zone or node.name.removesuffix(f".{zone}").count(".") == 0)
    }

    assert len(ours) > 1
    assert ours == theirs


def listed_by_samba(domain: SambaDomain, zone: str) -> set[tuple[str, str, str]]:
    """Return the first level of `zone` as `samba-tool dns query` prints it, in our notation."""
    login = f"-U{domain.admin}%{domain.admin_password}"
    found = set()
    name = zone
    for line in domain.tool("dns", "query", domain.address, zone, "@", "ALL", login).splitlines():
        if head := re.match(r"\s+Name=([^,]*),", line):
            name = f"{head[1]}.{zone}".lower() if head[1] else zone
        elif record := re.match(r"\s+(\w+): (.*) \(flags=", line):
            kind, data = record.groups()
            if kind == "SOA":
                continue
            if kind == "AAAA":
                data = str(ipaddress.ip_address(data))
            elif kind in ("MX", "SRV"):
                target, numbers = re.fullmatch(r"(\S+) \((.*)\)", data).groups()  # type: ignore[union-attr]
                values = numbers.split(", ")
                data = " ".join([*([values[1], values[2], values[0]] if kind == "SRV" else values), target])
            if kind == "PTR":
                data += "."
            found.add((name, kind, data))
    return found
