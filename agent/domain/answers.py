"""What a question is answered under the readings of the texts: each distinct sub-question is asked once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, product
from typing import Generic, TypeVar

from agent.domain.programme import ReadingValue
from agent.domain.rules.outcome import Reading

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")

Admissible = Mapping[str, Sequence[ReadingValue]]
"""The values of each reading that an objective admits."""
Axis = tuple[str, tuple[ReadingValue, ...]]
"""A reading's name and the values it may take."""

_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Answers(Generic[T_co]):
    """
    The answers to one question, and the readings they depend on.

    `distinct` holds each answer once (answers are hashable). `ranks` says which one holds under each combination
    of the `axes`, the last reading varying fastest; a reading that changes no answer is no axis.
    """

    axes: tuple[Axis, ...]
    ranks: tuple[int, ...]
    distinct: tuple[T_co, ...]

    @property
    def contested(self) -> tuple[str, ...]:
        """The names of the readings that make a difference, sorted."""
        return tuple(sorted(name for name, _ in self.axes))

    def under(self, reading: Reading) -> T_co:
        """Return the answer under one reading."""
        place = 0
        for name, values in self.axes:
            place = place * len(values) + values.index(reading[name])
        return self.distinct[self.ranks[place]]

    def map(self, question: Callable[[T_co], U]) -> Answers[U]:
        """Return what `question` makes of each distinct answer."""
        if len(self.distinct) == 1:
            return always(question(self.distinct[0]))
        return _once_each(self.axes, self.ranks, [question(answer) for answer in self.distinct])

    def then(self, question: Callable[[T_co], Answers[U]]) -> Answers[U]:
        """Return the answers to a further question, asked of each distinct answer."""
        if len(self.distinct) == 1:
            return question(self.distinct[0])
        further = [question(answer) for answer in self.distinct]
        axes = _union([self.axes, *(one.axes for one in further)])
        starts = [0, *accumulate(len(one.distinct) for one in further)]
        columns = [one.over(axes) for one in further]
        used: dict[int, int] = {}
        chosen = [starts[rank] + columns[rank][place] for place, rank in enumerate(self.over(axes))]
        ranks = [used.setdefault(place, len(used)) for place in chosen]
        every = [answer for one in further for answer in one.distinct]
        return _once_each(axes, ranks, [every[place] for place in used])

    def over(self, axes: tuple[Axis, ...]) -> Sequence[int]:
        """Return `ranks` over the combinations of more axes."""
        if self.axes == axes:
            return self.ranks
        return [self.ranks[place] for place in _places(self.axes, axes)]


def always(answer: T) -> Answers[T]:
    """Return one answer that depends on no reading."""
    return Answers((), (0,), (answer,))


def ask(admissible: Admissible, names: Iterable[str], question: Callable[[Reading], T]) -> Answers[T]:
    """Ask a question once for each combination of the readings `names` that bear on it (absent ones are left out)."""
    axes = tuple((name, tuple(admissible[name])) for name in sorted(names) if name in admissible)
    return listed(axes, [question(reading) for reading in _combinations(axes)])


def listed(axes: Iterable[Axis], answers: Sequence[T]) -> Answers[T]:
    """Return answers given in the order of the product of the `axes`, the last one varying fastest."""
    return _once_each(tuple(axes), tuple(range(len(answers))), answers)


def together(several: Sequence[Answers[T]]) -> Answers[tuple[T, ...]]:
    """Return the answers to several questions side by side, each distinct row of them once."""
    if len(several) == 1:
        return several[0].map(lambda answer: (answer,))
    if not several:
        return always(())
    axes = _union([one.axes for one in several])
    rows: dict[tuple[int, ...], int] = {}
    ranks = [rows.setdefault(row, len(rows)) for row in zip(*(one.over(axes) for one in several), strict=True)]
    distinct = [tuple([one.distinct[rank] for one, rank in zip(several, row, strict=True)]) for row in rows]
    return Answers(*_necessary(axes, tuple(ranks)), tuple(distinct))


def _once_each(axes: tuple[Axis, ...], ranks: Sequence[int], answers: Iterable[T]) -> Answers[T]:
    """Return `answers`, chosen by `ranks`, with those that are equal made one."""
    places: dict[T, int] = {}
    merged = [places.setdefault(answer, len(places)) for answer in answers]
    if len(places) == 1:
        return Answers((), (0,), tuple(places))
    return Answers(*_necessary(axes, tuple([merged[rank] for rank in ranks])), tuple(places))


def _union(several: Iterable[tuple[Axis, ...]]) -> tuple[Axis, ...]:
    """Return all axes, by name: the order in which answers are put together."""
    distinct = set(several)
    return distinct.pop() if len(distinct) == 1 else tuple(sorted({axis for axes in distinct for axis in axes}))


@lru_cache(maxsize=_REMEMBERED)
def _combinations(axes: tuple[Axis, ...]) -> tuple[Reading, ...]:
    names = [name for name, _ in axes]
    return tuple(dict(zip(names, values, strict=True)) for values in product(*(values for _, values in axes)))


@lru_cache(maxsize=_REMEMBERED)
def _places(axes: tuple[Axis, ...], wider: tuple[Axis, ...]) -> tuple[int, ...]:
    """Return, for each combination of `wider`, the place of the same one among the combinations of `axes`."""
    places = {tuple(one.items()): place for place, one in enumerate(_combinations(axes))}
    return tuple(places[tuple((name, one[name]) for name, _ in axes)] for one in _combinations(wider))


@lru_cache(maxsize=_REMEMBERED)
def _necessary(axes: tuple[Axis, ...], ranks: tuple[int, ...]) -> tuple[tuple[Axis, ...], tuple[int, ...]]:
    """Return the axes and the ranks without the readings that never change the rank."""
    kept: list[Axis] = []
    before = 1
    for axis in axes:
        count = len(axis[1])
        after = len(ranks) // (before * count)
        by_value = [
            tuple(ranks[(outer * count + value) * after + inner] for outer in range(before) for inner in range(after))
            for value in range(count)
        ]
        if all(one == by_value[0] for one in by_value):
            ranks = by_value[0]
        else:
            kept.append(axis)
            before *= count
    return tuple(kept), ranks
