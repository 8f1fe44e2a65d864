"""
What deserves a message: conditions that stand, and the transitions between two looks.

A *condition* says in which state one subject is (an objective of an establishment, a due
date, an account). A message is owed when that state changes, not each time it is seen.
Everything here is codes and values; the French texts are in agent/alerts/texts.py.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from agent.domain.rules.outcome import Reason
from agent.domain.verdict import Verdict, told_apart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

# A due date is announced when this many days, or fewer, are left; then once overdue.
LADDER_DAYS = (0, 1, 3, 7, 15, 30)
OVERDUE = "overdue"
_CRITICAL_DAYS = 3
_WARNING_DAYS = 15
# Reasons that only say that a date is near: the ladder tells them better.
_DATED_REASONS = frozenset({Reason.DUE_SOON, Reason.OVERDUE, Reason.REPORT_DOWNLOAD_SOON})
_FAILURES_BEFORE_ALERT = 2


class Severity(StrEnum):
    """How grave an alert is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


GRAVEST_FIRST = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


class AlertKind(StrEnum):
    """What an alert is about."""

    VERDICT = "verdict"
    DUE = "due"
    PHASE = "phase"
    COLLECTION = "collection"
    LOGIN = "login"
    VAULT = "vault"
    INTEGRITY = "integrity"
    CONFIGURATION = "configuration"
    HELD = "held"
    AWAITING = "awaiting"
    CLOCK = "clock"
    STATE = "state"
    CHANNEL = "channel"


