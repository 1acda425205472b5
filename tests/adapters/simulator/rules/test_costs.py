from __future__ import annotations

from datetime import date

import pytest

from kis_terminal.adapters.simulator.rules.costs import Costs


def test_commission_is_cut_to_whole_won() -> None:
    assert Costs().commission(8_270_000) == 1_240


@pytest.mark.parametrize(("year", "tax"), [(2026, 2_000), (2025, 1_500), (2024, 1_800)])
def test_sellers_of_shares_pay_the_tax_of_the_year(year: int, tax: int) -> None:
    assert Costs().tax("sell", "stock", 1_000_000, date(year, 6, 1)) == tax


def test_buyers_and_funds_pay_no_tax() -> None:
    assert Costs().tax("buy", "stock", 1_000_000, date(2026, 6, 1)) == 0
    assert Costs().tax("sell", "etf", 1_000_000, date(2026, 6, 1)) == 0
