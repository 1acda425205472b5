"""Commission and tax by date and market."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from kis_terminal.domain.costs import sale_tax_rate, trade_costs
from kis_terminal.domain.instruments import Instrument, InstrumentKind, Market
from kis_terminal.domain.orders import Side

SAMSUNG = Instrument("005930", "삼성전자", Market.KOSPI)
KODEX = Instrument("069500", "KODEX 200", Market.KOSPI, InstrumentKind.ETF)


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        (date(2026, 11, 22), "0.0020"),
        (date(2025, 12, 31), "0.0015"),
        (date(2024, 6, 3), "0.0018"),
        (date(2022, 1, 3), "0.0023"),
    ],
)
def test_sale_tax_is_the_one_of_its_year(day: date, rate: str) -> None:
    assert sale_tax_rate(SAMSUNG, day) == Decimal(rate)


def test_an_etf_bears_no_tax() -> None:
    assert trade_costs(KODEX, Side.SELL, Decimal(10_000_000), date(2026, 1, 5)).tax == 0


def test_a_buy_bears_commission_only_cut_to_whole_won() -> None:
    costs = trade_costs(SAMSUNG, Side.BUY, Decimal(84_600), date(2026, 1, 5))

    assert (costs.commission, costs.tax) == (Decimal(12), Decimal(0))


def test_a_sale_bears_both() -> None:
    costs = trade_costs(SAMSUNG, Side.SELL, Decimal(4_185_000), date(2026, 1, 5))

    assert (costs.commission, costs.tax, costs.total) == (Decimal(627), Decimal(8_370), Decimal(8_997))


def test_a_date_before_the_table_is_said_not_guessed() -> None:
    with pytest.raises(ValueError, match="1990-01-03"):
        sale_tax_rate(SAMSUNG, date(1990, 1, 3))
