"""Measure an order from the click to the last byte on the socket; prints JSON.

    python tests/benchmarks/order_path.py [--orders 300]

From the call of `Orders.submit_soon`, as a click makes it, through risk checks and the journal's fsync to
the moment at which the transport's write of the order's body has returned with nothing left in its buffer:
the bytes are the kernel's then. Once on the living market of the exchange (`idle`), once under 5,000 trades
a second while the chart is panned (`busy`). Each order is cancelled again, so that few are open, as in use.

Where the machine's kernel tells (Linux), `waited_for_processor_ms` is the part of those same orders in which
the window's thread was ready and the kernel had given the processor to something else; `own_ms` is the rest,
the program's own work and the disk's. On two cores, with the exchange and this measurement on them, the tail
is mostly such waiting.

The peer, in the same loop in the same run: a bare `httpx` post of the same body and headers to the same
server, from the call to the same moment. Handshakes: connections that were opened between click and last
byte.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from live_window import ChartPan, Desk, far_buy, in_child, measure, percentiles

FLOOR, GOAL = 5.0, 3.0
_PACE = 5_000
_PAUSE = 0.13
"""Seconds between two orders: the risk rules allow ten a second."""
_BARE_POSTS = 100
_WARM_ORDERS = 10


def _waited() -> float:
    """Return the milliseconds that this thread has waited for a processor so far; 0 where nobody tells."""
    try:
        with open("/proc/thread-self/schedstat", encoding="ascii") as told:
            return int(told.read().split()[1]) / 1e6
    except OSError:
        return 0.0


class Wire:
    """Note when an order's body has gone out, what it was, and how often a connection was opened."""

    def __init__(self) -> None:
        from asyncio.base_events import BaseEventLoop
        from asyncio.selector_events import _SelectorSocketTransport

        self.sent_at = self.waited = 0.0
        self.head = self.body = b""
        self.left_in_buffer = 0
        self.connections = 0
        write, create = _SelectorSocketTransport.write, BaseEventLoop.create_connection
        wire = self

        def write_and_note(self: Any, data: bytes) -> None:
            write(self, data)
            if b'"ORD_QTY"' in data and b"RVSE_CNCL" not in data:
                wire.sent_at, wire.waited = time.perf_counter(), _waited()
                wire.body = bytes(data)
                wire.left_in_buffer += self.get_write_buffer_size()
            elif data[:4] == b"POST" and b"order-cash" in data:
                wire.head = bytes(data)

        async def create_and_count(self: Any, *arguments: Any, **named: Any) -> Any:
            wire.connections += 1
            return await create(self, *arguments, **named)

        _SelectorSocketTransport.write = write_and_note  # type: ignore[method-assign]
        BaseEventLoop.create_connection = create_and_count  # type: ignore[method-assign]

    def headers(self) -> dict[str, str]:
        """Return the headers of the last order that a client does not write by itself."""
        lines = [line.split(": ", 1) for line in self.head.decode().split("\r\n")[1:] if ": " in line]
        own = {"host", "content-length", "connection", "accept-encoding"}
        return {name: value for name, value in lines if name.lower() not in own}


async def _submit(desk: Desk, wire: Wire, count: int) -> dict[str, Any]:
    orders, accepted = desk.terminal.orders, 0
    taken: list[float] = []
    waits: list[float] = []
    handshakes = 0
    for number in range(count):
        request = far_buy(desk, number)
        wire.sent_at, connections, waited = 0.0, wire.connections, _waited()
        clicked = time.perf_counter()
        key = orders.submit_soon(request)
        for _ in range(200):
            await asyncio.sleep(0.005)
            if wire.sent_at and orders.get(key).status not in ("created", "sent"):
                break
        if wire.sent_at:
            taken.append((wire.sent_at - clicked) * 1e3)
            waits.append(wire.waited - waited)
        handshakes += wire.connections - connections
        if orders.get(key).status.is_working:
            accepted += 1
            orders.cancel_soon(key)
        await asyncio.sleep(max(0.0, clicked + _PAUSE - time.perf_counter()))
    return {
        "orders": count,
        "accepted": accepted,
        "click_to_last_byte_ms": percentiles(taken, 50, 99),
        "waited_for_processor_ms": percentiles(waits, 50, 99),
        "own_ms": percentiles([all_ - wait for all_, wait in zip(taken, waits, strict=True)], 50, 99),
        "handshakes_between": handshakes,
    }


