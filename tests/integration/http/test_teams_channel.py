"""Alerts to a Teams Workflows webhook: a real HTTPS server that checks what Teams would check."""

from __future__ import annotations

import json
import logging
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from agent.alerts.channels.teams import BUDGET_BYTES, TeamsChannel, TeamsSettings, compose_card
from agent.alerts.interface import ChannelContext, OutgoingItem, OutgoingMessage
from agent.domain.alert import (
    Change,
    Observation,
    Severity,
    awaiting_decision,
    collection,
    configuration,
    integrity,
    observe_assessment,
    refused_login,
    state_started_anew,
)
from agent.domain.errors import ConfigurationError, DeliveryError
from agent.domain.secret import Secret
from agent.services.notify import Notifier
from agent.state.store import StateStore
from tests.fakes.assessments import assessment, entry
from tests.fakes.clock import FakeClock
from tests.lab.teams import TeamsWebhook, problem_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.authority import ServerFiles

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
MARKER = "Marqueur-Signature-5"
LOST = observe_assessment(assessment(D1_O1_A=entry("not_met", reasons=("GAP_EXCEEDED",), next_due="2026-06-10")))


@pytest.fixture
def webhook(tmp_path: Path, server_files: ServerFiles) -> Iterator[TeamsWebhook]:
    with TeamsWebhook(tmp_path / "cards", files=server_files) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StateStore]:
    with StateStore.open(tmp_path / "state.sqlite") as opened:
        yield opened


def channel(webhook: TeamsWebhook, ca_file: Path, clock: FakeClock, **settings: Any) -> TeamsChannel:
    given = {"url": Secret(webhook.url), "allowed_hosts": ("127.0.0.1",), "ca_file": ca_file, "timeout_seconds": 5}
    return TeamsChannel("équipe", TeamsSettings.model_validate({**given, **settings}), ChannelContext(clock=clock))


def notifier(store: StateStore, clock: FakeClock, sending: TeamsChannel) -> Notifier:
    return Notifier(store, [sending], clock, sender="CH de l'Étang")


def texts_of(card: dict[str, Any]) -> list[str]:
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            found.extend(text for key, text in value.items() if key == "text")
            for child in value.values():
                walk(child)
        elif isinstance(value, list):
            for child in value:
                walk(child)

    walk(card)
    return found


def message(count: int, **changed: Any) -> OutgoingMessage:
    item: dict[str, Any] = {
        "severity": Severity.WARNING,
        "change": Change.RAISED,
        "title": "objectif à risque",
        "body": "",
        "action": "carenage status",
        "establishments": ("CH Un",),
        "due_on": date(2026, 6, 10),
        "raised_at": NOW,
    } | changed
    return OutgoingMessage(
        id="0" * 32,
        subject="[Carénage] Essai",
        summary="Résumé.",
        items=tuple(OutgoingItem(**(item | {"title": f"{item['title']} {number}"})) for number in range(count)),
        sent_at=NOW,
        sender="CH",
    )


def test_a_card_says_what_is_at_stake_the_last_safe_day_and_what_to_do(
    store: StateStore, webhook: TeamsWebhook, ca_file: Path, clock: FakeClock
) -> None:
    result = notifier(store, clock, channel(webhook, ca_file, clock)).notify([LOST])

    assert result.pending == 0
    (card,) = webhook.cards
    shown = texts_of(card)
    assert "Critique – D1.O1.A : objectif non atteint" in shown
    assert "Dernier jour sûr : 10 juin 2026" in shown
    assert "À faire : carenage status" in shown


def test_a_webhook_that_fails_then_answers_gets_everything_once(
    store: StateStore, webhook: TeamsWebhook, ca_file: Path, clock: FakeClock
) -> None:
    telling = notifier(store, clock, channel(webhook, ca_file, clock))
    webhook.fail(3, status=500)
    login = Observation(source="accounts", conditions=(refused_login("svc@ad1", since=NOW),))
    pending = []
    for minutes in (5, 30, 120):
        pending.append(telling.notify([LOST, login]).pending)
        clock.advance(minutes=minutes)
    pending.append(telling.notify([LOST, login]).pending)
    telling.notify([LOST, login])

    assert pending == [3, 3, 3, 0]
    assert len(webhook.cards) == 1


def test_a_webhook_that_throttles_is_left_alone_as_long_as_it_asks(
    store: StateStore, webhook: TeamsWebhook, ca_file: Path, clock: FakeClock
) -> None:
    telling = notifier(store, clock, channel(webhook, ca_file, clock))
    webhook.fail(1, status=429, retry_after=3600)
    assert telling.notify([LOST]).pending == 2
    clock.advance(minutes=30)
    telling.notify([LOST])
    assert webhook.requests == 1

    clock.advance(minutes=31)
    assert telling.notify([LOST]).pending == 0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 500, 502])
