"""The turn of the day: what was yesterday's is closed, what holds for a day is fetched anew, once."""

from __future__ import annotations

import asyncio
import logging
from datetime import date

from kis_terminal.domain.errors import CorrectionNeeded, TerminalError
from kis_terminal.domain.trading_days import is_trading_day, trading_date
from kis_terminal.ports import Clock, QuoteSource
from kis_terminal.services.hub import Topic
from kis_terminal.services.instruments import Instruments
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.reconcile import Reconciler
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

CHECK_SECONDS = 20.0
"""Between two looks at the clock: it may be set, and the machine may have slept over the turn."""


class TradingDay:
    """Own which day it is. Topics: `begun` (the new trading date).

    At midnight in Seoul orders get a new list, so the old one is asked for once more. At 07:00 the master,
    quotes and price limits are fetched anew, and on a day on which the market opens the day's sums begin at
    zero. Tokens and approval keys look after their own ends.
    """

    def __init__(
        self,
        source: QuoteSource,
        instruments: Instruments,
        market_data: MarketData,
        portfolio: Portfolio,
        risk_gate: RiskGate,
        reconciler: Reconciler,
        clock: Clock,
        scope: TaskScope,
        *,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self._source = source
        self._instruments = instruments
        self._market_data = market_data
        self._portfolio = portfolio
        self._risk_gate = risk_gate
        self._reconciler = reconciler
        self._clock = clock
        self._scope = scope
        self._check_seconds = check_seconds
        self._listed = clock.now().date()
        self._asked: date | None = None
        self.day = trading_date(clock.now())
        """The date whose trading belongs to now."""
        self.begun: Topic[date] = Topic("trading day begun")

    def start(self) -> None:
        """Look at the clock from now on."""
        self._scope.spawn(self._run(), name="trading day")

    async def _run(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(self._check_seconds)

    async def _look(self) -> None:
        now = self._clock.now()
        if now.date() != self._listed:
            self._listed = now.date()
            self._risk_gate.is_open_day = None
            self._reconciler.want()
        if self._asked != now.date():
            self._risk_gate.is_open_day = await self._is_open(now.date())
        day = trading_date(now)
        # A clock that is put back a little at 07:00 does not begin a day twice.
        if day > self.day and await self._begin(day):
            self.day = day
            self.begun.publish(day)

    async def _is_open(self, day: date) -> bool:
        """Return whether the market opens on `day`: by the broker's word, else by the calendar."""
        try:
            is_open = await self._source.is_open_day(day)
        except TerminalError as error:
            log.info("whether the market opens on %s: %s", day, error)
            if isinstance(error, CorrectionNeeded):
                self._asked = day  # paper has no such call: the calendar is all there is
            return is_trading_day(day)
        self._asked = day
        return is_open

    async def _begin(self, day: date) -> bool:
        """Fetch what holds for one day; False where that has to be tried again."""
        log.info("the trading day %s begins", day)
        try:
            await self._instruments.load()
        except TerminalError as error:
            log.warning("instrument list of %s: %s", day, error)
            return False
        # Not what today is: before 07:00 this is still the day before.
        if await self._is_open(day):
            self._portfolio.begin_day()
            self._risk_gate.begin_day()
        self._market_data.refresh_watched()
        self._reconciler.want()
        return True
