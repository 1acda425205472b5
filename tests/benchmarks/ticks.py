"""Measure ticks from the socket to the painted row at several paces; prints JSON.

    python tests/benchmarks/ticks.py [--seconds 10] [--paces 1000 5000 10000 50000 100000]

Every pace runs in a fresh process with the real window (`live_window.py`). Latency is from the exchange's
stamp at sending to the end of the paint by which the watchlist shows the trade or a newer one of its
symbol, for every frame of every symbol on the stream. Lost: the cumulative volume of a symbol counts its
trades, so the sum of volumes in the window must equal the trades that it received, and none may lie outside
what the exchange says that it had sent before and after. Joined: prints left out for a newer one of their
frame in an overload. Bars: a series that follows one symbol must hold what it traded meanwhile.

The peer, in the same run against the same load, is what KIS's sample client does (websockets, then
`pandas.read_csv` for each frame); its rate counts all records on the wire, although it returns one a frame.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from live_window import Desk, in_child, measure, moment, percentiles, processor_seconds, resident_megabytes

PACES = (1_000, 5_000, 10_000, 50_000, 100_000)
_HEAD = 200
"""Characters of a frame that hold the first fields of its first record."""
FLOOR_PACE, FLOOR_LATENCY = 10_000, 30.0


class PaintWatch:
    """Tell when what came had been painted.

    Keeps texts and numbers only, whose stamps are read afterwards: objects would make work for the collector.
    """

    def __init__(self, desk: Desk) -> None:
        self._waiting: list[str] = []
        self._shown: list[str] = []
        self._grid = desk.watchlist.grid
        self._flush = desk.watchlist._flush
        self.paints = 0
        self._texts: list[str] = []
        self._ends = array("d")
        desk.watchlist._flush_bound = self._begin
        desk.terminal.market_data.ticks.subscribe(self._received)

    def _received(self, ticks: Sequence[Any]) -> None:
        # All trades of a frame carry one stamp.
        self._waiting.append(ticks[0]._text[:_HEAD])

    def _begin(self) -> None:
        # The panel now looks at what has come; the paint that follows shows it.
        self._shown += self._waiting
        self._waiting.clear()
        self._flush()

    def ended(self, grid: Any) -> None:
        """Note the end of a paint of the watchlist."""
        if grid is not self._grid:
            return
        now = moment()
        self.paints += 1
        self._texts += self._shown
        self._ends.extend([now] * len(self._shown))
        self._shown.clear()

    def clear(self) -> None:
        """Forget what was painted so far."""
        self._texts.clear()
        del self._ends[:]
        self.paints = 0

    def latencies(self) -> list[float]:
        """Return milliseconds from stamp to end of paint, one for each frame, in order of paint."""
        return [
            (end - int(text.split("^", 15)[14]) / 1e6) * 1e3
            for text, end in zip(self._texts, self._ends, strict=True)
        ]


def hook_paint() -> list[PaintWatch]:
    """Have every grid tell the watches in the returned list when it has painted."""
    from kis_terminal.ui.grid.view import GridView

    watches: list[PaintWatch] = []
    paint = GridView.paintEvent

    def paint_and_tell(self: GridView, event: Any) -> None:
        paint(self, event)
        for watch in watches:
            watch.ended(self)

    GridView.paintEvent = paint_and_tell  # type: ignore[method-assign]
    return watches


def of_window(pace: int, seconds: float) -> dict[str, Any]:
    """Measure one pace in the window."""
    watches = hook_paint()

    async def scenario(desk: Desk) -> dict[str, Any]:
        from kis_terminal.domain.bars import BarSeries, day_seconds
        from kis_terminal.domain.market import Interval
        from kis_terminal.services.history import LiveBars

        market, feed = desk.terminal.market_data, desk.terminal.feed
        streamed = [s for s in market._states if market.state(s).freshness == "live"]
        flushes = [0]
        clock = desk.terminal.frame_clock
        flush = clock._flush
        clock._timer.timeout.disconnect()

        def counted() -> None:
            flushes[0] += 1
            flush()

        clock._timer.timeout.connect(counted)
        watch = PaintWatch(desk)
        watches.append(watch)
        day = day_seconds(market.today())
        live = LiveBars(BarSeries(streamed[0], Interval.MINUTE_1), day)
        live.listed()
        before_bars = market.state(streamed[0]).volume
        bars = market.ticks.subscribe(lambda ticks: ticks[0].symbol == streamed[0] and live.take(ticks))
        await asyncio.sleep(1.0)
        watch.clear()
        sent_before, at = await desk.totals(), time.perf_counter()
        used, flushed = processor_seconds(), flushes[0]
        memory = resident_megabytes()
        received, joined = market.ticks_received, feed.counters.joined
        traded = sum(market.state(symbol).volume for symbol in streamed)
        await asyncio.sleep(seconds)
        # Read at one moment: nothing comes in between.
        wall = time.perf_counter() - at
        used, flushed, received = (
            processor_seconds() - used,
            flushes[0] - flushed,
            market.ticks_received - received,
        )
        paints, latencies = watch.paints, watch.latencies()
        volumes = {symbol: market.state(symbol).volume for symbol in streamed}
        traded, joined = sum(volumes.values()) - traded, feed.counters.joined - joined
        bar_volume, bar_expected = (
            int(live.series.values[:, 4].sum()),
            volumes[streamed[0]] - before_bars,
        )
        bars.close()
        sent_after = await desk.totals()
        reached = (sent_after["load_sent"] - sent_before["load_sent"]) / wall
        lowest, highest = sent_before["load_volumes"], sent_after["load_volumes"]
        half = len(latencies) // 2
        return {
            "pace": pace,
            "sent_a_second": round(reached),
            "received_a_second": round(received / wall),
            "symbols_streamed": len(streamed),
            "slots": [feed.slots_used, feed.slots_total],
            "lost": traded - received - joined,
            "joined": joined,
            "volumes_within_totals": all(lowest[s] <= volumes[s] <= highest[s] for s in streamed),
            "bars_exact": bar_volume == bar_expected,
            "bar_volume": bar_volume,
            "latency_ms": percentiles(latencies, 50, 99, 99.9),
            "p99_ms_first_half": percentiles(latencies[:half], 99).get("p99"),
            "p99_ms_second_half": percentiles(latencies[half:], 99).get("p99"),
            "processor_percent": round(used / wall * 100, 1),
            "flushes_a_second": round(flushed / wall, 1),
            "watchlist_paints_a_second": round(paints / wall, 1),
            "resident_mb": round(resident_megabytes(), 1),
            "resident_growth_mb": round(resident_megabytes() - memory, 1),
        }

    return measure(scenario, pace)


async def _peer(pace: int, seconds: float) -> dict[str, Any]:
    import httpx
    from frames import kis_way
    from websockets.asyncio.client import connect

    from kis_terminal.adapters.kis.catalog import Catalog
    from kis_terminal.adapters.simulator.listings import load_listings
    from kis_terminal.adapters.simulator.process import ExchangeProcess
    from kis_terminal.settings import load_settings

    columns = Catalog().stream("H0STCNT0").layout(47)
    exchange = ExchangeProcess(["--limits", "off", "--load-ticks", str(pace)])
    try:
        address = await exchange.ready()
        settings = load_settings(environ=os.environ, cwd=Path(os.environ["KIS_TERMINAL_HOME"]))
        access = settings.access_for_sim(address.rest, address.ws)
        body = {
            "grant_type": "client_credentials",
            "appkey": access.appkey.reveal(),
            "secretkey": access.appsecret.reveal(),
        }
        key = httpx.post(f"{address.rest}/oauth2/Approval", json=body).json()["approval_key"]
        frames = records = rows = 0
        late: list[float] = []
        async with connect(f"{address.ws}/tryitout", max_size=None) as socket:
            for listing in load_listings()[:39]:
                header = {"approval_key": key, "custtype": "P", "tr_type": "1", "content-type": "utf-8"}
                named = {"tr_id": "H0STCNT0", "tr_key": listing.symbol}
                await socket.send(json.dumps({"header": header, "body": {"input": named}}))
            begun = wall = 0.0
            async for raw in socket:
                if not isinstance(raw, str) or raw[0] not in "01":
                    continue
                begun = begun or time.perf_counter()
                table = kis_way(raw, columns)
                frames, records, rows = frames + 1, records + int(raw.split("|")[2]), rows + len(table)
                late.append(moment() - int(table["ACML_TR_PBMN"].iloc[-1]) / 1e6)
                wall = time.perf_counter() - begun
                if wall > seconds:
                    break
    finally:
        exchange.stop()
    return {
        "pace": pace,
        "records_a_second": round(records / wall),
        "rows_delivered_a_second": round(rows / wall),
        "lost_share": round(1 - rows / records, 3),
        "seconds_late_at_end": round(late[-1], 2),
        "measured_seconds": round(wall, 1),
    }


def main() -> None:
    """Measure the peer and every pace, each in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--paces", type=int, nargs="*", default=PACES)
    parser.add_argument("--child", nargs=2)
    options = parser.parse_args()
    if options.child:
        what, pace = options.child
        found = (
            asyncio.run(_peer(int(pace), options.seconds))
            if what == "peer"
            else of_window(int(pace), options.seconds)
        )
        print(json.dumps(found))
        return
    peer = in_child(__file__, "peer", 5_000, "--seconds", 4)
    rows = [in_child(__file__, "window", pace, "--seconds", options.seconds) for pace in options.paces]
    held = [
        row
        for row in rows
        if row["received_a_second"] >= 0.98 * row["pace"]
        and not row["lost"]
        and not row["joined"]
        and row["bars_exact"]
        and row["latency_ms"].get("p99", 1e9) <= FLOOR_LATENCY
    ]
    most = max((row["received_a_second"] for row in held), default=0)
    answer = {
        "benchmark": "socket to painted row",
        "peer": peer,
        "paces": rows,
        "most_held_a_second": most,
        "ratio_to_peer": round(most / peer["records_a_second"], 1),
        "floor": "10,000/s held, none lost, bars exact, p99 <= 30 ms; 5,000/s: p99 <= 25 ms",
        "goal": "50,000/s held, p99 <= 20 ms, <= 70 % of a core; 5,000/s: p50 <= 5, p99 <= 10 ms, <= 15 %",
        "is_above_floor": most >= 0.98 * FLOOR_PACE,
    }
    json.dump(answer, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
