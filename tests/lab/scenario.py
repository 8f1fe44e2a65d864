"""What a lab domain holds, declared; `tests.lab.samba` makes it so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An ordinary account; `service_names` are its servicePrincipalNames."""

    name: str
    password: str
    service_names: tuple[str, ...] = ()
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A security group; `members` are account or group names declared before it, or built in."""

    name: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site and its subnets (CIDR)."""

    name: str
    subnets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainController:
    """A domain controller that exists in the directory only; nothing answers at its name."""

    name: str
    operating_system: str
    operating_system_version: str
    site: str = "Default-First-Site-Name"
    read_only: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A trust that exists in the directory only; the three numbers are those of MS-ADTS 6.1.6.7."""

    partner: str
    netbios_name: str
    sid: str
    direction: int
    kind: int = 2
    attributes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A DNS record; `hours` is its time stamp since 1601 (0: static), `hidden` denies the reader its content."""

    name: str
    type: str
    data: str
    hours: int = 0
    hidden: bool = False
    tombstoned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """An AD-integrated DNS zone; `forest_wide` puts it in ForestDnsZones, `legacy` in the System container."""

    name: str
    records: tuple[Record, ...] = ()
    forest_wide: bool = False
    legacy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything a lab domain is seeded with."""

    users: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()
    sites: tuple[Site, ...] = ()
    domain_controllers: tuple[DomainController, ...] = ()
    trusts: tuple[Trust, ...] = ()
    zones: tuple[Zone, ...] = ()


HOSPITAL = Scenario(
    users=(
        User(name="a.martin", password="Bureau-2040.lab"),
        User(name="b.petit", password="Bureau-2040.lab"),
        User(name="ex.interne", password="Bureau-2040.lab", disabled=True),
        User(name="svc-pacs", password="Service-2040.lab", service_names=("HTTP/pacs.corp.lab.example",)),
    ),
    groups=(
        Group(name="GG-Informatique", members=("a.martin",)),
        Group(name="GG-Exploitation", members=("GG-Informatique", "b.petit")),
    ),
    sites=(
        Site(name="Hopital-Nord", subnets=("10.10.0.0/16", "10.11.0.0/16")),
        Site(name="Hopital-Sud", subnets=("10.20.0.0/16",)),
    ),
    domain_controllers=(
        DomainController(
            name="DC-VIEUX",
            operating_system="Windows Server 2008 R2 Standard",
            operating_system_version="6.1 (7601)",
            site="Hopital-Nord",
        ),
        DomainController(
            name="RODC-SUD",
            operating_system="Windows Server 2022 Standard",
            operating_system_version="10.0 (20348)",
            site="Hopital-Sud",
            read_only=True,
        ),
        DomainController(
            name="DC-ETEINT",
            operating_system="Windows Server 2012 R2 Standard",
            operating_system_version="6.3 (9600)",
            disabled=True,
        ),
    ),
    trusts=(
        Trust(
            partner="partenaire.lab.example",
            netbios_name="PARTENAIRE",
            sid="S-1-5-21-1111111111-2222222222-3333333333",
            direction=3,
            attributes=8,
        ),
        Trust(
            partner="labo.lab.example",
            netbios_name="LABO",
            sid="S-1-5-21-444444444-555555555-666666666",
            direction=2,
        ),
    ),
    zones=(
        Zone(
            name="hopital.example",
            records=(
                Record(name="www", type="A", data="52.143.10.20"),
                Record(name="www", type="AAAA", data="2a01:cb00:1:2::10"),
                Record(name="intranet", type="A", data="10.10.4.5"),
                Record(name="portail", type="CNAME", data="www.hopital.example."),
                Record(name="@", type="MX", data="10 courrier.hopital.example."),
                Record(name="@", type="TXT", data="v=spf1 mx -all"),
                Record(name="_sip._tcp", type="SRV", data="10 20 5060 sip.hopital.example."),
                Record(name="poste-17", type="A", data="10.10.7.17", hours=3_700_000),
                Record(name="ancien", type="A", data="10.10.9.9", tombstoned=True),
                Record(name="secret", type="A", data="10.10.66.6", hidden=True),
            ),
        ),
        Zone(
            name="4.10.10.in-addr.arpa",
            records=(Record(name="5", type="PTR", data="intranet.hopital.example."),),
        ),
        Zone(
            name="foret.hopital.example",
            records=(Record(name="annuaire", type="A", data="10.10.1.1"),),
            forest_wide=True,
        ),
        Zone(
            name="historique.example",
            records=(Record(name="vieux", type="A", data="10.1.1.1"),),
            legacy=True,
        ),
    ),
)
