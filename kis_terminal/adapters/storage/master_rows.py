"""One instrument of the master as a row of `symbols`, and back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from kis_terminal.domain.instruments import Instrument, InstrumentKind, Market


def row_of(instrument: Instrument, realm: str, day: date) -> dict[str, Any]:
    """Return an instrument as column values."""
    price = instrument.base_price
    return {
        "realm": realm,
        "symbol": instrument.symbol,
        "day": day,
        "name": instrument.name,
        "market": instrument.market.value,
        "kind": instrument.kind.value,
        "standard_code": instrument.standard_code,
        "base_price": None if price is None else str(price),
        "is_halted": instrument.is_halted,
        "is_liquidation": instrument.is_liquidation,
    }


def instrument_of(row: Any) -> Instrument:
    """Return the instrument of a row with the columns' names."""
    return Instrument(
        symbol=row.symbol,
        name=row.name,
        market=Market(row.market),
        kind=InstrumentKind(row.kind),
        standard_code=row.standard_code,
        base_price=None if row.base_price is None else Decimal(row.base_price),
        is_halted=bool(row.is_halted),
        is_liquidation=bool(row.is_liquidation),
    )
