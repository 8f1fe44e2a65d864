"""Which exposed elements an audit covers."""

from __future__ import annotations

import pytest

from agent.domain.coverage import ExposedElement, Scope, concerns, covers, host_of


def element(*, names: tuple[str, ...] = (), addresses: tuple[str, ...] = ()) -> ExposedElement:
    return ExposedElement(id="portal", names=names, addresses=addresses)


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        pytest.param(["www.chu.example"], True, id="name"),
        pytest.param(["WWW.CHU.example."], True, id="name-in-other-case"),
        pytest.param(["https://www.chu.example/login"], True, id="url"),
        pytest.param(["www.chu.example:443"], True, id="host-and-port"),
        pytest.param(["198.51.100.7"], True, id="address"),
        pytest.param(["198.51.100.0/28"], True, id="range"),
        pytest.param(["198.51.100.1-198.51.100.9"], True, id="first-to-last"),
        pytest.param(["198.51.100.1-9"], True, id="short-first-to-last"),
        pytest.param(["chu.example"], False, id="parent-domain"),
        pytest.param(["198.51.100.8/29"], False, id="neighbour-range"),
        pytest.param(["2001:db8::/32"], False, id="other-family"),
        pytest.param([], False, id="unknown-scope"),
        pytest.param(["not/a/network", "9-x", "::1-10.0.0.1"], False, id="nonsense"),
    ],
)
def test_an_element_is_covered_by_its_name_or_its_address(scope: list[str], covered: bool) -> None:
    portal = element(names=("www.chu.example",), addresses=("198.51.100.7",))

    assert covers(Scope.of(scope), portal) is covered


def test_a_scoped_domain_covers_its_sub_names_only_where_the_vendor_discovers_them() -> None:
    portal = element(names=("www.chu.example",))

    assert not covers(Scope.of(["chu.example"]), portal)
    assert covers(Scope.of(["chu.example"], discovers=True), portal)


def test_every_name_of_an_element_must_be_in_scope() -> None:
    both = element(names=("www.chu.example", "vpn.chu.example"))

    assert not covers(Scope.of(["www.chu.example"]), both)
    assert covers(Scope.of(["www.chu.example", "vpn.chu.example"]), both)


def test_a_range_is_covered_only_whole() -> None:
    whole = element(addresses=("198.51.100.0/28",))

    assert not covers(Scope.of(["198.51.100.0/29"]), whole)
    assert covers(Scope.of(["198.51.100.0/24"]), whole)


def test_an_element_without_name_nor_address_is_covered_by_nothing() -> None:
    assert not covers(Scope.of(["www.chu.example", "0.0.0.0/0"]), element())


def test_an_ipv6_range_in_scope_covers_its_addresses() -> None:
    assert covers(Scope.of(["2001:db8::1-2001:db8::f"]), element(addresses=("2001:db8::3",)))


@pytest.mark.parametrize(
    ("asset", "concerned"),
    [
        pytest.param("https://www.chu.example/x", True, id="url-of-its-name"),
        pytest.param("198.51.100.7", True, id="its-address"),
        pytest.param("198.51.100.8", False, id="another-address"),
    ],
)
def test_a_finding_concerns_the_element_it_stands_on(asset: str, concerned: bool) -> None:
    portal = element(names=("www.chu.example",), addresses=("198.51.100.7",))

    assert concerns(portal, asset) is concerned


def test_a_url_that_does_not_parse_is_kept_as_a_name() -> None:
    assert host_of("http://[broken") == "http://[broken"
