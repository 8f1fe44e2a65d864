"""
The declarations file: many declarations in one TOML file, that may be replayed (docs/how-to/declare.md).

`person` and `reason` at the top stand for the entries that say none. Files are relative to the file's folder, and
stay inside it.
"""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal, InvalidOperation
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from agent.domain.declaration_request import Request
from agent.domain.display import printable
from agent.domain.errors import DeclarationError
from agent.texts.words import did_you_mean

Problem = tuple[str, str]
MOST_BYTES = 1024 * 1024
MOST_ENTRIES = 1000
_TOP = ("person", "reason", "declarations")
_TEXTS = ("kind", "person", "reason", "replaces", "finding", "surface", "reading", "programme")
_LISTS = ("establishments", "directories")
_TABLES = ("fields", "files")
_HEADER = re.compile(r"^\s*\[\[\s*[\"']?declarations[\"']?\s*\]\]")


def read_requests(data: bytes, *, folder: Path, person: str) -> tuple[list[Request], list[Problem]]:
    """
    Return what a declarations file asks for, and the faults of its shape; `person` stands where nobody is named.

    A faulty part counts as not said. Raises DeclarationError when the file holds no declarations at all.
    """
    document = _decoded(data)
    faults: list[Problem] = [
        (printable(key, longest=40), "cette clé n'existe pas" + did_you_mean(key, _TOP))
        for key in document
        if key not in _TOP
    ]
    defaults = {"person": person}
    for key in ("person", "reason"):
        if key in document:
            defaults[key] = _text(document[key], key, faults)
    entries = document.get("declarations", [])
    if not isinstance(entries, list) or not entries or len(entries) > MOST_ENTRIES:
        what = f"il faut de 1 à {MOST_ENTRIES} tables [[declarations]]"
        raise DeclarationError(
            "Ce fichier de déclarations ne peut pas être lu.", problems=[*faults, ("declarations", what)]
        )
    lines = [number for number, line in enumerate(data.decode("utf-8-sig").splitlines(), 1) if _HEADER.match(line)]
    places = [f"ligne {line}" for line in lines] if len(lines) == len(entries) else []
    requests = [
        _Entry(entry, places[rank] if places else f"déclaration n° {rank + 1}", folder, defaults, faults).request()
        for rank, entry in enumerate(entries)
    ]
    return requests, faults


def _decoded(data: bytes) -> dict[str, Any]:
    if len(data) > MOST_BYTES:
        raise DeclarationError("Ce fichier dépasse 1 Mio : il n'est pas lu.", hint="Coupez-le en plusieurs fichiers.")
    try:
        return tomllib.loads(data.decode("utf-8-sig"), parse_float=_number)
    except UnicodeDecodeError as error:
        raise DeclarationError(
            "Ce fichier n'est pas en UTF-8 : il n'est pas lu.", hint="Enregistrez-le en UTF-8, puis recommencez."
        ) from error
    except (ValueError, RecursionError) as error:
        raise DeclarationError(
            f"Ce fichier n'est pas du TOML : {printable(str(error))}.",
            hint="Un modèle : docs/how-to/declare.md.",
        ) from error


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error


def _text(value: object, where: str, faults: list[Problem]) -> str:
    if isinstance(value, str) and value.strip():
        return value
    faults.append((where, "un texte est attendu"))
    return ""


class _Entry:
    """One table of the file being read; the faults pile up."""

    def __init__(self, table: object, line: str, folder: Path, defaults: dict[str, str], faults: list[Problem]) -> None:
        self.table: dict[str, Any] = table if isinstance(table, dict) else {}
        kind = self.table.get("kind")
        self.place = f"{line} ({printable(kind, longest=40)})" if isinstance(kind, str) else line
        self.folder, self.defaults, self.faults = folder, defaults, faults

    def request(self) -> Request:
        keys = (*_TEXTS, *_LISTS, *_TABLES)
        for key in self.table:
            if key not in keys:
                self._fault(printable(key, longest=40), "cette clé n'existe pas" + did_you_mean(key, keys))
        if "kind" not in self.table:
            self._fault("kind", "dites ce qui est déclaré ; les types : carenage declare kinds --all")
        texts = {key: _text(self.table[key], self._at(key), self.faults) for key in _TEXTS if key in self.table}
        said = {**self.defaults, **texts}
        return Request(
            kind=said.get("kind", ""),
            person=said["person"],
            reason=said.get("reason"),
            replaces=said.get("replaces"),
            finding=said.get("finding"),
            surface=said.get("surface"),
            reading=said.get("reading"),
            programme=said.get("programme"),
            establishments=self._list("establishments"),
            directories=self._list("directories"),
            fields=self._table("fields"),
            files=tuple(self._files()),
            place=self.place,
        )

    def _at(self, where: str) -> str:
        return f"{self.place} / {where}"

    def _fault(self, where: str, what: str) -> None:
        self.faults.append((self._at(where), what))

    def _list(self, key: str) -> tuple[str, ...]:
        value = self.table.get(key, [])
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self._fault(key, "une liste d'identifiants est attendue")
        return ()

    def _table(self, key: str) -> dict[str, Any]:
        value = self.table.get(key, {})
        if isinstance(value, dict):
            return value
        self._fault(key, f"une table est attendue : [declarations.{key}]")
        return {}

    def _files(self) -> list[tuple[str | None, str]]:
        found: list[tuple[str | None, str]] = []
        for slot, value in self._table("files").items():
            for name in value if isinstance(value, list) else [value]:
                if not isinstance(name, str) or not name.strip():
                    self._fault(f"files.{printable(slot)}", "un chemin de fichier est attendu")
                elif (why := self._escape(name)) is not None:
                    self._fault(f"files.{printable(slot)}", f"« {printable(name)} » {why}")
                else:
                    found.append((slot, name))
        return found

    def _escape(self, name: str) -> str | None:
        """Return why a file is not one of the folder's own, None when it is."""
        windows = PureWindowsPath(name)
        if windows.drive or windows.root or ".." in windows.parts or ".." in PurePosixPath(name).parts or "\0" in name:
            return "sort du dossier de ce fichier : le chemin se donne depuis ce dossier, sans « .. »"
        path = self.folder
        for part in Path(name).parts:
            path /= part
            try:
                if path.is_symlink():
                    return "passe par un lien symbolique : donnez le fichier lui-même"
            except OSError:
                return None
        return None
