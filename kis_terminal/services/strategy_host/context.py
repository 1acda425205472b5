"""The StrategyContext of a strategy in the market: bars that grow, an account that the window tells."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_columns import BarColumns, Product, SeriesKey
from kis_terminal.domain.bars import FIELDS
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.market import Interval
from kis_terminal.domain.orders import Side
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Holding, Parameter
from kis_terminal.domain.strategy.host_messages import Intent
from kis_terminal.services.backtest.context import held_after
from kis_terminal.services.backtest.fills import target_shares, wanted_shares
from kis_terminal.services.backtest.lines import LineBook

NOTHING = Holding(0, 0.0)
_MOST_BARS = 5_000
_TRIMMED_BARS = 4_000
Row = Sequence[float]
"""Wall seconds of the bar's opening, open, high, low, close, volume."""


class GrowingBars:
    """Completed bars of one symbol; the oldest are let go when there are too many."""

    def __init__(self, key: SeriesKey) -> None:
        self._key = key
        self.bars = BarColumns(key, np.empty(0, dtype=np.int64), np.empty((FIELDS, 0)))
        self._book: LineBook | None = None

    def append(self, rows: Sequence[Row]) -> None:
        """Carry completed bars in, oldest first; what is not newer than the last is a correction of it."""
        if not rows:
            return
        table = np.asarray(rows, dtype=np.float64)
        times = table[:, 0].astype(np.int64)
        kept = int(np.searchsorted(self.bars.times, times[0]))
        first = max(0, kept + len(times) - _TRIMMED_BARS) if kept + len(times) > _MOST_BARS else 0
        self.bars = BarColumns(
            self._key,
            np.concatenate((self.bars.times[first:kept], times)),
            np.ascontiguousarray(np.concatenate((self.bars.columns[:, first:kept], table[:, 1:].T), axis=1)),
        )
        self._book = None

    @property
    def book(self) -> LineBook:
        """Return the lines of indicators over the bars as they are now."""
        if self._book is None:
            self._book = LineBook(self.bars)
        return self._book


class HostContext:
    """What the strategy asks; what it wants is collected in `intents` until the host takes it."""

    def __init__(
        self,
        symbols: Sequence[str],
        interval: Interval,
        parameters: Mapping[str, Parameter],
        sizing: tuple[int, float],
    ) -> None:
        self.symbols: Sequence[str] = tuple(symbols)
        self.parameters = parameters
        self.time = 0
        self.cash = 0.0
        self.intents: list[Intent] = []
        self.log: list[str] = []
        self._sizing = sizing
        self._holdings: dict[str, Holding] = {}
        self._series = {
            symbol: GrowingBars(SeriesKey(Product.STOCK, symbol, interval)) for symbol in self.symbols
        }

    @property
    def equity(self) -> float:
        """Return cash and holdings at the last known closes."""
        return self.cash + sum(
            holding.quantity * self._price(symbol, holding.average_price)
            for symbol, holding in self._holdings.items()
        )

    def take_account(self, cash: float, holdings: Mapping[str, tuple[int, float]]) -> None:
        """Take over what the window knows of the strategy's own account."""
        self.cash = cash
        self._holdings = {symbol: Holding(*held) for symbol, held in holdings.items() if held[0]}

    def take_bars(self, symbol: str, rows: Sequence[Row]) -> None:
        """Carry completed bars in."""
        self._series_of(symbol).append(rows)

    def holding(self, symbol: str) -> Holding:
        """Return what the strategy itself holds."""
        return self._holdings.get(symbol, NOTHING)

    def held(self) -> Mapping[str, Holding]:
        """Return every holding."""
        return self._holdings

    def bars(self, symbol: str) -> BarColumns:
        """Return the completed bars; changing them changes nothing that the window sees."""
        return self._series_of(symbol).bars

    def indicator(
        self, symbol: str, indicator: str, output: str | None = None, **parameters: Parameter
    ) -> NDArray[np.float64]:
        """Return a line of an indicator over the completed bars."""
        return self._series_of(symbol).book.line(indicator, output, parameters)

    def buy(
        self, symbol: str, *, quantity: int | None = None, weight: float | None = None, reason: str = ""
    ) -> None:
        """Want shares; sized at the last close where no quantity is given."""
        self._series_of(symbol)
        shares = self._shares(symbol, weight) if quantity is None else _whole(symbol, quantity)
        if shares > 0:
            self.intents.append(Intent(symbol, Side.BUY, shares, reason))
        else:
            self.say(f"{symbol}: buy comes to no share")

    def sell(self, symbol: str, *, quantity: int | None = None, reason: str = "") -> None:
        """Want to sell; without a holding nothing is wanted."""
        self._series_of(symbol)
        shares = None if quantity is None else _whole(symbol, quantity)
        if self.holding(symbol).quantity > 0:
            self.intents.append(Intent(symbol, Side.SELL, shares, reason))

    def say(self, text: str) -> None:
        """Write a line into the strategy's log."""
        stamp = datetime.fromtimestamp(self.time, UTC)
        self.log.append(f"{stamp:%m-%d %H:%M} {text}")

    def _shares(self, symbol: str, weight: float | None) -> int:
        price = self._price(symbol, 0.0)
        if price <= 0:
            return 0
        held = self.holding(symbol).quantity
        for intent in self.intents:  # of this very bar
            if intent.symbol == symbol:
                held = held_after(held, intent.side, intent.quantity)
        if weight is None:
            kind, value = self._sizing
            return wanted_shares(kind, value, len(self.symbols), self.equity, price, held)
        if not (math.isfinite(weight) and 0 < weight <= 1):
            raise CorrectionNeeded(
                Sentence(
                    "{symbol} 매수 비중은 0보다 크고 1 이하여야 합니다: {value}", symbol=symbol, value=weight
                )
            )
        return target_shares(weight, self.equity, price, held)

    def _price(self, symbol: str, otherwise: float) -> float:
        closes = self._series_of(symbol).bars.close
        return float(closes[-1]) if len(closes) else otherwise

    def _series_of(self, symbol: str) -> GrowingBars:
        series = self._series.get(symbol)
        if series is None:
            raise CorrectionNeeded(Sentence("{symbol}은(는) 이 전략의 종목이 아닙니다.", symbol=symbol))
        return series


def _whole(symbol: str, quantity: object) -> int:
    if isinstance(quantity, bool) or not isinstance(quantity, int | np.integer) or quantity <= 0:
        raise CorrectionNeeded(
            Sentence("{symbol} 수량은 1 이상의 정수여야 합니다: {value}", symbol=symbol, value=quantity)
        )
    return int(quantity)
