"""Answers that are lost on the way back from the exchange, judged by its ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kis_terminal.domain.instruments import move_ticks, round_down_to_tick
from kis_terminal.domain.orders import Order, OrderKind, OrderStatus, Origin, PendingChange, Side
from kis_terminal.ports import Stream
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.leftovers import ExpectLog
from tests.support.losing_proxy import LosingProxy, losing_proxy
from tests.support.trading_desk import TradingDesk, trading_desk, until

SAMSUNG = "005930"


@asynccontextmanager
async def desk_behind_a_proxy(
    folder: Path,
) -> AsyncIterator[tuple[TradingDesk, LosingProxy, RunningExchange]]:
    async with (
        running_exchange() as exchange,
        losing_proxy(exchange.access().rest_url) as proxy,
        trading_desk(replace(exchange.access(), rest_url=proxy.url), folder) as desk,
    ):
        watching = desk.market_data.watch(SAMSUNG, Stream.TICKS)
        await until(lambda: desk.market_data.state(SAMSUNG).upper_limit is not None)
        await until(lambda: desk.market_data.market_seconds() is not None)
        yield desk, proxy, exchange
        watching.close()


def accepted_by(exchange: RunningExchange) -> list[dict[str, Any]]:
    return [entry for entry in exchange.server.venue.exchange.ledger.to_json() if entry["kind"] == "accepted"]


async def submit(desk: TradingDesk, quantity: int = 3) -> Order:
    price = desk.market_data.state(SAMSUNG).price
    assert price is not None
    far = round_down_to_tick(price * Decimal("0.9"))
    return await desk.orders.submit(
        desk.orders.new_request(SAMSUNG, Side.BUY, OrderKind.LIMIT, quantity, far, origin=Origin.LADDER)
    )


def status_of(desk: TradingDesk, order: Order) -> OrderStatus:
    found = desk.orders.get(order.key)
    assert found is not None
    return found.status


async def test_an_order_whose_answer_is_lost_is_sent_once_and_found(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("order ")
    async with desk_behind_a_proxy(tmp_path) as (desk, proxy, exchange):
        proxy.lose("order-cash")

        order = await submit(desk)
        assert order.status is OrderStatus.UNKNOWN
        await until(lambda: status_of(desk, order) is OrderStatus.ACCEPTED)

        assert proxy.lost == 1
        assert len(accepted_by(exchange)) == 1
        assert len(desk.orders.all()) == 1
        assert await desk.orders.cancel(order.key) == ""
        await until(lambda: status_of(desk, order) is OrderStatus.CANCELLED)


async def test_a_cancellation_whose_answer_is_lost_is_settled_by_the_listing(tmp_path: Path) -> None:
    async with desk_behind_a_proxy(tmp_path) as (desk, proxy, exchange):
        order = await submit(desk)
        proxy.lose("order-rvsecncl")

        assert await desk.orders.cancel(order.key) != ""
        await until(lambda: status_of(desk, order) is OrderStatus.CANCELLED)

        assert len(accepted_by(exchange)) == 1


async def test_an_amendment_whose_answer_is_lost_is_settled_by_the_listing(tmp_path: Path) -> None:
    async with desk_behind_a_proxy(tmp_path) as (desk, proxy, _):
        order = await submit(desk)
        assert order.price is not None
        lower = move_ticks(order.price, -2)
        proxy.lose("order-rvsecncl")

        assert await desk.orders.amend(order.key, OrderKind.LIMIT, lower) != ""
        await until(lambda: (now := desk.orders.get(order.key)) is not None and now.price == lower)

        now = desk.orders.get(order.key)
        assert now is not None
        assert now.pending is PendingChange.NONE
        assert len(now.chain) == 2
        assert len(desk.orders.open_orders()) == 1
        assert await desk.orders.cancel(order.key) == ""
        await until(lambda: desk.orders.open_orders() == ())


@pytest.mark.parametrize("lost", [1, 3])
async def test_panic_proves_although_answers_to_its_cancellations_are_lost(tmp_path: Path, lost: int) -> None:
    async with desk_behind_a_proxy(tmp_path) as (desk, proxy, _):
        for quantity in (1, 2, 3, 4):
            await submit(desk, quantity)
        proxy.lose("order-rvsecncl", lost)

        desk.panic.press()
        await until(lambda: not desk.panic.is_running, 60)

        assert desk.panic.report is not None
        assert desk.panic.report.is_proven
        assert desk.orders.open_orders() == ()
        assert proxy.lost == lost
