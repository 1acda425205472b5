"""Measure the exchange's throughput; prints JSON.

    python tests/benchmarks/exchange.py [--seconds 5] [--paces 4000 40000 160000]

- orders over REST: eight connections send an order and its cancellation in turn, limits off. The peer, with
  the same client in the same run, is a bare Starlette endpoint under the same server (uvicorn, h11) that
  answers with a constant of the same length.
- orders in process: `Exchange.submit` and `cancel` without a wire, matched against the living book. The peer
  is the bare price-time book with the same orders.
- frames out: the load mode at several paces to one and to five subscribers of 40 symbols. The peer is bare
  `websockets.broadcast` of as many frames of the same length. Compared is the processor time of the sending
  process for each frame and receiver, since that does not depend on what else the machine does; `is_held`
  says whether everything sent has arrived in time.
- living market: prints and books of the exchange's own market at twenty times its speed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from exchange_client import Caller, Listener, Login, exchange, peer, processor_seconds

PACES = (4_000, 40_000, 160_000)
SUBSCRIBERS = (1, 5)
CONNECTIONS = 8
ACCOUNT = {"CANO": "50000101", "ACNT_PRDT_CD": "01"}
TRADING = "/uapi/domestic-stock/v1/trading"
STEP = 0.01
FLOOR_ORDERS, FLOOR_FRAMES = 300, 8_200


async def _orders(rest: str, ws: str, seconds: float, pid: int) -> dict[str, Any]:
    login = await Login.at(rest, ws, "orders")
    price = await _far_price(login)
    place, change = login.headers("TTTC0012U"), login.headers("TTTC0013U")
    order = json.dumps(
        {
            **ACCOUNT,
            "PDNO": "005930",
            "ORD_DVSN": "00",
            "ORD_QTY": "1",
            "ORD_UNPR": price,
            "EXCG_ID_DVSN_CD": "KRX",
        }
    ).encode()
    accepted = 0
    taken: list[float] = []

    async def work(caller: Caller, end: float) -> None:
        nonlocal accepted
        while time.perf_counter() < end:
            begun = time.perf_counter()
            status, body = await caller.send("POST", f"{TRADING}/order-cash", place, order)
            taken.append((time.perf_counter() - begun) * 1e3)
            answer = json.loads(body)
            if status != 200 or answer["rt_cd"] != "0":
                raise RuntimeError(f"refused: {body.decode()[:200]}")
            cancel = {
                **ACCOUNT,
                "KRX_FWDG_ORD_ORGNO": answer["output"]["KRX_FWDG_ORD_ORGNO"],
                "ORGN_ODNO": answer["output"]["ODNO"],
                "ORD_DVSN": "00",
                "RVSE_CNCL_DVSN_CD": "02",
                "ORD_QTY": "1",
                "ORD_UNPR": "0",
                "QTY_ALL_ORD_YN": "Y",
                "EXCG_ID_DVSN_CD": "KRX",
            }
            status, body = await caller.send(
                "POST", f"{TRADING}/order-rvsecncl", change, json.dumps(cancel).encode()
            )
            if status != 200 or json.loads(body)["rt_cd"] != "0":
                raise RuntimeError(f"not cancelled: {body.decode()[:200]}")
            accepted += 2

    callers = [await Caller.to(rest) for _ in range(CONNECTIONS)]
    begun, used = time.perf_counter(), processor_seconds(pid)
    await asyncio.gather(*(work(caller, begun + seconds) for caller in callers))
    wall, used = time.perf_counter() - begun, processor_seconds(pid) - used
    for caller in callers:
        await caller.close()
    return {
        "orders_and_cancels": accepted,
        "a_second": round(accepted / wall),
        "processor_us_each": round(used / accepted * 1e6),
        "answer_ms": _percentiles(taken),
    }


async def _far_price(login: Login) -> str:
    caller = await Caller.to(login.rest)
    _, body = await caller.send(
        "GET",
        "/uapi/domestic-stock/v1/quotations/inquire-price?FID_COND_MRKT_DIV_CODE=J&FID_INPUT_ISCD=005930",
        login.headers("FHKST01010100"),
    )
    await caller.close()
    return str(json.loads(body)["output"]["stck_llam"])


async def _bare_posts(url: str, seconds: float, pid: int) -> dict[str, Any]:
    headers = {"content-type": "application/json; charset=utf-8", "authorization": "Bearer " + "t" * 300}
    done = 0

    async def work(caller: Caller, end: float) -> None:
        nonlocal done
        while time.perf_counter() < end:
            await caller.send("POST", "/order", headers, b"{" + b" " * 150 + b"}")
            done += 1

    callers = [await Caller.to(url) for _ in range(CONNECTIONS)]
    begun, used = time.perf_counter(), processor_seconds(pid)
    await asyncio.gather(*(work(caller, begun + seconds) for caller in callers))
    wall, used = time.perf_counter() - begun, processor_seconds(pid) - used
    for caller in callers:
        await caller.close()
    return {"a_second": round(done / wall), "processor_us_each": round(used / done * 1e6)}


async def of_rest(seconds: float) -> dict[str, Any]:
    """Measure orders over REST, and the bare endpoint."""
    async with exchange() as address:
        ours = await _orders(address.rest, address.ws, seconds, address.pid)
    async with peer(__file__, "rest") as (port, pid):
        bare = await _bare_posts(f"http://127.0.0.1:{port}", seconds, pid)
    return {
        "ours": ours,
        "bare_starlette": bare,
        "ratio_of_rates": round(ours["a_second"] / bare["a_second"], 2),
        "ratio_of_processor_time": round(ours["processor_us_each"] / bare["processor_us_each"], 2),
    }


def of_matching(count: int = 20_000) -> dict[str, Any]:
    """Measure orders in process, and the bare book."""
    from kis_terminal.adapters.simulator.books.matching import PriceTimeBook, RestingOrder
    from kis_terminal.adapters.simulator.exchange import Exchange
    from kis_terminal.adapters.simulator.model import Accepted
    from kis_terminal.adapters.simulator.rules.calendar import SEOUL

    now = datetime(2026, 11, 20, 10, tzinfo=SEOUL)
    market = Exchange(seed=1, now=now)
    accounts = [market.account("50000101", realm=realm) for realm in ("real", "paper")]
    rng = random.Random(1)
    resting: list[tuple[Any, str]] = []
    accepted = 0
    begun = time.perf_counter()
    for number in range(count):
        account = accounts[number % 2]
        if number % 4 == 3 and resting:
            owner, name = resting.pop()
            accepted += isinstance(market.cancel(owner, name, 0, True, now), Accepted)
            continue
        side, kind = ("buy", "sell")[number // 2 % 2], ("00", "00", "01")[number % 3]
        quote_price = 82_900 + rng.randint(-6, 6) * 100
        answer = market.submit(account, side, "005930", kind, 1, quote_price if kind == "00" else 0, now)  # type: ignore[arg-type]
        if isinstance(answer, Accepted):
            accepted += 1
            resting = [*resting[-50:], (account, answer.order_no)]
        if number % 500 == 0:
            now += timedelta(milliseconds=50)
            market.drain_events()
    wall = time.perf_counter() - begun
    fills = sum(entry.kind == "filled" for entry in market.ledger.entries)

    book = PriceTimeBook()
    rng = random.Random(1)
    began = time.perf_counter()
    for number in range(count):
        bare_side = ("buy", "sell")[number // 2 % 2]
        limit = 82_900 + rng.randint(-6, 6) * 100
        met = book.opposite(bare_side).take(1, limit)  # type: ignore[arg-type]
        if not met:
            book.side(bare_side).add(RestingOrder(bare_side, limit, 1, str(number)))  # type: ignore[arg-type]
    bare = time.perf_counter() - began
    return {
        "asked": count,
        "accepted": accepted,
        "executions": fills,
        "asked_a_second": round(count / wall),
        "accepted_a_second": round(accepted / wall),
        "bare_book_orders_a_second": round(count / bare),
        "ratio_to_bare_book": round(bare / wall, 3),
    }


async def _subscribe(rest: str, ws: str, count: int, streams: Sequence[tuple[str, str]]) -> list[Listener]:
    listeners = []
    for number in range(count):
        login = await Login.at(rest, ws, f"stream{number}")
        listener = await Listener.to(f"{ws}/tryitout")
        for tr_id, symbol in streams:
            listener.send(login.command(tr_id, symbol))
        listeners.append(listener)
    await asyncio.sleep(1.0)
    return listeners


async def _count(listeners: Sequence[Listener], seconds: float, pid: int) -> dict[str, Any]:
    """Count what comes in `seconds`; the sender's processor time is that of process `pid`."""

    def sums() -> tuple[int, int, int]:
        return (
            sum(one.frames for one in listeners),
            sum(one.records for one in listeners),
            sum(one.octets for one in listeners),
        )

    before, used, begun = sums(), processor_seconds(pid), time.perf_counter()
    await asyncio.sleep(seconds)
    after, wall = sums(), time.perf_counter() - begun
    used = processor_seconds(pid) - used
    frames, records, octets = (late - early for late, early in zip(after, before, strict=True))
    return {
        "frames_a_second": round(frames / wall),
        "records_a_second": round(records / wall),
        "megabytes_a_second": round(octets / wall / 1e6, 1),
        "bytes_a_frame": round(octets / max(frames, 1)),
        "processor_percent": round(used / wall * 100, 1),
        "processor_us_a_frame": round(used / max(frames, 1) * 1e6, 1),
        "cut_off": sum(one.is_lost for one in listeners),
    }


