"""Many combinations of one rule strategy in compiled code: the engine itself and the figures of each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kis_terminal.services.backtest.compiled import compiled
from kis_terminal.services.backtest.kernel import (
    _run_rules,
    run_rules,
)
from kis_terminal.services.backtest.kernel_values import (
    SELL,
    KernelFills,
    Rules,
    Symbols,
)
from kis_terminal.services.backtest.rule_program import Program, _judge_all, judge_all

FIGURES = (
    *("final_equity", "max_drawdown", "mean", "deviation", "downside"),
    *("trades", "wins", "gross_win", "gross_loss", "fills"),
)
"""The columns of what `sweep_rules` returns; mean, deviation, downside of daily returns, NaN if unknown."""


class Course(NamedTuple):
    """The grid of a run and the last step of each of its days."""

    times: NDArray[np.int64]
    day_ends: NDArray[np.int64]


def _sweep_rules(
    symbols: Symbols,
    locks: NDArray[np.uint8],
    rules: Rules,
    course: Course,
    program: Program,
    rows: NDArray[np.int64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
) -> NDArray[np.float64]:
    """Return `(c, len(FIGURES))` for `(c, k)` combinations of row numbers.

    `rows` is `(m, r)`: the address of each row of each series; `locks` are the marks before any condition.
    """
    combinations = len(left)
    result = np.empty((combinations, 10))
    for combination in range(combinations):
        symbols.marks[:] = locks
        _judge_all(program, rows, left[combination], right[combination], symbols)
        fills, equity, _, _, _ = _run_rules(symbols, rules, course.times)
        _returns(equity, course.day_ends, rules.cash, result[combination])
        _trips(fills, len(symbols.size), result[combination])
    return result


def _returns(
    equity: NDArray[np.float64], day_ends: NDArray[np.int64], cash: float, out: NDArray[np.float64]
) -> None:
    """Write final equity, deepest fall, and mean, deviation and downside of the daily returns."""
    peak, deepest = cash, 0.0
    for step in range(len(equity)):
        peak = max(peak, equity[step])
        deepest = max(deepest, 1.0 - equity[step] / peak)
    out[0] = equity[-1]
    out[1] = min(deepest, 1.0)
    days = len(day_ends)
    before, total, downside = cash, 0.0, 0.0
    rates = np.empty(days)
    for day in range(days):
        now = equity[day_ends[day]]
        rate = now / before - 1.0 if before > 0.0 else 0.0
        rates[day] = rate
        total += rate
        downside += min(rate, 0.0) ** 2
        before = now
    mean = total / days
    squares = 0.0
    for day in range(days):
        squares += (rates[day] - mean) ** 2
    deviation = np.sqrt(squares / (days - 1)) if days > 1 else np.nan
    out[2] = mean
    # Equal values differ by rounding alone.
    out[3] = deviation if deviation > 1e-14 else np.nan
    out[4] = np.sqrt(downside / days) if downside > 0.0 else np.nan


def _trips(fills: KernelFills, count: int, out: NDArray[np.float64]) -> None:
    """Write round trips, won ones, what was won and lost, and executions; each sale sells all."""
    spent = np.zeros(count)
    trades, wins, gross_win, gross_loss = 0, 0, 0.0, 0.0
    for one in range(len(fills.place)):
        place = fills.place[one]
        amount = fills.price[one] * fills.quantity[one]
        if fills.side[one] != SELL:
            spent[place] = amount + fills.commission[one]
            continue
        profit = amount - fills.commission[one] - fills.tax[one] - spent[place]
        trades += 1
        if profit > 0.0:
            wins += 1
            gross_win += profit
        else:
            gross_loss -= profit
    out[5] = trades
    out[6] = wins
    out[7] = gross_win
    out[8] = gross_loss
    out[9] = len(fills.place)


sweep_rules = compiled(
    _sweep_rules, judge_all, run_rules, compiled(_returns), compiled(_trips), is_entry=True
)
