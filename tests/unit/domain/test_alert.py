from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from agent.domain.alert import (
    Alert,
    AlertKind,
    Change,
    Condition,
    Severity,
    Transition,
    assessment_conditions,
    awaiting_decision,
    changes,
    clock_set_back,
    collection,
    configuration,
    held,
    integrity,
    refused_login,
    rung,
    standing,
    transitions,
)
from tests.fakes.assessments import assessment, entry

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)


def told(found: list[Transition]) -> list[tuple[str, str, str | None]]:
    return [(item.change.value, item.condition.subject, item.condition.state) for item in found]


def test_a_first_look_at_a_sound_programme_tells_nothing() -> None:
    assert transitions(None, assessment(D1_O1_A=entry(), D1_O1_B=entry("not_applicable"))) == []


def test_a_first_look_tells_what_is_wrong_gravest_first() -> None:
    found = transitions(
        None,
        assessment(
            D1_O1_A=entry("at_risk", reasons=("NO_AUDIT",)), D1_O2_B=entry("not_met", reasons=("CRITICAL_IN_LAST",))
        ),
    )

    assert told(found) == [
        ("raised", "verdict/D1BIS_2026/D1.O2.B/", "not_met"),
        ("raised", "verdict/D1BIS_2026/D1.O1.A/", "at_risk"),
    ]
    assert [item.condition.severity for item in found] == [Severity.CRITICAL, Severity.WARNING]


def test_a_declared_objective_that_is_the_same_everywhere_is_told_once() -> None:
    open_, reached = entry("at_risk", reasons=("NOT_DECLARED",)), entry()

    def first_look(**entries: Any) -> list[Transition]:
        document = assessment(D1_O4={"": open_, **entries})
        document["objectives"]["D1.O4"]["declared"] = True
        return transitions(None, document)

    alike, apart = first_look(E1=open_, E2=open_), first_look(E1=open_, E2=reached)

    assert [subject for _, subject, _ in told(alike)] == ["verdict/D1BIS_2026/D1.O4/"]
    assert [subject for _, subject, _ in told(apart)] == [
        "verdict/D1BIS_2026/D1.O4/",
        "verdict/D1BIS_2026/D1.O4/E1",
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(entry(), entry(), [], id="still-met"),
        pytest.param(
            entry("not_met", reasons=("GAP_EXCEEDED",)),
            entry("not_met", reasons=("GAP_EXCEEDED",)),
            [],
            id="still-not-met",
        ),
        pytest.param(entry(), entry("not_met", reasons=("GAP_EXCEEDED",)), ["raised:not_met"], id="lost"),
        pytest.param(entry("not_met"), entry("at_risk", reasons=("NO_AUDIT",)), ["changed:at_risk"], id="better"),
        pytest.param(entry("not_met"), entry(), ["resolved:met"], id="met-again"),
        pytest.param(entry("not_met"), entry("not_applicable"), ["resolved:not_applicable"], id="no-longer-asked"),
        pytest.param(
            entry("at_risk", reasons=("NO_AUDIT",)),
            entry("at_risk", reasons=("NO_AUDIT", "SCORE_BELOW_2")),
            ["changed:at_risk"],
            id="one-more-reason",
        ),
        pytest.param(
            entry("at_risk", reasons=("NO_AUDIT", "SCORE_BELOW_2")),
            entry("at_risk", reasons=("NO_AUDIT",)),
            [],
            id="one-reason-less",
        ),
        pytest.param(
            entry("at_risk", reasons=("NO_AUDIT",)),
            entry("at_risk", reasons=("NO_AUDIT",), contested=("mean_mode",)),
            ["changed:at_risk"],
            id="newly-contested",
        ),
        pytest.param(entry(), entry("at_risk", reasons=("DUE_SOON",)), ["raised:at_risk"], id="due-soon-without-date"),
    ],
)
def test_a_verdict_is_told_when_it_changes(before: dict[str, Any], after: dict[str, Any], expected: list[str]) -> None:
    found = transitions(assessment(D1_O1_A=before), assessment(D1_O1_A=after))

    assert [f"{item.change.value}:{item.condition.state}" for item in found] == expected


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        pytest.param(31, None, id="far"),
        pytest.param(30, "30", id="30"),
        pytest.param(16, "30", id="16"),
        pytest.param(15, "15", id="15"),
        pytest.param(7, "7", id="7"),
        pytest.param(4, "7", id="4"),
        pytest.param(3, "3", id="3"),
        pytest.param(2, "3", id="2"),
        pytest.param(1, "1", id="1"),
        pytest.param(0, "0", id="today"),
        pytest.param(-1, "overdue", id="overdue"),
    ],
)
def test_a_due_date_stands_on_one_rung(left: int, expected: str | None) -> None:
    assert rung(date(2026, 6, 1) + timedelta(days=left), date(2026, 6, 1)) == expected


