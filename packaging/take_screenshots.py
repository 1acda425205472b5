"""Make the pictures in docs/images: the real program over its own exchange, each in a process of its own.

python packaging/take_screenshots.py [SCENE ...]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
IMAGES = PROJECT / "docs" / "images"
SAMSUNG, NAVER, KAKAO, THIN, KODEX = "005930", "035420", "035720", "253450", "069500"
_EXCHANGE = ("--seed", "7", "--clock", "13:40", "--limits", "off")
_PATIENCE = 90.0


async def _until(condition: Callable[[], bool], what: str) -> None:
    for _ in range(600):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(what)


async def _order(
    terminal: Any, symbol: str, side: str, kind: str, quantity: int, price: Decimal | None, venue: str = "KRX"
) -> None:
    from kis_terminal.domain.orders import OrderKind, Origin, Side, Venue

    orders, origin = terminal.orders, Origin.LADDER if symbol == SAMSUNG else Origin.ORDER_ENTRY
    request = orders.new_request(
        symbol, Side(side), OrderKind(kind), quantity, price, origin=origin, venue=Venue(venue)
    )
    await orders.submit(request)


async def _trade(terminal: Any) -> None:
    """Have orders that rest, one that filled partly, fills, and a refusal."""
    from kis_terminal.domain.instruments import move_ticks
    from kis_terminal.ports import Stream

    market = terminal.market_data
    watching = [market.watch(symbol, Stream.TICKS, Stream.BOOK) for symbol in (NAVER, KAKAO, THIN, KODEX)]
    terminal.workspace.link.choose(SAMSUNG)
    states = {symbol: market.state(symbol) for symbol in (SAMSUNG, NAVER, KAKAO, THIN, KODEX)}
    await _until(
        lambda: (
            len(terminal.instruments) > 0
            and terminal.orders.is_reconciled
            and terminal.portfolio.balance is not None
            and all(state.book is not None and state.upper_limit is not None for state in states.values())
        ),
        "the account and the books",
    )
    samsung = states[SAMSUNG]
    await _order(terminal, NAVER, "buy", "limit", 10, states[NAVER].price, "NXT")
    await _order(terminal, KODEX, "buy", "market", 120, None)
    await _order(terminal, KAKAO, "sell", "limit", 100, move_ticks(states[KAKAO].price, 6))
    await _order(terminal, SAMSUNG, "buy", "market", 50, None)
    await asyncio.sleep(1.0)
    await _order(terminal, SAMSUNG, "buy", "limit", 50, move_ticks(samsung.book.bids[0].price, -5))
    await _order(terminal, SAMSUNG, "sell", "limit", 30, move_ticks(samsung.book.asks[0].price, 4))
    chart = terminal.window.docks["chart"].panel
    await _until(lambda: chart.plot is not None and chart.pages.currentWidget() is chart.plot, "the chart")
    await _until(lambda: not terminal.window.messages.shown, "the end of the notices")
    ask, size = states[THIN].book.asks[0]
    await _order(terminal, THIN, "buy", "limit", 2 * size + 60, ask)
    await asyncio.sleep(1.0)
    for subscription in watching:
        subscription.close()


def _save(widget: Any, name: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    if not widget.grab().save(str(IMAGES / f"{name}.png")):
        raise OSError(f"{IMAGES / name}.png could not be written")


async def _whole_window(terminal: Any, name: str) -> None:
    await _trade(terminal)
    _save(terminal.window, name)


async def _order_book(terminal: Any, name: str) -> None:
    await _trade(terminal)
    _save(terminal.window.docks["order_book"], name)


async def _health(terminal: Any, name: str) -> None:
    """Watch more than there are slots, so that some are polled, and show the panel beside the trading."""
    from kis_terminal.ports import Stream

    await _trade(terminal)
    market = terminal.market_data
    more = [item.symbol for item in terminal.instruments.find("0", 40)]
    watching = [market.watch(symbol, Stream.TICKS, Stream.BOOK) for symbol in more]
    terminal.window.show_panel("health")
    await asyncio.sleep(4.0)
    _save(terminal.window, name)
    for subscription in watching:
        subscription.close()


async def _risk_checks(terminal: Any, name: str) -> None:
    """Type an order that one rule asks about while the account may only reduce."""
    from kis_terminal.ui.workspace import OrderDraft

    await _trade(terminal)
    price = terminal.market_data.state(SAMSUNG).price
    terminal.workspace.link.order_wanted.emit(OrderDraft(SAMSUNG, None, price, 900))
    terminal.risk_gate.reduce()
    terminal.window.show_panel("risk")
    await _until(lambda: not terminal.window.messages.shown, "the end of the notices")
    _save(terminal.window, name)


async def _risk_limits(terminal: Any, name: str) -> None:
    await _trade(terminal)
    terminal.window.risk.open_limits()
    await asyncio.sleep(0.5)
    _save(terminal.window, name)


async def _panic(terminal: Any, name: str) -> None:
    await _trade(terminal)
    terminal.panic.press()
    await _until(lambda: terminal.panic.report is not None and terminal.panic.report.is_proven, "the proof")
    await asyncio.sleep(0.5)
    _save(terminal.window, name)


async def _opened_backtests(terminal: Any) -> Any:
    """Show the backtest layout and return the panel's inside with a strategy and three symbols."""
    await _trade(terminal)
    terminal.window.apply_layout("백테스트")
    panel = terminal.window.docks["backtest"].panel
    await _until(lambda: panel.view is not None and panel.view.setup.sheet is not None, "the strategies")
    view = panel.view
    view.setup.symbols.set_symbols([SAMSUNG, KODEX, NAVER])
    return view


