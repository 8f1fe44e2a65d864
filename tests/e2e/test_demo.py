"""`make demo` and `carenage demo`, played whole."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agent.demo import story
from tests.lab import dns, samba

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
PACKAGED = ("agent", "collectors", "uploader", "config", "pyproject.toml", "README.md", "LICENSE")


def lab_or_skip() -> None:
    reason = samba.missing() or dns.missing()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(f"the lab is required under CI: {reason}")
        pytest.skip(reason)


def lab_traces(pid: int) -> list[str]:
    """Return the namespaces of the demonstration `pid`, and the processes that run in its session or its lab."""
    found = [str(path) for folder in ("/run/netns", "/etc/netns") for path in Path(folder).glob(f"carenage-{pid}-*")]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"carenage-{pid}-" in line or str(pid) == process.name:
            found.append(line)
    return found


def checked(archive: Path, folder: Path) -> str:
    """Return what `sha256sum -c` says of the dossier's manifest; raises when a sum differs."""
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    (manifest,) = folder.glob("*/manifest-sha256.txt")
    return subprocess.run(
        ["sha256sum", "--check", "--strict", manifest.name],
        cwd=manifest.parent,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


class Played:
    """One `make demo`, once for all that is asked of it."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "out"
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.lab.demo", "--to", str(self.out)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pid = process.pid
        self.screen, self.errors = process.communicate(timeout=180)
        self.code = process.returncode

    def carenage(self, *argv: str) -> Any:
        command = [sys.executable, "-m", "agent", "--config", str(self.out / "carenage.toml"), *argv, "--json"]
        return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    lab_or_skip()
    made = Played(tmp_path_factory.mktemp("make-demo"))
    assert made.code == 0, made.screen + made.errors
    return made


def test_the_screen_names_the_three_establishments_and_what_awaits_a_decision(played: Played) -> None:
    assert all(one.name in played.screen for one in story.ESTABLISHMENTS)
    assert "une décision est attendue" in played.screen
    assert "--score N" in played.screen
    assert "25 septembre 2026" in played.screen


def test_a_mail_and_a_card_have_arrived(played: Played) -> None:
    (mail,) = (played.out / "courriels").glob("*.eml")
    (card,) = (played.out / "cartes").glob("*.json")
    assert b"rssi@chu-brumeville.example" in mail.read_bytes()
    assert json.loads(card.read_text(encoding="utf-8"))["type"] == "AdaptiveCard"


def test_the_directory_was_read_live_and_the_platform_by_its_api(played: Played) -> None:
    kinds = [item["class"] for item in played.carenage("evidence", "list")]

    assert "directory" in kinds
    assert not list((played.out / "boite-de-depot" / ".traites").glob("*/annuaire-*"))
    assert not list((played.out / "boite-de-depot" / ".traites").glob(f"*/exposition-{story.CHU_SCAN.number}-*"))


def test_the_dossier_passes_sha256sum(played: Played, tmp_path: Path) -> None:
    (archive,) = (played.out / "dossier").glob("*.zip")

    assert "description-annuaires.html: OK" in checked(archive, tmp_path)


def test_the_vault_is_intact(played: Played) -> None:
    assert played.carenage("vault", "verify")["ok"]


def test_no_namespace_and_no_process_is_left_behind(played: Played) -> None:
    assert lab_traces(played.pid) == []


def test_what_people_declared_is_judged_and_a_validated_application_is_eligible(played: Played) -> None:
    (document,) = played.carenage("status")["assessments"]

    for objective in ("D1.O3", "D1.O4"):
        entries = document["objectives"][objective]["establishments"]
        assert [name for name, entry in entries.items() if entry["verdict"] == "met"] == [story.CHU.id]
    assert document["prerequisites"]["ELIGIBILITE"]["candidate"]["verdict"] == "met"


def test_a_person_can_settle_the_question_afterwards(played: Played) -> None:
    (question,) = played.carenage("status")["questions"]

    played.carenage("inbox", "confirm", question["evidence"], "--score", "3")

    assert played.carenage("status")["questions"] == []


def test_an_interrupted_demonstration_stops_its_servers(tmp_path: Path) -> None:
    lab_or_skip()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.lab.demo", "--to", str(tmp_path / "out")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "out" / "serveurs" / "tenable.json").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)

    _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Interrompu" in errors
    assert lab_traces(process.pid) == []


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the `carenage` of a fresh environment: our wheel installed, the dependencies borrowed from this one."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    sources.mkdir()
    for name in PACKAGED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, sources / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    quietly(*pip, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", str(folder), str(sources))
    environment = folder / "environment"
    quietly(sys.executable, "-m", "venv", "--without-pip", str(environment))
    python = environment / "bin" / "python"
    (wheel,) = folder.glob("carenage-*.whl")
    quietly(*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel))
    site = Path(
        sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)}),
    )
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    shutil.rmtree(sources)
    yield environment / "bin" / "carenage"
    shutil.rmtree(folder, ignore_errors=True)


def quietly(*argv: str) -> None:
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def alone(argv: Sequence[str]) -> list[str]:
    """Return `argv` as a command without any network, where the system can do that."""
    return ["unshare", "--net", *argv] if shutil.which("unshare") and os.geteuid() == 0 else [*argv]


def test_the_installed_wheel_tells_the_story_without_server_nor_network(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        alone([str(installed), "demo", "--to", "out", "--json"]),
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": os.environ["PATH"], "PYTHONSAFEPATH": "1"},
    )

    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert Path(told["to"]) == tmp_path / "out"
    assert all(any(word in line for line in told["skipped"]) for word in ("LDAP", "API", "SMTP", "Teams"))
    assert [path for path in (*told["mails"], *told["cards"]) if not Path(path).is_file()] == []
    assert len(told["mails"]) == len(told["cards"]) == 1
    assert told["verification"]["ok"]
    assert "description-annuaires.html: OK" in checked(Path(told["dossier"]["path"]), tmp_path / "opened")
    assert [job["job"] for job in told["run"]["jobs"]] == ["inbox"]
    assert told["status"]["assessment"]["objectives"]["D1.O1.B"]["candidate"]["verdict"] == "met"


def test_a_demonstration_refuses_a_folder_that_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")

    done = subprocess.run(
        [sys.executable, "-m", "agent", "demo", "--to", str(tmp_path)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert "Rien n'est effacé" in done.stderr
    assert (tmp_path / "mine").read_text() == "kept"


def test_without_root_make_demo_says_what_is_missing() -> None:
    if shutil.which("unshare") is None:
        pytest.skip("no command to be somebody else with")
    done = subprocess.run(
        ["unshare", "--user", sys.executable, "-m", "tests.lab.demo"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if "unshare" in done.stderr:
        pytest.skip("no user namespace here")

    assert done.returncode == 2
    assert "root" in done.stderr
