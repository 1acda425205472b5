"""One backtest from request to result: prepares the market, lets an engine run, reckons the figures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.backtest import BacktestRequest, BacktestResult, BacktestTrade
from kis_terminal.domain.bar_columns import BarColumns, LoadReport, SeriesKey
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.binding import bind
from kis_terminal.domain.strategy.contract import Parameter, Strategy
from kis_terminal.domain.strategy.model import BoundStrategy, StrategySpec
from kis_terminal.domain.strategy.value_traps import traps_of_values
from kis_terminal.services.backtest.event_loop import run_events
from kis_terminal.services.backtest.figures import figures
from kis_terminal.services.backtest.lines import LineBook
from kis_terminal.services.backtest.market import MarketRun, TradedSeries, prepare_market
from kis_terminal.services.backtest.outcome import EngineOutcome
from kis_terminal.services.backtest.rule_strategy import RuleStrategy
from kis_terminal.services.backtest.run_warnings import run_warnings
from kis_terminal.services.backtest.trades import round_trips

Runnable = StrategySpec | BoundStrategy | type[Strategy]
_NO_INSTRUMENTS: Mapping[str, Instrument] = MappingProxyType({})
KERNEL_MODULE = "kis_terminal.services.backtest.kernel_run"
_MOST_BARS_BY_EVENTS = 100_000
_MOST_LINE_VALUES = 2_000_000


class Engine(StrEnum):
    """Which of the two engines runs; both give the same fills."""

    EVENTS = "events"
    KERNEL = "kernel"
    """Rule strategies only."""


def run_backtest(
    request: BacktestRequest,
    bars: Mapping[SeriesKey, BarColumns],
    strategy: Runnable,
    *,
    instruments: Mapping[str, Instrument] = _NO_INSTRUMENTS,
    reports: Sequence[LoadReport] = (),
    progress: Callable[[int, int], None] | None = None,
    engine: Engine | None = None,
) -> BacktestResult:
    """Run a strategy over `bars`, which hold every series of the request and its benchmark.

    Bars before the start of the request warm up indicators; those after its end are not looked at.
    `strategy` is what `request.strategy` was read into; the request's parameters are put into it here.
    `progress` is told parts done and parts in all. Raises CorrectionNeeded where the request or the
    strategy cannot be run, and lets through what a Python strategy raises.
    """
    market = prepare_market(request, bars, instruments, _look())
    index = None if request.benchmark is None else bars.get(request.benchmark)
    if isinstance(strategy, type):
        outcome = _run_python(request, market, strategy, index, progress)
        lines = outcome.lines
    else:
        rules = bind(strategy, request.parameters) if isinstance(strategy, StrategySpec) else strategy
        outcome = _run_rules(request, market, rules, index, progress, engine)
        lines = _rule_lines(rules, market, index)
    values = traps_of_values(strategy, request.parameters) if isinstance(strategy, StrategySpec) else ()
    return _result(request, market, outcome, lines, index, reports, values)


def _look() -> Callable[[Sequence[BarColumns]], Sequence[int]] | None:
    """Return the compiled look at bars where numba is there already."""
    if KERNEL_MODULE not in sys.modules:
        return None
    from kis_terminal.services.backtest.market_look import look_at

    return look_at


def _run_python(
    request: BacktestRequest,
    market: MarketRun,
    strategy: type[Strategy],
    index: BarColumns | None,
    progress: Callable[[int, int], None] | None,
) -> EngineOutcome:
    parameters = python_parameters(strategy, request.parameters)
    return run_events(request, market, strategy(), parameters=parameters, benchmark=index, progress=progress)


def _run_rules(
    request: BacktestRequest,
    market: MarketRun,
    rules: BoundStrategy,
    index: BarColumns | None,
    progress: Callable[[int, int], None] | None,
    engine: Engine | None,
) -> EngineOutcome:
    if engine is Engine.KERNEL or (engine is None and _is_worth_compiling(market)):
        from kis_terminal.services.backtest.kernel_run import run_kernel

        return run_kernel(request, market, rules, benchmark=index, progress=progress)
    return run_events(
        request,
        market,
        RuleStrategy(rules, request.stops),
        parameters=dict(rules.parameters),
        benchmark=index,
        progress=progress,
    )


def _is_worth_compiling(market: MarketRun) -> bool:
    """Tell whether the compiled engine is there already, or the run is longer than loading it takes.

    Loading it takes a second or two, and up to half a minute the first time on a machine.
    """
    bars = sum(len(one.bars) for one in market.series)
    return KERNEL_MODULE in sys.modules or bars > _MOST_BARS_BY_EVENTS


def python_parameters(strategy: type[Strategy], given: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Return every parameter of a Python strategy with its value; raises CorrectionNeeded for wrong ones."""
    rules = {rule.name: rule for rule in strategy.parameter_rules}
    values: dict[str, Parameter] = {rule.name: rule.default for rule in rules.values()}
    for name, value in given.items():
        rule = rules.get(name)
        if rule is None:
            raise CorrectionNeeded(
                Sentence(
                    "{strategy}에는 '{name}' 매개변수가 없습니다. 있는 이름: {names}",
                    strategy=strategy.name,
                    name=name,
                    names=", ".join(rules) or "-",
                )
            )
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        low, high = rule.minimum, rule.maximum
        if is_number and not (low is None or float(value) >= low):
            raise _outside(name, value, low, high)
        if is_number and not (high is None or float(value) <= high):
            raise _outside(name, value, low, high)
        values[name] = value
    return values


