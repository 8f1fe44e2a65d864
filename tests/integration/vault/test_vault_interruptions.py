"""Power cuts, full disks, two processes, the wrong user: nothing acknowledged is lost, nothing is half there."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.domain.errors import ExitCode, HeldError, VaultError, WrongUserError
from agent.vault import building
from agent.vault.vault import Vault
from tests.integration.vault import one_seal
from tests.integration.vault.conftest import House

CHILD = [sys.executable, "-B", "-m", "tests.integration.vault.one_seal"]
CALLS = (
    "openat",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "mkdir",
    "ftruncate",
    "unlink",
    "unlinkat",
    "rmdir",
)
KILLS, FAILURES, SEED = 12, 4, 20261122
REPOSITORY = Path(__file__).parents[3]

Point = tuple[str, int]
needs_root = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="needs root to mount or to change user"
)


class Crashes:
    """A vault that can be put back as it was, and a child process that seals in it under strace."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._pristine = house.root.parent / "pristine"
        with house.create() as vault:
            vault.seal([house.raw(b"sealed before")])
        self._pristine.mkdir()
        self.keep()

    def restore(self) -> None:
        for path in (self.house.root, self.house.keys_dir):
            shutil.rmtree(path)
            shutil.copytree(self._pristine / path.name, path)

    def keep(self) -> None:
        """Make the vault as it is now the one that `restore` puts back."""
        shutil.rmtree(self._pristine)
        for path in (self.house.root, self.house.keys_dir):
            shutil.copytree(path, self._pristine / path.name)

    def trace(self, *options: str, action: str = "1") -> subprocess.CompletedProcess[str]:
        trace = self.house.root.parent / "trace"
        command = ["strace", "-f", "-qq", "-y", "-o", str(trace), *options, *CHILD]
        return subprocess.run(
            [*command, str(self.house.root), str(self.house.keys_dir), action],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )

    def points(self, action: str = "1") -> list[Point]:
        """Return (system call, its ordinal) for each call that touches the vault or the keys."""
        self.trace("-e", f"trace={','.join(CALLS)}", action=action)
        counts: dict[str, int] = {}
        found = []
        for line in (self.house.root.parent / "trace").read_text().splitlines():
            match = re.match(r"\d+ +(\w+)\(", line)
            if match:
                counts[match[1]] = counts.get(match[1], 0) + 1
                if str(self.house.root) in line or str(self.house.keys_dir) in line:
                    found.append((match[1], counts[match[1]]))
        return found

    def assert_whole(self, acknowledged: str) -> None:
        """Reopen: the chain holds, what was acknowledged is there, deposits go on, no litter stays."""
        with self.house.open() as vault:
            assert not vault.commits_held
            ids = {deposit.id for deposit in vault.index.deposits()}
            assert not acknowledged or acknowledged in ids
            vault.seal([self.house.raw(b"sealed after")])
            report = vault.verify(all=True)
        assert (report.problems, report.held) == ((), 0)
        assert list((self.house.root / "tmp").iterdir()) == []


@pytest.fixture
def crashes(house: House) -> Crashes:
    if shutil.which("strace") is None:
        if os.environ.get("CI"):
            pytest.fail("strace is missing")
        pytest.skip("strace is missing")
    return Crashes(house)


def test_kill_before_any_system_call_loses_nothing_acknowledged(crashes: Crashes) -> None:
    chosen = random.Random(SEED).sample(crashes.points(), KILLS)
    outcomes = set()
    for call, ordinal in chosen:
        crashes.restore()
        done = crashes.trace("-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={ordinal}")
        outcomes.add(bool(done.stdout.strip()))
        crashes.assert_whole(done.stdout.strip())
    assert False in outcomes


def test_kill_while_damage_is_accepted_leaves_it_accepted_or_not_and_every_bag_known(crashes: Crashes) -> None:
    house = crashes.house
    with house.open() as vault:
        vault.seal([house.raw(b"its line will change")])
    journal = house.root / "journal/000001.jsonl"
    content = bytearray(journal.read_bytes())
    content[-300] ^= 1
    journal.write_bytes(bytes(content))
    with house.open() as vault, pytest.raises(HeldError):
        vault.seal([house.raw(b"collected meanwhile")])
    crashes.keep()
    writing = [point for point in crashes.points("accept") if point[0] in {"pwrite64", "write", "rename"}]

    for call, ordinal in random.Random(SEED).sample(writing, KILLS):
        crashes.restore()
        crashes.trace("-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={ordinal}", action="accept")
        with house.open() as vault:
            if vault.commits_held:
                vault.accept_damage(reason="vu de nouveau", person="M. Durand")
            report = vault.verify(all=True)
            assert (report.problems, report.held, len(vault.index.deposits())) == ((), 0, 3)


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_failing_system_call_is_refused_cleanly_or_survived(crashes: Crashes, error: str) -> None:
    writing = [point for point in crashes.points() if point[0] in {"write", "pwrite64", "fsync", "rename", "mkdir"}]
    for call, ordinal in random.Random(SEED).sample(writing, FAILURES):
        crashes.restore()
        done = crashes.trace("-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={ordinal}")
        assert "Traceback" not in done.stderr
        assert bool(done.stdout.strip()) != ("VAULT" in done.stderr)
        crashes.assert_whole(done.stdout.strip())


