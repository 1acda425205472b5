"""Orders whose answers are lost in every known way, on many accounts at once, judged by the ledger."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from kis_terminal.adapters.kis.client import Patience
from kis_terminal.adapters.simulator.control.faults import read_rule
from kis_terminal.domain.instruments import round_down_to_tick
from kis_terminal.domain.orders import OrderKind, OrderStatus, Origin, Side
from kis_terminal.ports import Stream
from tests.support.exchange import RunningExchange
from tests.support.trading_desk import TradingDesk, trading_desk, until

SAMSUNG = "005930"
ORDERS = "path=*/order-cash"
FAULTS = {
    "answer never comes": f"do=drop,at=answer,seconds=1.2,{ORDERS}",
    "reset after the last byte": f"do=reset,at=answer,{ORDERS}",
    "gateway's page": f"do=raw,status=504,at=answer,{ORDERS}",
    "half of the JSON": f"do=truncate,size=40,{ORDERS}",
    "breaks off": f"do=cut,size=60,{ORDERS}",
    "no order number": f"do=blank,fields=ODNO,{ORDERS}",
    "request never arrives": f"do=drop,at=request,seconds=1.2,{ORDERS}",
}
SETTLED_SECONDS = 45.0
"""Complete listings that prove an order's absence take a quarter of a minute."""


@dataclass(frozen=True)
class LostResult:
    """Counts over all accounts."""

    orders: int
    faults: dict[str, int]
    """How often each fault came true."""
    accepted: int
    sent_twice: int
    unresolved: int
    differ: int
    """Orders whose end here is not the ledger's."""
    longest_seconds: float
    """From an answer that was lost until its order was known."""


async def lost_runs(
    exchange: RunningExchange, folder: Path, *, accounts: int, orders_each: int, seed: int
) -> LostResult:
    """Send `orders_each` orders from each account; six of ten go wrong in a way that the seed draws."""
    faults = exchange.server.venue.faults
    share = 0.6 / len(FAULTS)
    # A rule that fires keeps the later ones from the call: each asks for its share of what is left.
    numbers, left = {}, 1.0
    for place, (name, spec) in enumerate(FAULTS.items()):
        numbers[name] = faults.add(read_rule(f"{spec},probability={share / left:.4f},seed={seed + place}"))
        left -= share
    found = await asyncio.gather(
        *(
            _one_account(exchange, folder / str(n), 62_000_000 + n, orders_each, seed + n)
            for n in range(accounts)
        )
    )
    fired = {row["id"]: int(str(row["fired"])) for row in faults.to_json()}
    faults.clear()
    return LostResult(
        accounts * orders_each,
        {name: fired[number] for name, number in numbers.items()},
        *(sum(part[place] for part in found) for place in range(4)),
        max(part[4] for part in found),
    )


async def _one_account(
    exchange: RunningExchange, folder: Path, cano: int, count: int, seed: int
) -> tuple[int, int, int, int, float]:
    draw = random.Random(seed)
    access = exchange.access(cano=str(cano))
    longest = 0.0
    async with trading_desk(access, folder, Patience(answer=0.6)) as desk:
        watching = desk.market_data.watch(SAMSUNG, Stream.TICKS)
        state = desk.market_data.state(SAMSUNG)
        await until(lambda: state.upper_limit is not None and state.price is not None, 20.0)
        await until(lambda: desk.market_data.market_seconds() is not None, 20.0)
        sent = []
        loop = asyncio.get_running_loop()
        for number in range(count):
            assert state.price is not None
            far = round_down_to_tick(state.price * Decimal("0.88") - draw.randrange(5) * 100)
            # The quantity tells the orders of an account apart in the ledger.
            order = await desk.orders.submit(
                desk.orders.new_request(
                    SAMSUNG, Side.BUY, OrderKind.LIMIT, 1 + number, far, origin=Origin.LADDER
                )
            )
            began = loop.time()
            sent.append(order.key)
            await _settled(desk, order.key)
            longest = max(longest, loop.time() - began)
            await asyncio.sleep(draw.uniform(0.0, 0.1))
        await desk.reconciler.list_once()
        watching.close()
        ledger = exchange.server.venue.exchange.ledger.to_json()
        accepted = Counter(
            int(entry["quantity"])
            for entry in ledger
            if entry["kind"] == "accepted" and entry["account"] == str(cano)
        )
        ends = {desk.orders.get(key) for key in sent}
        unresolved = sum(order is None or order.status is OrderStatus.UNKNOWN for order in ends)
        differ = sum(
            order is not None and order.status.is_working != (accepted[order.quantity] == 1) for order in ends
        )
    return sum(accepted.values()), sum(n - 1 for n in accepted.values()), unresolved, differ, longest


async def _settled(desk: TradingDesk, key: str) -> None:
    """Wait until the outcome of an order is known; one that stays unknown is counted later."""
    try:
        await until(
            lambda: (order := desk.orders.get(key)) is not None and order.status is not OrderStatus.UNKNOWN,
            SETTLED_SECONDS,
        )
    except AssertionError:
        return