def _outside(name: str, value: Parameter, low: float | None, high: float | None) -> CorrectionNeeded:
    return CorrectionNeeded(
        Sentence(
            "'{name}'은(는) {low} 이상 {high} 이하여야 합니다: {value}",
            name=name,
            low="-" if low is None else f"{low:g}",
            high="-" if high is None else f"{high:g}",
            value=value,
        )
    )


def _result(
    request: BacktestRequest,
    market: MarketRun,
    outcome: EngineOutcome,
    lines: Mapping[str, Mapping[str, NDArray[np.float64]]],
    index: BarColumns | None,
    reports: Sequence[LoadReport],
    about_values: Sequence[str],
) -> BacktestResult:
    trades: Sequence[BacktestTrade] = round_trips(outcome.fills, market.series)
    benchmark = None if index is None else _benchmark(index, market.times, request.cash)
    found = figures(
        market.times,
        outcome.equity,
        outcome.fills,
        trades,
        cash=request.cash,
        benchmark=benchmark,
    )
    return BacktestResult(
        request=request,
        summary=found.summary,
        fills=outcome.fills,
        trades=trades,
        times=market.times,
        equity=outcome.equity,
        drawdown=found.drawdown,
        benchmark=benchmark,
        monthly=found.monthly,
        data=reports,
        warnings=(*about_values, *market.warnings, *run_warnings(market, outcome, trades), *found.warnings),
        lines=_over_given(market.series, lines),
        log=outcome.log,
    )


def _benchmark(index: BarColumns, times: NDArray[np.int64], cash: float) -> NDArray[np.float64]:
    """Return `(t,)`: the index scaled to `cash` at its first known point, NaN before."""
    priced = index.close > 0
    closes = np.concatenate(([np.nan], index.close[priced]))
    level = closes[np.searchsorted(index.times[priced], times, side="right")]
    known = level[np.isfinite(level)]
    scaled: NDArray[np.float64] = level / known[0] * cash if len(known) else level
    return scaled


def _rule_lines(
    rules: BoundStrategy, market: MarketRun, index: BarColumns | None
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return every line that the rules declare or read, for the chart; none for very large runs."""
    if sum(len(one.bars) for one in market.series) * max(len(rules.indicators), 1) > _MOST_LINE_VALUES:
        return {}
    wanted = {(use.alias, use.line) for use in rules.indicators}
    wanted |= {(line.alias, line.line) for line in rules.used_lines()}
    uses = {use.alias: use for use in rules.indicators}
    found = {}
    for one in market.series:
        book = LineBook(one.bars, index)
        found[one.symbol] = {
            alias if line == uses[alias].line else f"{alias}.{line}": book.of(uses[alias], line)
            for alias, line in sorted(wanted)
        }
    return found


def _over_given(
    series: Sequence[TradedSeries], lines: Mapping[str, Mapping[str, NDArray[np.float64]]]
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return lines over the bars that traded carried over those that did not."""
    by_symbol = {one.symbol: one for one in series}
    found = {}
    for symbol, of_symbol in lines.items():
        one = by_symbol[symbol]
        places = np.searchsorted(one.bars.times, one.given.times, side="right")
        found[symbol] = {
            name: np.concatenate(([np.nan], values))[places] for name, values in of_symbol.items()
        }
    return found
