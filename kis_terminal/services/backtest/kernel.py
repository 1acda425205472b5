"""The vectorised engine: the rules of `event_loop` for rule strategies, compiled, event to event.

What a rule strategy does on one symbol hangs on the account only where a buy fails for want of cash. So each
symbol always knows the one execution it waits for (`kernel_moves`); these lie in buckets by step and phase,
and only buckets with something in them cost anything. Holdings are added to the equity curve in whole
stretches.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kis_terminal.services.backtest.compiled import _uncounted, compiled, uncounted
from kis_terminal.services.backtest.kernel_moves import (
    _hold,
    _next_buy,
    _next_sale,
    _tax_rate,
    hold,
    next_buy,
    next_sale,
    tax_rate,
)
from kis_terminal.services.backtest.kernel_values import (
    _CLOSE_PHASE,
    _ENTRY,
    _MIDDLE_PHASE,
    _OPEN_PHASE,
    _PHASES,
    _TARGET,
    BUY,
    SELL,
    KernelFills,
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
    # Equity as it is when the bars of a step are judged: before what is filled on their closes.
    judged = np.empty(steps)
    heads = np.full(steps * _PHASES, -1, dtype=np.int32)
    following = np.full(count, -1, dtype=np.int32)
    bucket = np.empty(count, dtype=np.int32)
    bar_of = np.zeros(count, dtype=np.int32)
    decided_of = np.zeros(count, dtype=np.int32)
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
        bar, decided_of[place], is_waiting = _next_buy(symbols, rules, place, symbols.first[place])
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
            if phase == _CLOSE_PHASE:
                judged[step] = cash + values[step]
                for one in range(inside):
                    place = bucket[one]
                    if held[place] > 0:
                        close = _row(symbols, place, 3)[bar_of[place]]
                        judged[step] += np.floor(held[place] * close * 4096.0 + 0.5) / 4096.0
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
                        next_bar, decided_of[place], is_waiting = _next_buy(symbols, rules, place, from_bar)
                        sale_phase = buy_phase
                    else:
                        price = buy_price(_row(symbols, place, row)[bar], rules.slippage, table, time)
                        decided = decided_of[place]
                        wealth = judged[_step_of(symbols, place, decided)]
                        close = _row(symbols, place, 3)[decided]
                        shares = wanted_shares(rules.sizing, rules.size, count, wealth, close, 0)
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
                            next_bar, decided_of[place], is_waiting = _next_buy(
                                symbols, rules, place, bar + judged_after
                            )
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
        if heads[step * _PHASES + _CLOSE_PHASE] < 0:
            judged[step] = equity[step]
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


run_rules = compiled(
    _run_rules,
    compiled(_lent, uncounted),
    row_of,
    step_of,
    next_buy,
    next_sale,
    hold,
    tax_rate,
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
