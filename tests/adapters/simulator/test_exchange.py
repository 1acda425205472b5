from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.model import BookChanged, Event, MarketStatusChanged, TradePrinted
from kis_terminal.adapters.simulator.rules.calendar import SEOUL
from kis_terminal.adapters.simulator.rules.tick_rules import is_on_tick

SUNDAY = datetime(2026, 11, 22, 20, tzinfo=SEOUL)
TODAY = SUNDAY.date()


def run(exchange: Exchange, start: datetime, seconds: float, step: float = 0.5) -> list[Event]:
    """Advance in steps and return all events."""
    events: list[Event] = []
    for index in range(1, int(seconds / step) + 1):
        exchange.advance(start + timedelta(seconds=index * step))
        events.extend(exchange.drain_events())
    return events


def test_same_seed_gives_the_same_tape_whatever_the_steps() -> None:
    coarse, fine = Exchange(seed=3, now=SUNDAY), Exchange(seed=3, now=SUNDAY)

    coarse.advance(SUNDAY + timedelta(seconds=20))
    run(fine, SUNDAY, 20, 0.05)

    for symbol in ("005930", "252670", "010130"):
        left, right = coarse.recent_trades(symbol, 50), fine.recent_trades(symbol, 50)
        assert [(t.time, t.price, t.quantity) for t in left] == [(t.time, t.price, t.quantity) for t in right]
        assert coarse.book(symbol) == fine.book(symbol)


def test_another_seed_gives_another_market() -> None:
    first, second = Exchange(seed=3, now=SUNDAY), Exchange(seed=4, now=SUNDAY)

    assert [first.quote(x.symbol).last for x in first.listings()] != [
        second.quote(x.symbol).last for x in second.listings()
    ]


def test_every_book_is_ten_levels_deep_on_ticks_and_not_crossed() -> None:
    exchange = Exchange(seed=5, now=SUNDAY)
    run(exchange, SUNDAY, 60)

    for listing in exchange.listings():
        book, quote = exchange.book(listing.symbol), exchange.quote(listing.symbol)
        assert (len(book.asks), len(book.bids)) == (10, 10), listing
        assert book.bids[0].price < book.asks[0].price
        assert [level.price for level in book.asks] == sorted(level.price for level in book.asks)
        assert [level.price for level in book.bids] == sorted((x.price for x in book.bids), reverse=True)
        for level in (*book.asks, *book.bids):
            assert level.size > 0
            assert is_on_tick(level.price, listing.kind)
            assert quote.lower_limit <= level.price <= quote.upper_limit


def test_liquid_names_print_several_trades_a_second_and_quiet_ones_now_and_then() -> None:
    exchange = Exchange(seed=5, now=SUNDAY)

    events = run(exchange, SUNDAY, 60)

    counts: dict[str, int] = {}
    for event in events:
        if isinstance(event, TradePrinted):
            counts[event.symbol] = counts.get(event.symbol, 0) + 1
    assert counts["005930"] > 120
    assert 1 <= counts["253450"] < 60


def test_events_are_in_sequence_and_books_follow_trades() -> None:
    exchange = Exchange(seed=5, now=SUNDAY)

    events = run(exchange, SUNDAY, 10)

    sequences = [event.sequence for event in events]
    assert sequences == sorted(set(sequences))
    assert isinstance(events[0], MarketStatusChanged)
    traded = {event.symbol for event in events if isinstance(event, TradePrinted)}
    assert traded <= {event.symbol for event in events if isinstance(event, BookChanged)}


@pytest.mark.parametrize("hour", [9, 10, 13, 20])
def test_today_adds_up_from_ticks_to_minutes_to_the_day(hour: int) -> None:
    now = datetime(2026, 11, 20, hour, 17, 23, tzinfo=SEOUL)
    exchange = Exchange(seed=11, now=now)
    run(exchange, now, 100)

    for symbol in ("005930", "012450", "0126Z0", "252670"):
        bar = exchange.daily_bars(symbol, now.date(), now.date(), adjusted=True)[0]
        minutes = exchange.minute_bars(symbol, now.date())
        quote = exchange.quote(symbol)
        last = exchange.recent_trades(symbol, 1)[0]
        assert sum(x.volume for x in minutes) == bar.volume == quote.volume == last.total_volume
        assert sum(x.turnover for x in minutes) == bar.turnover == quote.turnover
        assert max(x.high for x in minutes) == bar.high == quote.high
        assert min(x.low for x in minutes) == bar.low == quote.low
        assert (minutes[0].open, minutes[-1].close) == (bar.open, bar.close)
        assert minutes[0].time.time().hour == 9
        assert bar.close == quote.last == last.price
        assert quote.buy_volume + quote.sell_volume == quote.volume