async def _backtest(terminal: Any, name: str) -> None:
    view = await _opened_backtests(terminal)
    view.run()
    await _until(lambda: view.outcome is not None and not view.strip.is_busy, "the result")
    await asyncio.sleep(0.5)
    _save(terminal.window, name)


async def _strategy_editor(terminal: Any, name: str) -> None:
    from kis_terminal.ui.strategy_editor.window import StrategyEditor

    view = await _opened_backtests(terminal)
    view.setup.edit_button.click()
    editor = view.findChild(StrategyEditor)
    await _until(lambda: editor.draft is not None, "the strategy in the editor")
    editor.form.add_indicator("rsi")
    editor.form.entry.add_button.click()
    row = editor.form.entry.rows[-1]
    row.left.setCurrentText("rsi")
    row.left.activated.emit(row.left.currentIndex())
    await _until(lambda: editor.is_checked, "what the checker says")
    editor.form.show_place("exit.0")
    await asyncio.sleep(0.5)
    _save(editor, name)


_Scene = tuple[Callable[[Any, str], Awaitable[None]], tuple[int, int], str, str]
SCENES: dict[str, _Scene] = {
    "terminal-dark": (_whole_window, (1760, 990), "ko", "1"),
    "terminal-1366x768": (_whole_window, (1366, 768), "ko", "1"),
    "terminal-english": (_whole_window, (1760, 990), "en", "1"),
    "health": (_health, (1760, 990), "ko", "1"),
    "risk-checks": (_risk_checks, (1760, 990), "ko", "1"),
    "risk-limits": (_risk_limits, (1760, 990), "ko", "1"),
    "panic-report": (_panic, (1760, 990), "ko", "1"),
    "order-book": (_order_book, (1760, 990), "ko", "2"),
    "backtest": (_backtest, (1760, 990), "ko", "1"),
    "strategy-editor": (_strategy_editor, (1366, 768), "ko", "1"),
}


def _run_scene(name: str) -> int:
    from kis_terminal.adapters.simulator.process import ExchangeProcess
    from kis_terminal.app import run
    from kis_terminal.options import Options
    from kis_terminal.settings import load_settings

    act, size, language, _ = SCENES[name]
    settings = load_settings(language=language, environ=os.environ, cwd=Path(os.environ["KIS_TERMINAL_HOME"]))
    exchange = ExchangeProcess(_EXCHANGE)
    failures: list[BaseException] = []

    def open_scene(terminal: Any) -> None:
        async def play() -> None:
            try:
                await act(terminal, name)
            except (TimeoutError, OSError) as error:
                failures.append(error)
            terminal.window.close_now()

        terminal.window_scope.spawn(play(), name="scene")

    try:
        code = run(
            Options(size=size, language=language, exit_after=_PATIENCE), settings, exchange, open_scene
        )
    finally:
        exchange.stop()
    for failure in failures:
        print(f"{name}: {failure}", file=sys.stderr)
    return 1 if failures else code


def main() -> int:
    """Play the scenes that are named, all of them otherwise."""
    parser = argparse.ArgumentParser(description="make the pictures in docs/images")
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=", ".join(SCENES))
    parser.add_argument("--play", choices=list(SCENES), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.play:
        return _run_scene(chosen.play)
    worst = 0
    for name in chosen.scenes or list(SCENES):
        if name not in SCENES:
            parser.error(f"{name} is none of {', '.join(SCENES)}")
        with tempfile.TemporaryDirectory() as home:
            environment = {
                **os.environ,
                "QT_QPA_PLATFORM": "offscreen",
                "QT_SCALE_FACTOR": SCENES[name][3],
                "KIS_TERMINAL_HOME": home,
                "PYTHONPATH": str(PROJECT),
            }
            done = subprocess.run(
                [sys.executable, __file__, "--play", name], env=environment, timeout=180, check=False
            )
        print(f"{name}: {'failed' if done.returncode else 'written'}")
        worst = max(worst, done.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
