"""The latest prices, shared between programs: a fresh one shows them at once, with their age.

They are for the eye: a told price brings no limits, is never live, and its age keeps it from every check that
asks for a fresh one. What is in the cache is data of others: checked field by field, absent if one is off.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from kis_terminal.domain.envelope import seal, unseal
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.ports import Cache, Clock
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.symbol_state import SymbolState, ToldPrice
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

_KIND = "quote"
_LIFE_SECONDS = 3600.0
_WRITE_SECONDS = 2.0
_AT_ONCE = 50
"""Symbols that are written in one turn; the others have theirs in the next."""
_CLOCKS_APART = 5.0
_NEW_DAY_HOUR = 7
"""From here on base prices are those of the day."""
_LARGEST = Decimal(10) ** 16
_WHOLE = ("volume", "turnover")
_UNSURE = ("ask", "bid", "strength")


class SharedQuotes:
    """Writes what the market tells this program, and reads what it told others."""

    def __init__(self, cache: Cache, market: MarketData, clock: Clock, scope: TaskScope, name: str) -> None:
        """`name` is what the keys of the app key begin with; `clock` is the exchange's."""
        self._cache = cache
        self._market = market
        self._clock = clock
        self._scope = scope
        self._name = name
        self._changed: dict[str, None] = {}
        self._has_told = False

    def start(self) -> None:
        """Begin; ends with the scope."""
        self._market.on_unknown = self._ask
        self._market.ticks.subscribe(lambda ticks: self._note(ticks[0].symbol))
        self._market.quotes.subscribe(self._note)
        self._scope.spawn(self._write(), name="shared quotes")

    def _note(self, symbol: str) -> None:
        self._changed[symbol] = None

    def _ask(self, symbol: str) -> None:
        self._scope.spawn(self._read(symbol), name=f"shared quote {symbol}")

    async def _read(self, symbol: str) -> None:
        try:
            value = await self._cache.get(self._place(symbol))
        except StoreUnavailable as error:
            log.debug("shared quote: %s", error)
            return
        if value is None:
            return
        now = self._clock.now()
        read = _opened(symbol, value)
        if read is None:
            if not self._has_told:
                log.warning("a shared quote cannot be read and is not used (%s)", symbol)
            self._has_told = True
            return
        told, at = read
        age = (now - at).total_seconds()
        if -_CLOCKS_APART <= age <= _LIFE_SECONDS and _day_of(at) == _day_of(now):
            self._market.take_told(symbol, told, max(age, 0.0))

    async def _write(self) -> None:
        while True:
            await asyncio.sleep(_WRITE_SECONDS)
            for symbol in list(self._changed)[:_AT_ONCE]:
                value = self._sealed(symbol)
                if value is not None:
                    try:
                        await self._cache.put(self._place(symbol), value, _LIFE_SECONDS)
                    except StoreUnavailable as error:
                        log.debug("quotes are not shared: %s", error)
                        break
                self._changed.pop(symbol, None)

    def _sealed(self, symbol: str) -> bytes | None:
        """Return what the market told this program itself, None where it told nothing."""
        state, age = self._market.state(symbol), self._market.price_age(symbol)
        is_own = state.quote is not None or state.seconds is not None
        if age is None or not is_own or state.price is None or state.volume is None:
            return None
        at = self._clock.now() - timedelta(seconds=age)
        figures = {field.name: _text(state, field.name) for field in fields(ToldPrice)}
        return seal(_KIND, json.dumps({"symbol": symbol, "at": at.isoformat(), **figures}).encode())

    def _place(self, symbol: str) -> str:
        return f"{self._name}:quote:{symbol}"


def _day_of(moment: datetime) -> tuple[object, bool]:
    return moment.date(), moment.hour >= _NEW_DAY_HOUR


def _text(state: SymbolState, name: str) -> str | bool | None:
    value = getattr(state, name)
    return value if value is None or isinstance(value, bool) else str(value)


def _opened(symbol: str, value: bytes) -> tuple[ToldPrice, datetime] | None:
    """Return the figures and their time; None where any of it is not what it should be."""
    content = unseal(_KIND, value)
    try:
        read = json.loads(content) if content is not None else None
        if not isinstance(read, dict) or read.pop("symbol") != symbol:
            return None
        at = datetime.fromisoformat(read.pop("at"))
        told = ToldPrice(**{name: _figure(name, text) for name, text in read.items()})  # type: ignore[arg-type]
    except (ValueError, TypeError, KeyError, InvalidOperation):
        return None
    return (told, at) if at.tzinfo is not None and told.price > 0 else None


def _figure(name: str, text: object) -> Decimal | int | bool | None:
    if text is None and name in _UNSURE:
        return None
    if name == "is_halted" and isinstance(text, bool):
        return text
    number = Decimal(str(text))
    if not number.is_finite() or abs(number) > _LARGEST:
        raise ValueError(name)
    return int(number) if name in _WHOLE else number
