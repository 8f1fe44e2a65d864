"""Empty the inbox: receive each file that is ready, then put it away."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from agent.domain.errors import AgentError, ExitCode, HeldError, gravest
from agent.domain.schedule import INBOX
from agent.services.collect import JobResult
from agent.state.store import RunOutcome
from agent.texts.words import counted
from collectors.inbox import NOT_PUT_AWAY, InboxItem, InboxProblem, erase_processed, mark_processed, scan, sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from agent.domain.evidence import RawEvidence
    from agent.services.receive import Received

logger = logging.getLogger(__name__)

_MOST_KEPT = 10_000


class Register(Protocol):
    """What seals and reads the payloads of one file."""

    def __call__(self, payloads: Sequence[RawEvidence]) -> Received:
        """Raise HeldError when the vault holds the deposit, VaultError when it cannot keep it."""
        ...


class Cursors(Protocol):
    """What remembers, between passes, the files that were sealed and could not be put away."""

    def cursor(self, collector: str) -> str | None: ...
    def set_cursor(self, collector: str, value: str, at: datetime) -> None: ...


def receive_inbox(
    folder: Path,
    register: Register,
    cursors: Cursors,
    *,
    now: datetime,
    settle_seconds: int,
    keep_days: int,
    work_dir: Path,
    is_intact: Callable[[str], bool],
) -> JobResult:
    """
    Receive every file of `folder` that is ready; return what came of it.

    A file leaves the inbox once its deposit is committed or held; one that cannot be moved is a problem at each
    pass, and is not sealed again. A file that fails stays, and the others go on. Processed files are erased
    after `keep_days`, once `is_intact(evidence id)`.
    """
    sealed: list[str] = []
    notes: list[str] = []
    held: list[str] = []
    codes: list[ExitCode] = []
    before = (cursors.cursor(INBOX) or "").split()
    kept: list[str] = []
    sweep(work_dir, now=now)
    for found in scan(folder, work_dir=work_dir, now=now, settle_seconds=settle_seconds, kept=frozenset(before)):
        if isinstance(found, InboxProblem):
            if found.kept:
                kept.append(found.kept)
            if not found.waiting:
                notes.append(f"{found.name} : {found.what}")
                codes.append(ExitCode.INCOMPLETE)
            continue
        is_away = True
        try:
            received = register(found.payloads(received_at=now))
        except HeldError as error:
            is_away = _put_away(found, error.held_id)
            held.append(f"{found.name} : {error.message}")
        except AgentError as error:
            notes.append(f"{found.name} : {error.message}{f' → {error.hint}' if error.hint else ''}")
            codes.append(error.exit_code)
        else:
            sealed.append(received.evidence_id)
            is_away = _put_away(found, received.evidence_id)
            if received.problems:
                notes.append(f"{found.name} : {received.problems[0]}")
                codes.append(ExitCode.INCOMPLETE)
        finally:
            found.wipe()
        if not is_away:
            kept.append(found.key)
            notes.append(f"{found.name} : {NOT_PUT_AWAY}")
            codes.append(ExitCode.INCOMPLETE)
    if kept != before:
        cursors.set_cursor(INBOX, " ".join(kept[-_MOST_KEPT:]), now)
    for erased in erase_processed(folder, now=now, keep_days=keep_days, is_safe=is_intact):
        logger.info("processed file erased", extra={"evidence": erased})
    return _result(sealed, held, notes, codes)


def _put_away(item: InboxItem, evidence_id: str) -> bool:
    """Return False when the file stays as it was; one that has changed is the next pass's."""
    if mark_processed(item, evidence_id) or not item.is_still_there:
        return True
    logger.warning("inbox file not put away", extra={"file": item.name, "evidence": evidence_id})
    return False


def _result(sealed: list[str], held: list[str], notes: list[str], codes: list[ExitCode]) -> JobResult:
    troubled = RunOutcome.PARTIAL if sealed or held else RunOutcome.FAILED
    said = [f"{counted(len(sealed), 'fichier scellé', 'fichiers scellés')}."] if sealed else []
    return JobResult(
        job=INBOX,
        subject=None,
        outcome=troubled if codes else RunOutcome.DONE,
        message=" ".join([*said, *held[:5], *notes[:5]]) or "Rien de nouveau.",
        code=gravest([*codes, *([ExitCode.INTEGRITY] if held else [])]),
        evidence=tuple(sealed),
    )
