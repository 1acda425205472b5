"""Round trips out of executions: each sale closes the oldest shares bought (and the other way when short)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kis_terminal.domain.backtest import BacktestFill, BacktestTrade
from kis_terminal.domain.orders import Side
from kis_terminal.services.backtest.market import TradedSeries


@dataclass(slots=True)
class _Lot:
    """Shares of one execution that are still open; `cost` is what its costs leave on them, won a share."""

    fill: BacktestFill
    quantity: int
    cost: float


def round_trips(fills: Iterable[BacktestFill], series: Sequence[TradedSeries]) -> list[BacktestTrade]:
    """Return closed trades by their exit, then the open ones, valued at the last close without costs."""
    by_symbol = {one.symbol: one for one in series}
    lots: dict[str, deque[_Lot]] = {}
    closed: list[BacktestTrade] = []
    for fill in fills:
        closed += _taken(fill, lots.setdefault(fill.symbol, deque()), by_symbol[fill.symbol])
    return closed + _open(lots, by_symbol)


def _taken(fill: BacktestFill, lots: deque[_Lot], series: TradedSeries) -> list[BacktestTrade]:
    """Close lots of the other side with a fill, the oldest first; what is left of it becomes a lot."""
    left, made = fill.quantity, []
    cost = (fill.commission + fill.tax) / fill.quantity
    while left and lots and lots[0].fill.side is not fill.side:
        lot = lots[0]
        shares = min(left, lot.quantity)
        made.append(_trade(lot, shares, fill.price, cost, fill.time, fill.reason, series))
        left -= shares
        lot.quantity -= shares
        if lot.quantity == 0:
            lots.popleft()
    if left:
        lots.append(_Lot(fill, left, cost))
    return made


def _open(lots: Mapping[str, deque[_Lot]], by_symbol: Mapping[str, TradedSeries]) -> list[BacktestTrade]:
    made = []
    for symbol, open_lots in lots.items():
        series = by_symbol[symbol]
        for lot in open_lots:
            close = float(series.bars.close[-1])
            made.append(_trade(lot, lot.quantity, close, 0.0, None, "", series))
    return made


def _trade(
    lot: _Lot,
    shares: int,
    price: float,
    cost: float,
    exit_time: int | None,
    exit_reason: str,
    series: TradedSeries,
) -> BacktestTrade:
    entry = lot.fill
    direction = 1.0 if entry.side is Side.BUY else -1.0
    spent = entry.price * shares + lot.cost * shares
    profit = direction * (price - entry.price) * shares - (lot.cost + cost) * shares
    times = series.bars.times
    last = int(times[-1]) if exit_time is None else exit_time
    begun, ended = np.searchsorted(times, (entry.time, last)).tolist()
    return BacktestTrade(
        symbol=entry.symbol,
        quantity=shares,
        entry_time=entry.time,
        entry_price=entry.price,
        exit_time=exit_time,
        exit_price=price,
        profit=profit,
        return_rate=profit / spent,
        bars_held=ended - begun,
        entry_reason=entry.reason,
        exit_reason=exit_reason,
    )
