"""Which day of the imported bars is played, and what each symbol does on it."""

from __future__ import annotations

import errno
from collections.abc import Collection
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from kis_terminal.adapters.simulator.history.bars_import import BarHistory
from kis_terminal.adapters.simulator.history.day_play import PlayedBar
from kis_terminal.adapters.simulator.history.made_up_day import seed_for
from kis_terminal.adapters.simulator.listings import unknown_listing
from kis_terminal.adapters.simulator.model import Listing

_UNKNOWN_VOLUME = 10_000
"""Shares of a day whose provider lost the volume of every day."""


class PlayedDays:
    """Give the bar of a symbol and day."""

    def __init__(self, bars: BarHistory) -> None:
        self._bars = bars.symbols

    @property
    def symbols(self) -> Collection[str]:
        """Return everything that there are bars of."""
        return self._bars.keys()

    def bar(self, symbol: str, day: date) -> PlayedBar | None:
        """Return what `symbol` did on `day`: a halt where its bars leave the day out, None outside of them.

        A day with moving prices and no volume (its provider lost it) trades what such a day usually does.
        """
        bars = self._bars.get(symbol)
        if bars is None:
            return None
        index = int(np.searchsorted(bars.ordinals, day.toordinal()))
        if index == len(bars.ordinals):
            return None
        if int(bars.ordinals[index]) != day.toordinal():
            if index == 0:
                return None
            close = int(bars.ohlcv[index - 1, 3])
            return PlayedBar(close, close, close, close, 0, close)
        first, high, low, close, volume = (int(value) for value in bars.ohlcv[index])
        if volume == 0 and not first == high == low == close:
            before = bars.before(day)
            volume = (before.average_volume if before is not None else 0) or _UNKNOWN_VOLUME
        return PlayedBar(first, high, low, close, volume, int(bars.base[index]))

    def previous_volume(self, symbol: str, day: date) -> int:
        """Return the volume of the bar before `day`, 0 where there is none or it is not known."""
        before = self._bars[symbol].before(day)
        return int(before.ohlcv[-1, 4]) if before is not None else 0

    def trades_on(self, day: date) -> bool:
        """Say whether anything traded on `day`."""
        return any(bar is not None and not bar.is_halt for bar in (self.bar(s, day) for s in self._bars))

    def list_newcomers(self, listings: dict[str, Listing], day: date) -> None:
        """List what has its first bar on `day`, at the price that this bar counts from."""
        for symbol in self._bars:
            bar = self.bar(symbol, day)
            if bar is None or self._bars[symbol].before(day) is not None:
                continue
            known = listings.get(symbol)
            listings[symbol] = (
                unknown_listing(symbol, bar.base, bar.volume)
                if known is None
                else replace(known, base_price=bar.base)
            )


def day_to_play(bars: BarHistory, folder: Path, wanted: date | None) -> date:
    """Return the day that is played, the last of the bars unless told; OSError where nothing traded on it."""
    last = date.fromordinal(max(int(symbol.ordinals[-1]) for symbol in bars.symbols.values()))
    day = wanted or last
    if wanted is not None and not PlayedDays(bars).trades_on(day):
        raise OSError(
            errno.EINVAL,
            f"--day {day}: {folder}의 일봉에 이날 거래된 종목이 없습니다(마지막 날 {last}). / "
            f"No symbol of these bars traded on that day (the last one is {last}).",
        )
    return day


def day_seed(seed: int, symbol: str, day: date) -> int:
    """Return the seed of a symbol's path on a day."""
    return seed_for(seed, symbol, "played", day)
