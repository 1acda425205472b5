"""The law of backtests: no bar after t has any influence on what is known at t."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.strategy.indicator_table import indicators
from kis_terminal.domain.strategy.pattern_table import patterns
from kis_terminal.services.studies.registry import compute, pattern
from tests.services.studies.bars import bars_of, random_bars

_BARS = 360
_EXAMPLES = 4


@st.composite
def _cut_bars(draw: st.DrawFn) -> tuple[BarColumns, BarColumns, int]:
    """Return bars, other bars that are the same up to a cut, and how many are the same; both with halts."""
    seed = draw(st.integers(0, 1_000))
    first = random_bars(_BARS, seed).columns.copy()
    second = random_bars(_BARS, seed + 5_000).columns.copy()
    cut = draw(st.integers(0, _BARS))
    halts = draw(st.lists(st.integers(0, _BARS - 1), max_size=20))
    first[:4, halts] = 0.0
    second[:4, [halt + 1 for halt in halts if halt + 1 < _BARS]] = 0.0
    second[:, cut:] *= draw(st.sampled_from([1.0, 0.01, 1e4]))
    second[:, :cut] = first[:, :cut]
    return bars_of(first), bars_of(second), cut


_MARKET = random_bars(_BARS, seed=99)


@pytest.mark.parametrize("indicator_id", indicators())
@settings(max_examples=_EXAMPLES, deadline=None, database=None, derandomize=True)
@given(case=_cut_bars())
def test_later_bars_change_no_earlier_value_of_an_indicator(
    indicator_id: str, case: tuple[BarColumns, BarColumns, int]
) -> None:
    bars, others, cut = case

    lines = compute(indicator_id, {}, bars, market=_MARKET)
    changed = compute(indicator_id, {}, others, market=_MARKET)
    cut_off = compute(indicator_id, {}, bars.between(0, cut * 86_400), market=_MARKET)

    for name, line in lines.items():
        assert np.array_equal(line[:cut], changed[name][:cut], equal_nan=True), name
        assert np.array_equal(line[:cut], cut_off[name], equal_nan=True), name


@pytest.mark.parametrize("pattern_id", patterns())
@settings(max_examples=_EXAMPLES, deadline=None, database=None, derandomize=True)
@given(case=_cut_bars())
def test_later_bars_change_no_earlier_pattern(
    pattern_id: str, case: tuple[BarColumns, BarColumns, int]
) -> None:
    bars, others, cut = case

    marks = pattern(pattern_id, bars)

    assert np.array_equal(marks[:cut], pattern(pattern_id, others)[:cut])
    assert np.array_equal(marks[:cut], pattern(pattern_id, bars.between(0, cut * 86_400)))


def test_a_later_index_changes_no_earlier_beta() -> None:
    bars, market = random_bars(_BARS), _MARKET
    other = bars_of(np.concatenate([market.columns[:, :300], market.columns[:, 300:] * 3.0], axis=1))

    for indicator_id in ("beta", "alpha"):
        line = compute(indicator_id, {"period": 60}, bars, market=market)["value"]
        changed = compute(indicator_id, {"period": 60}, bars, market=other)["value"]

        assert np.array_equal(line[:300], changed[:300], equal_nan=True)
        assert not np.array_equal(line, changed, equal_nan=True)
