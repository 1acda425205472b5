"""The vectorised engine: the rules of `event_loop` for rule strategies, compiled, event to event.

What a rule strategy does on one symbol hangs on the account only where a buy fails for want of cash. So each
symbol always knows the one execution it waits for; these lie in buckets by step and phase, and only buckets
with something in them cost anything. Holdings are added to the equity curve in whole stretches.

Prices are read where they lie, through addresses: `(5, n)` columns whose rows are `stride` apart.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain import tick_history
from kis_terminal.services.backtest import fills
from kis_terminal.services.backtest.compiled import _uncounted, array_at, compiled, pointer, uncounted

ENTRY_MARK, EXIT_MARK, NO_BUY_MARK, NO_SELL_MARK = 1, 2, 4, 8
"""Bits of a bar's mark: entry true, exit true, a buy is not filled, a sale is not filled."""
BUY, SELL = 0, 1
_ENTRY, _EXIT, _STOP, _TRAILING, _TARGET = range(5)
_NEVER = -1
_OPEN_PHASE, _MIDDLE_PHASE, _CLOSE_PHASE = range(3)
_PHASES = 3

new_tick = compiled(tick_history._new_tick)
old_tick = compiled(tick_history._old_tick)
tick_size_at = compiled(tick_history.tick_size_at, new_tick, old_tick)
round_up_at = compiled(tick_history.round_up_at, tick_size_at)
round_down_at = compiled(tick_history.round_down_at, tick_size_at)
on_grid = compiled(fills.on_grid)
cost_of = compiled(fills.cost_of)
buy_price = compiled(fills.buy_price, round_up_at)
sell_price = compiled(fills.sell_price, round_down_at)
target_shares = compiled(fills.target_shares)
wanted_shares = compiled(fills.wanted_shares, target_shares)
affordable_shares = compiled(fills.affordable_shares, on_grid, cost_of)


class Symbols(NamedTuple):
    """The series of a run, `(m,)` each where nothing else is said; bars are counted from each first."""

    address: NDArray[np.int64]
    """Of `(5, n)` float64 columns."""
    stride: NDArray[np.int64]
    """Values from one row of the columns to the next."""
    size: NDArray[np.int64]
    first: NDArray[np.int64]
    """The first bar of the run."""
    shift: NDArray[np.int64]
    """Step less bar where a series has a bar at every step from its first to its last."""
    steps: NDArray[np.int64]
    """Steps of all bars of the series that have gaps, one series after the other."""
    steps_at: NDArray[np.int64]
    """Where each series' steps begin; below 0 for one without gaps."""
    marks: NDArray[np.uint8]
    """Marks of all bars, one series after the other."""
    marks_at: NDArray[np.int64]
    table: NDArray[np.int64]
    commission: NDArray[np.float64]
    unit: NDArray[np.float64]
    tax_times: NDArray[np.int64]
    """Changes of all series, one after the other."""
    tax_rates: NDArray[np.float64]
    tax_at: NDArray[np.int64]
    """`(m + 1,)`: where each series' changes begin."""


class Rules(NamedTuple):
    """What is the same for all symbols."""

    at_close: bool
    is_intrabar: bool
    stop: float
    trailing: float
    target: float
    sizing: int
    size: float
    slippage: float
    cash: float


class KernelFills(NamedTuple):
    """`(k,)` each, in the order of execution."""

    place: NDArray[np.int32]
    bar: NDArray[np.int32]
    step: NDArray[np.int32]
    side: NDArray[np.int8]
    reason: NDArray[np.int8]
    price: NDArray[np.float64]
    quantity: NDArray[np.int64]
    commission: NDArray[np.float64]
    tax: NDArray[np.float64]


def _row(symbols: Symbols, place: int, row: int) -> NDArray[np.float64]:
    """Return one column of a series where it lies."""
    begin = symbols.address[place] + row * symbols.stride[place] * 8
    column: NDArray[np.float64] = array_at(pointer(begin), symbols.size[place])
    return column


def _step_of(symbols: Symbols, place: int, bar: int) -> int:
    at = symbols.steps_at[place]
    return int(symbols.steps[at + bar] if at >= 0 else bar + symbols.shift[place])


def _first_marked(marks: NDArray[np.uint8], bar: int, bit: int) -> int:
    """Return the first bar from `bar` on that has a mark, the number of bars when none has."""
    rest = marks[bar:]
    for one in range(len(rest)):
        if rest[one] & bit:
            return bar + one
    return len(marks)


