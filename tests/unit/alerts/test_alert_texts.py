from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.alerts import registry, texts
from agent.alerts.channels.file import FileChannel, FileSettings
from agent.alerts.interface import Channel, ChannelContext, ChannelSettings, OutgoingMessage
from agent.alerts.mail import compose_mail
from agent.alerts.rendering import as_html, as_text
from agent.domain.alert import (
    Alert,
    AlertKind,
    Change,
    Condition,
    Severity,
    Standing,
    awaiting_decision,
    changes,
    clock_set_back,
    collection,
    configuration,
    held,
    integrity,
    refused_login,
    refused_recipients,
    standing,
    state_started_anew,
    transitions,
)
from agent.domain.errors import ConfigurationError, DeliveryError
from agent.texts import words
from tests.fakes.assessments import assessment, entry
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
NAMES = texts.Names(establishments={"E1": "CH de l'Étang"}, objectives={"D1.O1.A": "auditer les annuaires"})
HOSTILE = '<script>alert("x")</script>\r\nBcc: x@y.fr\u202e'


def alerts_of(before: Iterable[Condition], after: Iterable[Condition]) -> list[Alert]:
    return [texts.compose(found, source="s", names=NAMES) for found in changes(standing(before), after)]


def alerts_between(before: dict[str, Any] | None, after: dict[str, Any]) -> list[Alert]:
    return [texts.compose(found, source="s", names=NAMES) for found in transitions(before, after)]


def digest(*alerts: Alert, note: str | None = None, sender: str = "GHT Test") -> OutgoingMessage:
    entries = [texts.Entry(alert=alert, raised_at=NOW, outdated=False) for alert in alerts]
    return texts.digest(entries, sender=sender, sent_at=NOW, names=NAMES, note=note)


TROUBLES = [
    pytest.param(
        collection("ldap", "ad1", failures=2, message="Injoignable."), "carenage collect ldap", id="collection"
    ),
    pytest.param(refused_login("svc@ad1", since=NOW), "--force", id="login"),
    pytest.param(integrity(["dépôt 3 absent"]), "carenage vault verify", id="integrity"),
    pytest.param(configuration(["candidate.type : absent"]), "carenage config check", id="configuration"),
    pytest.param(held(2), "carenage vault verify", id="held"),
    pytest.param(awaiting_decision(["00000003-abc"]), "carenage inbox confirm", id="awaiting"),
    pytest.param(clock_set_back(NOW + timedelta(days=1), NOW), "NTP", id="clock"),
    pytest.param(refused_recipients("mail", ["x@ch.fr"]), "carenage alerts test mail", id="channel"),
    pytest.param(state_started_anew("state.sqlite.damaged-1"), "carenage vault verify", id="state"),
]


@pytest.mark.parametrize(("condition", "command"), TROUBLES)
def test_each_trouble_is_told_with_what_to_do(condition: Condition, command: str) -> None:
    (alert,) = alerts_of([], [condition])

    assert alert.title
    assert alert.body
    assert command in alert.action
    assert not re.search(r"[a-z]_[a-z]|None|\{|  ", f"{alert.title} {alert.body} {alert.action}")


@pytest.mark.parametrize(
    ("wrong", "well"),
    [
        pytest.param(collection("ldap", "", failures=3), collection("ldap", "", failures=0), id="collection"),
        pytest.param(integrity(["x"]), integrity([]), id="integrity"),
        pytest.param(configuration(["x"]), configuration([]), id="configuration"),
        pytest.param(held(1), held(0), id="held"),
        pytest.param(awaiting_decision(["x"]), awaiting_decision([]), id="awaiting"),
        pytest.param(refused_recipients("mail", ["x"]), refused_recipients("mail", []), id="channel"),
        pytest.param(clock_set_back(NOW, NOW), clock_set_back(None, NOW), id="clock"),
    ],
)
def test_the_end_of_each_trouble_is_told_without_alarm(wrong: Condition, well: Condition) -> None:
    (alert,) = alerts_of([wrong], [well])

    assert (alert.severity, alert.change, alert.due_on) == (Severity.INFO, Change.RESOLVED, None)
    assert alert.title != alerts_of([], [wrong])[0].title


@pytest.mark.parametrize("verdict", ["met", "not_applicable"])
def test_the_end_of_a_default_says_what_came_instead(verdict: str) -> None:
    (alert,) = alerts_between(assessment(D1_O1_A=entry("not_met")), assessment(D1_O1_A=entry(verdict)))

    assert alert.title.startswith("D1.O1.A (auditer les annuaires) : ")


