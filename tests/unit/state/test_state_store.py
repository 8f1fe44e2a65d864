from __future__ import annotations

import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from agent.domain.errors import BusyError, StateError
from agent.domain.secret import Secret
from agent.state.store import RunOutcome, RunRecord, StateStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "state.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[StateStore]:
    with StateStore.open(path, entity="chx") as opened:
        yield opened


def run(number: int, outcome: RunOutcome = RunOutcome.DONE, *, period: str = "2026-06-01") -> RunRecord:
    return RunRecord(
        run_id=f"run-{number}",
        job="ldap",
        subject="ad1",
        period=period,
        started_at=NOW + timedelta(hours=number),
        ended_at=NOW + timedelta(hours=number, minutes=1),
        outcome=outcome,
        message="dit",
        attempt=number,
    )


def test_what_is_kept_is_there_after_a_restart(path: Path) -> None:
    with StateStore.open(path) as store:
        store.record_run(run(1))
        store.set_cursor("tenable", "42", NOW)
        agent = store.agent

    with StateStore.open(path) as store:
        assert store.history("ldap", "ad1") == [run(1)]
        assert store.cursor("tenable") == "42"
        assert store.agent == agent


def _open_at_once(path: Path, times: int = 8) -> list[tuple[str, Path | None]]:
    """Open the database `times` times at one instant; return the agents and what was set aside."""
    starting = Barrier(times)

    def start(_: int) -> tuple[str, Path | None]:
        starting.wait()
        with StateStore.open(path, wait_seconds=30) as store:
            return store.agent, store.set_aside

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(start, range(times)))


def test_first_starts_at_once_agree_on_one_agent(path: Path) -> None:
    assert len(set(_open_at_once(path))) == 1


def test_starts_at_once_on_a_damaged_database_set_aside_one(path: Path) -> None:
    with StateStore.open(path) as store:
        agent = store.agent
    path.write_bytes(b"x" * 5000)

    opened = _open_at_once(path)

    assert {found for found, _ in opened} == {agent}
    assert [aside for _, aside in opened if aside] == list(path.parent.glob("*.damaged-?"))
    assert len(list(path.parent.glob("*.damaged-?"))) == 1


@pytest.mark.parametrize("kept", [None, "", "x" * 100_000, "é\n"], ids=["absent", "empty", "long", "no-id"])
def test_agent_kept_by_the_database_is_written_beside_it_again(path: Path, kept: str | None) -> None:
    with StateStore.open(path) as store:
        agent = store.agent
    beside = path.with_name("agent-id")
    beside.unlink()
    if kept is not None:
        beside.write_text(kept, encoding="latin-1")

    with StateStore.open(path) as store:
        assert store.agent == agent
    path.unlink()
    with StateStore.open(path) as store:
        assert store.agent == agent


def test_every_row_names_its_agent_and_entity(path: Path) -> None:
    with StateStore.open(path, entity="chx") as store:
        store.record_run(run(1))
        agent = store.agent

    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    ours = [name for name in tables if not name.startswith(("_", "sqlite_"))]
    for table in ours:
        assert {"agent", "entity"} <= {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}, table
    assert connection.execute("SELECT agent, entity FROM runs").fetchall() == [(agent, "chx")]
    connection.close()


def test_one_entity_does_not_see_the_other(path: Path) -> None:
    with StateStore.open(path, entity="one") as one:
        one.record_run(run(1))
        one.block("svc@ad1", "f", NOW, "refusé", holder="a")

    with StateStore.open(path, entity="two") as two:
        assert two.history("ldap", "ad1") == []
        assert two.is_blocked("svc@ad1", "f") is None


def test_a_second_attempt_replaces_the_run_of_its_period_and_joins_the_history(store: StateStore) -> None:
    store.record_run(run(1, RunOutcome.FAILED))
    store.record_run(run(2))

    assert store.run_of("ldap", "ad1", "2026-06-01") == run(2)
    assert store.history("ldap", "ad1") == [run(2), run(1, RunOutcome.FAILED)]


def test_attempts_come_in_the_order_they_were_made_even_by_a_clock_that_ran_ahead(store: StateStore) -> None:
    ahead, back = run(24 * 365 * 4), run(2)
    store.record_run(ahead)
    store.record_run(back)

    assert store.last_success("ldap", "ad1") == back
    assert store.history("ldap", "ad1") == [back, ahead]


