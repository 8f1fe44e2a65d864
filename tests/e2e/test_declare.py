"""`carenage declare` on a real vault: recorded with its evidence, corrected, withdrawn, replayed; nothing overwritten."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from agent.domain.errors import ExitCode
from agent.texts.words import moment
from tests.e2e.conftest import NESSUS

if TYPE_CHECKING:
    from tests.e2e.conftest import Completed, Installation

ROOT = Path(__file__).parents[2]
PIN = (
    *("pinned_reading", "--reading", "mean_cmp", "--set", "value=le"),
    *("--set", "answer=ANS, courriel du 3 mai 2026", "--person", "C. Martin"),
)


@pytest.fixture
def retex(installation: Installation) -> Path:
    path = installation.folder / "retex.pdf"
    path.write_bytes(b"%PDF retex")
    return path


def declare(installation: Installation, *words: str) -> Completed:
    return installation.type("declare", *words, "--json")


def exercise(installation: Installation, retex: Path, *words: str) -> dict[str, Any]:
    done = declare(
        installation,
        *("crisis_exercise", "--establishment", "chu", "--set", "held_on=14 mars 2026", "--file", f"proof={retex}"),
        *("--person", "A. Durand", *words),
    )
    assert done.code == ExitCode.OK, done
    answer: dict[str, Any] = done.json
    return answer


def listed(installation: Installation, *words: str) -> list[dict[str, Any]]:
    done = declare(installation, "list", *words)
    assert done.code == ExitCode.OK, done
    rows: list[dict[str, Any]] = done.json
    return rows


def classes(installation: Installation) -> list[str]:
    return [row["class"] for row in installation.type("evidence", "list", "--json").json]


def test_a_fact_is_recorded_with_its_evidence_its_author_and_its_day(installation: Installation, retex: Path) -> None:
    made = exercise(installation, retex, "--reason", "exercice annuel")

    assert set(made) == {
        "id", "kind", "label", "subjects", "fields", "evidence", "person", "on", "reason", "replaces", "recorded",
        "place", "corrected_by", "supersedes", "contradicts", "warnings", "objectives",
    }  # fmt: skip
    assert (made["kind"], made["subjects"], made["fields"]) == ("crisis_exercise", ["chu"], {"held_on": "2026-03-14"})
    assert (made["person"], made["reason"], made["recorded"]) == ("A. Durand", "exercice annuel", True)
    assert [use["objective"] for use in made["objectives"]] == ["D1.O3"]
    rows = {row["id"]: row["class"] for row in installation.type("evidence", "list", "--json").json}
    assert (rows[made["id"]], rows[made["evidence"]["proof"][0]]) == ("decision", "document")
    (row,) = listed(installation)
    assert {key: row[key] for key in ("id", "in_force", "corrected_by", "withdrawn")} == {
        "id": made["id"], "in_force": True, "corrected_by": None, "withdrawn": False,
    }  # fmt: skip


def test_the_sealed_evidence_is_the_file(installation: Installation, retex: Path, tmp_path: Path) -> None:
    (evidence,) = exercise(installation, retex)["evidence"]["proof"]

    done = installation.type(
        "evidence", "export", evidence, "--identity", str(installation.key), "--to", str(tmp_path / "x"), "--json"
    )

    assert done.code == ExitCode.OK, done
    assert (tmp_path / "x" / "retex.pdf").read_bytes() == b"%PDF retex"


def test_a_piece_that_the_vault_holds_is_named_not_sealed_again(installation: Installation, retex: Path) -> None:
    held = installation.type("inbox", "add", str(retex), "--json").json["evidence_id"]
    before = classes(installation)

    made = declare(installation, "crisis_exercise", "--set", "held_on=2026-03-14", "--file", f"proof={held}")
    decision = declare(installation, "crisis_exercise", "--set", "held_on=2026-03-15", "--file", made.json["id"])

    assert made.code == ExitCode.OK, made
    assert made.json["evidence"] == {"proof": [held]}
    assert classes(installation) == [*before, "decision"]
    assert decision.json["error"]["problems"][0]["path"] == "files"
    again = declare(installation, "crisis_exercise", "--set", "held_on=2026-03-14", "--file", f"proof={retex}")
    assert (again.json["recorded"], again.json["id"]) == (False, made.json["id"])


def test_a_file_that_the_vault_holds_is_named_not_sealed_again(installation: Installation, retex: Path) -> None:
    held = installation.type("inbox", "add", str(retex), "--json").json["evidence_id"]
    before = classes(installation)

    made = exercise(installation, retex)

    assert made["evidence"] == {"proof": [held]}
    assert classes(installation) == [*before, "decision"]


def test_a_file_whose_deposit_is_damaged_is_sealed_again(installation: Installation, retex: Path) -> None:
    held = installation.type("inbox", "add", str(retex), "--json").json["evidence_id"]
    payload = next((installation.vault / "deposits").glob(f"*/*/{held}/data/*"))
    payload.chmod(0o600)
    payload.write_bytes(b"damaged")

    (proof,) = exercise(installation, retex)["evidence"]["proof"]

    assert proof != held


def test_one_file_named_by_two_declarations_is_sealed_once(installation: Installation, retex: Path) -> None:
    first = exercise(installation, retex)
    second = exercise(installation, retex, "--set", "single_si=oui")

    assert (first["evidence"], second["recorded"]) == (second["evidence"], True)
    assert classes(installation).count("document") == 1


@pytest.mark.parametrize("before", [70_000, 2**20 - 8], ids=["after the first blocks", "between two blocks"])
def test_a_private_key_far_into_a_file_is_refused(installation: Installation, before: int) -> None:
    path = installation.folder / "archive.bin"
    path.write_bytes(b"\0" * before + installation.key.read_bytes())

    done = declare(installation, "crisis_exercise", "--set", "held_on=2026-03-14", "--file", f"proof={path}")

    assert "contient une clé privée" in done.json["error"]["problems"][0]["message"]
    assert classes(installation) == []


def test_the_real_command_says_in_french_what_a_declaration_changes(installation: Installation, retex: Path) -> None:
    done = installation.run(
        *("declare", "crisis_exercise", "--establishment", "chu", "--set", "held_on=2026-03-14"),
        *("--file", retex.name, "--person", "A. Durand"),
    )

    assert (done.code, done.err) == (ExitCode.OK, "")
    assert "Exercice de crise cyber, CHU d'Exemple : déclaration scellée" in done.out
    assert "Sert à D1.O3 (D1BIS_2026)" in done.out
    assert "CH du Nord, CH du Sud" in done.out


def test_a_correction_is_a_new_record_and_both_stay(installation: Installation, retex: Path) -> None:
    first = exercise(installation, retex)

    done = declare(
        installation, "crisis_exercise", "--replaces", first["id"], "--set", "held_on=2026-03-15", "--person", "B."
    )

    assert done.code == ExitCode.OK, done
    assert (done.json["replaces"], done.json["supersedes"]) == (first["id"], [first["id"]])
    assert (done.json["subjects"], done.json["evidence"]) == (["chu"], first["evidence"])
    assert [row["id"] for row in listed(installation)] == [done.json["id"]]
    assert [(row["id"], row["in_force"], row["corrected_by"]) for row in listed(installation, "--all")] == [
        (first["id"], False, done.json["id"]),
        (done.json["id"], True, None),
    ]
    again = declare(installation, "crisis_exercise", "--replaces", first["id"], "--set", "held_on=2026-03-16")
    assert again.code == ExitCode.USAGE
    assert f"a déjà été corrigée par {done.json['id']}" in again.json["error"]["problems"][0]["message"]


def test_the_last_word_about_a_fact_that_holds_once_supersedes_the_one_before(installation: Installation) -> None:
    first = declare(installation, "osis", "--set", "priority_measures_filled=40").json
    second = declare(installation, "osis", "--set", "priority_measures_filled=43").json

    assert (second["supersedes"], second["replaces"]) == ([first["id"]], None)
    assert [row["id"] for row in listed(installation)] == [second["id"]]


def test_a_withdrawn_record_stays_and_does_not_count(installation: Installation, retex: Path) -> None:
    made = exercise(installation, retex)

    silent = declare(installation, "withdraw", made["id"])
    done = declare(installation, "withdraw", made["id"], "--reason", "saisie sur le mauvais GHT", "--person", "B.")
    twice = declare(installation, "withdraw", made["id"], "--reason", "encore")
    unknown = declare(installation, "withdraw", "00000099-00000000", "--reason", "?")

    assert (silent.code, silent.json["error"]["hint"]) == (ExitCode.USAGE, "Ajoutez --reason MOTIF.")
    assert done.code == ExitCode.OK, done
    assert (done.json["withdraws"], done.json["in_force_again"]) == (made["id"], [])
    assert listed(installation) == []
    assert [(row["id"], row["withdrawn"]) for row in listed(installation, "--all")] == [
        (made["id"], False),
        (done.json["id"], True),
    ]
    assert twice.code == unknown.code == ExitCode.USAGE
    assert "déjà été retirée" in twice.json["error"]["message"]


def test_withdrawing_the_last_word_names_the_record_that_counts_again(installation: Installation) -> None:
    first = declare(installation, "osis", "--set", "priority_measures_filled=40").json
    second = declare(installation, "osis", "--set", "priority_measures_filled=43").json

    done = declare(installation, "withdraw", second["id"], "--reason", "erreur")

    assert done.json["in_force_again"] == [first["id"]]


def test_what_is_in_force_already_is_not_sealed_again(installation: Installation, retex: Path) -> None:
    made = exercise(installation, retex)
    before = classes(installation)

    again = exercise(installation, retex)

    assert (again["recorded"], again["id"]) == (False, made["id"])
    assert classes(installation) == before
    retex.write_bytes(b"%PDF another")
    assert exercise(installation, retex)["recorded"] is True


def test_another_file_of_the_same_words_is_another_declaration(installation: Installation, retex: Path) -> None:
    exercise(installation, retex)
    other = retex.with_name("copie.pdf")
    shutil.copy(retex, other)

    assert exercise(installation, other)["recorded"] is False


def test_a_pinned_reading_settles_the_texts_and_shows_in_the_status(installation: Installation) -> None:
    made = declare(installation, *PIN)
    assert made.code == ExitCode.OK, made

    assessment = installation.type("status", "--json").json["assessment"]

    assert assessment["pinned"] == {
        "mean_cmp": {
            "value": "le",
            "answer": "ANS, courriel du 3 mai 2026",
            "person": "C. Martin",
            "on": made.json["on"],
            "declaration": made.json["id"],
        }
    }
    assert {use["objective"] for use in made.json["objectives"]} == {"D1.O1.A", "D1.O2.A"}
    assert "60 jours exactement ? oui, retenu par C. Martin" in installation.type("status").out
    declare(installation, "withdraw", made.json["id"], "--reason", "réponse annulée")
    assert "pinned" not in installation.type("status", "--json").json["assessment"]


def test_a_rerating_of_a_report_counts_once_justified_and_reported(installation: Installation) -> None:
    report = installation.folder / "externe.nessus"
    report.write_bytes(NESSUS)
    sealed = installation.type("inbox", "add", str(report), "--tool", "INDUSTRIAL", "--surface", "internet", "--json")
    fact = next(fact for fact in sealed.json["facts"] if fact["kind"] == "exposure_audit")
    criticals = [found for found in fact["findings"] if found["cvss"] is None or found["cvss"] >= 9]

    def seen() -> int:
        units = installation.type("status", "--json").json["assessment"]["objectives"]["D1.O2.B"]["units"]
        return int(units["internet"]["numbers"]["critical_last_two"])

    before = seen()
    assert before == len(criticals) > 0
    for found in criticals:
        done = declare(
            installation,
            *("rerating", "--finding", found["id"], "--surface", "internet", "--set", "cvss=5,0"),
            *("--set", "justified=oui", "--set", "in_report=oui", "--set", f"audits={sealed.json['evidence_id']}"),
        )
        assert done.code == ExitCode.OK, done

    assert seen() == 0


def test_the_deposits_are_listed_for_people(installation: Installation, retex: Path) -> None:
    report = installation.folder / "externe.nessus"
    report.write_bytes(NESSUS)
    done = installation.type("inbox", "add", str(report), "--tool", "INDUSTRIAL", "--surface", "internet", "--json")
    sealed, made = done.json["evidence_id"], exercise(installation, retex)

    told = {line.split("  ")[0]: line for line in installation.type("evidence", "list").out.splitlines()}

    local = installation.clock.now().astimezone(ZoneInfo("Europe/Paris"))
    assert f"  {moment(local)}  audit d'exposition, internet, du 1er juin 2026  " in told[sealed]
    assert f"  {moment(local)}  décision  " in told[made["id"]]
    assert "  document  " in told[made["evidence"]["proof"][0]]
    assert "+00:00" not in "".join(told.values())


# Bad input


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (("crisis_exercice", "--set", "held_on=2026-03-14"), "kind"),
        (("crisis_exercise", "--set", "held_on=30/02/2026"), "fields.held_on"),
        (("crisis_exercise", "--establishment", "chi", "--set", "held_on=2026-03-14"), "establishments"),
        (("crisis_exercise", "--set", "held_on=2026-03-14", "--file", "absent.pdf"), "files"),
        (("crisis_exercise", "--set", "held_on=2026-03-14", "--file", "proof=."), "files.proof"),
        (("crisis_exercise", "--set", "held_on=2026-03-14", "--file", "proof=vide.pdf"), "files.proof"),
        (("crisis_exercise", "--set", "held_on=2026-03-14", "--file", "proof=lien.pdf"), "files.proof"),
        (("crisis_exercise", "--set", "held_on=2026-03-14", "--file", "proof=rssi.key"), "files.proof"),
        (("crisis_exercise", "--set", "held_on=2026-03-14", "--replaces", "00000099-00000000"), "replaces"),
        (("pinned_reading", "--reading", "mean_cpm", "--set", "value=le", "--set", "answer=ANS"), "reading"),
    ],
)
def test_what_cannot_be_recorded_is_refused_and_nothing_is_sealed(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], place: str
) -> None:
    monkeypatch.chdir(installation.folder)
    (installation.folder / "vide.pdf").touch()
    (installation.folder / "lien.pdf").symlink_to(installation.config)

    done = declare(installation, *words)

    assert done.code == ExitCode.USAGE
    assert done.json["error"]["code"] == "DECLARATION"
    assert done.json["error"]["hint"]
    assert [problem["path"] for problem in done.json["error"]["problems"]] == [place]
    assert classes(installation) == []


def test_an_option_without_its_equals_sign_says_what_to_write(untouched: Installation) -> None:
    done = declare(untouched, "osis", "--set", "filled_on")

    assert done.code == ExitCode.USAGE
    assert "CHAMP=VALEUR" in done.json["error"]["message"]


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    "words", [("osis", "--set", "filled_on=2026-06-01"), ("withdraw", "1", "--reason", "x")], ids=["kind", "withdraw"]
)
def test_somebody_else_than_the_owner_is_told_what_to_type(installation: Installation, words: tuple[str, ...]) -> None:
    for path in (installation.vault, *installation.vault.rglob("*")):
        os.chown(path, 65534, 65534)

    done = installation.run("declare", *words, "--json")

    assert (done.code, done.json["error"]["code"]) == (ExitCode.CONFIGURATION, "WRONG_USER")
    assert "sudo -u nobody carenage" in done.json["error"]["hint"]


# The declarations file

FILE = """
person = "A. Durand"

