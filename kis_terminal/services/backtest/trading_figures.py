"""Figures of the trading itself: wins and losses of round trips, costs, turnover, time in the market."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.backtest import BacktestFill, BacktestTrade
from kis_terminal.domain.orders import Side

Figure = float | int | None
Numbers = NDArray[np.float64]


def trading_figures(
    fills: Sequence[BacktestFill], trades: Sequence[BacktestTrade], *, equity: Numbers, years: float
) -> dict[str, Figure]:
    """Return the figures by name; a trade that earned exactly nothing is no win."""
    closed = [trade for trade in trades if trade.exit_time is not None]
    return {
        "trades": len(closed),
        "open_trades": len(trades) - len(closed),
        "fills": len(fills),
        **_wins_and_losses(closed),
        **_costs(fills, equity, years),
    }


def days_held(times: NDArray[np.int64], fills: Sequence[BacktestFill]) -> NDArray[np.bool_]:
    """Return `(n,)`: whether at least one share was held (or owed) at the end of the bar."""
    held_of_symbol: dict[str, list[tuple[int, int]]] = {}
    for fill in fills:
        signed = fill.quantity if fill.side is Side.BUY else -fill.quantity
        held_of_symbol.setdefault(fill.symbol, []).append((fill.time, signed))
    held = np.zeros(len(times), dtype=np.bool_)
    for changes in held_of_symbol.values():
        changes.sort(key=lambda change: change[0])
        after = np.concatenate(([0], np.cumsum([quantity for _, quantity in changes])))
        past = np.searchsorted(np.array([time for time, _ in changes]), times, side="right")
        held |= after[past] != 0
    return held


def _wins_and_losses(closed: Sequence[BacktestTrade]) -> dict[str, Figure]:
    profits = np.array([trade.profit for trade in closed], dtype=np.float64)
    rates = np.array([trade.return_rate for trade in closed], dtype=np.float64)
    won, lost = profits > 0, profits < 0
    average_win, average_loss = _mean(profits[won]), _mean(profits[lost])
    win_rate = float(np.mean(won)) if len(closed) else None
    ratio = None if average_win is None or average_loss is None else average_win / -average_loss
    gross_loss = -float(profits[lost].sum())
    return {
        "win_rate": win_rate,
        "profit_factor": float(profits[won].sum()) / gross_loss if gross_loss > 0 else None,
        "profit_loss_ratio": ratio,
        "expectancy": None if ratio is None or win_rate is None else win_rate * ratio - (1.0 - win_rate),
        "average_profit": _mean(profits),
        "average_win": average_win,
        "average_loss": average_loss,
        "average_win_rate": _mean(rates[won]),
        "average_loss_rate": _mean(rates[lost]),
        "largest_win": float(profits[won].max()) if won.any() else None,
        "largest_loss": float(profits[lost].min()) if lost.any() else None,
        "longest_losing_run": _longest_run(~won),
        "average_bars_held": _mean(np.array([trade.bars_held for trade in closed], dtype=np.float64)),
    }


def _costs(fills: Sequence[BacktestFill], equity: Numbers, years: float) -> dict[str, Figure]:
    commission = float(sum(fill.commission for fill in fills))
    tax = float(sum(fill.tax for fill in fills))
    traded = float(sum(fill.price * fill.quantity for fill in fills))
    average_equity = float(equity.mean())
    return {
        "total_commission": commission,
        "total_tax": tax,
        "total_costs": commission + tax,
        "traded_amount": traded,
        "turnover": traded / average_equity / years if years > 0 and average_equity > 0 else None,
    }


def _mean(values: Numbers) -> float | None:
    return float(values.mean()) if len(values) else None


def _longest_run(marks: NDArray[np.bool_]) -> int:
    """Return how many marks in a row are True at most."""
    if not marks.any():
        return 0
    edges = np.diff(np.concatenate(([0], marks.view(np.int8), [0])))
    return int((np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)).max())
