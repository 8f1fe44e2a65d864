"""Doctor: try each part of the installation once, harmlessly."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from agent.domain.errors import (
    AgentError,
    AuthenticationError,
    ConfigurationError,
    ExitCode,
    IntegrityError,
    VaultError,
    gravest,
)
from agent.services.accounts import login_of
from agent.texts.words import counted
from collectors.interface import CheckResult, CollectionContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from agent.http import HttpSession
    from agent.services.collect import Source
    from agent.services.verify import WatchedVault
    from agent.state.store import StateStore

_LOW_SPACE_BYTES = 2 * 1024**3


def examine(
    *,
    warnings: Iterable[tuple[str, str]],
    vault: Callable[[], WatchedVault],
    recipients: Sequence[str],
    folders: Iterable[Path],
    sources: Iterable[Source],
    state: Callable[[], StateStore],
    channels: Iterable[tuple[str, Callable[[], Any]]],
    http: Callable[[str], HttpSession],
    work_dir: Path,
    now: datetime,
) -> tuple[list[CheckResult], ExitCode]:
    """
    Return one line per thing tried, and 0, 78 (something to configure) or 4 (something does not answer).

    An account that was refused is not tried; one that is refused here is blocked for the passes too.
    """
    results: list[CheckResult] = []
    codes: list[ExitCode] = []

    def attempt(what: str, action: Callable[[], str]) -> None:
        try:
            results.append(CheckResult(what=what, ok=True, message=action()))
        except AgentError as error:
            codes.append(error.exit_code)
            message = error.message + (f" → {error.hint}" if error.hint else "")
            results.append(CheckResult(what=what, ok=False, message=message))

    results.extend(
        CheckResult(what=where, ok=True, message=f"à vérifier : {what}", is_doubtful=True) for where, what in warnings
    )
    attempt("coffre", lambda: _vault(vault()))
    attempt("destinataires du coffre", lambda: _recipients(vault(), recipients))
    for folder in folders:
        attempt(f"place disque de {folder}", lambda folder=folder: _space(folder))  # type: ignore[misc]
    for name, build in channels:
        attempt(f"canal {name}", lambda build=build: _built(build))  # type: ignore[misc]
    for source in sources:
        for result in _source(source, state, http, work_dir, now):
            results.append(result)
            if not result.ok:
                codes.append(ExitCode.INCOMPLETE)
    wanted = {ExitCode.CONFIGURATION} & set(codes) or ({ExitCode.INCOMPLETE} if codes else set())
    return results, gravest(wanted)


def _source(
    source: Source,
    state: Callable[[], StateStore],
    http: Callable[[str], HttpSession],
    work_dir: Path,
    now: datetime,
) -> Iterator[CheckResult]:
    name = f"{source.job.name} « {source.job.subject} »"
    try:
        collector = source.build()
        login = login_of(collector, state(), now)
        if (block := login.blocked()) is not None:
            raise AuthenticationError(
                f"le compte « {block.account} » n'est pas essayé : {block.why}",
                hint="Changez le secret à sa source ; ou, compte vérifié : "
                f"carenage collect {source.job.subject or source.job.name} --force",
            )
        context = CollectionContext(
            now=now, subject=source.stated.directory, http=http, work_dir=work_dir, login=login.attempt
        )
        tried = False
        for result in collector.check(context):
            tried = True
            yield CheckResult(what=f"{name} : {result.what}", ok=result.ok, message=result.message)
        if not tried:
            yield CheckResult(what=name, ok=True, message="réglages acceptés (rien à essayer sans collecter)")
    except AgentError as error:
        yield CheckResult(what=name, ok=False, message=error.message + (f" → {error.hint}" if error.hint else ""))


def _recipients(vault: WatchedVault, configured: Sequence[str]) -> str:
    if set(vault.recipients) != set(configured):
        raise ConfigurationError(
            "Le coffre scelle pour d'autres clés que celles de la configuration.",
            hint="Pour changer de destinataires : carenage vault recipients --person … --reason …",
        )
    return f"{len(configured)} clés, celles de la configuration"


def _vault(vault: WatchedVault) -> str:
    if alarms := vault.alarms():
        raise IntegrityError(
            f"{counted(len(alarms), 'anomalie', 'anomalies')}, la première : {alarms[0]}",
            hint="carenage vault verify --all",
        )
    return "ouvert, sans anomalie"


def _space(folder: Path) -> str:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise VaultError(f"Le dossier n'est pas accessible ({error.strerror}).") from error
    if free < _LOW_SPACE_BYTES:
        raise VaultError(
            f"Il ne reste que {free // 1024**2} Mo.", hint="Libérez de la place : un dépôt peut être grand."
        )
    return f"{free // 1024**3} Go libres"


def _built(build: Callable[[], Any]) -> str:
    build()
    return "réglages acceptés ; l'essai réel : carenage alerts test"
