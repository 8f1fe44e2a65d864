"""A whole installation in a temporary folder, and the command typed on it as a process or in this one."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from pyrage import x25519

from agent.cli.main import Invocation, main
from agent.domain.errors import ExitCode
from tests.assets.reports.make_nessus import SAMPLE
from tests.fakes.clock import FakeClock
from tests.lab.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.lab.authority import ServerFiles

COMMAND = Path(sys.executable).with_name("carenage")
AS_OF = "2026-06-15"
NESSUS = SAMPLE.replace("Tue Sep 01", "Mon Jun 01").encode()
PERIMETER = """
[[establishments]]
id = "chu"
name = "CHU d'Exemple"
activity = 60
support = true

[[establishments]]
id = "ch-nord"
name = "CH du Nord"
activity = 30

[[establishments]]
id = "ch-sud"
name = "CH du Sud"
activity = 10

[[directories]]
id = "ad-chu"
name = "Forêt du CHU"
establishments = ["chu", "ch-nord"]
kind = "onprem"

[[directories]]
id = "ad-sud"
name = "Forêt du Sud"
establishments = ["ch-sud"]
kind = "onprem"

[[surfaces]]
id = "internet"
name = "Accès Internet"
establishments = ["chu", "ch-nord"]
names = ["extranet.exemple.fr", "vpn.exemple.fr"]

[[surfaces]]
id = "site-sud"
name = "Site du Sud"
establishments = ["ch-sud"]
names = ["www.sud.exemple.fr"]

[[channels]]
id = "dossier"
kind = "file"
directory = "messages"
format = "json"