def test_minutes_of_a_past_day_add_up_to_its_bar() -> None:
    exchange = Exchange(seed=11, now=SUNDAY)
    day = date(2024, 7, 10)

    bar = exchange.daily_bars("035420", day, day, adjusted=False)[0]
    minutes = exchange.minute_bars("035420", day)

    assert (minutes[0].open, minutes[-1].close) == (bar.open, bar.close)
    assert (max(x.high for x in minutes), min(x.low for x in minutes)) == (bar.high, bar.low)
    assert sum(x.volume for x in minutes) == bar.volume
    assert exchange.minute_bars("035420", date(2024, 7, 13)) == []


def test_recent_trades_reach_back_before_the_opening_of_the_exchange() -> None:
    exchange = Exchange(seed=11, now=SUNDAY)

    trades = exchange.recent_trades("005930", 30)

    assert len(trades) == 30
    assert [t.time for t in trades] == sorted(t.time for t in trades)
    for before, after in pairwise(trades):
        assert after.total_volume == before.total_volume + after.quantity
    assert trades[-1].total_volume == exchange.quote("005930").volume


def test_a_quarter_of_an_hour_stays_plausible() -> None:
    exchange = Exchange(seed=2, now=SUNDAY)
    start = {listing.symbol: exchange.quote(listing.symbol).last for listing in exchange.listings()}

    for minute in range(1, 16):
        exchange.advance(SUNDAY + timedelta(minutes=minute))
        exchange.drain_events()

    moves = {symbol: exchange.quote(symbol).last / last - 1 for symbol, last in start.items()}
    assert all(abs(move) < 0.08 for move in moves.values())
    assert sum(move != 0 for move in moves.values()) > 0.8 * len(moves)
    for listing in exchange.listings():
        quote = exchange.quote(listing.symbol)
        assert quote.lower_limit <= quote.low <= quote.last <= quote.high <= quote.upper_limit
        assert quote.volume < 4 * listing.average_volume


def test_the_session_never_ends_and_minutes_still_add_up_after_the_clock_went_back() -> None:
    now = datetime(2026, 11, 20, 15, 18, 30, tzinfo=SEOUL)
    exchange = Exchange(seed=2, now=now)

    run(exchange, now, 90)

    assert exchange.time(now + timedelta(seconds=90)).hour == 10
    minutes = exchange.minute_bars("005930", now.date())
    assert sum(x.volume for x in minutes) == exchange.quote("005930").volume
    assert [x.time for x in minutes] == sorted({x.time for x in minutes})


def test_midnight_starts_a_new_day_and_keeps_the_old_one() -> None:
    now = datetime(2026, 11, 22, 23, 59, 30, tzinfo=SEOUL)
    exchange = Exchange(seed=2, now=now)
    account = exchange.account("12345678")
    low = exchange.quote("005930").lower_limit
    exchange.submit(account, "buy", "005930", "00", 1, low, now)
    run(exchange, now, 29.5)
    closing = exchange.quote("005930")

    run(exchange, now, 90)

    quote = exchange.quote("005930")
    assert (quote.prev_close, quote.prev_volume) == (closing.last, closing.volume)
    assert 0 < quote.volume < closing.volume
    bars = exchange.daily_bars("005930", date(2026, 11, 20), date(2026, 11, 23), adjusted=True)
    assert [bar.day.day for bar in bars] == [20, 22, 23]
    assert exchange.orders(account, TODAY, TODAY)[0].state == "expired"
    assert exchange.balance(account).reserved == 0


def test_a_long_sleep_is_skipped() -> None:
    exchange = Exchange(seed=2, now=SUNDAY)

    exchange.advance(SUNDAY + timedelta(hours=3))

    assert len(exchange.drain_events()) < 40_000


def test_time_never_goes_back() -> None:
    exchange = Exchange(seed=2, now=SUNDAY)
    exchange.advance(SUNDAY + timedelta(seconds=5))
    exchange.drain_events()

    exchange.advance(SUNDAY)

    assert exchange.drain_events() == []


def test_statistics_include_today() -> None:
    exchange = Exchange(seed=2, now=SUNDAY)

    figures, quote = exchange.statistics("005930"), exchange.quote("005930")

    assert figures.year_low <= quote.low <= quote.high <= figures.year_high
    assert figures.market_cap == quote.last * quote.listed_shares


def test_net_buying_sums_to_zero() -> None:
    exchange = Exchange(seed=2, now=SUNDAY)

    flows = exchange.investor_flows("005930", date(2026, 10, 1), TODAY)

    assert len(flows) > 30
    for flow in flows:
        assert flow.individual_quantity + flow.foreign_quantity + flow.institution_quantity == 0


def test_a_live_clock_on_a_holiday_takes_no_orders_and_prints_nothing() -> None:
    exchange = Exchange(seed=2, now=SUNDAY, market_open_always=False)
    account = exchange.account("12345678")

    answer = exchange.submit(account, "buy", "005930", "01", 1, 0, SUNDAY + timedelta(seconds=1))

    assert "장운영시간" in getattr(answer, "message", "")
    assert not any(isinstance(event, TradePrinted) for event in exchange.drain_events())
