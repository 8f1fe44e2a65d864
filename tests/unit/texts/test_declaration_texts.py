"""How declarations are said in French."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from agent.domain.declaration import Bearer, Declaration, Field, FieldType, Value
from agent.domain.declaration_outcome import Warn
from agent.texts import declaration as texts
from config.fact_kinds import fact_kinds
from config.programme_files import load_programme

KINDS = fact_kinds()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (True, "oui"), (False, "non"), (date(2026, 8, 1), "1er août 2026"), (2023, "2023"), (43, "43"),
        (Decimal("1250000.5"), "1\u202f250\u202f000,5"), (("chu", "ch"), "chu, ch"), ("ANS", "ANS"),
    ],
    ids=str,
)  # fmt: skip
def test_a_value_is_written_as_french_people_do(said: Value, shown: str) -> None:
    assert texts.value(said) == shown


@pytest.mark.parametrize(
    ("fact", "subjects", "shown"),
    [
        ("osis", (), "tous les établissements"), ("governance", (), "le candidat"), ("osis", ("chu", "x"), "CHU, x"),
        ("pinned_reading", ("D1BIS_2026/mean_cmp",), "D1BIS_2026 : mean_cmp"),
    ],
)  # fmt: skip
def test_whom_a_declaration_is_about(fact: str, subjects: tuple[str, ...], shown: str) -> None:
    one = Declaration(id="1", fact=fact, subjects=subjects, values={}, person="A", on=date(2026, 5, 3))

    assert texts.subjects(one, KINDS[fact], {"chu": "CHU"}) == shown


@pytest.mark.parametrize("code", [*Warn])
def test_every_warning_has_its_words(code: Warn) -> None:
    assert texts.warning(code)


def test_the_readings_of_a_programme_are_listed_with_what_each_value_says() -> None:
    said = list(texts.readings([load_programme("D1BIS_2026"), load_programme("D1_2024")]))

    assert said[0] == "Interprétations de D1BIS_2026 (--programme D1BIS_2026 --reading NOM --set value=VALEUR) :"
    assert said[said.index("  mean_cmp : 60 jours exactement en moyenne") :][1:3] == [
        "    lt : non, strictement moins", "    le : oui",
    ]  # fmt: skip
    assert any(line.startswith("    true : ") for line in said)
    assert any(line.startswith("Interprétations de D1_2024") for line in said)
    assert sum(line.startswith("  mean_cmp :") for line in said) == 1


@pytest.mark.parametrize("bearer", [*Bearer])
def test_every_kind_says_what_it_is_about(bearer: Bearer) -> None:
    assert any(texts.about(kind) for kind in KINDS.values() if kind.bearer is bearer)


@pytest.mark.parametrize("kind", [*FieldType])
def test_every_type_says_what_it_takes(kind: FieldType) -> None:
    choices = ("crrc", "grades") if kind in (FieldType.CHOICE, FieldType.CHOICES) else ()

    said = texts.expected(Field(name="f", type=kind, label="Un champ", choices=choices))

    assert all(choice in said for choice in choices) if choices else said
