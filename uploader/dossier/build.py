"""Writes the dossier: a ZIP whose manifest `sha256sum -c` accepts."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import unicodedata
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Self

from agent.domain.errors import UsageError, VaultError
from uploader.dossier.content import ADDRESSES, ADS_REPORTS, DESCRIPTION, DOMAINS, EXPOSURE_REPORTS, missing_pieces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uploader.dossier.content import DossierContent, MissingPiece

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FOLDERS = {"D1.O1.A": "O1", "D1.O1.B": "O1", "D1.O2.A": "O2", "D1.O2.B": "O2"}


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


def build_dossier(content: DossierContent, to_dir: Path) -> BuiltDossier:
    """
    Write the dossier into `to_dir`, under a final name only when it is whole.

    Raises UsageError when the file already exists, VaultError when it cannot be written.
    """
    missing = missing_pieces(content)
    mark = "" if not missing else "-INCOMPLET"
    name = f"dossier-{safe_name(content.entity)}-{content.as_of.isoformat()}{mark}"
    target = to_dir / f"{name}.zip"
    partial = target.with_suffix(".partial")
    try:
        if target.exists():
            raise UsageError(
                f"« {target} » existe déjà.", hint="Choisissez un autre dossier avec --to, ou déplacez-le."
            )
        to_dir.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as stream:
            if os.name == "posix":
                partial.chmod(0o600)
            with _Archive(stream, PurePosixPath(name)) as archive:
                _write(content, missing, archive)
            stream.flush()
            os.fsync(stream.fileno())
        digest = _digest(partial)
        partial.rename(target)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise VaultError(
            f"Le dossier n'a pas pu être écrit dans « {to_dir} » ({error.strerror}).",
            hint="Vérifiez la place libre et les droits, puis relancez ; aucune preuve n'est touchée.",
        ) from error
    return BuiltDossier(path=target, sha256=digest, missing=tuple(missing))


def safe_name(text: str) -> str:
    """Return `text` as a portable file name: no separator, no control, no Windows trap, at most 120 characters."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip("._-")[:120] or "fichier"


def safe_cell(value: object) -> str:
    """Return a spreadsheet cell that no program takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


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
    written: list[dict[str, object]] = []

    def wrote(objectives: Iterable[str], piece: str, path: str, title: str) -> None:
        written.append({"objectives": ", ".join(objectives), "piece": piece, "path": path, "title": title})

    described = [item for item in content.directories if item.fact is not None]
    if described:
        archive.text("O1/description-annuaires.html", _render("directories.html.j2", directories=described))
        wrote(["D1.O1.A"], DESCRIPTION, "O1/description-annuaires.html", f"{len(described)} annuaire(s)")
    for piece, file_name, kinds in (
        (DOMAINS, "O2/liste-domaines.csv", {"domain"}),
        (ADDRESSES, "O2/liste-adresses-ip.csv", {"address", "range"}),
    ):
        rows = [asset for asset in content.assets if asset.asset_kind in kinds and asset.public]
        if rows:
            archive.text(file_name, _asset_list(rows))
            wrote(["D1.O2.A"], piece, file_name, f"{len(rows)} entrée(s)")
    for report in content.reports:
        folder = _FOLDERS[report.objectives[0]] + "/rapports"
        piece = ADS_REPORTS if folder.startswith("O1") else EXPOSURE_REPORTS
        for file in report.files:
            path = archive.free_name(folder, f"{report.audited_on or 'sans-date'}_{report.evidence}_{file.name}")
            with file.open("rb") as source:
                archive.stream(path, source)
            wrote(report.objectives, piece, path, report.title)
    archive.text("evaluation.json", json.dumps(content.assessment, ensure_ascii=False, indent=2) + "\n")
    archive.text(
        "INDEX.html",
        _render("index.html.j2", content=content, missing=missing, written=written, objectives=_objectives(content)),
    )
    archive.text("LISEZMOI.txt", _render("readme.txt.j2", content=content, complete=not missing))
    archive.text(
        "manifest-sha256.txt", "".join(f"{digest}  {path}\n" for digest, path, _ in sorted(archive.manifest, key=_path))
    )


def _path(entry: tuple[str, str, int]) -> str:
    return entry[1]


def _objectives(content: DossierContent) -> list[dict[str, object]]:
    objectives = content.assessment.get("objectives")
    if not isinstance(objectives, dict):
        return []
    return [
        {
            "id": name,
            "verdict": value["candidate"]["verdict"],
            "reasons": [content.reasons.get(code, code) for code in value["candidate"]["reasons"]],
        }
        for name, value in objectives.items()
    ]


def _asset_list(rows: Iterable[object]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(["nom", "type", "établissement", "propriétaire"])
    for asset in sorted({(a.name, a.asset_kind, a.establishment, a.owner) for a in rows}, key=str):  # type: ignore[attr-defined]
        writer.writerow([safe_cell(value) for value in asset])
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
    return environment.get_template(template).render(**values)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