def _buy_bar(marks: NDArray[np.uint8], at_close: bool, bar: int) -> tuple[int, bool]:
    """Return the bar on which who is flat at the close of `bar` buys, and whether a buy waits at the end."""
    size = len(marks)
    is_waiting = False
    while bar < size:
        if not is_waiting:
            bar = _first_marked(marks, bar, ENTRY_MARK)
            if bar == size:
                break
        mark = marks[bar]
        if is_waiting and not at_close and not mark & NO_BUY_MARK:
            return bar, False
        if mark & ENTRY_MARK:
            is_waiting = True
        elif mark & EXIT_MARK:
            is_waiting = False
        if is_waiting and at_close and not mark & NO_BUY_MARK:
            return bar, False
        bar += 1
    return _NEVER, is_waiting


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


def _next_buy(symbols: Symbols, rules: Rules, place: int, bar: int) -> tuple[int, bool]:
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


def _grown(old: Any, size: int) -> Any:
    new = np.empty(size, dtype=old.dtype)
    new[: len(old)] = old
    return new


def _sorted_bucket(head: int, following: NDArray[np.int32], bucket: NDArray[np.int32]) -> int:
    """Write the places of a bucket into `bucket` in rising order; return how many."""
    count = 0
    while head >= 0:
        bucket[count] = head
        count += 1
        head = following[head]
    if count > 16:
        bucket[:count].sort()
        return count
    for one in range(1, count):
        place = bucket[one]
        other = one
        while other > 0 and bucket[other - 1] > place:
            bucket[other] = bucket[other - 1]
            other -= 1
        bucket[other] = place
    return count


def _lent(owned: Symbols) -> Symbols:
    """Return the same arrays for handing on within compiled code."""
    return Symbols(
        _uncounted(owned.address),
        _uncounted(owned.stride),
        _uncounted(owned.size),
        _uncounted(owned.first),
        _uncounted(owned.shift),
        _uncounted(owned.steps),
        _uncounted(owned.steps_at),
        _uncounted(owned.marks),
        _uncounted(owned.marks_at),
        _uncounted(owned.table),
        _uncounted(owned.commission),
        _uncounted(owned.unit),
        _uncounted(owned.tax_times),
        _uncounted(owned.tax_rates),
        _uncounted(owned.tax_at),
    )


