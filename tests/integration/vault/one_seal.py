"""
Write in a vault from a process of its own: `one_seal.py VAULT KEYS [COUNT | accept]`.

Prints the id of each deposit once it is acknowledged.
"""

from __future__ import annotations

import io
import sys
from functools import partial
from pathlib import Path

from agent.domain.errors import AgentError
from agent.domain.evidence import EvidenceClass, RawEvidence
from agent.vault.vault import Vault
from tests.fakes.clock import FakeClock


def main(root: str, keys_dir: str, count: str = "1") -> int:
    clock = FakeClock()
    try:
        with Vault.open(Path(root), Path(keys_dir), "agent-1", "chu-exemple", clock) as vault:
            if count == "accept":
                print(*(deposit.id for deposit in vault.accept_damage(reason="vu", person="M. Durand")), flush=True)
                return 0
            for number in range(int(count)):
                content = b"%s %d " % (str(keys_dir).encode(), number) * 500
                raw = RawEvidence(
                    collector="cli",
                    name="x",
                    media_type="text/plain",
                    evidence_class=EvidenceClass.DOCUMENT,
                    received_at=clock.now(),
                    open=partial(io.BytesIO, content),
                )
                print(vault.seal([raw]).id, flush=True)
    except AgentError as error:
        print(f"{error.code}: {error.message} {error.hint}", file=sys.stderr)
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
