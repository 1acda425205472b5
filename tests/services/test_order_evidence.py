"""What a listing proves of an order, and what it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kis_terminal.domain.orders import (
    Order,
    OrderAccepted,
    OrderKind,
    OrderRequest,
    OrderStatus,
    Origin,
    PendingChange,
)
from kis_terminal.ports import LeavingCheck
from tests.support.leftovers import ExpectLog
from tests.support.order_desk import LOST, PRICE, OrderDesk, order_desk, resting
from tests.support.ports_in_memory import MemoryBroker
from tests.support.trading_desk import until


async def test_a_listing_asked_for_before_the_answer_leaves_the_row_alone(desk: OrderDesk) -> None:
    desk.broker.hold = hold = asyncio.Event()
    desk.orders.submit_soon(request := desk.request())
    await until(lambda: desk.orders.is_sending)
    asked = desk.orders.listing_begins()
    hold.set()
    await until(lambda: not desk.orders.is_sending)
    number = desk.now(request.intent_id).order_number

    await desk.orders.take_listing(await desk.broker.orders(desk.orders.day), asked)

    assert [order.key for order in desk.orders.all()] == [request.intent_id]
    assert desk.now(request.intent_id).order_number == number


async def test_an_order_in_flight_beside_its_twin_is_not_taken_for_it(desk: OrderDesk) -> None:
    await desk.broker.place(desk.request())  # made elsewhere, the same in every field
    desk.broker.hold = hold = asyncio.Event()
    desk.orders.submit_soon(request := desk.request())
    await until(lambda: desk.orders.is_sending)

    await desk.reconciler.list_once()
    hold.set()
    await until(lambda: not desk.orders.is_sending)
    await desk.reconciler.list_once()

    numbers = {order.order_number: order.origin for order in desk.orders.all()}
    assert len(numbers) == 2
    assert numbers[desk.now(request.intent_id).order_number] is Origin.ORDER_ENTRY
    assert Origin.ELSEWHERE in numbers.values()


async def test_twins_of_an_unknown_order_are_shown_and_none_is_taken_for_it(
    desk: OrderDesk, expect_log: ExpectLog
) -> None:
    expect_log("order ")
    desk.broker.fail = LOST
    order = await desk.orders.submit(desk.request())
    await desk.broker.place(desk.request())

    await desk.reconciler.list_once()
    await desk.reconciler.list_once()

    assert desk.now(order).status is OrderStatus.UNKNOWN
    elsewhere = [item for item in desk.orders.open_orders() if item.origin is Origin.ELSEWHERE]
    assert len(elsewhere) == 2  # both can be seen and cancelled


class DeafBroker(MemoryBroker):
    """Loses requests on their way in while it is deaf."""

    is_deaf = False

    async def place(self, request: OrderRequest, *, leaving: LeavingCheck | None = None) -> OrderAccepted:
        if self.is_deaf:
            raise LOST
        return await super().place(request, leaving=leaving)

    async def amend(self, order: Order, *rest: Any, **more: Any) -> OrderAccepted:
        if self.is_deaf:
            raise LOST
        return await super().amend(order, *rest, **more)

    async def cancel(self, order: Order) -> OrderAccepted:
        if self.is_deaf:
            raise LOST
        return await super().cancel(order)


@pytest.fixture
async def deaf_desk() -> AsyncIterator[OrderDesk]:
    """Return a desk with one order placed, whose broker hears nothing from then on."""
    async with order_desk(DeafBroker) as desk:
        assert isinstance(desk.broker, DeafBroker)
        yield desk


async def test_an_order_that_never_arrived_ends_after_several_complete_listings(
    deaf_desk: OrderDesk, expect_log: ExpectLog
) -> None:
    """Cause: it stayed unknown for the whole day and kept its symbol and side locked."""
    expect_log("order ")
    desk = deaf_desk
    desk.broker.is_deaf = True  # type: ignore[attr-defined]
    order = await desk.orders.submit(desk.request())
    desk.broker.is_deaf = False  # type: ignore[attr-defined]

    for _ in range(20):  # many listings at one moment prove no more than one
        await desk.reconciler.list_once()
    desk.clock.advance(3_600)
    assert desk.now(order).status is OrderStatus.UNKNOWN  # nor does time without a listing
    await desk.reconciler.list_once()

    assert desk.now(order).status is OrderStatus.REJECTED
    assert "접수되지 않았음" in desk.now(order).reason
    again = replace(
        desk.request(), confirmed=frozenset({"FAR", "STALE", "LARGE", "CONCENTRATION"})
    )  # the price is an hour old by now
    assert (await desk.orders.submit(again)).status is OrderStatus.ACCEPTED
    assert len(desk.broker.placed) == 1


async def test_an_order_that_was_given_up_comes_back_with_its_row(
    deaf_desk: OrderDesk, expect_log: ExpectLog
) -> None:
    """Cause: a row that came after all looked like another program's order."""
    expect_log("order ")
    desk = deaf_desk
    desk.broker.fail = LOST
    order = await desk.orders.submit(desk.request())
    (number,) = desk.broker.rows
    row = desk.broker.rows.pop(number)
    for _ in range(6):
        await desk.reconciler.list_once()
        desk.clock.advance(5)
    assert desk.now(order).status is OrderStatus.REJECTED
    desk.broker.rows[number] = row
    await desk.reconciler.list_once()

    assert desk.now(order).status is OrderStatus.ACCEPTED
    assert len(desk.orders.all()) == 1
    assert ("found", number) in [
        (line.event, line.details.get("order_number")) for line in desk.journal.lines
    ]


