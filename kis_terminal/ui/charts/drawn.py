"""What a chart is told to draw beside its bars; importable without numpy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kis_terminal.domain.orders import Side


class ChartKind(StrEnum):
    """How bars are drawn."""

    CANDLES = "candles"
    LINE = "line"
    HEIKIN_ASHI = "heikin_ashi"


@dataclass(frozen=True, slots=True)
class FillMark:
    """An own execution; `seconds` is its wall time as bars count it."""

    side: Side
    quantity: int
    price: float
    seconds: int


@dataclass(frozen=True, slots=True)
class OrderMark:
    """An own working order with a price; `text` stands on its chip."""

    key: str
    side: Side
    price: float
    text: str
    is_cancelling: bool = False
