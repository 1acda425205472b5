"""The other traders' agenda: whose crowd acts next, and how the market as a whole moves meanwhile.

Times are microseconds since the exchange was opened, in the caller's time.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Mapping
from datetime import datetime

from kis_terminal.adapters.simulator.books.market import SymbolMarket
from kis_terminal.adapters.simulator.history.made_up_day import MARKET_VOLATILITY, SESSION_SECONDS

LONGEST_GAP = 120.0
"""Seconds of trading that one run catches up with; what lies before is skipped (a sleeping machine)."""
MARKET_STEP = 1_000_000
"""Microseconds between two moves of the market as a whole."""


class CrowdAgenda:
    """Let every symbol's crowd act in the order of their times; how far they got is `elapsed`."""

    def __init__(
        self,
        markets: Mapping[str, SymbolMarket],
        rng: random.Random,
        moment_of: Callable[[int], datetime],
        after_act: Callable[[str, datetime], None],
    ) -> None:
        """`moment_of` gives exchange time; `after_act` is told the symbol whose crowd has acted, and when."""
        self._markets = markets
        self._rng = rng
        self._moment_of = moment_of
        self._after_act = after_act
        self._order = list(markets)
        self._level = 0.0
        self._seen_level = dict.fromkeys(self._order, 0.0)
        self._acted_at = dict.fromkeys(self._order, 0)
        self._next_step = MARKET_STEP
        self.elapsed = 0
        self._due = [(markets[s].crowd.next_delay(), index) for index, s in enumerate(self._order)]
        heapq.heapify(self._due)

    def admit(self, symbol: str) -> None:
        """Let the crowd of a new listing act from now on."""
        self._order.append(symbol)
        self._seen_level[symbol] = self._level
        self._acted_at[symbol] = self.elapsed
        first = self.elapsed + self._markets[symbol].crowd.next_delay()
        heapq.heappush(self._due, (first, len(self._order) - 1))

    def pass_to(self, target: int) -> None:
        """Let the time pass to `target` while nobody trades."""
        self.elapsed = max(self.elapsed, target)

    def resume(self) -> None:
        """Bring forward to now what fell due while nobody traded."""
        self._due = [(max(at, self.elapsed + 1), index) for at, index in self._due]
        heapq.heapify(self._due)

    def run_until(self, target: int) -> None:
        """Let everybody act who is due by `target`."""
        skip = target - self.elapsed - int(LONGEST_GAP * 1_000_000)
        if skip > 0:
            self._due = [(at + skip, index) for at, index in self._due]
            self._acted_at = {symbol: at + skip for symbol, at in self._acted_at.items()}
            self._next_step += skip
        if self._due[0][0] < self.elapsed:
            self.resume()
        due, order, markets = self._due, self._order, self._markets
        while due[0][0] <= target:
            at, index = due[0]
            while self._next_step <= at:
                self._level += self._rng.gauss(0.0, MARKET_VOLATILITY / math.sqrt(SESSION_SECONDS))
                self._next_step += MARKET_STEP
            symbol = order[index]
            market = markets[symbol]
            moment = self._moment_of(at)
            seconds = (at - self._acted_at[symbol]) / 1_000_000
            move = self._level - self._seen_level[symbol]
            self.elapsed = at
            market.act(moment, seconds, move)
            self._acted_at[symbol], self._seen_level[symbol] = at, self._level
            self._after_act(symbol, moment)
            heapq.heapreplace(due, (at + market.crowd.next_delay(), index))
        self.elapsed = max(self.elapsed, target)
