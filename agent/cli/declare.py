"""`carenage declare`: facts that no machine collects, each with its evidence, its author and its day."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli.main import Invocation
from agent.cli.output import echo_json, echo_line, json_option
from agent.cli.person import deciding
from agent.domain.declaration_request import Request
from agent.domain.display import printable
from agent.domain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from agent.bootstrap import Application
    from agent.domain.declaration import Declaration, FactKind
    from agent.domain.declaration_request import Fault
    from agent.services.declare import Recorded, Surroundings

Json = dict[str, Any]
_ANY_KIND = "TYPE"
_DONE = {"met", "not_applicable"}


class _ByKind(click.Group):
    """A group where every word that is not one of its commands is a kind of fact."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [_ANY_KIND, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or _kind_command(cmd_name)


@click.group(cls=_ByKind)
def declare() -> None:
    """
    Enregistre un fait qu'aucune machine ne collecte, avec ses pièces, son auteur et sa date.

    TYPE est ce qui est déclaré ; carenage declare kinds les liste, carenage declare kinds TYPE dit ce qu'il faut.
    """


def _pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str | tuple[str, ...]]:
    """Return `field=value` options by field; a field given several times is a list."""
    del ctx
    found: dict[str, list[str]] = defaultdict(list)
    for text in values:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise click.BadParameter(f"« {printable(text)} » : écrivez CHAMP=VALEUR.", param=param)
        found[name.strip()].append(value)
    return {name: said[0] if len(said) == 1 else tuple(said) for name, said in found.items()}


def _files(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str | None, str], ...]:
    """Return `slot=file` options; a path that stands as it is written names no slot."""
    del ctx, param
    found: list[tuple[str | None, str]] = []
    for text in values:
        slot, sign, path = text.partition("=")
        found.append((None, text) if not sign or Path(text).exists() else (slot.strip(), path))
    return tuple(found)


