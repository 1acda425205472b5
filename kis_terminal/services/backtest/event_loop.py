"""The event loop: bars in time order over many symbols on one cash account. The reference engine.

A step is one time of the grid. In it, in this order: orders that wait are filled at the open (sales before
buys, each in the order of the symbols), stops that lie in the market, the judging of each completed bar, and,
with `FillRule.CLOSE`, the filling of what was just decided. docs/backtesting.md states the rules.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count as count_from
from itertools import pairwise

import numpy as np

from kis_terminal.domain.backtest import BacktestRequest, FillRule, StopRule
from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.orders import Side
from kis_terminal.domain.strategy.contract import Parameter, Strategy
from kis_terminal.services.backtest.account import Account, Order
from kis_terminal.services.backtest.context import BacktestContext
from kis_terminal.services.backtest.intrabar import IntrabarStops
from kis_terminal.services.backtest.market import MarketRun
from kis_terminal.services.backtest.outcome import EngineOutcome
from kis_terminal.services.backtest.rule_strategy import RuleStrategy, stop_levels

_PROGRESS_STEPS = 256
_PROGRESS_BARS = 16_384


def _tell_nobody(done: int, total: int) -> None:
    """Take the place of a progress that nobody asked for."""


def run_events(
    request: BacktestRequest,
    market: MarketRun,
    strategy: Strategy,
    *,
    parameters: dict[str, Parameter] | None = None,
    benchmark: BarColumns | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> EngineOutcome:
    """Run a strategy over a market; `progress` is told steps done and steps in all.

    What the strategy raises goes through to the caller.
    """
    loop = _Loop(request, market, strategy, parameters or {}, benchmark)
    return loop.run(progress)


class _Loop:
    """One run."""

    def __init__(
        self,
        request: BacktestRequest,
        market: MarketRun,
        strategy: Strategy,
        parameters: dict[str, Parameter],
        benchmark: BarColumns | None,
    ) -> None:
        self._market = market
        self._strategy = strategy
        self._account = Account(request, market)
        self._context = BacktestContext(
            market, self._account, parameters, benchmark, is_short_allowed=request.is_short_allowed
        )
        self._fills_at_open = request.fill is FillRule.NEXT_OPEN
        self._steps = [one.steps.tolist() for one in market.series]
        self._opens = [one.bars.open.tolist() for one in market.series]
        self._closes = [one.bars.close.tolist() for one in market.series]
        self._stops: IntrabarStops | None = None
        if request.stops is StopRule.INTRABAR and isinstance(strategy, RuleStrategy):
            levels = stop_levels(strategy.rules.risk)
            self._stops = IntrabarStops(levels, market, self._account) if levels.is_active else None

    def run(self, progress: Callable[[int, int], None] | None) -> EngineOutcome:
        context, account, times = self._context, self._account, self._market.times
        context.time = int(times[0])
        self._strategy.on_start(context)
        tell = progress or _tell_nobody
        if len(self._market.series) == 1:
            self._run_one(tell)
        else:
            self._run_many(tell)
        self._strategy.on_stop(context)
        tell(len(times), len(times))
        left = sum(len(orders) for orders in context.waiting.values())
        return EngineOutcome(
            account.fills, account.equity_curve(), account.skips(left), context.log, context.asked_lines()
        )

    def _run_many(self, progress: Callable[[int, int], None]) -> None:
        """Go from step to step."""
        context, counts, symbols = self._context, self._account.counts, self._market.symbols
        on_bar, waiting, at_open = self._strategy.on_bar, self._context.waiting, self._fills_at_open
        times, stops = self._market.times.tolist(), self._stops
        places, bounds = self._bars_by_step()
        for step, (begin, end) in enumerate(pairwise(bounds)):
            context.step = step
            context.time = times[step]
            if waiting and at_open:
                self._execute(step, at_open=True)
            if stops is not None:
                self._run_stops(stops, step)
            ended = places[begin:end]
            for place in ended:
                counts[place] += 1
            for place in ended:
                on_bar(context, symbols[place])
            if waiting and not at_open:
                self._execute(step, at_open=False)
            if step % _PROGRESS_STEPS == 0:
                progress(step, len(times))

    def _run_one(self, progress: Callable[[int, int], None]) -> None:
        """Go from bar to bar: the same for a single series, without what it does not need."""
        [series] = self._market.series
        context, counts, symbol = self._context, self._account.counts, series.symbol
        on_bar, waiting, at_open = self._strategy.on_bar, self._context.waiting, self._fills_at_open
        times, stops, steps = series.bars.times.tolist(), self._stops, self._steps[0]
        for begin in range(series.first, len(times), _PROGRESS_BARS):
            progress(steps[begin], len(self._market.times))
            end = begin + _PROGRESS_BARS
            for count, step, time in zip(
                count_from(begin + 1), steps[begin:end], times[begin:end], strict=False
            ):
                context.step = step
                context.time = time
                if waiting and at_open:
                    self._execute(step, at_open=True)
                if stops is not None:
                    self._run_stops(stops, step)
                counts[0] = count
                on_bar(context, symbol)
                if waiting and not at_open:
                    self._execute(step, at_open=False)

    def _bars_by_step(self) -> tuple[list[int], list[int]]:
        """Return the places of all bars of the run by step and symbol, and where each step begins."""
        series = self._market.series
        steps = np.concatenate([one.steps[one.first :] for one in series])
        places = np.repeat(np.arange(len(series)), [len(one.bars) - one.first for one in series])
        # Series follow each other in `places`, so a stable sort keeps their order within a step.
        order = np.argsort(steps, kind="stable") if len(series) > 1 else slice(None)
        bounds = np.searchsorted(steps[order], np.arange(len(self._market.times) + 1))
        return places[order].tolist(), bounds.tolist()

    def _execute(self, step: int, *, at_open: bool) -> None:
        """Fill the orders that can be filled on this step's bars: sales first, then buys."""
        account, waiting = self._account, self._context.waiting
        ready: list[tuple[int, int, float]] = []
        for place in sorted(waiting):
            bar = account.counts[place] if at_open else account.counts[place] - 1
            steps = self._steps[place]
            if 0 <= bar < len(steps) and steps[bar] == step:
                price = self._opens[place][bar] if at_open else self._closes[place][bar]
                ready.append((place, bar, price))
        equity = account.equity() if ready else 0.0
        taken = {place: waiting.pop(place) for place, _, _ in ready}
        for side in (Side.SELL, Side.BUY):
            for place, bar, price in ready:
                series = self._market.series[place]
                can_fill = series.can_sell[bar] if side is Side.SELL else series.can_buy[bar]
                for order in taken[place]:
                    if order.side is not side:
                        continue
                    if can_fill:
                        self._fill(place, order, step, price, equity)
                    elif order.side is Side.BUY or account.quantity(place) != 0:
                        self._wait_on(place, order)

    def _fill(self, place: int, order: Order, step: int, price: float, equity: float) -> None:
        event = self._account.execute(place, order, step, price, equity)
        if event is not None:
            self._strategy.on_fill(self._context, event)

    def _wait_on(self, place: int, order: Order) -> None:
        """Put an order back that the bar did not fill, unless the strategy has decided anew meanwhile."""
        orders = self._context.waiting.setdefault(place, [])
        if not orders or orders[0].issued == order.issued:
            orders.append(order)

    def _run_stops(self, stops: IntrabarStops, step: int) -> None:
        for place, event in stops.run(step):
            self._context.waiting.pop(place, None)
            self._strategy.on_fill(self._context, event)
