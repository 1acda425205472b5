"""Thousands of combinations of a rule strategy's parameters at once, over bars made ready once.

Every line of every indicator is computed once for each value that it can have; a combination is then a
choice of rows. The figures are those of `run_backtest`, from the same engine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.backtest import BacktestRequest
from kis_terminal.domain.bar_columns import BarColumns, SeriesKey
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.sentences import sentence_of
from kis_terminal.domain.strategy.binding import bind
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.strategy.model import (
    BoundStrategy,
    Comparison,
    Condition,
    IndicatorLine,
    Operand,
    ParamRef,
    StrategySpec,
)
from kis_terminal.services.backtest.account import closes_on_grid
from kis_terminal.services.backtest.figures import annual_growth, returns_of
from kis_terminal.services.backtest.kernel_run import kernel_rules, kernel_symbols
from kis_terminal.services.backtest.market import prepare_market
from kis_terminal.services.backtest.market_look import look_at
from kis_terminal.services.backtest.rows import RowBook
from kis_terminal.services.backtest.rule_program import program_of
from kis_terminal.services.backtest.single_sweep import sweep_one
from kis_terminal.services.backtest.sweep_kernel import FIGURES, Course, sweep_rules

Combination = tuple[Parameter, ...]
FAST_FIGURES = frozenset(
    (
        *("start_equity", "final_equity", "total_return", "cagr", "years", "volatility", "sharpe", "sortino"),
        *("max_drawdown", "calmar", "trades", "win_rate", "profit_factor", "fills"),
    )
)
"""The figures that every answer holds, named and defined as in a backtest's summary."""
MOST_ROW_VALUES = 60_000_000
"""Rows of lines beyond this (half a gigabyte) do not fit: the caller runs such sweeps one by one."""


class _Choice(NamedTuple):
    """A part of the strategy that some of the swept parameters decide."""

    positions: tuple[int, ...]
    """Of those parameters in a combination."""
    known: dict[Combination, int]
    """Values of those parameters -> number of the choice."""
    rows: list[list[int]]
    """By number: the row of each condition side that hangs on it."""
    sides: tuple[tuple[bool, int], ...]
    """Which sides these are: whether the right one, and the number of the condition."""


