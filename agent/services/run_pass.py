"""One pass: collect what is due, judge, tell. What timers and `serve` call."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from agent import logs
from agent.domain import alert as conditions
from agent.domain.alert import Observation, observe_assessment
from agent.domain.errors import AgentError, ExitCode, gravest
from agent.domain.retry import next_attempt_at
from agent.domain.schedule import INBOX, DueJob, Job, JobHistory, Rhythm, due, next_due, period_of
from agent.services.collect import JobResult
from agent.state.store import RunOutcome, RunRecord
from agent.texts.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from agent.clock import Clock
    from agent.domain.alert import Alert
    from agent.services.assess import Assessed
    from agent.services.notify import Notifier
    from agent.state.store import StateStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedJob:
    """A job of the pass and what runs it; `run` never raises an AgentError but VaultError and StateError."""

    job: Job
    run: Callable[[datetime], JobResult]


class VaultState(Protocol):
    """What a pass asks of the vault."""

    def control_daily(self, day: date) -> None:
        """Control some of the vault when it was not yet controlled on `day`."""
        ...

    def alarms(self) -> Sequence[str]:
        """Return what opening the vault found wrong, in French."""
        ...

    def held(self) -> Sequence[object]:
        """Return the deposits that wait for a person."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PassReport:
    """
    What one pass did; the shape of `run --json`.

    `standing_failures` counts the configured jobs whose last attempt did not succeed, in whichever pass;
    `is_partial` tells that only the jobs that somebody named were run.
    """

    run_id: str
    started_at: datetime
    ended_at: datetime
    jobs: tuple[JobResult, ...]
    alerts: tuple[Alert, ...]
    pending: int
    assessed: tuple[Assessed, ...] = ()
    code: ExitCode = ExitCode.OK
    problems: tuple[str, ...] = field(default=())
    standing_failures: int = 0
    is_partial: bool = False

    @property
    def evidence(self) -> tuple[str, ...]:
        """Return the ids of what the pass sealed."""
        return tuple(name for job in self.jobs for name in job.evidence)

    def as_json(self) -> dict[str, Any]:
        """Return the contract's shape."""
        return {
            "run_id": self.run_id,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat(),
            "jobs": [job.as_json() for job in self.jobs],
            "alerts": [alert.as_json() for alert in self.alerts],
            "pending": self.pending,
            "problems": list(self.problems),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PassPorts:
    """Everything a pass works with; `jobs` are all that are configured, due or not."""

    clock: Clock
    zone: ZoneInfo
    state: StateStore
    vault: VaultState
    jobs: Sequence[PlannedJob]
    assess: Callable[[], list[Assessed]]
    notifier: Notifier
    configuration_problems: Sequence[str] = ()


def history_of(job: Job, state: StateStore) -> JobHistory:
    """Return what the state remembers of `job`."""
    subject = job.subject or ""
    success = state.last_success(job.name, subject)
    failures = state.failures_since_success(job.name, subject)
    last = state.history(job.name, subject, limit=1)
    return JobHistory(
        last_success_at=success.ended_at if success else None,
        retry_at=next_attempt_at(failures, last[0].ended_at if last else None),
        failures=failures,
    )


def plan(jobs: Sequence[PlannedJob], state: StateStore, *, now: datetime, zone: ZoneInfo) -> list[DueJob]:
    """Return when each job is due next, soonest first."""
    found = [next_due(planned.job, history_of(planned.job, state), now, zone) for planned in jobs]
    return sorted(found, key=lambda item: (item.due_at, item.job.name, item.job.subject or ""))


def run_pass(ports: PassPorts, run_id: str, *, only: Collection[Job] | None = None) -> PassReport:
    """
    Do what is due (`only`: those jobs, due or not) and return the report; one failed job never stops the others.

    Raises VaultError or StateError when nothing can be judged.
    """
    started_at = ports.clock.now()
    token = logs.run_id.set(run_id)
    try:
        ports.state.start_pass(run_id, started_at)
        clock_back = ports.state.see_clock(started_at)
        results = [_run(planned, ports, run_id) for planned in _wanted(ports, started_at, only)]
        ports.vault.control_daily(started_at.astimezone(ports.zone).date())
        problems = list(ports.vault.alarms())
        assessed = ports.assess()
        observations = _observations(ports, assessed, problems, clock_back, started_at)
        notification = ports.notifier.notify(observations)
        held = len(ports.vault.held())
        code = gravest(
            [
                *(result.code for result in results),
                ExitCode.INTEGRITY if problems or held else ExitCode.OK,
                ExitCode.DELIVERY_PENDING if notification.pending else ExitCode.OK,
            ]
        )
        standing_failures = sum(_stands_failed(planned.job, ports.state) for planned in ports.jobs)
        ended_at = ports.clock.now()
        ports.state.finish_pass(run_id, ended_at, exit_code=code, summary=_summary(results))
    finally:
        logs.run_id.reset(token)
    return PassReport(
        run_id=run_id,
        started_at=started_at,
        ended_at=ended_at,
        jobs=tuple(results),
        alerts=notification.raised,
        pending=notification.pending,
        assessed=tuple(assessed),
        code=code,
        problems=tuple(problems),
        standing_failures=standing_failures,
        is_partial=only is not None,
    )


def _wanted(ports: PassPorts, now: datetime, only: Collection[Job] | None) -> list[PlannedJob]:
    if only is not None:
        return [planned for planned in ports.jobs if planned.job in only]
    histories = [(planned.job, history_of(planned.job, ports.state)) for planned in ports.jobs]
    wanted = [item.job for item in due(histories, now, ports.zone)]
    return [planned for job in wanted for planned in ports.jobs if planned.job == job]


def _run(planned: PlannedJob, ports: PassPorts, run_id: str) -> JobResult:
    job, started_at = planned.job, ports.clock.now()
    try:
        result = planned.run(started_at)
    except AgentError as error:
        logger.warning("job failed", extra={"job": job.name, "reason": error.message})
        result = JobResult(
            job=job.name,
            subject=job.subject,
            outcome=RunOutcome.FAILED,
            message=error.message + (f" → {error.hint}" if error.hint else ""),
            code=error.exit_code,
        )
    idle = job.name == INBOX and not result.evidence and result.outcome is RunOutcome.DONE
    if not idle or ports.state.failures_since_success(job.name, job.subject or ""):
        ports.state.record_run(
            RunRecord(
                run_id=run_id,
                job=job.name,
                subject=job.subject or "",
                period=period_of(job.rhythm, started_at, ports.zone),
                started_at=started_at,
                ended_at=ports.clock.now(),
                outcome=result.outcome,
                message=result.message,
            )
        )
    return result


def _observations(
    ports: PassPorts,
    assessed: Sequence[Assessed],
    problems: Sequence[str],
    clock_back: datetime | None,
    now: datetime,
) -> list[Observation]:
    collections = [
        conditions.collection(
            planned.job.name,
            planned.job.subject or "",
            failures=ports.state.failures_since_success(planned.job.name, planned.job.subject or ""),
            message=_last_message(planned.job, ports.state),
        )
        for planned in ports.jobs
    ]
    logins = [conditions.refused_login(one.account, since=one.since, why=one.why) for one in ports.state.blocks()]
    questions = {question.evidence for one in assessed for question in one.questions}
    return [
        *(observe_assessment(one.document) for one in assessed),
        Observation(source="collections", conditions=tuple(collections)),
        Observation(source="logins", conditions=tuple(logins)),
        Observation(
            source="vault",
            conditions=(conditions.integrity(problems), conditions.held(len(ports.vault.held()))),
        ),
        Observation(source="vault-access", conditions=(conditions.vault_access(None),)),
        Observation(source="questions", conditions=(conditions.awaiting_decision(questions),)),
        Observation(
            source="machine",
            conditions=(
                conditions.clock_set_back(clock_back, now),
                *(
                    [conditions.state_started_anew(ports.state.set_aside.name)]
                    if ports.state.set_aside is not None
                    else []
                ),
            ),
        ),
        Observation(source="configuration", conditions=(conditions.configuration(ports.configuration_problems),)),
    ]


def _last_message(job: Job, state: StateStore) -> str:
    last = state.history(job.name, job.subject or "", limit=1)
    return last[0].message if last else ""


def _stands_failed(job: Job, state: StateStore) -> bool:
    last = state.history(job.name, job.subject or "", limit=1)
    return bool(last) and last[0].outcome is not RunOutcome.DONE


def _summary(results: Sequence[JobResult]) -> str:
    failed = sum(1 for result in results if result.outcome is not RunOutcome.DONE)
    return f"{counted(len(results), 'collecte')}, {failed} en défaut"


def every_pass(job_name: str) -> Job:
    """Return a job that each pass does."""
    return Job(name=job_name, subject=None, rhythm=Rhythm.EVERY_PASS)
