"""
Writes the commented example and the reference page from the models: nothing to keep in step by hand.

Both show the plugins that load; a plugin's `title` and its settings' descriptions and
`examples` are its lines here.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from typing import Any, Literal, get_args, get_origin

import tomlkit
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from agent.domain.secret import Secret
from config.annotations import alternatives, element_of, is_mapping, is_model, is_sequence
from config.model import ChannelEntry, CollectorEntry, Configuration, PluginEntry, TargetEntry
from config.plugin_settings import Registry
from config.schema import loadable_plugins
from config.secret_sources import SecretReference

_HEAD = """\
Configuration de Carénage : exemple commenté, produit par « carenage config example ».
Une ligne « #clé = … » est facultative ; sa valeur est celle par défaut, ou un exemple.
Les secrets ne s'écrivent jamais ici : on donne une référence ({file = …}, {env = …},
{credential = …} ou {keyring = …}). Un chemin relatif part du dossier de ce fichier.
Vérifiez avec « carenage config check »."""
_WIDTH = 110
# Shown as comments: an example must not run as a demonstration, nor through a proxy that nobody has.
_COMMENTED = frozenset({"demo", "network"})
# Optional, but an example without them would be warned about.
_GIVEN: dict[str, dict[str, Any]] = {
    "candidate": {"finess": "010000008"},
    "establishments": {"finess": "010000008", "support": True},
    "directories": {"establishments": ["ch-exemple"]},
    "surfaces": {"establishments": ["ch-exemple"], "names": ["www.ch-exemple.fr", "vpn.ch-exemple.fr"]},
}
_PLUGIN_ENTRIES: dict[str, type[PluginEntry]] = {
    "collectors": CollectorEntry,
    "channels": ChannelEntry,
    "targets": TargetEntry,
}
_FAMILY_TITLES = {"collectors": "Collecteurs", "channels": "Canaux d'alerte", "targets": "Destinations du dossier"}


def example(registries: Mapping[str, Registry]) -> str:
    """Return the commented example file; it passes `config check` as it is."""
    lines = [*_comment(_HEAD.splitlines()), ""]
    for section, field, table, many in _sections():
        if section in _PLUGIN_ENTRIES:
            lines += _plugin_blocks(section, table, registries.get(section))
            continue
        if table is None:
            lines += [*_described(field), _assignment(section, field, commented=False), ""]
            continue
        commented = section in _COMMENTED
        lines += [
            *_comment(textwrap.wrap(_summary(table), _WIDTH)),
            *_block(_header(section, many=many), table, commented=commented, given=_GIVEN.get(section)),
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


def reference(registries: Mapping[str, Registry]) -> str:
    """Return the reference page of every setting, in Markdown."""
    lines = [
        "# La configuration, réglage par réglage",
        "",
        "Page produite par « carenage config reference » ; ne la modifiez pas à la main. Un exemple entier :",
        "[config/example.toml](../../config/example.toml), ou « carenage config example ».",
        "",
        "Le fichier est cherché dans cet ordre : `--config FICHIER`, `$CARENAGE_CONFIG`, puis",
        "`/etc/carenage/carenage.toml` (Windows : `%PROGRAMDATA%\\Carenage\\carenage.toml`). Un chemin relatif part du",
        "dossier du fichier. Une clé inconnue est une faute ; `carenage config check` les dit toutes à la fois.",
        "",
    ]
    for section, field, table, many in _sections():
        if table is None:
            lines += [f"## `{section}`", "", field.description or "", ""]
            continue
        lines += [f"## `{_header(section, many=many)}`", "", _summary(table), "", *_settings_table(table), ""]
        if section in _PLUGIN_ENTRIES and section in registries:
            for kind, plugin in sorted(loadable_plugins(registries[section])):
                lines += [f"### {_FAMILY_TITLES[section]} : `{kind}`", "", _title(plugin), ""]
                lines += [*_settings_table(plugin.settings_type), ""]
    lines += [
        "## Les secrets",
        "",
        "Un réglage de type « secret » prend une référence, résolue au dernier moment ; un secret en clair est une",
        "faute.",
        "",
        *_settings_table(SecretReference),
        "",
        "Sous Linux et macOS, un fichier de secret ouvert au groupe ou aux autres est refusé. Sous Windows, ses droits",
        "ne sont pas vérifiés : réservez-le au compte du service. Une entrée de trousseau appartient au compte qui l'a",
        "créée.",
        "",
        "## Le numéro FINESS",
        "",
        "Son dernier chiffre est contrôlé (clé de Luhn) et un écart n'est qu'un avertissement. Pour la Corse, A et B",
        "comptent pour 1 et 2 : vérifié sur des numéros publiés de Haute-Corse, par analogie pour la Corse-du-Sud.",
    ]
    return "\n".join(lines) + "\n"


def _sections() -> Iterator[tuple[str, FieldInfo, type[BaseModel] | None, bool]]:
    for name, field in Configuration.model_fields.items():
        table: type[BaseModel] | None = None
        many = False
        for one in alternatives(field.annotation):
            many = many or is_sequence(one)
            inner = element_of(one) if is_sequence(one) else one
            table = inner if is_model(inner) else table
        yield name, field, table, many


def _header(section: str, *, many: bool) -> str:
    return f"[[{section}]]" if many else f"[{section}]"


def _summary(table: type[BaseModel]) -> str:
    return " ".join((table.__doc__ or "").split())


def _title(plugin: Any) -> str:
    return str(getattr(plugin, "title", ""))


def _comment(lines: list[str]) -> list[str]:
    return [f"# {line}".rstrip() for line in lines]


def _described(field: FieldInfo) -> list[str]:
    return _comment(textwrap.wrap(field.description or "", _WIDTH))


def _block(header: str, *tables: type[BaseModel], commented: bool, given: Mapping[str, Any] | None = None) -> list[str]:
    lines = [f"#{header}" if commented else header]
    shown: set[str] = set()
    for table in tables:
        for name, field in table.model_fields.items():
            key = field.alias or name
            if key in shown:
                continue  # a plugin's field that receives a key of ours
            shown.add(key)
            lines += _described(field)
            if given and key in given:
                lines.append(_toml(key, given[key], commented=commented))
            else:
                lines.append(_assignment(key, field, commented=commented))
    return lines


def _plugin_blocks(section: str, table: type[BaseModel] | None, registry: Registry | None) -> list[str]:
    if table is None:
        return []
    lines = _comment(textwrap.wrap(_summary(table), _WIDTH))
    plugins = sorted(loadable_plugins(registry)) if registry else []
    for kind, plugin in plugins:
        lines += ["#", *_comment(textwrap.wrap(f"{kind} : {_title(plugin)}", _WIDTH))]
        given = {"id": kind.replace("_", "-"), "kind": kind}
        lines += _block(f"[[{section}]]", table, plugin.settings_type, commented=True, given=given)
    if not plugins:
        lines += _block(f"[[{section}]]", table, commented=True)
    return [*lines, ""]


def _assignment(key: str, field: FieldInfo, *, commented: bool) -> str:
    return _toml(key, _sample(field), commented=commented or not field.is_required())


def _toml(key: str, value: Any, *, commented: bool) -> str:
    line = f"{key} = {toml_literal(value)}"
    return f"#{line}" if commented else line


def toml_literal(value: Any) -> str:
    """Return `value` as the file writes it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {toml_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_literal(item) for item in value) + "]"
    if isinstance(value, (PurePath, Decimal)):
        return toml_literal(str(value))
    return str(tomlkit.item(value).as_string())


