"""An order of unknown outcome that a person settles: SAFETY case 33, and what the journal keeps of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kis_terminal.domain.errors import CorrectionNeeded, OutcomeUnknown
from kis_terminal.domain.orders import Order, OrderStatus, Origin
from kis_terminal.services.order_restore import restored
from tests.support.leftovers import ExpectLog
from tests.support.order_desk import OrderDesk, order_desk
from tests.support.ports_in_memory import SAMSUNG, MemoryJournal


class FullJournal(MemoryJournal):
    """A journal whose disk takes no person's word."""

    async def record(self, intent_id: str, event: str, *rest: object) -> None:
        if event == "person's word":
            raise CorrectionNeeded("disk full")
        await super().record(intent_id, event, *rest)  # type: ignore[arg-type]


@pytest.fixture
async def desk() -> AsyncIterator[OrderDesk]:
    async with order_desk() as opened:
        yield opened


@pytest.fixture
def lost(expect_log: ExpectLog) -> None:
    """Expect the line about an answer that was lost."""
    expect_log("order ")


async def in_doubt(desk: OrderDesk) -> Order:
    """Return an order whose answer was lost, beside a twin that another program placed."""
    desk.broker.fail = OutcomeUnknown("응답이 없습니다")
    order = await desk.orders.submit(desk.request())
    await desk.broker.place(desk.request())
    await desk.reconciler.list_once()
    assert desk.now(order).status is OrderStatus.UNKNOWN
    return order


def words(journal: MemoryJournal) -> list[dict[str, str]]:
    return [dict(line.details) for line in journal.lines if line.event == "person's word"]


@pytest.mark.usefixtures("lost")
async def test_a_person_says_which_twin_is_ours_and_the_other_stays_foreign(desk: OrderDesk) -> None:
    order = await in_doubt(desk)
    twins = desk.orders.twins_of(order.key)

    answer = await desk.orders.settle_by_person(order.key, twins[1].order_number)
    await desk.reconciler.list_once()

    ours = desk.now(order)
    assert (answer, ours.status) == ("", OrderStatus.ACCEPTED)
    assert (ours.order_number, ours.reason) == (twins[1].order_number, "")
    assert [item.order_number for item in desk.orders.all() if item.origin is Origin.ELSEWHERE] == [
        twins[0].order_number
    ]
    assert [line["order_number"] for line in words(desk.journal)] == [twins[1].order_number]
    assert await desk.orders.cancel(order.key) == ""
    assert desk.broker.rows[twins[1].order_number].remaining == 0
    assert desk.broker.rows[twins[0].order_number].remaining == 10


@pytest.mark.usefixtures("lost")
async def test_an_adopted_twin_keeps_what_was_executed(desk: OrderDesk) -> None:
    order = await in_doubt(desk)
    number = desk.orders.twins_of(order.key)[0].order_number
    desk.broker.fill(number, 4)
    await desk.reconciler.list_once()

    await desk.orders.settle_by_person(order.key, number)
    told = desk.now(order)
    await desk.reconciler.list_once()

    assert (told.status, told.filled) == (OrderStatus.PARTLY_FILLED, 4)
    assert (desk.now(order).filled, desk.now(order).remaining) == (4, 6)


@pytest.mark.usefixtures("lost")
async def test_a_person_says_that_it_was_not_accepted_and_the_symbol_is_free_again(desk: OrderDesk) -> None:
    order = await in_doubt(desk)
    desk.clock.advance(5)
    code = getattr(desk.risk_gate.check(desk.request()).first_failure, "code", "")

    answer = await desk.orders.settle_by_person(order.key, None)
    await desk.reconciler.list_once()

    assert (answer, code) == ("", "UNRESOLVED")
    assert desk.now(order).status is OrderStatus.REJECTED
    assert len(desk.orders.open_orders(SAMSUNG)) == 2  # both rows stay visible, as foreign
    assert desk.risk_gate.check(desk.request()).passed
    assert [line["order_number"] for line in words(desk.journal)] == [""]


async def test_an_order_that_is_known_takes_no_word(desk: OrderDesk) -> None:
    known = await desk.orders.submit(desk.request())

    answers = [await desk.orders.settle_by_person(known.key, number) for number in (None, "0000041207", "x")]

    assert all(answers)
    assert desk.now(known).status is OrderStatus.ACCEPTED
    assert words(desk.journal) == []


@pytest.mark.usefixtures("lost")
async def test_a_row_of_another_symbol_side_or_quantity_cannot_be_adopted(desk: OrderDesk) -> None:
    order = await in_doubt(desk)
    other = await desk.broker.place(desk.request(11))
    await desk.reconciler.list_once()

    answer = await desk.orders.settle_by_person(order.key, other.order_number)

    assert answer
    assert desk.now(order).status is OrderStatus.UNKNOWN


async def test_a_word_that_cannot_be_journaled_changes_nothing(expect_log: ExpectLog) -> None:
    expect_log("order ")
    async with order_desk(journal=FullJournal()) as desk:
        order = await in_doubt(desk)

        answer = await desk.orders.settle_by_person(order.key, None)

        assert "disk full" in answer
        assert desk.now(order).status is OrderStatus.UNKNOWN


@pytest.mark.usefixtures("lost")
async def test_the_next_start_knows_the_word(desk: OrderDesk) -> None:
    adopted = await in_doubt(desk)
    number = desk.orders.twins_of(adopted.key)[0].order_number
    await desk.orders.settle_by_person(adopted.key, number)
    desk.clock.advance(5)
    ended = await in_doubt(desk)
    await desk.orders.settle_by_person(ended.key, None)

    known = {order.key: order for order in restored(desk.journal.lines)}

    assert (known[adopted.key].status, known[adopted.key].order_number) == (OrderStatus.ACCEPTED, number)
    assert known[ended.key].status is OrderStatus.REJECTED