async def of_frames(pace: int, subscribers: int, seconds: float) -> dict[str, Any]:
    """Measure one pace of the load to so many subscribers, and bare broadcasts of as many frames."""
    from kis_terminal.adapters.simulator.listings import load_listings

    symbols = [listing.symbol for listing in load_listings()[:40]]
    async with exchange("--load-ticks", str(pace)) as address:
        streams = [("H0STCNT0", symbol) for symbol in symbols]
        listeners = await _subscribe(address.rest, address.ws, subscribers, streams)
        ours = await _count(listeners, seconds, address.pid)
        for listener in listeners:
            listener.close()
    each = max(1, round(ours["frames_a_second"] / subscribers))
    async with peer(__file__, "stream", each, ours["bytes_a_frame"]) as (port, pid):
        listeners = [await Listener.to(f"ws://127.0.0.1:{port}/") for _ in range(subscribers)]
        await asyncio.sleep(1.0)
        bare = await _count(listeners, seconds, pid)
        for listener in listeners:
            listener.close()
    return {
        "pace": pace,
        "subscribers": subscribers,
        **ours,
        "is_held": ours["records_a_second"] >= 0.97 * pace * subscribers,
        "bare_broadcast": bare,
        "ratio_to_bare": round(ours["processor_us_a_frame"] / max(bare["processor_us_a_frame"], 0.1), 2),
    }


