from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from agent.domain.directory.snapshot import Gap, Site, TrustAttribute, TrustDirection, TrustKind
from agent.domain.errors import AuthenticationError
from agent.domain.evidence import EvidenceClass
from agent.domain.secret import Secret
from collectors.active_directory.ldap import LdapCollector
from collectors.formats import directory_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.domain.directory.snapshot import DirectorySnapshot
    from agent.domain.evidence import RawEvidence
    from collectors.interface import CollectionContext
    from tests.lab.samba import SambaDomain

    MakeSettings = Callable[..., dict[str, Any]]


def collector(settings: dict[str, Any]) -> LdapCollector:
    return LdapCollector("annuaire", LdapCollector.settings_type(**settings))


def one(made: LdapCollector, context: CollectionContext) -> RawEvidence:
    (evidence,) = made.collect(context)
    assert not isinstance(evidence, tuple)
    return evidence


@pytest.fixture
def snapshot(settings: MakeSettings, context: CollectionContext) -> DirectorySnapshot:
    return directory_snapshot.read(one(collector(settings()), context).open().read())


def test_evidence_names_the_directory_and_the_day(settings: MakeSettings, context: CollectionContext) -> None:
    evidence = one(collector(settings()), context)

    assert evidence.evidence_class is EvidenceClass.DIRECTORY
    assert evidence.facts_on == context.now.date()
    assert (evidence.collector, evidence.subject) == ("annuaire", "principal")


def test_the_day_is_the_hospitals_own(settings: MakeSettings, context: CollectionContext) -> None:
    late = replace(context, now=datetime(2026, 6, 1, 22, 30, tzinfo=UTC), zone=ZoneInfo("Europe/Paris"))

    assert str(one(collector(settings()), late).facts_on) == "2026-06-02"


def test_what_was_read_is_recognised(settings: MakeSettings, context: CollectionContext) -> None:
    evidence = one(collector(settings()), context)

    assert directory_snapshot.sniff(evidence.open().read(1024))


def test_two_readings_of_the_same_directory_give_the_same_bytes(
    settings: MakeSettings, context: CollectionContext
) -> None:
    first, second = (one(collector(settings()), context).open().read() for _ in range(2))

    assert first == second


def test_forest_and_domain_are_identified(snapshot: DirectorySnapshot, domain: SambaDomain) -> None:
    (found,) = snapshot.domains

    assert snapshot.forest.root_domain == "corp.lab.example"
    assert (snapshot.forest.functional_level, snapshot.forest.schema_version) == (4, 69)
    assert (found.dns_name, found.netbios_name, found.functional_level) == ("corp.lab.example", "CORP", 4)
    assert snapshot.forest.guid == found.guid == domain.attribute_of(domain.base_dn, "objectGUID")
    assert found.sid == domain.attribute_of(domain.base_dn, "objectSid")


def test_trusts_say_who_trusts_whom(snapshot: DirectorySnapshot) -> None:
    found = {trust.partner: trust for trust in snapshot.trusts}

    assert found["partenaire.lab.example"].direction is TrustDirection.BIDIRECTIONAL
    assert found["partenaire.lab.example"].attributes is TrustAttribute.FOREST_TRANSITIVE
    assert found["partenaire.lab.example"].kind is TrustKind.ACTIVE_DIRECTORY
    assert found["labo.lab.example"].direction is TrustDirection.OUTBOUND
    assert found["labo.lab.example"].sid == "S-1-5-21-444444444-555555555-666666666"


def test_every_domain_controller_is_listed_with_its_system(snapshot: DirectorySnapshot) -> None:
    found = {
        one.name: (one.operating_system_version, one.read_only, one.enabled, one.site)
        for one in snapshot.domain_controllers
    }

    assert found == {
        "DC1": ("4.17.12-Debian", False, True, "Default-First-Site-Name"),
        "DC-VIEUX": ("6.1 (7601)", False, True, "Hopital-Nord"),
        "RODC-SUD": ("10.0 (20348)", True, True, "Hopital-Sud"),
        "DC-ETEINT": ("6.3 (9600)", False, False, "Default-First-Site-Name"),
    }


def test_sites_carry_their_subnets(snapshot: DirectorySnapshot) -> None:
    assert Site(name="Hopital-Nord", subnets=("10.10.0.0/16", "10.11.0.0/16")) in snapshot.sites
    assert snapshot.incomplete == ()


def test_a_container_that_the_account_may_not_see_is_said_and_the_rest_is_read(
    settings: MakeSettings, context: CollectionContext, domain: SambaDomain
) -> None:
    """Hidden trusts look exactly like no trusts: only the container tells."""
    account = "svc-pacs"
    domain.deny(f"CN=System,{domain.base_dn}", account, "RPLCLO")
    chosen = settings(user=f"{account}@{domain.domain}", password=Secret("Service-2040.lab"))

    read = directory_snapshot.read(one(collector(chosen), context).open().read())

    assert [gap.what for gap in read.incomplete] == ["trusts"]
    assert isinstance(read.incomplete[0], Gap)
    assert len(read.domain_controllers) == 4


def test_doctor_tells_a_good_connection_from_a_refused_one(settings: MakeSettings, context: CollectionContext) -> None:
    (good,) = collector(settings()).check(context)
    (bad,) = collector(settings(password=Secret("Faux-2040.lab"))).check(context)

    assert good.ok
    assert not bad.ok
    assert "faux" in bad.message


def test_no_secret_stands_in_an_error(settings: MakeSettings, context: CollectionContext) -> None:
    with pytest.raises(AuthenticationError) as caught:
        one(collector(settings(password=Secret("Marqueur-9137"))), context)

    assert "Marqueur-9137" not in f"{caught.value!r} {caught.value.hint} {caught.value.__cause__!r}"
