"""Start-up and idle cost, as whole processes: `python -m bench.startup [--rounds N]`."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

BIN = Path(sys.executable).parent
ESTABLISHMENTS = 3
TARGETS = {"carenage --version": 3.0, "carenage status": 12.0}


def installation(folder: Path) -> Path:
    """Make a vault and a configuration of three establishments in `folder`; return the configuration."""
    config = folder / "carenage.toml"
    run(["init", "--non-interactive", "--config", str(config), "--vault", str(folder / "vault"), *recipients()])
    text = config.read_text(encoding="utf-8")
    head, _, tail = text.partition("[[establishments]]")
    establishments = "".join(
        f'[[establishments]]\nid = "e{number}"\nname = "Établissement {number}"\nactivity = {10 * number}\n'
        f"support = {'true' if number == 1 else 'false'}\n\n"
        f'[[directories]]\nid = "ad{number}"\nname = "Annuaire {number}"\n'
        f'establishments = ["e{number}"]\nkind = "onprem"\n\n'
        f'[[surfaces]]\nid = "x{number}"\nname = "Surface {number}"\nestablishments = ["e{number}"]\n'
        f'names = ["www{number}.exemple.fr"]\n\n'
        for number in range(1, ESTABLISHMENTS + 1)
    )
    config.write_text(head + establishments + tail[tail.index("[vault]") :], encoding="utf-8")
    run(["--config", str(config), "run"])
    return config


def recipients() -> list[str]:
    """Return two throw-away public keys, as options."""
    from agent.vault.age import generate_identity

    return [part for _ in range(2) for part in ("--recipient", generate_identity()[1])]


def run(arguments: list[str]) -> None:
    """Run the command and let its output go."""
    subprocess.run([BIN / "carenage", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def seconds(action: Callable[[], None]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def interleaved(actions: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each action, one of each per round, after a round that warms the caches."""
    found: dict[str, list[float]] = {name: [] for name in actions}
    for turn in range(rounds + 1):
        for name, action in actions.items():
            spent = seconds(action)
            if turn:
                found[name].append(spent)
    return {name: statistics.median(values) for name, values in found.items()}


def idle_memory_mb(config: Path) -> float:
    """Return the resident memory of `serve` once its first pass is over, in MB (10^6 bytes)."""
    process = subprocess.Popen(
        [BIN / "carenage", "--config", str(config), "serve", "--every", "60"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(6)
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    finally:
        process.terminate()
        process.wait(timeout=30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        config = installation(Path(folder))

        def floor() -> None:
            subprocess.run([sys.executable, "-c", "pass"], check=True)

        medians = interleaved(
            {
                "python -c pass": floor,
                "carenage --version": lambda: run(["--version"]),
                "carenage status": lambda: run(["--config", str(config), "status"]),
                "carenage run (nothing due)": lambda: run(["--config", str(config), "run"]),
            },
            rounds,
        )
        base = medians["python -c pass"]
        for name, value in medians.items():
            target = f" (target ≤ {TARGETS[name]:g}x)" if name in TARGETS else ""
            print(f"{name:<28} {value * 1000:7.1f} ms  {value / base:5.1f}x{target}")
        print(f"{'carenage serve, idle':<28} {idle_memory_mb(config):7.1f} MB (target ≤ 80 MB)")


if __name__ == "__main__":
    main()
