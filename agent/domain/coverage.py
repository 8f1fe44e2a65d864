"""Which exposed elements an exposure audit covers (DESIGN, Coverage)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
    summarize_address_range,
)
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposedElement:
    """A configured surface: its slug, its names and its addresses or CIDR ranges."""

    id: str
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What an audit looked at, split into names and networks."""

    names: frozenset[str]
    networks: tuple[Network, ...]
    discovers: bool

    @classmethod
    def of(cls, entries: Iterable[str], *, discovers: bool = False) -> Scope:
        """Read names, URLs, addresses, CIDR ranges and `a-b` ranges; anything else is a name that matches nothing."""
        names: set[str] = set()
        networks: list[Network] = []
        for entry in entries:
            found = _networks(entry)
            if found:
                networks.extend(found)
            else:
                names.add(host_of(entry))
        return cls(frozenset(names), tuple(networks), discovers)

    def holds_name(self, name: str) -> bool:
        """Return whether `name` is in scope, or below a scoped domain when the vendor discovers sub-names."""
        host = name.lower().rstrip(".")
        if host in self.names:
            return True
        return self.discovers and any(host.endswith("." + parent) for parent in self.names)

    def holds_network(self, network: Network) -> bool:
        """Return whether every address of `network` lies in one scoped range."""
        return any(_within(network, scoped) for scoped in self.networks)

    def holds(self, asset: str) -> bool:
        """Return whether a host, an address or a URL is in scope."""
        networks = _networks(host_of(asset))
        return all(map(self.holds_network, networks)) if networks else self.holds_name(host_of(asset))


def host_of(text: str) -> str:
    """Return the host of a URL, `host:port` or plain host, in lower case without a final dot."""
    value = text.strip().lower()
    if "://" in value:
        try:
            value = urlsplit(value).hostname or value
        except ValueError:
            return value
    elif value.count(":") == 1:
        value = value.partition(":")[0]
    return value.strip("[]").rstrip(".")


def covers(scope: Scope, element: ExposedElement) -> bool:
    """
    Return whether an audit of `scope` covers the whole of `element`.

    All its names, or all its addresses, must be in scope; an element that has neither is
    covered by nothing.
    """
    if element.names and all(map(scope.holds_name, element.names)):
        return True
    networks = [network for entry in element.addresses for network in _networks(entry)]
    return bool(networks) and all(map(scope.holds_network, networks))


def concerns(element: ExposedElement, asset: str) -> bool:
    """Return whether a finding on `asset` (host, address or URL) is about `element`."""
    return Scope.of([*element.names, *element.addresses]).holds(asset)


def _within(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network):
        return inner.subnet_of(outer)
    return False


def _networks(entry: str) -> tuple[Network, ...]:
    text = entry.strip()
    first, dash, last = text.partition("-")
    try:
        if not dash:
            return (ip_network(text, strict=False),)
        low = ip_address(first.strip())
        high = ip_address(last.strip() if "." in last or ":" in last else f"{first.strip().rpartition('.')[0]}.{last}")
    except ValueError:
        return ()
    if isinstance(low, IPv4Address) and isinstance(high, IPv4Address) and low <= high:
        return tuple(summarize_address_range(low, high))
    if isinstance(low, IPv6Address) and isinstance(high, IPv6Address) and low <= high:
        return tuple(summarize_address_range(low, high))
    return ()
