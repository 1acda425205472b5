"""The compiled look at bars changes nothing about the market that is made ready."""

from __future__ import annotations

import numpy as np
import pytest

from kis_terminal.services.backtest.market import prepare_market
from kis_terminal.services.backtest.market_look import look_at
from tests.support.backtests import bars_of, by_key, request_of, shares

_USUAL = [(1_000.0, 1_020.0, 990.0, 1_010.0)] * 3
_HALTED = [*_USUAL, (0.0, 0.0, 0.0, 1_010.0, 0.0), *_USUAL]
_NAN = [*_USUAL, (np.nan, 1_020.0, 990.0, 1_010.0), *_USUAL]
_AT_THE_LIMIT = [*_USUAL, (1_310.0,) * 4, (1_310.0, 1_320.0, 1_300.0, 1_310.0)]
_WITHOUT_VOLUME = [*_USUAL, (1_000.0, 1_020.0, 990.0, 1_005.0, 0.0), *_USUAL]


@pytest.mark.parametrize("rows", [_USUAL, _HALTED, _NAN, _AT_THE_LIMIT, _WITHOUT_VOLUME])
def test_a_look_at_the_bars_changes_nothing(rows: list[tuple[float, ...]]) -> None:
    bars = by_key(bars_of("000001", rows), bars_of("000002", _USUAL))
    request, listed = request_of(bars), shares("000001", "000002")

    plain, looked = (prepare_market(request, bars, listed, look) for look in (None, look_at))

    assert np.array_equal(plain.times, looked.times)
    for one, other in zip(plain.series, looked.series, strict=True):
        assert one.has_locks == other.has_locks == (one.symbol == "000001" and rows is _AT_THE_LIMIT)
        assert np.array_equal(one.bars.columns, other.bars.columns, equal_nan=True)
        assert np.array_equal(one.steps, other.steps)
        assert np.array_equal(one.can_buy, other.can_buy)
        assert np.array_equal(one.can_sell, other.can_sell)
