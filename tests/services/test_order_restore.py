"""What the journal tells of today's own orders after the program was killed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from kis_terminal.domain.orders import OrderKind, OrderRequest, OrderStatus, Origin, Side, Venue
from kis_terminal.services.order_restore import EXCHANGE_BEGAN, described, restored
from tests.support.leftovers import ExpectLog
from tests.support.order_desk import PRICE, order_desk
from tests.support.ports_in_memory import MemoryBroker, MemoryClock, MemoryJournal

AT = datetime(2026, 11, 20, 4, 42, tzinfo=UTC)
REQUEST = OrderRequest(
    "key",
    "005930",
    Side.SELL,
    OrderKind.STOP_LIMIT,
    7,
    Decimal("70000"),
    Venue.SOR,
    Origin.LADDER,
    Decimal(1),
)


@dataclass(frozen=True)
class Line:
    event: str
    details: dict[str, str] = field(default_factory=dict)
    intent_id: str = "key"
    at: datetime = AT


INTENT = Line("intent", described(REQUEST, AT))


def test_an_intent_without_an_answer_is_unknown_and_whole() -> None:
    (order,) = restored([INTENT])

    assert order.status is OrderStatus.UNKNOWN
    assert (order.key, order.symbol, order.side, order.kind) == ("key", "005930", Side.SELL, REQUEST.kind)
    assert (order.quantity, order.price, order.condition_price) == (7, Decimal(70000), Decimal(1))
    assert (order.venue, order.origin, order.created_at) == (Venue.SOR, Origin.LADDER, AT)


def test_answers_amendments_and_states_are_followed() -> None:
    lines = [
        INTENT,
        Line("accepted", {"order_number": "1", "branch_number": "06010"}),
        Line("amend intent", {"order_number": "1"}),
        Line("amend accepted", {"order_number": "2", "branch_number": "06010"}),
    ]
    state = {"status": "partly_filled", "order_number": "2", "branch_number": "06010", "filled": "3"}
    state |= {"cancelled": "0", "average_price": "70000", "price": "69900", "reason": ""}

    (accepted,) = restored(lines)
    (filled,) = restored([*lines, Line("state", state)])

    assert (accepted.status, accepted.order_number, accepted.chain) == (OrderStatus.ACCEPTED, "2", ("1", "2"))
    assert accepted.branch_number == "06010"
    assert (filled.status, filled.filled, filled.price) == (OrderStatus.PARTLY_FILLED, 3, Decimal(69900))


def test_a_refusal_is_done_and_an_unreadable_line_is_left_out() -> None:
    (refused,) = restored([INTENT, Line("refused", {"reason": "잔고 부족"})])

    assert (refused.status, refused.reason) == (OrderStatus.REJECTED, "잔고 부족")
    assert restored([Line("intent", {"symbol": "005930"}), Line("accepted", {"order_number": "1"})]) == []
    (kept,) = restored([INTENT, Line("state", {"status": "nonsense"})])
    assert kept.status is OrderStatus.UNKNOWN


def test_an_order_that_was_given_up_and_found_after_all_works() -> None:
    state = {"status": "rejected", "order_number": "", "filled": "0", "cancelled": "0"}
    state |= {"average_price": "", "price": "70000", "reason": "여러 번 없어"}
    (order,) = restored([INTENT, Line("state", state), Line("found", {"order_number": "7"})])

    assert (order.status, order.order_number, order.reason) == (OrderStatus.ACCEPTED, "7", "")


async def test_orders_of_an_earlier_run_are_ours_again_and_nothing_is_sent_for_it(
    expect_log: ExpectLog,
) -> None:
    """Cause: after a restart our own orders looked like another program's, unknown ones were forgotten."""
    expect_log("order ")
    journal = MemoryJournal()
    clock = MemoryClock()
    broker = MemoryBroker(clock)
    async with order_desk(lambda _: broker, journal=journal) as first:
        accepted = await first.orders.submit(first.request(3))
        broker.fail = _lost()
        lost = await first.orders.submit(first.request(5, PRICE - 100))
        assert lost.status is OrderStatus.UNKNOWN
    sent = list(broker.placed)

    async with order_desk(lambda _: broker, journal=journal, is_restored=True) as second:
        mine = second.now(accepted)
        found = second.now(lost)

    assert (mine.origin, mine.status) == (Origin.ORDER_ENTRY, OrderStatus.ACCEPTED)
    assert (found.origin, found.status) == (Origin.ORDER_ENTRY, OrderStatus.ACCEPTED)
    assert broker.placed == sent


def _lost() -> Exception:
    from kis_terminal.domain.errors import OutcomeUnknown

    return OutcomeUnknown("응답이 없습니다")


def test_nothing_from_before_a_new_exchange_is_restored() -> None:
    """Cause: a command took over orders of an earlier simulation, whose numbers now were other orders'."""
    accepted = Line("accepted", {"order_number": "0000000001"})
    began = Line(EXCHANGE_BEGAN, intent_id="")

    assert restored([INTENT, accepted, began]) == []
    assert [order.status for order in restored([INTENT, began, INTENT])] == [OrderStatus.UNKNOWN]
