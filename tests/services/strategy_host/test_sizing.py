"""One strategy over the same bars in a backtest and in its host: the same sides, days and quantities."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pytest

from kis_terminal.cli.strategy_sources import load_source
from kis_terminal.domain.backtest import BacktestRequest, CostRule, FillRule, Sizing, StrategySource
from kis_terminal.domain.bar_columns import BarColumns, SeriesKey
from kis_terminal.domain.sizing import SizingKind
from kis_terminal.domain.strategy.model import StrategySpec
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.resource_files import resource_path
from kis_terminal.services.backtest.run import Engine, run_backtest
from kis_terminal.services.bars.spans import day_of
from kis_terminal.services.strategy_host.desk import HostDesk
from tests.support.backtests import by_key, krx_bars, shares

SYMBOLS = ("005930", "000660")
WARM = 100
CASH = 50_000_000.0
PYTHON = """
from kis_terminal.domain.strategy.contract import Strategy


class Own(Strategy):
    def on_bar(self, context, symbol):
        line = context.indicator(symbol, "sma", period=10)[-1]
        close = context.bars(symbol).close[-1]
        if close > line and not context.holding(symbol).quantity:
            context.buy(symbol, weight=0.4)
        elif close < line * 0.97:
            context.sell(symbol)
"""
Deal = tuple[int, str, str, float, int]


class Market:
    """Fills at each open what the host wanted on the bars before; no costs, as in the backtest beside it."""

    def __init__(
        self, text: str, kind: str, sizing: Mapping[str, Any], bars: Mapping[SeriesKey, BarColumns]
    ) -> None:
        self.cash = CASH
        self.held: dict[str, tuple[int, float]] = {}
        self.deals: list[Deal] = []
        self.bars = {key.symbol: one for key, one in bars.items()}
        self._desk = HostDesk(load_source)
        self._waiting: list[dict[str, Any]] = []
        rows = {symbol: [self._row(symbol, place) for place in range(WARM)] for symbol in SYMBOLS}
        source = {"name": "own.py", "text": text, "kind": kind}
        begin = {"do": "begin", "source": source, "parameters": {}, "symbols": SYMBOLS, "interval": "1d"}
        self._desk.answer({**begin, "sizing": sizing, "bars": rows, "account": self._account()})

    def run(self) -> list[Deal]:
        """Go through the days and return what was done."""
        for place in range(WARM, len(self.bars[SYMBOLS[0]])):
            for side in ("sell", "buy"):
                for symbol in SYMBOLS:
                    for intent in self._waiting:
                        if intent["side"] == side and intent["symbol"] == symbol:
                            self._fill(intent, place)
            rows = {symbol: [self._row(symbol, place)] for symbol in SYMBOLS}
            judged = {"do": "bars", "bars": rows, "judged": SYMBOLS, "account": self._account()}
            self._waiting = self._desk.answer(judged)["intents"]
        return self.deals

    def _fill(self, intent: dict[str, Any], place: int) -> None:
        symbol, side = intent["symbol"], intent["side"]
        price, time = float(self.bars[symbol].open[place]), int(self.bars[symbol].times[place])
        held, _ = self.held.get(symbol, (0, 0.0))
        quantity = int(intent["quantity"] or held)
        self.cash += -price * quantity if side == "buy" else price * quantity
        self.held[symbol] = (quantity, price) if side == "buy" else (0, 0.0)
        assert self.cash >= 0
        self.deals.append((time, symbol, side, price, quantity))
        fill = {"symbol": symbol, "time": time, "side": side, "price": price, "quantity": quantity}
        fill |= {"commission": 0, "tax": 0, "reason": ""}
        self._desk.answer({"do": "fill", "fill": fill, "account": self._account()})

    def _row(self, symbol: str, place: int) -> list[float]:
        bars = self.bars[symbol]
        return [float(bars.times[place]), *(float(value) for value in bars.columns[:, place])]

    def _account(self) -> dict[str, Any]:
        return {
            "cash": self.cash,
            "holdings": {symbol: held for symbol, held in self.held.items() if held[0]},
        }


def real_bars() -> dict[SeriesKey, BarColumns]:
    """Return days on which both traded."""
    start, end = day_seconds(date(2015, 1, 1)), day_seconds(date(2020, 1, 1))
    both = [krx_bars(symbol).between(start, end) for symbol in SYMBOLS]
    days = np.intersect1d(both[0].times[both[0].has_traded], both[1].times[both[1].has_traded])
    kept = [np.isin(one.times, days) for one in both]
    return by_key(
        *(
            BarColumns(one.key, one.times[mask], np.ascontiguousarray(one.columns[:, mask]))
            for one, mask in zip(both, kept, strict=True)
        )
    )


@pytest.mark.parametrize(
    ("kind", "sizing", "told"),
    [
        ("yaml", Sizing(SizingKind.PERCENT, 40.0), {"kind": "percent", "value": 40.0}),
        ("yaml", Sizing(SizingKind.AMOUNT, 15_000_000.0), {"kind": "amount", "value": 15_000_000.0}),
        ("yaml", Sizing(SizingKind.SHARES, 3), {"kind": "shares", "value": 3}),
        ("python", Sizing(), {"kind": "equal", "value": 0.0}),
    ],
    ids=["percent", "amount", "shares", "weight"],
)
def test_a_strategy_wants_as_many_shares_in_the_market_as_in_a_backtest(
    kind: str, sizing: Sizing, told: dict[str, Any]
) -> None:
    preset = resource_path("strategies/golden_cross.kis.yaml").read_text(encoding="utf-8")
    text = preset if kind == "yaml" else PYTHON
    bars = real_bars()
    times = next(iter(bars.values())).times
    request = BacktestRequest(
        StrategySource("own", text, kind),
        list(bars),
        day_of(int(times[WARM])),
        day_of(int(times[-1])),
        cash=CASH,
        sizing=sizing,
        fill=FillRule.NEXT_OPEN,
        costs=CostRule(0.0, 0.0),
    )
    loaded = load_source("own", text, kind)

    done = Market(text, kind, told, bars).run()

    engines = list(Engine) if isinstance(loaded, StrategySpec) else [Engine.EVENTS]
    for engine in engines:
        result = run_backtest(request, bars, loaded, instruments=shares(*SYMBOLS), engine=engine)
        fills = [(one.time, one.symbol, one.side.value, one.price, one.quantity) for one in result.fills]
        assert fills == done
    assert len(done) > 40
    assert any(side == "sell" for _, _, side, _, _ in done)
