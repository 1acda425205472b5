"""Today's instruments: look up by symbol, search by code, name and 초성."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from kis_terminal.domain.errors import UnknownSymbol
from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.search import InstrumentIndex
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import MasterSource
from kis_terminal.services.hub import Topic

log = logging.getLogger(__name__)


class Instruments:
    """Own the master. Topics: `loaded` (how many instruments)."""

    def __init__(self, source: MasterSource) -> None:
        self._source = source
        self._by_symbol: dict[str, Instrument] = {}
        self._index: InstrumentIndex | None = None
        self.loaded: Topic[int] = Topic("instruments loaded")

    def __len__(self) -> int:
        return len(self._by_symbol)

    async def load(self) -> None:
        """Fetch today's master; raises TerminalError, and then keeps what it had."""
        self.take(await self._source.instruments())

    def take(self, instruments: Sequence[Instrument]) -> None:
        """Replace the list."""
        self._by_symbol = {item.symbol: item for item in instruments}
        self._index = InstrumentIndex(list(self._by_symbol.values()))
        log.info("%d instruments loaded", len(self._by_symbol))
        self.loaded.publish(len(self._by_symbol))

    def get(self, symbol: str) -> Instrument | None:
        """Return the instrument, None when the master does not have it."""
        return self._by_symbol.get(symbol)

    def require(self, symbol: str) -> Instrument:
        """Return the instrument or raise UnknownSymbol."""
        item = self._by_symbol.get(symbol)
        if item is None:
            raise UnknownSymbol(
                Sentence(
                    "종목 {symbol!r} 은(는) 오늘 종목 목록에 없습니다. 종목코드를 확인하십시오.",
                    symbol=symbol,
                )
            )
        return item

    def name(self, symbol: str) -> str:
        """Return the name to show, the symbol itself where it is not known."""
        item = self._by_symbol.get(symbol)
        return item.name if item is not None else symbol

    def find(self, text: str, limit: int = 20) -> list[Instrument]:
        """Return the best matches of a search text."""
        return self._index.find(text, limit) if self._index is not None else []
