"""Rows of numbers over each series' bars that conditions compare, and their addresses for compiled code."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.strategy.model import (
    Arithmetic,
    BoundStrategy,
    IndicatorLine,
    Operand,
    ParamRef,
    PriceField,
    ScalarStep,
)
from kis_terminal.services.backtest.lines import LineBook
from kis_terminal.services.backtest.market import TradedSeries

Numbers = NDArray[np.float64]


class RowBook:
    """Keeps each row once for all series, under a number."""

    def __init__(self, series: Sequence[TradedSeries], benchmark: BarColumns | None = None) -> None:
        self._series = series
        self._books = [LineBook(one.bars, benchmark) for one in series]
        self._numbers: dict[Hashable, int] = {}
        self._rows: list[list[Numbers]] = [[] for _ in series]
        self._addresses: list[list[int]] = [[] for _ in series]

    @property
    def values(self) -> int:
        """Return how many numbers all rows hold."""
        return sum(len(one.bars) for one in self._series) * len(self._numbers)

    def addresses(self) -> NDArray[np.int64]:
        """Return `(series, rows)`; they hold as long as this book."""
        return np.array(self._addresses, dtype=np.int64).reshape(len(self._series), len(self._numbers))

    def operand(self, rules: BoundStrategy, operand: Operand, scalar: ScalarStep | None = None) -> int:
        """Return the row of one side of a comparison."""
        if scalar is not None:
            plain = self.operand(rules, operand)
            after = (plain, scalar.operation, scalar.value)
            return self._row(after, lambda place: _scaled(self._rows[place][plain], scalar))
        if isinstance(operand, ParamRef):
            raise ValueError(f"${operand.name} was not bound")
        if isinstance(operand, PriceField):
            return self._row(operand, lambda place: getattr(self._series[place].bars, operand.value))
        if isinstance(operand, IndicatorLine):
            use = next(use for use in rules.indicators if use.alias == operand.alias)
            key = (use.id, tuple(sorted(use.params.items())), use.shift, use.source, operand.line)
            return self._row(key, lambda place: self._books[place].of(use, operand.line))
        return self.constant(float(operand))

    def constant(self, value: float) -> int:
        """Return the row that is `value` throughout."""
        return self._row(("constant", value), lambda place: np.full(len(self._series[place].bars), value))

    def pattern(self, identifier: str) -> int:
        """Return the row of a candlestick pattern."""
        return self._row(("pattern", identifier), lambda place: self._books[place].pattern(identifier))

    def _row(self, key: Hashable, made: Callable[[int], Numbers]) -> int:
        number = self._numbers.get(key)
        if number is not None:
            return number
        rows = [np.ascontiguousarray(made(place), dtype=np.float64) for place in range(len(self._series))]
        for place, row in enumerate(rows):
            self._rows[place].append(row)
            self._addresses[place].append(address_of(row))
        self._numbers[key] = len(self._numbers)
        return len(self._numbers) - 1


def address_of(row: Numbers) -> int:
    """Return where an array's values begin."""
    address: int = row.__array_interface__["data"][0]  # four times as fast as row.ctypes.data
    return address


def _scaled(row: Numbers, scalar: ScalarStep) -> Numbers:
    if scalar.operation is Arithmetic.ADD:
        return row + scalar.value
    if scalar.operation is Arithmetic.SUB:
        return row - scalar.value
    if scalar.operation is Arithmetic.MUL:
        return row * scalar.value
    return row / scalar.value if scalar.value else row * float("nan")
