"""Writes the dossier: a ZIP whose manifest `sha256sum -c` accepts."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Self

from agent.domain.display import inert_cell
from agent.domain.pieces import Status, Why
from agent.domain.programme import Channel, Origin
from agent.texts import pieces as texts
from agent.texts.words import counted, verdict
from uploader.dossier.content import missing_pieces
from uploader.dossier.whole_file import write_whole, writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.domain.pieces import PieceState
    from uploader.dossier.content import DossierContent, MissingPiece

_FOLDERS = {
    Channel.ZED: "a-mettre-dans-le-conteneur-ZED",
    Channel.ECARE: "a-deposer-sur-eCaRE-sans-conteneur",
    Channel.OSIS: "secours-si-oSIS-indisponible",
    Channel.FINANCE_ZIP: "finances",
    Channel.DESK: "a-deposer-sur-le-guichet",
}
_NOTHING_KNOWN = {Why.NOTHING_TO_AUDIT, Why.NOT_COLLECTED, Why.NO_COLLECTOR, Why.NO_ENTRY}
_REPORTS = {Origin.ADS_REPORTS, Origin.EXPOSURE_REPORTS}
_ASSETS = {
    Origin.DOMAIN_LIST: ("liste-domaines.csv", {"domain"}),
    Origin.ADDRESS_LIST: ("liste-adresses-ip.csv", {"address", "range"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltDossier:
    """The ZIP, its SHA-256, and what it lacks."""

    path: Path
    sha256: str
    missing: tuple[MissingPiece, ...]

    @property
    def complete(self) -> bool:
        """Return whether nothing is missing."""
        return not self.missing

    @property
    def lacking(self) -> tuple[MissingPiece, ...]:
        """Return what somebody still has to do something for."""
        return tuple(item for item in self.missing if not item.stands)

    @property
    def to_open(self) -> tuple[MissingPiece, ...]:
        """Return what stands in the vault, and only waits for the private key."""
        return tuple(item for item in self.missing if item.stands)


def build_dossier(content: DossierContent, to_dir: Path) -> BuiltDossier:
    """
    Write the dossier into `to_dir`, under a final name only when it is whole.

    Raises UsageError when the file already exists, VaultError when it cannot be written.
    """
    missing = missing_pieces(content)
    mark = "" if not missing else "-INCOMPLET"
    name = f"dossier-{safe_name(content.entity)}-{content.as_of.isoformat()}{mark}"
    target = to_dir / f"{name}.zip"
    with writing(target):
        to_dir.mkdir(parents=True, exist_ok=True)

    def write(stream: BinaryIO) -> None:
        with _Archive(stream, PurePosixPath(name)) as archive:
            _write(content, missing, archive)

    digest = write_whole(target, write)
    return BuiltDossier(path=target, sha256=digest, missing=tuple(missing))


def safe_name(text: str) -> str:
    """Return `text` as a portable file name: no separator, no control, no Windows trap, at most 120 characters."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip("._-")[:120] or "fichier"


