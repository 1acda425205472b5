"""Indicators that TA-Lib does not have, against slow computations written straight from their definitions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.services.studies.registry import compute
from tests.services.studies.bars import random_bars, real_bars

Column = NDArray[np.float64]
Values = list[float]
NAN = math.nan


class _Slow:
    """Bars as lists, and windows as a person would compute them by hand."""

    def __init__(self) -> None:
        bars = random_bars(420, seed=11)
        self.bars = bars
        self.o, self.h, self.l, self.c, self.v = (column.tolist() for column in bars.columns)
        self.index = random_bars(420, seed=12)
        self.count = len(bars)

    def each(self, value: Callable[[int], float]) -> Values:
        """Compute a value for every bar; NaN where it reaches behind the first."""
        return [self._known(value, bar) for bar in range(self.count)]

    @staticmethod
    def _known(value: Callable[[int], float], bar: int) -> float:
        try:
            return value(bar)
        except _Unknown:
            return NAN

    @staticmethod
    def at(values: Values, bar: int) -> float:
        if bar < 0 or math.isnan(values[bar]):
            raise _Unknown
        return values[bar]

    def window(self, values: Values, bar: int, period: int) -> Values:
        return [self.at(values, bar - period + 1 + place) for place in range(period)]

    def mean(self, values: Values, period: int) -> Values:
        return self.each(lambda bar: sum(self.window(values, bar, period)) / period)

    def weighted(self, values: Values, period: int) -> Values:
        whole = period * (period + 1) / 2
        return self.each(
            lambda bar: sum((i + 1) * x for i, x in enumerate(self.window(values, bar, period))) / whole
        )

    def total(self, values: Values, period: int) -> Values:
        return self.each(lambda bar: sum(self.window(values, bar, period)))

    def high(self, values: Values, period: int) -> Values:
        return self.each(lambda bar: max(self.window(values, bar, period)))

    def low(self, values: Values, period: int) -> Values:
        return self.each(lambda bar: min(self.window(values, bar, period)))

    def smoothed(self, values: Values, period: int, weight: float) -> Values:
        result: Values = []
        for bar in range(len(values)):
            if result and not math.isnan(result[-1]):
                result.append(result[-1] + weight * (values[bar] - result[-1]))
            else:
                result.append(self.mean_or_nan(values, bar, period))
        return result

    def mean_or_nan(self, values: Values, bar: int, period: int) -> float:
        return self._known(lambda place: sum(self.window(values, place, period)) / period, bar)

    def ema(self, values: Values, period: int) -> Values:
        return self.smoothed(values, period, 2 / (period + 1))

    def true_range(self) -> Values:
        return self.each(
            lambda bar: max(
                self.h[bar] - self.l[bar],
                abs(self.h[bar] - self.at(self.c, bar - 1)),
                abs(self.l[bar] - self.at(self.c, bar - 1)),
            )
        )

    def change(self, period: int) -> Values:
        return self.each(lambda bar: (self.c[bar] / self.at(self.c, bar - period) - 1) * 100)

    def returns(self) -> Values:
        return self.each(lambda bar: self.c[bar] / self.at(self.c, bar - 1) - 1)

    @staticmethod
    def less(first: Values, second: Values) -> Values:
        return [a - b for a, b in zip(first, second, strict=True)]


class _Unknown(Exception):
    pass


def _deviation(values: Values, sample: bool = False) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((x - mean) ** 2 for x in values) / (len(values) - sample))


def _hma(s: _Slow) -> Values:
    short, long = s.weighted(s.c, 10), s.weighted(s.c, 20)
    return s.weighted([2 * a - b for a, b in zip(short, long, strict=True)], 4)


def _alma(s: _Slow) -> Values:
    weights = [math.exp(-((i - 6) ** 2) / (2 * 1.5**2)) for i in range(9)]
    return s.each(
        lambda bar: sum(w * x for w, x in zip(weights, s.window(s.c, bar, 9), strict=True)) / sum(weights)
    )


def _zlema(s: _Slow) -> Values:
    return s.ema(s.each(lambda bar: 2 * s.c[bar] - s.at(s.c, bar - 10)), 20)


def _frama(s: _Slow) -> Values:
    middle = [(high + low) / 2 for high, low in zip(s.h, s.l, strict=True)]
    result = [NAN] * s.count
    for bar in range(15, s.count):
        older_high, newer_high = s.h[bar - 15 : bar - 7], s.h[bar - 7 : bar + 1]
        older_low, newer_low = s.l[bar - 15 : bar - 7], s.l[bar - 7 : bar + 1]
        first = (max(older_high) - min(older_low)) / 8
        second = (max(newer_high) - min(newer_low)) / 8
        third = (max(older_high + newer_high) - min(older_low + newer_low)) / 16
        dimension = (math.log(first + second) - math.log(third)) / math.log(2)
        alpha = min(1, max(0.01, math.exp(math.log(2 / 199) * (dimension - 1))))
        before = middle[bar - 1] if bar == 15 else result[bar - 1]
        result[bar] = alpha * middle[bar] + (1 - alpha) * before
    return result


def _vidya(s: _Slow) -> Values:
    moves = s.each(lambda bar: s.c[bar] - s.at(s.c, bar - 1))
    up = s.smoothed([max(m, 0.0) if not math.isnan(m) else NAN for m in moves], 14, 1 / 14)
    down = s.smoothed([max(-m, 0.0) if not math.isnan(m) else NAN for m in moves], 14, 1 / 14)
    result = [NAN] * s.count
    value = s.c[13]
    for bar in range(14, s.count):
        speed = abs(up[bar] - down[bar]) / (up[bar] + down[bar]) * 2 / 15
        value = value + speed * (s.c[bar] - value)
        result[bar] = value
    return result


def _ao(s: _Slow) -> Values:
    middle = [(high + low) / 2 for high, low in zip(s.h, s.l, strict=True)]
    return s.less(s.mean(middle, 5), s.mean(middle, 34))


def _tsi(s: _Slow) -> Values:
    moves = s.each(lambda bar: s.c[bar] - s.at(s.c, bar - 1))
    top = s.ema(s.ema(moves, 25), 13)
    bottom = s.ema(s.ema([abs(m) for m in moves], 25), 13)
    return [100 * a / b for a, b in zip(top, bottom, strict=True)]


def _rvi(s: _Slow) -> Values:
    def four(values: Values) -> Values:
        return s.each(
            lambda bar: (
                (values[bar] + 2 * s.at(values, bar - 1) + 2 * s.at(values, bar - 2) + s.at(values, bar - 3))
                / 6
            )
        )

    top, bottom = s.mean(four(s.less(s.c, s.o)), 10), s.mean(four(s.less(s.h, s.l)), 10)
    return [a / b for a, b in zip(top, bottom, strict=True)]


def _dpo(s: _Slow) -> Values:
    average = s.mean(s.c, 20)
    return s.each(lambda bar: s.at(s.c, bar - 11) - s.at(average, bar))


def _kvo(s: _Slow) -> Values:
    force, cumulated, before = [NAN], 0.0, 0
    for bar in range(1, s.count):
        now = s.h[bar] + s.l[bar] + s.c[bar]
        trend = 1 if now > s.h[bar - 1] + s.l[bar - 1] + s.c[bar - 1] else -1
        day, day_before = s.h[bar] - s.l[bar], s.h[bar - 1] - s.l[bar - 1]
        cumulated = cumulated + day if trend == before else day_before + day
        before = trend
        force.append(s.v[bar] * abs(2 * (day / cumulated - 1)) * trend * 100)
    return s.less(s.ema(force, 34), s.ema(force, 55))


def _senkou_a(s: _Slow) -> Values:
    def middle(period: int) -> Values:
        return [(a + b) / 2 for a, b in zip(s.high(s.h, period), s.low(s.l, period), strict=True)]

    lines = [(a + b) / 2 for a, b in zip(middle(9), middle(26), strict=True)]
    return s.each(lambda bar: s.at(lines, bar - 26))


def _senkou_b(s: _Slow) -> Values:
    lines = [(a + b) / 2 for a, b in zip(s.high(s.h, 52), s.low(s.l, 52), strict=True)]
    return s.each(lambda bar: s.at(lines, bar - 26))


def _plus_vi(s: _Slow) -> Values:
    up = s.total(s.each(lambda bar: abs(s.h[bar] - s.at(s.l, bar - 1))), 14)
    return [a / b for a, b in zip(up, s.total(s.true_range(), 14), strict=True)]


def _chop(s: _Slow) -> Values:
    ranges, high, low = s.total(s.true_range(), 14), s.high(s.h, 14), s.low(s.l, 14)
    return s.each(lambda bar: 100 * math.log10(s.at(ranges, bar) / (high[bar] - low[bar])) / math.log10(14))


def _kst(s: _Slow) -> Values:
    parts = [s.mean(s.change(back), over) for back, over in ((10, 10), (15, 10), (20, 10), (30, 15))]
    return [a + 2 * b + 3 * c + 4 * d for a, b, c, d in zip(*parts, strict=True)]


def _coppock(s: _Slow) -> Values:
    return s.weighted([a + b for a, b in zip(s.change(11), s.change(14), strict=True)], 10)


def _supertrend(s: _Slow) -> Values:
    ranges = s.smoothed(s.true_range(), 10, 1 / 10)
    result = [NAN] * s.count
    upper = lower = NAN
    line_is_upper = True
    for bar in range(10, s.count):
        middle = (s.h[bar] + s.l[bar]) / 2
        high, low = middle + 3 * ranges[bar], middle - 3 * ranges[bar]
        if math.isnan(upper) or high < upper or s.c[bar - 1] > upper:
            upper = high
        if math.isnan(lower) or low > lower or s.c[bar - 1] < lower:
            lower = low
        line_is_upper = s.c[bar] <= upper if line_is_upper else s.c[bar] < lower
        result[bar] = upper if line_is_upper else lower
    return result


def _mass(s: _Slow) -> Values:
    once = s.ema(s.less(s.h, s.l), 9)
    twice = s.ema(once, 9)
    return s.total([a / b for a, b in zip(once, twice, strict=True)], 25)


def _schaff(s: _Slow) -> Values:
    line = s.less(s.ema(s.c, 23), s.ema(s.c, 50))
    for _ in range(2):
        high, low = s.high(line, 10), s.low(line, 10)
        place, former = [], 50.0
        for value, top, bottom in zip(line, high, low, strict=True):
            if top > bottom:
                former = 100 * (value - bottom) / (top - bottom)
            place.append(NAN if math.isnan(top) else former)
        line = s.ema(place, 3)
    return line


def _fisher(s: _Slow) -> Values:
    middle = [(high + low) / 2 for high, low in zip(s.h, s.l, strict=True)]
    high, low = s.high(middle, 10), s.low(middle, 10)
    x = y = 0.0
    result = [NAN] * s.count
    for bar in range(9, s.count):
        x = 0.33 * 2 * ((middle[bar] - low[bar]) / (high[bar] - low[bar]) - 0.5) + 0.67 * x
        x = min(0.999, max(-0.999, x))
        y = 0.5 * math.log((1 + x) / (1 - x)) + 0.5 * y
        result[bar] = y
    return result


def _cmf(s: _Slow) -> Values:
    flow = s.each(
        lambda bar: (
            ((s.c[bar] - s.l[bar]) - (s.h[bar] - s.c[bar])) / (s.h[bar] - s.l[bar]) * s.v[bar]
            if s.h[bar] > s.l[bar]
            else 0.0
        )
    )
    return [a / b for a, b in zip(s.total(flow, 20), s.total(s.v, 20), strict=True)]


def _force(s: _Slow) -> Values:
    return s.ema(s.each(lambda bar: (s.c[bar] - s.at(s.c, bar - 1)) * s.v[bar]), 13)


def _vwap(s: _Slow) -> Values:
    paid = [sum(prices) / 4 * v for *prices, v in zip(s.o, s.h, s.l, s.c, s.v, strict=True)]
    return [a / b for a, b in zip(s.total(paid, 14), s.total(s.v, 14), strict=True)]


def _vwma(s: _Slow) -> Values:
    paid = [c * v for c, v in zip(s.c, s.v, strict=True)]
    return [a / b for a, b in zip(s.total(paid, 20), s.total(s.v, 20), strict=True)]


def _eom(s: _Slow) -> Values:
    def ease(bar: int) -> float:
        moved = (s.h[bar] + s.l[bar]) / 2 - (s.at(s.h, bar - 1) + s.at(s.l, bar - 1)) / 2
        wide = s.h[bar] - s.l[bar]
        return moved / ((s.v[bar] / 10_000) / wide) if wide and s.v[bar] else 0.0

    return s.mean(s.each(ease), 14)


def _keltner_upper(s: _Slow) -> Values:
    typical = [sum(prices) / 3 for prices in zip(s.h, s.l, s.c, strict=True)]
    return [a + 2 * b for a, b in zip(s.mean(typical, 20), s.mean(s.true_range(), 20), strict=True)]


def _beta(s: _Slow) -> Values:
    ours, index = s.returns(), s.index.close.tolist()
    theirs = s.each(lambda bar: index[bar] / s.at(index, bar - 1) - 1)

    def slope(bar: int) -> float:
        a, b = s.window(ours, bar, 252), s.window(theirs, bar, 252)
        return float(np.cov(a, b)[0, 1] / np.var(b, ddof=1))

    return s.each(slope)


def _alpha(s: _Slow) -> Values:
    beta, index = _beta(s), s.index.close.tolist()
    return s.each(
        lambda bar: (
            (s.c[bar] / s.at(s.c, bar - 252) - 1) - beta[bar] * (index[bar] / s.at(index, bar - 252) - 1)
        )
    )


def _pivot_high(s: _Slow) -> Values:
    result, level = [], NAN
    for bar in range(s.count):
        middle = bar - 5
        if middle >= 5:
            around = s.h[middle - 5 : middle] + s.h[middle + 1 : bar + 1]
            level = s.h[middle] if s.h[middle] > max(around) else level
        result.append(level)
    return result


def _augen(s: _Slow) -> Values:
    logs = s.each(lambda bar: math.log(s.c[bar] / s.at(s.c, bar - 1)))
    return s.each(
        lambda bar: (s.c[bar] - s.at(s.c, bar - 1)) / (s.c[bar - 1] * _deviation(s.window(logs, bar - 1, 3)))
    )


def _consecutive_down(s: _Slow) -> Values:
    result: Values = [NAN]
    run = 0
    for bar in range(1, s.count):
        run = run + 1 if s.c[bar] < s.c[bar - 1] else 0
        result.append(run)
    return result


def _volatility(s: _Slow) -> Values:
    returns = s.returns()
    return s.each(lambda bar: _deviation(s.window(returns, bar, 10), sample=True))


def _ibs(s: _Slow) -> Values:
    return s.each(lambda bar: (s.c[bar] - s.l[bar]) / (s.h[bar] - s.l[bar]) if s.h[bar] > s.l[bar] else 0.5)


def _logr(s: _Slow) -> Values:
    return s.each(lambda bar: math.log(s.c[bar] / s.at(s.c, bar - 1)))


def _disparity(s: _Slow) -> Values:
    return [c / a * 100 for c, a in zip(s.c, s.mean(s.c, 20), strict=True)]


def _chikou(s: _Slow) -> Values:
    return s.each(lambda bar: s.at(s.c, bar - 26))


_DEFINITIONS: list[tuple[str, str, dict[str, Parameter], Callable[[_Slow], Values]]] = [
    ("hma", "value", {}, _hma),
    ("alma", "value", {}, _alma),
    ("zlema", "value", {}, _zlema),
    ("wma", "value", {}, lambda s: s.smoothed(s.c, 14, 1 / 14)),
    ("frama", "value", {}, _frama),
    ("vidya", "value", {}, _vidya),
    ("ao", "value", {}, _ao),
    ("tsi", "value", {}, _tsi),
    ("tsi", "signal", {}, lambda s: s.ema(_tsi(s), 7)),
    ("rvi", "value", {}, _rvi),
    ("dpo", "value", {}, _dpo),
    ("kvo", "value", {}, _kvo),
    ("kvo", "signal", {}, lambda s: s.ema(_kvo(s), 13)),
    ("ichimoku", "senkou_a", {}, _senkou_a),
    ("ichimoku", "senkou_b", {}, _senkou_b),
    ("ichimoku", "chikou", {}, _chikou),
    ("vortex", "plus_vi", {}, _plus_vi),
    ("chop", "value", {}, _chop),
    ("kst", "value", {}, _kst),
    ("kst", "signal", {}, lambda s: s.mean(_kst(s), 9)),
    ("coppock", "value", {}, _coppock),
    ("supertrend", "value", {}, _supertrend),
    ("mass_index", "value", {}, _mass),
    ("schaff", "value", {}, _schaff),
    ("fisher", "value", {}, _fisher),
    ("cmf", "value", {}, _cmf),
    ("force", "value", {}, _force),
    ("vwap", "value", {}, _vwap),
    ("vwma", "value", {}, _vwma),
    ("eom", "value", {}, _eom),
    ("atr", "value", {}, lambda s: s.mean(s.true_range(), 14)),
    ("keltner", "upper", {}, _keltner_upper),
    ("beta", "value", {}, _beta),
    ("alpha", "value", {}, _alpha),
    ("pivot", "high", {}, _pivot_high),
    ("augen", "value", {}, _augen),
    ("consecutive", "value", {"direction": "down"}, _consecutive_down),
    ("volatility_ind", "value", {}, _volatility),
    ("ibs", "value", {}, _ibs),
    ("logr", "value", {}, _logr),
    ("disparity", "value", {}, _disparity),
]


@pytest.fixture(scope="module")
def slow() -> _Slow:
    return _Slow()


@pytest.mark.parametrize(
    ("indicator_id", "line", "params", "definition"),
    _DEFINITIONS,
    ids=[f"{indicator_id}-{line}" for indicator_id, line, *_ in _DEFINITIONS],
)
def test_the_definition_is_what_is_computed(
    indicator_id: str,
    line: str,
    params: dict[str, Parameter],
    definition: Callable[[_Slow], Values],
    slow: _Slow,
) -> None:
    ours = compute(indicator_id, params, slow.bars, market=slow.index)[line]

    np.testing.assert_allclose(ours, definition(slow), rtol=1e-8, atol=1e-8)


def test_momentum_words_are_percent_and_the_sizes_are_as_stated() -> None:
    bars = real_bars("005930")
    traded = np.flatnonzero(bars.has_traded)
    close = bars.close[traded]

    percent = (close[-1] / close[-11] - 1) * 100

    for word in ("roc", "momentum"):
        assert compute(word, {"period": 10}, bars)["value"][traded[-1]] == pytest.approx(percent)
    assert 0.0 < compute("volatility_ind", {}, bars)["value"][-1] < 0.2
    assert 50.0 < compute("disparity", {}, bars)["value"][-1] < 150.0


def test_the_widest_window_is_the_wilder_average_apart_from_its_namesake() -> None:
    bars = random_bars(300)

    assert not np.allclose(
        compute("wma", {"period": 14}, bars)["value"][-50:],
        compute("lwma", {"period": 14}, bars)["value"][-50:],
    )
