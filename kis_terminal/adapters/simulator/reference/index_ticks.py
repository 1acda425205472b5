"""Walk an index back in time by undoing the last prints of its names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.model import TradePrinted
from kis_terminal.adapters.simulator.reference.index_market import IndexMarket
from kis_terminal.adapters.simulator.reference.index_rules import IndexRule

STEP_SECONDS = 10
_PRINTS = 150


@dataclass(frozen=True, slots=True)
class IndexTick:
    """The index at the end of one step; `volume` is the step's own."""

    time: datetime
    level: float
    volume: int
    total_volume: int
    total_turnover: int


def index_ticks(exchange: Exchange, market: IndexMarket, rule: IndexRule, count: int) -> list[IndexTick]:
    """Return up to `count` steps of ten seconds, newest first; the first one is as far as it got."""
    now = market.snapshot(rule)
    begin = now.time - timedelta(seconds=STEP_SECONDS * count)
    members = market.members(rule)
    worth = sum(exchange.quote(one.symbol).last * one.listed_shares for one in members)
    points = now.last / worth
    undo: list[tuple[TradePrinted, int]] = []
    for listing in members:
        prints = exchange.recent_trades(listing.symbol, _PRINTS)
        for before, printed in pairwise(prints):
            if begin < printed.time <= now.time:
                undo.append((printed, (printed.price - before.price) * listing.listed_shares))
    undo.sort(key=lambda pair: pair[0].time, reverse=True)
    end = now.time
    ticks: list[IndexTick] = []
    volume, turnover = now.volume, now.turnover
    place = 0
    for _ in range(count):
        # Steps end at whole tens of seconds; the one under way ends now.
        first = end.replace(second=end.second // STEP_SECONDS * STEP_SECONDS, microsecond=0)
        if first == end:
            first -= timedelta(seconds=STEP_SECONDS)
        level, total, amount, own = round(points * worth, 2), volume, turnover, 0
        while place < len(undo) and undo[place][0].time > first:
            printed, change = undo[place]
            worth -= change
            own += printed.quantity
            volume -= printed.quantity
            turnover -= printed.quantity * printed.price
            place += 1
        ticks.append(IndexTick(end, level, own, total, amount))
        end = first
    return ticks
