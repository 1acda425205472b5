"""Bars for charts: loaded by REST, carried on by live prints, corrected by REST once a minute is over.

After a break of the stream everything since the break is listed anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import date, timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from kis_terminal.domain.errors import CorrectionNeeded, TerminalError
from kis_terminal.domain.market import Bar, Interval, Tick
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.ports import QuoteSource, Stream, SubscriptionState
from kis_terminal.services.hub import Subscription, Topic
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.tasks import TaskScope

if TYPE_CHECKING:
    from kis_terminal.domain.bars import BarSeries
    from kis_terminal.services.bars.late import LateLibrary

log = logging.getLogger(__name__)

_DAY = 86_400
_OPEN_SECONDS = 9 * 3600
_LAST_SECONDS = _DAY - 1
_SPAN_DAYS = {Interval.DAY: 1, Interval.WEEK: 7, Interval.MONTH: 31, Interval.YEAR: 366}
_TRUE_UP_DELAY = 2.0
_MEND_DELAY = 1.0
_LONGEST_MEND_DELAY = 30.0
_NEW_DAY_SECONDS = 3600
"""A print so much earlier than the one before is of another day."""
_FIRST_DAY = date(1980, 1, 4)
"""Nothing is listed before KRX's index begins; KIS refuses far earlier dates."""


class LiveBars:
    """One series that follows the market until `close()`. Topics: `changed` (the series)."""

    def __init__(self, series: BarSeries, day_start: int) -> None:
        self.series = series
        self.changed: Topic[BarSeries] = Topic(f"bars {series.symbol} {series.interval}")
        self.day_start = day_start
        """Wall seconds of the midnight before the prints that come now."""
        self.broken_since: int | None = None
        """Wall time of the first bar that may lack prints, None when all are complete."""
        self.is_closed = False
        self._is_listed = False
        self._recorded: list[Tick] | None = []
        self._subscriptions: list[Subscription] = []

    def hold(self, subscription: Subscription) -> None:
        """Close `subscription` together with these bars."""
        self._subscriptions.append(subscription)

    def take(self, ticks: Sequence[Tick]) -> int:
        """Carry prints in; before the first listing is there they wait. Returns the number of bars begun."""
        if self._recorded is not None:
            self._recorded.extend(ticks)
            if not self._is_listed:
                return 0
        begun = self.series.apply(ticks, self.day_start)
        self.changed.publish(self.series)
        return begun

    def listing_begins(self) -> None:
        """Keep the prints from now on: a listing may hold them or not."""
        self._recorded = []

    def listed(self) -> int:
        """Carry in what came while the listing was on its way; return the number of bars begun."""
        recorded, self._recorded = self._recorded or [], None
        self._is_listed = True
        before = len(self.series)
        if recorded:
            self.series.join(recorded, self.day_start)
        self.changed.publish(self.series)
        return len(self.series) - before

    def broke(self) -> None:
        """Note that prints are being missed from now on."""
        if self._is_listed and len(self.series):
            self.suspect(int(self.series.times[-1]))

    def suspect(self, since: int) -> None:
        """Note that bars from a wall time on may lack prints."""
        self.broken_since = since if self.broken_since is None else min(since, self.broken_since)

    def close(self) -> None:
        """Stop following; may be called twice."""
        self.is_closed = True
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions.clear()


