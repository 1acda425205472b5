"""A trading program that kills itself at a named point of an order: `python -m tests.support.killed`.

Reads one JSON object from standard input: where the exchange listens, whose keys, where files go, the point.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.instruments import round_down_to_tick
from kis_terminal.domain.orders import OrderKind, Origin, Side
from kis_terminal.ports import Stream
from kis_terminal.settings import HomePaths, KisAccess, Secret
from kis_terminal.trading_core import TradingCore
from tests.support.trading_desk import until

SAMSUNG = "005930"
POINTS = ("journaled", "posting", "answered")
"""After the journal's line and before the request; while it is on its way; after the answer, unjournaled."""


def access_of(told: Mapping[str, str]) -> KisAccess:
    """Return the access that the parent described."""
    return KisAccess(
        environment=Environment.REAL,
        rest_url=told["rest"],
        ws_url=told["ws"],
        master_url=f"{told['rest']}/common/master",
        appkey=Secret(told["appkey"]),
        appsecret=Secret("s" * 180),
        hts_id=told["hts_id"],
        cano=told["cano"],
        product="01",
    )


def core_of(told: Mapping[str, str]) -> TradingCore:
    """Return the program without its window, with files in the folder that the parent named."""
    home = HomePaths.under(Path(told["folder"]), Environment.REAL)
    return TradingCore(
        access_of(told), home, on_secret=lambda secret: None, on_failure=None, tell=lambda grade, words: None
    )


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _arm(core: TradingCore, point: str, seed: int) -> None:
    record, place = core.journal.record, core.broker.place

    async def recording(key: str, event: str, at: datetime, details: Mapping[str, str]) -> None:
        if point == "answered" and event == "accepted":
            _die()
        await record(key, event, at, details)
        if point == "journaled" and event == "intent":
            _die()

    async def placing(*arguments: Any, **named: Any) -> Any:
        asyncio.get_running_loop().call_later(random.Random(seed).uniform(0.0, 0.012), _die)
        answer = await place(*arguments, **named)
        _die()  # a quick exchange has answered before its time came
        return answer

    core.journal.record = recording  # type: ignore[method-assign]
    if point == "posting":
        core.broker.place = placing  # type: ignore[method-assign]


async def _trade(told: Mapping[str, str]) -> None:
    core = core_of(told)
    await core.open()
    core.risk_gate.arm(is_armed=True)
    core.market_data.watch(SAMSUNG, Stream.TICKS)
    state = core.market_data.state(SAMSUNG)
    await until(lambda: core.orders.is_reconciled and state.upper_limit is not None, 20.0)
    await until(lambda: core.market_data.market_seconds() is not None and len(core.instruments) > 0, 20.0)
    await until(lambda: core.portfolio.balance is not None, 20.0)
    # A first token that is lost with the process is not given again for a minute, as KIS has it.
    tokens = HomePaths.under(Path(told["folder"]), Environment.REAL).tokens
    await until(lambda: any(file.name != "vault.key" and file.name[0] != "." for file in tokens.glob("*")))
    _arm(core, told["point"], int(told["seed"]))
    assert state.price is not None
    far = round_down_to_tick(state.price * Decimal("0.9"))
    request = core.orders.new_request(SAMSUNG, Side.BUY, OrderKind.LIMIT, 3, far, origin=Origin.LADDER)
    order = await core.orders.submit(request)
    # Only reached when the point was not: say why.
    print(order.status, order.reason, flush=True)
    await core.close()


if __name__ == "__main__":
    asyncio.run(_trade(json.load(sys.stdin)))
