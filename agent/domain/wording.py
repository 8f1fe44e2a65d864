"""Comparing what people type: case, accents and punctuation do not count."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

_YES = frozenset({"oui", "o", "x", "vrai", "yes", "true", "1"})
_NO = frozenset({"non", "n", "faux", "no", "false", "0"})


# A word is compared with another as far as a person types one.
_LONGEST_WORD = 64
_NEAR = 0.6


def folded(text: str) -> str:
    """Return `text` in lower case without accents, words separated by one space: for comparing headings and names."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return " ".join(re.findall(r"[a-z0-9]+", plain.lower()))


def holds_words(text: str, words: str) -> bool:
    """Return whether `text` holds `words` as whole words, in that order and side by side."""
    return f" {folded(words)} " in f" {folded(text)} "


def yes_or_no(text: str) -> bool | None:
    """Return what a one-word answer says, None when it is neither yes nor no."""
    word = text.strip().casefold()
    return word in _YES if word in _YES | _NO else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return which of the `known` words somebody meant who typed `word`, whatever its case; None when none is near."""
    by_fold = {one.casefold(): one for one in known}
    near = get_close_matches(word[:_LONGEST_WORD].casefold(), by_fold, n=1, cutoff=_NEAR)
    return by_fold[near[0]] if near else None
