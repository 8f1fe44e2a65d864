"""The composition root: the only module that builds adapters from the configuration."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from agent.domain.errors import AgentError, BusyError, ConfigurationError, ExitCode, UsageError
from agent.domain.schedule import INBOX, Job, Rhythm
from config.load import LoadedConfiguration, examine_text, load
from config.place import configuration_path

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from contextlib import AbstractContextManager
    from decimal import Decimal

    from agent.alerts.interface import Channel
    from agent.clock import Clock
    from agent.domain.admissible import Perimeter
    from agent.domain.scenario import Scenario
    from agent.domain.schedule import DueJob
    from agent.http import HttpOptions, HttpSession
    from agent.services.accounts import ProxyAccount
    from agent.services.assess import Assessed
    from agent.services.collect import JobResult, Source
    from agent.services.declare import Surroundings
    from agent.services.explain import Explained
    from agent.services.forecast import ForecastReport, PhaseStartReport
    from agent.services.notify import Delivery, Notifier
    from agent.services.package import CheckedDossier, DossierSubject
    from agent.services.receive import Reception
    from agent.services.report import StatusReport
    from agent.services.run_pass import PassPorts, PassReport, PlannedJob
    from agent.services.spending import SpendingReport, SpendingTable
    from agent.services.verify import WatchedVault
    from agent.state.store import StateStore
    from agent.state.workspace import Workspace
    from agent.vault.age import Identity
    from agent.vault.vault import Vault
    from collectors.interface import CheckResult, Collector
    from config.model import ChannelEntry, CollectorEntry, Programme
    from uploader.dossier.build import BuiltDossier

logger = logging.getLogger(__name__)

PARIS = ZoneInfo("Europe/Paris")
LAST_GOOD = "last-good.toml"
# What the shipped timer and task do (deploy/), and `serve` unless told otherwise.
PERIOD_SECONDS = 15 * 60
RHYTHMS = {"exposure": Rhythm.DAILY, "active_directory": Rhythm.WEEKLY, "inventory": Rhythm.WEEKLY}


class Application:
    """Everything one configuration file stands for, each part built when first asked for."""

    def __init__(self, loaded: LoadedConfiguration, *, clock: Clock) -> None:
        self.loaded = loaded
        self.configuration = loaded.configuration
        self.clock = clock
        self.zone = ZoneInfo(self.configuration.candidate.time_zone)
        self.period_seconds = PERIOD_SECONDS

    # What stands on disk

    @property
    def state_dir(self) -> Path:
        """Return the folder of the agent's own state."""
        return self.configuration.state.path

    @cached_property
    def state(self) -> StateStore:
        """Return the agent's own database, made when it is not there."""
        from agent.state.store import StateStore

        self._make_state_dir()
        return StateStore.open(self.state_dir / "state.sqlite", entity=self.configuration.candidate.id)

    @cached_property
    def watched_vault(self) -> WatchedVault:
        """Return the vault with what its controls have found."""
        from agent.services.verify import WatchedVault

        return WatchedVault(self.vault, self.state)

    def _make_state_dir(self) -> None:
        from agent.services.initialise import make_state_folder

        make_state_folder(self.state_dir)

    @cached_property
    def vault(self) -> Vault:
        """Return the vault; raises ConfigurationError when there is none."""
        from agent.vault.vault import Vault

        return Vault.open(
            self.configuration.vault.path,
            self.state_dir / "keys",
            self.state.agent,
            self.configuration.candidate.id,
            self.clock,
        )

    def close(self) -> None:
        """Close what was opened."""
        for name in ("workspace", "vault", "state"):
            if name in vars(self):
                vars(self).pop(name).close()

    @cached_property
    def workspace(self) -> Workspace:
        """Return this process's folder of clear copies; what a killed process left is wiped."""
        from agent.state.workspace import Workspace

        return Workspace(self.state_dir / "work")

    @property
    def work_dir(self) -> Path:
        """Return the private folder of work copies."""
        return self.workspace.path

    # What the rules see

    def as_of(self, asked: date | None = None) -> date:
        """Return the day to judge: the one asked, the demonstration's, or today in the hospital's civil time."""
        if asked is not None:
            return asked
        if self.configuration.demo is not None:
            return self.configuration.demo.as_of
        return self.clock.now().astimezone(self.zone).date()

    @cached_property
    def perimeters(self) -> tuple[Perimeter, ...]:
        """Return one perimeter per configured programme, in the evaluation contract's words."""
        from config.perimeter import perimeters

        return perimeters(self.configuration)

    def assess(self, *, as_of: date | None = None) -> list[Assessed]:
        """Return the assessment of every programme on a day."""
        from agent.services.assess import assess
        from config.fact_kinds import fact_kinds
        from config.programme_files import find_programme

        return assess(
            self.perimeters,
            self.vault.index,
            held=self.vault.held(),
            as_of=self.as_of(as_of),
            zone=self.zone,
            evaluate=evaluate_scenario,
            programmes=find_programme,
            kinds=fact_kinds(),
        )

    def surroundings(self, *, writes: bool) -> Surroundings:
        """Return what a declaration may name, and the day it is made; only the vault's owner `writes`."""
        from agent.domain.declaration_request import Known
        from agent.domain.programme import Subject
        from agent.services.declare import Surroundings
        from config.fact_kinds import fact_kinds
        from config.programme_files import load_programme

        if writes:
            self._refuse_another_user()
        configuration = self.configuration
        return Surroundings(
            kinds=fact_kinds(),
            known=Known(
                programmes=tuple(load_programme(item.id) for item in configuration.programmes),
                establishments=tuple(item.id for item in configuration.establishments),
                directories={item.id: item.kind for item in configuration.directories},
                surfaces=tuple(item.id for item in configuration.surfaces),
                deposits=frozenset(),
                findings=None,
                served={
                    Subject.DIRECTORIES: frozenset(
                        one for item in configuration.directories for one in item.establishments
                    ),
                    Subject.SURFACES: frozenset(one for item in configuration.surfaces for one in item.establishments),
                },
            ),
            zone=self.zone,
            now=self.clock.now(),
            today=self.as_of(),
        )

    def status(self, *, as_of: date | None = None) -> StatusReport:
        """Return where every objective stands."""
        from agent.holidays import public_holidays
        from agent.services.forecast import audits_ahead
        from agent.services.report import report

        assessed = self.assess(as_of=as_of)
        days_off = partial(public_holidays, self.configuration.candidate.holidays_region)
        return report(
            assessed,
            as_of=self.as_of(as_of),
            next_audits=audits_ahead(assessed, parse=_parsed, holidays=days_off),
            names={item.id: item.name for item in self.configuration.establishments},
            alarms=self.watched_vault.alarms(),
        )

    def forecast(
        self,
        *,
        as_of: date | None = None,
        supposed: Sequence[str] = (),
        declaration: date | None = None,
        programme: str | None = None,
    ) -> list[ForecastReport]:
        """Return what lies ahead of every programme, with `supposed` audits and another planned declaration."""
        from agent.holidays import public_holidays
        from agent.services.forecast import report_forecasts
        from config.fact_kinds import fact_kinds

        return report_forecasts(
            self.assess(as_of=as_of),
            parse=_parsed,
            kinds=fact_kinds(),
            holidays=partial(public_holidays, self.configuration.candidate.holidays_region),
            supposed=supposed,
            declaration=declaration,
            only=programme,
        )

    def phase_starts(
        self, *, as_of: date | None = None, declaration: date | None = None, programme: str | None = None
    ) -> list[PhaseStartReport]:
        """Return the phase starts that candidates may compare, for every programme that lets them choose."""
        from agent.services.forecast import report_phase_starts

        return report_phase_starts(self.assess(as_of=as_of), parse=_parsed, declaration=declaration, only=programme)

    @property
    def establishment_names(self) -> dict[str, str]:
        """Return what people call the establishments, by slug."""
        return {item.id: item.name for item in self.configuration.establishments}

    @property
    def finding_names(self) -> dict[str, str]:
        """Return what people call the findings of the exposure audits, by id: their title and what they are on."""
        from agent.services.package import finding_names

        return finding_names(self.vault.index)

    def explain(
        self, objective: str, subject: str | None, *, programme: str | None = None, as_of: date | None = None
    ) -> Explained:
        """Return why an objective stands as it does on a day, for the candidate or one of its parts."""
        from agent.services.explain import Explained, explanation_of
        from config.fact_kinds import fact_kinds
        from config.programme_files import find_programme

        return Explained(
            explanation=explanation_of(
                self.assess(as_of=as_of),
                objective,
                subject,
                programme=programme,
                programmes=find_programme,
                kinds=fact_kinds(),
            ),
            names={item.id: item.name for item in self.configuration.establishments},
            alarms=self.watched_vault.alarms(),
        )

    # Money

    def spending(
        self,
        file: Path | None = None,
        *,
        programme: str | None = None,
        phase_start: date | None = None,
        declaration: date | None = None,
        ceiling: Decimal | None = None,
        as_of: date | None = None,
    ) -> SpendingReport:
        """
        Judge the spending that the vault holds, or that of `file` without sealing it, under one configured programme.

        Raises UsageError for a programme that is not configured or a file that is no table of spending.
        """
        from agent.services.declarations import declarations_in_force
        from agent.services.spending import report, tables_in_force
        from config.fact_kinds import fact_kinds
        from config.programme_files import load_programme, programme_ids
        from config.spending_rules import spending_rules

        entry = self._programme_entry(programme)
        last_day = entry.declaration_deadline or load_programme(entry.id).last_day
        planned = declaration or entry.declaration or last_day
        index = self.vault.index
        return report(
            tables_in_force(index, self.zone) if file is None else [_spending_table(file, self.zone, self.as_of())],
            spending_rules(entry.id),
            programme=entry.id,
            programmes=programme_ids(),
            phase_start=phase_start or entry.phase_start,
            declaration=min(planned, last_day) if planned and last_day else planned,
            as_of=self.as_of(as_of),
            public=self.configuration.candidate.type != "PRIVE",
            declarations=declarations_in_force(index, fact_kinds(), self.zone),
            ceiling=ceiling,
            unknown=index.unknown() if file is None else 0,
        )

    def write_statement(self, found: SpendingReport, to: Path, *, replace: bool) -> str:
        """Write the financial statement as an Excel workbook and return its SHA-256; see `write_whole` for errors."""
        from config.programme_files import load_programme
        from uploader.dossier.financial_statement import StatementHead, UnusedRow, financial_statement
        from uploader.dossier.whole_file import write_whole

        head = StatementHead(
            candidate=self.configuration.candidate.name,
            programme=load_programme(found.statement.programme).label,
            public=self.configuration.candidate.type != "PRIVE",
        )
        unused = [
            UnusedRow(table=name, where=row.where, label=row.label, faults=row.faults) for name, row in found.faulty
        ]
        data = financial_statement(found.statement, head, unused)
        return write_whole(to, lambda stream: stream.write(data), replace=replace)

    def _programme_entry(self, programme: str | None) -> Programme:
        from agent.texts.words import did_you_mean

        entries = {entry.id: entry for entry in self.configuration.programmes}
        if programme is None:
            return self.configuration.programmes[0]
        if programme not in entries:
            raise UsageError(
                f"Le programme « {programme} » n'est pas configuré{did_you_mean(programme, entries)}",
                hint=f"Programmes configurés : {', '.join(entries)}.",
            )
        return entries[programme]

    # What a pass does

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Return the enabled collectors of the configuration, each built only when it runs."""
        from agent.domain.handover import SideValues
        from agent.services.collect import Source
        from collectors import registry

        families = registry.kinds()
        return tuple(
            Source(
                job=Job(name=entry.kind, subject=entry.id, rhythm=RHYTHMS[families[entry.kind]]),
                build=partial(self._build_collector, entry),
                stated=SideValues(
                    directory=entry.directory,
                    tool=None if entry.tool == "UNKNOWN" else entry.tool,
                    discovers=entry.settings.get("discovers"),
                ),
            )
            for entry in self.configuration.collectors
            if entry.enabled
        )

    def _build_collector(self, entry: CollectorEntry) -> Collector[Any]:
        from collectors import registry

        kind = registry.load(entry.kind)
        return kind(entry.id, self.loaded.settings_of(entry, kind))

    @cached_property
    def http_options(self) -> HttpOptions:
        """Return how this house reaches the network."""
        from agent.http import HttpOptions
        from config.secret_sources import resolve

        network = self.configuration.network
        return HttpOptions(
            proxy_login=self.proxy_account,
            proxy_url=network.proxy_url,
            proxy_user=network.proxy_user,
            proxy_password=resolve(network.proxy_password) if network.proxy_password else None,
            no_proxy=network.no_proxy,
            ca_file=network.ca_file,
        )

    @cached_property
    def proxy_account(self) -> ProxyAccount | None:
        """Return the account of the proxy, None when it asks for none."""
        from urllib.parse import urlsplit

        from agent.services.accounts import ProxyAccount
        from config.secret_sources import resolve

        network = self.configuration.network
        if network.proxy_url is None or network.proxy_user is None:
            return None
        return ProxyAccount(
            lambda: self.state,
            self.clock,
            account=f"{network.proxy_user.casefold()}@{urlsplit(network.proxy_url).hostname}",
            password=resolve(network.proxy_password) if network.proxy_password else None,
        )

    def _http(self, base_url: str) -> HttpSession:
        from agent.http import HttpSession

        return HttpSession(base_url, self.http_options, clock=self.clock)

    @cached_property
    def jobs(self) -> tuple[PlannedJob, ...]:
        """Return every job of a pass, the inbox first."""
        from agent.services.collect import CollectionPorts, collect
        from agent.services.run_pass import PlannedJob, every_pass

        def run_source(source: Source) -> Callable[[datetime], JobResult]:
            def run(now: datetime) -> JobResult:
                ports = CollectionPorts(
                    state=self.state,
                    receive=self.reception,
                    http=self._http,
                    work_dir=self.work_dir,
                    zone=self.zone,
                )
                return collect(source, ports, now=now)

            return run

        return (
            PlannedJob(job=every_pass(INBOX), run=self._run_inbox),
            *(PlannedJob(job=source.job, run=run_source(source)) for source in self.sources),
        )

    @cached_property
    def reception(self) -> Reception:
        """Return what registers a deposit: seals it, reads it in a worker process, seals the facts."""
        return replace(
            reception_of(self.vault, self.zone),
            directories=[item.id for item in self.configuration.directories],
            surfaces=[item.id for item in self.configuration.surfaces],
            today=self.configuration.demo.as_of if self.configuration.demo else None,
        )

    def _run_inbox(self, now: datetime) -> JobResult:
        from agent.services.receive_inbox import receive_inbox

        inbox = self.configuration.inbox
        return receive_inbox(
            inbox.path,
            self.reception.register,
            self.state,
            now=now,
            settle_seconds=inbox.settle_seconds,
            keep_days=inbox.keep_days,
            work_dir=self.work_dir,
            is_intact=self.vault.is_intact,
        )

    def jobs_named(self, job: str, subject: str | None) -> list[Job]:
        """Return the jobs that `collect JOB [--subject ID]` means."""
        directories = {source.job: source.stated.directory for source in self.sources}
        return [
            planned.job
            for planned in self.jobs
            if job in (planned.job.name, planned.job.subject)
            and subject in (None, planned.job.subject, directories.get(planned.job))
        ]

    def job_names(self) -> list[str]:
        """Return what `collect` can be asked for."""
        return sorted({planned.job.name for planned in self.jobs})

    def plan(self, *, as_of: date | None = None) -> list[DueJob]:
        """Return when each job of the agent is due next, soonest first."""
        from agent.services.run_pass import plan

        now = self.clock.now()
        if as_of is not None:
            now = datetime(as_of.year, as_of.month, as_of.day, 12, tzinfo=self.zone)
        return plan(self.jobs, self.state, now=now, zone=self.zone)

    def run(
        self, *, only: str | None = None, subject: str | None = None, force: bool = False, as_of: date | None = None
    ) -> PassReport:
        """Do one pass; raises BusyError while another runs, UsageError for `as_of` outside a demonstration."""
        from uuid import uuid4

        from agent.services.run_pass import run_pass
        from agent.services.supervise import BEACON, beacon_of, last_beacon
        from agent.state.beacon import write_beacon

        if as_of is not None and self.configuration.demo is None:
            raise UsageError(
                "--as-of est réservé à une configuration de démonstration.",
                hint="Une passe réelle se fait au jour d'aujourd'hui ; pour simuler : carenage status --as-of DATE.",
            )
        self._refuse_another_user()
        if self.configuration.log.path is not None:
            from agent.logs import log_to_file

            log_to_file(self.configuration.log.path, level=self.configuration.log.level)
        wanted = None if only is None else self.jobs_named(only, subject)
        if wanted is not None and not wanted:
            raise UsageError(
                f"Aucune collecte « {only} » n'est configurée.",
                hint="Les collectes possibles : " + ", ".join(self.job_names()) + ".",
            )
        with self._pass_lock():
            try:
                self._settle_accounts(wanted if force else None)
                self.vault  # noqa: B018 - opening it repairs what an interruption left, before anything is collected
                report = run_pass(self._pass_ports(as_of), uuid4().hex[:12], only=wanted)
            except BusyError:
                raise
            except AgentError as error:
                self._tell_of_failed_pass(error)
                raise
            self._keep_last_good()
            beacon = beacon_of(report, period_seconds=self.period_seconds, previous=last_beacon(self.state_dir))
            write_beacon(self.state_dir / BEACON, beacon, pause=self.clock.sleep)
        return report

    def _tell_of_failed_pass(self, error: AgentError) -> None:
        """Tell people and the supervision that a pass could not be made; never raises an AgentError."""
        from agent.domain.alert import Observation, vault_access
        from agent.services.supervise import BEACON, beacon_of_failure
        from agent.state.beacon import write_beacon

        beacon = beacon_of_failure(error.message, now=self.clock.now(), period_seconds=self.period_seconds)
        observation = Observation(source="vault-access", conditions=(vault_access(error.message),))
        for tell in (
            lambda: self.notifier.notify([observation]),
            lambda: write_beacon(self.state_dir / BEACON, beacon, pause=self.clock.sleep),
        ):
            try:
                tell()
            except AgentError as failure:
                logger.warning("failed pass not told", extra={"reason": failure.message})

    def _settle_accounts(self, forced: Collection[Job] | None) -> None:
        """Forget the blocks of what is no longer configured, and free the accounts that `forced` jobs use."""
        from agent.services.accounts import PROXY
        from agent.services.collect import free_account

        configuration = self.configuration
        self.state.forget_blocks(
            except_of={
                *(f"collector:{entry.id}" for entry in configuration.collectors),
                *(f"channel:{entry.id}" for entry in configuration.channels),
                *([PROXY] if self.configuration.network.proxy_user else []),
            }
        )
        if forced is None:
            return
        for source in self.sources:
            if source.job in forced:
                free_account(source, self.state)
        if self.proxy_account is not None:
            self.proxy_account.free()

    def test_alerts(self, channels: Collection[str], *, force: bool) -> list[Delivery]:
        """Send a test message on each channel (those named, or all); `force` frees the blocked accounts first."""
        if force and self.proxy_account is not None:
            self.proxy_account.free()
        return self.notifier.test(channels, force=force)

    def _refuse_another_user(self) -> None:
        """Raise WrongUserError before a file of the state is touched that its owner could not use any more."""
        from agent.vault.vault import wrong_user

        root = self.configuration.vault.path
        if root.is_dir() and (error := wrong_user(root)):
            raise error

    def _pass_ports(self, as_of: date | None) -> PassPorts:
        from agent.services.run_pass import PassPorts

        return PassPorts(
            clock=self.clock,
            zone=self.zone,
            state=self.state,
            vault=self.watched_vault,
            jobs=self.jobs,
            assess=partial(self.assess, as_of=as_of),
            notifier=self.notifier,
            configuration_problems=self._drifts(),
        )

    def _drifts(self) -> list[str]:
        """Return where the vault and the configuration have parted, in French."""
        if set(self.vault.recipients) == set(self.configuration.vault.recipients):
            return []
        return [
            "vault.recipients : le coffre scelle encore pour d'autres clés ; carenage vault recipients les remplace"
        ]

    def _pass_lock(self) -> AbstractContextManager[object]:
        from contextlib import contextmanager

        from filelock import FileLock, Timeout

        @contextmanager
        def held() -> Iterator[None]:
            self._make_state_dir()
            lock = FileLock(self.state_dir / "pass.lock", timeout=0)
            try:
                lock.acquire()
            except Timeout as error:
                raise BusyError(
                    "Une autre passe est en cours.", hint="Elle finira seule ; relancez ensuite si besoin."
                ) from error
            try:
                yield
            finally:
                lock.release()

        return held()

    def _keep_last_good(self) -> None:
        """Keep a copy of a configuration that worked: it holds no secret, and alerts when the file breaks."""
        from agent.vault import files

        text = self.loaded.text.encode()
        kept = self.state_dir / LAST_GOOD
        if not kept.exists() or kept.read_bytes() != text:
            files.replace(kept, text)

    # Telling people

    @cached_property
    def notifier(self) -> Notifier:
        """Return the alerts of this configuration; what a channel that does not build should send waits for it."""
        from agent.alerts import texts
        from agent.services.notify import Notifier
        from config.programme_files import load_programme

        objectives: dict[str, str] = {}
        for programme in (load_programme(item.id) for item in self.configuration.programmes):
            objectives |= {name: programme.label_of(name) for name in programme.order}
        channels, unavailable = self._channels()
        return Notifier(
            self.state,
            channels,
            self.clock,
            unavailable=unavailable,
            sender=self.configuration.candidate.name,
            names=texts.Names(
                establishments={item.id: item.name for item in self.configuration.establishments},
                objectives=objectives,
            ),
            zone=self.zone,
        )

    def send_pending(self) -> list[Delivery]:
        """Send every alert that waits, due or not; raises BusyError while a pass, which sends them too, is running."""
        with self._pass_lock():
            return self.notifier.deliver(force=True)

    def _channels(self) -> tuple[list[Channel[Any]], dict[str, str]]:
        """Return the channels, and why each of the others could not be built."""
        channels = []
        unavailable = {}
        for entry in self.configuration.channels:
            try:
                channels.append(self._build_channel(entry))
            except AgentError as error:
                logger.warning("channel not built", extra={"channel": entry.id, "reason": error.message})
                unavailable[entry.id] = f"{error.message} {error.hint}" if error.hint else error.message
        return channels, unavailable

    def _build_channel(self, entry: ChannelEntry) -> Channel[Any]:
        from agent.alerts import registry
        from agent.alerts.interface import ChannelContext

        kind = registry.load(entry.kind)
        context = ChannelContext(clock=self.clock, http=self.http_options)
        return kind(entry.id, self.loaded.settings_of(entry, kind), context)

    def doctor(self) -> tuple[list[CheckResult], ExitCode]:
        """Try each part of the installation once, harmlessly."""
        from agent.services.examine import examine

        configuration = self.configuration
        return examine(
            warnings=self.loaded.warnings,
            vault=lambda: self.watched_vault,
            recipients=configuration.vault.recipients,
            folders=[configuration.vault.path, configuration.inbox.path],
            sources=self.sources,
            state=lambda: self.state,
            channels=[(entry.id, partial(self._build_channel, entry)) for entry in configuration.channels],
            http=self._http,
            work_dir=self.work_dir,
            now=self.clock.now(),
        )

    # Handing over

    def build_dossier(
        self,
        to_dir: Path,
        *,
        as_of: date | None,
        identity: Identity | None,
        vault: Vault | None = None,
        programme: str | None = None,
    ) -> BuiltDossier:
        """Build the evidence file of a programme (the first unless named), from this vault or from a copy."""
        from agent.services.package import package

        vault = vault or self.vault
        perimeter = self._perimeter_of(programme)
        return package(
            vault,
            self._dossier_subject(perimeter, vault),
            self._assess_for_dossier(perimeter, vault, as_of),
            as_of=self.as_of(as_of),
            now=self.clock.now(),
            zone=self.zone,
            to_dir=to_dir,
            identity=identity,
            work_dir=self.work_dir,
        )

    def check_dossier(
        self,
        *,
        as_of: date | None,
        vault: Vault | None = None,
        programme: str | None = None,
        prepared: Path | None = None,
    ) -> CheckedDossier:
        """
        Return every piece of a programme (the first unless named), from the index of this vault or of a copy.

        `prepared` is a folder made ready for the deposit, to be looked at too.
        """
        from agent.services.package import CheckedDossier, check
        from agent.services.prepared import examine_prepared

        vault = vault or self.vault
        perimeter = self._perimeter_of(programme)
        subject = self._dossier_subject(perimeter, vault)
        assessed = self._assess_for_dossier(perimeter, vault, as_of)
        listed = check(vault.index, subject, assessed, as_of=self.as_of(as_of), zone=self.zone)
        return CheckedDossier(
            subject=subject,
            as_of=self.as_of(as_of),
            checklist=listed,
            prepared=examine_prepared(prepared, listed, vault) if prepared else None,
        )

    def _perimeter_of(self, programme: str | None) -> Perimeter:
        entry = self._programme_entry(programme)
        return next(one for one in self.perimeters if one.base["programme"] == entry.id)

    def _assess_for_dossier(self, perimeter: Perimeter, vault: Vault, as_of: date | None) -> Assessed:
        from agent.services.assess import assess
        from config.fact_kinds import fact_kinds
        from config.programme_files import find_programme

        [assessed] = assess(
            [perimeter],
            vault.index,
            held=vault.held(),
            as_of=self.as_of(as_of),
            zone=self.zone,
            evaluate=evaluate_scenario,
            programmes=find_programme,
            kinds=fact_kinds(),
        )
        return assessed

    def _dossier_subject(self, perimeter: Perimeter, vault: Vault) -> DossierSubject:
        from agent.services.package import DossierSubject, finding_names
        from config.fact_kinds import fact_kinds
        from config.programme_files import load_programme

        configuration = self.configuration
        return DossierSubject(
            entity=configuration.candidate.id,
            candidate=configuration.candidate.name,
            programme=load_programme(str(perimeter.base["programme"])),
            directories=tuple((item.id, item.name, item.establishments) for item in configuration.directories),
            elements=perimeter.elements,
            establishments_of={item.id: item.establishments for item in configuration.surfaces},
            several=frozenset(kind.id for kind in fact_kinds().values() if kind.several),
            collected=frozenset(
                item.directory
                for item in configuration.collectors
                if item.kind == "ldap" and item.enabled and item.directory is not None
            ),
            names={
                **finding_names(vault.index),
                **{item.id: item.name for item in configuration.surfaces},
                **{item.id: item.name for item in configuration.directories},
                **{item.id: item.name for item in configuration.establishments},
            },
        )


def open_application(path: Path | None, *, clock: Clock) -> Application:
    """Load the configuration at `path` (or its usual place); raises ConfigurationError."""
    return Application(load(configuration_path(path)), clock=clock)


def alert_of_broken_configuration(path: Path | None, error: ConfigurationError, *, clock: Clock) -> bool:
    """
    Tell through the channels of the last configuration that worked; return whether that could be tried.

    Never raises an AgentError: the caller has its own error to report.
    """
    from agent.domain.alert import Observation, configuration

    broken = configuration_path(path)
    try:
        state_dir = _state_dir_of(broken)
        if state_dir is None or not (state_dir / LAST_GOOD).is_file():
            return False
        text = (state_dir / LAST_GOOD).read_text(encoding="utf-8")
        found = examine_text(text, path=broken)
        if found.configuration is None:
            return False
        application = Application(
            LoadedConfiguration(configuration=found.configuration, warnings=found.warnings, path=broken, text=text),
            clock=clock,
        )
        faults = [f"{where} : {what}" for where, what in error.problems] or [error.message]
        application.notifier.notify([Observation(source="configuration", conditions=(configuration(faults),))])
    except (AgentError, OSError, UnicodeDecodeError) as failure:
        logger.warning("broken configuration not told", extra={"reason": type(failure).__name__})
        return False
    return True


def _state_dir_of(broken: Path) -> Path | None:
    """Return `[state] path` of a file that does not load, found line by line."""
    import re

    section = ""
    for line in broken.read_text(encoding="utf-8", errors="replace").splitlines():
        if header := re.match(r"\s*\[+\s*([\w-]+)\s*\]+", line):
            section = header[1]
        elif section == "state" and (value := re.match(r"""\s*path\s*=\s*["'](.+?)["']""", line)):
            return broken.parent / value[1]
    return None


def check_line(
    path: Path | None, *, state_dir: Path | None, period_minutes: int | None, clock: Clock
) -> tuple[str, int]:
    """Return the monitoring plug-in's line and exit code; `state_dir` spares reading the configuration."""
    from agent.services.supervise import check_line

    folder = state_dir or load(configuration_path(path)).configuration.state.path
    return check_line(folder, now=clock.now(), period_seconds=period_minutes * 60 if period_minutes else None)


def open_vault_copy(root: Path, *, clock: Clock) -> Vault:
    """Open a copy of a vault for reading, on a machine that holds none of the agent's keys."""
    from agent.vault.vault import Vault

    return Vault.open(root, None, agent="copy", entity="copy", clock=clock)


def reception_of(vault: Vault, zone: ZoneInfo = PARIS) -> Reception:
    """Return what reads, and seals where the vault is writable, without a configuration to check ids against."""
    from agent.services.receive import Reception
    from collectors.reading import read_deposit, recognise

    return Reception(vault=vault, read=read_deposit, recognise=recognise, zone=zone)


def reader_versions() -> dict[str, int]:
    """Return the version of each format's reader."""
    from collectors.formats.registry import readers

    return {reader.format: reader.version for reader in readers()[0]}


def _parsed(scenario: dict[str, object]) -> Scenario:
    """Read a scenario of the contract with the programme that it names."""
    from agent.domain.scenario import parse_scenario
    from config.programme_files import find_programme

    return parse_scenario(scenario, find_programme)


def _spending_table(file: Path, zone: ZoneInfo, today: date) -> SpendingTable:
    """Return the table of spending in a file that nobody has sealed."""
    from agent.domain.facts import SpendingFact
    from agent.domain.handover import SideValues
    from agent.services.read import facts_from
    from agent.services.spending import SpendingTable
    from collectors.reading import read_file

    reading = read_file(file).reading
    fact = facts_from(reading, side=SideValues(), received_on=today, zone=zone)[0]
    if not isinstance(fact, SpendingFact):
        raise UsageError(
            f"« {file.name} » n'est pas reconnu comme un tableau de dépenses.",
            hint="Il faut une ligne d'en-têtes avec un montant, des dates ou un objectif. "
            "Un tableau vide : carenage spending template --to FICHIER.csv.",
        )
    return SpendingTable(name=fact.table, fact=fact)


def write_spending_template(to: Path, *, replace: bool) -> None:
    """Write an empty table of spending; see `write_whole` for errors."""
    from agent.texts.spending import TEMPLATE
    from uploader.dossier.whole_file import write_whole

    empty = ("\ufeff" + ";".join(TEMPLATE) + "\r\n").encode()
    write_whole(to, lambda stream: stream.write(empty), replace=replace)


def evaluate_scenario(scenario: dict[str, object]) -> dict[str, object]:
    """Evaluate one scenario of the contract with the programme that it names."""
    from agent.domain.assessment import evaluate
    from agent.domain.scenario import parse_scenario
    from config.programme_files import find_programme, load_programme

    parsed = parse_scenario(scenario, find_programme)
    return evaluate(load_programme(str(scenario["programme"])), parsed).as_json()
