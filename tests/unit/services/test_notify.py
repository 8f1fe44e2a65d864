from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from agent.alerts.texts import Names
from agent.domain.alert import Observation, Severity, clock_set_back, collection, held, observe_assessment
from agent.domain.errors import DeliveryError, DeliveryRefusedLoginError, UsageError
from agent.domain.secret import Secret
from agent.services.notify import Notifier
from agent.state.store import StateStore
from tests.fakes.assessments import assessment, entry
from tests.fakes.channel import FakeChannel
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOST = assessment(D1_O1_A=entry("not_met", reasons=("GAP_EXCEEDED",)))
SOUND = assessment(D1_O1_A=entry())
DOWN = DeliveryError("Le relais est injoignable.")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 6, 1, 8, tzinfo=UTC))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StateStore]:
    with StateStore.open(tmp_path / "state.sqlite") as opened:
        yield opened


@pytest.fixture
def mail(clock: FakeClock) -> FakeChannel:
    return FakeChannel("mail", clock)


def notifier(store: StateStore, clock: FakeClock, *channels: FakeChannel) -> Notifier:
    return Notifier(store, channels, clock, sender="CH de Test", names=Names(establishments={"E1": "CH Un"}))


def seen(*documents: dict[str, Any]) -> list[Observation]:
    return [observe_assessment(document) for document in documents]


def test_a_first_pass_sends_one_message_that_tells_everything(
    store: StateStore, clock: FakeClock, mail: FakeChannel
) -> None:
    lost = entry("not_met", reasons=("GAP_EXCEEDED",), next_due="2026-06-10")
    many = {"": lost} | {f"E{number}": lost for number in range(1, 8)}
    result = notifier(store, clock, mail).notify(seen(assessment(D1_O1_A=many, D1_O2_A=many, D1_O1_B=many)))

    assert len(result.raised) > 20
    assert len(mail.sent) == 1
    assert result.pending == 0
    told = {name for item in mail.sent[0].items for name in item.establishments}
    assert told == {"CH Un", "E2", "E3", "E4", "E5", "E6", "E7"}


def test_the_gravest_point_comes_first(store: StateStore, clock: FakeClock, mail: FakeChannel) -> None:
    notifier(store, clock, mail).notify(
        seen(assessment(D1_O1_A=entry("at_risk", reasons=("NO_AUDIT",)), D1_O2_B=entry("not_met")))
    )

    assert [item.severity for item in mail.sent[0].items] == [Severity.CRITICAL, Severity.WARNING]
    assert "D1.O2.B" in mail.sent[0].subject


def test_a_state_that_lasts_is_told_once(store: StateStore, clock: FakeClock, mail: FakeChannel) -> None:
    for _ in range(5):
        notifier(store, clock, mail).notify(seen(LOST))
        clock.advance(hours=6)

    assert len(mail.sent) == 1


def test_a_state_is_told_again_after_it_was_resolved(store: StateStore, clock: FakeClock, mail: FakeChannel) -> None:
    for document in (LOST, LOST, SOUND, SOUND, LOST):
        notifier(store, clock, mail).notify(seen(document))
        clock.advance(hours=6)

    assert [message.items[0].change.value for message in mail.sent] == ["raised", "resolved", "raised"]


def test_a_state_that_eased_and_worsens_again_is_told_again(
    store: StateStore, clock: FakeClock, mail: FakeChannel
) -> None:
    worst = assessment(D1_O1_A=entry("not_met", reasons=("GAP_EXCEEDED", "NO_AUDIT")))
    for document in (worst, LOST, worst, worst):
        notifier(store, clock, mail).notify(seen(document))
        clock.advance(hours=6)

    assert [message.items[0].change.value for message in mail.sent] == ["raised", "changed"]
    assert len(store.outbox.alerts(standing_only=True)) == 1


def test_what_another_process_told_meanwhile_is_not_told_twice(
    store: StateStore, clock: FakeClock, mail: FakeChannel
) -> None:
    (raised,) = notifier(store, clock, mail).observe(seen(LOST))

    stored = store.outbox.keep(
        raised.source, store.outbox.standing(raised.source), [raised], clock.now(), route=lambda _: ["mail"]
    )

    assert stored == []


