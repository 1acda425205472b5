"""Which combinations of parameters a sweep tries, and in which order."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.sweeps import ParameterRange, SweepKind, SweepRequest

Combination = tuple[Parameter, ...]
"""A value for each range of the sweep, in the order of the ranges."""
MOST = 1_000_000
"""Combinations that one sweep may try."""


def chosen(request: SweepRequest) -> list[Combination]:
    """Return the combinations of a grid (the last range turns fastest) or a seeded draw out of it.

    A draw takes no combination twice. Raises CorrectionNeeded for ranges that cannot be swept.
    """
    refuse_nonsense(request)
    if request.kind is SweepKind.GRID:
        return list(itertools.product(*(one.values for one in request.ranges)))
    count = size_of(request.ranges)
    places = random.Random(request.seed).sample(range(count), min(request.samples, count))
    return [at_place(request.ranges, place) for place in places]


def refuse_nonsense(request: SweepRequest) -> None:
    """Raise CorrectionNeeded where the ranges, or how many of their combinations are asked for, are wrong."""
    names = [one.name for one in request.ranges]
    if not names:
        raise CorrectionNeeded(Sentence("탐색할 매개변수가 없습니다. 범위를 하나 이상 정하십시오."))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CorrectionNeeded(Sentence("매개변수 범위가 두 번 있습니다: {names}", names=", ".join(twice)))
    empty = [one.name for one in request.ranges if not one.values]
    if empty:
        raise CorrectionNeeded(Sentence("매개변수 범위에 값이 없습니다: {names}", names=", ".join(empty)))
    tried = size_of(request.ranges) if request.kind is SweepKind.GRID else request.samples
    if not 1 <= tried <= MOST:
        raise CorrectionNeeded(
            Sentence(
                "조합이 {count:,}개입니다. 1개 이상 {most:,}개 이하로 범위를 정하십시오.",
                count=tried,
                most=MOST,
            )
        )


def size_of(ranges: Sequence[ParameterRange]) -> int:
    """Return how many combinations there are."""
    return math.prod(len(one.values) for one in ranges)


def at_place(ranges: Sequence[ParameterRange], place: int) -> Combination:
    """Return a combination by its place in the grid."""
    values: list[Parameter] = []
    for one in reversed(ranges):
        place, digit = divmod(place, len(one.values))
        values.append(one.values[digit])
    return tuple(reversed(values))


def chunks_of(combinations: Sequence[Combination], size: int) -> Iterator[Sequence[Combination]]:
    """Return runs of at most `size` combinations."""
    for begin in range(0, len(combinations), size):
        yield combinations[begin : begin + size]
