"""See that data has stopped on a connection that lives: the server answers heartbeats and sends no prints.

Silence proves nothing by itself: a market may be closed, halted or quiet. So one symbol is asked for by REST;
only where it has traded since its last print is the stream taken for dead.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.orders import Venue
from kis_terminal.domain.sessions import Phase
from kis_terminal.domain.trading_days import is_trading_day, phase_on
from kis_terminal.ports import Clock, LinkState, MarketFeed, Stream
from kis_terminal.services.market_data import MarketData, Rank
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

_TRADING = frozenset({Phase.CONTINUOUS, Phase.AFTER_MARKET})
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class StallTiming:
    """Seconds."""

    look: float = 5.0
    quiet: float = 30.0
    """Without any data on the whole connection, after which a symbol is asked for."""
    stream_quiet: float = 300.0
    """Without a print of one symbol while others have some."""
    settle: float = 3.0
    """What traded just now may still be on its way."""
    first_pause: float = 60.0
    longest_pause: float = 600.0
    """Between two connections given up; doubles until data comes."""


class StallWatch:
    """Own the watch over streams that are confirmed and bring nothing."""

    def __init__(
        self,
        feed: MarketFeed,
        market_data: MarketData,
        clock: Clock,
        scope: TaskScope,
        timing: StallTiming | None = None,
    ) -> None:
        self._feed = feed
        self._market_data = market_data
        self._clock = clock
        self._scope = scope
        self._timing = timing or StallTiming()
        self._asked_at: dict[str, float] = {}
        self._baselines: dict[str, int] = {}
        self._probed_at = float("-inf")
        self._pause = self._timing.first_pause
        self._restarted_at = float("-inf")
        self._is_doubting = False

    def start(self) -> None:
        """Look now and then from now on."""
        self._scope.spawn(self._run(), name="stall watch")

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._timing.look)
            figures, is_trading_time = self._feed.health(), self._is_trading_time()
            data_at = figures.link_since if figures.last_data_at is None else figures.last_data_at
            has_data = figures.last_data_at is not None and figures.last_data_at > self._restarted_at
            if self._is_doubting and (has_data or not is_trading_time):
                # Until here nothing was live and all was polled, however often streams were confirmed.
                self._is_doubting = False
                self._market_data.wanted.trust()
            if not is_trading_time or figures.link is not LinkState.CONNECTED:
                continue
            now = self._clock.monotonic()
            if data_at > self._restarted_at + self._timing.settle:
                self._pause = self._timing.first_pause
            quiet_since = max(data_at, figures.link_since, self._probed_at)
            if now - quiet_since >= self._timing.quiet:
                await self._probe_connection(data_at)
            else:
                await self._probe_one_stream()

    def _is_trading_time(self) -> bool:
        """Tell whether prints may be expected; the probe decides, so this only saves calls."""
        told = self._market_data.market_seconds()
        now = self._clock.now()
        if told is None and not is_trading_day(now.date()):
            return False
        seconds = now.hour * 3600 + now.minute * 60 + now.second if told is None else told
        return phase_on(Venue.KRX, now.date(), seconds % _DAY) in _TRADING

    def _confirmed(self) -> list[str]:
        """Return the symbols whose prints should come, the latest to trade first."""
        wanted = self._market_data.wanted
        found = [
            symbol
            for stream, symbol in wanted.ranked()
            if stream is Stream.TICKS and wanted.confirmed_at((stream, symbol)) is not None
        ]
        return sorted(found, key=self._last_print, reverse=True)

    def _last_print(self, symbol: str) -> int:
        seconds = self._market_data.state(symbol).seconds
        return -1 if seconds is None else seconds

    async def _probe_connection(self, data_at: float) -> None:
        """Ask for the symbol that traded last; give the connection up where prints of it were missed."""
        self._probed_at = now = self._clock.monotonic()
        symbols = self._confirmed()
        if not symbols or now - self._restarted_at < self._pause:
            return
        messages = self._feed.health().messages
        if not await self._has_missed(symbols[0]):
            return
        figures = self._feed.health()
        if figures.link is not LinkState.CONNECTED or (figures.last_data_at or 0.0) > now:
            return
        log.warning(
            "no data for %.0f s on a connection that lives (%d messages), though %s traded: connecting anew",
            self._clock.monotonic() - data_at,
            messages,
            symbols[0],
        )
        self._pause = min(2 * self._pause, self._timing.longest_pause)
        self._restarted_at = self._clock.monotonic()
        self._is_doubting = True
        self._market_data.wanted.doubt(data_at)
        self._feed.restart(symbols[0])

    async def _probe_one_stream(self) -> None:
        """Ask for one symbol that has been silent while others traded; renew its stream if it was missed."""
        told, now = self._market_data.market_seconds(), self._clock.monotonic()
        if told is None:
            return
        timing = self._timing
        for symbol in reversed(self._confirmed()):
            if self._market_data.wanted.rank((Stream.TICKS, symbol)) is Rank.REST:
                continue
            confirmed_at = self._market_data.wanted.confirmed_at((Stream.TICKS, symbol)) or now
            if now - max(confirmed_at, self._asked_at.get(symbol, confirmed_at)) < timing.stream_quiet:
                continue
            if told - self._last_print(symbol) < timing.stream_quiet:
                continue
            self._asked_at[symbol] = now
            if await self._has_missed(symbol):
                log.warning(
                    "prints of %s have stopped though it trades: its stream is asked for anew", symbol
                )
                self._feed.renew(Stream.TICKS, symbol)
            return

    def _streamed_volume(self, symbol: str) -> int:
        """Return the day's volume as the stream told it last, 0 when it has not."""
        tape = self._market_data.state(symbol).tape
        return tape[-1].volume if tape else 0

    async def _has_missed(self, symbol: str) -> bool:
        """Tell whether a symbol has traded without a print of it; False where that cannot be known now."""
        known = self._streamed_volume(symbol) or self._baselines.get(symbol, 0)
        try:
            quote = await self._market_data.refresh_quote(symbol)
        except TerminalError as error:
            log.info("whether %s trades: %s", symbol, error)
            return False
        self._baselines[symbol] = quote.volume
        if not known or quote.is_halted or quote.volume <= known:
            return False
        await asyncio.sleep(self._timing.settle)
        return self._streamed_volume(symbol) < quote.volume
