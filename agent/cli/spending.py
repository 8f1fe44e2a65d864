"""`carenage spending`: what was spent, what of it is eligible, and the financial statement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli.main import Invocation
from agent.cli.output import as_of_option, day, echo_json, echo_line, json_option
from agent.domain.errors import ExitCode
from agent.domain.spending import cents
from agent.domain.written_amount import WrittenAmountError, read_euros
from agent.texts import faults
from agent.texts.spending import (
    DECLARE_ALL,
    INDICATIVE,
    NATURES,
    NO_OBJECTIVE,
    STANDINGS,
    euros,
    sentence,
    source,
    to_do,
)
from agent.texts.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.domain.spending import Remark
    from agent.services.spending import SpendingReport


@click.group()
def spending() -> None:
    """Juge les dépenses et prépare le bilan financier."""


def _ceiling(ctx: click.Context, param: click.Parameter, value: str | None) -> Decimal | None:
    del ctx
    if value is None:
        return None
    try:
        amount = read_euros(value)
    except WrittenAmountError as error:
        raise click.BadParameter(f"{faults.sentence(error.fault)}.", param=param) from error
    if amount <= 0:
        raise click.BadParameter(f"« {value} » : un plafond est positif.", param=param)
    return cents(amount)


def _judging_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say under what the spending is judged."""
    for option in reversed(
        (
            click.option("--programme", metavar="ID", help="Le programme ; à défaut, le premier configuré."),
            click.option(
                "--phase-start", callback=day, metavar="DATE", help="Comme si la phase commençait ce jour-là."
            ),
            click.option(
                "--declaration", callback=day, metavar="DATE", help="Comme si la déclaration était ce jour-là."
            ),
            click.option("--ceiling", callback=_ceiling, metavar="EUROS", help="Le plafond du simulateur de l'ANS."),
            as_of_option,
        )
    ):
        command = option(command)
    return command


@spending.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@_judging_options
@json_option
@click.pass_obj
def check(
    invocation: Invocation,
    *,
    file: Path | None,
    programme: str | None,
    phase_start: date | None,
    declaration: date | None,
    ceiling: Decimal | None,
    as_of: date | None,
    as_json: bool,
) -> ExitCode:
    """Juge chaque ligne de dépense : celles du coffre, ou celles de FILE sans rien sceller."""
    found = invocation.application().spending(
        file, programme=programme, phase_start=phase_start, declaration=declaration, ceiling=ceiling, as_of=as_of
    )
    if as_json:
        echo_json(found.as_json())
    else:
        for line in _lines(found):
            echo_line(line)
    return ExitCode.OK if found.complete else ExitCode.INCOMPLETE


@spending.command()
@click.option(
    "--to", "to", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Le classeur à écrire."
)
@click.option("--replace", is_flag=True, help="Remplace le fichier s'il existe.")
@_judging_options
@json_option
@click.pass_obj
def export(
    invocation: Invocation,
    *,
    to: Path,
    replace: bool,
    programme: str | None,
    phase_start: date | None,
    declaration: date | None,
    ceiling: Decimal | None,
    as_of: date | None,
    as_json: bool,
) -> ExitCode:
    """Écrit le bilan financier (Excel) des dépenses du coffre : totaux, lignes jugées, ce qui reste à compléter."""
    application = invocation.application()
    found = application.spending(
        programme=programme, phase_start=phase_start, declaration=declaration, ceiling=ceiling, as_of=as_of
    )
    digest = application.write_statement(found, to, replace=replace)
    if as_json:
        summary = found.as_json()
        kept = ("programme", "complete", "totals", "total", "ceiling", "payable", "to_complete", "faulty", "note")
        echo_json({"path": str(to), "sha256": digest, **{name: summary[name] for name in kept}})
    else:
        echo_line(f"Bilan financier{'' if found.complete else ' INCOMPLET'} : {to}")
        for line in (*_totals(found), *_tail(found), f"SHA-256 : {digest}"):
            echo_line(line)
    return ExitCode.OK if found.complete else ExitCode.INCOMPLETE


@spending.command()
@click.option("--to", "to", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Le CSV à écrire.")
@click.option("--replace", is_flag=True, help="Remplace le fichier s'il existe.")
def template(*, to: Path, replace: bool) -> None:
    """Écrit un tableau de dépenses vide (CSV, à ouvrir dans un tableur)."""
    from agent.bootstrap import write_spending_template

    write_spending_template(to, replace=replace)
    echo_line(f"Tableau vide : {to}")


def _lines(found: SpendingReport) -> Iterator[str]:
    for table in found.tables:
        origin = f"scellé {table.evidence}, reçu le {table.received_on}" if table.evidence else "non scellé"
        replaced = f", remplace {', '.join(table.replaces)}" if table.replaces else ""
        yield f"Tableau « {table.name} » : {counted(len(table.fact.lines), 'ligne')}, {origin}{replaced}."
    if not found.tables:
        yield "Le coffre ne tient aucun tableau de dépenses."
        yield "→ Un tableau vide : carenage spending template --to depenses.csv ; puis carenage inbox add depenses.csv."
    for one in found.statement.lines:
        line, judgement = one.line.fact, one.judgement
        worth = "" if judgement.retained == line.amount else f", retenu {euros(judgement.retained)}"
        doubt = f", à confirmer {euros(judgement.to_confirm)}" if judgement.to_confirm else ""
        yield f"{line.where} : {line.label or 'sans libellé'}, {euros(line.amount)}"
        yield f"  {STANDINGS[judgement.standing].upper()}{worth}{doubt}"
        yield from (f"    {_told(remark)}" for remark in judgement.reasons)
        yield from (f"    Attention : {_told(remark)}" for remark in judgement.warnings)
    yield from _totals(found)
    yield from _tail(found)


def _told(remark: Remark) -> str:
    where = source(remark)
    return f"{sentence(remark)} [{where}]" if where else sentence(remark)


def _totals(found: SpendingReport) -> Iterator[str]:
    for total in found.statement.totals:
        yield (
            f"{total.objective or NO_OBJECTIVE}, {NATURES[total.nature]} : retenu {euros(total.retained)}, "
            f"à confirmer {euros(total.to_confirm)}, non éligible {euros(total.set_aside)}"
        )
    total = found.statement.total
    yield (
        f"Total : retenu {euros(total.retained)}, à confirmer {euros(total.to_confirm)}, "
        f"non éligible {euros(total.set_aside)}, déclaré {euros(total.declared)}"
    )
    if found.statement.payable is not None and found.statement.ceiling is not None:
        yield f"Plafond {euros(found.statement.ceiling)} : payable au plus {euros(found.statement.payable)}."
        yield DECLARE_ALL


def _tail(found: SpendingReport) -> Iterator[str]:
    for name, row in found.faulty:
        yield f"INUTILISABLE : {name}, {row.where} {row.label}"
        yield from (f"    {fault}" for fault in row.faults)
    if found.unknown:
        are = "n'est" if found.unknown == 1 else "ne sont"
        yield f"{counted(found.unknown, 'dépôt')} {are} pas dans l'index : carenage vault reindex --identity CLÉ"
    if not found.complete:
        yield "Le bilan est INCOMPLET : corrigez le tableau, puis redéposez-le sous le même nom."
    if found.statement.gaps:
        yield "À compléter :"
    for gap in found.statement.gaps:
        yield f"  {gap.line.fact.where if gap.line else 'bilan'} : {to_do(gap)}"
    yield INDICATIVE
