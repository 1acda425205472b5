"""A program that is killed with many orders open, and how long the next start takes to know them all."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from kis_terminal.domain.orders import Origin
from tests.support.exchange import RunningExchange
from tests.support.killed import core_of
from tests.support.trading_desk import until


@dataclass(frozen=True)
class Recovery:
    """One start after a kill."""

    open_orders: int
    """By the exchange's own record."""
    known: int
    """By the next start, as its own."""
    foreign: int
    unknown: int
    seconds: float
    """From the start of the program to the first complete listing carried in, with every order known."""


async def recover(exchange: RunningExchange, folder: Path, orders: int) -> Recovery:
    """Let a program send `orders`, kill it, start another on its files, and wait until it is reconciled."""
    told = {
        "rest": exchange.access().rest_url,
        "ws": exchange.access().ws_url,
        "appkey": secrets.token_hex(18),
        "hts_id": "recover",
        "cano": "62000001",
        "folder": str(folder),
        "orders": str(orders),
    }
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.many_orders"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(child.communicate(json.dumps(told).encode()), 300)
    if child.returncode != -signal.SIGKILL:
        raise AssertionError(f"was not killed ({child.returncode}): {out!r} {errors[-2000:]!r}")
    begun = time.perf_counter()
    core = core_of(told)
    await core.open()
    try:
        await until(lambda: core.orders.is_reconciled, 60.0)
        await until(lambda: len(core.orders.open_orders()) >= orders, 60.0)
        seconds = time.perf_counter() - begun
        known = core.orders.open_orders()
        kinds = [
            entry.kind
            for entry in exchange.server.venue.exchange.ledger.entries
            if entry.account == told["cano"]
        ]
        return Recovery(
            kinds.count("accepted"),
            sum(order.origin is not Origin.ELSEWHERE for order in known),
            sum(order.origin is Origin.ELSEWHERE for order in known),
            sum(order.status == "unknown" for order in known),
            round(seconds, 2),
        )
    finally:
        await core.close()
