"""Averages of many series at once are TA-Lib's, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from kis_terminal.services.backtest.averages import average_all
from kis_terminal.services.backtest.rows import address_of
from kis_terminal.services.studies.rolling import sma


@pytest.mark.parametrize("period", [1, 2, 3, 20, 60])
def test_averages_are_those_of_the_studies(period: int) -> None:
    numbers = np.random.default_rng(period)
    sizes = np.array([1, 2, 59, 60, 61, 500], dtype=np.int64)
    series = [np.round(numbers.normal(50_000, 9_000, size), int(size) % 3) for size in sizes.tolist()]
    begins = np.concatenate(([0], np.cumsum(sizes)))
    out = np.empty(int(begins[-1]))

    results = address_of(out) + begins[:-1] * out.itemsize
    average_all(np.array([address_of(one) for one in series]), sizes, period, results)

    for one, begin in zip(series, begins.tolist(), strict=False):
        unknown = np.full(len(one), np.nan)
        expected = one if period == 1 else sma(one, period) if len(one) >= period else unknown
        assert np.array_equal(out[begin : begin + len(one)], expected, equal_nan=True)