async def test_a_late_listing_begins_the_count_anew(deaf_desk: OrderDesk, expect_log: ExpectLog) -> None:
    expect_log("order ")
    desk = deaf_desk
    desk.broker.fail = LOST
    order = await desk.orders.submit(desk.request())
    (number,) = desk.broker.rows
    row = desk.broker.rows.pop(number)  # the list lags behind
    for _ in range(4):
        await desk.reconciler.list_once()
        desk.clock.advance(10)
    assert desk.now(order).status is OrderStatus.UNKNOWN
    desk.broker.rows[number] = row
    await desk.reconciler.list_once()

    assert desk.now(order).status is OrderStatus.ACCEPTED


async def test_an_order_with_twins_is_never_ended_by_listings(
    deaf_desk: OrderDesk, expect_log: ExpectLog
) -> None:
    """Cause: rows taken for another program's no longer counted as what the order may have become."""
    expect_log("order ")
    desk = deaf_desk
    desk.broker.fail = LOST
    order = await desk.orders.submit(desk.request())
    await desk.broker.place(desk.request())

    for _ in range(10):
        await desk.reconciler.list_once()
        desk.clock.advance(10)

    assert desk.now(order).status is OrderStatus.UNKNOWN


@pytest.mark.parametrize("change", [PendingChange.AMEND, PendingChange.CANCEL])
async def test_a_change_that_never_arrived_is_given_up_after_several_complete_listings(
    deaf_desk: OrderDesk, change: PendingChange
) -> None:
    """Cause: an order whose amendment was lost could not be amended again for the whole day."""
    desk = deaf_desk
    refused: list[str] = []
    desk.orders.refused.subscribe(lambda told: refused.append(told[1]))
    order = await desk.orders.submit(desk.request())
    desk.broker.is_deaf = True  # type: ignore[attr-defined]
    if change is PendingChange.AMEND:
        assert await desk.orders.amend(order.key, OrderKind.LIMIT, PRICE - 100) != ""
    else:
        assert await desk.orders.cancel(order.key) != ""
    for _ in range(4):
        await desk.reconciler.list_once()
        desk.clock.advance(5)
    assert desk.now(order).pending is change
    await desk.reconciler.list_once()

    assert desk.now(order).pending is PendingChange.NONE
    assert desk.now(order).status is OrderStatus.ACCEPTED
    assert len(refused) == 1
    assert "닿지 않았음" in refused[0]


async def test_a_twin_of_the_morning_is_not_taken_for_an_order_that_never_arrived(
    expect_log: ExpectLog,
) -> None:
    expect_log("order ")

    async with order_desk(DeafBroker) as desk:
        accepted = await desk.broker.place(desk.request())
        desk.set_row(accepted.order_number, ordered_at=desk.clock.now() - timedelta(hours=3))
        assert isinstance(desk.broker, DeafBroker)
        desk.broker.is_deaf = True
        order = await desk.orders.submit(desk.request())

        await desk.reconciler.list_once()

        assert desk.now(order).status is OrderStatus.UNKNOWN


async def test_a_listing_that_is_older_than_a_fill_does_not_take_it_back(desk: OrderDesk) -> None:
    order = await resting(desk)
    asked, rows = desk.orders.listing_begins(), await desk.broker.orders(desk.orders.day)
    seen: list[int] = []
    desk.orders.changed.subscribe(lambda changed: seen.append(changed.filled))
    desk.broker.fill(order.order_number, 4)

    await desk.orders.take_listing(rows, asked)
    assert desk.now(order).filled == 4
    await desk.reconciler.list_once()

    assert desk.now(order).filled == 4
    assert seen == sorted(seen)


async def test_a_listing_that_is_older_than_an_amendment_does_not_bring_the_old_number_back(
    desk: OrderDesk,
) -> None:
    order = await resting(desk)
    asked, rows = desk.orders.listing_begins(), await desk.broker.orders(desk.orders.day)
    await desk.orders.amend(order.key, OrderKind.LIMIT, PRICE - 100)

    await desk.orders.take_listing(rows, asked)

    assert desk.now(order).order_number != order.order_number
    assert desk.now(order).price == PRICE - 100
