from __future__ import annotations

from datetime import date

import pytest

from kis_terminal.adapters.simulator.history.daily_series import DailySeries, trading_days
from kis_terminal.adapters.simulator.listings import load_listings
from kis_terminal.adapters.simulator.model import DailyBar, Listing
from kis_terminal.adapters.simulator.rules.calendar import Calendar
from kis_terminal.adapters.simulator.rules.tick_rules import is_on_tick

TODAY = date(2026, 11, 23)
LISTINGS = {listing.symbol: listing for listing in load_listings()}
SYMBOLS = ["005930", "247540", "069500", "252670", "0126Z0"]


def bars_of(listing: Listing, *, adjusted: bool = False, seed: int = 7) -> list[DailyBar]:
    series = DailySeries(listing, trading_days(Calendar(), TODAY), seed, None)
    return series.between(date(2000, 1, 1), TODAY, adjusted=adjusted)


def test_at_least_sixty_names_with_letters_funds_and_both_markets() -> None:
    listings = LISTINGS.values()

    assert len(listings) >= 60
    assert {listing.market for listing in listings} == {"KOSPI", "KOSDAQ"}
    assert {listing.kind for listing in listings} == {"stock", "etf"}
    assert any(not listing.symbol.isdigit() for listing in listings)
    assert all(is_on_tick(listing.base_price, listing.kind) for listing in listings)
    assert len({listing.standard_code for listing in listings}) == len(LISTINGS)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_bars_are_sound_and_end_at_the_base_price(symbol: str) -> None:
    listing = LISTINGS[symbol]
    calendar = Calendar()

    bars = bars_of(listing)

    assert bars[-1].close == listing.base_price
    assert all(calendar.is_open_day(bar.day) for bar in bars)
    for bar in bars:
        assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        if listing.kind == "stock":
            assert all(
                is_on_tick(p, "stock", bar.day, listing.market)
                for p in (bar.open, bar.high, bar.low, bar.close)
            )


def test_history_is_ten_years_deep() -> None:
    assert bars_of(LISTINGS["005930"])[0].day < date(2016, 11, 1)


def test_history_starts_at_the_listing() -> None:
    assert bars_of(LISTINGS["0126Z0"])[0].day >= date(2025, 11, 24)


def test_no_day_leaves_the_daily_limit() -> None:
    for bar in bars_of(LISTINGS["277810"])[1:]:
        assert 0.69 * bar.base_price < bar.low
        assert bar.high < 1.31 * bar.base_price


def test_split_of_2018_is_in_the_raw_bars_and_gone_from_the_adjusted() -> None:
    raw = {bar.day: bar for bar in bars_of(LISTINGS["005930"])}
    adjusted = {bar.day: bar for bar in bars_of(LISTINGS["005930"], adjusted=True)}
    before, first = date(2018, 5, 3), date(2018, 5, 4)

    assert raw[first].split_factor == pytest.approx(1 / 50)
    assert raw[before].close > 30 * raw[first].close
    assert adjusted[before].close == pytest.approx(raw[before].close / 50, abs=1)
    assert 0.7 < adjusted[first].close / adjusted[before].close < 1.3
    assert [raw[date(2018, 4, 30)].volume, raw[before].volume] == [0, 0]


def test_same_seed_same_bars_and_other_seed_other_bars() -> None:
    listing = LISTINGS["000660"]

    assert bars_of(listing) == bars_of(listing)
    assert bars_of(listing) != bars_of(listing, seed=8)
