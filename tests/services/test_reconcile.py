"""The day of the orders turns by the broker's time, not by a clock that was wrong for a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from kis_terminal.domain.orders import BrokerOrder, OrderStatus
from tests.support.order_desk import order_desk
from tests.support.ports_in_memory import MemoryBroker, MemoryClock, MemoryJournal


class TellsTheTime(MemoryBroker):
    """A broker whose answers put the clock right, as KIS's Date headers do."""

    def __init__(self, clock: MemoryClock) -> None:
        super().__init__(clock)
        self.right = clock
        self.error = timedelta()
        self.asked: list[date] = []

    async def orders(self, day: date) -> Sequence[BrokerOrder]:
        self.asked.append(day)
        rows = await super().orders(day)
        self.right.advance(-self.error.total_seconds())
        self.error = timedelta()
        return rows


async def test_a_clock_that_is_a_day_ahead_for_a_moment_turns_no_day() -> None:
    """Cause: the first listing after the jump put the day's orders away before its answer told the time."""
    async with order_desk(TellsTheTime) as desk:
        broker = desk.broker
        assert isinstance(broker, TellsTheTime)
        order = await desk.orders.submit(desk.request())
        day = desk.orders.day
        broker.error = timedelta(hours=25)
        desk.clock.advance(broker.error.total_seconds())

        await desk.reconciler.list_once()

        assert desk.orders.day == day
        assert desk.now(order).status is OrderStatus.ACCEPTED
        assert set(broker.asked) == {day}
        assert await desk.orders.cancel(order.key) == ""


async def test_a_start_under_a_clock_that_is_ahead_finds_todays_journal_all_the_same() -> None:
    """Cause: the journal was asked for the lines of a day that had not come, once and for all."""
    journal, ahead = MemoryJournal(), timedelta(hours=15)
    async with order_desk(journal=journal) as first:
        order = await first.orders.submit(first.request())
        rows = first.broker.rows

    def broker_of(clock: MemoryClock) -> TellsTheTime:
        broker = TellsTheTime(clock)
        broker.rows, broker.error = rows, ahead
        clock.advance(ahead.total_seconds())
        return broker

    async with order_desk(broker_of, journal, is_restored=True) as desk:
        assert desk.orders.day == desk.clock.now().date()
        assert desk.orders.is_reconciled
        assert [one.key for one in desk.orders.all()] == [order.key]
        assert desk.now(order).origin is order.origin


async def test_a_day_that_is_over_is_put_away() -> None:
    async with order_desk() as desk:
        order = await desk.orders.submit(desk.request())
        desk.clock.advance(86_400)

        await desk.reconciler.list_once()

        assert desk.orders.day == desk.clock.now().date()
        assert desk.orders.get(order.key) is None