def test_a_source_that_could_not_be_read_resolves_nothing(
    store: StateStore, clock: FakeClock, mail: FakeChannel
) -> None:
    telling = notifier(store, clock, mail)
    telling.notify(seen(LOST))
    telling.notify([])
    telling.notify([Observation(source="vault", conditions=(held(0),))])
    telling.notify(seen(LOST))

    assert len(mail.sent) == 1


def test_a_subject_no_longer_named_is_forgotten_without_a_message(
    store: StateStore, clock: FakeClock, mail: FakeChannel
) -> None:
    failing = collection("ldap", "ad1", failures=2)
    telling = notifier(store, clock, mail)
    telling.notify([Observation(source="collections", conditions=(failing,))])
    telling.notify([Observation(source="collections", conditions=())])
    telling.notify([Observation(source="collections", conditions=(failing,))])

    assert [message.items[0].change.value for message in mail.sent] == ["raised", "raised"]
    assert [stored.resolved_at is None for stored in store.outbox.alerts()] == [True, False]


def test_what_failed_is_sent_later_with_all_that_waits_once(
    store: StateStore, clock: FakeClock, mail: FakeChannel
) -> None:
    telling = notifier(store, clock, mail)
    mail.failure = DOWN
    assert telling.notify(seen(LOST)).pending == 1
    clock.advance(minutes=5)
    assert telling.notify([*seen(LOST), Observation(source="vault", conditions=(held(1),))]).pending == 2
    clock.advance(hours=2)
    assert telling.notify(seen(LOST)).pending == 2

    mail.failure = None
    clock.advance(days=1)
    assert telling.notify(seen(LOST)).pending == 0
    assert telling.notify(seen(LOST)).deliveries == ()
    assert [len(message.items) for message in mail.sent] == [2]


def test_attempts_are_spaced_more_and_more(store: StateStore, clock: FakeClock, mail: FakeChannel) -> None:
    """A pass every five minutes during five hours: tried at once, after 5 min, 35 min, 2 h 35."""
    telling = notifier(store, clock, mail)
    mail.failure = DOWN
    start = clock.now()
    tried = []
    for _ in range(12 * 5):
        before = mail.attempts
        telling.notify(seen(LOST))
        if mail.attempts > before:
            tried.append(clock.now() - start)
        clock.advance(minutes=5)

    assert tried == [timedelta(minutes=minutes) for minutes in (0, 5, 35, 155)]


def test_a_server_that_asks_to_wait_is_obeyed(store: StateStore, clock: FakeClock, mail: FakeChannel) -> None:
    telling = notifier(store, clock, mail)
    mail.failure = DeliveryError("attendez", retry_after_seconds=3600)
    telling.notify(seen(LOST))
    clock.advance(minutes=59)
    telling.notify(seen(LOST))
    assert mail.attempts == 1

    clock.advance(minutes=2)
    telling.notify(seen(LOST))
    assert mail.attempts == 2


def test_a_situation_that_moved_while_waiting_is_marked_so(
    store: StateStore, clock: FakeClock, mail: FakeChannel
) -> None:
    telling = notifier(store, clock, mail)
    mail.failure = DOWN
    telling.notify(seen(LOST))
    telling.notify(seen(SOUND))
    mail.failure = None
    clock.advance(days=1)
    telling.notify(seen(SOUND))

    assert [(item.change.value, item.outdated) for item in mail.sent[0].items] == [
        ("resolved", False),
        ("raised", True),
    ]
    assert "de nouveau atteint" in mail.sent[0].summary


def test_a_crash_before_the_sending_loses_nothing(tmp_path: Path, clock: FakeClock, mail: FakeChannel) -> None:
    with StateStore.open(tmp_path / "state.sqlite") as store:
        notifier(store, clock, mail).observe(seen(LOST))
    assert mail.sent == []

    with StateStore.open(tmp_path / "state.sqlite") as store:
        notifier(store, clock, mail).notify(seen(LOST))
    assert len(mail.sent) == 1


