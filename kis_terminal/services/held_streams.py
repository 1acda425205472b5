"""Live prices of what is held, whatever is shown: the day's loss and a sale are valued by them."""

from __future__ import annotations

from kis_terminal.services.market_data import MarketData, Rank, Stream, Watch
from kis_terminal.services.portfolio import Portfolio


class HeldStreams:
    """Watch every position's prints from its first share to its last."""

    def __init__(self, portfolio: Portfolio, market_data: MarketData) -> None:
        self._portfolio = portfolio
        self._market_data = market_data
        self._watched: dict[str, Watch] = {}
        self._subscription = portfolio.changed.subscribe(lambda _: self._sync())

    def _sync(self) -> None:
        held = {position.symbol for position in self._portfolio.positions}
        for symbol in [symbol for symbol in self._watched if symbol not in held]:
            self._watched.pop(symbol).close()
        for symbol in held - self._watched.keys():
            self._watched[symbol] = self._market_data.watch(symbol, Stream.TICKS, rank=Rank.HELD)

    def close(self) -> None:
        """Let all of them go; may be called twice."""
        self._subscription.close()
        for watch in self._watched.values():
            watch.close()
        self._watched.clear()