async def _bare(desk: Desk, wire: Wire) -> dict[str, Any]:
    import httpx

    path = wire.head.split(b" ")[1].decode()
    host = next(line for line in wire.head.decode().split("\r\n") if line.lower().startswith("host: "))
    headers, body = wire.headers(), wire.body
    taken: list[float] = []
    whole: list[float] = []
    async with httpx.AsyncClient(base_url=f"http://{host[6:]}", trust_env=False) as client:
        for number in range(_BARE_POSTS + _WARM_ORDERS):
            begun = time.perf_counter()
            answer = await client.post(path, content=body, headers=headers)
            if answer.status_code != 200:
                raise RuntimeError(f"the bare post was refused: {answer.text[:200]}")
            if number >= _WARM_ORDERS:
                taken.append((wire.sent_at - begun) * 1e3)
                whole.append((time.perf_counter() - begun) * 1e3)
            await asyncio.sleep(_PAUSE / 2)
    return {"to_last_byte_ms": percentiles(taken, 50, 99), "round_trip_ms": percentiles(whole, 50, 99)}


async def _parts(desk: Desk) -> dict[str, Any]:
    """Return the parts before the request, and what this disk itself takes for a line of that length."""
    terminal = desk.terminal
    check: list[float] = []
    journal: list[float] = []
    disk: list[float] = []
    plain = os.open(Path(os.environ["KIS_TERMINAL_HOME"]) / "plain", os.O_RDWR | os.O_CREAT)
    for number in range(100):
        request = far_buy(desk, number)
        begun = time.perf_counter()
        terminal.risk_gate.check(request)
        checked = time.perf_counter()
        await terminal.journal.record("benchmark", "intent", terminal.orders._clock.now(), {"number": "1"})
        journal.append((time.perf_counter() - checked) * 1e3)
        check.append((checked - begun) * 1e3)
        await asyncio.sleep(_PAUSE / 2)
        begun = time.perf_counter()
        os.write(plain, b"." * 300)
        os.fdatasync(plain)
        disk.append((time.perf_counter() - begun) * 1e3)
        await asyncio.sleep(_PAUSE / 2)
    os.close(plain)
    return {
        "risk_ms": percentiles(check, 50, 99),
        "journal_ms": percentiles(journal, 50, 99),
        "bare_fdatasync_ms": percentiles(disk, 50, 99),
    }


def of_window(pace: int, count: int) -> dict[str, Any]:
    """Send `count` orders under a pace."""
    wire = Wire()

    async def scenario(desk: Desk) -> dict[str, Any]:
        await _submit(desk, wire, _WARM_ORDERS)
        pan = ChartPan(desk) if pace else None
        found = await _submit(desk, wire, count)
        found["bytes_left_in_buffer"] = wire.left_in_buffer
        found["parts"] = await _parts(desk)
        found["bare_httpx"] = await _bare(desk, wire)
        if pan is not None:
            pan.stop()
        ours, bare = found["click_to_last_byte_ms"]["p50"], found["bare_httpx"]["to_last_byte_ms"]["p50"]
        found["ratio_to_bare"] = round(ours / bare, 2)
        return found

    return measure(scenario, pace)


def main() -> None:
    """Measure idle and busy, each in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--child", type=int)
    options = parser.parse_args()
    if options.child is not None:
        print(json.dumps(of_window(options.child, options.orders)))
        return
    idle = in_child(__file__, 0, "--orders", options.orders)
    busy = in_child(__file__, _PACE, "--orders", options.orders)
    worst = max(part["own_ms"]["p99"] for part in (idle, busy))
    answer = {
        "benchmark": "order click to socket",
        "idle": idle,
        "busy": busy,
        "floor": f"p99 <= {FLOOR:g} ms",
        "goal": f"p99 <= {GOAL:g} ms under 5,000 trades/s and a chart pan; no handshake at the click",
        "is_above_floor": worst <= FLOOR,
    }
    json.dump(answer, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
