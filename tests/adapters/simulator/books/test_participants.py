from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.history.bars_import import BarHistory, parse_bars
from kis_terminal.adapters.simulator.model import Accepted
from kis_terminal.adapters.simulator.rules.calendar import SEOUL

NOW = datetime(2026, 11, 22, 20, tzinfo=SEOUL)


@pytest.fixture
def penny() -> Exchange:
    """Open an exchange with a share so thin that one account can buy its whole book."""
    bars, _ = parse_bars("999990", ["Date,Open,High,Low,Close,Volume", "2026-11-20,300,301,299,300,1000"])
    assert bars is not None
    return Exchange(seed=4, now=NOW, bars=BarHistory({"999990": bars}, (), {"999990": "made"}))


def test_an_order_larger_than_the_book_sweeps_it_once_and_then_stands_at_the_limit(penny: Exchange) -> None:
    account = penny.account("12345678")
    size = penny.book("999990").total_ask_size

    answer = penny.submit(account, "buy", "999990", "01", 200_000, 0, NOW)

    assert isinstance(answer, Accepted)
    order = penny.orders(account, NOW.date(), NOW.date())[0]
    assert (order.filled, order.rest) == (size, 200_000 - size)
    upper = penny.quote("999990").upper_limit
    book = penny.book("999990")
    assert book.bids[0] == (upper, 200_000 - size)
    assert book.asks == ()


def test_sellers_come_to_a_buyer_at_the_upper_limit(penny: Exchange) -> None:
    account = penny.account("12345678")
    penny.submit(account, "buy", "999990", "01", 200_000, 0, NOW)
    before = penny.orders(account, NOW.date(), NOW.date())[0].filled

    for second in range(1, 900, 30):
        penny.advance(NOW + timedelta(seconds=second))

    assert penny.orders(account, NOW.date(), NOW.date())[0].filled > before


def test_the_crowd_quotes_again_after_the_buyer_has_left(penny: Exchange) -> None:
    account = penny.account("12345678")
    answer = penny.submit(account, "buy", "999990", "01", 200_000, 0, NOW)
    assert isinstance(answer, Accepted)
    penny.cancel(account, answer.order_no, 0, True, NOW)

    for second in range(1, 900, 30):
        penny.advance(NOW + timedelta(seconds=second))

    book = penny.book("999990")
    assert len(book.asks) == len(book.bids) == 10
    assert book.bids[0].price < book.asks[0].price
