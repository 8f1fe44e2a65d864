"""
What people write in a declaration, from text (or a TOML value) to typed values.

Days in ISO or French form, oui/non, decimal comma, spaces between thousands: what French people type is
understood, what could mean two things is refused. Every fault says in French what to write.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from agent.domain.declaration import FieldType
from agent.domain.wording import folded, nearest, yes_or_no
from agent.domain.written_amount import WrittenAmountError, possible_amount, read_amount
from agent.domain.written_day import WrittenDayError, possible_day, read_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agent.domain.declaration import Field, Value

LONGEST_TEXT = 2000
MOST_ITEMS = 1000
_LISTED = 16
_WHOLE = re.compile(r"[0-9]{1,15}|[0-9]{1,3}(?: [0-9]{3}){1,4}")
_SPACES = re.compile("[\u00a0\u2009\u202f\\s]+")
_SEPARATORS = re.compile(r"\s*[,;]\s*")
_SECRETS = re.compile(r"AGE-SECRET-KEY-1|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----", re.IGNORECASE)


NumberT = TypeVar("NumberT", int, Decimal)


class FaultError(ValueError):
    """A value that cannot be used; the text says in French what is expected."""


def parse_value(field: Field, written: object, *, today: date) -> Value:
    """
    Return what was written for a field: a text, several of them (a repeated option), or a TOML value.

    Raises FaultError. `today` bounds the days of what has already happened.
    """
    if field.type is FieldType.TEXTS:
        return _unique(_text(item) for item in _items(written))
    if field.type is FieldType.CHOICES:
        return _unique(_choice(field.choices, item) for item in _items(written))
    if isinstance(written, list | tuple):
        raise FaultError("une seule valeur est attendue")
    match field.type:
        case FieldType.YES_NO:
            return _yes_no(written)
        case FieldType.DAY:
            return _past(parse_day(written), today) if field.past else parse_day(written)
        case FieldType.WHOLE:
            return _at_most(field.most, _whole(written))
        case FieldType.DECIMAL:
            return _at_most(field.most, _decimal(written))
        case FieldType.CHOICE:
            return _choice(field.choices, written)
        case _:
            return _text(written)


def parse_day(written: object) -> date:
    """Return a day: 2026-03-14, 14/03/2026, 14 mars 2026 or a TOML date; raises FaultError."""
    try:
        if isinstance(written, date) and not isinstance(written, datetime):
            return possible_day(written)
        return read_day(_shown(written) if holds_secret(str(written)) else str(written))
    except WrittenDayError as error:
        raise FaultError(str(error)) from None


def expected(field: Field) -> str:
    """Return in French what a field takes."""
    match field.type:
        case FieldType.YES_NO:
            return "oui ou non"
        case FieldType.DAY:
            return "un jour"
        case FieldType.WHOLE:
            return "un nombre entier"
        case FieldType.DECIMAL:
            return "un nombre"
        case FieldType.CHOICE:
            return "au choix : " + ", ".join(field.choices)
        case FieldType.CHOICES:
            return "un ou plusieurs parmi : " + ", ".join(field.choices)
        case FieldType.TEXTS:
            return "une liste, séparée par des virgules"
        case _:
            return "un texte"


def plain_text(written: object, *, longest: int = LONGEST_TEXT) -> str:
    """Return a short text, trimmed, in composed form; raises FaultError for an empty, too long or unprintable one."""
    if not isinstance(written, str):
        raise FaultError("un texte est attendu")
    text = unicodedata.normalize("NFC", written).strip()
    if not text:
        raise FaultError("le texte est vide")
    if len(text) > longest:
        raise FaultError(f"le texte dépasse {longest} caractères")
    if any(unicodedata.category(sign) in {"Cc", "Cs", "Cn"} and sign not in "\n\t" for sign in text):
        raise FaultError("le texte porte des caractères de commande")
    if holds_secret(text):
        raise FaultError("c'est une clé privée : elle ne s'écrit jamais ici, considérez-la comme compromise")
    return text


def holds_secret(text: str) -> bool:
    """Return whether `text` holds a private key."""
    return _SECRETS.search(text) is not None


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return the end of a fault: what is known and near, else what is known as far as it is short."""
    words = [*known]
    near = nearest(word, words)
    if near:
        return f" ; vouliez-vous dire « {near} » ?"
    return " ; possibles : " + (", ".join(words) if words else "aucun") if len(words) <= _LISTED else ""


def _items(written: object) -> Sequence[object]:
    """Return the items of a list; one text is cut at its commas or semicolons, several stay as they are."""
    if isinstance(written, str):
        items: Sequence[object] = [part for part in _SEPARATORS.split(written.strip()) if part]
    elif isinstance(written, list | tuple):
        items = written
    else:
        items = [written]
    if not items:
        raise FaultError("la liste est vide")
    if len(items) > MOST_ITEMS:
        raise FaultError(f"la liste dépasse {MOST_ITEMS} éléments")
    return items


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


def _text(written: object) -> str:
    if isinstance(written, int) and not isinstance(written, bool):
        return str(written)
    return plain_text(written)


def _choice(choices: Sequence[str], written: object) -> str:
    text = plain_text(written)
    found = {folded(choice): choice for choice in choices}.get(folded(text))
    if found is None:
        raise FaultError(f"« {_shown(text)} » n'est pas un choix" + suggestion(text, choices))
    return found


def _yes_no(written: object) -> bool:
    if isinstance(written, bool):
        return written
    said = yes_or_no(written) if isinstance(written, str) else None
    if said is None:
        raise FaultError(f"« {_shown(written)} » : répondez par oui ou par non")
    return said


def _past(day: date, today: date) -> date:
    if day > today:
        raise FaultError(f"le {day:%d/%m/%Y} est à venir : ce champ dit ce qui a eu lieu")
    return day


def _whole(written: object) -> int:
    if isinstance(written, int) and not isinstance(written, bool):
        written = str(written)
    text = _SPACES.sub(" ", written).strip() if isinstance(written, str) else ""
    if not _WHOLE.fullmatch(text):
        raise FaultError(f"« {_shown(written)} » n'est pas un nombre entier positif ou nul : écrivez 43")
    return int(text.replace(" ", ""))


def _decimal(written: object) -> Decimal:
    try:
        if isinstance(written, int | float | Decimal) and not isinstance(written, bool):
            number = possible_amount(Decimal(str(written)))
        else:
            number = read_amount(_shown(written) if holds_secret(str(written)) else str(written))
    except WrittenAmountError as error:
        raise FaultError(f"{error}, sans unité") from None
    if number < 0:
        raise FaultError(f"« {_shown(written)} » est négatif : un nombre positif ou nul est attendu")
    return number.normalize() if number != number.to_integral() else number.quantize(Decimal(1))


def _at_most(most: int | None, number: NumberT) -> NumberT:
    if most is not None and number > most:
        raise FaultError(f"{number} est trop grand : {most} au plus")
    return number


def _shown(written: object) -> str:
    text = str(written)
    if holds_secret(text):
        return "une clé privée"
    return text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004
