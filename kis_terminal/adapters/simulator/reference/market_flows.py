"""Keep who bought and sold in a whole market on past days: they do not change any more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.reference.index_market import IndexMarket
from kis_terminal.adapters.simulator.reference.index_rules import IndexRule
from kis_terminal.adapters.simulator.reference.investor_split import Parties, Trading, joined, parties

_MOST_DAYS = 1_000


class MarketFlows:
    """Sum the investors of an index's names by day."""

    def __init__(self, exchange: Exchange, indices: IndexMarket) -> None:
        self._exchange = exchange
        self._indices = indices
        self._past: dict[tuple[str, date], Parties] = {}

    def by_day(self, rule: IndexRule, start: date, end: date) -> Mapping[date, Parties]:
        """Return the sums of `start` to `end`, both included; today's as far as it got."""
        today = self._exchange.moment.date()
        days = [day for day in _days(start, min(end, today)) if self._exchange.calendar.is_open_day(day)]
        unknown = [day for day in days if day != today and (rule.code, day) not in self._past]
        if unknown:
            self._read(rule, unknown[0], unknown[-1])
        found = {day: self._past[rule.code, day] for day in days if (rule.code, day) in self._past}
        if today in days:
            found[today] = self._sum(rule, today, today).get(today, {})
        return found

    def _read(self, rule: IndexRule, start: date, end: date) -> None:
        if len(self._past) > _MOST_DAYS:
            self._past.clear()
        for day, found in self._sum(rule, start, end).items():
            self._past[rule.code, day] = found

    def _sum(self, rule: IndexRule, start: date, end: date) -> dict[date, dict[str, Trading]]:
        rows: dict[date, list[Parties]] = {}
        for listing in self._indices.members(rule):
            for bar in self._exchange.daily_bars(listing.symbol, start, end, False):
                rows.setdefault(bar.day, []).append(parties(listing, bar, self._exchange.seed))
        return {day: joined(found) for day, found in rows.items()}


def _days(start: date, end: date) -> list[date]:
    return [start + timedelta(days=place) for place in range((end - start).days + 1)]
