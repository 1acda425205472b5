"""The 66 candle patterns: by TA-Lib where it has them, the others as docs/indicators.md says.

Signs are TA-Lib's. Where the format has an id for each direction of one function (tasuki gap, three methods),
the answer is narrowed to the direction of the id; KIS's own programs do not narrow it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import talib
from numpy.typing import NDArray

from kis_terminal.services.studies.series import TradedBars

Marks = NDArray[np.integer[Any]]
Pattern = Callable[[TradedBars], Marks]

_FOUND = 100
_NAMES = (
    ("doji", "DOJI"),
    ("dragonfly_doji", "DRAGONFLYDOJI"),
    ("gravestone_doji", "GRAVESTONEDOJI"),
    ("long_legged_doji", "LONGLEGGEDDOJI"),
    ("hammer", "HAMMER"),
    ("hanging_man", "HANGINGMAN"),
    ("inverted_hammer", "INVERTEDHAMMER"),
    ("shooting_star", "SHOOTINGSTAR"),
    ("marubozu", "MARUBOZU"),
    ("closing_marubozu", "CLOSINGMARUBOZU"),
    ("spinning_top", "SPINNINGTOP"),
    ("belt_hold", "BELTHOLD"),
    ("high_wave", "HIGHWAVE"),
    ("rickshaw_man", "RICKSHAWMAN"),
    ("engulfing", "ENGULFING"),
    ("harami", "HARAMI"),
    ("harami_cross", "HARAMICROSS"),
    ("piercing", "PIERCING"),
    ("counterattack", "COUNTERATTACK"),
    ("meeting_lines", "COUNTERATTACK"),
    ("on_neck", "ONNECK"),
    ("in_neck", "INNECK"),
    ("thrusting", "THRUSTING"),
    ("separating_lines", "SEPARATINGLINES"),
    ("kicking", "KICKING"),
    ("kicking_by_length", "KICKINGBYLENGTH"),
    ("matching_low", "MATCHINGLOW"),
    ("gap_side_by_side_white", "GAPSIDESIDEWHITE"),
    ("side_by_side_white_lines", "GAPSIDESIDEWHITE"),
    ("homing_pigeon", "HOMINGPIGEON"),
    ("dojistar", "DOJISTAR"),
    ("three_white_soldiers", "3WHITESOLDIERS"),
    ("three_black_crows", "3BLACKCROWS"),
    ("three_inside", "3INSIDE"),
    ("three_outside", "3OUTSIDE"),
    ("three_stars_in_south", "3STARSINSOUTH"),
    ("advance_block", "ADVANCEBLOCK"),
    ("stalled_pattern", "STALLEDPATTERN"),
    ("deliberation", "STALLEDPATTERN"),
    ("tasuki_gap", "TASUKIGAP"),
    ("upside_gap_two_crows", "UPSIDEGAP2CROWS"),
    ("stick_sandwich", "STICKSANDWICH"),
    ("three_line_strike", "3LINESTRIKE"),
    ("two_crows", "2CROWS"),
    ("unique_three_river", "UNIQUE3RIVER"),
    ("concealing_baby_swallow", "CONCEALBABYSWALL"),
    ("breakaway", "BREAKAWAY"),
    ("ladder_bottom", "LADDERBOTTOM"),
    ("tristar", "TRISTAR"),
    ("identical_three_crows", "IDENTICAL3CROWS"),
    ("up_down_gap_three_methods", "XSIDEGAP3METHODS"),
)
"""Patterns whose TA-Lib function takes nothing but the bars."""
_PENETRATIONS = (
    ("dark_cloud_cover", "DARKCLOUDCOVER", 0.5),
    ("morning_star", "MORNINGSTAR", 0.3),
    ("morning_doji_star", "MORNINGDOJISTAR", 0.3),
    ("evening_star", "EVENINGSTAR", 0.3),
    ("evening_doji_star", "EVENINGDOJISTAR", 0.3),
    ("abandoned_baby", "ABANDONEDBABY", 0.3),
    ("mat_hold", "MATHOLD", 0.5),
)
"""Patterns whose function also takes how far into the first body the last bar reaches (a fraction)."""
_ONE_SIDED = (
    ("upside_tasuki_gap", "TASUKIGAP", 1),
    ("downside_tasuki_gap", "TASUKIGAP", -1),
    ("rising_three_methods", "RISEFALL3METHODS", 1),
    ("falling_three_methods", "RISEFALL3METHODS", -1),
)
"""Patterns that are one direction of a function, and its sign."""


def _by_function(bars: TradedBars, *, name: str) -> Marks:
    function: Callable[..., Marks] = getattr(talib, f"CDL{name}")
    return function(bars.open, bars.high, bars.low, bars.close)


def _by_penetration(bars: TradedBars, *, name: str, penetration: float) -> Marks:
    function: Callable[..., Marks] = getattr(talib, f"CDL{name}")
    return function(bars.open, bars.high, bars.low, bars.close, penetration)


def _one_sided(bars: TradedBars, *, name: str, sign: int) -> Marks:
    marks = _by_function(bars, name=name)
    return np.where(marks * sign > 0, marks, 0)


def _opening_marubozu(bars: TradedBars) -> Marks:
    """Find long bodies that open at the very end of the bar: belt holds without any wick there."""
    marks = talib.CDLBELTHOLD(bars.open, bars.high, bars.low, bars.close)
    is_exact = ((marks > 0) & (bars.low >= bars.open)) | ((marks < 0) & (bars.high <= bars.open))
    return np.where(is_exact, marks, 0)


def _tweezer_top(bars: TradedBars) -> Marks:
    """Find a white bar and a black one with the same high."""
    return _pair(_is_white(bars), _is_black(bars), bars.high, -_FOUND)


def _tweezer_bottom(bars: TradedBars) -> Marks:
    """Find a black bar and a white one with the same low."""
    return _pair(_is_black(bars), _is_white(bars), bars.low, _FOUND)


def _matching_high(bars: TradedBars) -> Marks:
    """Find two white bars with the same close: matching_low of the prices upside down."""
    return -talib.CDLMATCHINGLOW(-bars.open, -bars.low, -bars.high, -bars.close)


def _is_white(bars: TradedBars) -> NDArray[np.bool_]:
    return bars.close > bars.open


def _is_black(bars: TradedBars) -> NDArray[np.bool_]:
    return bars.close < bars.open


def _pair(
    first: NDArray[np.bool_], second: NDArray[np.bool_], level: NDArray[np.float64], mark: int
) -> Marks:
    marks = np.zeros(len(level), dtype=np.int64)
    marks[1:] = np.where(first[:-1] & second[1:] & (level[:-1] == level[1:]), mark, 0)
    return marks


PATTERNS: Mapping[str, Pattern] = MappingProxyType(
    {id: partial(_by_function, name=name) for id, name in _NAMES}
    | {id: partial(_by_penetration, name=name, penetration=depth) for id, name, depth in _PENETRATIONS}
    | {id: partial(_one_sided, name=name, sign=sign) for id, name, sign in _ONE_SIDED}
    | {
        "opening_marubozu": _opening_marubozu,
        "tweezer_top": _tweezer_top,
        "tweezer_bottom": _tweezer_bottom,
        "matching_high": _matching_high,
    }
)
