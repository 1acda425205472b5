"""What a sweep's workers share and do: bars once, then the figures of each combination.

The same objects run in this process, in a pool of processes and on a cluster, so the figures are the same.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from kis_terminal.domain.backtest import BacktestRequest, StrategySource
from kis_terminal.domain.bar_columns import BarColumns, SeriesKey
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.sentences import sentence_of
from kis_terminal.domain.strategy.model import StrategySpec
from kis_terminal.services.backtest.combinations import Combination, chunks_of
from kis_terminal.services.backtest.rule_sweep import FAST_FIGURES, MOST_ROW_VALUES, RuleSweep
from kis_terminal.services.backtest.run import Runnable, run_backtest

Figures = Mapping[str, float | int | None]
Answer = Figures | str
"""The figures of a combination, or the sentence why it cannot run."""
StrategyLoader = Callable[[StrategySource], Runnable]
"""Turns the request's source into what runs; a function of a module, since workers look it up by name."""
_AT_ONCE = 512
_LEAST_ROWS = 64
_SECONDS_A_BAR = 8e-9
"""What the compiled engine takes a bar and combination, widely."""
_START_SECONDS = 0.7
"""What starting processes takes at least."""


@dataclass(frozen=True, slots=True)
class SweepJob:
    """What differs from combination to combination, and what does not."""

    base: BacktestRequest
    names: tuple[str, ...]
    """The parameters of each combination, in its order."""
    load: StrategyLoader
    target: str = "sharpe"
    """A figure that every answer has to have."""


class SweepData:
    """The bars of a sweep; a worker keeps the set that it was sent last, known by its token."""

    def __init__(
        self, columns: Mapping[SeriesKey, BarColumns], instruments: Mapping[str, Instrument] | None = None
    ) -> None:
        self.columns = columns
        self.instruments = dict(instruments or {})
        self.token = uuid.uuid4().hex
        self._evaluator: Evaluator | None = None
        self._turn = threading.Lock()

    def __reduce__(self) -> tuple[object, ...]:
        # What a worker has reckoned for itself stays with it.
        return _arrived, (self.columns, self.instruments, self.token)

    def answers(self, job: SweepJob, combinations: Sequence[Combination]) -> list[Answer]:
        """Return an answer for each combination, in their order; one caller at a time."""
        with self._turn:
            return self._evaluator_of(job).answers(combinations)

    def is_quick(self, job: SweepJob, count: int) -> bool:
        """Tell whether so many combinations take less time than starting processes for them."""
        with self._turn:
            return self._evaluator_of(job).is_quick(count)

    def _evaluator_of(self, job: SweepJob) -> Evaluator:
        if self._evaluator is None or self._evaluator.job != job:
            self._evaluator = Evaluator(self, job)
        return self._evaluator


def _arrived(
    columns: Mapping[SeriesKey, BarColumns], instruments: Mapping[str, Instrument], token: str
) -> SweepData:
    data = SweepData(columns, instruments)
    data.token = token
    return data


class Evaluator:
    """Runs the combinations of one job over one set of bars: compiled and many at once where that can be."""

    def __init__(self, data: SweepData, job: SweepJob) -> None:
        self.job = job
        self._data = data
        self._strategy = job.load(job.base.strategy)
        self._bars = sum(len(data.columns[key]) for key in job.base.series if key in data.columns)
        self._fast: RuleSweep | None = None

    def answers(self, combinations: Sequence[Combination]) -> list[Answer]:
        """Return an answer for each combination, in their order."""
        if not self._is_fast():
            return [self._answer(combination) for combination in combinations]
        answers: list[Answer] = []
        for chunk in chunks_of(combinations, _AT_ONCE):
            answers += self._compiled().answers(chunk)
        return answers

    def is_quick(self, count: int) -> bool:
        """Tell whether so many combinations take less time than starting processes for them."""
        return self._is_fast() and count * self._bars * _SECONDS_A_BAR < _START_SECONDS

    def _is_fast(self) -> bool:
        # A universe of which a few dozen lines fill the memory is run line by line.
        fits = self._bars * _LEAST_ROWS <= MOST_ROW_VALUES
        return isinstance(self._strategy, StrategySpec) and self.job.target in FAST_FIGURES and fits

    def _compiled(self) -> RuleSweep:
        """Return the compiled sweep; begun anew where its lines have grown too many."""
        if self._fast is None or self._fast.row_values > MOST_ROW_VALUES:
            assert isinstance(self._strategy, StrategySpec)  # noqa: S101 - asked by _is_fast
            self._fast = RuleSweep(
                self.job.base,
                self._data.columns,
                self._strategy,
                self.job.names,
                instruments=self._data.instruments,
            )
        return self._fast

    def _answer(self, combination: Combination) -> Answer:
        parameters = {**self.job.base.parameters, **dict(zip(self.job.names, combination, strict=True))}
        try:
            result = run_backtest(
                replace(self.job.base, parameters=parameters),
                self._data.columns,
                self._strategy,
                instruments=self._data.instruments,
            )
        except CorrectionNeeded as error:
            return sentence_of(error)
        return result.summary