def _person_options(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--reason", metavar="TEXTE", help="Pourquoi.")(command)
    return click.option("--person", metavar="NOM", help="Qui déclare ; à défaut, le compte qui lance la commande.")(
        command
    )


def _kind_command(name: str) -> click.Command:
    """Return the command that declares one kind of fact."""

    @click.option("--establishment", "establishments", multiple=True, metavar="ID", help="Un établissement concerné.")
    @click.option("--directory", "directories", multiple=True, metavar="ID", help="L'annuaire concerné.")
    @click.option("--finding", metavar="ID", help="La vulnérabilité réévaluée.")
    @click.option("--surface", metavar="ID", help="La surface où elle est réévaluée.")
    @click.option("--reading", metavar="NOM", help="L'interprétation retenue.")
    @click.option("--programme", metavar="P", help="Le programme où elle l'est, s'il y en a plusieurs.")
    @click.option("--set", "fields", multiple=True, callback=_pairs, metavar="CHAMP=VALEUR", help="Un champ.")
    @click.option(
        "--file", "files", multiple=True, callback=_files, metavar="[PIÈCE=]FICHIER", help="Une pièce, ou son dépôt."
    )
    @_person_options
    @click.option("--replaces", metavar="ID", help="La déclaration corrigée ; ce qui n'est pas redit en est repris.")
    @json_option
    @click.pass_obj
    def one(invocation: Invocation, /, *, person: str | None, as_json: bool, **asked: Any) -> None:
        request = Request(kind=name, person=deciding(person), keeps=asked["replaces"] is not None, **asked)
        application = invocation.application()
        (recorded,) = _record(application, [request], folder=Path())
        if as_json:
            echo_json(
                {
                    **_outcome_json(recorded, application),
                    "objectives": _objectives(recorded.declaration, application),
                }
            )
        else:
            for line in _recorded_lines(recorded, application):
                echo_line(line)

    return click.command(name, help="Scelle les pièces, puis la déclaration.", short_help="Déclare un fait.")(one)


@declare.command("list")
@click.option("--all", "everything", is_flag=True, help="Aussi ce qui a été corrigé ou retiré.")
@json_option
@click.pass_obj
def list_(invocation: Invocation, *, everything: bool, as_json: bool) -> ExitCode:
    """Liste les déclarations en vigueur."""
    from agent.domain.declaration import current
    from agent.services.declarations import every_declaration

    application = invocation.application()
    around = application.surroundings(writes=False)
    history = every_declaration(application.vault.index, around.kinds, around.zone)
    in_force = {one.id: one for one in current(history, around.kinds)}
    corrected = {one.replaces: one for one in history if one.replaces is not None}
    shown = [in_force.get(one.id, one) for one in history if everything or one.id in in_force]
    unknown = application.vault.index.unknown()
    code = ExitCode.INCOMPLETE if unknown else ExitCode.OK
    if as_json:
        echo_json(
            [
                {
                    **_json(one, around.kinds[one.fact]),
                    "in_force": one.id in in_force,
                    "corrected_by": corrected[one.id].id if one.id in corrected else None,
                    "withdrawn": one.withdrawn,
                }
                for one in shown
            ]
        )
        return code
    for one in shown:
        for line in _listed(one, corrected.get(one.id), application, around, is_in_force=one.id in in_force):
            echo_line(line)
    if not shown and not unknown:
        echo_line("Rien n'est déclaré. Ce qui peut l'être : carenage declare kinds.")
    if unknown:
        echo_line(
            f"L'index a été reconstruit sans la clé : {unknown} dépôt(s) y sont illisibles, la liste est partielle."
        )
        echo_line("→ carenage vault reindex --identity CLÉ")
    return code


@declare.command()
@click.argument("kind", required=False)
@click.option("--all", "everything", is_flag=True, help="Aussi pour les programmes qui ne sont pas configurés.")
@json_option
@click.pass_obj
def kinds(invocation: Invocation, *, kind: str | None, everything: bool, as_json: bool) -> None:
    """Dit ce qui peut être déclaré, champ par champ."""
    from agent.domain.declaration_request import find_kind
    from agent.domain.declaration_text import FaultError

    around = invocation.application().surroundings(writes=False)
    configured = {one.id for one in around.known.programmes}
    try:
        chosen = [
            one
            for one in ([find_kind(kind, around.kinds)] if kind else around.kinds.values())
            if kind or everything or not one.programmes or configured & {*one.programmes}
        ]
    except FaultError as error:
        raise UsageError(str(error), hint="Tous les types : carenage declare kinds --all.") from error
    if as_json:
        echo_json([_kind_json(one, around) for one in chosen])
        return
    for one in chosen:
        for line in _kind_lines(one, around) if kind else [f"{one.id:<24} {one.label}"]:
            echo_line(line)
    if not kind:
        echo_line()
        echo_line("Les champs et les pièces d'un type : carenage declare kinds TYPE.")


@declare.command()
@click.argument("declaration_id", metavar="ID")
@_person_options
@json_option
@click.pass_obj
def withdraw(
    invocation: Invocation, *, declaration_id: str, person: str | None, reason: str | None, as_json: bool
) -> None:
    """Retire la déclaration ID ; elle reste dans le coffre, elle ne compte plus."""
    from agent.services.declare import withdraw as remove

    application = invocation.application()
    around = application.surroundings(writes=True)
    if not reason:
        raise UsageError("Dites pourquoi cette déclaration est retirée.", hint="Ajoutez --reason MOTIF.")
    removed, again = remove(application.vault, declaration_id, around, person=deciding(person), reason=reason)
    if as_json:
        one = removed.declaration
        echo_json(
            {
                "id": one.id,
                "withdraws": declaration_id,
                "kind": one.fact,
                "person": one.person,
                "reason": one.reason,
                "in_force_again": list(again),
            }
        )
        return
    echo_line(f"Retrait scellé : {removed.declaration.id}. {declaration_id} ne compte plus.")
    for one_again in again:
        echo_line(f"  De nouveau en vigueur : {one_again}, que cette déclaration remplaçait.")


@declare.command("from")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--person", metavar="NOM", help="Qui déclare, là où le fichier ne le dit pas ; à défaut, le compte.")
@click.option("--dry-run", is_flag=True, help="Vérifie tout et dit ce qui serait fait, sans rien sceller.")
@json_option
@click.pass_obj
def from_(invocation: Invocation, *, file: Path, person: str | None, dry_run: bool, as_json: bool) -> None:
    """Enregistre les déclarations du fichier FILE ; celles déjà en vigueur sont passées."""
    from agent.services.declarations_file import MOST_BYTES, read_requests
    from collectors.reading import open_regular

    with open_regular(file, follow=True) as stream:
        data = stream.read(MOST_BYTES + 1)
    application = invocation.application()
    folder = file.absolute().parent
    requests, misshapen = read_requests(data, folder=folder, person=deciding(person))
    outcomes = _record(application, requests, folder=folder, misshapen=misshapen, is_replay=True, dry_run=dry_run)
    if as_json:
        echo_json(
            {
                "dry_run": dry_run,
                "recorded": [_outcome_json(one, application) for one in outcomes if one.is_new],
                "skipped": [_outcome_json(one, application) for one in outcomes if not one.is_new],
            }
        )
        return
    for one in outcomes:
        for line in _recorded_lines(one, application, brief=True, dry_run=dry_run):
            echo_line(line)
    new = sum(one.is_new for one in outcomes)
    echo_line(
        f"{new} déclaration(s) {'à enregistrer' if dry_run else 'enregistrée(s)'}, {len(outcomes) - new} passée(s)."
    )


def _record(
    application: Application,
    requests: Sequence[Request],
    *,
    folder: Path,
    misshapen: Sequence[Fault] = (),
    is_replay: bool = False,
    dry_run: bool = False,
) -> list[Recorded]:
    from functools import partial

    from agent.services.declare import declare as record
    from collectors.reading import open_regular

    around = application.surroundings(writes=not dry_run)
    return record(
        application.vault,
        requests,
        around,
        folder=folder,
        open_file=partial(open_regular, follow=False),
        misshapen=misshapen,
        is_replay=is_replay,
        dry_run=dry_run,
    )


# JSON


def _json(one: Declaration, kind: FactKind) -> Json:
    from agent.domain.declaration import to_record

    record = to_record(one)
    return {
        "id": one.id or None,
        "kind": one.fact,
        "label": kind.label,
        "subjects": record["subjects"],
        "fields": record["fields"],
        "evidence": record["evidence"],
        "person": one.person,
        "on": one.on.isoformat(),
        "reason": one.reason,
        "replaces": one.replaces,
    }


def _outcome_json(recorded: Recorded, application: Application) -> Json:
    around = application.surroundings(writes=False)
    one = recorded.declaration
    return {
        **_json(one, around.kinds[one.fact]),
        "recorded": recorded.is_new,
        "place": recorded.place or None,
        "corrected_by": recorded.corrected_by,
        "supersedes": list(recorded.supersedes),
        "contradicts": list(recorded.contradicts),
        "warnings": [code.value for code in recorded.warnings],
    }


def _objectives(one: Declaration, application: Application) -> list[Json]:
    """Return the objectives that look at what was declared, where each stands now and what it lacks."""
    from agent.domain.decided import AUTHORITY
    from agent.domain.declaration import Bearer
    from agent.domain.declaration_request import uses

    around = application.surroundings(writes=False)
    is_asked_of_each = around.kinds[one.fact].bearer is Bearer.ESTABLISHMENT and one.fact not in AUTHORITY
    documents = {assessed.programme: assessed.document for assessed in application.assess()}
    found = []
    for use in uses(around.kinds[one.fact], one.subjects, one.values, around.known.programmes):
        document = documents.get(use.programme, {})
        judged = {**document.get("prerequisites", {}), **document.get("objectives", {})}.get(use.objective)
        found.append(
            {
                "programme": use.programme,
                "objective": use.objective,
                "label": use.label,
                "verdict": judged["candidate"]["verdict"] if judged else None,
                "missing": _missing(judged, one.subjects) if judged else [],
                "remaining": [
                    unit
                    for unit, entry in (judged or {}).get("establishments", {}).items()
                    if is_asked_of_each and entry["verdict"] not in _DONE and unit not in one.subjects
                ],
            }
        )
    return found


def _missing(judged: Json, subjects: Sequence[str]) -> list[str]:
    """Return the conditions that do not hold, or that nobody can tell, of what was declared."""
    entries = [judged["candidate"], *(judged["units"][name] for name in judged["units"] if name in subjects)]
    if not subjects:
        entries += judged["units"].values()
    return list(dict.fromkeys(label for entry in entries for label in _unmet(entry["numbers"].get("conditions", []))))


def _unmet(conditions: Sequence[Json]) -> list[str]:
    """Return what is missing; of several ways to reach an objective, of those that somebody began."""
    asked = [check for check in conditions if not check["advice"]]
    ways = {check["group"]: [one["met"] is True for one in asked if one["group"] == check["group"]] for check in asked}
    ways.pop(None, None)
    begun = {group for group, met in ways.items() if any(met)} or {*ways}
    is_reached = any(all(met) for met in ways.values())
    return [
        check["label"]
        for check in asked
        if check["met"] is not True and (check["group"] is None or (check["group"] in begun and not is_reached))
    ]


def _kind_json(kind: FactKind, around: Surroundings) -> Json:
    from agent.domain.declaration_request import uses

    return {
        "id": kind.id,
        "label": kind.label,
        "about": kind.bearer.value,
        "several": kind.several,
        "programmes": list(kind.programmes),
        "objectives": [f"{use.programme} {use.objective}" for use in uses(kind, (), {}, around.known.programmes)],
        "fields": [
            {
                "name": field.name,
                "type": field.type.value,
                "label": field.label,
                "required": field.required,
                "choices": list(field.choices),
            }
            for field in kind.fields
        ],
        "files": [{"name": slot.name, "label": slot.label, "required": slot.required} for slot in kind.slots],
    }


# French


def _names(application: Application) -> dict[str, str]:
    configuration = application.configuration
    names = {item.id: item.name for item in configuration.establishments}
    return names | {item.id: item.name for item in configuration.directories}


def _listed(
    one: Declaration, later: Declaration | None, application: Application, around: Surroundings, *, is_in_force: bool
) -> Iterator[str]:
    from agent.texts import declaration as texts
    from agent.texts.words import day

    kind = around.kinds[one.fact]
    said = "retrait" if one.withdrawn else kind.label
    yield f"{one.id}  {said}, {texts.subjects(one, kind, _names(application))} ({one.person}, {day(one.on)})"
    if one.withdrawn:
        yield f"    retire {one.replaces} : {one.reason or 'sans motif'}"
        return
    for line in texts.fields(one, kind):
        yield f"    {line}"
    for slot, ids in one.evidence.items():
        yield f"    pièce {slot} : {', '.join(ids)}"
    if one.reason:
        yield f"    motif : {one.reason}"
    if one.replaces:
        yield f"    corrige {one.replaces}"
    if later is not None:
        yield f"    ✘ {'retirée' if later.withdrawn else 'corrigée'} par {later.id}, {later.person}, {day(later.on)}"
    elif not is_in_force:
        yield "    ✘ remplacée par une déclaration plus récente"


def _kind_lines(kind: FactKind, around: Surroundings) -> Iterator[str]:
    from agent.domain.declaration_request import uses
    from agent.domain.declaration_text import expected
    from agent.texts import declaration as texts

    yield f"{kind.id} : {kind.label}"
    yield f"Porte sur {texts.about(kind)}."
    yield "Plusieurs peuvent valoir à la fois." if kind.several else "La dernière déclaration remplace la précédente."
    if found := uses(kind, (), {}, around.known.programmes):
        yield "Sert à : " + ", ".join(f"{use.objective} ({use.programme})" for use in found) + "."
    yield "Champs (--set CHAMP=VALEUR) :"
    for field in kind.fields:
        yield f"  {field.name}{' *' if field.required else ''} : {field.label} – {expected(field)}"
    if kind.slots:
        yield "Pièces (--file PIÈCE=FICHIER) :"
        for slot in kind.slots:
            yield f"  {slot.name}{' *' if slot.required else ''} : {slot.label}"
    if any(field.required for field in kind.fields) or any(slot.required for slot in kind.slots):
        yield "* obligatoire"


def _recorded_lines(
    recorded: Recorded, application: Application, *, brief: bool = False, dry_run: bool = False
) -> Iterator[str]:
    from agent.texts import declaration as texts

    around = application.surroundings(writes=False)
    one = recorded.declaration
    kind = around.kinds[one.fact]
    what = f"{kind.label}, {texts.subjects(one, kind, _names(application))}"
    if recorded.place:
        what = f"{recorded.place} : {what}"
    if recorded.corrected_by is not None:
        yield f"{what} : passée, car {one.id}, qui disait la même chose, a été corrigée ou retirée depuis."
        yield f"  → si c'est à tort, déclarez-la à la main : carenage declare {one.fact} …"
        return
    if not recorded.is_new:
        yield f"{what} : déjà en vigueur ({one.id}), rien n'est scellé."
        return
    yield f"{what} : à enregistrer." if dry_run else f"{what} : déclaration scellée, {one.id}."
    for older in recorded.supersedes:
        yield f"  Remplace {older}, qui reste dans le coffre."
    for other in recorded.contradicts:
        yield f"  Attention : ne dit pas la même chose que {other}, encore en vigueur pour le reste ou à côté."
        yield f"  → si celle-là est fausse : carenage declare withdraw {other} --reason TEXTE"
    for code in recorded.warnings:
        yield f"  Attention : {texts.warning(code)}."
    if not brief:
        yield from _consequences(_objectives(one, application), _names(application))


def _consequences(objectives: Sequence[Json], names: Mapping[str, str]) -> Iterator[str]:
    """Say which objectives look at what was declared, where they stand and what they still lack."""
    from agent.texts.words import verdict

    if not objectives:
        yield "  Aucun objectif des programmes configurés n'en dépend."
    for use in objectives:
        stands = f", à ce jour {verdict(use['verdict'])}" if use["verdict"] else ""
        yield f"  Sert à {use['objective']} ({use['programme']}), {use['label']}{stands}."
        for label in use["missing"]:
            yield f"    il manque : {label}"
        if use["remaining"]:
            yield "    reste à acquérir ailleurs : " + ", ".join(names.get(unit, unit) for unit in use["remaining"])
