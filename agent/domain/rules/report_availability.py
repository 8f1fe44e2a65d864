"""ADS reports leave the service some months after they became available: download them, or lose the proof (D1.O1.A)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from agent.domain.deadlines import add_days, add_months, days_between, earliest
from agent.domain.programme import Settings
from agent.domain.rules.outcome import Outcome, Reason, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The report of one ADS run."""

    available_on: date
    downloaded: bool

    def is_gone(self, seen_on: date, settings: Settings) -> bool:
        """Return whether the report can no longer be had on `seen_on`."""
        return not self.downloaded and seen_on > add_months(self.available_on, settings.report_months)


def last_download_day(available_on: date, settings: Settings) -> date:
    """Return the last day on which people are told to download a report: the eve of its last one."""
    return add_days(add_months(available_on, settings.report_months), -1)


@dataclass(frozen=True, slots=True)
class Notice:
    """What the reports of a unit add to its outcome: reasons, the first download day, and whether to warn."""

    reasons: frozenset[Reason]
    download_by: date | None
    warns: bool


def notice_of(reports: Iterable[Report], *, seen_on: date, final: bool, settings: Settings) -> Notice:
    """Return what `reports` that nobody downloaded ask for on `seen_on`; `final` when the phase is over."""
    reasons: set[Reason] = set()
    last_days: list[date | None] = []
    for report in reports:
        if report.is_gone(seen_on, settings):
            reasons.add(Reason.REPORT_LOST)
            continue
        last_day = last_download_day(report.available_on, settings)
        last_days.append(last_day)
        if final:
            reasons.add(Reason.REPORT_NOT_DOWNLOADED)
        if days_between(seen_on, last_day) <= settings.warn_days:
            reasons.add(Reason.REPORT_DOWNLOAD_SOON)
    return Notice(frozenset(reasons), earliest(last_days), bool(reasons - {Reason.REPORT_LOST}))


def with_notice(outcome: Outcome, notice: Notice) -> Outcome:
    """Return a unit's outcome with what its reports add; a satisfied one becomes due soon when they warn."""
    state = State.DUE_SOON if notice.warns and outcome.state is State.SATISFIED else outcome.state
    next_due = None if state is State.LOST else earliest([outcome.next_due, notice.download_by])
    return Outcome(state, outcome.reasons | notice.reasons, next_due)