"""
_LATE_HOUR = 21
ADS_REPORT = (
    b"<!DOCTYPE html><html><head><title>Rapport ADS Active Directory</title></head><body><ul>"
    b"<li>vuln_permissions_adminsdholder</li><li>vuln_kerberos_keys</li><li>vuln_password_age</li>"
    b"</ul></body></html>"
)


def _start() -> datetime:
    """Return now, or the next morning when the hospital's day is about to end: what is daily would be due again."""
    now = datetime.now(UTC)
    local = now.astimezone(ZoneInfo("Europe/Paris"))
    return now if local.hour < _LATE_HOUR else now + timedelta(hours=24 - local.hour)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the one document of stdout; fails when there is anything else."""
        return json.loads(self.out)


@dataclass(slots=True)
class Installation:
    """One agent's files. `configure` adds to its configuration, `run` and `type` give it commands."""

    folder: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(_start()))

    @property
    def config(self) -> Path:
        return self.folder / "carenage.toml"

    @property
    def vault(self) -> Path:
        return self.folder / "vault"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def key(self) -> Path:
        """Return the private key that opens what is sealed."""
        return self.folder / "rssi.key"

    def install(self, *, demo: bool = True) -> None:
        """Initialise as a newcomer does, then describe the GHT of three establishments."""
        pairs = [x25519.Identity.generate() for _ in range(2)]
        self.key.write_text(f"{pairs[0]}\n", encoding="utf-8")
        recipients = [word for pair in pairs for word in ("--recipient", str(pair.to_public()))]
        done = self.type(
            *("init", "--non-interactive", "--vault", str(self.vault), "--candidate-type", "GHT"),
            *("--candidate-id", "ght", "--candidate-name", "GHT Exemple", "--phase-start", "2026-05-04", *recipients),
        )
        assert done.code == 0, done
        text = self.config.read_text(encoding="utf-8")
        head, _, rest = text.partition("[[establishments]]")
        day = f"[demo]\nas_of = {AS_OF}\n" if demo else ""
        tail = rest[rest.index("[vault]") :] + "settle_seconds = 0\n"
        self.config.write_text(head + PERIMETER + day + tail, encoding="utf-8")

    def configure(self, text: str) -> None:
        """Append tables to the configuration."""
        with self.config.open("a", encoding="utf-8") as stream:
            stream.write(f"\n{text}\n")

    def secret(self, name: str, value: str) -> str:
        """Keep a secret in a private file and return the reference to it."""
        path = self.folder / "secrets" / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(value, encoding="utf-8")
        path.chmod(0o600)
        return f'{{file = "secrets/{name}"}}'

    def drop(self, name: str, content: bytes, side: str = "") -> Path:
        """Put a file, and its side file, into the inbox; the agent's clock has caught up with it."""
        path = self.inbox / name
        path.write_bytes(content)
        if side:
            (self.inbox / f"{name}.toml").write_text(side, encoding="utf-8")
        self.clock.set(max(self.clock.now(), datetime.now(UTC)))
        return path

    def type(self, *words: str) -> Completed:
        """Give a command in this process, with this installation's clock."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err):
            code = main(["--config", str(self.config), *words], invocation=Invocation(clock=self.clock))
        texts = []
        for stream in (out, err):
            stream.flush()
            texts.append(stream.buffer.getvalue().decode())
        return Completed(code=code, out=texts[0], err=texts[1])

    def command(self, *words: str) -> list[str]:
        """Return the argument list of the real command."""
        return [str(COMMAND), "--config", str(self.config), *words]

    def run(
        self, *words: str, before: tuple[str, ...] = (), env: Mapping[str, str] | None = None, user: int | None = None
    ) -> Completed:
        """Give the real command as a process; `before` are words that start it (`faketime …`), `user` a uid."""
        done = subprocess.run(
            [*before, *self.command(*words)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, **(env or {})},
            timeout=60,
            check=False,
            user=user,
            cwd=self.folder,
        )
        return Completed(code=done.returncode, out=done.stdout, err=done.stderr)

    def messages(self) -> list[dict[str, Any]]:
        """Return what the `file` channel wrote, oldest first."""
        found = [json.loads(path.read_bytes()) for path in (self.folder / "messages").glob("*.json")]
        return sorted(found, key=lambda message: str(message["sent_at"]))

    def titles(self) -> list[str]:
        """Return the titles of everything told so far."""
        return [item["title"] for message in self.messages() for item in message["items"]]

    def everything(self) -> dict[str, bytes]:
        """Return every file of the installation but the secrets themselves, by its path."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and "secrets" not in path.relative_to(self.folder).parts
        }


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An agent of a GHT that has collected nothing yet, its assessment date fixed."""
    made = Installation(tmp_path / "carenage")
    made.folder.mkdir()
    made.install()
    return made


@pytest.fixture
def audited(installation: Installation) -> Installation:
    """One ADS run on ad-chu on the first of June, at score 3."""
    report = installation.folder / "ads.html"
    report.write_bytes(ADS_REPORT)
    done = installation.type(
        *("inbox", "add", str(report), "--kind", "ads_report", "--directory", "ad-chu"),
        *("--date", "2026-06-01", "--score", "3", "--json"),
    )
    assert done.code == ExitCode.OK, done
    return installation


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation for the commands that write nothing, shared by a module."""
    made = Installation(tmp_path_factory.mktemp("untouched") / "carenage")
    made.folder.mkdir()
    made.install()
    return made


@pytest.fixture
def make_installation(tmp_path: Path) -> Callable[..., Installation]:
    """Return a maker of installations, `demo` False for one that lives today."""

    def make(name: str = "autre", *, demo: bool = True) -> Installation:
        made = Installation(tmp_path / name)
        made.folder.mkdir()
        made.install(demo=demo)
        return made

    return make


@pytest.fixture
def root() -> None:
    """Ask for what only root may do; elsewhere the test is skipped, under CI it fails."""
    if os.name != "posix" or os.geteuid() != 0:
        if os.environ.get("CI"):
            pytest.fail("this test needs root")
        pytest.skip("this test needs root")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The certificate authority that the installations' servers come from."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def server_files(authority: Authority) -> ServerFiles:
    return authority.issue("127.0.0.1")
