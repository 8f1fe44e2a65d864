"""Facts as JSON, as they are sealed, and back."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from agent.domain.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import TypeAdapter

_TYPES: dict[str, Any] = {item.__dataclass_fields__["kind"].default: item for item in get_args(Fact)}

KINDS = frozenset(_TYPES)


def to_json(fact: Fact) -> dict[str, Any]:
    """Return the JSON object that is sealed, `kind` included."""
    document: dict[str, Any] = _adapter(fact.kind).dump_python(fact, mode="json")
    return document


def from_json(document: Mapping[str, Any]) -> Fact | None:
    """Return the fact that `document` holds; None for a kind or a shape that this release does not know."""
    from pydantic import ValidationError

    kind = document.get("kind")
    if kind not in _TYPES:
        return None
    try:
        fact: Fact = _adapter(kind).validate_python(dict(document))
    except ValidationError:
        return None
    return fact


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(_TYPES[kind])
