"""`carenage dossier` on a real vault: what is missing and what to do, and a file laid out by destination."""

from __future__ import annotations

import json
import shutil
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agent.domain.errors import ExitCode
from tests.e2e.conftest import ADS_REPORT, NESSUS

if TYPE_CHECKING:
    from tests.e2e.conftest import Completed, Installation

ZED = "a-mettre-dans-le-conteneur-ZED"
ECARE = "a-deposer-sur-eCaRE-sans-conteneur"


def written(installation: Installation, name: str, content: bytes = b"%PDF") -> str:
    path = installation.folder / name
    path.write_bytes(content)
    return str(path)


def declare(installation: Installation, *words: str) -> None:
    done = installation.type("declare", *words, "--person", "A. Durand", "--json")
    assert done.code == ExitCode.OK, done


def exercise(installation: Installation, file: str, establishment: str = "chu") -> None:
    declare(
        installation,
        *("crisis_exercise", "--establishment", establishment, "--set", "held_on=2026-05-20"),
        *("--file", f"proof={file}"),
    )


def governance(installation: Installation, *words: str) -> None:
    declare(installation, "governance", "--set", "referent_named_by_director=oui", *words)


def check(installation: Installation, *words: str) -> Completed:
    return installation.type("dossier", "check", *words)


def pieces(installation: Installation, objective: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = check(installation, "--objective", objective, "--json").json["pieces"]
    return found


def build(installation: Installation, to: Path) -> tuple[dict[str, Any], list[str]]:
    """Return what the build says and the files of the dossier, below its own folder."""
    done = installation.type("dossier", "build", "--to", str(to), "--identity", str(installation.key), "--json")
    assert done.code == ExitCode.OK, done
    with zipfile.ZipFile(done.json["path"]) as archive:
        return done.json, [name.partition("/")[2] for name in archive.namelist()]


def test_a_new_installation_is_told_each_missing_piece_with_what_to_type(installation: Installation) -> None:
    done = check(installation)

    assert done.code == ExitCode.INCOMPLETE
    objectives = ("D1.O1.A", "D1.O1.B", "D1.O2.A", "D1.O2.B", "D1.O3", "D1.O4", "D1.O5", "D1.O6.A", "D1.O6.B")
    assert all(f"{name} : " in done.out for name in objectives)
    lines = [line.strip() for line in done.out.splitlines()]
    after = [following for line, following in pairwise(lines) if line.startswith("✘") and not following.startswith("✘")]
    assert after
    assert all(line.startswith("→ ") and "carenage " in line for line in after)
    assert "eCaRE, dans le conteneur ZED :" in lines
    assert "oSIS, par saisie :" in lines
    assert "CHU d'Exemple" in done.out


def test_the_list_as_json_needs_no_key_and_says_the_same(installation: Installation) -> None:
    exercise(installation, written(installation, "retex.pdf"))

    done = check(installation, "--json")

    assert done.code == ExitCode.INCOMPLETE
    assert set(done.json) == {"programme", "as_of", "complete", "unread", "pieces"}
    (found,) = [
        piece for piece in done.json["pieces"] if piece["objective"] == "D1.O3" and piece["status"] == "present"
    ]
    assert (found["subjects"], found["channel"], found["dated_on"]) == (["chu"], "ecare", "2026-05-20")
    assert all(piece["todo"] for piece in done.json["pieces"] if piece["status"] in {"missing", "invalid"})


def test_one_objective_whose_pieces_all_stand_is_complete(installation: Installation) -> None:
    governance(
        installation,
        *("--file", f"team={written(installation, 'equipe.pdf')}"),
        *("--file", f"governance_chart={written(installation, 'schema.pdf')}"),
    )

    done = check(installation, "--objective", "D1.O6.A")

    assert done.code == ExitCode.OK, done
    assert "Rien ne manque : 2 pièces présentes." in done.out


def test_a_declaration_without_its_file_is_told_by_the_command_that_joins_it(installation: Installation) -> None:
    governance(installation, "--file", f"team={written(installation, 'equipe.pdf')}")

    (todo,) = [piece["todo"] for piece in pieces(installation, "D1.O6.A") if piece["status"] == "missing"]
    command = todo.partition(" : ")[2].replace("FICHIER", written(installation, "schema.pdf")).split()
    done = installation.type(*command[1:], "--person", "A. Durand", "--json")

    assert done.code == ExitCode.OK, done
    assert [piece["status"] for piece in pieces(installation, "D1.O6.A")] == ["present", "present"]


def test_an_unknown_objective_is_refused_with_those_that_ask_for_pieces(installation: Installation) -> None:
    done = check(installation, "--objective", "D1.O9")

    assert done.code == ExitCode.USAGE
    assert "D1.O6.B" in done.err
    assert "D1BIS_2026" not in done.err


def test_the_check_reads_a_copy_of_the_vault(installation: Installation, tmp_path: Path) -> None:
    exercise(installation, written(installation, "retex.pdf"))
    shutil.copytree(installation.vault, tmp_path / "copie")

    done = check(installation, "--objective", "D1.O3", "--vault", str(tmp_path / "copie"), "--json")

    assert sorted(piece["status"] for piece in done.json["pieces"]) == ["missing", "missing", "present"]


def test_an_index_rebuilt_without_the_key_never_makes_the_list_complete(installation: Installation) -> None:
    governance(
        installation,
        *("--file", f"team={written(installation, 'equipe.pdf')}"),
        *("--file", f"governance_chart={written(installation, 'schema.pdf')}"),
    )
    installation.type("vault", "reindex")

    done = check(installation, "--objective", "D1.O6.A")

    assert done.code == ExitCode.INCOMPLETE
    assert "carenage vault reindex --identity CLÉ" in done.out


def test_a_rated_again_finding_is_named_as_people_know_it(installation: Installation) -> None:
    report = written(installation, "externe.nessus", NESSUS)
    sealed = installation.type("inbox", "add", report, "--tool", "INDUSTRIAL", "--surface", "internet", "--json")
    [found, *_] = next(fact for fact in sealed.json["facts"] if fact["kind"] == "exposure_audit")["findings"]
    declare(installation, "rerating", "--finding", found["id"], "--set", "cvss=5,0", "--set", "justified=oui")

    told = check(installation, "--objective", "D1.O2.B").out

    assert found["title"] in told
    assert found["asset"] in told
    assert found["id"] not in told


def test_the_dossier_lies_by_destination(installation: Installation, tmp_path: Path) -> None:
    said = ("--kind", "ads_report", "--directory", "ad-chu", "--date", "2026-06-01", "--score", "3")
    installation.type("inbox", "add", written(installation, "ads.html", ADS_REPORT), *said)
    exercise(installation, written(installation, "retex.pdf"))

    told, names = build(installation, tmp_path / "out")

    assert not told["complete"]
    reports = [name for name in names if name.endswith("ads.html")]
    assert [name.startswith(f"{ZED}/D1.O1/rapports/2026-06-01_") for name in reports] == [True]
    proofs = [name for name in names if name.endswith("retex.pdf")]
    assert [name.startswith(f"{ECARE}/D1.O3/exercice-crise/2026-05-20_") for name in proofs] == [True]
    with zipfile.ZipFile(told["path"]) as archive:
        index = json.loads(archive.read(next(name for name in archive.namelist() if name.endswith("/index.json"))))
    assert {file for piece in index["pieces"] for file in piece["files"]} >= {*reports, *proofs}


def test_without_the_key_the_build_counts_what_lacks_as_the_check_does(
    installation: Installation, tmp_path: Path
) -> None:
    exercise(installation, written(installation, "retex.pdf"))
    lacking = sum(piece["status"] == "missing" for piece in check(installation, "--json").json["pieces"])

    done = installation.type("dossier", "build", "--to", str(tmp_path / "out"))

    assert f"Il manque {lacking} pièces :" in done.out
    assert "1 pièce scellée dans le coffre : relancez avec --identity CLÉ pour la joindre." in done.out


def test_a_sensitive_report_beside_the_container_is_named_whatever_it_is_called(
    installation: Installation, tmp_path: Path
) -> None:
    said = ("--kind", "ads_report", "--directory", "ad-chu", "--date", "2026-06-01", "--score", "3")
    installation.type("inbox", "add", written(installation, "ads.html", ADS_REPORT), *said)
    prepared = tmp_path / "depot"
    (prepared / "O1").mkdir(parents=True)
    (prepared / "O1" / "note.txt").write_bytes(ADS_REPORT)
    (prepared / "autre.txt").write_text("rien de sensible")

    without = check(installation, "--prepared", str(prepared), "--json").json["prepared"]
    (prepared / "O1" / "note.txt").unlink()
    (prepared / "O1" / "preuves.ZED").write_bytes(b"chiffre")
    with_container = check(installation, "--prepared", str(prepared), "--json").json["prepared"]

    assert [(one["path"], one["objective"]) for one in without["outside"]] == [("O1/note.txt", "D1.O1.A")]
    assert (without["ready"], without["containers"]) == (False, [])
    assert with_container == {"ready": True, "containers": ["O1/preuves.ZED"], "outside": [], "unread": []}


def test_a_sensitive_report_sealed_twice_is_still_named_beside_the_container(
    installation: Installation, tmp_path: Path
) -> None:
    report = written(installation, "ads.html", ADS_REPORT)
    said = ("--kind", "ads_report", "--directory", "ad-chu", "--date", "2026-06-01", "--score", "3")
    installation.type("inbox", "add", report, *said)
    installation.type("evidence", "add", report)
    prepared = tmp_path / "depot"
    prepared.mkdir()
    (prepared / "note.txt").write_bytes(ADS_REPORT)

    found = check(installation, "--prepared", str(prepared), "--json").json["prepared"]

    assert [(one["path"], one["objective"]) for one in found["outside"]] == [("note.txt", "D1.O1.A")]


@pytest.mark.parametrize("words", [("dossier", "check"), ("spending", "check")], ids=" ".join)
def test_a_slip_in_the_name_of_a_programme_is_answered_with_the_nearest(
    untouched: Installation, words: tuple[str, ...]
) -> None:
    done = untouched.type(*words, "--programme", "d1bis-2026", "--json")

    assert done.code == ExitCode.USAGE
    assert "vouliez-vous dire « D1BIS_2026 » ?" in done.json["error"]["message"]


def test_an_invoice_does_not_stand_for_the_proof_of_an_exercise(installation: Installation, tmp_path: Path) -> None:
    exercise(installation, written(installation, "Facture exercice.pdf"))

    told, names = build(installation, tmp_path / "out")

    refused = [item for item in told["missing"] if item["objective"] == "D1.O3" and "Facture" in item["piece"]]
    assert [item["sealed"] for item in refused] == [False]
    assert not any("Facture" in name for name in names)


@pytest.mark.parametrize("hostile", ["../../evade.pdf", "=cmd|' /C calc'!A0.pdf"])
def test_a_hostile_name_stays_in_the_dossier(installation: Installation, tmp_path: Path, hostile: str) -> None:
    name = hostile.replace("/", "\\")
    exercise(installation, written(installation, name))

    _, names = build(installation, tmp_path / "out")

    proofs = [found for found in names if found.startswith(f"{ECARE}/D1.O3/")]
    assert len(proofs) == 1
    assert not set(Path(proofs[0]).name) & set("\\=|!' ")
    assert ".." not in Path(proofs[0]).parts
