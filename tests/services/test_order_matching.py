"""Chains of order numbers, and which row belongs to which order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from kis_terminal.domain.orders import (
    BrokerOrder,
    Order,
    OrderAccepted,
    OrderKind,
    OrderStatus,
    Origin,
    PendingChange,
    Side,
    Venue,
)
from kis_terminal.services.order_matching import Claims, build_chains, merge_truth, renumbered
from kis_terminal.services.order_numbers import OrderNumbers

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


def row(number: str, original: str = "", **changes: Any) -> BrokerOrder:
    values: dict[str, Any] = {
        "branch_number": "06010",
        "symbol": "005930",
        "name": "삼성전자",
        "side": Side.BUY,
        "kind": OrderKind.LIMIT,
        "venue": Venue.KRX,
        "quantity": 10,
        "price": Decimal(50_000),
        "filled": 0,
        "average_price": None,
        "remaining": 10,
        "cancelled": 0,
        "rejected": 0,
        "is_cancel": False,
        "ordered_at": AT,
    }
    return BrokerOrder(number, original, **{**values, **changes})


def order(key: str = "k", **changes: Any) -> Order:
    values: dict[str, Any] = {
        "symbol": "005930",
        "side": Side.BUY,
        "kind": OrderKind.LIMIT,
        "venue": Venue.KRX,
        "quantity": 10,
        "price": Decimal(50_000),
        "status": OrderStatus.UNKNOWN,
        "origin": Origin.ORDER_ENTRY,
        "created_at": AT,
    }
    return Order(key, **{**values, **changes})


def test_a_partial_fill_then_a_cancellation_keeps_the_filled_quantity() -> None:
    rows = [
        row("0000000001", filled=3, average_price=Decimal(50_000), remaining=0, cancelled=7),
        row("0000000002", "0000000001", is_cancel=True, quantity=7, remaining=0),
    ]

    (chain,) = build_chains(rows)
    after = merge_truth(order(status=OrderStatus.ACCEPTED), chain)

    assert after.status is OrderStatus.CANCELLED
    assert (after.filled, after.cancelled, after.remaining) == (3, 7, 0)


def test_an_amendment_makes_one_order_with_two_numbers() -> None:
    rows = [
        row("0000000001", filled=4, average_price=Decimal(50_000), remaining=0),
        row("0000000002", "0000000001", quantity=6, price=Decimal(49_000), remaining=6),
    ]

    (chain,) = build_chains(rows)
    after = merge_truth(order(status=OrderStatus.ACCEPTED, pending=PendingChange.AMEND), chain)

    assert after.status is OrderStatus.PARTLY_FILLED
    assert after.chain == ("0000000001", "0000000002")
    assert (after.order_number, after.price, after.filled) == ("0000000002", Decimal(49_000), 4)
    assert after.remaining == 6
    assert after.pending is PendingChange.NONE


def test_a_refused_amendment_leaves_the_earlier_number_in_force() -> None:
    rows = [row("0000000001"), row("0000000002", "0000000001", remaining=0, rejected=10)]

    (chain,) = build_chains(rows)

    assert chain.numbers == ("0000000001",)
    assert chain.status is OrderStatus.ACCEPTED


def test_fills_over_two_links_give_one_average_price() -> None:
    rows = [
        row("0000000001", filled=5, average_price=Decimal(50_000), remaining=0),
        row("0000000002", "0000000001", quantity=5, filled=5, average_price=Decimal(49_000), remaining=0),
    ]

    (chain,) = build_chains(rows)

    assert chain.status is OrderStatus.FILLED
    assert chain.average_price == Decimal(49_500)


def test_an_unknown_order_is_found_by_the_one_row_that_fits() -> None:
    claims = Claims([row("0000000009"), row("0000000010", quantity=99)], OrderNumbers(), unknown=[order()])

    assert [(key, row.order_number) for key, row in claims.found()] == [("k", "0000000009")]


def test_two_rows_that_fit_are_left_to_the_person() -> None:
    claims = Claims([row("0000000009"), row("0000000010")], OrderNumbers(), unknown=[order()])

    assert claims.found() == []


def test_two_unknown_twins_do_not_share_a_row() -> None:
    claims = Claims([row("0000000009")], OrderNumbers(), unknown=[order("a"), order("b")])

    assert claims.found() == []


def test_a_row_of_another_program_is_not_taken_for_an_order_in_flight() -> None:
    claims = Claims(
        [row("0000000009", symbol="000660")], OrderNumbers(), in_flight=[order(status=OrderStatus.SENT)]
    )

    assert not claims.may_be_in_flight(claims.chains[0])


def test_a_row_that_may_be_the_answer_still_on_its_way_is_left_alone() -> None:
    claims = Claims([row("0000000009")], OrderNumbers(), in_flight=[order(status=OrderStatus.SENT)])

    assert claims.may_be_in_flight(claims.chains[0])


def test_an_unknown_order_and_one_in_flight_do_not_share_a_row() -> None:
    waiting = order("b", status=OrderStatus.SENT)
    claims = Claims([row("0000000009")], OrderNumbers(), unknown=[order("a")], in_flight=[waiting])

    assert claims.found() == []


@pytest.mark.parametrize("minutes", [-3, 11])
def test_a_twin_of_another_hour_is_not_taken_for_the_unknown_order(minutes: int) -> None:
    claims = Claims(
        [row("0000000009", ordered_at=AT + timedelta(minutes=minutes))], OrderNumbers(), unknown=[order()]
    )

    assert claims.found() == []


def test_an_unknown_order_without_a_price_is_found_under_the_price_it_was_given() -> None:
    best = order(kind=OrderKind.BEST, price=None)
    claims = Claims([row("0000000009", kind=OrderKind.BEST)], OrderNumbers(), unknown=[best])

    assert [(key, row.order_number) for key, row in claims.found()] == [("k", "0000000009")]


def test_an_order_that_another_program_amended_in_part_stays_open() -> None:
    # The part that was amended has filled; the rest still stands under the first number.
    rows = [
        row("0000000001", remaining=7),
        row("0000000002", "0000000001", quantity=3, filled=3, average_price=Decimal(49_000), remaining=0),
    ]

    (chain,) = build_chains(rows)
    after = merge_truth(chain.as_foreign_order(), chain)

    assert after.status is OrderStatus.PARTLY_FILLED
    assert (after.order_number, after.filled, after.remaining) == ("0000000001", 3, 7)


def test_a_cancellation_in_part_leaves_what_still_stands() -> None:
    (chain,) = build_chains([row("0000000001", remaining=6, cancelled=4)])

    after = merge_truth(order(status=OrderStatus.ACCEPTED), chain)

    assert after.status is OrderStatus.ACCEPTED
    assert (after.cancelled, after.remaining) == (4, 6)


def test_a_number_that_a_listing_told_before_the_answer_is_not_counted_twice() -> None:
    standing = order(status=OrderStatus.ACCEPTED, order_number="2", chain=("1", "2"), original_number="1")

    after = renumbered(standing, OrderAccepted("2", "06010", "100000"))

    assert (after.chain, after.order_number, after.original_number) == (("1", "2"), "2", "1")


@pytest.mark.parametrize("changes", [{"price": Decimal(50_100)}, {"kind": OrderKind.CONDITIONAL}])
def test_a_row_that_differs_in_price_or_kind_only_keeps_the_doubt_for_a_person(
    changes: dict[str, Any],
) -> None:
    """Cause: an order listed with another price or kind was declared never accepted after fifteen seconds."""
    claims = Claims([row("0000000009", **changes)], OrderNumbers(), unknown=[order()])

    assert claims.found() == []
    assert claims.may_be(order())
    assert not claims.may_be(order(quantity=11))
    assert not claims.may_be(order(side=Side.SELL))
