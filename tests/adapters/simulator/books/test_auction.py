from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.books.auction import clearing, remaining_levels, uncross
from kis_terminal.adapters.simulator.books.matching import PriceTimeBook, RestingOrder
from kis_terminal.adapters.simulator.model import Side

LOWER, UPPER = 90, 110
ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.integers(min_value=LOWER - 1, max_value=UPPER + 1),
        st.integers(min_value=1, max_value=40),
    ),
    max_size=40,
)
REFERENCES = st.integers(min_value=LOWER, max_value=UPPER)


def book_of(orders: list[tuple[Side, int, int]]) -> PriceTimeBook:
    """Build a crossed book; a price beyond the limits stands for a market order of that side."""
    book = PriceTimeBook()
    for number, (side, price, size) in enumerate(orders):
        limit = price
        if not LOWER <= price <= UPPER:
            limit = UPPER + 1 if side == "buy" else LOWER - 1
        book.side(side).add(RestingOrder(side, limit, size, str(number)))
    return book


def moved_at(orders: list[tuple[Side, int, int]], price: int) -> int:
    book = book_of(orders)
    return min(book.bids.available(price), book.asks.available(price))


@given(ORDERS, REFERENCES)
def test_no_price_moves_more_shares_than_the_auction_price(
    orders: list[tuple[Side, int, int]], reference: int
) -> None:
    result = clearing(book_of(orders), LOWER, UPPER, reference)

    assert result.quantity == max(moved_at(orders, price) for price in range(LOWER, UPPER + 1))
    if result.quantity:
        assert LOWER <= result.price <= UPPER
        assert moved_at(orders, result.price) == result.quantity


@given(ORDERS, REFERENCES)
def test_uncrossing_moves_as_many_bought_as_sold_and_leaves_no_cross(
    orders: list[tuple[Side, int, int]], reference: int
) -> None:
    book = book_of(orders)
    before = (book.bids.total, book.asks.total)

    result = uncross(book, LOWER, UPPER, reference)

    bought = sum(one.quantity for one in result.executions if one.resting.side == "buy")
    sold = sum(one.quantity for one in result.executions if one.resting.side == "sell")
    assert bought == sold == result.quantity
    assert (book.bids.total, book.asks.total) == (before[0] - bought, before[1] - sold)
    assert {one.price for one in result.executions} <= {result.price}
    for one in result.executions:
        limit = one.resting.price
        assert limit >= result.price if one.resting.side == "buy" else limit <= result.price
    if book.bids.best is not None and book.asks.best is not None:
        assert book.bids.best < book.asks.best


def test_market_orders_come_first_then_the_better_price_then_the_earlier() -> None:
    book = book_of([("buy", 100, 5), ("buy", 101, 5), ("buy", 100, 5), ("buy", 111, 5), ("sell", 100, 17)])

    met = [(one.resting.owner, one.quantity) for one in uncross(book, LOWER, UPPER, 100).executions]

    assert met == [("3", 5), ("1", 5), ("0", 5), ("2", 2), ("4", 17)]


def test_of_equal_prices_the_one_with_least_left_then_the_nearest_to_the_last() -> None:
    assert clearing(book_of([("buy", 105, 10), ("sell", 95, 10)]), LOWER, UPPER, 99) == (99, 10)
    assert clearing(book_of([("buy", 105, 20), ("sell", 95, 10)]), LOWER, UPPER, 99) == (105, 10)
    assert clearing(book_of([("buy", 105, 10), ("sell", 95, 20)]), LOWER, UPPER, 99) == (95, 10)


def test_nothing_meets_in_an_uncrossed_or_empty_book() -> None:
    assert clearing(book_of([]), LOWER, UPPER, 100) == (0, 0)
    assert uncross(book_of([("buy", 99, 5), ("sell", 100, 5)]), LOWER, UPPER, 100).quantity == 0


def test_levels_shown_are_those_left_after_the_match() -> None:
    book = book_of([("buy", 102, 5), ("buy", 101, 5), ("buy", 99, 4), ("sell", 100, 8), ("sell", 103, 1)])
    met = clearing(book, LOWER, UPPER, 100).quantity

    assert met == 8
    assert remaining_levels(book.bids, met, LOWER, UPPER) == ((101, 2), (99, 4))
    assert remaining_levels(book.asks, met, LOWER, UPPER) == ((103, 1),)