async def of_market(subscribers: int, seconds: float, speed: int = 20) -> dict[str, Any]:
    """Measure the living market, prints and books of 20 symbols."""
    from kis_terminal.adapters.simulator.listings import load_listings

    symbols = [listing.symbol for listing in load_listings()[:20]]
    async with exchange("--speed", str(speed)) as address:
        streams = [(tr_id, symbol) for symbol in symbols for tr_id in ("H0STCNT0", "H0STASP0")]
        listeners = await _subscribe(address.rest, address.ws, subscribers, streams)
        found = await _count(listeners, seconds, address.pid)
        for listener in listeners:
            listener.close()
    return {"speed": speed, "subscribers": subscribers, **found}


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {f"p{share}": round(ordered[int(len(ordered) * share / 100)], 2) for share in (50, 99)}


async def _serve_rest() -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    constant = json.dumps(
        {"rt_cd": "0", "msg_cd": "APBK0013", "msg1": "m" * 40, "output": {"ODNO": "1" * 60}}
    )

    async def answer(request: Request) -> Response:
        await request.body()
        return Response(constant, media_type="application/json")

    application = Starlette(routes=[Route("/order", answer, methods=["POST"])])
    config = uvicorn.Config(
        application, port=0, http="h11", ws="none", lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await serving


async def _serve_stream(frames_a_second: int, length: int) -> None:
    from websockets.asyncio.server import ServerConnection, broadcast, serve

    clients: set[ServerConnection] = set()
    text = "0|H0STCNT0|001|".ljust(length, "5")

    async def stay(client: ServerConnection) -> None:
        clients.add(client)
        try:
            await client.wait_closed()
        finally:
            clients.discard(client)

    async with serve(stay, "127.0.0.1", 0, ping_interval=None, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        owed, last = 0.0, time.monotonic()
        while True:
            await asyncio.sleep(STEP)
            now = time.monotonic()
            owed += min(now - last, 0.25) * frames_a_second
            last = now
            for _ in range(int(owed)):
                broadcast(clients, text)
            owed -= int(owed)


async def _measure(seconds: float, paces: Sequence[int]) -> dict[str, Any]:
    rest = await of_rest(seconds)
    frames = [await of_frames(pace, count, seconds) for count in SUBSCRIBERS for pace in paces]
    market = [await of_market(count, seconds) for count in SUBSCRIBERS]
    held = [row for row in frames if row["is_held"]]
    best = max((row["records_a_second"] for row in held), default=0)
    return {
        "benchmark": "exchange throughput",
        "orders_over_rest": rest,
        "orders_in_process": of_matching(),
        "frames_out": frames,
        "most_records_a_second_held": best,
        "living_market": market,
        "floor": f"{FLOOR_ORDERS} orders/s over REST; {FLOOR_FRAMES:,} prints/s out, all arriving",
        "is_above_floor": rest["ours"]["a_second"] >= FLOOR_ORDERS and best >= FLOOR_FRAMES,
    }


def main() -> None:
    """Measure, or be one of the peers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--paces", type=int, nargs="*", default=PACES)
    parser.add_argument("--peer", nargs="+")
    options = parser.parse_args()
    if options.peer:
        kind, *words = options.peer
        asyncio.run(_serve_rest() if kind == "rest" else _serve_stream(*map(int, words)))
        return
    json.dump(asyncio.run(_measure(options.seconds, options.paces)), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
