"""What lies behind today: histories made, or read in, when they are first asked for.

numpy is imported inside functions only: its import takes longer than opening the exchange, and a session
that never looks at history never needs it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from kis_terminal.adapters.simulator.history.made_up_day import (
    CLOSING_INDEX,
    SESSION_MINUTES,
    DaySketch,
    MinuteRow,
    seed_for,
)
from kis_terminal.adapters.simulator.model import DailyBar, Listing, MinuteBar
from kis_terminal.adapters.simulator.rules.calendar import OPEN_SECOND, SEOUL, Calendar

if TYPE_CHECKING:
    from kis_terminal.adapters.simulator.history.bars_import import BarHistory
    from kis_terminal.adapters.simulator.history.daily_series import DailySeries, ImportedBars
    from kis_terminal.adapters.simulator.history.day_split import Prices


class Archive:
    """Own the bars of every day before today."""

    def __init__(self, seed: int, calendar: Calendar, first_day: date, bars: BarHistory | None) -> None:
        """Start with nothing made; `first_day` is the day on which the exchange opens."""
        self._seed = seed
        self._calendar = calendar
        self._first_day = first_day
        self._series: dict[str, DailySeries] = {}
        self._lived: dict[str, list[DailyBar]] = {}
        self._splits: dict[str, list[tuple[date, float]]] = {}
        self._origins: dict[str, Listing] = {}
        self._days: Prices | None = None
        self.imported: dict[str, ImportedBars] = {}
        for symbol, whole in bars.symbols.items() if bars else ():
            known = whole.before(first_day)
            if known is not None:
                self.imported[symbol] = known

    def series(self, listing: Listing) -> DailySeries:
        """Return the daily bars of `listing` (some milliseconds at the first call)."""
        series = self._series.get(listing.symbol)
        if series is None:
            from kis_terminal.adapters.simulator.history.daily_series import DailySeries, trading_days

            if self._days is None:
                self._days = trading_days(self._calendar, self._first_day)
            origin = self._origins.get(listing.symbol, listing)
            series = DailySeries(origin, self._days, self._seed, self.imported.get(listing.symbol))
            for day, factor in self._splits.get(listing.symbol, []):
                series.split(day, factor)
            for bar in self._lived.pop(listing.symbol, []):
                series.append(bar)
            self._series[listing.symbol] = series
        return series

    def remember(self, symbol: str, bar: DailyBar) -> None:
        """Keep a day that was lived through, without making the long history just for that."""
        series = self._series.get(symbol)
        if series is None:
            self._lived.setdefault(symbol, []).append(bar)
        else:
            series.append(bar)

    def split(self, listing: Listing, day: date, factor: float) -> None:
        """Note that from `day` on prices are `factor` times those before; `listing` is that of before."""
        self._origins.setdefault(listing.symbol, listing)
        self._splits.setdefault(listing.symbol, []).append((day, factor))
        series = self._series.get(listing.symbol)
        if series is not None:
            series.split(day, factor)

    def minutes(self, listing: Listing, day: date) -> list[MinuteBar]:
        """Return the minutes of a past day; none for a day that was closed or halted."""
        from kis_terminal.adapters.simulator.history.day_split import split_day

        bars = self.series(listing).between(day, day, adjusted=False)
        if not bars:
            return []
        bar = bars[0]
        rows = split_day(
            (bar.open, bar.high, bar.low, bar.close),
            bar.volume,
            bar.turnover,
            [*range(SESSION_MINUTES), CLOSING_INDEX],
            seed_for(self._seed, listing.symbol, "minutes", day),
            listing.kind,
        )
        opening = datetime(day.year, day.month, day.day, 9, tzinfo=SEOUL)
        return [MinuteBar(opening + timedelta(minutes=row.minute), *row[1:]) for row in rows]


def morning_minutes(
    listing: Listing, sketch: DaySketch, seed: int, midnight: datetime, second: float
) -> list[MinuteRow]:
    """Make the minutes from 09:00 to `second` of the day out of their sketch."""
    from kis_terminal.adapters.simulator.history.day_split import split_day

    last_minute = min(max(0, int((second - OPEN_SECOND - 0.001) // 60)), SESSION_MINUTES - 1)
    return split_day(
        (sketch.open, sketch.high, sketch.low, sketch.last),
        sketch.volume,
        sketch.turnover,
        list(range(last_minute + 1)),
        seed_for(seed, listing.symbol, "minutes", midnight.date()),
        listing.kind,
        high_index=int((sketch.high_second - OPEN_SECOND) // 60),
        low_index=int((sketch.low_second - OPEN_SECOND) // 60),
    )