def test_a_crash_after_the_sending_repeats_the_same_message_once(
    store: StateStore, clock: FakeClock, mail: FakeChannel
) -> None:
    class Crash(BaseException):
        pass

    class CrashingChannel(FakeChannel):
        def send(self, message: Any) -> tuple[str, ...]:
            refused = super().send(message)
            if len(self.sent) == 1:
                raise Crash
            return refused

    crashing = CrashingChannel("mail", clock)
    with pytest.raises(Crash):
        notifier(store, clock, crashing).notify(seen(LOST))
    notifier(store, clock, crashing).notify(seen(LOST))
    notifier(store, clock, crashing).notify(seen(LOST))

    assert len({message.id for message in crashing.sent}) == 1
    assert len(crashing.sent) == 2


def test_a_channel_only_gets_what_is_grave_enough_and_its_end(store: StateStore, clock: FakeClock) -> None:
    pager = FakeChannel("pager", clock, minimum=Severity.CRITICAL)
    telling = notifier(store, clock, pager)
    telling.notify(seen(assessment(D1_O1_A=entry("at_risk", reasons=("NO_AUDIT",)), D1_O2_A=entry("not_met"))))
    telling.notify(seen(assessment(D1_O1_A=entry(), D1_O2_A=entry())))

    assert [[item.title.split()[0] for item in message.items] for message in pager.sent] == [["D1.O2.A"], ["D1.O2.A"]]


def test_after_three_failures_another_channel_is_used(store: StateStore, clock: FakeClock, mail: FakeChannel) -> None:
    pager = FakeChannel("pager", clock, minimum=Severity.CRITICAL)
    telling = notifier(store, clock, mail, pager)
    mail.failure = DOWN
    risky = seen(assessment(D1_O1_A=entry("at_risk", reasons=("NO_AUDIT",))))
    counts = []
    for pause in (0, 5, 30, 120, 60):
        clock.advance(minutes=pause)
        telling.notify(risky)
        counts.append(len(pager.sent))

    assert counts == [0, 0, 1, 1, 1]
    assert "mail" in (pager.sent[0].note or "")
    mail.failure = None
    clock.advance(days=1)
    assert telling.notify(risky).pending == 0
    assert len(mail.sent) == 1


def test_recipients_that_a_channel_cannot_reach_are_told_once_by_all_channels_then_their_return(
    store: StateStore, clock: FakeClock, mail: FakeChannel
) -> None:
    pager = FakeChannel("pager", clock)
    telling = notifier(store, clock, mail, pager)
    mail.refused = ("parti@ch-test.fr",)
    for document in (LOST, SOUND, LOST):
        assert telling.notify(seen(document)).pending == 0
    refusals = [item for message in pager.sent for item in message.items if "« mail »" in item.title]
    assert [(item.change.value, "parti@ch-test.fr" in item.body) for item in refusals] == [("raised", True)]
    assert "parti" not in refusals[0].title + refusals[0].action

    mail.refused = ()
    telling.test(["mail"])
    telling.notify([])
    assert [item.change.value for item in pager.sent[-1].items] == ["resolved"]


def test_what_waited_for_a_channel_taken_out_goes_to_the_others(
    store: StateStore, clock: FakeClock, mail: FakeChannel
) -> None:
    mail.failure = DOWN
    notifier(store, clock, mail).notify(seen(LOST))
    other = FakeChannel("other", clock)

    assert notifier(store, clock, other).notify(seen(LOST)).pending == 0
    assert len(other.sent) == 1


def test_what_stands_is_sent_to_the_first_channel_ever_configured(store: StateStore, clock: FakeClock) -> None:
    bare = notifier(store, clock)
    bare.notify(seen(LOST, assessment(D1_O1_A=entry("not_met")) | {"programme": "D1_2024"}))
    bare.notify(seen(assessment(D1_O1_A=entry()) | {"programme": "D1_2024"}))
    mail = FakeChannel("mail", clock)
    notifier(store, clock, mail).notify([])

    assert [[item.change.value for item in message.items] for message in mail.sent] == [["raised"]]


def test_a_refused_login_is_never_repeated_until_the_secret_changes(store: StateStore, clock: FakeClock) -> None:
    mail = FakeChannel("mail", clock, password=Secret("un"))
    mail.failure = DeliveryRefusedLoginError("refusé")
    telling = notifier(store, clock, mail)
    for _ in range(5):
        assert telling.notify(seen(LOST)).pending == 1
        clock.advance(days=1)
    assert mail.attempts == 1
    assert [block.account for block in store.blocks()] == ["svc@fake"]

    mail.failure, mail.password = None, Secret("deux")
    assert telling.notify(seen(LOST)).pending == 0
    assert store.blocks() == []


