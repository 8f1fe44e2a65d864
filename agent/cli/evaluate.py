"""`carenage evaluate`: what the rules say of a scenario file, without network, vault or clock."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from agent.cli.output import echo_json, json_option
from agent.domain.assessment import Assessment
from agent.domain.assessment import evaluate as judge
from agent.domain.display import printable
from agent.domain.errors import ExitCode, ScenarioError, UsageError
from agent.domain.programme import Programme
from agent.domain.scenario import parse_scenario, parse_scenarios
from agent.domain.verdict import Entry
from agent.texts.sources import cited
from agent.texts.words import day, reason, verdict
from config.programme_files import find_programme

_MAX_BYTES = 32 * 2**20
_MAX_DEPTH = 64
_STDIN = "-"


@click.command("evaluate")
@click.argument("file", metavar="FICHIER")
@json_option
def evaluate(file: str, as_json: bool) -> ExitCode:
    """Évalue un scénario (ou une liste de scénarios) décrit en JSON ; « - » lit l'entrée standard."""
    value = decode(_read(file))
    if isinstance(value, list):
        assessments = [judge(one.programme, one) for one in parse_scenarios(value, _audited_programme)]
    else:
        scenario = parse_scenario(value, _audited_programme)
        assessments = [judge(scenario.programme, scenario)]
    if as_json:
        documents = [assessment.as_json() for assessment in assessments]
        echo_json(documents if isinstance(value, list) else documents[0])
    else:
        click.echo("\n\n\n".join("\n".join(_lines(assessment)) for assessment in assessments))
    return ExitCode.OBJECTIVE_NOT_MET if any(one.any_not_met for one in assessments) else ExitCode.OK


def decode(content: bytes) -> object:
    """
    Return the JSON value of a scenario file.

    Raises ScenarioError when it is too large or too deep, not JSON, or names a key twice (each with its path).
    """
    if len(content) > _MAX_BYTES:
        raise _unreadable(f"le fichier dépasse {_MAX_BYTES // 2**20} Mio")
    try:
        value = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_Object)
    except UnicodeDecodeError as error:
        raise _unreadable("le texte n'est pas en UTF-8") from error
    except json.JSONDecodeError as error:
        raise _unreadable(f"ce n'est pas du JSON (ligne {error.lineno}, colonne {error.colno})") from error
    except ValueError as error:
        raise _unreadable("un nombre a trop de chiffres") from error
    except RecursionError as error:
        raise _unreadable("les listes et objets sont trop imbriqués") from error
    problems = list(_faults(value))
    if problems:
        raise ScenarioError("Le scénario ne peut pas être lu.", problems=problems)
    return value


class _Object(dict[str, object]):
    """A JSON object that remembers the keys written more than once."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.repeated = sorted(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)


def _faults(value: object) -> Iterator[tuple[str, str]]:
    """Yield what JSON itself allows and a scenario does not: keys written twice, too much depth."""
    waiting: list[tuple[object, str, int]] = [(value, "$", 0)]
    while waiting:
        one, path, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            yield path[:200], "les listes et objets sont trop imbriqués"
        elif isinstance(one, _Object):
            yield from ((f"{path}.{name}", "clé écrite plusieurs fois") for name in one.repeated)
            waiting.extend((item, f"{path}.{name}", depth + 1) for name, item in one.items())
        elif isinstance(one, list):
            waiting.extend((item, f"{path}[{index}]", depth + 1) for index, item in enumerate(one))


def _read(file: str) -> bytes:
    if file == _STDIN:
        return sys.stdin.buffer.read(_MAX_BYTES + 1)
    try:
        with Path(file).open("rb") as stream:
            return stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"Le fichier « {file} » ne peut pas être lu ({error.strerror or 'nom invalide'}).",
            hint="Donnez le chemin d'un fichier JSON, ou « - » pour l'entrée standard.",
        ) from error


def _audited_programme(programme_id: str) -> Programme | None:
    """Return a programme that a scenario can be judged under: one that asks for audits."""
    programme = find_programme(programme_id)
    return programme if programme is not None and programme.objectives else None


def _unreadable(what: str) -> ScenarioError:
    return ScenarioError(
        "Le scénario ne peut pas être lu.",
        problems=[("$", what)],
        hint="Le format attendu est décrit dans la documentation de « carenage evaluate ».",
    )


def _lines(assessment: Assessment) -> Iterator[str]:
    when = "évaluation finale" if assessment.final else "suivi"
    yield f"{printable(assessment.scenario_id)} : {assessment.programme.label}"
    yield (
        f"Au {day(assessment.as_of)} ({when}), pour une phase qui va du {day(assessment.phase_start)} "
        f"au {day(assessment.declaration)}."
    )
    yield from (f"Attention : {reason(issue)}." for issue in assessment.phase_issues)
    for name, one in assessment.objectives.items():
        yield f"\n{name} {assessment.programme.objective(name).label} : {_entry(one.candidate)}"
        yield from (f"  {printable(unit)} : {_entry(entry)}" for unit, entry in one.establishments.items())
        yield from (f"  ? {_question(assessment.programme, reading)}" for reading in one.candidate.contested)


def _entry(entry: Entry) -> str:
    parts = [verdict(entry.verdict), *(reason(code) for code in entry.reasons)]
    if entry.next_due is not None:
        parts.append(f"prochaine échéance le {day(entry.next_due)}")
    return " ; ".join(parts)


def _question(programme: Programme, reading: str) -> str:
    note = programme.reading_notes[reading]
    return f"{note.question} ({cited(note.sources)})"
