"""An order is known by day, branch and number; KIS's documents do not let us be stricter than that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from kis_terminal.domain.orders import OrderStatus, Origin
from kis_terminal.services.departures import NOT_RECONCILED
from kis_terminal.services.order_numbers import OrderNumbers
from tests.support.order_desk import order_desk

NUMBER = "0000000123"


def test_a_branch_that_is_not_known_does_not_part_a_number_from_its_order() -> None:
    numbers = OrderNumbers()
    numbers.claim("91252", NUMBER, "ours")

    assert numbers.key_of("91252", NUMBER) == "ours"
    assert numbers.key_of("", NUMBER) == "ours"
    assert numbers.key_of("06010", NUMBER) == "ours"
    assert numbers.key_of("06010", NUMBER, is_shared=True) is None
    assert numbers.key_of("91252", "0000000124") is None


def test_a_number_of_two_branches_tells_nothing_alone() -> None:
    numbers = OrderNumbers()
    numbers.claim("91252", NUMBER, "ours")
    numbers.claim("06010", NUMBER, "theirs")

    assert numbers.key_of("91252", NUMBER) == "ours"
    assert numbers.key_of("06010", NUMBER) == "theirs"
    assert numbers.key_of("", NUMBER) is None


def test_what_is_put_away_has_no_numbers_and_a_new_owner_has_all_of_them() -> None:
    numbers = OrderNumbers()
    numbers.claim("91252", NUMBER, "a")
    numbers.claim("91252", "0000000124", "a")
    numbers.claim("91252", "0000000125", "b")

    numbers.rename("a", "c")
    numbers.keep_only({"c"})

    assert [numbers.key_of("91252", n) for n in (NUMBER, "0000000124", "0000000125")] == ["c", "c", None]


async def test_the_same_number_of_another_branch_is_another_order() -> None:
    """Cause: rows were joined by their number alone, so the second branch's order replaced the first's."""
    async with order_desk() as desk:
        ours = await desk.orders.submit(desk.request(10))
        row = desk.broker.rows[ours.order_number]
        desk.broker.rows["other"] = replace(row, branch_number="06010", quantity=3, remaining=3)

        await desk.reconciler.list_once()

        orders = desk.orders.all()
        assert sorted(order.quantity for order in orders) == [3, 10]
        assert desk.now(ours).quantity == 10
        assert {order.origin for order in orders} == {ours.origin, Origin.ELSEWHERE}


async def test_a_notice_of_the_new_day_waits_until_its_list_has_begun() -> None:
    """Cause: a number that the exchange gave again belonged to yesterday's order until the list came."""
    async with order_desk() as desk:
        yesterday = await desk.orders.submit(desk.request(10))
        await desk.reconciler.list_once()
        desk.clock.advance(timedelta(days=1).total_seconds())

        desk.orders.take_notice(desk.notice_of_fill(yesterday, 4))

        assert desk.now(yesterday).filled == 0
        assert await desk.orders.cancel(yesterday.key) != ""
        assert desk.broker.rows[yesterday.order_number].cancelled == 0
        desk.broker.rows.clear()
        await desk.reconciler.list_once()
        assert desk.orders.get(yesterday.key) is None


async def test_an_order_of_the_new_day_survives_the_beginning_of_its_list() -> None:
    """Cause: everything on the shelf was put away, what had been ordered since midnight too.

    Before the list it is a refusal of ours, which the person shall still find afterwards.
    """
    async with order_desk() as desk:
        await desk.orders.submit(desk.request(10))
        desk.clock.advance(timedelta(days=1).total_seconds() - 3 * 3600)
        desk.broker.rows.clear()
        desk.risk_gate.limits = replace(desk.risk_gate.limits, max_price_age=1e9)

        early = await desk.orders.submit(desk.request(4))
        await desk.reconciler.list_once()
        today = await desk.orders.submit(desk.request(4))

        assert (early.status, early.reason) == (OrderStatus.REJECTED, NOT_RECONCILED)
        assert today.status is OrderStatus.ACCEPTED, today.reason
        assert {order.key for order in desk.orders.all()} == {early.key, today.key}
        assert desk.now(early).origin is Origin.ORDER_ENTRY
