"""The declarations file: its shape is checked whole, and its files stay in its folder."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from agent.domain.errors import DeclarationError
from agent.services.declarations_file import MOST_BYTES, read_requests

SOUND = """
person = "A. Durand"

[[declarations]]
kind = "crisis_exercise"
establishments = ["chu"]
reason = "exercice annuel"
fields = { held_on = 2026-03-14, single_si = true, note = "kit ANS" }
files = { proof = ["pieces/retex.pdf", "attestation.pdf"] }

[[declarations]]
kind = "digital_budget"
person = "B. Martin"
[declarations.fields]
digital_budget = 1250000.50
total_budget = "98 000 000"
"""


def problems(text: str | bytes, folder: Path = Path()) -> list[tuple[str, str]]:
    return read_requests(text if isinstance(text, bytes) else text.encode(), folder=folder, person="compte")[1]


def test_a_file_gives_its_requests_in_order(tmp_path: Path) -> None:
    (exercise, budget), faults = read_requests(SOUND.encode(), folder=tmp_path, person="compte")

    assert faults == []
    assert (exercise.kind, exercise.establishments, exercise.person) == ("crisis_exercise", ("chu",), "A. Durand")
    assert exercise.fields == {"held_on": date(2026, 3, 14), "single_si": True, "note": "kit ANS"}
    assert exercise.files == (("proof", "pieces/retex.pdf"), ("proof", "attestation.pdf"))
    assert (exercise.place, exercise.keeps) == ("ligne 4 (crisis_exercise)", False)
    assert (budget.person, budget.place) == ("B. Martin", "ligne 11 (digital_budget)")
    assert budget.fields["digital_budget"] == Decimal("1250000.50")


def test_who_declares_is_the_entrys_then_the_files_then_the_accounts() -> None:
    (one,), _ = read_requests(b'[[declarations]]\nkind = "osis"\n', folder=Path(), person="compte")

    assert one.person == "compte"


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    data = b"\xef\xbb\xbf" + SOUND.replace("\n", "\r\n").encode()

    assert len(read_requests(data, folder=Path(), person="compte")[0]) == 2


def test_every_fault_of_the_shape_is_told_with_its_line() -> None:
    found = dict(
        problems("""
personne = "A"
[[declarations]]
kind = 3
establishments = "chu"
champs = {}
[[declarations]]
fields = "oui"
files = { proof = 3 }
""")
    )

    assert set(found) == {
        "personne", "ligne 3 / kind", "ligne 3 / establishments", "ligne 3 / champs", "ligne 7 / kind",
        "ligne 7 / fields", "ligne 7 / files.proof",
    }  # fmt: skip
    assert "vouliez-vous dire « person » ?" in found["personne"]


@pytest.mark.parametrize(
    "name",
    ["../secret.pdf", "pieces/../../secret.pdf", "/etc/passwd", "C:\\secret.pdf", "\\\\serveur\\part", "..\\x", "a\0b"],
)
def test_a_file_outside_the_folder_is_refused(name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace("\0", "\\u0000")

    (found,) = problems(f'[[declarations]]\nkind = "osis"\nfiles = {{ fallback = "{quoted}" }}\n')

    assert found[0] == "ligne 1 (osis) / files.fallback"
    assert "sort du dossier" in found[1]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
@pytest.mark.parametrize("name", ["lien.pdf", "dossier/retex.pdf"])
def test_a_file_behind_a_link_is_refused(tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "ailleurs"
    elsewhere.mkdir()
    (elsewhere / "retex.pdf").write_bytes(b"x")
    folder = tmp_path / "ici"
    folder.mkdir()
    (folder / "lien.pdf").symlink_to(elsewhere / "retex.pdf")
    (folder / "dossier").symlink_to(elsewhere)

    (found,) = problems(f'[[declarations]]\nkind = "osis"\nfiles = {{ fallback = "{name}" }}\n', folder)

    assert "lien symbolique" in found[1]


@pytest.mark.parametrize(
    "content",
    [b"", b"declarations = 3", b"declarations = []", b"[[declarations]]\n" * 1001, b"[declarations]\nkind = 'osis'"],
    ids=["empty", "a number", "none", "too many", "one table"],
)
def test_a_file_without_a_list_of_declarations_is_refused(content: bytes) -> None:
    with pytest.raises(DeclarationError) as refused:
        read_requests(content, folder=Path(), person="compte")
    assert [place for place, _ in refused.value.problems] == ["declarations"]


def test_an_entry_that_is_no_table_says_nothing() -> None:
    assert problems("declarations = [1]") == [
        ("déclaration n° 1 / kind", "dites ce qui est déclaré ; les types : carenage declare kinds --all")
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"x" * (MOST_BYTES + 1), "1 Mio"), (b"kind = '\xe9'", "UTF-8"), (b"[[declarations", "TOML"),
        (b"a = " + b"[" * 100_000, "TOML"), (b"a = 1e999999999999999999999", "TOML"),
    ],
    ids=["huge", "latin-1", "cut short", "deep", "endless number"],
)  # fmt: skip
def test_what_is_not_toml_of_ours_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(DeclarationError, match=said) as refused:
        read_requests(content, folder=Path(), person="compte")
    assert refused.value.hint