def test_a_default_reduced_to_a_near_date_is_not_called_met() -> None:
    alerts = alerts_between(
        assessment(D1_O1_A=entry("not_met")),
        assessment(D1_O1_A=entry("at_risk", reasons=("DUE_SOON",), next_due="2026-06-05")),
    )

    assert not any("atteint" in alert.title for alert in alerts)
    assert any("5 juin 2026" in alert.title for alert in alerts)


@pytest.mark.parametrize(
    "code",
    [
        "NO_AUDIT", "FIRST_AUDIT_LATE", "GAP_EXCEEDED", "OPEN_GAP_EXCEEDED", "MEAN_EXCEEDED", "INTERVAL_OVER_2_MONTHS",
        "DUE_SOON", "OVERDUE", "REPORT_DOWNLOAD_SOON", "REPORT_NOT_DOWNLOADED", "REPORT_LOST", "NOT_ENOUGH_AUDITS",
        "SCORE_BELOW_2", "CRITICAL_IN_LAST", "CRITICAL_IN_PENULTIMATE", "HIGH_NOT_FIXED", "LAST_AUDIT_TOO_OLD",
        "SILENE_IN_LAST_TWO", "SHARE_BELOW_THRESHOLD", "TOO_FEW_ESTABLISHMENTS", "SUPPORT_NOT_MET", "NEEDS_DECISION",
        "DECLARATION_TOO_LATE", "PHASE_START_TOO_EARLY", "PHASE_START_TOO_LATE",
    ],
)  # fmt: skip
def test_every_reason_of_the_contract_has_a_french_sentence(code: str) -> None:
    assert code not in words.reason(code)


@pytest.mark.parametrize(
    ("due_on", "expected"),
    [
        pytest.param("2026-06-01", "(aujourd'hui)", id="today"),
        pytest.param("2026-06-02", "(demain)", id="tomorrow"),
        pytest.param("2026-06-08", "(dans 7 jours)", id="a-week"),
        pytest.param("2026-05-31", "dépassée depuis le 31 mai 2026", id="overdue"),
    ],
)
def test_a_due_date_is_said_as_people_say_it(due_on: str, expected: str) -> None:
    (alert,) = alerts_between(None, assessment("2026-06-01", D1_O1_A=entry(next_due=due_on)))

    assert expected in alert.title


def test_a_contested_result_names_who_settles_it() -> None:
    (alert,) = alerts_between(
        None, assessment(D1_O1_A=entry("at_risk", reasons=("MEAN_EXCEEDED",), contested=("mean_mode",)))
    )

    assert "bords de la phase dans l'intervalle moyen" in alert.body
    assert "ARS" in alert.body


def test_the_first_sentence_says_the_gravest_point_and_the_last_safe_day() -> None:
    lost = entry("not_met", reasons=("GAP_EXCEEDED",))
    message = digest(
        *alerts_between(
            None,
            assessment(D1_O1_A={"": lost, "E1": lost, "E2": entry()}, D1_O2_A=entry(next_due="2026-06-10")),
        )
    )

    assert message.summary.startswith("2 points critiques, 1 point à surveiller. En premier : D1.O1.A")
    assert message.summary.endswith("Dernier jour sûr : 10 juin 2026.")


def test_one_point_about_several_establishments_is_one_item() -> None:
    lost = entry("not_met", reasons=("GAP_EXCEEDED",))
    message = digest(
        *alerts_between(None, assessment(D1_O1_A={"": entry("at_risk"), "E1": lost, "E2": lost, "E3": lost}))
    )

    assert [item.establishments for item in message.items] == [("CH de l'Étang", "E2", "E3"), ()]


def test_the_same_content_has_the_same_identifier() -> None:
    (first,) = alerts_of([], [held(1)])
    (other,) = alerts_of([], [integrity(["x"])])

    assert digest(first, other).id == digest(other, first).id
    assert digest(first).id != digest(other).id


def test_hostile_values_stay_text_in_every_form() -> None:
    alerts = alerts_of([], [collection("ldap", HOSTILE, failures=2, message=HOSTILE)])
    message = digest(*alerts, sender=HOSTILE, note=HOSTILE)
    mail = compose_mail(message, channel_id=HOSTILE, sender="a@b.fr", recipients=["c@d.fr"])

    assert "<script>" not in as_html(message)
    assert "&lt;script&gt;" in as_html(message)
    assert mail["Bcc"] is None
    assert "\n" not in mail["Subject"]
    assert mail["Message-ID"].count("\n") == 0


