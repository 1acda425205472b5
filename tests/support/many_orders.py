"""A program that sends many resting orders and kills itself: `python -m tests.support.many_orders`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from kis_terminal.domain.instruments import move_ticks
from kis_terminal.domain.orders import OrderKind, OrderStatus, Origin, Side
from kis_terminal.ports import Stream
from kis_terminal.settings import HomePaths
from tests.support.killed import SAMSUNG, core_of
from tests.support.trading_desk import until

_PAUSE = 0.11
"""Seconds between two orders: ten a second are the limit of the risk rules."""


async def _trade(told: Mapping[str, str]) -> None:
    core = core_of(told)
    await core.open()
    core.risk_gate.arm(is_armed=True)
    hundred = Decimal(100)
    core.risk_gate.limits = replace(
        core.risk_gate.limits,
        soft_collar_ticks=10**6,
        soft_collar_percent=hundred,
        soft_concentration_percent=hundred,
    )
    core.market_data.watch(SAMSUNG, Stream.TICKS)
    state = core.market_data.state(SAMSUNG)
    await until(lambda: core.orders.is_reconciled and state.upper_limit is not None, 30.0)
    await until(lambda: core.market_data.has_live_time and len(core.instruments) > 0, 30.0)
    await until(lambda: core.portfolio.balance is not None and core.portfolio.day_profit is not None, 30.0)
    tokens = HomePaths.under(Path(told["folder"]), core.broker.environment).tokens
    await until(lambda: any(file.name != "vault.key" and file.name[0] != "." for file in tokens.glob("*")))
    assert state.lower_limit is not None
    sent = []
    for number in range(int(told["orders"])):
        price = move_ticks(state.lower_limit, number % 20)
        sent.append(
            await core.orders.submit(
                core.orders.new_request(
                    SAMSUNG, Side.BUY, OrderKind.LIMIT, number + 1, price, origin=Origin.LADDER
                )
            )
        )
        await asyncio.sleep(_PAUSE)
    wrong = [str(order.reason) for order in sent if order.status is not OrderStatus.ACCEPTED]
    if wrong:
        print(wrong, flush=True)  # whoever reads this sees a program that was not killed
        await core.close()
        return
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(_trade(json.load(sys.stdin)))
