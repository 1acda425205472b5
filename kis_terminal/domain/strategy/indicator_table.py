"""The 80 indicators of the `.kis.yaml` format: names, parameters, lines, what they are fed with.

Facts of KIS's strategy builder and backtester (koreainvestment/open-trading-api at 885dd4e2). The mathematics
lives in `services/studies`; a test says that both know the same ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Parameter


class Category(StrEnum):
    """The groups of the builder's list, in its order."""

    MOVING_AVERAGE = "moving_average"
    OSCILLATOR = "oscillator"
    TREND = "trend"
    VOLUME = "volume"
    VOLATILITY = "volatility"
    MISC = "misc"

    @property
    def label(self) -> str:
        """Return the Korean name, a Sentence."""
        return _CATEGORY_NAMES[self]


_CATEGORY_NAMES: Mapping[Category, Sentence] = MappingProxyType(
    {
        Category.MOVING_AVERAGE: Sentence("이동평균"),
        Category.OSCILLATOR: Sentence("오실레이터"),
        Category.TREND: Sentence("추세"),
        Category.VOLUME: Sentence("거래량"),
        Category.VOLATILITY: Sentence("변동성"),
        Category.MISC: Sentence("기타"),
    }
)


class Feed(StrEnum):
    """What an indicator reads of a bar."""

    CLOSE = "close"
    BAR = "bar"
    BENCHMARK = "benchmark"
    """The close of the symbol and of KOSPI."""