@pytest.mark.parametrize(
    ("outcomes", "failures"),
    [
        pytest.param([], 0, id="never-ran"),
        pytest.param([RunOutcome.FAILED, RunOutcome.FAILED], 2, id="never-succeeded"),
        pytest.param([RunOutcome.FAILED, RunOutcome.DONE], 0, id="success-forgets"),
        pytest.param([RunOutcome.DONE, RunOutcome.FAILED, RunOutcome.PARTIAL], 2, id="partial-is-no-success"),
        pytest.param([RunOutcome.FAILED, RunOutcome.SKIPPED], 1, id="skipped-says-nothing"),
    ],
)
def test_failures_are_counted_since_the_last_success(
    store: StateStore, outcomes: list[RunOutcome], failures: int
) -> None:
    for number, outcome in enumerate(outcomes, start=1):
        store.record_run(run(number, outcome))

    assert store.failures_since_success("ldap", "ad1") == failures


def test_a_clock_that_went_back_does_not_hide_a_failure(store: StateStore) -> None:
    store.record_run(run(1))
    store.record_run(replace(run(2, RunOutcome.FAILED), ended_at=NOW - timedelta(days=400)))

    assert store.failures_since_success("ldap", "ad1") == 1


def test_the_last_success_is_neither_partial_nor_failed(store: StateStore) -> None:
    for number, outcome in enumerate((RunOutcome.DONE, RunOutcome.PARTIAL, RunOutcome.FAILED), start=1):
        store.record_run(run(number, outcome, period=f"p{number}"))

    assert store.last_success("ldap", "ad1") == run(1, period="p1")


def test_a_blocked_account_stays_blocked_after_a_restart(path: Path) -> None:
    with StateStore.open(path) as store:
        fingerprint = store.fingerprint(Secret("un"))
        store.block("svc@ad1", fingerprint, NOW, "refusé", holder="a")

    with StateStore.open(path) as store:
        block = store.is_blocked("svc@ad1", store.fingerprint(Secret("un")))
        assert block is not None
        assert (block.since, block.why) == (NOW, "refusé")


def test_another_secret_is_free_and_leaves_the_refused_one_blocked(store: StateStore) -> None:
    store.block("svc@ad1", "old", NOW, "refusé", holder="a")

    assert store.is_blocked("svc@ad1", "new") is None
    assert store.is_blocked("svc@ad1", "old") is not None


def test_only_the_one_that_was_refused_lifts_the_block_by_changing_its_secret(store: StateStore) -> None:
    store.block("svc@ad1", "old", NOW, "refusé", holder="a")

    store.settle_blocks("b", "svc@ad1", "new")
    assert store.is_blocked("svc@ad1", "old") is not None

    store.settle_blocks("a", "svc@ad1", "new")
    assert store.blocks() == []


def test_a_block_does_not_outlive_the_collector_that_was_refused(store: StateStore) -> None:
    store.block("svc@ad1", "f", NOW, "refusé", holder="a")
    store.block("svc@ad2", "f", NOW, "refusé", holder="b")
    store.forget_blocks(except_of={"b", "c"})

    assert [block.account for block in store.blocks()] == ["svc@ad2"]


def test_a_login_that_never_ended_counts_as_refused_and_says_so(path: Path) -> None:
    with StateStore.open(path) as store:
        store.begin_login("svc@ad1", "f", NOW, holder="a")

    with StateStore.open(path) as store:
        block = store.is_blocked("svc@ad1", "f")
        assert block is not None
        assert "interrompue" in block.why


def test_a_login_that_ended_leaves_nothing_but_a_refusal(store: StateStore) -> None:
    store.begin_login("svc@ad1", "f", NOW, holder="a")
    store.end_login("svc@ad1", "f", holder="a")
    assert store.blocks() == []

    store.begin_login("svc@ad1", "f", NOW, holder="a")
    store.block("svc@ad1", "f", NOW, "refusé", holder="a")
    store.end_login("svc@ad1", "f", holder="a")
    assert [block.why for block in store.blocks()] == ["refusé"]


def test_an_account_refused_to_several_is_told_once(store: StateStore) -> None:
    store.block("svc@ad1", "f", NOW + timedelta(hours=1), "refusé encore", holder="b")
    store.block("svc@ad1", "f", NOW, "refusé", holder="a")

    assert [(block.since, block.why) for block in store.blocks()] == [(NOW, "refusé")]


def test_a_second_refusal_keeps_the_date_of_the_first(store: StateStore) -> None:
    store.block("svc@ad1", "f", NOW, "refusé", holder="a")
    store.block("svc@ad1", "f", NOW + timedelta(days=1), "refusé encore", holder="a")

    assert [block.since for block in store.blocks()] == [NOW]


