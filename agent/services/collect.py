"""Collect: run one configured source, seal all it gives, then read it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any, Protocol

from agent import logs
from agent.domain.errors import AgentError, ExitCode, HeldError, gravest
from agent.domain.handover import SideValues
from agent.services.accounts import login_of
from agent.state.store import RunOutcome
from agent.texts.words import counted
from collectors.interface import CollectionContext

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo
    from pathlib import Path

    from agent.domain.evidence import RawEvidence
    from agent.domain.schedule import Job
    from agent.http import HttpSession
    from agent.services.accounts import Login
    from agent.services.receive import Received
    from agent.state.store import StateStore
    from collectors.interface import Collector

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """
    One configured collector: the job it is, and how to build it.

    `build` may raise AgentError (a plugin that does not load, a secret that is not there).
    `stated` is what the configuration says of the source that the source does not say itself.
    """

    job: Job
    build: Callable[[], Collector[Any]]
    stated: SideValues


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """What one job did; `code` is what it weighs in the pass's exit code."""

    job: str
    subject: str | None
    outcome: RunOutcome
    message: str
    code: ExitCode = ExitCode.OK
    evidence: tuple[str, ...] = ()
    refused_account: str | None = None

    def as_json(self) -> dict[str, object]:
        """Return the shape of `run --json`."""
        return {
            "job": self.job,
            "subject": self.subject,
            "outcome": self.outcome.value,
            "message": self.message,
            "evidence": list(self.evidence),
        }


class Receiver(Protocol):
    """What registers a deposit: seals it, reads it, seals the facts."""

    def __call__(self, payloads: tuple[RawEvidence, ...], *, stated: SideValues) -> Received:
        """Raise HeldError when the vault holds the deposit, VaultError when it cannot keep it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionPorts:
    """What a collection needs of the house."""

    state: StateStore
    receive: Receiver
    http: Callable[[str], HttpSession]
    work_dir: Path
    zone: tzinfo = UTC


@dataclass(slots=True)
class _Taken:
    """What one collection has given so far: committed, held for a person, failed, and read incompletely."""

    sealed: list[str] = field(default_factory=list)
    held: list[HeldError] = field(default_factory=list)
    problems: list[AgentError] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)


def collect(source: Source, ports: CollectionPorts, *, now: datetime) -> JobResult:
    """
    Run `source` once; never raises an AgentError: the outcome says it.

    A login that was refused is not tried again until its secret changes, or a person frees it (`free_account`).
    """
    token = logs.collector.set(source.job.subject or source.job.name)
    taken = _Taken()
    refused: str | None = None
    try:
        collector = source.build()
        login = login_of(collector, ports.state, now)
        if (block := login.blocked()) is not None:
            return _result(
                source,
                RunOutcome.SKIPPED,
                f"Le compte « {block.account} » n'est plus essayé tant que son secret ne change pas : {block.why}",
                code=ExitCode.INCOMPLETE,
                refused_account=block.account,
            )
        context = CollectionContext(
            now=now,
            zone=ports.zone,
            subject=source.stated.directory,
            cursor=ports.state.cursor(collector.collector_id),
            http=ports.http,
            work_dir=ports.work_dir,
            login=login.attempt,
        )
        refused = _take_all(collector, context, source, ports, taken, login)
    except AgentError as error:
        taken.problems.append(error)
    finally:
        logs.collector.reset(token)
    return _concluded(source, taken, refused)


def free_account(source: Source, state: StateStore) -> None:
    """Let the account of `source` be tried again, once: a refusal blocks it anew. A person asked for it."""
    try:
        account = source.build().account
    except AgentError:
        return  # the collection will say why
    if account is not None:
        state.unblock(account)


def _take_all(  # noqa: PLR0917
    collector: Collector[Any],
    context: CollectionContext,
    source: Source,
    ports: CollectionPorts,
    taken: _Taken,
    login: Login,
) -> str | None:
    """Take every item; return the account that was refused, if one was."""
    try:
        for item in collector.collect(context):
            payloads = item if isinstance(item, tuple) else (item,)
            try:
                received = ports.receive(payloads, stated=source.stated)
            except HeldError as error:
                # Collection goes on: the bag waits for a person, complete and encrypted.
                taken.held.append(error)
                continue
            taken.sealed.append(received.evidence_id)
            taken.incomplete.extend(received.problems)
    except AgentError as error:
        taken.problems.append(error)
        return login.account if login.refused(error) else None
    finally:
        # It speaks for what is already kept, however the rest went: nothing is taken twice.
        if collector.next_cursor is not None:
            ports.state.set_cursor(collector.collector_id, collector.next_cursor, context.now)
    return None


def _concluded(source: Source, taken: _Taken, refused: str | None) -> JobResult:
    for problem in [*taken.problems, *taken.held]:
        logger.warning("collection failed", extra={"reason": problem.message, "code": problem.code})
    said = [f"{counted(len(taken.sealed), 'preuve scellée', 'preuves scellées')}."] if taken.sealed else []
    if taken.held:
        # What is held is kept whole: collecting it again would only double it.
        said.append(f"{counted(len(taken.held), 'preuve')} en attente. {_explained(taken.held[0])}")
    code = gravest([problem.exit_code for problem in [*taken.problems, *taken.held]])
    if not taken.problems and not taken.incomplete:
        message = " ".join(said) or "Rien de nouveau."
        return _result(source, RunOutcome.DONE, message, code=code, evidence=tuple(taken.sealed))
    return _result(
        source,
        RunOutcome.PARTIAL if taken.sealed or taken.held else RunOutcome.FAILED,
        " ".join([*map(_explained, taken.problems), *taken.incomplete[:3]]),
        code=gravest([ExitCode.INCOMPLETE, code]),
        evidence=tuple(taken.sealed),
        refused_account=refused,
    )


def _explained(error: AgentError) -> str:
    return error.message + (f" → {error.hint}" if error.hint else "")


def _result(
    source: Source,
    outcome: RunOutcome,
    message: str,
    *,
    code: ExitCode = ExitCode.OK,
    evidence: tuple[str, ...] = (),
    refused_account: str | None = None,
) -> JobResult:
    return JobResult(
        job=source.job.name,
        subject=source.job.subject,
        outcome=outcome,
        message=message,
        code=code,
        evidence=evidence,
        refused_account=refused_account,
    )
