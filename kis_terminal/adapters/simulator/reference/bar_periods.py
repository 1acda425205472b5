"""Put daily bars together into weeks, months and years, as the chart calls answer them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.model import DailyBar

# Calendar days that surely hold one bar of the period.
_SPAN = {"D": 2, "W": 7, "M": 31, "Y": 366}
_HOLIDAY_MARGIN = 20
_DEEPEST = 80 * 366


def period_of(day: date, period: str) -> tuple[int, ...]:
    """Return what is equal for all days of the same bar."""
    if period == "W":
        year, week, _ = day.isocalendar()
        return year, week
    if period == "M":
        return day.year, day.month
    if period == "Y":
        return (day.year,)
    return day.year, day.month, day.day


def period_start(day: date, period: str) -> date:
    """Return the first calendar day of the period that holds `day`."""
    if period == "W":
        return day - timedelta(days=day.weekday())
    if period == "M":
        return day.replace(day=1)
    if period == "Y":
        return day.replace(month=1, day=1)
    return day


def gather(bars: Sequence[DailyBar], period: str) -> list[DailyBar]:
    """Return bars of the period, oldest first; a bar carries the date of its first trading day."""
    if period == "D":
        return list(bars)
    return [_joined(list(group)) for _, group in groupby(bars, key=lambda bar: period_of(bar.day, period))]


def last_bars(
    exchange: Exchange,
    symbol: str,
    period: str,
    end: date,
    is_adjusted: bool,
    count: int,
    *,
    start: date = date.min,
) -> list[DailyBar]:
    """Return up to `count` bars of the period, the last one holding `end`, none before `start`, oldest first.

    Only as much history is read as such bars usually take, and more where a symbol has holes.
    """
    first = period_start(start, period)
    days = _SPAN[period] * count + _HOLIDAY_MARGIN
    while True:
        begin = max(first, period_start(end - timedelta(days=days), period))
        bars = gather(exchange.daily_bars(symbol, begin, end, is_adjusted), period)
        if len(bars) >= count or begin == first or days > _DEEPEST:
            return bars[-count:]
        days *= 4


def price_chain(bars: Sequence[DailyBar]) -> Iterator[tuple[DailyBar, DailyBar | None]]:
    """Yield each bar with the one before it."""
    before: DailyBar | None = None
    for bar in bars:
        yield bar, before
        before = bar


def _joined(days: Sequence[DailyBar]) -> DailyBar:
    traded = [day for day in days if day.volume] or days
    factor = 1.0
    for day in days:
        factor *= day.split_factor
    return DailyBar(
        day=days[0].day,
        open=traded[0].open,
        high=max(day.high for day in traded),
        low=min(day.low for day in traded),
        close=days[-1].close,
        volume=sum(day.volume for day in days),
        turnover=sum(day.turnover for day in days),
        base_price=days[0].base_price,
        split_factor=factor,
    )
