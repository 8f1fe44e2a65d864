"""`carenage status | check`: where things stand, for people and for a supervision."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli.main import Invocation
from agent.cli.output import as_of_option, echo_json, echo_line, json_option
from agent.cli.remembered import recall, remember
from agent.domain.errors import AgentError, ExitCode, UsageError, gravest
from agent.texts import words
from config.place import configuration_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent.bootstrap import Application
    from agent.services.report import StatusReport

AUDITS = {"ads_audit": "audit ADS de", "exposure_audit": "audit d'exposition de"}
"""How people name the audits to run, before what they are of."""


@click.command()
@click.argument("unit", required=False, metavar="[ÉLÉMENT]")
@click.option("--explain", "objective", metavar="OBJECTIF", help="Explique cet objectif, pour ÉLÉMENT ou le candidat.")
@click.option("--programme", metavar="P", help="Le programme de l'objectif expliqué, s'il y en a plusieurs.")
@as_of_option
@json_option
@click.pass_obj
def status(
    invocation: Invocation,
    *,
    unit: str | None,
    objective: str | None,
    programme: str | None,
    as_of: date | None,
    as_json: bool,
) -> int:
    """
    Dit en un écran où en est chaque objectif, pour chaque établissement.

    Avec --explain, dit pourquoi un objectif en est là : audits, calculs, textes. ÉLÉMENT est un annuaire, une
    surface ou un établissement.
    """
    if objective is not None:
        return _explain(invocation.application(), objective, unit, programme=programme, as_of=as_of, as_json=as_json)
    if unit is not None or programme is not None:
        raise UsageError(
            "Un élément ou un programme ne se précise que pour expliquer un objectif.",
            hint="Par exemple : carenage status --explain D1.O1.A ÉLÉMENT.",
        )
    screen = None if as_of else recall(configuration_path(invocation.config_path), invocation.clock.now())
    if screen is None:
        screen = fresh_screen(invocation.application(), as_of)
    if as_json:
        echo_json(screen["json"])
    else:
        for line in screen["lines"]:
            echo_line(line)
    return int(screen["code"])


def _explain(
    application: Application,
    objective: str,
    unit: str | None,
    *,
    programme: str | None,
    as_of: date | None,
    as_json: bool,
) -> int:
    from agent.domain.verdict import Verdict
    from agent.texts.explanation import lines

    explained = application.explain(objective, unit, programme=programme, as_of=as_of)
    application.close()
    if as_json:
        echo_json({**explained.explanation.as_json(), "alarms": list(explained.alarms)})
    else:
        for line in (*_alarms(explained.alarms), *lines(explained.explanation, explained.names)):
            echo_line(line)
    not_met = explained.explanation.verdict == Verdict.NOT_MET
    return gravest(
        [
            ExitCode.INTEGRITY if explained.alarms else ExitCode.OK,
            ExitCode.OBJECTIVE_NOT_MET if not_met else ExitCode.OK,
        ]
    )


def fresh_screen(application: Application, as_of: date | None = None) -> dict[str, Any]:
    """Judge again and return the screen, remembered unless it shows damage or another day; closes `application`."""
    report = application.status(as_of=as_of)
    screen = {
        "json": {"as_of": report.as_of.isoformat(), "sentence": _sentence(report), **report.as_json()},
        "lines": list(screen_lines(report)),
        "code": gravest(
            [
                ExitCode.INTEGRITY if report.alarms else ExitCode.OK,
                ExitCode.OBJECTIVE_NOT_MET if report.has_not_met else ExitCode.OK,
            ]
        ),
    }
    application.close()
    if as_of is None and not report.alarms:
        remember(application.loaded.path, application.clock.now(), screen)
    return screen


@click.command()
@click.option("--period", "minutes", type=click.IntRange(1, 10080), help="Période attendue, en minutes.")
@click.option(
    "--state",
    "state_dir",
    type=click.Path(path_type=Path, file_okay=False, readable=False),
    help="Dossier d'état, pour un compte qui ne lit pas la configuration.",
)
@click.pass_obj
def check(invocation: Invocation, *, minutes: int | None, state_dir: Path | None) -> int:
    """Répond en une ligne à Centreon ou Nagios : OK, WARNING, CRITICAL ou UNKNOWN."""
    from agent.bootstrap import check_line

    try:
        line, code = check_line(
            invocation.config_path, state_dir=state_dir, period_minutes=minutes, clock=invocation.clock
        )
    except AgentError as error:
        line, code = f"CARENAGE UNKNOWN - {error.message}", 3
    echo_line(" ".join(line.split()))
    return code


def _sentence(report: StatusReport) -> str:
    """Return the one sentence that says it all."""
    from agent.domain.verdict import Verdict

    objectives = [objective for one in report.assessed for objective in one.document["objectives"].values()]
    verdicts = [objective["candidate"]["verdict"] for objective in objectives]
    lost, risk, met = (verdicts.count(name) for name in (Verdict.NOT_MET, Verdict.AT_RISK, Verdict.MET))
    if lost:
        said = words.counted(lost, "objectif ne peut plus être atteint", "objectifs ne peuvent plus être atteints")
        said += f", {risk} à risque et {words.counted(met, 'atteint', 'atteints')}." if risk or met else "."
    elif risk:
        said = words.counted(risk, "objectif", "objectifs")
        said += f" à risque, {words.counted(met, 'atteint', 'atteints')} ; rien n'est perdu."
    else:
        said = "Tous les objectifs suivis sont atteints à ce jour."
    if report.next_audits:
        first = report.next_audits[0]
        what = {"ads_audit": "auditer l'annuaire", "exposure_audit": "auditer la surface"}[first.job]
        when = words.at_the_latest(first.last_safe_on, report.as_of)
        said += f" Prochaine action : {what} « {first.subject} », {when}."
    return said


def screen_lines(report: StatusReport) -> Iterator[str]:
    """Yield the lines of the status: the sentence, each objective, what to settle and what to do."""
    from agent.domain.verdict import told_apart
    from agent.texts.questions import left_open

    yield _sentence(report)
    yield from _alarms(report.alarms)
    yield ""
    for assessed in report.assessed:
        document = assessed.document
        yield f"{document['programme']} au {words.day(date.fromisoformat(document['as_of']))}"
        for code, objective in document["objectives"].items():
            yield _line(code, objective["candidate"], report.as_of)
            for slug, entry in told_apart(objective).items():
                yield _line(f"    {report.names.get(slug, slug)}", entry, report.as_of)
        for code, prerequisite in document.get("prerequisites", {}).items():
            yield _line(f"prérequis {code}", prerequisite["candidate"], report.as_of)
        yield from _open_texts(document)
        yield ""
    if report.questions:
        yield "À décider :"
        for question in report.questions:
            yield f"  {question.evidence}, {left_open(question.kind, question.fields)}"
            yield f"    → {question.command}"
        yield ""
    if report.next_audits:
        yield "À faire :"
        for audit in report.next_audits:
            when = words.by_when(audit.recommended_on, audit.last_safe_on, report.as_of)
            yield f"  {AUDITS[audit.job]} {audit.subject} : {when} ({audit.objective})"


def _alarms(alarms: Iterable[str]) -> Iterator[str]:
    for alarm in alarms:
        yield f"✘ Coffre endommagé : {alarm} → carenage vault verify --all"


def _open_texts(document: dict[str, Any]) -> Iterator[str]:
    """Say once what each contested reading is about and where the texts disagree, then what was settled, by whom."""
    from agent.domain.verdict import told_apart
    from agent.texts.readings import answer
    from agent.texts.sources import cited
    from config.programme_files import load_programme

    shown = [
        entry
        for objective in document["objectives"].values()
        for entry in (objective["candidate"], *told_apart(objective).values())
    ]
    contested = {name for entry in shown for name in entry["contested"]}
    notes = load_programme(document["programme"]).reading_notes
    for name in sorted(contested):
        yield (
            f"? {notes[name].question} ({cited(notes[name].sources)}) ; à faire trancher par l'ARS ou l'ANS : "
            f"carenage declare kinds pinned_reading ({name})"
        )
    for name, pin in document.get("pinned", {}).items():
        settled = f"retenu par {pin['person']} le {words.day(date.fromisoformat(pin['on']))}"
        yield f"= {notes[name].question} {answer(name, pin['value'])}, {settled} sur la réponse : {pin['answer']}"


def _line(label: str, entry: dict[str, Any], as_of: date) -> str:
    from agent.domain.verdict import Verdict
    from agent.texts.readings import topic

    verdict = entry["verdict"]
    said = words.verdict(verdict)
    parts = [f"{words.MARKS[verdict]} {label} : {said.upper() if verdict == Verdict.NOT_MET else said}"]
    if entry["reasons"]:
        parts.append(" ; ".join(words.reason(code) for code in entry["reasons"]))
    if entry["contested"]:
        parts.append(f"les textes divergent ({' ; '.join(topic(name) for name in entry['contested'])})")
    if entry["next_due"]:
        due = date.fromisoformat(entry["next_due"])
        said = "prochaine échéance" if due >= as_of else "échéance dépassée depuis le"
        parts.append(f"{said} {words.day(due)}")
    return " – ".join(parts)
