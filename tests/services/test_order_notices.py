"""Execution notices that come twice, late, early or not at all, and more than was ordered."""

from __future__ import annotations

from dataclasses import replace

from kis_terminal.domain.orders import (
    OrderAccepted,
    OrderRequest,
    OrderStatus,
    Side,
)
from kis_terminal.ports import LeavingCheck
from tests.support.leftovers import ExpectLog
from tests.support.order_desk import PRICE, OrderDesk, order_desk, resting
from tests.support.ports_in_memory import SAMSUNG, MemoryBroker


async def test_a_notice_that_comes_twice_ends_as_the_listing_says(desk: OrderDesk) -> None:
    order = await resting(desk)
    desk.broker.fill(order.order_number, 4)
    desk.orders.take_notice(desk.notice_of_fill(order, 4))

    await desk.reconciler.list_once()
    await desk.portfolio.refresh()

    assert desk.now(order).filled == 4
    assert [fill.quantity for fill in desk.orders.fills] == [4]
    held = desk.portfolio.position(SAMSUNG)
    assert held is not None
    assert held.quantity == 404


async def test_two_true_equal_fills_in_one_second_both_count(desk: OrderDesk) -> None:
    order = await resting(desk)

    desk.broker.fill(order.order_number, 4)
    desk.broker.fill(order.order_number, 4)
    assert desk.now(order).filled == 8
    await desk.reconciler.list_once()

    assert desk.now(order).filled == 8
    assert [fill.quantity for fill in desk.orders.fills] == [4, 4]


async def test_a_notice_that_is_later_than_the_listing_is_not_counted_again(desk: OrderDesk) -> None:
    order = await resting(desk)
    desk.set_row(order.order_number, filled=4, remaining=6, average_price=PRICE)
    await desk.reconciler.list_once()
    assert desk.now(order).filled == 4

    desk.orders.take_notice(desk.notice_of_fill(order, 4))

    assert desk.now(order).filled == 4
    assert [fill.quantity for fill in desk.orders.fills] == [4]


async def test_a_late_notice_does_not_open_a_cancelled_order_again(desk: OrderDesk) -> None:
    order = await resting(desk)
    desk.set_row(order.order_number, filled=3, remaining=0, cancelled=7, average_price=PRICE)
    await desk.reconciler.list_once()

    desk.orders.take_notice(desk.notice_of_fill(order, 3))

    assert desk.now(order).status is OrderStatus.CANCELLED
    assert (desk.now(order).filled, desk.now(order).cancelled) == (3, 7)


async def test_a_notice_that_overtakes_the_answer_is_joined_to_it() -> None:
    class HastyBroker(MemoryBroker):
        async def place(self, request: OrderRequest, *, leaving: LeavingCheck | None = None) -> OrderAccepted:
            accepted = await super().place(request, leaving=leaving)
            self.fill(accepted.order_number, 4)
            return accepted

    async with order_desk(HastyBroker) as desk:
        order = await desk.orders.submit(desk.request())

        assert desk.now(order).status is OrderStatus.PARTLY_FILLED
        assert desk.now(order).filled == 4


# -- days ---


async def test_orders_of_yesterday_are_put_away_with_their_numbers(desk: OrderDesk) -> None:
    order = await resting(desk)
    desk.clock.advance(86_400)
    yesterday = desk.broker.rows.pop(order.order_number)
    # The exchange counts anew: the same number, another order.
    desk.broker.rows[order.order_number] = replace(
        yesterday, side=Side.SELL, quantity=1, remaining=1, ordered_at=desk.clock.now()
    )

    desk.broker.rows, today = {order.order_number: yesterday}, desk.broker.rows
    listing = desk.broker.orders
    asked: list[object] = []

    async def of_day(day: object) -> object:
        asked.append(day)
        if day == desk.clock.now().date():
            desk.broker.rows = today
        return await listing(day)  # type: ignore[arg-type]

    desk.broker.orders = of_day  # type: ignore[method-assign,assignment]
    await desk.reconciler.list_once()

    assert len(asked) == 2
    assert desk.orders.get(order.key) is None
    (only,) = desk.orders.all()
    assert (only.side, only.quantity) == (Side.SELL, 1)


async def test_case_32_more_filled_than_ordered_blocks_the_symbol_until_the_list_is_sound(
    desk: OrderDesk, expect_log: ExpectLog
) -> None:
    """Cause: it was cut to the ordered quantity without a word."""
    expect_log("shares executed")
    told: list[str] = []
    desk.orders.refused.subscribe(lambda what: told.append(what[1]))
    order = await desk.orders.submit(desk.request(10))
    row = desk.broker.rows[order.order_number]
    desk.set_row(order.order_number, filled=12, remaining=0, average_price=PRICE)
    await desk.reconciler.list_once()
    await desk.reconciler.list_once()

    assert desk.now(order).filled == 12
    assert len(told) == 1
    assert "12주" in told[0]
    blocked = await desk.orders.submit(desk.request(1, PRICE - 500))
    assert "많은 체결" in blocked.reason

    desk.broker.rows[order.order_number] = row
    desk.set_row(order.order_number, filled=10, remaining=0, average_price=PRICE)
    await desk.reconciler.list_once()
    assert desk.now(order).filled == 10
    assert (await desk.orders.submit(desk.request(2, PRICE - 500))).status is OrderStatus.ACCEPTED
