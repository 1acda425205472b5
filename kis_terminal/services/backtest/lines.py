"""Lines of indicators over one symbol's bars, each computed once a run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.strategy.indicator_table import canonical_id, indicators
from kis_terminal.domain.strategy.model import BoundIndicator, PriceField
from kis_terminal.domain.strategy.pattern_table import patterns
from kis_terminal.services.studies.registry import STUDIES, compute_on, pattern_on
from kis_terminal.services.studies.rolling import shifted
from kis_terminal.services.studies.series import TradedBars, traded_bars

Numbers = NDArray[np.float64]
SHIFT, SOURCE = "shift", "source"
"""Parameters that every indicator takes beside its own (docs/strategies.md)."""


class LineBook:
    """The lines over one symbol's traded bars; what was computed once is kept. Arrays are read-only.

    `market` are bars of the index, for beta and alpha.
    """

    def __init__(self, bars: BarColumns, market: BarColumns | None = None) -> None:
        self._bars = bars
        self._prepared = _prepared(bars) if market is None else traded_bars(bars, market)
        self._known: dict[tuple[object, ...], dict[str, Numbers]] = {}

    def line(self, indicator: str, output: str | None, parameters: Mapping[str, Parameter]) -> Numbers:
        """Return `(n,)`: a line of an indicator, or the values of a candlestick pattern.

        Raises CorrectionNeeded for an unknown indicator, line or parameter.
        """
        identifier = canonical_id(indicator)
        if identifier in patterns():
            return self.pattern(identifier)
        own = dict(parameters)
        shift = own.pop(SHIFT, 0)
        if not isinstance(shift, int) or shift < 0:
            raise CorrectionNeeded(
                Sentence("{name}의 shift는 0 이상의 정수여야 합니다: {value}", name=indicator, value=shift)
            )
        lines = self._lines(identifier, own, shift, _source(indicator, own.pop(SOURCE, PriceField.CLOSE)))
        wanted = output or indicators()[identifier].default_line
        if wanted not in lines:
            raise CorrectionNeeded(
                Sentence(
                    "지표 '{id}'에는 '{line}' 선이 없습니다. 있는 선: {lines}",
                    id=indicator,
                    line=wanted,
                    lines=", ".join(lines),
                )
            )
        return lines[wanted]

    def of(self, use: BoundIndicator, output: str) -> Numbers:
        """Return `(n,)`: a line of an indicator that a rule strategy declares."""
        key = (use.id, tuple(sorted(use.params.items())), use.shift, use.source)
        lines = self._known.get(key)
        if lines is None:
            lines = self._known[key] = self._bound(use)
        return lines[output]

    def pattern(self, identifier: str) -> Numbers:
        """Return `(n,)`: above zero bullish, below bearish, else 0."""
        key = ("pattern", identifier)
        if key not in self._known:
            values = pattern_on(identifier, self._prepared).astype(np.float64)
            values.flags.writeable = False
            self._known[key] = {"value": values}
        return self._known[key]["value"]

    def _bound(self, use: BoundIndicator) -> dict[str, Numbers]:
        """Compute what was checked when it was bound."""
        study = STUDIES[use.id]
        bars = self._prepared if use.source is PriceField.CLOSE else self._prepared.fed_with(use.source)
        found = study.function(bars, **use.params)
        lines = found if isinstance(found, tuple) else (found,)
        if use.shift:
            lines = tuple(shifted(line, use.shift) for line in lines)
        for line in lines:
            line.flags.writeable = False
        return dict(zip(study.lines, lines, strict=True))

    def _lines(
        self, identifier: str, parameters: Mapping[str, Parameter], shift: int, source: PriceField
    ) -> dict[str, Numbers]:
        key = (identifier, tuple(sorted(parameters.items())), shift, source)
        if key not in self._known:
            lines = compute_on(identifier, parameters, self._prepared, source=source, shift=shift)
            for values in lines.values():
                values.flags.writeable = False
            self._known[key] = lines
        return self._known[key]


def _prepared(bars: BarColumns) -> TradedBars:
    """Return bars that all traded as studies take them, without looking at each again."""
    volume = bars.volume if not np.isnan(bars.volume.sum()) else np.nan_to_num(bars.volume, nan=0.0)
    return TradedBars(bars.open, bars.high, bars.low, bars.close, volume, traded=None)


def _source(indicator: str, word: Parameter) -> PriceField:
    try:
        return PriceField(str(word))
    except ValueError as error:
        raise CorrectionNeeded(
            Sentence(
                "{name}의 source는 {fields} 중 하나여야 합니다: {value}",
                name=indicator,
                fields=", ".join(PriceField),
                value=word,
            )
        ) from error
