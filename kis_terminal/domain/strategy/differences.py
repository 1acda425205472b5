"""Where KIS's own programs compute something else than what the file says, by indicator and by condition.

Source: behaviour of koreainvestment/open-trading-api at 885dd4e2 and of the engine its backtester runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.model import Comparison, IndicatorLine, PriceField, StrategySpec
from kis_terminal.domain.strategy.problems import Findings

_BACKTESTER: Mapping[str, Sentence] = MappingProxyType(
    {
        "kst": Sentence("인수가 엉뚱한 자리로 전달되어 다른 곡선이 됩니다"),
        "returns": Sentence("100을 두 번 곱해 5%가 500으로 읽힙니다"),
        "alpha": Sentence("KOSPI 자료가 없으면 한 봉의 평균이 대신 쓰입니다"),
        "beta": Sentence("KOSPI 자료가 없으면 한 봉의 평균이 대신 쓰입니다"),
    }
)
_FAILING_LINES = frozenset({("kst", "signal"), ("pivot", "high"), ("pivot", "low")})
"""Lines at which the backtester breaks off when it runs."""
_ZERO = Sentence("늘 0으로 읽습니다")
_FIXED = Sentence("적은 값을 무시하고 정해진 값으로 계산합니다")
_UNSEEDED = Sentence("첫 값을 다르게 잡아 초기 값이 다릅니다")
_WINDOW = Sentence("오늘을 포함한 고가(저가)의 구간으로 계산합니다")
_FAST = Sentence("와일더 평균이 아니라 두 배쯤 빠른 지수평균을 씁니다")
_SAMPLE = Sentence("표본 표준편차(n-1)를 씁니다")
_OTHER_LINE = Sentence("여러 선이 한 선으로 읽힙니다")
_OTHER = Sentence("다른 계산식을 씁니다")
_BUILDER: Mapping[str, Sentence] = MappingProxyType(
    dict.fromkeys(("std", "alpha", "beta"), _ZERO)
    | dict.fromkeys(("ema", "dema", "tema", "kama", "wma", "trix", "obv"), _UNSEEDED)
    | dict.fromkeys(("alma", "t3", "apo", "ao", "cho", "ultosc", "eom", "sar", "logr"), _FIXED)
    | dict.fromkeys(("maximum", "minimum"), _WINDOW)
    | dict.fromkeys(("rsi", "atr", "natr"), _FAST)
    | dict.fromkeys(("bollinger", "variance"), _SAMPLE)
    | dict.fromkeys(
        ("macd", "ppo", "aroon", "adx", "stochrsi", "ichimoku", "regression", "pivot"), _OTHER_LINE
    )
    | dict.fromkeys(
        ("hma", "trima", "zlema", "frama", "vidya", "stochastic", "cmo", "tsi", "dpo", "kvo"), _OTHER
    )
    | dict.fromkeys(("adxr", "kst", "coppock", "mass_index", "schaff", "fisher", "ad", "vwap"), _OTHER)
    | dict.fromkeys(("keltner", "accbands", "augen"), _OTHER)
    | {
        "momentum": Sentence("퍼센트가 아니라 원 단위의 가격 차이로 계산합니다"),
        "supertrend": Sentence("가격이 아니라 방향(+1, -1)으로 계산합니다"),
        "returns": Sentence("교차 연산자 안에서는 퍼센트가 아니라 비율(0.05)로 계산합니다"),
    }
)
"""How the strategy builder's live signal differs; indicators that are not listed agree (roc does, in "
"words)."""
_NO_FORMER = frozenset({PriceField.OPEN, PriceField.HIGH, PriceField.LOW, PriceField.VOLUME})
"""Columns whose former value the backtester takes for 0."""


def builder_differs(indicator_id: str) -> bool:
    """Tell whether the strategy builder computes an indicator otherwise."""
    return indicator_id in _BUILDER


def tell_differences(
    spec: StrategySpec,
    condition_lines: Mapping[tuple[str, int], int],
    alias_lines: Mapping[str, int],
    findings: Findings,
) -> None:
    """Say at each line where the backtester (a warning) or the builder (a note) computes something else."""
    for use in spec.indicators:
        line = alias_lines[use.alias]
        if use.id in _BACKTESTER:
            findings.warning(
                line,
                "backtester-differs",
                Sentence(
                    "KIS 백테스터는 지표 {id}을(를) 다르게 계산합니다: {how}.",
                    id=use.id,
                    how=_BACKTESTER[use.id],
                ),
            )
        if use.id in _BUILDER:
            findings.note(
                line,
                "builder-differs",
                Sentence(
                    "KIS 전략 빌더의 실시간 신호는 지표 {id}을(를) 다르게 계산합니다: {how}.",
                    id=use.id,
                    how=_BUILDER[use.id],
                ),
            )
    ids = {use.alias: use.id for use in spec.indicators}
    crosses = []
    for part, group in (("entry", spec.entry), ("exit", spec.exit)):
        for position, condition in enumerate(group.conditions):
            if isinstance(condition, Comparison):
                line = condition_lines[part, position]
                _tell_condition(condition, ids, line, findings)
                crosses += [line] if condition.operator.is_cross else []
    if crosses:
        findings.note(
            crosses[0],
            "builder-cross",
            Sentence(
                "교차: 어제 두 값이 같았다가 오늘 넘어서면 신호입니다(KIS 백테스터와 같음). KIS 전략 빌더의 "
                "실시간 "
                "신호는 이때 내지 않습니다."
            ),
        )
    _tell_shared_names(spec, alias_lines, findings)


def _tell_condition(condition: Comparison, ids: Mapping[str, str], line: int, findings: Findings) -> None:
    for side in (condition.left, condition.right):
        if isinstance(side, IndicatorLine) and (ids[side.alias], side.line) in _FAILING_LINES:
            findings.warning(
                line,
                "backtester-fails",
                Sentence(
                    "KIS 백테스터는 {id}의 '{line}' 선을 읽는 순간 실패합니다.",
                    id=ids[side.alias],
                    line=side.line,
                ),
            )
        if condition.operator.is_cross and side in _NO_FORMER:
            findings.warning(
                line,
                "no-former",
                Sentence(
                    "KIS 백테스터는 {price}의 어제 값을 0으로 보아 이 교차가 거의 날마다 참이 됩니다. "
                    "여기서는 실제 "
                    "어제 값과 비교합니다.",
                    price=str(side),
                ),
            )


def _tell_shared_names(spec: StrategySpec, alias_lines: Mapping[str, int], findings: Findings) -> None:
    read = {
        f"{side.alias}_{side.line}": side.alias
        for group in (spec.entry, spec.exit)
        for condition in group.conditions
        if isinstance(condition, Comparison)
        for side in (condition.left, condition.right)
        if isinstance(side, IndicatorLine) and side.line != "value"
    }
    for use in spec.indicators:
        if use.alias in read:
            findings.warning(
                alias_lines[use.alias],
                "shared-name",
                Sentence(
                    "KIS 백테스터에서는 별칭 '{alias}'과(와) 지표 {other}의 선이 한 변수를 나누어 써서 값이 "
                    "섞입니다. "
                    "별칭을 바꾸십시오.",
                    alias=use.alias,
                    other=read[use.alias],
                ),
            )
