"""Name the market of an exchange: whoever keeps its bars must not take those of another one for them.

What was before the first day hangs on nothing but what the name holds; from that day on chance of the run and
orders of accounts have their part.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from kis_terminal.adapters.simulator.rules.calendar import SEOUL

if TYPE_CHECKING:
    from kis_terminal.adapters.simulator.history.bars_import import BarHistory

HISTORY_FORM = 1
"""Of listings and of how histories are made up; another one with every change of what they give."""
_NEVER = date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class MarketName:
    """`settled_until` is the first day whose bars the name does not tell."""

    name: str
    settled_until: date


def market_name(
    seed: int,
    first_day: date,
    *,
    is_open_always: bool,
    bars: BarHistory | None = None,
    is_replay: bool = False,
) -> MarketName:
    """Return the name of a market; a replay's answers are whatever was recorded, nothing of it is settled."""
    parts = [f"{HISTORY_FORM}", _short(f"{seed}"), f"{first_day:%y%m%d}", "o" if is_open_always else "c"]
    if bars is not None:
        parts.append(_digest(bars, first_day))
    if is_replay:
        return MarketName("replay", _NEVER)
    return MarketName("-".join(parts), first_day)


def usual_market(seed: int, now: datetime) -> MarketName:
    """Return the name of the market that an exchange started at `now` without options would play."""
    return market_name(seed, now.astimezone(SEOUL).date(), is_open_always=True)


def _short(text: str) -> str:
    """Return a text of at most eight characters: seeds may be any number."""
    return text if len(text) <= 8 else hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def _digest(bars: BarHistory, first_day: date) -> str:
    """Digest the bars that lie before the first day, symbol by symbol."""
    found = hashlib.blake2b(digest_size=4)
    for symbol in sorted(bars.symbols):
        known = bars.symbols[symbol].before(first_day)
        if known is None:
            continue
        found.update(f"{symbol}:{len(known.ordinals)};".encode())
        for column in (known.ordinals, known.ohlcv, known.base, known.split_factor):
            found.update(column.tobytes())
    return found.hexdigest()
