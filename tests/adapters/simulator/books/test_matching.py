from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.books.matching import BookSide, PriceTimeBook, RestingOrder

PRICES = st.integers(min_value=95, max_value=105)
QUANTITIES = st.integers(min_value=1, max_value=50)


def test_best_price_is_taken_first_and_the_oldest_at_one_price() -> None:
    asks = BookSide(is_ask=True)
    late_best = RestingOrder("sell", 100, 5, "late")
    for order in (RestingOrder("sell", 101, 5, "worse"), RestingOrder("sell", 100, 5, "early"), late_best):
        asks.add(order)

    met = asks.take(7, None)

    assert [(e.resting.owner, e.price, e.quantity) for e in met] == [("early", 100, 5), ("late", 100, 2)]
    assert late_best.rest == 3
    assert asks.size_at(100) == 3


def test_a_limit_keeps_worse_prices_untouched() -> None:
    bids = BookSide(is_ask=False)
    bids.add(RestingOrder("buy", 99, 5))
    bids.add(RestingOrder("buy", 98, 5))

    met = bids.take(10, 99)

    assert [(e.price, e.quantity) for e in met] == [(99, 5)]
    assert bids.best == 98


def test_reducing_an_order_keeps_its_place() -> None:
    asks = BookSide(is_ask=True)
    first, second = RestingOrder("sell", 100, 5, "first"), RestingOrder("sell", 100, 5, "second")
    asks.add(first)
    asks.add(second)

    asks.reduce(first, 3)

    assert [e.resting.owner for e in asks.take(3, None)] == ["first", "second"]


def test_reducing_by_more_than_the_rest_is_refused() -> None:
    asks = BookSide(is_ask=True)
    order = RestingOrder("sell", 100, 5)
    asks.add(order)

    with pytest.raises(ValueError, match="cannot take 6 of 5"):
        asks.reduce(order, 6)


@given(st.lists(st.tuples(st.sampled_from(["buy", "sell"]), PRICES, QUANTITIES), max_size=60))
def test_price_time_priority_against_a_plain_list(orders: list[tuple[str, int, int]]) -> None:
    """Compare with the simplest engine there is: sort everything that waits, take from the front."""
    book = PriceTimeBook()
    waiting: dict[str, list[tuple[int, int, int]]] = {"buy": [], "sell": []}  # (sort key, number, rest)
    for number, (side, price, quantity) in enumerate(orders):
        other = "sell" if side == "buy" else "buy"
        expected: list[tuple[str, int]] = []
        rest = quantity
        queue = sorted(waiting[other])
        while rest and queue:
            key, owner, size = queue[0]
            resting_price = key if other == "sell" else -key
            if resting_price > price if side == "buy" else resting_price < price:
                break
            filled = min(rest, size)
            expected.append((str(owner), filled))
            rest -= filled
            queue[0] = (key, owner, size - filled)
            if size == filled:
                queue.pop(0)
        waiting[other] = queue
        if rest:
            waiting[side].append((price if side == "sell" else -price, number, rest))

        met = book.opposite(side).take(quantity, price)  # type: ignore[arg-type]
        left = quantity - sum(e.quantity for e in met)
        if left:
            book.side(side).add(RestingOrder(side, price, left, str(number)))  # type: ignore[arg-type]

        assert [(e.resting.owner, e.quantity) for e in met] == expected
        assert left == rest
    for side in ("buy", "sell"):
        assert book.side(side).total == sum(rest for _, _, rest in waiting[side])  # type: ignore[arg-type]


@given(st.lists(st.tuples(PRICES, QUANTITIES), min_size=1, max_size=30), QUANTITIES, PRICES)
def test_available_is_what_take_would_fill(orders: list[tuple[int, int]], quantity: int, limit: int) -> None:
    asks = BookSide(is_ask=True)
    for price, size in orders:
        asks.add(RestingOrder("sell", price, size))
    available = asks.available(limit)

    filled = sum(e.quantity for e in asks.take(quantity, limit))

    assert filled == min(quantity, available)
    assert asks.total == sum(level.size for level in asks.top(100))
