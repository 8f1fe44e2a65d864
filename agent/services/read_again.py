"""Read again, with today's readers, what was sealed; a newer reading adds facts, it rewrites nothing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from agent.domain.errors import UsageError
from agent.domain.evidence import EvidenceClass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from agent.domain.evidence import RawEvidence
    from agent.vault.age import Identity
    from agent.vault.vault import Vault

_NOT_READ = {EvidenceClass.FACTS, EvidenceClass.DECISION, EvidenceClass.RECEIPT, EvidenceClass.ANCHOR}
