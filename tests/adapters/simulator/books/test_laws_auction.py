"""The auction's law against the plainest judge there is: every price of the tick table is tried.

KRX: the price at which most shares meet; of several, the one nearest to the price before
(global.krx.co.kr, single-price auction, examples of the trading rules; read 2026-11-22). Between the two the
exchange lets the price win that leaves least over, and where only one side is left over at all of them the
price that this side presses to: an order that is better than the price must be filled whole.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.books.auction import clearing, remaining_levels, uncross
from kis_terminal.adapters.simulator.books.matching import PriceTimeBook, RestingOrder
from kis_terminal.adapters.simulator.model import Side
from kis_terminal.adapters.simulator.rules.tick_rules import is_on_tick, tick_up

Orders = list[tuple[Side, int, int]]

# Around 2,000 and 5,000 won the tick changes, so that a price in the middle is not always a price.
GRIDS = {
    kind: [price for price in range(low, high + 1) if is_on_tick(price, kind)]
    for kind, (low, high) in {"stock": (1_985, 2_040), "etf": (1_985, 2_040)}.items()
}


@st.composite
def auctions(draw: st.DrawFn) -> tuple[str, Orders, int]:
    """Draw a kind of listing, orders of its grid (market orders stand a won beyond) and the price before."""
    kind = draw(st.sampled_from(sorted(GRIDS)))
    grid = GRIDS[kind]
    lowest = draw(st.integers(0, len(grid) - 2))
    highest = draw(st.integers(lowest + 1, min(lowest + 14, len(grid) - 1)))
    prices = st.one_of(
        st.sampled_from(grid[lowest : highest + 1]),
        st.sampled_from(grid[lowest : highest + 1]),
        st.just(0),  # a market order
    )
    orders = draw(
        st.lists(st.tuples(st.sampled_from(["buy", "sell"]), prices, st.integers(1, 12)), max_size=14)
    )
    # The price before may lie off the grid: mid-price orders trade there.
    return kind, orders, draw(st.integers(grid[0], grid[-1]))


def book_of(orders: Orders, lower: int, upper: int) -> PriceTimeBook:
    book = PriceTimeBook()
    for number, (side, price, size) in enumerate(orders):
        market = upper + 1 if side == "buy" else lower - 1
        book.side(side).add(RestingOrder(side, price or market, size, str(number)))
    return book


def judged(orders: Orders, grid: list[int], reference: int) -> tuple[int, int]:
    """Return (price, shares) by trying every price of the grid; nothing is shared with the exchange."""

    def sums(price: int) -> tuple[int, int]:
        wanted = sum(size for side, limit, size in orders if side == "buy" and (not limit or limit >= price))
        offered = sum(
            size for side, limit, size in orders if side == "sell" and (not limit or limit <= price)
        )
        return wanted, offered

    most = max(min(sums(price)) for price in grid)
    if most == 0:
        return 0, 0
    rows = [(price, *sums(price)) for price in grid if min(sums(price)) == most]
    least = min(abs(wanted - offered) for _, wanted, offered in rows)
    rows = [row for row in rows if abs(row[1] - row[2]) == least]
    if all(wanted > offered for _, wanted, offered in rows):
        return max(rows)[0], most
    if all(wanted < offered for _, wanted, offered in rows):
        return min(rows)[0], most
    return min((abs(price - reference), price) for price, _, _ in rows)[1], most


@settings(max_examples=400, deadline=None, derandomize=True)
@given(auctions())
def test_the_price_is_the_one_that_a_judge_of_all_prices_finds(case: tuple[str, Orders, int]) -> None:
    kind, orders, reference = case
    grid = GRIDS[kind]

    found = clearing(book_of(orders, grid[0], grid[-1]), grid[0], grid[-1], reference, kind)

    assert found == judged(orders, grid, reference)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(auctions())
def test_who_is_better_than_the_price_is_filled_whole_and_who_was_first_before_who_came_later(
    case: tuple[str, Orders, int],
) -> None:
    kind, orders, reference = case
    lower, upper = GRIDS[kind][0], GRIDS[kind][-1]
    book = book_of(orders, lower, upper)

    result = uncross(book, lower, upper, reference, kind)

    filled = dict.fromkeys(range(len(orders)), 0)
    for one in result.executions:
        filled[int(one.resting.owner or "")] += one.quantity
    if not result.quantity:
        assert not any(filled.values())
        return
    for side in ("buy", "sell"):
        sign = -1 if side == "buy" else 1
        queue = sorted(
            (sign * (limit or (upper + 1 if side == "buy" else lower - 1)), number, size)
            for number, (own, limit, size) in enumerate(orders)
            if own == side
        )
        left = result.quantity
        for _, number, size in queue:
            assert filled[number] == min(size, left)
            left -= filled[number]
        assert left == 0
        for key, number, size in queue:
            # At the limit itself a market order is worth no more than an order at the limit.
            worth = sign * min(max(sign * key, lower), upper)
            if worth < sign * result.price:
                assert filled[number] == size
            if worth > sign * result.price:
                assert filled[number] == 0


@settings(max_examples=100, deadline=None, derandomize=True)
@given(auctions())
def test_the_levels_shown_are_the_best_three_of_the_book_after_the_match(
    case: tuple[str, Orders, int],
) -> None:
    kind, orders, reference = case
    lower, upper = GRIDS[kind][0], GRIDS[kind][-1]
    shown_book, real_book = book_of(orders, lower, upper), book_of(orders, lower, upper)

    met = clearing(shown_book, lower, upper, reference, kind).quantity
    uncross(real_book, lower, upper, reference, kind)

    for side in ("buy", "sell"):
        real = [one for one in real_book.side(side).top(99) if lower <= one.price <= upper][:3]
        assert list(remaining_levels(shown_book.side(side), met, lower, upper)) == real


# KRX's own three examples, prices and shares in thousands as printed there.
_LARGE: Orders = [
    *(("sell", price, size) for price, size in [(7_860, 450), (7_850, 750), (7_840, 300)]),
    *(("sell", 7_830, size) for size in (150, 200, 50)),
    *(("sell", price, size) for price, size in [(7_820, 200), (7_810, 150)]),
    *(("buy", price, size) for price, size in [(7_850, 100), (7_840, 150), (7_830, 200), (7_830, 150)]),
    *(("buy", price, size) for price, size in [(7_820, 400), (7_810, 500), (7_800, 650)]),
]
_EVEN: Orders = [("buy", 7_850, 200), ("buy", 7_840, 100), ("sell", 7_810, 100), ("sell", 7_800, 200)]


@pytest.mark.parametrize(
    ("orders", "before", "price", "shares"),
    [(_LARGE, 7_820, 7_830, 600), (_EVEN, 7_820, 7_820, 300), (_EVEN, 7_850, 7_840, 300)],
)
def test_the_examples_of_the_exchange_itself(orders: Orders, before: int, price: int, shares: int) -> None:
    assert clearing(book_of(orders, 5_500, 10_200), 5_500, 10_200, before) == (price, shares)


def test_a_price_between_the_orders_wins_when_it_leaves_nothing_over() -> None:
    """Cause: only prices of orders and the last price were tried, so 15 shares were left over at 2,005."""
    orders: Orders = [("buy", 2_030, 10), ("buy", 2_005, 5), ("sell", 1_990, 10), ("sell", 2_025, 5)]

    assert clearing(book_of(orders, 1_990, 2_040), 1_990, 2_040, 2_000) == (2_010, 10)


def test_a_last_price_between_two_ticks_never_becomes_the_price() -> None:
    """Cause: a mid-price order had traded at 2,012 before, a price that no order may carry."""
    orders: Orders = [("buy", 2_030, 10), ("sell", 1_990, 10)]

    assert clearing(book_of(orders, 1_990, 2_040), 1_990, 2_040, 2_012) == (2_010, 10)


def test_a_full_market_of_random_orders_finds_its_price_too() -> None:
    for seed in range(10):
        rng = random.Random(seed)
        price, grid = 1_850, []
        while price <= 2_200:
            grid.append(price)
            price = tick_up(price)
        orders: Orders = [
            (rng.choice(("buy", "sell")), rng.choice([*grid, 0]), rng.randint(1, 500)) for _ in range(400)
        ]
        reference = rng.choice(grid)

        assert clearing(book_of(orders, grid[0], grid[-1]), grid[0], grid[-1], reference) == judged(
            orders, grid, reference
        )
