"""Panics over mixed faults on many accounts at once: what the report says against what the ledger has."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from kis_terminal.adapters.kis.client import Patience
from kis_terminal.adapters.simulator.control.faults import read_rule
from kis_terminal.adapters.simulator.orders.ledger import LedgerEntry
from kis_terminal.domain.instruments import round_down_to_tick
from kis_terminal.domain.orders import OrderKind, OrderRequest, Origin, Side
from kis_terminal.ports import Stream
from kis_terminal.services.panic import PanicOutcome
from tests.support.exchange import RunningExchange
from tests.support.trading_desk import TradingDesk, trading_desk, until

SAMSUNG = "005930"
_CHANGES, _LISTS, _ORDERS = "path=*/order-rvsecncl", "path=*/inquire-daily-ccld", "path=*/order-cash"
FAULTS = (
    f"do=drop,at=answer,seconds=1,{_CHANGES},probability=0.1",
    f"do=reset,at=request,{_CHANGES},probability=0.1",
    f"do=raw,status=504,at=answer,{_CHANGES},probability=0.1",
    f"do=error,code=EGW00201,{_CHANGES},probability=0.2",
    f"do=raw,status=500,{_LISTS},probability=0.15",
    f"do=reset,at=answer,{_LISTS},probability=0.1",
    f"do=error,code=EGW00215,{_LISTS},probability=0.1",
    f"do=drop,at=answer,seconds=1,{_ORDERS},probability=0.15",
)
PROVEN_SECONDS = 90.0


@dataclass(frozen=True)
class PanicResult:
    """Counts over all runs."""

    runs: int
    proven: int
    untrue: int
    """Reports that called an account free while the ledger had an open order, or a line that was wrong."""
    accepted_after: int
    """Orders that the exchange took after a latch had fallen and their bytes had not been out before."""
    longest_latch_ms: float
    longest_seconds: float
    orders: int


async def panic_runs(
    exchange: RunningExchange, folder: Path, *, accounts: int, runs_each: int, seed: int
) -> PanicResult:
    """Press panic `runs_each` times on each account, with new orders, some made elsewhere, before each."""
    for place, spec in enumerate(FAULTS):
        exchange.server.venue.faults.add(read_rule(f"{spec},seed={seed + place}"))
    found = await asyncio.gather(
        *(
            _one_account(exchange, folder / str(n), 63_000_000 + n, runs_each, seed + n)
            for n in range(accounts)
        )
    )
    exchange.server.venue.faults.clear()
    return PanicResult(
        accounts * runs_each,
        *(sum(part[place] for part in found) for place in range(3)),
        max(part[3] for part in found),
        max(part[4] for part in found),
        sum(part[5] for part in found),
    )


async def _one_account(
    exchange: RunningExchange, folder: Path, cano: int, runs: int, seed: int
) -> tuple[int, int, int, float, float, int]:
    draw = random.Random(seed)
    proven = untrue = late = orders = 0
    latch_ms = longest = 0.0
    loop = asyncio.get_running_loop()
    async with trading_desk(exchange.access(cano=str(cano)), folder, Patience(answer=0.6)) as desk:
        watching = desk.market_data.watch(SAMSUNG, Stream.TICKS)
        state = desk.market_data.state(SAMSUNG)
        await until(lambda: state.upper_limit is not None and state.price is not None, 30.0)
        await until(lambda: desk.market_data.market_seconds() is not None, 30.0)
        for _ in range(runs):
            sending = [desk.orders.submit_soon(_request(desk, draw)) for _ in range(draw.randrange(1, 7))]
            _elsewhere(exchange, desk, cano, draw)
            await asyncio.sleep(draw.uniform(0.0, 0.4))
            began = loop.time()
            desk.panic.press()
            latch_ms = max(latch_ms, (loop.time() - began) * 1e3)
            assert desk.risk_gate.is_halted
            taken = _accepted(exchange, cano)
            refused = desk.orders.submit_soon(_request(desk, draw))
            try:
                await until(lambda: not desk.panic.is_running, PROVEN_SECONDS)
                proven += 1
            except AssertionError:
                break
            longest = max(longest, loop.time() - began)
            untrue += _is_untrue(exchange, desk, cano)
            mine = desk.orders.get(refused)
            late += mine is None or bool(mine.order_number)
            late += _accepted(exchange, cano) - taken > len(sending)
            orders += len(desk.panic.report.lines) if desk.panic.report else 0
            desk.risk_gate.release()
            await asyncio.sleep(0.6)
        watching.close()
    return proven, untrue, late, latch_ms, longest, orders


def _request(desk: TradingDesk, draw: random.Random) -> OrderRequest:
    price = desk.market_data.state(SAMSUNG).price
    assert price is not None
    far = round_down_to_tick(price * Decimal("0.9") - draw.randrange(20) * 100)
    return desk.orders.new_request(
        SAMSUNG, Side.BUY, OrderKind.LIMIT, draw.randrange(1, 9), far, origin=Origin.LADDER
    )


def _elsewhere(exchange: RunningExchange, desk: TradingDesk, cano: int, draw: random.Random) -> None:
    if draw.random() < 0.5:
        return
    venue = exchange.server.venue
    price = desk.market_data.state(SAMSUNG).price
    assert price is not None
    far = int(round_down_to_tick(price * Decimal("0.85")))
    account = venue.exchange.account(str(cano))
    venue.exchange.place_foreign(account, "buy", SAMSUNG, "00", 2, far, venue.market_time.now())


def _entries(exchange: RunningExchange, cano: int) -> list[LedgerEntry]:
    return [entry for entry in exchange.server.venue.exchange.ledger.entries if entry.account == str(cano)]


def _accepted(exchange: RunningExchange, cano: int) -> int:
    return sum(entry.kind == "accepted" and entry.by == "owner" for entry in _entries(exchange, cano))


def _is_untrue(exchange: RunningExchange, desk: TradingDesk, cano: int) -> int:
    """Tell whether a proven report differs from the ledger."""
    rest: dict[str, int] = {}
    for entry in _entries(exchange, cano):
        if entry.kind == "accepted":
            rest[entry.order_no] = entry.quantity
        elif entry.kind in ("filled", "cancelled", "expired"):
            rest[entry.order_no] -= entry.quantity
    report = desk.panic.report
    if report is None or not report.is_proven or any(rest.values()):
        return 1
    ended = {PanicOutcome.CANCELLED, PanicOutcome.FILLED, PanicOutcome.NEVER_OPEN}
    return int(any(line.outcome not in ended for line in report.lines))
