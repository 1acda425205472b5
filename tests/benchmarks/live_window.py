"""The real window on the embedded exchange's load, for the benchmarks that measure in it.

A benchmark starts a process of its own for each measurement (`in_child`), for a process has one window; in
it, `measure` opens the window offscreen, shows 41 symbols in the watchlist, waits until all is loaded and
runs one coroutine. All rows of the watchlist are visible: the window is as high as a tall screen and the
positions beneath the list are closed. KIS allows 41 registrations a session and the execution notice takes
one, so 40 symbols come by the stream; the 41st and the order book of the chosen symbol are polled, as in
use.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))
SYMBOLS = 41
SIZE = (1760, 1440)
_CHILD_SECONDS = 400

Scenario = Callable[["Desk"], Awaitable[dict[str, Any]]]


def in_child(script: str, *arguments: object) -> dict[str, Any]:
    """Run a script's own measurement in a fresh process with a fresh home; return what it prints as JSON."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "KIS_TERMINAL_HOME": home,
            "PYTHONPATH": str(PROJECT),
        }
        done = subprocess.run(
            [sys.executable, script, "--child", *map(str, arguments)],
            env=environment,
            stdout=subprocess.PIPE,
            timeout=_CHILD_SECONDS,
            check=True,
        )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def percentiles(values: Sequence[float], *wanted: float) -> dict[str, float]:
    """Return percentiles by name, e.g. `p99`, and the maximum; values and answers in one unit."""
    ordered = sorted(values)
    found = {
        f"p{share:g}": round(ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))], 3)
        for share in wanted
        if ordered
    }
    return {**found, "max": round(ordered[-1], 3)} if ordered else {}


def resident_megabytes() -> float:
    """Return the memory of this process that is in RAM now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def processor_seconds() -> float:
    """Return the processor time that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Desk:
    """The open window, the exchange's own totals, and a place for what a benchmark hooks in."""

    def __init__(self, terminal: Any, control: str, token: str) -> None:
        self.terminal = terminal
        keys = {"authorization": f"Bearer {token}"}
        self._control = urllib.request.Request(control, headers=keys)  # noqa: S310  our own address

    @property
    def watchlist(self) -> Any:
        """Return the watchlist's panel."""
        return self.panel("watchlist")

    def panel(self, name: str) -> Any:
        """Return a panel."""
        return self.terminal.window.docks[name].panel

    async def totals(self) -> dict[str, Any]:
        """Return what the exchange says that it has sent."""

        def read() -> dict[str, Any]:
            with urllib.request.urlopen(self._control, timeout=10) as answer:  # noqa: S310 - our own child
                found: dict[str, Any] = json.load(answer)
                return found

        return await asyncio.to_thread(read)

    async def loaded(self) -> None:
        """Wait until the watchlist streams, the quotes are there and the chart has its bars."""
        market, used = self.terminal.market_data, self.terminal.feed
        symbols = self.terminal.workspace.watchlists.symbols()
        for _ in range(300):
            await asyncio.sleep(0.1)
            chart = self.panel("chart")
            live = sum(market.state(symbol).freshness == "live" for symbol in symbols)
            if (
                live >= 20
                and used.slots_used == used.slots_total
                and all(market.state(symbol).quote is not None for symbol in symbols)
                and chart.plot is not None
                and chart.pages.currentWidget() is chart.plot
            ):
                break
        else:
            raise RuntimeError("the window did not get everything within 30 s")
        await asyncio.sleep(4.0)  # the collector's rest three seconds after the start lies within


def _lift_limits() -> None:
    # What is measured is the window, not KIS's call limit: the loading of 41 symbols would take six seconds.
    from kis_terminal.adapters.kis.environment import LIMITS, Limits
    from kis_terminal.domain.environment import Environment

    LIMITS[Environment.SIM] = Limits(calls=2_000)


def _write_watchlist() -> None:
    from kis_terminal.adapters.simulator.listings import load_listings

    symbols = [listing.symbol for listing in load_listings()[:SYMBOLS]]
    folder = Path(os.environ["KIS_TERMINAL_HOME"]) / "layout"
    folder.mkdir(parents=True, exist_ok=True)
    kept = {"watchlists": json.dumps({"41": symbols})}
    (folder / "workspace.json").write_text(json.dumps(kept), encoding="utf-8")


def measure(scenario: Scenario, pace: int, exchange_words: Sequence[str] = ()) -> dict[str, Any]:
    """Open the window on a load of `pace` trades a second, run `scenario` and return its answer."""
    from kis_terminal.adapters.simulator.process import ExchangeProcess
    from kis_terminal.app import run
    from kis_terminal.options import Options
    from kis_terminal.settings import load_settings

    _lift_limits()
    _write_watchlist()
    settings = load_settings(environ=os.environ, cwd=Path(os.environ["KIS_TERMINAL_HOME"]))
    words = ["--limits", "off", *exchange_words]
    exchange = ExchangeProcess([*words, "--load-ticks", str(pace)] if pace else words)
    answers: list[dict[str, Any]] = []
    failures: list[Exception] = []

    def opened(terminal: Any) -> None:
        async def work() -> None:
            try:
                terminal.window.docks["positions"].hide()
                address = await exchange.ready()
                desk = Desk(terminal, address.control, address.control_token)
                await desk.loaded()
                answers.append(await scenario(desk))
            except Exception as error:  # noqa: BLE001 - told by the benchmark itself
                failures.append(error)
            finally:
                terminal.window.close_now()

        terminal.window_scope.spawn(work(), name="benchmark")

    try:
        run(Options(size=SIZE), settings, exchange, opened)
    finally:
        exchange.stop()
    if failures:
        raise failures[0]
    if not answers:
        raise RuntimeError("the measurement ended without an answer")
    return answers[0]


class ChartPan:
    """Pan the chart to and fro, a step a frame, until it is stopped."""

    def __init__(self, desk: Desk) -> None:
        from PySide6.QtCore import Qt, QTimer

        self._chart = desk.panel("chart")
        self._steps = 0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._step)
        self._timer.start(16)

    def _step(self) -> None:
        plot = self._chart.plot
        if plot is not None and self._chart.pages.currentWidget() is plot:
            self._steps += 1
            plot.pan(-7 if self._steps % 40 < 20 else 7)

    def stop(self) -> None:
        """Pan no more."""
        self._timer.stop()


def far_buy(desk: Desk, number: int) -> Any:
    """Return a request that rests in the book: a few shares of a watched symbol a tenth below the market."""
    from decimal import Decimal

    from kis_terminal.domain.instruments import round_down_to_tick
    from kis_terminal.domain.orders import OrderKind, Origin, Side

    symbols = desk.terminal.workspace.watchlists.symbols()
    symbol = symbols[number % 17]
    price = desk.terminal.market_data.state(symbol).price * Decimal("0.9")
    item = desk.terminal.instruments.get(symbol)
    return desk.terminal.orders.new_request(
        symbol,
        Side.BUY,
        OrderKind.LIMIT,
        1 + number % 5,
        round_down_to_tick(Decimal(int(price)), item.kind),
        origin=Origin.ORDER_ENTRY,
    )


def moment() -> float:
    """Return the clock that the exchange's load stamps its trades with, in seconds."""
    return time.monotonic()
