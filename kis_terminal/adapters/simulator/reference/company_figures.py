"""Keep the figures of companies for a day: reckoning them anew for every name of a ranking takes too long."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.model import Statistics

_MOST_CLOSES = 120


class CompanyFigures:
    """Give `Exchange.statistics` again, with today's high, low and price brought up to date."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._day = date.min
        self._kept: dict[str, Statistics] = {}
        self._closes: dict[str, list[int]] = {}

    def of(self, symbol: str) -> Statistics:
        """Return the figures of `symbol`; KeyError where it is not listed."""
        today = self._begin_day()
        kept = self._kept.get(symbol)
        if kept is None:
            kept = self._kept[symbol] = self._exchange.statistics(symbol)
            return kept
        quote = self._exchange.quote(symbol)
        high, low = quote.high or quote.last, quote.low or quote.last
        return replace(
            kept,
            year_high=max(kept.year_high, high),
            year_high_date=today if high > kept.year_high else kept.year_high_date,
            year_low=min(kept.year_low, low),
            year_low_date=today if low < kept.year_low else kept.year_low_date,
            market_cap=quote.last * quote.listed_shares,
            per=round(quote.last / kept.eps, 2) if kept.eps else 0.0,
            pbr=round(quote.last / kept.bps, 2) if kept.bps else 0.0,
        )

    def average_close(self, symbol: str, days: int) -> float:
        """Return the mean of the last `days` closes (at most 120), today's price among them."""
        today = self._begin_day()
        closes = self._closes.get(symbol)
        if closes is None:
            begin = today - timedelta(days=2 * _MOST_CLOSES + 20)
            past = self._exchange.daily_bars(symbol, begin, today - timedelta(days=1), True)
            closes = self._closes[symbol] = [bar.close for bar in past][1 - _MOST_CLOSES :]
        shown = (
            [*closes[max(len(closes) - days + 1, 0) :], self._exchange.quote(symbol).last] if days > 1 else []
        )
        return sum(shown) / len(shown) if shown else float(self._exchange.quote(symbol).last)

    def _begin_day(self) -> date:
        today = self._exchange.moment.date()
        if today != self._day:
            self._day, self._kept, self._closes = today, {}, {}
        return today
