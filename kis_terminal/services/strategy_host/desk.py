"""The strategy's side of the conversation: one message in, one answer out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kis_terminal.domain.market import Interval
from kis_terminal.domain.orders import Side
from kis_terminal.domain.sizing import SizingKind
from kis_terminal.domain.strategy.binding import bind
from kis_terminal.domain.strategy.contract import FillEvent, Parameter, Strategy
from kis_terminal.domain.strategy.model import StrategySpec
from kis_terminal.services.backtest.rule_strategy import RuleStrategy
from kis_terminal.services.backtest.run import python_parameters
from kis_terminal.services.backtest.sizing import sizing_code
from kis_terminal.services.strategy_host.context import HostContext

Load = Callable[[str, str, str], StrategySpec | type[Strategy]]
"""Name, text and kind of a source to what it says; raises CorrectionNeeded, or what its code raises."""
CARRIED = "carried"
"""Reason of the fill by which a strategy learns of a holding that it had before it was started."""
_SHOWN = (int, float, str, bool)


class HostDesk:
    """Runs one strategy. What its code raises is let through: whoever reads the pipe tells the window."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._strategy: Strategy | None = None
        self._context: HostContext | None = None

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a message asks and return what the strategy wants, says and shows."""
        match message.get("do"):
            case "begin":
                self._begin(message)
            case "bars":
                self._bars(message)
            case "fill":
                self._fill(message)
            case "stop":
                self._stop()
            case _:
                pass  # a ping asks for nothing but the answer
        return self._said()

    def _begin(self, message: Mapping[str, Any]) -> None:
        source = message["source"]
        loaded = self._load(source["name"], source["text"], source["kind"])
        given: Mapping[str, Parameter] = message["parameters"]
        parameters: Mapping[str, Parameter]
        if isinstance(loaded, StrategySpec):
            rules = bind(loaded, given)
            parameters = rules.parameters
            self._strategy = RuleStrategy(rules)
        else:
            parameters = python_parameters(loaded, given)
            self._strategy = loaded()
        size = message["sizing"]
        self._context = context = HostContext(
            message["symbols"],
            Interval(message["interval"]),
            dict(parameters),
            (sizing_code(SizingKind(size["kind"])), float(size["value"])),
        )
        self._take(message)
        self._strategy.on_start(context)
        for symbol, holding in list(context.held().items()):
            self._strategy.on_fill(
                context,
                FillEvent(
                    symbol, context.time, Side.BUY, holding.average_price, holding.quantity, 0.0, 0.0, CARRIED
                ),
            )
        # What is wanted before the first bar of the market comes from old bars: it is not wanted now.
        context.intents.clear()

    def _bars(self, message: Mapping[str, Any]) -> None:
        strategy, context = self._running()
        self._take(message)
        judged = set(message["judged"])
        for symbol in context.symbols:
            if symbol in judged and len(context.bars(symbol)):
                strategy.on_bar(context, symbol)

    def _fill(self, message: Mapping[str, Any]) -> None:
        strategy, context = self._running()
        self._take(message)
        fill = message["fill"]
        strategy.on_fill(
            context,
            FillEvent(
                fill["symbol"],
                int(fill["time"]),
                Side(fill["side"]),
                float(fill["price"]),
                int(fill["quantity"]),
                float(fill["commission"]),
                float(fill["tax"]),
                fill["reason"],
            ),
        )

    def _stop(self) -> None:
        strategy, context = self._running()
        strategy.on_stop(context)
        context.intents.clear()

    def _take(self, message: Mapping[str, Any]) -> None:
        """Carry bars and account in; every message may bring both."""
        context = self._running()[1]
        for symbol, rows in message.get("bars", {}).items():
            context.take_bars(symbol, rows)
            if rows:
                context.time = max(context.time, int(rows[-1][0]))
        account = message["account"]
        holdings = {symbol: (int(held[0]), float(held[1])) for symbol, held in account["holdings"].items()}
        context.take_account(float(account["cash"]), holdings)

    def _running(self) -> tuple[Strategy, HostContext]:
        if self._strategy is None or self._context is None:
            raise ValueError("the strategy has not begun")
        return self._strategy, self._context

    def _said(self) -> dict[str, Any]:
        context = self._context
        if context is None:
            return {"intents": [], "log": [], "state": {}, "parameters": {}}
        intents = [
            {
                "symbol": intent.symbol,
                "side": intent.side.value,
                "quantity": intent.quantity,
                "reason": str(intent.reason),
            }
            for intent in context.intents
        ]
        log = [str(line) for line in context.log]
        context.intents.clear()
        context.log.clear()
        parameters = {name: str(value) for name, value in context.parameters.items()}
        return {"intents": intents, "log": log, "state": self._state(), "parameters": parameters}

    def _state(self) -> dict[str, str]:
        """Return the strategy's own plain attributes."""
        attributes = vars(self._running()[0]).items()
        return {
            name: str(value)
            for name, value in attributes
            if not name.startswith("_") and isinstance(value, _SHOWN)
        }