def test_a_due_date_speaks_once_a_rung() -> None:
    """Forty daily passes up to a due date, and three after it: seven messages."""
    due_on = date(2026, 7, 10)
    previous = None
    rungs = []
    for offset in range(43):
        today = date(2026, 6, 1) + timedelta(days=offset)
        reasons = ("DUE_SOON",) if (due_on - today).days <= 15 else ()
        current = assessment(
            today.isoformat(),
            D1_O1_A=entry("at_risk" if reasons else "met", reasons=reasons, next_due=due_on.isoformat()),
        )
        rungs += [item.condition.values["rung"] for item in transitions(previous, current)]
        previous = current

    assert rungs == ["30", "15", "7", "3", "1", "0", "overdue"]


def test_after_days_off_only_the_present_rung_is_told() -> None:
    found = transitions(
        assessment("2026-06-01", D1_O1_A=entry(next_due="2026-06-30")),
        assessment("2026-06-29", D1_O1_A=entry("at_risk", reasons=("DUE_SOON",), next_due="2026-06-30")),
    )

    assert [item.condition.values["rung"] for item in found] == ["1"]


def test_a_due_date_kept_is_told_as_resolved() -> None:
    found = transitions(
        assessment("2026-06-29", D1_O1_A=entry("at_risk", reasons=("DUE_SOON",), next_due="2026-06-30")),
        assessment("2026-06-30", D1_O1_A=entry(next_due="2026-08-29")),
    )

    assert [(item.change, item.condition.kind) for item in found] == [(Change.RESOLVED, AlertKind.DUE)]


def test_a_due_date_that_left_because_the_objective_is_lost_is_not_called_kept() -> None:
    found = transitions(
        assessment("2026-06-29", D1_O1_A=entry("at_risk", reasons=("DUE_SOON",), next_due="2026-06-30")),
        assessment("2026-07-05", D1_O1_A=entry("not_met", reasons=("OPEN_GAP_EXCEEDED",))),
    )

    assert told(found) == [("raised", "verdict/D1BIS_2026/D1.O1.A/", "not_met")]


def test_an_objective_met_again_says_it_once() -> None:
    found = transitions(
        assessment("2026-06-29", D1_O1_A=entry("at_risk", reasons=("NO_AUDIT",), next_due="2026-06-30")),
        assessment("2026-06-30", D1_O1_A=entry(next_due="2026-08-29")),
    )

    assert told(found) == [("resolved", "verdict/D1BIS_2026/D1.O1.A/", "met")]


def test_a_single_establishment_is_told_by_its_candidate() -> None:
    found = transitions(None, assessment(D1_O1_A=entry("not_met", reasons=("GAP_EXCEEDED",))))

    assert [item.condition.establishment for item in found] == [None]


def test_several_establishments_are_told_one_by_one() -> None:
    lost = entry("not_met", reasons=("GAP_EXCEEDED",))
    found = transitions(None, assessment(D1_O1_A={"": lost, "E1": lost, "E2": entry()}))

    assert [item.condition.establishment for item in found] == [None, "E1"]