def _sample(field: FieldInfo) -> Any:
    if field.examples:
        return field.examples[0]
    default = field.get_default(call_default_factory=True)
    if default is not PydanticUndefined and default is not None:
        return default.model_dump(exclude_none=True) if isinstance(default, BaseModel) else default
    return _placeholder(field.annotation)


def _placeholder(annotation: Any) -> Any:
    for one in alternatives(annotation):
        if one is Secret:
            return {"file": "/etc/carenage/secret"}
        if get_origin(one) is Literal:
            return get_args(one)[0]
        if is_sequence(one):
            return [_placeholder(element_of(one))]
        if is_mapping(one) or is_model(one):
            return {}
        for type_, value in ((bool, False), (int, 1), (float, 1.0), (date, date(2026, 3, 2))):
            if one is type_:
                return value
    return "…"


def _settings_table(table: type[BaseModel]) -> list[str]:
    if not table.model_fields:
        return ["Aucun réglage."]
    lines = ["| clé | type | défaut | rôle |", "|---|---|---|---|"]
    for name, field in table.model_fields.items():
        cells = (f"`{field.alias or name}`", _type_name(field.annotation), _default(field), field.description or "")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**obligatoire**"
    value = field.get_default(call_default_factory=True)
    return "" if value is None or isinstance(value, BaseModel) else f"`{toml_literal(value)}`"


def _type_name(annotation: Any) -> str:
    names = [_one_type_name(one) for one in alternatives(annotation) if one is not type(None)]
    return " ou ".join(dict.fromkeys(names))


def _one_type_name(one: Any) -> str:
    if one is Secret or one is SecretReference:
        return "secret"
    if get_origin(one) is Literal:
        return ", ".join(f"`{toml_literal(value)}`" for value in get_args(one))
    if is_sequence(one):
        return f"liste de {_type_name(element_of(one))}"
    if is_mapping(one) or is_model(one):
        return "table"
    names: dict[Any, str] = {
        str: "texte",
        bool: "oui ou non",
        int: "entier",
        float: "nombre",
        Decimal: "nombre ou texte décimal",
        date: "date",
    }
    if isinstance(one, type) and issubclass(one, PurePath):
        return "chemin"
    return names.get(one, "valeur")
