"""Reads the one configuration file, and tells every fault at once."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.domain.errors import ConfigurationError
from config.coherence import faults_of, warnings_of
from config.faults import Fault, in_french, place
from config.files import read_small
from config.model import Configuration, PluginEntry
from config.plugin_settings import Configurable, Registry, installed_registries, own_settings, settings_for

MAX_FILE_BYTES = 1024 * 1024
_WHERE_IN_TOML = re.compile(r"\(at line (\d+), column (\d+)\)")
_FILE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedConfiguration:
    """A configuration that holds, with the `text` it was read from and what it only warns about."""

    configuration: Configuration
    warnings: tuple[Fault, ...]
    path: Path
    text: str

    @property
    def folder(self) -> Path:
        """Return the folder that relative paths start at."""
        return self.path.parent

    def settings_of(self, entry: PluginEntry, kind_class: Configurable) -> Any:
        """
        Return what `kind_class(…, settings)` takes for `entry`, secrets resolved.

        Raises ConfigurationError when a secret cannot be had; the other entries are not concerned.
        """
        table = {name: getattr(entry, name) for name in entry.model_fields_set if name in type(entry).model_fields}
        addresses = {person.id: person.email for person in self.configuration.people}
        our_keys = type(entry).model_fields
        raw = own_settings({**table, **entry.settings}, kind_class, our_keys=our_keys, addresses=addresses)
        return settings_for(kind_class, raw, folder=self.folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What can be said of a file: its faults, its warnings, and the configuration when it has no fault."""

    configuration: Configuration | None
    problems: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    path: Path


def load(path: Path, *, registries: Mapping[str, Registry] | None = None) -> LoadedConfiguration:
    """
    Return the configuration in the file at `path`.

    `registries` are the families of plugins, the installed ones by default. Raises
    ConfigurationError with every fault as (path in the file, sentence).
    """
    text = _read(path)
    found = examine_text(text, path=path, registries=registries)
    if found.configuration is None:
        raise _refused(found)
    return LoadedConfiguration(configuration=found.configuration, warnings=found.warnings, path=found.path, text=text)


def examine(path: Path, *, registries: Mapping[str, Registry] | None = None) -> Examination:
    """Return everything that can be said of the file at `path`; raises ConfigurationError when it is not TOML."""
    return examine_text(_read(path), path=path, registries=registries)


def examine_text(text: str, *, path: Path, registries: Mapping[str, Registry] | None = None) -> Examination:
    """Return everything that can be said of `text`, as if the file at `path` held it; raises like `examine`."""
    path = Path(os.path.abspath(path))  # noqa: PTH100 - a symbolic link to the file keeps its own folder
    document = _document(text, path)
    families = installed_registries() if registries is None else registries
    problems: list[Fault] = []
    configuration: Configuration | None = None
    try:
        configuration = Configuration.model_validate(document, context={"folder": path.parent})
    except ValidationError as error:
        problems = [(place(location), message) for location, message in in_french(error, Configuration)]
    problems += faults_of(document, registries=families, folder=path.parent)
    return Examination(
        configuration=None if problems else configuration,
        problems=tuple(dict.fromkeys(problems)),
        warnings=tuple(warnings_of(document, registries=families)),
        path=path,
    )


def _refused(found: Examination) -> ConfigurationError:
    count = "une faute" if len(found.problems) == 1 else f"{len(found.problems)} fautes"
    return ConfigurationError(
        f"La configuration {found.path} contient {count}.",
        problems=found.problems,
        hint="Corrigez le fichier, puis « carenage config check ». Un exemple : « carenage config example ».",
    )


def _read(path: Path) -> str:
    try:
        content, _ = read_small(path, limit=MAX_FILE_BYTES)
    except FileNotFoundError as error:
        message = f"Il n'y a pas de configuration à l'endroit {path}."
        raise ConfigurationError(
            message,
            problems=[(_FILE, "fichier absent")],
            hint="« carenage init » en écrit une ; « --config FICHIER » ou $CARENAGE_CONFIG en désigne une autre.",
        ) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(
            f"La configuration {path} ne se lit pas ({reason}).",
            problems=[(_FILE, f"illisible ({reason})")],
            hint="Lancez la commande sous le compte de l'agent.",
        ) from error
    if len(content) > MAX_FILE_BYTES:
        size = f"plus de {MAX_FILE_BYTES // 1024} Kio"
        raise ConfigurationError(f"La configuration {path} est trop longue ({size}).", problems=[(_FILE, size)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
    message = f"ligne {line} : ce n'est pas de l'UTF-8"
    raise ConfigurationError(
        f"La configuration {path} n'est pas un texte en UTF-8 (ligne {line}).",
        problems=[(_FILE, message)],
        hint="Enregistrez le fichier en UTF-8.",
    )


def _document(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
    except RecursionError:
        reason = "trop de listes les unes dans les autres"
    found = _WHERE_IN_TOML.search(reason)
    where = f"ligne {found[1]}, colonne {found[2]}" if found else _last_line(text, reason)
    raise ConfigurationError(
        f"La configuration {path} n'est pas du TOML valide : {where}.",
        problems=[(_FILE, f"TOML invalide : {where}")],
        hint="Souvent un guillemet, un crochet ou un « = » qui manque, ou une clé écrite deux fois.",
    )


def _last_line(text: str, reason: str) -> str:
    return f"à la fin du fichier (ligne {text.count(chr(10)) + 1})" if "end of document" in reason else reason
