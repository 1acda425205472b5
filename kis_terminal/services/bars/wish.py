"""What a person asks to be fetched; plain words, so that the window's form needs no numpy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kis_terminal.domain.market import Interval


@dataclass(frozen=True, slots=True)
class FetchWish:
    """Symbols of one product, one interval, days from `start` to `end`."""

    symbols: tuple[str, ...]
    product: str
    """`stock`, `index` or `overseas`."""
    exchange: str
    """Only for `overseas`: NAS, NYS, …"""
    interval: Interval
    is_adjusted: bool
    start: date
    end: date
