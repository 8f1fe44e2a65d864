"""What people drop into the inbox: hostile, unfinished or odd, the rest of it is received all the same."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from agent.domain.errors import ExitCode
from tests.assets.reports.make_mla import archive_v1
from tests.e2e.conftest import ADS_REPORT, NESSUS

if TYPE_CHECKING:
    from tests.e2e.conftest import Completed, Installation

SETTLED = 'kind = "ads_report"\ndirectory = "ad-chu"\ndate = 2026-06-01\nscore = 3\n'


def inbox_job(done: Completed) -> dict[str, object]:
    """Return the job of the inbox."""
    (job,) = [job for job in done.json["jobs"] if job["job"] == "inbox"]
    return dict(job)


def sealed(installation: Installation, name: str) -> int:
    """Return how many deposits hold a file called `name`."""
    rows = installation.type("evidence", "list", "--json").json
    found = 0
    for row in rows:
        target = installation.folder / "restitué" / f"{name}-{row['id']}"
        files = installation.type(
            *("evidence", "export", row["id"], "--identity", str(installation.key), "--to", str(target), "--json")
        ).json["files"]
        found += any(file["name"] == name for file in files)
    return found


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("chu.exemple.fr_20260601-060500.mla", archive_v1()[:20], ExitCode.INCOMPLETE),
        ("vide.nessus", b"", ExitCode.INCOMPLETE),
        ("vide.pdf", b"", ExitCode.INCOMPLETE),
        ("tronqué.nessus", NESSUS[:900], ExitCode.INCOMPLETE),
        ("rapport d'été n°1.html", ADS_REPORT, ExitCode.OK),
        ("..\\..\\etc\\passwd", b"texte", ExitCode.OK),
        ("a\nb\rc\x1b[31m.txt", b"texte", ExitCode.OK),
        ("..piège..html", ADS_REPORT, ExitCode.OK),
    ],
    ids=["truncated mla", "empty report", "empty", "truncated report", "accents", "dots", "newlines", "leading dots"],
)
def test_an_odd_file_is_sealed_and_the_good_one_beside_it_counts(
    installation: Installation, name: str, content: bytes, code: ExitCode
) -> None:
    installation.drop(name, content)
    installation.drop("bon.html", ADS_REPORT + b"\n", SETTLED)

    done = installation.type("run", "--json")

    job = inbox_job(done)
    assert done.code in (code, ExitCode.OK), done
    assert len(job["evidence"]) == 2, job  # type: ignore[arg-type]
    assert sealed(installation, "bon.html") == 1
    assert "\x1b" not in done.out + done.err
    assert "\n" not in str(job["message"])
    outside = [path for path in installation.folder.rglob("passwd*") if "restitué" not in path.parts]
    assert [path for path in outside if installation.inbox not in path.parents] == []
    quiet = installation.type("run", "--json")
    assert inbox_job(quiet)["evidence"] == []


def test_links_and_pipes_are_named_and_never_opened(installation: Installation) -> None:
    secret = installation.folder / "secret.txt"
    secret.write_text("rien à voir ici", encoding="utf-8")
    (installation.inbox / "lien.txt").symlink_to(secret)
    (installation.inbox / "dossier.txt").symlink_to("/")
    os.mkfifo(installation.inbox / "tube.txt")
    installation.drop("bon.html", ADS_REPORT, SETTLED)

    done = installation.run("run", "--json")

    job = inbox_job(done)
    assert done.code == ExitCode.INCOMPLETE
    assert job["outcome"] == "partial"
    assert all(word in str(job["message"]) for word in ("lien.txt", "tube.txt", "lien symbolique"))
    assert sealed(installation, "bon.html") == 1
    assert sealed(installation, "lien.txt") == 0


def test_a_file_still_growing_is_left_alone_then_taken_whole(installation: Installation) -> None:
    text = installation.config.read_text(encoding="utf-8")
    installation.config.write_text(text.replace("settle_seconds = 0", "settle_seconds = 60"), encoding="utf-8")
    path = installation.drop("externe.nessus", NESSUS[:500])
    installation.clock.set(datetime.now(UTC))

    growing = installation.type("run", "--json")
    path.write_bytes(NESSUS)
    installation.clock.advance(minutes=5)
    whole = installation.type("run", "--json")

    assert (growing.code, inbox_job(growing)["evidence"]) == (ExitCode.OK, [])
    assert len(inbox_job(whole)["evidence"]) == 1  # type: ignore[arg-type]
    assert sealed(installation, "externe.nessus") == 1
    assert not path.exists()


def test_a_folder_that_is_gone_is_said_and_the_other_sources_go_on(installation: Installation) -> None:
    (installation.folder / "noms.txt").write_text("www.exemple.fr\n", encoding="utf-8")
    installation.configure('[[collectors]]\nid = "liste"\nkind = "declared"\npath = "noms.txt"')
    installation.inbox.rmdir()

    done = installation.type("run", "--json")

    outcomes = {job["job"]: job["outcome"] for job in done.json["jobs"]}
    assert (done.code, outcomes) == (ExitCode.INCOMPLETE, {"inbox": "failed", "declared": "done"})
    assert "[inbox] path" in str(inbox_job(done)["message"])


def test_the_same_file_dropped_twice_is_kept_once(installation: Installation) -> None:
    installation.drop("externe.nessus", NESSUS)
    installation.type("run")
    installation.drop("externe (1).nessus", NESSUS)

    done = installation.type("run", "--json")

    assert done.code in (ExitCode.OK, ExitCode.INCOMPLETE)
    classes = [row["class"] for row in installation.type("evidence", "list", "--json").json]
    assert classes.count("exposure") <= 2
    assert list(installation.inbox.glob("*.nessus")) == []


def test_a_processed_file_is_erased_after_its_days_while_its_deposit_stands(installation: Installation) -> None:
    text = installation.config.read_text(encoding="utf-8")
    installation.config.write_text(text + "keep_days = 3\n", encoding="utf-8")
    installation.drop("bon.html", ADS_REPORT, SETTLED)
    installation.type("run")
    kept = list((installation.inbox / ".traites").rglob("bon.html"))
    installation.clock.advance(days=2)
    installation.type("run")
    still = list((installation.inbox / ".traites").rglob("bon.html"))
    installation.clock.advance(days=2)

    done = installation.type("run")

    assert (len(kept), len(still)) == (1, 1)
    assert done.code == ExitCode.OK
    assert list((installation.inbox / ".traites").rglob("*")) == []
    assert sealed(installation, "bon.html") == 1


def test_a_processed_file_is_kept_while_its_deposit_is_damaged(installation: Installation) -> None:
    installation.drop("bon.html", ADS_REPORT, SETTLED)
    installation.type("run")
    payload = next(path for path in (installation.vault / "deposits").rglob("*.age") if path.is_file())
    for path in (installation.vault / "deposits").rglob("*.age"):
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert payload.exists()
    installation.clock.advance(days=40)

    installation.type("run")

    assert len(list((installation.inbox / ".traites").rglob("bon.html"))) == 1


def test_a_file_that_cannot_be_put_away_is_said_at_each_pass_and_sealed_once(installation: Installation) -> None:
    path = installation.drop("ads.html", ADS_REPORT)
    (installation.inbox / ".traites").write_text("à la place du dossier", encoding="utf-8")

    passes = []
    for _ in range(3):
        passes.append(installation.type("run", "--json"))
        installation.clock.advance(minutes=15)
    (installation.inbox / "ads.html.toml").write_text('directory = "ad-chu"\n', encoding="utf-8")
    installation.clock.advance(minutes=15)
    changed = installation.type("run", "--json")
    path.unlink()
    (installation.inbox / "ads.html.toml").unlink()
    after = installation.type("run", "--json")

    assert [done.code for done in passes] == [ExitCode.INCOMPLETE] * 3
    assert all("ads.html : Il est scellé" in done.json["jobs"][0]["message"] for done in passes)
    assert [len(done.json["jobs"][0]["evidence"]) for done in passes] == [1, 0, 0]
    assert len(changed.json["jobs"][0]["evidence"]) == 1
    assert after.code == ExitCode.OK
