"""A refused account is left alone by collections and by doctor, whatever happens in between."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Never

import pytest

from agent.domain.errors import (
    AccessDeniedError,
    AgentError,
    AuthenticationError,
    ExitCode,
    ProxyAuthenticationError,
    UnreachableError,
)
from agent.domain.handover import SideValues
from agent.domain.schedule import Job, Rhythm
from agent.domain.secret import Secret
from agent.services.accounts import ProxyAccount
from agent.services.collect import CollectionPorts, JobResult, Source, collect, free_account
from agent.services.examine import examine
from agent.state.store import RunOutcome, StateStore
from tests.fakes.clock import FakeClock
from tests.fakes.collector import FakeCollector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.domain.evidence import RawEvidence
    from agent.http import HttpSession
    from agent.services.receive import Received
    from collectors.interface import CheckResult, CollectionContext

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
REFUSED = AuthenticationError("La source refuse le compte.")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[StateStore]:
    with StateStore.open(path, wait_seconds=0.1) as opened:
        yield opened


@pytest.fixture
def collector() -> FakeCollector:
    return FakeCollector("one", "un")


def source(collector: FakeCollector) -> Source:
    job = Job(name="fake", subject=collector.collector_id, rhythm=Rhythm.DAILY)
    return Source(job=job, build=lambda: collector, stated=SideValues())


def no_network(base_url: str) -> HttpSession:
    raise AssertionError(base_url)


def run(collector: FakeCollector, store: StateStore, tmp_path: Path) -> JobResult:
    def receive(payloads: tuple[RawEvidence, ...], *, stated: SideValues) -> Received:
        raise AssertionError(payloads, stated)

    ports = CollectionPorts(state=store, receive=receive, http=no_network, work_dir=tmp_path)
    return collect(source(collector), ports, now=NOW)


def doctor(collector: FakeCollector, store: StateStore, tmp_path: Path) -> tuple[CheckResult, ExitCode]:
    def vault() -> Never:
        raise AgentError("sans coffre")

    results, code = examine(
        warnings=(),
        vault=vault,
        recipients=(),
        folders=(),
        sources=[source(collector)],
        state=lambda: store,
        channels=(),
        http=no_network,
        work_dir=tmp_path,
        now=NOW,
    )
    return results[-1], code


def test_a_refused_account_is_tried_once(collector: FakeCollector, store: StateStore, tmp_path: Path) -> None:
    collector.failure = REFUSED

    first, second = run(collector, store, tmp_path), run(collector, store, tmp_path)

    assert (first.outcome, second.outcome) == (RunOutcome.FAILED, RunOutcome.SKIPPED)
    assert first.refused_account == second.refused_account == "svc@fake"
    assert "La source refuse le compte" in second.message
    assert collector.attempts == 1


def test_another_collector_with_another_secret_does_not_lift_the_block(
    collector: FakeCollector, store: StateStore, tmp_path: Path
) -> None:
    collector.failure = REFUSED
    other = FakeCollector("other", "deux")

    outcomes = [run(item, store, tmp_path).outcome for item in (collector, other, collector, other, collector)]

    assert outcomes[1::2] == [RunOutcome.DONE, RunOutcome.DONE]
    assert collector.attempts == 1


def test_another_collector_with_the_same_secret_is_blocked_too(
    collector: FakeCollector, store: StateStore, tmp_path: Path
) -> None:
    collector.failure = REFUSED
    run(collector, store, tmp_path)
    same = FakeCollector("same", "un")

    assert run(same, store, tmp_path).outcome is RunOutcome.SKIPPED
    assert same.attempts == 0


def test_a_changed_secret_lifts_the_block_for_good(collector: FakeCollector, store: StateStore, tmp_path: Path) -> None:
    collector.failure = REFUSED
    run(collector, store, tmp_path)

    assert run(FakeCollector("one", "corrigé"), store, tmp_path).outcome is RunOutcome.DONE
    assert store.blocks() == []


def test_a_freed_account_is_tried_once_by_all_the_jobs_that_share_it(
    collector: FakeCollector, store: StateStore, tmp_path: Path
) -> None:
    twins = [collector, FakeCollector("twin", "un")]
    for twin in twins:
        twin.failure = REFUSED
        run(twin, store, tmp_path)
    for twin in twins:
        free_account(source(twin), store)

    assert [run(twin, store, tmp_path).outcome for twin in twins] == [RunOutcome.FAILED, RunOutcome.SKIPPED]


def test_a_process_that_dies_while_a_secret_is_judged_leaves_the_account_blocked(
    collector: FakeCollector, path: Path, tmp_path: Path
) -> None:
    collector.failure = KeyboardInterrupt()
    with StateStore.open(path) as store, pytest.raises(KeyboardInterrupt):
        run(collector, store, tmp_path)
    collector.failure = None

    with StateStore.open(path) as store:
        result = run(collector, store, tmp_path)

    assert result.outcome is RunOutcome.SKIPPED
    assert "interrompue" in result.message
    assert collector.attempts == 1


def test_a_process_that_dies_once_the_login_is_over_blocks_nothing(
    collector: FakeCollector, store: StateStore, tmp_path: Path
) -> None:
    collector.later = KeyboardInterrupt()

    with pytest.raises(KeyboardInterrupt):
        run(collector, store, tmp_path)

    assert store.blocks() == []


def test_a_refusal_that_cannot_be_written_still_blocks(
    collector: FakeCollector, store: StateStore, path: Path, tmp_path: Path
) -> None:
    class Locking(FakeCollector):
        def collect(self, context: CollectionContext) -> Iterator[RawEvidence]:
            with context.login():
                self.attempts += 1
                locker.execute("BEGIN IMMEDIATE")
                raise REFUSED
            yield from ()

    locking = Locking("one", "un")
    with closing(sqlite3.connect(path)) as locker:
        assert run(locking, store, tmp_path).outcome is RunOutcome.FAILED

    assert run(locking, store, tmp_path).outcome is RunOutcome.SKIPPED
    assert locking.attempts == 1


@pytest.mark.parametrize(
    "failure",
    [UnreachableError("en panne"), AccessDeniedError("sans droit"), ProxyAuthenticationError("le proxy refuse")],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("when", ["failure", "later"])
def test_what_is_no_refused_login_blocks_nothing(
    collector: FakeCollector, store: StateStore, tmp_path: Path, failure: AgentError, when: str
) -> None:
    setattr(collector, when, failure)

    result = run(collector, store, tmp_path)

    assert (result.outcome, result.refused_account) == (RunOutcome.FAILED, None)
    assert store.blocks() == []


def test_a_login_refused_later_on_blocks_too(collector: FakeCollector, store: StateStore, tmp_path: Path) -> None:
    collector.later = REFUSED
    run(collector, store, tmp_path)

    assert [block.why for block in store.blocks()] == ["La source refuse le compte."]


def test_doctor_leaves_a_blocked_account_alone_and_says_what_to_do(
    collector: FakeCollector, store: StateStore, tmp_path: Path
) -> None:
    collector.failure = REFUSED
    run(collector, store, tmp_path)

    line, code = doctor(collector, store, tmp_path)

    assert collector.attempts == 1
    assert (line.ok, code) == (False, ExitCode.INCOMPLETE)
    assert "svc@fake" in line.message
    assert "carenage collect one --force" in line.message


def test_what_doctor_sees_refused_no_pass_tries_again(
    collector: FakeCollector, store: StateStore, tmp_path: Path
) -> None:
    collector.failure = REFUSED
    line, _ = doctor(collector, store, tmp_path)

    assert not line.ok
    assert run(collector, store, tmp_path).outcome is RunOutcome.SKIPPED
    assert collector.attempts == 1


def test_doctor_leaves_nothing_behind_when_the_account_is_accepted(
    collector: FakeCollector, store: StateStore, tmp_path: Path
) -> None:
    line, _ = doctor(collector, store, tmp_path)

    assert line.ok
    assert store.blocks() == []


def test_a_proxy_account_stays_blocked_until_its_password_changes_or_a_person_frees_it(
    store: StateStore,
) -> None:
    clock = FakeClock(NOW)

    def proxy(password: str) -> ProxyAccount:
        return ProxyAccount(lambda: store, clock, account="svc@proxy", password=Secret(password))

    proxy("un").require_free()
    proxy("un").refused(ProxyAuthenticationError("Le proxy refuse notre compte."))
    with pytest.raises(ProxyAuthenticationError, match="svc@proxy"):
        proxy("un").require_free()
    assert [block.account for block in store.blocks()] == ["svc@proxy"]

    proxy("deux").require_free()
    assert store.blocks() == []

    proxy("deux").refused(ProxyAuthenticationError("encore"))
    proxy("deux").free()
    proxy("deux").require_free()
