"""Which values the parameters of an indicator may have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.strategy.indicator_table import Indicator, IndicatorParam

LONGEST = 1000
"""Bars that any parameter may count, the backtester's limit for `period`."""
_LIMITS: Mapping[str, tuple[float, float]] = {
    "period": (1, LONGEST),
    "fast": (1, 500),
    "slow": (1, 500),
    "signal": (1, 100),
    "k_period": (1, 100),
    "d_period": (1, 100),
    "std": (0.1, 10),
    "multiplier": (0.1, 10),
}
"""What KIS's backtester accepts when it makes code; it checks no other parameter."""
_FROM_TWO: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("hma", "frama", "vidya", "rsi", "cmo", "cci", "williams_r"), ("period",)),
        **dict.fromkeys(("adx", "adxr", "chop", "mfi", "regression", "augen"), ("period",)),
        **dict.fromkeys(("std", "variance", "volatility_ind", "beta", "alpha"), ("period",)),
        "stochrsi": ("rsi_period",),
        "aroon": ("up_period", "down_period"),
        "cho": ("fast",),
    }
)
"""Parameters that mean nothing over a single bar: one move, one deviation, one point of a line."""


def param_fault(param: IndicatorParam, value: Parameter) -> Sentence | None:
    """Return what is wrong with one value, None when nothing is."""
    if param.choices:
        if value in param.choices:
            return None
        return Sentence(
            "{name}의 값 '{value}'은(는) {choices} 가운데 하나여야 합니다.",
            name=param.name,
            value=value,
            choices=", ".join(param.choices),
        )
    if isinstance(value, (bool, str)) or not math.isfinite(value):
        return Sentence("{name}의 값 '{value}'은(는) 숫자가 아닙니다.", name=param.name, value=value)
    if param.is_whole and value != int(value):
        return Sentence("{name}의 값 {value}은(는) 정수여야 합니다.", name=param.name, value=value)
    low, high = limits(param)
    if low <= value <= high:
        return None
    return Sentence(
        "{name}의 값 {value}이(가) 범위 {low}~{high} 밖입니다.",
        name=param.name,
        value=value,
        low=f"{low:g}",
        high=f"{high:g}",
    )


def limits(param: IndicatorParam) -> tuple[float, float]:
    """Return the lowest and highest value that may run, both inclusive."""
    if param.name in _LIMITS:
        return _LIMITS[param.name]
    if param.is_whole:
        return (1, LONGEST)
    return (param.minimum or 0.0, math.inf) if param.name != "offset" else (0.0, 1.0)


def params_fault(indicator: Indicator, params: Mapping[str, Parameter]) -> Sentence | None:
    """Return what is wrong with complete parameters taken together, None when nothing is."""
    fast, slow = params.get("fast"), params.get("slow")
    if fast is not None and slow is not None and float(fast) >= float(slow):
        return Sentence(
            "{id}의 fast({fast})는 slow({slow})보다 작아야 합니다.", id=indicator.id, fast=fast, slow=slow
        )
    period = params.get("period")
    if indicator.id == "frama" and isinstance(period, (int, float)) and period % 2:
        return Sentence("frama의 period({period})는 짝수여야 합니다.", period=period)
    for name in _FROM_TWO.get(indicator.id, ()):
        if params.get(name) == 1:
            return Sentence("{id}의 {name}는 2 이상이어야 합니다.", id=indicator.id, name=name)
    start, highest = params.get("af_start"), params.get("af_max")
    if start is not None and highest is not None and float(start) > float(highest):
        return Sentence(
            "sar의 af_start({start})는 af_max({highest})보다 클 수 없습니다.", start=start, highest=highest
        )
    return None


def whole(value: Parameter) -> Parameter:
    """Return 20 for 20.0; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
