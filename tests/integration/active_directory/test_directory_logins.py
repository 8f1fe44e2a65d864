"""What every collector of a directory does with a refused account."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from agent.domain.errors import AuthenticationError
from agent.domain.secret import Secret
from agent.services.accounts import login_of
from agent.state.store import StateStore
from collectors.active_directory.ldap import LdapCollector
from collectors.inventory.ad_dns import AdDnsCollector

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from collectors.interface import CollectionContext, Collector

    MakeSettings = Callable[..., dict[str, Any]]

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.mark.parametrize("kind", [LdapCollector, AdDnsCollector], ids=lambda kind: kind.name)
@pytest.mark.parametrize("doctor", [True, False], ids=["doctor", "collect"])
def test_a_refused_account_is_written_down(
    kind: type[Collector[Any]], doctor: bool, settings: MakeSettings, context: CollectionContext, tmp_path: Path
) -> None:
    chosen = settings(user="CORP\\Personne", auth="ntlm", password=Secret("Faux-2042.lab"))
    collector = kind("annuaire", kind.settings_type(**chosen))
    with StateStore.open(tmp_path / "state.sqlite") as store:
        told = replace(context, login=login_of(collector, store, NOW).attempt)
        if doctor:
            assert [result.ok for result in collector.check(told)] == [False]
        else:
            with pytest.raises(AuthenticationError):
                list(collector.collect(told))

        assert [block.account for block in store.blocks()] == ["personne@corp.lab.example"]


@pytest.mark.parametrize("kind", [LdapCollector, AdDnsCollector], ids=lambda kind: kind.name)
def test_an_accepted_account_leaves_nothing_while_the_directory_is_read(
    kind: type[Collector[Any]], settings: MakeSettings, context: CollectionContext, tmp_path: Path
) -> None:
    collector = kind("annuaire", kind.settings_type(**settings()))
    with StateStore.open(tmp_path / "state.sqlite") as store:
        list(collector.collect(replace(context, login=login_of(collector, store, NOW).attempt)))

        assert store.blocks() == []
