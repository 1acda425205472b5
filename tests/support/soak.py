"""A market played fast, an account that trades at random, and faults of every kind drawn by a seed."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from kis_terminal.adapters.kis.client import Patience
from kis_terminal.adapters.process_memory import resident_bytes
from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.domain.instruments import round_down_to_tick
from kis_terminal.domain.orders import OrderKind, OrderRequest, Origin, Side
from tests.support.exchange import running_exchange
from tests.support.fault_case import SAMSUNG, Case, ExchangesClock, opened

START = "2026-11-20T10:00"
FAULTS = (
    "do=drop,at=answer,seconds=0.8,path=*/order-cash,probability=0.05",
    "do=raw,status=504,at=answer,path=*/order-cash,probability=0.03",
    "do=drop,at=answer,seconds=0.8,path=*/order-rvsecncl,probability=0.05",
    "do=error,code=EGW00201,probability=0.02",
    "do=raw,status=500,path=*/inquire-*,probability=0.02",
    "do=reset,at=answer,path=*/inquire-*,probability=0.02",
    "do=duplicate,on=frame,tr=H0STCNI0,probability=0.2",
    "do=drop,on=frame,tr=H0STCNI0,probability=0.1",
    "do=reorder,on=frame,seconds=0.2,tr=H0STCNI0,probability=0.1",
    "do=columns,on=frame,tr=H0STCNT0,size=3,probability=0.01",
    "do=close,on=frame,tr=H0STCNT0,probability=0.0005",
)


@dataclass(frozen=True)
class SoakResult:
    """What was done, what came of it."""

    market_minutes: float
    orders: int
    amended: int
    cancelled: int
    fired: dict[str, int]
    """How often each fault came true."""
    wrong: list[str]
    """Where desk and ledger differ at the end."""
    megabytes: list[float]
    """Memory of exchange and desk together, by tenths of the run."""


async def soak(folder: Path, *, seconds: float, speed: float, seed: int) -> SoakResult:
    """Trade for `seconds`, then heal everything and compare."""
    options = replace(SimulatorOptions(), seed=seed, is_limited=False, clock=START, speed=speed)
    async with running_exchange(options) as exchange:
        patience = Patience(answer=0.5, first_pause=0.05, longest_pause=0.4)
        clock = ExchangesClock(exchange)
        async with opened(exchange, exchange.access(cano="64000001"), folder, patience, clock=clock) as case:
            case.widen_limits()
            gate = case.desk.risk_gate
            gate.limits = replace(gate.limits, max_orders_a_day=10**6, max_daily_loss=Decimal(10**9))
            rules = {spec: case.fault(f"{spec},seed={seed}") for spec in FAULTS}
            counts, megabytes = await _trade(case, random.Random(seed), seconds)
            fired = {spec.split(",path")[0]: case.fired(number) for spec, number in rules.items()}
            case.heal()
            case.desk.reconciler.want()
            try:
                await case.invariants.hold(seconds=60.0)
                wrong = []
            except AssertionError as error:
                wrong = str(error).splitlines()
    return SoakResult(seconds * speed / 60, *counts, fired, wrong, megabytes)


async def _trade(case: Case, draw: random.Random, seconds: float) -> tuple[tuple[int, int, int], list[float]]:
    loop = asyncio.get_running_loop()
    began, orders, amended, cancelled = loop.time(), 0, 0, 0
    megabytes: list[float] = []
    # A machine that is busy with other things gets the time for as many orders.
    while (passed := loop.time() - began) < seconds or (orders < 2 * seconds and passed < 5 * seconds):
        if passed >= seconds * len(megabytes) / 10:
            megabytes.append(round((resident_bytes() or 0) / 1e6, 1))
        working = [order for order in case.desk.orders.open_orders() if order.order_number]
        act = draw.random()
        if act < 0.5 and len(working) < 30:
            case.desk.orders.submit_soon(_request(case, draw))
            orders += 1
        elif act < 0.7 and working:
            order = draw.choice(working)
            if order.price is not None:
                case.desk.orders.amend_soon(order.key, OrderKind.LIMIT, _price(case, draw, Decimal("0.95")))
                amended += 1
        elif working:
            case.desk.orders.cancel_soon(draw.choice(working).key)
            cancelled += 1
        await asyncio.sleep(draw.uniform(0.01, 0.12))
    return (orders, amended, cancelled), megabytes


def _price(case: Case, draw: random.Random, share: Decimal) -> Decimal:
    price = case.desk.market_data.state(SAMSUNG).price
    assert price is not None
    return round_down_to_tick(price * share + 100 * draw.randrange(-15, 15))


def _request(case: Case, draw: random.Random) -> OrderRequest:
    held = case.desk.portfolio.sellable(SAMSUNG) or 0
    side = Side.SELL if held > 20 and draw.random() < 0.4 else Side.BUY
    quantity = draw.randrange(1, 9)
    if draw.random() < 0.3:
        return case.desk.orders.new_request(
            SAMSUNG, side, OrderKind.MARKET, quantity, None, origin=Origin.ORDER_ENTRY
        )
    share = Decimal("0.97") if side is Side.BUY else Decimal("1.03")
    return case.desk.orders.new_request(
        SAMSUNG, side, OrderKind.LIMIT, quantity, _price(case, draw, share), origin=Origin.LADDER
    )
