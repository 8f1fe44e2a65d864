from __future__ import annotations

from collections.abc import Mapping

import pytest

from agent.domain.programme import Test as ConditionTest
from agent.domain.rules import choice
from agent.domain.rules.outcome import Outcome, Reason, State, lost, recoverable, satisfied
from tests.unit.domain.declared_cases import DECLARATION, TODAY, asks, case, objective, said

CHOICE = objective(
    asks("agreed_with", ConditionTest.ONE_OF, ["crrc", "grades"]),
    rule="choice",
    parameters={
        "at_least": 3,
        "inseparable": ["E", "F", "G"],
        "offers": {letter: f"O4.{letter}" for letter in "ABCDEFGH"},
    },
)
MET = satisfied(None, as_of=TODAY, warn_days=15)
OPEN = recoverable(Reason.NOT_DECLARED, next_due=DECLARATION)
LOST = lost(Reason.CONDITION_NOT_MET)


def outcome(
    chosen: str,
    prior: str = "",
    *,
    reading: str = "all",
    proved: bool = True,
    lacking: Mapping[str, Outcome] | None = None,
) -> Outcome:
    declared = said(
        agreed_with="crrc", chosen=tuple(chosen), prior=tuple(prior), evidence=["prior_proof"] if proved else []
    )
    found = {f"O4.{letter}": (lacking or {}).get(letter, MET) for letter in "ABCDEFGH"}
    return choice.judge(case(declared, of=CHOICE, others=found, reading={"p3_engaged": reading})).outcome


@pytest.mark.parametrize(
    ("chosen", "prior", "valid"),
    [
        pytest.param("ABC", "", True, id="three"),
        pytest.param("AB", "", False, id="two"),
        pytest.param("EFG", "", True, id="the three of backups are three"),
        pytest.param("ABE", "", False, id="one of backups without the others"),
        pytest.param("ABE", "FG", True, id="one of backups, the others reached before"),
        pytest.param("AEFG", "EF", False, id="what was reached before does not count among the three"),
        pytest.param("ABGE", "F", True, id="two of backups, the third reached before"),
        pytest.param("ABCDEFGH", "", True, id="all of them"),
        pytest.param("", "", False, id="none"),
    ],
)
def test_a_choice_is_valid_with_three_objectives_and_backups_together(chosen: str, prior: str, valid: bool) -> None:
    found = outcome(chosen, prior)

    assert (Reason.CHOICE_INVALID not in found.reasons) is valid
    assert (found.state is State.SATISFIED) is valid


def test_what_was_reached_before_is_justified() -> None:
    assert outcome("ABE", "FG", proved=False).reasons == {Reason.PROOF_MISSING}


def test_the_choice_is_agreed_upon() -> None:
    declared = said(chosen=("A", "B", "C"))
    others = {f"O4.{letter}": MET for letter in "ABC"}

    assert choice.judge(case(declared, of=CHOICE, others=others)).outcome.reasons == {Reason.NOT_DECLARED}


def test_nothing_chosen_is_not_declared() -> None:
    assert choice.judge(case(of=CHOICE)).outcome == OPEN


@pytest.mark.parametrize(
    ("lacking", "every_one", "three"),
    [
        pytest.param({}, State.SATISFIED, State.SATISFIED, id="all four reached"),
        pytest.param({"D": OPEN}, State.RECOVERABLE, State.SATISFIED, id="three of four reached"),
        pytest.param({"D": LOST}, State.LOST, State.SATISFIED, id="one of four lost"),
        pytest.param({"C": OPEN, "D": LOST}, State.LOST, State.RECOVERABLE, id="two reached, one open, one lost"),
    ],
)
def test_every_engaged_objective_is_reached_or_three_of_them_as_the_text_is_read(
    lacking: dict[str, Outcome], every_one: State, three: State
) -> None:
    assert outcome("ABCD", reading="all", lacking=lacking).state is every_one
    assert outcome("ABCD", reading="three", lacking=lacking).state is three


@pytest.mark.parametrize(
    ("chosen", "prior", "lacking", "state"),
    [
        pytest.param("AEFG", "", "G", State.RECOVERABLE, id="two of backups are not apart from the third"),
        pytest.param("AEFG", "", "A", State.SATISFIED, id="the three of backups"),
        pytest.param("ABCEFG", "", "EFG", State.SATISFIED, id="three without backups"),
        pytest.param("ABEF", "G", "B", State.SATISFIED, id="two of backups with the third reached before, and one"),
        pytest.param("ABEF", "G", "F", State.RECOVERABLE, id="one of backups is not apart, with one reached before"),
        pytest.param("AB", "", "", State.RECOVERABLE, id="no valid choice at all"),
    ],
)
def test_the_three_that_are_reached_are_a_valid_choice_by_themselves(
    chosen: str, prior: str, lacking: str, state: State
) -> None:
    assert outcome(chosen, prior, reading="three", lacking=dict.fromkeys(lacking, OPEN)).state is state


def test_a_choice_names_the_objectives_it_engages() -> None:
    declared = said(chosen=("B", "A", "E", "Z"), prior=("E",))

    assert choice.engaged_by(CHOICE, declared) == ("O4.A", "O4.B")
    assert choice.engaged_by(CHOICE, said()) == ()