@dataclass(frozen=True, slots=True)
class IndicatorParam:
    """One parameter; `minimum`, `maximum` and `step` are the limits of the builder's screen."""

    name: str
    default: Parameter
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    is_whole: bool = False
    """Whether it counts bars: whole numbers only."""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator that a file may name by its `id`."""

    id: str
    name: str
    """Korean, a Sentence where it is not the English word."""
    english: str
    category: Category
    feed: Feed
    params: tuple[IndicatorParam, ...]
    lines: tuple[str, ...]
    default_line: str

    def param(self, name: str) -> IndicatorParam | None:
        """Return a parameter by its name, None when the indicator has no such parameter."""
        return next((param for param in self.params if param.name == name), None)

    @property
    def defaults(self) -> dict[str, Parameter]:
        """Return the value of every parameter that a file leaves out."""
        return {param.name: param.default for param in self.params}


class _Row(NamedTuple):
    """A line of the table; `params` is `name default minimum maximum [step]` or `name one|other`, by `;`."""

    id: str
    name: str
    english: str
    feed: str
    params: str
    lines: str = "value"
    default_line: str = ""
    """The first line where empty."""


_MOVING_AVERAGE = (
    _Row("sma", Sentence("단순 이동평균"), "Simple Moving Average", "close", "period 20 1 500"),
    _Row("ema", Sentence("지수 이동평균"), "Exponential Moving Average", "close", "period 20 1 500"),
    _Row("dema", Sentence("이중 지수 이동평균"), "Double EMA", "close", "period 20 1 500"),
    _Row("tema", Sentence("삼중 지수 이동평균"), "Triple EMA", "close", "period 20 1 500"),
    _Row("hma", Sentence("헐 이동평균"), "Hull Moving Average", "close", "period 20 1 500"),
    _Row("kama", Sentence("카우프만 적응형"), "Kaufman Adaptive MA", "close", "period 10 1 500"),
    _Row(
        "alma",
        Sentence("아르노 르구"),
        "Arnaud Legoux MA",
        "close",
        "period 9 1 500; sigma 6.0 0.1 20.0; offset 0.85 0.0 1.0 0.05",
    ),
    _Row("lwma", Sentence("선형 가중 이동평균"), "Linear Weighted MA", "close", "period 20 1 500"),
    _Row("trima", Sentence("삼각 이동평균"), "Triangular MA", "close", "period 20 1 500"),
    _Row(
        "t3",
        Sentence("T3 이동평균"),
        "T3 Moving Average",
        "close",
        "period 10 1 500; volume_factor 0.7 0.0 1.0 0.1",
    ),
    _Row("zlema", Sentence("제로 래그 EMA"), "Zero Lag EMA", "close", "period 20 1 500"),
    _Row("wma", Sentence("와일더 이동평균"), "Wilder Moving Average", "close", "period 14 1 500"),
    _Row("frama", Sentence("프랙탈 적응형"), "Fractal Adaptive MA", "bar", "period 16 1 500"),
    _Row("vidya", "VIDYA", "VIDYA", "close", "period 14 1 500"),
)
_OSCILLATOR = (
    _Row("rsi", "RSI", "RSI", "close", "period 14 1 100"),
    _Row(
        "stochastic",
        Sentence("스토캐스틱"),
        "Stochastic",
        "bar",
        "k_period 14 1 100; d_period 3 1 100",
        "k d",
    ),
    _Row(
        "stochrsi",
        Sentence("스토캐스틱 RSI"),
        "Stochastic RSI",
        "close",
        "rsi_period 14 1 100; stoch_period 14 1 100; k_period 3 1 100; d_period 3 1 100",
        "k d",
    ),
    _Row(
        "macd",
        "MACD",
        "MACD",
        "close",
        "fast 12 1 100; slow 26 1 200; signal 9 1 100",
        "value signal histogram",
    ),
    _Row("cci", "CCI", "CCI", "bar", "period 20 1 100"),
    _Row("williams_r", Sentence("윌리엄스 %R"), "Williams %R", "bar", "period 14 1 100"),
    _Row("momentum", Sentence("모멘텀"), "Momentum", "close", "period 10 1 100"),
    _Row("roc", Sentence("변화율"), "Rate of Change", "close", "period 10 1 100"),
    _Row("apo", "APO", "APO", "close", "fast 12 1 100; slow 26 1 200"),
    _Row("ppo", "PPO", "PPO", "close", "fast 12 1 100; slow 26 1 200", "value signal histogram"),
    _Row(
        "aroon",
        Sentence("아룬"),
        "Aroon",
        "bar",
        "up_period 25 1 100; down_period 25 1 100",
        "value aroon_up aroon_down",
    ),
    _Row("cmo", "CMO", "CMO", "close", "period 14 1 100"),
    _Row("ao", "AO", "Awesome Oscillator", "bar", "fast 5 1 100; slow 34 1 200"),
    _Row("cho", Sentence("채킨 오실레이터"), "Chaikin Oscillator", "bar", "fast 3 1 100; slow 10 1 200"),
    _Row(
        "ultosc",
        Sentence("궁극 오실레이터"),
        "Ultimate Oscillator",
        "bar",
        "period1 7 1 100; period2 14 1 100; period3 28 1 200",
    ),
    _Row("trix", "TRIX", "TRIX", "close", "period 15 1 100"),
    _Row(
        "tsi",
        "TSI",
        "TSI",
        "close",
        "long_period 25 1 100; short_period 13 1 100; signal_period 7 1 100",
        "value signal",
    ),
    _Row("rvi", "RVI", "RVI", "bar", "period 10 1 100"),
    _Row("dpo", "DPO", "DPO", "close", "period 20 1 100"),
    _Row(
        "kvo",
        Sentence("클링거 거래량"),
        "Klinger Volume",
        "bar",
        "fast 34 1 100; slow 55 1 200; signal 13 1 100",
        "value signal",
    ),
)
_TREND = (
    _Row("adx", "ADX", "ADX", "bar", "period 14 1 100", "value plus_di minus_di"),
    _Row("adxr", "ADXR", "ADXR", "bar", "period 14 1 100"),
    _Row(
        "ichimoku",
        Sentence("일목균형표"),
        "Ichimoku",
        "bar",
        "tenkan 9 1 100; kijun 26 1 200; senkou_b 52 1 300",
        "tenkan kijun senkou_a senkou_b chikou",
    ),
    _Row(
        "sar",
        Sentence("파라볼릭 SAR"),
        "Parabolic SAR",
        "bar",
        "af_start 0.02 0.01 0.2 0.01; af_step 0.02 0.01 0.2 0.01; af_max 0.2 0.1 0.5 0.05",
    ),
    _Row("vortex", Sentence("볼텍스"), "Vortex", "bar", "period 14 1 100", "plus_vi minus_vi"),
    _Row("chop", Sentence("혼잡 지수"), "Choppiness Index", "bar", "period 14 1 100"),
    _Row(
        "kst",
        "KST",
        "KST",
        "close",
        "roc1 10 1 100; roc2 15 1 100; roc3 20 1 100; roc4 30 1 100",
        "value signal",
    ),
    _Row(
        "coppock",
        Sentence("코폭 곡선"),
        "Coppock Curve",
        "close",
        "short_roc 11 1 100; long_roc 14 1 100; wma 10 1 100",
    ),
    _Row(
        "supertrend",
        Sentence("슈퍼트렌드"),
        "SuperTrend",
        "bar",
        "period 10 1 100; multiplier 3.0 0.5 10.0 0.5",
    ),
    _Row(
        "mass_index", Sentence("매스 인덱스"), "Mass Index", "bar", "ema_period 9 1 100; sum_period 25 1 100"
    ),
    _Row(
        "schaff",
        Sentence("샤프 추세 사이클"),
        "Schaff Trend Cycle",
        "close",
        "cycle 10 1 100; fast 23 1 100; slow 50 1 200",
    ),
    _Row("fisher", Sentence("피셔 변환"), "Fisher Transform", "bar", "period 10 1 100"),
)
_VOLUME = (
    _Row("obv", "OBV", "OBV", "bar", ""),
    _Row("ad", Sentence("누적/분산"), "A/D", "bar", ""),
    _Row("adl", Sentence("누적/분산 라인"), "A/D Line", "bar", ""),
    _Row("cmf", Sentence("채킨 MF"), "CMF", "bar", "period 20 1 100"),
    _Row("mfi", "MFI", "MFI", "bar", "period 14 1 100"),
    _Row("force", Sentence("포스 인덱스"), "Force Index", "bar", "period 13 1 100"),
    _Row("vwap", "VWAP", "VWAP", "bar", "period 14 1 500"),
    _Row("vwma", "VWMA", "VWMA", "bar", "period 20 1 500"),
    _Row(
        "eom",
        Sentence("움직임의 용이성"),
        "Ease of Movement",
        "bar",
        "period 14 1 100; scale 10000.0 1.0 100000.0",
    ),
)
_VOLATILITY = (
    _Row("atr", "ATR", "ATR", "bar", "period 14 1 100"),
    _Row("natr", "NATR", "NATR", "bar", "period 14 1 100"),
    _Row(
        "bollinger",
        Sentence("볼린저 밴드"),
        "Bollinger Bands",
        "close",
        "period 20 1 100; std 2.0 0.5 5.0 0.5",
        "upper middle lower",
        "middle",
    ),
    _Row(
        "keltner",
        Sentence("켈트너 채널"),
        "Keltner Channels",
        "bar",
        "period 20 1 100; multiplier 2.0 0.5 5.0 0.5",
        "upper middle lower",
        "middle",
    ),
    _Row("donchian", Sentence("돈치안 채널"), "Donchian Channel", "bar", "period 20 1 100", "upper lower"),
    _Row("std", Sentence("표준편차"), "Standard Deviation", "close", "period 20 1 100"),
    _Row("variance", Sentence("분산"), "Variance", "close", "period 20 1 100"),
    _Row(
        "accbands",
        Sentence("가속 밴드"),
        "Acceleration Bands",
        "bar",
        "period 20 1 100; width 4.0 1.0 10.0",
        "upper middle lower",
        "middle",
    ),
    _Row("beta", Sentence("베타"), "Beta", "benchmark", "period 252 1 500"),
    _Row("alpha", Sentence("알파"), "Alpha", "benchmark", "period 252 1 500"),
    _Row("volatility_ind", Sentence("변동성"), "Volatility", "close", "period 10 1 100"),
)
_MISC = (
    _Row("maximum", Sentence("최고가"), "Maximum", "close", "period 20 1 500"),
    _Row("minimum", Sentence("최저가"), "Minimum", "close", "period 20 1 500"),
    _Row("midpoint", Sentence("중간값"), "Mid Point", "close", "period 14 1 100"),
    _Row("midprice", Sentence("중간가격"), "Mid Price", "bar", "period 14 1 100"),
    _Row("logr", Sentence("로그 수익률"), "Log Return", "close", "period 1 1 100"),
    _Row("ibs", "IBS", "IBS", "bar", ""),
    _Row("bop", Sentence("힘의 균형"), "Balance of Power", "bar", ""),
    _Row(
        "regression",
        Sentence("선형 회귀"),
        "Linear Regression",
        "close",
        "period 14 1 100",
        "value slope intercept",
    ),
    _Row(
        "pivot",
        Sentence("피봇 포인트"),
        "Pivot Points",
        "bar",
        "left_bars 5 1 100; right_bars 5 1 100",
        "high low",
    ),
    _Row("augen", Sentence("오겐 스파이크"), "Augen Price Spike", "close", "period 3 1 100"),
    _Row("consecutive", Sentence("연속 상승/하락"), "Consecutive Days", "close", "direction up|down"),
    _Row("disparity", Sentence("이격도"), "Disparity Index", "close", "period 20 1 200"),
    _Row("change", Sentence("전일대비 등락률"), "Daily Change", "close", ""),
    _Row("returns", Sentence("수익률"), "Returns", "close", "period 60 1 500"),
)


_ID_ALIASES: Mapping[str, str] = MappingProxyType({"max": "maximum", "min": "minimum"})
"""Ids of official template files that no official program registers."""


@cache
def indicators() -> Mapping[str, Indicator]:
    """Return all indicators by id, in the order of the builder's list."""
    groups = {
        Category.MOVING_AVERAGE: _MOVING_AVERAGE,
        Category.OSCILLATOR: _OSCILLATOR,
        Category.TREND: _TREND,
        Category.VOLUME: _VOLUME,
        Category.VOLATILITY: _VOLATILITY,
        Category.MISC: _MISC,
    }
    return MappingProxyType(
        {row.id: _indicator(row, category) for category, rows in groups.items() for row in rows}
    )


def canonical_id(word: str) -> str:
    """Return the id that a file means by `word`: `maximum` for `max`, else the word itself."""
    return _ID_ALIASES.get(word, word)


def _indicator(row: _Row, category: Category) -> Indicator:
    lines = tuple(row.lines.split())
    params = tuple(_param(text.split()) for text in row.params.split(";") if text)
    return Indicator(
        row.id, row.name, row.english, category, Feed(row.feed), params, lines, row.default_line or lines[0]
    )


def _param(words: list[str]) -> IndicatorParam:
    name, *rest = words
    if "|" in rest[0]:
        choices = tuple(rest[0].split("|"))
        return IndicatorParam(name, choices[0], choices=choices)
    if all(word.isdecimal() for word in rest):
        whole = [int(word) for word in rest]
        return IndicatorParam(name, whole[0], whole[1], whole[2], is_whole=True)
    default, minimum, maximum, *step = (float(word) for word in rest)
    return IndicatorParam(name, default, minimum, maximum, step[0] if step else None)
