"""Stops and targets of a rule strategy as orders that lie in the market, for `StopRule.INTRABAR`.

Within a bar the open comes first: at or through a level there, the sale is made at the open. Else the low is
tried against the stops before the high against the target, so of two that a bar reaches the stop counts. A
stop sells at its level rounded down to a tick, slippage off; the target is a limit order at its level rounded
up, without slippage. The trailing level hangs on the highest close (or entry price) before the bar.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from kis_terminal.domain.strategy.contract import FillEvent
from kis_terminal.domain.tick_history import round_down_at, round_up_at
from kis_terminal.services.backtest.account import Account
from kis_terminal.services.backtest.market import MarketRun
from kis_terminal.services.backtest.rule_strategy import STOP, TARGET, TRAILING, StopLevels


class IntrabarStops:
    """Watches the holdings of an account against levels."""

    def __init__(self, levels: StopLevels, market: MarketRun, account: Account) -> None:
        self._levels = levels
        self._market = market
        self._account = account
        self._since: dict[int, int] = {}
        """Place of a series -> bar on which its holding was first seen."""
        self._peaks: dict[int, float] = {}
        """Place of a series -> highest close since, the entry price included."""

    def run(self, step: int) -> Iterator[tuple[int, FillEvent]]:
        """Sell what reaches a level on the bars of this step, by symbol; yields each series' place too."""
        account = self._account
        held = account.held_places()
        for place in [place for place in self._peaks if place not in held]:
            del self._peaks[place], self._since[place]
        for place in held:
            series = self._market.series[place]
            bar = account.counts[place]
            if bar >= len(series.bars) or series.steps[bar] != step:
                continue
            entry = account.holdings[series.symbol].average_price
            if place not in self._peaks:
                self._peaks[place], self._since[place] = entry, bar
            elif bar > self._since[place]:
                self._peaks[place] = max(self._peaks[place], float(series.bars.close[bar - 1]))
            if not series.can_sell[bar]:
                continue
            sale = self._sale(place, bar, entry)
            if sale is None:
                continue
            price, reason, slips = sale
            event = account.sell(place, None, step, price, reason, slips=slips)
            if event is not None:
                del self._peaks[place], self._since[place]
                yield place, event

    def _sale(self, place: int, bar: int, entry: float) -> tuple[float, str, bool] | None:
        """Return price, reason and whether it slips; None when no level is reached."""
        series = self._market.series[place]
        columns, time, table = series.bars, int(series.bars.times[bar]), series.tick_table
        opened = float(columns.open[bar])
        low = min(float(columns.low[bar]), opened, float(columns.close[bar]))
        high = max(float(columns.high[bar]), opened, float(columns.close[bar]))
        stop, trailing = entry * self._levels.stop, self._peaks[place] * self._levels.trailing
        level, reason = (stop, STOP) if stop >= trailing else (trailing, TRAILING)
        target = entry * self._levels.target
        if level > 0 and opened <= level:
            return opened, reason, True
        limit = round_up_at(target, table, time) if target < math.inf else math.inf
        if opened >= limit:
            return opened, TARGET, False
        if level > 0 and low <= level:
            return max(round_down_at(level, table, time), low), reason, True
        return (limit, TARGET, False) if high >= limit else None
