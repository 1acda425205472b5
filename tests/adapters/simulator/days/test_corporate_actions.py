from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.model import Accepted, Refused
from kis_terminal.adapters.simulator.rules.calendar import SEOUL

SYMBOL = "005930"
FRIDAY = datetime(2026, 11, 20, 15, 10, tzinfo=SEOUL)
MONDAY = datetime(2026, 11, 23, 9, 1, tzinfo=SEOUL)


@pytest.mark.parametrize("is_always_open", [True, False])
def test_a_split_multiplies_shares_and_divides_prices_overnight(is_always_open: bool) -> None:
    exchange = Exchange(seed=6, now=FRIDAY, market_open_always=is_always_open)
    account = exchange.account("50000101")
    before = exchange.holdings(account)[0]
    shares = exchange.quote(SYMBOL).listed_shares
    exchange.split(SYMBOL, 3)
    assert exchange.holdings(account)[0].quantity == before.quantity
    old = exchange.daily_bars(SYMBOL, FRIDAY.date() - timedelta(days=10), FRIDAY.date(), True)[0]

    exchange.advance(MONDAY)

    after = exchange.holdings(account)[0]
    assert (after.quantity, after.cost) == (before.quantity * 3, before.cost)
    quote = exchange.quote(SYMBOL)
    assert quote.listed_shares == shares * 3
    assert quote.base % quote.tick_size == 0
    raw = exchange.daily_bars(SYMBOL, old.day, MONDAY.date(), False)
    adjusted = exchange.daily_bars(SYMBOL, old.day, MONDAY.date(), True)
    friday, monday = raw[-2], raw[-1]
    assert (friday.day, monday.day) == (FRIDAY.date(), MONDAY.date())
    assert monday.base_price == quote.base
    assert monday.split_factor == quote.base / friday.close
    assert abs(monday.split_factor - 1 / 3) < 0.003
    assert adjusted[-1] == monday
    assert adjusted[0].close == int(old.close * monday.split_factor + 0.5)
    assert abs(adjusted[-2].close - quote.base) <= 1

    answer = exchange.submit(account, "sell", SYMBOL, "01", after.quantity, 0, MONDAY)
    assert isinstance(answer, Accepted)


def test_a_merger_of_shares_pays_out_what_is_no_whole_share() -> None:
    exchange = Exchange(seed=6, now=FRIDAY, market_open_always=False)
    account = exchange.account("50000101")
    held = exchange.holdings(account)[0].quantity
    cash = exchange.balance(account).day_after_next
    exchange.split(SYMBOL, 1, 7)

    exchange.advance(MONDAY)

    whole, fraction = divmod(held, 7)
    assert exchange.holdings(account)[0].quantity == whole
    base = exchange.quote(SYMBOL).base
    assert exchange.balance(account).day_after_next == cash + fraction * base // 7


def test_a_new_listing_has_no_thirty_percent_limit_on_its_first_day_only() -> None:
    exchange = Exchange(seed=6, now=FRIDAY, market_open_always=False)
    exchange.list_new("999990", "새내기", 10_000)
    assert exchange.listing("999990") is None

    exchange.advance(MONDAY)

    quote = exchange.quote("999990")
    assert (quote.upper_limit, quote.lower_limit, quote.base) == (40_000, 6_000, 10_000)
    assert quote.volume > 0
    assert "999990" in {listing.symbol for listing in exchange.listings()}
    account = exchange.account("50000101")
    assert isinstance(exchange.submit(account, "buy", "999990", "01", 1, 0, MONDAY), Accepted)
    assert exchange.statistics("999990").market_cap > 0
    bars = exchange.daily_bars("999990", FRIDAY.date(), MONDAY.date(), True)
    assert [bar.day for bar in bars] == [MONDAY.date()]

    exchange.advance(MONDAY + timedelta(days=1))
    second = exchange.quote("999990")
    assert second.upper_limit <= second.base * 1.3


def test_a_delisted_share_is_unknown_and_what_is_held_of_it_stays() -> None:
    exchange = Exchange(seed=6, now=FRIDAY, market_open_always=False)
    account = exchange.account("50000101")
    exchange.delist(SYMBOL)
    assert exchange.listing(SYMBOL) is not None

    exchange.advance(MONDAY)

    assert exchange.listing(SYMBOL) is None
    assert SYMBOL not in {listing.symbol for listing in exchange.listings()}
    answer = exchange.submit(account, "sell", SYMBOL, "01", 1, 0, MONDAY)
    assert answer == Refused("APBK0656", "해당종목정보가 없습니다.")
    assert SYMBOL in {holding.symbol for holding in exchange.holdings(account)}


def test_impossible_actions_are_told() -> None:
    exchange = Exchange(seed=6, now=FRIDAY)

    with pytest.raises(KeyError):
        exchange.delist("000001")
    with pytest.raises(KeyError):
        exchange.split("000001", 2)
    with pytest.raises(ValueError, match="no split"):
        exchange.split(SYMBOL, 1)
    with pytest.raises(ValueError, match="listed already"):
        exchange.list_new(SYMBOL, "또", 1_000)


def test_days_after_a_weekend_carry_their_own_date() -> None:
    exchange = Exchange(seed=6, now=FRIDAY, market_open_always=False)
    for hours in range(6, 66, 12):  # over Saturday and Sunday in steps, as a clock does
        exchange.advance(FRIDAY + timedelta(hours=hours))

    exchange.advance(MONDAY)

    bars = exchange.daily_bars(SYMBOL, FRIDAY.date(), MONDAY.date(), False)
    assert [bar.day for bar in bars] == [FRIDAY.date(), MONDAY.date()]
