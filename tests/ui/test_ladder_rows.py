from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.domain.instruments import InstrumentKind
from kis_terminal.ui.ladder.rows import FULL_ROWS, LadderRows
from tests.support.ports_in_memory import SAMSUNG, book_of


def rows_at(best_bid: int) -> LadderRows:
    rows = LadderRows()
    rows.take(book_of(SAMSUNG, best_bid))
    return rows


def test_rows_are_ten_asks_over_ten_bids() -> None:
    rows = rows_at(84_600)

    levels = rows.levels()

    assert [level.price for level in levels[8:12]] == [84_800, 84_700, 84_600, 84_500]
    assert all(level.ask_size and not level.bid_size for level in levels[:10])
    assert all(level.bid_size and not level.ask_size for level in levels[10:])


def test_rows_follow_the_book_while_nothing_holds_them() -> None:
    rows = rows_at(84_600)

    rows.take(book_of(SAMSUNG, 85_000))

    assert rows.prices[10] == 85_000
    assert not rows.is_off_centre


def test_rows_keep_their_prices_under_the_pointer_and_sizes_change_side() -> None:
    rows = rows_at(84_600)
    rows.is_pointer_over = True
    before = rows.prices

    rows.take(book_of(SAMSUNG, 84_800))

    assert rows.prices == before
    assert rows.is_off_centre
    level = next(level for level in rows.levels() if level.price == 84_800)
    assert level.zone == -1
    assert level.bid_size > 0
    assert level.ask_size == 0


def test_rows_move_again_when_the_pointer_has_left() -> None:
    rows = rows_at(84_600)
    rows.is_pointer_over = True
    rows.take(book_of(SAMSUNG, 85_000))

    rows.is_pointer_over = False
    rows.release()

    assert rows.prices[10] == 85_000


def test_centre_moves_held_rows() -> None:
    rows = rows_at(84_600)
    rows.auto_centres = False
    rows.take(book_of(SAMSUNG, 85_000))

    rows.centre()

    assert rows.prices[10] == 85_000


def test_scrolling_goes_on_by_ticks_beyond_the_book() -> None:
    rows = rows_at(50_000)

    assert rows.scroll(-3)

    assert rows.prices[-1] == Decimal(49_400)  # 49,550 is the tenth bid: 50 won a tick under 50,000
    assert rows.is_held


def test_scrolling_stops_at_an_empty_edge() -> None:
    rows = LadderRows()
    rows.take(book_of(SAMSUNG, 84_600, levels=4))

    assert not rows.scroll(1)


def test_missing_levels_leave_rows_empty() -> None:
    rows = LadderRows()

    rows.take(book_of(SAMSUNG, 84_600, levels=3))

    assert rows.prices.count(None) == 14
    assert rows.prices[9:11] == (84_700, 84_600)


def test_fewer_rows_are_those_around_the_middle() -> None:
    rows = rows_at(84_600)

    rows.resize(8)

    assert rows.prices[3:5] == (84_700, 84_600)
    assert [level.zone for level in rows.levels()] == [1] * 4 + [-1] * 4


def test_changes_of_size_are_told_until_the_next_one() -> None:
    rows = rows_at(84_600)
    first = book_of(SAMSUNG, 84_600)
    sizes = (first.bid_sizes[0] - 700, *first.bid_sizes[1:])

    rows.take(first._replace(bid_sizes=sizes))
    rows.take(first._replace(bid_sizes=sizes))

    assert rows.levels()[10].bid_change == -700
    assert rows.levels()[11].bid_change == 0


def test_crossed_auction_book_keeps_each_side_in_its_half() -> None:
    book = book_of(SAMSUNG, 84_600)
    crossed = book._replace(ask_prices=tuple(price - 500 for price in book.ask_prices))
    rows = LadderRows()

    rows.take(crossed)

    assert all(level.zone == 1 for level in rows.levels()[:10])
    assert all(level.zone == -1 and level.bid_size for level in rows.levels()[10:])


@given(st.integers(2, 30), st.integers(1_000, 300_000), st.lists(st.integers(-4, 4), max_size=6))
def test_rows_never_repeat_a_price_and_fall_from_top_to_bottom(
    count: int, best_bid: int, scrolls: list[int]
) -> None:
    rows = LadderRows()
    rows.kind = InstrumentKind.STOCK
    rows.resize(count)
    rows.take(book_of(SAMSUNG, best_bid // 1_000 * 1_000 or 1_000))
    for steps in scrolls:
        rows.scroll(steps)

    prices = [price for price in rows.prices if price is not None]

    assert len(rows.prices) == max(2, min(FULL_ROWS, count))
    assert prices == sorted(set(prices), reverse=True)


def test_case_37_a_book_off_tick_and_beyond_the_limits_is_drawn() -> None:
    rows = rows_at(84_600)
    rows.is_pointer_over = True
    book = book_of(SAMSUNG, 84_600)
    odd = book._replace(
        ask_prices=(Decimal(84_650), *book.ask_prices[1:]), bid_prices=(Decimal(8_460), *book.bid_prices[1:])
    )

    rows.take(odd)
    held = rows.levels()
    rows.is_pointer_over = False
    rows.take(odd)

    assert len(held) == FULL_ROWS
    assert {Decimal(84_650), Decimal(8_460)} <= {level.price for level in rows.levels()}
