"""Bars of time that is not over, shared by programs for some seconds: one call serves all of them."""

from __future__ import annotations

import logging

import numpy as np

from kis_terminal.domain.bar_columns import BarColumns, SeriesKey, Span
from kis_terminal.domain.bars import FIELDS
from kis_terminal.domain.envelope import seal, unseal
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.spans import missing
from kis_terminal.ports import Cache

log = logging.getLogger(__name__)

_KIND = "livebars"
SHARED_SECONDS = 30.0
"""How long bars that are not over serve other programs."""
_HEAD = 3
"""Numbers before the bars: start and end of the span, count."""


class SharedLive:
    """Puts and gets them in a cache; a cache that cannot be reached is no cache."""

    def __init__(self, cache: Cache, realm: str, seconds: float) -> None:
        """`realm` keeps made-up prices apart from the market's."""
        self._cache = cache
        self._realm = realm
        self._seconds = seconds

    async def get(self, key: SeriesKey, span: Span) -> BarColumns | None:
        """Return the bars of a span as a program listed them a moment ago, None where none did."""
        try:
            value = await self._cache.get(self._name(key))
        except StoreUnavailable as error:
            log.debug("shared bars: %s", error)
            return None
        content = unseal(_KIND, value) if value is not None else None
        found = _unpacked(key, content) if content is not None else None
        if found is None or missing(span, [found[0]]):
            return None
        return found[1].between(span.start, span.end)

    async def put(self, key: SeriesKey, span: Span, bars: BarColumns) -> None:
        """Let other programs have bars that were just listed."""
        try:
            await self._cache.put(self._name(key), seal(_KIND, _packed(span, bars)), self._seconds)
        except StoreUnavailable as error:
            log.debug("shared bars: %s", error)

    def _name(self, key: SeriesKey) -> str:
        price = "adjusted" if key.is_adjusted else "raw"
        parts = (self._realm, key.product.value, key.exchange, key.symbol, key.interval.value, price)
        return "bars:" + ":".join(parts)


def _packed(span: Span, bars: BarColumns) -> bytes:
    head = np.array([span.start, span.end, len(bars)], dtype="<i8")
    return head.tobytes() + bars.times.astype("<i8").tobytes() + bars.columns.astype("<f8").tobytes()


def _unpacked(key: SeriesKey, content: bytes) -> tuple[Span, BarColumns] | None:
    """Return span and bars; None for what no program of ours has written."""
    if len(content) < _HEAD * 8:
        return None
    start, end, count = np.frombuffer(content[: _HEAD * 8], dtype="<i8").tolist()
    if count < 0 or len(content) != 8 * (_HEAD + count * (1 + FIELDS)) or end <= start:
        return None
    times = np.frombuffer(content, dtype="<i8", count=count, offset=_HEAD * 8).astype(np.int64)
    columns = np.frombuffer(content, dtype="<f8", offset=8 * (_HEAD + count)).reshape(FIELDS, count).copy()
    rises = bool(np.all(times[1:] > times[:-1])) and (
        not count or start <= int(times[0]) <= int(times[-1]) < end
    )
    is_sound = bool(np.all(np.isfinite(columns))) and bool(np.all(columns >= 0))
    return (Span(start, end), BarColumns(key, times, columns)) if rises and is_sound else None