def test_a_text_mail_is_not_escaped() -> None:
    assert "l'intégrité" in as_text(digest(*alerts_of([], [integrity(["l'intégrité"])])))


def test_a_critical_mail_is_marked_important() -> None:
    critical = compose_mail(digest(*alerts_of([], [held(1)])), channel_id="m", sender="a@b.fr", recipients=["c@d.fr"])
    mild = compose_mail(
        digest(*alerts_of([held(1)], [held(0)])), channel_id="m", sender="a@b.fr", recipients=["c@d.fr"]
    )

    assert critical["Importance"] == "high"
    assert mild["Importance"] is None


@pytest.mark.parametrize(
    ("value", "expected"), [(date(2026, 8, 1), "1er août 2026"), (date(2026, 12, 31), "31 décembre 2026")]
)
def test_dates_are_french(value: date, expected: str) -> None:
    assert words.day(value) == expected


@pytest.mark.parametrize("kind", registry.kinds())
def test_each_channel_module_holds_the_channel_of_its_name(kind: str) -> None:
    channel = registry.load(kind)

    assert channel.name == kind
    assert issubclass(channel, Channel)
    assert issubclass(channel.settings_type, ChannelSettings)
    assert channel.title
    assert all(field.description for field in channel.settings_type.model_fields.values())


def test_an_unknown_channel_names_those_that_exist() -> None:
    with pytest.raises(ConfigurationError) as caught:
        registry.load("fax")

    assert "smtp" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["../smtp", "__init__", "smtp.py", ""])
def test_a_name_that_is_no_module_is_not_imported(name: str) -> None:
    with pytest.raises(ConfigurationError):
        registry.load(name)


def file_channel(folder: Path, **settings: Any) -> FileChannel:
    return FileChannel(
        "demo",
        FileSettings.model_validate({"directory": folder, **settings}),
        ChannelContext(clock=FakeClock(NOW)),
    )


@pytest.mark.parametrize("kind", ["eml", "json"])
def test_a_message_is_written_whole_and_a_repeat_replaces_it(tmp_path: Path, kind: str) -> None:
    channel = file_channel(tmp_path / "messages", format=kind)
    message = digest(*alerts_of([], [held(1)]))
    channel.send(message)
    channel.send(message)

    (written,) = (tmp_path / "messages").iterdir()
    assert written.suffix == f".{kind}"
    if kind == "json":
        assert json.loads(written.read_text(encoding="utf-8"))["items"][0]["severity"] == "critical"


def test_a_folder_that_cannot_be_written_is_a_failed_delivery(tmp_path: Path) -> None:
    (tmp_path / "messages").write_text("")

    with pytest.raises(DeliveryError):
        file_channel(tmp_path / "messages").send(digest(*alerts_of([], [held(1)])))


def test_what_was_before_is_said_when_a_verdict_changes() -> None:
    (found,) = changes(
        {"verdict/D1BIS_2026/D1.O1.A/": Standing("at_risk", frozenset())},
        [
            Condition(
                kind=AlertKind.VERDICT,
                subject="verdict/D1BIS_2026/D1.O1.A/",
                state="not_met",
                severity=Severity.CRITICAL,
                objective="D1.O1.A",
                values={"reasons": (), "contested": ()},
            )
        ],
    )

    assert "était à risque" in texts.compose(found, source="s", names=NAMES).body


def test_a_long_subject_of_plain_and_accented_words_is_read_as_it_was_written() -> None:
    from email import message_from_bytes
    from email.policy import default

    subject = (
        "[Carénage] À surveiller : D1.O1.A (Auditer régulièrement tous les annuaires) : "
        "à faire au plus tard le 25 septembre 2026 (dans 10 jours) (et 4 de plus) – GHT Val-de-Brume"
    )
    message = OutgoingMessage(id="m", subject=subject, summary="s", items=(), sent_at=NOW, sender="GHT Test")

    mail = compose_mail(message, channel_id="courriel", sender="a@exemple.fr", recipients=["b@exemple.fr"])

    assert message_from_bytes(mail.as_bytes(), policy=default)["Subject"] == subject
