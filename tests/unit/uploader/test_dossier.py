"""The evidence file: complete or marked, checkable by a stranger, harmless to open."""

from __future__ import annotations

import csv
import io
import subprocess
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.domain.errors import UsageError, VaultError
from agent.domain.facts import AssetFact, DirectoryFact
from uploader.dossier.build import build_dossier, safe_cell, safe_name
from uploader.dossier.content import DescribedDirectory, DossierContent, Report, missing_pieces

SNAPSHOT: dict[str, object] = {
    "forest": {"name": "corp.example"},
    "domains": [{"name": "corp.example", "sid": "S-1-5-21-1-2-3"}],
    "trusts": [],
    "domain_controllers": [{"name": "<script>alert(1)</script>", "os": "Windows Server 2022"}],
    "sites": [{"name": "Default", "subnets": ["192.0.2.0/24"]}],
}


def report(objectives: tuple[str, ...], subject: str, day: str, *files: Path) -> Report:
    return Report(
        evidence=f"{day}-{subject}",
        objectives=objectives,
        subjects=(subject,),
        audited_on=day,
        title="audit",
        files=files,
    )


def content(tmp_path: Path, **changes: Any) -> DossierContent:
    file = tmp_path / "rapport ADS.html"
    file.write_text("<p>score 3</p>", encoding="utf-8")
    values: dict[str, Any] = {
        "entity": "ght-exemple",
        "candidate": "GHT <Exemple>",
        "programme": "D1bis 2026",
        "as_of": date(2026, 9, 1),
        "built_at": "01/09/2026 à 10:00",
        "assessment": {"objectives": {"D1.O1.A": {"candidate": {"verdict": "met", "reasons": []}}}},
        "directories": (
            DescribedDirectory(
                id="chu",
                name="Forêt du CHU",
                establishments=("chu",),
                fact=DirectoryFact(directory="chu", taken_at="2026-08-30T10:00:00Z", snapshot=SNAPSHOT),
            ),
        ),
        "surfaces": ("www",),
        "assets": (
            AssetFact(name="www.chu.example", asset_kind="domain", establishment="chu"),
            AssetFact(name="=HYPERLINK(1)", asset_kind="domain"),
            AssetFact(name="198.51.100.7", asset_kind="address"),
            AssetFact(name="10.0.0.1", asset_kind="address", public=False),
        ),
        "assets_complete": True,
        "reports": (
            report(("D1.O1.A", "D1.O1.B"), "chu", "2026-07-01", file),
            report(("D1.O1.A", "D1.O1.B"), "chu", "2026-08-20", file),
            report(("D1.O2.A", "D1.O2.B"), "www", "2026-07-10", file),
            report(("D1.O2.A", "D1.O2.B"), "www", "2026-08-25", file),
        ),
        **changes,
    }
    return DossierContent(**values)


def unpacked(archive: Path, to: Path) -> Path:
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(to)
    return next(to.iterdir())


