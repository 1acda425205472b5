"""Figures that others published, and TA-Lib itself on twenty years of real bars."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
import talib
from numpy.typing import NDArray

from kis_terminal.domain.strategy.indicator_table import indicators
from kis_terminal.services.studies.registry import compute, pattern
from tests.services.studies.bars import bars_of, published_bars, real_bars
from tests.support.shared import shared_path

Column = NDArray[np.float64]


def _published(name: str, field: str) -> Column:
    rows = json.loads(shared_path(f"data/indicators/{name}.standard.json").read_text(encoding="utf-8"))
    return np.array([np.nan if row[field] is None else row[field] for row in rows])


@pytest.mark.parametrize(
    ("indicator_id", "params", "line", "file", "field"),
    [
        ("sma", {"period": 20}, "value", "sma", "sma"),
        ("ema", {"period": 20}, "value", "ema", "ema"),
        ("rsi", {"period": 14}, "value", "rsi", "rsi"),
        ("macd", {}, "value", "macd", "macd"),
        ("macd", {}, "signal", "macd", "signal"),
        ("macd", {}, "histogram", "macd", "histogram"),
        ("bollinger", {"period": 20, "std": 2}, "upper", "bb", "upperBand"),
        ("bollinger", {"period": 20, "std": 2}, "middle", "bb", "sma"),
        ("bollinger", {"period": 20, "std": 2}, "lower", "bb", "lowerBand"),
    ],
)
def test_published_series_are_met(
    indicator_id: str, params: dict[str, float], line: str, file: str, field: str
) -> None:
    expected = _published(file, field)

    ours = compute(indicator_id, params, published_bars())[line]

    np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["bad", "penny", "toobig", "zeros"])
def test_published_bad_quotes_give_nothing_infinite(name: str) -> None:
    bars = published_bars(name)

    for indicator_id in indicators():
        for line in compute(indicator_id, {}, bars).values():
            assert not np.isinf(line).any(), indicator_id


_ORACLES: dict[tuple[str, str], Callable[[Column, Column, Column, Column, Column], Column]] = {
    ("bollinger", "upper"): lambda o, h, low, c, v: talib.BBANDS(c, 20, 2, 2, 0)[0],
    ("bollinger", "lower"): lambda o, h, low, c, v: talib.BBANDS(c, 20, 2, 2, 0)[2],
    ("std", "value"): lambda o, h, low, c, v: talib.STDDEV(c, 20, 1),
    ("accbands", "upper"): lambda o, h, low, c, v: talib.ACCBANDS(h, low, c, 20)[0],
    ("accbands", "middle"): lambda o, h, low, c, v: talib.ACCBANDS(h, low, c, 20)[1],
    ("accbands", "lower"): lambda o, h, low, c, v: talib.ACCBANDS(h, low, c, 20)[2],
    ("aroon", "value"): lambda o, h, low, c, v: talib.AROONOSC(h, low, 25),
    ("aroon", "aroon_up"): lambda o, h, low, c, v: talib.AROON(h, low, 25)[1],
    ("aroon", "aroon_down"): lambda o, h, low, c, v: talib.AROON(h, low, 25)[0],
    ("apo", "value"): lambda o, h, low, c, v: talib.APO(c, 12, 26, 1),
    ("ppo", "value"): lambda o, h, low, c, v: talib.PPO(c, 12, 26, 1),
    ("ppo", "signal"): lambda o, h, low, c, v: talib.EMA(talib.PPO(c, 12, 26, 1), 9),
    ("midpoint", "value"): lambda o, h, low, c, v: talib.MIDPOINT(c, 14),
    ("midprice", "value"): lambda o, h, low, c, v: talib.MIDPRICE(h, low, 14),
    ("donchian", "upper"): lambda o, h, low, c, v: talib.MAX(h, 20),
    ("donchian", "lower"): lambda o, h, low, c, v: talib.MIN(low, 20),
    ("regression", "intercept"): lambda o, h, low, c, v: (
        talib.LINEARREG_INTERCEPT(c, 14) - talib.LINEARREG_SLOPE(c, 14)
    ),
    ("momentum", "value"): lambda o, h, low, c, v: talib.ROC(c, 10),
    ("change", "value"): lambda o, h, low, c, v: talib.ROC(c, 1),
    ("returns", "value"): lambda o, h, low, c, v: talib.ROC(c, 60),
    ("maximum", "value"): lambda o, h, low, c, v: talib.MAX(c, 20),
    ("minimum", "value"): lambda o, h, low, c, v: talib.MIN(c, 20),
    ("kama", "value"): lambda o, h, low, c, v: talib.KAMA(c, 10),
    ("lwma", "value"): lambda o, h, low, c, v: talib.WMA(c, 20),
    ("trima", "value"): lambda o, h, low, c, v: talib.TRIMA(c, 20),
    ("t3", "value"): lambda o, h, low, c, v: talib.T3(c, 10, 0.7),
    ("dema", "value"): lambda o, h, low, c, v: talib.DEMA(c, 20),
    ("tema", "value"): lambda o, h, low, c, v: talib.TEMA(c, 20),
    ("stochastic", "k"): lambda o, h, low, c, v: talib.STOCHF(h, low, c, 14, 3, 0)[0],
    ("stochastic", "d"): lambda o, h, low, c, v: talib.STOCHF(h, low, c, 14, 3, 0)[1],
    ("cci", "value"): lambda o, h, low, c, v: talib.CCI(h, low, c, 20),
    ("williams_r", "value"): lambda o, h, low, c, v: talib.WILLR(h, low, c, 14),
    ("cmo", "value"): lambda o, h, low, c, v: talib.CMO(c, 14),
    ("cho", "value"): lambda o, h, low, c, v: talib.ADOSC(h, low, c, v, 3, 10),
    ("ultosc", "value"): lambda o, h, low, c, v: talib.ULTOSC(h, low, c, 7, 14, 28),
    ("trix", "value"): lambda o, h, low, c, v: talib.TRIX(c, 15),
    ("adx", "value"): lambda o, h, low, c, v: talib.ADX(h, low, c, 14),
    ("adx", "plus_di"): lambda o, h, low, c, v: talib.PLUS_DI(h, low, c, 14),
    ("adx", "minus_di"): lambda o, h, low, c, v: talib.MINUS_DI(h, low, c, 14),
    ("adxr", "value"): lambda o, h, low, c, v: talib.ADXR(h, low, c, 14),
    ("sar", "value"): lambda o, h, low, c, v: np.abs(
        talib.SAREXT(h, low, 0, 0, 0.02, 0.02, 0.2, 0.02, 0.02, 0.2)
    ),
    ("obv", "value"): lambda o, h, low, c, v: talib.OBV(c, v),
    ("ad", "value"): lambda o, h, low, c, v: talib.AD(h, low, c, v),
    ("adl", "value"): lambda o, h, low, c, v: talib.AD(h, low, c, v),
    ("mfi", "value"): lambda o, h, low, c, v: talib.MFI(h, low, c, v, 14),
    ("natr", "value"): lambda o, h, low, c, v: talib.NATR(h, low, c, 14),
    ("bop", "value"): lambda o, h, low, c, v: talib.BOP(o, h, low, c),
}


@pytest.mark.parametrize(("indicator_id", "line"), _ORACLES)
@pytest.mark.parametrize("symbol", ["005930", "000660"])
def test_talib_agrees_on_real_bars(indicator_id: str, line: str, symbol: str) -> None:
    bars = real_bars(symbol)
    traded = bars_of(bars.columns[:, bars.has_traded])

    ours = compute(indicator_id, {}, traded)[line]

    expected = _ORACLES[indicator_id, line](*(np.ascontiguousarray(column) for column in traded.columns))
    np.testing.assert_allclose(ours, expected, rtol=1e-7, atol=1e-6)


def test_both_ways_of_sar_agree() -> None:
    bars = real_bars("005930")

    same = compute("sar", {"af_start": 0.02, "af_step": 0.02}, bars)["value"]
    almost = compute("sar", {"af_start": 0.02, "af_step": 0.02 + 1e-12}, bars)["value"]

    np.testing.assert_allclose(same, almost, rtol=1e-6)


def test_macd_equals_talib_once_both_seeds_are_forgotten() -> None:
    bars = real_bars("005930")
    close = np.ascontiguousarray(bars.close)

    ours = compute("macd", {}, bars_of(np.stack([close] * 4 + [np.ones(len(close))])))

    for line, theirs in zip(("value", "signal", "histogram"), talib.MACD(close, 12, 26, 9), strict=True):
        np.testing.assert_allclose(ours[line][-3_000:], theirs[-3_000:], rtol=1e-6, atol=1e-6)


def test_a_flat_price_has_no_deviation() -> None:
    close = np.full(200, 1_234_567.1)
    close[:50] = 987_654.3
    bars = bars_of(np.stack([close, close + 1, close - 1, close, np.ones(200)]))

    assert compute("std", {}, bars)["value"][70:].max() < 1e-6


@pytest.mark.parametrize(
    ("pattern_id", "name", "sign"),
    [
        ("engulfing", "CDLENGULFING", 0),
        ("dark_cloud_cover", "CDLDARKCLOUDCOVER", 0),
        ("morning_star", "CDLMORNINGSTAR", 0),
        ("meeting_lines", "CDLCOUNTERATTACK", 0),
        ("rising_three_methods", "CDLRISEFALL3METHODS", 1),
        ("falling_three_methods", "CDLRISEFALL3METHODS", -1),
        ("upside_tasuki_gap", "CDLTASUKIGAP", 1),
        ("downside_tasuki_gap", "CDLTASUKIGAP", -1),
    ],
)
def test_patterns_are_those_of_talib(pattern_id: str, name: str, sign: int) -> None:
    bars = real_bars("005930")
    traded = bars_of(bars.columns[:, bars.has_traded])

    marks = pattern(pattern_id, traded)

    theirs = getattr(talib, name)(*(np.ascontiguousarray(column) for column in traded.columns[:4]))
    assert np.array_equal(marks, np.where(theirs * sign < 0, 0, theirs) if sign else theirs)


def _last_mark(pattern_id: str, *last: tuple[float, float, float, float]) -> int:
    """Return what a pattern says of the last bar; twenty quiet ones come first (open, high, low, close)."""
    quiet = [(100.0, 103.0, 97.0, 101.0), (101.0, 103.0, 97.0, 100.0)] * 10
    prices = np.array([*quiet, *last]).T
    return int(pattern(pattern_id, bars_of(np.vstack([prices, np.ones(prices.shape[1])])))[-1])


def test_patterns_of_our_own_are_found_and_their_near_misses_are_not() -> None:
    assert _last_mark("opening_marubozu", (100, 112, 100, 110)) == 100
    assert _last_mark("opening_marubozu", (100, 112, 99, 110)) == 0
    assert _last_mark("opening_marubozu", (110, 110, 98, 100)) == -100
    assert _last_mark("tweezer_top", (100, 107, 99, 106), (106, 107, 101, 102)) == -100
    assert _last_mark("tweezer_top", (100, 107, 99, 106), (106, 106.5, 101, 102)) == 0
    assert _last_mark("tweezer_bottom", (106, 107, 99, 100), (100, 105, 99, 104)) == 100
    assert _last_mark("tweezer_bottom", (100, 105, 99, 104), (106, 107, 99, 100)) == 0
    assert _last_mark("matching_high", (100, 108, 99, 107), (103, 108, 102, 107)) == -100
    assert _last_mark("matching_high", (100, 108, 99, 107), (107, 110, 102, 103)) == 0
