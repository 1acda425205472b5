"""Halts, volatility interruptions, the circuit breaker: on a day's clock and on the always-open one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.model import Accepted, MarketStatusChanged, Refused, TradePrinted
from kis_terminal.adapters.simulator.rules.calendar import SEOUL
from kis_terminal.adapters.simulator.rules.interruptions import InterruptionRules, PriceGuard
from kis_terminal.adapters.simulator.wire.frames import book_record, status_record, trade_record

SYMBOL, QUIET = "005930", "010130"
START = datetime(2026, 11, 20, 11, tzinfo=SEOUL)


def statuses(exchange: Exchange, symbol: str | None) -> list[tuple[str, str, bool, bool]]:
    return [
        (one.code, one.expected_code, one.is_interrupted, one.is_halted)
        for one in exchange.drain_events()
        if isinstance(one, MarketStatusChanged) and one.symbol == symbol
    ]


@pytest.mark.parametrize("is_always_open", [True, False])
def test_an_interruption_collects_for_two_minutes_and_reopens_at_one_price(is_always_open: bool) -> None:
    rules = InterruptionRules(random_seconds=0.0)
    exchange = Exchange(seed=4, now=START, market_open_always=is_always_open, interruptions=rules)
    account = exchange.account("50000101")
    exchange.drain_events()

    assert exchange.trip_vi(SYMBOL, START)
    assert statuses(exchange, SYMBOL) == [("", "311", True, False)]
    assert not exchange.trip_vi(SYMBOL, START)
    refused = exchange.submit(account, "buy", SYMBOL, "11", 1, exchange.quote(SYMBOL).last, START)
    assert isinstance(refused, Refused)
    assert "단일가" in refused.message
    assert isinstance(exchange.submit(account, "buy", SYMBOL, "01", 7, 0, START), Accepted)

    exchange.advance(START + timedelta(seconds=60))
    book, quote = exchange.book(SYMBOL), exchange.quote(SYMBOL)
    assert (book.session, quote.is_interrupted) == ("interruption", True)
    assert book.expected_price > 0 < book.expected_quantity
    fields = book_record(book, quote).split("^")
    assert fields[2] == "C"
    assert [fields[3 + level] != "0" for level in range(10)] == [True] * 3 + [False] * 7
    assert (fields[47], fields[48]) == (str(book.expected_price), str(book.expected_quantity))
    assert not [e for e in exchange.drain_events() if isinstance(e, TradePrinted) and e.symbol == SYMBOL]

    exchange.advance(START + timedelta(seconds=120))
    events = exchange.drain_events()
    prints = [one for one in events if isinstance(one, TradePrinted) and one.symbol == SYMBOL]
    assert prints[0].session == "interruption"
    assert trade_record(prints[0], exchange.quote(SYMBOL)).split("^")[43] == "C"
    assert exchange.orders(account, START.date(), START.date())[-1].filled == 7
    assert exchange.book(SYMBOL).session == "continuous"


def test_the_guard_allows_less_than_ten_percent_from_the_reference_and_its_share_from_the_last() -> None:
    listing = Exchange(seed=1, now=START).listing(SYMBOL)
    assert listing is not None

    guard = PriceGuard(InterruptionRules(), listing, 100_000)

    assert guard.allowed(100_000) == (97_001, 102_999)
    assert guard.allowed(109_000)[1] == 109_999
    assert guard.allowed(91_000)[0] == 90_001


def test_an_order_that_reaches_too_far_interrupts_and_its_rest_joins_the_auction() -> None:
    rates = dict.fromkeys(("large", "kospi", "kosdaq", "etf"), 0.0012)
    rules = InterruptionRules(dynamic_rates=rates)
    exchange = Exchange(seed=4, now=START, market_open_always=False, interruptions=rules)
    account = exchange.account("12345678")
    quantity = 70
    quote, book = exchange.quote(QUIET), exchange.book(QUIET)
    reachable = sum(level.size for level in book.asks if level.price < quote.last * 1.0012)
    assert reachable < quantity

    answer = exchange.submit(account, "buy", QUIET, "00", quantity, book.asks[9].price, START)

    assert isinstance(answer, Accepted)
    order = exchange.orders(account, START.date(), START.date())[0]
    assert order.filled == reachable
    assert order.rest == quantity - reachable
    assert exchange.quote(QUIET).is_interrupted
    assert ("", "311", True, False) in statuses(exchange, QUIET)
    exchange.advance(START + timedelta(seconds=151))
    assert exchange.book(QUIET).session == "continuous"
    assert exchange.book(QUIET).bids[0].price < exchange.book(QUIET).asks[0].price


@pytest.mark.parametrize("is_always_open", [True, False])
def test_a_halted_symbol_takes_cancellations_only_and_comes_back_through_an_auction(
    is_always_open: bool,
) -> None:
    exchange = Exchange(seed=4, now=START, market_open_always=is_always_open)
    account = exchange.account("50000101")
    low = exchange.quote(SYMBOL).lower_limit
    order = exchange.submit(account, "buy", SYMBOL, "00", 1, low, START)
    assert isinstance(order, Accepted)
    exchange.drain_events()

    exchange.halt(SYMBOL, START)

    event = next(e for e in exchange.drain_events() if isinstance(e, MarketStatusChanged))
    assert status_record(SYMBOL, event).split("^")[1:4] == ["Y", "(null)", "164"]
    refused = exchange.submit(account, "buy", SYMBOL, "00", 1, low, START)
    assert isinstance(refused, Refused)
    assert "거래정지" in refused.message
    assert isinstance(exchange.cancel(account, order.order_no, 0, True, START), Accepted)
    later = START + timedelta(seconds=90)
    exchange.advance(later)
    assert not [e for e in exchange.drain_events() if isinstance(e, TradePrinted) and e.symbol == SYMBOL]

    exchange.resume(SYMBOL, later)
    assert exchange.book(SYMBOL).session == "interruption"
    exchange.advance(later + timedelta(seconds=601))
    assert exchange.book(SYMBOL).session == "continuous"


@pytest.mark.parametrize("is_always_open", [True, False])
def test_the_circuit_breaker_halts_everything_then_reopens_through_auctions(is_always_open: bool) -> None:
    exchange = Exchange(seed=4, now=START, market_open_always=is_always_open)
    exchange.halt(QUIET, START)
    exchange.drain_events()

    exchange.circuit_breaker(1, START)
    exchange.advance(START + timedelta(minutes=19))
    events = exchange.drain_events()
    assert not [one for one in events if isinstance(one, TradePrinted)]
    assert [one.code for one in events if isinstance(one, MarketStatusChanged)] == ["174"]

    exchange.advance(START + timedelta(minutes=20, seconds=1))
    assert statuses(exchange, None) == [("175", "112", False, False)]
    assert exchange.book(SYMBOL).session == "interruption"
    exchange.advance(START + timedelta(minutes=30, seconds=1))
    assert exchange.book(SYMBOL).session == "continuous"
    assert exchange.quote(QUIET).is_halted


def test_the_third_stage_ends_the_day_and_the_next_one_is_as_ever() -> None:
    exchange = Exchange(seed=4, now=START, market_open_always=False)
    account = exchange.account("50000101")
    order = exchange.submit(account, "buy", SYMBOL, "00", 1, exchange.quote(SYMBOL).lower_limit, START)
    assert isinstance(order, Accepted)

    exchange.circuit_breaker(3, START)

    assert exchange.orders(account, START.date(), START.date())[0].state == "expired"
    assert isinstance(exchange.submit(account, "buy", SYMBOL, "01", 1, 0, START), Refused)
    monday = START + timedelta(days=3)
    answer = exchange.submit(account, "buy", SYMBOL, "01", 1, 0, monday)
    assert isinstance(answer, Accepted)
    with pytest.raises(ValueError, match="no stage 4"):
        exchange.circuit_breaker(4, monday)


def test_an_order_from_elsewhere_is_marked_in_the_ledger() -> None:
    exchange = Exchange(seed=4, now=START)
    account = exchange.account("50000101")

    answer = exchange.place_foreign(account, "buy", SYMBOL, "01", 3, 0, START)

    assert isinstance(answer, Accepted)
    assert {(entry.kind, entry.by) for entry in exchange.ledger.of(account)} == {
        ("accepted", "hts"),
        ("filled", "hts"),
    }
