"""Measure the window in a burst: 41 symbols at 200 prints a second each, with orders in between; prints JSON.

    python tests/benchmarks/burst.py [--seconds 60]

(SAFETY.md, case 56.) Twice a second a market order goes out and is executed at once. A notice's delay is from
the moment at which the exchange had executed it, by its own record of requests (both processes read one
monotonic clock), to the change of the order's row in memory, and to the end of the paint that shows it.
Frames are paints of the watchlist, all rows of which change all the time; counted for each second. Lost: as
in `ticks.py`, cumulative volumes count the prints.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import sys
import time
import urllib.request
from decimal import Decimal
from typing import Any

from live_window import (
    Desk,
    in_child,
    measure,
    moment,
    percentiles,
    processor_seconds,
    resident_megabytes,
)
from ticks import hook_paint

SYMBOLS, A_SECOND = 41, 200
FLOOR_DELAY, FLOOR_FRAMES = 100.0, 30
_ORDER_PAUSE = 0.5
_WARM_SECONDS = 12.0


class Painted:
    """Note when the watchlist was painted, and when an executed order was shown as such."""

    def __init__(self, desk: Desk) -> None:
        self._orders = desk.terminal.orders
        panel = desk.panel("orders")
        self._flush = panel._flush
        panel._flush_bound = self._begin
        self._grids = {desk.watchlist.grid: self._list_painted, panel.grid: self._orders_painted}
        self._shown: set[str] = set()
        self.list_paints: list[float] = []
        self.changed: dict[str, float] = {}
        self.shown: dict[str, float] = {}
        self._orders.changed.subscribe(self._order_changed)

    def ended(self, grid: Any) -> None:
        """Note the end of a paint of a grid."""
        if grid in self._grids:
            self._grids[grid](moment())

    def _order_changed(self, order: Any) -> None:
        if order.filled:
            self.changed.setdefault(order.key, moment())

    def _begin(self) -> None:
        # The panel now looks at the orders as they are; the paint that follows shows them.
        self._shown.update(self.changed.keys() - self.shown.keys())
        self._flush()

    def _list_painted(self, at: float) -> None:
        self.list_paints.append(at)

    def _orders_painted(self, at: float) -> None:
        for key in self._shown:
            self.shown[key] = at
        self._shown.clear()


class Record:
    """Read the exchange's own record."""

    def __init__(self, desk: Desk) -> None:
        self._address = desk._control.full_url
        self._headers = dict(desk._control.header_items())

    async def read(self, what: str) -> Any:
        """Return one part of it."""

        def ask() -> Any:
            request = urllib.request.Request(f"{self._address}/{what}", headers=self._headers)  # noqa: S310
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own child
                return json.load(answer)

        return await asyncio.to_thread(ask)

    async def executed(self) -> dict[str, float]:
        """Return when each order was executed, by its number: those that were executed as they came."""
        ledger, log = await self.read("ledger"), await self.read("log?kind=request")
        sent = [event["monotonic"] for event in log if str(event["path"]).endswith("/order-cash")]
        taken = [entry for entry in ledger if entry["kind"] in ("accepted", "refused")]
        if len(sent) != len(taken):
            raise RuntimeError(f"{len(sent)} orders in the log, {len(taken)} in the ledger")
        at = {entry["order_no"]: when for entry, when in zip(taken, sent, strict=True)}
        return {entry["order_no"]: at[entry["order_no"]] for entry in ledger if entry["kind"] == "filled"}


