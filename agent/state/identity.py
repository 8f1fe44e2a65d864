"""The agent's identifier, kept beside its database so that losing the database makes no new agent."""

from __future__ import annotations

import os
import tempfile
import uuid
from pathlib import Path

from agent.domain.errors import StateError

AGENT_ID = "agent-id"
_MOST_BYTES = 64


def read_agent_id(folder: Path) -> str | None:
    """Return the identifier kept in `folder`, None when there is none or it is not one of ours."""
    try:
        with (folder / AGENT_ID).open("rb") as stream:
            text = stream.read(_MOST_BYTES).decode("ascii").strip()
        return text if str(uuid.UUID(text)) == text else None
    except (OSError, ValueError):
        return None


def keep_agent_id(folder: Path, agent: str) -> None:
    """Keep `agent` in `folder`, private to its owner; raise StateError when the disk refuses."""
    try:
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
        draft = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                stream.write(f"{agent}\n")
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(folder / AGENT_ID)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StateError(
            f"L'identifiant de l'agent ne peut pas être gardé dans {folder} ({error}).",
            hint="Vérifiez l'espace disque et les droits du dossier d'état, puis relancez « carenage run ».",
        ) from error
