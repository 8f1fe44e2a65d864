"""The evidence file: complete or marked, checkable by a stranger, harmless to open."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.domain.declaration import Declaration
from agent.domain.errors import UsageError, VaultError
from agent.domain.facts import AssetFact, DirectoryFact
from agent.domain.pieces import AuditReport, Description, Entries, Holdings, checklist
from agent.domain.programme import Origin
from config.programme_files import load_programme
from uploader.dossier.build import build_dossier, safe_name
from uploader.dossier.content import DescribedDirectory, DossierContent, missing_pieces

PROGRAMME = replace(load_programme("D1BIS_2026"), pieces=())
AS_OF = date(2026, 9, 1)
SNAPSHOT: dict[str, object] = {
    "forest": {"name": "corp.example"},
    "domains": [{"name": "corp.example", "sid": "S-1-5-21-1-2-3"}],
    "trusts": [],
    "domain_controllers": [{"name": "<script>alert(1)</script>", "os": "Windows Server 2022"}],
    "sites": [{"name": "Default", "subnets": ["192.0.2.0/24"]}],
}
AUDITED: dict[str, dict[str | None, str]] = {
    "D1.O1.A": {"chu": "met"},
    "D1.O1.B": {"chu": "met"},
    "D1.O2.A": {"www": "met"},
    "D1.O2.B": {"www": "met"},
}
ADS, EXPOSURE = Origin.ADS_REPORTS, Origin.EXPOSURE_REPORTS
ZED = "a-mettre-dans-le-conteneur-ZED"


def report(origin: Origin, subject: str, day: str) -> AuditReport:
    tool = "ADS" if origin is ADS else "INDUSTRIAL"
    return AuditReport(
        evidence=f"{day}-{subject}", origin=origin, tool=tool, subjects=(subject,), audited_on=day, name="audit"
    )


REPORTS = (
    report(ADS, "chu", "2026-07-01"),
    report(ADS, "chu", "2026-08-20"),
    report(EXPOSURE, "www", "2026-07-10"),
    report(EXPOSURE, "www", "2026-08-25"),
)
EXERCISE = Declaration(
    id="20",
    fact="crisis_exercise",
    subjects=("chu",),
    values={"held_on": date(2026, 6, 3)},
    person="A. Durand",
    on=date(2026, 6, 10),
    evidence={"proof": ("21",)},
)
HOLDINGS = Holdings(
    as_of=AS_OF,
    days={"declaration": date(2027, 3, 1)},
    asked=AUDITED,
    reports=REPORTS,
    descriptions=(Description(directory="chu", taken_on="2026-08-30", complete=True),),
    domains=Entries(configured=2),
    addresses=Entries(read=1),
)


def content(tmp_path: Path, holdings: Holdings = HOLDINGS, **changes: Any) -> DossierContent:
    """Return a dossier whose every sealed piece was opened, unless `changes` say otherwise."""
    file = tmp_path / "rapport ADS.html"
    file.write_text("<p>score 3</p>", encoding="utf-8")
    listed = checklist(PROGRAMME, holdings)
    values: dict[str, Any] = {
        "entity": "ght-exemple",
        "candidate": "GHT <Exemple>",
        "programme": "D1bis 2026",
        "as_of": AS_OF,
        "built_at": "01/09/2026 à 10:00",
        "assessment": {"objectives": {"D1.O1.A": {"candidate": {"verdict": "met", "reasons": []}}}},
        "checklist": listed,
        "directories": (
            DescribedDirectory(
                id="chu",
                name="Forêt du CHU",
                establishments=("chu",),
                fact=DirectoryFact(directory="chu", taken_at="2026-08-30T10:00:00Z", snapshot=SNAPSHOT),
            ),
        ),
        "assets": (
            AssetFact(name="www.chu.example", asset_kind="domain", establishment="chu"),
            AssetFact(name="=HYPERLINK(1)", asset_kind="domain"),
            AssetFact(name="198.51.100.7", asset_kind="address"),
            AssetFact(name="10.0.0.1", asset_kind="address", public=False),
        ),
        "files": {evidence: (file,) for state in listed.states for evidence in state.evidence},
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
    assert f"{ZED}/D1.O1/description-annuaires.html" in listed
    assert sum(name.startswith(f"{ZED}/D1.O2/rapports/") for name in listed) == 2


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = (build_dossier(content(tmp_path), tmp_path / name) for name in ("a", "b"))

    assert one.sha256 == two.sha256


def test_what_is_missing_is_named_and_the_rest_is_built(tmp_path: Path) -> None:
    built = build_dossier(content(tmp_path, replace(HOLDINGS, reports=REPORTS[1:])), tmp_path / "out")

    assert not built.complete
    assert built.path.name.endswith("-INCOMPLET.zip")
    assert [(item.objective, item.piece, item.sealed) for item in built.missing] == [
        ("D1.O1.B", "Rapports d'audit ADS de tous les annuaires du candidat : chu : 1 sur 2 au moins", False)
    ]
    index = (unpacked(built.path, tmp_path / "in") / "INDEX.html").read_text(encoding="utf-8")
    assert "Dossier incomplet" in index


def test_a_report_without_the_private_key_is_missing_but_sealed(tmp_path: Path) -> None:
    whole = content(tmp_path)
    files = {evidence: found for evidence, found in whole.files.items() if evidence != "2026-08-20-chu"}

    missing = missing_pieces(replace(whole, files=files))

    assert {(piece.objective, piece.sealed) for piece in missing} == {("D1.O1.A", True), ("D1.O1.B", True)}


def test_what_only_waits_for_the_private_key_is_told_apart_from_what_lacks(tmp_path: Path) -> None:
    lacking = content(tmp_path, replace(HOLDINGS, addresses=Entries()), files={})

    built = build_dossier(lacking, tmp_path / "out")

    assert [item.piece.partition(" : ")[0] for item in built.lacking] == ["Liste des adresses IP publiques"]
    assert len(built.to_open) == len(built.missing) - 1
    index = (unpacked(built.path, tmp_path / "in") / "INDEX.html").read_text(encoding="utf-8")
    assert "Dossier incomplet : 1 pièce manquante" in index
    assert f"{len(built.to_open)} pièces scellées dans le coffre" in index


def test_a_report_that_awaits_a_person_is_sealed_only_while_it_is_not_opened(tmp_path: Path) -> None:
    waiting = replace(REPORTS[0], to_settle="carenage inbox confirm 7 --score N")
    later = report(ADS, "chu", "2026-08-27")
    whole = content(tmp_path, replace(HOLDINGS, reports=(waiting, *REPORTS[1:], later)))

    assert {item.sealed for item in missing_pieces(whole)} == {False}
    assert all(item.sealed for item in missing_pieces(replace(whole, files={})))


def test_a_damaged_piece_is_not_said_to_wait_for_the_key(tmp_path: Path) -> None:
    damaged = replace(REPORTS[0], damage="empreinte différente")
    later = report(ADS, "chu", "2026-08-27")
    whole = content(tmp_path, replace(HOLDINGS, reports=(damaged, *REPORTS[1:], later)))

    missing = missing_pieces(replace(whole, files={**whole.files, damaged.evidence: ()}))

    assert {item.sealed for item in missing} == {False}
    assert all("illisible" in item.piece and damaged.evidence in item.piece for item in missing)


def test_deposits_that_nobody_looked_into_leave_the_dossier_incomplete(tmp_path: Path) -> None:
    (item,) = missing_pieces(content(tmp_path, replace(HOLDINGS, unread=2)))

    assert item.objective == "D1BIS_2026"
    assert "carenage vault reindex" in item.piece


def test_pieces_lie_by_destination_and_no_audit_report_out_of_the_container(tmp_path: Path) -> None:
    asked: dict[str, dict[str | None, str]] = {**AUDITED, "D1.O3": {"chu": "met"}}
    holdings = replace(HOLDINGS, asked=asked, declarations=[EXERCISE])

    root = unpacked(build_dossier(content(tmp_path, holdings), tmp_path / "out").path, tmp_path / "in")

    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    elsewhere = {path for path in files if path.count("/") and not path.startswith(ZED)}
    assert elsewhere == {
        "a-deposer-sur-eCaRE-sans-conteneur/D1.O3/exercice-crise/2026-06-03_21_rapport_ADS.html",
    }
    assert "a-deposer-sur-eCaRE-sans-conteneur/" in (root / "LISEZMOI.txt").read_text(encoding="utf-8")


def test_one_proof_for_several_establishments_is_written_once(tmp_path: Path) -> None:
    shared = replace(EXERCISE, subjects=("chu", "ch"))
    holdings = replace(HOLDINGS, asked={"D1.O3": {"chu": "met", "ch": "met"}}, declarations=[shared])

    root = unpacked(build_dossier(content(tmp_path, holdings), tmp_path / "out").path, tmp_path / "in")

    pieces = json.loads((root / "index.json").read_text(encoding="utf-8"))["pieces"]
    assert [(item["subjects"], item["status"]) for item in pieces] == [(["chu"], "present"), (["ch"], "present")]
    assert pieces[0]["files"] == pieces[1]["files"]
    assert len(list(root.rglob("*rapport_ADS.html"))) == 1


def test_a_directory_never_collected_leads_to_what_to_do_and_to_no_file(tmp_path: Path) -> None:
    asked: dict[str, dict[str | None, str]] = {"D1.O1.A": {"chu": "met", "ch": "at_risk"}}

    root = unpacked(
        build_dossier(content(tmp_path, replace(HOLDINGS, asked=asked)), tmp_path / "o").path, tmp_path / "i"
    )

    pieces = json.loads((root / "index.json").read_text(encoding="utf-8"))["pieces"]
    described = {tuple(one["subjects"]): one["files"] for one in pieces if one["piece"] == "description-ad"}
    assert described == {("chu",): [f"{ZED}/D1.O1/description-annuaires.html"], ("ch",): []}


def test_the_readme_says_that_the_containers_password_is_kept_nowhere(tmp_path: Path) -> None:
    root = unpacked(build_dossier(content(tmp_path), tmp_path / "out").path, tmp_path / "in")

    assert "Carénage ne le garde pas" in (root / "LISEZMOI.txt").read_text(encoding="utf-8")


def test_no_markup_of_a_directory_reaches_the_page(tmp_path: Path) -> None:
    root = unpacked(build_dossier(content(tmp_path), tmp_path / "out").path, tmp_path / "in")

    for page in root.rglob("*.html"):
        if "rapports" not in page.parts:
            text = page.read_text(encoding="utf-8")
            assert "<script>" not in text
            assert "GHT <Exemple>" not in text


def test_lists_hold_public_entries_only_and_no_formula(tmp_path: Path) -> None:
    root = unpacked(build_dossier(content(tmp_path), tmp_path / "out").path, tmp_path / "in")

    addresses = (root / ZED / "D1.O2/liste-adresses-ip.csv").read_text(encoding="utf-8-sig")
    domains = list(
        csv.reader(io.StringIO((root / ZED / "D1.O2/liste-domaines.csv").read_text("utf-8-sig")), delimiter=";")
    )
    assert "198.51.100.7" in addresses
    assert "10.0.0.1" not in addresses
    assert {row[0] for row in domains} == {"nom", "www.chu.example", "'=HYPERLINK(1)"}


def test_an_existing_dossier_is_never_overwritten(tmp_path: Path) -> None:
    build_dossier(content(tmp_path), tmp_path / "out")

    with pytest.raises(UsageError):
        build_dossier(content(tmp_path), tmp_path / "out")


def test_a_dossier_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    gone = {REPORTS[0].evidence: (tmp_path / "gone.html",)}

    with pytest.raises(VaultError):
        build_dossier(content(tmp_path, files=gone), tmp_path / "out")
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
