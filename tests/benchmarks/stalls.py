"""Measure the longest stall of the window while everything runs; prints JSON.

    python tests/benchmarks/stalls.py [--seconds 20] [--pace 5000]

A timer of one millisecond in the window's thread counts the gaps between its beats while trades come at
`--pace`, the chart loads other intervals and symbols, orders are sent and cancelled, panels change in front
of one another and the chart is panned. While a beat is late a signal notes every few milliseconds where the
program is, so that the answer names what the longest gaps were spent on (a stack is seen after the call
into Qt that took the time). The same timer in a bare Qt program gives what the machine itself does in the
same run. Needs POSIX signals.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

from live_window import ChartPan, Desk, far_buy, in_child, measure, percentiles

FLOOR, GOAL = 50.0, 16.0
_WARM_SECONDS = 5.0
_LATE = 0.010
_LOOK = 0.004
_NAMED = 8


class Beat:
    """Time the gaps of a one-millisecond timer and name what was running in the long ones."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.gaps: list[float] = []
        self._places: list[str] = []
        self.long: list[tuple[float, float, list[str]]] = []
        """Milliseconds, of which on the processor, and where the thread was seen."""
        self._last, self._last_used = time.perf_counter(), time.thread_time()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(1)
        self._collecting = 0.0
        gc.callbacks.append(self._collector)
        signal.signal(signal.SIGALRM, self._late)

    def _beat(self) -> None:
        now, used = time.perf_counter(), time.thread_time()
        gap = now - self._last
        self.gaps.append(gap * 1e3)
        if gap > _LATE:
            self.long.append((round(gap * 1e3, 1), round((used - self._last_used) * 1e3, 1), self._places))
        self._places = []
        self._last, self._last_used = now, used
        signal.setitimer(signal.ITIMER_REAL, _LATE, _LOOK)

    def _collector(self, phase: str, details: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.perf_counter()
        elif (taken := time.perf_counter() - self._collecting) > 0.001:
            self._places.append(f"collector, generation {details['generation']}: {taken * 1e3:.1f} ms")

    def _late(self, number: int, frame: FrameType | None) -> None:
        stack = traceback.extract_stack(frame)[::-1][:5]
        self._places.append(" < ".join(f"{Path(one.filename).name}:{one.name}" for one in stack))

    def stop(self) -> None:
        """Stop the timer and the signal."""
        self._timer.stop()
        signal.setitimer(signal.ITIMER_REAL, 0)
        gc.callbacks.remove(self._collector)

    def answer(self) -> dict[str, Any]:
        """Return percentiles in milliseconds and what the longest gaps were spent on."""
        longest = sorted(self.long, key=lambda one: one[0], reverse=True)[:_NAMED]
        return {
            "gap_ms": percentiles(self.gaps, 50, 99, 99.9),
            "beats": len(self.gaps),
            "longest": [
                {"ms": taken, "on_processor_ms": used, "seen": places} for taken, used, places in longest
            ],
        }


class Turmoil:
    """Do with the window what a busy trader does, all at once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.counts = {"chart_loads": 0, "symbols": 0, "tabs": 0, "orders": 0}
        self._pan = ChartPan(desk)
        scope = desk.terminal.window_scope
        self._tasks = [
            scope.spawn(work, name=name)
            for name, work in (("charts", self._charts()), ("tabs", self._tabs()), ("orders", self._orders()))
        ]

    async def _charts(self) -> None:
        from kis_terminal.domain.market import Interval

        chart, link = self._desk.panel("chart"), self._desk.terminal.workspace.link
        symbols = self._desk.terminal.workspace.watchlists.symbols()
        intervals = (Interval.DAY, Interval.MINUTE_1, Interval.MINUTE_5)
        for number in range(1, 10_000):
            chart.choose_interval(intervals[number % 3])
            self.counts["chart_loads"] += 1
            await asyncio.sleep(1.0)
            if number % 3 == 0:
                link.choose(symbols[number // 3 % 5])
                self.counts["symbols"] += 1
                await asyncio.sleep(1.0)

    async def _tabs(self) -> None:
        docks = self._desk.terminal.window.docks
        for number in range(10_000):
            docks[("log", "orders")[number % 2]].bring()
            self.counts["tabs"] += 1
            await asyncio.sleep(0.7)

    async def _orders(self) -> None:
        orders = self._desk.terminal.orders
        for number in range(10_000):
            key = orders.submit_soon(far_buy(self._desk, number))
            self.counts["orders"] += 1
            await asyncio.sleep(0.4)
            if (order := orders.get(key)) is not None and order.status.is_working:
                orders.cancel_soon(key)

    def stop(self) -> None:
        """Leave the window alone."""
        self._pan.stop()
        for task in self._tasks:
            task.cancel()


def of_window(pace: int, seconds: float) -> dict[str, Any]:
    """Measure the window in turmoil."""

    async def scenario(desk: Desk) -> dict[str, Any]:
        turmoil = Turmoil(desk)
        await asyncio.sleep(_WARM_SECONDS)
        received, begun = desk.terminal.market_data.ticks_received, time.perf_counter()
        beat = Beat()
        await asyncio.sleep(seconds)
        beat.stop()
        turmoil.stop()
        rate = (desk.terminal.market_data.ticks_received - received) / (time.perf_counter() - begun)
        statuses: dict[str, int] = {}
        for order in desk.terminal.orders.all():
            statuses[str(order.status)] = statuses.get(str(order.status), 0) + 1
        return {**beat.answer(), "ticks_a_second": round(rate), "did": turmoil.counts, "orders": statuses}

    return measure(scenario, pace)


def of_bare_program(seconds: float) -> dict[str, Any]:
    """Measure the timer where nothing else happens."""
    from PySide6.QtCore import QCoreApplication, QTimer

    application = QCoreApplication([])
    beat = Beat()
    QTimer.singleShot(int(seconds * 1000), application.quit)
    application.exec()
    beat.stop()
    return beat.answer()


def main() -> None:
    """Measure the bare timer and the window, each in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--pace", type=int, default=5_000)
    parser.add_argument("--child", choices=("bare", "window"))
    options = parser.parse_args()
    if options.child:
        is_bare = options.child == "bare"
        found = of_bare_program(options.seconds) if is_bare else of_window(options.pace, options.seconds)
        print(json.dumps(found))
        return
    bare = in_child(__file__, "bare", "--seconds", 5)
    window = in_child(__file__, "window", "--seconds", options.seconds, "--pace", options.pace)
    answer = {
        "benchmark": "longest stall of the window",
        "bare_timer_ms": bare["gap_ms"],
        "window": window,
        "floor": f"longest <= {FLOOR:g} ms",
        "goal": f"longest <= {GOAL:g} ms, p99.9 <= 8 ms",
        "is_above_floor": window["gap_ms"]["max"] <= FLOOR,
    }
    json.dump(answer, sys.stdout, indent=2, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
