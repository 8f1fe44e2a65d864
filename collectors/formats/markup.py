"""Looking at XML and HTML safely: which root a file has, and a bounded stream of its elements."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from agent.domain.errors import ReadingError
from collectors.formats.interface import decoded_head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO
    from xml.etree.ElementTree import Element

_PROLOGUE = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_START_TAG = re.compile(r"<([A-Za-z_][\w.\-:]*)")


def root_name(head: bytes) -> str | None:
    """Return the name of the first element that `head` opens, None when it does not look like markup."""
    text = decoded_head(head)
    position = 0
    while prologue := _PROLOGUE.match(text, position):
        position = prologue.end()
    start = _START_TAG.match(text, position)
    return start[1] if start else None


def elements(stream: BinaryIO, depth: int) -> Iterator[tuple[str, Element]]:
    """
    Yield ("start" | "end", element) through the document.

    DTDs, entities and external references are refused before anything is expanded. Raises
    ReadingError, in French, where the document cannot be followed further; the caller
    clears the elements it has used.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    level = 0
    try:
        for event, element in iterparse(stream, ("start", "end"), forbid_dtd=True):
            level += 1 if event == "start" else -1
            if level > depth:
                raise ReadingError(f"Le document imbrique plus de {depth} niveaux : lecture arrêtée.")
            yield event, element
    except DefusedXmlException as error:
        raise ReadingError(
            "Le document contient une DTD ou des entités : elles sont refusées, la suite n'est pas lue."
        ) from error
    except ParseError as error:
        line, column = error.position
        raise ReadingError(
            f"Le document XML est tronqué ou mal formé à la ligne {line}, colonne {column} : la suite n'est pas lue."
        ) from error
    except (ValueError, LookupError) as error:
        raise ReadingError("Le codage de caractères du document XML ne peut pas être lu.") from error