def test_a_test_leaves_a_blocked_account_alone_unless_forced(store: StateStore, clock: FakeClock) -> None:
    mail = FakeChannel("mail", clock, password=Secret("un"))
    mail.failure = DeliveryRefusedLoginError("refusé")
    telling = notifier(store, clock, mail)
    telling.test()
    telling.test()
    assert mail.attempts == 1

    telling.test(force=True)
    assert mail.attempts == 2


def test_a_test_tells_each_channel_apart(store: StateStore, clock: FakeClock, mail: FakeChannel) -> None:
    broken = FakeChannel("broken", clock)
    broken.failure = DOWN
    results = notifier(store, clock, mail, broken).test()

    assert [(result.channel, result.delivered) for result in results] == [("mail", True), ("broken", False)]
    assert mail.sent[0].is_test
    assert store.outbox.pending() == []


def test_testing_an_unknown_channel_names_the_known_ones(
    store: StateStore, clock: FakeClock, mail: FakeChannel
) -> None:
    with pytest.raises(UsageError) as caught:
        notifier(store, clock, mail).test(["fax"])

    assert "mail" in (caught.value.hint or "")


def test_a_clock_that_ran_ahead_does_not_hold_messages_back_for_years(
    store: StateStore, clock: FakeClock, mail: FakeChannel
) -> None:
    ahead = FakeClock(datetime(2036, 1, 1, tzinfo=UTC))
    mail.failure = DOWN
    notifier(store, ahead, mail).notify(seen(LOST))
    mail.failure = None
    back = clock_set_back(ahead.now(), clock.now())

    assert notifier(store, clock, mail).notify([Observation(source="clock", conditions=(back,))]).pending == 0
    assert len(mail.sent[0].items) == 2


def test_times_are_told_in_the_candidates_zone(store: StateStore, clock: FakeClock, mail: FakeChannel) -> None:
    Notifier(store, [mail], clock, sender="CH", zone=ZoneInfo("Europe/Paris")).notify(seen(LOST))

    assert mail.sent[0].sent_at.utcoffset() == timedelta(hours=2)
    assert mail.sent[0].items[0].raised_at.utcoffset() == timedelta(hours=2)


def test_a_channel_that_does_not_build_keeps_its_alerts_pending_and_others_stand_in(
    store: StateStore, clock: FakeClock, mail: FakeChannel
) -> None:
    pager = FakeChannel("pager", clock, minimum=Severity.CRITICAL)
    risky = seen(assessment(D1_O1_A=entry("at_risk", reasons=("NO_AUDIT",))))
    maimed = Notifier(store, [pager], clock, sender="CH", unavailable={"mail": "le secret manque"})

    result = maimed.notify(risky)
    assert [(one.channel, one.delivered) for one in result.deliveries] == [("mail", False), ("pager", True)]
    assert result.pending == 1
    assert [(one.channel, one.delivered, one.message) for one in maimed.test(["mail"])] == [
        ("mail", False, "le secret manque")
    ]

    assert notifier(store, clock, mail, pager).notify(risky).pending == 0
    assert (len(mail.sent), len(pager.sent)) == (1, 1)


def test_without_any_channel_left_nothing_is_pending_and_what_stands_waits_for_the_next_one(
    store: StateStore, clock: FakeClock, mail: FakeChannel
) -> None:
    mail.failure = DOWN
    notifier(store, clock, mail).notify(seen(LOST))
    assert notifier(store, clock).notify(seen(LOST)).pending == 0

    other = FakeChannel("other", clock)
    notifier(store, clock, other).notify(seen(LOST))
    assert len(other.sent) == 1


def test_an_alert_ends_when_a_graver_one_takes_its_place(
    store: StateStore, clock: FakeClock, mail: FakeChannel
) -> None:
    telling = notifier(store, clock, mail)
    telling.notify(seen(assessment(D1_O1_A=entry("at_risk", reasons=("NO_AUDIT",)))))
    telling.notify(seen(LOST))

    (standing,) = store.outbox.alerts(standing_only=True)
    assert standing.alert.severity is Severity.CRITICAL
    assert len(telling.overview()) == 1
    assert len(telling.overview(everything=True)) == 2
