"""The event loop and the compiled engine make the same fills, whatever the strategy and the bars."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kis_terminal.domain.backtest import CostRule, FillRule, Sizing, StopRule
from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.instruments import Instrument, InstrumentKind, Market
from kis_terminal.domain.sizing import SizingKind
from kis_terminal.domain.strategy.model import (
    Arithmetic,
    BoundIndicator,
    BoundStrategy,
    Comparison,
    Condition,
    IndicatorLine,
    Logic,
    Operator,
    PatternCondition,
    PatternSignal,
    PatternUse,
    PriceField,
    RiskRule,
    RiskRules,
    ScalarStep,
)
from kis_terminal.services.backtest.event_loop import run_events
from kis_terminal.services.backtest.kernel_run import run_kernel
from kis_terminal.services.backtest.market import prepare_market
from kis_terminal.services.backtest.rule_strategy import RuleStrategy
from tests.support.backtests import by_key, days_from, key_of, request_of, rules_of, sma

INDICATORS = (
    sma("fast", 2),
    sma("slow", 5),
    BoundIndicator("rsi", "rsi", {"period": 3}, "value"),
    BoundIndicator("high", "maximum", {"period": 4}, "value", shift=1, source=PriceField.HIGH),
)
DOJI = PatternUse("doji", "doji")
LINES = tuple(IndicatorLine(use.alias, "value") for use in INDICATORS)
OPERANDS = st.sampled_from((*PriceField, *LINES))
SCALARS = st.none() | st.builds(
    ScalarStep, st.sampled_from(Arithmetic), st.sampled_from((0.0, 0.97, 1.02, 3.0))
)
CROSSES = (Operator.CROSS_ABOVE, Operator.CROSS_BELOW)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    if draw(st.integers(0, 9)) == 0:
        return PatternCondition("doji", draw(st.sampled_from(PatternSignal)))
    operator = draw(st.sampled_from(Operator))
    left = draw(OPERANDS)
    if draw(st.integers(0, 4)) == 0:
        return Comparison(left, operator, draw(st.sampled_from((0.0, 30.0, 50.0, 1_000.0, 10_000.0))))
    return Comparison(left, operator, draw(OPERANDS), None if operator in CROSSES else draw(SCALARS))


def percents(*values: float) -> st.SearchStrategy[RiskRule | None]:
    return st.none() | st.builds(RiskRule, st.sampled_from(values), st.booleans())


@st.composite
def strategies(draw: st.DrawFn) -> BoundStrategy:
    risk = st.builds(
        RiskRules,
        stop_loss=percents(0.5, 3.0, 10.0),
        take_profit=percents(0.5, 2.0, 20.0),
        trailing_stop=percents(1.0, 5.0),
    )
    return rules_of(
        draw(st.lists(conditions(), min_size=1, max_size=3)),
        draw(st.lists(conditions(), max_size=3)),
        indicators=INDICATORS,
        patterns=[DOJI],
        risk=draw(risk),
        entry_logic=draw(st.sampled_from(Logic)),
        exit_logic=draw(st.sampled_from(Logic)),
    )


@st.composite
def series(draw: st.DrawFn, symbol: str) -> BarColumns:
    """Bars with halts of each coding, days without a bar, locked limits, gaps and inconsistent prices."""
    numbers = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    length = draw(st.integers(3, 60))
    start = draw(st.sampled_from((800.0, 4_950.0, 49_000.0, 250_000.0)))
    first = draw(st.sampled_from((date(2015, 5, 20), date(2022, 12, 28))))
    is_fractional = draw(st.booleans())
    kinds = numbers.choice(6, size=length, p=(0.72, 0.06, 0.06, 0.04, 0.06, 0.06))
    rows: list[tuple[float, ...]] = []
    close = start
    for kind in kinds:
        opened = max(close * (1.0 + numbers.normal(0.0, 0.02)), 10.0)
        ended = max(opened * (1.0 + numbers.normal(0.0, 0.03)), 10.0)
        high = max(opened, ended) * (1.0 + abs(numbers.normal(0.0, 0.01)))
        low = min(opened, ended) * (1.0 - abs(numbers.normal(0.0, 0.01)))
        volume = float(numbers.integers(0, 10_000))
        if kind == 1:
            rows.append((0.0, 0.0, 0.0, close, volume * float(numbers.integers(0, 2))))
            continue
        if kind == 2:
            rows.append((close, close, close, close, 0.0))
            continue
        if kind >= 4:
            rate = 0.15 if first.year == 2015 else 0.30
            opened = high = low = ended = close * (1.0 + rate if kind == 4 else 1.0 - rate)
            volume += 1.0
        row = np.array((opened, high, low, ended))
        row = np.round(row, 2) if is_fractional else np.round(row)
        if kind == 3:
            row[1] -= 1.0  # adjusted prices are rounded one by one
        close = float(row[3])
        rows.append((*row.tolist(), volume))
    times = days_from(first, length * 2)
    kept = (
        np.sort(numbers.choice(length * 2, size=length, replace=False))
        if draw(st.booleans())
        else np.arange(length)
    )
    return BarColumns(key_of(symbol), times[kept], np.ascontiguousarray(np.array(rows).T))


@st.composite
def runs(draw: st.DrawFn) -> tuple[Any, ...]:
    symbols = [f"00000{place}" for place in range(draw(st.integers(1, 4)))]
    bars = by_key(*(draw(series(symbol)) for symbol in symbols))
    kinds = st.sampled_from((InstrumentKind.STOCK, InstrumentKind.STOCK, InstrumentKind.ETF))
    listed = st.sampled_from(Market)
    instruments = {symbol: Instrument(symbol, symbol, draw(listed), draw(kinds)) for symbol in symbols}
    request = request_of(
        bars,
        cash=draw(st.sampled_from((300_000.0, 10_000_000.0, 3_000_000_000.0))),
        fill=draw(st.sampled_from(FillRule)),
        stops=draw(st.sampled_from(StopRule)),
        sizing=draw(
            st.sampled_from(
                (
                    Sizing(),
                    Sizing(SizingKind.SHARES, 7),
                    Sizing(SizingKind.PERCENT, 95.0),
                    Sizing(SizingKind.AMOUNT, 1_000_000.0),
                )
            )
        ),
        costs=CostRule(
            commission=draw(st.none() | st.sampled_from((0.0, 0.0025))),
            tax=draw(st.none() | st.sampled_from((0.0, 0.002))),
            slippage=draw(st.sampled_from((0.0, 0.0, 0.001, 0.02))),
        ),
    )
    late = request.start + timedelta(days=draw(st.sampled_from((0, 0, 8))))
    return bars, instruments, request if late > request.end else _with_start(request, late)


def _with_start(request: Any, start: date) -> Any:
    fields = {name: getattr(request, name) for name in request.__slots__}
    return type(request)(**{**fields, "start": start})


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(runs(), strategies())
def test_both_engines_make_the_same_fills(run: tuple[Any, ...], rules: BoundStrategy) -> None:
    bars, instruments, request = run
    last = max(int(one.times[-1]) for one in bars.values())
    if last < (request.start - date(1970, 1, 1)).days * 86_400:
        return
    market = prepare_market(request, bars, instruments)

    slow = run_events(request, market, RuleStrategy(rules, request.stops))
    fast = run_kernel(request, market, rules)

    assert list(fast.fills) == list(slow.fills)
    assert np.array_equal(fast.equity, slow.equity)
    assert fast.skips == slow.skips
    assert all(fill.quantity > 0 and fill.price > 0 for fill in slow.fills)