def _run_rules(
    owned: Symbols, rules: Rules, times: NDArray[np.int64]
) -> tuple[KernelFills, NDArray[np.float64], int, int, int]:
    """Return fills, equity, buys without cash, buys cut, orders still waiting at the end."""
    symbols = _lent(owned)
    count, steps = len(symbols.size), len(times)
    values = np.zeros(steps)
    equity = np.empty(steps)
    heads = np.full(steps * _PHASES, -1, dtype=np.int32)
    following = np.full(count, -1, dtype=np.int32)
    bucket = np.empty(count, dtype=np.int32)
    bar_of = np.zeros(count, dtype=np.int32)
    held = np.zeros(count, dtype=np.int64)
    reason_of = np.zeros(count, dtype=np.int8)
    price_of = np.zeros(count)
    capacity = max(4 * count, 256)
    place_out = np.empty(capacity, dtype=np.int32)
    bar_out = np.empty(capacity, dtype=np.int32)
    step_out = np.empty(capacity, dtype=np.int32)
    side_out = np.empty(capacity, dtype=np.int8)
    reason_out = np.empty(capacity, dtype=np.int8)
    price_out = np.empty(capacity)
    quantity_out = np.empty(capacity, dtype=np.int64)
    commission_out = np.empty(capacity)
    tax_out = np.empty(capacity)
    filled, without_cash, cut, waiting = 0, 0, 0, 0
    cash = on_grid(rules.cash)
    buy_phase = _CLOSE_PHASE if rules.at_close else _OPEN_PHASE
    judged_after = 1 if rules.at_close else 0
    for place in range(count):
        bar, is_waiting = _next_buy(symbols, rules, place, symbols.first[place])
        waiting += is_waiting
        if bar >= 0:
            bar_of[place] = bar
            key = _step_of(symbols, place, bar) * _PHASES + buy_phase
            following[place] = heads[key]
            heads[key] = place
    for step in range(steps):
        time = times[step]
        for phase in range(_PHASES):
            head = heads[step * _PHASES + phase]
            if head < 0:
                continue
            inside = _sorted_bucket(head, following, bucket)
            wealth = cash
            if phase == _CLOSE_PHASE:
                wealth += values[step]
                for one in range(inside):
                    place = bucket[one]
                    if held[place] > 0:
                        close = _row(symbols, place, 3)[bar_of[place]]
                        wealth += np.floor(held[place] * close * 4096.0 + 0.5) / 4096.0
            elif step > 0:
                wealth += values[step - 1]
            if filled + 2 * inside > capacity:
                capacity = 2 * capacity + 2 * inside
                place_out = _grown(place_out, capacity)
                bar_out = _grown(bar_out, capacity)
                step_out = _grown(step_out, capacity)
                side_out = _grown(side_out, capacity)
                reason_out = _grown(reason_out, capacity)
                price_out = _grown(price_out, capacity)
                quantity_out = _grown(quantity_out, capacity)
                commission_out = _grown(commission_out, capacity)
                tax_out = _grown(tax_out, capacity)
            # Sales first; what was bought now is not yet held, so one pass for each side tells them apart.
            for side in (SELL, BUY):
                for one in range(inside):
                    place = bucket[one]
                    if place < 0 or (held[place] > 0) != (side == SELL):
                        continue
                    bucket[one] = -1
                    bar = bar_of[place]
                    table = symbols.table[place]
                    row = 0 if phase == _OPEN_PHASE else 3
                    rate, unit = symbols.commission[place], symbols.unit[place]
                    sale_phase = phase
                    if side == SELL:
                        if phase == _MIDDLE_PHASE:
                            market_price = price_of[place]
                        else:
                            market_price = _row(symbols, place, row)[bar]
                        is_limit = phase == _MIDDLE_PHASE and reason_of[place] == _TARGET
                        slippage = 0.0 if is_limit else rules.slippage
                        price = sell_price(market_price, slippage, table, time)
                        shares = held[place]
                        reason = reason_of[place]
                        amount = price * shares
                        commission = cost_of(amount, rate, unit)
                        tax = cost_of(amount, _tax_rate(symbols, place, time), unit)
                        cash += on_grid(amount - commission - tax)
                        held[place] = 0
                        from_bar = bar + 1 if phase == _CLOSE_PHASE else bar
                        next_bar, is_waiting = _next_buy(symbols, rules, place, from_bar)
                        sale_phase = buy_phase
                    else:
                        price = buy_price(_row(symbols, place, row)[bar], rules.slippage, table, time)
                        shares = wanted_shares(rules.sizing, rules.size, count, wealth, price, 0)
                        payable = affordable_shares(cash, price, rate, unit) if shares > 0 else 0
                        if payable < shares:
                            if payable == 0:
                                without_cash += 1
                            else:
                                cut += 1
                            shares = payable
                        reason = _ENTRY
                        tax = 0.0
                        commission = 0.0
                        if shares > 0:
                            amount = price * shares
                            commission = cost_of(amount, rate, unit)
                            cash -= on_grid(amount + commission)
                            next_bar, sale_phase, why, at_price, is_waiting = _next_sale(
                                symbols, rules, place, bar + judged_after, price, times
                            )
                            _hold(values, symbols, place, bar, next_bar, shares)
                            held[place] = shares
                            reason_of[place] = why
                            price_of[place] = at_price
                        else:
                            next_bar, is_waiting = _next_buy(symbols, rules, place, bar + judged_after)
                            sale_phase = buy_phase
                    waiting += is_waiting
                    if next_bar >= 0:
                        bar_of[place] = next_bar
                        key = _step_of(symbols, place, next_bar) * _PHASES + sale_phase
                        following[place] = heads[key]
                        heads[key] = place
                    if shares > 0:
                        place_out[filled] = place
                        bar_out[filled] = bar
                        step_out[filled] = step
                        side_out[filled] = side
                        reason_out[filled] = reason
                        price_out[filled] = price
                        quantity_out[filled] = shares
                        commission_out[filled] = commission
                        tax_out[filled] = tax
                        filled += 1
        equity[step] = cash + values[step]
    made = KernelFills(
        place_out[:filled],
        bar_out[:filled],
        step_out[:filled],
        side_out[:filled],
        reason_out[:filled],
        price_out[:filled],
        quantity_out[:filled],
        commission_out[:filled],
        tax_out[:filled],
    )
    return made, equity, without_cash, cut, waiting


row_of = compiled(_row)
step_of = compiled(_step_of)
first_marked = compiled(_first_marked)
buy_bar = compiled(_buy_bar, first_marked)
exit_bar = compiled(_exit_bar, first_marked)
next_buy = compiled(_next_buy, buy_bar)
level_reached = compiled(_level_reached, row_of, step_of, round_up_at, round_down_at)
next_sale = compiled(_next_sale, row_of, exit_bar, level_reached)
hold = compiled(_hold, row_of, step_of)
run_rules = compiled(
    _run_rules,
    compiled(_lent, uncounted),
    row_of,
    step_of,
    next_buy,
    next_sale,
    hold,
    compiled(_tax_rate),
    compiled(_grown),
    compiled(_sorted_bucket),
    on_grid,
    cost_of,
    buy_price,
    sell_price,
    wanted_shares,
    affordable_shares,
    is_entry=True,
)
