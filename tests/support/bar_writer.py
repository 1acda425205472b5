"""A program that writes pages of bars until it is killed: `python -m tests.support.bar_writer`.

Reads one JSON object from standard input: `database_url` or null, `folder`, `symbol`. Prints the number of
each page when the store has confirmed it; page n holds the bars n * 10 to n * 10 + 9 of `weekdays`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from kis_terminal.adapters.storage.bar_place import store_place
from kis_terminal.adapters.storage.bars import SqlBarStore
from kis_terminal.domain.bar_columns import BarColumns, Product, SeriesKey, Span
from kis_terminal.domain.market import Interval
from tests.support.bar_stores import DAY, made_bars, weekdays

PAGE = 10
PAGES = 2_000
REALM = "market"


def key_of(symbol: str) -> SeriesKey:
    """Return the series that the program writes."""
    return SeriesKey(Product.STOCK, symbol, Interval.DAY)


def pages_of(symbol: str, count: int) -> list[tuple[BarColumns, Span]]:
    """Return the first pages and what each covers."""
    times = weekdays(PAGES * PAGE)
    whole = made_bars(key_of(symbol), times)
    found = []
    for first in range(0, count * PAGE, PAGE):
        last = first + PAGE
        bars = BarColumns(whole.key, times[first:last], whole.columns[:, first:last])
        found.append((bars, Span(int(times[first]), int(times[last - 1]) + DAY)))
    return found


async def _write(told: dict[str, Any]) -> None:
    store = SqlBarStore(store_place(told["database_url"], Path(told["folder"])), REALM)
    for number, (bars, covered) in enumerate(pages_of(told["symbol"], PAGES)):
        await store.write(bars, [covered])
        print(number, flush=True)


if __name__ == "__main__":
    asyncio.run(_write(json.loads(sys.stdin.readline())))
