"""Completed bars of a strategy's symbols, out of the bars that charts follow too."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.market import Interval
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.ports import Stream
from kis_terminal.services.history import History, LiveBars
from kis_terminal.services.hub import Subscription
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.stream_budget import Rank

if TYPE_CHECKING:
    from kis_terminal.domain.bars import BarSeries

log = logging.getLogger(__name__)

Rows = list[list[float]]
"""Bars, oldest first: wall seconds of the opening, open, high, low, close, volume."""
Completed = Callable[[str, Rows, bool], None]
"""Is called with a symbol, its new rows, and whether the last one is to be judged."""
_BARS = 500
_LATE_SECONDS = 3
"""A bar without a later print is taken as complete so long after its end by the exchange's clock."""
_STALE_BARS = 2


class FollowsBars(Protocol):
    """Who gives a strategy its bars."""

    async def follow(self, symbols: Sequence[str]) -> dict[str, Rows]:
        """Return the completed bars of each symbol; later ones are handed on. Raises TerminalError."""
        ...

    def look(self) -> None:
        """Hand on what time has completed; called a few times a second."""
        ...

    def close(self) -> None:
        """Follow no more; may be called twice."""
        ...


@dataclass
class _Followed:
    live: LiveBars
    sent: int
    """Opening time of the last bar that was handed on."""
    subscriptions: list[Subscription] = field(default_factory=list)


class StrategyBars:
    """Follow symbols until `close()`; `completed` gets a symbol, its new rows, and whether to judge."""

    def __init__(
        self,
        interval: Interval,
        history: History,
        market_data: MarketData,
        completed: Completed,
    ) -> None:
        self._interval = interval
        self._history = history
        self._market_data = market_data
        self._completed = completed
        self._followed: dict[str, _Followed] = {}
        self._watches: list[Subscription] = []
        self._is_closed = False

    async def follow(self, symbols: Sequence[str]) -> dict[str, Rows]:
        """Load each symbol and return its completed bars; later ones are handed on. Raises TerminalError."""
        rows = {}
        for symbol in symbols:
            self._watches.append(self._market_data.watch(symbol, Stream.TICKS, rank=Rank.HELD))
        try:
            for symbol in symbols:
                live = await self._history.follow(symbol, self._interval, _BARS)
                if self._is_closed:
                    live.close()
                    return {}
                rows[symbol] = self._begin(symbol, live)
        except TerminalError:
            self.close()
            raise
        return rows

    def _begin(self, symbol: str, live: LiveBars) -> Rows:
        series = live.series
        first = max(0, len(series) - 1 - _BARS)
        rows = _rows(series, first, len(series) - 1)
        followed = _Followed(live, int(rows[-1][0]) if rows else -1)
        followed.subscriptions.append(live.changed.subscribe(lambda _: self._look_at(symbol, followed)))
        self._followed[symbol] = followed
        return rows

    def look(self) -> None:
        """Hand on bars that are over though no print came since; called a few times a second."""
        for symbol, followed in list(self._followed.items()):
            self._look_at(symbol, followed)

    def _look_at(self, symbol: str, followed: _Followed) -> None:
        if followed.live.broken_since is not None:
            return  # what was missed is being listed; nobody judges bars with holes
        series = followed.live.series
        end = len(series) if self._is_over(series) else len(series) - 1
        first = end
        while first > 0 and int(series.times[first - 1]) > followed.sent:
            first -= 1
        if first >= end:
            return
        rows = _rows(series, first, end)
        followed.sent = int(rows[-1][0])
        self._completed(symbol, rows, not self._is_stale(followed.sent))

    def _is_over(self, series: BarSeries) -> bool:
        minutes = series.interval.minutes
        now = self._now()
        if minutes is None or now is None or not len(series):
            return False
        return now >= int(series.times[-1]) + minutes * 60 + _LATE_SECONDS

    def _is_stale(self, start: int) -> bool:
        """Tell whether a bar is of so long ago that nothing is decided on it, as after a long break."""
        minutes = self._interval.minutes
        now = self._now()
        return minutes is not None and now is not None and now - start > (_STALE_BARS + 1) * minutes * 60

    def _now(self) -> int | None:
        seconds = self._market_data.market_seconds()
        return None if seconds is None else day_seconds(self._market_data.today()) + seconds

    def close(self) -> None:
        """Follow no more; may be called twice."""
        self._is_closed = True
        for followed in self._followed.values():
            for subscription in followed.subscriptions:
                subscription.close()
            followed.live.close()
        self._followed.clear()
        for watch in self._watches:
            watch.close()
        self._watches.clear()


def _rows(series: BarSeries, first: int, last: int) -> Rows:
    """Return bars `first` to before `last` as plain numbers: time, open, high, low, close, volume."""
    times, values = series.times[first:last].tolist(), series.values[first:last].tolist()
    return [[time, *row] for time, row in zip(times, values, strict=True)]
