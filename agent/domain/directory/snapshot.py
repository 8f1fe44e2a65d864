"""One directory as it stood at one instant: its forest, domains, trusts, controllers and sites."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntFlag, StrEnum


class TrustDirection(StrEnum):
    """Who trusts whom, seen from the domain that holds the trust (MS-ADTS 6.1.6.7.12)."""

    DISABLED = "disabled"
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    BIDIRECTIONAL = "bidirectional"
    UNKNOWN = "unknown"


class TrustKind(StrEnum):
    """What stands on the other side (MS-ADTS 6.1.6.7.15)."""

    WINDOWS_NT = "windows_nt"
    ACTIVE_DIRECTORY = "active_directory"
    KERBEROS = "kerberos"
    DCE = "dce"
    ENTRA = "entra"
    UNKNOWN = "unknown"


class TrustAttribute(IntFlag):
    """How far the trust goes (MS-ADTS 6.1.6.7.9); bits without a name are kept."""

    NON_TRANSITIVE = 0x1
    UPLEVEL_ONLY = 0x2
    QUARANTINED_DOMAIN = 0x4
    FOREST_TRANSITIVE = 0x8
    CROSS_ORGANIZATION = 0x10
    WITHIN_FOREST = 0x20
    TREAT_AS_EXTERNAL = 0x40
    USES_RC4_ENCRYPTION = 0x80
    NO_TGT_DELEGATION = 0x200
    PIM_TRUST = 0x400
    ENABLE_TGT_DELEGATION = 0x800


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """The forest; `guid` is that of its root domain. Levels and version are None when they could not be read."""

    root_domain: str
    guid: str | None
    functional_level: int | None
    schema_version: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A domain of the forest; `is_source` marks the one whose controller answered."""

    dns_name: str
    netbios_name: str | None
    sid: str | None
    guid: str | None
    functional_level: int | None
    is_source: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A trust that `domain` holds towards `partner`."""

    domain: str
    partner: str
    netbios_name: str | None
    sid: str | None
    direction: TrustDirection
    kind: TrustKind
    attributes: TrustAttribute


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainController:
    """
    A domain controller as its directory describes it.

    Of another domain than the source's, only the name and the site are known: the rest is None.
    """

    name: str
    dns_name: str | None
    domain: str
    operating_system: str | None
    operating_system_version: str | None
    read_only: bool | None
    global_catalog: bool | None
    site: str | None
    enabled: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An Active Directory site and its subnets (CIDR text)."""

    name: str
    subnets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A part (`what`) that was not read in full; `why` is French."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySnapshot:
    """What one reading of a directory gave; with `incomplete`, absence proves nothing."""

    taken_at: datetime
    url: str
    forest: Forest
    domains: tuple[Domain, ...]
    trusts: tuple[Trust, ...]
    domain_controllers: tuple[DomainController, ...]
    sites: tuple[Site, ...]
    incomplete: tuple[Gap, ...]

    def __post_init__(self) -> None:
        if self.taken_at.tzinfo is None:
            raise ValueError("taken_at must be timezone-aware")

    @property
    def source_domain(self) -> Domain | None:
        """Return the domain whose controller answered."""
        return next((domain for domain in self.domains if domain.is_source), None)
