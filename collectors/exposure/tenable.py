"""
Tenable Vulnerability Management: every finished run of a scan, as the platform reports it.

The evidence of one audit is the run's own report (`scan.nessus`), since the bulk
vulnerability export tells the state of assets today, not what an audit saw; beside it, the
platform's description of the run (`scan.json`): targets, dates, status.
"""

from __future__ import annotations

import json
import logging
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeVar
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.domain.errors import (
    AccessDeniedError,
    CollectorError,
    ConfigurationError,
    SourceAnswerError,
    UnreachableError,
)
from agent.domain.evidence import EvidenceClass, RawEvidence
from agent.domain.secret import Secret
from collectors.interface import CheckResult, CollectionContext, Collector, CollectorSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo
    from typing import BinaryIO

    from agent.http import HttpResponse, HttpSession

logger = logging.getLogger(__name__)

_IN_PROGRESS = frozenset(
    {
        "empty", "initializing", "paused", "pausing", "pending", "processing", "publishing", "resuming", "running",
        "stopping",
    }
)  # fmt: skip
_COMPLETED = frozenset({"completed", "imported"})
_PAGE = 50
_MAX_PAGES = 100
_EDGE_BYTES = 4096
_MEBIBYTE = 1024 * 1024


class TenableSettings(CollectorSettings):
    """
    How to reach Tenable, and what the candidate states about it.

    `scans` names the scans to collect (name, number or UUID), all of them when empty. `tool`
    is what the candidate states about the platform: `INDUSTRIAL` when it conforms to the
    ANS specification, `UNKNOWN` to decide later. `discovers` states that a domain in the
    targets covers its sub-names.
    """

    base_url: Annotated[str, Field(pattern=r"^https://[^/?#@\s]+/?$")] = Field(
        default="https://cloud.tenable.com", description="Adresse de la plate-forme."
    )
    access_key: Secret = Field(description="Clé d'accès de l'API (référence à un secret).")
    secret_key: Secret = Field(description="Clé secrète de l'API (référence à un secret).")
    scans: tuple[str, ...] = Field(
        default=(), description="Audits à collecter (nom, numéro ou UUID) ; vide : tous ceux que le compte voit."
    )
    tool: Literal["INDUSTRIAL", "SILENE", "CYBERSURVEILLANCE", "UNKNOWN"] = Field(
        description="Ce que le candidat déclare de l'outil : INDUSTRIAL s'il suit la spécification de l'ANS."
    )
    discovers: bool = Field(
        default=False, description="Vrai : un domaine parmi les cibles couvre ses sous-domaines découverts."
    )
    max_age_days: int = Field(
        default=400, ge=1, le=3650, description="Âge au-delà duquel un audit est laissé, en jours."
    )
    timeout_seconds: float = Field(
        default=60, gt=0, le=3600, description="Attente maximale d'une réponse, en secondes."
    )
    download_seconds: float = Field(
        default=1800, gt=0, le=86400, description="Durée maximale du téléchargement d'un rapport, en secondes."
    )
    export_wait_seconds: float = Field(
        default=1800, gt=0, le=86400, description="Attente maximale de la préparation d'un rapport, en secondes."
    )
    max_report_mebibytes: int = Field(default=1024, ge=1, le=16384, description="Taille maximale d'un rapport, en Mio.")


