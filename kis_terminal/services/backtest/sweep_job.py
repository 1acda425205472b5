"""What a sweep's workers share and do: bars once, then the figures of each combination.

The same objects run in this process, in a pool of processes and on a cluster, so the figures are the same.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from kis_terminal.domain.backtest import BacktestRequest, StrategySource
from kis_terminal.domain.bar_columns import BarColumns, SeriesKey
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.strategy.model import BoundStrategy, StrategySpec
from kis_terminal.services.backtest.combinations import Combination, chunks_of
from kis_terminal.services.backtest.rule_sweep import FAST_FIGURES, MOST_ROW_VALUES, RuleSweep
from kis_terminal.services.backtest.run import Runnable, run_backtest

Figures = Mapping[str, float | int | None]
Answer = Figures | str
"""The figures of a combination, or the sentence why it cannot run."""
StrategyLoader = Callable[[StrategySource], Runnable]
"""Turns the request's source into what runs; a function of a module, since workers look it up by name."""
SYMBOL = "symbol"
"""The range of this name runs each of the base's symbols alone, unless the strategy has such a parameter."""
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


def request_of(base: BacktestRequest, strategy: Runnable, values: Mapping[str, Parameter]) -> BacktestRequest:
    """Return the run of one combination; `symbol` picks one of the base's series.

    Raises CorrectionNeeded for a symbol that is none of them.
    """
    parameters = {**base.parameters, **values}
    if SYMBOL not in values or SYMBOL in _parameter_names(strategy):
        return replace(base, parameters=parameters)
    symbol = parameters.pop(SYMBOL)
    series = [key for key in base.series if key.symbol == symbol]
    if not series:
        raise CorrectionNeeded(Sentence("'{symbol}'은(는) 이 백테스트의 종목이 아닙니다.", symbol=symbol))
    return replace(base, series=series, parameters=parameters)


def _parameter_names(strategy: Runnable) -> Collection[str]:
    if isinstance(strategy, StrategySpec):
        return strategy.params
    if isinstance(strategy, BoundStrategy):
        return strategy.parameters
    return [rule.name for rule in strategy.parameter_rules]


class Evaluator:
    """Runs the combinations of one job over one set of bars: compiled and many at once where that can be."""

    def __init__(self, data: SweepData, job: SweepJob) -> None:
        self.job = job
        self._data = data
        self._strategy = job.load(job.base.strategy)
        self._bars = sum(len(data.columns[key]) for key in job.base.series if key in data.columns)
        is_symbol = SYMBOL in job.names and SYMBOL not in _parameter_names(self._strategy)
        self._symbol_place = job.names.index(SYMBOL) if is_symbol else None
        self._compiled: dict[Parameter, RuleSweep] = {}
        """By symbol, "" where symbols are not swept."""

    def answers(self, combinations: Sequence[Combination]) -> list[Answer]:
        """Return an answer for each combination, in their order."""
        if not self._is_fast():
            return [self._answer(combination) for combination in combinations]
        answers: list[Answer] = []
        for chunk in chunks_of(combinations, _AT_ONCE):
            answers += self._fast_answers(chunk)
        return answers

    def is_quick(self, count: int) -> bool:
        """Tell whether so many combinations take less time than starting processes for them."""
        return self._is_fast() and count * self._bars * _SECONDS_A_BAR < _START_SECONDS

    def _is_fast(self) -> bool:
        # A universe of which a few dozen lines fill the memory is run line by line.
        fits = self._bars * _LEAST_ROWS <= MOST_ROW_VALUES
        return isinstance(self._strategy, StrategySpec) and self.job.target in FAST_FIGURES and fits

    def _fast_answers(self, combinations: Sequence[Combination]) -> list[Answer]:
        place = self._symbol_place
        if place is None:
            return list(self._rules_of("").answers(combinations))
        by_symbol: dict[Parameter, list[int]] = {}
        for number, combination in enumerate(combinations):
            by_symbol.setdefault(combination[place], []).append(number)
        answers: list[Answer] = [""] * len(combinations)
        for symbol, numbers in by_symbol.items():
            own = [(*combinations[one][:place], *combinations[one][place + 1 :]) for one in numbers]
            try:
                found: Sequence[Answer] = self._rules_of(symbol).answers(own)
            except CorrectionNeeded as error:
                found = [sentence_of(error)] * len(own)
            for number, answer in zip(numbers, found, strict=True):
                answers[number] = answer
        return answers

    def _rules_of(self, symbol: Parameter) -> RuleSweep:
        """Return the compiled sweep; begun anew where the lines have grown too many."""
        if sum(one.row_values for one in self._compiled.values()) > MOST_ROW_VALUES:
            self._compiled.clear()
        found = self._compiled.get(symbol)
        if found is None:
            assert isinstance(self._strategy, StrategySpec)  # noqa: S101 - asked by _is_fast
            is_one = self._symbol_place is not None
            base = self.job.base
            found = self._compiled[symbol] = RuleSweep(
                request_of(base, self._strategy, {SYMBOL: symbol}) if is_one else base,
                self._data.columns,
                self._strategy,
                [name for name in self.job.names if not is_one or name != SYMBOL],
                instruments=self._data.instruments,
            )
        return found

    def _answer(self, combination: Combination) -> Answer:
        values = dict(zip(self.job.names, combination, strict=True))
        try:
            result = run_backtest(
                request_of(self.job.base, self._strategy, values),
                self._data.columns,
                self._strategy,
                instruments=self._data.instruments,
            )
        except CorrectionNeeded as error:
            return sentence_of(error)
        return result.summary
