"""The one door to the 80 indicators and 66 patterns: an id and bars in, columns out.

They run on the bars that traded; over others, an indicator keeps its last value and a pattern is 0.
Importing this brings TA-Lib, and pandas with it: for workers and commands, never for the window's process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.strategy.indicator_table import Indicator, canonical_id, indicators
from kis_terminal.domain.strategy.model import PriceField
from kis_terminal.domain.strategy.param_rules import param_fault, params_fault, whole
from kis_terminal.services.studies.averages import AVERAGES
from kis_terminal.services.studies.levels import LEVELS
from kis_terminal.services.studies.oscillators import OSCILLATORS
from kis_terminal.services.studies.patterns import PATTERNS
from kis_terminal.services.studies.rolling import shifted
from kis_terminal.services.studies.series import Column, TradedBars, traded_bars
from kis_terminal.services.studies.study import Study
from kis_terminal.services.studies.trend import TREND
from kis_terminal.services.studies.volatility import VOLATILITY
from kis_terminal.services.studies.volume import VOLUME

STUDIES: Mapping[str, Study] = MappingProxyType(
    dict((*AVERAGES, *OSCILLATORS, *TREND, *VOLUME, *VOLATILITY, *LEVELS))
)


def compute(
    indicator_id: str,
    params: Mapping[str, Parameter],
    columns: BarColumns,
    *,
    market: BarColumns | None = None,
    source: PriceField = PriceField.CLOSE,
    shift: int = 0,
) -> dict[str, Column]:
    """Return every line of an indicator, `(n,)` each, NaN where its history is too short.

    Missing parameters take their defaults. `market` are bars of the index for beta and alpha, which are NaN
    without. `source` stands in for the close where the indicator is fed with the close only; `shift` gives
    the lines as they stood so many traded bars ago. Raises CorrectionNeeded for an unknown id or parameter,
    or a value it cannot have.
    """
    return compute_on(indicator_id, params, traded_bars(columns, market), source=source, shift=shift)


def compute_on(
    indicator_id: str,
    params: Mapping[str, Parameter],
    bars: TradedBars,
    *,
    source: PriceField = PriceField.CLOSE,
    shift: int = 0,
) -> dict[str, Column]:
    """Return the same out of bars that were prepared once for many indicators."""
    study = _study(indicator_id)
    values = complete_params(indicator_id, params)
    lines = study.function(bars if source is PriceField.CLOSE else bars.fed_with(source), **values)
    columns = lines if isinstance(lines, tuple) else (lines,)
    if shift:
        columns = tuple(shifted(column, shift) for column in columns)
    return {name: bars.carried(column) for name, column in zip(study.lines, columns, strict=True)}


def compute_many(
    indicator_id: str,
    params: Sequence[Mapping[str, Parameter]],
    columns: BarColumns,
    *,
    line: str | None = None,
    market: BarColumns | None = None,
    source: PriceField = PriceField.CLOSE,
    shift: int = 0,
) -> NDArray[np.float64]:
    """Return one line for each of `params`, `(len(params), n)` in C order: the very values of `compute`.

    `line` is the indicator's default line when None.
    """
    indicator = _indicator(indicator_id)
    wanted = line or indicator.default_line
    if wanted not in indicator.lines:
        raise CorrectionNeeded(
            Sentence(
                "지표 '{id}'에는 '{line}' 선이 없습니다. 있는 선: {lines}",
                id=indicator_id,
                line=wanted,
                lines=", ".join(indicator.lines),
            )
        )
    bars = traded_bars(columns, market)
    result = np.empty((len(params), len(columns)))
    known: dict[tuple[tuple[str, Parameter], ...], int] = {}
    for row, given in enumerate(params):
        former = known.setdefault(tuple(sorted(given.items())), row)
        result[row] = (
            result[former]
            if former != row
            else compute_on(indicator_id, given, bars, source=source, shift=shift)[wanted]
        )
    return result


def warm_up(indicator_id: str, params: Mapping[str, Parameter], *, shift: int = 0) -> int:
    """Return how many traded bars come before the first on which every line is known.

    Pivot waits for a turn of the prices, so it may take longer. Raises CorrectionNeeded as `compute` does.
    """
    study = _study(indicator_id)
    return study.warm_up(**complete_params(indicator_id, params)) + shift


def pattern(pattern_id: str, columns: BarColumns) -> NDArray[np.int64]:
    """Return `(n,)`: above 0 for a bullish pattern that ends with the bar, below 0 for a bearish one, else 0.

    100, sometimes 80 (one end of two bodies coincides) or 200 (confirmed). Raises CorrectionNeeded for an
    unknown id.
    """
    return pattern_on(pattern_id, traded_bars(columns))


def pattern_on(pattern_id: str, bars: TradedBars) -> NDArray[np.int64]:
    """Return the same out of bars that were prepared once for many."""
    function = PATTERNS.get(pattern_id)
    if function is None:
        raise CorrectionNeeded(Sentence("캔들 패턴 '{id}'을(를) 알 수 없습니다.", id=pattern_id))
    return bars.placed(np.asarray(function(bars), dtype=np.int64))


def complete_params(indicator_id: str, params: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Return all parameters of an indicator, whole numbers as int.

    Raises CorrectionNeeded for an unknown name or a value that the indicator cannot have.
    """
    indicator = _indicator(indicator_id)
    result = indicator.defaults
    for name, value in params.items():
        rule = indicator.param(name)
        fault = (
            Sentence("지표 '{id}'에는 '{name}' 매개변수가 없습니다.", id=indicator_id, name=name)
            if rule is None
            else param_fault(rule, value)
        )
        if rule is None or fault is not None:
            raise CorrectionNeeded(fault)
        result[name] = whole(value) if rule.is_whole else value
    fault = params_fault(indicator, result)
    if fault is not None:
        raise CorrectionNeeded(fault)
    return result


def _indicator(indicator_id: str) -> Indicator:
    found = indicators().get(canonical_id(indicator_id))
    if found is None:
        raise CorrectionNeeded(Sentence("지표 '{id}'을(를) 알 수 없습니다.", id=indicator_id))
    return found


def _study(indicator_id: str) -> Study:
    return STUDIES[_indicator(indicator_id).id]
