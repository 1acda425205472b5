"""Executions as columns that read like a list of BacktestFill: a run over the whole market has 100,000s."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.backtest import BacktestFill
from kis_terminal.domain.orders import Side

_SIDES = (Side.BUY, Side.SELL)


@dataclass(frozen=True, eq=False)
class FillTable(Sequence[BacktestFill]):
    """`(k,)` columns in the order of execution."""

    symbols: Sequence[str]
    reasons: Sequence[str]
    place: NDArray[np.int32]
    """Of the symbol in `symbols`."""
    time: NDArray[np.int64]
    side: NDArray[np.int8]
    """0 buy, 1 sale."""
    reason: NDArray[np.int8]
    price: NDArray[np.float64]
    quantity: NDArray[np.int64]
    commission: NDArray[np.float64]
    tax: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.place)

    @overload
    def __getitem__(self, index: int) -> BacktestFill: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[BacktestFill]: ...
    def __getitem__(self, index: int | slice) -> BacktestFill | Sequence[BacktestFill]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        return BacktestFill(
            symbol=self.symbols[self.place[index]],
            time=int(self.time[index]),
            side=_SIDES[self.side[index]],
            price=float(self.price[index]),
            quantity=int(self.quantity[index]),
            commission=float(self.commission[index]),
            tax=float(self.tax[index]),
            reason=self.reasons[self.reason[index]],
        )

    def __iter__(self) -> Iterator[BacktestFill]:
        symbols, reasons = self.symbols, self.reasons
        columns = (self.place, self.time, self.side, self.price, self.quantity)
        costs = (self.commission, self.tax, self.reason)
        for place, time, side, price, quantity, commission, tax, reason in zip(
            *(column.tolist() for column in (*columns, *costs)), strict=True
        ):
            yield BacktestFill(
                symbols[place], time, _SIDES[side], price, quantity, commission, tax, reasons[reason]
            )
