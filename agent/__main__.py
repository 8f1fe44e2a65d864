"""`python -m agent` and the `carenage` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; answer `--version` without importing anything else."""
    if sys.argv[1:] == ["--version"]:
        from agent.version import VERSION

        print(f"carenage {VERSION}")  # noqa: T201 - the one line of the instant path
        return
    from agent.cli.main import main as run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
