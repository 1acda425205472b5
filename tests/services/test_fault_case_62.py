"""Fault case 62 on the way of an order: what cannot be journaled does not leave, cancellations do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.orders import OrderKind, OrderStatus, PendingChange
from tests.support.leftovers import ExpectLog
from tests.support.order_desk import order_desk
from tests.support.ports_in_memory import MemoryJournal
from tests.support.trading_desk import until


class FullDisk(MemoryJournal):
    """A journal whose disk is full from a moment on."""

    is_full = False

    async def record(self, intent_id: str, event: str, at: datetime, details: Mapping[str, str]) -> None:
        if self.is_full:
            raise TerminalError("No space left on device")
        await super().record(intent_id, event, at, details)


async def test_case_62_a_full_disk_keeps_orders_here_and_lets_cancellations_go(expect_log: ExpectLog) -> None:
    expect_log("the journal did not take")
    journal = FullDisk()
    async with order_desk(journal=journal) as desk:
        standing = await desk.orders.submit(desk.request())
        assert standing.status is OrderStatus.ACCEPTED
        journal.is_full = True

        kept = await desk.orders.submit(desk.request(20))
        desk.clock.advance(2.0)
        why = await desk.orders.amend(standing.key, OrderKind.LIMIT, desk.request().price)

        assert kept.status is OrderStatus.REJECTED
        assert "주문 기록" in kept.reason
        assert "주문 기록" in why
        assert desk.now(standing).pending is PendingChange.NONE
        assert len(desk.broker.placed) == 1
        assert await desk.orders.cancel(standing.key) == ""
        await desk.reconciler.list_once()
        assert desk.now(standing).status is OrderStatus.CANCELLED
        journal.is_full = False
        desk.clock.advance(2.0)
        assert (await desk.orders.submit(desk.request(30))).status is OrderStatus.ACCEPTED


async def test_case_62_panic_goes_through_with_a_full_disk(expect_log: ExpectLog) -> None:
    expect_log("the journal did not take")
    journal = FullDisk()
    async with order_desk(journal=journal) as desk:
        for quantity in (10, 20, 30):
            desk.clock.advance(1.0)
            await desk.orders.submit(desk.request(quantity))
        journal.is_full = True

        desk.panic.press()
        await until(lambda: desk.panic.report is not None and desk.panic.report.is_proven)

        assert all(row.remaining == 0 for row in desk.broker.rows.values())
