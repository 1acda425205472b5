"""Orders when something goes wrong between the click and the broker's answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime

import pytest

from kis_terminal.domain.errors import BrokerAnswerError, BrokerUnreachable, TerminalError
from kis_terminal.domain.orders import (
    OrderAccepted,
    OrderKind,
    OrderRequest,
    OrderStatus,
    PendingChange,
)
from kis_terminal.ports import LeavingCheck
from tests.support.leftovers import ExpectLog
from tests.support.order_desk import LOST, PRICE, OrderDesk, order_desk, resting
from tests.support.ports_in_memory import MemoryBroker, MemoryJournal
from tests.support.trading_desk import until


class SlowJournal(MemoryJournal):
    """A journal whose disk lets others run, as every real one does; `meanwhile` is what they do."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] = lambda: None

    async def record(self, intent_id: str, event: str, at: datetime, details: Mapping[str, str]) -> None:
        await asyncio.sleep(0)
        if event.endswith("intent"):
            self.meanwhile()
        await super().record(intent_id, event, at, details)


@pytest.fixture
async def journal() -> SlowJournal:
    return SlowJournal()


@pytest.fixture
async def slow_desk(journal: SlowJournal) -> AsyncIterator[OrderDesk]:
    async with order_desk(journal=journal) as opened:
        yield opened


async def test_one_intent_leaves_once_whoever_submits_it_again(desk: OrderDesk) -> None:
    request = desk.request()

    first = await desk.orders.submit(request)
    desk.clock.advance(10)
    second = await desk.orders.submit(request)

    assert second.order_number == first.order_number
    assert len(desk.broker.placed) == 1


async def test_a_latch_that_falls_while_the_journal_is_written_keeps_the_order_here(
    slow_desk: OrderDesk, journal: SlowJournal
) -> None:
    desk = slow_desk
    journal.meanwhile = desk.risk_gate.halt

    order = await desk.orders.submit(desk.request())

    assert order.status is OrderStatus.REJECTED
    assert desk.broker.placed == []
    # The journal says how it ended: an intent alone would look like a lost answer at the next start.
    assert [line.event for line in journal.lines] == ["intent", "refused"]


async def test_an_order_that_waits_for_its_turn_does_not_leave_after_the_latch() -> None:
    turn = asyncio.Event()

    class PacedBroker(MemoryBroker):
        async def place(self, request: OrderRequest, *, leaving: LeavingCheck | None = None) -> OrderAccepted:
            await turn.wait()
            return await super().place(request, leaving=leaving)

    async with order_desk(PacedBroker) as desk:
        desk.orders.submit_soon(request := desk.request())
        await until(lambda: desk.orders.get(request.intent_id) is not None)
        await until(lambda: desk.now(request.intent_id).status is OrderStatus.SENT)

        desk.risk_gate.halt()
        turn.set()
        await until(lambda: desk.now(request.intent_id).status is OrderStatus.REJECTED)

        assert desk.broker.placed == []


async def test_an_amendment_is_a_new_intent_that_the_latch_refuses_and_a_cancellation_passes(
    desk: OrderDesk,
) -> None:
    order = await resting(desk)
    desk.risk_gate.halt()

    assert await desk.orders.amend(order.key, OrderKind.LIMIT, PRICE - 100) != ""
    assert len(desk.broker.rows) == 1
    assert await desk.orders.cancel(order.key) == ""


async def test_a_latch_that_falls_while_an_amendment_is_journaled_keeps_it_here(
    slow_desk: OrderDesk, journal: SlowJournal
) -> None:
    desk = slow_desk
    order = await resting(desk)
    journal.meanwhile = desk.risk_gate.halt

    said = await desk.orders.amend(order.key, OrderKind.LIMIT, PRICE - 100)

    assert "잠겨" in said
    assert len(desk.broker.rows) == 1
    assert desk.now(order).pending is PendingChange.NONE


async def test_two_amendments_at_once_are_one(slow_desk: OrderDesk, journal: SlowJournal) -> None:
    desk = slow_desk
    order = await resting(desk)

    first, second = await asyncio.gather(
        desk.orders.amend(order.key, OrderKind.LIMIT, PRICE - 100),
        desk.orders.amend(order.key, OrderKind.LIMIT, PRICE - 200),
    )

    assert first == ""
    assert "정정할 수 있는 상태" in second
    assert len(desk.broker.rows) == 2


