"""The state of one directory, read over LDAP by an ordinary account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from agent.domain.evidence import EvidenceClass
from collectors.active_directory.connection import (
    EXTENDED_DN,
    ConnectionSettings,
    Control,
    Scope,
    SearchRefusedError,
    Session,
    connect,
)
from collectors.active_directory.document import RootDse, check, evidence, json_attributes
from collectors.formats.directory_snapshot import FORMAT, VERSION
from collectors.interface import CheckResult, Collector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from agent.domain.evidence import RawEvidence
    from collectors.interface import CollectionContext

_BIT_SET = "1.2.840.113556.1.4.803"
_CONTROLLERS = (
    f"(&(objectCategory=computer)(|(primaryGroupID=516)(primaryGroupID=521)"
    f"(userAccountControl:{_BIT_SET}:=8192)(userAccountControl:{_BIT_SET}:=67108864)))"
)


@dataclass(frozen=True, slots=True)
class _Query:
    """One part of the snapshot; `base` may name {domain}, {configuration} and {schema}."""

    what: str
    base: str
    filter: str
    attributes: tuple[str, ...]
    scope: str = Scope.SUBTREE
    controls: tuple[Control, ...] = ()
    may_be_empty: bool = False


_QUERIES = (
    _Query("forest", "CN=Partitions,{configuration}", "(objectClass=*)", ("msDS-Behavior-Version",), Scope.BASE),
    _Query(
        "cross_refs",
        "CN=Partitions,{configuration}",
        "(objectClass=crossRef)",
        ("nCName", "dnsRoot", "nETBIOSName", "systemFlags", "msDS-Behavior-Version"),
        Scope.LEVEL,
        (EXTENDED_DN,),
    ),
    _Query(
        "domain",
        "{domain}",
        "(objectClass=*)",
        ("objectSid", "objectGUID", "msDS-Behavior-Version", "whenCreated"),
        Scope.BASE,
    ),
    _Query("schema", "{schema}", "(objectClass=*)", ("objectVersion",), Scope.BASE),
    _Query(
        "trusts",
        "CN=System,{domain}",
        "(objectClass=trustedDomain)",
        (
            "trustPartner",
            "flatName",
            "securityIdentifier",
            "trustDirection",
            "trustType",
            "trustAttributes",
            "whenCreated",
            "whenChanged",
        ),
        Scope.LEVEL,
        may_be_empty=True,
    ),
    _Query(
        "domain_controllers",
        "{domain}",
        _CONTROLLERS,
        (
            "cn",
            "dNSHostName",
            "operatingSystem",
            "operatingSystemVersion",
            "userAccountControl",
            "primaryGroupID",
            "objectSid",
            "whenCreated",
        ),
    ),
    _Query("sites", "CN=Sites,{configuration}", "(objectClass=site)", ("cn",), Scope.LEVEL),
    _Query(
        "subnets",
        "CN=Subnets,CN=Sites,{configuration}",
        "(objectClass=subnet)",
        ("cn", "siteObject"),
        Scope.LEVEL,
        may_be_empty=True,
    ),
    _Query("servers", "CN=Sites,{configuration}", "(objectClass=server)", ("cn", "dNSHostName", "serverReference")),
    _Query(
        "server_settings", "CN=Sites,{configuration}", "(objectClass=nTDSDSA)", ("options", "msDS-Behavior-Version")
    ),
)


class LdapSettings(ConnectionSettings):
    """What the `ldap` collector needs."""


class LdapCollector(Collector[LdapSettings]):
    """Reads forest, domains, levels, trusts, controllers and sites as one document."""

    name: ClassVar[str] = "ldap"
    title: ClassVar[str] = "Annuaire Active Directory (LDAP)"
    family: ClassVar[str] = "active_directory"
    evidence_class: ClassVar[EvidenceClass] = EvidenceClass.DIRECTORY
    settings_type: ClassVar[type[LdapSettings]] = LdapSettings
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
            name=f"annuaire-{root.dns_name}.json",
            collector=self.collector_id,
            evidence_class=self.evidence_class,
            context=context,
        )

    def check(self, context: CollectionContext) -> Iterator[CheckResult]:
        yield from check(self.settings, context)


def _document(session: Session, root: RootDse, now: datetime) -> dict[str, Any]:
    """Read everything; a part that the directory refuses is named under `incomplete`, what came before it is kept."""
    bases = {"domain": root.domain, "configuration": root.configuration, "schema": root.schema}
    objects: dict[str, list[dict[str, Any]]] = {}
    incomplete: list[dict[str, str]] = []
    for query in _QUERIES:
        found = objects[query.what] = []
        base = query.base.format(**bases)
        try:
            for entry in session.search(
                base, query.filter, query.attributes, scope=query.scope, controls=query.controls
            ):
                attributes = json_attributes(entry.attributes, query.attributes)
                found.append({"dn": entry.dn, "attributes": attributes})
        except SearchRefusedError as error:
            incomplete.append({"what": query.what, "why": error.message})
        else:
            if not found and not (query.may_be_empty and _is_visible(session, base)):
                incomplete.append({"what": query.what, "why": f"Rien n'est visible sous « {base} » avec ce compte."})
        found.sort(key=lambda item: item["dn"])
    return {
        "format": FORMAT,
        "version": VERSION,
        "taken_at": now.isoformat(),
        "url": session.url,
        "root_dse": root.json(),
        "objects": objects,
        "incomplete": incomplete,
    }


def _is_visible(session: Session, dn: str) -> bool:
    """Return whether the account sees the container itself: only then does an empty one mean that there is nothing."""
    try:
        return bool(session.read(dn, ("objectClass",)))
    except SearchRefusedError:
        return False
