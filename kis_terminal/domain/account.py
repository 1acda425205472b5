"""Positions and cash. Amounts in won (`Decimal`), quantities in shares, rates in percent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Position:
    """One holding as the broker reports it."""

    symbol: str
    name: str
    quantity: int
    sellable: int
    average_price: Decimal
    price: Decimal
    cost: Decimal
    """매입금액: what was paid, without costs."""
    value: Decimal
    """평가금액 at `price`."""
    bought_today: int = 0
    sold_today: int = 0


@dataclass(frozen=True, slots=True)
class Balance:
    """A complete account listing; a failed one raises, it never looks like an empty account."""

    positions: tuple[Position, ...]
    cash: Decimal
    """예수금 (D)."""
    cash_d1: Decimal
    cash_d2: Decimal
    """D+2 settled cash: what today's trades leave."""
    total_value: Decimal
    """Securities and D+2 cash."""
    fees_today: Decimal
    taxes_today: Decimal
    received_at: datetime


@dataclass(frozen=True, slots=True)
class BuyingPower:
    """What the broker lets one buy without margin, for one symbol, kind and price."""

    amount: Decimal
    quantity: int
    cash: Decimal
