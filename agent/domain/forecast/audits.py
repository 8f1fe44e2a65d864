"""The obligations of audited objectives: audits, reports to download, findings to fix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from agent.domain.deadlines import add_days
from agent.domain.forecast.audit_calendar import INDUSTRIAL, Plan, needed, satisfies
from agent.domain.forecast.lone_unit import LoneUnit
from agent.domain.forecast.obligation import Leeway, Obligation, PlannedAudit, What, Why
from agent.domain.forecast.working_days import WorkingDays
from agent.domain.programme import RuleName, Source
from agent.domain.rules.exposure_level import Vulnerability
from agent.domain.rules.outcome import Reason
from agent.domain.rules.report_availability import Report, notice_of
from agent.domain.scenario import AdsAudit, Scenario
from agent.domain.verdict import Entry, Verdict

_NO_MEAN = 36_500
"""A limit of the mean that binds nobody: what is still due then is due by the maximum gap."""


@dataclass(frozen=True, slots=True)
class AuditObligations:
    """What one case asks, with the audits planned for it; the unit is named by the caller."""

    case: LoneUnit
    plan: Plan
    working: WorkingDays

    def all(self) -> Iterator[Obligation]:
        """Yield the obligations of the case, for the unit `UNIT`."""
        case = self.case
        entry = case.ask(case.as_of)
        if entry is None or entry.verdict is Verdict.NOT_APPLICABLE:
            return
        if entry.verdict is Verdict.NOT_MET or case.doomed is not None:
            yield self._lost(case.doomed or entry)
        elif Reason.NEEDS_DECISION in entry.reasons:
            yield self._decision()
        else:
            yield from self._contested()
            entry = case.ask(case.judged_on) or entry
            if case.is_rhythm:
                yield from self._rhythm(entry)
            elif case.objective.rule is RuleName.SCORE:
                yield from self._scores(entry)
            else:
                yield from self._level(entry)

    def _lost(self, entry: Entry) -> Obligation:
        case = self.case
        return self._obligation(
            why=entry.reasons[0] if entry.reasons else Why.LAST_DAY,
            recommended_on=None,
            last_prudent_on=None if case.doomed else case.last_day_all_kept(),
            last_permissive_on=None if case.doomed else case.last_day_not_lost(),
            standing=Leeway.LOST,
            values={"reasons": list(map(str, entry.reasons))},
        )

    def _contested(self) -> Iterator[Obligation]:
        """Yield what is lost under a reading, not under every one: only the authority can settle it."""
        case = self.case
        if not case.loses_a_reading(case.as_of):
            return
        asked = (case.ask(case.as_of, reading=reading) for reading in case.strict())
        lost = next((one for one in asked if one is not None and one.verdict is Verdict.NOT_MET), None)
        if lost is not None:
            yield self._obligation(
                why=lost.reasons[0] if lost.reasons else Why.LAST_DAY,
                recommended_on=None,
                last_prudent_on=case.last_day_all_kept(),
                last_permissive_on=case.last_day_before_all_lost(),
                standing=Leeway.CONTESTED,
                rank=0,
                values={"reasons": list(map(str, lost.reasons))},
            )

    def _decision(self) -> Obligation:
        case = self.case
        return self._obligation(
            what=What.DECISION,
            why=Reason.NEEDS_DECISION,
            recommended_on=self.working.on_or_after(case.scenario.as_of),
            last_prudent_on=case.declaration,
            last_permissive_on=case.declaration,
        )

    def _rhythm(self, entry: Entry) -> Iterator[Obligation]:
        """Yield the audits of the plan, each with the days that those before it leave."""
        case, planned = self.case, self.plan.audits
        standing = self._standing(entry)
        for rank in range(max(1, len(planned))):
            before = planned[:rank]
            on = case.seen_on(before, planned[rank].day if rank < len(planned) else date.max)
            due = case.due(on, before)
            if due is None:  # the rhythm holds until the end without another audit
                return
            permissive, asks = case.last_permissive_due(on, before)
            overdue = due < case.as_of  # the audits before it, if any, do not yet bring the mean back
            prudent = min(due, case.ends_on)
            wanted = planned[rank].day if rank < len(planned) else prudent
            yield self._obligation(
                why=self._binding(on, before, due),
                recommended_on=wanted if overdue and rank else self._recommended(wanted, prudent),
                last_prudent_on=prudent,
                last_permissive_on=permissive,
                standing=standing if overdue or not rank else Leeway.OPEN,
                rank=rank + 1,
                values={
                    "planned": len(planned),
                    "after": on if on > case.as_of else None,
                    "previous": max((day for day in case.audited_days if day <= case.as_of), default=None),
                    "days_since_start": (case.as_of - case.starts_on).days,
                    "required_by_permissive": asks,
                    "repairs": overdue and self.plan.verified,
                },
            )

    def _scores(self, entry: Entry) -> Iterator[Obligation]:
        """Yield the first of the successive runs that still have to reach the minimum, one run kept to spare."""
        case, planned, count = self.case, self.plan.audits, needed(self.case)
        if not count or entry.next_due is None:
            return
        permissive, asks = case.last_permissive_due(case.judged_on)
        spared = planned[max(0, len(planned) - count - 1)].day if planned else entry.next_due
        yield self._obligation(
            why=Why.SCORE_RUNS,
            recommended_on=self._recommended(spared, entry.next_due),
            last_prudent_on=entry.next_due,
            last_permissive_on=permissive,
            standing=self._standing(entry),
            values={
                "runs": count,
                "min_score": case.scenario.settings.min_score,
                "earliest_achievable": entry.numbers.get("earliest_achievable"),
                "reasons": list(map(str, entry.reasons)),
                "required_by_permissive": asks,
            },
        )

    def _level(self, entry: Entry) -> Iterator[Obligation]:
        """Yield the last clean industrial audits, and the findings to fix before them."""
        case, count = self.case, needed(self.case)
        audits = [audit for audit in self.plan.audits if audit.tool == INDUSTRIAL]
        runs = [audits[rank : rank + count] for rank in range(len(audits) - count + 1)]
        tail = next((run for run in runs if satisfies(case, run)), runs[-1] if runs else audits)
        for rank in range(count):
            before = tail[:rank]
            if rank and len(before) < rank:
                return
            on = max(case.judged_on, before[-1].day) if before else case.judged_on
            due = case.due(on, before)
            if due is None:
                return
            permissive, asks = case.last_permissive_due(on, before)
            opens = entry.numbers.get("last_audit_window_opens")
            last = rank == count - 1 and opens is not None
            yield self._obligation(
                what=What.INDUSTRIAL_AUDIT,
                why=Why.LAST_AUDIT_WINDOW if last else Why.TWO_CLEAN_AUDITS,
                recommended_on=self._recommended(tail[rank].day if rank < len(tail) else due, due),
                last_prudent_on=due,
                last_permissive_on=permissive,
                standing=self._standing(entry) if not rank else Leeway.OPEN,
                rank=rank + 1,
                values={
                    "audits": count - rank,
                    "window_opens": opens if last else None,
                    "after": before[-1].day if before else None,
                    "earliest_achievable": entry.numbers.get("earliest_achievable"),
                    "reasons": list(map(str, entry.reasons)),
                    "required_by_permissive": asks,
                },
            )
        yield from self._fixes(entry)

    def _fixes(self, entry: Entry) -> Iterator[Obligation]:
        """Yield the grave findings of the last industrial audit: gone before the next one, or it counts for nothing."""
        case = self.case
        audits = [audit for audit in case.scenario.exposure_audits if audit.tool in case.objective.tools]
        audits = [audit for audit in audits if case.starts_on <= audit.day <= case.judged_on]
        if not audits:
            return
        found = [(one.id, Vulnerability.of(one)) for one in audits[-1].findings]
        critical = sorted({name for name, severity in found if severity.is_critical("ge")})
        high = sorted({name for name, severity in found if severity.is_high("ge")})
        upcoming = [audit.day for audit in self.plan.audits if audit.day > audits[-1].day]
        following = min(upcoming, default=entry.next_due or case.last_useful_day)
        for names, why in ((critical, Why.CRITICAL_FINDINGS), (high, Why.HIGH_FINDINGS)):
            if not names or (why is Why.HIGH_FINDINGS and not case.objective.high_recurrence):
                continue
            last = (entry.next_due or following) if why is Why.CRITICAL_FINDINGS else following
            margin = add_days(following, -case.scenario.settings.warn_days)
            again = why is Why.HIGH_FINDINGS and Reason.HIGH_NOT_FIXED in entry.reasons
            prudent = audits[-1].day if again else last
            yield self._obligation(
                what=What.FINDINGS_FIX,
                why=why,
                recommended_on=self._recommended(margin, last),
                last_prudent_on=prudent,
                last_permissive_on=case.last_permissive_due(case.judged_on)[0] or prudent
                if why is Why.CRITICAL_FINDINGS
                else case.last_useful_day,
                standing=Leeway.CONTESTED if again else Leeway.OPEN,
                values={"findings": names, "next_audit": following, "seen_on": audits[-1].day},
            )

    def _standing(self, entry: Entry) -> Leeway:
        case = self.case
        if case.loses_a_reading(case.judged_on):
            return Leeway.CONTESTED
        due = entry.next_due
        return Leeway.OVERDUE if due is not None and due < case.as_of else Leeway.OPEN

    def _binding(self, on: date, before: Sequence[PlannedAudit], due: date) -> Why:
        """Return the rule that sets a due date, by asking what would be due without the mean."""
        case = self.case
        if not before and not any(day <= on for day in case.audited_days):
            return Why.FIRST_AUDIT
        if case.objective.rule is RuleName.TWO_MONTH_INTERVAL:
            return Why.TWO_MONTHS
        without = case.ask(on, before, mean_days=_NO_MEAN)
        return Why.MAX_GAP if without is not None and without.next_due == due else Why.MEAN

    def _recommended(self, wanted: date, last: date) -> date | None:
        first = self.case.judged_on
        first = add_days(first, 1) if first in self.case.upcoming else first
        if last < first:
            return self.working.on_or_after(first)
        return self.working.within(wanted, first, last)

    def _obligation(
        self,
        *,
        why: str,
        recommended_on: date | None,
        last_prudent_on: date | None,
        last_permissive_on: date | None,
        what: What | None = None,
        standing: Leeway = Leeway.OPEN,
        rank: int = 1,
        values: dict[str, object] | None = None,
    ) -> Obligation:
        return Obligation(
            objective=self.case.objective.id,
            unit="unit",
            what=what or audit_of(self.case),
            why=why,
            recommended_on=recommended_on,
            last_prudent_on=last_prudent_on,
            last_permissive_on=last_permissive_on,
            sources=self._sources(why),
            standing=standing,
            rank=rank,
            values=values or {},
        )

    def _sources(self, why: str) -> tuple[Source, ...]:
        notes, reading = self.case.scenario.programme.reading_notes, _READING_OF.get(why, "")
        return notes[reading].sources if reading in notes else self.case.objective.sources


_READING_OF: dict[str, str] = {
    Why.FIRST_AUDIT: "first_audit",
    Why.MAX_GAP: "gap_cmp",
    Why.MEAN: "mean_cmp",
    Why.TWO_MONTHS: "d1_interval",
    Why.HIGH_FINDINGS: "high_recurrence",
}


def audit_of(case: LoneUnit) -> What:
    """Return which audit an objective is about."""
    if case.is_directory:
        return What.ADS_AUDIT
    return What.INDUSTRIAL_AUDIT if case.objective.rule is RuleName.EXPOSURE_LEVEL else What.EXPOSURE_AUDIT


def report_downloads(scenario: Scenario, working: WorkingDays) -> Iterator[Obligation]:
    """Yield the ADS reports still to be downloaded, or gone, once per run and directory."""
    objectives = [one for one in scenario.programme.objectives if "lost_report" in one.readings]
    if not objectives:
        return
    today = min(scenario.as_of, scenario.phase.declaration)
    for run in scenario.ads_audits:
        if run.downloaded or run.day > scenario.as_of or run.tool not in objectives[0].tools:
            continue
        prudent, permissive = _download_days(run, scenario)
        gone = permissive < today
        last = scenario.phase.declaration
        for directory in sorted(run.directories):
            yield Obligation(
                objective=objectives[0].id,
                unit=directory,
                what=What.REPORT_DOWNLOAD,
                why=Reason.REPORT_LOST if gone else Why.REPORT_LEAVES,
                recommended_on=None if gone else working.within(today, today, min(permissive, last)),
                last_prudent_on=min(prudent, last),
                last_permissive_on=min(permissive, last),
                sources=objectives[0].sources[:1],
                standing=Leeway.LOST if gone else Leeway.OVERDUE if prudent < today else Leeway.OPEN,
                values={
                    "run": run.id,
                    "run_on": run.day,
                    "available_on": run.report_available,
                    "gone_before_declaration": prudent < scenario.phase.declaration,
                },
            )


def _download_days(run: AdsAudit, scenario: Scenario) -> tuple[date, date]:
    """Return the last day to download a report, planned a day early, and the last one that the rules still admit."""
    settings = scenario.settings
    report = Report(available_on=run.report_available, downloaded=False)
    prudent = notice_of([report], seen_on=run.report_available, final=False, settings=settings).download_by
    permissive = prudent or run.report_available
    while not report.is_gone(add_days(permissive, 1), settings):
        permissive = add_days(permissive, 1)
    return prudent or run.report_available, permissive


def named(obligation: Obligation, unit: str) -> Obligation:
    """Return the obligation of a case under the name of its unit."""
    return replace(obligation, unit=unit)
