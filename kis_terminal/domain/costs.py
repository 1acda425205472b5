"""Commission and transaction tax of Korean cash trading, by date and market.

Source: public broker notices on the 2024-2026 tax rates (KOSPI figures include the 0.15 % rural tax).
The commission is the account's own; the default is the one of KIS's online accounts' list price.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from kis_terminal.domain.instruments import Instrument, Market
from kis_terminal.domain.orders import Side

_SALE_TAX: tuple[tuple[date, dict[Market, Decimal]], ...] = (
    (date(2026, 1, 1), {Market.KOSPI: Decimal("0.0020"), Market.KOSDAQ: Decimal("0.0020")}),
    (date(2025, 1, 1), {Market.KOSPI: Decimal("0.0015"), Market.KOSDAQ: Decimal("0.0015")}),
    (date(2024, 1, 1), {Market.KOSPI: Decimal("0.0018"), Market.KOSDAQ: Decimal("0.0018")}),
    (date(2023, 1, 1), {Market.KOSPI: Decimal("0.0020"), Market.KOSDAQ: Decimal("0.0020")}),
    (date(2021, 1, 1), {Market.KOSPI: Decimal("0.0023"), Market.KOSDAQ: Decimal("0.0023")}),
    (date(2019, 6, 3), {Market.KOSPI: Decimal("0.0025"), Market.KOSDAQ: Decimal("0.0025")}),
    (date(1996, 1, 1), {Market.KOSPI: Decimal("0.0030"), Market.KOSDAQ: Decimal("0.0030")}),
)
_KONEX_TAX = Decimal("0.0010")
DEFAULT_COMMISSION_RATE = Decimal("0.00015")


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs of one execution in whole won."""

    commission: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        """Return commission and tax together."""
        return self.commission + self.tax


def sale_tax_rate(instrument: Instrument, day: date) -> Decimal:
    """Return the fraction of a sale's amount that goes to the tax office on `day`."""
    if not instrument.is_taxed:
        return Decimal(0)
    if instrument.market is Market.KONEX:
        return _KONEX_TAX
    for since, rates in _SALE_TAX:
        if day >= since:
            return rates[instrument.market]
    raise ValueError(f"no tax rate is known for {day.isoformat()}")


def sale_tax_history(instrument: Instrument) -> tuple[tuple[date, Decimal], ...]:
    """Return the days on which the tax of a sale changed and the rate since each, the oldest first."""
    if not instrument.is_taxed:
        return ((date.min, Decimal(0)),)
    if instrument.market is Market.KONEX:
        return ((date.min, _KONEX_TAX),)
    return tuple((since, rates[instrument.market]) for since, rates in reversed(_SALE_TAX))


def trade_costs(
    instrument: Instrument,
    side: Side,
    amount: Decimal,
    day: date,
    commission_rate: Decimal = DEFAULT_COMMISSION_RATE,
) -> Costs:
    """Return the costs of buying or selling for `amount` won, each cut to whole won."""
    commission = (amount * commission_rate).to_integral_value(ROUND_FLOOR)
    tax = Decimal(0)
    if side is Side.SELL:
        tax = (amount * sale_tax_rate(instrument, day)).to_integral_value(ROUND_FLOOR)
    return Costs(commission, tax)
