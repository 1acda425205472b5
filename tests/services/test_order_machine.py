"""Orders through any sequence of acts with any fault between two of them end as the broker has them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kis_terminal.domain.errors import OutcomeUnknown
from kis_terminal.domain.orders import (
    BrokerOrder,
    ExecutionNotice,
    Order,
    OrderAccepted,
    OrderKind,
    OrderRequest,
    OrderStatus,
    Origin,
    PendingChange,
)
from kis_terminal.ports import LeavingCheck
from kis_terminal.services.order_matching import build_chains
from tests.support.leftovers import ExpectLog
from tests.support.order_desk import PRICE, OrderDesk, order_desk
from tests.support.ports_in_memory import SAMSUNG, MemoryBroker, MemoryClock, MemoryJournal, tick_of

Result = TypeVar("Result")
FATES = st.sampled_from(["taken", "answer lost", "request lost", "refused"])
NOTICES = st.sampled_from(["once", "twice", "never", "late"])


class FatefulBroker(MemoryBroker):
    """Loses requests on their way in, and remembers how often each intent came."""

    is_deaf = False

    async def place(self, request: OrderRequest, *, leaving: LeavingCheck | None = None) -> OrderAccepted:
        self._hear()
        return await super().place(request, leaving=leaving)

    async def amend(self, order: Order, *rest: Any, **more: Any) -> OrderAccepted:
        self._hear()
        return await super().amend(order, *rest, **more)

    async def cancel(self, order: Order) -> OrderAccepted:
        self._hear()
        return await super().cancel(order)

    def _hear(self) -> None:
        if self.is_deaf:
            raise OutcomeUnknown("응답이 없습니다")


class OrderMachine(RuleBasedStateMachine):
    """One account over ports in memory; every order has a quantity of its own, so that none has a twin."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = MemoryClock()
        self.broker = FatefulBroker(self.clock)
        self.journal = MemoryJournal()
        self.late: list[ExecutionNotice] = []
        self.quantity = 0
        self.sent: set[str] = set()
        self.holder: AbstractAsyncContextManager[OrderDesk] | None = None
        self.desk: OrderDesk

    @initialize()
    def begin(self) -> None:
        self._open(is_restored=False)

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        self.clock.advance(1.0)
        self.desk.feed.send_ticks(tick_of(self.broker.quotes[SAMSUNG], 84_600, 1))
        # Prices are as old as the desk's own clock says, which stands between the acts.
        self.desk.clock.advance(1.0)
        return self.loop.run_until_complete(work)

    def _open(self, *, is_restored: bool) -> None:
        self.holder = order_desk(lambda _: self.broker, self.journal, is_restored=is_restored)
        self.desk = self.loop.run_until_complete(self.holder.__aenter__())
        self.deliver, self.broker.on_notice = self.desk.orders.take_notice, self._keep
        self.notices: list[ExecutionNotice] = []

    def _keep(self, notice: ExecutionNotice) -> None:
        self.notices.append(notice)

    async def _tell(self, notices: list[ExecutionNotice]) -> None:
        for notice in notices:
            self.deliver(notice)

    def _fate(self, fate: str) -> None:
        self.broker.fail = OutcomeUnknown("응답이 없습니다") if fate == "answer lost" else None
        self.broker.is_deaf = fate == "request lost"
        self.broker.refuse = "거부합니다" if fate == "refused" else ""

    def _heal(self) -> None:
        self._fate("taken")

    def _working(self) -> list[Order]:
        return [order for order in self.desk.orders.open_orders() if order.order_number]

    def _open_rows(self) -> list[BrokerOrder]:
        return [row for row in self.broker.rows.values() if row.remaining > 0]

    # -- acts ---

    @rule(fate=FATES, steps=st.integers(min_value=0, max_value=5))
    def submit(self, fate: str, steps: int) -> None:
        self.quantity += 1
        request = self.desk.request(self.quantity, PRICE - 100 * steps)
        self._fate(fate)
        before = len(self.broker.placed)
        self._run(self.desk.orders.submit(request))
        self._heal()
        assert len(self.broker.placed) - before <= 1
        self.sent.add(request.intent_id)

    @rule(data=st.data(), notice=NOTICES)
    @precondition(lambda self: self._open_rows())
    def fill(self, data: st.DataObject, notice: str) -> None:
        row = data.draw(st.sampled_from(self._open_rows()))
        self.broker.fill(row.order_number, data.draw(st.integers(min_value=1, max_value=row.remaining)))
        (told,) = self.notices
        self.notices.clear()
        if notice == "late":
            self.late.append(told)
        self._run(self._tell([told] * {"once": 1, "twice": 2}.get(notice, 0)))

    @rule()
    @precondition(lambda self: self.late)
    def late_notices_come(self) -> None:
        self._run(self._tell(self.late))
        self.late.clear()

    @rule(data=st.data(), fate=FATES)
    @precondition(lambda self: self._working())
    def cancel(self, data: st.DataObject, fate: str) -> None:
        order = data.draw(st.sampled_from(self._working()))
        self._fate(fate)
        self._run(self.desk.orders.cancel(order.key))
        self._heal()

    @rule(data=st.data(), fate=FATES, steps=st.integers(min_value=0, max_value=5))
    @precondition(lambda self: self._working())
    def amend(self, data: st.DataObject, fate: str, steps: int) -> None:
        order = data.draw(st.sampled_from(self._working()))
        self._fate(fate)
        self._run(self.desk.orders.amend(order.key, OrderKind.LIMIT, PRICE - 1_000 - 100 * steps))
        self._heal()

    @rule()
    def order_from_elsewhere(self) -> None:
        self.quantity += 1
        self._run(self.broker.place(replace(self.desk.request(self.quantity), origin=Origin.ELSEWHERE)))

    @rule()
    def listing(self) -> None:
        self._run(self.desk.reconciler.list_once())

    @rule()
    def restart(self) -> None:
        assert self.holder is not None
        self.loop.run_until_complete(self.holder.__aexit__(None, None, None))
        self._open(is_restored=True)

    # -- what holds ---

    @invariant()
    def shares_add_up(self) -> None:
        if self.holder is None:
            return
        for order in self.desk.orders.all():
            assert 0 <= order.filled <= order.quantity
            assert order.filled + order.cancelled + order.remaining <= order.quantity
        keys = [request.intent_id for request in self.broker.placed if request.intent_id in self.sent]
        assert len(keys) == len(set(keys))

    def teardown(self) -> None:
        try:
            if self.holder is not None:
                self._run(self._tell(self.late))
                for _ in range(8):
                    self._run(self.desk.reconciler.list_once())
                    self.clock.advance(5.0)
                    self.desk.clock.advance(5.0)
                self._compare()
        finally:
            if self.holder is not None:
                self.loop.run_until_complete(self.holder.__aexit__(None, None, None))
            self.loop.close()

    def _compare(self) -> None:
        """Every chain of the broker is one order here with the same end; nothing is left in doubt."""
        ours = {request.intent_id for request in self.broker.placed if request.intent_id in self.sent}
        for chain in build_chains(list(self.broker.rows.values())):
            order = self.desk.orders.by_number(chain.numbers[0])
            assert order is not None
            assert (order.filled, order.remaining) == (chain.filled, chain.remaining)
            assert order.order_number == chain.live.order_number
        for order in self.desk.orders.all():
            assert order.status not in (OrderStatus.UNKNOWN, OrderStatus.CREATED, OrderStatus.SENT), order
            assert order.pending is PendingChange.NONE, order
            if order.origin is not Origin.ELSEWHERE and order.order_number:
                assert order.key in ours
        own = [order for order in self.desk.orders.all() if order.origin is not Origin.ELSEWHERE]
        assert {order.key for order in own if order.order_number} == ours
        assert self.desk.failures == []


OrderMachine.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


class TestOrderMachine(OrderMachine.TestCase):  # type: ignore[misc, name-defined]
    """Run by pytest."""

    @pytest.fixture(autouse=True)
    def lost_answers_are_logged(self, expect_log: ExpectLog) -> None:
        expect_log("order ")
