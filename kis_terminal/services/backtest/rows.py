"""Rows of numbers over each series' bars that conditions compare, and their addresses for compiled code."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.strategy.model import (
    Arithmetic,
    BoundIndicator,
    BoundStrategy,
    IndicatorLine,
    Operand,
    ParamRef,
    PriceField,
    ScalarStep,
)
from kis_terminal.services.backtest.averages import average_all
from kis_terminal.services.backtest.lines import LineBook
from kis_terminal.services.backtest.market import TradedSeries
from kis_terminal.services.backtest.rule_program import Averages

Numbers = NDArray[np.float64]
_FIELDS = (PriceField.OPEN, PriceField.HIGH, PriceField.LOW, PriceField.CLOSE, PriceField.VOLUME)
_VALUE_BYTES = 8
_MANY_SERIES = 8
"""From here on averages of all series are computed at once."""


class RowBook:
    """Keeps each row once for all series, under a number."""

    def __init__(self, series: Sequence[TradedSeries], benchmark: BarColumns | None = None) -> None:
        self._series = series
        self._benchmark = benchmark
        self._books: dict[int, LineBook] = {}
        self._numbers: dict[Hashable, int] = {}
        self._rows: list[Sequence[Numbers]] = []
        self._addresses: list[NDArray[np.int64]] = []
        self._averaged: dict[int, _Averaged] = {}
        self._sizes = np.array([len(one.bars) for one in series], dtype=np.int64)
        self._begins = np.concatenate(([0], np.cumsum(self._sizes)))
        self.columns_at = np.array([address_of(one.bars.columns) for one in series], dtype=np.int64)
        """`(series,)`: where each series' columns begin."""
        self.strides = np.array([one.bars.columns.strides[0] for one in series], dtype=np.int64)
        """`(series,)`: bytes from one of its columns to the next."""

    @property
    def values(self) -> int:
        """Return how many numbers all rows hold."""
        return int(self._begins[-1]) * len(self._numbers)

    def addresses(self) -> NDArray[np.int64]:
        """Return `(series, rows)`; they hold as long as this book."""
        for number, rows in self._averaged.items():
            self._addresses[number] = rows.addresses()
        return self._known_addresses()

    def addresses_and_averages(self) -> tuple[NDArray[np.int64], Averages]:
        """Return the same, 0 for plain averages, and what they would be averages of."""
        known = self._averaged
        sources = [rows.sources for rows in known.values()]
        averages = Averages(
            np.array(list(known), dtype=np.int64),
            np.array([rows.period for rows in known.values()], dtype=np.int64),
            np.array(sources, dtype=np.int64).reshape(len(known), len(self._series)),
        )
        return self._known_addresses(), averages

    def _known_addresses(self) -> NDArray[np.int64]:
        if not self._addresses:
            return np.zeros((len(self._series), 0), dtype=np.int64)
        return np.ascontiguousarray(np.stack(self._addresses, axis=1))

    def operand(self, rules: BoundStrategy, operand: Operand, scalar: ScalarStep | None = None) -> int:
        """Return the row of one side of a comparison."""
        if scalar is not None:
            plain = self.operand(rules, operand)
            return self._row(
                (plain, scalar.operation, scalar.value),
                lambda: [_scaled(row, scalar) for row in self._rows[plain]],
            )
        if isinstance(operand, ParamRef):
            raise ValueError(f"${operand.name} was not bound")
        if isinstance(operand, PriceField):
            return self._field(operand)
        if isinstance(operand, IndicatorLine):
            use = next(use for use in rules.indicators if use.alias == operand.alias)
            return self._line(use, operand.line)
        return self.constant(float(operand))

    def constant(self, value: float) -> int:
        """Return the row that is `value` throughout: one for all series."""
        longest = np.full(int(self._sizes.max(initial=0)), value)
        return self._row(("constant", value), lambda: [longest[:size] for size in self._sizes.tolist()])

    def pattern(self, identifier: str) -> int:
        """Return the row of a candlestick pattern."""
        return self._row(
            ("pattern", identifier),
            lambda: [self._book(place).pattern(identifier) for place in range(len(self._series))],
        )

    def _field(self, field: PriceField) -> int:
        column = _FIELDS.index(field)
        at = self.columns_at + column * self.strides
        return self._row(field, lambda: [one.bars.columns[column] for one in self._series], at)

    def _line(self, use: BoundIndicator, line: str) -> int:
        key = (use.id, tuple(sorted(use.params.items())), use.shift, use.source, line)
        if key in self._numbers:
            return self._numbers[key]
        is_average = use.id == "sma" and use.shift == 0 and len(self._series) >= _MANY_SERIES
        if not is_average:
            return self._row(
                key, lambda: [self._book(place).of(use, line) for place in range(len(self._series))]
            )
        source = self.columns_at + _FIELDS.index(use.source) * self.strides
        rows = _Averaged(source, self._begins, int(use.params["period"]))
        number = self._row(key, lambda: rows, np.zeros(len(self._series), dtype=np.int64))
        self._averaged[number] = rows
        return number

    def _row(
        self,
        key: Hashable,
        made: Callable[[], Sequence[Numbers]],
        at: NDArray[np.int64] | None = None,
    ) -> int:
        number = self._numbers.get(key)
        if number is not None:
            return number
        rows = made()
        if at is None:
            rows = [np.ascontiguousarray(row, dtype=np.float64) for row in rows]
            at = np.array([address_of(row) for row in rows], dtype=np.int64)
        self._rows.append(rows)
        self._addresses.append(at)
        self._numbers[key] = len(self._rows) - 1
        return len(self._rows) - 1

    def _book(self, place: int) -> LineBook:
        book = self._books.get(place)
        if book is None:
            book = self._books[place] = LineBook(self._series[place].bars, self._benchmark)
        return book


class _Averaged(Sequence[Numbers]):
    """Averages of all series in one block, made when first asked for and cut out."""

    def __init__(self, sources: NDArray[np.int64], begins: NDArray[np.int64], period: int) -> None:
        self.sources = sources
        self.period = period
        self._begins = begins
        self._block: Numbers | None = None

    def addresses(self) -> NDArray[np.int64]:
        """Return `(series,)`; they hold as long as this object."""
        block, sizes = self._block, np.diff(self._begins)
        if block is not None:
            return address_of(block) + self._begins[:-1] * _VALUE_BYTES
        block = self._block = np.empty(int(self._begins[-1]))
        results: NDArray[np.int64] = address_of(block) + self._begins[:-1] * _VALUE_BYTES
        average_all(self.sources, sizes, self.period, results)
        return results

    def __len__(self) -> int:
        return len(self._begins) - 1

    def __getitem__(self, place: int) -> Numbers:  # type: ignore[override]
        if place >= len(self):
            raise IndexError(place)
        self.addresses()
        assert self._block is not None  # noqa: S101 - just made
        return self._block[self._begins[place] : self._begins[place + 1]]


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
