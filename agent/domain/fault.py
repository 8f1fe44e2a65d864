"""What is wrong with what people write: a code and its values; the words are those of the surface (agent/texts)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class What(StrEnum):
    """What is wrong; the values of each are those that its words name (agent/texts/faults.py)."""

    # A day
    NOT_A_DAY = "not_a_day"
    SHORT_YEAR = "short_year"
    NO_SUCH_DAY = "no_such_day"
    IMPOSSIBLE_YEAR = "impossible_year"
    TO_COME = "to_come"
    # A number
    AMBIGUOUS_AMOUNT = "ambiguous_amount"
    LONG_FRACTION = "long_fraction"
    NOT_AN_AMOUNT = "not_an_amount"
    NOT_A_NUMBER = "not_a_number"
    FOREIGN_CURRENCY = "foreign_currency"
    EXCESSIVE = "excessive"
    NOT_WHOLE = "not_whole"
    NEGATIVE = "negative"
    TOO_LARGE = "too_large"
    PART_OVER_WHOLE = "part_over_whole"
    # A text, a choice, a list
    NOT_A_TEXT = "not_a_text"
    EMPTY_TEXT = "empty_text"
    LONG_TEXT = "long_text"
    COMMAND_SIGNS = "command_signs"
    PRIVATE_KEY = "private_key"
    ONE_VALUE = "one_value"
    EMPTY_LIST = "empty_list"
    LONG_LIST = "long_list"
    NOT_A_CHOICE = "not_a_choice"
    NOT_YES_NO = "not_yes_no"
    # What is declared, and about whom
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_FIELD = "unknown_field"
    FIELD_REQUIRED = "field_required"
    SAYS_NOTHING = "says_nothing"
    UNKNOWN_ID = "unknown_id"
    UNKNOWN_AUDIT = "unknown_audit"
    NO_SURFACE = "no_surface"
    ABOUT_ANOTHER = "about_another"
    ESTABLISHMENTS_REQUIRED = "establishments_required"
    DIRECTORY_REQUIRED = "directory_required"
    NOT_ENTRA_ONLY = "not_entra_only"
    FINDING_REQUIRED = "finding_required"
    UNKNOWN_FINDING = "unknown_finding"
    UNKNOWN_PROGRAMME = "unknown_programme"
    PROGRAMME_REQUIRED = "programme_required"
    READING_REQUIRED = "reading_required"
    UNKNOWN_READING = "unknown_reading"
    NOT_ADMITTED = "not_admitted"
    SAID_TWICE = "said_twice"
    # Its files
    FILE_REQUIRED = "file_required"
    NO_PATH = "no_path"
    NO_FILES = "no_files"
    UNKNOWN_SLOT = "unknown_slot"
    SLOT_REQUIRED = "slot_required"


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One fault. Of its values, `known` are the words one of which may have been meant instead of `written`.

    `near` is the one that was, when it is not near by its letters; `of` the label of the field at fault.
    """

    what: What
    values: Mapping[str, object]


class FaultError(ValueError):
    """What somebody wrote cannot be used."""

    def __init__(self, what: What, **values: object) -> None:
        super().__init__(what.value)
        self.fault = Fault(what, values)