def test_journal_that_cannot_be_synced_gets_its_length_back(crashes: Crashes) -> None:
    crashes.trace("-e", "trace=fsync")
    traced = (crashes.house.root.parent / "trace").read_text().splitlines()
    ordinal = next(number for number, line in enumerate(traced, start=1) if "journal/000001.jsonl" in line)
    crashes.restore()
    before = (crashes.house.root / "journal/000001.jsonl").read_bytes()

    done = crashes.trace("-e", "trace=fsync", "-e", f"inject=fsync:error=EIO:when={ordinal}")

    assert (done.returncode, done.stdout) == (4, "")
    assert (crashes.house.root / "journal/000001.jsonl").read_bytes() == before
    assert list((crashes.house.root / "deposits").glob("*/*/00000003-*")) == []
    crashes.assert_whole("")


@pytest.fixture
def small_disk(house: House) -> Iterator[House]:
    house.root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1200k", "tmpfs", str(house.root)], check=True)
    yield house
    subprocess.run(["umount", "-l", str(house.root)], check=True)


@needs_root
def test_full_disk_refuses_in_french_and_keeps_what_is_sealed(small_disk: House) -> None:
    sealed, refusals = [], []
    with small_disk.create() as vault:
        for size in [2_000_000, *[120_000] * 12]:
            try:
                sealed.append(vault.seal([small_disk.raw(os.urandom(size))]).id)
            except VaultError as error:
                refusals.append(error)

    assert sealed
    assert refusals
    assert all("place" in error.message and error.hint for error in refusals)
    assert list((small_disk.root / "tmp").iterdir()) == []
    with small_disk.open_copy(small_disk.root) as copy:
        assert copy.verify(all=True).ok
        assert [deposit.id for deposit in copy.index.deposits()] == sealed


@needs_root
def test_volume_mounted_read_only_is_read_and_refuses_writing(small_disk: House) -> None:
    with small_disk.create() as vault:
        vault.seal([small_disk.raw(b"before")])
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk.root)], check=True)

    with small_disk.open() as vault:
        assert vault.verify(all=True).ok
        with pytest.raises(VaultError, match="écriture") as refused:
            vault.seal([small_disk.raw(b"after")])

    assert refused.value.hint


@needs_root
def test_another_user_is_told_whom_to_be(house: House) -> None:
    with house.create():
        pass
    os.chown(house.root, 1234, 1234)

    with house.open() as vault, pytest.raises(WrongUserError) as refused:
        vault.seal([house.raw(b"x")])

    assert "sudo -u" in str(refused.value.hint)


@needs_root
def test_owner_other_than_root_seals_and_a_third_user_does_not(house: House) -> None:
    with house.create():
        pass
    for path in [house.root, *house.root.rglob("*"), house.keys_dir.parent, house.keys_dir, *house.keys_dir.iterdir()]:
        os.chown(path, 1234, 1234)
    for path in house.root.parents:
        if path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    house.root.chmod(0o755)

    def seal_as(user: int) -> int:
        child = os.fork()
        if child:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
        os._exit(one_seal.main(str(house.root), str(house.keys_dir)))

    assert seal_as(1234) == ExitCode.OK
    assert seal_as(4321) == ExitCode.CONFIGURATION


def test_processes_sealing_at_once_all_succeed(house: House) -> None:
    with house.create():
        pass
    running = [
        subprocess.Popen(
            [*CHILD, str(house.root), str(house.keys_dir), "5"],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    outputs = [process.communicate(timeout=60) for process in running]

    assert [process.returncode for process in running] == [0, 0, 0], outputs
    ids = {line for output, _ in outputs for line in output.split()}
    with house.open() as vault:
        report = vault.verify(all=True)
        assert (report.ok, report.deposits) == (True, 15)
        assert {deposit.id for deposit in vault.index.deposits()} == ids


def test_opening_leaves_the_bench_of_a_living_builder_alone(house: House, vault: Vault) -> None:
    with building.bench(house.root, vault._exclusive) as bench:
        house.open().close()
        assert bench.is_dir()


def test_sealing_a_large_stream_takes_constant_memory(house: House) -> None:
    with house.create():
        pass
    script = (
        "import sys,resource;from pathlib import Path;from datetime import *\n"
        "from agent.vault.vault import Vault;from agent.clock import SystemClock;from agent.domain.evidence import *\n"
        "class Big:\n"
        "    left=300_000_000\n"
        "    def read(self,n=-1):\n"
        "        n=min(n,self.left);self.left-=n;return bytes(n)\n"
        "    def __enter__(self): return self\n"
        "    def __exit__(self,*a): pass\n"
        "v=Vault.open(Path(sys.argv[1]),Path(sys.argv[2]),'a','e',SystemClock())\n"
        "before=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "s=v.seal([RawEvidence(collector='c',name='n',media_type='m',evidence_class=EvidenceClass.ORADAD,"
        "received_at=datetime.now(UTC),open=Big)])\n"
        "print(s.bytes,resource.getrusage(resource.RUSAGE_SELF).ru_maxrss-before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(house.root), str(house.keys_dir)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    size, growth_kib = map(int, done.stdout.split())
    assert size == 300_000_000
    assert growth_kib < 64 * 1024