class History:
    """Load and follow bars."""

    def __init__(self, source: QuoteSource, market_data: MarketData, scope: TaskScope) -> None:
        self._source = source
        self._market_data = market_data
        self._scope = scope
        self.stored: LateLibrary | None = None
        """Where days come from once the window has bars of its own: it saves calls."""

    async def follow(self, symbol: str, interval: Interval, count: int = 400) -> LiveBars:
        """Return about `count` bars that go on living; raises TerminalError.

        The caller watches the symbol's prints itself (`MarketData.watch`) and closes the result.
        """
        # numpy costs 150 ms at the first chart: not in the window's thread.
        await asyncio.to_thread(import_module, "kis_terminal.domain.bars")
        from kis_terminal.domain.bars import BarSeries

        live = LiveBars(BarSeries(symbol, interval), self._midnight())
        self._connect(live)
        try:
            await self._fill(live.series, count)
        except BaseException:
            live.close()
            raise
        begun = live.listed()
        if begun and interval.minutes is not None and len(live.series) > begun:
            # Prints that came after the listing was made and before it was here are counted as parts of it.
            completed = int(live.series.times[len(live.series) - 1 - begun])
            self._scope.spawn(self._true_up(live, completed), name=f"true up {symbol}")
        if self._market_data.wanted.confirmed_at((Stream.TICKS, symbol)) is None:
            live.broke()  # what trades until the stream comes is listed then
        return live

    def _midnight(self) -> int:
        return day_seconds(self._market_data.today())

    def _connect(self, live: LiveBars) -> None:
        symbol, is_minutes = live.series.symbol, live.series.interval.minutes is not None
        last_seconds = 0

        def receive(ticks: Sequence[Tick]) -> None:
            nonlocal last_seconds
            if ticks[0].symbol != symbol:
                return
            seconds = ticks[-1].seconds
            if seconds < last_seconds - _NEW_DAY_SECONDS:
                live.day_start = self._midnight()
            last_seconds = seconds
            begun = live.take(ticks)
            if begun and is_minutes and len(live.series) > 1:
                # One frame may begin several bars: the first completed one is the one that prints had filled.
                completed = int(live.series.times[max(0, len(live.series) - 1 - begun)])
                self._scope.spawn(self._true_up(live, completed), name=f"true up {symbol}")

        def notice_break(told: tuple[Stream, str, SubscriptionState]) -> None:
            if told[:2] != (Stream.TICKS, symbol):
                return
            if told[2] is SubscriptionState.WANTED:
                live.broke()
            elif told[2] is SubscriptionState.CONFIRMED and live.broken_since is not None:
                key = f"mend {id(live)}"
                self._scope.spawn(self._mend(live), name=f"mend {symbol}", replaces=key)

        live.hold(self._market_data.ticks.subscribe(receive))
        live.hold(self._market_data.subscriptions.subscribe(notice_break))

    async def _fill(self, series: BarSeries, count: int) -> None:
        interval = series.interval
        today = self._market_data.today()
        if interval.minutes is None:
            start = max(_FIRST_DAY, today - timedelta(days=int(count * _SPAN_DAYS[interval] * 1.5) + 7))
            if await self._fill_from_store(series, start, today, count):
                return
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

    async def _fill_from_store(self, series: BarSeries, start: date, end: date, count: int) -> bool:
        """Take days from the bars that are kept; False where the broker has to be asked for all of them."""
        library = self.stored.ready if self.stored is not None else None
        if library is None:
            return False
        bars, report = await library.days(series.symbol, start, end, series.interval)
        if report.is_truncated:
            return False
        series.replace(bars.times[-count:], bars.columns.T[-count:])
        return True

    async def _now_seconds(self, symbol: str) -> int:
        """Return the exchange's time of day; its last print tells it where no stream has yet."""
        seconds = self._market_data.market_seconds()
        if seconds is None:
            ticks = await self._source.recent_ticks(symbol)
            seconds = ticks[-1].seconds if ticks else _LAST_SECONDS
        return seconds

    async def _true_up(self, live: LiveBars, completed: int) -> None:
        """Replace the bars just completed by what the exchange lists for them.

        `completed` is the wall time of the first of them; where one is over within the delay, it is included.
        """
        await asyncio.sleep(_TRUE_UP_DELAY)
        series = live.series
        if live.is_closed or completed < live.day_start:
            return
        begin, end = completed - live.day_start, int(series.times[-1]) - live.day_start - 1
        try:
            bars = await self._source.minute_bars(
                series.symbol, self._market_data.today(), max(0, begin), end
            )
        except TerminalError as error:
            log.info("correction of the last bar of %s: %s", series.symbol, error)
            live.suspect(completed)
            return
        series.correct(bars)
        live.changed.publish(series)

    async def _mend(self, live: LiveBars) -> None:
        """List again what was missed, and go on trying until that succeeds."""
        delay = _MEND_DELAY
        while not live.is_closed and (since := live.broken_since) is not None:
            live.listing_begins()
            try:
                await self._list_since(live.series, since)
            except CorrectionNeeded as error:
                log.info("bars of %s since the break: %s", live.series.symbol, error)
                return
            except TerminalError as error:
                log.info("bars of %s since the break: %s", live.series.symbol, error)
                await asyncio.sleep(delay)
                delay = min(2 * delay, _LONGEST_MEND_DELAY)
                continue
            live.broken_since = None
            live.listed()
            if live.series.interval.minutes is not None:
                # What was over by now may have been listed while prints of it were still on their way.
                self._scope.spawn(self._true_up(live, since), name=f"true up {live.series.symbol}")

    async def _list_since(self, series: BarSeries, since: int) -> None:
        today = self._market_data.today()
        first = date(1970, 1, 1) + timedelta(days=since // _DAY)
        if series.interval.minutes is None:
            series.merge(
                await self._source.daily_bars(series.symbol, first, today, series.interval, is_adjusted=True)
            )
            return
        until = await self._now_seconds(series.symbol)
        minutes: list[Bar] = []
        day = first
        while day <= today:
            begin = since % _DAY if day == first else _OPEN_SECONDS
            end = until if day == today else _LAST_SECONDS
            try:
                if day.weekday() < 5 or day == today:
                    minutes += await self._source.minute_bars(series.symbol, day, begin, end)
            except CorrectionNeeded as error:
                if day == today:
                    raise
                log.info("earlier minutes of %s: %s", series.symbol, error)  # paper lists today only
            day += timedelta(days=1)
        series.mend(minutes, since)
