"""Which series a wish is answered from, and which days its bars take."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from kis_terminal.domain.bar_columns import Product, SeriesKey, Span
from kis_terminal.domain.bars import bar_start
from kis_terminal.domain.market import Interval
from kis_terminal.services.bars.spans import DAY, day_span


def normal(key: SeriesKey) -> SeriesKey:
    """Return the key under which a series is kept: an index knows no adjusted prices."""
    if key.product is Product.INDEX:
        return replace(key, is_adjusted=True, exchange="")
    if key.product is Product.STOCK:
        return replace(key, exchange="")
    return key


def base_of(key: SeriesKey) -> SeriesKey | None:
    """Return the series that longer bars are always made of, None for one that is listed as it is."""
    if key.interval is Interval.YEAR:
        return replace(key, interval=Interval.MONTH)
    minutes = key.interval.minutes
    if minutes is None:
        return None
    if minutes > 1:
        return replace(key, interval=Interval.MINUTE_1)
    # Minutes have one price: KIS adjusts none of them.
    return None if key.is_adjusted else replace(key, is_adjusted=True)


def can_be_adjusted(key: SeriesKey) -> bool:
    """Tell whether a split moves the stored prices of a series."""
    return key.is_adjusted and key.interval.minutes is None and key.product is not Product.INDEX


def whole_periods(interval: Interval, start: date, end: date) -> Span:
    """Return the days of all bars that the days asked for lie in."""
    span = day_span(start, end)
    if interval.minutes is not None or interval is Interval.DAY:
        return span
    return Span(bar_start(interval, span.start, 0), max(span.end, period_end(interval, span.end - DAY)))


def period_end(interval: Interval, time: int) -> int:
    """Return the end of the bar that begins at or holds a time, for days and longer."""
    start = bar_start(interval, time // DAY * DAY, 0)
    step = {Interval.WEEK: 7, Interval.MONTH: 32, Interval.YEAR: 367}.get(interval, 1)
    return bar_start(interval, start + step * DAY, 0)
