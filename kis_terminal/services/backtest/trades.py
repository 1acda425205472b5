"""Round trips out of executions: each sale closes the oldest shares bought (and the other way when short)."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kis_terminal.domain.backtest import BacktestFill, BacktestTrade
from kis_terminal.domain.orders import Side
from kis_terminal.services.backtest.market import TradedSeries


class _Known(NamedTuple):
    """What trades of one symbol need: the times of its bars and its last close."""

    times: list[int]
    close: float


class _BySymbol(dict[str, _Known]):
    """Filled when a symbol is asked for: few of a whole market trade."""

    def __init__(self, series: Sequence[TradedSeries]) -> None:
        super().__init__()
        self._series = {one.symbol: one for one in series}

    def __missing__(self, symbol: str) -> _Known:
        bars = self._series[symbol].bars
        known = self[symbol] = _Known(bars.times.tolist(), float(bars.close[-1]))
        return known


@dataclass(slots=True)
class _Lot:
    """Shares of one execution that are still open; `cost` is what its costs leave on them, won a share."""

    fill: BacktestFill
    quantity: int
    cost: float


def round_trips(fills: Iterable[BacktestFill], series: Sequence[TradedSeries]) -> list[BacktestTrade]:
    """Return closed trades by their exit, then the open ones, valued at the last close without costs."""
    by_symbol = _BySymbol(series)
    lots: dict[str, deque[_Lot]] = {}
    closed: list[BacktestTrade] = []
    for fill in fills:
        closed += _taken(fill, lots.setdefault(fill.symbol, deque()), by_symbol[fill.symbol])
    return closed + _open(lots, by_symbol)


def _taken(fill: BacktestFill, lots: deque[_Lot], known: _Known) -> list[BacktestTrade]:
    """Close lots of the other side with a fill, the oldest first; what is left of it becomes a lot."""
    left, made = fill.quantity, []
    cost = (fill.commission + fill.tax) / fill.quantity
    while left and lots and lots[0].fill.side is not fill.side:
        lot = lots[0]
        shares = min(left, lot.quantity)
        made.append(_trade(lot, shares, fill.price, cost, fill.time, fill.reason, known))
        left -= shares
        lot.quantity -= shares
        if lot.quantity == 0:
            lots.popleft()
    if left:
        lots.append(_Lot(fill, left, cost))
    return made


def _open(lots: Mapping[str, deque[_Lot]], by_symbol: _BySymbol) -> list[BacktestTrade]:
    made = []
    for symbol, open_lots in lots.items():
        for lot in open_lots:
            known = by_symbol[symbol]
            made.append(_trade(lot, lot.quantity, known.close, 0.0, None, "", known))
    return made


def _trade(
    lot: _Lot,
    shares: int,
    price: float,
    cost: float,
    exit_time: int | None,
    exit_reason: str,
    known: _Known,
) -> BacktestTrade:
    entry = lot.fill
    direction = 1.0 if entry.side is Side.BUY else -1.0
    spent = entry.price * shares + lot.cost * shares
    profit = direction * (price - entry.price) * shares - (lot.cost + cost) * shares
    last = known.times[-1] if exit_time is None else exit_time
    begun, ended = bisect_left(known.times, entry.time), bisect_left(known.times, last)
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
