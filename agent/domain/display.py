"""Showing other people's text: names and titles from files, made harmless for a terminal or a log."""

from __future__ import annotations

import unicodedata

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def printable(text: str, *, longest: int = 120) -> str:
    """
    Return `text` on one line: control, bidirectional and unassigned characters become `·`, the middle is cut.

    Accents stay; bytes that were not UTF-8 (surrogates) become `·` too.
    """
    shown = "".join("·" if unicodedata.category(sign)[0] == "C" or sign in "\u2028\u2029" else sign for sign in text)
    if len(shown) <= longest:
        return shown
    half = (longest - 1) // 2
    return f"{shown[:half]}…{shown[-half:]}"


def inert_cell(text: str) -> str:
    """Return `text` so that a spreadsheet shows it and never runs it as a formula."""
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text
