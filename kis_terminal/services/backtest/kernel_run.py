"""A rule strategy through the compiled engine: signals as columns in, executions and equity out.

Importing this brings numba: for workers and commands, never for the window's process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.backtest import BacktestRequest, FillRule, StopRule
from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.strategy.model import BoundStrategy, Condition, PatternCondition, RiskRules
from kis_terminal.services.backtest.fill_table import FillTable
from kis_terminal.services.backtest.kernel import (
    run_rules,
)
from kis_terminal.services.backtest.kernel_values import (
    NO_BUY_MARK,
    NO_SELL_MARK,
    Rules,
    Symbols,
)
from kis_terminal.services.backtest.market import MarketRun, TradedSeries
from kis_terminal.services.backtest.outcome import EngineOutcome, Skips
from kis_terminal.services.backtest.rows import RowBook, address_of
from kis_terminal.services.backtest.rule_program import judge_averages, program_of_rules
from kis_terminal.services.backtest.rule_strategy import REASONS, stop_levels
from kis_terminal.services.backtest.sizing import sizing_code


def run_kernel(
    request: BacktestRequest,
    market: MarketRun,
    rules: BoundStrategy,
    *,
    benchmark: BarColumns | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> EngineOutcome:
    """Run bound rules over a market; `progress` is told series judged and series in all."""
    rows = RowBook(market.series, benchmark)
    left, right = [], []
    for done, condition in enumerate(rules.conditions):
        if progress is not None:
            progress(done, len(rules.conditions) + 1)
        sides = condition_rows(rows, rules, condition)
        left.append(sides[0])
        right.append(sides[1])
    symbols = kernel_symbols(market, rows.columns_at)
    sides_of = np.array(left, dtype=np.int32), np.array(right, dtype=np.int32)
    addresses, averages = rows.addresses_and_averages()
    judge_averages(program_of_rules(rules), addresses, *sides_of, symbols, averages)
    outcome = run_symbols(request, market, rules, symbols)
    if progress is not None:
        progress(len(rules.conditions) + 1, len(rules.conditions) + 1)
    return outcome


def condition_rows(rows: RowBook, rules: BoundStrategy, condition: Condition) -> tuple[int, int]:
    """Return the rows that a condition compares."""
    if isinstance(condition, PatternCondition):
        use = next(use for use in rules.patterns if use.alias == condition.alias)
        return rows.pattern(use.id), rows.constant(0.0)
    return rows.operand(rules, condition.left), rows.operand(rules, condition.right, condition.scalar)


def run_symbols(
    request: BacktestRequest, market: MarketRun, rules: BoundStrategy, symbols: Symbols
) -> EngineOutcome:
    """Run on symbols whose marks are known already."""
    fills, equity, without_cash, cut, waiting = run_rules(
        symbols, kernel_rules(request, rules.risk), market.times
    )
    table = FillTable(
        symbols=market.symbols,
        reasons=REASONS,
        place=fills.place,
        time=market.times[fills.step],
        side=fills.side,
        reason=fills.reason,
        price=fills.price,
        quantity=fills.quantity,
        commission=fills.commission,
        tax=fills.tax,
    )
    return EngineOutcome(table, equity, Skips(int(without_cash), int(cut), int(waiting)))


def kernel_rules(request: BacktestRequest, risk: RiskRules) -> Rules:
    """Return what of a request and of the risk rules the kernel knows."""
    levels = stop_levels(risk)
    return Rules(
        at_close=request.fill is FillRule.CLOSE,
        is_intrabar=request.stops is StopRule.INTRABAR,
        stop=levels.stop,
        trailing=levels.trailing,
        target=levels.target,
        sizing=sizing_code(request.sizing.kind),
        size=float(request.sizing.value),
        slippage=float(request.costs.slippage),
        cash=float(request.cash),
    )


def kernel_symbols(market: MarketRun, columns_at: NDArray[np.int64] | None = None) -> Symbols:
    """Return the series of a run as the kernel reads them, limits marked; it reads `market`'s own memory.

    `columns_at` are the addresses of the series' columns where they are known already.
    """
    series = market.series
    if columns_at is None:
        columns_at = np.array([address_of(one.bars.columns) for one in series], dtype=np.int64)
    sizes = np.array([len(one.bars) for one in series], dtype=np.int64)
    firsts = np.array([one.first for one in series], dtype=np.int64)
    gaps = [not _is_dense(one) for one in series]
    tax_sizes = np.array([len(one.tax_rates) for one in series], dtype=np.int64)
    with_gaps = [one.steps for one, has_gaps in zip(series, gaps, strict=True) if has_gaps]
    gap_sizes = np.where(gaps, sizes, 0)
    return Symbols(
        address=columns_at,
        stride=np.array([one.bars.columns.strides[0] // 8 for one in series], dtype=np.int64),
        size=sizes,
        first=firsts,
        shift=np.array([_shift(one) for one in series], dtype=np.int64),
        steps=np.concatenate(with_gaps) if with_gaps else np.zeros(0, dtype=np.int64),
        steps_at=np.where(gaps, _begins(gap_sizes), -1),
        marks=_lock_marks(series, sizes),
        marks_at=_begins(sizes),
        table=np.array([one.tick_table for one in series], dtype=np.int64),
        commission=np.array([one.commission for one in series]),
        unit=np.array([one.unit for one in series]),
        tax_times=np.concatenate([one.tax_times for one in series]),
        tax_rates=np.concatenate([one.tax_rates for one in series]),
        tax_at=np.concatenate(([0], np.cumsum(tax_sizes))),
    )


def _lock_marks(series: Sequence[TradedSeries], sizes: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the marks of all bars before any signal."""
    marks = np.zeros(int(sizes.sum()), dtype=np.uint8)
    for one, begin in zip(series, _begins(sizes).tolist(), strict=True):
        if one.has_locks:
            own = marks[begin : begin + len(one.bars)]
            own[~one.can_buy] = NO_BUY_MARK
            own[~one.can_sell] = NO_SELL_MARK
    return marks


def _is_dense(series: TradedSeries) -> bool:
    """Tell whether a series has a bar at every step from its first in the run to its last."""
    inside = series.steps[series.first :]
    return len(inside) == 0 or int(inside[-1] - inside[0]) + 1 == len(inside)


def _shift(series: TradedSeries) -> int:
    return int(series.steps[series.first]) - series.first if series.first < len(series.bars) else 0


def _begins(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each of arrays that follow each other begins."""
    return np.concatenate(([0], np.cumsum(sizes)[:-1]))