[[declarations]]
kind = "crisis_exercise"
establishments = ["chu", "ch-nord"]
fields = { held_on = 2026-03-14, single_si = true }
files = { proof = "pieces/retex.pdf" }

[[declarations]]
kind = "osis"
fields = { budget_share_filled = true, priority_measures_filled = 43 }
"""


@pytest.fixture
def file(installation: Installation) -> Path:
    path = installation.folder / "declarations" / "ght.toml"
    (path.parent / "pieces").mkdir(parents=True)
    (path.parent / "pieces" / "retex.pdf").write_bytes(b"%PDF retex")
    path.write_text(FILE, encoding="utf-8")
    return path


def test_a_file_is_tried_recorded_and_replayed(installation: Installation, file: Path) -> None:
    trial = declare(installation, "from", str(file), "--dry-run")
    assert (trial.code, classes(installation)) == (ExitCode.OK, [])
    assert [one["kind"] for one in trial.json["recorded"]] == ["crisis_exercise", "osis"]

    done = declare(installation, "from", str(file))
    replayed = declare(installation, "from", str(file))

    assert done.code == replayed.code == ExitCode.OK
    assert set(done.json) == {"dry_run", "recorded", "skipped"}
    assert [one["recorded"] for one in done.json["recorded"]] == [True, True]
    assert done.json["recorded"][0]["place"] == "ligne 4 (crisis_exercise)"
    assert replayed.json["recorded"] == []
    assert [one["id"] for one in replayed.json["skipped"]] == [one["id"] for one in done.json["recorded"]]
    assert sorted(classes(installation)) == ["decision", "decision", "document"]


def test_a_changed_entry_supersedes_and_the_others_are_passed(installation: Installation, file: Path) -> None:
    first = declare(installation, "from", str(file)).json["recorded"]
    file.write_text(FILE.replace("= 43", "= 40"), encoding="utf-8")

    done = declare(installation, "from", str(file))

    assert [one["supersedes"] for one in done.json["recorded"]] == [[first[1]["id"]]]
    assert len(done.json["skipped"]) == 1


def test_a_replay_does_not_undo_what_a_person_corrected_since(installation: Installation, file: Path) -> None:
    first = declare(installation, "from", str(file)).json["recorded"][0]
    fixed = declare(installation, "crisis_exercise", "--replaces", first["id"], "--set", "held_on=2026-03-15").json

    replayed = declare(installation, "from", str(file))

    assert replayed.json["recorded"] == []
    assert replayed.json["skipped"][0]["corrected_by"] == fixed["id"]
    assert {row["id"] for row in listed(installation)} >= {fixed["id"]}
    assert first["id"] not in {row["id"] for row in listed(installation)}


def test_a_replay_that_overwrites_what_a_person_declared_names_both(installation: Installation, file: Path) -> None:
    declare(installation, "from", str(file))
    by_hand = declare(installation, "osis", "--set", "priority_measures_filled=42", "--person", "B. Martin").json

    trial = declare(installation, "from", str(file), "--dry-run").json["recorded"]
    told = installation.type("declare", "from", str(file), "--dry-run").out
    done = declare(installation, "from", str(file)).json["recorded"]

    for one in (*trial, *done):
        assert (one["place"], one["supersedes"], one["warnings"]) == (
            "ligne 10 (osis)", [by_hand["id"]], ["overwrites"]
        )  # fmt: skip
    assert f"Attention : remplace {by_hand['id']} (B. Martin, " in told
    assert "si celle-là est juste, corrigez ligne 10 (osis)" in told


def test_a_trial_tells_the_entries_of_its_file_apart(installation: Installation, file: Path) -> None:
    other = '[[declarations]]\nkind = "crisis_exercise"\nfields = {{ held_on = {day}, single_si = {said} }}\n'
    file.write_text(
        FILE + other.format(day="2026-05-20", said="true") + other.format(day="2026-03-14", said="false"), "utf-8"
    )

    trial = declare(installation, "from", str(file), "--dry-run").json["recorded"]
    told = installation.type("declare", "from", str(file), "--dry-run").out

    assert [(one["id"], one["supersedes"]) for one in trial] == [(None, [])] * 4
    assert [one["contradicts"] for one in trial] == [[], [], [], ["ligne 4 (crisis_exercise)"]]
    assert "Remplace" not in told


def test_every_fault_of_a_file_is_told_at_once_with_its_place(installation: Installation, file: Path) -> None:
    file.write_text(
        "autre = 1"
        + FILE.replace('"ch-nord"', '"ch-nort"').replace("retex.pdf", "absent.pdf")
        + '[[declarations]]\nkind = "osis"\nestablishments = ["chu"]\nfields = { filled_on = "demain" }\nmotif = "?"\n'
        + "[[declarations]]\nfields = { filled_on = 2026-03-02 }\n",
        encoding="utf-8",
    )

    done = declare(installation, "from", str(file))

    assert done.code == ExitCode.USAGE
    assert [problem["path"] for problem in done.json["error"]["problems"]] == [
        "autre",
        "ligne 4 (crisis_exercise) / establishments",
        "ligne 4 (crisis_exercise) / files.proof",
        "ligne 13 (osis) / motif",
        "ligne 13 (osis) / fields.filled_on",
        "ligne 18 / kind",
    ]
    assert classes(installation) == []


def test_a_file_that_contradicts_itself_is_refused_naming_both_places(installation: Installation, file: Path) -> None:
    file.write_text(
        FILE
        + '[[declarations]]\nkind = "osis"\nestablishments = ["chu"]\nfields = { priority_measures_filled = 40 }\n',
        encoding="utf-8",
    )

    done = declare(installation, "from", str(file))

    (problem,) = done.json["error"]["problems"]
    assert problem["path"] == "ligne 13 (osis)"
    assert "ligne 10 (osis)" in problem["message"]
    assert classes(installation) == []


@pytest.mark.parametrize("path", ["/nulle/part.toml", ".", "vide.toml"], ids=["absent", "a folder", "empty"])
def test_a_file_that_cannot_be_read_is_refused(installation: Installation, path: str) -> None:
    (installation.folder / "vide.toml").touch()

    done = declare(installation, "from", str(installation.folder / path))

    assert done.code == ExitCode.USAGE
    assert done.json["error"]["message"]


# The vault keeps it all


def test_a_rebuilt_index_gives_the_same_declarations_back(installation: Installation, file: Path) -> None:
    declare(installation, "from", str(file))
    made = listed(installation)
    declare(installation, "crisis_exercise", "--replaces", made[0]["id"], "--set", "held_on=2026-03-15")
    declare(installation, *PIN)
    before, history = listed(installation), listed(installation, "--all")

    (installation.vault / "index.sqlite").unlink()
    installation.type("vault", "reindex")
    partial = declare(installation, "list")
    assert (partial.code, partial.json) == (ExitCode.INCOMPLETE, [])
    for words in (("from", str(file)), ("withdraw", made[0]["id"], "--reason", "x"), (*PIN, "--replaces", "x")):
        blind = declare(installation, *words)
        assert (blind.code, blind.json["error"]["code"]) == (ExitCode.INCOMPLETE, "VAULT"), words
        assert "vault reindex --identity" in blind.json["error"]["hint"]
    done = installation.type("vault", "reindex", "--identity", str(installation.key), "--json")

    assert (done.code, done.json["unknown"]) == (ExitCode.OK, 0)
    assert (listed(installation), listed(installation, "--all")) == (before, history)
    assert declare(installation, "from", str(file)).json["recorded"] == []


def test_a_vault_with_declarations_verifies_and_says_nothing_in_clear(installation: Installation, retex: Path) -> None:
    exercise(installation, retex, "--set", "note=mention confidentielle")

    assert installation.type("vault", "verify", "--all").code == ExitCode.OK
    for place in ("journal", "checkpoints", "deposits"):
        for path in (installation.vault / place).rglob("*"):
            assert not path.is_file() or b"confidentielle" not in path.read_bytes(), path


def test_a_damaged_journal_holds_a_declaration_until_a_person_accepts_the_damage(
    installation: Installation, retex: Path
) -> None:
    exercise(installation, retex)
    (segment,) = (installation.vault / "journal").iterdir()
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join([lines[0], *lines[2:]]))
    asked = ("osis", "--set", "priority_measures_filled=43")

    held = declare(installation, *asked)
    installation.type("vault", "accept-damage", "--reason", "disque remplacé", "--person", "RSSI")
    again = declare(installation, *asked)

    assert (held.code, held.json["error"]["code"]) == (ExitCode.INTEGRITY, "HELD")
    assert "relancez la même commande" in held.json["error"]["hint"]
    assert again.code == ExitCode.OK, again
    assert [row["kind"] for row in listed(installation)].count("osis") == 1


# What can be declared


def test_the_kinds_are_those_of_the_configured_programmes(untouched: Installation) -> None:
    some, every = declare(untouched, "kinds").json, declare(untouched, "kinds", "--all").json

    assert {"crisis_exercise", "osis", "pinned_reading", "rerating"} <= {one["id"] for one in some}
    assert {one["id"] for one in every} - {one["id"] for one in some} >= {"pssi", "partnership"}
    (one,) = declare(untouched, "kinds", "crisis_exercise").json
    assert set(one) == {"id", "label", "about", "several", "programmes", "objectives", "fields", "files"}
    assert one["objectives"] == ["D1BIS_2026 D1.O3"]
    assert json.dumps(one["fields"][0]) == json.dumps(
        {"name": "held_on", "type": "day", "label": one["fields"][0]["label"], "required": True, "choices": []}
    )


@pytest.mark.parametrize("words", [("kinds",), ("kinds", "rerating"), ("list",), ("list", "--all")], ids=" ".join)
def test_the_screens_are_in_french(untouched: Installation, words: tuple[str, ...]) -> None:
    done = untouched.type("declare", *words)

    assert done.code == ExitCode.OK, done
    assert done.out


def test_the_readings_that_may_be_pinned_are_listed(untouched: Installation) -> None:
    assert "    le : oui\n" in untouched.type("declare", "kinds", "pinned_reading").out
    assert "    le : oui\n" not in untouched.type("declare", "kinds", "osis").out


def test_the_list_tells_a_person_what_replaced_what(installation: Installation, retex: Path) -> None:
    first = exercise(installation, retex, "--reason", "exercice annuel")
    fixed = declare(installation, "crisis_exercise", "--replaces", first["id"], "--set", "single_si=oui").json
    filled = [declare(installation, "osis", "--set", f"priority_measures_filled={count}").json for count in (40, 43)]
    declare(installation, "withdraw", fixed["id"], "--reason", "mauvais GHT", "--person", "B. Martin")

    shown = installation.type("declare", "list", "--all").out

    assert f"{first['id']}  Exercice de crise cyber, CHU d'Exemple (A. Durand, " in shown
    for line in (
        "    Jour de l'exercice (un jour à venir : exercice prévu) : 14 mars 2026",
        f"    pièce proof : {first['evidence']['proof'][0]}",
        "    motif : exercice annuel",
        f"    ✘ corrigée par {fixed['id']}, ",
        f"    corrige {first['id']}",
        "    ✘ remplacée par une déclaration plus récente",
        f"    retire {fixed['id']} : mauvais GHT",
    ):
        assert f"\n{line}" in shown, line
    in_force = installation.type("declare", "list").out
    assert [line.split()[0] for line in in_force.splitlines() if line[0] != " "] == [filled[1]["id"]]


def test_a_person_is_told_what_became_of_each_entry_of_a_file(installation: Installation, file: Path) -> None:
    trial = installation.type("declare", "from", str(file), "--dry-run").out
    done = installation.type("declare", "from", str(file)).out
    first = listed(installation)[0]["id"]
    declare(installation, "crisis_exercise", "--replaces", first, "--set", "held_on=2026-03-15")
    replayed = installation.type("declare", "from", str(file)).out

    assert trial.splitlines()[0].startswith(
        "ligne 4 (crisis_exercise) : Exercice de crise cyber, CHU d'Exemple, CH du Nord"
    )
    assert "à enregistrer" in trial.splitlines()[0]
    assert trial.splitlines()[-1] == "2 déclarations à enregistrer, 0 passée."
    assert f"déclaration scellée, {first}." in done
    assert "Sert à D1.O4 (D1BIS_2026)" in done
    assert "il manque : " in done
    assert "Sert à" not in trial + replayed
    assert f"passée, car {first}, qui disait la même chose, a été corrigée ou retirée depuis." in replayed
    assert "déjà en vigueur" in replayed
    assert replayed.splitlines()[-1] == "0 déclaration enregistrée, 2 passées."


def test_a_person_is_told_what_a_declaration_changes_and_what_is_missing(installation: Installation) -> None:
    governance = installation.type("declare", "governance", "--set", "referent=C. Martin").out
    pinned = installation.type("declare", *PIN).out
    useless = installation.type("declare", "pssi", "--set", "written_on=2026-04-02").out
    first = declare(installation, "osis", "--set", "priority_measures_filled=40").json["id"]
    second = installation.type("declare", "osis", "--set", "priority_measures_filled=43").out
    withdrawn = installation.type("declare", "withdraw", _last(installation), "--reason", "x")

    assert "Attention : aucune pièce n'est jointe" in governance
    assert "Sert à D1.O6.A (D1BIS_2026)" in governance
    assert "il manque : Référent nommé par le directeur de l'établissement support" in governance
    assert "Sert à D1.O1.A (D1BIS_2026)" in pinned
    assert "Aucun objectif des programmes configurés n'en dépend." in useless
    assert f"Remplace {first}, qui reste dans le coffre." in second
    assert f"De nouveau en vigueur : {first}" in withdrawn.out


def test_the_same_exercise_declared_twice_is_told(installation: Installation, retex: Path) -> None:
    first = exercise(installation, retex)["id"]
    asked = ("declare", "crisis_exercise", "--establishment", "chu", "--set", "note=Kit ANS", "--set")

    again = installation.type(*asked, "held_on=2026-03-14").out
    other_day = installation.type(*asked, "held_on=2026-04-14").out

    assert f"Attention : {first}, encore en vigueur, dit déjà la même chose, du même jour." in again
    assert "du même jour" not in other_day


def test_what_is_said_of_everybody_has_nothing_left_elsewhere(installation: Installation) -> None:
    everywhere = declare(installation, "osis", "--set", "priority_measures_filled=40").json["objectives"]
    somewhere = declare(installation, "osis", "--establishment", "chu", "--set", "priority_measures_filled=41").json

    assert [use["remaining"] for use in everywhere] == [[]]
    assert somewhere["objectives"][0]["remaining"]


def _last(installation: Installation) -> str:
    return str(listed(installation)[-1]["id"])


# The page that teaches it


def page_commands() -> list[list[str]]:
    text = (ROOT / "docs/how-to/declare.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [shlex.split(line)[1:] for block in blocks for line in block.replace("\\\n", "").splitlines()]


def test_every_example_of_the_page_works(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    (table,) = re.findall(
        r"```toml\n(.*?)```", (ROOT / "docs/how-to/declare.md").read_text(encoding="utf-8"), re.DOTALL
    )
    monkeypatch.chdir(installation.folder)
    for name in ("retex.pdf", "trajectoire.pdf", "reponse.eml", "justification.pdf", "ars.pdf"):
        (installation.folder / name).write_text(name, encoding="utf-8")
    (installation.folder / "declarations.toml").write_text(table, encoding="utf-8")
    (installation.folder / "externe.nessus").write_bytes(NESSUS)
    sealed = installation.type(
        "inbox", "add", "externe.nessus", "--tool", "INDUSTRIAL", "--surface", "internet", "--json"
    )
    finding = next(fact for fact in sealed.json["facts"] if fact["kind"] == "exposure_audit")["findings"][0]["id"]
    exercise_id = ""

    for words in page_commands():
        places = {"VULNERABILITE": finding, "DEPOT": sealed.json["evidence_id"], "00000024-91a426fc": exercise_id}
        typed = [_replaced(word, places) for word in words]
        done = installation.type(*typed, "--json")
        assert done.code == ExitCode.OK, (typed, done)
        if "crisis_exercise" in words and "id" in done.json:
            exercise_id = done.json["id"]

    assert {row["kind"] for row in listed(installation)} >= {"osis", "digital_budget", "pinned_reading", "rerating"}


def _replaced(word: str, places: dict[str, str]) -> str:
    for place, value in places.items():
        word = word.replace(place, value)
    return word
