"""SMA crosses on real bars against backtrader, bar by bar, and the law that the future changes nothing."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kis_terminal.domain.backtest import CostRule, Sizing
from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.sizing import SizingKind
from kis_terminal.domain.strategy.model import BoundStrategy
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.services.backtest.event_loop import run_events
from kis_terminal.services.backtest.kernel_run import run_kernel
from kis_terminal.services.backtest.market import prepare_market
from kis_terminal.services.backtest.rule_strategy import RuleStrategy
from kis_terminal.services.backtest.run import Engine, run_backtest
from tests.services.backtest.test_engines_agree import runs, strategies
from tests.support.backtests import by_key, krx_bars, request_of, shares, sma_cross

FAST, SLOW, SHARES = 5, 20, 10
Deal = tuple[date, str, float, int]


def backtrader_fills(bars: BarColumns) -> list[Deal]:
    """Return day, side, price and shares of every execution that backtrader makes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import backtrader
    import pandas

    days = [datetime.fromtimestamp(time, UTC).replace(tzinfo=None) for time in bars.times.tolist()]
    frame = pandas.DataFrame(
        bars.columns.T, pandas.DatetimeIndex(days), ["open", "high", "low", "close", "volume"]
    )
    made: list[Deal] = []

    class Cross(backtrader.Strategy):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            fast, slow = (
                backtrader.indicators.SMA(self.data.close, period=period) for period in (FAST, SLOW)
            )
            self.fast, self.slow = fast, slow

        def next(self) -> None:
            above = self.fast[-1] <= self.slow[-1] and self.fast[0] > self.slow[0]
            below = self.fast[-1] >= self.slow[-1] and self.fast[0] < self.slow[0]
            if above and not self.position:
                self.buy(size=SHARES)
            elif below and self.position:
                self.close()

        def notify_order(self, order: Any) -> None:
            if order.status == order.Completed:
                side = "buy" if order.isbuy() else "sell"
                done = order.executed
                made.append((self.data.datetime.date(0), side, done.price, abs(int(done.size))))

    engine = backtrader.Cerebro(stdstats=False)
    engine.adddata(backtrader.feeds.PandasData(dataname=frame))
    engine.addstrategy(Cross)
    engine.broker.setcash(1e9)
    engine.run()
    return made


def both(symbol: str, engine: Engine) -> tuple[list[Deal], list[Deal]]:
    """Return our fills and backtrader's."""
    given = krx_bars(symbol).between(day_seconds(date(2010, 1, 1)), day_seconds(date(2025, 1, 1)))
    traded = given.has_traded
    bars = by_key(given)
    request = request_of(bars, cash=1e9, sizing=Sizing(SizingKind.SHARES, SHARES), costs=CostRule(0.0, 0.0))
    result = run_backtest(request, bars, sma_cross(FAST, SLOW), instruments=shares(symbol), engine=engine)
    ours = [
        (datetime.fromtimestamp(fill.time, UTC).date(), fill.side.value, fill.price, fill.quantity)
        for fill in result.fills
    ]
    whole = BarColumns(given.key, given.times[traded], np.ascontiguousarray(given.columns[:, traded]))
    return ours, backtrader_fills(whole)


@pytest.mark.parametrize("engine", list(Engine))
@pytest.mark.parametrize("symbol", ["005930", "012450", "000660"])
def test_sma_crosses_are_filled_as_backtrader_fills_them(symbol: str, engine: Engine) -> None:
    ours, theirs = both(symbol, engine)

    assert ours == theirs
    assert len(theirs) > 100


def test_the_one_other_fill_is_of_a_bar_locked_at_its_limit() -> None:
    ours, theirs = both("035720", Engine.EVENTS)

    differing = [(own, other) for own, other in zip(ours, theirs, strict=True) if own != other]
    assert differing == [
        # 15 % up and one price all day: nobody sold, and our order waited for the next day.
        ((date(2014, 5, 29), "buy", 21_054.0, 10), (date(2014, 5, 28), "buy", 20_713.0, 10))
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(runs(), strategies(), st.floats(0.2, 0.9), st.integers(0, 2**32 - 1))
def test_changing_later_bars_changes_no_earlier_fill(
    run: tuple[Any, ...], rules: BoundStrategy, part: float, seed: int
) -> None:
    bars, instruments, request = run
    times = np.unique(np.concatenate([one.times for one in bars.values()]))
    cut = int(times[int(len(times) * part)])
    if cut < day_seconds(request.start):
        return
    numbers = np.random.default_rng(seed)
    changed = {}
    for key, one in bars.items():
        columns = one.columns.copy()
        later = one.times > cut
        columns[:, later] *= numbers.uniform(0.5, 2.0, (5, int(later.sum())))
        changed[key] = BarColumns(key, one.times, columns)

    fills = []
    for one_future in (bars, changed):
        market = prepare_market(request, one_future, instruments)
        slow = run_events(request, market, RuleStrategy(rules, request.stops))
        fast = run_kernel(request, market, rules)
        fills.append([[fill for fill in each.fills if fill.time <= cut] for each in (slow, fast)])

    assert fills[0] == fills[1]
