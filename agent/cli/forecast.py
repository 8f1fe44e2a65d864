"""`carenage forecast`: what has to be done until the declaration, and what would change if."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from agent.cli.main import Invocation
from agent.cli.output import as_of_option, day, echo_json, echo_line, json_option
from agent.domain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from agent.bootstrap import Application


@click.command()
@click.option(
    "--with",
    "supposed",
    multiple=True,
    metavar="AUDIT",
    help="Un audit supposé : ads:ANNUAIRE:DATE:score=N, ou exposure:SURFACE:DATE:clean (critical, high, tool=SILENE). "
    "« * » pour tous ; l'option se répète.",
)
@click.option("--declaration", callback=day, metavar="DATE", help="Comme si la déclaration était prévue ce jour-là.")
@click.option("--programme", metavar="P", help="Le seul programme à prévoir ; à défaut, tous ceux qui sont suivis.")
@click.option("--phase-start", "compares_starts", is_flag=True, help="Compare les débuts de phase possibles.")
@click.option("--full", is_flag=True, help="Avec --json : aussi les calendriers, les parts d'activité et les verdicts.")
@as_of_option
@json_option
@click.pass_obj
def forecast(
    invocation: Invocation,
    *,
    supposed: tuple[str, ...],
    declaration: date | None,
    programme: str | None,
    compares_starts: bool,
    full: bool,
    as_of: date | None,
    as_json: bool,
) -> ExitCode:
    """Annonce ce qui est perdu, ce qui reste à faire et pour quand, et un calendrier d'audits."""
    application = invocation.application()
    if compares_starts:
        if supposed or full:
            raise UsageError("--phase-start se demande seul.", hint="Retirez --with et --full.")
        _compare_starts(application, as_of=as_of, declaration=declaration, programme=programme, as_json=as_json)
        return ExitCode.OK
    _forecast(
        application, supposed, as_of=as_of, declaration=declaration, programme=programme, full=full, as_json=as_json
    )
    return ExitCode.OK


def _forecast(
    application: Application,
    supposed: tuple[str, ...],
    *,
    as_of: date | None,
    declaration: date | None,
    programme: str | None,
    full: bool,
    as_json: bool,
) -> None:
    from agent.texts.forecast import lines

    reports = application.forecast(as_of=as_of, supposed=supposed, declaration=declaration, programme=programme)
    if as_json:
        echo_json([one.as_json() for one in reports] if full else [row for one in reports for row in one.rows()])
        return
    names = {**application.finding_names, **application.establishment_names}
    for rank, one in enumerate(reports):
        if rank:
            echo_line()
        compared = [(item.objective, item.before, item.after) for item in one.compared]
        for line in lines(one.forecast, one.shares, compared, names):
            echo_line(line)
    if not reports:
        echo_line("Aucun programme n'est suivi : déclarez-en un dans la configuration ([[programmes]]).")


def _compare_starts(
    application: Application, *, as_of: date | None, declaration: date | None, programme: str | None, as_json: bool
) -> None:
    from agent.texts.forecast import phase_start_lines

    reports = application.phase_starts(as_of=as_of, declaration=declaration, programme=programme)
    if as_json:
        echo_json([one.as_json() for one in reports])
        return
    for one in reports:
        for line in phase_start_lines(one.label, one.starts, settled=one.settled):
            echo_line(line)
    if not reports:
        echo_line("Aucun programme suivi ne laisse choisir son début de phase.")
