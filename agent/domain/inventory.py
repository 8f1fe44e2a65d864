"""What the establishment shows or owns: names, addresses and ranges, and where each was learned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

from agent.domain.directory.snapshot import Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAsset:
    """
    One name, address or range.

    `name` is lower case without a final dot, or canonical address text. `source` is the
    kind of collector that saw it, `zone` the DNS zone it stands in. `static` is None when
    unknown. `public` says that the address, or one the name leads to, is reachable
    from anywhere.
    """

    kind: Literal["domain", "address", "range"]
    name: str
    zone: str | None
    source: str
    static: bool | None
    public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsRecord:
    """
    One DNS record of a node; `data` is in presentation form.

    An unknown or damaged one is `TYPE<n>` with `data` in hexadecimal. `stamped_hours`
    counts from 1601, 0 for a static record.
    """

    type: str
    data: str
    ttl_seconds: int
    stamped_hours: int

    @property
    def static(self) -> bool:
        """Return whether a person made it, rather than the machine that it names."""
        return self.stamped_hours == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsZone:
    """One AD-integrated zone: where it is kept, and how many nodes it has that are alive."""

    name: str
    partition: Literal["domain", "forest", "legacy"]
    nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsNode:
    """One name of a zone and its live records."""

    name: str
    zone: str
    records: tuple[DnsRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsInventory:
    """
    What the AD-integrated DNS tells.

    `names` and `addresses` are the assets, `nodes` all live names with their records.
    `unreadable` names exist but their content is hidden from the account; `removed` ones
    are marked as deleted. With `incomplete`, absence proves nothing.
    """

    taken_at: datetime
    url: str
    zones: tuple[DnsZone, ...]
    nodes: tuple[DnsNode, ...]
    names: tuple[NamedAsset, ...]
    addresses: tuple[NamedAsset, ...]
    unreadable: tuple[str, ...]
    removed: tuple[str, ...]
    incomplete: tuple[Gap, ...]


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return whether `address` is a unicast address of the Internet."""
    return address.is_global and not address.is_multicast
