"""
Checks that look across the tables of the file.

They read the raw document and skip what has another shape than expected (the model
reports that), so that every fault is told at once.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from agent.domain.errors import ConfigurationError
from agent.texts.words import did_you_mean, span
from config.annotations import Location
from config.faults import Fault, place
from config.finess import has_valid_check_digit
from config.model import EXAMPLE_RECIPIENTS, FINESS, UNNAMED, ChannelEntry, CollectorEntry, PluginEntry, TargetEntry
from config.plugin_settings import Registry, check_kind, check_settings, own_settings
from config.programme_files import find_programme, programme_ids

Document = Mapping[str, Any]
Check = Callable[[Document], Iterator[Fault]]

_LISTS = ("programmes", "establishments", "directories", "surfaces", "collectors", "people", "channels", "targets")
# (list, key, list that the key's slugs must stand in)
_REFERENCES = (
    ("directories", "establishments", "establishments"),
    ("directories", "replaces", "directories"),
    ("surfaces", "establishments", "establishments"),
    ("collectors", "directory", "directories"),
    ("people", "channels", "channels"),
    ("channels", "to", "people"),
)
_NAMED = {
    "establishments": "aucun établissement ne s'appelle",
    "directories": "aucun annuaire ne s'appelle",
    "channels": "aucun canal ne s'appelle",
    "people": "aucune personne ne s'appelle",
}
_ENTRIES: dict[str, type[PluginEntry]] = {
    "collectors": CollectorEntry,
    "channels": ChannelEntry,
    "targets": TargetEntry,
}
_CREDENTIALS_IN_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/@\s]*:[^/@\s]*@")
_NOT_ROUTED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)


def faults_of(document: Document, *, registries: Mapping[str, Registry], folder: Path) -> list[Fault]:
    """Return what makes the document unusable."""
    checks: tuple[Check, ...] = (
        _duplicates,
        _unknown_references,
        _replacements_in_circle,
        _programmes,
        _declarations_to_plan,
        _dates_out_of_order,
        _credentials_in_urls,
        _repeated_recipients,
    )
    found = [fault for check in checks for fault in check(document)]
    found += _folders_inside_each_other(document, folder)
    found += _plugins(document, registries, folder)
    return found


def warnings_of(document: Document, *, registries: Mapping[str, Registry]) -> list[Fault]:
    """Return what is allowed and probably not meant."""
    checks: tuple[Check, ...] = (
        _unfinished,
        _phase_starts_outside_the_window,
        _finess_numbers,
        _supports,
        _empty_surfaces,
        _private_addresses,
        _shared_identities,
    )
    return [fault for check in checks for fault in check(document)] + list(
        _plugins_that_do_not_load(document, registries)
    )


def _entries(document: Document, section: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    entries = document.get(section)
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, Mapping):
            yield index, entry


def _texts(value: Any) -> Iterator[tuple[Location, str]]:
    if isinstance(value, str):
        yield (), value
    elif isinstance(value, list):
        yield from (((index,), item) for index, item in enumerate(value) if isinstance(item, str))


def _ids(document: Document, section: str) -> set[str]:
    return {entry["id"] for _, entry in _entries(document, section) if isinstance(entry.get("id"), str)}


def _duplicates(document: Document) -> Iterator[Fault]:
    for section in _LISTS:
        seen: dict[str, int] = {}
        for index, entry in _entries(document, section):
            identifier = entry.get("id")
            if not isinstance(identifier, str):
                continue
            if identifier in seen:
                yield place((section, index, "id")), f"déjà pris par {place((section, seen[identifier]))}"
            seen.setdefault(identifier, index)


def _unknown_references(document: Document) -> Iterator[Fault]:
    for section, key, target in _REFERENCES:
        known = _ids(document, target)
        for index, entry in _entries(document, section):
            for where, name in _texts(entry.get(key)):
                if name not in known:
                    text = f"{_NAMED[target]} « {name[:64]} »{did_you_mean(name, known)}"
                    yield place((section, index, key, *where)), text


def _replacements_in_circle(document: Document) -> Iterator[Fault]:
    replaces = {
        entry["id"]: [name for _, name in _texts(entry.get("replaces"))]
        for _, entry in _entries(document, "directories")
        if isinstance(entry.get("id"), str)
    }
    for index, entry in _entries(document, "directories"):
        start = entry.get("id")
        reached: set[str] = set()
        waiting = list(replaces.get(start, ())) if isinstance(start, str) else []
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += replaces.get(name, ())
        if start in reached:
            yield (
                place(("directories", index, "replaces")),
                "un annuaire ne peut pas se remplacer lui-même, même par détour",
            )


def _programmes(document: Document) -> Iterator[Fault]:
    for index, entry in _entries(document, "programmes"):
        identifier = entry.get("id")
        if isinstance(identifier, str) and identifier not in programme_ids():
            yield place(("programmes", index, "id")), f"programme inconnu{did_you_mean(identifier, programme_ids())}"


def _declarations_to_plan(document: Document) -> Iterator[Fault]:
    for index, entry in _entries(document, "programmes"):
        identifier = entry.get("id")
        programme = find_programme(identifier) if isinstance(identifier, str) else None
        is_planned = "declaration" in entry or "declaration_deadline" in entry
        if programme is not None and programme.last_day is None and not is_planned:
            text = "obligatoire ici : ce programme n'a pas de date de fin, indiquez le jour prévu de la déclaration"
            yield place(("programmes", index, "declaration")), text


def _phase_starts_outside_the_window(document: Document) -> Iterator[Fault]:
    for index, entry in _entries(document, "programmes"):
        identifier, start = entry.get("id"), _day(entry.get("phase_start"))
        programme = find_programme(identifier) if isinstance(identifier, str) else None
        if programme is None or start is None:
            continue
        first, last = programme.window.bounds(_day(entry.get("validation_date")))
        if not first <= start <= last:
            text = (
                f"hors de la fenêtre du programme ({span(first, last)}) : "
                "l'évaluation partira de la borne la plus proche"
            )
            yield place(("programmes", index, "phase_start")), text


def _dates_out_of_order(document: Document) -> Iterator[Fault]:
    orders = (
        ("programmes", "phase_start", "declaration", "la déclaration précède le démarrage de la phase"),
        ("programmes", "declaration", "control_date", "le contrôle précède la déclaration"),
        ("directories", "in_service", "retired", "l'arrêt précède la mise en service"),
    )
    for section, first, second, message in orders:
        for index, entry in _entries(document, section):
            earlier, later = _day(entry.get(first)), _day(entry.get(second))
            if earlier and later and later < earlier:
                yield place((section, index, second)), message


def _day(value: Any) -> date | None:
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _credentials_in_urls(document: Document) -> Iterator[Fault]:
    for location, text in _all_texts(document, ()):
        if _CREDENTIALS_IN_URL.match(text):
            message = (
                "cette adresse contient un mot de passe : retirez-le et donnez-le par référence ({file = …}, {env = …})"
            )
            yield place(location), message


def _all_texts(value: Any, at: Location) -> Iterator[tuple[Location, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _all_texts(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _all_texts(item, (*at, index))


def _repeated_recipients(document: Document) -> Iterator[Fault]:
    seen: set[str] = set()
    for where, key in _texts(_get(document, "vault", "recipients")):
        if key in seen:
            message = "clé déjà citée : la clé de secours doit être une autre clé, gardée ailleurs"
            yield place(("vault", "recipients", *where)), message
        seen.add(key)


def _get(document: Document, section: str, key: str) -> Any:
    table = document.get(section)
    return table.get(key) if isinstance(table, Mapping) else None


def _folders_inside_each_other(document: Document, folder: Path) -> Iterator[Fault]:
    folders = {
        section: (folder / path).resolve()
        for section in ("vault", "state", "inbox")
        if isinstance(path := _get(document, section, "path"), str) and path and "\x00" not in path
    }
    for section, path in folders.items():
        for other, parent in folders.items():
            if section != other and (path.is_relative_to(parent) and (path != parent or section > other)):
                yield place((section, "path")), f"ce dossier est dans celui de [{other}] : il en faut un à part"


def _plugins(document: Document, registries: Mapping[str, Registry], folder: Path) -> Iterator[Fault]:
    addresses = {
        person["id"]: person["email"]
        for _, person in _entries(document, "people")
        if isinstance(person.get("id"), str) and isinstance(person.get("email"), str)
    }
    for section, registry in registries.items():
        for index, entry in _entries(document, section):
            kind = entry.get("kind")
            if not isinstance(kind, str):
                continue
            if problem := check_kind(section, kind, registry):
                yield place((section, index, "kind")), problem
                continue
            try:
                plugin = registry.load(kind)
            except ConfigurationError:
                continue  # told by `_plugins_that_do_not_load`; the rest of the agent goes on
            if getattr(plugin, "needs_directory", False) and "directory" not in entry:
                yield place((section, index, "directory")), "obligatoire pour ce type : l'annuaire concerné"
            raw = own_settings(entry, plugin, our_keys=_ENTRIES[section].model_fields, addresses=addresses)
            yield from check_settings(plugin, raw, at=(section, index), folder=folder)


def _plugins_that_do_not_load(document: Document, registries: Mapping[str, Registry]) -> Iterator[Fault]:
    for section, registry in registries.items():
        for index, entry in _entries(document, section):
            kind = entry.get("kind")
            if not isinstance(kind, str) or kind not in registry.kinds():
                continue
            try:
                registry.load(kind)
            except ConfigurationError as error:
                yield place((section, index, "kind")), f"{error.message} Ses réglages ne sont pas vérifiés."


def _unfinished(document: Document) -> Iterator[Fault]:
    """Name what the first file or the example left to complete, and what nobody would be told or judged without."""
    if document.get("demo") is not None:
        yield "demo", "démonstration : le jour de l'évaluation est fixé ; à retirer en production"
    names = [("candidate", _get(document, "candidate", "name"))]
    names += [
        (place(("establishments", index)), entry.get("name")) for index, entry in _entries(document, "establishments")
    ]
    for where, name in names:
        if name == UNNAMED:
            yield f"{where}.name", "à compléter"
    recipients = _get(document, "vault", "recipients")
    if any(key in EXAMPLE_RECIPIENTS for key in (recipients if isinstance(recipients, list) else ())):
        yield "vault.recipients", "clés de l'exemple : personne n'en a la clé privée, tout serait scellé pour personne"
    programmes = [find_programme(entry.get("id", "")) for _, entry in _entries(document, "programmes")]
    audits = not programmes or any(programme is None or programme.objectives for programme in programmes)
    for section, meaning, is_missed in (
        ("directories", "aucun annuaire déclaré : les objectifs O1 attendent une décision", audits),
        ("surfaces", "aucune surface déclarée : les objectifs O2 attendent une décision", audits),
        ("channels", "aucun canal d'alerte : personne ne sera prévenu", True),
    ):
        if is_missed and not document.get(section):
            yield section, meaning


def _finess_numbers(document: Document) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    numbers: list[tuple[Location, Any]] = [(("candidate", "finess"), _get(document, "candidate", "finess"))]
    numbers += [
        (("establishments", index, "finess"), entry.get("finess"))
        for index, entry in _entries(document, "establishments")
    ]
    for location, number in numbers:
        if not isinstance(number, str) or not re.match(FINESS, number):
            continue
        where = place(location)
        if not has_valid_check_digit(number):
            yield (
                where,
                f"le dernier chiffre de {number} ne correspond pas aux autres : vérifiez sur finess.esante.gouv.fr",
            )
        if number in seen and seen[number] != "candidate.finess":
            yield where, f"même numéro que {seen[number]}"
        seen.setdefault(number, where)


def _supports(document: Document) -> Iterator[Fault]:
    entries = list(_entries(document, "establishments"))
    if not entries:
        yield "establishments", "aucun établissement : rien ne peut être évalué ; ajoutez [[establishments]]"
        return
    supports = [index for index, entry in entries if entry.get("support") is True]
    if _get(document, "candidate", "type") == "GHT" and not supports:
        yield "establishments", "un GHT a un établissement support : marquez-le « support = true »"
    for index in supports[1:]:
        yield (
            place(("establishments", index, "support")),
            f"déjà un établissement support : {place(('establishments', supports[0]))}",
        )


def _empty_surfaces(document: Document) -> Iterator[Fault]:
    for index, entry in _entries(document, "surfaces"):
        if not entry.get("names") and not entry.get("addresses"):
            text = "ni nom ni adresse : aucun audit ne pourra lui être rattaché sans une décision"
            yield place(("surfaces", index)), text


def _private_addresses(document: Document) -> Iterator[Fault]:
    for index, entry in _entries(document, "surfaces"):
        for where, text in _texts(entry.get("addresses")):
            try:
                network = ipaddress.ip_network(text.strip())
            except ValueError:
                continue
            if any(network[0] in inside and network[-1] in inside for inside in _NOT_ROUTED):
                yield (
                    place(("surfaces", index, "addresses", *where)),
                    "adresse non routée sur Internet : elle n'est pas exposée",
                )


def _shared_identities(document: Document) -> Iterator[Fault]:
    for key, message in (("forest_guid", "même forêt que"), ("domain_sid", "même domaine que")):
        seen: dict[str, int] = {}
        for index, entry in _entries(document, "directories"):
            value = entry.get(key)
            if isinstance(value, str):
                if value.lower() in seen:
                    yield place(("directories", index, key)), f"{message} {place(('directories', seen[value.lower()]))}"
                seen.setdefault(value.lower(), index)