class _Answer(BaseModel):
    """What we need of an answer; the rest of it is the vendor's business."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Scan(_Answer):
    id: int
    name: str = ""
    uuid: str | None = None
    schedule_uuid: str | None = None

    @property
    def key(self) -> str:
        """Return the identifier the vendor recommends, fit for a path."""
        return quote(self.schedule_uuid or str(self.id), safe="")

    def is_called(self, wanted: str) -> bool:
        return wanted in (self.name, str(self.id), self.uuid, self.schedule_uuid)


class _Scans(_Answer):
    scans: tuple[_Scan, ...] | None


class _Run(_Answer):
    id: int
    scan_uuid: Annotated[str, Field(min_length=1, max_length=200)]
    status: str
    time_start: int | None = None
    time_end: int | None = None

    @property
    def in_progress(self) -> bool:
        return self.status.lower() in _IN_PROGRESS

    @property
    def completed(self) -> bool:
        return self.status.lower() in _COMPLETED

    @property
    def ended_at(self) -> datetime | None:
        """Return when the run ended, or else started."""
        seconds = self.time_end or self.time_start
        with suppress(ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(seconds, UTC) if seconds else None
        return None


class _Pagination(_Answer):
    total: int


class _History(_Answer):
    pagination: _Pagination
    history: tuple[_Run, ...]


class _Ticket(_Answer):
    file: Annotated[str, Field(min_length=1, max_length=500)]


class _ExportStatus(_Answer):
    status: str


AnswerT = TypeVar("AnswerT", bound=_Answer)


class TenableCollector(Collector[TenableSettings]):
    """One deposit for each finished run: its report, and what the platform says of the run."""

    name: ClassVar[str] = "tenable"
    title: ClassVar[str] = "Tenable Vulnerability Management"
    family: ClassVar[str] = "exposure"
    evidence_class: ClassVar[EvidenceClass] = EvidenceClass.EXPOSURE
    settings_type: ClassVar[type[CollectorSettings]] = TenableSettings

    @property
    def account(self) -> str:
        return f"tenable@{urlsplit(self.settings.base_url).hostname}"

    def collect(self, context: CollectionContext) -> Iterator[RawEvidence | tuple[RawEvidence, ...]]:
        """
        Yield one tuple for each run finished since the cursor, oldest first.

        A run that cannot be fetched is skipped and named in the SourceAnswerError raised at the
        end, so that one damaged run hides no other; it is tried again next time.
        """
        known = _runs_of(context.cursor)
        oldest = context.now - timedelta(days=self.settings.max_age_days)
        with (
            self._open(context) as http,
            tempfile.TemporaryDirectory(dir=context.work_dir, prefix="tenable-") as folder,
        ):
            api = _Api(http, self.settings)
            with context.login():
                scans, missing = api.scans()
            failed = [f"le scan « {name} » n'existe pas ou n'est pas visible avec cette clé" for name in missing]
            runs: list[tuple[_Scan, _Run]] = []
            hidden = False
            for scan in scans:
                try:
                    history = list(api.history(scan, not_before=oldest))
                except AccessDeniedError as error:
                    hidden = True
                    failed.append(f"historique du scan « {scan.name} » : {error.message}")
                    continue
                runs += [
                    (scan, run)
                    for run in history
                    if not run.in_progress and (run.ended_at is None or run.ended_at >= oldest)
                ]
            # What a hidden scan gave before is remembered: it is not collected anew once the scan is visible again.
            done = set(known) if hidden else {run.scan_uuid for _, run in runs} & known
            self._advance(done)
            for scan, run in sorted(runs, key=lambda pair: (pair[1].time_end or 0, pair[1].id)):
                if run.scan_uuid in done:
                    continue
                try:
                    deposit = self._deposit(api, scan, run, _report_path(folder, run), context.zone)
                except (SourceAnswerError, AccessDeniedError) as error:
                    logger.warning("run not collected: %s", error, extra={"run": run.scan_uuid})
                    failed.append(f"passage {run.scan_uuid} du scan « {scan.name} » : {error.message}")
                    continue
                yield deposit
                _report_path(folder, run).unlink(missing_ok=True)
                done.add(run.scan_uuid)
                self._advance(done)
        if failed:
            raise SourceAnswerError(
                f"Tenable : {len(failed)} élément(s) non collecté(s) : " + " ; ".join(failed),
                hint="Ce qui a pu l'être est conservé ; le reste sera redemandé au prochain passage.",
            )

    def check(self, context: CollectionContext) -> Iterator[CheckResult]:
        """List the scans, as a collection would begin."""
        what = f"liste des scans sur {urlsplit(self.settings.base_url).hostname}"
        try:
            with self._open(context) as http, context.login():
                scans, missing = _Api(http, self.settings).scans()
        except CollectorError as error:
            yield CheckResult(what=what, ok=False, message=" ".join(filter(None, (error.message, error.hint))))
            return
        if missing:
            names = ", ".join(f"« {name} »" for name in missing)
            yield CheckResult(
                what=what,
                ok=False,
                message=f"Scans introuvables : {names}. Vérifiez leur nom, et que la clé a le droit de les voir.",
            )
            return
        yield CheckResult(what=what, ok=True, message=f"{len(scans)} scan(s) visible(s).")

    def _open(self, context: CollectionContext) -> HttpSession:
        if context.http is None:
            raise ConfigurationError("Le collecteur Tenable a besoin du réseau, absent de cette exécution.")
        return context.http(self.settings.base_url)

    def _advance(self, done: set[str]) -> None:
        self.next_cursor = json.dumps({"runs": sorted(done)})

    def _deposit(self, api: _Api, scan: _Scan, run: _Run, path: Path, zone: tzinfo) -> tuple[RawEvidence, ...]:
        description = api.describe(scan, run)
        report = api.report(scan, run, path)
        evidence = partial(
            RawEvidence,
            collector=self.collector_id,
            evidence_class=self.evidence_class,
            facts_on=run.ended_at.astimezone(zone).date() if run.ended_at else None,
            subject=None,
        )
        scan_json = evidence(
            name="scan.json",
            media_type="application/json",
            received_at=api.http.clock.now(),
            open=partial(BytesIO, description),
        )
        if report is None:
            return (scan_json,)
        scan_nessus = evidence(
            name="scan.nessus",
            media_type="application/xml",
            received_at=api.http.clock.now(),
            open=partial(_opened, report),
        )
        return (scan_nessus, scan_json)


class _Api:
    """The few calls we make; all of them read, but for the order of an export."""

    def __init__(self, http: HttpSession, settings: TenableSettings) -> None:
        from agent.http import Timeouts

        self.http = http
        self._settings = settings
        self._headers = {
            "X-ApiKeys": Secret(f"accessKey={settings.access_key.reveal()};secretKey={settings.secret_key.reveal()}")
        }
        self._short = Timeouts(
            connect_seconds=min(10, settings.timeout_seconds),
            read_seconds=settings.timeout_seconds,
            total_seconds=settings.timeout_seconds * 3,
        )
        self._long = Timeouts(
            connect_seconds=min(10, settings.timeout_seconds),
            read_seconds=settings.timeout_seconds,
            total_seconds=settings.download_seconds,
        )

    def scans(self) -> tuple[list[_Scan], list[str]]:
        """Return the scans to collect, and the configured names that match none."""
        found = self._get(_Scans, "/scans").scans or ()
        wanted = self._settings.scans
        chosen = [scan for scan in found if not wanted or any(scan.is_called(name) for name in wanted)]
        return chosen, [name for name in wanted if not any(scan.is_called(name) for scan in found)]

    def history(self, scan: _Scan, *, not_before: datetime) -> Iterator[_Run]:
        """Yield the runs of `scan`, newest first; raise SourceAnswerError when the list stops short."""
        offset = 0
        for _ in range(_MAX_PAGES):
            page = self._get(
                _History,
                f"/scans/{scan.key}/history",
                {"limit": _PAGE, "offset": offset, "sort": "start_date:desc", "exclude_rollover": "false"},
            )
            yield from page.history
            offset += len(page.history)
            if offset >= page.pagination.total:
                return
            if not page.history:
                break
            if all(run.ended_at is not None and run.ended_at < not_before for run in page.history):
                return
        raise SourceAnswerError(f"L'historique du scan « {scan.name} » s'arrête avant sa fin.")

    def describe(self, scan: _Scan, run: _Run) -> bytes:
        """Return the platform's description of one run, as received."""
        response = self._request("GET", f"/scans/{scan.key}", params={"history_id": run.id})
        if not isinstance(response.json(), dict):
            raise SourceAnswerError("La description du passage n'est pas un objet JSON.")
        return response.body

    def report(self, scan: _Scan, run: _Run, path: Path) -> Path | None:
        """
        Have the report of one run made, and download it to `path`.

        None when the platform has no report of a run that did not complete.
        """
        order = self._request(
            "POST",
            f"/scans/{scan.key}/export",
            params={"history_id": run.id},
            json={"format": "nessus"},
            accept_status=() if run.completed else (400, 404),
        )
        if order.status in (400, 404):
            return None
        file = quote(_checked(_Ticket, order).file, safe="")
        self._await(f"/scans/{scan.key}/export/{file}/status")
        with path.open("w+b") as stream:
            self.http.download(
                f"/scans/{scan.key}/export/{file}/download",
                to=stream,
                max_bytes=self._settings.max_report_mebibytes * _MEBIBYTE,
                headers=self._headers,
                timeouts=self._long,
            )
            size = stream.seek(0, 2)
            stream.seek(max(0, size - _EDGE_BYTES))
            tail = stream.read()
        if not tail.rstrip().endswith(b"</NessusClientData_v2>"):
            path.unlink()
            raise SourceAnswerError("Le rapport téléchargé n'est pas un rapport Nessus entier.")
        return path

    def _await(self, path: str) -> None:
        clock = self.http.clock
        ends_at = clock.monotonic() + self._settings.export_wait_seconds
        pause = 1.0
        while (status := self._get(_ExportStatus, path).status.lower()) != "ready":
            if status in {"error", "failed", "cancelled", "canceled"}:
                raise SourceAnswerError(f"La plateforme n'a pas pu produire le rapport (état « {status} »).")
            if clock.monotonic() + pause > ends_at:
                raise UnreachableError(
                    f"La plateforme n'a pas produit le rapport en {self._settings.export_wait_seconds:.0f} s."
                )
            clock.sleep(pause)
            pause = min(pause * 1.5, 30.0)

    def _get(self, answer: type[AnswerT], path: str, params: dict[str, str | int] | None = None) -> AnswerT:
        return _checked(answer, self._request("GET", path, params=params))

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str | int] | None = None,
        json: object = None,
        accept_status: tuple[int, ...] = (),
    ) -> HttpResponse:
        return self.http.request(
            method,
            path,
            headers=self._headers,
            params=params,
            json=json,
            timeouts=self._short,
            accept_status=accept_status,
        )


def _report_path(folder: str, run: _Run) -> Path:
    """Return where a run's report is kept meanwhile: one file each, so that none is ever taken for another."""
    return Path(folder) / f"{run.id}.nessus"


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


def _checked(answer: type[AnswerT], response: HttpResponse) -> AnswerT:
    """Return the answer in its expected shape; raise SourceAnswerError, without quoting it, when it has another."""
    try:
        return answer.model_validate(response.json())
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"]) or "racine"
    raise SourceAnswerError(f"{response.host} a répondu autre chose que prévu ({where}).")


def _runs_of(cursor: str | None) -> frozenset[str]:
    """Return the runs a cursor names; one that cannot be read names none, and the vault drops what it already has."""
    with suppress(ValueError, TypeError, KeyError):
        return frozenset(str(uuid) for uuid in json.loads(cursor or "{}").get("runs", ()))
    logger.warning("cursor not readable: every run will be collected again")
    return frozenset()
