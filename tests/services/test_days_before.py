"""Orders that were open when the program ended: at a later day's start their own day is listed first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from kis_terminal.domain.errors import BrokerUnreachable, CorrectionNeeded
from kis_terminal.domain.orders import BrokerOrder, Order, OrderStatus, ParentBudget
from kis_terminal.services.departures import NOT_REMEMBERED
from kis_terminal.services.order_restore import DAYS_SETTLED, unsettled_from
from kis_terminal.services.orders import Orders
from kis_terminal.services.reconcile import Reconciler
from tests.support.leftovers import ExpectLog
from tests.support.order_desk import LOST, OrderDesk, order_desk, resting
from tests.support.ports_in_memory import MemoryBroker

_WEEKEND = 3 * 86_400.0


class DatedBroker(MemoryBroker):
    """Lists the orders of the day that is asked for, as the real one does."""

    def __init__(self, clock: object) -> None:
        super().__init__(clock)  # type: ignore[arg-type]
        self.asked: list[date] = []
        self.refuses: tuple[date, Exception] | None = None

    async def orders(self, day: date) -> Sequence[BrokerOrder]:
        """Return the complete list of a day, or refuse it."""
        self.asked.append(day)
        if self.refuses is not None and self.refuses[0] == day:
            raise self.refuses[1]
        return [row for row in await super().orders(day) if row.ordered_at.date() == day]


class Start:
    """Another start of the program over the same journal and account."""

    def __init__(self, desk: OrderDesk) -> None:
        assert isinstance(desk.broker, DatedBroker)
        self.broker = desk.broker
        self.broker.asked.clear()
        self.orders = Orders(
            desk.broker, desk.journal, desk.risk_gate, desk.portfolio, desk.clock, desk.scope
        )
        self.reconciler = Reconciler(desk.broker, self.orders, desk.portfolio, desk.clock, desk.scope)
        self.told: dict[str, Order] = {}
        self.orders.changed.subscribe(lambda order: self.told.update({order.key: order}))

    async def open(self) -> None:
        """Do what a start does."""
        await self.orders.restore(looks_back=True)
        await self.reconciler.list_once()


async def test_what_filled_after_the_program_had_ended_is_told_on_the_next_trading_day() -> None:
    """Cause: the journal was read from midnight on; a strategy's shares became the person's, unpaid for."""
    async with order_desk(DatedBroker) as desk:
        parent = ParentBudget("strategy:plan:1", quantity=10)
        order = await desk.orders.submit(replace(desk.request(), parent=parent))
        friday = desk.clock.now().date()
        desk.set_row(order.order_number, filled=10, remaining=0, average_price=order.price)
        desk.clock.advance(_WEEKEND)
        today = desk.clock.now().date()
        start = Start(desk)

        await start.orders.restore(looks_back=True)
        early = await start.orders.submit(replace(desk.request(4), confirmed=frozenset({"STALE"})))
        await start.reconciler.list_once()

        assert (early.status, early.reason) == (OrderStatus.REJECTED, NOT_REMEMBERED)
        assert start.broker.asked == [friday, today]
        settled = start.told[order.key]
        assert (settled.status, settled.filled) == (OrderStatus.FILLED, 10)
        assert settled.parent == parent
        assert order.key not in {one.key for one in start.orders.all()}  # it was that day's
        assert start.orders.is_reconciled
        later = await start.orders.submit(replace(desk.request(5), confirmed=frozenset({"STALE"})))
        assert later.status is OrderStatus.ACCEPTED, later.reason


async def test_an_unanswered_order_of_an_earlier_day_is_found_in_that_days_list(
    expect_log: ExpectLog,
) -> None:
    expect_log("응답이 없습니다")
    async with order_desk(DatedBroker) as desk:
        desk.broker.fail = LOST
        lost = await desk.orders.submit(desk.request())
        assert lost.status is OrderStatus.UNKNOWN
        desk.clock.advance(_WEEKEND)
        start = Start(desk)

        await start.open()

        assert start.told[lost.key].order_number in desk.broker.rows


async def test_a_day_is_settled_once() -> None:
    async with order_desk(DatedBroker) as desk:
        await resting(desk)
        desk.clock.advance(_WEEKEND)
        await Start(desk).open()
        again = Start(desk)

        await again.open()

        assert again.broker.asked == [desk.clock.now().date()]
        assert [line.event for line in desk.journal.lines].count(DAYS_SETTLED) >= 1


async def test_every_day_that_ended_with_open_orders_is_listed_oldest_first() -> None:
    async with order_desk(DatedBroker) as desk:
        first = await resting(desk)
        days = [desk.clock.now().date()]
        desk.clock.advance(_WEEKEND)
        crashed = Start(desk)
        await crashed.open()
        second = await crashed.orders.submit(replace(desk.request(3), confirmed=frozenset({"STALE"})))
        days.append(desk.clock.now().date())
        desk.journal.lines[:] = [line for line in desk.journal.lines if line.event != DAYS_SETTLED]
        desk.clock.advance(86_400)
        start = Start(desk)

        await start.open()

        assert start.broker.asked == [*days, desk.clock.now().date()]
        assert {first.key, second.key} <= start.told.keys()


async def test_a_day_that_the_broker_refuses_to_list_holds_nothing_of_today_up(
    expect_log: ExpectLog,
) -> None:
    expect_log("what became of the open orders of")
    async with order_desk(DatedBroker) as desk:
        await resting(desk)
        friday = desk.clock.now().date()
        desk.clock.advance(_WEEKEND)
        start = Start(desk)
        start.broker.refuses = friday, CorrectionNeeded("조회 기간이 지났습니다")

        await start.open()

        assert start.broker.asked == [friday, desk.clock.now().date()]
        assert start.orders.is_reconciled


async def test_a_day_that_cannot_be_listed_now_is_asked_for_again() -> None:
    async with order_desk(DatedBroker) as desk:
        order = await resting(desk)
        friday = desk.clock.now().date()
        desk.clock.advance(_WEEKEND)
        start = Start(desk)
        start.broker.refuses = friday, BrokerUnreachable("응답이 없습니다")
        with pytest.raises(BrokerUnreachable):
            await start.open()
        assert not start.orders.is_reconciled

        start.broker.refuses = None
        await start.reconciler.list_once()

        assert start.broker.asked == [friday, friday, desk.clock.now().date()]
        assert order.key in start.told
        assert start.orders.is_reconciled


async def test_a_guest_settles_no_day_and_lists_today_only() -> None:
    async with order_desk(DatedBroker) as desk:
        await resting(desk)
        desk.clock.advance(_WEEKEND)
        guest = Start(desk)

        await guest.orders.restore()
        await guest.reconciler.list_once()

        assert guest.broker.asked == [desk.clock.now().date()]
        assert DAYS_SETTLED not in [line.event for line in desk.journal.lines]


async def test_the_look_back_ends_after_two_weeks() -> None:
    async with order_desk(DatedBroker) as desk:
        now = desk.clock.now()

        assert unsettled_from(now, None).date() == now.date() - timedelta(days=14)
        assert unsettled_from(now, now - timedelta(days=1)).date() == now.date() - timedelta(days=1)
        assert unsettled_from(now, now + timedelta(days=1)).date() == now.date()


async def test_todays_orders_are_there_before_anything_may_leave() -> None:
    """Cause: the gate was opened while `days settled` was written, before the journal's orders were there."""
    async with order_desk(DatedBroker) as desk:
        order = await resting(desk)
        start = Start(desk)
        await start.reconciler.list_once()
        known: list[bool] = []
        record = desk.journal.record

        async def look(intent_id: str, event: str, at: datetime, details: Mapping[str, str]) -> None:
            if event == DAYS_SETTLED:
                known.append(start.orders.get(order.key) is not None)
            await record(intent_id, event, at, details)

        desk.journal.record = look  # type: ignore[method-assign]
        await start.orders.restore(looks_back=True)

        assert known == [True]
