"""The 66 candlestick patterns of the `.kis.yaml` format.

Facts of KIS's strategy builder and backtester (koreainvestment/open-trading-api at 885dd4e2); the signs are
what the TA-Lib function of each pattern can give. The detectors live in `services/studies`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from kis_terminal.domain.sentences import Sentence


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern that a file may name by its `id`; patterns take no parameters."""

    id: str
    name: str
    """Korean, a Sentence."""
    english: str
    bars: int
    """How many bars it is made of."""
    signs: str
    """What it can answer beside 0: `+` bullish, `-` bearish, `+-` either."""
    builder_signs: str
    """The same of the builder's own detector, which runs live signals."""
    is_supported: bool
    """Whether KIS's programs run it: nine are known to the backtester and refused when it makes code."""


class _Row(NamedTuple):
    id: str
    name: str
    english: str
    bars: int
    signs: str
    builder_signs: str = ""
    is_supported: bool = True


_ROWS = (
    _Row("doji", Sentence("도지"), "Doji", 1, "+"),
    _Row("dragonfly_doji", Sentence("잠자리 도지"), "Dragonfly Doji", 1, "+"),
    _Row("gravestone_doji", Sentence("비석 도지"), "Gravestone Doji", 1, "+", builder_signs="-"),
    _Row("long_legged_doji", Sentence("긴다리 도지"), "Long Legged Doji", 1, "+"),
    _Row("hammer", Sentence("망치형"), "Hammer", 1, "+"),
    _Row("hanging_man", Sentence("교수형"), "Hanging Man", 1, "-"),
    _Row("inverted_hammer", Sentence("역망치형"), "Inverted Hammer", 1, "+"),
    _Row("shooting_star", Sentence("유성형"), "Shooting Star", 1, "-"),
    _Row("marubozu", Sentence("장대봉"), "Marubozu", 1, "+-"),
    _Row("closing_marubozu", Sentence("종가 장대봉"), "Closing Marubozu", 1, "+-"),
    _Row("opening_marubozu", Sentence("시가 장대봉"), "Opening Marubozu", 1, "+-", is_supported=False),
    _Row("spinning_top", Sentence("팽이형"), "Spinning Top", 1, "+-", builder_signs="+"),
    _Row("belt_hold", Sentence("띠 잡기"), "Belt Hold", 1, "+-"),
    _Row("high_wave", Sentence("큰 파도"), "High Wave Candle", 1, "+-", builder_signs="+"),
    _Row("rickshaw_man", Sentence("인력거꾼"), "Rickshaw Man", 1, "+"),
    _Row("engulfing", Sentence("장악형"), "Engulfing", 2, "+-"),
    _Row("harami", Sentence("잉태형"), "Harami", 2, "+-"),
    _Row("harami_cross", Sentence("잉태 십자형"), "Harami Cross", 2, "+-"),
    _Row("piercing", Sentence("관통형"), "Piercing", 2, "+"),
    _Row("dark_cloud_cover", Sentence("먹구름형"), "Dark Cloud Cover", 2, "-"),
    _Row("counterattack", Sentence("반격형"), "Counterattack", 2, "+-"),
    _Row("tweezer_top", Sentence("족집게 천장"), "Tweezer Top", 2, "-", is_supported=False),
    _Row("tweezer_bottom", Sentence("족집게 바닥"), "Tweezer Bottom", 2, "+", is_supported=False),
    _Row("on_neck", Sentence("목 위"), "On Neck", 2, "-"),
    _Row("in_neck", Sentence("목 안"), "In Neck", 2, "-"),
    _Row("thrusting", Sentence("밀어붙이기"), "Thrusting", 2, "-"),
    _Row("separating_lines", Sentence("분리선"), "Separating Lines", 2, "+-"),
    _Row("meeting_lines", Sentence("만남선"), "Meeting Lines", 2, "+-", is_supported=False),
    _Row("kicking", Sentence("킥킹"), "Kicking", 2, "+-"),
    _Row("kicking_by_length", Sentence("길이 기준 키킹"), "Kicking By Length", 2, "+-"),
    _Row("matching_low", Sentence("일치 저가"), "Matching Low", 2, "+"),
    _Row("matching_high", Sentence("일치 고가"), "Matching High", 2, "-", is_supported=False),
    _Row(
        "gap_side_by_side_white", Sentence("갭 나란히"), "Gap Side By Side White", 2, "+-", builder_signs="+"
    ),
    _Row("homing_pigeon", Sentence("귀소비둘기"), "Homing Pigeon", 2, "+"),
    _Row("dojistar", Sentence("도지별"), "Doji Star", 2, "+-"),
    _Row("morning_star", Sentence("샛별형"), "Morning Star", 3, "+"),
    _Row("morning_doji_star", Sentence("샛별 도지"), "Morning Doji Star", 3, "+"),
    _Row("evening_star", Sentence("저녁별형"), "Evening Star", 3, "-"),
    _Row("evening_doji_star", Sentence("저녁별 도지"), "Evening Doji Star", 3, "-"),
    _Row("three_white_soldiers", Sentence("적삼병"), "Three White Soldiers", 3, "+"),
    _Row("three_black_crows", Sentence("흑삼병"), "Three Black Crows", 3, "-"),
    _Row("three_inside", Sentence("삼내형"), "Three Inside", 3, "+-"),
    _Row("three_outside", Sentence("삼외형"), "Three Outside", 3, "+-"),
    _Row("abandoned_baby", Sentence("버려진 아기"), "Abandoned Baby", 3, "+-"),
    _Row("three_stars_in_south", Sentence("남쪽 삼성"), "Three Stars In South", 3, "+"),
    _Row("advance_block", Sentence("진행 차단"), "Advance Block", 3, "-"),
    _Row("stalled_pattern", Sentence("정체"), "Stalled Pattern", 3, "-"),
    _Row("deliberation", Sentence("숙고"), "Deliberation", 3, "-", is_supported=False),
    _Row("tasuki_gap", Sentence("타스키 갭"), "Tasuki Gap", 3, "+-"),
    _Row("upside_gap_two_crows", Sentence("갭업 두 까마귀"), "Upside Gap Two Crows", 3, "-"),
    _Row(
        "downside_tasuki_gap", Sentence("하락 타스키 갭"), "Downside Tasuki Gap", 3, "-", is_supported=False
    ),
    _Row("upside_tasuki_gap", Sentence("상승 타스키 갭"), "Upside Tasuki Gap", 3, "+", is_supported=False),
    _Row(
        "side_by_side_white_lines",
        Sentence("나란한 양봉"),
        "Side By Side White Lines",
        3,
        "+-",
        builder_signs="+",
        is_supported=False,
    ),
    _Row("stick_sandwich", Sentence("스틱 샌드위치"), "Stick Sandwich", 3, "+"),
    _Row("three_line_strike", Sentence("삼선 타격"), "Three Line Strike", 4, "+-"),
    _Row("two_crows", Sentence("두 까마귀"), "Two Crows", 3, "-"),
    _Row("unique_three_river", Sentence("독특한 삼강"), "Unique Three River", 3, "+"),
    _Row("concealing_baby_swallow", Sentence("숨긴 아기 제비"), "Concealing Baby Swallow", 4, "+"),
    _Row("breakaway", Sentence("이탈형"), "Breakaway", 5, "+-", builder_signs="+"),
    _Row("mat_hold", Sentence("매트 홀드"), "Mat Hold", 5, "+"),
    _Row("rising_three_methods", Sentence("상승 삼법"), "Rising Three Methods", 5, "+"),
    _Row("falling_three_methods", Sentence("하락 삼법"), "Falling Three Methods", 5, "-"),
    _Row("ladder_bottom", Sentence("사다리 바닥"), "Ladder Bottom", 5, "+"),
    _Row("tristar", Sentence("삼성"), "TriStar", 3, "+-"),
    _Row("identical_three_crows", Sentence("동일 흑삼병"), "Identical Three Crows", 3, "-"),
    _Row("up_down_gap_three_methods", Sentence("갭 삼법"), "Up/Down Gap Three Methods", 3, "+-"),
)


@cache
def patterns() -> Mapping[str, Pattern]:
    """Return all patterns by id, in the order of the backtester's list."""
    return MappingProxyType(
        {
            row.id: Pattern(
                row.id,
                row.name,
                row.english,
                row.bars,
                row.signs,
                row.builder_signs or row.signs,
                row.is_supported,
            )
            for row in _ROWS
        }
    )