def test_a_forced_account_is_free_again(store: StateStore) -> None:
    store.block("svc@ad1", "f", NOW, "refusé", holder="a")
    store.block("svc@ad1", "g", NOW, "refusé", holder="b")
    store.unblock("svc@ad1")

    assert store.blocks() == []


def test_a_fingerprint_gives_neither_the_secret_nor_the_same_value_elsewhere(store: StateStore, tmp_path: Path) -> None:
    here = store.fingerprint(Secret("Marqueur-7"))
    with StateStore.open(tmp_path / "other.sqlite") as other:
        there = other.fingerprint(Secret("Marqueur-7"))

    assert "Marqueur" not in here
    assert here != there
    assert here == store.fingerprint(Secret("Marqueur-7"))


def test_a_pass_cut_short_is_told_from_one_that_ended(store: StateStore) -> None:
    store.start_pass("a", NOW)
    store.finish_pass("a", NOW + timedelta(minutes=2), exit_code=4, summary="une collecte manque")
    store.start_pass("b", NOW + timedelta(minutes=15))

    last, ended = store.last_pass(), store.last_pass(finished=True)
    assert last is not None
    assert (last.run_id, last.ended_at) == ("b", None)
    assert ended is not None
    assert (ended.run_id, ended.exit_code, ended.summary) == ("a", 4, "une collecte manque")


def test_a_clock_set_back_is_told_until_it_has_caught_up(store: StateStore) -> None:
    assert store.see_clock(NOW) is None
    assert store.see_clock(NOW - timedelta(days=1)) == NOW
    assert store.see_clock(NOW - timedelta(hours=1)) == NOW
    assert store.see_clock(NOW + timedelta(seconds=1)) is None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.write_bytes(b"x" * 5000), id="not-a-database"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 40000), id="overwritten"),
    ],
)
def test_a_damaged_database_is_set_aside_and_started_anew(path: Path, damage: object) -> None:
    with StateStore.open(path) as store:
        store.record_run(run(1))
    assert callable(damage)
    damage(path)
    damaged = path.read_bytes()

    with StateStore.open(path) as store:
        assert store.set_aside == path.with_name("state.sqlite.damaged-1")
        assert store.set_aside.read_bytes() == damaged
        assert store.history("ldap", "ad1") == []
        store.record_run(run(1))


def test_damage_behind_a_sound_start_is_found_too(path: Path) -> None:
    with StateStore.open(path) as store:
        for number in range(300):
            store.set_cursor(f"collector-{number}", "x" * 200, NOW)
    content = bytearray(path.read_bytes())
    content[-6 * 4096 :] = b"\xff" * (6 * 4096)
    path.write_bytes(content)

    with StateStore.open(path) as store:
        assert store.set_aside is not None


def test_a_sound_database_is_not_set_aside(path: Path) -> None:
    StateStore.open(path).close()

    with StateStore.open(path) as store:
        assert store.set_aside is None


def test_a_database_of_a_later_version_is_left_alone(path: Path) -> None:
    StateStore.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('carenage-state', '9999_later', '')"
    )
    connection.commit()
    connection.close()

    with pytest.raises(StateError, match="plus récente"):
        StateStore.open(path)
    assert list(path.parent.glob("*.damaged*")) == []


def test_a_locked_database_is_busy_not_damaged(path: Path) -> None:
    StateStore.open(path).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(BusyError):
            StateStore.open(path, wait_seconds=0.05)
    finally:
        holder.close()


@pytest.mark.skipif(sys.platform == "win32", reason="rights are those of the folder there")
def test_the_database_is_private_to_its_owner(path: Path) -> None:
    with StateStore.open(path) as store:
        store.record_run(run(1))
        modes = {file.stat().st_mode & 0o777 for file in path.parent.iterdir()}

    assert modes == {0o600}


@pytest.mark.skipif(sys.platform == "win32", reason="rights are those of the folder there")
def test_a_database_that_others_could_read_is_closed_to_them(path: Path) -> None:
    StateStore.open(path).close()
    path.chmod(0o644)
    StateStore.open(path).close()

    assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_transaction_or_none(store: StateStore) -> None:
    class InterruptedPassError(Exception):
        pass

    def cut() -> None:
        with store._database.transaction():
            store.record_run(run(1))
            raise InterruptedPassError

    with pytest.raises(InterruptedPassError):
        cut()
    assert store.history("ldap", "ad1") == []


def test_identifier_that_cannot_be_kept_is_our_own_error(path: Path) -> None:
    path.with_name("agent-id").mkdir(parents=True)

    with pytest.raises(StateError, match="identifiant"):
        StateStore.open(path)
