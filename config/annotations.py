"""Walks the types of a settings model: which table, list or secret stands where."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import UnionType
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel

Location = tuple[str | int, ...]


def keys_of(model: type[BaseModel], location: Location) -> tuple[str, ...]:
    """Return the keys that the table at `location` of `model` may hold."""
    found: Any = model
    for part in location:
        found = _step(found, part)
    table = next((one for one in alternatives(found) if is_model(one)), None)
    return tuple(field.alias or name for name, field in table.model_fields.items()) if table else ()


def _step(annotation: Any, part: str | int) -> Any:
    for one in alternatives(annotation):
        if isinstance(part, str) and is_model(one) and part in one.model_fields:
            return one.model_fields[part].annotation
        if isinstance(part, int) and is_sequence(one):
            return element_of(one)
        if isinstance(part, str) and is_mapping(one):
            return value_of(one)
    return None


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """Return the types that a value of `annotation` may have: unions opened, `Annotated` taken off."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return alternatives(get_args(annotation)[0])
    if origin is Union or origin is UnionType:
        return tuple(one for argument in get_args(annotation) for one in alternatives(argument))
    return (annotation,)


def is_model(annotation: Any) -> TypeGuard[type[BaseModel]]:
    """Return whether `annotation` is a table with known keys."""
    return isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, BaseModel)


def is_sequence(annotation: Any) -> bool:
    """Return whether `annotation` is a list of something."""
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, Collection) and not issubclass(origin, Mapping)


def is_mapping(annotation: Any) -> bool:
    """Return whether `annotation` is a table of something."""
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def element_of(annotation: Any) -> Any:
    """Return what a list of type `annotation` holds."""
    return next(iter(get_args(annotation)), Any)


def value_of(annotation: Any) -> Any:
    """Return what a table of type `annotation` holds."""
    arguments = get_args(annotation)
    return arguments[1] if len(arguments) > 1 else Any
