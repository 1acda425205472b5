"""A trading program that is put to sleep with twenty timers due: `python -m tests.support.sleeper`.

Reads one JSON object from standard input (see `tests.support.killed`), says "ready", and at its end what
became of the orders of the timers, and of one that was sent after the first listing since.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kis_terminal.domain.instruments import round_down_to_tick
from kis_terminal.domain.orders import OrderKind, OrderRequest, Origin, Side
from kis_terminal.ports import Stream
from kis_terminal.services.wake_watch import WakeWatch
from tests.support.killed import SAMSUNG, core_of
from tests.support.trading_desk import until

TIMERS = 20
_DUE = 1.0


async def _sleep(told: Mapping[str, str]) -> dict[str, Any]:
    core = core_of(told)
    core.wake_watch = WakeWatch(
        core.orders, core.reconciler, core.market_data, core.feed, core.clock, core.scope, slept_seconds=1.5
    )
    slept: list[float] = []
    core.wake_watch.woke.subscribe(slept.append)
    await core.open()
    core.risk_gate.arm(is_armed=True)
    core.market_data.watch(SAMSUNG, Stream.TICKS)
    state = core.market_data.state(SAMSUNG)
    await until(lambda: core.orders.is_reconciled and state.upper_limit is not None, 30.0)
    await until(lambda: core.market_data.has_live_time and len(core.instruments) > 0, 30.0)
    await until(lambda: core.portfolio.balance is not None and core.portfolio.day_profit is not None, 30.0)
    assert state.price is not None
    far = round_down_to_tick(state.price * Decimal("0.9"))

    def request(quantity: int) -> OrderRequest:
        return core.orders.new_request(
            SAMSUNG, Side.BUY, OrderKind.LIMIT, quantity, far, origin=Origin.STRATEGY
        )

    slept.clear()
    loop = asyncio.get_running_loop()
    keys: list[str] = []
    for number in range(TIMERS):
        loop.call_later(_DUE, lambda n=number: keys.append(core.orders.submit_soon(request(n + 1))))  # type: ignore[misc]
    print("ready", flush=True)
    await until(lambda: len(keys) == TIMERS, 60.0)
    await until(lambda: all(core.orders.get(key) is not None for key in keys), 10.0)
    age = core.market_data.price_age(SAMSUNG)
    await until(lambda: core.orders.is_reconciled, 60.0)
    await until(lambda: core.market_data.price_age(SAMSUNG) == 0.0, 60.0)
    after = await core.orders.submit(request(77))
    known = [order.quantity for order in core.orders.all() if order.origin is Origin.ELSEWHERE]
    timers = [core.orders.get(key) for key in keys]
    told_back = {
        "slept": slept,
        "timers": [(order.status.value, str(order.reason)) for order in timers if order is not None],
        "age": age,
        "after": (after.status.value, str(after.reason)),
        "elsewhere": known,
    }
    await core.close()
    return told_back


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_sleep(json.load(sys.stdin)))), flush=True)