def test_a_whole_dossier_is_complete_and_its_manifest_is_accepted_by_sha256sum(tmp_path: Path) -> None:
    built = build_dossier(content(tmp_path), tmp_path / "out")
    root = unpacked(built.path, tmp_path / "in")

    assert built.complete
    assert built.path.name == "dossier-ght-exemple-2026-09-01.zip"
    checked = subprocess.run(["sha256sum", "-c", "manifest-sha256.txt"], cwd=root, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
    listed = {line.split("  ", 1)[1] for line in (root / "manifest-sha256.txt").read_text().splitlines()}
    present = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert present == listed | {"manifest-sha256.txt"}
    assert "O1/description-annuaires.html" in listed
    assert sum(name.startswith("O2/rapports/") for name in listed) == 2


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = (build_dossier(content(tmp_path), tmp_path / name) for name in ("a", "b"))

    assert one.sha256 == two.sha256


@pytest.mark.parametrize(
    ("changes", "objective", "said"),
    [
        pytest.param({"reports": ()}, "D1.O1.A", "Rapports d'audit ADS : chu (0 sur 1", id="no-ads-report"),
        pytest.param(
            {"reports": ()}, "D1.O2.B", "Rapports d'audit d'exposition internet : www (0 sur 2", id="no-exposure"
        ),
        pytest.param({"directories": ()}, "D1.O1.A", "aucun annuaire n'est déclaré", id="no-directory"),
        pytest.param({"assets": ()}, "D1.O2.A", "Liste des domaines exposés : aucune entrée", id="no-domain"),
        pytest.param({"assets_complete": False}, "D1.O2.A", "une source n'a pas tout donné", id="partial-list"),
        pytest.param({"surfaces": ()}, "D1.O2.A", "rien n'est déclaré à auditer", id="no-surface"),
    ],
)
def test_what_is_missing_is_named_and_the_rest_is_built(
    tmp_path: Path, changes: dict[str, Any], objective: str, said: str
) -> None:
    built = build_dossier(content(tmp_path, **changes), tmp_path / "out")

    assert not built.complete
    assert built.path.name.endswith("-INCOMPLET.zip")
    assert any(piece.objective == objective and said in piece.piece for piece in built.missing)
    index = (unpacked(built.path, tmp_path / "in") / "INDEX.html").read_text(encoding="utf-8")
    assert "Dossier incomplet" in index


def test_a_directory_collected_in_part_is_missing(tmp_path: Path) -> None:
    whole = content(tmp_path)
    fact = whole.directories[0].fact
    assert fact is not None
    partial = replace(whole, directories=(replace(whole.directories[0], fact=replace(fact, complete=False)),))

    assert "collecte partielle" in missing_pieces(partial)[0].piece


def test_a_report_without_the_private_key_is_missing_but_sealed(tmp_path: Path) -> None:
    closed = report(("D1.O1.A", "D1.O1.B"), "chu", "2026-08-29")
    whole = content(tmp_path)

    missing = missing_pieces(replace(whole, reports=(*whole.reports, closed)))

    assert {(piece.objective, piece.sealed) for piece in missing} == {("D1.O1.A", True), ("D1.O1.B", True)}


def test_two_files_of_one_run_count_once(tmp_path: Path) -> None:
    whole = content(tmp_path)
    html, other_run, *exposure = whole.reports
    pdf = replace(html, evidence="pdf")

    missing = missing_pieces(replace(whole, reports=(html, pdf, *exposure)))

    assert other_run.audited_on != html.audited_on
    assert [(item.objective, item.piece) for item in missing] == [
        ("D1.O1.B", "Rapports d'audit ADS : chu (1 sur 2 au moins)")
    ]


def test_a_report_that_awaits_a_decision_proves_nothing_and_is_named_with_its_command(tmp_path: Path) -> None:
    whole = content(tmp_path)
    first, second, *exposure = whole.reports
    waiting = replace(second, to_settle="carenage inbox confirm 7 --score N")

    missing = missing_pieces(replace(whole, reports=(first, waiting, *exposure)))

    assert [(item.objective, item.sealed) for item in missing] == [
        ("D1.O1.A", False),
        ("D1.O1.B", False),
        ("D1.O1.B", False),
    ]
    assert all("carenage inbox confirm 7 --score N" in item.piece for item in (missing[0], missing[2]))
    assert "(1 sur 2 au moins)" in missing[1].piece


def test_an_objective_that_does_not_apply_asks_for_nothing(tmp_path: Path) -> None:
    whole = content(tmp_path, reports=(), not_applicable=frozenset({"D1.O1.A", "D1.O1.B", "D1.O2.A", "D1.O2.B"}))

    assert missing_pieces(whole) == []


def test_no_markup_of_a_directory_reaches_the_page(tmp_path: Path) -> None:
    root = unpacked(build_dossier(content(tmp_path), tmp_path / "out").path, tmp_path / "in")

    for page in root.rglob("*.html"):
        if "rapports" not in page.parts:
            text = page.read_text(encoding="utf-8")
            assert "<script>" not in text
            assert "GHT <Exemple>" not in text


def test_lists_hold_public_entries_only_and_no_formula(tmp_path: Path) -> None:
    root = unpacked(build_dossier(content(tmp_path), tmp_path / "out").path, tmp_path / "in")

    addresses = (root / "O2/liste-adresses-ip.csv").read_text(encoding="utf-8-sig")
    domains = list(csv.reader(io.StringIO((root / "O2/liste-domaines.csv").read_text("utf-8-sig")), delimiter=";"))
    assert "198.51.100.7" in addresses
    assert "10.0.0.1" not in addresses
    assert {row[0] for row in domains} == {"nom", "www.chu.example", "'=HYPERLINK(1)"}


def test_an_existing_dossier_is_never_overwritten(tmp_path: Path) -> None:
    build_dossier(content(tmp_path), tmp_path / "out")

    with pytest.raises(UsageError):
        build_dossier(content(tmp_path), tmp_path / "out")


def test_a_dossier_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    gone = report(("D1.O1.A",), "chu", "2026-08-29", tmp_path / "gone.html")

    with pytest.raises(VaultError):
        build_dossier(content(tmp_path, reports=(gone,)), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("../../etc/passwd", "etc_passwd", id="path-escape"),
        pytest.param("Rapport été.pdf", "Rapport_ete.pdf", id="accents"),
        pytest.param("a\nb\x00c", "a_b_c", id="control"),
        pytest.param("..", "fichier", id="nothing-left"),
        pytest.param("x" * 500, "x" * 120, id="long"),
    ],
)
def test_file_names_are_portable(name: str, expected: str) -> None:
    assert safe_name(name) == expected


@pytest.mark.parametrize("value", ["=1+1", "+33", "-1", "@SUM", "\tx", "\rx"])
def test_a_cell_that_looks_like_a_formula_is_quoted(value: str) -> None:
    assert safe_cell(value) == f"'{value}"
