"""Bars for charts: loaded by REST, carried on by live prints, corrected by REST once a minute is over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import date, timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.market import Interval, Tick
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.ports import QuoteSource
from kis_terminal.services.hub import Subscription, Topic
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.tasks import TaskScope

if TYPE_CHECKING:
    from kis_terminal.domain.bars import BarSeries

log = logging.getLogger(__name__)

_OPEN_SECONDS = 9 * 3600
_LAST_SECONDS = 86_399
_SPAN_DAYS = {Interval.DAY: 1, Interval.WEEK: 7, Interval.MONTH: 31, Interval.YEAR: 366}
_TRUE_UP_DELAY = 2.0
_FIRST_DAY = date(1980, 1, 4)
"""Nothing is listed before KRX's index begins; KIS refuses far earlier dates."""


class LiveBars:
    """One series that follows the market until `close()`. Topics: `changed` (the series)."""

    def __init__(self, series: BarSeries) -> None:
        self.series = series
        self.changed: Topic[BarSeries] = Topic(f"bars {series.symbol} {series.interval}")
        self._subscriptions: list[Subscription] = []
        self._waiting: list[Tick] | None = []

    def hold(self, subscription: Subscription) -> None:
        """Close `subscription` together with these bars."""
        self._subscriptions.append(subscription)

    def take(self, ticks: Sequence[Tick], day_start: int) -> int:
        """Carry prints in; before the listing is there they wait. Returns the number of bars begun."""
        if self._waiting is not None:
            self._waiting.extend(ticks)
            return 0
        begun = self.series.apply(ticks, day_start)
        self.changed.publish(self.series)
        return begun

    def listed(self, day_start: int) -> None:
        """Carry in what waited for the listing."""
        waiting, self._waiting = self._waiting or [], None
        if waiting:
            self.series.join(waiting, day_start)
        self.changed.publish(self.series)

    def close(self) -> None:
        """Stop following; may be called twice."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions.clear()


class History:
    """Load and follow bars."""

    def __init__(self, source: QuoteSource, market_data: MarketData, scope: TaskScope) -> None:
        self._source = source
        self._market_data = market_data
        self._scope = scope

    async def follow(self, symbol: str, interval: Interval, count: int = 400) -> LiveBars:
        """Return about `count` bars that go on living; raises TerminalError.

        The caller watches the symbol's prints itself (`MarketData.watch`) and closes the result.
        """
        # numpy costs 150 ms at the first chart: not in the window's thread.
        await asyncio.to_thread(import_module, "kis_terminal.domain.bars")
        from kis_terminal.domain.bars import BarSeries

        live = LiveBars(BarSeries(symbol, interval))
        day_start = day_seconds(self._market_data.today())

        def receive(ticks: Sequence[Tick]) -> None:
            if ticks[0].symbol == symbol and live.take(ticks, day_start) and interval.minutes is not None:
                self._scope.spawn(self._true_up(live, day_start), name=f"true up {symbol}")

        live.hold(self._market_data.ticks.subscribe(receive))
        try:
            await self._fill(live.series, count)
        except BaseException:
            live.close()
            raise
        live.listed(day_start)
        return live

    async def _fill(self, series: BarSeries, count: int) -> None:
        interval = series.interval
        today = self._market_data.today()
        if interval.minutes is None:
            start = max(_FIRST_DAY, today - timedelta(days=int(count * _SPAN_DAYS[interval] * 1.5) + 7))
            bars = await self._source.daily_bars(series.symbol, start, today, interval, is_adjusted=True)
            series.merge(bars[-count:])
            return
        until = await self._now_seconds(series.symbol)
        wanted = count * interval.minutes
        minutes = list(await self._source.minute_bars(series.symbol, today, _OPEN_SECONDS, until))
        day = today
        for _ in range(5):
            if len(minutes) >= wanted:
                break
            day -= timedelta(days=1)
            if day.weekday() >= 5:
                continue
            try:
                minutes[:0] = await self._source.minute_bars(series.symbol, day, _OPEN_SECONDS, _LAST_SECONDS)
            except TerminalError as error:
                log.info("earlier minutes of %s: %s", series.symbol, error)
                break
        series.replace_minutes(minutes)

    async def _now_seconds(self, symbol: str) -> int:
        """Return the exchange's time of day; its last print tells it where no stream has yet."""
        seconds = self._market_data.market_seconds()
        if seconds is None:
            ticks = await self._source.recent_ticks(symbol)
            seconds = ticks[-1].seconds if ticks else _LAST_SECONDS
        return seconds

    async def _true_up(self, live: LiveBars, day_start: int) -> None:
        """Replace the bars just completed by what the exchange lists for them."""
        await asyncio.sleep(_TRUE_UP_DELAY)
        series = live.series
        span = (series.interval.minutes or 1) * 60
        if len(series) < 2:
            return
        begin = int(series.times[-2]) - day_start
        try:
            bars = await self._source.minute_bars(
                series.symbol, self._market_data.today(), max(0, begin), begin + span - 1
            )
        except TerminalError as error:
            log.info("correction of the last bar of %s: %s", series.symbol, error)
            return
        series.correct(bars)
        live.changed.publish(series)
