"""Figures of companies and of who bought: made up, but the same each time and in proportion."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

from kis_terminal.adapters.simulator.history.made_up_day import seed_for
from kis_terminal.adapters.simulator.model import DailyBar, InvestorFlow, Listing, Statistics

if TYPE_CHECKING:
    from kis_terminal.adapters.simulator.history.daily_series import DailySeries  # needs numpy, see archive


def statistics(listing: Listing, today: DailyBar, series: DailySeries, seed: int) -> Statistics:
    """Reckon highs, lows and company figures; `today` is the bar so far."""
    day = today.day
    year_high, year_low = _extremes(series, today, 364)
    long_high, long_low = _extremes(series, today, 365)
    new_high, new_low = _extremes(series, today, day.timetuple().tm_yday - 1)
    rng = random.Random(seed_for(seed, listing.symbol, "company"))
    is_fund = listing.kind == "etf"
    per = 0.0 if is_fund else rng.uniform(7.0, 32.0)
    pbr = 0.0 if is_fund else rng.uniform(0.4, 4.0)
    return Statistics(
        symbol=listing.symbol,
        year_high=year_high[0],
        year_high_date=year_high[1],
        year_low=year_low[0],
        year_low_date=year_low[1],
        days250_high=long_high[0],
        days250_high_date=long_high[1],
        days250_low=long_low[0],
        days250_low_date=long_low[1],
        this_year_high=new_high[0],
        this_year_high_date=new_high[1],
        this_year_low=new_low[0],
        this_year_low_date=new_low[1],
        market_cap=today.close * listing.listed_shares,
        eps=round(listing.base_price / per, 2) if per else 0.0,
        bps=round(listing.base_price / pbr, 2) if pbr else 0.0,
        per=round(today.close * per / listing.base_price, 2),
        pbr=round(today.close * pbr / listing.base_price, 2),
        foreign_rate=round(rng.uniform(2.0, 55.0), 2),
        margin_rate=rng.choice((20.0, 30.0, 40.0)),
        loan_rate=round(rng.uniform(0.02, 2.5), 2),
    )


def investor_flow(listing: Listing, bar: DailyBar, seed: int) -> InvestorFlow:
    """Split a day's volume among private persons, foreigners and institutions; net buying sums to zero."""
    rng = random.Random(seed_for(seed, listing.symbol, "investors", bar.day))
    up = (bar.close - bar.base_price) / bar.base_price if bar.base_price else 0.0
    foreign = int(bar.volume * max(min(rng.gauss(1.5 * up, 0.06), 0.3), -0.3))
    institution = int(bar.volume * max(min(rng.gauss(1.2 * up, 0.05), 0.3), -0.3))
    average = bar.turnover // bar.volume if bar.volume else bar.close
    return InvestorFlow(
        day=bar.day,
        close=bar.close,
        change=bar.close - bar.base_price,
        individual_quantity=-foreign - institution,
        foreign_quantity=foreign,
        institution_quantity=institution,
        individual_amount=(-foreign - institution) * average,
        foreign_amount=foreign * average,
        institution_amount=institution * average,
        individual_buy_quantity=max(0, int(bar.volume * 0.6) - max(foreign, 0) - max(institution, 0)),
        foreign_buy_quantity=int(bar.volume * 0.22) + max(foreign, 0),
        institution_buy_quantity=int(bar.volume * 0.18) + max(institution, 0),
    )


def _extremes(series: DailySeries, today: DailyBar, days: int) -> tuple[tuple[int, date], tuple[int, date]]:
    past = series.extremes(today.day - timedelta(days=days), today.day - timedelta(days=1))
    high, low = (today.high, today.day), (today.low, today.day)
    if past is None:
        return high, low
    return max(past[0], high), min(past[1], low)