class RuleSweep:
    """One strategy, one request, one set of bars; answers for combinations of the parameters `names`."""

    def __init__(
        self,
        request: BacktestRequest,
        bars: Mapping[SeriesKey, BarColumns],
        spec: StrategySpec,
        names: Sequence[str],
        *,
        instruments: Mapping[str, Instrument],
    ) -> None:
        """Raise CorrectionNeeded where the request cannot be run."""
        self._request = request
        self._spec = spec
        self._names = tuple(names)
        self._market = prepare_market(request, bars, instruments, look_at)
        index = None if request.benchmark is None else bars.get(request.benchmark)
        self._rows = RowBook(self._market.series, index)
        self._conditions: tuple[Condition, ...] = (*spec.entry.conditions, *spec.exit.conditions)
        self._program = program_of(spec.entry, spec.exit)
        self._choices = self._split()
        self._symbols = kernel_symbols(self._market)
        self._locks = self._symbols.marks.copy()
        returns = returns_of(self._market.times, np.ones(len(self._market.times)), 1.0)
        days = self._market.times // 86_400
        day_ends = np.append(np.flatnonzero(days[1:] != days[:-1]), len(days) - 1).astype(np.int64)
        self._course = Course(self._market.times, day_ends)
        first = self._market.series[0]
        is_single = len(self._market.series) == 1 and len(first.bars) > 0 and len(day_ends) == len(days)
        self._carried = closes_on_grid(first, len(days)) if is_single else None
        self._periods = returns.periods_a_year
        self._years = float(returns.days[-1] - returns.days[0]) / 365.0

    @property
    def row_values(self) -> int:
        """Return how many numbers the rows of lines hold so far."""
        return self._rows.values

    def answers(self, combinations: Sequence[Combination]) -> list[dict[str, float | int | None] | str]:
        """Return for each combination its figures, or the sentence why it cannot run, in their order."""
        refused: dict[int, str] = {}
        numbers = np.empty((len(combinations), len(self._choices)), dtype=np.int64)
        for place, combination in enumerate(combinations):
            try:
                numbers[place] = self._numbers(combination)
            except CorrectionNeeded as error:
                refused[place] = sentence_of(error)
        runnable = np.delete(np.arange(len(combinations)), list(refused))
        table = self._evaluated(numbers[runnable]) if len(runnable) else np.zeros((0, len(FIGURES)))
        found: list[dict[str, float | int | None] | str] = [""] * len(combinations)
        for place, figures in zip(runnable.tolist(), self._figures(table), strict=True):
            found[place] = figures
        for place, sentence in refused.items():
            found[place] = sentence
        return found

    def table(self, combinations: Sequence[Combination]) -> dict[str, NDArray[np.float64]]:
        """Return `(c,)` final_equity, total_return, max_drawdown, sharpe and trades; NaN where not defined.

        For surfaces that are redrawn while a slider moves. Raises CorrectionNeeded for a wrong combination.
        """
        numbers = np.array([self._numbers(combination) for combination in combinations], dtype=np.int64)
        numbers = numbers.reshape(len(combinations), len(self._choices))
        columns = dict(zip(FIGURES, self._evaluated(numbers).T, strict=True))
        return {
            "final_equity": columns["final_equity"],
            "total_return": columns["final_equity"] / self._request.cash - 1.0,
            "max_drawdown": columns["max_drawdown"],
            "sharpe": columns["mean"] / columns["deviation"] * math.sqrt(self._periods),
            "trades": columns["trades"],
        }

    def _evaluated(self, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return `(c, len(FIGURES))` for the numbers of the choices, `(c, choices)`."""
        sides = np.zeros((2, len(numbers), len(self._conditions)), dtype=np.int32)
        for column, choice in enumerate(self._choices):
            rows = np.array(choice.rows, dtype=np.int32)
            for place, (is_right, condition) in enumerate(choice.sides):
                sides[int(is_right), :, condition] = rows[numbers[:, column], place]
        if self._carried is not None:
            return sweep_one(
                self._symbols,
                self._locks,
                kernel_rules(self._request, self._spec.risk),
                self._course.times,
                self._carried,
                self._program,
                self._rows.addresses(),
                np.ascontiguousarray(sides[0]),
                np.ascontiguousarray(sides[1]),
            )
        return sweep_rules(
            self._symbols,
            self._locks,
            kernel_rules(self._request, self._spec.risk),
            self._course,
            self._program,
            self._rows.addresses(),
            np.ascontiguousarray(sides[0]),
            np.ascontiguousarray(sides[1]),
        )

    def _split(self) -> list[_Choice]:
        """Return the parts of the strategy, each with the swept parameters that decide it."""
        parts: dict[tuple[int, ...], list[tuple[bool, int]]] = {}
        for number, condition in enumerate(self._conditions):
            for is_right in (False, True):
                parts.setdefault(self._positions(condition, is_right), []).append((is_right, number))
        # A parameter that decides nothing is still looked at: its value may be outside its limits.
        for position in range(len(self._names)):
            if not any(position in positions for positions in parts):
                parts[(position,)] = []
        return [_Choice(positions, {}, [], tuple(sides)) for positions, sides in parts.items()]

    def _positions(self, condition: Condition, is_right: bool) -> tuple[int, ...]:
        if not isinstance(condition, Comparison):
            return ()
        operand: Operand = condition.right if is_right else condition.left
        named: set[str] = set()
        if isinstance(operand, ParamRef):
            named = {operand.name}
        elif isinstance(operand, IndicatorLine):
            use = next(use for use in self._spec.indicators if use.alias == operand.alias)
            values = (*use.params.values(), use.shift)
            named = {value.name for value in values if isinstance(value, ParamRef)}
        return tuple(position for position, name in enumerate(self._names) if name in named)

    def _numbers(self, combination: Combination) -> list[int]:
        """Return the number of each choice; raises CorrectionNeeded for a combination that cannot run."""
        numbers = []
        for choice in self._choices:
            key = tuple([combination[position] for position in choice.positions])
            number = choice.known.get(key)
            numbers.append(self._added(choice, key, combination) if number is None else number)
        return numbers

    def _added(self, choice: _Choice, key: Combination, combination: Combination) -> int:
        """Compute the rows of a choice that is new; raises CorrectionNeeded where it cannot be."""
        parameters = {**self._request.parameters, **dict(zip(self._names, combination, strict=True))}
        bound = bind(self._spec, parameters)
        conditions = bound.conditions
        rows = [self._row(bound, conditions[number], is_right) for is_right, number in choice.sides]
        choice.rows.append(rows)
        choice.known[key] = len(choice.rows) - 1
        return len(choice.rows) - 1

    def _row(self, bound: BoundStrategy, condition: Condition, is_right: bool) -> int:
        if not isinstance(condition, Comparison):
            use = next(use for use in bound.patterns if use.alias == condition.alias)
            return self._rows.constant(0.0) if is_right else self._rows.pattern(use.id)
        return self._rows.operand(
            bound, condition.right if is_right else condition.left, condition.scalar if is_right else None
        )

    def _figures(self, table: NDArray[np.float64]) -> list[dict[str, float | int | None]]:
        cash, years, root = self._request.cash, self._years, math.sqrt(self._periods)
        found: list[dict[str, float | int | None]] = []
        for final, fall, mean, deviation, downside, trades, wins, won, lost, fills in table.tolist():
            growth = annual_growth(cash, final, years)
            found.append(
                {
                    "start_equity": cash,
                    "final_equity": final,
                    "total_return": final / cash - 1.0,
                    "cagr": growth,
                    "years": years,
                    "volatility": _known(deviation * root),
                    "sharpe": _known(mean / deviation * root),
                    "sortino": _known(mean / downside * root),
                    "max_drawdown": fall,
                    "calmar": None if growth is None or fall == 0 else growth / fall,
                    "trades": int(trades),
                    "win_rate": wins / trades if trades else None,
                    "profit_factor": won / lost if lost > 0 else None,
                    "fills": int(fills),
                }
            )
        return found


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
