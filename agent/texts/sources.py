"""How a source is cited: « D1bis, Q/R 3.9 et 3.16 »."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from agent.texts.words import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.domain.programme import Source

BY_ANALOGY = "par analogie"
_QUESTION = "Q/R "


def cited(sources: Sequence[Source]) -> str:
    """Return the sources in one phrase, questions of one document together; what is inferred is said so."""
    return " ; ".join(
        _of_document(document, [one.question for one in group], is_inferred=is_inferred)
        for (document, is_inferred), group in groupby(sources, key=lambda one: (one.document, one.inferred))
    )


def _of_document(document: str, questions: Sequence[str], *, is_inferred: bool) -> str:
    if all(one.startswith(_QUESTION) for one in questions):
        said = _QUESTION + listed([one.removeprefix(_QUESTION) for one in questions])
    else:
        said = listed(questions)
    return f"{document}, {said}{f', {BY_ANALOGY}' if is_inferred else ''}"
