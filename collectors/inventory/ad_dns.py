"""The zones that Active Directory keeps for its DNS servers, read over LDAP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from agent.domain.evidence import EvidenceClass
from collectors.active_directory.connection import (
    ConnectionSettings,
    ResultCode,
    Scope,
    SearchRefusedError,
    Session,
    connect,
)
from collectors.active_directory.document import RootDse, check, evidence, json_attributes
from collectors.formats.ad_dns_zones import FORMAT, VERSION
from collectors.interface import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from agent.domain.evidence import RawEvidence
    from collectors.interface import CheckResult, CollectionContext

_NODE = ("name", "dnsRecord", "dNSTombstoned", "whenChanged")


class _Container(NamedTuple):
    """A place that holds zones; most domains have no legacy one."""

    partition: str
    dn: str
    may_be_missing: bool = False


class AdDnsSettings(ConnectionSettings):
    """What the `ad_dns` collector needs."""


class AdDnsCollector(Collector[AdDnsSettings]):
    """Reads every zone and node as raw records; a node whose content is hidden keeps its name."""

    name: ClassVar[str] = "ad_dns"
    title: ClassVar[str] = "Zones DNS intégrées à Active Directory"
    family: ClassVar[str] = "inventory"
    evidence_class: ClassVar[EvidenceClass] = EvidenceClass.INVENTORY
    settings_type: ClassVar[type[AdDnsSettings]] = AdDnsSettings
    needs_directory: ClassVar[bool] = True

    @property
    def account(self) -> str | None:
        return self.settings.account

    def collect(self, context: CollectionContext) -> Iterator[RawEvidence]:
        with connect(self.settings, login=context.login) as session:
            root = RootDse(session)
            document = _document(session, root, context.now)
        yield evidence(
            document,
            name=f"zones-dns-{root.dns_name}.json",
            collector=self.collector_id,
            evidence_class=self.evidence_class,
            context=context,
        )

    def check(self, context: CollectionContext) -> Iterator[CheckResult]:
        yield from check(self.settings, context)


def _document(session: Session, root: RootDse, now: datetime) -> dict[str, Any]:
    containers = (
        _Container("domain", f"CN=MicrosoftDNS,DC=DomainDnsZones,{root.domain}"),
        _Container("forest", f"CN=MicrosoftDNS,DC=ForestDnsZones,{root.forest}"),
        _Container("legacy", f"CN=MicrosoftDNS,CN=System,{root.domain}", may_be_missing=True),
    )
    incomplete: list[dict[str, str]] = []
    zones = [zone for container in containers for zone in _zones(session, container, incomplete)]
    return {
        "format": FORMAT,
        "version": VERSION,
        "taken_at": now.isoformat(),
        "url": session.url,
        "root_dse": root.json(),
        "zones": zones,
        "incomplete": incomplete,
    }


def _zones(session: Session, container: _Container, incomplete: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    """Yield the zones of `container` and their nodes; what is refused is added to `incomplete`."""
    found: list[str] = []
    try:
        # Presence of objectClass is true of any object that can be listed, even when none of it can be read.
        found.extend(
            entry.dn for entry in session.search(container.dn, "(objectClass=*)", ("name",), scope=Scope.LEVEL)
        )
    except SearchRefusedError as error:
        if not (container.may_be_missing and error.result == ResultCode.NO_SUCH_OBJECT):
            incomplete.append({"what": f"zones:{container.partition}", "why": error.message})
    for dn in sorted(dn for dn in found if dn[:3].upper() == "DC="):
        nodes: list[dict[str, Any]] = []
        try:
            for node in session.search(dn, "(objectClass=*)", _NODE, scope=Scope.LEVEL):
                nodes.append({"dn": node.dn, "attributes": json_attributes(node.attributes, _NODE)})  # noqa: PERF401 - what came before a refusal is kept
        except SearchRefusedError as error:
            incomplete.append({"what": dn, "why": error.message})
        nodes.sort(key=lambda node: node["dn"])
        yield {"dn": dn, "partition": container.partition, "nodes": nodes}
