"""Many combinations on one series of daily bars: the engine without all that tells symbols apart.

On one symbol executions follow each other: a buy, its sale, the next buy. Between a sale and a buy the equity
does not move, so only what is held costs anything. The rules are the kernel's, by its own functions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kis_terminal.services.backtest.compiled import compiled
from kis_terminal.services.backtest.kernel_moves import (
    _buy_bar,
    _exit_bar,
    _next_sale,
    _tax_rate,
    buy_bar,
    exit_bar,
    next_sale,
)
from kis_terminal.services.backtest.kernel_values import (
    _CLOSE_PHASE,
    _MIDDLE_PHASE,
    _OPEN_PHASE,
    _TARGET,
    Rules,
    Symbols,
    _row,
    _step_of,
    affordable_shares,
    buy_price,
    cost_of,
    on_grid,
    row_of,
    sell_price,
    step_of,
    wanted_shares,
)
from kis_terminal.services.backtest.rule_program import Program, _judge_all, judge_all


def _hold_one(
    carried: NDArray[np.float64], begin: int, end: int, shares: int, cash: float, course: NDArray[np.float64]
) -> None:
    """Go on with the course of the equity over the steps from `begin` to before `end`, on which it moves.

    `course` is equity before, peak, trough since, deepest fall, and of the returns sum, squares, downside.
    """
    before, peak, trough, deepest = course[0], course[1], course[2], course[3]
    total, squares, downside = course[4], course[5], course[6]
    for step in range(begin, end):
        now = cash + np.floor(shares * carried[step] * 4096.0 + 0.5) / 4096.0
        if now > peak:
            deepest = max(deepest, 1.0 - trough / peak)
            peak = trough = now
        else:
            trough = min(trough, now)
        rate = now / before - 1.0 if before > 0.0 else 0.0
        total += rate
        squares += rate * rate
        lost = min(rate, 0.0)
        downside += lost * lost
        before = now
    course[0], course[1], course[2], course[3] = before, peak, trough, deepest
    course[4], course[5], course[6] = total, squares, downside


def _sweep_one(
    symbols: Symbols,
    locks: NDArray[np.uint8],
    rules: Rules,
    times: NDArray[np.int64],
    carried: NDArray[np.float64],
    program: Program,
    rows: NDArray[np.int64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
) -> NDArray[np.float64]:
    """Return what `sweep_rules` does for one series whose every step is a day of its own.

    `carried` is `(t,)`: the last close known at each step.
    """
    days = len(times)
    result = np.empty((len(left), 10))
    course = np.empty(7)
    opens, closes = _row(symbols, 0, 0), _row(symbols, 0, 3)
    table, commission_rate, unit = symbols.table[0], symbols.commission[0], symbols.unit[0]
    judged_after = 1 if rules.at_close else 0
    marks = symbols.marks
    # The symbol's whole record is costly to hand to a function; without stops nothing needs it.
    has_levels = rules.stop > 0.0 or rules.trailing > 0.0 or rules.target < np.inf
    at = _CLOSE_PHASE if rules.at_close else _OPEN_PHASE
    at_buy = closes if rules.at_close else opens
    for combination in range(len(left)):
        marks[:] = locks
        _judge_all(program, rows, left[combination], right[combination], symbols)
        cash = on_grid(rules.cash)
        # What the run begins with is a point of the course before its first.
        course[:] = 0.0
        course[0] = course[1] = course[2] = rules.cash
        trades, wins, gross_win, gross_loss, filled = 0, 0, 0.0, 0.0, 0
        in_cash = 0  # the step that ends in cash unless something is bought in it, below 0 for none
        bar, decided, _ = _buy_bar(marks, rules.at_close, symbols.first[0])
        while bar >= 0:
            step = _step_of(symbols, 0, bar)
            price = buy_price(at_buy[bar], rules.slippage, table, times[step])
            # Who buys has been in cash since the sale, so cash is the equity of the bar of the decision, too.
            shares = wanted_shares(rules.sizing, rules.size, 1, cash, closes[decided], 0)
            if shares > 0:
                shares = min(shares, affordable_shares(cash, price, commission_rate, unit))
            if shares <= 0:
                bar, decided, _ = _buy_bar(marks, rules.at_close, bar + judged_after)
                continue
            commission = cost_of(price * shares, commission_rate, unit)
            spent = price * shares + commission
            before_buy = cash
            cash -= on_grid(spent)
            filled += 1
            if 0 <= in_cash < step:
                _hold_one(carried, in_cash, in_cash + 1, 0, before_buy, course)
            in_cash = -1
            if has_levels:
                sold, phase, reason, level, _ = _next_sale(
                    symbols, rules, 0, bar + judged_after, price, times
                )
            else:
                sold, phase, reason, level = (
                    _exit_bar(marks, rules.at_close, bar + judged_after)[0],
                    at,
                    0,
                    0.0,
                )
            end = days if sold < 0 else _step_of(symbols, 0, sold)
            _hold_one(carried, step, end, shares, cash, course)
            if sold < 0:
                break
            market_price = opens[sold]
            if phase == _MIDDLE_PHASE:
                market_price = level
            elif phase == _CLOSE_PHASE:
                market_price = closes[sold]
            is_limit = phase == _MIDDLE_PHASE and reason == _TARGET
            price = sell_price(market_price, 0.0 if is_limit else rules.slippage, table, times[end])
            amount = price * shares
            commission = cost_of(amount, commission_rate, unit)
            tax = cost_of(amount, _tax_rate(symbols, 0, times[end]), unit)
            cash += on_grid(amount - commission - tax)
            filled += 1
            profit = amount - commission - tax - spent
            trades += 1
            if profit > 0.0:
                wins += 1
                gross_win += profit
            else:
                gross_loss -= profit
            in_cash = end
            bar, decided, _ = _buy_bar(marks, rules.at_close, sold + 1 if phase == _CLOSE_PHASE else sold)
        if in_cash >= 0:
            _hold_one(carried, in_cash, in_cash + 1, 0, cash, course)
        deepest = max(course[3], 1.0 - course[2] / course[1])
        mean = course[4] / days
        variance = max(course[5] - days * mean * mean, 0.0) / (days - 1) if days > 1 else np.nan
        deviation = np.sqrt(variance)
        result[combination, 0] = course[0]
        result[combination, 1] = min(deepest, 1.0)
        result[combination, 2] = mean
        # Equal values differ by rounding alone.
        result[combination, 3] = deviation if deviation > 1e-14 else np.nan
        result[combination, 4] = np.sqrt(course[6] / days) if course[6] > 0.0 else np.nan
        result[combination, 5] = trades
        result[combination, 6] = wins
        result[combination, 7] = gross_win
        result[combination, 8] = gross_loss
        result[combination, 9] = filled
    return result


sweep_one = compiled(
    _sweep_one,
    compiled(_hold_one),
    judge_all,
    buy_bar,
    exit_bar,
    next_sale,
    row_of,
    step_of,
    compiled(_tax_rate),
    affordable_shares,
    buy_price,
    cost_of,
    on_grid,
    sell_price,
    wanted_shares,
)
