"""`carenage plan | run | serve | collect`: the pass and what it would do."""

from __future__ import annotations

from contextlib import closing, suppress
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import click

from agent.cli.main import Invocation
from agent.cli.output import as_of_option, echo_json, echo_line, json_option
from agent.cli.status import AUDITS, fresh_screen
from agent.domain.errors import AgentError, ConfigurationError, ExitCode, UsageError
from agent.texts.words import counted

if TYPE_CHECKING:
    from agent.bootstrap import Application
    from agent.services.run_pass import PassReport

WHYS = {
    "EACH_PASS": "à chaque passe",
    "FIRST": "jamais collecté",
    "PERIODIC": "collecte régulière",
    "RETRY": "nouvel essai après un échec",
}
OUTCOMES = {"done": "fait", "partial": "partiel", "failed": "en échec", "skipped": "non tenté"}


@click.command()
@as_of_option
@json_option
@click.pass_obj
def plan(invocation: Invocation, *, as_of: date | None, as_json: bool) -> None:
    """Liste ce qui est à faire, par l'agent et par les personnes, et pour quand."""
    application = invocation.application()
    rows = _planned(application, as_of)
    if as_json:
        echo_json(rows)
        return
    for row in rows:
        echo_line(_row_line(row, application.as_of(as_of)))
    if not rows:
        echo_line("Rien n'est prévu : déclarez des annuaires, des surfaces ou des collecteurs.")


@click.command()
@click.option("--only", metavar="JOB", help="Une seule tâche (type ou identifiant du collecteur), due ou non.")
@as_of_option
@json_option
@click.pass_obj
def run(invocation: Invocation, *, only: str | None, as_of: date | None, as_json: bool) -> int:
    """Fait une passe : collecte ce qui est dû, évalue, prévient. Silencieux quand rien n'est dû."""
    with closing(_opened(invocation)) as application:
        report = application.run(only=only, as_of=as_of)
        if report.evidence:
            with suppress(AgentError):  # so that `status` is instant after this pass; it says its own troubles
                fresh_screen(application)
    _print(report, application, as_json=as_json)
    return report.code


@click.command()
@click.option("--every", "minutes", type=click.IntRange(1, 1440), default=15, show_default=True, help="Minutes.")
@click.pass_obj
def serve(invocation: Invocation, *, minutes: int) -> int:
    """Fait une passe à intervalle régulier, jusqu'à l'arrêt du service."""
    from agent.scheduler import tick_forever

    def one_pass() -> ExitCode:
        with closing(_opened(invocation)) as application:
            application.period_seconds = minutes * 60
            return application.run().code

    _opened(invocation).close()
    return tick_forever(one_pass, every_minutes=minutes)


@click.command()
@click.argument("job")
@click.option("--subject", metavar="ID", help="Identifiant du collecteur ou de l'annuaire.")
@click.option("--force", is_flag=True, help="Même si le compte a été refusé.")
@click.option("--dry-run", is_flag=True, help="Dit ce qui serait collecté, sans rien contacter.")
@json_option
@click.pass_obj
def collect(invocation: Invocation, *, job: str, subject: str | None, force: bool, dry_run: bool, as_json: bool) -> int:
    """Lance une seule collecte, due ou non."""
    application = invocation.application()
    matching = application.jobs_named(job, subject)
    if not matching:
        raise UsageError(
            f"Aucune collecte « {job} »{f' pour « {subject} »' if subject else ''} n'est configurée.",
            hint="Les collectes possibles : " + (", ".join(application.job_names()) or "aucune") + ".",
        )
    if dry_run:
        rows = [{"job": item.name, "subject": item.subject} for item in matching]
        if as_json:
            echo_json(rows)
        else:
            for row in rows:
                echo_line(f"Serait collecté : {row['job']} {row['subject'] or ''}")
        return ExitCode.OK
    report = application.run(only=job, subject=subject, force=force)
    _print(report, application, as_json=as_json, quiet=False)
    return report.code


def _opened(invocation: Invocation) -> Application:
    """Return the application of the file as it is now; what is wrong with it is told through the last good channels."""
    from agent.bootstrap import alert_of_broken_configuration, open_application

    try:
        return open_application(invocation.config_path, clock=invocation.clock)
    except ConfigurationError as error:
        alert_of_broken_configuration(invocation.config_path, error, clock=invocation.clock)
        raise


def _planned(application: Application, as_of: date | None) -> list[dict[str, Any]]:
    """Return what the agent and people have to do, soonest first (contract/cli.md)."""
    from agent.texts.words import reason

    rows = [
        {
            "job": item.job.name,
            "subject": item.job.subject,
            "due_at": item.due_at.astimezone(application.zone).isoformat(timespec="seconds"),
            "why": WHYS[item.why],
            "last_safe_on": None,
        }
        for item in application.plan(as_of=as_of)
    ]
    for audit in application.status(as_of=as_of).next_audits:
        why = ", ".join(reason(code) for code in audit.reasons) or "tenir le rythme"
        rows.append(
            {
                "job": audit.job,
                "subject": audit.subject,
                "due_at": datetime.combine(audit.recommended_on, time.min, application.zone).isoformat(),
                "why": f"{audit.objective} : {why}",
                "last_safe_on": audit.last_safe_on.isoformat(),
            }
        )
    return sorted(rows, key=lambda row: (str(row["due_at"]), str(row["job"]), str(row["subject"] or "")))


def _row_line(row: dict[str, Any], today: date) -> str:
    from agent.texts.words import by_when, day

    due = date.fromisoformat(row["due_at"][:10])
    if row["last_safe_on"] is not None:
        when = by_when(due, date.fromisoformat(row["last_safe_on"]), today)
        return f"{AUDITS[row['job']]} {row['subject']} : {when} ({row['why']})"
    later = f", le {day(due)}" if due > today else ""
    return f"{' '.join(filter(None, (row['job'], row['subject'])))} : {row['why']}{later}"


def _print(report: PassReport, application: Application, *, as_json: bool, quiet: bool = True) -> None:
    if as_json:
        echo_json(report.as_json())
        return
    for job in report.jobs:
        name = f"{job.job} {job.subject or ''}".strip()
        if job.outcome.value != "done" or job.evidence or not quiet:
            echo_line(f"{name} : {OUTCOMES[job.outcome.value]}. {job.message}")
    for problem in report.problems:
        echo_line(f"Coffre : {problem}")
    names = {item.id: item.name for item in application.configuration.establishments}
    for alert in report.alerts:
        whose = f" ({names.get(alert.establishment, alert.establishment)})" if alert.establishment else ""
        echo_line(f"Alerte : {alert.title}{whose}")
    if report.pending:
        waiting = counted(report.pending, "envoi attend", "envois attendent")
        echo_line(f"{waiting} : de nouveau essayé{'s' if report.pending > 1 else ''} à la prochaine passe.")
