"""What the worker does for the panel; the command does the same by `cli/backtest_parts`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kis_terminal.domain.backtest_work import (
    BarSet,
    WorkProgress,
)
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence

Tell = Callable[[WorkProgress], None]


class BacktestDesk:
    """Do works one by one and keep the bars of the last one."""

    def __init__(self) -> None:
        self._bars: BarSet | None = None
        self._acts: dict[type, Callable[[Any, Tell], Any]] = {}

    def do(self, work: Any, on_progress: Tell) -> Any:
        """Return the answer to a work; raises TerminalError."""
        act = self._acts.get(type(work))
        if act is None:
            raise CorrectionNeeded(Sentence("할 수 없는 일입니다: {kind}", kind=type(work).__name__))
        return act(work, on_progress)

    def _bars_of(self, bars: BarSet) -> BarSet:
        """Return the set with its columns, which came with it or with an earlier work."""
        if bars.columns is not None:
            self._bars = bars
            return bars
        if self._bars is None or self._bars.token != bars.token:
            raise CorrectionNeeded(Sentence("봉 자료가 없습니다. 다시 실행하십시오."))
        return self._bars