def test_a_refusal_stays_ours_and_never_shows_the_signature(
    webhook: TeamsWebhook, ca_file: Path, clock: FakeClock, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    webhook.fail(9, status=status)
    with pytest.raises(DeliveryError) as caught:
        channel(webhook, ca_file, clock).send(message(1))

    current: BaseException | None = caught.value
    while current is not None:
        assert MARKER not in f"{current!r} {vars(current)}"
        current = current.__cause__ or current.__context__
    assert MARKER not in caplog.text


def test_the_signature_is_nowhere_in_what_the_agent_keeps(
    store: StateStore, tmp_path: Path, webhook: TeamsWebhook, ca_file: Path, clock: FakeClock
) -> None:
    sending = channel(webhook, ca_file, clock)
    webhook.fail(1, status=403)
    result = notifier(store, clock, sending).notify([LOST])
    store.close()

    assert MARKER not in repr((result, sending.settings, vars(sending)))
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or MARKER.encode() not in file.read_bytes(), file


def test_an_untrusted_webhook_gets_nothing(webhook: TeamsWebhook, clock: FakeClock, tmp_path: Path) -> None:
    from tests.lab.authority import Authority

    with pytest.raises(DeliveryError, match="digne de confiance"):
        channel(webhook, Authority(tmp_path / "stranger").ca_file, clock).send(message(1))
    assert webhook.requests == 0


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        pytest.param("https://prod-1.westeurope.logic.azure.com:443/workflows/x?sig=y", True, id="logic-apps"),
        pytest.param("https://abc.12.environment.api.powerplatform.com/x?sig=y", True, id="power-platform"),
        pytest.param("http://prod-1.westeurope.logic.azure.com/x?sig=y", False, id="clear"),
        pytest.param("https://evil.example/x?sig=y", False, id="elsewhere"),
        pytest.param("https://evillogic.azure.com/x?sig=y", False, id="look-alike"),
        pytest.param("https://logic.azure.com.evil.example/x?sig=y", False, id="prefix"),
        pytest.param("https://ch.webhook.office.com/webhookb2/x", False, id="retired-connector"),
        pytest.param("sig=y", False, id="no-address"),
        pytest.param("https://[logic.azure.com/sig=y", False, id="malformed"),
    ],
)
def test_only_known_hosts_are_spoken_to(url: str, allowed: bool, clock: FakeClock) -> None:
    settings, context = TeamsSettings(url=Secret(url)), ChannelContext(clock=clock)
    if allowed:
        assert TeamsChannel("équipe", settings, context).settings is settings
        return
    with pytest.raises(ConfigurationError) as caught:
        TeamsChannel("équipe", settings, context)
    assert "sig=y" not in f"{caught.value} {caught.value.hint}"


def test_an_address_given_in_clear_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueError) as caught:
        TeamsSettings.model_validate({"url": f"https://a.logic.azure.com/x?sig={MARKER}"})

    assert MARKER not in str(caught.value)


def test_a_card_names_no_account_host_finding_or_file(
    store: StateStore, webhook: TeamsWebhook, ca_file: Path, clock: FakeClock
) -> None:
    secrets = ["svc-marqueur@ad1", "srv-marqueur.ch.fr", "depot-marqueur", "rapport-marqueur.pdf", "base-marqueur"]
    conditions = (
        refused_login(secrets[0], since=NOW, why=f"refusé par {secrets[1]}"),
        collection("ldap", "ad1", failures=2, message=f"{secrets[1]} est injoignable"),
        integrity([secrets[2]]),
        awaiting_decision([secrets[3]]),
        configuration([secrets[1]]),
        state_started_anew(secrets[4]),
    )
    notifier(store, clock, channel(webhook, ca_file, clock)).notify([Observation(source="all", conditions=conditions)])

    shown = json.dumps(webhook.cards, ensure_ascii=False)
    assert "Un compte est refusé" in shown
    assert [marker for marker in secrets if marker in shown] == []


@pytest.mark.parametrize("count", [1, 40, 400, 3000])
def test_a_card_stays_within_its_budget_and_counts_what_it_leaves_out(count: int) -> None:
    content = compose_card(message(count))
    shown = texts_of(json.loads(content))
    told = sum("objectif à risque" in text for text in shown)

    assert len(content) <= BUDGET_BYTES
    assert problem_of(content, "application/json") is None
    assert told >= min(count, 20)
    assert (told == count) or f"… et {count - told} autres : carenage alerts list" in shown


def test_one_enormous_point_still_fits() -> None:
    names = tuple(f"Établissement {'é' * 100} {number}" for number in range(300))
    content = compose_card(message(1, establishments=names, title="t" * 5000))

    assert len(content) <= BUDGET_BYTES
    assert any(text.endswith(" et 290 de plus") or "et 1 autre" in text for text in texts_of(json.loads(content)))


def test_values_are_not_read_as_markdown(webhook: TeamsWebhook, ca_file: Path, clock: FakeClock) -> None:
    channel(webhook, ca_file, clock).send(message(1, establishments=("[CH](https://evil.example) **x**\u202e\n# y",)))

    def kinds(value: Any) -> set[str]:
        if isinstance(value, dict):
            return {str(value.get("type", ""))} | {kind for child in value.values() for kind in kinds(child)}
        return {kind for child in value for kind in kinds(child)} if isinstance(value, list) else set()

    assert "TextBlock" not in kinds(webhook.cards[0])
    assert "\u202e" not in "".join(texts_of(webhook.cards[0]))


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        pytest.param(b"{", "application/json", id="cut"),
        pytest.param(compose_card(message(1)), "text/plain", id="not-json"),
        pytest.param(compose_card(message(1)).replace(b'"1.4"', b'"1.6"'), "application/json", id="too-new"),
        pytest.param(compose_card(message(1)).replace(b'"message"', b'"other"'), "application/json", id="no-message"),
        pytest.param(compose_card(message(1)) + b" " * 28_000, "application/json", id="too-large"),
    ],
)
def test_the_double_refuses_what_teams_would(content: bytes, media_type: str) -> None:
    assert problem_of(content, media_type) is not None