class Change(StrEnum):
    """What happened to a condition since the last look."""

    RAISED = "raised"
    CHANGED = "changed"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """
    The state of one subject, as one source sees it now.

    `severity` None means that all is well. A message is owed when `state` changes or
    `facets` gains a member; `values` only feed the texts.
    """

    kind: AlertKind
    subject: str
    state: str
    severity: Severity | None
    facets: frozenset[str] = frozenset()
    programme: str | None = None
    objective: str | None = None
    establishment: str | None = None
    due_on: date | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything that one source has to say now; a subject it no longer names is forgotten without a message."""

    source: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """The state a subject was left in, after the message about it."""

    state: str
    facets: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A condition whose state is not what it was; `before` None when it was well or unknown."""

    change: Change
    condition: Condition
    before: Standing | None

    @property
    def key(self) -> str:
        """Return the hash of what this is about and of the state it reached."""
        resolved = self.change is Change.RESOLVED
        parts = [self.condition.subject, "resolved" if resolved else self.condition.state]
        parts += sorted(self.condition.facets)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """
    One message to people.

    `title` and `action` name no account, host, file or finding, and may go to a chat;
    `body` may, and goes by mail only. `source` is who said it, `subject` what it is about.
    """

    key: str
    kind: AlertKind
    severity: Severity
    change: Change
    source: str
    subject: str
    title: str
    body: str
    action: str
    programme: str | None = None
    objective: str | None = None
    establishment: str | None = None
    due_on: date | None = None

    def as_json(self) -> dict[str, str | None]:
        """Return the alert as flat JSON values."""
        return {
            "key": self.key,
            "kind": self.kind.value,
            "severity": self.severity.value,
            "change": self.change.value,
            "source": self.source,
            "subject": self.subject,
            "title": self.title,
            "body": self.body,
            "action": self.action,
            "programme": self.programme,
            "objective": self.objective,
            "establishment": self.establishment,
            "due_on": self.due_on.isoformat() if self.due_on else None,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Alert:
        """Return the alert that `as_json` wrote."""
        return cls(
            **{
                **document,
                "kind": AlertKind(document["kind"]),
                "severity": Severity(document["severity"]),
                "change": Change(document["change"]),
                "due_on": date.fromisoformat(document["due_on"]) if document["due_on"] else None,
            }
        )


def standing(conditions: Iterable[Condition]) -> dict[str, Standing]:
    """Return what stands, by subject, among `conditions`: those that are not well."""
    return {
        condition.subject: Standing(condition.state, condition.facets)
        for condition in conditions
        if condition.severity is not None
    }


def changes(before: Mapping[str, Standing], conditions: Iterable[Condition]) -> list[Transition]:
    """Return the transitions from what stood `before` to `conditions`, gravest first."""
    found = [
        transition for condition in conditions if (transition := _change(before.get(condition.subject), condition))
    ]
    resolved = {
        (transition.condition.programme, transition.condition.objective, transition.condition.establishment)
        for transition in found
        if transition.change is Change.RESOLVED and transition.condition.kind is AlertKind.VERDICT
    }
    kept = [transition for transition in found if _is_worth_telling(transition, resolved)]
    return sorted(kept, key=lambda transition: GRAVEST_FIRST.index(transition.condition.severity or Severity.INFO))


def transitions(previous: Mapping[str, Any] | None, current: Mapping[str, Any]) -> list[Transition]:
    """Return what changed between two assessments of a programme (evaluation contract), gravest first."""
    before = standing(assessment_conditions(previous)) if previous else {}
    return changes(before, assessment_conditions(current))


def observe_assessment(assessment: Mapping[str, Any]) -> Observation:
    """Return what one programme's assessment has to say."""
    return Observation(
        source=f"assessment:{assessment['programme']}", conditions=tuple(assessment_conditions(assessment))
    )


def assessment_conditions(assessment: Mapping[str, Any]) -> Iterator[Condition]:
    """
    Yield the verdict and the next due date of each entry of an assessment, on its `as_of`.

    Where the candidate's entry says it all (a single establishment), it stands alone.
    """
    programme = str(assessment["programme"])
    as_of = date.fromisoformat(assessment["as_of"])
    issues = frozenset(assessment.get("phase_issues", ()))
    yield Condition(
        kind=AlertKind.PHASE,
        subject=f"phase/{programme}",
        state="issues" if issues else "fine",
        severity=Severity.WARNING if issues else None,
        facets=issues,
        programme=programme,
    )
    for objective, entries in sorted(assessment["objectives"].items()):
        several = sorted(told_apart(entries).items())
        told = {entry["next_due"] for _, entry in several}
        yield from _entry_conditions(programme, objective, None, entries["candidate"], as_of, dates_told=told)
        for establishment, entry in several:
            yield from _entry_conditions(programme, objective, establishment, entry, as_of, dates_told=set())


def rung(due_on: date, on: date) -> str | None:
    """Return the rung of the ladder that `due_on` stands on (`15`, `0`, `overdue`), None when it is far."""
    left = (due_on - on).days
    if left < 0:
        return OVERDUE
    return next((str(days) for days in LADDER_DAYS if left <= days), None)


def collection(job: str, subject: str, *, failures: int, message: str = "") -> Condition:
    """Return the condition of one job on one subject after `failures` failed attempts in a row."""
    failing = failures >= _FAILURES_BEFORE_ALERT
    return Condition(
        kind=AlertKind.COLLECTION,
        subject=f"collection/{job}/{subject}",
        state="failing" if failing else "fine",
        severity=Severity.WARNING if failing else None,
        values={"job": job, "subject": subject, "failures": failures, "message": message},
    )


def refused_login(account: str, *, since: datetime, why: str = "") -> Condition:
    """Return the condition of an account that a source refused: every job leaves it alone."""
    return Condition(
        kind=AlertKind.LOGIN,
        subject=f"login/{account}",
        state="refused",
        severity=Severity.CRITICAL,
        values={"account": account, "since": since, "why": why},
    )


def integrity(problems: Iterable[str]) -> Condition:
    """Return the condition of the vault: each new problem found is told."""
    found = frozenset(problems)
    return Condition(
        kind=AlertKind.INTEGRITY,
        subject="integrity",
        state="broken" if found else "fine",
        severity=Severity.CRITICAL if found else None,
        facets=found,
    )


def vault_access(problem: str | None) -> Condition:
    """Return the condition of the vault as a place to write to: `problem` says why it cannot be used."""
    return Condition(
        kind=AlertKind.VAULT,
        subject="vault",
        state="unusable" if problem else "fine",
        severity=Severity.CRITICAL if problem else None,
        values={"problem": problem or ""},
    )


def configuration(problems: Iterable[str]) -> Condition:
    """Return the condition of the configuration file, from its faults as text."""
    found = frozenset(problems)
    return Condition(
        kind=AlertKind.CONFIGURATION,
        subject="configuration",
        state="broken" if found else "fine",
        severity=Severity.CRITICAL if found else None,
        facets=found,
    )


def held(count: int) -> Condition:
    """Return the condition of deposits that wait for a person to accept the journal's damage."""
    return Condition(
        kind=AlertKind.HELD,
        subject="held",
        state="held" if count else "fine",
        severity=Severity.CRITICAL if count else None,
        values={"count": count},
    )


def awaiting_decision(evidence: Iterable[str]) -> Condition:
    """Return the condition of the evidence items (their ids) that a person must settle."""
    found = frozenset(evidence)
    return Condition(
        kind=AlertKind.AWAITING,
        subject="awaiting",
        state="awaiting" if found else "fine",
        severity=Severity.WARNING if found else None,
        facets=found,
    )


def clock_set_back(latest_seen: datetime | None, now: datetime) -> Condition:
    """Return the condition of the machine's clock; `latest_seen` is the later instant already seen, if any."""
    return Condition(
        kind=AlertKind.CLOCK,
        subject="clock",
        state="back" if latest_seen else "fine",
        severity=Severity.CRITICAL if latest_seen else None,
        values={"latest_seen": latest_seen, "now": now},
    )


def state_started_anew(damaged_file: str) -> Condition:
    """Return the condition of the agent's own database after a damaged one (its file name) was set aside."""
    return Condition(
        kind=AlertKind.STATE,
        subject=f"state/{damaged_file}",
        state="started_anew",
        severity=Severity.WARNING,
        values={"file": damaged_file},
    )


def refused_recipients(channel: str, addresses: Iterable[str]) -> Condition:
    """Return the condition of the people whom one channel could not reach though it took the message."""
    found = frozenset(addresses)
    return Condition(
        kind=AlertKind.CHANNEL,
        subject=f"channel/{channel}",
        state="refused" if found else "fine",
        severity=Severity.WARNING if found else None,
        facets=found,
        values={"channel": channel},
    )


def _change(before: Standing | None, condition: Condition) -> Transition | None:
    if condition.severity is None:
        return Transition(change=Change.RESOLVED, condition=condition, before=before) if before else None
    if before is None:
        return Transition(change=Change.RAISED, condition=condition, before=None)
    if before.state != condition.state or condition.facets - before.facets:
        return Transition(change=Change.CHANGED, condition=condition, before=before)
    return None


def _is_worth_telling(transition: Transition, resolved: set[tuple[str | None, str | None, str | None]]) -> bool:
    """Return False for a due date that left while the objective is not met, or with a verdict that says it already."""
    condition = transition.condition
    if condition.kind is not AlertKind.DUE or transition.change is not Change.RESOLVED:
        return True
    told = (condition.programme, condition.objective, condition.establishment) in resolved
    return condition.values["verdict"] == Verdict.MET and not told


def _entry_conditions(
    programme: str,
    objective: str,
    establishment: str | None,
    entry: Mapping[str, Any],
    as_of: date,
    *,
    dates_told: set[str | None],
) -> Iterator[Condition]:
    scope = f"{programme}/{objective}/{establishment or ''}"
    verdict = str(entry["verdict"])
    due_on = date.fromisoformat(entry["next_due"]) if entry.get("next_due") else None
    step = rung(due_on, as_of) if due_on else None
    grave = frozenset(entry["reasons"]) - _DATED_REASONS
    contested = frozenset(f"contested:{reading}" for reading in entry["contested"])
    only_dated = verdict == Verdict.AT_RISK and step is not None and not grave and not contested
    yield Condition(
        kind=AlertKind.VERDICT,
        subject=f"verdict/{scope}",
        state=verdict,
        severity=_verdict_severity(verdict, contested=bool(contested), only_dated=only_dated),
        facets=grave | contested,
        programme=programme,
        objective=objective,
        establishment=establishment,
        due_on=due_on,
        values={"reasons": tuple(sorted(entry["reasons"])), "contested": tuple(sorted(entry["contested"]))},
    )
    if establishment is None and entry.get("next_due") in dates_told:
        return
    yield Condition(
        kind=AlertKind.DUE,
        subject=f"due/{scope}",
        state=f"{due_on}/{step}" if step else "far",
        severity=_due_severity(step),
        programme=programme,
        objective=objective,
        establishment=establishment,
        due_on=due_on,
        values={"verdict": verdict, "rung": step, "as_of": as_of},
    )


def _verdict_severity(verdict: str, *, contested: bool, only_dated: bool) -> Severity | None:
    if verdict == Verdict.NOT_MET:
        return Severity.CRITICAL
    if (verdict == Verdict.AT_RISK and not only_dated) or (contested and verdict != Verdict.NOT_APPLICABLE):
        return Severity.WARNING
    return None


def _due_severity(step: str | None) -> Severity | None:
    if step is None:
        return None
    if step == OVERDUE or int(step) <= _CRITICAL_DAYS:
        return Severity.CRITICAL
    return Severity.WARNING if int(step) <= _WARNING_DAYS else Severity.INFO
