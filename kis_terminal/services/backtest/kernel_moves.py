"""Where the compiled engine goes next: on which bar a symbol is bought or sold, and its worth till then."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kis_terminal.services.backtest.compiled import compiled
from kis_terminal.services.backtest.kernel_values import (
    _CLOSE_PHASE,
    _EXIT,
    _MIDDLE_PHASE,
    _NEVER,
    _OPEN_PHASE,
    _STOP,
    _TARGET,
    _TRAILING,
    ENTRY_MARK,
    EXIT_MARK,
    NO_BUY_MARK,
    NO_SELL_MARK,
    Rules,
    Symbols,
    _row,
    _step_of,
    round_down_at,
    round_up_at,
    row_of,
    step_of,
)


def _first_marked(marks: NDArray[np.uint8], bar: int, bit: int) -> int:
    """Return the first bar from `bar` on that has a mark, the number of bars when none has."""
    rest = marks[bar:]
    for one in range(len(rest)):
        if rest[one] & bit:
            return bar + one
    return len(marks)


def _buy_bar(marks: NDArray[np.uint8], at_close: bool, bar: int) -> tuple[int, int, bool]:
    """Return the bar on which who is flat at the close of `bar` buys, that on which it was decided, and
    whether a buy waits at the end."""
    size = len(marks)
    is_waiting = False
    decided = bar
    while bar < size:
        if not is_waiting:
            bar = _first_marked(marks, bar, ENTRY_MARK)
            if bar == size:
                break
        mark = marks[bar]
        if is_waiting and not at_close and not mark & NO_BUY_MARK:
            return bar, decided, False
        if mark & ENTRY_MARK:
            is_waiting = True
            decided = bar
        elif mark & EXIT_MARK:
            is_waiting = False
        if is_waiting and at_close and not mark & NO_BUY_MARK:
            return bar, decided, False
        bar += 1
    return _NEVER, decided, is_waiting


def _exit_bar(marks: NDArray[np.uint8], at_close: bool, bar: int) -> tuple[int, bool]:
    """Return the bar on which a holding without stops is sold, and whether a sale waits at the end."""
    size = len(marks)
    is_waiting = False
    bar = _first_marked(marks, bar, EXIT_MARK)
    while bar < size:
        mark = marks[bar]
        if is_waiting and not at_close and not mark & NO_SELL_MARK:
            return bar, False
        if mark & EXIT_MARK:
            is_waiting = True
        if is_waiting and at_close and not mark & NO_SELL_MARK:
            return bar, False
        bar += 1
    return _NEVER, is_waiting


def _next_buy(symbols: Symbols, rules: Rules, place: int, bar: int) -> tuple[int, int, bool]:
    """Return the same for a symbol."""
    at = symbols.marks_at[place]
    return _buy_bar(symbols.marks[at : at + symbols.size[place]], rules.at_close, bar)


def _next_sale(
    symbols: Symbols, rules: Rules, place: int, bar: int, entry: float, time: NDArray[np.int64]
) -> tuple[int, int, int, float, bool]:
    """Return bar, phase, reason, price (0 for the market's) of a held symbol's sale, and whether one waits.

    `bar` is the first after the entry: the one bought on at its open, or the next one.
    """
    size, at = symbols.size[place], symbols.marks_at[place]
    marks = symbols.marks[at : at + size]
    closes = _row(symbols, place, 3)
    has_levels = rules.stop > 0.0 or rules.trailing > 0.0 or rules.target < np.inf
    is_intrabar = rules.is_intrabar and has_levels
    on_close = has_levels and not rules.is_intrabar
    stop, target = entry * rules.stop, entry * rules.target
    peak = entry
    is_waiting, reason = False, _EXIT
    if not has_levels:
        sold, is_waiting = _exit_bar(marks, rules.at_close, bar)
        phase = _CLOSE_PHASE if rules.at_close else _OPEN_PHASE
        return sold, phase, reason, 0.0, is_waiting
    while bar < size:
        mark = marks[bar]
        can_sell = not mark & NO_SELL_MARK
        if is_waiting and not rules.at_close and can_sell:
            return bar, _OPEN_PHASE, reason, 0.0, False
        if is_intrabar:
            if can_sell:
                price, why = _level_reached(
                    symbols, rules, place, bar, stop, peak * rules.trailing, target, time
                )
                if price > 0.0:
                    return bar, _MIDDLE_PHASE, why, price, False
            peak = max(peak, closes[bar])
        why = _NEVER
        if on_close:
            close = closes[bar]
            peak = max(peak, close)
            if close <= stop:
                why = _STOP
            elif close <= peak * rules.trailing:
                why = _TRAILING
            elif close >= target:
                why = _TARGET
        if why == _NEVER and mark & EXIT_MARK:
            why = _EXIT
        if why != _NEVER:
            is_waiting, reason = True, why
        if is_waiting and rules.at_close and can_sell:
            return bar, _CLOSE_PHASE, reason, 0.0, False
        bar += 1
    return _NEVER, _OPEN_PHASE, reason, 0.0, is_waiting


def _level_reached(
    symbols: Symbols,
    rules: Rules,
    place: int,
    bar: int,
    stop: float,
    trailing: float,
    target: float,
    time: NDArray[np.int64],
) -> tuple[float, int]:
    """Return the market price at which a level sells within a bar, and why; 0 for none (see `intrabar`)."""
    opened, close = _row(symbols, place, 0)[bar], _row(symbols, place, 3)[bar]
    low = min(_row(symbols, place, 2)[bar], opened, close)
    high = max(_row(symbols, place, 1)[bar], opened, close)
    now, table = time[_step_of(symbols, place, bar)], symbols.table[place]
    level, reason = (stop, _STOP) if stop >= trailing else (trailing, _TRAILING)
    if level > 0.0 and opened <= level:
        return opened, reason
    limit = round_up_at(target, table, now) if target < np.inf else np.inf
    if opened >= limit:
        return opened, _TARGET
    if level > 0.0 and low <= level:
        return max(round_down_at(level, table, now), low), reason
    if high >= limit:
        return limit, _TARGET
    return 0.0, _NEVER


def _tax_rate(symbols: Symbols, place: int, time: int) -> float:
    change = symbols.tax_at[place + 1] - 1
    while change > symbols.tax_at[place] and symbols.tax_times[change] > time:
        change -= 1
    return float(symbols.tax_rates[change])


def _hold(
    values: NDArray[np.float64], symbols: Symbols, place: int, bar: int, end: int, quantity: int
) -> None:
    """Add what `quantity` shares are worth at the end of each step from `bar` to before `end`.

    `end` below 0 means to the end of the run.
    """
    closes = _row(symbols, place, 3)
    last = symbols.size[place] if end < 0 else end
    stop = len(values) if end < 0 else _step_of(symbols, place, end)
    if symbols.steps_at[place] < 0:
        shift, shares = symbols.shift[place], float(quantity)
        # Slices counted from 0 are what the compiler turns into vectors.
        inside, prices = values[bar + shift : last + shift], closes[bar:last]
        for one in range(len(prices)):
            inside[one] += np.floor(shares * prices[one] * 4096.0 + 0.5) / 4096.0
        if last + shift < stop and last > bar:
            values[last + shift : stop] += np.floor(shares * closes[last - 1] * 4096.0 + 0.5) / 4096.0
        return
    for one in range(bar, last):
        worth = np.floor(quantity * closes[one] * 4096.0 + 0.5) / 4096.0
        until = stop if one + 1 == last else _step_of(symbols, place, one + 1)
        for step in range(_step_of(symbols, place, one), until):
            values[step] += worth


first_marked = compiled(_first_marked)
buy_bar = compiled(_buy_bar, first_marked)
exit_bar = compiled(_exit_bar, first_marked)
next_buy = compiled(_next_buy, buy_bar)
level_reached = compiled(_level_reached, row_of, step_of, round_up_at, round_down_at)
next_sale = compiled(_next_sale, row_of, exit_bar, level_reached)
hold = compiled(_hold, row_of, step_of)
tax_rate = compiled(_tax_rate)
