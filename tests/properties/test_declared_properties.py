"""What saying more, or saying it in another order, may do to the declared objectives, over generated declarations."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.declaration import Bearer, Declaration, FactKind, Field, FieldType, Value
from agent.domain.declared import DeclaredAssessment
from agent.domain.verdict import Entry
from config.fact_kinds import fact_kinds
from tests.unit.domain.declared_cases import BIS, OLD, P3, establishments, judged

many = settings()
PROGRAMMES = (BIS, OLD, P3)
TYPES = ("GHT", "PUBLIC_HORS_GHT", "PRIVE")
RANK = {"met": 0, "not_applicable": 0, "at_risk": 1, "not_met": 2}
# Choosing an optional objective is taking it on: it has to be met like the others (AMB-35).
CHOICE = "p3_choice"
# What the candidate is, not what it did: known, it may rule a way out for good, or move the day that others count from.
WHAT_ONE_IS = {"eligibility", "application"}
KINDS = {
    name: kind
    for name, kind in fact_kinds().items()
    if kind.bearer in {Bearer.CANDIDATE, Bearer.ESTABLISHMENT}
    and name not in {CHOICE, "financial_statement", "planned"}
}
OF_ONE_WORD = [kind for kind in KINDS.values() if not kind.several]
OF_SEVERAL = [kind for kind in KINDS.values() if kind.several]
DAYS = tuple(date(2023, 1, 1) + timedelta(days=count) for count in range(0, 1700, 17))
EDGES = (
    date(2024, 2, 29),
    date(2024, 12, 31),
    date(2025, 1, 1),
    date(2026, 3, 31),
    date(2027, 3, 1),
    date(2027, 7, 30),
)


def good_value(field: Field) -> Value:
    """What the conditions mostly hope for."""
    match field.type:
        case FieldType.YES_NO:
            return True
        case FieldType.DAY:
            return date(2026, 6, 1)
        case FieldType.WHOLE:
            return 2023 if field.name == "year" else 43
        case FieldType.DECIMAL:
            return Decimal(1_000_000)
        case FieldType.CHOICE:
            return field.choices[0]
        case FieldType.CHOICES:
            return tuple(sorted(field.choices))
        case FieldType.TEXTS:
            return ("E1", "E2", "DUI")
        case _:
            return "texte"


def value_of(draw: st.DrawFn, field: Field) -> Value:
    match field.type:
        case FieldType.YES_NO:
            return draw(st.sampled_from([True, True, False]))
        case FieldType.DAY:
            return draw(st.sampled_from([*DAYS, *EDGES]))
        case FieldType.WHOLE:
            return draw(st.sampled_from([0, 1, 2, 3, 42, 43, 2023]))
        case FieldType.DECIMAL:
            return draw(st.sampled_from([Decimal(0), Decimal("12.5"), Decimal(1_000_000)]))
        case FieldType.CHOICE:
            return draw(st.sampled_from(field.choices))
        case FieldType.CHOICES:
            return tuple(sorted(draw(st.sets(st.sampled_from(field.choices), min_size=1))))
        case FieldType.TEXTS:
            return tuple(draw(st.lists(st.sampled_from(["E1", "E2", "DUI"]), min_size=1, unique=True)))
        case _:
            return "texte"


@st.composite
def declared(draw: st.DrawFn, kinds: Sequence[FactKind], rank: int) -> Declaration:
    """One declaration of a kind, any of its fields and files said."""
    kind = draw(st.sampled_from(kinds))
    subjects = draw(st.sampled_from([(), ("E1",), ("E2",), ("E1", "E2")]))
    careful = draw(st.integers(0, 2)) > 0
    return Declaration(
        id=f"d{rank:06}",
        fact=kind.id,
        subjects=subjects if kind.bearer is Bearer.ESTABLISHMENT else (),
        values={
            one.name: good_value(one) if careful else value_of(draw, one)
            for one in kind.fields
            if careful or draw(st.integers(0, 3))
        },
        person="Camille Martin",
        on=date(2026, 6, 1),
        evidence={slot.name: ("file",) for slot in kind.slots if careful or draw(st.booleans())},
    )


@st.composite
def situations(draw: st.DrawFn) -> dict[str, Any]:
    """A programme, a kind of candidate, a day, and what `judged` takes besides."""
    programme = draw(st.sampled_from(PROGRAMMES))
    first = date(2024, 4, 1) if programme == OLD else date(2026, 3, 31)
    return {
        "programme": programme,
        "type": draw(st.sampled_from(TYPES)),
        "as_of": first + timedelta(days=draw(st.integers(0, 420))),
        "of": establishments(draw(st.sampled_from([0, 60, 90])), draw(st.sampled_from([0, 40]))),
    }


@st.composite
def histories(draw: st.DrawFn) -> list[Declaration]:
    """A few declarations, or one of each kind: of an optional objective nothing is asked until it is chosen."""
    if draw(st.integers(0, 2)) == 0:
        return [draw(declared([kind], rank)) for rank, kind in enumerate([*KINDS.values(), fact_kinds()[CHOICE]])]
    return [draw(declared(list(KINDS.values()), rank)) for rank in range(draw(st.integers(0, 8)))]


def entries(found: DeclaredAssessment) -> Iterator[tuple[tuple[str, ...], Entry]]:
    for name, one in {**found.objectives, **found.prerequisites}.items():
        yield (name, "candidate"), one.candidate
        for level, some in (("establishments", one.establishments), ("units", one.units)):
            yield from (((name, level, unit), entry) for unit, entry in some.items())


def worsened(before: DeclaredAssessment, after: DeclaredAssessment) -> list[tuple[tuple[str, ...], str, str]]:
    """Return what got worse; an entity outside a GHT is one unit, or its parts once people speak of each."""
    new = dict(entries(after))
    return [
        (place, old.verdict.value, new[place].verdict.value)
        for place, old in entries(before)
        if (place in new or place[1] != "units") and RANK[new[place].verdict.value] > RANK[old.verdict.value]
    ]


def as_bytes(found: DeclaredAssessment) -> str:
    both = {"objectives": found.objectives, "prerequisites": found.prerequisites}
    return json.dumps({part: {name: one.as_json() for name, one in some.items()} for part, some in both.items()})


@many
@given(situations(), histories(), st.data())
def test_one_more_exercise_or_action_whatever_is_said_of_it_worsens_no_verdict(
    situation: dict[str, Any], history: list[Declaration], data: st.DataObject
) -> None:
    more = data.draw(declared(OF_SEVERAL, 900))

    assert worsened(judged(*history, **situation), judged(*history, more, **situation)) == []


@many
@given(situations(), histories(), st.data())
def test_a_first_word_on_what_nobody_had_declared_worsens_no_verdict(
    situation: dict[str, Any], history: list[Declaration], data: st.DataObject
) -> None:
    said = {one.fact for one in history}
    unsaid = [kind for kind in OF_ONE_WORD if kind.id not in {*said, *WHAT_ONE_IS}]
    if not unsaid:
        return
    more = data.draw(declared(unsaid, 900))

    assert worsened(judged(*history, **situation), judged(*history, more, **situation)) == []


@many
@given(situations(), histories(), st.randoms(use_true_random=False))
def test_the_order_of_declarations_of_different_facts_changes_no_byte(
    situation: dict[str, Any], history: list[Declaration], chance: random.Random
) -> None:
    facts = [one.fact for one in history]
    chance.shuffle(facts)
    waiting = {fact: [one for one in history if one.fact == fact] for fact in facts}
    mixed = [waiting[fact].pop(0) for fact in facts]

    assert as_bytes(judged(*mixed, **situation)) == as_bytes(judged(*history, **situation))


@many
@given(situations(), st.data(), st.randoms(use_true_random=False))
def test_the_order_of_exercises_and_actions_changes_no_verdict(
    situation: dict[str, Any], data: st.DataObject, chance: random.Random
) -> None:
    history = [data.draw(declared(OF_SEVERAL, rank)) for rank in range(data.draw(st.integers(0, 5)))]
    mixed = chance.sample(history, len(history))
    found, other = judged(*history, **situation), judged(*mixed, **situation)

    assert [entry.verdict for _, entry in entries(other)] == [entry.verdict for _, entry in entries(found)]


@many
@given(situations())
def test_silence_is_never_met(situation: dict[str, Any]) -> None:
    assert [place for place, entry in entries(judged(**situation)) if entry.verdict.value == "met"] == []
