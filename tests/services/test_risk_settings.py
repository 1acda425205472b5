"""Limits are kept, and a text that is none never makes them laxer."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kis_terminal.adapters.storage.workspace import FileWorkspaceStore
from kis_terminal.domain.errors import CorrectionNeeded, TerminalError
from kis_terminal.domain.risk import RiskLimits
from kis_terminal.services.risk_settings import RiskSettings, changed, loosened, text_of
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


@pytest.mark.parametrize(
    ("changes", "laxer"),
    [
        ({"max_quantity": 8}, True),
        ({"max_quantity": 6}, False),
        ({"duplicate_seconds": 0.4}, True),
        ({"duplicate_seconds": 0.6}, False),
        ({"soft_order_value": Decimal(10) ** 12, "max_price_age": 9e9}, False),
        ({"denied_symbols": frozenset({"005930"})}, True),
        ({"denied_symbols": frozenset({"0126Z0", "005930", "035420"})}, False),
        ({"allowed_symbols": frozenset({"005930"})}, False),
    ],
)
def test_a_hard_limit_that_lets_more_through_is_known_as_looser(changes: Any, laxer: bool) -> None:
    assert loosened(MINE, replace(MINE, **changes)) == (tuple(changes) if laxer else ())


def test_naming_more_or_no_symbols_lets_more_through() -> None:
    named = replace(MINE, allowed_symbols=frozenset({"005930"}))

    assert loosened(named, MINE) == ("allowed_symbols",)
    assert loosened(named, replace(MINE, allowed_symbols=frozenset({"005930", "035420"})))
    assert not loosened(replace(MINE, allowed_symbols=frozenset({"005930", "035420"})), named)


def test_limits_are_kept_all_at_once_or_not_at_all(tmp_path: Path) -> None:
    """Cause: each limit was a replacement of the file of its own; a crash between two left half of each."""
    path = tmp_path / "limits.json"
    RiskSettings(FileWorkspaceStore(path)).save(RiskLimits())
    store = FileWorkspaceStore(path)
    saved = []
    write = store._save
    store._save = lambda: (saved.append(1), write())[1]  # type: ignore[method-assign, func-returns-value]

    RiskSettings(store).save(MINE)

    assert len(saved) == 1
    assert RiskSettings(FileWorkspaceStore(path)).load() == MINE
    refusing = MemoryStore()
    refusing.refusal = TerminalError("disk")
    with pytest.raises(TerminalError):
        RiskSettings(refusing).save(MINE)
    assert refusing.texts == {}
