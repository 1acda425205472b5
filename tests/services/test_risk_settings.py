"""Limits are kept, and a text that is none never makes them laxer."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.risk import RiskLimits
from kis_terminal.services.risk_settings import RiskSettings, changed, text_of
from tests.support.ports_in_memory import MemoryStore

MINE = replace(
    RiskLimits(),
    max_quantity=7,
    max_order_value=Decimal("1234567"),
    max_price_age=12.5,
    soft_collar_percent=Decimal("2.5"),
    denied_symbols=frozenset({"0126Z0", "005930"}),
)


def test_what_was_never_set_has_its_default() -> None:
    assert RiskSettings(MemoryStore()).load() == RiskLimits()


def test_limits_are_read_back_as_they_were_kept() -> None:
    store = MemoryStore()
    RiskSettings(store).save(MINE)

    assert RiskSettings(store).load() == MINE


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "NaN", "inf", "1e400", "천만", "７０", "1_000", "10^6", "9" * 20]
)
def test_case_69_a_text_that_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(CorrectionNeeded):
        RiskSettings(MemoryStore({"risk.max_order_value": text})).load()


def test_shares_are_whole_and_symbols_are_symbols() -> None:
    with pytest.raises(CorrectionNeeded, match="정수"):
        changed(RiskLimits(), "max_quantity", "1.5")
    with pytest.raises(CorrectionNeeded, match="종목코드"):
        changed(RiskLimits(), "denied_symbols", "005930 삼성전자")


def test_texts_are_as_a_person_types_them() -> None:
    assert text_of(RiskLimits(), "max_order_value") == "100000000"
    assert changed(RiskLimits(), "max_order_value", "1,000,000").max_order_value == 1_000_000
    assert text_of(MINE, "denied_symbols") == "005930 0126Z0"
    assert text_of(MINE, "max_price_age") == "12.5"
