"""The bars of lately loaded series: final ones as long as there is room, those of today for some seconds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from kis_terminal.domain.bar_columns import BarColumns, SeriesKey, Span
from kis_terminal.domain.spans import joined, missing
from kis_terminal.ports import Clock
from kis_terminal.services.bars.columns import merged, no_bars
from kis_terminal.services.bars.spans import within

LIVE_SECONDS = 30.0
_MOST_SERIES = 64


@dataclass(frozen=True, slots=True)
class Live:
    """Bars of time that is not over, and when they were listed (Clock.monotonic())."""

    bars: BarColumns
    span: Span
    at: float


@dataclass(slots=True)
class Held:
    """Final bars of one series and the spans they answer for."""

    bars: BarColumns
    covered: list[Span]
    live: Live | None = None


class BarMemory:
    """Hold the series that were used last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: OrderedDict[SeriesKey, Held] = OrderedDict()

    def held(self, key: SeriesKey) -> Held:
        """Return what is held of a series, which may be nothing."""
        found = self._held.get(key)
        if found is None:
            return Held(no_bars(key), [])
        self._held.move_to_end(key)
        return found

    def live(self, key: SeriesKey, span: Span) -> BarColumns | None:
        """Return the bars of an unfinished span that were listed a moment ago, None where there are none."""
        live = self.held(key).live
        if live is None or self._clock.monotonic() - live.at >= LIVE_SECONDS or missing(span, [live.span]):
            return None
        return live.bars

    def keep(self, key: SeriesKey, bars: BarColumns, covered: Sequence[Span], final_end: int) -> None:
        """Add final bars; what lies behind `final_end` is not."""
        held = self.held(key)
        final = within(Span(0, final_end), covered)
        held.bars = merged(key, [held.bars, bars.between(0, final_end)])
        held.covered = joined([*held.covered, *final])
        self._held[key] = held
        while len(self._held) > _MOST_SERIES:
            self._held.popitem(last=False)

    def keep_live(self, key: SeriesKey, bars: BarColumns, span: Span) -> None:
        """Hold the bars of an unfinished span that were just listed; the series is held already."""
        self.held(key).live = Live(bars.between(span.start, span.end), span, self._clock.monotonic())

    def drop(self, key: SeriesKey) -> None:
        """Forget one series."""
        self._held.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()