class _Archive:
    """A ZIP being written, with the manifest of what went in."""

    def __init__(self, stream: BinaryIO, root: PurePosixPath) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED)
        self._root = root
        self.manifest: list[tuple[str, str, int]] = []
        self._taken: set[str] = set()

    def free_name(self, folder: str, name: str) -> str:
        stem, dot, suffix = safe_name(name).rpartition(".")
        stem, suffix = (stem, dot + suffix) if stem else (suffix, "")
        path, number = f"{folder}/{stem}{suffix}", 2
        while path.lower() in self._taken:
            path, number = f"{folder}/{stem}-{number}{suffix}", number + 1
        return path

    def text(self, path: str, text: str) -> None:
        self.stream(path, io.BytesIO(text.encode()))

    def stream(self, path: str, source: BinaryIO) -> None:
        digest, size = hashlib.sha256(), 0
        info = zipfile.ZipInfo(str(self._root / path), date_time=(1980, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        with self._zip.open(info, "w", force_zip64=True) as out:
            while block := source.read(1 << 20):
                digest.update(block)
                size += len(block)
                out.write(block)
        self._taken.add(path.lower())
        self.manifest.append((digest.hexdigest(), path, size))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()


def _write(content: DossierContent, missing: list[MissingPiece], archive: _Archive) -> None:
    """Write the pieces by channel and objective, then what tells of them."""
    placed: dict[int, list[str]] = {}
    written: dict[tuple[str, str], list[str]] = {}
    for number, state in enumerate(content.checklist.states):
        folder = _folder(state)
        found: list[str] = []
        for key in _keys(state):
            if (folder, key) not in written:
                written[folder, key] = _files(content, state, key, folder, archive)
            found += written[folder, key]
        placed[number] = found
    archive.text("evaluation.json", _json(content.assessment))
    objectives = _objectives(content, placed)
    index = {
        "candidate": content.candidate,
        "programme": content.programme,
        "as_of": content.as_of.isoformat(),
        "complete": not missing,
        "unread": content.checklist.unread,
        "pieces": [
            {**texts.as_json(state, content.names), "files": placed[number]}
            for number, state in enumerate(content.checklist.states)
        ],
    }
    archive.text("index.json", _json(index))
    archive.text("INDEX.html", _render("index.html.j2", content=content, missing=missing, objectives=objectives))
    channels = [
        {
            "folder": folder,
            "words": texts.channel(channel),
            "care": texts.care(channel),
            "is_empty": not any(path.startswith(f"{folder}/") for _, path, _ in archive.manifest),
        }
        for channel, folder in _FOLDERS.items()
        if any(state.piece.channel is channel for state in content.checklist.states)
    ]
    archive.text("LISEZMOI.txt", _render("readme.txt.j2", content=content, complete=not missing, channels=channels))
    archive.text(
        "manifest-sha256.txt", "".join(f"{digest}  {path}\n" for digest, path, _ in sorted(archive.manifest, key=_path))
    )


def _folder(state: PieceState) -> str:
    """Return where a piece lies: by channel, then by objective; the reports of O1.A and O1.B are the same ones."""
    top = _FOLDERS[state.piece.channel]
    if state.piece.origin is Origin.DECLARATION:
        return f"{top}/{safe_name(state.objective)}/{safe_name(state.piece.id)}"
    family = safe_name(state.objective.rpartition(".")[0] or state.objective)
    return f"{top}/{family}/rapports" if state.piece.origin in _REPORTS else f"{top}/{family}"


def _keys(state: PieceState) -> tuple[str, ...]:
    """Return what a piece is written from, once in each folder: its evidence, or what the vault's index tells."""
    if state.piece.origin in _REPORTS or state.piece.origin is Origin.DECLARATION:
        return () if state.status is Status.INVALID else state.evidence
    is_told = state.piece.origin not in {Origin.OSIS_ENTRY, Origin.SPENDING} and state.why not in _NOTHING_KNOWN
    return (state.piece.origin,) if is_told else ()


def _files(content: DossierContent, state: PieceState, key: str, folder: str, archive: _Archive) -> list[str]:
    origin = state.piece.origin
    if origin is Origin.DIRECTORY_DESCRIPTION:
        described = [item for item in content.directories if item.fact is not None]
        path = f"{folder}/description-annuaires.html"
        if described:
            archive.text(path, _render("directories.html.j2", directories=described))
        return [path] if described else []
    if origin in _ASSETS:
        name, kinds = _ASSETS[origin]
        rows = [asset for asset in content.assets if asset.asset_kind in kinds and asset.public]
        if rows:
            archive.text(f"{folder}/{name}", _asset_list(rows))
        return [f"{folder}/{name}"] if rows else []
    paths = []
    for file in content.files.get(key, ()):
        path = archive.free_name(folder, f"{state.dated_on or 'sans-date'}_{key}_{file.name}")
        with file.open("rb") as source:
            archive.stream(path, source)
        paths.append(path)
    return paths


def _path(entry: tuple[str, str, int]) -> str:
    return entry[1]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _objectives(content: DossierContent, placed: Mapping[int, list[str]]) -> list[dict[str, object]]:
    """Return what the index shows of each objective: its verdict, and each piece with where it lies."""
    verdicts = content.assessment.get("objectives")
    verdicts = verdicts if isinstance(verdicts, dict) else {}
    by_objective: dict[str, list[dict[str, object]]] = {name: [] for name in verdicts}
    for number, state in enumerate(content.checklist.states):
        by_objective.setdefault(state.objective, []).append(
            {
                "mark": texts.mark(state.status),
                "text": texts.situation(state, content.names),
                "channel": texts.channel(state.piece.channel),
                "files": placed[number],
                "todo": texts.todo(state) if state.is_missing else None,
            }
        )
    return [
        {
            "title": "Pour tout le dossier" if name == content.checklist.programme else name,
            "verdict": verdicts[name]["candidate"]["verdict"] if name in verdicts else None,
            "reasons": [content.reasons.get(code, code) for code in verdicts[name]["candidate"]["reasons"]]
            if name in verdicts
            else [],
            "pieces": pieces,
        }
        for name, pieces in by_objective.items()
    ]


def _asset_list(rows: Iterable[object]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(["nom", "type", "établissement", "propriétaire"])
    for asset in sorted({(a.name, a.asset_kind, a.establishment, a.owner) for a in rows}, key=str):  # type: ignore[attr-defined]
        writer.writerow([inert_cell(value or "") for value in asset])
    return "\ufeff" + out.getvalue()


def _render(template: str, **values: object) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("uploader.dossier"),
        autoescape=template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["verdict"] = verdict
    return environment.get_template(template).render(counted=counted, **values)
