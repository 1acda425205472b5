"""The feed against the embedded exchange: its wire, which shares nothing with ours, reads as it was meant."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from kis_terminal.adapters.kis.feed import KisFeed
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.orders import NoticeKind, Side
from kis_terminal.ports import Stream
from tests.adapters.kis.test_feed import CALM, Recorder
from tests.adapters.simulator.wire_client import (
    FRESH_ACCOUNT,
    PAPER_KEY,
    REAL_KEY,
    TRADING,
    logged_in,
    running,
)


async def until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("environment", "rest", "ws", "appkey", "buy"),
    [
        (Environment.SIM, "rest", "ws", REAL_KEY, "TTTC0012U"),
        (Environment.PAPER, "paper_rest", "paper_ws", PAPER_KEY, "VTTC0012U"),
    ],
)
async def test_ticks_books_and_our_own_fill_arrive(
    environment: Environment, rest: str, ws: str, appkey: str, buy: str
) -> None:
    told = Recorder()
    async with running() as server, logged_in(server, rest, appkey) as client:
        feed = KisFeed(
            ws_url=str(server.addresses[ws]),
            environment=environment,
            hts_id="USERID01",
            approval_key=client.approval,
            invalidate_approval=lambda: None,
            clock=SystemClock(),
            randomness=Random(1),
            timing=CALM,
        )
        feed.listen(told.listener())
        for stream, symbol in ((Stream.NOTICES, ""), (Stream.TICKS, "005930"), (Stream.BOOK, "005930")):
            feed.subscribe(stream, symbol)
        await feed.open()
        await until(lambda: told.is_confirmed(Stream.BOOK, "005930"))

        body = {**FRESH_ACCOUNT, "PDNO": "005930", "ORD_DVSN": "01", "ORD_QTY": "3", "ORD_UNPR": "0"}
        answer: dict[str, Any] = (await client.post(f"{TRADING}/order-cash", buy, body)).json()
        fills = lambda: [notice for notice in told.notices if notice.kind is NoticeKind.FILL]  # noqa: E731
        await until(lambda: sum(fill.quantity for fill in fills()) == 3)
        await until(lambda: bool(told.ticks) and bool(told.books))
        await feed.close()

    receipt = told.notices[0]
    assert receipt.kind is NoticeKind.RECEIPT
    assert {notice.order_number for notice in told.notices} == {answer["output"]["ODNO"]}
    assert (receipt.side, receipt.symbol, receipt.quantity) == (Side.BUY, "005930", 3)
    assert receipt.name == "삼성전자"
    tick, book = told.ticks[-1], told.books[-1].decode()
    assert tick.low <= tick.price <= tick.high
    assert tick.turnover >= tick.volume
    assert book.asks[0].price > book.bids[0].price
    assert len(book.asks) == len(book.bids) == 10
    assert (feed.counters.rejected, told.gaps) == (0, [])


def test_under_qasync_the_feed_opens_receives_and_closes(
    qtbot: Any, qt_loop: asyncio.AbstractEventLoop
) -> None:
    told = Recorder()
    result: list[float] = []

    async def work() -> None:
        async with running() as server, logged_in(server) as client:
            feed = KisFeed(
                ws_url=str(server.addresses["ws"]),
                environment=Environment.SIM,
                hts_id="USERID01",
                approval_key=client.approval,
                invalidate_approval=lambda: None,
                clock=SystemClock(),
                timing=CALM,
            )
            feed.listen(told.listener())
            feed.subscribe(Stream.BOOK, "005930")
            await feed.open()
            await until(lambda: bool(told.books))
            await feed.close()
        result.append(time.monotonic())

    task = qt_loop.create_task(work())
    qtbot.waitUntil(lambda: task.done(), timeout=15_000)

    assert task.exception() is None
    assert told.books[0].decode().symbol == "005930"