async def test_two_cancellations_at_once_are_one(slow_desk: OrderDesk, journal: SlowJournal) -> None:
    desk = slow_desk
    order = await resting(desk)

    said = await asyncio.gather(desk.orders.cancel(order.key), desk.orders.cancel(order.key))

    assert said == ["", ""]
    assert [line.event for line in journal.lines].count("cancel intent") == 1


async def test_a_cancellation_that_crosses_an_amendment_goes_to_the_new_number(desk: OrderDesk) -> None:
    order = await resting(desk)
    desk.broker.hold = hold = asyncio.Event()
    amending = asyncio.ensure_future(desk.orders.amend(order.key, OrderKind.LIMIT, PRICE - 100))
    await asyncio.sleep(0.01)
    cancelling = asyncio.ensure_future(desk.orders.cancel(order.key))
    await asyncio.sleep(0.01)

    hold.set()
    said = await asyncio.gather(amending, cancelling)
    await desk.reconciler.list_once()

    assert said == ["", ""]
    assert desk.now(order).status is OrderStatus.CANCELLED
    assert all(row.remaining == 0 for row in desk.broker.rows.values())


async def test_an_order_that_ended_while_its_cancellation_was_journaled_is_not_cancelled(
    slow_desk: OrderDesk, journal: SlowJournal
) -> None:
    desk = slow_desk
    order = await resting(desk)
    journal.meanwhile = lambda: desk.broker.fill(order.order_number, 10)

    assert await desk.orders.cancel(order.key) != ""
    assert desk.now(order).status is OrderStatus.FILLED
    assert len(desk.broker.rows) == 1


# -- answers that prove nothing ---


@pytest.mark.parametrize(
    "error", [LOST, BrokerAnswerError("주문번호를 읽을 수 없습니다"), TerminalError("?")]
)
async def test_what_is_not_a_certain_refusal_is_unknown_until_a_listing_finds_it(
    desk: OrderDesk, error: TerminalError, expect_log: ExpectLog
) -> None:
    expect_log("order ")
    desk.broker.fail = error

    order = await desk.orders.submit(desk.request())
    assert order.status is OrderStatus.UNKNOWN
    desk.clock.advance(5)
    again = await desk.orders.submit(desk.request())
    await desk.reconciler.list_once()

    assert again.status is OrderStatus.REJECTED  # the symbol and side are locked meanwhile
    assert desk.now(order).status is OrderStatus.ACCEPTED
    assert len(desk.broker.placed) == 1


async def test_what_was_not_sent_is_refused(desk: OrderDesk) -> None:
    desk.broker.fail = BrokerUnreachable("연결할 수 없어 보내지 않았습니다")

    order = await desk.orders.submit(desk.request())

    assert order.status is OrderStatus.REJECTED


async def test_a_bug_while_sending_leaves_no_order_that_looks_sent_for_ever(expect_log: ExpectLog) -> None:
    expect_log("nobody knows")

    class BrokenBroker(MemoryBroker):
        async def place(self, request: OrderRequest, *, leaving: LeavingCheck | None = None) -> OrderAccepted:
            raise ZeroDivisionError

    async with order_desk(BrokenBroker) as desk:
        desk.orders.submit_soon(request := desk.request())
        await until(lambda: bool(desk.failures))

        assert isinstance(desk.failures[0], ZeroDivisionError)
        assert desk.now(request.intent_id).status is OrderStatus.UNKNOWN


async def test_closing_waits_for_the_answer_of_what_has_left(desk: OrderDesk) -> None:
    desk.broker.hold = hold = asyncio.Event()
    desk.orders.submit_soon(request := desk.request())
    await until(lambda: desk.orders.is_sending)
    asyncio.get_running_loop().call_later(0.05, hold.set)

    await desk.orders.finish_sending(5.0)

    assert desk.now(request.intent_id).status is OrderStatus.ACCEPTED
    late = await desk.orders.submit(desk.request(3))
    assert late.status is OrderStatus.REJECTED
    assert len(desk.broker.placed) == 1


async def test_closing_journals_as_unknown_what_has_no_answer_in_time(
    desk: OrderDesk, expect_log: ExpectLog
) -> None:
    expect_log("nobody knows")
    desk.broker.hold = asyncio.Event()
    desk.orders.submit_soon(request := desk.request())
    await until(
        lambda: desk.now(request.intent_id).status is OrderStatus.SENT if desk.orders.all() else False
    )

    await desk.orders.finish_sending(0.01)
    await desk.scope.close()

    assert [line.event for line in desk.journal.lines] == ["intent", "unknown"]
    assert desk.now(request.intent_id).status is OrderStatus.UNKNOWN
