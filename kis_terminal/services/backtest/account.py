"""The one cash account of a run in the event loop: waiting orders, executions, holdings, equity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.backtest import BacktestFill, BacktestRequest
from kis_terminal.domain.orders import Side
from kis_terminal.domain.strategy.contract import FillEvent, Holding
from kis_terminal.services.backtest.fills import (
    affordable_shares,
    buy_price,
    cost_of,
    on_grid,
    sell_price,
    target_shares,
    wanted_shares,
)
from kis_terminal.services.backtest.market import MarketRun, TradedSeries
from kis_terminal.services.backtest.outcome import Skips
from kis_terminal.services.backtest.sizing import sizing_code

NOTHING = Holding(0, 0.0)


class Order(NamedTuple):
    """What a strategy wanted on the bar of step `issued`."""

    side: Side
    quantity: int | None
    """None sells all, or buys what `weight` or the sizing rule make of the fill's price and the equity then:
    only where nothing of the symbol has traded yet."""
    weight: float | None
    reason: str
    issued: int


@dataclass(slots=True)
class Counts:
    """Orders that came to nothing or to less."""

    without_cash: int = 0
    cut: int = 0


class Account:
    """Cash and holdings; every amount lies on the grid of `fills.on_grid`."""

    def __init__(self, request: BacktestRequest, market: MarketRun) -> None:
        self.cash = on_grid(request.cash)
        self.fills: list[BacktestFill] = []
        self.holdings: dict[str, Holding] = {}
        self.counts = [one.first for one in market.series]
        """How many bars of each series are complete."""
        self.skipped = Counts()
        self._series = market.series
        self._times = market.times
        self._symbols = market.symbols
        self._closes = [one.bars.close.tolist() for one in market.series]
        self._sizing = (sizing_code(request.sizing.kind), request.sizing.value)
        self._slippage = request.costs.slippage
        self._is_short_allowed = request.is_short_allowed
        self._held: dict[int, int] = {}
        self._cash_changes: list[tuple[int, float]] = [(0, self.cash)]
        self._holding_changes: dict[int, list[tuple[int, int]]] = {}

    def equity(self) -> float:
        """Return cash and holdings at the last complete close of each."""
        closes, counts = self._closes, self.counts
        return self.cash + sum(
            on_grid(quantity * closes[place][counts[place] - 1]) for place, quantity in self._held.items()
        )

    def quantity(self, place: int) -> int:
        """Return the shares held of the series at `place`; below 0 when owed."""
        return self._held.get(place, 0)

    def close(self, place: int) -> float:
        """Return the last complete close of the series at `place`, 0 before its first bar."""
        count = self.counts[place]
        return self._closes[place][count - 1] if count else 0.0

    def shares_for(self, weight: float | None, equity: float, price: float, held: int) -> int:
        """Return what a buy of `weight`, by the sizing rule where that is None, comes to at `price`."""
        if weight is not None:
            return target_shares(weight, equity, price, held)
        kind, value = self._sizing
        return wanted_shares(kind, value, len(self._series), equity, price, held)

    def held_places(self) -> list[int]:
        """Return the places of the series of which something is held, in order."""
        return sorted(self._held)

    def execute(
        self, place: int, order: Order, step: int, market_price: float, equity: float
    ) -> FillEvent | None:
        """Fill an order where the market stands at `market_price`; None when it comes to nothing."""
        if order.side is Side.SELL:
            return self.sell(place, order.quantity, step, market_price, order.reason)
        return self._buy(place, order, step, market_price, equity)

    def sell(
        self,
        place: int,
        quantity: int | None,
        step: int,
        market_price: float,
        reason: str,
        *,
        slips: bool = True,
    ) -> FillEvent | None:
        """Sell `quantity` shares, all when None, at most what is held unless short selling is allowed."""
        series = self._series[place]
        held = self.quantity(place)
        wanted = held if quantity is None else quantity
        shares = wanted if self._is_short_allowed else min(wanted, held)
        if shares <= 0:
            return None
        time = int(self._times[step])
        slippage = self._slippage if slips else 0.0
        price = sell_price(market_price, slippage, series.tick_table, time)
        amount = price * shares
        commission = cost_of(amount, series.commission, series.unit)
        tax = cost_of(amount, series.tax_rate(time), series.unit)
        self.cash += on_grid(amount - commission - tax)
        return self._settle(place, step, Side.SELL, price, shares, commission, tax, reason)

    def _buy(
        self, place: int, order: Order, step: int, market_price: float, equity: float
    ) -> FillEvent | None:
        series = self._series[place]
        time = int(self._times[step])
        price = buy_price(market_price, self._slippage, series.tick_table, time)
        shares = order.quantity
        if shares is None:
            shares = self.shares_for(order.weight, equity, price, self.quantity(place))
        if shares <= 0:
            return None
        payable = affordable_shares(self.cash, price, series.commission, series.unit)
        if payable < shares:
            if payable == 0:
                self.skipped.without_cash += 1
                return None
            self.skipped.cut += 1
            shares = payable
        amount = price * shares
        commission = cost_of(amount, series.commission, series.unit)
        self.cash -= on_grid(amount + commission)
        return self._settle(place, step, Side.BUY, price, shares, commission, 0.0, order.reason)

    def _settle(
        self,
        place: int,
        step: int,
        side: Side,
        price: float,
        shares: int,
        commission: float,
        tax: float,
        reason: str,
    ) -> FillEvent:
        symbol, time = self._symbols[place], int(self._times[step])
        before = self.holdings.get(symbol, NOTHING)
        signed = shares if side is Side.BUY else -shares
        after = before.quantity + signed
        if after == 0:
            self.holdings.pop(symbol)
            self._held.pop(place)
        else:
            self.holdings[symbol] = Holding(after, _average(before, signed, price))
            self._held[place] = after
        self._cash_changes.append((step, self.cash))
        self._holding_changes.setdefault(place, []).append((step, after))
        self.fills.append(BacktestFill(symbol, time, side, price, shares, commission, tax, reason))
        return FillEvent(symbol, time, side, price, shares, commission, tax, reason)

    def equity_curve(self) -> NDArray[np.float64]:
        """Return `(t,)`: cash and holdings at the end of each step."""
        size = len(self._times)
        equity = _carried(self._cash_changes, size, 0.0)
        for place, changes in self._holding_changes.items():
            held = _carried([(step, float(quantity)) for step, quantity in changes], size, 0.0)
            equity += np.floor(held * closes_on_grid(self._series[place], size) * 4096.0 + 0.5) / 4096.0
        return equity

    def skips(self, waiting: int) -> Skips:
        """Return the counts of orders that came to nothing or to less."""
        return Skips(self.skipped.without_cash, self.skipped.cut, waiting)


def closes_on_grid(series: TradedSeries, size: int) -> NDArray[np.float64]:
    """Return `(size,)`: the last close known at each step, 0 before the first bar ever."""
    places = np.searchsorted(series.steps[series.first :], np.arange(size), side="right") + series.first - 1
    closes: NDArray[np.float64] = np.where(places >= 0, series.bars.close[np.maximum(places, 0)], 0.0)
    return closes


def _carried(changes: list[tuple[int, float]], size: int, before: float) -> NDArray[np.float64]:
    """Return `(size,)`: at each step the value of the last change up to it."""
    steps = np.array([step for step, _ in changes], dtype=np.int64)
    values = np.array([before, *(value for _, value in changes)])
    return values[np.searchsorted(steps, np.arange(size), side="right")]


def _average(before: Holding, signed: int, price: float) -> float:
    """Return the average price after an execution; selling leaves it, turning round begins anew."""
    after = before.quantity + signed
    if before.quantity == 0 or (before.quantity > 0) != (after > 0):
        return price
    if abs(after) < abs(before.quantity):
        return before.average_price
    return (before.average_price * before.quantity + price * signed) / after
