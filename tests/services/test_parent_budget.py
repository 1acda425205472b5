"""A parent's budget on the way of an order: children, amendments, a restart; limits in the journal."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

from kis_terminal.domain.orders import Order, OrderKind, OrderRequest, OrderStatus, Origin, ParentBudget, Side
from kis_terminal.domain.risk import RiskLimits
from kis_terminal.services.risk_settings import changed
from tests.support.killed import core_of
from tests.support.order_desk import OrderDesk, order_desk
from tests.support.ports_in_memory import SAMSUNG, SEOUL
from tests.support.trading_desk import until

PLAN = ParentBudget("plan-1", quantity=30, amount=Decimal(2_400_000))


def child(desk: OrderDesk, quantity: int, price: int = 80_000) -> OrderRequest:
    return desk.orders.new_request(
        SAMSUNG,
        Side.BUY,
        OrderKind.LIMIT,
        quantity,
        Decimal(price),
        origin=Origin.STRATEGY,
        parent=PLAN,
    )


async def submitted(desk: OrderDesk, quantity: int, price: int = 80_000) -> Order:
    desk.clock.advance(2.0)
    return await desk.orders.submit(child(desk, quantity, price))


async def test_children_may_not_exceed_their_parent_and_what_was_cancelled_is_free_again() -> None:
    async with order_desk() as desk:
        first = await submitted(desk, 20)
        second = await submitted(desk, 11)
        assert first.status is OrderStatus.ACCEPTED
        assert second.status is OrderStatus.REJECTED
        assert "묶음" in second.reason
        assert await desk.orders.cancel(first.key) == ""
        await desk.reconciler.list_once()
        assert desk.now(first).status is OrderStatus.CANCELLED

        assert (await submitted(desk, 30)).status is OrderStatus.ACCEPTED
        assert (await submitted(desk, 1)).status is OrderStatus.REJECTED


async def test_an_amendment_is_held_to_the_budget_and_does_not_count_twice() -> None:
    async with order_desk() as desk:
        order = await submitted(desk, 30, 79_000)
        assert order.status is OrderStatus.ACCEPTED
        desk.clock.advance(2.0)

        assert await desk.orders.amend(order.key, OrderKind.LIMIT, Decimal(80_000)) == ""
        desk.clock.advance(2.0)
        await desk.reconciler.list_once()
        why = await desk.orders.amend(order.key, OrderKind.LIMIT, Decimal(80_100))

        assert "묶음" in why
        assert desk.now(order).price == 80_000


async def test_a_restart_knows_what_the_children_came_to() -> None:
    async with order_desk() as desk:
        first = await submitted(desk, 20)
        journal = desk.journal
        rows, placed = desk.broker.rows, desk.broker.placed
    async with order_desk(journal=journal, is_restored=True) as desk:
        desk.broker.rows, desk.broker.placed = rows, placed
        await desk.reconciler.list_once()

        assert desk.now(first).parent == PLAN
        assert (await submitted(desk, 11)).status is OrderStatus.REJECTED
        assert (await submitted(desk, 10)).status is OrderStatus.ACCEPTED


async def test_a_change_of_limits_is_in_the_journal(tmp_path: Path) -> None:
    told = {"rest": "http://127.0.0.1:9", "ws": "ws://127.0.0.1:9", "appkey": "k" * 36, "hts_id": "t"}
    core = core_of({**told, "cano": "61000000", "folder": str(tmp_path)})
    try:
        await core.journal.prepare()
        core.risk_gate.take_limits(changed(RiskLimits(), "max_order_value", "7,000,000"))
        core.risk_gate.take_limits(core.risk_gate.limits)
        since = datetime(2000, 1, 1, tzinfo=SEOUL)
        await until(lambda: core.scope.running == 0)

        lines = [line for line in await core.journal.entries(since) if line.event == "limits changed"]

        assert [dict(line.details) for line in lines] == [{"max_order_value": "100000000 -> 7000000"}]
    finally:
        await core.close()
