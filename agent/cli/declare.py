"""`carenage declare`: facts that no machine collects, each with its evidence, its author and its day."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli.main import Invocation
from agent.cli.output import echo_json, echo_line, json_option
from agent.cli.person import deciding
from agent.domain.declaration import Bearer
from agent.domain.declaration_request import Request
from agent.domain.display import printable
from agent.domain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from agent.bootstrap import Application
    from agent.domain.declaration_outcome import Recorded
    from agent.services.declare import Problem, Surroundings

_ANY_KIND = "TYPE"


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
        from agent.services.declarations import recorded_json
        from agent.services.declare import consequences
        from agent.texts import declaration as texts

        request = Request(kind=name, person=deciding(person), keeps=asked["replaces"] is not None, **asked)
        application = invocation.application()
        around = application.surroundings(writes=True)
        (recorded,) = _record(application, around, [request], folder=Path())
        kind, made = around.kinds[recorded.declaration.fact], recorded.declaration
        follows = consequences(made, around, application.assess()) if recorded.is_new or as_json else []
        if as_json:
            echo_json({**recorded_json(recorded, kind), "objectives": [one.as_json() for one in follows]})
            return
        _say(texts.recorded(recorded, kind, _names(application)))
        if recorded.is_new:
            _say(texts.consequences(follows, _names(application)))

    return click.command(name, help="Scelle les pièces, puis la déclaration.", short_help="Déclare un fait.")(one)


@declare.command("list")
@click.option("--all", "everything", is_flag=True, help="Aussi ce qui a été corrigé ou retiré.")
@json_option
@click.pass_obj
def list_(invocation: Invocation, *, everything: bool, as_json: bool) -> ExitCode:
    """Liste les déclarations en vigueur."""
    from agent.services.declarations import listed
    from agent.texts import declaration as texts

    application = invocation.application()
    around = application.surroundings(writes=False)
    index = application.vault.index
    shown, unknown = listed(index, around.kinds, around.zone, everything=everything), index.unknown()
    code = ExitCode.INCOMPLETE if unknown else ExitCode.OK
    if as_json:
        echo_json([one.as_json(around.kinds[one.declaration.fact]) for one in shown])
        return code
    for one in shown:
        kind = around.kinds[one.declaration.fact]
        _say(texts.listed(one.declaration, kind, _names(application), later=one.later, is_in_force=one.is_in_force))
    if unknown or not shown:
        _say(texts.partial(unknown) if unknown else texts.NOTHING)
    return code


@declare.command()
@click.argument("kind", required=False)
@click.option("--all", "everything", is_flag=True, help="Aussi pour les programmes qui ne sont pas configurés.")
@json_option
@click.pass_obj
def kinds(invocation: Invocation, *, kind: str | None, everything: bool, as_json: bool) -> None:
    """Dit ce qui peut être déclaré, champ par champ."""
    from agent.domain.declaration_uses import uses
    from agent.services.declarations import kind_json, kinds_asked
    from agent.texts import declaration as texts

    around = invocation.application().surroundings(writes=False)
    chosen = kinds_asked(kind, around.kinds, around.known.programmes, everything=everything)
    used = {one.id: uses(one, (), {}, around.known.programmes) for one in chosen}
    if as_json:
        echo_json([kind_json(one, used[one.id]) for one in chosen])
        return
    for one in chosen:
        _say(texts.described(one, used[one.id]) if kind else [f"{one.id:<24} {one.label}"])
        if kind and one.bearer is Bearer.READING:
            _say(texts.readings(around.known.programmes))
    if not kind:
        _say(["", "Les champs et les pièces d'un type : carenage declare kinds TYPE."])


@declare.command()
@click.argument("declaration_id", metavar="ID")
@_person_options
@json_option
@click.pass_obj
def withdraw(
    invocation: Invocation, *, declaration_id: str, person: str | None, reason: str | None, as_json: bool
) -> None:
    """Retire la déclaration ID ; elle reste dans le coffre, elle ne compte plus."""
    from agent.services.declarations import withdrawn_json
    from agent.services.declare import withdraw as remove
    from agent.texts import declaration as texts

    application = invocation.application()
    around = application.surroundings(writes=True)
    if not reason:
        raise UsageError("Dites pourquoi cette déclaration est retirée.", hint="Ajoutez --reason MOTIF.")
    removed, again = remove(application.vault, declaration_id, around, person=deciding(person), reason=reason)
    if as_json:
        echo_json(withdrawn_json(removed.declaration, again))
    else:
        _say(texts.withdrawn(removed.declaration, again))


@declare.command("from")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--person", metavar="NOM", help="Qui déclare, là où le fichier ne le dit pas ; à défaut, le compte.")
@click.option("--dry-run", is_flag=True, help="Vérifie tout et dit ce qui serait fait, sans rien sceller.")
@json_option
@click.pass_obj
def from_(invocation: Invocation, *, file: Path, person: str | None, dry_run: bool, as_json: bool) -> None:
    """Enregistre les déclarations du fichier FILE ; celles déjà en vigueur sont passées."""
    from agent.services.declarations import recorded_json
    from agent.services.declarations_file import MOST_BYTES, read_requests
    from agent.services.declare import consequences
    from agent.texts import declaration as texts
    from collectors.reading import open_regular

    with open_regular(file, follow=True) as stream:
        data = stream.read(MOST_BYTES + 1)
    application = invocation.application()
    around = application.surroundings(writes=not dry_run)
    folder = file.absolute().parent
    requests, misshapen = read_requests(data, folder=folder, person=deciding(person))
    outcomes = _record(
        application, around, requests, folder=folder, misshapen=misshapen, is_replay=True, dry_run=dry_run
    )
    if as_json:
        told = [recorded_json(one, around.kinds[one.declaration.fact]) for one in outcomes]
        new, passed = ([one for one in told if one["recorded"] is is_new] for is_new in (True, False))
        echo_json({"dry_run": dry_run, "recorded": new, "skipped": passed})
        return
    assessed = application.assess() if any(one.is_new for one in outcomes) and not dry_run else None
    for one in outcomes:
        _say(texts.recorded(one, around.kinds[one.declaration.fact], _names(application), dry_run=dry_run))
        if one.is_new and assessed is not None:
            _say(texts.consequences(consequences(one.declaration, around, assessed), _names(application)))
    _say(texts.counts(outcomes, dry_run=dry_run))


def _record(
    application: Application,
    around: Surroundings,
    requests: Sequence[Request],
    *,
    folder: Path,
    misshapen: Sequence[Problem] = (),
    is_replay: bool = False,
    dry_run: bool = False,
) -> list[Recorded]:
    from functools import partial

    from agent.services.declare import declare as record
    from collectors.reading import open_regular

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


def _names(application: Application) -> dict[str, str]:
    directories = application.configuration.directories
    return application.establishment_names | {item.id: item.name for item in directories}


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        echo_line(line)
