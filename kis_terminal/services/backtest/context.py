"""What a strategy sees and wants in a backtest: everything ends with the bar being judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.orders import Side
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Holding, Parameter
from kis_terminal.services.backtest.account import NOTHING, Account, Order
from kis_terminal.services.backtest.lines import LineBook
from kis_terminal.services.backtest.market import MarketRun

LOG_LINES = 10_000
_QUICK_LINES = 16
LineKey = tuple[str, str, str | None, tuple[tuple[str, Parameter], ...]]
QuickLine = tuple[str, str | None, dict[str, Parameter], NDArray[np.float64], int]
"""Indicator, output, parameters; the line and the place of its series."""


class BacktestContext:
    """The StrategyContext of the event loop, which moves `step` and the account's counts on."""

    def __init__(
        self,
        market: MarketRun,
        account: Account,
        parameters: Mapping[str, Parameter],
        benchmark: BarColumns | None = None,
        *,
        is_short_allowed: bool = False,
    ) -> None:
        self.symbols: Sequence[str] = market.symbols
        self.parameters = parameters
        self.time = 0
        self.step = 0
        self.waiting: dict[int, list[Order]] = {}
        """Orders by the place of their series; those of a later step take the place of earlier ones."""
        self.log: list[str] = []
        self._account = account
        self._places = {symbol: place for place, symbol in enumerate(market.symbols)}
        self._counts = account.counts
        self._bars = [_read_only(one.bars) for one in market.series]
        self._books: dict[int, LineBook] = {}
        self._lines: dict[LineKey, tuple[NDArray[np.float64], int]] = {}
        self._quick_lines: dict[str, list[QuickLine]] = {symbol: [] for symbol in market.symbols}
        self._benchmark = benchmark
        self._is_short_allowed = is_short_allowed
        self._holdings = account.holdings

    @property
    def cash(self) -> float:
        return self._account.cash

    @property
    def equity(self) -> float:
        return self._account.equity()

    def holding(self, symbol: str) -> Holding:
        return self._holdings.get(symbol, NOTHING)

    def bars(self, symbol: str) -> BarColumns:
        place = self._place(symbol)
        return self._bars[place].head(self._counts[place])

    def indicator(
        self, symbol: str, indicator: str, output: str | None = None, **parameters: Parameter
    ) -> NDArray[np.float64]:
        # Each bar asks for the same few lines, by the very same words: comparing is quicker than hashing.
        for word, part, given, line, place in self._quick_lines.get(symbol, ()):
            if word is indicator and part is output and given == parameters:
                return line[: self._counts[place]]
        return self._line(symbol, indicator, output, parameters)

    def buy(
        self, symbol: str, *, quantity: int | None = None, weight: float | None = None, reason: str = ""
    ) -> None:
        if quantity is not None and (not _is_whole(quantity) or quantity <= 0):
            raise CorrectionNeeded(
                Sentence(
                    "{symbol} 매수 수량은 1 이상의 정수여야 합니다: {value}", symbol=symbol, value=quantity
                )
            )
        if weight is not None and not 0 < weight <= 1:
            raise CorrectionNeeded(
                Sentence(
                    "{symbol} 매수 비중은 0보다 크고 1 이하여야 합니다: {value}", symbol=symbol, value=weight
                )
            )
        shares = self._shares(symbol, weight) if quantity is None else int(quantity)
        self._want(symbol, Order(Side.BUY, shares, weight, reason, self.step))

    def sell(self, symbol: str, *, quantity: int | None = None, reason: str = "") -> None:
        if quantity is not None and (not _is_whole(quantity) or quantity <= 0):
            raise CorrectionNeeded(
                Sentence(
                    "{symbol} 매도 수량은 1 이상의 정수여야 합니다: {value}", symbol=symbol, value=quantity
                )
            )
        if not self._is_short_allowed and self.holding(symbol).quantity <= 0:
            self._take_back(symbol)
            return
        shares = None if quantity is None else int(quantity)
        self._want(symbol, Order(Side.SELL, shares, None, reason, self.step))

    def asked_lines(self) -> dict[str, dict[str, NDArray[np.float64]]]:
        """Return the lines that the strategy asked for, whole: symbol -> a name for people -> `(n,)`."""
        found: dict[str, dict[str, NDArray[np.float64]]] = {}
        for (symbol, indicator, output, parameters), (line, _) in self._lines.items():
            values = ",".join(str(value) for _, value in parameters)
            name = f"{indicator}({values})" if values else indicator
            found.setdefault(symbol, {})[name if output is None else f"{name}.{output}"] = line
        return found

    def say(self, text: str) -> None:
        if len(self.log) < LOG_LINES:
            self.log.append(f"{datetime.fromtimestamp(self.time, UTC):%Y-%m-%d %H:%M} {text}")

    def _line(
        self, symbol: str, indicator: str, output: str | None, parameters: dict[str, Parameter]
    ) -> NDArray[np.float64]:
        """Return a line up to the bar being judged; it is found more quickly from now on."""
        key = (symbol, indicator, output, tuple(parameters.items()))
        try:
            line, place = self._lines[key]
        except KeyError:
            place = self._place(symbol)
            line = self._book(place).line(indicator, output, parameters)
            self._lines[key] = line, place
        quick = self._quick_lines[symbol]
        if len(quick) < _QUICK_LINES:
            quick.append((indicator, output, parameters, line, place))
        return line[: self._counts[place]]

    def _shares(self, symbol: str, weight: float | None) -> int | None:
        """Return what a buy comes to at the close that it is decided on; None where there is none yet.

        The price of the fill is not known then: an order that is sized by it would know the next open.
        """
        place = self._place(symbol)
        price = self._account.close(place)
        if price <= 0.0:
            return None
        held = self._account.quantity(place)
        for order in self.waiting.get(place, ()):
            if order.issued != self.step:
                break  # this decision takes its place
            held = held_after(held, order.side, order.quantity)
        return self._account.shares_for(weight, self._account.equity(), price, held)

    def _want(self, symbol: str, order: Order) -> None:
        place = self._place(symbol)
        orders = self.waiting.get(place)
        if orders is None or orders[0].issued != order.issued:
            self.waiting[place] = [order]
        else:
            orders.append(order)

    def _take_back(self, symbol: str) -> None:
        """Withdraw what was wanted on earlier bars and still waits."""
        place = self._place(symbol)
        orders = self.waiting.get(place)
        if orders is not None and orders[0].issued != self.step:
            del self.waiting[place]

    def _place(self, symbol: str) -> int:
        try:
            return self._places[symbol]
        except KeyError:
            raise CorrectionNeeded(
                Sentence(
                    "{symbol}은(는) 이 백테스트의 종목이 아닙니다: {symbols}",
                    symbol=symbol,
                    symbols=", ".join(self.symbols[:10]),
                )
            ) from None

    def _book(self, place: int) -> LineBook:
        book = self._books.get(place)
        if book is None:
            book = self._books[place] = LineBook(self._bars[place], self._benchmark)
        return book


def held_after(held: int, side: Side, quantity: int | None) -> int:
    """Return the holding once a wish of the same bar is filled; None sells all."""
    if side is Side.BUY:
        return held + (quantity or 0)
    return 0 if quantity is None else max(held - quantity, 0)


def _is_whole(value: Any) -> bool:
    """Tell whether a strategy gave a whole number, numpy's included; True is none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _read_only(bars: BarColumns) -> BarColumns:
    """Return a view that a strategy cannot write through."""
    columns, times = bars.columns.view(), bars.times.view()
    columns.flags.writeable = False
    times.flags.writeable = False
    return BarColumns(bars.key, times, columns)
