"""Fault case 64: the machine sleeps. On waking nothing known counts; nothing leaves before it is known."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kis_terminal.domain.orders import OrderKind, OrderStatus, PendingChange
from kis_terminal.services.wake_watch import WakeWatch
from tests.support.exchange import running_exchange
from tests.support.fault_proxy import FaultProxy
from tests.support.leftovers import ExpectLog
from tests.support.order_desk import OrderDesk, order_desk
from tests.support.ports_in_memory import SAMSUNG
from tests.support.sleeper import TIMERS

CANO = "61000064"


def watched(desk: OrderDesk) -> WakeWatch:
    watch = WakeWatch(desk.orders, desk.reconciler, desk.market_data, desk.feed, desk.clock, desk.scope)
    watch.start()
    return watch


async def test_case_64_no_timer_of_many_sends_before_the_first_listing(expect_log: ExpectLog) -> None:
    expect_log("the program stood still for 1200 s")
    async with order_desk() as desk:
        woke: list[float] = []
        watched(desk).woke.subscribe(woke.append)
        desk.clock.advance(1_200)

        sent = await asyncio.gather(*(desk.orders.submit(desk.request(n + 1)) for n in range(TIMERS)))

        assert {order.status for order in sent} == {OrderStatus.REJECTED}
        assert desk.broker.placed == []
        assert woke == [1_200]  # once, not once a timer
        assert desk.feed.restarts == ["sleep"]
        assert not desk.orders.is_reconciled
        await desk.reconciler.list_once()
        assert (await desk.orders.submit(desk.request(40))).status is OrderStatus.ACCEPTED


async def test_case_64_a_listing_of_before_the_sleep_does_not_count(expect_log: ExpectLog) -> None:
    expect_log("the program stood still")
    async with order_desk() as desk:
        watch = watched(desk)
        asked = desk.orders.listing_begins()
        rows = tuple(desk.broker.rows.values())
        desk.clock.advance(1_200)
        watch.look()

        await desk.orders.take_listing(rows, asked)

        assert not desk.orders.is_reconciled
        await desk.reconciler.list_once()
        assert desk.orders.is_reconciled


async def test_case_64_asleep_before_the_socket_nothing_leaves(
    expect_log: ExpectLog,
) -> None:
    expect_log("the program stood still")
    async with order_desk() as desk:
        watched(desk)
        record = desk.journal.record

        async def asleep(*line: object) -> None:
            await record(*line)  # type: ignore[arg-type]
            if line[1] == "intent":
                desk.clock.advance(1_200)

        desk.journal.record = asleep  # type: ignore[method-assign, assignment]
        order = await desk.orders.submit(desk.request())

        assert order.status is OrderStatus.REJECTED
        assert desk.broker.placed == []


async def test_case_64_amendments_wait_and_cancellations_do_not(expect_log: ExpectLog) -> None:
    expect_log("the program stood still")
    async with order_desk() as desk:
        watched(desk)
        order = await desk.orders.submit(desk.request())
        desk.clock.advance(1_200)

        assert "주문내역" in await desk.orders.amend(order.key, OrderKind.LIMIT, desk.request().price)
        assert desk.now(order).pending is PendingChange.NONE
        assert await desk.orders.cancel(order.key) == ""


async def test_case_64_a_busy_second_is_no_sleep() -> None:
    async with order_desk() as desk:
        watch = watched(desk)
        for _ in range(100):
            desk.clock.advance(10.0)
            watch.look()

        assert desk.orders.is_reconciled
        assert desk.feed.restarts == []


@pytest.mark.skipif(sys.platform == "win32", reason="processes are stopped by a signal of POSIX")
async def test_case_64_a_stopped_program_lists_before_it_sends(tmp_path: Path) -> None:
    """All connections are cut meanwhile, and somebody orders elsewhere."""
    async with running_exchange() as exchange:
        access = exchange.access()
        urls = (access.rest_url, access.ws_url)
        proxies = [FaultProxy("127.0.0.1", urlsplit(url).port or 0) for url in urls]
        for proxy in proxies:
            await proxy.start()
        told = {
            "rest": f"http://127.0.0.1:{proxies[0].port}",
            "ws": f"ws://127.0.0.1:{proxies[1].port}",
            "appkey": secrets.token_hex(18),
            "hts_id": "s00064",
            "cano": CANO,
            "folder": str(tmp_path),
        }
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.sleeper"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(json.dumps(told).encode())
            child.stdin.write_eof()
            assert (await asyncio.wait_for(child.stdout.readline(), 60)).strip() == b"ready"
            child.send_signal(signal.SIGSTOP)
            for proxy in proxies:
                proxy.reset_all()
            venue = exchange.server.venue
            account = venue.exchange.account(CANO, "01")
            listing = venue.exchange.listing(SAMSUNG)
            assert listing is not None
            price = listing.base_price * 85 // 100_000 * 1_000
            elsewhere = venue.exchange.place_foreign(account, "buy", SAMSUNG, "00", 13, price, venue.now())
            await asyncio.sleep(2.5)
            child.send_signal(signal.SIGCONT)
            out, errors = await asyncio.wait_for(child.communicate(), 90)
        finally:
            if child.returncode is None:
                child.kill()
            for proxy in proxies:
                await proxy.close()
        assert child.returncode == 0, errors[-3000:]
        found = json.loads(out)

        assert elsewhere.order_no
        assert found["slept"]
        assert {status for status, _ in found["timers"]} == {OrderStatus.REJECTED.value}
        assert all("주문내역" in reason for _, reason in found["timers"])
        assert found["age"] != 0.0
        assert found["elsewhere"] == [13]
        assert found["after"][0] == OrderStatus.ACCEPTED.value, found["after"]
        ours = [
            entry.quantity
            for entry in venue.exchange.ledger.entries
            if entry.kind == "accepted" and entry.account == CANO
        ]
        assert ours == [13, 77]