def _request(desk: Desk, number: int) -> Any:
    """Buy a few shares, then sell as many, of watched symbols."""
    from kis_terminal.domain.orders import OrderKind, Origin, Side

    symbols = desk.terminal.workspace.watchlists.symbols()
    return desk.terminal.orders.new_request(
        symbols[number // 2 % 17],
        Side.BUY if number % 2 == 0 else Side.SELL,
        OrderKind.MARKET,
        1 + number // 2 % 5,
        None,
        origin=Origin.ORDER_ENTRY,
    )


def _waited() -> float:
    """Return the seconds that this thread has waited for a processor so far; 0 where nobody tells."""
    try:
        with open("/proc/thread-self/schedstat", encoding="ascii") as told:
            return int(told.read().split()[1]) / 1e9
    except OSError:
        return 0.0


def of_window(seconds: float) -> dict[str, Any]:
    """Measure the window for so long."""
    watches = hook_paint()

    async def scenario(desk: Desk) -> dict[str, Any]:
        terminal = desk.terminal
        market, orders, feed = terminal.market_data, terminal.orders, terminal.feed
        dock = terminal.window.docks["orders"]
        dock.show()
        dock.raise_()
        painted, record = Painted(desk), Record(desk)
        watches.append(painted)
        await asyncio.sleep(_WARM_SECONDS)
        gc.collect()
        memory = resident_megabytes()
        streamed = [symbol for symbol in market._states if market.state(symbol).freshness == "live"]
        before = await desk.totals()
        traded = sum(market.state(symbol).volume for symbol in streamed)
        received, joined, rejected = market.ticks_received, feed.counters.joined, feed.counters.rejected
        used, waited, begun = processor_seconds(), _waited(), time.perf_counter()
        painted.list_paints.clear()
        keys: list[str] = []
        readings: list[float] = []
        while (passed := time.perf_counter() - begun) < seconds:
            keys.append(orders.submit_soon(_request(desk, len(keys))))
            if passed >= seconds * len(readings) / 6:
                readings.append(round(resident_megabytes(), 1))
            await asyncio.sleep(max(0.0, len(keys) * _ORDER_PAUSE - passed))
        wall, used = time.perf_counter() - begun, processor_seconds() - used
        waited = _waited() - waited
        paints = list(painted.list_paints)
        # Read at one moment: nothing comes in between.
        received, joined = market.ticks_received - received, feed.counters.joined - joined
        volumes = {symbol: market.state(symbol).volume for symbol in streamed}
        traded = sum(volumes.values()) - traded
        after = await desk.totals()
        for _ in range(100):
            if all(orders.get(key).status.is_done for key in keys) and len(painted.shown) == len(
                painted.changed
            ):
                break
            await asyncio.sleep(0.1)
        executed = await record.executed()
        gc.collect()
        grown = resident_megabytes() - memory
        mine = [order for key in keys if (order := orders.get(key)).order_number in executed]
        to_row = [(painted.changed[one.key] - executed[one.order_number]) * 1e3 for one in mine if one.filled]
        to_paint = [
            (painted.shown[one.key] - executed[one.order_number]) * 1e3
            for one in mine
            if one.key in painted.shown
        ]
        gaps = [(late - early) * 1e3 for early, late in itertools.pairwise(paints)]
        a_second = [
            sum(start <= at - paints[0] < start + 1 for at in paints) for start in range(int(wall) - 1)
        ]
        lowest, highest = before["load_volumes"], after["load_volumes"]
        told = sum(fill.quantity for fill in orders.fills)
        return {
            "seconds": round(wall, 1),
            "symbols": SYMBOLS,
            "symbols_streamed": len(streamed),
            "received_a_second": round(received / wall),
            "sent_a_second": round((after["load_sent"] - before["load_sent"]) / wall),
            "lost": traded - received - joined,
            "joined": joined,
            "connections": feed.counters.connections,
            "rejected_frames": feed.counters.rejected - rejected,
            "volumes_within_totals": all(lowest[s] <= volumes[s] <= highest[s] for s in streamed),
            "orders": len(keys),
            "orders_executed": len(mine),
            "reasons": sorted({str(orders.get(key).reason) for key in keys} - {""}),
            "rows_that_show_it": len(to_paint),
            "shares_told_by_notices": told,
            "shares_executed": sum(int(Decimal(one.filled)) for one in mine),
            "notice_to_row_ms": percentiles(to_row, 50, 99),
            "notice_to_paint_ms": percentiles(to_paint, 50, 99),
            "frames_a_second": {
                "p1": sorted(a_second)[len(a_second) // 100],
                "p50": sorted(a_second)[len(a_second) // 2],
            },
            "frame_gap_ms": percentiles(gaps, 50, 99),
            "processor_percent": round(used / wall * 100, 1),
            "waited_for_processor_percent": round(waited / wall * 100, 1),
            "resident_mb": round(resident_megabytes(), 1),
            "resident_growth_mb": round(grown, 1),
            "readings_mb": readings,
        }

    return measure(scenario, SYMBOLS * A_SECOND)


def main() -> None:
    """Measure in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--child", action="store_true")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(of_window(options.seconds)))
        return
    found = in_child(__file__, "--seconds", options.seconds)
    wrong = [
        name
        for name, is_right in {
            "prints lost": not found["lost"],
            "frames rejected": not found["rejected_frames"],
            "volumes outside what was sent": found["volumes_within_totals"],
            "the connection was lost": found["connections"] == 1,
            "orders not executed": found["orders_executed"] == found["orders"],
            "executions not shown": found["rows_that_show_it"] == found["orders_executed"],
            "notices lost": found["shares_told_by_notices"] == found["shares_executed"],
        }.items()
        if not is_right
    ]
    answer = {
        "benchmark": "burst of 41 symbols x 200 prints/s",
        **found,
        "wrong": wrong,
        "floor": f"no notice later than {FLOOR_DELAY:g} ms, {FLOOR_FRAMES} frames/s or better, nothing lost",
        "is_above_floor": not wrong
        and found["notice_to_paint_ms"].get("max", 1e9) <= FLOOR_DELAY
        and found["frames_a_second"]["p1"] >= FLOOR_FRAMES,
    }
    json.dump(answer, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
