"""Who decides: the person named, else the account that runs the command."""

from __future__ import annotations

import os
import sys

from agent.domain.errors import UsageError


def deciding(person: str | None) -> str:
    """Return `person`, or the system's name of this account; raises UsageError when there is neither."""
    name = person or _account()
    if not name:
        raise UsageError(
            "Le compte qui lance cette commande n'a pas de nom sur ce serveur : qui décide n'est pas connu.",
            hint="Dites-le : --person NOM.",
        )
    return name


def _account() -> str | None:
    """Return the account's name as the system has it; what the environment says is not proof of anything."""
    try:
        if sys.platform == "win32":
            return os.getlogin()
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (KeyError, OSError):
        return None
