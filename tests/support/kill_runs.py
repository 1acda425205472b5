"""Programs that die in the middle of an order, and what the next start makes of it, judged by the ledger."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kis_terminal.domain.orders import Origin
from tests.support.exchange import RunningExchange
from tests.support.killed import POINTS, core_of
from tests.support.trading_desk import until

_AT_ONCE = 2
_STARTS_AT_ONCE = 25
_SETTLED_SECONDS = 60.0


@dataclass(frozen=True)
class KillResult:
    """What became of one run; every count is of orders."""

    point: str
    accepted: int
    """By the exchange."""
    shown: int
    """By the next start as its own."""
    foreign: int
    open_shown: int
    is_settled: bool
    seconds: float
    """From the next start's first listing until nothing was unknown any more."""


async def kill_runs(exchange: RunningExchange, folder: Path, runs: int) -> list[KillResult]:
    """Kill `runs` programs at each point, start each again, and return what was found."""
    turns, starts = asyncio.Semaphore(_AT_ONCE), asyncio.Semaphore(_STARTS_AT_ONCE)
    told = [
        {
            "rest": exchange.access().rest_url,
            "ws": exchange.access().ws_url,
            "appkey": secrets.token_hex(18),
            "hts_id": f"k{number:05}",
            "cano": f"{61_000_000 + number}",
            "folder": str(folder / str(number)),
            "point": point,
            "seed": number,
        }
        for number, point in enumerate(point for point in POINTS for _ in range(runs))
    ]

    async def run(one: dict[str, Any]) -> KillResult:
        async with turns:
            await _killed(one)
        async with starts:
            return await _started_again(exchange, one)

    return list(await asyncio.gather(*(run(one) for one in told)))


async def _killed(told: dict[str, Any]) -> None:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.killed"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(child.communicate(json.dumps(told).encode()), 60)
    if child.returncode != -signal.SIGKILL:
        raise AssertionError(
            f"{told['point']}: was not killed ({child.returncode}): {out!r} {errors[-2000:]!r}"
        )


async def _started_again(exchange: RunningExchange, told: dict[str, Any]) -> KillResult:
    core = core_of(told)
    loop = asyncio.get_running_loop()
    await core.open()
    try:
        await until(lambda: core.orders.is_reconciled, 30.0)
        began, is_settled = loop.time(), True
        try:
            await until(
                lambda: not any(order.status == "unknown" for order in core.orders.all()), _SETTLED_SECONDS
            )
        except AssertionError:
            is_settled = False
        seconds = loop.time() - began
        await core.reconciler.list_once()
        orders = core.orders.all()
        ours = [order for order in orders if order.origin is not Origin.ELSEWHERE]
        kinds = Counter(
            entry["kind"]
            for entry in exchange.server.venue.exchange.ledger.to_json()
            if entry["account"] == told["cano"]
        )
        return KillResult(
            told["point"],
            kinds["accepted"],
            sum(1 for order in ours if order.order_number),
            len(orders) - len(ours),
            sum(1 for order in ours if order.is_open),
            is_settled,
            seconds,
        )
    finally:
        await core.close()
