"""What a person must settle is said in words, whatever the deposit and the field."""

from __future__ import annotations

import pytest

from agent.domain.live import CONFIRMED_FIELDS
from agent.texts import questions


@pytest.mark.parametrize("field", CONFIRMED_FIELDS)
def test_no_field_to_settle_is_shown_by_its_name(field: str) -> None:
    assert questions.field(field) != field


def test_several_fields_are_told_together() -> None:
    assert questions.left_open("exposure_audit", ("tool", "surfaces")) == (
        "rapport d'audit d'exposition, il reste à dire : l'outil de l'audit, les surfaces couvertes"
    )


def test_deposits_that_the_index_has_not_read_are_to_be_read_again() -> None:
    assert questions.left_open("facts", ("facts",)) == "que l'index n'a pas lus"
