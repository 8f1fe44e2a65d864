"""Opens the JSON documents that our own collectors seal; a hostile one is refused, never trusted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from agent.domain.errors import ReadingError

if TYPE_CHECKING:
    from collections.abc import Callable

ValueT = TypeVar("ValueT")


def read(
    data: bytes, *, format_: str, version: int, max_bytes: int, decode: Callable[[dict[str, Any]], ValueT]
) -> ValueT:
    """
    Return what `decode` makes of the document that `data` holds.

    Raises ReadingError for what is too large, no JSON, of another format or version, or
    of a shape that `decode` stumbles over.
    """
    if len(data) > max_bytes:
        raise _damaged(f"il dépasse {max_bytes} octets")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _damaged("ce n'est pas du JSON") from error
    if not isinstance(document, dict) or document.get("format") != format_:
        raise _damaged(f"ce n'est pas un document « {format_} »")
    if document.get("version") != version:
        raise _damaged("sa version est inconnue")
    try:
        return decode(document)
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
        raise _damaged("son contenu n'a pas la forme attendue") from error


def checked(value: Any, kind: type[ValueT]) -> ValueT:
    """Return `value` when it is of `kind`, raise ValueError otherwise."""
    if not isinstance(value, kind):
        raise ValueError(f"{kind.__name__} expected")  # noqa: TRY004 - the document's fault, not the caller's
    return value


def _damaged(why: str) -> ReadingError:
    return ReadingError(
        f"Ce relevé ne peut pas être lu : {why}.",
        hint="Relancez la collecte ; si la pièce vient du coffre, lancez « carenage vault verify ».",
    )