def test_a_candidates_due_date_is_told_by_the_establishment_it_comes_from() -> None:
    soon = entry(next_due="2026-06-10")
    found = transitions(None, assessment(D1_O1_A={"": soon, "E1": soon, "E2": entry(next_due="2026-06-12")}))

    assert [item.condition.establishment for item in found] == ["E1", "E2"]


def test_a_candidates_own_due_date_is_told_too() -> None:
    far = entry(next_due="2026-12-01")
    found = transitions(None, assessment(D1_O1_A={"": entry(next_due="2026-06-10"), "E1": far, "E2": far}))

    assert [item.condition.establishment for item in found] == [None]


def test_a_phase_out_of_bounds_is_told_once() -> None:
    odd = assessment(phase_issues=("PHASE_START_TOO_LATE",))

    assert [item.condition.kind for item in transitions(None, odd)] == [AlertKind.PHASE]
    assert transitions(odd, odd) == []


@pytest.mark.parametrize(
    ("condition", "severity"),
    [
        pytest.param(collection("ldap", "ad1", failures=1), None, id="one-failure-is-quiet"),
        pytest.param(collection("ldap", "ad1", failures=2), Severity.WARNING, id="second-failure"),
        pytest.param(refused_login("svc@ad1", since=NOW), Severity.CRITICAL, id="refused-login"),
        pytest.param(integrity([]), None, id="sound-vault"),
        pytest.param(integrity(["dépôt 3 absent"]), Severity.CRITICAL, id="damaged-vault"),
        pytest.param(configuration([]), None, id="good-configuration"),
        pytest.param(configuration(["candidate.type : absent"]), Severity.CRITICAL, id="broken-configuration"),
        pytest.param(held(0), None, id="nothing-held"),
        pytest.param(held(2), Severity.CRITICAL, id="held"),
        pytest.param(awaiting_decision([]), None, id="nothing-awaits"),
        pytest.param(awaiting_decision(["00000003-abc"]), Severity.WARNING, id="awaiting"),
        pytest.param(clock_set_back(None, NOW), None, id="good-clock"),
        pytest.param(clock_set_back(NOW + timedelta(days=1), NOW), Severity.CRITICAL, id="clock-set-back"),
    ],
)
def test_the_agents_own_troubles_have_a_gravity(condition: Condition, severity: Severity | None) -> None:
    assert condition.severity is severity


def test_a_collection_that_goes_on_failing_is_told_once_then_when_it_works() -> None:
    looks = [collection("ldap", "ad1", failures=failures) for failures in (1, 2, 3, 4, 0, 0)]
    before = standing([])
    told_states = []
    for look in looks:
        told_states += [item.change.value for item in changes(before, [look])]
        before = standing([look])

    assert told_states == ["raised", "resolved"]


def test_each_new_document_to_decide_is_told() -> None:
    found = changes(standing([awaiting_decision(["a"])]), [awaiting_decision(["a", "b"])])

    assert [item.change for item in found] == [Change.CHANGED]


def test_two_states_of_one_subject_have_two_keys_and_the_same_state_one() -> None:
    first, again, worse = (
        transitions(None, assessment(D1_O1_A=entry(verdict, reasons=("GAP_EXCEEDED",))))[0]
        for verdict in ("at_risk", "at_risk", "not_met")
    )

    assert first.key == again.key
    assert first.key != worse.key


def test_an_alert_survives_the_database() -> None:
    alert = Alert(
        key="k",
        kind=AlertKind.DUE,
        severity=Severity.INFO,
        change=Change.RAISED,
        source="s",
        subject="due/x",
        title="é",
        body="",
        action="",
        due_on=date(2026, 6, 1),
    )

    assert Alert.from_json(alert.as_json()) == alert


def test_conditions_name_each_subject_once() -> None:
    several = {"": entry(next_due="2026-06-10"), "E1": entry("not_met"), "E2": entry(next_due="2026-06-02")}
    subjects = [condition.subject for condition in assessment_conditions(assessment(D1_O1_A=several, D1_O2_A=several))]

    assert len(subjects) == len(set(subjects))
