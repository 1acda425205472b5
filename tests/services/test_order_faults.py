"""Orders when something goes wrong between the click and the broker's answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from kis_terminal.domain.errors import BrokerAnswerError, BrokerUnreachable, OutcomeUnknown, TerminalError
from kis_terminal.domain.orders import (
    Order,
    OrderAccepted,
    OrderKind,
    OrderRequest,
    OrderStatus,
    Origin,
    PendingChange,
    Side,
)
from kis_terminal.ports import LeavingCheck
from tests.support.leftovers import ExpectLog
from tests.support.order_desk import PRICE, OrderDesk, order_desk
from tests.support.ports_in_memory import SAMSUNG, MemoryBroker, MemoryJournal
from tests.support.trading_desk import until

LOST = OutcomeUnknown("응답이 없습니다")


@pytest.fixture
async def desk() -> AsyncIterator[OrderDesk]:
    async with order_desk() as opened:
        yield opened


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


async def resting(desk: OrderDesk, quantity: int = 10, price: Decimal = PRICE) -> Order:
    order = await desk.orders.submit(desk.request(quantity, price))
    assert order.status is OrderStatus.ACCEPTED
    return order


# -- leaving ---


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


# -- listings ---


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


# -- notices ---


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
