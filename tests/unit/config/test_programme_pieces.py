"""The pieces of the programmes that ship: what they name exists, and each goes where its objective's do."""

from __future__ import annotations

import pytest

from agent.domain.programme import Channel, Origin, Piece, Programme
from config.fact_kinds import fact_kinds
from config.programme_files import load_programme, programme_ids


def pieces_of(programme: Programme) -> list[tuple[str, Piece]]:
    return [
        *((one.id, piece) for one in programme.objectives for piece in one.pieces),
        *((one.id, piece) for one in (*programme.declared, *programme.prerequisites) for piece in one.pieces),
        *((programme.id, piece) for piece in programme.pieces),
    ]


PIECES = [
    pytest.param(programme, objective, piece, id=f"{programme}-{objective}-{piece.id}")
    for programme in programme_ids()
    for objective, piece in pieces_of(load_programme(programme))
]


@pytest.mark.parametrize(("programme", "objective", "piece"), PIECES)
def test_what_a_piece_names_exists(programme: str, objective: str, piece: Piece) -> None:
    if piece.fact is None:
        assert piece.origin not in {Origin.DECLARATION, Origin.OSIS_ENTRY}
        return
    kind = fact_kinds()[piece.fact]
    fields = {field.name for field in kind.fields}
    assert not kind.programmes or programme in kind.programmes
    assert {*piece.when, *piece.unless, *([piece.dated_by] if piece.dated_by else [])} <= fields
    if piece.origin is Origin.DECLARATION:
        assert piece.slot in {slot.name for slot in kind.slots}


@pytest.mark.parametrize(("programme", "objective", "piece"), PIECES)
def test_a_missing_piece_says_what_to_type(programme: str, objective: str, piece: Piece) -> None:
    command = f"carenage declare {piece.fact}" if piece.fact else "carenage "
    assert command in piece.todo
    if piece.origin is Origin.DECLARATION:
        required = [field.name for field in fact_kinds()[piece.fact or ""].fields if field.required]
        assert [name for name in required if f"--set {name}=" not in piece.todo] == []
        assert f"--file {piece.slot}=FICHIER" in piece.todo


@pytest.mark.parametrize(("programme", "objective", "piece"), PIECES)
def test_a_piece_goes_where_its_objective_does(programme: str, objective: str, piece: Piece) -> None:
    if programme == "P3_2026":
        expected = {Channel.DESK}
    elif objective.startswith(("D1.O1", "D1.O2")):
        expected = {Channel.ZED}
    elif objective.startswith(("D1.O4", "D1.O5")):
        expected = {Channel.OSIS}
    else:
        expected = {Channel.ECARE, Channel.FINANCE_ZIP}
    assert piece.channel in expected


@pytest.mark.parametrize("programme", programme_ids())
def test_no_two_pieces_of_an_objective_share_an_id(programme: str) -> None:
    ids = [(objective, piece.id) for objective, piece in pieces_of(load_programme(programme))]

    assert len(ids) == len(set(ids))
